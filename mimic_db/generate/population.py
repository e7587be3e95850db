"""The plan of a block of ICU stays: who they are, how ill, what is done to them. Everything else is written from it.

One position per stay. Columns hold what the study is meant to find (the worst platelets of the first day, the start of
dexmedetomidine, ...), in the study's units; hours count from ICU admission. Distributions lean on Table 1 of Huang et
al. 2024 but are not calibrated to it, and some rules are met far more often than in real data, so that 2,000 stays
have patients on both sides of each. Nothing here says anything about real patients.
"""

from typing import Final

import numpy as np

from mimic_db.generate.design import Design
from mimic_db.generate.rows import Array, Columns

# how a stay relates to the one before it in the block
FIRST, SAME_ADMISSION, NEXT_ADMISSION = 0, 1, 2
_ROLE_SHARES: Final = (0.88, 0.05, 0.07)

# why a stay is, or is not, suspected of infection
INFECTION_KINDS: Final = {
    "early": 0.74,  # antibiotic and culture around ICU admission
    "late": 0.07,  # both on the fourth day or later: sepsis, but not within 24 h
    "apart": 0.04,  # both, too far from each other
    "culture_only": 0.03,
    "antibiotic_only": 0.04,
    "before_icu": 0.02,  # antibiotic started before the ICU stay: mimic-code does not attach it
    "topical": 0.02,  # culture and an antibiotic that does not act systemically
    "none": 0.04,
}

# SIC score 0..6, for stays with an infection around ICU admission and for others
_SIC_SHARES_SEPTIC: Final = (0.02, 0.03, 0.04, 0.06, 0.42, 0.22, 0.21)
_SIC_SHARES_OTHER: Final = (0.20, 0.18, 0.20, 0.17, 0.13, 0.07, 0.05)

# score -> (platelet points, INR points, points of the four organs) and how often; a third of score 4 has normal
# platelets: the upper quartile of 180 in Table 1 asks for it
_SIC_PARTS: Final = {
    0: (((0, 0, 0), 1.0),),
    1: (((0, 0, 1), 0.6), ((1, 0, 0), 0.2), ((0, 1, 0), 0.2)),
    2: (((0, 0, 2), 0.7), ((1, 0, 1), 0.15), ((2, 0, 0), 0.1), ((0, 2, 0), 0.05)),
    3: (((1, 0, 2), 0.45), ((0, 1, 2), 0.45), ((1, 1, 1), 0.1)),
    4: (((0, 2, 2), 0.58), ((1, 1, 2), 0.20), ((2, 0, 2), 0.19), ((2, 2, 0), 0.01), ((2, 1, 1), 0.02)),
    5: (((2, 1, 2), 0.38), ((1, 2, 2), 0.58), ((2, 2, 1), 0.04)),
    6: (((2, 2, 2), 1.0),),
}

_RACES: Final = {
    "WHITE": 0.62,
    "WHITE - OTHER EUROPEAN": 0.03,
    "WHITE - RUSSIAN": 0.02,
    "WHITE - BRAZILIAN": 0.01,
    "BLACK/AFRICAN AMERICAN": 0.09,
    "BLACK/CAPE VERDEAN": 0.015,
    "BLACK/CARIBBEAN ISLAND": 0.005,
    "ASIAN": 0.02,
    "ASIAN - CHINESE": 0.015,
    "HISPANIC/LATINO - PUERTO RICAN": 0.02,
    "HISPANIC/LATINO - DOMINICAN": 0.015,
    "OTHER": 0.04,
    "UNKNOWN": 0.06,
    "UNABLE TO OBTAIN": 0.025,
    "PATIENT DECLINED TO ANSWER": 0.015,
}
RACES: Final = tuple(_RACES)

COMORBIDITIES: Final = {
    "hypertension": 0.37,
    "congestive_heart_failure": 0.40,
    "copd": 0.27,
    "rheumatic_disease": 0.04,
    "liver_disease": 0.25,
    "diabetes": 0.32,
    "renal_disease": 0.29,
    "tumor": 0.14,
}

