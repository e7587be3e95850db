"""The hiding of numbers of the gate from which a small count could be solved; the verdicts stay."""

from collections.abc import Iterable
from dataclasses import replace

from analysis_py.study.analyses.pooling import CLUSTERED
from analysis_py.study.analyses.unmatched import ANALYSIS as UNMATCHED_TREATED
from analysis_py.study.estimators import names
from analysis_py.study.gate.checks import EVENTS, KEPT, POWER, WEIGHTS
from analysis_py.study.gate.marks import place_of
from analysis_py.study.gate.published import FULL, MATCHED, UNMATCHED
from analysis_py.study.gate.rows import ANALYSIS, PUBLISHED, Place
from analysis_py.study.results import Row
from analysis_py.study.suppression import HIDDEN, is_small
from analysis_py.study.trial.estimates import ANALYSIS as TRIAL
from analysis_py.study.variables import DEATH_28D, TREATMENT

_OF_COUNTS = (POWER, EVENTS, KEPT, WEIGHTS)  # a count, or a number that tells one
_TELL = ("outcome_models", CLUSTERED, TRIAL, names.ANALYSIS)  # rows with the counts of a whole design


def is_of_gate(row: Row) -> bool:
    """Whether a row is a verdict."""
    return row.analysis == ANALYSIS


def suppress_gate(rows: Iterable[Row], shown: Iterable[Row], below: int) -> list[Row]:
    """The verdicts without counts, and without numbers where the design's own counts are hidden or small.

    `shown` are the other rows, small counts hidden: where one of a design is, what would tell it goes too.
    """
    secret = {place for row in shown if _hides(row) for place in _places(row)}
    found = []
    for row in rows:
        small = any(is_small(count, below) for count in (row.n, row.events))
        if small or (row.cohort, row.outcome, row.model) in secret:
            row = _without(row, below) if row.term in _OF_COUNTS and row.estimate is not None else row
        found.append(replace(row, n=_text(row.n, below), events=_text(row.events, below)))
    return found


def _hides(row: Row) -> bool:
    return any(isinstance(count, str) for count in (row.n, row.events))


def _places(row: Row) -> list[Place]:
    """The designs whose counts a row tells."""
    if row.analysis in (UNMATCHED_TREATED, "outcomes") and row.term in (TREATMENT, DEATH_28D):
        before = [(FULL, DEATH_28D, model) for model in UNMATCHED]
        return (
            [*before, (MATCHED, DEATH_28D, PUBLISHED)]
            if row.cohort.split(" ")[0] == FULL
            else [(MATCHED, DEATH_28D, PUBLISHED)]
        )
    place = place_of(row) if row.analysis in _TELL else None
    return [] if place is None else [place]


def _text(count: int | str | None, below: int) -> int | str | None:
    if not isinstance(count, int) or count == 0 or below <= 1:
        return count
    return f"<{below}" if is_small(count, below) else HIDDEN


def _without(row: Row, below: int) -> Row:
    return replace(row, estimate=None, note=row.note or f"a count below {below} is not shown")
