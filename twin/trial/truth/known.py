"""What was known when: the makers' notes with the time at which each became known, and the last of them at a moment."""

from typing import Final

import numpy as np

from twin.arrays import shared
from twin.plan.intent import Intent
from twin.rows import Array, Columns
from twin.trial.tables.blood import gas_delay
from twin.trial.tables.charts import storing_delay

_VITAL_SIGNS: Final = ("heart_rate", "map", "resp_rate", "spo2")
_HEART_RATE: Final = 220045  # all vital signs of a minute are stored together
_OTHERS: Final = ("gcs", "glucose", "weight", "rass", "code status")
_NO_ITEM: Final = 0
_SECOND: Final = np.timedelta64(1, "s")


def readings(plan: Columns, intent: Intent, subject: str) -> Columns:
    """`stay`, `time`, `known`, `value` of a subject, one row for a time (the mean), in the order of stay and time.

    Blood is the admission's: of two stays in it each has the results of both. Of a gas the ratio of oxygen is told.
    """
    notes = intent.of(subject)
    if subject == "gas" or subject.startswith("lab "):
        notes = shared(plan["admission"], notes)
    stay, time = notes["stay"], notes["time"]
    if subject == "gas":
        value, known = notes["ratio"], time + gas_delay(time) * _SECOND
    elif subject.startswith("lab "):
        value, known = notes["value"], notes["known"]
    else:
        item = np.full(len(stay), _HEART_RATE if subject in _VITAL_SIGNS else _NO_ITEM)
        value, known = notes["value"], time + storing_delay(plan["stay_id"][stay], time, item) * _SECOND
    keys, first, where = np.unique(stay * 2**40 + time.astype(np.int64), return_index=True, return_inverse=True)
    last = np.zeros(len(keys), np.int64)
    np.maximum.at(last, where, known.astype(np.int64))
    return {
        "stay": stay[first],
        "time": time[first],
        "known": last.astype("datetime64[s]"),
        "value": np.bincount(where, value, minlength=len(keys)) / np.bincount(where, minlength=len(keys)),
    }


def last_known(read: Columns, moments: Array) -> Array:
    """Of what is known at a moment, the value measured last; NaN where there is none. `moments` are stays x points."""
    found = np.full(moments.shape, np.nan)
    number = np.arange(len(read["stay"]))
    for point in range(moments.shape[1]):
        known = read["known"] <= moments[read["stay"], point]
        last = np.full(len(moments), -1)
        np.maximum.at(last, read["stay"][known], number[known])
        found[:, point] = np.where(last >= 0, read["value"][last], np.nan) if len(number) else np.nan
    return found


def running(intent: Intent, drug: bytes, moments: Array) -> Array:
    """Sum of the rates of a drug that run at each moment (stays x points): begun before it, not ended before it."""
    runs = intent.of("infusion")
    mine = np.flatnonzero((runs["drug"] == drug) & (runs["rate"] > 0))
    stay, start, end, rate = (runs[name][mine] for name in ("stay", "start", "end", "rate"))
    found = np.zeros(moments.shape)
    for point in range(moments.shape[1]):
        runs_on = (start < moments[stay, point]) & (end >= moments[stay, point])
        np.add.at(found[:, point], stay[runs_on], rate[runs_on])
    return found
