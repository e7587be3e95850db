"""What the study must say of each patient, from the plan alone: the rows are never read again."""

from typing import Final

import numpy as np

from twin.rows import Array, Columns, text
from twin.zigong.outcome import DAY28_H, MIN_STAY_H
from twin.zigong.population import TESTS, sic_score

PATIENTS: Final = "int_zigong_patient"
PLANTED: Final = "planted"
REASONS: Final = ("no ICU stay", "minor", "short stay", "heparin", "no SIC")  # in the order of zigong_flow
TYPES: Final = {"stay_id": "text", "reason": "text", "sic_score": "integer", "sofa_score": "integer"}
FLAGS: Final = (
    "is_female",
    "has_no_icu_stay",
    "is_minor",
    "is_short_stay",
    "has_heparin",
    "is_sic",
    "treated",
    "propofol_24h",
    "midazolam_24h",
    "sufentanil_24h",
    "remifentanil_24h",
    "fentanyl_24h",
    "vasopressor_24h",
    "died_28d",
    "died_hospital",
)
_DRUGS: Final = ("propofol", "midazolam", "sufentanil", "remifentanil", "fentanyl", "vasopressor")
_LOWEST: Final = {
    "platelets_k_ul": "platelets",
    "inr_ratio": "inr",
    "pt_sec": "pt",
    "bilirubin_mg_dl": "bilirubin",
    "creatinine_mg_dl": "creatinine",
    "bun_mg_dl": "bun",
    "albumin_g_dl": "albumin",
    "lactate_mmol_l": "lactate",
    "wbc_k_ul": "wbc",
    "hemoglobin_g_dl": "hemoglobin",
}
_HIGHEST: Final = ("inr", "bilirubin", "creatinine")
_MIN_SIC: Final = 4


def truth(plan: Columns) -> dict[str, Columns]:
    """Rows by table: int_zigong_patient in its columns, and `planted`, the first rule that leaves a patient out."""
    patients = _patients(plan)
    excludes = [
        patients["has_no_icu_stay"],
        patients["is_minor"],
        patients["is_short_stay"],
        patients["has_heparin"],
        ~patients["is_sic"],
    ]
    step = np.select(excludes, list(range(1, len(excludes) + 1)), 0)
    return {PATIENTS: patients, PLANTED: {"stay_id": plan["patient_id"], "reason": text(["", *REASONS])[step]}}


def _patients(plan: Columns) -> Columns:
    has_icu = plan["has_icu"]
    stay_h = np.where(has_icu, _stay_end(plan), np.nan)
    rows: Columns = {
        "stay_id": plan["patient_id"],
        "age_years": plan["age"],
        "is_female": plan["is_female"],
        "icu_start_h": plan["icu_start_h"],
        "icu_stay_h": stay_h,
        "has_no_icu_stay": ~has_icu,
        "is_minor": ~(plan["age"] >= 18),
        "is_short_stay": ~(stay_h >= MIN_STAY_H),
        "has_heparin": has_icu & plan["has_heparin"],
        "is_sic": has_icu & (sic_score(plan) >= _MIN_SIC),
        "sic_score": np.where(has_icu, sic_score(plan), 0),
        "sofa_score": np.where(has_icu, plan["coagulation"] + plan["liver"] + plan["circulation"] + plan["renal"], 0),
        "treated": has_icu & ~np.isnan(plan["dexmedetomidine_h"]),
    }
    rows |= {f"{drug}_24h": has_icu & plan[f"{drug}_24h"] for drug in _DRUGS}
    rows |= {column: _in_study_unit(plan, test, "low") for column, test in _LOWEST.items()}
    rows |= {f"{test}_max": _in_study_unit(plan, test, "high") for test in _HIGHEST}
    died_28d, followed_h = _follow_up(plan)
    rows |= {
        "died_28d": died_28d,
        "followup_28d_days": followed_h / 24,
        "died_hospital": plan["died_hospital"],
        "hospital_days": (plan["anchor_h"] + _hospital_end(plan)) / 24,
        "icu_days": stay_h / 24,
    }
    return rows


def _in_study_unit(plan: Columns, test: str, end: str) -> Array:
    return np.asarray(np.where(plan["has_icu"], plan[f"{test}_{end}"] * TESTS[test].unit_factor, np.nan))


def _hospital_end(plan: Columns) -> Array:
    """Hours since ICU admission as the database tells them; NaN where it does not."""
    return np.asarray(np.where(plan["has_hospital_end"], plan["hospital_end_h"], np.nan))


def _stay_end(plan: Columns) -> Array:
    return np.asarray(np.where(plan["has_icu_end"], plan["stay_end_h"], _hospital_end(plan)))


def _follow_up(plan: Columns) -> tuple[Array, Array]:
    """Whether death is known to fall within 28 days of ICU admission, and hours followed, at most that many."""
    told, end = plan["has_outcome"], _hospital_end(plan)
    followed = np.where(told, plan["follow_date_h"], np.nan)
    died = (told & (plan["follow_vital"] == 1)) | plan["died_hospital"]
    when = np.where(told, plan["death_date_h"], np.nan)
    when = np.where(np.isnan(when) & plan["died_hospital"], end, when)
    when = np.where(died & plan["has_icu"], np.where(np.isnan(when), followed, when), np.nan)
    seen = np.fmax(followed, end)
    seen = np.where(plan["has_icu"] & ~np.isnan(seen), np.clip(seen, 0, DAY28_H), 0)
    early = when <= DAY28_H
    return early, np.select([early, when > DAY28_H], [np.maximum(when, 0), np.full(len(when), DAY28_H)], seen)