NEVER: Final = np.nan  # hour of something that does not happen


def draw_population(rng: np.random.Generator, count: int, design: Design) -> Columns:
    """The plan of `count` stays, up to the point where treatment and outcome come in (outcome.py)."""
    plan: Columns = {}
    plan["role"] = rng.choice(3, count, p=_ROLE_SHARES)
    plan["role"][0] = FIRST
    _draw_person(rng, plan, count)
    _draw_coagulation(rng, plan, count)
    _draw_organs(rng, plan, count)
    _draw_laboratory(rng, plan, count, design.missing)
    _draw_vital_signs(rng, plan, count)
    _draw_drugs(rng, plan, count)
    _score_first_day(plan)
    return plan


def _draw_person(rng: np.random.Generator, plan: Columns, count: int) -> None:
    group = rng.random(count)
    minor, pregnant, young = group < 0.015, (group > 0.98), (group > 0.015) & (group < 0.023)
    age = np.clip(np.round(rng.normal(67.5, 15.5, count)), 18, 98)
    age = np.where(minor, rng.integers(14, 18, count), np.where(pregnant, rng.integers(19, 43, count), age))
    plan["age"] = np.where(young, 18, age).astype(np.int64)
    plan["is_pregnant"] = pregnant
    plan["is_female"] = pregnant | (rng.random(count) < 0.40)
    plan["race"] = rng.choice(len(_RACES), count, p=np.array(list(_RACES.values())) / sum(_RACES.values()))
    plan["weight_kg"] = np.round(np.exp(rng.normal(np.where(plan["is_female"], 4.28, 4.45), 0.24)), 1)
    plan["has_weight"] = rng.random(count) > 0.02
    plan["severity"] = rng.normal(size=count)
    infection = rng.choice(len(INFECTION_KINDS), count, p=list(INFECTION_KINDS.values()))
    plan["infection"] = np.where(pregnant | minor | young, 0, infection)  # so that age and pregnancy alone exclude
    for name, share in COMORBIDITIES.items():
        slope = {"liver_disease": -0.25, "rheumatic_disease": 0.0}.get(name, 0.2)
        odds = np.log(share / (1 - share)) + slope * (plan["age"] - 68) / 10
        plan[name] = rng.random(count) < 1 / (1 + np.exp(-odds))


def _draw_coagulation(rng: np.random.Generator, plan: Columns, count: int) -> None:
    """SIC score, its parts, and platelets and INR that give them; sicker stays score higher."""
    quantile = _uniform_of(0.5 * plan["severity"] + np.sqrt(0.75) * rng.normal(size=count))
    septic = plan["infection"] == 0
    score = np.where(
        septic,
        np.searchsorted(np.cumsum(_SIC_SHARES_SEPTIC), quantile),
        np.searchsorted(np.cumsum(_SIC_SHARES_OTHER), quantile),
    ).clip(0, 6)
    parts = np.zeros((count, 3), np.int64)
    pick = rng.random(count)
    for value, choices in _SIC_PARTS.items():
        which = np.searchsorted(np.cumsum([share for _, share in choices]), pick).clip(0, len(choices) - 1)
        parts = np.where((score == value)[:, None], np.array([part for part, _ in choices])[which], parts)
    platelets, inr, organs = parts.T
    plan["organ_points"] = organs
    # 2 % without a coagulation panel: no INR, no points
    measured = rng.random(count) > 0.02
    plan["inr_points"] = np.where(measured, inr, 0)
    plan["platelet_points"] = platelets
    low = np.choose(
        platelets,
        [150 + rng.gamma(1.4, 55, count), rng.integers(100, 150, count), 12 + 87 * rng.beta(2.4, 1.3, count)],
    )
    plan["platelets_low"] = np.floor(low)
    plan["platelets_high"] = np.floor(low * rng.uniform(1.0, 1.35, count))
    high = np.round(
        np.choose(
            inr, [rng.uniform(0.95, 1.2, count), rng.uniform(1.26, 1.4, count), 1.5 + rng.exponential(0.5, count)]
        ),
        1,
    )
    high = np.where(inr == 2, np.maximum(high, 1.5), high)
    low = np.maximum(0.9, np.round(high * rng.uniform(0.75, 1.0, count), 1))
    plan["inr_high"] = np.where(measured, high, np.nan)
    plan["inr_low"] = np.where(measured, low, np.nan)
    plan["pt_low"] = np.round(11.2 * plan["inr_low"] + rng.uniform(-0.4, 0.4, count), 1)
    plan["pt_high"] = np.maximum(plan["pt_low"], np.round(11.2 * plan["inr_high"] + rng.uniform(-0.4, 0.4, count), 1))


