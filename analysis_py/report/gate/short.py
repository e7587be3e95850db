"""The answer of the first screen: one sentence, by the rules of sentence.py, without what would mend it."""

from collections.abc import Sequence

from analysis_py.report.gate.faults import KNOWN_AS, fault_in_short
from analysis_py.report.gate.reading import (
    AS_WHAT,
    FINDS,
    NO_ESTIMATE,
    NOT_FOUND,
    brief,
    in_plain_words,
    reading,
    why_none,
)
from analysis_py.study.gate import checks
from analysis_py.study.gate.checks import Verdict
from analysis_py.study.results import Row

# of no effect: what its interval holds is not ruled out
_MAY_BE_READ = AS_WHAT | {NOT_FOUND: "as the absence of a larger effect"}


def short_answer(hazard: Row | None, every: Sequence[Verdict]) -> str:
    """What the trial finds, and whether it may be read; `every` check of its primary design, in the order of faults."""
    said = reading(hazard)
    if hazard is None or said == NO_ESTIMATE:
        return _no_answer(hazard)
    finds = f"The trial finds {FINDS[said]} (hazard ratio {brief(hazard)})"
    by_verdict = {kind: [one for one in every if one.verdict == kind] for kind in checks.VERDICTS}
    if failed := by_verdict[checks.FAIL]:
        return f"{finds}, which may not be read {AS_WHAT[said]}: {_faults(failed)}."
    if unknown := by_verdict[checks.NOT_EVALUATED]:
        return f"{finds}; whether it may be read {AS_WHAT[said]} stays open: {_counted(unknown)} not evaluated."
    careful = by_verdict[checks.CAUTION]
    with_caution = f", {_named(careful)} with caution" if careful else ""
    return f"{finds}, and it may be read {_MAY_BE_READ[said]}: every check is passed{with_caution}."


def short_answer_without_trial(main: Row | None, not_matched: str = "") -> str:
    """Of the published design alone: it uses the future, so that none of its checks makes it an effect."""
    said = reading(main)
    if main is None or said == NO_ESTIMATE:
        return _no_answer(main, not_matched)
    finds = f"The published design finds {FINDS[said]} (hazard ratio {brief(main)})"
    return f"{finds}, which may not be read {AS_WHAT[said]}: it uses the future; the trial was left out."


def _no_answer(row: Row | None, otherwise: str = "") -> str:
    return f"No answer: {why_none(row) or in_plain_words(otherwise) or 'there is no estimate'}."


def _faults(failed: Sequence[Verdict]) -> str:
    first, others = fault_in_short(failed[0]), len(failed) - 1
    if not others:
        return first
    return f"{first}; {others} more {'check fails' if others == 1 else 'checks fail'}"


def _counted(unknown: Sequence[Verdict]) -> str:
    return f"{_named(unknown)} {'is' if len(unknown) == 1 else 'are'}"


def _named(found: Sequence[Verdict]) -> str:
    return KNOWN_AS[found[0].check] if len(found) == 1 else f"{len(found)} checks"
