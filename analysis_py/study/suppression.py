"""The hiding of small counts in rows and in flows, and of what would give them away."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from analysis_py.statistics.estimate import RATIO_MEASURES
from analysis_py.study.results import FEW, Row

SUPPRESS_BELOW = 10  # counts of real patients from 1 to 9 are hidden unless told otherwise
HIDDEN = "hidden"
UNADJUSTED = "model 1"
_COMPARED = ("balance", "outcomes")
_POOLED = ("pooled_clustered", "pooled_event_df")
_MODELS = ("outcome_models", "robustness", *_POOLED)
_DESCRIPTIVE = ("median", "mean", "percent", "survival at day 28")
_OF_PARTS = ("table_one", "balance", "outcomes")
_PARTS = ("subgroup", "exposure_duration", "exposure_dose", "exposure_dose_tertiles")


def is_small(count: int | str | None, below: int) -> bool:
    """A count that would point at single patients: above zero and below the limit."""
    return isinstance(count, int) and 0 < count < below


def suppress(rows: Iterable[Row], below: int) -> list[Row]:
    """Hide counts from 1 to `below` - 1, and what would give them away.

    A hidden count takes its percentage with it, its complement, and the same count in the other group, since the sum of
    both may stand elsewhere; a variable of which only one level is hidden loses its next smallest level; a group below
    the limit is not described, and hides the size of the other. Nor is there an estimate from the four counts of a 2x2
    table of which one is hidden: with its digits it could be solved for them. Of readings that differ by a few patients
    the sizes are hidden. A group of nobody is a zero everywhere: it gives nothing away.
    """
    rows = list(rows)
    hidden = _hidden_counts(rows, below)
    small = {_place(row) for row in rows if row.measure in _DESCRIPTIVE and is_small(row.n, below)}
    parts, totals = _small_parts(rows, below), _small_totals(rows, below)
    shown = [
        _suppressed(row, below, at in hidden, _place(row) in small, _place(row) in parts) for at, row in enumerate(rows)
    ]
    secret = {_place(rows[at]) for at in hidden if rows[at].measure == "percent"}
    shown = [_withheld(row, below) if _rests_on(row, secret) else row for row in shown]
    near = _near_sizes(rows, below)
    shown = [replace(row, n=HIDDEN, events=HIDDEN) if at in near else row for at, row in enumerate(shown)]
    shown = [
        replace(row, events=HIDDEN) if (_both(row), row.outcome) in totals and isinstance(row.events, int) else row
        for row in shown
    ]
    empty = _empty_groups(rows)
    return [
        before if before.cohort in empty else without_events(row, before)
        for row, before in zip(shown, rows, strict=True)
    ]


def _empty_groups(rows: list[Row]) -> set[str]:
    """Cohorts of nobody: their zeros say what is told in words, and all there is to know is in the other group."""
    described = [row for row in rows if row.measure in _DESCRIPTIVE and " " in row.cohort]
    return {row.cohort for row in described} - {row.cohort for row in described if row.n != 0}


def without_events(row: Row, before: Row) -> Row:
    """The row without the events per coefficient that a hidden count could be reckoned from."""
    found = row.events_per_coefficient
    if not isinstance(found, float) or (row.n, row.events) == (before.n, before.events):
        return row
    # of a single coefficient the mark alone would tell that the events are fewer than that
    several = isinstance(before.events, int) and before.events > 1.5 * found
    return replace(row, events_per_coefficient=FEW if row.is_few and several else None)


def _near_sizes(rows: list[Row], below: int) -> set[int]:
    """Positions of readings that keep a few patients more or fewer than another: the difference is a small count."""
    sizes: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        if row.analysis in _MODELS and isinstance(row.n, int):
            sizes[row.cohort].add(row.n)
    return {
        at
        for at, row in enumerate(rows)
        if row.analysis in ("robustness", *_POOLED)
        and isinstance(row.n, int)
        and any(is_small(abs(row.n - size), below) for size in sizes[row.cohort])
    }


def _rests_on(row: Row, secret: set[tuple[str, str]]) -> bool:
    """Whether the row compares the groups by nothing but counts of which one is hidden."""
    if row.analysis in _COMPARED and row.measure not in _DESCRIPTIVE:
        return _place(row) in secret
    return row.model == UNADJUSTED and row.analysis in _MODELS and (_both(row), row.outcome) in secret


def _withheld(row: Row, below: int) -> Row:
    if row.estimate is None and row.p_value is None:
        return row
    note = f"a count below {below} is not shown"
    return replace(row, estimate=None, lower=None, upper=None, p_value=None, note=note)


def _both(row: Row) -> str:
    """The cohort of a row, without its group."""
    return row.cohort.split(" ")[0]


def _place(row: Row) -> tuple[str, str]:
    """Cohort and variable: what the rows of both groups and their comparison share."""
    return _both(row), row.term


def _hidden_counts(rows: list[Row], below: int) -> set[int]:
    """Positions of the counts that are small, or that would give a small one away."""
    families: dict[tuple[str, ...], list[int]] = defaultdict(list)
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        place = (row.analysis, row.outcome, row.model, row.term)
        if row.level and (row.measure == "percent" or _is_part(row)):
            families[*place, row.cohort].append(at)
        if row.measure == "percent" and " " in row.cohort:
            groups[*place, row.level, _both(row)].append(at)
        # survival without censoring is a share of the same deaths
        if row.analysis == "kaplan_meier":
            groups["outcomes", "", "", row.outcome, "", _both(row)].append(at)
    hidden = {at for at, row in enumerate(rows) if _gives_away(row, below)}
    known = -1
    while known != len(hidden):
        known = len(hidden)
        for members in groups.values():
            if hidden & set(members):
                hidden |= set(members)
        for members in families.values():
            shown = [at for at in members if at not in hidden and isinstance(rows[at].events, int) and rows[at].events]
            if len(hidden & set(members)) == 1 and shown:
                hidden.add(min(shown, key=lambda at: (int(rows[at].events or 0), at)))
    return hidden


def _small_parts(rows: list[Row], below: int) -> set[tuple[str, str]]:
    """Where those with a value, or those without, are few, as a _place(): the sizes of both groups go then."""
    sizes = {row.cohort: row.n for row in rows if row.analysis == "kaplan_meier"}
    few = set()
    for row in rows:
        size = sizes.get(row.cohort)
        if row.measure != "median" or not isinstance(row.n, int) or not isinstance(size, int) or row.n == size:
            continue
        if is_small(row.n, below) or is_small(size - row.n, below):
            few.add(_place(row))
    return few


def _small_totals(rows: list[Row], below: int) -> set[tuple[str, str]]:
    """Cohort and outcome where few died in each group: the sum of two small counts leaves little to guess."""
    died: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for row in rows:
        if row.analysis == "outcomes" and row.measure == "percent":
            died[_place(row)].append(is_small(row.events, below))
    return {place for place, small in died.items() if all(small)}


def _is_part(row: Row) -> bool:
    """An effect in one of several groups whose sizes add up to one that is known."""
    return bool(row.term) and row.analysis in _PARTS and row.measure in RATIO_MEASURES and "trend" not in row.level


def _gives_away(row: Row, below: int) -> bool:
    if is_small(row.n, below) or is_small(row.events, below):
        return True
    return isinstance(row.n, int) and isinstance(row.events, int) and is_small(row.n - row.events, below)


def _suppressed(row: Row, below: int, hidden: bool, small_group: bool, small_part: bool) -> Row:
    described = row.measure in _DESCRIPTIVE
    events: int | str | None
    if described and is_small(row.n, below):
        note = f"fewer than {below} patients"
        events = HIDDEN if isinstance(row.events, int) else row.events
        return replace(row, estimate=None, lower=None, upper=None, n=f"<{below}", events=events, note=note)
    n: int | str | None = f"<{below}" if is_small(row.n, below) else row.n
    events = f"<{below}" if is_small(row.events, below) else row.events
    if hidden and isinstance(events, int):
        events = HIDDEN
    if small_part and row.analysis in _OF_PARTS and row.measure != "percent" and isinstance(n, int):
        n = HIDDEN
    if hidden and _is_part(row) and not _gives_away(row, below):
        n = HIDDEN
    if described and small_group and " " in row.cohort:
        n, events = HIDDEN, HIDDEN if isinstance(events, int) and events > 0 else events
    if not (hidden and described):
        return replace(row, n=n, events=events)
    note = f"a count below {below} is not shown"
    return replace(row, n=n, events=events, estimate=None, lower=None, upper=None, note=note)


def suppress_flow(flow: pd.DataFrame, below: int) -> pd.DataFrame:
    """cohort_flow as text, with small counts hidden, and those that would give them away.

    What a step took is hidden together with the nearest larger exclusion and the counts between both: then only their
    sum is known. A small rest hides what the step before it took.
    """
    excluded = [int(count) for count in flow["n_excluded"]]
    # what is there before the first step, and after each
    left = [*(int(count) for count in flow["n_before"].iloc[:1]), *(int(count) for count in flow["n_after"])]
    hidden_steps = {at for at, count in enumerate(excluded) if is_small(count, below)}
    hidden_left = {at for at, count in enumerate(left) if is_small(count, below)}
    hidden_steps |= {at - 1 for at in hidden_left if at > 0}
    for at in sorted(step for step in hidden_steps if is_small(excluded[step], below)):
        larger = [step for step, count in enumerate(excluded) if count >= max(below, 1)]
        if not larger:  # nothing to hide behind: only the first and the last count are left, or none of them
            hidden_steps, hidden_left = set(range(len(excluded))), {*hidden_left, *range(len(left) - 1)}
            break
        partner = min(larger, key=lambda step: (abs(step - at), -step))
        hidden_steps.add(partner)
        hidden_left |= set(range(min(at, partner) + 1, max(at, partner) + 1))
    texts = [_flow_text(count, at in hidden_left, below) for at, count in enumerate(left)]
    shown = flow.astype(dict.fromkeys(("n_before", "n_excluded", "n_after"), object))
    shown["n_before"], shown["n_after"] = texts[:-1], texts[1:]
    shown["n_excluded"] = [_flow_text(count, at in hidden_steps, below) for at, count in enumerate(excluded)]
    return shown


def hide_flow(rows: Iterable[Row], shown: pd.DataFrame, cohort: str = "full") -> list[Row]:
    """The rows of a cohort's flow as suppress_flow() shows it."""
    texts = {
        (str(step.step), measure): text
        for step in shown.itertuples()
        for measure in ("n_after", "n_excluded")
        if isinstance(text := getattr(step, measure), str)
    }
    return [
        replace(row, n=texts[row.level, row.measure])
        if (row.analysis, row.cohort) == ("flow", cohort) and (row.level, row.measure) in texts
        else row
        for row in rows
    ]


def _flow_text(count: int, hidden: bool, below: int) -> int | str:
    if is_small(count, below):
        return f"<{below}"
    return HIDDEN if hidden else count
