"""Who the patients are and how ill on the first ICU day: the plan, before treatment and outcome come in (outcome.py).

Laboratory values are whole hundredths of the unit in which Zigong reports, so that a value on a threshold lies on it.
Shares and medians are assumed, so that as many are included as section 3.6 of Huang 2024 says; no finding.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from twin.rows import Array, Columns
from twin.zigong.clock import on_grid


@dataclass(frozen=True)
class LabTest:
    """A laboratory test in whole hundredths of Zigong's unit; `step` is its last digit, `missing` the share without it.

    `unit_factor` makes hundredths a value in the study's unit. A test with a median is drawn around it, log-normal.
    """

    unit_factor: float
    step: int
    missing: float
    median: float = 0
    spread: float = 0


TESTS: Final = {
    "platelets": LabTest(0.01, 100, 0.02),
    "inr": LabTest(0.01, 1, 0.03),
    "bilirubin": LabTest(0.01 / 17.1, 10, 0.10),
    "creatinine": LabTest(0.01 / 88.4, 10, 0.04),
    "pt": LabTest(0.01, 10, 0.03, 1380, 0.15),
    "bun": LabTest(0.01 * 2.8, 10, 0.05, 850, 0.55),
    "albumin": LabTest(0.01 * 0.1, 10, 0.06, 3050, 0.17),
    "lactate": LabTest(0.01, 10, 0.15, 210, 0.55),
    "wbc": LabTest(0.01, 10, 0.02, 1150, 0.50),
    "hemoglobin": LabTest(0.01 * 0.1, 100, 0.02, 10700, 0.20),
}

# SIC score 0..6: share of patients, and the points of platelets, INR and organs that it may be made of
_SIC: Final[Sequence[tuple[float, Sequence[tuple[float, tuple[int, int, int]]]]]] = (
    (0.17, ((1.0, (0, 0, 0)),)),
    (0.13, ((0.5, (0, 0, 1)), (0.25, (1, 0, 0)), (0.25, (0, 1, 0)))),
    (0.28, ((0.7, (0, 0, 2)), (0.1, (1, 0, 1)), (0.1, (0, 1, 1)), (0.05, (1, 1, 0)), (0.05, (2, 0, 0)))),
    (0.225, ((0.4, (1, 0, 2)), (0.44, (0, 1, 2)), (0.06, (1, 1, 1)), (0.05, (2, 0, 1)), (0.05, (0, 2, 1)))),
    (0.11, ((0.35, (2, 0, 2)), (0.2, (0, 2, 2)), (0.4, (1, 1, 2)), (0.03, (2, 1, 1)), (0.02, (1, 2, 1)))),
    (0.055, ((0.6, (2, 1, 2)), (0.35, (1, 2, 2)), (0.05, (2, 2, 1)))),
    (0.03, ((1.0, (2, 2, 2)),)),
)  # fmt: skip

# hundredths: lowest and highest value of each SOFA level, the first of which lies on the threshold
_BILIRUBIN: Final = np.array([(300, 2051), (2052, 3410), (3420, 10250), (10260, 20510), (20520, 48000)])
_CREATININE: Final = np.array([(3000, 10607), (10608, 17670), (17680, 30930), (30940, 44190), (44200, 98000)])
_PLATELETS: Final = np.array([(150, 420), (100, 149), (6, 99)])  # by SIC points, whole numbers
_INR: Final = np.array([(85, 120), (121, 140), (141, 480)])  # by SIC points
_COAGULATION: Final = (2000, 5000, 10000, 15000)

_ON_THRESHOLD: Final = 0.05


def draw_population(rng: np.random.Generator, count: int) -> Columns:
    """The plan of `count` patients up to the first ICU day; NaN where a value is missing."""
    plan: Columns = {}
    _draw_person(rng, plan, count)
    _draw_scores(rng, plan, count)
    _draw_laboratory(rng, plan, count)
    _draw_drugs(rng, plan, count)
    return plan


def _draw_person(rng: np.random.Generator, plan: Columns, count: int) -> None:
    pick = rng.random(count)
    age = np.clip(np.round(rng.normal(68, 15, count)), 18, 98)
    age = np.where(pick < 0.012, rng.integers(3, 18, count), age)
    age = np.select([(pick >= 0.012) & (pick < 0.018), (pick >= 0.018) & (pick < 0.026)], [17, 18], age)
    plan["age"] = np.where(pick > 0.996, np.nan, age)
    # the hazard needs an age where none is written
    plan["true_age"] = age
    is_female = (rng.random(count) < 0.39).astype(float)
    plan["is_female"] = np.where(rng.random(count) < 0.004, np.nan, is_female)
    plan["true_female"] = is_female
    plan["has_icu"] = rng.random(count) >= 0.035
    # where the first ICU stay starts, or would start in those who have none
    start = np.where(rng.random(count) < 0.3, rng.random(count) * 3, rng.exponential(45, count))
    plan["anchor_h"] = on_grid(np.where(rng.random(count) < 0.03, 0, start))
    plan["icu_start_h"] = np.where(plan["has_icu"], plan["anchor_h"], np.nan)


def _draw_scores(rng: np.random.Generator, plan: Columns, count: int) -> None:
    """Points of platelets and INR, and SOFA levels of the organs that fit the rest of the SIC score."""
    score = np.searchsorted(np.cumsum([share for share, _ in _SIC]), rng.random(count)).clip(0, 6)
    pick, parts = rng.random(count), np.zeros((count, 3), np.int64)
    for value, (_, choices) in enumerate(_SIC):
        which = np.searchsorted(np.cumsum([share for share, _ in choices]), pick).clip(0, len(choices) - 1)
        parts = np.where((score == value)[:, None], np.array([points for _, points in choices])[which], parts)
    plan["platelets_points"], plan["inr_points"], organs = parts.T
    liver = rng.choice(5, count, p=(0.62, 0.18, 0.14, 0.04, 0.02))
    renal = rng.choice(5, count, p=(0.55, 0.22, 0.12, 0.06, 0.05))
    circulation = rng.choice([0, 2, 3], count, p=(0.38, 0.10, 0.52))
    circulation = np.where((liver + renal + circulation < 2), 3, circulation)
    liver_alone = rng.random(count) < 0.4
    plan["liver"] = np.choose(organs, [0, liver_alone, liver])
    plan["renal"] = np.choose(organs, [0, ~liver_alone, renal])
    plan["circulation"] = np.where(organs == 2, circulation, 0)
    plan["sofa_part"] = organs


def _draw_laboratory(rng: np.random.Generator, plan: Columns, count: int) -> None:
    """Lowest and highest value of the first day, in hundredths; what scores a point is never missing."""
    for name, bounds, points in (("platelets", _PLATELETS * 100, "platelets_points"), ("inr", _INR, "inr_points")):
        low, high = bounds[plan[points]].T
        skewed = low + (high - low) * rng.random(count) ** np.where(plan[points] == 0, 1.0, 0.8)
        worst = _stepped(low, skewed, TESTS[name].step)
        pick = rng.random(count)
        worst = np.select([pick < _ON_THRESHOLD, pick > 1 - _ON_THRESHOLD], [low, high], worst)
        _extremes(rng, plan, name, worst, plan[points] == 0, worst_is_low=name == "platelets")
    for name, bounds, level in (("bilirubin", _BILIRUBIN, "liver"), ("creatinine", _CREATININE, "renal")):
        low, high = bounds[plan[level]].T
        worst = low + np.floor(rng.random(count) * (high - low) / 10) * 10
        worst = np.where(rng.random(count) < _ON_THRESHOLD, np.where(plan[level] == 0, high, low), worst)
        _extremes(rng, plan, name, worst, plan[level] == 0, worst_is_low=False)
    for name, test in TESTS.items():
        if test.median:
            drawn = test.median * np.exp(test.spread * np.clip(rng.normal(size=count), -2.5, 2.5))
            worst = np.round(drawn / test.step) * test.step
            _extremes(rng, plan, name, worst, np.ones(count, np.bool_), worst_is_low=True)
    platelets = plan["platelets_low"]
    plan["coagulation"] = np.sum([platelets < bound for bound in _COAGULATION], axis=0)


def _stepped(low: Array, value: Array, step: int) -> Array:
    return np.asarray(low + np.floor((value - low) / step) * step)


def _extremes(
    rng: np.random.Generator, plan: Columns, name: str, worst: Array, may_miss: Array, worst_is_low: bool
) -> None:
    step, ratio = TESTS[name].step, rng.uniform(1, 1.35, len(worst)) * (rng.random(len(worst)) < 0.7)
    rise = np.floor(worst * np.maximum(ratio - 1, 0) / step) * step
    absent = may_miss & (rng.random(len(worst)) < TESTS[name].missing)
    low, high = (worst, worst + rise) if worst_is_low else (worst - np.minimum(rise, worst * 0.6 // step * step), worst)
    plan[f"{name}_low"] = np.where(absent, np.nan, low)
    plan[f"{name}_high"] = np.where(absent, np.nan, high)


def _draw_drugs(rng: np.random.Generator, plan: Columns, count: int) -> None:
    """What is ordered on the first ICU day; heparin at any time in the ICU."""
    sedated = rng.random(count) < np.where(plan["circulation"] > 0, 0.65, 0.4)
    shares = {"propofol": (0.62, 0.08), "midazolam": (0.5, 0.12), "sufentanil": (0.5, 0.1), "remifentanil": (0.3, 0.05)}
    for drug, (often, seldom) in (shares | {"fentanyl": (0.2, 0.06)}).items():
        plan[f"{drug}_24h"] = rng.random(count) < np.where(sedated, often, seldom)
    strong, weak, pick = plan["circulation"] == 3, plan["circulation"] == 2, rng.random(count)
    plan["norepinephrine_24h"] = strong & (pick < 0.94)
    plan["epinephrine_24h"] = strong & (pick > 0.85)
    plan["dopamine_24h"] = weak & (pick < 0.7) | strong & (pick > 0.9)
    plan["dobutamine_24h"] = weak & (pick >= 0.7)
    # alone it scores nothing
    plan["vasopressin_24h"] = rng.random(count) < np.where(strong, 0.08, 0.015)
    plan["vasopressor_24h"] = plan["norepinephrine_24h"] | plan["epinephrine_24h"] | plan["vasopressin_24h"]
    plan["has_heparin"] = rng.random(count) < 0.27
    plan["has_lmwh"] = rng.random(count) < 0.25


def sic_score(plan: Columns) -> Array:
    """0..6, of those with an ICU stay."""
    return np.asarray(plan["platelets_points"] + plan["inr_points"] + plan["sofa_part"])
