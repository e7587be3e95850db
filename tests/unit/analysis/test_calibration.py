"""Calibration by controls: against independent computations, and at the edges."""

from collections.abc import Callable
from math import inf, nan

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, optimize, stats

from analysis_py.statistics.calibration import (
    ErrorModel,
    Null,
    calibrated_interval,
    calibrated_p,
    ease,
    fit_error_model,
    fit_null,
    null_posterior,
)
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.estimate import Z_975


def _controls(count: int = 30, mean: float = 0.2, sd: float = 0.3, seed: int = 4) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    errors = random.uniform(0.05, 0.5, count)
    return random.normal(mean, np.hypot(sd, errors)), errors


def _minus_likelihood(parts: np.ndarray, x: np.ndarray, errors: np.ndarray) -> float:
    return -float(stats.norm.logpdf(x, parts[0], np.hypot(parts[1], errors)).sum())


# --- the null ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_the_null_is_the_maximum_of_the_likelihood(seed: int) -> None:
    x, errors = _controls(seed=seed)
    theirs = optimize.minimize(
        _minus_likelihood, [0, 0.3], (x, errors), "Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}
    )
    ours = fit_null(x, errors)
    assert (ours.mean, ours.sd) == pytest.approx((theirs.x[0], abs(theirs.x[1])), abs=1e-6)


def test_of_two_tops_the_higher_one_is_taken() -> None:
    # precise controls near 0 that agree, vague ones far away: the likelihood has a top at each sd
    x, errors = np.array([0.0, 0.001, -0.001, 3, -3, 3.2, -3.1]), np.array([0.001, 0.001, 0.001, 0.9, 0.9, 0.9, 0.9])
    ours = fit_null(x, errors)
    grid = [_minus_likelihood(np.array([ours.mean, sd]), x, errors) for sd in np.linspace(0, 5, 5001)]
    assert _minus_likelihood(np.array([ours.mean, ours.sd]), x, errors) <= min(grid) + 1e-9


def test_estimates_that_scatter_less_than_their_errors_have_no_systematic_scatter() -> None:
    assert fit_null([0.4, 0.4, 0.4], [0.1, 0.2, 0.3]) == Null(pytest.approx(0.4), 0.0)
    assert ease(Null(0.4, 0.0)) == pytest.approx(0.4)
    assert ease(Null(-0.4, 0.0)) == pytest.approx(0.4)
    assert ease(Null(0.0, 0.0)) == 0


def test_two_controls_are_enough_and_one_is_not() -> None:
    assert fit_null([0.0, 2.0], [0.1, 0.1]) == Null(pytest.approx(1), pytest.approx(np.sqrt(1 - 0.01)))
    for x, errors in (([], []), ([0.3], [0.1]), ([0.3, nan], [0.1, 0.1]), ([0.3, 0.2], [0.1, inf])):
        with pytest.raises(NotEstimable, match="controls with an estimate, 2 are needed"):
            fit_null(x, errors)


def test_controls_without_an_estimate_are_left_out() -> None:
    x, errors = _controls()
    longer = [*x, nan, 0.2, None, inf], [*errors, 0.1, nan, 0.1, inf]
    assert fit_null(*longer) == fit_null(x, errors)
    assert null_posterior(*longer) == null_posterior(x, errors)


@pytest.mark.parametrize("call", [fit_null, null_posterior], ids=["null", "posterior"])
@pytest.mark.parametrize(
    ("x", "errors", "message"),
    [
        ([0.1, 0.2, 0.3], [0.1, 0.0, 0.1], "standard_errors: not positive"),
        ([0.1, 0.2, 0.3], [0.1, -0.1, 0.1], "standard_errors: not positive"),
        ([0.1, inf, 0.3], [0.1, 0.1, 0.1], "log_estimates: the log of no ratio"),
        ([0.1, -1e200, 0.3], [0.1, 0.1, 0.1], "log_estimates: the log of no ratio"),
        (["a", "b", "c"], [0.1, 0.1, 0.1], "log_estimates is not numeric"),
        (pd.Series([0.1, 0.2, 0.3]), pd.Series([0.1, 0.1, 0.1], index=[2, 1, 0]), "not about the same rows"),
    ],
)
def test_unusable_controls(call: Callable, x: list, errors: list, message: str) -> None:
    with pytest.raises(NotEstimable, match=message):
        call(x, errors)
    with pytest.raises(ValueError, match="not of the same length"):
        call([0.1, 0.2], [0.1])


