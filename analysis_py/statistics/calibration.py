"""Systematic error by negative and positive controls: empirical null, calibrated p and interval, EASE.

Estimates are logs of ratios with their standard errors, one per control. A control of which either is missing was not
estimable and is left out; one with an infinite error says nothing, and is left out too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, stats

from analysis_py.statistics.design import Floats, is_numeric
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.estimate import Z_975, Estimate

Numbers = Sequence[float] | pd.Series | npt.NDArray[Any]

_LEAST_CONTROLS = 2  # of one alone nobody knows the spread
_LEAST_FOR_INTERVAL = 3  # with fewer the posterior of the spread is hardly more than its prior
_LEAST_FOR_LINE = 3
_GRID = 400
_GAMMA = 0.0001  # shape and rate of the prior of the precision
_LEAST_SCALE = 0.05  # the prior reaches to 0.01: the grid must
_TIGHT = {"ftol": 1e-15, "gtol": 1e-10, "maxiter": 1000}
_LARGEST_LOG = 700  # of a ratio that a number can hold
_SMALLEST_ERROR = 1e-8  # of a log ratio; none is known so well


@dataclass(frozen=True)
class Null:
    """Systematic error of a design on the log scale: normal with this mean and standard deviation."""

    mean: float
    sd: float


@dataclass(frozen=True)
class ErrorModel:
    """Systematic error that may grow with the true log ratio t: the estimates scatter normally about
    mean_intercept + mean_slope t, with standard deviation sd_intercept + sd_slope |t|."""

    mean_intercept: float
    mean_slope: float
    sd_intercept: float
    sd_slope: float


@dataclass(frozen=True)
class NullPosterior:
    """Medians of the posterior of null and EASE, and the central 95 % of EASE."""

    null: Null
    ease: float
    ease_lower: float
    ease_upper: float


def fit_null(log_estimates: Numbers, standard_errors: Numbers) -> Null:
    """Maximum likelihood of the empirical null (Schuemie 2014, doi:10.1002/sim.5925): x ~ N(mean, sd^2 + se^2).

    The sd is 0 where the estimates scatter no more than their standard errors let them.

    Raises:
        NotEstimable: fewer than two controls, an infinite estimate, a standard error that is not positive.
    """
    x, error, _ = _controls(log_estimates, standard_errors, _LEAST_CONTROLS)
    sd = _best_sd(x, error)
    return Null(_profile(sd, x, error)[0], sd)


def null_posterior(log_estimates: Numbers, standard_errors: Numbers) -> NullPosterior:
    """How well the controls tell null and EASE: their posterior, with the priors of EmpiricalCalibration's fitMcmcNull.

    The mean may be any; the precision 1 / sd^2 has a gamma prior (0.0001, 0.0001): nearly uniform in the log of an sd
    above 0.01. Integrated on a grid where the package runs a Markov chain: the same result each time.

    Raises:
        NotEstimable: as fit_null(), or fewer than three controls.
    """
    x, error, _ = _controls(log_estimates, standard_errors, _LEAST_FOR_INTERVAL)
    quantiles = stats.norm.ppf((np.arange(_GRID) + 0.5) / _GRID)
    # every sd from 0 on, as s u / (1 - u)
    unit = (np.arange(4 * _GRID) + 0.5) / (4 * _GRID)
    sds = max(_scale(x, error), _LEAST_SCALE) * unit / (1 - unit)
    weights = 1 / (sds[:, None] ** 2 + error**2)
    means = weights @ x / weights.sum(axis=1)
    likelihood = 0.5 * (np.log(weights) - weights * (x - means[:, None]) ** 2).sum(axis=1)
    likelihood -= 0.5 * np.log(weights.sum(axis=1))
    prior = -(2 * _GAMMA + 1) * np.log(sds) - _GAMMA / sds**2
    posterior = likelihood + prior - 2 * np.log(1 - unit)  # the last is the width of a step
    mass = np.exp(posterior - posterior.max())
    drawn = means[:, None] + quantiles / np.sqrt(weights.sum(axis=1))[:, None]
    every = np.repeat(mass / mass.sum() / _GRID, _GRID)
    spread = np.repeat(sds, _GRID)
    eases = _folded(drawn.ravel(), spread)
    mean, sd = _quantiles(drawn.ravel(), every, [0.5])[0], _quantiles(spread, every, [0.5])[0]
    lower, middle, upper = _quantiles(eases, every, [0.025, 0.5, 0.975])
    return NullPosterior(Null(mean, sd), middle, lower, upper)


def fit_error_model(log_estimates: Numbers, true_log_ratios: Numbers, standard_errors: Numbers) -> ErrorModel:
    """Maximum likelihood of the error model, of negative (true log ratio 0) and positive controls together.

    Schuemie 2018, doi:10.1073/pnas.1708282114. Both parts of the standard deviation are 0 or more.

    Raises:
        NotEstimable: as fit_null(), a missing or infinite true ratio, fewer than three controls, or fewer than two
            true ratios.
    """
    x, error, truth = _controls(log_estimates, standard_errors, _LEAST_FOR_LINE, true_log_ratios)
    if np.ptp(truth) == 0:
        raise NotEstimable("true_log_ratios: one effect alone tells no slope; take fit_null()")
    design = np.column_stack([np.ones(len(truth)), truth])
    size = np.column_stack([np.ones(len(truth)), np.abs(truth)])

    def line(parts: Floats) -> Floats:
        root = 1 / np.sqrt((size @ parts) ** 2 + error**2)
        return np.asarray(np.linalg.lstsq(design * root[:, None], x * root, rcond=None)[0])

    def loss(parts: Floats) -> tuple[float, Floats]:
        """Minus the log likelihood, with the best line for these parts of the sd, and its gradient."""
        sd = size @ parts
        variance, residual = sd**2 + error**2, x - design @ line(parts)
        value = 0.5 * (np.log(variance) + residual**2 / variance).sum()
        return float(value), np.asarray(size.T @ (sd * (1 / variance - residual**2 / variance**2)))

    scale = _scale(x, error)
    found = [
        optimize.minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0, None)] * 2, options=_TIGHT)
        for start in scale * np.array([[a, b] for a in (0.01, 0.1, 0.5) for b in (0.01, 0.1, 0.5)])
    ]
    best = _polished(loss, np.asarray(min(found, key=lambda result: float(result.fun)).x))
    intercept, slope = line(best).tolist()
    return ErrorModel(intercept, slope, float(best[0]), float(best[1]))


def calibrated_p(
    null: Null,
    log_estimate: float,
    standard_error: float,
    alternative: Literal["two-sided", "greater"] = "two-sided",
) -> float:
    """p-value of an estimate among controls: how often would systematic and random error alone lead so far?

    Raises:
        NotEstimable: an estimate that is not finite, a standard error that is not positive and finite.
    """
    _require_estimate(log_estimate, standard_error)
    _require_null(null)
    z = (log_estimate - null.mean) / np.hypot(null.sd, standard_error)
    if alternative == "greater":
        return float(stats.norm.sf(z))
    if alternative == "two-sided":
        return float(2 * stats.norm.sf(abs(z)))
    raise ValueError(f"alternative must be two-sided or greater, not {alternative!r}")


def ease(null: Null) -> float:
    """Expected absolute systematic error E|N(mean, sd^2)|, log scale (Schuemie 2020, doi:10.1162/99608f92.147cc28e)."""
    _require_null(null)
    return float(_folded(np.array([null.mean]), np.array([null.sd]))[0])


def calibrated_interval(model: Null | ErrorModel, log_estimate: float, standard_error: float) -> Estimate:
    """The ratio (measure RR, natural scale) that an estimate means once its systematic error is taken off.

    The 95 % interval holds every true ratio from which the estimate is not further than 1.96 of its total standard
    deviations (Schuemie 2018, doi:10.1073/pnas.1708282114); the p-value is calibrated_p() of the error without effect.
    Rows and events are unknown here (0).

    Raises:
        NotEstimable: as calibrated_p(), or an error that grows so fast with the effect that the interval has no end.
    """
    _require_estimate(log_estimate, standard_error)
    full = ErrorModel(model.mean, 1.0, model.sd, 0.0) if isinstance(model, Null) else model
    if not np.isfinite([full.mean_intercept, full.mean_slope, full.sd_intercept, full.sd_slope]).all():
        raise NotEstimable("the model of systematic error is not finite")
    if full.sd_intercept < 0 or full.sd_slope < 0:
        raise ValueError("the standard deviation of systematic error is negative")
    if not full.mean_slope > Z_975 * full.sd_slope:
        raise NotEstimable("the systematic error grows so fast with the effect that the interval has no end")
    off = log_estimate - full.mean_intercept
    value, lower, upper = off / full.mean_slope, -_limit(full, -off, standard_error), _limit(full, off, standard_error)
    if max(-lower, upper) > _LARGEST_LOG:
        raise NotEstimable("the calibrated interval is beyond every number")
    return Estimate(
        measure="RR",
        value=float(np.exp(value)),
        lower=float(np.exp(lower)),
        upper=float(np.exp(upper)),
        p_value=calibrated_p(Null(full.mean_intercept, full.sd_intercept), log_estimate, standard_error),
        n=0,
        events=0,
    )


def _limit(model: ErrorModel, off: float, standard_error: float) -> float:
    """The t at which mean_slope t - off is 1.96 total standard deviations: a quadratic equation on each side of 0."""
    at_zero = Z_975 * np.hypot(model.sd_intercept, standard_error) + off
    slope = model.sd_slope if at_zero >= 0 else -model.sd_slope
    square = model.mean_slope**2 - (Z_975 * slope) ** 2
    half = model.mean_slope * off + Z_975**2 * model.sd_intercept * slope
    constant = off**2 - Z_975**2 * (model.sd_intercept**2 + standard_error**2)
    return float((half + np.sqrt(max(half**2 - square * constant, 0.0))) / square)


def _folded(mean: Floats, sd: Floats) -> Floats:
    """Mean of |X|, X normal."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.where(sd > 0, np.abs(mean) / sd, np.inf)
    return np.asarray(2 * sd * stats.norm.pdf(ratio) + np.abs(mean) * (1 - 2 * stats.norm.sf(ratio)))


