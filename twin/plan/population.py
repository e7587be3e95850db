"""The plan of a block of ICU stays: who they are, how ill, what is done to them. Everything else is written from it.

One position per stay. Columns hold what the study is meant to find (the worst platelets of the first day, the start of
dexmedetomidine, ...), in the study's units; hours count from ICU admission; `*_true` is a value as it is where the test
is missing. Marginal distributions are those of Table 1 of Huang et al. 2024, both groups together (bench/calibration.py
compares); how they hang together is assumed. The twin is enriched: four of five stays have SIC, in MIMIC-IV less than
one of four, so that 2,000 stays have patients on both sides of each rule. It says nothing about real patients.
"""

from typing import Final

import numpy as np

from twin.plan.design import Design
from twin.plan.distributions import logs, with_quartiles
from twin.plan.illness import draw_coagulation, draw_organs, score_first_day
from twin.plan.measurements import draw_laboratory, draw_urine, draw_vital_signs
from twin.rows import Array, Columns

# how a stay relates to the one before it in the block
FIRST, SAME_ADMISSION, NEXT_ADMISSION = 0, 1, 2
_ROLE_SHARES: Final = (0.88, 0.05, 0.07)

# why a stay is, or is not, suspected of infection
INFECTION_KINDS: Final = {
    "early": 0.86,  # antibiotic and culture around ICU admission
    "late": 0.06,  # both on the fourth day or later: sepsis, but not within 24 h
    "apart": 0.015,  # both, too far from each other
    "culture_only": 0.01,
    "antibiotic_only": 0.015,
    "before_icu": 0.012,  # antibiotic started before the ICU stay: mimic-code does not attach it
    "topical": 0.012,  # culture and an antibiotic that does not act systemically
    "none": 0.016,
}

_RACES: Final = {
    "WHITE": 0.630,
    "WHITE - OTHER EUROPEAN": 0.03,
    "WHITE - RUSSIAN": 0.02,
    "WHITE - BRAZILIAN": 0.01,
    "BLACK/AFRICAN AMERICAN": 0.089,
    "BLACK/CAPE VERDEAN": 0.015,
    "BLACK/CARIBBEAN ISLAND": 0.005,
    "ASIAN": 0.02,
    "ASIAN - CHINESE": 0.015,
    "HISPANIC/LATINO - PUERTO RICAN": 0.02,
    "HISPANIC/LATINO - DOMINICAN": 0.015,
    "OTHER": 0.04,
    "UNKNOWN": 0.054,
    "UNABLE TO OBTAIN": 0.022,
    "PATIENT DECLINED TO ANSWER": 0.015,
}
RACES: Final = tuple(_RACES)

COMORBIDITIES: Final = {
    "hypertension": 0.367,
    "congestive_heart_failure": 0.403,
    "copd": 0.274,
    "rheumatic_disease": 0.039,
    "liver_disease": 0.250,
    "diabetes": 0.317,
    "renal_disease": 0.290,
    "tumor": 0.139,
}

_WEIGHT_KG: Final = (67.9, 80.1, 95.3)
_AGE: Final = (58.9, 69.6, 79.7)

NEVER: Final = np.nan  # hour of something that does not happen


def draw_population(rng: np.random.Generator, count: int, design: Design) -> Columns:
    """The plan of `count` stays, up to the point where treatment and outcome come in (outcome.py)."""
    plan: Columns = {}
    plan["role"] = rng.choice(3, count, p=_ROLE_SHARES)
    plan["role"][0] = FIRST
    _draw_person(rng, plan, count, design.missing)
    draw_coagulation(rng, plan, count)
    draw_organs(rng, plan, count)
    draw_laboratory(rng, plan, count, design.missing)
    draw_vital_signs(rng, plan, count)
    draw_urine(rng, plan, count, design.missing)
    _draw_drugs(rng, plan, count)
    score_first_day(plan)
    return plan


def _draw_person(rng: np.random.Generator, plan: Columns, count: int, missing: float) -> None:
    group = rng.random(count)
    minor, pregnant, young = group < 0.015, (group > 0.98), (group > 0.015) & (group < 0.023)
    age = np.maximum(np.round(with_quartiles(rng.normal(size=count), _AGE)), 18)
    age = np.where(age > 89, 91, age)  # MIMIC-IV says no more than that of the oldest
    age = np.where(minor, rng.integers(14, 18, count), np.where(pregnant, rng.integers(19, 43, count), age))
    plan["age"] = np.where(young, 18, age).astype(np.int64)
    plan["is_pregnant"] = pregnant
    plan["is_female"] = pregnant | (rng.random(count) < 0.390)
    plan["race"] = rng.choice(len(_RACES), count, p=np.array(list(_RACES.values())) / sum(_RACES.values()))
    build = 0.94 * rng.normal(size=count) + np.where(plan["is_female"], -0.42, 0.27)
    plan["weight_kg"] = np.round(np.exp(with_quartiles(build, logs(_WEIGHT_KG))), 1)
    plan["has_weight"] = rng.random(count) >= missing
    plan["severity"] = rng.normal(size=count)
    infection = rng.choice(len(INFECTION_KINDS), count, p=list(INFECTION_KINDS.values()))
    plan["infection"] = np.where(pregnant | minor | young, 0, infection)  # so that age and pregnancy alone exclude
    for name, share in COMORBIDITIES.items():
        slope = {"liver_disease": -0.25, "rheumatic_disease": 0.0}.get(name, 0.2)
        odds = np.log(share / (1 - share)) + slope * (plan["age"] - 68) / 10
        plan[name] = rng.random(count) < 1 / (1 + np.exp(-odds))


def _draw_drugs(rng: np.random.Generator, plan: Columns, count: int) -> None:
    """First-day drugs and renal replacement; heparin at any time in the stay."""
    ventilated, level = plan["is_ventilated"], plan["cardiovascular_level"]

    def often(if_ventilated: float, otherwise: float) -> Array:
        return rng.random(count) < np.where(ventilated, if_ventilated, otherwise)

    plan["propofol_24h"] = often(0.92, 0.09)
    plan["midazolam_24h"] = often(0.40, 0.17)
    plan["fentanyl_24h"] = often(0.535, 0.12)
    plan["vasopressin_24h"] = (level >= 3) & (
        rng.random(count) < np.where(level == 4, 0.25, 0.06) * np.where(ventilated, 1.3, 0.5)
    )
    plan["phenylephrine_24h"] = rng.random(count) < np.where(level >= 3, 0.15, 0.05) * (level > 0)
    # minutes between two full hours: a drug was given, SOFA does not see it
    plan["has_brief_pressor"] = (level <= 1) & (rng.random(count) < 0.02)
    plan["vasopressor_24h"] = (level >= 3) | plan["has_brief_pressor"]
    plan["crrt_24h"] = rng.random(count) < np.choose(plan["renal_level"], [0.004, 0.01, 0.07, 0.54, 0.70])
    plan["heparin_infusion"] = rng.random(count) < 0.25
    plan["heparin_bolus"] = rng.random(count) < 0.03
    plan["heparin_prophylaxis"] = rng.random(count) < 0.40