# --- EASE --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("null", [Null(0, 0.3), Null(0.2, 0.3), Null(-1, 0.1), Null(0.5, 2)])
def test_ease_is_the_mean_of_the_absolute_error(null: Null) -> None:
    area, _ = integrate.quad(lambda x: abs(x) * stats.norm.pdf(x, null.mean, null.sd), -20, 20, points=[0, null.mean])
    assert ease(null) == pytest.approx(area, rel=1e-7)


def test_the_posterior_is_that_of_a_markov_chain() -> None:
    x, errors = _controls(8)
    random = np.random.default_rng(1)
    place, kept = np.array([0.2, np.log(0.3)]), []

    def log_posterior(at: np.ndarray) -> float:
        sd = np.exp(at[1])
        # gamma(0.0001, 0.0001) of 1 / sd^2, on the log scale
        return -_minus_likelihood(np.array([at[0], sd]), x, errors) - 2e-4 * at[1] - 1e-4 / sd**2

    here = log_posterior(place)
    for _ in range(30_000):
        wanted = place + random.normal(0, [0.2, 0.6])
        there = log_posterior(wanted)
        if np.log(random.random()) < there - here:
            place, here = wanted, there
        kept.append(place)
    means, sds = np.array(kept).T
    eases = np.array([ease(Null(mean, np.exp(sd))) for mean, sd in zip(means[::10], sds[::10], strict=True)])
    ours = null_posterior(x, errors)
    theirs = np.quantile(eases, [0.025, 0.5, 0.975])
    assert (ours.ease_lower, ours.ease, ours.ease_upper) == pytest.approx(theirs, rel=0.08)
    assert (ours.null.mean, ours.null.sd) == pytest.approx((np.median(means), np.exp(np.median(sds))), rel=0.08)


def test_more_controls_know_ease_better() -> None:
    few, many = (null_posterior(*_controls(count)) for count in (5, 200))
    assert many.ease_upper - many.ease_lower < (few.ease_upper - few.ease_lower) / 3
    with pytest.raises(NotEstimable, match="2 controls with an estimate, 3 are needed"):
        null_posterior([0.1, 0.2], [0.1, 0.1])


@pytest.mark.parametrize("x", [[0.3] * 6, [0.0] * 6, [0.3, 0.3, 0.3, 0.3, 0.3, 9]])
@pytest.mark.parametrize("error", [1e-7, 0.1, 20])
def test_the_posterior_of_strange_controls_is_a_number(x: list[float], error: float) -> None:
    ours = null_posterior(x, [error] * 6)
    assert 0 <= ours.ease_lower <= ours.ease <= ours.ease_upper < inf
    assert ours.null.sd > 0


# --- calibrated p and interval -----------------------------------------------------------------------------------


def test_without_systematic_error_p_and_interval_are_the_usual_ones() -> None:
    assert calibrated_p(Null(0, 0), 0.5, 0.2) == pytest.approx(2 * stats.norm.sf(2.5))
    assert calibrated_p(Null(0, 0), -0.5, 0.2, "greater") == pytest.approx(stats.norm.cdf(2.5))
    ours = calibrated_interval(Null(0, 0), 0.5, 0.2)
    wanted = np.exp([0.5, 0.5 - 0.2 * Z_975, 0.5 + 0.2 * Z_975])
    assert (ours.value, ours.lower, ours.upper) == pytest.approx(wanted)
    assert (ours.measure, ours.p_value) == ("RR", calibrated_p(Null(0, 0), 0.5, 0.2))


@pytest.mark.parametrize("x", [-3, -0.4, 0, 0.05, 0.6, 2])
@pytest.mark.parametrize(
    "model", [ErrorModel(0.1, 0.9, 0.2, 0.3), ErrorModel(-0.3, 1.2, 0, 0.4), ErrorModel(0, 1, 1, 0)]
)
def test_the_limits_are_the_effects_from_which_the_estimate_is_just_not_too_far(model: ErrorModel, x: float) -> None:
    ours = calibrated_interval(model, x, 0.15)

    def distance(ratio: float) -> float:
        true = np.log(ratio)
        off = x - model.mean_intercept - model.mean_slope * true
        return off / np.hypot(model.sd_intercept + model.sd_slope * abs(true), 0.15)

    assert distance(ours.lower) == pytest.approx(Z_975, rel=1e-9)
    assert distance(ours.upper) == pytest.approx(-Z_975, rel=1e-9)
    assert distance(ours.value) == pytest.approx(0, abs=1e-9)


