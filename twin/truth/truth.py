"""What the study must find in a block of stays: a table for each mart, in its columns, and what was planted.

Reckoned from the plan and from its makers' notes (intent.py) by the study's default definitions, on arrays and by other
means than the models': grids of hours filled by position, intervals summed where they cannot overlap, cultures and
antibiotics paired one by one. No model reads it.
"""

from typing import Final

import numpy as np

from twin.plan.intent import Intent
from twin.rows import Array, Columns, take, text
from twin.truth.cohort import analysis_cohort, baseline_of, cohort_eligibility
from twin.truth.controls import bradycardia, negative_control_exposure, negative_control_outcome
from twin.truth.course import dexmedetomidine_exposure, outcomes_of
from twin.truth.extended import baseline_extended
from twin.truth.first_day import first_day_values
from twin.truth.sepsis import sepsis3, sic_score
from twin.truth.sofa import sofa_hourly

# in the order of cohort_flow
REASONS: Final = (
    "no early sepsis",
    "no SIC",
    "not the first stay",
    "minor",
    "pregnant",
    "short stay",
    "heparin",
    "dexmedetomidine unknown",
    "dexmedetomidine too short",
    "dexmedetomidine too late",
)


def truth(plan: Columns, intent: Intent) -> dict[str, Columns]:
    """Rows by table: `planted`, then one for each mart about stays."""
    marts = truth_of_marts(plan, intent)
    return {"planted": _planted(plan, marts["cohort_eligibility"])} | marts


def truth_of_marts(plan: Columns, intent: Intent) -> dict[str, Columns]:
    """Rows of each mart about stays."""
    hourly, grid_start = sofa_hourly(plan, intent)
    first_day = first_day_values(plan, intent)
    exposure = dexmedetomidine_exposure(plan, intent)
    sepsis = sepsis3(plan, intent, hourly, grid_start)
    sic = sic_score(plan, first_day, sepsis)
    eligibility = cohort_eligibility(plan, intent, sic, exposure)
    outcomes, baseline = outcomes_of(plan, intent), baseline_of(plan, intent, first_day, sic)
    ran = ~np.isnan(exposure["start_offset_h"])
    return {
        "sofa_hourly": hourly | {"stay_id": plan["stay_id"][hourly["stay_id"]]},
        "sepsis3": sepsis,
        "sic_score": sic,
        "dexmedetomidine_exposure": take(exposure, ran),
        "outcomes": outcomes,
        "baseline": baseline,
        "baseline_extended": baseline_extended(plan, intent, first_day["gcs_min"]),
        "cohort_eligibility": eligibility,
        "analysis_cohort": analysis_cohort(eligibility, baseline, outcomes, exposure),
        "negative_control_exposure": negative_control_exposure(plan, intent),
        "negative_control_outcome": negative_control_outcome(plan, intent),
        "positive_control": bradycardia(plan, intent, plan["intime"]),
    }


def left_out(eligibility: Columns) -> Array:
    """The first rule that leaves a stay out, as text; empty for the eligible."""
    excludes = [
        ~eligibility["has_early_sepsis"],
        ~eligibility["is_sic"],
        *(eligibility[name] for name in ("is_later_stay", "is_minor", "is_pregnant", "is_short_stay", "has_heparin")),
        eligibility["is_exposure_unknown"],
        eligibility["is_exposure_short"],
        eligibility["is_exposure_late"],
    ]
    step = np.select(excludes, list(range(1, len(excludes) + 1)), 0)
    return np.asarray(text(["", *REASONS])[step])


def _planted(plan: Columns, eligibility: Columns) -> Columns:
    """Cause and effect: propensity, both potential times of death in days; the first rule that leaves a stay out."""
    return {
        "stay_id": plan["stay_id"],
        "propensity": plan["propensity"],
        "log_hazard": plan["death_predictor"],
        "death_days_untreated": plan["death_d_untreated"],
        "death_days_treated": plan["death_d_treated"],
        "treated": eligibility["treated"],
        "left_out": left_out(eligibility),
    }
