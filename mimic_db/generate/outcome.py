"""Treatment, death and length of stay, given the plan of the population; and what the study should make of each stay.

Assignment and hazard depend on covariates that the study measures, and on nothing else: no hidden confounder. Death in
hospital follows a proportional-hazards model whose conditional hazard ratio of dexmedetomidine is the design's; both
potential times come from the same random number. Assumed numbers, no finding.
"""

from typing import Final

import numpy as np

from mimic_db.generate.design import Design
from mimic_db.generate.population import FIRST, NEVER, SAME_ADMISSION
from mimic_db.generate.rows import Array, Columns

_TREATMENT_INTERCEPT: Final = -2.55
_WEIBULL_SHAPE: Final = 0.85
_BASELINE_HAZARD_28D: Final = 0.115  # cumulative, for a linear predictor of 0
_FOLLOW_UP_D: Final = 28.0

# dexmedetomidine courses, as shares of those who get it
COURSES: Final = ("none", "valid", "short", "late")
_COURSE_SHARES: Final = (0.88, 0.07, 0.05)


def draw_outcome(rng: np.random.Generator, plan: Columns, design: Design) -> None:
    """Add treatment, both potential outcomes, deaths and lengths of stay to `plan`."""
    _draw_treatment(rng, plan, design)
    _draw_death(rng, plan, design)
    _draw_stay(rng, plan)
    _draw_course(rng, plan)
    _settle_infection(plan)


def treatment_probability(plan: Columns) -> Array:
    """True propensity: chance of dexmedetomidine in the ICU, given covariates."""
    spo2 = (plan["spo2"] - 97.5) / 2
    log_odds = (
        _TREATMENT_INTERCEPT
        + 1.0 * plan["is_ventilated"]
        + 0.9 * plan["propofol_24h"]
        + 0.3 * plan["fentanyl_24h"]
        - 0.22 * (plan["age"] - 68) / 10
        - 0.25 * plan["is_female"]
        + 0.05 * (plan["sofa_score"] - 8)
        + 0.10 * (plan["weight_kg"] - 80) / 20
        + 0.12 * spo2
        - 0.25 * plan["tumor"]
        - 0.15 * (np.nan_to_num(plan["bun_low"], nan=23) - 23) / 20
    )
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def death_predictor(plan: Columns) -> Array:
    """Log hazard of death in hospital without dexmedetomidine, relative to a typical stay."""
    return np.asarray(
        0.20 * (plan["age"] - 68) / 10
        + 0.18 * (plan["sic_score"] - 4)
        + 0.40 * plan["vasopressor_24h"]
        + 0.45 * plan["crrt_24h"]
        + 0.25 * plan["tumor"]
        + 0.25 * plan["liver_disease"]
        + 0.08 * (plan["heart_rate"] - 88) / 10
        + 0.15 * (plan["resp_rate"] - 19) / 5
        - 0.12 * (plan["spo2"] - 97.5) / 2
        + 0.10 * (np.nan_to_num(plan["bun_low"], nan=23) - 23) / 20
        - 0.12 * (np.nan_to_num(plan["bicarbonate_low"], nan=21) - 21) / 4
        + 0.10 * (np.nan_to_num(plan["anion_gap_low"], nan=13) - 13) / 3
    )


def _draw_treatment(rng: np.random.Generator, plan: Columns, design: Design) -> None:
    count = len(plan["age"])
    plan["propensity"] = treatment_probability(plan)
    if not design.confounding:
        plan["propensity"] = np.full(count, plan["propensity"].mean())
    gets = rng.random(count) < plan["propensity"]
    plan["course"] = np.where(gets, 1 + rng.choice(3, count, p=_COURSE_SHARES), 0)


