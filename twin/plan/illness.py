"""How ill a stay is: the SIC score and its parts, and the components of SOFA."""

from typing import Final

import numpy as np

from twin.plan.distributions import chance, correlated, ordinal, share_below, standardized, uniform_of
from twin.rows import Columns

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

# share of stays up to which value, mg/dL: the bands of SOFA's renal level are among them
_CREATININE: Final = (
    (0, 0.4), (0.24, 0.9), (0.44, 1.15), (0.52, 1.25), (0.74, 1.95), (0.77, 2.15), (0.89, 3.45), (0.945, 4.95), (1, 10)
)  # fmt: skip
_RENAL_SHARES: Final = (0.44, 0.30, 0.15, 0.055, 0.055)


def draw_coagulation(rng: np.random.Generator, plan: Columns, count: int) -> None:
    """SIC score, its parts, and platelets and INR that give them; sicker stays score higher."""
    quantile = uniform_of(0.5 * plan["severity"] + np.sqrt(0.75) * rng.normal(size=count))
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


def draw_organs(rng: np.random.Generator, plan: Columns, count: int) -> None:
    """Hourly SOFA's components of the first day, 0..4, of which four fit the SIC score's organ points; ventilation."""
    severity, failing = plan["severity"], plan["organ_points"] == 2
    plan["is_ventilated"] = rng.random(count) < chance(0.28 + 0.8 * severity)
    ventilated = plan["is_ventilated"]
    plan["ventilation_start_h"] = np.where(rng.random(count) < 0.75, rng.uniform(0.1, 1, count), 12 * rng.random(count))

    respiration = np.where(
        ventilated,
        ordinal(share_below(rng, count, (0.7, severity)), (0.10, 0.10, 0.20, 0.35, 0.25)),
        ordinal(share_below(rng, count, (0.4, severity)), (0.66, 0.12, 0.22)),
    )
    cardiovascular = ordinal(share_below(rng, count, (0.7, severity)), (0.09, 0.31, 0.03, 0.25, 0.32))
    jaundice = share_below(rng, count, (0.35, severity), (0.38, standardized(plan["liver_disease"], 0.250)))
    liver = ordinal(jaundice, (0.50, 0.16, 0.21, 0.07, 0.06))
    # the kidneys' part is drawn apart from severity, so that both can enter the laboratory
    plan["kidney"] = correlated(rng, count, (0.38, standardized(plan["renal_disease"], 0.290)))
    retention = uniform_of(0.35 * severity + np.sqrt(1 - 0.35**2) * plan["kidney"])
    natural = ordinal(retention, _RENAL_SHARES)
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
    plan["cns_level"] = np.where(
        awake, ordinal(share_below(rng, count, (0.5, severity)), (0.25, 0.28, 0.18, 0.17, 0.12)), 0
    )
    platelets = plan["platelets_low"]
    plan["coagulation_level"] = (platelets[:, None] < np.array([20, 50, 100, 150])).sum(axis=1)
    plan["sofa_score"] = organs.sum(axis=0) + plan["cns_level"] + plan["coagulation_level"]
    # charted only once: mimic-code makes no episode of it
    plan["has_brief_tube"] = ~ventilated & (rng.random(count) < 0.02)


def score_first_day(plan: Columns) -> None:
    """SIC score with the first day's SOFA as mimic-code scores it, which differs from the hourly score in two points.

    A ventilated patient whose ratio is 200 or more gets nothing; a catecholamine counts however short it ran.
    """
    spared = plan["is_ventilated"] & (plan["respiration_level"] <= 2)
    respiration = np.where(spared, 0, plan["respiration_level"])
    cardiovascular = np.where(plan["has_brief_pressor"], 3, plan["cardiovascular_level"])
    plan["sofa_four"] = respiration + cardiovascular + plan["liver_level"] + plan["renal_level"]
    plan["first_day_sofa"] = plan["sofa_four"] + plan["cns_level"] + plan["coagulation_level"]
    plan["sic_score"] = plan["platelet_points"] + plan["inr_points"] + np.minimum(plan["sofa_four"], 2)
