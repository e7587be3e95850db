"""From the course to a stay in the calendar: lengths, death, and a record without faults."""

from typing import Final

import numpy as np

from twin.plan.identity import assign_identity
from twin.rows import Array, Columns
from twin.trial.frames import icu_end, start_hours
from twin.trial.population import EXPOSED_BEFORE, GONE
from twin.truth.sofa import CREATININE

# what twin/plan/faults.py draws: here every record is sound
_FLAGS: Final = (
    *("has_far_rows", "has_rows_of_another", "has_unknown_words", "has_tracheostomy", "has_second_platelets"),
    *("is_flushed", "has_reversed_discharge", "has_early_date_of_death", "has_endless_pressor", "has_rateless_pressor"),
    *("has_early_propofol", "has_rateless_heparin", "has_brief_pressor", "has_brief_tube", "has_silent_tube"),
)
_KINDS: Final = (
    *("spelling", "unkeyed_results", "death_record", "dex_form", "dex_fault", "untimed_pressor", "untimed_heparin"),
)
_LEFT_BEFORE_H: Final = 0.6  # from the end of the ICU stay to time zero, of those who are gone by then
_EXPOSED_BEFORE_H, EXPOSED_FOR_H = 2.0, 1.5  # when and for how long it ran in those who had it before
_HOUR_S: Final = 3600


def place(rng: np.random.Generator, plan: Columns, first_position: int) -> None:
    """Give each stay its place: who, when, how long; time zero on the full hour of the clock."""
    count = len(plan["age"])
    plan.update({name: np.zeros(count, np.bool_) for name in _FLAGS})
    plan.update({name: np.zeros(count, np.int64) for name in _KINDS})
    plan["culture_has_time"] = np.ones(count, np.bool_)
    _settle_organs(rng, plan)
    _settle(plan)
    assign_identity(rng, plan, first_position)
    _move_to_the_clock(plan)
    _treat(plan)


def zero_at(plan: Columns) -> Array:
    """The moment of time zero, also of those who have none by the rules."""
    return np.asarray(plan["intime"] + np.round(plan["zero_h"] * _HOUR_S).astype("timedelta64[s]"))


def _settle_organs(rng: np.random.Generator, plan: Columns) -> None:
    """What other makers ask of the plan, in line with the course: the first day's points of circulation and kidneys."""
    level = np.where(plan["norepinephrine"][:, 0] > 0, 3, np.minimum(plan["cardiovascular_level"], 1))
    plan["cardiovascular_level"] = level
    plan["renal_level"] = (plan["creatinine_first"][:, None] >= CREATININE).sum(axis=1)
    plan["crrt_24h"] = (plan["renal_level"] >= 3) & (rng.random(len(level)) < 0.35)
    plan["is_oliguric"] = np.zeros(len(level), np.bool_)
    plan["urine_ml"] = np.maximum(plan["urine_ml"], 660)


def _settle(plan: Columns) -> None:
    """Hours since ICU admission, from those since time zero."""
    zero, death = plan["zero_h"], plan["death_from_zero_h_natural"]
    plan["los_h"] = zero + np.where(plan["bar"] == GONE, -_LEFT_BEFORE_H, icu_end(plan))
    plan["death_h"] = zero + death
    plan["hospital_end_h"] = zero + np.where(np.isnan(death), plan["home_from_zero_h"], death)
    plan["antibiotic_h"] = zero - plan["antibiotic_before_zero_h"]
    # antibiotics are ordered for the full hour: a culture of the same minute would be neither before nor after it
    before = plan["culture_before_zero_h"]
    plan["culture_h"] = zero - before - np.where(np.abs(before - np.round(before)) < 1.5 / 60, 3 / 60, 0)


def _move_to_the_clock(plan: Columns) -> None:
    """Put time zero back to the full hour, and all that hangs on it."""
    seconds = plan["intime"].astype(np.int64) + np.round(plan["zero_h"] * _HOUR_S).astype(np.int64)
    ended = plan["hospital_end_h"]
    zero = seconds // _HOUR_S * _HOUR_S - plan["intime"].astype(np.int64)
    plan["zero_h"] = zero / _HOUR_S
    _settle(plan)
    plan["outtime"] = plan["intime"] + np.round(plan["los_h"] * _HOUR_S).astype("timedelta64[s]")
    admission = plan["admission"]
    last = np.searchsorted(admission, admission, side="right") - 1
    plan["discharge_h"] = plan["discharge_h"] + (plan["hospital_end_h"] - ended)[last]


def _treat(plan: Columns) -> None:
    """Dexmedetomidine as it runs: by the decisions, or before time zero in a few who are then not eligible."""
    before = plan["bar"] == EXPOSED_BEFORE
    by_decision = np.where(plan["bar"] == 0, start_hours(plan, "natural"), np.nan)
    plan["dex_start_h"] = plan["zero_h"] + np.where(before, -_EXPOSED_BEFORE_H, by_decision)
    plan["dex_on"] = ~np.isnan(plan["dex_start_h"])