def _draw_organs(rng: np.random.Generator, plan: Columns, count: int) -> None:
    """Hourly SOFA's components of the first day, 0..4, of which four fit the SIC score's organ points; ventilation."""
    severity, failing = plan["severity"], plan["organ_points"] == 2
    plan["is_ventilated"] = rng.random(count) < _chance(0.25 + 0.8 * severity)
    ventilated = plan["is_ventilated"]
    plan["ventilation_start_h"] = np.where(rng.random(count) < 0.75, rng.uniform(0.1, 1, count), 12 * rng.random(count))

    respiration = np.where(
        ventilated,
        _level(rng, 0.7 * severity, (0.14, 0.14, 0.32, 0.27, 0.13)),
        _level(rng, 0.5 * severity, (0.66, 0.12, 0.22, 0, 0)),
    )
    cardiovascular = _level(rng, 0.7 * severity, (0.12, 0.38, 0.03, 0.25, 0.22))
    liver = _level(rng, 0.4 * severity + 0.9 * plan["liver_disease"] - 0.22, (0.60, 0.13, 0.18, 0.05, 0.04))
    renal = _level(rng, 0.5 * severity + 0.8 * plan["renal_disease"] - 0.22, (0.44, 0.26, 0.18, 0.06, 0.06))
    organs = np.stack([respiration, cardiovascular, liver, renal]) * failing
    short = failing & (organs.sum(axis=0) < 2)
    organs[0] = np.where(short, 2, organs[0])
    one = plan["organ_points"] == 1
    which = rng.choice(4, count, p=(0.15, 0.45, 0.15, 0.25))
    organs[which[one], np.flatnonzero(one)] = 1
    for name, level in zip(("respiration", "cardiovascular", "liver", "renal"), organs, strict=True):
        plan[f"{name}_level"] = level
    # with a tube from admission on, GCS counts as normal (mimic-code), whatever eyes and motor say
    awake = ~ventilated | (plan["ventilation_start_h"] > 1.5)
    plan["cns_level"] = np.where(awake, _level(rng, 0.4 * severity, (0.48, 0.24, 0.12, 0.10, 0.06)), 0)
    platelets = plan["platelets_low"]
    plan["coagulation_level"] = (platelets[:, None] < np.array([20, 50, 100, 150])).sum(axis=1)
    plan["sofa_score"] = organs.sum(axis=0) + plan["cns_level"] + plan["coagulation_level"]
    duration = np.exp(rng.normal(3.64, 1.2, count))
    plan["ventilation_h"] = np.where(ventilated, np.maximum(duration, 4.3), 0.0)
    # charted only once: mimic-code makes no episode of it
    plan["has_brief_tube"] = ~ventilated & (rng.random(count) < 0.02)


