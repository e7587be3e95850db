"""Verdicts as rows of results.csv, and back: a row per design and check."""

from collections.abc import Iterable, Sequence

from analysis_py.study.gate.checks import CHECKS, Verdict
from analysis_py.study.gate.numbers import Numbers, judge
from analysis_py.study.results import Row

ANALYSIS = "diagnostics"
PUBLISHED = "published"  # `model` of the main estimate: matched, model 3, all imputed copies

Place = tuple[str, str, str]  # cohort, outcome, model


def verdict_rows(numbers: Numbers) -> list[Row]:
    """A row per check; `n` patients of the smaller arm, `events` deaths of the one with fewer: small are hidden."""
    place = Row(ANALYSIS, numbers.cohort, numbers.outcome, numbers.model)
    n = numbers.arms.smaller if numbers.arms is not None else None
    deaths = numbers.arms.fewer_deaths if numbers.arms is not None else None
    return [
        Row(
            place.analysis,
            place.cohort,
            place.outcome,
            place.model,
            verdict.check,
            verdict.verdict,
            verdict.measure,
            verdict.value,
            n=n,
            events=deaths,
            note=verdict.note,
        )
        for verdict in judge(numbers)
    ]


def verdicts(rows: Iterable[Row]) -> dict[Place, list[Verdict]]:
    """What the rows say of each design, in their order; a number that is hidden is None."""
    found: dict[Place, list[Verdict]] = {}
    for row in rows:
        if row.analysis == ANALYSIS:
            verdict = Verdict(row.term, row.level, row.estimate, row.note)
            found.setdefault((row.cohort, row.outcome, row.model), []).append(verdict)
    return found


def verdicts_of(rows: Sequence[Row], cohort: str, outcome: str, model: str) -> list[Verdict]:
    """Those of one design; none without the gate."""
    return verdicts(rows).get((cohort, outcome, model), [])


def is_complete(found: Sequence[Verdict]) -> bool:
    """Whether every check has its verdict."""
    return [verdict.check for verdict in found] == list(CHECKS)
