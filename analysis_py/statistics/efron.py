"""Cox's partial likelihood with Efron's ties, start times and weights, by Newton's method.

lifelines and statsmodels fit the same model, but both stop with an error where one covariate alone has no finite
coefficient (a rare comorbidity without deaths), where R's coxph still gives the right limit for all others. They are
also ten times slower, and neither offers the test of proportional hazards of R's cox.zph.

Sums over the d deaths tied at one time are written as d steps: at step l the dead count 1 - l/d in the risk set.
Every step sees a weighted risk set, so information = X' diag(a) X - M' M with M the mean covariates of each step.
With case weights a step counts the mean weight of the deaths tied with it, and a row weighs its own times its hazard
(R's coxph; Therneau and Grambsch 2000, section 3.3). With start times a risk set is who has not left by then less who
has not yet come.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis_py.statistics.design import Booleans, Floats
from analysis_py.statistics.errors import NotEstimable

Integers = npt.NDArray[np.int64]

_ITERATIONS = 50
_RELATIVE_CHANGE = 1e-9  # of the log likelihood, as coxph.control


@dataclass(frozen=True)
class Entries:
    """Who comes late: rows (positions in sorted order) by start time, last first.

    `absent` counts for each step the leading rows that have not come, `came` for each row the steps after its start.
    """

    order: Integers
    absent: Integers
    came: Integers


@dataclass(frozen=True)
class RiskSets:
    """Rows sorted by time, last first, so that each risk set is a leading block.

    `steps` has one entry per death: the end of its risk set (`stop`), the fraction l/d of the tied deaths that is taken
    off, and the range of death positions (`first`, `last`) at its time in `deaths`. `weights` are those of the rows,
    `step_weights` the mean of the deaths tied with each.
    """

    order: Integers
    times: Floats
    dead: Booleans
    deaths: Integers
    stop: Integers
    first: Integers
    last: Integers
    fraction: Floats
    weights: Floats
    step_weights: Floats
    entries: Entries | None = None


@dataclass(frozen=True)
class CoxFit:
    """Maximum of the partial likelihood; `infinite` marks coefficients that run away. Rows as given to fit()."""

    coefficients: Floats
    covariance: Floats
    log_likelihood: float
    null_log_likelihood: float
    infinite: Booleans
    matrix: Floats
    sets: RiskSets


def risk_sets(
    duration: Floats, event: Booleans, weights: Floats | None = None, start: Floats | None = None
) -> RiskSets:
    """Order rows by descending time and lay out one step per death. A row is at risk in (start, duration]."""
    order = np.lexsort((np.arange(len(duration)), -duration))
    times, dead = duration[order], event[order]
    deaths = np.flatnonzero(dead)
    death_times = times[deaths]
    # descending times: searchsorted wants ascending, hence the minus signs
    stop = np.searchsorted(-times, -death_times, side="right")
    first = np.searchsorted(-death_times, -death_times, side="left")
    last = np.searchsorted(-death_times, -death_times, side="right")
    fraction = (np.arange(len(deaths)) - first) / (last - first)
    weight = np.ones(len(times)) if weights is None else weights[order]
    of_deaths = np.cumsum(weight[deaths])
    step_weights = (_before(of_deaths, last) - _before(of_deaths, first)) / (last - first)
    entries = None if start is None else _entries(start[order], death_times)
    return RiskSets(order, times, dead, deaths, stop, first, last, fraction, weight, step_weights, entries)


def _entries(start: Floats, death_times: Floats) -> Entries:
    order = np.lexsort((np.arange(len(start)), -start))
    absent = np.searchsorted(-start[order], -death_times, side="right")
    came = np.searchsorted(-death_times, -start, side="left")
    return Entries(order, absent, came)


def _at_risk(sets: RiskSets, of_rows: Floats) -> Floats:
    """The sum of `of_rows` over each step's risk set."""
    sums = np.asarray(np.cumsum(of_rows, axis=0)[sets.stop - 1])
    if sets.entries is not None:
        sums = sums - _before(np.cumsum(of_rows[sets.entries.order], axis=0), sets.entries.absent)
    return sums