def _profile(sd: float, x: Floats, error: Floats) -> tuple[float, float, float]:
    """For one sd: the best mean, the log likelihood there (less a constant), its derivative by the variance sd^2."""
    weight = 1 / (sd**2 + error**2)
    mean = float(weight @ x / weight.sum())
    square = weight * (x - mean) ** 2
    return mean, float(0.5 * (np.log(weight) - square).sum()), float(0.5 * (weight * (square - 1)).sum())


def _best_sd(x: Floats, error: Floats) -> float:
    """Where the profile likelihood is highest; it may have several tops, and one at 0."""
    widest = float(np.ptp(x))  # an sd beyond the range of the estimates fits worse with each step
    steps = np.concatenate([[0.0], np.geomspace(1e-6, 1, _GRID) * widest]) if widest > 0 else np.zeros(1)
    rising = np.array([_profile(sd, x, error)[2] > 0 for sd in steps])
    tops = [
        float(optimize.brentq(lambda sd: _profile(sd, x, error)[2], steps[at], steps[at + 1], xtol=1e-15))
        for at in np.flatnonzero(rising[:-1] & ~rising[1:])
    ]
    return max([0.0, *tops], key=lambda sd: _profile(sd, x, error)[1])


def _polished(loss: Callable[[Floats], tuple[float, Floats]], parts: Floats) -> Floats:
    """A minimum to the last digits: where the gradient of the parts above 0 vanishes, if that is no worse."""
    free = parts > 0

    def whole(values: Floats) -> Floats:
        filled = np.zeros(len(parts))
        filled[free] = values
        return filled

    if not free.any():
        return parts
    further = whole(optimize.root(lambda values: loss(whole(values))[1][free], parts[free], tol=1e-14).x)
    better = (further >= 0).all() and loss(further)[0] <= loss(parts)[0] + 1e-9
    return further if better else parts


