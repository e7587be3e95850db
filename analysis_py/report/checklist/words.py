"""Words of the answers for what was found, from shown rows alone, and for what the author has to say."""

from collections.abc import Sequence

from analysis_py.report.gate.reading import in_plain_words
from analysis_py.report.tables.cells import COHORT_TITLES, FEW_WORDS, in_words
from analysis_py.study.analyses.unmatched import sentences
from analysis_py.study.results import Row, find, largest_smd
from analysis_py.study.study import Study
from analysis_py.study.suppression import HIDDEN
from analysis_py.study.variables import BY_NAME, DEATH_28D, DEATH_HOSPITAL

AUTHOR = "TO BE FILLED IN BY THE AUTHOR:"
_GROUPS = {"control": "without", "treated": "with"}
# item, recommendation, where, answer
Item = tuple[str, str, str, str]


def told_definitions(study: Study) -> str:
    """Which definitions differ from their defaults."""
    if not study.build.definitions:
        return "Which were in force was not recorded."
    changed = [
        f"{name} {value} (default {study.build.defaults.get(name)})" for name, value in study.build.changed.items()
    ]
    return f"Other than by default: {', '.join(changed)}." if changed else "All are as by default."


def told_tests(study: Study) -> str:
    """How many tests ran with the build, and how they ended."""
    if not study.build.tests:
        return "No tests of the data were recorded with this build."
    failed = sum(test.status != "pass" for test in study.build.tests)
    ended = f"{failed} of them did not pass" if failed else "all passed"
    return f"{len(study.build.tests)} tests ran with the build, {ended}."


def titles(study: Study) -> dict[str, str]:
    """The cohorts of the study with their titles."""
    return {name: COHORT_TITLES[name] for name in study.cohorts}


def labels(names: Sequence[str]) -> str:
    """Variables by their labels."""
    return ", ".join(BY_NAME[name].label for name in names)


def _number(count: int | str | None) -> str:
    return f"{count:,}" if isinstance(count, int) else (count or HIDDEN)


def told_sizes(study: Study, rows: Sequence[Row], cohort: str) -> str:
    """How many there are without and with the drug."""
    found = {words: find(rows, "outcomes", f"{cohort} {group}", term=DEATH_28D) for group, words in _GROUPS.items()}
    told = [f"{_number(row.n)} {words}" for words, row in found.items() if row is not None]
    return f"{' and '.join(told)} {study.build.drug}" if told else "not described"


def told_matching(study: Study, rows: Sequence[Row]) -> str:
    """The matched cohort and those who were not matched, or why there is none."""
    if study.matched is None:
        return f"No matched cohort: {in_plain_words(study.not_matched)}."
    told = " ".join(sentences(rows, study.build.drug))
    return f"Matched: {told_sizes(study, rows, 'matched')}. {told}"


def told_deaths(study: Study, rows: Sequence[Row], cohort: str) -> str:
    """Deaths by outcome and group."""
    told = []
    for outcome in (DEATH_28D, DEATH_HOSPITAL):
        for group, words in _GROUPS.items():
            row = find(rows, "outcomes", f"{cohort} {group}", term=outcome)
            if row is not None:
                share = "" if row.estimate is None else f" ({row.estimate:.1f} %)"
                died = f"{_number(row.events)} of {_number(row.n)}{share}"
                told.append(f"{BY_NAME[outcome].label.lower()}, {words} {study.build.drug}, {died}")
    return ", ".join(told)


def told_effect(rows: Sequence[Row], cohort: str, outcome: str, model: str) -> str:
    """The estimate of one model as published, or why there is none."""
    row = find(rows, "outcome_models", cohort, outcome=outcome, model=model)
    if row is None or row.estimate is None:
        return row.note if row is not None and row.note else "not estimable"
    return told_estimate(row)


def told_estimate(row: Row) -> str:
    """An estimate with its interval, and whether it rests on few events."""
    return in_words(row) + (f" ({FEW_WORDS})" if row.is_few else "")


def told_balance(rows: Sequence[Row]) -> str:
    """The largest difference of a covariate before and after matching."""
    told = []
    for cohort, words in (("full", "before"), ("matched", "after")):
        row = largest_smd(rows, cohort)
        if row is not None:
            told.append(f"{row.estimate:.3f} ({BY_NAME[row.term].label}) {words}")
    return f"Largest standardized mean difference: {', '.join(told)} matching." if told else "No balance computed."


def told_gaps(rows: Sequence[Row]) -> str:
    """How many variables have missing values, and which the most."""
    shares = [row for row in rows if row.analysis == "missing"]
    with_gaps = [row for row in shares if row.events != 0]
    known = [row for row in with_gaps if row.estimate is not None]
    text = f"{len(with_gaps)} of {len(shares)} variables have missing values"
    if known:
        most = max(known, key=lambda row: row.estimate or 0.0)
        text += f", most of all {BY_NAME[most.term].label} ({most.estimate:.1f} %)"
    return f"{text}."
