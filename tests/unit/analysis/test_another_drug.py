"""What follows the exposure's drug: names, units, classes, and what must not be adjusted for."""

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from analysis_py.marts.build_record import NO_RECORD, BuildRecord
from analysis_py.study.analyses.exposure import EXPOSURES, exposures_of
from analysis_py.study.read_marts import type_cohort
from analysis_py.study.study import run_study
from analysis_py.study.variables import BY_NAME, EXPOSURE_DOSE, groups_of, tells_exposure, variables_by_name

PROPOFOL = BuildRecord(
    status="complete",
    drug="propofol",
    definitions={"exposure_drug": "propofol", "exposure_rate_unit": "mcg/kg/min", "exposure_min_duration_h": "6"},
    defaults={"exposure_drug": "dexmedetomidine", "exposure_rate_unit": "mcg/kg/hour", "exposure_min_duration_h": "6"},
)


def test_without_a_record_the_study_is_the_papers() -> None:
    assert exposures_of(NO_RECORD) == EXPOSURES
    assert tells_exposure(NO_RECORD.drug) == ()
    assert variables_by_name(NO_RECORD.drug, NO_RECORD.rate_unit) == BY_NAME


def test_the_papers_unit_in_capitals_is_the_papers_unit() -> None:
    assert exposures_of(BuildRecord(definitions={"exposure_rate_unit": "MCG/KG/HOUR"})) == EXPOSURES


def test_names_and_units_follow_the_drug() -> None:
    assert groups_of("propofol") == {False: "No propofol", True: "Propofol"}
    assert variables_by_name(PROPOFOL.drug, PROPOFOL.rate_unit)[EXPOSURE_DOSE].title == "Propofol dose (µg/kg/min)"
    assert PROPOFOL.changed == {"exposure_drug": "propofol", "exposure_rate_unit": "mcg/kg/min"}


@pytest.mark.parametrize(
    ("drug", "columns"),
    [
        ("midazolam", ("midazolam_24h",)),
        ("norepinephrine", ("vasopressor_24h",)),
        ("vasopressin", ("vasopressor_24h", "vasopressin_24h")),
        ("milrinone", ()),
    ],
)
def test_every_column_that_tells_of_a_drug_is_known(drug: str, columns: tuple[str, ...]) -> None:
    assert tells_exposure(drug) == columns


def test_the_first_class_begins_at_the_least_duration() -> None:
    def first_label(hours: str) -> str:
        return exposures_of(replace(PROPOFOL, definitions={"exposure_min_duration_h": hours}))[0].labels[0]

    assert [first_label(hours) for hours in ("4", "1.5", "23", "24")] == ["4–24", "1.5–24", "23–24", "≤24"]


def test_the_exposure_is_shown_but_in_no_model(make_cohort: Callable[..., pd.DataFrame], flow: pd.DataFrame) -> None:
    # an exposure that its own column foretells would separate the groups: no propensity score, no model
    cohort = make_cohort(600).assign(propofol_24h=lambda data: data["treated"])
    typed = type_cohort(cohort, "dexsic.analysis_cohort")
    study = run_study(typed, flow, 2, 1, lambda _: None, build=PROPOFOL)
    assert study.matched is not None
    assert study.completed.unusable == ("propofol_24h",)
    assert {row.analysis for row in study.rows if row.term == "propofol_24h"} == {
        "table_one",
        "missing",
        "unmatched",
    }
    assert study.remarks == ["Propofol on the first day tells the exposure, propofol, and is in no model."]
    assert run_study(typed, flow, 1, 1, lambda _: None).matched is None
