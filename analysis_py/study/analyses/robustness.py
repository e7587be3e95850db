"""The main estimates again under other choices: standard errors, calipers, readings of definitions."""

from collections.abc import Sequence

import pandas as pd

from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.imputation import Imputer, impute_with_trace
from analysis_py.statistics.propensity import CALIPER, CaliperScale
from analysis_py.study.analyses.cohorts import ITERATIONS, complete_cohort, match_cohort
from analysis_py.study.analyses.effects import effect, effect_clustered, model_places, usable
from analysis_py.study.readings import cohort_of, readings_of
from analysis_py.study.results import Row, estimated, unavailable
from analysis_py.study.variables import MODELS

CALIPERS: tuple[tuple[float, CaliperScale], ...] = ((0.02, "sd"), (0.1, "sd"), (0.2, "sd"), (CALIPER, "raw"))
CLUSTERED_BY_PAIR = "standard error clustered on pair"


def clustered(data: pd.DataFrame, unusable: Sequence[str]) -> list[Row]:
    """The matched models with standard errors that allow for dependence within pairs."""
    return [
        estimated(place, effect_clustered, data, place.outcome, usable(MODELS[place.model], unusable))
        for place in _places("matched", CLUSTERED_BY_PAIR)
    ]


def variant(data: pd.DataFrame, label: str, unusable: Sequence[str], caliper: float, scale: CaliperScale) -> list[Row]:
    """The matched models with another caliper, or on another cohort of the same columns without gaps."""
    places = _places("matched", label)
    try:
        matched = match_cohort(data, unusable, caliper, scale).data
    except NotEstimable as reason:
        return unavailable(places, reason)
    return _models(matched, places, unusable)


def caliper_label(width: float, scale: CaliperScale) -> str:
    """What rows of another caliper than the main one are called."""
    return f"caliper {width:g} {'SD' if scale == 'sd' else 'of probability'}"


def caliper(data: pd.DataFrame, unusable: Sequence[str], width: float, scale: CaliperScale) -> list[Row]:
    """The matched models with a narrower or wider caliper than the main 0.05 SD."""
    return variant(data, caliper_label(width, scale), unusable, width, scale)


def distinct_cohorts(stays: pd.DataFrame) -> tuple[list[pd.DataFrame], dict[str, int]]:
    """The cohorts of all readings, each once, and which is whose by the reading's label.

    `stays` as read_marts() gives it. A reading that keeps the same patients with the same values has the same numbers.
    """
    cohorts: list[pd.DataFrame] = []
    kept_by = {}
    for reading in readings_of(stays):
        cohort = cohort_of(stays, reading)
        known = (at for at, other in enumerate(cohorts) if other.equals(cohort))
        kept_by[reading.label] = next(known, len(cohorts))
        if kept_by[reading.label] == len(cohorts):
            cohorts.append(cohort)
    return cohorts, kept_by


def of_cohort(
    cohort: pd.DataFrame, seed: int, held_out: Sequence[str] = (), impute: Imputer = impute_with_trace
) -> list[Row]:
    """All models in the cohort of a reading, its gaps filled and its pairs found as in the main analysis.

    `held_out` and `impute` as in complete_cohort(). The rows' level is to be the reading's label.
    """
    try:
        completed = complete_cohort(cohort, 1, ITERATIONS, seed, held_out=held_out, impute=impute)
    except NotEstimable as reason:
        return unavailable([*_places("full", ""), *_places("matched", "")], reason)
    (full,) = completed.copies
    rows = _models(full, _places("full", ""), completed.unusable)
    return rows + variant(full, "", completed.unusable, CALIPER, "sd")


def _places(cohort: str, label: str) -> list[Row]:
    return model_places("robustness", cohort, label)


def _models(data: pd.DataFrame, places: Sequence[Row], unusable: Sequence[str]) -> list[Row]:
    return [estimated(place, effect, data, place.outcome, usable(MODELS[place.model], unusable)) for place in places]
