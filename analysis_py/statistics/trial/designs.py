"""The other ways to analyse the same table: landmark, time-dependent Cox, sequential trials, ever against never.

None but the sequential trials asks what clone-censor-weight asks; they stand beside it to show what a design makes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, nan

import numpy as np
import pandas as pd

from analysis_py.statistics import efron
from analysis_py.statistics.design import Booleans, Floats, as_numbers, build_design
from analysis_py.statistics.efron import Integers
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.propensity import fit_propensity, match_nearest
from analysis_py.statistics.trial.arms import Arms
from analysis_py.statistics.trial.result import QUANTITIES, Draw, TrialResult
from analysis_py.statistics.trial.table import Table
from analysis_py.statistics.trial.treatment import fit_treatment
from analysis_py.statistics.trial.weighted import WeightedDesign
from analysis_py.statistics.trial.weights import Equal, Inverse


@dataclass(frozen=True)
class CoxDesign:
    """A Cox model whose last column of `x` (standardized, `scale` of it) is the treatment; rows as those of Arms."""

    x: Floats
    scale: float
    treated: Booleans
    patient: Integers
    start: Floats
    stop: Floats
    died: Booleans
    size: int

    def _fit(self, rows: Integers) -> efron.CoxFit:
        start = self.start[rows]
        fitted = efron.fit(self.x[rows], self.stop[rows], self.died[rows], None, start if start.any() else None)
        if fitted.infinite[-1]:
            raise NotEstimable("one arm has no deaths while the other is at risk")
        return fitted

    def result(self) -> TrialResult:
        """As Design: there are no risks of this model.

        Raises:
            NotEstimable: no deaths, or none in one arm.
        """
        fitted = self._fit(np.arange(len(self.stop)))
        arms = {True: self.treated, False: ~self.treated}
        patients = {arm: len(np.unique(self.patient[rows])) for arm, rows in arms.items()}
        return TrialResult(
            *(nan, nan, nan, nan),
            hazard_ratio=exp(float(fitted.coefficients[-1]) / self.scale),
            max_weight={True: 1.0, False: 1.0},
            ess={arm: float(count) for arm, count in patients.items()},
            log_hazard_ratio_se=float(np.sqrt(fitted.covariance[-1, -1])) / self.scale,
            patients=patients,
            events={arm: int(self.died[rows].sum()) for arm, rows in arms.items()},
        )

    def draw(self, counts: Integers) -> Draw:
        """As Design."""
        values = dict.fromkeys(QUANTITIES, nan)
        try:
            fitted = self._fit(np.repeat(np.arange(len(self.stop)), counts[self.patient]))
            values["hazard_ratio"] = exp(float(fitted.coefficients[-1]) / self.scale)
        except NotEstimable as reason:
            return Draw(values, str(reason))
        return Draw(values)


def cox_design(
    covariates: pd.DataFrame,
    treated: Booleans,
    patient: Integers,
    start: Floats,
    stop: Floats,
    died: Booleans,
    size: int,
) -> CoxDesign:
    """Rows with covariates as a design.

    Raises:
        NotEstimable: no deaths, all or none treated, or an unusable covariate.
    """
    if not died.any():
        raise NotEstimable("no events")
    if treated.all() or not treated.any():
        raise NotEstimable(f"there are no {'un' if treated.any() else ''}treated rows")
    design = build_design(covariates.assign(**{"(treated)": treated}), list(covariates.columns), ["(treated)"])
    return CoxDesign(design.matrix, float(design.scale[-1]), treated, patient, start, stop, died, size)


def time_dependent(table: Table, covariates: Sequence[str]) -> CoxDesign:
    """Each patient untreated up to his start, whenever it is, and treated from there on; errors are the model's own."""
    start = as_numbers(table.patients["start_h"])
    switches = start < table.time  # NaN: never
    first = np.where(switches, start, table.time)
    before, after = np.flatnonzero(first > 0), np.flatnonzero(switches)
    patient = np.concatenate([before, after])
    treated = np.arange(len(patient)) >= len(before)
    known = table.covariates(covariates, np.ones(len(start), dtype=bool)).iloc[patient].reset_index(drop=True)
    return cox_design(
        known,
        treated,
        patient,
        start=np.concatenate([np.zeros(len(before)), first[after]]),
        stop=np.concatenate([first[before], table.time[after]]),
        died=np.concatenate([table.died[before] & ~switches[before], table.died[after]]),
        size=len(start),
    )