def test_an_error_that_grows_too_fast_has_no_interval() -> None:
    with pytest.raises(NotEstimable, match="has no end"):
        calibrated_interval(ErrorModel(0, 1, 0.1, 0.52), 0.5, 0.1)
    with pytest.raises(NotEstimable, match="beyond every number"):
        calibrated_interval(ErrorModel(0, 1, 600, 0), 0.5, 0.1)
    with pytest.raises(NotEstimable, match="not finite"):
        calibrated_interval(ErrorModel(nan, 1, 0.1, 0), 0.5, 0.1)
    with pytest.raises(ValueError, match="negative"):
        calibrated_interval(ErrorModel(0, 1, -0.1, 0), 0.5, 0.1)


@pytest.mark.parametrize("call", [calibrated_p, calibrated_interval], ids=["p", "interval"])
def test_unusable_estimates(call: Callable) -> None:
    for x, error in ((nan, 0.1), (inf, 0.1), (0.1, 0), (0.1, -1), (0.1, nan), (0.1, inf)):
        with pytest.raises(NotEstimable, match=r"log_estimate|standard_error"):
            call(Null(0, 0.1), x, error)
    with pytest.raises(NotEstimable, match="not finite"):
        call(Null(0, nan), 0.1, 0.1)
    with pytest.raises(ValueError, match="negative"):
        call(Null(0, -1), 0.1, 0.1)
    with pytest.raises(ValueError, match="alternative must be"):
        calibrated_p(Null(0, 1), 0.1, 0.1, "less")  # type: ignore[arg-type]


# --- the error model ---------------------------------------------------------------------------------------------


def _with_positive(seed: int, slope: float = 0.3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = np.tile(np.log([1, 1.5, 2, 4]), 25)
    errors = random.uniform(0.05, 0.3, 100)
    return random.normal(0.1 + 0.9 * truth, np.hypot(0.1 + slope * truth, errors)), truth, errors


@pytest.mark.parametrize("slope", [0.3, 0.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_error_model_is_the_maximum_of_the_likelihood(seed: int, slope: float) -> None:
    x, truth, errors = _with_positive(seed, slope)

    def loss(parts: np.ndarray) -> float:
        a, b, c, d = parts
        if min(c, d) < 0:
            return 1e10
        return -float(stats.norm.logpdf(x, a + b * truth, np.hypot(c + d * np.abs(truth), errors)).sum())

    options = {"xatol": 1e-8, "fatol": 1e-12, "maxiter": 10_000, "maxfev": 10_000}
    theirs = optimize.minimize(loss, [0.1, 0.9, 0.1, 0.2], method="Nelder-Mead", options=options)
    model = fit_error_model(x, truth, errors)
    ours = [model.mean_intercept, model.mean_slope, model.sd_intercept, model.sd_slope]
    assert loss(np.array(ours)) <= theirs.fun + 1e-9
    assert ours == pytest.approx(theirs.x.tolist(), abs=2e-4)  # their search does not reach a bound


def test_a_control_without_its_truth_or_one_truth_alone() -> None:
    x, truth, errors = _with_positive(1)
    with pytest.raises(NotEstimable, match="true_log_ratios: missing"):
        fit_error_model(x, [nan, *truth[1:]], errors)
    with pytest.raises(NotEstimable, match="one effect alone"):
        fit_error_model(x, truth * 0, errors)
    with pytest.raises(NotEstimable, match="3 are needed"):
        fit_error_model(x[:2], truth[:2], errors[:2])
    with pytest.raises(ValueError, match="not of the same length"):
        fit_error_model(x, truth[1:], errors)
    # who says nothing needs no truth
    longer = fit_error_model([*x, nan], [*truth, nan], [*errors, 0.1])
    assert longer == fit_error_model(x, truth, errors)


def test_estimates_on_the_line_have_no_systematic_scatter() -> None:
    ours = fit_error_model([0.1, 0.6, 1.1], [0.0, 0.5, 1.0], [0.1, 0.1, 0.1])
    assert (ours.mean_intercept, ours.mean_slope) == pytest.approx((0.1, 1))
    assert (ours.sd_intercept, ours.sd_slope) == pytest.approx((0, 0), abs=1e-4)