def _before(cumulative: Floats, index: Integers) -> Floats:
    padded = np.concatenate([np.zeros_like(cumulative[:1]), cumulative])
    return np.asarray(padded[index])


@dataclass(frozen=True)
class _Moments:
    weight: Floats  # case weight times exp(linear predictor), rows
    total: Floats  # sum of weights in each step's risk set
    mean: Floats  # mean covariates in each step's risk set


def _moments(x: Floats, sets: RiskSets, coefficients: Floats) -> tuple[_Moments, float]:
    linear = x @ coefficients
    shift = linear.max()
    weight = sets.weights * np.exp(linear - shift)
    weighted = x * weight[:, None]
    at_death, weighted_at_death = weight[sets.deaths], weighted[sets.deaths]
    tied = _before(np.cumsum(at_death), sets.last) - _before(np.cumsum(at_death), sets.first)
    cumulative = np.cumsum(weighted_at_death, axis=0)
    weighted_tied = _before(cumulative, sets.last) - _before(cumulative, sets.first)
    total = _at_risk(sets, weight) - sets.fraction * tied
    if not (total > 1e-200).all():
        # so far apart that a whole risk set weighs nothing: no place to step to
        return _Moments(weight, total, weighted_tied), -np.inf
    sums = _at_risk(sets, weighted) - sets.fraction[:, None] * weighted_tied
    of_deaths = linear[sets.deaths] * sets.weights[sets.deaths]
    log_likelihood = float(of_deaths.sum() - (sets.step_weights * (np.log(total) + shift)).sum())
    return _Moments(weight, total, sums / total[:, None]), log_likelihood


def _row_sums(sets: RiskSets, per_step: Floats) -> Floats:
    """For each row, the sum of `per_step` over the steps in whose risk set it is, less what ties take off."""
    trailing = np.concatenate([np.cumsum(per_step[::-1], axis=0)[::-1], np.zeros_like(per_step[:1])])
    # a row is at risk in every step whose risk set ends behind it; `stop` ascends
    sums = np.asarray(trailing[np.searchsorted(sets.stop, np.arange(len(sets.times)), side="right")])
    if sets.entries is not None:
        # steps run from the last time to the first: those up to the start stand at the end
        sums -= trailing[sets.entries.came]
    taken = np.cumsum((sets.fraction * per_step.T).T, axis=0)
    sums[sets.deaths] -= _before(taken, sets.last) - _before(taken, sets.first)
    return sums


def _information(x: Floats, sets: RiskSets, moments: _Moments, step_weight: Floats) -> Floats:
    row_weight = moments.weight * _row_sums(sets, step_weight / moments.total)
    return np.asarray(x.T @ (x * row_weight[:, None]) - moments.mean.T @ (moments.mean * step_weight[:, None]))


def _score(x: Floats, sets: RiskSets, moments: _Moments) -> Floats:
    of_deaths = x[sets.deaths] * sets.weights[sets.deaths, None]
    return np.asarray(of_deaths.sum(axis=0) - (moments.mean * sets.step_weights[:, None]).sum(axis=0))


def invert(information: Floats) -> Floats:
    """The covariance that an information matrix stands for; directions of which nothing is known have none."""
    return np.asarray(np.linalg.pinv(information, rcond=1e-15, hermitian=True))


