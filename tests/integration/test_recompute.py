"""What mimic-code lacks equals its second computation from the raw tables, for every stay of two data sets."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.recompute.source import CsvSource, DatabaseSource, read_model
from tests.recompute.study import Study

RELATIVE_TOLERANCE = 1e-9  # sums over seconds against sums over intervals


@pytest.fixture(scope="module", params=[pytest.param("demo", marks=pytest.mark.needs_shared), "generated"])
def study(request: pytest.FixtureRequest) -> Study:
    """The demo from its csv files, then generated data from their database."""
    if request.param == "demo":
        folder: Path = request.getfixturevalue("demo_folder")
        return Study(CsvSource(folder), request.getfixturevalue("built_demo"))
    dsn: str = request.getfixturevalue("built_generated")
    return Study(DatabaseSource(dsn), dsn)


def differing(study: Study, mart: str, expected: dict[int, dict[str, Any]]) -> list[str]:
    """`stay.column` of every cell that differs; also stays that only one side has."""
    rows = read_model(study.dsn, mart).to_dict("records")
    found: dict[int, Any] = {row["stay_id"]: row for row in rows}
    names = [f"{stay}: on one side only" for stay in found.keys() ^ expected.keys()]
    for stay in found.keys() & expected.keys():
        names += [
            f"{stay}.{column}" for column, value in expected[stay].items() if not same(found[stay][column], value)
        ]
    return names


def same(found: Any, expected: Any) -> bool:
    if pd.isna(found) or pd.isna(expected):
        return bool(pd.isna(found) and pd.isna(expected))
    return bool(float(found) == pytest.approx(float(expected), rel=RELATIVE_TOLERANCE, abs=1e-12))


def every_stay(study: Study, values: Any) -> dict[int, dict[str, Any]]:
    return {stay: found for stay in study.stays if (found := values(stay)) is not None}


def test_the_source_holds_what_is_compared(study: Study) -> None:
    assert len(study.stays) > 100
    assert len(every_stay(study, study.dexmedetomidine)) >= 10
    assert any(study.crrt) and any(study.ventilation)


def test_sic_score_in_each_reading(study: Study) -> None:
    assert differing(study, "sic_score", every_stay(study, study.sic)) == []


def test_dexmedetomidine_start_duration_and_rate(study: Study) -> None:
    assert differing(study, "dexmedetomidine_exposure", every_stay(study, study.dexmedetomidine)) == []


def test_interventions_of_the_first_day(study: Study) -> None:
    assert differing(study, "baseline", every_stay(study, study.first_day)) == []


def test_comorbidities(study: Study) -> None:
    def shown(stay: int) -> dict[str, bool]:
        return {name: has for name, has in study.comorbidities(stay).items() if name != "pregnancy"}

    assert differing(study, "baseline", every_stay(study, shown)) == []


def test_every_rule_of_eligibility(study: Study) -> None:
    assert differing(study, "cohort_eligibility", every_stay(study, study.eligibility)) == []


def test_flow_and_cohort(study: Study) -> None:
    flow = read_model(study.dsn, "cohort_flow").sort_values("step")
    assert study.flow() == list(zip(flow["n_excluded"], flow["n_after"], strict=True))
    rules = every_stay(study, study.eligibility)
    cohort = read_model(study.dsn, "analysis_cohort")
    expected = {(stay, rule["treated"]) for stay, rule in rules.items() if rule["is_eligible"]}
    assert set(zip(cohort["stay_id"], cohort["treated"], strict=True)) == expected


def test_outcomes(study: Study) -> None:
    assert differing(study, "outcomes", every_stay(study, study.outcomes)) == []
