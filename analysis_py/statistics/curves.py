"""Times at risk, and the Kaplan-Meier curve of weighted rows that may enter late: its variance, the area below it."""

import numpy as np
import pandas as pd

from analysis_py.statistics.design import Booleans, Floats, as_numbers
from analysis_py.statistics.efron import Integers
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.estimate import Z_975

_SAME_TIME = float(np.sqrt(np.finfo(float).eps))


def weighted_curve(times: Floats, happened: Booleans, weights: Floats | None, start: Floats | None) -> pd.DataFrame:
    """Columns time, survival, lower, upper, at_risk; rows at 0 and at each distinct time.

    A row is at risk in (start, times]. The variance is Greenwood's; with weights the infinitesimal jackknife over rows.
    """
    weight = np.ones(len(times)) if weights is None else weights
    entry = np.full(len(times), -1.0) if start is None else start
    distinct = np.unique(np.concatenate([[0.0], times]))
    # a row is at risk from the first distinct time after its start to its own
    first, own = np.searchsorted(distinct, entry, side="right"), np.searchsorted(distinct, times)
    count = len(distinct)
    at_risk = _running(first, weight, count) - _running(own + 1, weight, count)
    deaths = np.asarray(np.bincount(own, weight * happened, count), dtype=np.float64)
    left = at_risk - deaths
    left[left <= 1e-12 * at_risk] = 0.0  # what rounding leaves of sums of weights is nobody
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        survival = np.cumprod(np.where(deaths > 0, left / at_risk, 1.0))
        step = np.where(deaths > 0, deaths / (at_risk * left), 0.0)
        variance = np.cumsum(step) if weights is None else _jackknife(first, own, happened, weight, step, left)
        half = Z_975 * np.sqrt(variance)
        lower, upper = survival * np.exp(-half), np.minimum(survival * np.exp(half), 1)
    at_risk[0] = weight[entry <= 0].sum()
    return pd.DataFrame(
        {
            "time": distinct,
            "survival": survival,
            "lower": np.where(survival > 0, lower, np.nan),
            "upper": np.where(survival > 0, upper, np.nan),
            "at_risk": at_risk,
        }
    )


def _running(place: Integers, values: Floats, count: int) -> Floats:
    """The sum of `values` up to each of `count` places."""
    return np.asarray(np.cumsum(np.bincount(place, values, count + 1))[:count])


def _jackknife(
    first: Integers, own: Integers, happened: Booleans, weight: Floats, step: Floats, left: Floats
) -> Floats:
    """Variance of the log of survival at each time: squares of each row's influence, times its weight, summed.

    The influence of a row is the sum of (dN - Y d/n) / (n - d) up to the time: `step` is d / (n (n - d)), `left` n - d.
    """
    grows = np.cumsum(step)
    before = np.concatenate([[0.0], grows])[first]
    ended = np.where(happened, 1 / left[own], 0.0) - (grows[own] - before)
    square, count = weight**2, len(step)
    done = _running(own, square * ended**2, count)
    sums = [
        _running(first, square * before**power, count) - _running(own, square * before**power, count)
        for power in range(3)
    ]
    return np.asarray(done + sums[0] * grows**2 - 2 * sums[1] * grows + sums[2]).clip(min=0)


def area(times: Floats, survival: Floats, horizon: float, whose: str) -> float:
    """Area below a curve that steps down at `times` (the first is 0), up to `horizon`.

    Raises:
        NotEstimable: the curve of `whose` ends before `horizon`.
    """
    if times[-1] < horizon and survival[-1] > 0:
        raise NotEstimable(f"{whose}: the last follow-up {times[-1]:g} is before {horizon:g}")
    widths = np.diff(np.append(times, np.inf).clip(max=horizon))
    return float(widths @ survival)


def area_variance(times: Floats, happened: Booleans, horizon: float) -> float:
    """Greenwood's variance of the area below the Kaplan-Meier curve up to `horizon`."""
    curve = weighted_curve(times, happened, None, None)
    distinct, survival, at_risk = (curve[name].to_numpy() for name in ("time", "survival", "at_risk"))
    widths = np.diff(np.append(distinct, np.inf).clip(max=horizon))
    left = np.cumsum((widths * survival)[::-1])[::-1]
    deaths = np.bincount(np.searchsorted(distinct, times), happened, len(distinct))
    alive = at_risk - deaths
    inside = (distinct <= horizon) & (alive > 0)
    return float((left[inside] ** 2 * deaths[inside] / (at_risk[inside] * alive[inside])).sum())


def durations(values: pd.Series) -> Floats:
    """A column of times as floats; those that differ by no more than rounding are one time.

    As R's survival does (Therneau's aeqSurv, `timefix`): a distance to the next smaller time of at most the square root
    of the machine's precision, in itself or as a share of the mean time, is none.

    Raises:
        NotEstimable: a negative, infinite or missing time.
    """
    times = as_numbers(values)
    if np.isnan(times).any():
        raise NotEstimable(f"{values.name} has missing values")
    if (times < 0).any():
        raise NotEstimable(f"{values.name} is negative in some rows")
    distinct = np.unique(times)
    gaps = np.diff(distinct, prepend=-np.inf)
    first = distinct[(gaps > _SAME_TIME) & (gaps > _SAME_TIME * distinct.mean())]
    return np.asarray(first[np.searchsorted(first, times, side="right") - 1])


def intervals(start: pd.Series, stop: pd.Series) -> tuple[Floats, Floats]:
    """Ends and starts of the times at risk (start, stop], rounded together as durations().

    Raises:
        NotEstimable: a negative, infinite or missing time, or an interval without length.
    """
    for values in (start, stop):
        durations(values)  # a fault is of one of them
    both = durations(pd.Series(np.concatenate([as_numbers(stop), as_numbers(start)])))
    ends, starts = both[: len(stop)], both[len(stop) :]
    if (ends <= starts).any():
        raise NotEstimable(f"{stop.name} is not after {start.name} in some rows")
    return ends, starts
