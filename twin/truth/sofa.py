"""SOFA of every hour, and the points of a component that the first day counts too."""

from typing import Final

import numpy as np

from twin.arrays import extreme, mean_by_time, shared
from twin.plan.intent import Intent
from twin.rows import Array, Columns, spread, take

ORGANS: Final = ("respiration", "coagulation", "liver", "cardiovascular", "cns", "renal")
_LEAD_H: Final = 24
_WINDOW_H: Final = 24
# bounds of 1, 2, 3 and 4 points (Vincent 1996)
PLATELETS: Final = np.array([150, 100, 50, 20])
BILIRUBIN: Final = np.array([1.2, 2.0, 6.0, 12.0])
CREATININE: Final = np.array([1.2, 2.0, 3.5, 5.0])
COMA: Final = np.array([14, 12, 9, 5])


def sofa_hourly(plan: Columns, intent: Intent) -> tuple[Columns, Array]:
    """One row per position in the plan (as stay_id) and hour, and the time at which each stay's hour 0 ends."""
    count = len(plan["stay_id"])
    charting = intent.of("charting")
    seconds = charting["time"].astype(np.int64)
    first = extreme(count, charting["stay"], seconds, np.minimum).astype(np.int64)
    last = extreme(count, charting["stay"], seconds, np.maximum).astype(np.int64)
    start = -(-first // 3600) * 3600
    last_hr = last // 3600 - first // 3600
    length = last_hr + 1 + _LEAD_H
    offset = np.cumsum(length) - length
    points = np.zeros((len(ORGANS), int(length.sum())), np.int64)

    def put(organ: str, stay: Array, hour: Array, level: Array) -> None:
        inside = (hour >= -_LEAD_H) & (hour <= last_hr[stay])
        where = offset[stay[inside]] + _LEAD_H + hour[inside]
        np.maximum.at(points[ORGANS.index(organ)], where, level[inside])

    def hour_of(notes: Columns) -> Array:
        return np.asarray(-(-(notes["time"].astype(np.int64) - start[notes["stay"]]) // 3600))

    def measured(organ: str, notes: Columns, level: Array) -> None:
        put(organ, notes["stay"], hour_of(notes), level)

    gas = shared(plan["patient"], intent.of("gas"))
    measured("respiration", gas, lung_points(gas, full_scale=True))
    for organ, test, bounds in (("liver", "bilirubin", BILIRUBIN), ("renal", "creatinine", CREATININE)):
        labs = _admission_labs(plan, intent, test)
        measured(organ, labs, at_least(labs["value"], bounds))
    labs = _admission_labs(plan, intent, "platelets")
    measured("coagulation", labs, below(labs["value"], PLATELETS))
    coma = intent.of("gcs")
    measured("cns", coma, at_most(coma["value"], COMA))
    pressure = mean_by_time(intent.of("map"))
    measured("cardiovascular", pressure, (pressure["value"] < 70).astype(np.int64))
    runs = take(intent.of("infusion"), catecholamine_points(intent.of("infusion")) > 0)
    # every full hour in (start, end]
    begin, end = ((runs[name].astype(np.int64) - start[runs["stay"]]) // 3600 for name in ("start", "end"))
    owner, rank = spread(end - begin)
    put("cardiovascular", runs["stay"][owner], begin[owner] + 1 + rank, catecholamine_points(runs)[owner])
    day = _urine_days(intent.of("urine"), first)
    # of two chartings in an hour mimic-code takes the one with more urine
    keys, where = np.unique(day["stay"] * 2**40 + hour_of(day), return_inverse=True)
    most = extreme(len(keys), where, day["value"], np.maximum)
    put("renal", keys // 2**40, keys % 2**40, dry_points(most))

    stay, hour = spread(length)
    worst = points.copy()
    for back in range(1, _WINDOW_H):
        earlier = points[:, :-back] * (hour[back:] >= back)
        np.maximum(worst[:, back:], earlier, out=worst[:, back:])
    shown = hour >= _LEAD_H
    rows = {"stay_id": stay[shown], "hr": hour[shown] - _LEAD_H}
    rows |= {f"{organ}_24h": worst[number][shown] for number, organ in enumerate(ORGANS)}
    rows["sofa_24h"] = worst.sum(axis=0)[shown]
    return rows, start.astype("datetime64[s]")


def _admission_labs(plan: Columns, intent: Intent, test: str) -> Columns:
    labs = intent.of(f"lab {test}")
    return shared(plan["admission"], take(labs, labs["in_admission"]))


def _urine_days(urine: Columns, first_beat: Array) -> Columns:
    """Urine in mL a day at each charting whose last 23 h are covered by 22 to 30 h of charting, as in mimic-code."""
    seconds = urine["time"].astype(np.int64)
    keys, where = np.unique(urine["stay"] * 2**40 + seconds, return_inverse=True)
    volume = np.bincount(where, urine["value"], minlength=len(keys))
    stay, at = keys // 2**40, keys % 2**40
    starts = np.concatenate([[True], np.diff(stay) > 0])
    before = np.where(starts, first_beat[stay], np.concatenate([[0], at[:-1]]))
    minutes = at // 60 - before // 60
    since = np.searchsorted(keys, keys - 23 * 3600, side="left")  # a day back never reaches the stay before
    since = np.maximum(since, np.maximum.accumulate(np.where(starts, np.arange(len(keys)), 0)))
    sums = [np.concatenate([[0], np.cumsum(part)]) for part in (volume, minutes)]
    total, covered = (part[1:] - part[since] for part in sums)
    full = (covered >= 22 * 60) & (covered <= 30 * 60)
    covered_h = np.round(covered / 60, 2)
    rows = {
        "stay": stay,
        "time": at.astype("datetime64[s]"),
        "value": total / np.where(full, covered_h, 1) * 24,
    }
    return take(rows, full)


def lung_points(gas: Columns, full_scale: bool) -> Array:
    """Points of a planned level: without a ventilator at most 2; on mimic-code's first day a ventilated 1 or 2 is 0."""
    ventilated = gas["level"] if full_scale else np.where(gas["level"] >= 3, gas["level"], 0)
    return np.where(gas["is_ventilated"] & gas["own"], ventilated, np.minimum(gas["level"], 2))


def catecholamine_points(runs: Columns) -> Array:
    """0 where the drug is not in the score. The twin's dopamine stays at 5 mcg/kg/min or below."""
    strong = np.isin(runs["drug"], (b"norepinephrine", b"epinephrine"))
    weak = np.isin(runs["drug"], (b"dopamine", b"dobutamine"))
    return np.where(strong, np.where(runs["rate"] > 0.1, 4, 3), np.where(weak, 2, 0))


def dry_points(urine_ml_day: Array) -> Array:
    """Points of urine in mL a day."""
    return np.select([urine_ml_day < 200, urine_ml_day < 500], [4, 3], 0)


def below(value: Array, bounds: Array) -> Array:
    """How many of the bounds lie above the value; 0 for NaN."""
    return np.asarray((value[:, None] < bounds).sum(axis=1))


def at_least(value: Array, bounds: Array) -> Array:
    """How many of the bounds the value reaches; 0 for NaN."""
    return np.asarray((value[:, None] >= bounds).sum(axis=1))


def at_most(value: Array, bounds: Array) -> Array:
    """How many of the bounds the value does not exceed; 0 for NaN."""
    return np.asarray((value[:, None] <= bounds).sum(axis=1))
