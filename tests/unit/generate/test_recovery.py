"""The estimators find what the twin holds: a small version of bench/recovery.py, many stays in one fit each."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from analysis_py.statistics.estimate import Estimate
from analysis_py.study.analyses.cohorts import match_cohort
from analysis_py.study.analyses.effects import effect
from analysis_py.study.variables import DEATH_28D, FOLLOW_UP, HORIZON_DAYS, MODEL_3, TABLE_ONE, TREATMENT
from bench.recovery import (
    ESTIMANDS,
    Performance,
    Truth,
    Twin,
    draw_twin,
    judge,
    marginal_truth,
    measure,
    replicate,
    standard_error,
)
from twin.plan.design import Design

STAYS = 60_000  # eligible; as many as 20 seeds of the bench


@cache
def twin(hazard_ratio: float) -> Twin:
    return draw_twin(Design(hazard_ratio, missing=0), STAYS, seed=1)


def errors_from(estimate: Estimate, truth: Truth) -> float:
    """How many standard errors the estimate lies above the truth."""
    return (np.log(estimate.value) - truth.log_ratio) / np.hypot(standard_error(estimate), truth.error)


def marginal(people: Twin) -> Truth:
    return marginal_truth(people.potential[people.cohort[TREATMENT]])


@pytest.mark.parametrize("hazard_ratio", [0.7, 1.0])
def test_the_adjusted_model_finds_the_planted_hazard_ratio(hazard_ratio: float) -> None:
    estimate = effect(twin(hazard_ratio).cohort, DEATH_28D, MODEL_3)
    assert standard_error(estimate) < 0.05
    assert abs(errors_from(estimate, Truth(np.log(hazard_ratio)))) < 3


def test_the_crude_model_is_led_astray_by_confounding() -> None:
    # the planted confounding moves the ratio by a tenth: it takes many stays to see that in one fit
    confounded = draw_twin(Design(0.7, confounding=True, missing=0), 200_000, seed=1).cohort
    assert errors_from(effect(confounded, DEATH_28D, ()), Truth(np.log(0.7))) > 3


def test_the_crude_model_is_right_where_treatment_is_drawn_by_lot() -> None:
    by_lot = draw_twin(Design(0.7, confounding=False, missing=0), STAYS, seed=1)
    assert abs(errors_from(effect(by_lot.cohort, DEATH_28D, ()), marginal(by_lot))) < 3


def test_the_matched_model_finds_the_marginal_hazard_ratio() -> None:
    people = twin(0.7)
    # those without a coagulation panel are few and left out at random: imputing would take longer than all the rest
    full = people.cohort.dropna(subset=["inr_ratio"]).head(30_000)
    matched = match_cohort(full, ["sapsii_score"]).data
    assert matched[TREATMENT].sum() > 0.9 * full[TREATMENT].sum()
    assert abs(errors_from(effect(matched, DEATH_28D, ()), marginal(people))) < 3


def test_the_marginal_hazard_ratio_is_nearer_to_1_than_the_conditional_one() -> None:
    truth = marginal_truth(twin(0.4).potential)
    assert np.log(0.4) + 3 * truth.error < truth.log_ratio < 0


def test_without_an_effect_both_truths_are_1_exactly() -> None:
    assert marginal(twin(1.0)) == Truth(0.0)


def test_treatment_does_not_decide_who_is_eligible() -> None:
    """Nobody in the cohort would have died before 48 h under either treatment."""
    assert (twin(0.4).potential >= 2).all(axis=None)


def test_follow_up_is_the_potential_outcome_of_the_treatment_received() -> None:
    people = twin(0.7)
    own = people.potential["treated"].where(people.cohort[TREATMENT], people.potential["untreated"])
    pd.testing.assert_series_equal(people.cohort[FOLLOW_UP], own.clip(upper=HORIZON_DAYS), check_names=False)
    pd.testing.assert_series_equal(people.cohort[DEATH_28D], own < HORIZON_DAYS, check_names=False)


def test_without_gaps_only_what_the_plan_does_not_hold_is_missing() -> None:
    gaps = twin(0.7).cohort[[variable.name for variable in TABLE_ONE]].isna().mean()
    assert gaps["sapsii_score"] == 1
    # 2 % have no coagulation panel in any design
    assert gaps.drop(["sapsii_score", "inr_ratio", "pt_sec"]).max() == 0


def test_a_seed_gives_every_estimate_with_gaps_too() -> None:
    design = Design(missing=0.03)
    once, again = replicate(design, 1000, seed=1), replicate(design, 1000, seed=1)
    assert list(once.estimates) == list(ESTIMANDS)
    assert once.estimates == again.estimates
    assert all(0.2 < estimate.value < 2 for estimate in once.estimates.values())


def estimate_of(value: float, lower: float, upper: float, p_value: float) -> Estimate:
    return Estimate("HR", value, lower, upper, p_value, 100, 10)


def test_bias_and_coverage_are_counted_on_the_log_scale() -> None:
    estimates = [estimate_of(2.0, 1.0, 4.0, 0.05), estimate_of(0.5, 0.3, 0.9, 0.02)]
    found = measure(estimates, Truth(np.log(1.0)))
    assert found.mean == pytest.approx(0) and found.bias == pytest.approx(0)
    assert found.coverage == 0.5 and found.significant == 0.5
    assert found.bias_error == pytest.approx(np.log(2.0))


@pytest.mark.parametrize(
    ("bias", "coverage", "seeds", "must_be_biased", "verdict"),
    [
        (0.015, 0.95, 100, False, "met"),
        (0.050, 0.95, 100, False, "NOT met: bias"),
        (0.001, 0.97, 100, False, "met"),
        (0.001, 0.98, 100, False, "unclear: coverage"),
        (0.001, 0.98, 1000, False, "NOT met: coverage"),
        (0.001, 0.92, 1000, False, "NOT met: coverage"),
        (0.050, 0.90, 100, True, "met: biased"),
        (0.010, 0.95, 100, True, "NOT met: no bias"),
    ],
)
def test_the_criterion(bias: float, coverage: float, seeds: int, must_be_biased: bool, verdict: str) -> None:
    found = Performance(0, bias, 0.01, coverage, 0.05, 0.1, 0.1, seeds)
    assert judge(found, must_be_biased) == verdict
