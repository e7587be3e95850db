"""The first sentence: what was asked, what the trial finds, whether it may be read as an effect. All rules are here.

What the interval says is in reading.py. It may be read as an effect only if each check of the trial's primary design
passes, or passes with caution; else what fails is told, and what would mend it. short.py says the same in one sentence.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis_py.report.gate.faults import KNOWN_AS, ORDER, fault, limit
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
from analysis_py.report.gate.short import short_answer, short_answer_without_trial
from analysis_py.report.tables.cells import bounded, in_words
from analysis_py.study.analyses.pooling import main_row
from analysis_py.study.gate import checks
from analysis_py.study.gate.checks import Verdict
from analysis_py.study.gate.marks import failed_by
from analysis_py.study.gate.published import MATCHED
from analysis_py.study.gate.rows import PUBLISHED, verdicts_of
from analysis_py.study.results import Row, find
from analysis_py.study.trial.definitions import COHORT
from analysis_py.study.trial.designs import PRIMARY
from analysis_py.study.trial.estimates import ANALYSIS, HAZARD_RATIO
from analysis_py.study.trial.run import Trial
from analysis_py.study.variables import DEATH_28D

_DEATH = "28-day death in hospital"
_APART = 1.1  # a factor between two hazard ratios from which on they are said to differ


@dataclass(frozen=True)
class Answer:
    """`first` is the first sentence, `rest` what follows on it, `short` the first screen's; checks by their names."""

    first: str
    rest: tuple[str, ...]
    may_be_read: bool
    failed: tuple[str, ...]
    not_evaluated: tuple[str, ...]
    short: str

    @property
    def sentence(self) -> str:
        """All of it."""
        return " ".join((self.first, *self.rest))


def answer(asked: str, hazard: Row | None, published: Row | None, found: Sequence[Verdict]) -> Answer:
    """The rules.

    `asked` completes "Asked whether"; `hazard` is the primary hazard ratio, `published` the main one of the published
    design, `found` the verdicts on the primary design: a check without a verdict is not evaluated.
    """
    by_check = {verdict.check: verdict for verdict in found}
    every = [by_check.get(check, checks.not_evaluated(check, "")) for check in ORDER]
    failed = [one for one in every if one.verdict == checks.FAIL]
    unknown = [one for one in every if one.verdict == checks.NOT_EVALUATED]
    said = reading(hazard)
    may_be_read = checks.may_be_read(every) and said != NO_ESTIMATE
    head, beside = f"Asked whether {asked}, the trial", _beside(said, hazard, published)
    if hazard is None or said == NO_ESTIMATE:
        reason = why_none(hazard)
        first = f"{head} has no answer{f' ({reason})' if reason else ''}{_faults(failed)}{beside}."
    else:
        first = f"{head} finds {FINDS[said]} (hazard ratio {brief(hazard)})"
        if failed:
            first += f", which may not be read {AS_WHAT[said]}{_faults(failed)}"
        first += f"{beside}."
    rest = [*_verdict(said, hazard, every, failed, unknown), *_mended(failed)]
    return Answer(first, tuple(rest), may_be_read, _names(failed), _names(unknown), short_answer(hazard, every))