def _scale(x: Floats, error: Floats) -> float:
    """A size of the order of the estimates' scatter."""
    return float(np.std(x) + np.median(error))


def _quantiles(values: Floats, mass: Floats, wanted: Sequence[float]) -> list[float]:
    order = np.argsort(values)
    below = np.cumsum(mass[order]) - mass[order] / 2
    return [float(value) for value in np.interp(wanted, below, values[order])]


def _controls(
    log_estimates: Numbers, standard_errors: Numbers, least: int, true_log_ratios: Numbers | None = None
) -> tuple[Floats, Floats, Floats]:
    """Estimates, standard errors and true log ratios (0 unless given) of the controls that say something.

    Raises:
        NotEstimable: fewer than `least`, an estimate or a true ratio that is not finite, an error that is not positive.
    """
    given = {"log_estimates": log_estimates, "standard_errors": standard_errors}
    if true_log_ratios is not None:
        given["true_log_ratios"] = true_log_ratios
    _require_same_rows(given)
    x, error = (_floats(given[name], name) for name in ("log_estimates", "standard_errors"))
    truth = np.zeros(len(x)) if true_log_ratios is None else _floats(true_log_ratios, "true_log_ratios")
    telling = ~np.isnan(x) & ~np.isnan(error) & ~(error > _LARGEST_LOG)
    x, error, truth = x[telling], error[telling], truth[telling]
    if not (np.abs(x) <= _LARGEST_LOG).all():
        raise NotEstimable("log_estimates: the log of no ratio that a number can hold, with a finite standard error")
    if not (error >= _SMALLEST_ERROR).all():
        raise NotEstimable("standard_errors: not positive in some rows")
    if not (np.abs(truth) <= _LARGEST_LOG).all():
        raise NotEstimable("true_log_ratios: missing or infinite in some rows")
    if len(x) < least:
        raise NotEstimable(f"log_estimates: {len(x)} controls with an estimate, {least} are needed")
    return x, error, truth


