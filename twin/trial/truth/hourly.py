"""SOFA and SIC of each full hour by what had become known, and time zero: the first hour at which SIC is known.

Reckoned from notes on a grid of hours by position; the models number, join and window rows.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from twin.arrays import shared
from twin.plan.intent import Intent
from twin.plan.population import FIRST
from twin.rows import Array, Columns, spread, take
from twin.trial.tables.blood import gas_delay
from twin.trial.truth.known import readings
from twin.truth.sofa import (
    BILIRUBIN,
    COMA,
    CREATININE,
    ORGANS,
    PLATELETS,
    at_least,
    at_most,
    below,
    catecholamine_points,
    lung_points,
)

_WINDOW_H: Final = 24
_SCREENED_H: Final = 24
_SHOWN_H: Final = _SCREENED_H + 49  # the last decision lies 42 h after the last hour of screening
_HOUR: Final = 3600
_PARTS: Final = (*ORGANS, "platelets_points", "inr_points")
_FOUR: Final = ("respiration", "cardiovascular", "liver", "renal")
_LOW_PLATELETS: Final = np.array([150, 100])
_HIGH_INR: Final = np.array([1.2, 1.4])
_MIN_SCORE: Final = 4
_SEPTIC: Final = 2
_BEFORE_S, _AFTER_S = 48 * _HOUR, 24 * _HOUR


def first_hours(plan: Columns) -> Array:
    """Hour of the clock (since 1970) that each stay's hours count from: the first full one at or after admission."""
    return np.asarray(-(-plan["intime"].astype(np.int64) // _HOUR))


def worst_by_hour(plan: Columns, intent: Intent) -> dict[str, Array]:
    """Worst points of the 24 hours that end at each hour (stays x hours) by what became known in them; missing is 0.

    No urine is so scarce here that it counts.
    """
    count, first = len(plan["stay_id"]), first_hours(plan)
    points = {name: np.zeros((count, _WINDOW_H + _SHOWN_H), np.int64) for name in _PARTS}

    def put(name: str, stay: Array, hour: Array, level: Array) -> None:
        inside = (hour > -_WINDOW_H) & (hour < _SHOWN_H)
        np.maximum.at(points[name], (stay[inside], hour[inside] + _WINDOW_H), level[inside])

    def learned(name: str, subject: str, bounds: Array, points_of: Callable[[Array, Array], Array]) -> None:
        read = readings(plan, intent, subject)
        hour = -(-read["known"].astype(np.int64) // _HOUR) - first[read["stay"]]
        put(name, read["stay"], hour, points_of(read["value"], bounds))

    learned("coagulation", "lab platelets", PLATELETS, below)
    learned("platelets_points", "lab platelets", _LOW_PLATELETS, below)
    learned("inr_points", "lab inr", _HIGH_INR, _above)
    learned("liver", "lab bilirubin", BILIRUBIN, at_least)
    learned("renal", "lab creatinine", CREATININE, at_least)
    learned("cns", "gcs", COMA, at_most)
    learned("cardiovascular", "map", np.array([70]), below)
    gas = shared(plan["admission"], intent.of("gas"))
    known = gas["time"].astype(np.int64) + gas_delay(gas["time"])
    put("respiration", gas["stay"], -(-known // _HOUR) - first[gas["stay"]], lung_points(gas, full_scale=True))
    runs = intent.of("infusion")
    runs = take(runs, catecholamine_points(runs) > 0)
    # every full hour in (start, end]
    begin, end = (runs[name].astype(np.int64) // _HOUR - first[runs["stay"]] for name in ("start", "end"))
    begin, end = np.maximum(begin, -_WINDOW_H), np.minimum(end, _SHOWN_H)
    owner, rank = spread(end - begin)
    put("cardiovascular", runs["stay"][owner], begin[owner] + 1 + rank, catecholamine_points(runs)[owner])
    return {
        name: np.stack([grid[:, back + 1 : back + 1 + _SHOWN_H] for back in range(_WINDOW_H)]).max(axis=0)
        for name, grid in points.items()
    }


def _above(value: Array, bounds: Array) -> Array:
    """How many of the bounds lie below the value."""
    return np.asarray((value[:, None] > bounds).sum(axis=1))


def sofa_of(worst: dict[str, Array]) -> Array:
    """All six organs, stays x hours."""
    return np.asarray(sum(worst[organ] for organ in ORGANS))


def score_of(worst: dict[str, Array]) -> Array:
    """SIC score with four organs, stays x hours."""
    four = np.asarray(sum(worst[organ] for organ in _FOUR))
    return np.asarray(worst["platelets_points"] + worst["inr_points"] + np.minimum(four, 2))


def sic_hourly(plan: Columns, intent: Intent, worst: dict[str, Array], suspected: Columns) -> Columns:
    """The mart of that name, `stay` (position) in place of its stay_id.

    `suspected`: `stay`, `at` (the time of the suspicion) and `known`, in seconds.
    """
    count, first = len(plan["stay_id"]), first_hours(plan)
    at = (first[:, None] + np.arange(_SHOWN_H)) * _HOUR
    screened = at <= (plan["intime"].astype(np.int64) + _SCREENED_H * _HOUR)[:, None]
    failing = (sofa_of(worst) >= _SEPTIC) & screened
    septic = np.full(count, np.iinfo(np.int64).max)
    for stay, time, known in zip(*(suspected[name].tolist() for name in ("stay", "at", "known")), strict=True):
        near = failing[stay] & (at[stay] >= time - _BEFORE_S) & (at[stay] <= time + _AFTER_S)
        if near.any():
            septic[stay] = min(septic[stay], max(int(at[stay][near.argmax()]), known))
    is_septic = at >= septic[:, None]
    stay, hour = np.nonzero(screened & _may_reach(plan, intent, suspected)[:, None])
    score, sofa = score_of(worst), sofa_of(worst)
    clotting = worst["platelets_points"] + worst["inr_points"]
    total = clotting + np.minimum(sofa, 2)
    rows = {
        "hour_at": at.astype("datetime64[s]"),
        "platelets_points": worst["platelets_points"],
        "inr_points": worst["inr_points"],
        "sofa_24h": sofa,
        "sic_score_four": score,
        "sic_score_total": total,
        "sic_score": score,
        "is_strict": clotting > 2,
        "is_septic": is_septic,
        "is_sic": is_septic & (score >= _MIN_SCORE),
    }
    return {"stay": stay, "hr": hour} | {name: values[stay, hour] for name, values in rows.items()}


def time_zero(plan: Columns, hourly: Columns) -> Array:
    """Hour of the grid of each stay's first SIC; -1 where there is none."""
    first = np.full(len(plan["stay_id"]), _SHOWN_H)
    np.minimum.at(first, hourly["stay"][hourly["is_sic"]], hourly["hr"][hourly["is_sic"]])
    return np.where(first < _SHOWN_H, first, -1)


def _may_reach(plan: Columns, intent: Intent, suspected: Columns) -> Array:
    """First stays of adults with a suspicion on the first day, and platelets and INR that leave the score in reach."""
    count = len(plan["stay_id"])
    until = plan["intime"].astype(np.int64) + _SCREENED_H * _HOUR
    points = np.zeros(count, np.int64)
    for subject, bounds, points_of in (("platelets", _LOW_PLATELETS, below), ("inr", _HIGH_INR, _above)):
        labs = shared(plan["admission"], intent.of(f"lab {subject}"))
        mine = labs["time"].astype(np.int64) <= until[labs["stay"]]
        worst = np.zeros(count, np.int64)
        np.maximum.at(worst, labs["stay"][mine], points_of(labs["value"][mine], bounds))
        points += worst
    early = suspected["known"] <= until[suspected["stay"]]
    is_suspected = np.bincount(suspected["stay"][early], minlength=count) > 0
    return np.asarray((plan["role"] == FIRST) & (plan["age"] >= 18) & is_suspected & (points + 2 >= _MIN_SCORE))
