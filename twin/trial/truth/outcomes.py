"""The mart trial_outcomes by the notes: start, ends, deaths and days without support, from time zero on."""

from typing import Final

import numpy as np

from twin.arrays import hours_since
from twin.plan.intent import Intent
from twin.rows import Array, Columns, take
from twin.trial.grid import HORIZON_H
from twin.truth.course import PRESSORS, dexmedetomidine_exposure, union_hours

_HOUR: Final = np.timedelta64(3600, "s")
_DAYS: Final = HORIZON_H / 24


def outcomes_of_trial(plan: Columns, intent: Intent, patients: Columns, zero: Array, start: Array) -> Columns:
    """A row for each stay, also for those without a time zero; `patients` have the dates of death."""
    notes = intent.of("admission")
    row = np.searchsorted(notes["stay"], plan["admission"])
    discharged, died = notes["discharged"][row], notes["died"][row]
    order = np.argsort(patients["subject_id"])
    found = order[np.searchsorted(patients["subject_id"], plan["subject_id"], sorter=order)]
    day = patients["dod"][found].astype("datetime64[D]").astype("datetime64[s]")
    elsewhere = np.where(day > discharged, day, np.where(np.isnat(day), day, discharged))
    dead = np.where(np.isnat(died), elsewhere, died)
    hospital_h, any_h = hours_since(died, zero), hours_since(dead, zero)
    in_hospital, anywhere = hospital_h <= HORIZON_H, any_h <= HORIZON_H
    started = ~np.isnat(start)

    def free_days(runs: Columns) -> Array:
        inside = {
            "stay": runs["stay"],
            "start": np.maximum(runs["start"], zero[runs["stay"]]),
            "end": np.minimum(runs["end"], zero[runs["stay"]] + HORIZON_H * _HOUR),
        }
        inside = take(inside, inside["end"] > inside["start"])
        return np.where(in_hospital, 0.0, _DAYS - union_hours(len(zero), inside) / 24)

    infusions = intent.of("infusion")
    return {
        "stay_id": plan["stay_id"],
        "start_h": hours_since(start, zero),
        "duration_h": np.where(started, dexmedetomidine_exposure(plan, intent)["duration_h"], np.nan),
        "icu_end_h": hours_since(plan["outtime"], zero),
        "discharge_h": hours_since(discharged, zero),
        "died_28d_hospital": in_hospital,
        "followup_28d_h": np.where(in_hospital, hospital_h, HORIZON_H),
        "died_28d_any": anywhere,
        "followup_28d_any_h": np.where(anywhere, any_h, HORIZON_H),
        "ventilator_free_days": free_days(intent.of("ventilation")),
        "vasopressor_free_days": free_days(take(infusions, np.isin(infusions["drug"], PRESSORS))),
    }
