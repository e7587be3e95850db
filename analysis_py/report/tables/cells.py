"""Numbers as the cells of tables hold them, and the marks and headings that tables share."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from analysis_py.statistics.estimate import LEAST_EVENTS
from analysis_py.study.analyses.describe import format_p
from analysis_py.study.gate.checks import CAUTION, FAIL
from analysis_py.study.gate.marks import mark_of
from analysis_py.study.results import Row, as_frame, too_few
from analysis_py.study.variables import DEATH_28D, DEATH_HOSPITAL

COHORT_TITLES = {"full": "Before matching", "matched": "After matching"}
FEW_MARK, FEW_WORDS = "†", f"fewer than {LEAST_EVENTS} events per coefficient"
FEW_WARNING = f"{FEW_MARK} {FEW_WORDS}: hardly to be relied on"
# the gate's word on an estimate: its design fails a check, or passes with caution
FAIL_MARK, FAIL_WORDS = "‡", "fails the gate"
CAUTION_MARK, CAUTION_WORDS = "§", "caution by the gate"
_GATE_MARKS = {FAIL: FAIL_MARK, CAUTION: CAUTION_MARK}
FAIL_WARNING = f"{FAIL_MARK} {FAIL_WORDS}: not to be read as an effect"
CAUTION_WARNING = f"{CAUTION_MARK} {CAUTION_WORDS}: a check that hardly passes"
# signs at the end of a number, each with the word that is read for it
ESTIMATE_MARKS = {FEW_MARK: FEW_WORDS, FAIL_MARK: FAIL_WORDS, CAUTION_MARK: CAUTION_WORDS}
# each outcome of the models with the measure of its effect
MEASURES = ((DEATH_28D, "HR"), (DEATH_HOSPITAL, "OR"))


def ratio(value: float, lower: float, upper: float) -> str:
    """`0.71 (0.53–0.95)`; the digits of huge and tiny ones say nothing."""
    return f"{bounded(value)} ({bounded(lower)}–{bounded(upper)})"


def bounded(number: float) -> str:
    """A ratio with two digits, or that it is huge or tiny."""
    return ">999" if number > 999 else ("<0.01" if number < 0.005 else f"{number:.2f}")


def format_interval(row: "pd.Series[Any]") -> str:
    """As format_ratio(), without p."""
    if pd.isna(row["estimate"]):
        return str(row["note"])
    return ratio(row["estimate"], row["lower"], row["upper"]) + few(row)


def format_ratio(row: "pd.Series[Any]") -> str:
    """`0.71 (0.53–0.95), p = 0.020`, or the reason why not; marked where the model has few events."""
    if pd.isna(row["estimate"]):
        return str(row["note"])
    return f"{ratio(row['estimate'], row['lower'], row['upper'])}, p {equals(row['p_value'])}{few(row)}"


def told_ratio(row: Row) -> str:
    """As format_ratio(), of one row."""
    return format_ratio(as_frame([row]).iloc[0])


def told_interval(row: Row) -> str:
    """`0.71 (95 % CI 0.53 to 0.95)`, or that there is none."""
    if row.estimate is None or row.lower is None or row.upper is None:
        return "not estimable"
    return in_words(row) + few(row)


def with_p(row: Row) -> str:
    """told_interval() with its p-value."""
    return f"{told_interval(row)}, p {equals(row.p_value or 0)}"


def in_words(row: Row) -> str:
    """`0.71 (95 % CI 0.53 to 0.95)`, as it stands in a sentence; of a row with an interval."""
    assert row.estimate is not None and row.lower is not None and row.upper is not None
    return f"{bounded(row.estimate)} (95 % CI {bounded(row.lower)} to {bounded(row.upper)})"


def few(row: "pd.Series[Any] | Row") -> str:
    """The marks of an estimate: of the gate, and of a model with too few events for its coefficients; or nothing."""
    own = FEW_MARK if too_few(row.events_per_coefficient) else ""
    marks = gate_mark(row.note) + own
    return f" {marks}" if marks else ""


def gate_mark(note: object) -> str:
    """The sign of what the gate says in a row's note, or nothing."""
    return _GATE_MARKS.get(mark_of(str(note)), "")


def warnings(rows: Iterable[Row]) -> list[str]:
    """What the marks of these estimates mean, of those that occur."""
    shown = [row for row in rows if row.estimate is not None]
    gate = {gate_mark(row.note) for row in shown}
    found = [(FAIL_MARK in gate, FAIL_WARNING), (CAUTION_MARK in gate, CAUTION_WARNING)]
    found.append((any(row.is_few for row in shown), FEW_WARNING))
    return [words for occurs, words in found if occurs]


def per_coefficient(row: "pd.Series[Any] | Row") -> str:
    """Events per coefficient as a cell."""
    found = row.events_per_coefficient
    return f"{found:.1f}" if isinstance(found, float) and not np.isnan(found) else str(found or "")


def deaths_of(row: Row | None) -> str:
    """`41 / 234`, or nothing."""
    return f"{row.events} / {row.n}" if row is not None and row.events is not None else ""


def equals(p_value: float) -> str:
    """`= 0.020` or `< 0.001`, to stand after p."""
    shown = format_p(p_value)
    return f"< {shown[1:]}" if shown.startswith("<") else f"= {shown}"