def _names(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """In the order of the table."""
    found = {verdict.check for verdict in verdicts}
    return tuple(check for check in checks.CHECKS if check in found)


def _faults(failed: Sequence[Verdict]) -> str:
    return f": {'; '.join(map(fault, failed))}" if failed else ""


def _beside(said: str, hazard: Row | None, published: Row | None) -> str:
    """What the published design shows, and whether that is something else."""
    theirs = reading(published)
    if published is None or published.estimate is None or theirs == NO_ESTIMATE:
        return ""
    shown = f"{_named(published)} shows {in_words(published)}"
    if hazard is None or hazard.estimate is None or said == NO_ESTIMATE:
        return f"; {shown}"
    return f", although {shown}" if differs(hazard, published) else f", and {shown} too"


def _named(published: Row) -> str:
    """The published design, and what it fails."""
    failed = failed_by(published.note)
    return f"the published design, which fails {failed}," if failed else "the published design"


def differs(hazard: Row, published: Row) -> bool:
    """Whether two hazard ratios say something else, or are far from one another."""
    if hazard.estimate is None or published.estimate is None:
        return False
    factor = published.estimate / hazard.estimate
    return reading(hazard) != reading(published) or not 1 / _APART < factor < _APART


def _verdict(
    said: str, hazard: Row | None, every: Sequence[Verdict], failed: Sequence[Verdict], unknown: Sequence[Verdict]
) -> list[str]:
    """What it may be read as, where no check fails; what was not evaluated, in any case."""
    lines = []
    gaps = _gaps(unknown)
    if unknown and (failed or said == NO_ESTIMATE):
        lines.append(f"Not evaluated: {gaps}.")
    elif unknown:
        lines.append(f"Whether this may be read {AS_WHAT[said]} stays open, for not evaluated is not passed: {gaps}.")
    elif not failed and hazard is not None and said != NO_ESTIMATE:
        lines.append(_may_be_read(said, every, hazard))
    return lines


def _gaps(unknown: Sequence[Verdict]) -> str:
    """Checks that were not evaluated; a reason that several share is said once."""
    by_reason: dict[str, list[str]] = {}
    for one in unknown:
        by_reason.setdefault(in_plain_words(one.note), []).append(KNOWN_AS[one.check])
    return "; ".join(f"{', '.join(names)}{f' ({why})' if why else ''}" for why, names in by_reason.items())


def _may_be_read(said: str, every: Sequence[Verdict], hazard: Row) -> str:
    careful = [one for one in every if one.verdict == checks.CAUTION]
    told = "every check is passed" if not careful else f"with caution ({'; '.join(map(_caution, careful))})"
    detectable = next((one.value for one in every if one.check == checks.POWER), None)
    if said == NOT_FOUND:
        limit = "" if detectable is None else f", and {could_find(detectable)}"
        # what the interval holds is not ruled out
        return (
            f"This may be read as the absence of a hazard ratio below {bounded(hazard.lower or 0)} or above "
            f"{bounded(hazard.upper or 0)}, as far as what drives the choice was charted: {told}{limit}."
        )
    return f"This may be read {AS_WHAT[said]}, as far as what drives the choice was charted: {told}."


def _caution(verdict: Verdict) -> str:
    number = "" if verdict.value is None else f" {verdict.value:.2f}, asked for is {limit(verdict.check)}"
    return f"{KNOWN_AS[verdict.check]}{number}"


def could_find(detectable: float) -> str:
    """What a minimum detectable hazard ratio means."""
    return (
        f"a hazard ratio of {1 / detectable:.2f} or less, or of {detectable:.2f} or more, would have been found with "
        "80 % power"
    )


def _mended(failed: Sequence[Verdict]) -> list[str]:
    notes = list(dict.fromkeys(one.note for one in failed if one.note))
    return [f"What would mend it: {'; '.join(notes)}."] if notes else []


# --- from the rows of a study, as they are shown ----------------------------------------------------------------------


def has_gate(rows: Sequence[Row]) -> bool:
    """Whether the rows went through the gate."""
    return bool(verdicts_of(rows, MATCHED, DEATH_28D, PUBLISHED))


def answer_of(rows: Sequence[Row], drug: str, trial: Trial | None) -> Answer | None:
    """The answer of a study; None where its rows did not go through the gate."""
    return decide(rows, drug, trial) if has_gate(rows) else None


def decide(rows: Sequence[Row], drug: str, trial: Trial | None, not_matched: str = "") -> Answer:
    """As answer_of(); without the gate no check is evaluated. `not_matched` says why there are no pairs."""
    main = main_row(rows)
    if trial is None:
        return _without_trial(rows, drug, main, not_matched)
    hazard = find(rows, ANALYSIS, COHORT, outcome=DEATH_28D, model=PRIMARY, measure=HAZARD_RATIO)
    return answer(
        f"{starting(drug, trial)} lowers {_DEATH}", hazard, main, verdicts_of(rows, COHORT, DEATH_28D, PRIMARY)
    )


def question(drug: str, trial: Trial | None) -> str:
    """What is asked: of the trial, or as published."""
    whom = "patients with sepsis-induced coagulopathy"
    if trial is not None:
        return f"Does {starting(drug, trial)} lower {_DEATH} in {whom}?"
    return f"Do {whom} die less often in hospital within 28 days of ICU admission when they are given {drug}?"


def starting(drug: str, trial: Trial) -> str:
    """The strategy that is asked about."""
    return f"starting {drug} within {trial.definitions.grace_h:g} h"


def _without_trial(rows: Sequence[Row], drug: str, main: Row | None, not_matched: str) -> Answer:
    """The published design alone: it uses the future, so that none of its checks makes it an effect."""
    found = verdicts_of(rows, MATCHED, DEATH_28D, PUBLISHED)
    failed = [one for one in found if one.verdict == checks.FAIL]
    unknown = [one for one in found if one.verdict == checks.NOT_EVALUATED]
    shown = "has no estimate" if main is None or reading(main) == NO_ESTIMATE else f"shows {in_words(main)}"
    first = (
        f"Asked whether {drug} lowers {_DEATH}, the published design {shown}, which may not be read as "
        f"an effect of the drug: the build left out the trial, and the design uses the future{_more(failed)}."
    )
    rest = [f"Not evaluated: {', '.join(KNOWN_AS[one.check] for one in unknown)}."] if unknown else []
    short = short_answer_without_trial(main, not_matched)
    return Answer(first, (*rest, *_mended(failed)), False, _names(failed), _names(unknown), short)


def _more(failed: Sequence[Verdict]) -> str:
    return "".join(f"; {fault(one)}" for one in failed)