def _draw_laboratory(rng: np.random.Generator, plan: Columns, count: int, missing: float) -> None:
    """Lowest and highest value of the first day; NaN where the test is missing."""
    severity = plan["severity"]

    def between(level: Array, limits: tuple[tuple[float, float], ...]) -> Array:
        low, high = np.array(limits)[level].T
        return np.asarray(np.round(rng.uniform(low, high), 1))

    creatinine = between(plan["renal_level"], ((0.4, 1.1), (1.2, 1.9), (2.0, 3.4), (3.5, 4.9), (5.0, 10.0)))
    bilirubin = between(plan["liver_level"], ((0.2, 1.1), (1.2, 1.9), (2.0, 5.9), (6.0, 11.9), (12.0, 34.0)))
    plan["creatinine_high"] = creatinine
    plan["creatinine_low"] = np.maximum(0.3, np.round(creatinine * rng.uniform(0.72, 1, count), 1))
    # no liver panel: bilirubin missing, SOFA counts 0
    measured = (rng.random(count) < 0.85) | (plan["liver_level"] > 0)
    plan["bilirubin_high"] = np.where(measured, bilirubin, np.nan)
    plan["bilirubin_low"] = np.maximum(0.1, np.round(plan["bilirubin_high"] * rng.uniform(0.75, 1, count), 1))

    def lab(name: str, low: Array, high: Array, decimals: int) -> None:
        absent = rng.random(count) < missing
        plan[f"{name}_low"] = np.where(absent, np.nan, np.round(low, decimals))
        plan[f"{name}_high"] = np.where(absent, np.nan, np.round(np.maximum(low, high), decimals))

    hemoglobin = np.clip(rng.normal(8.9 - 0.1 * severity, 1.9), 4.5, 16.5)
    lab("hemoglobin", hemoglobin, hemoglobin + rng.exponential(1.0, count), 1)
    lab("hematocrit", 3.02 * hemoglobin + rng.normal(0, 0.8, count), 3.02 * hemoglobin + rng.uniform(1, 5, count), 1)
    wbc = np.exp(rng.normal(2.20, 0.55, count))
    lab("wbc", wbc, wbc * rng.uniform(1, 1.8, count), 1)
    bun = np.clip(np.exp(rng.normal(2.82 + 0.33 * plan["renal_level"], 0.45)), 3, 160)
    lab("bun", bun, bun * rng.uniform(1, 1.3, count), 0)
    sodium = np.clip(rng.normal(137.0, 4.2, count), 112, 160)
    lab("sodium", sodium, sodium + rng.uniform(0, 5, count), 0)
    potassium = np.clip(rng.normal(3.85 + 0.08 * plan["renal_level"], 0.5), 2.3, 7)
    lab("potassium", potassium, potassium + rng.exponential(0.5, count), 1)
    bicarbonate = np.clip(rng.normal(21.5 - 0.8 * severity - 0.5 * plan["renal_level"], 3.7), 6, 42)
    lab("bicarbonate", bicarbonate, bicarbonate + rng.uniform(0, 4, count), 0)
    gap = np.clip(rng.normal(12.6 + 0.6 * severity + 0.5 * plan["renal_level"], 2.6), 4, 35)
    lab("anion_gap", gap, gap + rng.uniform(0, 5, count), 0)
    glucose = np.exp(rng.normal(4.70 + 0.12 * plan["diabetes"], 0.22))
    lab("glucose", glucose, glucose * rng.uniform(1.05, 1.6, count), 0)
    plan["chloride_low"] = np.round(plan["sodium_low"] - 34)
    plan["chloride_high"] = np.round(plan["sodium_high"] - 32)


