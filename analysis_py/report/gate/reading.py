"""What an estimate says by its interval, and the words for it."""

from analysis_py.report.tables.cells import bounded
from analysis_py.study.results import Row

FOUND, NOT_FOUND, OPPOSITE, NO_ESTIMATE = "found", "not found", "opposite", "no estimate"
FINDS = {FOUND: "fewer deaths", NOT_FOUND: "no effect", OPPOSITE: "more deaths"}
AS_WHAT = {FOUND: "as an effect of the drug", NOT_FOUND: "as the absence of one", OPPOSITE: "as harm by the drug"}
# reasons that the methods give in the words of their models
_PLAIN = {
    "nobody starts in the treatment model": "nobody in the trial was given the drug in time",
    "(starts) has no treated rows": "nobody in the trial was given the drug in time",
    "treated has no treated rows": "nobody in the cohort was given the drug",
    "treated has no untreated rows": "everybody in the cohort was given the drug",
}


def reading(row: Row | None) -> str:
    """Found: the interval lies below 1; opposite: above; else nothing was found."""
    if row is None or row.estimate is None or row.lower is None or row.upper is None:
        return NO_ESTIMATE
    if row.upper < 1:
        return FOUND
    return OPPOSITE if row.lower > 1 else NOT_FOUND


def brief(row: Row) -> str:
    """As in_words(), to stand in brackets; of a row with an interval."""
    assert row.estimate is not None and row.lower is not None and row.upper is not None
    return f"{bounded(row.estimate)}, 95 % CI {bounded(row.lower)} to {bounded(row.upper)}"


def why_none(row: Row | None) -> str:
    """The reason why there is no estimate; empty where none is told."""
    return "" if row is None else in_plain_words(row.note.removeprefix("not estimable: "))


def in_plain_words(reason: str) -> str:
    """A reason that a method gives, without the words of its models."""
    return _PLAIN.get(reason, reason)
