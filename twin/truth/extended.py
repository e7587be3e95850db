"""The mart baseline_extended by the notes: where, when and how admitted, and what of the first day Table 1 lacks."""

from typing import Final

import numpy as np

from twin.arrays import extreme, hours_since, mean_by_time, shared
from twin.plan.intent import Intent
from twin.rows import Array, Columns, take, text
from twin.tables.hospital import ERAS, care_unit
from twin.tables.infusions.drugs import DRUGS

CODES: Final = ("full", "limited", "comfort")
# Goradia 2021 (doi:10.1016/j.jcrc.2020.11.002), rates in mcg/kg/min and units an hour
_FACTORS: Final = {
    b"norepinephrine": 1.0,
    b"epinephrine": 1.0,
    b"phenylephrine": 0.1,
    b"dopamine": 0.01,
    b"vasopressin": 2.5 / 60,
}
_DAY: Final = np.timedelta64(86_400, "s")


def baseline_extended(plan: Columns, intent: Intent, gcs: Array) -> Columns:
    """Every stay; `gcs` is the lowest of its first day. NaN where nothing was measured."""
    count = len(plan["stay_id"])

    def window(notes: Columns) -> Columns:
        hours = hours_since(notes["time"], plan["intime"][notes["stay"]])
        return take(notes, (hours >= -6) & (hours <= 24))

    admitted = intent.of("admission")
    admission = np.searchsorted(admitted["stay"], plan["admission"])
    # the trial's patients have a lactate of their own before each decision, the others' is part of a gas
    lactates = window(shared(plan["patient"], intent.of("lab lactate" if intent.has("lab lactate") else "gas lactate")))
    gases = window(shared(plan["patient"], intent.of("gas")))
    code = np.zeros(count, np.int64)
    if intent.has("code status"):
        charted = window(intent.of("code status"))
        np.maximum.at(code, charted["stay"], charted["value"].astype(np.int64))
    rass = np.full(count, np.nan)
    if intent.has("rass"):
        rass = _median(count, window(mean_by_time(intent.of("rass"))))
    return {
        "stay_id": plan["stay_id"],
        "admission_type": admitted["admission_type"][admission],
        "care_unit": care_unit(plan),
        "year_group": ERAS[plan["era"]],
        "code_status": text(CODES)[code],
        "norepinephrine_equivalent_mcg_kg_min": _highest_equivalent(plan, intent),
        "rass": rass,
        "gcs": gcs,
        "pao2fio2_mmhg": extreme(count, gases["stay"], gases["ratio"], np.minimum),
        "lactate_mmol_l": extreme(count, lactates["stay"], lactates["value"], np.maximum),
    }


def _median(count: int, notes: Columns) -> Array:
    """By stay, NaN where there is none."""
    number = np.bincount(notes["stay"], minlength=count)
    first = np.cumsum(number) - number
    value = notes["value"][np.lexsort((notes["value"], notes["stay"]))]
    found = np.full(count, np.nan)
    some = number > 0
    lower, upper = (first + (number - 1) // 2)[some], (first + number // 2)[some]
    found[some] = (value[lower] + value[upper]) / 2
    return found


def _highest_equivalent(plan: Columns, intent: Intent) -> Array:
    """Highest sum of the pressors that run at once in the first 24 hours: rates go on at a start and off at an end."""
    runs = intent.of("infusion")
    factor = np.select([runs["drug"] == drug for drug in _FACTORS], list(_FACTORS.values()), 0.0)
    # of the bottles of phenylephrine mimic-code reads one (var vasoactive_items)
    factor[(runs["drug"] == b"phenylephrine") & (runs["item"] != DRUGS["phenylephrine"].itemid)] = 0.0
    hourly = np.where(runs["unit"] == b"units/min", 60.0, 1.0)
    runs = runs | {"change": factor * hourly * runs["rate"]}
    admitted = plan["intime"][runs["stay"]]
    on_day = (runs["end"] > admitted) & (runs["start"] <= admitted + _DAY)
    runs = take(runs | {"start": np.maximum(runs["start"], admitted)}, on_day & (runs["change"] > 0))
    stay = np.concatenate([runs["stay"], runs["stay"]])
    time = np.concatenate([runs["start"], runs["end"]])
    change = np.concatenate([runs["change"], -runs["change"]])
    order = np.lexsort((time, stay))
    stay, time, running = stay[order], time[order], np.cumsum(change[order])
    # after all that happens at one time
    settled = np.append((stay[1:] != stay[:-1]) | (time[1:] != time[:-1]), True)[: len(stay)]
    highest = np.zeros(len(plan["stay_id"]))
    np.maximum.at(highest, stay[settled], running[settled])
    return np.where(highest > 1e-12, highest, 0.0)  # what is left of sums that end at nothing
