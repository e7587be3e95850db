"""Fine and Gray's partial likelihood with Breslow ties, by Newton's method.

Who has had a competing event stays at risk of the cause with the weight G(t-) / G(x-): of those who are not censored by
his time x, the share that is not censored by t (G: Kaplan-Meier of the censoring). A row's place among the distinct
times of the cause says in which risk sets it counts fully (those up to its own time), and after it a competing one's
weight is a product of two factors; so all sums over risk sets are running sums.
"""

from dataclasses import dataclass

import numpy as np

from analysis_py.statistics.design import Booleans, Floats
from analysis_py.statistics.efron import Integers, diverging, invert
from analysis_py.statistics.errors import NotEstimable

_ITERATIONS = 50
_RELATIVE_CHANGE = 1e-12  # of the log likelihood


@dataclass(frozen=True)
class _Risks:
    """K distinct times of the cause: number of events, G just before each; rows: events up to their own time.

    `later` is 1 / G(x-) of rows with a competing event and 0 of others.
    """

    times: Floats
    events: Floats
    free: Floats
    own: Integers
    later: Floats

    def over_rows(self, values: Floats) -> Floats:
        """The sum of `values` (rows, or rows x columns) over each weighted risk set."""
        full = _tails(_sums(self.own, values, len(self.times) + 1))[1:]
        competing = np.cumsum(_sums(self.own, (values.T * self.later).T, len(self.times) + 1), axis=0)[:-1]
        return np.asarray(full + (competing.T * self.free).T)

    def over_times(self, values: Floats) -> Floats:
        """For each row, the sum of `values` (times, or times x columns) with its weight in each risk set."""
        zero = np.zeros_like(values[:1])
        until = np.concatenate([zero, np.cumsum(values, axis=0)])[self.own]
        after = np.concatenate([_tails((values.T * self.free).T), zero])[self.own]
        return np.asarray(until + (after.T * self.later).T)


@dataclass(frozen=True)
class Fit:
    """Maximum of the partial likelihood; `infinite` marks coefficients that run away.

    `scores` are the rows' score residuals, `censoring` what each row adds by being part of the estimate of G.
    """

    coefficients: Floats
    inverse_information: Floats
    infinite: Booleans
    scores: Floats
    censoring: Floats

    def covariance(self) -> Floats:
        """The sandwich of Fine and Gray 1999, section 5."""
        influence = (self.scores + self.censoring) @ self.inverse_information
        return np.asarray(influence.T @ influence)


def fit(x: Floats, times: Floats, event: Booleans, censored: Booleans) -> Fit:
    """Maximum partial likelihood. `x` (rows x columns, standardized); neither `event` nor `censored` is competing.

    Raises:
        NotEstimable: no events, or Newton's method does not settle.
    """
    if not event.any():
        raise NotEstimable("no events")
    free = _before(times, censored, times)
    distinct = np.unique(times[event])
    risks = _Risks(
        distinct,
        np.bincount(np.searchsorted(distinct, times[event]), minlength=len(distinct)).astype(float),
        _before(times, censored, distinct),
        np.searchsorted(distinct, times, side="right"),
        np.where(event | censored, 0.0, 1 / free),
    )
    coefficients = np.zeros(x.shape[1])
    of_events = x[event].sum(axis=0)
    hazard, total, likelihood = _state(x, risks, coefficients, of_events)
    for _ in range(_ITERATIONS):
        covariance, score, _ = _newton(x, risks, hazard, total, of_events)
        step = covariance @ score
        for _ in range(30):
            trial = _state(x, risks, coefficients + step, of_events)
            if trial[2] >= likelihood - _RELATIVE_CHANGE * abs(likelihood):
                break
            step = step / 2
        settled = abs(trial[2] - likelihood) <= _RELATIVE_CHANGE * abs(trial[2])
        coefficients, (hazard, total, likelihood) = coefficients + step, trial
        if settled:
            break
    else:
        raise NotEstimable("the Fine-Gray model does not converge")
    covariance, score, mean = _newton(x, risks, hazard, total, of_events)
    infinite = diverging(coefficients, covariance @ score) | (abs(likelihood) < 1e-6)
    baseline = risks.events / total
    scores = -hazard[:, None] * (x * risks.over_times(baseline)[:, None] - risks.over_times(mean * baseline[:, None]))
    scores[event] += x[event] - mean[risks.own[event] - 1]
    return Fit(
        coefficients, covariance, infinite, scores, _censoring(x, times, censored, risks, hazard, mean, baseline)
    )


