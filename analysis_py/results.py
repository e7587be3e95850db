"""The tidy rows that every analysis gives, and the hiding of small counts in them."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import pandas as pd

from analysis_py.errors import NotEstimable
from analysis_py.estimate import RATIO_MEASURES, Estimate, TestResult

HIDDEN = "hidden"
_DESCRIPTIVE = ("median", "percent")
_PARTS = ("subgroup", "exposure_duration", "exposure_dose", "exposure_dose_tertiles")


@dataclass(frozen=True)
class Row:
    """One number with its place. `cohort` is full or matched, followed by the group where a row is about one group.

    `n` and `events` are counts, or the text that stands for a count too small to be shown. `note` says why there is
    no estimate.
    """

    analysis: str
    cohort: str
    outcome: str = ""
    model: str = ""
    term: str = ""
    level: str = ""
    measure: str = ""
    estimate: float | None = None
    lower: float | None = None
    upper: float | None = None
    p_value: float | None = None
    n: int | str | None = None
    events: int | str | None = None
    note: str = ""

    def holding(self, estimate: Estimate) -> "Row":
        """This row with an estimate filled in."""
        return replace(
            self,
            measure=estimate.measure,
            estimate=estimate.value,
            lower=estimate.lower,
            upper=estimate.upper,
            p_value=estimate.p_value,
            n=estimate.n,
            events=estimate.events,
        )


def estimated(place: Row, compute: Callable[..., Estimate], *arguments: Any) -> Row:
    """`place` with the estimate that `compute(*arguments)` gives, or with the reason why there is none."""
    try:
        return place.holding(compute(*arguments))
    except NotEstimable as reason:
        return replace(place, note=f"not estimable: {reason}")


def measured(place: Row, compute: Callable[..., float], *arguments: Any) -> Row:
    """As estimated(), for a single number."""
    try:
        return replace(place, estimate=compute(*arguments))
    except NotEstimable as reason:
        return replace(place, note=f"not estimable: {reason}")


def tested(place: Row, compute: Callable[..., TestResult], *arguments: Any) -> Row:
    """As estimated(), for a test."""
    try:
        test = compute(*arguments)
    except NotEstimable as reason:
        return replace(place, note=f"not estimable: {reason}")
    return replace(place, estimate=test.statistic, p_value=test.p_value)


def as_frame(rows: Iterable[Row]) -> pd.DataFrame:
    """Rows as the columns of results.csv."""
    # counts stay whole numbers beside gaps and texts
    frame = pd.DataFrame([asdict(row) for row in rows], columns=[field.name for field in fields(Row)], dtype=object)
    numbers = ["estimate", "lower", "upper", "p_value"]
    return frame.astype(dict.fromkeys(numbers, float))


def is_small(count: int | str | None, below: int) -> bool:
    """A count that would point at single patients: above zero and below the limit."""
    return isinstance(count, int) and 0 < count < below


def suppress(rows: Iterable[Row], below: int) -> list[Row]:
    """Hide counts from 1 to `below` - 1, and what would give them away.

    A hidden count takes its percentage with it, and its complement; a variable of which only one level is hidden loses
    its next smallest level; a group below the limit is not described; and where one group is hidden the other's size is
    too, since their sum is known.
    """
    rows = list(rows)
    families: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        if row.level and (row.measure == "percent" or _is_part(row)):
            families[row.analysis, row.cohort, row.outcome, row.model, row.term].append(at)
    secondary: set[int] = set()
    for members in families.values():
        hidden = [at for at in members if _gives_away(rows[at], below)]
        shown = [at for at in members if at not in hidden and isinstance(rows[at].events, int) and rows[at].events]
        if len(hidden) == 1 and shown:
            secondary.add(min(shown, key=lambda at: (int(rows[at].events or 0), at)))
    small_groups = {row.cohort for row in rows if row.measure in _DESCRIPTIVE and is_small(row.n, below)}
    partners = {cohort.rsplit(" ", 1)[0] for cohort in small_groups}
    return [_suppressed(row, below, at in secondary, partners) for at, row in enumerate(rows)]


def _is_part(row: Row) -> bool:
    """An effect in one of several groups whose sizes add up to one that is known."""
    return bool(row.term) and row.analysis in _PARTS and row.measure in RATIO_MEASURES and "trend" not in row.level


def _gives_away(row: Row, below: int) -> bool:
    if is_small(row.n, below) or is_small(row.events, below):
        return True
    return isinstance(row.n, int) and isinstance(row.events, int) and is_small(row.n - row.events, below)


def _suppressed(row: Row, below: int, secondary: bool, partners: set[str]) -> Row:
    described = row.measure in _DESCRIPTIVE
    if described and is_small(row.n, below):
        return replace(
            row, estimate=None, lower=None, upper=None, n=f"<{below}", events=None, note=f"fewer than {below} patients"
        )
    given_away = secondary or _gives_away(row, below)
    n = f"<{below}" if is_small(row.n, below) else row.n
    events: int | str | None = f"<{below}" if is_small(row.events, below) else row.events
    if given_away and isinstance(events, int):
        events = HIDDEN
    if secondary and _is_part(row):
        n = HIDDEN
    if described and " " in row.cohort and row.cohort.rsplit(" ", 1)[0] in partners:
        n, events = HIDDEN, HIDDEN if isinstance(events, int) and events > 0 else events
    if not (given_away and described):
        return replace(row, n=n, events=events)
    return replace(row, n=n, events=events, estimate=None, note=f"a count below {below} is not shown")


def suppress_flow(flow: pd.DataFrame, below: int) -> pd.DataFrame:
    """cohort_flow as text, with small exclusions and the neighbours that would give them away hidden."""
    shown = flow.astype(dict.fromkeys(("n_before", "n_excluded", "n_after"), object))
    small = [is_small(int(count), below) for count in flow["n_excluded"]]
    last = len(flow) - 1
    for at, hidden in enumerate(small):
        if not hidden or last == 0:
            continue
        # with a neighbour's exclusions and the count between them hidden too, only the sum of both is known
        neighbour = at + 1 if at < last else at - 1
        shown.loc[shown.index[at], "n_excluded"] = f"<{below}"
        if not small[neighbour]:
            shown.loc[shown.index[neighbour], "n_excluded"] = HIDDEN
        shown.loc[shown.index[min(at, neighbour)], "n_after"] = HIDDEN
        shown.loc[shown.index[max(at, neighbour)], "n_before"] = HIDDEN
    return shown
