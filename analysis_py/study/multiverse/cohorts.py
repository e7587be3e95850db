"""The specifications of one cohort: gaps filled once, one propensity score per adjustment, weights for both outcomes.

The copy is the first of the imputation, as in the rows `robustness` of results.csv, whose numbers are the same where
both do the same.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import sqrt
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis_py.statistics.design import encode
from analysis_py.statistics.diagnostics import preference_equipoise
from analysis_py.statistics.doubly_robust import aipw, standardize
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.estimate import Z_975, Estimate
from analysis_py.statistics.imbalance import Imbalance, imbalance
from analysis_py.statistics.outcome import logistic
from analysis_py.statistics.propensity import fit_propensity, match_nearest
from analysis_py.statistics.survival import cox
from analysis_py.statistics.weighting import (
    balancing_weights,
    effective_sample_size,
    entropy_weights,
    matched_weights,
)
from analysis_py.study.analyses.cohorts import PAIR, Completed
from analysis_py.study.analyses.effects import effect, usable
from analysis_py.study.estimators.adjustments import Adjustment, adjustments_of
from analysis_py.study.estimators.names import (
    ADJUSTED,
    AIPW,
    ENTROPY,
    IPTW_ATE,
    IPTW_ATT,
    MATCHING_WEIGHTS,
    OVERLAP,
    STANDARDIZATION,
)
from analysis_py.study.multiverse.choices import CALIPER_WIDTHS, MATCHINGS, Specification
from analysis_py.study.multiverse.found import Checks, Found
from analysis_py.study.variables import DEATH_28D, FOLLOW_UP, MODELS, PROPENSITY_COVARIATES, TREATMENT


@dataclass(frozen=True)
class Prepared:
    """A cohort without gaps as one adjustment sees it."""

    data: pd.DataFrame
    adjustment: Adjustment
    unusable: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """The covariates' columns."""
        return list(self.adjustment.covariates)

    @cached_property
    def propensity(self) -> pd.Series:
        """Of every stay. Raises NotEstimable as fit_propensity()."""
        return fit_propensity(self.data, TREATMENT, self.names)

    @cached_property
    def equipoise(self) -> float:
        """Share of all stays with a preference score from 0.3 to 0.7."""
        return preference_equipoise(self.propensity, self.data[TREATMENT])

    @cached_property
    def imbalance(self) -> Imbalance:
        """What is to be balanced, ready for weights."""
        return imbalance(self.data, {one.name: one.kind for one in self.adjustment.shown}, TREATMENT)

    def model(self, name: str) -> list[str]:
        """The covariates of models 1 to 3; the full one has what an adjustment adds."""
        own = usable(MODELS[name], self.unusable)
        further = [one for one in self.names if one not in PROPENSITY_COVARIATES]
        return [*own, *further] if name == "model 3" else own


@dataclass(frozen=True)
class _Weighted:
    """Rows with the weights by which their groups are compared; a matched set has a number."""

    weights: pd.Series
    sets: pd.Series | None = None


def of_adjustment(completed: Completed, adjustment: str, wanted: Sequence[Specification]) -> list[Found]:
    """An entry for each of `wanted`, which are all of one adjustment and about the cohort that was `completed`."""
    try:
        prepared = prepare(completed, adjustment)
    except NotEstimable as reason:
        return [Found(one).refused(reason) for one in wanted]
    found = {entry.specification.key: entry for entry in _of_prepared(prepared, wanted)}
    return [found[one.key] for one in wanted]


def prepare(completed: Completed, adjustment: str) -> Prepared:
    """The first copy of `completed` (by complete_extended() for the extended adjustment), for an adjustment.

    Raises:
        NotEstimable: its covariates are not there, or are those of the paper.
    """
    data = completed.copies[0]
    for one in adjustments_of(data, completed.unusable):
        if one.level == adjustment:
            return Prepared(data, one, completed.unusable)
    raise NotEstimable(f"the {adjustment} adjustment has no covariates of its own here")


def _of_prepared(prepared: Prepared, wanted: Sequence[Specification]) -> list[Found]:
    by_weights: dict[tuple[str, str], list[Specification]] = defaultdict(list)
    for one in wanted:
        matched = MATCHINGS.get(one.estimator)
        by_weights[f"1:{matched.ratio}" if matched else one.estimator, one.caliper].append(one)
    found = []
    for own in by_weights.values():
        try:
            weighted = _weighted(prepared, own[0])
            checks = _checks(prepared, weighted)
        except NotEstimable as reason:
            found += [Found(one).refused(reason) for one in own]
            continue
        done: dict[tuple[str, str], Found] = {}  # what differs in nothing else is reckoned once
        for one in own:
            same = (one.outcome, one.estimator)
            if same not in done:
                done[same] = _entry(prepared, weighted, checks, one)
            found.append(replace(done[same], specification=one))
    return found


