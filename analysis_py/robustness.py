"""The main estimates again under other choices: standard errors, calipers, imputations, readings of definitions."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pandas as pd

from analysis_py.cohorts import ITERATIONS, PAIR, complete_cohort, match_cohort
from analysis_py.effects import effect, usable
from analysis_py.errors import NotEstimable
from analysis_py.estimate import Estimate
from analysis_py.imputation import pool
from analysis_py.outcome import logistic_clustered
from analysis_py.propensity import CALIPER, CaliperScale
from analysis_py.readings import READINGS, cohort_of
from analysis_py.results import Row, estimated
from analysis_py.survival import cox_clustered
from analysis_py.variables import DEATH_28D, DEATH_HOSPITAL, FOLLOW_UP, MODELS, TREATMENT

CALIPERS: tuple[tuple[float, CaliperScale], ...] = ((0.02, "sd"), (0.1, "sd"), (0.2, "sd"), (CALIPER, "raw"))


def clustered(data: pd.DataFrame, unusable: Sequence[str]) -> list[Row]:
    """The matched models with standard errors that allow for dependence within pairs."""
    return [
        estimated(place, _clustered_effect, data, place.outcome, usable(MODELS[place.model], unusable))
        for place in _places("matched", "standard error clustered on pair")
    ]


def _clustered_effect(data: pd.DataFrame, outcome: str, covariates: Sequence[str]) -> Estimate:
    if outcome == DEATH_28D:
        return cox_clustered(data, FOLLOW_UP, DEATH_28D, covariates, TREATMENT, PAIR)
    return logistic_clustered(data, DEATH_HOSPITAL, covariates, TREATMENT, PAIR)


def variant(data: pd.DataFrame, label: str, unusable: Sequence[str], caliper: float, scale: CaliperScale) -> list[Row]:
    """The matched models with another caliper, or on another cohort of the same columns without gaps."""
    places = _places("matched", label)
    try:
        matched = match_cohort(data, unusable, caliper, scale).data
    except NotEstimable as reason:
        return _unavailable(places, reason)
    return _models(matched, places, unusable)


def calipers(data: pd.DataFrame, unusable: Sequence[str]) -> list[Row]:
    """The matched models with narrower and wider calipers than the main 0.05 SD."""
    rows = []
    for caliper, scale in CALIPERS:
        unit = "SD" if scale == "sd" else "of probability"
        rows += variant(data, f"caliper {caliper:g} {unit}", unusable, caliper, scale)
    return rows


def pooled(copies: Sequence[pd.DataFrame], unusable: Sequence[str]) -> list[Row]:
    """All models in every imputed data set, matched anew within each, pooled by Rubin's rules."""
    label = f"pooled over {len(copies)} imputations"
    rows = []
    for cohort in ("full", "matched"):
        places = _places(cohort, label)
        try:
            data_sets = copies if cohort == "full" else [match_cohort(copy, unusable).data for copy in copies]
        except NotEstimable as reason:
            rows += _unavailable(places, reason)
            continue
        for place in places:
            covariates = usable(MODELS[place.model], unusable)
            rows.append(estimated(place, _pooled_effect, data_sets, place.outcome, covariates))
    return rows


def readings(stays: pd.DataFrame, seed: int, say: Callable[[str], None], held_out: Sequence[str] = ()) -> list[Row]:
    """All models in the cohort of each reading, its gaps filled and its pairs found as in the main analysis.

    `stays` as read_marts() gives it; `held_out` as in complete_cohort().
    """
    rows = []
    for reading in READINGS:
        say(f"robustness: {reading.label}")
        try:
            completed = complete_cohort(cohort_of(stays, reading), 1, ITERATIONS, seed, held_out=held_out)
        except NotEstimable as reason:
            rows += _unavailable([*_places("full", reading.label), *_places("matched", reading.label)], reason)
            continue
        (full,) = completed.copies
        rows += _models(full, _places("full", reading.label), completed.unusable)
        rows += variant(full, reading.label, completed.unusable, CALIPER, "sd")
    return rows


def _pooled_effect(data_sets: Sequence[pd.DataFrame], outcome: str, covariates: Sequence[str]) -> Estimate:
    return pool([effect(data, outcome, covariates) for data in data_sets])


def _places(cohort: str, label: str) -> list[Row]:
    return [
        Row("robustness", cohort, outcome, model, TREATMENT, label)
        for outcome in (DEATH_28D, DEATH_HOSPITAL)
        for model in MODELS
    ]


def _models(data: pd.DataFrame, places: Sequence[Row], unusable: Sequence[str]) -> list[Row]:
    return [estimated(place, effect, data, place.outcome, usable(MODELS[place.model], unusable)) for place in places]


def _unavailable(places: Sequence[Row], reason: NotEstimable) -> list[Row]:
    return [replace(place, note=f"not estimable: {reason}") for place in places]
