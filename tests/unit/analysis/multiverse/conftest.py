"""Marts with every reading, as read_marts() gives them."""

from collections.abc import Callable
from functools import reduce

import pytest

from analysis_py.marts.build_record import BuildRecord
from analysis_py.marts.read import Marts
from analysis_py.marts.trial import type_trial
from analysis_py.study.read_marts import TRIAL_NEEDED, type_cohort, type_eligible, type_extended
from analysis_py.study.readings import HEPARIN_READINGS, OTHER_RULES, SIC_READINGS
from tests.unit.analysis.conftest import _make_cohort, _make_flow, _split
from tests.unit.analysis.trial.conftest import _make_marts

MakeMarts = Callable[..., Marts]


def _marts_of(
    stays: int = 300, fingerprint: str = "0123456789ab", with_trial: bool = False, with_extended: bool = False
) -> Marts:
    cohort = _make_cohort(stays)
    parts = _split(cohort)
    extended = type_extended(parts.pop("baseline_extended"), "dexsic.baseline_extended")
    parts["baseline"] = parts["baseline"].drop(columns="sic_score").assign(sic_score=parts["baseline"]["sic_score"])
    eligibility = parts["cohort_eligibility"]
    kept = (
        eligibility[OTHER_RULES]
        & eligibility[list(SIC_READINGS)].any(axis=1)
        & ~eligibility[list(HEPARIN_READINGS)].all(axis=1)
    )
    parts["cohort_eligibility"] = eligibility[kept]
    joined = reduce(lambda left, right: left.merge(right, on="stay_id"), parts.values())
    trial = type_trial(_make_marts(150), "dexsic", TRIAL_NEEDED) if with_trial else None
    return Marts(
        type_cohort(cohort, "dexsic.analysis_cohort"),
        type_eligible(joined.sort_values("stay_id"), "dexsic.cohort_eligibility"),
        _make_flow(stays),
        "",
        BuildRecord(fingerprint=fingerprint),
        trial=trial,
        extended=extended if with_extended else None,
    )


@pytest.fixture(scope="session")
def make_marts() -> MakeMarts:
    """The maker of marts, for tests that want another size or build."""
    return _marts_of


@pytest.fixture(scope="session")
def all_marts() -> Marts:
    """600 stays."""
    return _marts_of(600)
