"""Clone, censor, weight: each patient follows both strategies until he deviates from one of them.

Hernán 2018 (doi:10.1136/bmj.k182) and Maringe et al. 2020 (doi:10.1093/ije/dyaa057), on a grid of decision points: what
happens in an interval is its beginning's covariates, the decision, then death. Clone 0 never starts within the grace
period and is censored where the patient starts. Clone 1 starts within it and is censored at the last decision if the
patient has not started and does not start there. Who has left (the ICU) alive without a start cannot start any more:
he is compatible with both strategies, and no row of the treatment model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from analysis_py.statistics.design import Booleans, Floats
from analysis_py.statistics.efron import Integers
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.trial.arms import Arms
from analysis_py.statistics.trial.result import Positivity
from analysis_py.statistics.trial.table import Table
from analysis_py.statistics.trial.treatment import TreatmentModel, fit_treatment
from analysis_py.statistics.trial.weighted import WeightedDesign

CloneWeights = Literal["pooled", "none", "grace_end"]

NEVER, START = "the strategy not to start", "the strategy to start"
UNLIKELY = 0.01


def emulate(
    table: Table, covariates: Sequence[str], weights: CloneWeights, cap: float | None, hours: Sequence[float] = ()
) -> WeightedDesign:
    """The clones of `table` with their weights, ready to be summed and resampled.

    Raises:
        NotEstimable: no treatment model, or a decision at which all (none) start whom a clone must represent.
    """
    arms, slot = _clones(table, weights)
    weighting = _weighting(table, covariates, weights, arms, slot, cap)
    return WeightedDesign(
        arms, weighting, arms.patient, slot == table.grid.decisions, len(table.time), table.grid.horizon_h, tuple(hours)
    )


def _clones(table: Table, weights: CloneWeights) -> tuple[Arms, Integers]:
    """Rows (patient, clone, interval) of a positive length, and the interval of each (`decisions`: after the grace)."""
    grid, time, died = table.grid, table.time, table.died
    started = table.started < grid.decisions
    end0 = np.where(started, table.started * grid.interval_h, time)
    once = weights == "grace_end"
    censored: Booleans = ~started & ~table.left & (time > grid.grace_h) if once else table.declined
    end1 = np.where(censored, grid.grace_h if once else grid.last_h, time)
    edges = np.append(np.arange(grid.decisions + 1) * grid.interval_h, grid.horizon_h)
    parts = []
    for clone, (end, counts) in enumerate(((end0, died & ~started), (end1, died & ~censored))):
        patient, slot = np.nonzero(end[:, None] > edges[:-1])
        stop = np.minimum(edges[slot + 1], end[patient])
        last = counts[patient] & (stop == end[patient])
        parts.append((patient, np.full(len(patient), clone == 1), edges[slot], stop, last, slot))
    patient, arm, start, stop, last, slot = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Arms.of((NEVER, START), patient, arm, start, stop, last), slot


def _weighting(
    table: Table, covariates: Sequence[str], weights: CloneWeights, arms: Arms, slot: Integers, cap: float | None
) -> "_Ones | _Pooled | _GraceEnd":
    if weights == "none":
        return _Ones(len(slot))
    named = table.baseline(covariates) if weights == "grace_end" else covariates
    model = fit_treatment(table.covariates(named), table.point, table.starts)
    shape = (len(table.time), table.grid.decisions)
    place0 = arms.patient * shape[1] + np.minimum(slot, shape[1] - 1)
    last = arms.arm & (slot >= shape[1] - 1) & (table.started[arms.patient] == shape[1] - 1)
    if weights == "grace_end":
        last[:] = False
    pooled = _Pooled(model, table.patient, table.point, shape, arms.arm, place0, last, weights == "pooled", cap)
    if weights == "pooled":
        return pooled
    members = (table.time > table.grid.grace_h) & ~table.left
    if not members.any():
        raise NotEstimable("nobody who could start is left at the end of the grace period")
    starts = table.started[members] < shape[1]
    at_end = fit_treatment(table.covariates(named, members), None, starts)
    position = np.cumsum(members) - 1
    heavy = arms.arm & (slot == shape[1]) & (table.started < shape[1])[arms.patient]
    return _GraceEnd(pooled, at_end, members, heavy, position[arms.patient[heavy]], cap)


@dataclass(frozen=True)
class _Ones:
    rows: int

    def weights(self, counts: Integers | None) -> Floats:
        return np.ones(self.rows)

    def positivity(self) -> tuple[Positivity, ...]:
        return ()


@dataclass(frozen=True)
class _Pooled:
    """Inverse probability of the decisions so far, by one model for all decision points.

    `shape` patients x decisions; `place0` the cell of each row in it, for clone 0; `last` the rows of clone 1 from a
    start at the last decision on, which stand for those who do not start there either.
    """

    model: TreatmentModel
    patient: Integers
    point: Integers
    shape: tuple[int, int]
    clone: Booleans
    place0: Integers
    last: Booleans
    both: bool
    cap: float | None

    def weights(self, counts: Integers | None) -> Floats:
        rows = None if counts is None else counts[self.patient].astype(float)
        self._require_both(rows)
        probability = np.zeros(self.shape)
        probability[self.patient, self.point] = self.model.probabilities(rows)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            stays = np.cumprod(1 / (1 - probability), axis=1).ravel()
            weights = np.where(self.clone, 1.0, stays[self.place0])
            weights[self.last] = 1 / probability.ravel()[self.place0[self.last]]
        return capped(weights, self.cap, self.used(counts))

    def used(self, counts: Integers | None) -> Booleans:
        """Rows of patients who are in the resample."""
        return np.ones(len(self.place0), dtype=bool) if counts is None else counts[self.place0 // self.shape[1]] > 0

    def _require_both(self, rows: Floats | None) -> None:
        """Whoever is censored must have somebody to be represented by."""
        could = np.bincount(self.point, rows, self.shape[1])
        did = np.bincount(self.point, self.model.starts * (1.0 if rows is None else rows), self.shape[1])
        every = np.flatnonzero((did == could) & (could > 0))
        if len(every):
            raise NotEstimable(f"everybody who can starts at decision {every[0]}: nobody is left who does not")
        if self.both and could[-1] > 0 and did[-1] == 0:
            raise NotEstimable(f"nobody starts at the last decision, {self.shape[1] - 1}: those who must start by then")

    def positivity(self) -> tuple[Positivity, ...]:
        probability = self.model.probabilities()
        found = []
        for k in range(self.shape[1]):
            here = self.point == k
            share = float((probability[here] < UNLIKELY).mean()) if here.any() else 0.0
            found.append(Positivity(k, int(here.sum()), int(self.model.starts[here].sum()), share))
        return tuple(found)


@dataclass(frozen=True)
class _GraceEnd:
    """Clone 0 as pooled; clone 1 weighted once, at the end of the grace period.

    `members` are the patients of the model there, `heavy` the rows that it weighs, `position` their patients in it.
    """

    pooled: _Pooled
    at_end: TreatmentModel
    members: Booleans
    heavy: Booleans
    position: Integers
    cap: float | None

    def weights(self, counts: Integers | None) -> Floats:
        weights = self.pooled.weights(counts)
        rows = None if counts is None else counts[self.members].astype(float)
        with np.errstate(divide="ignore"):
            weights[self.heavy] = 1 / self.at_end.probabilities(rows)[self.position]
        return capped(weights, self.cap, self.pooled.used(counts))

    def positivity(self) -> tuple[Positivity, ...]:
        return self.pooled.positivity()


def capped(weights: Floats, cap: float | None, used: Booleans) -> Floats:
    """Weights of at most `cap`.

    Raises:
        NotEstimable: a weight of the `used` rows without bound.
    """
    bounded = np.isfinite(weights)
    if not bounded[used].all():
        raise NotEstimable("a weight is without bound: the treatment model is certain of what did not happen")
    finite = np.where(bounded, weights, 1.0)
    return finite if cap is None else np.minimum(finite, cap)


def clone_rows(table: Table, design: WeightedDesign) -> pd.DataFrame:
    """The clones as rows: id, clone (0, 1), start, stop (hours), died, weight."""
    arms = design.arms
    return pd.DataFrame(
        {
            "id": table.patients["id"].to_numpy()[arms.patient],
            "clone": arms.arm.astype(int),
            "start": arms.start,
            "stop": arms.stop,
            "died": arms.died,
            "weight": design.weighting.weights(None),
        }
    )
