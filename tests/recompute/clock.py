"""Running time, second by second: an array with one place for each second, filled row by row."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

HOUR = 3600
Row = tuple[pd.Timestamp, pd.Timestamp, float]  # start, end, rate


@dataclass(frozen=True)
class Clock:
    """What ran in each second since `begin`; `dose` is the sum of the rates that ran then."""

    begin: pd.Timestamp
    running: np.ndarray[Any, Any]
    dose: np.ndarray[Any, Any]

    def hours(self) -> float:
        """Hours in which anything ran."""
        return float(self.running.sum()) / HOUR

    def longest_hours(self, bridge_h: float) -> float:
        """The longest stretch, where pauses of up to `bridge_h` count as running."""
        longest = stretch = pause = 0
        for is_running, seconds in _stretches(self.running):
            if is_running:
                stretch += seconds + pause
                longest = max(longest, stretch)
            elif seconds <= bridge_h * HOUR:
                pause = seconds
                continue
            else:
                stretch = 0
            pause = 0
        return longest / HOUR

    def mean_rate(self, since: pd.Timestamp, until: pd.Timestamp) -> float:
        """Dose over running time between two times; NaN when nothing ran."""
        first = max(0, _seconds(self.begin, since))
        last = max(0, _seconds(self.begin, until))
        seconds = int(self.running[first:last].sum())
        return float(self.dose[first:last].sum()) / seconds if seconds else float("nan")


def clock(rows: Iterable[Row]) -> Clock | None:
    """The clock of rows that end after they start; None when there are none."""
    kept = [row for row in rows if row[1] > row[0]]
    if not kept:
        return None
    begin = min(start for start, _, _ in kept)
    length = _seconds(begin, max(end for _, end, _ in kept))
    running, dose = np.zeros(length, dtype=bool), np.zeros(length)
    for start, end, rate in kept:
        place = slice(_seconds(begin, start), _seconds(begin, end))
        running[place] = True
        dose[place] += rate
    return Clock(begin, running, dose)


def _seconds(begin: pd.Timestamp, end: pd.Timestamp) -> int:
    return round((end - begin).total_seconds())


def _stretches(running: np.ndarray[Any, Any]) -> list[tuple[bool, int]]:
    """(running?, seconds) of each stretch, in order."""
    changes = np.flatnonzero(np.diff(running.astype(np.int8))) + 1
    bounds = [0, *changes.tolist(), len(running)]
    return [(bool(running[a]), b - a) for a, b in pairwise(bounds) if b > a]
