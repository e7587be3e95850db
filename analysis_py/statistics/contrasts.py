"""Two Kaplan-Meier curves compared at a horizon: difference and ratio of the risks, difference of the mean times."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis_py.statistics.curves import area, durations, weighted_curve
from analysis_py.statistics.design import (
    Booleans,
    Floats,
    as_events,
    as_weights,
    clusters,
    complete,
    two_groups,
    with_values,
)
from analysis_py.statistics.efron import Integers
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.estimate import Z_975, Estimate


@dataclass(frozen=True)
class _Arm:
    """Risk by the horizon and mean event-free time up to it; the influence of each row on both, times its weight."""

    risk: float
    mean: float
    on_risk: Floats
    on_mean: Floats


@dataclass(frozen=True)
class CurvesCompared:
    """The curve of the treated against that of the others, `n` rows with `events` by the horizon.

    `codes` are the clusters of the rows: who is in one is not independent, be it of the same arm or of the other.
    """

    treated: _Arm
    untreated: _Arm
    codes: Integers
    event: str
    n: int
    events: int

    def risk_difference(self) -> Estimate:
        """RD, treated less untreated, with its Wald interval.

        Raises:
            NotEstimable: no events by the horizon, or nobody is left without one.
        """
        error = self._error(self.treated.on_risk - self.untreated.on_risk)
        return self._difference("RD", self.treated.risk - self.untreated.risk, error)

    def risk_ratio(self) -> Estimate:
        """RR, treated by untreated, its interval symmetric on the log scale (delta method).

        Raises:
            NotEstimable: as risk_difference(), or an arm without events.
        """
        for name, arm in (("treated", self.treated), ("untreated", self.untreated)):
            if not arm.risk > 0:
                raise NotEstimable(f"{self.event}: no events among the {name}")
        error = self._error(self.treated.on_risk / self.treated.risk - self.untreated.on_risk / self.untreated.risk)
        log_ratio = self._difference("RR", float(np.log(self.treated.risk / self.untreated.risk)), error)
        value, lower, upper = np.exp([log_ratio.value, log_ratio.lower, log_ratio.upper]).tolist()
        return Estimate("RR", value, lower, upper, log_ratio.p_value, self.n, self.events)

    def mean_difference(self) -> Estimate:
        """RMSTD, treated less untreated, in the unit of the durations.

        Raises:
            NotEstimable: as risk_difference().
        """
        error = self._error(self.treated.on_mean - self.untreated.on_mean)
        return self._difference("RMSTD", self.treated.mean - self.untreated.mean, error)

    def _error(self, influence: Floats) -> float:
        return float(np.sqrt((np.bincount(self.codes, influence) ** 2).sum()))

    def _difference(self, measure: str, value: float, error: float) -> Estimate:
        if not error > 0:
            raise NotEstimable(f"{self.event}: no events by the horizon, or nobody is left without one")
        half = Z_975 * error
        p_value = float(2 * stats.norm.sf(abs(value / error)))
        return Estimate(measure, value, value - half, value + half, p_value, self.n, self.events)


def compare_curves(
    data: pd.DataFrame,
    duration: str,
    event: str,
    group: str,
    horizon: float,
    weights: str | pd.Series | None = None,
    cluster: str | pd.Series | None = None,
) -> CurvesCompared:
    """Kaplan-Meier curves of both levels of `group` up to `horizon` (unit of `duration`), the second being the treated.

    `weights` and `cluster` are columns, or Series on `data`'s index; rows of weight 0 are left out. The errors are
    those of the infinitesimal jackknife, weights taken as known, influences summed within clusters (without: each row
    is its own): R's survfit(robust = TRUE), and Greenwood's where nothing is weighted or clustered.

    Raises:
        NotEstimable: not two groups, an unusable column, a negative weight, a missing cluster or a single one, or a
            group whose follow-up ends before `horizon`.
    """
    data, weight = with_values(data, weights, "weights")
    data, sets = with_values(data, cluster, "cluster")
    data = data.reset_index(drop=True)  # rows are found again by their label
    rows = complete(data, [duration, event, group, *weight])
    if weight:
        rows = rows[as_weights(rows[weight[0]]) > 0]
    heavy = as_weights(rows[weight[0]]) if weight else np.ones(len(rows))
    times, happened = durations(rows[duration]), as_events(rows[event])
    treated = two_groups(rows[group])
    codes = clusters(data, rows.index, sets[0]) if sets else np.arange(len(rows))
    return CurvesCompared(
        treated=_arm(times, happened, heavy, treated, horizon, f"treated of {group}"),
        untreated=_arm(times, happened, heavy, ~treated, horizon, f"untreated of {group}"),
        codes=codes,
        event=event,
        n=len(rows),
        events=int((happened & (times <= horizon)).sum()),
    )


def _arm(times: Floats, happened: Booleans, weight: Floats, members: Booleans, horizon: float, whose: str) -> _Arm:
    """One arm, its influences laid out on all rows (0 for those of the other).

    The influence of a row on log S(t) is minus the sum of (dN - Y d/n) / (n - d) up to t, n and d being sums of
    weights: on S at the horizon and on the area below S it is that sum, each term times what of both lies behind it.
    """
    own_times, own_happened, own_weight = times[members], happened[members], weight[members]
    curve = weighted_curve(own_times, own_happened, own_weight, None)
    distinct, survival, at_risk = (curve[name].to_numpy(dtype=float) for name in ("time", "survival", "at_risk"))
    mean = area(distinct, survival, horizon, whose)
    end = float(survival[np.searchsorted(distinct, horizon, side="right") - 1])
    place = np.searchsorted(distinct, own_times)
    deaths = np.bincount(place, own_weight * own_happened, len(distinct))
    left = at_risk - deaths
    some = left > 1e-12 * at_risk  # where nobody is left nothing lies behind
    inverse = np.divide(1.0, left, out=np.zeros(len(left)), where=some)
    rate = np.divide(deaths, at_risk, out=np.zeros(len(left)), where=some)
    widths = np.diff(np.append(distinct, np.inf).clip(max=horizon))
    behind = {
        "risk": np.where(distinct <= horizon, end, 0.0),
        "mean": np.cumsum((widths * survival)[::-1])[::-1],
    }
    influence = {}
    for name, value in behind.items():
        grown = np.cumsum(rate * inverse * value)
        by_row = own_happened * (inverse * value)[place] - grown[place]
        influence[name] = np.zeros(len(times))
        influence[name][members] = own_weight * by_row
    return _Arm(1 - end, mean, influence["risk"], -influence["mean"])
