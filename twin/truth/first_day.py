"""The first day of a stay: extremes and means of what was measured, and its SOFA points."""

from typing import Final

import numpy as np

from twin.arrays import extreme, hours_since, mean_by_time, shared
from twin.plan.intent import Intent
from twin.rows import Array, Columns, take
from twin.truth.sofa import (
    BILIRUBIN,
    COMA,
    CREATININE,
    PLATELETS,
    at_least,
    at_most,
    below,
    catecholamine_points,
    dry_points,
    lung_points,
)

LABS: Final = {
    "hematocrit_pct": "hematocrit",
    "hemoglobin_g_dl": "hemoglobin",
    "platelets_k_ul": "platelets",
    "wbc_k_ul": "wbc",
    "anion_gap_meq_l": "anion_gap",
    "bicarbonate_meq_l": "bicarbonate",
    "bun_mg_dl": "bun",
    "creatinine_mg_dl": "creatinine",
    "sodium_meq_l": "sodium",
    "potassium_meq_l": "potassium",
    "inr_ratio": "inr",
    "pt_sec": "pt",
}


def first_day_values(plan: Columns, intent: Intent) -> Columns:
    """Extremes and SOFA points of the window from 6 h before to 24 h after ICU admission."""
    count = len(plan["stay_id"])

    def window(notes: Columns, before: float = 6) -> Columns:
        hours = hours_since(notes["time"], plan["intime"][notes["stay"]])
        return take(notes, (hours >= -before) & (hours <= 24))

    day: Columns = {}
    for test in ("bilirubin", *LABS.values()):
        labs = window(shared(plan["patient"], intent.of(f"lab {test}")))
        day[f"{test}_min"] = extreme(count, labs["stay"], labs["value"], np.minimum)
        day[f"{test}_max"] = extreme(count, labs["stay"], labs["value"], np.maximum)
    for vital in ("heart_rate", "map", "resp_rate", "spo2", "glucose"):
        signs = window(mean_by_time(intent.of(vital)))
        day[f"{vital}_mean"] = _mean(count, signs["stay"], signs["value"])
        day[f"{vital}_min"] = extreme(count, signs["stay"], signs["value"], np.minimum)
    weights = intent.of("weight")
    weights = take(weights, hours_since(weights["time"], plan["intime"][weights["stay"]]) <= 24)
    day["weight_kg"] = _mean(count, weights["stay"], weights["value"])
    urine = window(intent.of("urine"), before=0)
    # more irrigant in than out is no urine, not less than none
    day["urine_ml"] = np.maximum(np.bincount(urine["stay"], urine["value"], minlength=count), 0)
    day["urine_ml"][np.bincount(urine["stay"], minlength=count) == 0] = np.nan
    coma = window(intent.of("gcs"))
    day["gcs_min"] = extreme(count, coma["stay"], coma["value"], np.minimum)

    gas = window(shared(plan["patient"], intent.of("gas")))
    day["respiration"] = _most(count, gas["stay"], lung_points(gas, full_scale=False))
    day["coagulation"] = below(day["platelets_min"], PLATELETS)
    day["liver"] = at_least(day["bilirubin_max"], BILIRUBIN)
    infusion = intent.of("infusion")
    started = window(infusion | {"time": infusion["start"]})
    day["cardiovascular"] = np.maximum(
        _most(count, started["stay"], catecholamine_points(started)), day["map_min"] < 70
    )
    day["cns"] = at_most(day["gcs_min"], COMA)
    day["renal"] = np.maximum(at_least(day["creatinine_max"], CREATININE), dry_points(day["urine_ml"]))
    return day


def _most(count: int, stay: Array, points: Array) -> Array:
    """Highest points by stay, 0 where there are none."""
    return np.nan_to_num(extreme(count, stay, points, np.maximum)).astype(np.int64)


def _mean(count: int, stay: Array, value: Array) -> Array:
    number = np.bincount(stay, minlength=count)
    return np.where(number > 0, np.bincount(stay, value, minlength=count) / np.maximum(number, 1), np.nan)
