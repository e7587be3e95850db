"""Treatment, death, the stay and the follow-up, given who the patients are.

Assignment and hazard depend on what the study measures and on nothing else: no hidden confounder. Who is included does
not depend on treatment except by death in the first 48 h: whoever is to stay 48 h stays, or dies before. Assumed
numbers, no finding.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from twin.rows import Array, Columns
from twin.zigong.clock import TICK_H, between, on_a_bound, on_grid
from twin.zigong.design import Design
from twin.zigong.population import sic_score

DAY28_H: Final = 28 * 24.0
MIN_STAY_H: Final = 48.0

_TREATMENT_INTERCEPT: Final = -1.45
_TREATMENT: Final = {"age_decades": -0.15, "propofol_24h": 0.65, "sufentanil_24h": 0.55}
_LATE_SHARE: Final = 0.02

_HAZARD_INTERCEPT: Final = -1.5
_HAZARD: Final = {
    "age_decades": 0.22,
    "true_female": -0.1,
    "propofol_24h": 0.45,
    "sufentanil_24h": 0.3,
    "vasopressor_24h": 0.3,
    "sic_over_4": 0.25,
}
_WEIBULL_SHAPE: Final = 0.7
_DIES_IN_HOSPITAL: Final = 0.55  # of those whom death finds there; the others are taken home to die


def draw_outcome(rng: np.random.Generator, plan: Columns, design: Design) -> None:
    """Add treatment, death, ends of the stays and what the follow-up finds to `plan`; hours since `anchor_h`."""
    propensity = 1 / (1 + np.exp(-_TREATMENT_INTERCEPT - _weighted(plan, _TREATMENT)))
    plan["gets_early"] = rng.random(len(propensity)) < propensity
    _draw_death(rng, plan, design)
    _draw_stay(rng, plan)
    _draw_first_order(rng, plan)
    _draw_follow_up(rng, plan)


def log_hazard(plan: Columns) -> Array:
    """Log hazard of death without dexmedetomidine, relative to a typical patient."""
    return np.asarray(_HAZARD_INTERCEPT + _weighted(plan, _HAZARD))


def _weighted(plan: Columns, weights: Mapping[str, float]) -> Array:
    derived = {"age_decades": (plan["true_age"] - 68) / 10, "sic_over_4": np.maximum(sic_score(plan) - 4, -2)}
    return np.asarray(sum(weight * (plan | derived)[name] for name, weight in weights.items()))


def _draw_death(rng: np.random.Generator, plan: Columns, design: Design) -> None:
    """Death in hours; beyond two years nobody looks."""
    count = len(plan["age"])
    hazard = np.exp(log_hazard(plan)) * np.where(plan["gets_early"], design.hazard_ratio, 1)
    days = 28 * (rng.exponential(size=count) / hazard) ** (1 / _WEIBULL_SHAPE)
    death = np.maximum(on_grid(np.minimum(days, 730) * 24), 1)
    near = (death > 20 * 24) & (death < 40 * 24)
    plan["death_h"] = np.where(near, on_a_bound(rng, death, 0.15, DAY28_H, DAY28_H + TICK_H), death)


def _draw_stay(rng: np.random.Generator, plan: Columns) -> None:
    """ICU and hospital discharge. Those who are to stay less than 48 h do so whatever comes after."""
    count, death = len(plan["age"]), plan["death_h"]
    brief = rng.random(count) < 0.30
    short = on_a_bound(rng, on_grid(rng.uniform(5, 47.9, count)), 0.04, MIN_STAY_H - TICK_H, 47.90625)
    long = MIN_STAY_H + on_grid(np.minimum(np.exp(rng.normal(4.2, 1.0, count)), 60 * 24))
    planned = np.where(brief, short, on_a_bound(rng, long, 0.03, MIN_STAY_H))
    after = on_grid(np.exp(rng.normal(4.7, 0.9, count)))
    plan["died_hospital"] = (death <= planned + after) & (rng.random(count) < _DIES_IN_HOSPITAL)
    home_to_die = (death <= planned + after) & ~plan["died_hospital"]
    stays_until = np.where(~brief & (death >= MIN_STAY_H), MIN_STAY_H, 0)
    going = np.maximum(death - on_grid(TICK_H + rng.exponential(14, count)), stays_until)
    leaves = np.where(plan["died_hospital"], death, np.where(home_to_die, np.minimum(going, death), planned + after))
    plan["stay_end_h"] = np.minimum(planned, leaves)
    plan["hospital_end_h"] = leaves
    gap = rng.random(count)
    plan["has_icu_end"] = np.where(plan["has_icu"], gap > np.where(leaves == plan["stay_end_h"], 0.4, 0.03), gap > 0.8)
    plan["has_hospital_end"] = rng.random(count) >= 0.005
    plan["icd_count"] = np.where(rng.random(count) < 0.005, 0, rng.integers(1, 6, count))
    # without a diagnosis there is no status at discharge either
    plan["died_hospital"] &= plan["icd_count"] > 0


def _draw_first_order(rng: np.random.Generator, plan: Columns) -> None:
    """When dexmedetomidine is ordered first. Early: settled at admission, given before the patient leaves or dies.

    Late: for some of the others who are still there, without effect.
    """
    count, end = len(plan["age"]), plan["stay_end_h"]
    early = on_grid(np.minimum(rng.exponential(9, count), 47) * np.minimum(end / MIN_STAY_H, 1))
    early = np.where(end >= 24, on_a_bound(rng, early, 0.05, 0.0, 24.0), early)
    late = ~plan["gets_early"] & (end > 72) & (rng.random(count) < _LATE_SHARE)
    first = np.where(plan["gets_early"], early, np.where(late, between(rng, 49, end, count), np.nan))
    plan["dexmedetomidine_h"] = first


def _draw_follow_up(rng: np.random.Generator, plan: Columns) -> None:
    """What the outcome table says: who is called dead, and the dates that it has (NaN = missing)."""
    count, death, end = len(plan["age"]), plan["death_h"], plan["hospital_end_h"]
    until = on_grid(rng.uniform(60, 500, count) * 24)
    until = np.where(rng.random(count) < 0.05, on_grid(rng.uniform(3, 27, count) * 24), until)
    until = np.maximum(until, end)
    in_hospital = plan["died_hospital"]
    is_lost, unwritten, pick = rng.random(count) < 0.05, rng.random(count), rng.random(count)
    died_later = ~in_hospital & (death <= until) & ~is_lost
    overlooked = in_hospital & (rng.random(count) < 0.15)
    plan["follow_vital"] = np.where((in_hospital & ~overlooked) | died_later, 1, 0)
    delay = np.where(in_hospital & (rng.random(count) < 0.08), between(rng, TICK_H, 3, count), 0)
    dated = np.where(in_hospital, ~overlooked & (unwritten > 0.10), died_later & (unwritten > 0.03))
    plan["death_date_h"] = np.where(dated, death + delay, np.nan)
    plan["follow_date_h"] = np.where(
        is_lost, np.nan, np.where(died_later & (pick < 0.5), np.maximum(death, end), until)
    )
    # neither date: dead, and nobody knows since when
    undated = died_later & ~dated & (pick > 0.6)
    plan["follow_date_h"] = np.where(undated, np.nan, plan["follow_date_h"])
    plan["has_outcome"] = rng.random(count) >= 0.006