def _weighted(prepared: Prepared, one: Specification) -> _Weighted:
    data, treatment = prepared.data, prepared.data[TREATMENT]
    if one.estimator in MATCHINGS:
        ratio = MATCHINGS[one.estimator].ratio
        pairs = match_nearest(prepared.propensity, treatment, *CALIPER_WIDTHS[one.caliper], ratio=ratio)
        if pairs.empty:
            raise NotEstimable("no treated stay has a control within the caliper")
        numbers = pd.Series(pd.factorize(pairs["treated"])[0], index=pairs["control"].to_numpy())
        of_treated = pd.Series(numbers.to_numpy(), index=pairs["treated"].to_numpy())
        sets = pd.concat([of_treated[~of_treated.index.duplicated()], numbers])
        return _Weighted(matched_weights(pairs, treatment), sets.rename(PAIR))
    estimands = {IPTW_ATE: "ATE", IPTW_ATT: "ATT", OVERLAP: "ATO", MATCHING_WEIGHTS: "ATM"}
    if one.estimator in estimands:
        return _Weighted(
            balancing_weights(prepared.propensity, treatment, estimands[one.estimator])  # type: ignore[arg-type]
        )
    if one.estimator == ENTROPY:
        return _Weighted(entropy_weights(data, TREATMENT, prepared.names))
    if one.estimator == AIPW:  # its model of treatment weights as these do
        return _Weighted(balancing_weights(prepared.propensity, treatment, "ATE"))
    return _Weighted(pd.Series(1.0, index=data.index))  # models alone: the groups stay as they are


def _checks(prepared: Prepared, weighted: _Weighted) -> Checks:
    weights = weighted.weights
    return Checks(
        smd=_or_none(lambda: prepared.imbalance.largest(weights)),
        equipoise=_or_none(lambda: prepared.equipoise),
        **_sizes(weights, prepared.data[TREATMENT]),
        covariates=len(prepared.adjustment.shown),
    )


def _sizes(weights: pd.Series, treatment: pd.Series) -> dict[str, Any]:
    """The effective size of the smaller arm, and the standard error of a standardized difference of both."""
    sizes = effective_sample_size(weights, treatment).values()
    return {"effective": min(sizes), "standard_error": sqrt(sum(1 / size for size in sizes))}


def _or_none(compute: Callable[[], float]) -> float | None:
    """A check that the data do not allow is not evaluated; the estimate may stand without it."""
    try:
        return compute()
    except NotEstimable:
        return None


def _entry(prepared: Prepared, weighted: _Weighted, checks: Checks, one: Specification) -> Found:
    used = prepared.data[weighted.weights > 0]
    try:
        if one.estimator in (AIPW, STANDARDIZATION):
            estimate, events = _of_risks(prepared, one)
        else:
            estimate = _of_model(prepared, weighted, used, one)
            events = estimate.events_per_coefficient
    except NotEstimable as reason:
        return Found(one).refused(reason, checks)
    return Found(one).holding(estimate, replace(checks, events=events), _least_count(used, one.outcome))


def _of_model(prepared: Prepared, weighted: _Weighted, used: pd.DataFrame, one: Specification) -> Estimate:
    if one.estimator in MATCHINGS:
        matched = MATCHINGS[one.estimator]
        covariates = prepared.model(matched.model)
        if matched.ratio == 1:  # as published: errors of the model
            return effect(used, one.outcome, covariates)
        own = weighted.weights[used.index]
        return _fitted(used, one.outcome, covariates, own, weighted.sets.loc[used.index])  # type: ignore[union-attr]
    if one.estimator == ADJUSTED:
        return effect(used, one.outcome, prepared.names)
    return _fitted(used, one.outcome, (), weighted.weights[used.index])


def _fitted(
    data: pd.DataFrame, outcome: str, covariates: Sequence[str], weights: pd.Series, sets: pd.Series | None = None
) -> Estimate:
    """A weighted model, its error robust."""
    if outcome == DEATH_28D:
        return cox(data, FOLLOW_UP, outcome, covariates, TREATMENT, weights=weights, cluster=sets)
    return logistic(data, outcome, covariates, TREATMENT, weights=weights, cluster=sets)


def _of_risks(prepared: Prepared, one: Specification) -> tuple[Estimate, float]:
    """The odds ratio of two risks of all stays, and the events per coefficient of the model of both arms."""
    data, covariates = prepared.data, prepared.names
    if one.estimator == AIPW:
        risks = aipw(data, one.outcome, TREATMENT, covariates, "ATE", "joint", propensity=prepared.propensity)
    else:
        risks = standardize(data, one.outcome, TREATMENT, covariates, "ATE", "joint")
    log, error = float(np.log(risks.odds_ratio)), risks.log_odds_ratio_se
    happened = prepared.data[one.outcome].astype(bool)
    lower, upper = float(np.exp(log - Z_975 * error)), float(np.exp(log + Z_975 * error))
    p_value = float(2 * stats.norm.sf(abs(log / error)))
    coefficients = encode(prepared.data, prepared.names).shape[1] + 2  # treatment and intercept
    size = (len(happened), int(happened.sum()), coefficients)
    estimate = Estimate("OR", risks.odds_ratio, lower, upper, p_value, *size)
    return estimate, estimate.events_per_coefficient


def _cells(data: pd.DataFrame, outcome: str) -> list[int]:
    """Patients by arm and outcome."""
    treated, happened = data[TREATMENT].astype(bool), data[outcome].astype(bool)
    return [int(((treated == arm) & (happened == end)).sum()) for arm in (True, False) for end in (True, False)]


def _least_count(data: pd.DataFrame, outcome: str) -> int:
    return min((count for count in _cells(data, outcome) if count), default=0)
