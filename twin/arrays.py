"""What the truth is reckoned with: notes of stays (intent.py) shared, averaged and reduced by stay."""

import numpy as np

from twin.rows import Array, Columns, spread, take


def shared(group: Array, notes: Columns) -> Columns:
    """Notes of one stay, for all stays of its group (patient or admission); `own` marks the stay itself.

    `group` holds the position of the group's first stay; the stays of a group are contiguous.
    """
    sizes = np.bincount(group, minlength=len(group))
    first = group[notes["stay"]]
    owner, rank = spread(sizes[first])
    stay = first[owner] + rank
    return take(notes, owner) | {"stay": stay, "own": stay == notes["stay"][owner]}


def mean_by_time(notes: Columns) -> Columns:
    """The mean of what was charted at one time."""
    keys, where = np.unique(notes["stay"] * 2**40 + notes["time"].astype(np.int64), return_inverse=True)
    return {
        "stay": keys // 2**40,
        "time": (keys % 2**40).astype("datetime64[s]"),
        "value": np.bincount(where, notes["value"]) / np.bincount(where),
    }


def hours_since(time: Array, since: Array) -> Array:
    """Hours from `since` to `time`; NaN for NaT."""
    return np.asarray((time - since) / np.timedelta64(3600, "s"))


def extreme(count: int, stay: Array, value: Array, choose: np.ufunc) -> Array:
    """Lowest or highest value by stay, NaN where there is none."""
    found = np.full(count, np.inf if choose is np.minimum else -np.inf)
    choose.at(found, stay, value)
    return np.where(np.isinf(found), np.nan, found)
