"""The numbers of the published design: the main matched estimate, the cohort before matching, each estimator of it.

Balance, equipoise, who is kept and weights are those of the first imputed copy; the estimates are pooled over all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import sqrt

import pandas as pd

from analysis_py.statistics.design import encode
from analysis_py.statistics.diagnostics import preference_equipoise
from analysis_py.statistics.errors import NotEstimable
from analysis_py.study.analyses.describe import GROUP_NAMES
from analysis_py.study.analyses.pooling import main_row
from analysis_py.study.estimators import names
from analysis_py.study.gate import checks
from analysis_py.study.gate.calibrated import no_controls, systematic_error
from analysis_py.study.gate.numbers import AS_THEY_ARE, Arms, Difference, Numbers, distance_of_kept
from analysis_py.study.gate.rows import PUBLISHED
from analysis_py.study.results import Row, find, largest_smd
from analysis_py.study.study import Study
from analysis_py.study.trial.designs import PUBLISHED_ADJUSTED, PUBLISHED_CRUDE
from analysis_py.study.variables import BY_NAME, DEATH_28D, MODELS, TABLE_ONE, TREATMENT

FULL, MATCHED = "full", "matched"
# the designs of the cohort before matching, each with the model of Table 2 whose number it is
UNMATCHED = {PUBLISHED_CRUDE: "model 1", PUBLISHED_ADJUSTED: "model 3"}


def published_numbers(study: Study) -> list[Numbers]:
    """The main estimate, then those of the cohort before matching, then the estimators that the rows hold."""
    shared = _equipoise(study)
    return [_main(study, shared), *(_before(study, name, shared) for name in UNMATCHED), *_estimators(study, shared)]


def arms_of(data: pd.DataFrame) -> Arms:
    """Who is compared in a cohort."""
    by_group = data.groupby(data[TREATMENT].astype(bool))[DEATH_28D]
    patients, deaths = by_group.size(), by_group.sum()
    return Arms.of(
        {group: int(patients.get(group, 0)) for group in GROUP_NAMES},
        {group: int(deaths.get(group, 0)) for group in GROUP_NAMES},
    )


def _equipoise(study: Study) -> tuple[float | None, str]:
    """Of everybody in the cohort, by the propensity of the match; or why there is none."""
    if study.matched is None:
        return None, study.not_matched
    try:
        return preference_equipoise(study.matched.propensity, study.full[TREATMENT].astype(bool)), ""
    except NotEstimable as reason:
        return None, str(reason)


def _main(study: Study, shared: tuple[float | None, str]) -> Numbers:
    place = Numbers(MATCHED, DEATH_28D, PUBLISHED, equipoise=shared[0])
    if study.matched is None:
        return replace(place, reasons=dict.fromkeys(checks.CHECKS, study.not_matched))
    data, treated = study.matched.data, study.full[study.full[TREATMENT].astype(bool)]
    left = data[data[TREATMENT].astype(bool)]
    arms = arms_of(data)
    ease = systematic_error(study.rows, PUBLISHED)
    return replace(
        place,
        difference=_difference(study.rows, MATCHED, arms),
        arms=arms,
        per_coefficient=_per_coefficient(main_row(study.rows)),
        kept=len(left) / len(treated),
        kept_difference=_distance(left, treated, study.completed.unusable),
        effective=float(arms.smaller),
        ease=ease,
        reasons={checks.EQUIPOISE: shared[1], checks.EASE: no_controls(study.rows, PUBLISHED)},
    )


def _before(study: Study, name: str, shared: tuple[float | None, str]) -> Numbers:
    arms = arms_of(study.full)
    difference = _difference(study.rows, FULL, arms)
    estimate = find(study.rows, "outcome_models", FULL, outcome=DEATH_28D, model=UNMATCHED[name])
    if difference is not None and MODELS[UNMATCHED[name]]:
        difference = replace(difference, worst=f"{difference.worst}, {AS_THEY_ARE}")
    return Numbers(
        FULL,
        DEATH_28D,
        name,
        difference,
        shared[0],
        arms,
        _per_coefficient(estimate),
        kept=1.0 if arms.patients[True] else None,
        effective=float(arms.smaller),
        reasons={checks.EQUIPOISE: shared[1], checks.EASE: no_controls(study.rows, name)},
    )


def _difference(rows: Sequence[Row], cohort: str, arms: Arms) -> Difference | None:
    """From the rows of Table 1's balance, in standard deviations of the cohort's own groups."""
    worst = largest_smd(rows, cohort)
    if worst is None or worst.estimate is None or 0 in arms.patients.values():
        return None
    compared = [row for row in rows if (row.analysis, row.cohort, row.measure) == ("balance", cohort, "SMD")]
    error = sqrt(sum(1 / size for size in arms.patients.values()))
    return Difference(worst.estimate, error, len(compared), BY_NAME[worst.term].label)


def _distance(kept: pd.DataFrame, everybody: pd.DataFrame, unusable: Sequence[str]) -> float | None:
    """Of the treated who are kept from all of them, by Table 1."""
    columns = encode(everybody, [variable.name for variable in TABLE_ONE if variable.name not in unusable])
    inside = everybody.index.isin(kept.index)
    return distance_of_kept(columns.to_numpy(dtype=float), inside)


def _per_coefficient(row: Row | None) -> float | None:
    if row is None or row.estimate is None:
        return None
    found = row.events_per_coefficient
    return found if isinstance(found, float) else None


# --- the estimators of the published cohort, from their rows ----------------------------------------------------------


def estimator_model(name: str, adjustment: str) -> str:
    """`model` of an estimator among the rows `diagnostics`."""
    return name if adjustment in ("", names.PAPER) else f"{name}, {adjustment}"


def _estimators(study: Study, shared: tuple[float | None, str]) -> list[Numbers]:
    """Each estimator by each adjustment for which there are rows."""
    places = dict.fromkeys((row.model, row.level) for row in study.rows if row.analysis == names.ANALYSIS and row.model)
    return [_estimator(study, name, adjustment, shared) for name, adjustment in places]


def _estimator(study: Study, name: str, adjustment: str, shared: tuple[float | None, str]) -> Numbers:
    own = [row for row in study.rows if (row.model, row.level) == (name, adjustment)]
    weights = [row for row in own if row.analysis == names.WEIGHTS_ANALYSIS]
    by_arm = {
        group: row
        for row in weights
        for group, word in GROUP_NAMES.items()
        if row.measure == names.ESS and row.cohort.endswith(f" {word}") and row.estimate is not None
    }
    sizes = {group: row.estimate or 0.0 for group, row in by_arm.items()} if len(by_arm) == len(GROUP_NAMES) else {}
    estimates = [row for row in own if row.analysis == names.ANALYSIS]
    return Numbers(
        names.cohort_of(name),
        DEATH_28D,
        estimator_model(name, adjustment),
        difference=_weighted_difference(weights, sizes),
        equipoise=shared[0] if adjustment in ("", names.PAPER) else None,
        arms=_arms_of_rows(by_arm) if sizes else None,
        per_coefficient=next(filter(None, map(_per_coefficient, estimates)), None),
        kept=_kept(name, sizes, study.full),
        effective=min(sizes.values()) if sizes else None,
        reasons={
            checks.EQUIPOISE: shared[1] or "the propensity of this adjustment is not that of the match",
            checks.EVENTS: "its outcome model tells no coefficients",
            checks.EASE: no_controls(study.rows, name),
        },
    )


def _arms_of_rows(by_arm: Mapping[bool, Row]) -> Arms | None:
    patients = {group: row.n for group, row in by_arm.items() if isinstance(row.n, int)}
    deaths = {group: row.events for group, row in by_arm.items() if isinstance(row.events, int)}
    return Arms.of(patients, deaths) if len(patients) == len(deaths) == len(by_arm) else None


def _weighted_difference(weights: Sequence[Row], sizes: Mapping[bool, float]) -> Difference | None:
    row = next((row for row in weights if row.measure == names.LARGEST_SMD and row.estimate is not None), None)
    if row is None or row.estimate is None or not sizes:
        return None
    error = sqrt(sum(1 / size for size in sizes.values()))
    worst = BY_NAME[row.term].label if row.term in BY_NAME else row.term
    return Difference(abs(row.estimate), error, len(TABLE_ONE), worst)


def _kept(name: str, sizes: Mapping[bool, float], full: pd.DataFrame) -> float | None:
    """1 where the estimand is about all treated, else the effective share of them: in pairs, who is in one."""
    if name not in (names.OVERLAP, names.MATCHING_WEIGHTS, *names.MATCHED):
        return 1.0
    treated = int(full[TREATMENT].astype(bool).sum())
    return min(sizes[True] / treated, 1.0) if sizes and treated else None
