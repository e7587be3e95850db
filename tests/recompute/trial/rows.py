"""Rows of the raw tables as plain objects: times in seconds since 1970, None for what is missing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

HOUR = 3600
DAY = 24 * HOUR


@dataclass(frozen=True)
class Row:
    """What was charted, reported or measured; `known` is when somebody who looks into the record can see it."""

    kind: str
    at: int
    known: int
    value: float | None
    text: str | None
    stored: int | None
    stay: int | None
    subject: int
    hadm: int | None
    specimen: int | None


def seconds(times: pd.Series) -> list[int | None]:
    """Times as whole seconds since 1970."""
    whole = pd.to_datetime(times).to_numpy(dtype="datetime64[us]")
    return [None if np.isnat(time) else round(int(time.astype("int64")) / 1_000_000) for time in whole]


def records(data: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Each row by the names of its columns: times in seconds, None for what is missing."""
    columns: dict[str, list[Any]] = {}
    for name in data.columns:
        if pd.api.types.is_datetime64_any_dtype(data[name]):
            columns[str(name)] = seconds(data[name])
        else:
            columns[str(name)] = [None if pd.isna(value) else value for value in data[name]]
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


def known_at(charted: int, stored: int | None) -> int:
    """When a row can be read: not before it was stored."""
    return charted if stored is None else max(charted, stored)


def next_hour(time: int) -> int:
    """The full hour of the clock at or after a time."""
    return -(-time // HOUR) * HOUR


def past_hour(time: int) -> int:
    """The full hour of the clock at or before a time."""
    return time // HOUR * HOUR


def by_time(rows: Iterable[Row]) -> list[tuple[int, list[Row]]]:
    """Rows together that were charted at one time, in order of time."""
    groups: dict[int, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.at, []).append(row)
    return sorted(groups.items())


def last_known(rows: Sequence[Row]) -> int:
    """When the last of the rows is known."""
    return max(row.known for row in rows)
