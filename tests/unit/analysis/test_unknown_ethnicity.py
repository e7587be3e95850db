"""A race that nobody knows as a level of its own (var ethnicity_unknown): in tables, models, imputation, subgroups."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from analysis_py.report.tables.cohort import table_one, unmatched_table
from analysis_py.study.read_marts import type_cohort
from analysis_py.study.study import Study, run_study
from analysis_py.study.variables import BY_NAME
from tests.unit.analysis.conftest import _make_cohort, _make_flow

UNKNOWN = "unknown"


@pytest.fixture(scope="module")
def apart() -> Study:
    """Every ninth stay is of unknown race, every fiftieth has none at all."""
    cohort = _make_cohort(900)
    position = np.arange(len(cohort))
    race = cohort["ethnicity"].where(position % 9 != 0, UNKNOWN).where(position % 50 != 1)
    typed = type_cohort(cohort.assign(ethnicity=race), "dexsic.analysis_cohort")
    return run_study(typed, _make_flow(900), 2, 1, lambda _: None)


def test_the_level_has_its_rows_in_both_groups_of_both_cohorts(apart: Study) -> None:
    for name, data in apart.cohorts.items():
        for treated, group in ((True, "treated"), (False, "control")):
            (row,) = (
                row
                for row in apart.rows
                if (row.analysis, row.cohort, row.term, row.level)
                == ("table_one", f"{name} {group}", "ethnicity", UNKNOWN)
            )
            members = data[data["treated"] == treated]
            assert (row.events, row.n) == (int((members["ethnicity"] == UNKNOWN).sum()), len(members))
    assert "Unknown" in set(table_one(apart.rows, ("full", "matched"), "dexmedetomidine")["level"])
    assert "Unknown" in set(unmatched_table(apart.rows)["level"])


def test_gaps_are_filled_with_any_of_the_levels(apart: Study) -> None:
    copies = apart.completed.copies
    assert not any(copy["ethnicity"].isna().any() for copy in copies)
    gaps = np.arange(len(copies[0])) % 50 == 1
    assert {level for copy in copies for level in copy.loc[gaps, "ethnicity"]} <= {"white", "black", "other", UNKNOWN}


def test_models_and_subgroups_have_it(apart: Study) -> None:
    found = {(row.analysis, row.level) for row in apart.rows if row.term == "ethnicity" and row.n != 0}
    assert {("subgroup", "Unknown"), ("screening", UNKNOWN)} <= found
    adjusted = [row for row in apart.rows if row.analysis == "outcome_models" and row.model == "model 3"]
    assert adjusted and all(row.estimate is not None for row in adjusted)
    (smd,) = (
        row
        for row in apart.rows
        if (row.analysis, row.cohort, row.term, row.measure) == ("balance", "full", "ethnicity", "SMD")
    )
    assert smd.estimate is not None


def test_without_such_a_stay_there_is_no_such_level(
    make_cohort: Callable[..., pd.DataFrame], flow: pd.DataFrame
) -> None:
    typed = type_cohort(make_cohort(600), "dexsic.analysis_cohort")
    assert typed["ethnicity"].cat.categories.tolist() == ["white", "black", "other"]
    study = run_study(typed, flow, 1, 1, lambda _: None)
    assert UNKNOWN not in {row.level.lower() for row in study.rows}
    assert BY_NAME["ethnicity"].levels_in([]) == ("white", "black", "other")


def test_a_group_without_the_level_still_has_its_row(
    make_cohort: Callable[..., pd.DataFrame], flow: pd.DataFrame
) -> None:
    cohort = make_cohort(600)
    race = cohort["ethnicity"].where(cohort["treated"] | (np.arange(len(cohort)) % 10 != 0), UNKNOWN)
    typed = type_cohort(cohort.assign(ethnicity=race), "dexsic.analysis_cohort")
    rows = run_study(typed, flow, 1, 1, lambda _: None).rows
    (treated,) = (
        row for row in rows if (row.analysis, row.cohort, row.level) == ("table_one", "full treated", UNKNOWN)
    )
    assert (treated.events, treated.estimate) == (0, 0)
