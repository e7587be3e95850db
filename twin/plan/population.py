"""The plan of a block of ICU stays: who they are, how ill, what is done to them. Everything else is written from it.

One position per stay. Columns hold what the study is meant to find (the worst platelets of the first day, the start of
dexmedetomidine, ...), in the study's units; hours count from ICU admission; `*_true` is a value as it is where the test
is missing. Marginal distributions are those of Table 1 of Huang et al. 2024, both groups together (bench/calibration.py
compares); how they hang together is assumed. The twin is enriched: four of five stays have SIC, in MIMIC-IV less than
one of four, so that 2,000 stays have patients on both sides of each rule. It says nothing about real patients.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from twin.plan.design import Design
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

# SIC score 0..6, for stays with an infection around ICU admission and for others
_SIC_SHARES_SEPTIC: Final = (0.008, 0.008, 0.010, 0.010, 0.466, 0.253, 0.245)
_SIC_SHARES_OTHER: Final = (0.20, 0.18, 0.20, 0.17, 0.13, 0.07, 0.05)

# score -> (platelet points, INR points, points of the four organs) and how often; three of four of score 4 have normal
# platelets: the upper quartile of 180 in Table 1 asks for it
_SIC_PARTS: Final = {
    0: (((0, 0, 0), 1.0),),
    1: (((0, 0, 1), 0.6), ((1, 0, 0), 0.2), ((0, 1, 0), 0.2)),
    2: (((0, 0, 2), 0.7), ((1, 0, 1), 0.15), ((2, 0, 0), 0.1), ((0, 2, 0), 0.05)),
    3: (((1, 0, 2), 0.45), ((0, 1, 2), 0.45), ((1, 1, 1), 0.1)),
    4: (((0, 2, 2), 0.75), ((1, 1, 2), 0.13), ((2, 0, 2), 0.10), ((2, 2, 0), 0.01), ((2, 1, 1), 0.01)),
    5: (((2, 1, 2), 0.30), ((1, 2, 2), 0.68), ((2, 2, 1), 0.02)),
    6: (((2, 2, 2), 1.0),),
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

Quartiles = tuple[float, float, float]


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
_WEIGHT_KG: Final = (67.9, 80.1, 95.3)
_AGE: Final = (58.9, 69.6, 79.7)

# share of stays up to which value, mg/dL: the bands of SOFA's renal level are among them
_CREATININE: Final = (
    (0, 0.4), (0.24, 0.9), (0.44, 1.15), (0.52, 1.25), (0.74, 1.95), (0.77, 2.15), (0.89, 3.45), (0.945, 4.95), (1, 10)
)  # fmt: skip
_RENAL_SHARES: Final = (0.44, 0.30, 0.15, 0.055, 0.055)

_UPPER_QUARTILE: Final = 0.67449  # of a standard normal variable

NEVER: Final = np.nan  # hour of something that does not happen


def draw_population(rng: np.random.Generator, count: int, design: Design) -> Columns:
    """The plan of `count` stays, up to the point where treatment and outcome come in (outcome.py)."""
    plan: Columns = {}
    plan["role"] = rng.choice(3, count, p=_ROLE_SHARES)
    plan["role"][0] = FIRST
    _draw_person(rng, plan, count, design.missing)
    _draw_coagulation(rng, plan, count)
    _draw_organs(rng, plan, count)
    _draw_laboratory(rng, plan, count, design.missing)
    _draw_vital_signs(rng, plan, count)
    _draw_urine(rng, plan, count, design.missing)
    _draw_drugs(rng, plan, count)
    _score_first_day(plan)
    return plan


def _draw_person(rng: np.random.Generator, plan: Columns, count: int, missing: float) -> None:
    group = rng.random(count)
    minor, pregnant, young = group < 0.015, (group > 0.98), (group > 0.015) & (group < 0.023)
    age = np.maximum(np.round(_with_quartiles(rng.normal(size=count), _AGE)), 18)
    age = np.where(age > 89, 91, age)  # MIMIC-IV says no more than that of the oldest
    age = np.where(minor, rng.integers(14, 18, count), np.where(pregnant, rng.integers(19, 43, count), age))
    plan["age"] = np.where(young, 18, age).astype(np.int64)
    plan["is_pregnant"] = pregnant
    plan["is_female"] = pregnant | (rng.random(count) < 0.390)
    plan["race"] = rng.choice(len(_RACES), count, p=np.array(list(_RACES.values())) / sum(_RACES.values()))
    build = 0.94 * rng.normal(size=count) + np.where(plan["is_female"], -0.42, 0.27)
    plan["weight_kg"] = np.round(np.exp(_with_quartiles(build, _logs(_WEIGHT_KG))), 1)
    plan["has_weight"] = rng.random(count) >= missing
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
    # 2 % without a coagulation panel: no INR, no points. Platelets and creatinine, which decide too, are never missing
    measured = rng.random(count) > 0.02
    plan["inr_points"] = np.where(measured, inr, 0)
    plan["platelet_points"] = platelets
    low = np.choose(
        platelets,
        [150 + rng.gamma(1.3, 50, count), rng.integers(100, 150, count), 12 + 87 * rng.beta(2.4, 1.3, count)],
    )
    plan["platelets_low"] = np.floor(low)
    plan["platelets_high"] = np.floor(low * rng.uniform(1.0, 1.35, count))
    high = np.round(
        np.choose(
            inr,
            [
                rng.uniform(0.95, 1.2, count),
                rng.uniform(1.26, 1.4, count),
                1.5 + 0.49 * rng.exponential(1, count) ** 1.4,
            ],
        ),
        1,
    )
    high = np.where(inr == 2, np.maximum(high, 1.5), high)
    low = np.maximum(0.9, np.round(high * rng.uniform(0.70, 0.95, count), 1))
    plan["inr_true"] = low
    plan["inr_high"] = np.where(measured, high, np.nan)
    plan["inr_low"] = np.where(measured, low, np.nan)
    plan["pt_low"] = np.round(11.05 * plan["inr_low"] + rng.uniform(-0.4, 0.4, count), 1)
    plan["pt_high"] = np.maximum(plan["pt_low"], np.round(11.05 * plan["inr_high"] + rng.uniform(-0.4, 0.4, count), 1))


def _draw_organs(rng: np.random.Generator, plan: Columns, count: int) -> None:
    """Hourly SOFA's components of the first day, 0..4, of which four fit the SIC score's organ points; ventilation."""
    severity, failing = plan["severity"], plan["organ_points"] == 2
    plan["is_ventilated"] = rng.random(count) < _chance(0.28 + 0.8 * severity)
    ventilated = plan["is_ventilated"]
    plan["ventilation_start_h"] = np.where(rng.random(count) < 0.75, rng.uniform(0.1, 1, count), 12 * rng.random(count))

    respiration = np.where(
        ventilated,
        _level(_share(rng, count, (0.7, severity)), (0.10, 0.10, 0.20, 0.35, 0.25)),
        _level(_share(rng, count, (0.4, severity)), (0.66, 0.12, 0.22)),
    )
    cardiovascular = _level(_share(rng, count, (0.7, severity)), (0.09, 0.31, 0.03, 0.25, 0.32))
    jaundice = _share(rng, count, (0.35, severity), (0.38, _standard(plan["liver_disease"], 0.250)))
    liver = _level(jaundice, (0.50, 0.16, 0.21, 0.07, 0.06))
    # the kidneys' part is drawn apart from severity, so that both can enter the laboratory
    plan["kidney"] = _latent(rng, count, (0.38, _standard(plan["renal_disease"], 0.290)))
    retention = _uniform_of(0.35 * severity + np.sqrt(1 - 0.35**2) * plan["kidney"])
    natural = _level(retention, _RENAL_SHARES)
    organs = np.stack([respiration, cardiovascular, liver, natural]) * failing
    short = failing & (organs.sum(axis=0) < 2)
    organs[0] = np.where(short, 2, organs[0])
    one = plan["organ_points"] == 1
    which = rng.choice(4, count, p=(0.15, 0.45, 0.15, 0.25))
    organs[which[one], np.flatnonzero(one)] = 1
    for name, level in zip(("respiration", "cardiovascular", "liver", "renal"), organs, strict=True):
        plan[f"{name}_level"] = level
    # where the score asks for another level than the kidneys would have, their rank holds within it
    bounds = np.concatenate([[0], np.cumsum(_RENAL_SHARES)])
    moved = bounds[plan["renal_level"]] + retention * np.array(_RENAL_SHARES)[plan["renal_level"]]
    creatinine = np.interp(np.where(natural == plan["renal_level"], retention, moved), *np.array(_CREATININE).T)
    limits = np.array([(0.3, 1.1), (1.2, 1.9), (2.0, 3.4), (3.5, 4.9), (5.0, 12.0)])[plan["renal_level"]]
    plan["creatinine_high"] = np.round(np.clip(creatinine, *limits.T), 1)
    # with a tube from admission on, GCS counts as normal (mimic-code), whatever eyes and motor say
    awake = ~ventilated | (plan["ventilation_start_h"] > 1.5)
    plan["cns_level"] = np.where(awake, _level(_share(rng, count, (0.5, severity)), (0.25, 0.28, 0.18, 0.17, 0.12)), 0)
    platelets = plan["platelets_low"]
    plan["coagulation_level"] = (platelets[:, None] < np.array([20, 50, 100, 150])).sum(axis=1)
    plan["sofa_score"] = organs.sum(axis=0) + plan["cns_level"] + plan["coagulation_level"]
    # charted only once: mimic-code makes no episode of it
    plan["has_brief_tube"] = ~ventilated & (rng.random(count) < 0.02)


def _draw_laboratory(rng: np.random.Generator, plan: Columns, count: int, missing: float) -> None:
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


def _draw_vital_signs(rng: np.random.Generator, plan: Columns, count: int) -> None:
    """Means over the first day; without a point for the circulation, pressure never falls below 70 mmHg."""
    for name, measure in _VITAL_SIGNS.items():
        plan[name] = _measured(rng, plan, measure)
    stable = plan["cardiovascular_level"] == 0
    pressure = np.where(stable, rng.normal(84, 5, count), plan["map"])
    plan["map"] = np.clip(pressure, np.where(stable, 78, 55), np.where(stable, 105, 98))
    plan["heart_rate"] = np.clip(plan["heart_rate"], 45, 145)
    plan["resp_rate"] = np.clip(plan["resp_rate"], 10, 36)
    plan["spo2"] = np.clip(plan["spo2"], 89, 100)


def _draw_urine(rng: np.random.Generator, plan: Columns, count: int, missing: float) -> None:
    """Volume of the first 24 h: under 500 ml, or under 200, only where the renal level says so."""
    oliguric = (plan["renal_level"] >= 3) & (rng.random(count) < 0.6)
    normal = np.exp(_with_quartiles(_latent(rng, count, (-0.15, plan["kidney"])), _logs(_URINE_ML)))
    normal = np.where(normal < 620, rng.uniform(620, 850, count), np.minimum(normal, 6500))
    # under 200 ml a day would be level 4
    little = rng.uniform(np.where(plan["renal_level"] == 4, 20, 240), 430)
    plan["urine_ml"] = np.where(oliguric, little, normal)
    plan["is_oliguric"] = oliguric
    plan["has_urine"] = rng.random(count) >= missing


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


def _score_first_day(plan: Columns) -> None:
    """SIC score with the first day's SOFA as mimic-code scores it, which differs from the hourly score in two points.

    A ventilated patient whose ratio is 200 or more gets nothing; a catecholamine counts however short it ran.
    """
    spared = plan["is_ventilated"] & (plan["respiration_level"] <= 2)
    respiration = np.where(spared, 0, plan["respiration_level"])
    cardiovascular = np.where(plan["has_brief_pressor"], 3, plan["cardiovascular_level"])
    plan["sofa_four"] = respiration + cardiovascular + plan["liver_level"] + plan["renal_level"]
    plan["first_day_sofa"] = plan["sofa_four"] + plan["cns_level"] + plan["coagulation_level"]
    plan["sic_score"] = plan["platelet_points"] + plan["inr_points"] + np.minimum(plan["sofa_four"], 2)


def _measured(rng: np.random.Generator, plan: Columns, measure: Measure) -> Array:
    rank = _latent(rng, len(plan["age"]), (measure.severity, plan["severity"]), (measure.kidney, plan["kidney"]))
    rank = np.clip(rank, -2.8, 2.8)  # beyond lie values that the study takes for errors
    if measure.is_skewed:
        return np.asarray(np.exp(_with_quartiles(rank, _logs(measure.quartiles))))
    return _with_quartiles(rank, measure.quartiles)


def _with_quartiles(normal: Array, quartiles: Quartiles) -> Array:
    """Values with these quartiles from standard normal ones: two halves of a normal distribution, each of its width."""
    lower, median, upper = quartiles
    return np.asarray(median + normal * np.where(normal < 0, median - lower, upper - median) / _UPPER_QUARTILE)


def _logs(quartiles: Quartiles) -> Quartiles:
    lower, median, upper = np.log(quartiles)
    return lower, median, upper


def _latent(rng: np.random.Generator, count: int, *causes: tuple[float, Array]) -> Array:
    """A standard normal variable that has these correlations with causes that do not depend on each other."""
    rest = 1 - sum(correlation**2 for correlation, _ in causes)
    latent = np.sqrt(rest) * rng.normal(size=count)
    return np.asarray(latent + sum(correlation * cause for correlation, cause in causes))


def _share(rng: np.random.Generator, count: int, *causes: tuple[float, Array]) -> Array:
    """The share of stays that lie below, 0..1, by such a variable."""
    return _uniform_of(_latent(rng, count, *causes))


def _standard(yes: Array, share: float) -> Array:
    return np.asarray((yes - share) / np.sqrt(share * (1 - share)))


def _level(share: Array, shares: tuple[float, ...]) -> Array:
    """An ordinal 0, 1, ... of which each value has its share of stays."""
    return np.searchsorted(np.cumsum(shares), share).clip(0, len(shares) - 1)


def _chance(log_odds: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def _uniform_of(normal: Array) -> Array:
    """The standard normal distribution function, to 2e-7 (Abramowitz and Stegun 26.2.17)."""
    t = 1 / (1 + 0.2316419 * np.abs(normal))
    series = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
    tail = np.exp(-(normal**2) / 2) / np.sqrt(2 * np.pi) * series
    return np.asarray(np.where(normal > 0, 1 - tail, tail))