def _require_same_rows(given: dict[str, Numbers]) -> None:
    if len({len(values) for values in given.values()}) > 1:
        raise ValueError(f"{' and '.join(given)} are not of the same length")
    indexes = [values.index for values in given.values() if isinstance(values, pd.Series)]
    if any(not index.equals(indexes[0]) for index in indexes):
        raise NotEstimable(f"{' and '.join(given)} are not about the same rows")


def _floats(values: Numbers, name: str) -> Floats:
    column = pd.Series(values, name=name)
    if not is_numeric(column):
        raise NotEstimable(f"{name} is not numeric")
    return np.asarray(column.astype("Float64").to_numpy(dtype=float, na_value=np.nan), dtype=np.float64)


def _require_estimate(log_estimate: float, standard_error: float) -> None:
    if not abs(log_estimate) <= _LARGEST_LOG:
        raise NotEstimable(f"log_estimate {log_estimate:g} is the log of no ratio")
    if not _SMALLEST_ERROR <= standard_error <= _LARGEST_LOG:
        raise NotEstimable(f"standard_error {standard_error:g} is not a positive, finite standard error")


def _require_null(null: Null) -> None:
    if not np.isfinite([null.mean, null.sd]).all():
        raise NotEstimable("the empirical null is not finite")
    if null.sd < 0:
        raise ValueError("the standard deviation of an empirical null is negative")
