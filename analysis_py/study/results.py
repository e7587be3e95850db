"""The tidy rows that every analysis gives."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Any

import pandas as pd

from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.estimate import LEAST_EVENTS, Estimate, TestResult

FEW = f"<{LEAST_EVENTS}"


@dataclass(frozen=True)
class Row:
    """One number with its place. `cohort` is full, matched or unmatched, followed by the group that a row is about.

    `n` and `events` are counts, or the text that stands for a count too small to be shown. `note` says why there is
    no estimate. `events_per_coefficient` are those of the model, or the text FEW where they are too few and not shown.
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
    events_per_coefficient: float | str | None = None

    @property
    def is_few(self) -> bool:
        """Whether the model has too few events for its coefficients: its estimate is shown with a mark."""
        return too_few(self.events_per_coefficient)

    @property
    def numbers(self) -> dict[str, float | int | str | None]:
        """What the row says of its place, as JSON has it: a text that is not there is null."""
        return {
            "measure": self.measure or None,
            "estimate": self.estimate,
            "lower": self.lower,
            "upper": self.upper,
            "p_value": self.p_value,
            "n": self.n,
            "events": self.events,
            "note": self.note or None,
        }

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
            events_per_coefficient=round(estimate.events_per_coefficient, 2),
        )


def too_few(events_per_coefficient: object) -> bool:
    """Whether these are fewer than an estimate should rest on."""
    if isinstance(events_per_coefficient, float):
        return events_per_coefficient < LEAST_EVENTS
    return events_per_coefficient == FEW


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


def unavailable(places: Iterable[Row], reason: NotEstimable) -> list[Row]:
    """`places` with the reason why there is no estimate in any."""
    return [replace(place, note=f"not estimable: {reason}") for place in places]


def as_frame(rows: Iterable[Row]) -> pd.DataFrame:
    """Rows as the columns of results.csv."""
    # counts stay whole numbers beside gaps and texts
    names = [field.name for field in fields(Row)]
    frame = pd.DataFrame(map(attrgetter(*names), rows), columns=names, dtype=object)
    numbers = ["estimate", "lower", "upper", "p_value"]
    return frame.astype(dict.fromkeys(numbers, float))


def find(rows: Iterable[Row], analysis: str, cohort: str, **place: str) -> Row | None:
    """The first row of an analysis and cohort whose other columns are as `place` says."""
    wanted = {"analysis": analysis, "cohort": cohort, **place}
    return next((row for row in rows if all(getattr(row, name) == value for name, value in wanted.items())), None)


def largest_smd(rows: Iterable[Row], cohort: str) -> Row | None:
    """The covariate in which the groups of a cohort differ most; None where no difference could be computed."""
    known = [row for row in rows if (row.analysis, row.cohort, row.measure) == ("balance", cohort, "SMD")]
    known = [row for row in known if row.estimate is not None]
    return max(known, key=lambda row: row.estimate or 0.0, default=None)


def emptied_by(flow: pd.DataFrame) -> str:
    """Which step of a flow left nobody."""
    emptied = flow[flow["n_after"] == 0]
    if emptied.empty:
        return "its flow does not say why"
    first = emptied.iloc[0]
    return f"step {first['step']} ({first['rule']}) left nobody"


def flow_rows(flow: pd.DataFrame, cohort: str = "full") -> list[Row]:
    """The steps of a flow as tidy rows: what each left and took away."""
    rows = []
    for step in flow.itertuples():
        place = Row("flow", cohort, term=str(step.rule), level=str(step.step))
        rows.append(replace(place, measure="n_after", n=int(str(step.n_after))))
        rows.append(replace(place, measure="n_excluded", n=int(str(step.n_excluded))))
    return rows