def _state(x: Floats, risks: _Risks, coefficients: Floats, of_events: Floats) -> tuple[Floats, Floats, float]:
    """exp(linear predictor) of rows, its sum in each risk set, and the log likelihood; up to one common factor."""
    linear = x @ coefficients
    shift = linear.max()
    hazard = np.exp(linear - shift)
    total = risks.over_rows(hazard)
    if not (total > 1e-200).all():
        return hazard, total, -np.inf
    likelihood = float(of_events @ coefficients - risks.events @ (np.log(total) + shift))
    return hazard, total, likelihood


def _newton(
    x: Floats, risks: _Risks, hazard: Floats, total: Floats, of_events: Floats
) -> tuple[Floats, Floats, Floats]:
    """Inverse information, score, and the mean covariates of each risk set."""
    mean = risks.over_rows(x * hazard[:, None]) / total[:, None]
    weight = hazard * risks.over_times(risks.events / total)
    information = x.T @ (x * weight[:, None]) - mean.T @ (mean * risks.events[:, None])
    return invert(information), of_events - risks.events @ mean, mean


def _censoring(
    x: Floats, times: Floats, censored: Booleans, risks: _Risks, hazard: Floats, mean: Floats, baseline: Floats
) -> Floats:
    """Each row's part in the error of G, times what the score owes to G (psi of Fine and Gray 1999)."""
    if not censored.any():
        return np.zeros_like(x)
    moments = np.unique(times[censored])
    ordered = np.sort(times)
    at_risk = len(times) - np.searchsorted(ordered, moments)
    rate = np.bincount(np.searchsorted(moments, times[censored])) / at_risk
    # competing events before, and times of the cause from the moment of censoring on
    order = np.argsort(times, kind="stable")
    gone = np.searchsorted(times[order], moments, side="left")
    share = (hazard * risks.later)[order]
    weight = np.concatenate([[0.0], np.cumsum(share)])[gone]
    weighted = np.concatenate([np.zeros((1, x.shape[1])), np.cumsum(x[order] * share[:, None], axis=0)])[gone]
    ahead = np.searchsorted(risks.times, moments, side="left")
    increase = risks.free * baseline
    later = np.append(_tails(increase), 0.0)[ahead]
    later_mean = np.concatenate([_tails(mean * increase[:, None]), np.zeros((1, x.shape[1]))])[ahead]
    owed = (weighted * later[:, None] - later_mean * weight[:, None]) / at_risk[:, None]
    compensator = np.concatenate([np.zeros((1, x.shape[1])), np.cumsum(owed * rate[:, None], axis=0)])
    result = -compensator[np.searchsorted(moments, times, side="right")]
    result[censored] += owed[np.searchsorted(moments, times[censored])]
    return np.asarray(result)


def _before(times: Floats, happened: Booleans, wanted: Floats) -> Floats:
    """The Kaplan-Meier curve of `happened` just before each of the `wanted` times."""
    moments = np.unique(times[happened])
    at_risk = len(times) - np.searchsorted(np.sort(times), moments)
    count = np.bincount(np.searchsorted(moments, times[happened]), minlength=len(moments))
    curve = np.cumprod(np.concatenate([[1.0], 1 - count / at_risk]))
    return np.asarray(curve[np.searchsorted(moments, wanted, side="left")])


def _sums(place: Integers, values: Floats, count: int) -> Floats:
    sums = np.zeros((count, *values.shape[1:]))
    np.add.at(sums, place, values)
    return sums


def _tails(values: Floats) -> Floats:
    """Sums from each place to the end."""
    return np.asarray(np.cumsum(values[::-1], axis=0)[::-1])
