"""The eligible stays as `analysis_py.statistics.trial` reads them, without a database; and the truth beside them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from twin.plan.population import COMORBIDITIES
from twin.rows import Array, Columns, stack, take
from twin.trial.controls import OUTCOMES
from twin.trial.design import TrialDesign
from twin.trial.grid import BLOCK_H, DECISIONS, HORIZON_H, NEVER
from twin.trial.population import draw_stays, eligible
from twin.truth.extended import CODES

# of which a start depends, in the names of trial_interval and trial_baseline
COVARIATES: Final = (
    "age_years",
    "is_ventilated",
    "rass",
    "norepinephrine_equivalent_mcg_kg_min",
    "lactate_mmol_l",
    "code_status",
)
_CHUNK: Final = 1000  # ICU stays of one draw
_FEWEST_LEFT_H: Final = 0.2  # a run ends before the stay does


@dataclass(frozen=True)
class TrialData:
    """`patients` and `intervals` as trial.clones() reads them; `truth` by patient: died_28d under strategy a and b.

    `plan`: of the same patients, for the controls.
    """

    patients: pd.DataFrame
    intervals: pd.DataFrame
    truth: pd.DataFrame
    plan: Columns


def draw_trial(design: TrialDesign, patients: int, seed: int) -> TrialData:
    """The first `patients` eligible stays of a seed."""
    rng = np.random.default_rng([seed, 1])
    parts: list[Columns] = []
    while sum(len(part["age"]) for part in parts) < patients:
        plan = draw_stays(rng, _CHUNK, design)
        parts.append(take(plan, eligible(plan)))
    plan = take(stack(parts), np.arange(patients))
    ids = np.arange(patients)
    return TrialData(patient_frame(plan, ids), interval_frame(plan, ids), potential_frame(plan, ids), plan)


def patient_frame(plan: Columns, ids: Array) -> pd.DataFrame:
    """A row per stay: start, run and ends in hours since time zero; 28-day death in hospital; age."""
    death = plan["death_from_zero_h_natural"]
    return pd.DataFrame(
        {
            "id": ids,
            "age_years": plan["age"],
            "start_h": start_hours(plan, "natural"),
            "duration_h": run_hours(plan),
            "icu_end_h": icu_end(plan),
            "time_h": np.nan_to_num(death, nan=HORIZON_H),
            "died": ~np.isnan(death),
        }
    )


def interval_frame(plan: Columns, ids: Array) -> pd.DataFrame:
    """A row per stay and decision point of the grace period in the ICU without an earlier start, as known then."""
    return _intervals(plan, ids, plan["start_block_natural"])


def control_frames(plan: Columns, ids: Array, number: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both frames for a null exposure, by its number: the trial that it would have, of those who have not had it."""
    new = plan["control_before"][:, number] == 0
    plan, ids = take(plan, new), ids[new]
    start = control_starts(plan)[:, number]
    left = icu_end(plan) - start
    patients = patient_frame(plan, ids)
    patients["start_h"], patients["duration_h"] = start, np.minimum(plan["control_hours"][:, number], left)
    return patients, _intervals(plan, ids, plan["control_block"][:, number])


def null_outcome_frame(plan: Columns, ids: Array) -> pd.DataFrame:
    """A row per stay: each null outcome by name, and age; comorbidities are what else it follows from."""
    history = {outcome.name: plan["null_outcomes"][:, number] for number, outcome in enumerate(OUTCOMES)}
    return pd.DataFrame({"id": ids, "age_years": plan["age"]} | {name: plan[name] for name in COMORBIDITIES} | history)


def control_starts(plan: Columns) -> Array:
    """Hours from time zero to each null exposure's first order in the ICU, stays x exposures; NaN for none."""
    start = float(BLOCK_H) * plan["control_block"]
    return np.where(start < icu_end(plan)[:, None], start, np.nan)


def _intervals(plan: Columns, ids: Array, start: Array) -> pd.DataFrame:
    """Up to the decision `start`, NEVER for none."""
    block = np.arange(DECISIONS)
    there = (BLOCK_H * block < icu_end(plan)[:, None]) & (block <= start[:, None])
    stay, k = np.nonzero(there)
    return pd.DataFrame(
        {
            "id": ids[stay],
            "k": k,
            "starts": start[stay] == k,
            "is_ventilated": plan["tube"][stay, k],
            "rass": plan["rass"][stay, k].astype(np.float64),
            "norepinephrine_equivalent_mcg_kg_min": plan["equivalent"][stay, k],
            "lactate_mmol_l": plan["lactate"][stay, k],
            "code_status": pd.Categorical(np.array(CODES)[plan["code"][stay, k]], list(CODES)),
        }
    )


def potential_frame(plan: Columns, ids: Array) -> pd.DataFrame:
    """Death in hospital within 28 days under each strategy."""
    died = {f"died_28d_{name}": ~np.isnan(plan[f"death_from_zero_h_{name}"]) for name in ("a", "b")}
    return pd.DataFrame({"id": ids} | died)


def start_hours(plan: Columns, strategy: str) -> Array:
    """Hours from time zero to the start of dexmedetomidine; NaN for never."""
    block = plan[f"start_block_{strategy}"]
    return np.where(block < NEVER, float(BLOCK_H) * block, np.nan)


def icu_end(plan: Columns) -> Array:
    """Hours from time zero to the end of the ICU stay: discharge or death."""
    return np.asarray(np.fmin(plan["icu_from_zero_h"], plan["death_from_zero_h_natural"]))


def run_hours(plan: Columns) -> Array:
    """Hours for which dexmedetomidine runs, NaN for never: not to the very end of the stay."""
    left = icu_end(plan) - start_hours(plan, "natural")
    return np.asarray(np.clip(np.minimum(plan["planned_duration_h"], left - _FEWEST_LEFT_H), 1 / 60, None))
