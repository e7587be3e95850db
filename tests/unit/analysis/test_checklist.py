"""The reporting checklist: complete, filled in from what is shown, and plain about what is left to the author."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from analysis_py.report.checklist.strobe import COLUMNS, checklist
from analysis_py.report.checklist.words import AUTHOR
from analysis_py.study.read_marts import type_cohort
from analysis_py.study.study import Study, run_study
from analysis_py.study.suppression import suppress, suppress_flow

MakeCohort = Callable[..., pd.DataFrame]
RECORD = ("1.1", "1.2", "1.3", "6.1", "6.2", "6.3", "7.1", "12.1", "12.2", "12.3", "13.1", "19.1", "22.1")


@pytest.fixture
def study(make_cohort: MakeCohort, flow: pd.DataFrame) -> Study:
    return run_study(type_cohort(make_cohort(300), "dexsic.analysis_cohort"), flow, 1, 1, lambda _: None)


def answers(study: Study, flow: pd.DataFrame, below: int = 10) -> dict[str, str]:
    filled = checklist(study, suppress(study.rows, below), suppress_flow(flow, below), below)
    return dict(zip(filled["item"], filled["answer"], strict=True))


def test_every_item_of_both_statements_is_there_once(study: Study, flow: pd.DataFrame) -> None:
    filled = checklist(study, study.rows, flow, 0)
    assert tuple(filled.columns) == COLUMNS
    assert filled["item"].is_unique
    numbers = {int("".join(filter(str.isdigit, item))) for item in filled["item"] if not item.startswith("RECORD")}
    assert numbers == set(range(1, 23))
    assert [item for item in filled["item"] if item.startswith("RECORD")] == [f"RECORD {number}" for number in RECORD]
    assert (filled.map(str.strip) != "").all(axis=None)
    lettered = {"1": "ab", "6": "ab", "12": "abcde", "13": "abc", "14": "abc", "16": "abc"}
    assert {f"{number}{letter}" for number, letters in lettered.items() for letter in letters} <= set(filled["item"])


def test_what_the_run_knows_is_filled_in(study: Study, flow: pd.DataFrame) -> None:
    known = answers(study, flow)
    assert "first ICU stay: 400 excluded, 2453 left" in known["13b"]
    assert "caliper 0.05 SD" in known["6b"]
    assert "After matching, HR of 28-day hospital mortality, model 3: " in known["16a"]
    assert "1 imputed data set;" in known["12c"]
    assert "Largest standardized mean difference: " in known["14a"]
    assert not known["4"].startswith(AUTHOR)


def test_what_only_the_author_knows_is_marked(study: Study, flow: pd.DataFrame) -> None:
    known = answers(study, flow)
    for item in ("1a", "1b", "2", "19", "20", "21", "22"):
        assert known[item].startswith(AUTHOR)
    assert AUTHOR in known["RECORD 12.1"] and AUTHOR in known["RECORD 22.1"]


def test_small_counts_stay_hidden(study: Study, flow: pd.DataFrame) -> None:
    few = [replace(row, events=7) if row.term == "died_28d_hospital" and row.events else row for row in study.rows]
    known = answers(replace(study, rows=few), flow)
    assert "28-day hospital mortality, with dexmedetomidine, <10 of" in known["15"]
    assert " 7 of" not in known["15"]
    assert "age of 18 years or more: <10 excluded" in known["13b"]


def test_generated_patients_are_named_as_such(study: Study, flow: pd.DataFrame) -> None:
    assert "nothing here is evidence" in answers(replace(study, generated="300 generated ICU stays"), flow)["5"]
    assert "generated" not in " ".join(answers(study, flow).values())


def test_a_cohort_without_matches_gets_a_checklist_too(make_cohort: MakeCohort, flow: pd.DataFrame) -> None:
    cohort = type_cohort(make_cohort(40).assign(treated=False), "dexsic.analysis_cohort")
    known = answers(run_study(cohort, flow, 1, 1, lambda _: None), flow)
    assert "No matched cohort" in known["6b"]
    assert "not estimable" in known["18"]


def test_the_files_that_it_points_to_are_in_the_repository(study: Study, flow: pd.DataFrame) -> None:
    project = Path(__file__).parents[3]
    places = {place.strip() for where in checklist(study, study.rows, flow, 0)["where"] for place in where.split(";")}
    ours = {
        place for place in places if place.startswith(("docs/", "seeds/", "models", "README", "tests/", "dbt_project"))
    }
    assert len(ours) > 5
    assert [place for place in ours if not list(project.glob(place))] == []