def adjusted(table: Table, arms: Arms, covariates: Sequence[str]) -> CoxDesign:
    """The hazard ratio of the arms' patients (in the order of the table) given baseline covariates."""
    members = np.zeros(len(table.time), dtype=bool)
    members[arms.patient] = True
    known = table.covariates(covariates, members)
    return cox_design(known, arms.arm, arms.patient, arms.start, arms.stop, arms.died, len(table.time))


def matched(table: Table, arms: Arms, covariates: Sequence[str]) -> WeightedDesign:
    """Pairs of the arms' patients by propensity (match_nearest() with its caliper). Pairs are what is resampled.

    Austin and Small 2014 (doi:10.1002/sim.6276): a resample of the pairs, which are not made anew.

    Raises:
        NotEstimable: no propensity, or no pair.
    """
    members = np.zeros(len(table.time), dtype=bool)
    members[arms.patient] = True
    known = table.covariates(covariates, members).assign(**{"(treated)": arms.arm})
    propensity = fit_propensity(known, "(treated)", list(covariates))
    pairs = match_nearest(propensity, known["(treated)"])
    if pairs.empty:
        raise NotEstimable("no treated patient has a match")
    rows = pairs.to_numpy().T.ravel().astype(np.int64)  # all treated, then all controls
    pair = np.tile(np.arange(len(pairs)), 2)
    own = Arms.of(arms.names, pair, arms.arm[rows], arms.start[rows], arms.stop[rows], arms.died[rows])
    return replace(single_row_design(table, own, Equal(len(rows)), table.grid.horizon_h), size=len(pairs))


def landmark_arms(table: Table) -> Arms:
    """Who lives beyond the grace period, by whether he has started; hours from its end."""
    grid = table.grid
    alive = np.flatnonzero(table.time > grid.grace_h)
    stop = table.time[alive] - grid.grace_h
    return _single_rows(table, alive, table.started[alive] < grid.decisions, stop)


def ever_never_arms(table: Table, members: Booleans, treated: Booleans) -> Arms:
    """Some patients, by what they became in the end; hours from time zero."""
    chosen = np.flatnonzero(members)
    return _single_rows(table, chosen, treated[chosen], table.time[chosen])


def sequential_arms(table: Table) -> Arms:
    """A trial at each decision point, of those who could start, by whether they do; hours from there."""
    stop = table.time[table.patient] - table.point * table.grid.interval_h
    return _single_rows(table, table.patient, table.starts, stop)


def _single_rows(table: Table, patient: Integers, treated: Booleans, stop: Floats) -> Arms:
    if treated.all() or not treated.any():
        raise NotEstimable(f"there are no {'un' if treated.any() else ''}treated patients")
    names = ("the untreated", "the treated")
    return Arms.of(names, patient, treated, np.zeros(len(stop)), stop, table.died[patient])


def weighted_landmark(table: Table, covariates: Sequence[str], cap: float | None) -> WeightedDesign:
    """The landmark with weights by the probability of having started, given baseline covariates (ATE)."""
    arms = landmark_arms(table)
    members = np.zeros(len(table.time), dtype=bool)
    members[arms.patient] = True
    model = fit_treatment(table.covariates(covariates, members), None, arms.arm)
    weighting = Inverse(model, arms.patient, np.full(len(arms.patient), table.grid.decisions), cap)
    return single_row_design(table, arms, weighting, table.grid.horizon_h - table.grid.grace_h)


def sequential(table: Table, covariates: Sequence[str], cap: float | None) -> WeightedDesign:
    """All trials pooled, each decision weighted by its probability; risks where the last trial's follow-up ends."""
    arms = sequential_arms(table)
    model = fit_treatment(table.covariates(covariates), table.point, table.starts)
    weighting = Inverse(model, table.patient, table.point, cap)
    return single_row_design(table, arms, weighting, table.grid.horizon_h - table.grid.last_h)


def single_row_design(table: Table, arms: Arms, weighting: Inverse | Equal, horizon: float) -> WeightedDesign:
    """Rows that are each a follow-up of their own."""
    rows = np.arange(len(arms.stop))
    return WeightedDesign(arms, weighting, rows, np.ones(len(rows), dtype=bool), len(table.time), horizon)
