"""What a stay was given and how it ended: the exposure and the outcomes."""

from typing import Final

import numpy as np

from twin.arrays import extreme, hours_since
from twin.plan.intent import Intent
from twin.rows import Array, Columns, take

_DAY28: Final = 28.0
PRESSORS: Final = (b"norepinephrine", b"epinephrine", b"vasopressin")


def dexmedetomidine_exposure(plan: Columns, intent: Intent) -> Columns:
    """Every stay, NaN where dexmedetomidine never ran. The pieces of a course never overlap."""
    count = len(plan["stay_id"])
    runs = intent.of("infusion")
    runs = take(runs, runs["drug"] == b"dexmedetomidine")
    runs = take(runs, np.lexsort((runs["start"], runs["stay"])))
    stay, admitted = runs["stay"], plan["intime"][runs["stay"]]
    begin, end = hours_since(runs["start"], admitted), hours_since(runs["end"], admitted)
    offset = extreme(count, stay, begin, np.minimum)
    running = np.bincount(stay, _whole(end - begin), minlength=count) / 3600
    # a pause of more than an hour ends an episode
    opens = np.concatenate([[True], (np.diff(stay) > 0) | (_whole(begin[1:] - end[:-1]) > 3600)])[: len(stay)]
    episode = np.cumsum(opens) - 1
    first = np.flatnonzero(opens)
    reach = np.maximum.reduceat(end, first) if len(first) else end
    longest = extreme(count, stay[first], reach - begin[first], np.maximum) if len(episode) else offset
    inside = _whole(np.clip(end, 0, 48) - np.clip(begin, 0, 48))
    seconds = np.bincount(stay, inside, minlength=count)
    dose = np.bincount(stay, runs["rate"] * inside, minlength=count)
    ran = ~np.isnan(offset)
    with np.errstate(invalid="ignore"):
        rate = np.where(seconds > 0, dose / seconds, np.nan)
    running = np.where(ran, running, np.nan)
    return {
        "stay_id": plan["stay_id"],
        "start_offset_h": offset,
        "duration_h": running,
        "running_h": running,
        "longest_episode_h": longest,
        "mean_rate_48h": rate,
        "is_exposed": ran & (offset <= 48) & (running >= 4),
    }


def outcomes_of(plan: Columns, intent: Intent) -> Columns:
    """Deaths, time followed, hours of support and days of stay."""
    count = len(plan["stay_id"])
    notes = intent.of("admission")
    row = np.searchsorted(notes["stay"], plan["admission"])
    # NaT where the discharge is not to be believed
    discharged, died = notes["discharged"][row], ~np.isnat(notes["died"][row])
    death = np.where(died, hours_since(notes["died"][row], plan["intime"]) / 24, np.inf)
    died_28d = death <= _DAY28
    leave = hours_since(discharged, plan["intime"]) / 24
    tubes = intent.of("ventilation")
    drugs = intent.of("infusion")
    return {
        "stay_id": plan["stay_id"],
        "died_28d_hospital": died_28d,
        "followup_28d_days": np.clip(np.where(died_28d, death, _DAY28), 0, _DAY28),
        "followup_discharge_days": np.clip(np.where(died_28d, death, np.nan_to_num(leave, nan=_DAY28)), 0, _DAY28),
        "died_hospital": died,
        "ventilation_h": np.bincount(tubes["stay"], hours_since(tubes["end"], tubes["start"]), minlength=count),
        "vasopressor_h": union_hours(count, take(drugs, np.isin(drugs["drug"], PRESSORS))),
        "hospital_days": hours_since(discharged, notes["admitted"][row]) / 24,
        "icu_days": hours_since(plan["outtime"], plan["intime"]) / 24,
    }


def union_hours(count: int, runs: Columns) -> Array:
    """Hours in which any of the runs goes on: what each adds beyond the latest end so far."""
    runs = take(runs, np.lexsort((runs["end"], runs["start"], runs["stay"])))
    base = runs["stay"] * 2**40  # so that the latest end of one stay never reaches into the next
    start, end = (base + runs[name].astype(np.int64) for name in ("start", "end"))
    reached = np.concatenate([[0], np.maximum.accumulate(end)[:-1]]) if len(end) else end
    return np.bincount(runs["stay"], np.maximum(end - np.maximum(start, reached), 0), minlength=count) / 3600


def _whole(hours: Array) -> Array:
    """Seconds, whole."""
    return np.round(hours * 3600)
