"""Measurements: rows of one kind charted at one time are one, of those that are known at a moment."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from tests.recompute.trial.rows import Row, by_time, next_hour

T = TypeVar("T")


@dataclass(frozen=True)
class Measurement(Generic[T]):
    """A value of a time, and from when it is known."""

    at: int
    known: int
    value: T


def averaged(rows: Iterable[Row]) -> list[Measurement[float]]:
    """At each full hour that a row becomes known by, the mean of those charted at its time that are known by then."""
    found = []
    for at, group in by_time(row for row in rows if row.value is not None):
        for hour in sorted({next_hour(row.known) for row in group}):
            values = [row.value for row in group if row.value is not None and row.known <= hour]
            found.append(Measurement(at, hour, math.fsum(values) / len(values)))
    return found


def last(measurements: Sequence[Measurement[T]], moment: int) -> Measurement[T] | None:
    """Of those known at a full hour the one with the latest time, as it is known then."""
    known = [each for each in measurements if each.known <= moment]
    return max(known, key=lambda each: (each.at, each.known), default=None)


def last_value(measurements: Sequence[Measurement[T]], moment: int) -> T | None:
    """Its value."""
    found = last(measurements, moment)
    return None if found is None else found.value
