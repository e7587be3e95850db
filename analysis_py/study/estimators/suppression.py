"""The hiding of small counts in the estimators' rows, and of what would give them away."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from analysis_py.study.estimators.names import (
    ANALYSIS,
    ESS,
    HR,
    MATCHED,
    MATCHED_1,
    RD,
    RMSTD,
    RR,
    WEIGHTED,
    WEIGHTS_ANALYSIS,
)
from analysis_py.study.results import Row
from analysis_py.study.suppression import HIDDEN, is_small, without_events

Family = tuple[str, str]  # estimator and adjustment
_OF_RISKS = (RD, RR, RMSTD)


def is_of_estimators(row: Row) -> bool:
    """Whether a row is of these analyses."""
    return row.analysis in (ANALYSIS, WEIGHTS_ANALYSIS)


def suppress_estimators(rows: Iterable[Row], below: int) -> list[Row]:
    """Hide counts from 1 to `below` - 1 with all counts of the same estimator: their sums stand elsewhere.

    With them go the numbers that a count could be solved for: an effective size where few are in an arm (unweighted it
    is their number), difference and ratio of risks of what is weighted or matched (weights of 1 make a risk a share of
    patients), and all estimates of matched patients. Of two ways of matching that keep nearly as many treated the sizes
    of the second are hidden.
    """
    rows = list(rows)
    few, died = _small(rows, below)
    near = _near(rows, below)
    shown = []
    for before in rows:
        row, family = before, (before.model, before.level)
        if family in few | died:
            row = replace(row, n=_text(row.n, below), events=_text(row.events, below))
        elif family in near:
            row = replace(row, n=_hide(row.n), events=_hide(row.events))
        if family in few | died and _tells(row):
            row = _without(row, below)
        if family in few | near and row.measure == ESS:
            row = _without(row, below)
        shown.append(without_events(row, before))
    return shown


def _small(rows: list[Row], below: int) -> tuple[set[Family], set[Family]]:
    """Estimators with few patients in an arm, and those with few deaths or few survivors in one, or in both."""
    few, died = set[Family](), set[Family]()
    for row in rows:
        family = (row.model, row.level)
        if is_small(row.n, below):
            few.add(family)
        if is_small(row.events, below) or _is_rest_small(row, below):
            died.add(family)
    return few, died


def _is_rest_small(row: Row, below: int) -> bool:
    return isinstance(row.n, int) and isinstance(row.events, int) and is_small(row.n - row.events, below)


def _near(rows: list[Row], below: int) -> set[Family]:
    """Ways of matching whose number of treated tells how few another has more: that one is shown, 1:1 first."""
    sizes: dict[str, dict[str, int]] = defaultdict(dict)
    for row in rows:
        if row.model in MATCHED and row.measure == ESS and row.cohort.endswith(" treated") and isinstance(row.n, int):
            sizes[row.level][row.model] = row.n
    near = set()
    for level, by_model in sizes.items():
        shown: list[int] = []
        for model in sorted(by_model, key=lambda name: name != MATCHED_1):
            if any(is_small(abs(by_model[model] - size), below) for size in shown):
                near.add((model, level))
            else:
                shown.append(by_model[model])
    return near


def _tells(row: Row) -> bool:
    if row.analysis != ANALYSIS:
        return False
    if row.model in MATCHED:
        return row.measure in (HR, *_OF_RISKS)
    return row.model in WEIGHTED and row.measure in _OF_RISKS


def _text(count: int | str | None, below: int) -> int | str | None:
    return f"<{below}" if is_small(count, below) else _hide(count)


def _hide(count: int | str | None) -> int | str | None:
    return HIDDEN if isinstance(count, int) and count > 0 else count


def _without(row: Row, below: int) -> Row:
    if row.estimate is None:
        return row
    note = f"a count below {below} is not shown"
    return replace(row, estimate=None, lower=None, upper=None, p_value=None, note=note)
