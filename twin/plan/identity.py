"""Patients, admissions and the calendar: which stays belong together, when they are, and their identifiers."""

from typing import Final

import numpy as np

from twin.plan.population import COMORBIDITIES, FIRST, NEXT_ADMISSION, SAME_ADMISSION
from twin.rows import Array, Columns

_MODULUS: Final = 9_999_991  # a prime: multiplying by anything else is one-to-one, and scatters the identifiers
_PERSONAL: Final = ("is_female", "race", "weight_kg", *COMORBIDITIES)


def assign_identity(rng: np.random.Generator, plan: Columns, first_position: int) -> None:
    """Add who, which admission and when to `plan`; `first_position` is the first stay's number in the data set."""
    count = len(plan["role"])
    position = np.arange(count)
    patient = np.maximum.accumulate(np.where(plan["role"] == FIRST, position, 0))
    admission = np.maximum.accumulate(np.where(plan["role"] != SAME_ADMISSION, position, 0))
    for name in _PERSONAL:
        plan[name] = plan[name][patient]
    plan["is_pregnant"] &= plan["role"] == FIRST
    plan["patient"], plan["admission"] = patient, admission
    # a stay of another patient, of the same one where there is no other
    plan["neighbour"] = (_last_of(patient) + 1) % count
    plan["subject_id"] = 10_000_000 + _scatter(first_position + patient)
    plan["hadm_id"] = 20_000_000 + _scatter(first_position + admission)
    plan["stay_id"] = 30_000_000 + _scatter(first_position + position)
    _assign_times(rng, plan)


def _assign_times(rng: np.random.Generator, plan: Columns) -> None:
    count, role, patient = len(plan["role"]), plan["role"], plan["patient"]
    from_ward = rng.random(count) < 0.25
    before = np.where(from_ward, rng.uniform(12, 140, count), np.clip(np.exp(rng.normal(1.3, 0.8, count)), 0.3, 20))
    plan["hours_before_icu"] = before[plan["admission"]]
    # hours from one stay's ICU admission to the next stay's
    # some are back within hours: the windows of both stays then hold the same laboratory values
    to_next = plan["los_h"] + np.where(rng.random(count) < 0.5, rng.uniform(0.5, 5, count), rng.uniform(6, 100, count))
    until_home = plan["hospital_end_h"] + 24 * rng.uniform(8, 500, count)
    step = np.zeros(count)
    same, again = np.flatnonzero(role == SAME_ADMISSION), np.flatnonzero(role == NEXT_ADMISSION)
    step[same] = to_next[same - 1]
    step[again] = until_home[again - 1] + plan["hours_before_icu"][again]
    elapsed = np.cumsum(step)
    elapsed -= elapsed[patient]
    start = np.datetime64("2110-01-01", "s") + rng.integers(0, 80 * 365 * 86_400, count).astype("timedelta64[s]")
    plan["intime"] = start[patient] + np.round(elapsed * 3600).astype("timedelta64[s]")
    plan["outtime"] = plan["intime"] + np.round(plan["los_h"] * 3600).astype("timedelta64[s]")
    # admission and discharge in hours before and after this stay's own ICU admission
    since_first = elapsed - elapsed[plan["admission"]]
    plan["admit_h"] = -plan["hours_before_icu"] - since_first
    last = _last_of(plan["admission"])
    plan["discharge_h"] = (elapsed + plan["hospital_end_h"])[last] - elapsed
    admitted = (plan["intime"] + _timedelta(plan["admit_h"])).astype("datetime64[Y]").astype(np.int64) + 1970
    # the anchor is the year of the first admission, or one or two before it; ages over 89 are all 91
    years = np.where(rng.random(count) < 0.3, rng.integers(1, 3, count), 0)[patient]
    plan["anchor_year"] = admitted[patient] - years
    anchor_age = plan["age"][patient] - years
    plan["anchor_age"] = np.where(anchor_age > 89, 91, anchor_age)
    plan["age"] = plan["anchor_age"] + admitted - plan["anchor_year"]
    plan["era"] = rng.integers(0, 4, count)[patient]
    plan["icd_version"] = np.where(plan["era"] >= 2, 10, 9)


def _last_of(group: Array) -> Array:
    """For each position, the last one of its group; groups are contiguous."""
    ends = np.append(np.flatnonzero(np.diff(group)), len(group) - 1)
    return np.asarray(ends[np.searchsorted(ends, np.arange(len(group)))])


def _timedelta(hours: Array) -> Array:
    return np.asarray(np.round(hours * 3600).astype("timedelta64[s]"))


def _scatter(number: Array) -> Array:
    return np.asarray((number.astype(np.int64) * 7_368_787 + 1_234_567) % _MODULUS)