def fit(
    x: Floats, duration: Floats, event: Booleans, weights: Floats | None = None, start: Floats | None = None
) -> CoxFit:
    """Maximum partial likelihood. `x` (rows x columns, standardized), `duration` >= 0 in any unit.

    `weights` > 0, of a mean near 1; `start` before `duration`. The covariance is the inverse information.

    Raises:
        NotEstimable: no events, or Newton's method does not settle.
    """
    if not event.any():
        raise NotEstimable("no events")
    sets = risk_sets(duration, event, weights, start)
    sorted_x = x[sets.order]
    coefficients = np.zeros(x.shape[1])
    moments, log_likelihood = _moments(sorted_x, sets, coefficients)
    null = log_likelihood
    for _ in range(_ITERATIONS):
        covariance = invert(_information(sorted_x, sets, moments, sets.step_weights))
        step = covariance @ _score(sorted_x, sets, moments)
        for _ in range(30):
            trial, trial_likelihood = _moments(sorted_x, sets, coefficients + step)
            if trial_likelihood >= log_likelihood - _RELATIVE_CHANGE * abs(log_likelihood):
                break
            step = step / 2
        settled = abs(trial_likelihood - log_likelihood) <= _RELATIVE_CHANGE * abs(trial_likelihood)
        coefficients, moments, log_likelihood = coefficients + step, trial, trial_likelihood
        if settled or abs(log_likelihood) < _RELATIVE_CHANGE:
            break
    else:
        raise NotEstimable("the Cox model does not converge")
    covariance = invert(_information(sorted_x, sets, moments, sets.step_weights))
    further = covariance @ _score(sorted_x, sets, moments)
    infinite = diverging(coefficients, further) | (abs(log_likelihood) < 1e-6)
    return CoxFit(coefficients, covariance, log_likelihood, null, infinite, x, sets)


def diverging(coefficients: Floats, further_step: Floats) -> Booleans:
    """Which coefficients would still move by a further Newton step although the likelihood has settled (as coxph)."""
    return (np.abs(further_step) > 1e-6) & (np.abs(further_step) > 1e-4 * np.abs(coefficients))


def clustered_covariance(model: CoxFit, cluster: Integers) -> Floats:
    """Sandwich covariance with score residuals summed within clusters (Lin and Wei 1989). `cluster`: code per row.

    Case weights are taken as known.
    """
    sets = model.sets
    x = model.matrix[sets.order]
    moments, _ = _moments(x, sets, model.coefficients)
    hazard = _row_sums(sets, sets.step_weights / moments.total)
    mean_hazard = _row_sums(sets, moments.mean * sets.step_weights[:, None] / moments.total[:, None])
    scores = -moments.weight[:, None] * (x * hazard[:, None] - mean_hazard)
    cumulative = np.cumsum(moments.mean, axis=0)
    ties = (sets.last - sets.first)[:, None]
    excess = x[sets.deaths] - (_before(cumulative, sets.last) - _before(cumulative, sets.first)) / ties
    scores[sets.deaths] += sets.weights[sets.deaths, None] * excess
    sums = np.zeros((int(cluster.max()) + 1, x.shape[1]))
    np.add.at(sums, cluster[sets.order], scores)
    influence = sums @ model.covariance
    return np.asarray(influence.T @ influence)


def proportionality_score(model: CoxFit, column: int) -> float:
    """Chi-square (1 df) of the score test that one coefficient does not change with 1 - Kaplan-Meier.

    The test of R's cox.zph since survival 3.0 (Therneau), with its default transform of time.
    """
    sets = model.sets
    x = model.matrix[sets.order]
    moments, _ = _moments(x, sets, model.coefficients)
    deaths_at, at_risk = sets.last - sets.first, sets.stop
    # one factor per distinct time; steps run from the last time to the first
    leading = sets.fraction == 0
    factors = 1 - deaths_at[leading] / at_risk[leading]
    survival_before = np.cumprod(np.concatenate([[1.0], factors[::-1]]))[:-1][::-1]
    transformed = np.repeat(1 - survival_before, deaths_at[leading])
    transformed = transformed - transformed.mean()
    score = float(transformed @ (x[sets.deaths, column] - moments.mean[:, column]))
    cross = _information(x, sets, moments, transformed)[:, column]
    own = _information(x, sets, moments, transformed**2)[column, column]
    variance = own - cross @ model.covariance @ cross
    if variance <= 0:
        raise NotEstimable("too few distinct event times to test proportional hazards")
    return score**2 / float(variance)
