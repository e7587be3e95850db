"""What is measured on the first day: laboratory, vital signs, urine."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from twin.plan.distributions import Quartiles, correlated, logs, with_quartiles
from twin.rows import Array, Columns


@dataclass(frozen=True)
class Measure:
    """Quartiles of a laboratory test or vital sign, and how strongly it follows the stay's severity and its kidneys.

    A day's highest value lies up to the share `rise` above its lowest.
    """

    quartiles: Quartiles
    decimals: int = 0
    is_skewed: bool = False
    severity: float = 0.0
    kidney: float = 0.0
    rise: float = 0.0


# lowest value of the first day; glucose: the middle of its values is what Table 1 shows
_LABS: Final = {
    "hemoglobin": Measure((7.6, 8.8, 10.2), 1, severity=-0.1, rise=0.2),
    "wbc": Measure((6.1, 9.1, 12.9), 1, is_skewed=True, rise=0.8),
    "bun": Measure((14.4, 22.1, 37.3), 0, is_skewed=True, severity=0.1, kidney=0.7, rise=0.3),
    "sodium": Measure((134.0, 137.0, 139.3), 0, rise=0.035),
    "potassium": Measure((3.5, 3.9, 4.3), 1, kidney=0.3, rise=0.25),
    "bicarbonate": Measure((18.0, 21.0, 23.8), 0, severity=-0.25, kidney=-0.2, rise=0.18),
    "anion_gap": Measure((10.9, 12.85, 15.0), 0, severity=0.25, kidney=0.25, rise=0.4),
    "glucose": Measure((100.5, 115.6, 138.5), 0, is_skewed=True, rise=0.55),
}
# means over the first day
_VITAL_SIGNS: Final = {
    "heart_rate": Measure((76.8, 86.8, 99.3), severity=0.2),
    "map": Measure((68.4, 73.8, 79.9), severity=-0.1),
    "resp_rate": Measure((16.8, 19.05, 22.0), severity=0.2),
    "spo2": Measure((96.2, 97.65, 98.9), severity=-0.15),
}
_URINE_ML: Final = (840.0, 1440.0, 2200.0)


def draw_laboratory(rng: np.random.Generator, plan: Columns, count: int, missing: float) -> None:
    """Lowest and highest value of the first day; NaN where the test is missing, whoever the patient is."""
    plan["creatinine_low"] = np.maximum(0.3, np.round(plan["creatinine_high"] * rng.uniform(0.72, 1, count), 1))
    low, high = np.array([(0.2, 1.1), (1.2, 1.9), (2.0, 5.9), (6.0, 11.9), (12.0, 34.0)])[plan["liver_level"]].T
    bilirubin = np.round(rng.uniform(low, high), 1)
    # no liver panel: bilirubin missing, SOFA counts 0
    measured = (rng.random(count) < 0.85) | (plan["liver_level"] > 0)
    plan["bilirubin_high"] = np.where(measured, bilirubin, np.nan)
    plan["bilirubin_low"] = np.maximum(0.1, np.round(plan["bilirubin_high"] * rng.uniform(0.75, 1, count), 1))

    def lab(name: str, low: Array, high: Array, decimals: int) -> None:
        absent = rng.random(count) < missing
        plan[f"{name}_true"] = np.round(low, decimals)
        plan[f"{name}_low"] = np.where(absent, np.nan, plan[f"{name}_true"])
        plan[f"{name}_high"] = np.where(absent, np.nan, np.round(high, decimals))

    for name, measure in _LABS.items():
        value = _measured(rng, plan, measure)
        lab(name, value, value * rng.uniform(1, 1 + measure.rise, count), measure.decimals)
    hematocrit = 3.02 * plan["hemoglobin_true"] + rng.normal(0, 0.8, count)
    lab("hematocrit", hematocrit, hematocrit + rng.uniform(1, 5, count), 1)
    plan["chloride_low"] = np.round(plan["sodium_low"] - 34)
    plan["chloride_high"] = np.round(plan["sodium_high"] - 32)


def draw_vital_signs(rng: np.random.Generator, plan: Columns, count: int) -> None:
    """Means over the first day; without a point for the circulation, pressure never falls below 70 mmHg."""
    for name, measure in _VITAL_SIGNS.items():
        plan[name] = _measured(rng, plan, measure)
    stable = plan["cardiovascular_level"] == 0
    pressure = np.where(stable, rng.normal(84, 5, count), plan["map"])
    plan["map"] = np.clip(pressure, np.where(stable, 78, 55), np.where(stable, 105, 98))
    plan["heart_rate"] = np.clip(plan["heart_rate"], 45, 145)
    plan["resp_rate"] = np.clip(plan["resp_rate"], 10, 36)
    plan["spo2"] = np.clip(plan["spo2"], 89, 100)


def draw_urine(rng: np.random.Generator, plan: Columns, count: int, missing: float) -> None:
    """Volume of the first 24 h: under 500 ml, or under 200, only where the renal level says so."""
    oliguric = (plan["renal_level"] >= 3) & (rng.random(count) < 0.6)
    normal = np.exp(with_quartiles(correlated(rng, count, (-0.15, plan["kidney"])), logs(_URINE_ML)))
    normal = np.where(normal < 620, rng.uniform(620, 850, count), np.minimum(normal, 6500))
    # under 200 ml a day would be level 4
    little = rng.uniform(np.where(plan["renal_level"] == 4, 20, 240), 430)
    plan["urine_ml"] = np.where(oliguric, little, normal)
    plan["is_oliguric"] = oliguric
    plan["has_urine"] = rng.random(count) >= missing


def _measured(rng: np.random.Generator, plan: Columns, measure: Measure) -> Array:
    rank = correlated(rng, len(plan["age"]), (measure.severity, plan["severity"]), (measure.kidney, plan["kidney"]))
    rank = np.clip(rank, -2.8, 2.8)  # beyond lie values that the study takes for errors
    if measure.is_skewed:
        return np.asarray(np.exp(with_quartiles(rank, logs(measure.quartiles))))
    return with_quartiles(rank, measure.quartiles)
