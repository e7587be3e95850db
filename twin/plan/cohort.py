"""The plan's eligible stays with the columns of the mart analysis_cohort, as far as the plan has them."""

from typing import Final

import numpy as np

from twin.plan.outcome import study_view
from twin.plan.population import COMORBIDITIES, RACES
from twin.rows import Columns, take

_HORIZON_D: Final = 28.0
_ETHNICITY: Final = np.array(
    [next((group for group in ("white", "black") if race.startswith(group.upper())), "other") for race in RACES]
)

# column of the mart -> column of the plan, where the names differ
_NAMES: Final = {
    "age_years": "age",
    "ventilation_24h": "is_ventilated",
    "heart_rate_bpm": "heart_rate",
    "map_mmhg": "map",
    "resp_rate_bpm": "resp_rate",
    "spo2_pct": "spo2",
    "hematocrit_pct": "hematocrit_low",
    "hemoglobin_g_dl": "hemoglobin_low",
    "platelets_k_ul": "platelets_low",
    "wbc_k_ul": "wbc_low",
    "anion_gap_meq_l": "anion_gap_low",
    "bicarbonate_meq_l": "bicarbonate_low",
    "bun_mg_dl": "bun_low",
    "creatinine_mg_dl": "creatinine_low",
    "sodium_meq_l": "sodium_low",
    "potassium_meq_l": "potassium_low",
    "inr_ratio": "inr_low",
    "pt_sec": "pt_low",
}
_SAME: Final = (
    "is_female",
    "sic_score",
    "crrt_24h",
    *(f"{drug}_24h" for drug in ("vasopressor", "vasopressin", "propofol", "midazolam", "fentanyl")),
    *COMORBIDITIES,
)


def analysis_cohort(plan: Columns) -> Columns:
    """One row per eligible stay: Table 1 without SAPS II, which follows from the rows, treatment and death."""
    view = study_view(plan)
    death_d = np.nan_to_num(plan["death_h"] / 24, nan=np.inf)
    columns = {
        "treated": view["is_exposed"],
        **{mart: plan[name] for mart, name in _NAMES.items()},
        **{name: plan[name] for name in _SAME},
        "ethnicity": _ETHNICITY[plan["race"]],
        "sofa_score": plan["first_day_sofa"],
        "weight_kg": np.where(plan["has_weight"], plan["weight_kg"], np.nan),
        "urine_output_ml": np.where(plan["has_urine"], plan["urine_ml"], np.nan),
        "glucose_mg_dl": (plan["glucose_low"] + plan["glucose_high"]) / 2,
        "died_hospital": view["died"],
        "died_28d_hospital": view["died_28d"],
        "followup_28d_days": np.minimum(death_d, _HORIZON_D),
    }
    return take(columns, view["is_eligible"])


def potential_deaths(plan: Columns) -> Columns:
    """Days to death without and with treatment, of the same stays in the same order."""
    eligible = study_view(plan)["is_eligible"]
    return {name: plan[f"death_d_{name}"][eligible] for name in ("untreated", "treated")}
