"""What the marts of the controls must say of a block: null exposures by the orders, null outcomes by what lies before.

Both designs are reckoned alike, from the makers' notes.
"""

from typing import Final

import numpy as np

from twin.arrays import extreme, hours_since, shared
from twin.plan.intent import Intent
from twin.plan.population import FIRST
from twin.rows import Array, Columns, take, text
from twin.trial.controls import EXPOSURES, OUTCOMES
from twin.truth.course import union_hours
from twin.truth.sepsis import suspicions

_HOUR: Final = np.timedelta64(3600, "s")
_NAMES: Final = text([exposure.name for exposure in EXPOSURES])
_DRUGS: Final = text([exposure.drug for exposure in EXPOSURES])
_YEAR_H: Final = 365 * 24
_FIRST_DAY_BEFORE_H, _ADMISSION_BEFORE_H = 6, 24
_BRADYCARDIA: Final = 50
_WINDOW_H: Final = 48
_LATEST_START_H, _LEAST_H, _LEAST_ORDERS = 48, 4, 2
# outcome -> subject of the notes, choice among several, threshold, is it below
_BEFORE_ICU: Final = {
    "lactate_before_icu": ("lab lactate", np.maximum, 2.0, False),
    "creatinine_before_icu": ("lab creatinine", np.maximum, 2.0, False),
    "hemoglobin_before_icu": ("lab hemoglobin", np.minimum, 10.0, True),
}
_OF_THE_YEAR: Final = {
    "hba1c_high": ("old hba1c", 6.5, False),
    "mcv_high": ("old mcv", 100.0, False),
    "mcv_low": ("old mcv", 80.0, True),
}
_ADMISSIONS: Final = {"prior_year_admission": 1, "prior_year_admissions_two": 2}


def control_orders(plan: Columns, intent: Intent) -> Columns:
    """Orders of null exposures, for all stays of their admission: `stay`, `drug` (number), `start`, `end`."""
    notes = intent.of("order")
    order = np.argsort(_DRUGS)
    drug = order[np.searchsorted(_DRUGS[order], notes["drug"]).clip(max=len(order) - 1)]
    mine = _DRUGS[drug] == notes["drug"]
    orders = shared(plan["admission"], take(notes | {"drug": drug}, mine))
    return orders | {"end": np.where(np.isnat(orders["end"]), orders["start"], orders["end"])}


def negative_control_exposure(plan: Columns, intent: Intent) -> Columns:
    """A row per stay and null exposure that is ordered in it, or runs when it begins."""
    orders, drugs = control_orders(plan, intent), len(EXPOSURES)
    admitted, left = plan["intime"][orders["stay"]], plan["outtime"][orders["stay"]]
    inside = (orders["start"] >= admitted) & (orders["start"] < left)
    into = (orders["start"] < admitted) & (orders["end"] > admitted)
    # each stay and drug has a number
    key, count = orders["stay"] * drugs + orders["drug"], drugs * len(plan["stay_id"])
    offset = extreme(count, key[inside], hours_since(orders["start"], admitted)[inside], np.minimum)
    begun = np.unique(np.stack([key[inside], orders["start"][inside].astype(np.int64)]), axis=1)[0]
    runs = {"stay": key, "start": np.maximum(orders["start"], admitted), "end": np.minimum(orders["end"], left)}
    ordered = union_hours(count, take(runs, inside | into))
    number = np.bincount(begun, minlength=count)
    prevalent = np.bincount(key[into], minlength=count) > 0
    late = ~prevalent & (offset > _LATEST_START_H)
    short = ~prevalent & (ordered < _LEAST_H) & (number < _LEAST_ORDERS)
    rows = {
        "stay_id": np.repeat(plan["stay_id"], drugs),
        "exposure": np.tile(_NAMES, len(plan["stay_id"])),
        "start_offset_h": offset,
        "ordered_h": ordered,
        "order_count": number,
        "is_prevalent": prevalent,
        "is_late": late,
        "is_short": short,
        "is_exposed": ~prevalent & ~late & ~short,
    }
    return take(rows, prevalent | (number > 0))


