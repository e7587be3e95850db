"""The plan of the default data set: patients on both sides of every rule, and the planned effect."""

from functools import cache

import numpy as np
import pytest

from mimic_db.generate.block import blocks
from mimic_db.generate.design import Design
from mimic_db.generate.outcome import death_predictor, draw_outcome, study_view, treatment_probability
from mimic_db.generate.population import INFECTION_KINDS, draw_population
from mimic_db.generate.rows import Array, Columns, stack


@cache
def population(stays: int = 2000) -> Columns:
    parts = []
    for number, size in blocks(stays):
        rng = np.random.default_rng([1, number])
        plan = draw_population(rng, size, Design())
        draw_outcome(rng, plan, Design())
        parts.append(plan | study_view(plan))
    return stack(parts)


EXCLUSIONS = (
    "is_first",
    "is_adult",
    "is_pregnant",
    "is_48h",
    "gets_heparin",
    "is_short_course",
    "is_late_course",
)


@pytest.mark.parametrize("rule", EXCLUSIONS)
def test_each_exclusion_has_sic_patients_on_both_sides(rule: str) -> None:
    people = population()
    with_rule = people[rule][people["is_sic"]].astype(bool)
    assert with_rule.sum() >= 10
    assert (~with_rule).sum() >= 10


def test_sepsis_sic_and_every_score_occur() -> None:
    people = population()
    for name in ("is_septic", "is_sic"):
        assert 100 < people[name].sum() < 1900
    assert (np.bincount(people["sic_score"], minlength=7) >= 50).all()
    assert (np.bincount(people["infection"], minlength=len(INFECTION_KINDS)) >= 10).all()


@pytest.mark.parametrize("level", ["respiration", "cardiovascular", "liver", "renal", "cns"])
def test_every_sofa_level_occurs(level: str) -> None:
    assert (np.bincount(population()[f"{level}_level"], minlength=5) >= 10).all()


def test_ages_17_and_18_occur() -> None:
    assert {17, 18} <= set(population()["age"].tolist())


def test_enough_are_eligible_exposed_and_die_for_the_models() -> None:
    people = population()
    eligible, exposed = people["is_eligible"], people["is_exposed"]
    assert 450 <= eligible.sum() <= 800
    assert exposed.sum() >= 90
    assert 0.13 <= people["died_28d"][eligible].mean() <= 0.23
    for name in ("vasopressin_24h", "crrt_24h", "tumor", "rheumatic_disease", "midazolam_24h", "fentanyl_24h"):
        for group in (exposed, eligible & ~exposed):
            assert 1 <= people[name][group].sum() < group.sum()


def test_exposure_depends_on_covariates_and_the_hazard_ratio_is_the_planned_one() -> None:
    """Cox model of one covariate, treatment, with the true rest of the predictor as offset (Newton steps)."""
    people = population(20_000)
    eligible = people["is_eligible"].astype(bool)
    treated = people["is_exposed"][eligible].astype(float)
    propensity = people["propensity"][eligible]
    assert propensity[treated == 1].mean() > propensity[treated == 0].mean() + 0.05
    days = np.nan_to_num(people["death_h"][eligible] / 24, nan=np.inf)
    effect, error = _cox(days, days < 28, treated, people["death_predictor"][eligible])
    assert abs(effect - np.log(Design().hazard_ratio)) < 3 * error
    assert error < 0.1


def _cox(days: Array, event: Array, treated: Array, offset: Array) -> tuple[float, float]:
    order = np.argsort(-np.minimum(days, 28), kind="stable")
    event, treated, offset = event[order], treated[order], offset[order]
    effect, information = 0.0, 1.0
    for _ in range(20):
        weight = np.exp(offset + effect * treated)
        mean = np.cumsum(weight * treated) / np.cumsum(weight)
        information = float((mean * (1 - mean))[event].sum())
        effect += float((treated - mean)[event].sum()) / information
    return effect, information**-0.5


def test_potential_outcomes_differ_by_treatment_alone() -> None:
    people = population()
    ratio = people["death_d_treated"] / people["death_d_untreated"]
    assert (ratio >= 1).all()
    assert np.allclose(people["propensity"], treatment_probability(people))
    assert death_predictor(people).shape == people["age"].shape
