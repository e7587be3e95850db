"""Cumulative incidence by the method of Aalen and Johansen: curves, points, a difference of two."""

from collections.abc import Hashable, Sequence
from math import nan

import numpy as np
import pandas as pd
from scipy import stats

from analysis_py.statistics.competing.samples import place_of, position, read_samples
from analysis_py.statistics.design import complete, two_groups, with_values
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.estimate import Z_975, Estimate


def cumulative_incidence(
    data: pd.DataFrame,
    duration: str,
    cause: str,
    group: str,
    weights: str | pd.Series | None = None,
) -> pd.DataFrame:
    """Probability of each cause by each time (Aalen and Johansen 1978), by group.

    Returns group, cause, time, incidence: for each cause that occurs in the data a row at time 0 and at each distinct
    time of the group. `duration` in any unit, at least 0; rows with missing values are left out. `weights` are a
    column, or a Series on `data`'s index.

    Raises:
        NotEstimable: no events, an unusable column, a negative weight, or a group without weight.
    """
    samples, causes = read_samples(data, duration, cause, group, weights)
    parts = [
        pd.DataFrame(
            {
                "group": pd.Series([sample.level] * len(sample.times), dtype=object),
                "cause": pd.Series([name] * len(sample.times), dtype=object),
                "time": sample.times,
                "incidence": sample.incidence[at],
            }
        )
        for sample in samples
        for at, name in enumerate(causes)
    ]
    return pd.concat(parts, ignore_index=True)


def incidence_at(
    data: pd.DataFrame,
    duration: str,
    cause: str,
    group: str,
    times: Sequence[float],
    weights: str | pd.Series | None = None,
) -> pd.DataFrame:
    """Cumulative incidence at chosen `times` (unit of `duration`) with its error.

    Returns group, cause, time, incidence, se, lower, upper. The error is Gray's (1988, cmprsk's cuminc); with weights
    that of the infinitesimal jackknife over rows (weights taken as known, survival's survfit). The 95 % interval is
    symmetric on the log(-log) scale (Choudhury 2002, doi:10.1002/sim.1096), missing where nobody has the event.

    Raises:
        NotEstimable: as cumulative_incidence(), or a group whose follow-up ends before one of the `times`.
    """
    samples, causes = read_samples(data, duration, cause, group, weights)
    rows = []
    for sample in samples:
        places = [place_of(sample, time, f"{group}={sample.level}") for time in times]
        for at, name in enumerate(causes):
            errors = sample.errors(at, places)
            for time, place, error in zip(times, places, errors, strict=True):
                value = float(sample.incidence[at, place])
                rows.append((sample.level, name, float(time), value, error, *_log_log(value, error)))
    return pd.DataFrame(rows, columns=["group", "cause", "time", "incidence", "se", "lower", "upper"])


def incidence_difference(
    data: pd.DataFrame,
    duration: str,
    cause: str,
    group: str,
    of: Hashable,
    horizon: float,
    weights: str | pd.Series | None = None,
) -> Estimate:
    """Difference of the cumulative incidence of cause `of` at `horizon`, second level of `group` less the first.

    Errors as in incidence_at(), the groups being independent; Wald interval.

    Raises:
        NotEstimable: as incidence_at(), not two groups, or no event of the cause by `horizon`.
    """
    data, weight = with_values(data, weights, "weights")
    column = next(iter(weight), None)
    rows = complete(data, [duration, cause, group, *weight])
    two_groups(rows[group])
    samples, causes = read_samples(rows, duration, cause, group, column)
    at = position(of, causes, cause)
    places = [place_of(sample, horizon, f"{group}={sample.level}") for sample in samples]
    errors = [sample.errors(at, [place])[0] for sample, place in zip(samples, places, strict=True)]
    values = [float(sample.incidence[at, place]) for sample, place in zip(samples, places, strict=True)]
    error = float(np.hypot(errors[0], errors[1]))
    if not error > 0:
        raise NotEstimable(f"{cause}: no event of {of} by {horizon:g}, or nobody is left without one")
    difference = values[1] - values[0]
    return Estimate(
        measure="RD",
        value=difference,
        lower=difference - Z_975 * error,
        upper=difference + Z_975 * error,
        p_value=float(2 * stats.norm.sf(abs(difference / error))),
        n=len(rows),
        events=sum(
            int(((sample.codes == at + 1) & (sample.own <= place)).sum())
            for sample, place in zip(samples, places, strict=True)
        ),
    )


def _log_log(value: float, error: float) -> tuple[float, float]:
    if not (0 < value < 1 and error > 0):
        return nan, nan
    half = Z_975 * error / (value * np.log(value))  # negative: the logarithm is
    return float(value ** np.exp(-half)), float(value ** np.exp(half))
