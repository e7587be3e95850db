"""Measurements: rows of one kind charted at one time are one; the last that is known at a moment."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from tests.recompute.trial.rows import Row, by_time, last_known

T = TypeVar("T")


@dataclass(frozen=True)
class Measurement(Generic[T]):
    """A value of a time, and from when it is known."""

    at: int
    known: int
    value: T


def averaged(rows: Iterable[Row]) -> list[Measurement[float]]:
    """One measurement of all rows charted at one time, known when the last of them is."""
    found = []
    for at, group in by_time(row for row in rows if row.value is not None):
        values = [row.value for row in group if row.value is not None]
        found.append(Measurement(at, last_known(group), math.fsum(values) / len(values)))
    return found


def last(measurements: Sequence[Measurement[T]], moment: int) -> Measurement[T] | None:
    """Of those known at a moment the one with the latest time."""
    known = [each for each in measurements if each.known <= moment]
    return max(known, key=lambda each: each.at, default=None)


def last_value(measurements: Sequence[Measurement[T]], moment: int) -> T | None:
    """Its value."""
    found = last(measurements, moment)
    return None if found is None else found.value
