"""Treatment, death and length of stay, given the plan of the population; and what the study should make of each stay.

Assignment and hazard are linear in covariates that the study measures, and depend on nothing else: no hidden
confounder. A missing value has its true one under it. Up to the 48th hour dexmedetomidine changes nothing, so that
who is eligible does not depend on treatment; from then on it multiplies the hazard by the design's ratio, and both
potential times come from the same random number. Assumed numbers, no finding.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from twin.plan.design import Design
from twin.plan.faults import draw_faults
from twin.plan.population import FIRST, NEVER, RACES, SAME_ADMISSION
from twin.rows import Array, Columns

# Log odds of dexmedetomidine. Solved once on a large plan, so that its groups differ as the two of Table 1 do; not
# estimates: most of these differences are within chance.
_TREATMENT_INTERCEPT: Final = -28.35
_TREATMENT: Final = {
    "age": -0.02,
    "is_female": -0.26,
    "is_black": -0.28,
    "is_other_race": 0.37,
    "weight_kg": 0.0077,
    "urine_ml": 0.000071,
    "first_day_sofa": 0.052,
    "is_ventilated": 1.5,
    "vasopressor_24h": 0.11,
    "crrt_24h": 0.54,
    "propofol_24h": 0.67,
    "midazolam_24h": -0.2,
    "hypertension": 0.2,
    "congestive_heart_failure": -0.095,
    "copd": 0.048,
    "rheumatic_disease": -0.36,
    "liver_disease": -0.28,
    "tumor": -0.38,
    "heart_rate": -0.0095,
    "map": 0.025,
    "resp_rate": -0.025,
    "spo2": 0.16,
    "hemoglobin_true": -0.059,
    "platelets_low": 0.00064,
    "anion_gap_true": -0.12,
    "bicarbonate_true": 0.0069,
    "bun_true": -0.015,
    "creatinine_low": -0.096,
    "sodium_true": 0.083,
    "potassium_true": 0.14,
    "inr_true": -0.78,
    "sic_score": 0.1,
}
# confounding off: the share that gets it
_TREATED_SHARE: Final = 0.12

# Log hazard of death in hospital, in the variables of the paper's model 3. The treated are younger and have better
# kidneys, but more sedation, which weighs more here. For a conditional hazard ratio of 0.70 the crude one of the
# eligible is about 0.76; without confounding it would be 0.72, since hazard ratios are not collapsible. More bias would
# take the twin away from the deaths in Table 3.
_DEATH_INTERCEPT: Final = 0.35
_DEATH: Final = {
    "age": 0.017,
    "is_female": -0.05,
    "is_black": 0.05,
    "is_other_race": 0.10,
    "vasopressor_24h": 0.65,
    "crrt_24h": 0.40,
    "sic_score": 0.28,
    "propofol_24h": 0.40,
    "midazolam_24h": 0.15,
    "fentanyl_24h": 0.25,
    "tumor": 0.30,
    "liver_disease": 0.25,
    "heart_rate": 0.008,
    "resp_rate": 0.03,
    "spo2": -0.05,
    "anion_gap_true": 0.025,
    "bicarbonate_true": -0.03,
    "bun_true": 0.004,
    "creatinine_low": 0.02,
}

_WEIBULL_SHAPE: Final = 0.85
_BASELINE_HAZARD_28D: Final = 0.187  # cumulative, for a linear predictor of 0
_FOLLOW_UP_D: Final = 28.0
_EFFECT_FROM_D: Final = 2.0
_LATE_DEATHS: Final = 0.029  # of those alive on day 28

# dexmedetomidine courses 1 valid, 2 short and 3 late, as shares of those who get it; 0 is none
_COURSE_SHARES: Final = (0.74, 0.11, 0.15)

_IS_WHITE: Final = np.array([race.startswith("WHITE") for race in RACES])
_IS_BLACK: Final = np.array([race.startswith("BLACK") for race in RACES])


def draw_outcome(rng: np.random.Generator, plan: Columns, design: Design) -> None:
    """Add treatment, both potential outcomes, deaths, lengths of stay and faults of the record to `plan`."""
    _draw_treatment(rng, plan, design)
    _draw_death(rng, plan, design)
    _draw_stay(rng, plan)
    _draw_course(rng, plan)
    _settle_infection(plan)
    # by numbers of their own: whatever is laid, the patients stay the same
    draw_faults(rng.spawn(1)[0], plan)


def treatment_probability(plan: Columns) -> Array:
    """True propensity: chance of dexmedetomidine in the ICU, given covariates.

    The chance of a valid course among the eligible has the same log odds but for a constant.
    """
    return np.asarray(1 / (1 + np.exp(-_TREATMENT_INTERCEPT - _weighted(plan, _TREATMENT))))


def death_predictor(plan: Columns) -> Array:
    """Log hazard of death in hospital without dexmedetomidine, relative to a typical stay."""
    return _DEATH_INTERCEPT + _weighted(plan, _DEATH)


def _weighted(plan: Columns, weights: Mapping[str, float]) -> Array:
    race = plan["race"]
    known = plan | {"is_black": _IS_BLACK[race], "is_other_race": ~(_IS_BLACK | _IS_WHITE)[race]}
    return np.asarray(sum(weight * known[name] for name, weight in weights.items()))


def _draw_treatment(rng: np.random.Generator, plan: Columns, design: Design) -> None:
    count = len(plan["age"])
    plan["propensity"] = treatment_probability(plan) if design.confounding else np.full(count, _TREATED_SHARE)
    gets = rng.random(count) < plan["propensity"]
    plan["course"] = np.where(gets, 1 + rng.choice(3, count, p=_COURSE_SHARES), 0)


def _draw_death(rng: np.random.Generator, plan: Columns, design: Design) -> None:
    count = len(plan["age"])
    plan["death_predictor"] = death_predictor(plan)
    # cumulative hazard at which the patient dies, in units of the baseline's first 28 days
    reached = rng.exponential(size=count) / (_BASELINE_HAZARD_28D * np.exp(plan["death_predictor"]))
    before = (_EFFECT_FROM_D / _FOLLOW_UP_D) ** _WEIBULL_SHAPE
    slowed = np.where(reached > before, before + (reached - before) / design.hazard_ratio, reached)
    for name, hazard in (("death_d_untreated", reached), ("death_d_treated", slowed)):
        plan[name] = np.maximum(0.15, _FOLLOW_UP_D * hazard ** (1 / _WEIBULL_SHAPE))
    # a course too short or too late has no effect: the study leaves those stays out
    hours = np.where(plan["course"] == 1, plan["death_d_treated"], plan["death_d_untreated"]) * 24
    within = hours < 24 * _FOLLOW_UP_D
    later = ~within & (rng.random(count) < _LATE_DEATHS)
    hours = np.where(later, 24 * (_FOLLOW_UP_D + rng.exponential(12, count) + 0.1), hours)
    dies = within | later
    # nobody comes back after death
    plan["role"] = np.where(np.concatenate([[True], dies[:-1]]), FIRST, plan["role"])
    # the second stay of an admission is survived, so that the first stay's outcome is its own
    plan["death_h"] = np.where(dies & (plan["role"] != SAME_ADMISSION), hours, NEVER)


def _draw_stay(rng: np.random.Generator, plan: Columns) -> None:
    """Hours in the ICU, in hospital, of support. That a stay reaches 48 h does not depend on what comes after."""
    count = len(plan["age"])
    brief = rng.random(count) < 0.368
    treated = plan["course"] == 1
    slow = rng.normal(size=count)
    long = 48.1 + np.exp(np.where(treated, 4.54, 3.77) + np.where(treated, 1.10, 1.22) * slow)
    planned = np.where(brief, rng.uniform(7, 47.9, count), np.minimum(long, 50 * 24))
    death = np.nan_to_num(plan["death_h"], nan=np.inf)
    on_ward = rng.random(count) < 0.45
    leave_early = 48.05 + rng.random(count) * (np.minimum(death, 1e5) - 48.05)
    dying = np.where(brief, np.minimum(planned, death), np.where((death > 49) & on_ward, leave_early, death))
    late_death = death > 24 * _FOLLOW_UP_D
    plan["los_h"] = np.where(np.isinf(death) | late_death, np.minimum(planned, death), dying)
    after = np.where(
        rng.random(count) < 0.05, rng.uniform(0.05, 3, count), np.exp(rng.normal(np.where(treated, 4.92, 4.67), 1.0))
    )
    plan["hospital_end_h"] = np.where(np.isinf(death), plan["los_h"] + np.minimum(after, 90 * 24), death)
    # who stays long needs support for long
    tube, pressor = 0.75 * slow + 0.66 * rng.normal(size=(2, count))
    tube = np.exp(np.where(treated, 3.92, 3.65) + 1.36 * tube)
    plan["ventilation_h"] = np.where(plan["is_ventilated"], np.maximum(tube, 4.3), 0.0)
    plan["pressor_run_h"] = np.maximum(np.exp(np.where(treated, 3.72, 3.54) + 1.30 * pressor), 2.5)


def _draw_course(rng: np.random.Generator, plan: Columns) -> None:
    """Start and running hours of dexmedetomidine. A stay too short for the course it was to get has a short one.

    A stay of 48 h has room for every valid course: who counts as treated is settled at admission.
    """
    count, los = len(plan["age"]), plan["los_h"]
    course = plan["course"].copy()
    course[(course == 3) & (los < 56)] = 2
    course[(course == 1) & (los < 12)] = 2
    special = rng.random(count)
    start = np.where(
        special < 0.04,
        rng.uniform(-1, -0.05, count),  # hung before the transfer
        np.where(special > 0.96, rng.uniform(46.5, 47.9, count), np.minimum(rng.exponential(12, count), 40) + 0.2),
    )
    start = np.minimum(start, np.maximum(0.1, los - 6))
    start = np.where(course == 3, 48.2 + rng.random(count) * np.minimum(70, los - 54), start)
    duration = np.clip(np.exp(rng.normal(3.27, 1.26, count)), 4.3, None)
    duration = np.where(course == 2, np.minimum(rng.uniform(0.4, 3.8, count), 0.6 * los), duration)
    plan["course"] = course
    plan["dex_start_h"] = np.where(course > 0, start, NEVER)
    plan["exposure_duration_h"] = np.where(course > 0, np.minimum(duration, los - 0.2 - start), NEVER)
    plan["dex_rate"] = np.where(course > 0, np.clip(np.exp(rng.normal(-0.55, 0.45, count)), 0.1, 1.5), NEVER)
    plan["dex_on"] = course > 0


def _settle_infection(plan: Columns) -> None:
    """Late suspicion needs a long stay and an organ that keeps failing; otherwise only a culture is taken."""
    failing = np.maximum(np.maximum(plan["renal_level"], plan["liver_level"]), plan["coagulation_level"]) >= 2
    too_little = (plan["infection"] == 1) & ((plan["los_h"] < 125) | ~failing)
    plan["infection"] = np.where(too_little, 3, plan["infection"])


def study_view(plan: Columns) -> Columns:
    """What the study's default definitions should say about each stay: one boolean per rule."""
    view = {
        "is_septic": np.isin(plan["infection"], (0, 1)) & (plan["sofa_score"] >= 2),
        "is_septic_24h": (plan["infection"] == 0) & (plan["sofa_score"] >= 2),
        "is_first": plan["role"] == FIRST,
        "is_adult": plan["age"] >= 18,
        "is_pregnant": plan["is_pregnant"],
        "is_48h": plan["los_h"] >= 48,
        "gets_heparin": plan["heparin_infusion"],
        "is_dose_unknown": plan["dex_form"] > 0,
        "is_short_course": plan["course"] == 2,
        "is_late_course": plan["course"] == 3,
    }
    view["is_sic"] = view["is_septic_24h"] & (plan["sic_score"] >= 4)
    view["is_eligible"] = (
        view["is_sic"]
        & view["is_first"]
        & view["is_adult"]
        & ~view["is_pregnant"]
        & view["is_48h"]
        & ~view["gets_heparin"]
        & ~view["is_dose_unknown"]
        & (plan["course"] < 2)
    )
    view["is_exposed"] = view["is_eligible"] & (plan["course"] == 1)
    view["died_28d"] = plan["death_h"] < 24 * _FOLLOW_UP_D
    view["died"] = ~np.isnan(plan["death_h"])
    return view
