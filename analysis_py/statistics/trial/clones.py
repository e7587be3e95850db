"""Clone, censor, weight: each patient follows both strategies until he deviates from one of them.

Hernán 2018 (doi:10.1136/bmj.k182) and Maringe et al. 2020 (doi:10.1093/ije/dyaa057), on a grid of decision points: what
happens in an interval is its beginning's covariates, the decision, then death. Clone 0 never starts within the grace
period and is censored where the patient starts. Clone 1 starts within it and is censored at the last decision if the
patient has not started and does not start there. Who has left (the ICU) alive without a start cannot start any more:
he is compatible with both strategies, and no row of the treatment model.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd

from analysis_py.statistics.design import Booleans
from analysis_py.statistics.efron import Integers
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.trial.arms import Arms
from analysis_py.statistics.trial.table import Table
from analysis_py.statistics.trial.treatment import fit_treatment
from analysis_py.statistics.trial.weighted import WeightedDesign, Weighting
from analysis_py.statistics.trial.weights import Equal, GraceEnd, Pooled

CloneWeights = Literal["pooled", "none", "grace_end"]

NEVER, START = "the strategy not to start", "the strategy to start"


@dataclass(frozen=True)
class Clones(WeightedDesign):
    """Clones of the patients `ids`."""

    ids: pd.Series = field(kw_only=True)

    def rows(self) -> pd.DataFrame:
        """For curves and diagnostics: id, clone (0, 1), start, stop (hours), died, weight."""
        return pd.DataFrame(
            {
                "id": self.ids.to_numpy()[self.arms.patient],
                "clone": self.arms.arm.astype(int),
                "start": self.arms.start,
                "stop": self.arms.stop,
                "died": self.arms.died,
                "weight": self.weighting.weights(None),
            }
        )

    def decisions(self) -> pd.DataFrame:
        """For diagnostics of the treatment model: id, k, starts, probability (of starting); empty without a model."""
        if not isinstance(self.weighting, Pooled):
            return pd.DataFrame({"id": [], "k": [], "starts": [], "probability": []})
        model = self.weighting.model
        return pd.DataFrame(
            {
                "id": self.ids.to_numpy()[self.weighting.patient],
                "k": self.weighting.point,
                "starts": model.starts,
                "probability": model.probabilities(),
            }
        )


def emulate(
    table: Table, covariates: Sequence[str], weights: CloneWeights, cap: float | None, hours: Sequence[float] = ()
) -> Clones:
    """The clones of `table` with their weights, ready to be summed and resampled.

    Raises:
        NotEstimable: no treatment model, or a decision at which all (none) start whom a clone must represent.
    """
    arms, slot = _clones(table, weights)
    return Clones(
        arms,
        _weighting(table, covariates, weights, arms, slot, cap),
        arms.patient,
        slot == table.grid.decisions,
        len(table.time),
        table.grid.horizon_h,
        tuple(hours),
        ids=table.patients["id"],
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
) -> Weighting:
    if weights == "none":
        return Equal(len(slot))
    named = table.baseline(covariates) if weights == "grace_end" else covariates
    model = fit_treatment(table.covariates(named), table.point, table.starts)
    shape = (len(table.time), table.grid.decisions)
    place = arms.patient * shape[1] + np.minimum(slot, shape[1] - 1)
    last = arms.arm & (slot >= shape[1] - 1) & (table.started[arms.patient] == shape[1] - 1)
    pooled = Pooled(model, table.patient, table.point, shape, arms.arm, place, last, cap)
    if weights == "pooled":
        return pooled
    pooled = replace(pooled, last=np.zeros(len(last), dtype=bool), represents=False)
    members = (table.time > table.grid.grace_h) & ~table.left
    if not members.any():
        raise NotEstimable("nobody who could start is left at the end of the grace period")
    starts = table.started[members] < shape[1]
    at_end = fit_treatment(table.covariates(named, members), None, starts)
    position = np.cumsum(members) - 1
    heavy = arms.arm & (slot == shape[1]) & (table.started < shape[1])[arms.patient]
    return GraceEnd(pooled, at_end, members, heavy, position[arms.patient[heavy]], cap)
