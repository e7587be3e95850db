"""Which cells describe a time up to a moment, and whether they are the same in two worlds that part there."""

import random
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from tests.recompute.trial.compared import differing
from tests.recompute.trial.rows import HOUR, next_hour
from tests.recompute.trial.trial import Mart, Trial

COMPARED = ("sic_hourly", "trial_eligibility", "trial_baseline", "trial_interval")
Marts = Callable[[str], Mart]


def moments_of(trial: Trial, seed: int) -> dict[int, int]:
    """A moment of each candidate, by stay: one of those that the trial describes, or an hour without one.

    A suspicion is known by then: before, nobody can tell that he is a candidate.
    """
    chance, found = random.Random(seed), {}
    for stay, hours in trial.hours.items():
        if hours:
            since = max(hours[0].hour, next_hour(min(each.known for each in trial.scores[stay].suspicions)))
            until = hours[-1].hour + trial.choices["trial_grace_h"] * HOUR
            described = [each.hour for each in hours]
            described += [row["decided_at"] for key, row in trial.trial_interval.items() if key[0] == stay] * 5
            described += [chance.randrange(since, until)] * 5
            found[stay] = chance.choice([moment for moment in described if moment >= since])
    return found


def by_patient(trial: Trial, moments: Mapping[int, int]) -> dict[int, pd.Timestamp]:
    """The same by patient, as times."""
    return {trial.patients[stay].stay.subject_id: pd.Timestamp(time, unit="s") for stay, time in moments.items()}


def differing_before(one: Marts, other: Marts, moments: Mapping[int, int], interval_h: int) -> list[str]:
    """Every cell that describes a time up to its stay's moment and is not the same in both."""
    wrong = []
    for name in COMPARED:
        here, there = (_before(name, marts(name), moments, interval_h) for marts in (one, other))
        wrong += [f"{name}: {each}" for each in differing(here, there)]
    return wrong


def _before(name: str, mart: Mart, moments: Mapping[int, int], interval_h: int) -> Mart:
    return {
        key: {
            column: value
            for column, value in row.items()
            if not _is_open(row, column, moments[row["stay_id"]], interval_h)
        }
        for key, row in mart.items()
        if row["stay_id"] in moments and _at(name, row) <= moments[row["stay_id"]]
    }


def _at(name: str, row: dict[str, Any]) -> float:
    """The moment that a row describes; a stay without a time zero is not judged yet."""
    time = row[{"sic_hourly": "hour_at", "trial_interval": "decided_at"}.get(name, "time_zero_at")]
    return float("inf") if time is None else float(time)


def _is_open(row: dict[str, Any], column: str, moment: int, interval_h: int) -> bool:
    """Whether a start in the interval could still come."""
    return column == "starts" and bool(row["decided_at"] + interval_h * HOUR > moment)
