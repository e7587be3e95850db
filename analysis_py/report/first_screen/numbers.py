"""The three numbers: patients, the risk with and without the drug, and its difference with interval.

Of the trial's primary design; where the build left the trial out, of the published matched cohort.
"""

from collections.abc import Sequence

from analysis_py.report.first import Number
from analysis_py.report.gate.reading import why_none
from analysis_py.report.tables.cells import few
from analysis_py.report.trial.tables import number, percent_text, primary_row
from analysis_py.study.analyses.describe import GROUP_NAMES
from analysis_py.study.estimators import names
from analysis_py.study.gate.published import FULL, MATCHED
from analysis_py.study.results import Row, find
from analysis_py.study.suppression import HIDDEN
from analysis_py.study.trial.definitions import COHORT
from analysis_py.study.trial.designs import PRIMARY
from analysis_py.study.trial.estimates import ANALYSIS, DIFFERENCE, RISK
from analysis_py.study.trial.run import Trial
from analysis_py.study.variables import DEATH_28D

DEAD, DIFFERENCE_TITLE = "Dead in hospital by day 28", "Difference"
NOT_ESTIMABLE, NOT_SHOWN = "not estimable", "not shown"
_NO_PAIRS = "no pairs could be matched"


def numbers(rows: Sequence[Row], trial: Trial | None, people: str) -> list[Number]:
    """In the order of the screen; what there is no number of says so in its place, and why."""
    if trial is None:
        return [_patients_as_published(rows, people), _risks_as_published(rows), _difference_as_published(rows)]
    eligible = f"eligible for the trial; {_left(rows, FULL)} in the published cohort"
    treated, control = (
        find(rows, ANALYSIS, f"{COHORT} {GROUP_NAMES[group]}", outcome=DEATH_28D, model=PRIMARY, measure=RISK)
        for group in (True, False)
    )
    strategies = f"if all started within {trial.definitions.grace_h:g} h, and if nobody did"
    primary = primary_row(rows, DIFFERENCE)
    return [
        Number(people.capitalize(), _left(rows, COHORT), eligible),
        _risks(treated, control, strategies, primary),
        _difference(primary),
    ]


def _left(rows: Sequence[Row], cohort: str) -> str:
    """Who is left by the last rule of a flow."""
    steps = [row for row in rows if (row.analysis, row.cohort, row.measure) == ("flow", cohort, "n_after")]
    last = max(steps, key=lambda row: int(row.level), default=None)
    return HIDDEN if last is None else _counted(last.n)


def _counted(count: int | str | None) -> str:
    return number(count).replace("<", "fewer than ")


def _risks(treated: Row | None, control: Row | None, note: str, beside: Row | None) -> Number:
    """Both risks; where one is missing, its reason, or that of the row `beside` where neither has one."""
    told = [percent_text(row) for row in (treated, control) if row is not None and row.estimate is not None]
    if len(told) == len(GROUP_NAMES):
        return Number(DEAD, f"{told[0]} with, {told[1]} without", note)
    without = [row for row in (treated, control, beside) if row is not None and row.estimate is None and row.note]
    return _none(DEAD, without[0] if without else None)


def _difference(row: Row | None, note: str = "") -> Number:
    if row is None or row.estimate is None:
        return _none(DIFFERENCE_TITLE, row)
    value = f"{100 * row.estimate:+.1f} points{few(row)}"
    if row.lower is None or row.upper is None:
        return Number(DIFFERENCE_TITLE, value, row.note or "no interval")
    return Number(DIFFERENCE_TITLE, value, f"95 % CI {100 * row.lower:+.1f} to {100 * row.upper:+.1f}{note}")


def _none(label: str, row: Row | None) -> Number:
    """A number that is not there, and why: it cannot be estimated, or it would tell a small count."""
    is_hidden = row is not None and row.note.endswith("is not shown")
    return Number(label, NOT_SHOWN if is_hidden else NOT_ESTIMABLE, why_none(row))


# --- without the trial ------------------------------------------------------------------------------------------------


def _patients_as_published(rows: Sequence[Row], people: str) -> Number:
    pair = find(rows, "outcomes", f"{MATCHED} {GROUP_NAMES[True]}", term=DEATH_28D)
    note = f"{_counted(pair.n)} pairs of them matched" if pair is not None else _NO_PAIRS
    return Number(people.capitalize(), _left(rows, FULL), f"in the published cohort; {note}")


def _risks_as_published(rows: Sequence[Row]) -> Number:
    found = [find(rows, "outcomes", f"{MATCHED} {GROUP_NAMES[group]}", term=DEATH_28D) for group in (True, False)]
    if None in found:
        return Number(DEAD, NOT_ESTIMABLE, _NO_PAIRS)
    known = [row for row in found if row is not None and row.estimate is not None]
    if len(known) < len(found):
        return _none(DEAD, next((row for row in found if row is not None and row.estimate is None), None))
    shares = [f"{row.estimate:.1f} %" for row in known]
    return Number(DEAD, f"{shares[0]} with, {shares[1]} without", "of the matched pairs, in one imputed data set")


def _difference_as_published(rows: Sequence[Row]) -> Number:
    place = {"outcome": DEATH_28D, "model": names.MATCHED_1, "measure": names.RD}
    row = find(rows, names.ANALYSIS, MATCHED, level=names.PAPER, **place) or find(
        rows, names.ANALYSIS, MATCHED, **place
    )
    return _difference(row, ", of the matched pairs, pooled over the imputed data sets")
