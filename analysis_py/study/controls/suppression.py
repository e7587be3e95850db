"""The hiding of small counts in the rows of the controls, and of what would give them away."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from analysis_py.study.controls.found import ANALYSIS, CALIBRATION, EVENTS
from analysis_py.study.results import Row
from analysis_py.study.suppression import HIDDEN, is_small


def is_of_controls(row: Row) -> bool:
    """Whether a row is of the controls."""
    return row.analysis in (ANALYSIS, CALIBRATION)


def suppress_controls(rows: Iterable[Row], below: int) -> list[Row]:
    """Hide counts from 1 to `below` - 1 with all counts of the same control; its odds ratio, solvable for them, too.

    An outcome that is known of all but a few tells those few: its sizes are hidden. What is said of a whole design
    (calibration) rests on many controls and stays.
    """
    rows = list(rows)
    small: dict[tuple[str, ...], bool] = defaultdict(bool)
    every: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        if row.analysis == ANALYSIS and isinstance(row.n, int):
            small[_control(row)] |= _gives_away(row, below)
            every[row.cohort, row.model] = max(every[row.cohort, row.model], row.n if row.measure == EVENTS else 0)
    for row in rows:
        if row.analysis == ANALYSIS and row.measure == EVENTS and isinstance(row.n, int):
            small[_control(row)] |= is_small(every[row.cohort, row.model] - row.n, below) and row.level != "exposure"
    return [_hidden(row, below) if row.analysis == ANALYSIS and small[_control(row)] else row for row in rows]


def _control(row: Row) -> tuple[str, ...]:
    return row.model, row.level, row.term


def _gives_away(row: Row, below: int) -> bool:
    left = row.n - row.events if isinstance(row.n, int) and isinstance(row.events, int) else 0
    return any(is_small(count, below) for count in (row.n, row.events, left))


def _hidden(row: Row, below: int) -> Row:
    n, events = (_text(count, below) for count in (row.n, row.events))
    row = replace(row, n=n, events=events, events_per_coefficient=None)
    if row.measure != "OR" or row.estimate is None:
        return row
    note = "; ".join(part for part in (row.note, f"a count below {below} is not shown") if part)
    return replace(row, estimate=None, lower=None, upper=None, p_value=None, note=note)


def _text(count: int | str | None, below: int) -> int | str | None:
    if not isinstance(count, int) or count == 0:
        return count
    return f"<{below}" if is_small(count, below) else HIDDEN
