"""The hiding of small counts in the trial's rows, and of what would give them away."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from analysis_py.study.controls.suppression import is_of_controls, suppress_controls
from analysis_py.study.estimators.suppression import is_of_estimators, suppress_estimators
from analysis_py.study.gate.suppression import is_of_gate, suppress_gate
from analysis_py.study.results import Row
from analysis_py.study.suppression import HIDDEN, is_small, suppress
from analysis_py.study.trial.definitions import COHORT
from analysis_py.study.trial.designs import WAYS
from analysis_py.study.trial.diagnose import BALANCE, CLONES, CURVE, POSITIVITY, WEIGHTS
from analysis_py.study.trial.estimates import ANALYSIS, EFFECTIVE, LARGEST

_ANALYSES = (ANALYSIS, CLONES, WEIGHTS, POSITIVITY, BALANCE, CURVE)
_DIAGNOSTICS = (POSITIVITY, CLONES, WEIGHTS, BALANCE)  # of the same clones
_COUNTED = {way.name for way in WAYS if way.is_counted}
_UNWEIGHTED = {way.name for way in WAYS if way.is_counted or not way.is_resampled}


def is_of_trial(row: Row) -> bool:
    """Whether a row is of the trial's own analyses (its flow is hidden like any other)."""
    return row.analysis in _ANALYSES and row.cohort.split(" ")[0] == COHORT


def suppress_all(rows: Sequence[Row], below: int) -> list[Row]:
    """As suppress(), with the rows of estimators, trial and controls, each hidden by what is known of its own.

    The gate's come last: they tell no more than the rows that they are about.
    """
    kinds = (is_of_estimators, is_of_trial, is_of_controls, is_of_gate)
    estimators, trial, controls, verdicts = ([row for row in rows if is_of(row)] for is_of in kinds)
    others = [row for row in rows if not any(is_of(row) for is_of in kinds)]
    shown = [
        *suppress(others, below),
        *suppress_estimators(estimators, below),
        *suppress_trial(trial, below),
        *suppress_controls(controls, below),
    ]
    return [*shown, *suppress_gate(verdicts, shown, below)]


def suppress_trial(rows: Iterable[Row], below: int) -> list[Row]:
    """Hide counts from 1 to `below` - 1 with all counts of the same design or diagnostic: their sums stand elsewhere.

    Shares of patients go with the counts that they could be solved for. Of a curve the days are left out by which fewer
    than `below` die before the next one that is shown; its deaths are never told.
    """
    rows = list(rows)
    small: dict[tuple[str, str, str], bool] = defaultdict(bool)
    for row in rows:
        if row.analysis != CURVE:
            small[_family(row)] |= _gives_away(row, below)
    # decisions say how many start, which the clones say too
    for row in rows:
        if any(small[analysis, row.outcome, row.model] for analysis in _DIAGNOSTICS):
            small |= {(analysis, row.outcome, row.model): True for analysis in _DIAGNOSTICS}
    shown = [_hidden(row, below) if small[_family(row)] else row for row in rows]
    return _curves(shown, below)


def _family(row: Row) -> tuple[str, str, str]:
    return row.analysis, row.outcome, row.model


def _gives_away(row: Row, below: int) -> bool:
    counts = [count for count in (row.n, row.events) if isinstance(count, int)]
    left = counts[0] - counts[1] if len(counts) == 2 else 0
    return any(is_small(count, below) for count in (*counts, left))


def _hidden(row: Row, below: int) -> Row:
    n, events = (_text(count, below) for count in (row.n, row.events))
    hidden = replace(row, n=n, events=events)
    if row.analysis in (BALANCE, WEIGHTS):
        return _without(hidden, below) if is_small(row.n, below) else hidden
    if row.measure == EFFECTIVE:  # without weights it is the number of patients
        return _without(hidden, below) if row.model in _UNWEIGHTED else hidden
    is_share = row.analysis == POSITIVITY or (row.model in _COUNTED and row.measure != LARGEST)
    return _without(hidden, below) if is_share else hidden


def _text(count: int | str | None, below: int) -> int | str | None:
    if not isinstance(count, int) or count == 0:
        return count
    return f"<{below}" if is_small(count, below) else HIDDEN


def _without(row: Row, below: int) -> Row:
    if row.estimate is None:
        return row
    note = f"a count below {below} is not shown"
    return replace(row, estimate=None, lower=None, upper=None, p_value=None, note=note)


def _curves(rows: list[Row], below: int) -> list[Row]:
    if below <= 1:
        return rows
    shown, following = list(rows), dict[tuple[str, str], int]()
    for at, row in reversed(list(enumerate(rows))):  # the last day is the answer
        if row.analysis != CURVE or not isinstance(row.events, int):
            continue
        place = (row.cohort, row.outcome)
        near = place in following and is_small(following[place] - row.events, below)
        small = is_small(row.n, below) or is_small(row.events, below)
        hidden = replace(row, n=HIDDEN, events=HIDDEN)
        shown[at] = _without(hidden, below) if near or small else hidden
        if not (near or small):
            following[place] = row.events
    return shown
