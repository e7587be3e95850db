"""The main estimates again under other choices: standard errors, calipers, readings of definitions."""

from collections.abc import Callable, Sequence

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


def calipers(data: pd.DataFrame, unusable: Sequence[str]) -> list[Row]:
    """The matched models with narrower and wider calipers than the main 0.05 SD."""
    rows = []
    for caliper, scale in CALIPERS:
        unit = "SD" if scale == "sd" else "of probability"
        rows += variant(data, f"caliper {caliper:g} {unit}", unusable, caliper, scale)
    return rows


def readings(
    stays: pd.DataFrame,
    seed: int,
    say: Callable[[str], None],
    held_out: Sequence[str] = (),
    impute: Imputer = impute_with_trace,
) -> list[Row]:
    """All models in the cohort of each reading, its gaps filled and its pairs found as in the main analysis.

    `stays` as read_marts() gives it; `held_out` and `impute` as in complete_cohort().
    """
    rows = []
    for reading in readings_of(stays):
        say(f"robustness: {reading.label}")
        try:
            completed = complete_cohort(
                cohort_of(stays, reading), 1, ITERATIONS, seed, held_out=held_out, impute=impute
            )
        except NotEstimable as reason:
            rows += unavailable([*_places("full", reading.label), *_places("matched", reading.label)], reason)
            continue
        (full,) = completed.copies
        rows += _models(full, _places("full", reading.label), completed.unusable)
        rows += variant(full, reading.label, completed.unusable, CALIPER, "sd")
    return rows


def _places(cohort: str, label: str) -> list[Row]:
    return model_places("robustness", cohort, label)


def _models(data: pd.DataFrame, places: Sequence[Row], unusable: Sequence[str]) -> list[Row]:
    return [estimated(place, effect, data, place.outcome, usable(MODELS[place.model], unusable)) for place in places]