def _draw_death(rng: np.random.Generator, plan: Columns, design: Design) -> None:
    count = len(plan["age"])
    plan["death_predictor"] = death_predictor(plan)
    exponential = rng.exponential(size=count) / (_BASELINE_HAZARD_28D * np.exp(plan["death_predictor"]))
    for name, ratio in (("death_d_untreated", 1.0), ("death_d_treated", design.hazard_ratio)):
        plan[name] = np.maximum(0.15, _FOLLOW_UP_D * (exponential / ratio) ** (1 / _WEIBULL_SHAPE))
    # a course too short or too late has no effect: the study leaves those stays out
    hours = np.where(plan["course"] == 1, plan["death_d_treated"], plan["death_d_untreated"]) * 24
    within = hours < 24 * _FOLLOW_UP_D
    later = ~within & (rng.random(count) < 0.025)
    hours = np.where(later, 24 * (_FOLLOW_UP_D + rng.exponential(12, count) + 0.1), hours)
    dies = within | later
    # nobody comes back after death
    plan["role"] = np.where(np.concatenate([[True], dies[:-1]]), FIRST, plan["role"])
    # the second stay of an admission is survived, so that the first stay's outcome is its own
    plan["death_h"] = np.where(dies & (plan["role"] != SAME_ADMISSION), hours, NEVER)


def _draw_stay(rng: np.random.Generator, plan: Columns) -> None:
    """Hours in the ICU and in hospital. Whether the stay reaches 48 h never depends on a death after 48 h."""
    count = len(plan["age"])
    brief = rng.random(count) < 0.20
    treated = plan["course"] == 1
    long = 48.1 + np.exp(rng.normal(np.where(treated, 4.5, 3.85), 1.05))
    planned = np.where(brief, rng.uniform(7, 47.9, count), np.minimum(long, 50 * 24))
    death = np.nan_to_num(plan["death_h"], nan=np.inf)
    on_ward = rng.random(count) < 0.2
    leave_early = 48.05 + rng.random(count) * (np.minimum(death, 1e5) - 48.05)
    dying = np.where(brief, np.minimum(planned, death), np.where((death > 49) & on_ward, leave_early, death))
    late_death = death > 24 * _FOLLOW_UP_D
    plan["los_h"] = np.where(np.isinf(death) | late_death, np.minimum(planned, death), dying)
    after = np.where(rng.random(count) < 0.05, rng.uniform(0.05, 3, count), np.exp(rng.normal(4.85, 0.85, count)))
    plan["hospital_end_h"] = np.where(np.isinf(death), plan["los_h"] + np.minimum(after, 90 * 24), death)


def _draw_course(rng: np.random.Generator, plan: Columns) -> None:
    """Start and running hours of dexmedetomidine. A stay too short for its course gets none."""
    count, los = len(plan["age"]), plan["los_h"]
    course = plan["course"].copy()
    course[(course == 3) & (los < 56)] = 0
    course[(course == 1) & (los < 7)] = 2
    special = rng.random(count)
    start = np.where(
        special < 0.04,
        rng.uniform(-1, -0.05, count),  # hung before the transfer
        np.where(special > 0.96, rng.uniform(46.5, 47.9, count), np.minimum(rng.exponential(12, count), 40) + 0.2),
    )
    start = np.minimum(start, np.maximum(0.1, los - 6))
    start = np.where(course == 3, 48.2 + rng.random(count) * np.minimum(70, los - 54), start)
    duration = np.clip(np.exp(rng.normal(3.24, 1.0, count)), 4.3, None)
    duration = np.where(course == 2, np.minimum(rng.uniform(0.4, 3.8, count), 0.6 * los), duration)
    plan["course"] = course
    plan["dex_start_h"] = np.where(course > 0, start, NEVER)
    plan["dex_duration_h"] = np.where(course > 0, np.minimum(duration, los - 0.2 - start), NEVER)
    plan["dex_rate"] = np.where(course > 0, np.clip(np.exp(rng.normal(-0.55, 0.40, count)), 0.1, 1.5), NEVER)
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
        & (plan["course"] < 2)
    )
    view["is_exposed"] = view["is_eligible"] & (plan["course"] == 1)
    view["died_28d"] = plan["death_h"] < 24 * _FOLLOW_UP_D
    view["died"] = ~np.isnan(plan["death_h"])
    return view