def negative_control_outcome(plan: Columns, intent: Intent) -> Columns:
    """A row per null outcome and stay that may be studied: the first one of an adult who is suspected of infection."""
    count = len(plan["stay_id"])
    suspected = np.zeros(count, np.bool_)
    suspected[list(suspicions(plan, intent))] = True
    stays = np.flatnonzero(suspected & (plan["role"] == FIRST) & (plan["age"] >= 18))
    found = {name: _outcome(plan, intent, name) for name in (outcome.name for outcome in OUTCOMES)}
    return {
        "stay_id": np.tile(plan["stay_id"][stays], len(found)),
        "outcome": np.repeat(text(list(found)), len(stays)),
        "occurred": np.concatenate([occurred[stays] for occurred, _ in found.values()]),
        "is_known": np.concatenate([known[stays] for _, known in found.values()]),
    }


def _outcome(plan: Columns, intent: Intent, name: str) -> tuple[Array, Array]:
    """Has each stay's patient had it, and is that known?"""
    if name in _BEFORE_ICU:
        return _before_icu(plan, intent, name)
    if name in _OF_THE_YEAR:
        return _of_the_year(plan, intent, name)
    count = len(plan["stay_id"])
    everybody, nobody = np.ones(count, np.bool_), np.zeros(count, np.bool_)
    if name == "screening_positive":
        notes = _in_the_year(plan, intent, "screen")
        grown = np.bincount(notes["stay"], notes["is_positive"], minlength=count) > 0
        return grown, np.bincount(notes["stay"], minlength=count) > 0
    if name in _ADMISSIONS:
        if not intent.has("earlier admission"):
            return nobody, everybody
        notes = intent.of("earlier admission")
        admitted = plan["intime"][notes["stay"]] + np.round(plan["admit_h"][notes["stay"]] * 60).astype(
            "timedelta64[m]"
        )
        recent = notes["discharged"] >= admitted - _YEAR_H * _HOUR
        return np.bincount(notes["stay"][recent], minlength=count) >= _ADMISSIONS[name], everybody
    coded = np.bincount(intent.of(f"old {name}")["stay"], minlength=count) > 0 if intent.has(f"old {name}") else nobody
    return coded, everybody


def _before_icu(plan: Columns, intent: Intent, name: str) -> tuple[Array, Array]:
    """The worst result from the beginning of the admission to before what the first day reads."""
    subject, choose, threshold, is_below = _BEFORE_ICU[name]
    count = len(plan["stay_id"])
    if not intent.has(subject):
        return np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    notes = shared(plan["patient"], intent.of(subject))
    hours = hours_since(notes["time"], plan["intime"][notes["stay"]])
    inside = (hours >= plan["admit_h"][notes["stay"]] - _ADMISSION_BEFORE_H) & (hours < -_FIRST_DAY_BEFORE_H)
    worst = extreme(count, notes["stay"][inside], notes["value"][inside], choose)
    return (worst < threshold) if is_below else (worst >= threshold), ~np.isnan(worst)


def _of_the_year(plan: Columns, intent: Intent, name: str) -> tuple[Array, Array]:
    """The last result of the year before the ICU; no two are of one time."""
    subject, threshold, is_below = _OF_THE_YEAR[name]
    value = np.full(len(plan["stay_id"]), np.nan)
    if intent.has(subject):
        notes = _in_the_year(plan, intent, subject)
        notes = take(notes, np.argsort(notes["time"], kind="stable"))
        value[notes["stay"]] = notes["value"]
    return (value < threshold) if is_below else (value >= threshold), ~np.isnan(value)


def _in_the_year(plan: Columns, intent: Intent, subject: str) -> Columns:
    """Notes of the patient from a year before ICU admission up to it."""
    notes = shared(plan["patient"], intent.of(subject))
    hours = hours_since(notes["time"], plan["intime"][notes["stay"]])
    return take(notes, (hours >= -_YEAR_H) & (hours < 0))


def bradycardia(plan: Columns, intent: Intent, since: Array) -> Columns:
    """A row per stay: a heart rate below 50 in the 48 hours after the moment `since` (NaT: nothing is known)."""
    count = len(plan["stay_id"])
    notes = intent.of("heart_rate")
    hours = hours_since(notes["time"], since[notes["stay"]])
    inside = (hours > 0) & (hours <= _WINDOW_H)
    slow = inside & (notes["value"] < _BRADYCARDIA)
    first = extreme(count, notes["stay"][slow], hours[slow], np.minimum)
    return {
        "stay_id": plan["stay_id"],
        "is_known": np.bincount(notes["stay"][inside], minlength=count) > 0,
        "bradycardia_48h": ~np.isnan(first),
        "first_bradycardia_h": first,
    }
