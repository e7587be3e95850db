"""SOFA and SIC of each full hour by what had become known, and time zero: the first hour at which SIC is known.

Reckoned from notes on a grid of hours by position; the models number, join and window rows.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from twin.plan.intent import Intent
from twin.plan.population import FIRST
from twin.rows import Array, Columns, spread, take
from twin.trial.known import readings
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
    learned("platelets_points", "lab platelets", np.array([150, 100]), below)
    learned("inr_points", "lab inr", np.array([1.2, 1.4]), _above)
    learned("liver", "lab bilirubin", BILIRUBIN, at_least)
    learned("renal", "lab creatinine", CREATININE, at_least)
    learned("cns", "gcs", COMA, at_most)
    learned("cardiovascular", "map", np.array([70]), below)
    gas = intent.of("gas")
    known = readings(plan, intent, "gas")
    order = np.lexsort((gas["time"], gas["stay"]))
    hour = -(-known["known"].astype(np.int64) // _HOUR) - first[known["stay"]]
    put("respiration", known["stay"], hour, lung_points(take(gas, order) | {"own": np.array(True)}, full_scale=True))
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


def time_zero(plan: Columns, worst: dict[str, Array], suspected: Columns) -> Array:
    """Hour of the grid of the first SIC within 24 h of ICU admission; -1 where there is none.

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
    sic = screened & (score_of(worst) >= _MIN_SCORE) & (at >= septic[:, None])
    sic &= ((plan["role"] == FIRST) & (plan["age"] >= 18))[:, None]
    return np.where(sic.any(axis=1), sic.argmax(axis=1), -1)