def _draw_vital_signs(rng: np.random.Generator, plan: Columns, count: int) -> None:
    """Means over the first day."""
    severity, level = plan["severity"], plan["cardiovascular_level"]
    plan["heart_rate"] = np.clip(rng.normal(88 + 3 * severity, 15.5), 48, 145)
    mean = np.where(level == 0, rng.normal(84, 5, count), rng.normal(74 - 0.8 * severity, 7.5))
    plan["map"] = np.clip(mean, np.where(level == 0, 78, 55), np.where(level == 0, 105, 98))
    plan["resp_rate"] = np.clip(rng.normal(19.4 + 0.8 * severity, 3.5), 11, 36)
    plan["spo2"] = np.clip(rng.normal(97.2 - 0.3 * severity + 0.6 * plan["is_ventilated"], 1.7), 89, 100)
    oliguric = (plan["renal_level"] >= 3) & (rng.random(count) < 0.6)
    normal = np.exp(rng.normal(7.28 - 0.10 * severity, 0.62))
    # under 200 ml a day would be level 4
    little = rng.uniform(np.where(plan["renal_level"] == 4, 20, 240), 430)
    plan["urine_ml"] = np.where(oliguric, little, np.clip(normal, 620, 6500))
    plan["is_oliguric"] = oliguric
    plan["has_urine"] = oliguric | (rng.random(count) > 0.02)


def _draw_drugs(rng: np.random.Generator, plan: Columns, count: int) -> None:
    """First-day drugs and renal replacement; heparin at any time in the stay."""
    ventilated, level = plan["is_ventilated"], plan["cardiovascular_level"]

    def often(if_ventilated: float, otherwise: float) -> Array:
        return rng.random(count) < np.where(ventilated, if_ventilated, otherwise)

    plan["propofol_24h"] = often(0.86, 0.06)
    plan["midazolam_24h"] = often(0.40, 0.14)
    plan["fentanyl_24h"] = often(0.55, 0.10)
    plan["vasopressin_24h"] = (level >= 3) & (rng.random(count) < np.where(level == 4, 0.40, 0.12))
    plan["phenylephrine_24h"] = rng.random(count) < np.where(level >= 3, 0.15, 0.05) * (level > 0)
    # minutes between two full hours: a drug was given, SOFA does not see it
    plan["has_brief_pressor"] = (level <= 1) & (rng.random(count) < 0.02)
    plan["vasopressor_24h"] = (level >= 3) | plan["has_brief_pressor"]
    plan["crrt_24h"] = rng.random(count) < np.where(plan["renal_level"] >= 3, 0.5, 0.02)
    plan["heparin_infusion"] = rng.random(count) < 0.19
    plan["heparin_bolus"] = rng.random(count) < 0.03
    plan["heparin_prophylaxis"] = rng.random(count) < 0.40


def _score_first_day(plan: Columns) -> None:
    """SIC score with the first day's SOFA as mimic-code scores it, which differs from the hourly score in two points.

    A ventilated patient whose ratio is 200 or more gets nothing; a catecholamine counts however short it ran.
    """
    spared = plan["is_ventilated"] & (plan["respiration_level"] <= 2)
    respiration = np.where(spared, 0, plan["respiration_level"])
    cardiovascular = np.where(plan["has_brief_pressor"], 3, plan["cardiovascular_level"])
    plan["sofa_four"] = respiration + cardiovascular + plan["liver_level"] + plan["renal_level"]
    plan["sic_score"] = plan["platelet_points"] + plan["inr_points"] + np.minimum(plan["sofa_four"], 2)


def _level(rng: np.random.Generator, shift: Array, shares: tuple[float, ...]) -> Array:
    """An ordinal 0..4 with `shares` where `shift` is 0; a higher shift gives higher levels (ordered probit)."""
    quantile = _uniform_of(rng.normal(size=len(shift)) + shift)
    return np.searchsorted(np.cumsum(shares), quantile).clip(0, max(i for i, share in enumerate(shares) if share))


def _chance(log_odds: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def _uniform_of(normal: Array) -> Array:
    """The standard normal distribution function, to 2e-7 (Abramowitz and Stegun 26.2.17)."""
    t = 1 / (1 + 0.2316419 * np.abs(normal))
    series = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
    tail = np.exp(-(normal**2) / 2) / np.sqrt(2 * np.pi) * series
    return np.asarray(np.where(normal > 0, 1 - tail, tail))
