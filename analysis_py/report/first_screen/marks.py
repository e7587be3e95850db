"""The checks as marks: those of the trial's primary design, or of the published one where there is no trial."""

from collections.abc import Sequence

from analysis_py.report.first import Mark
from analysis_py.report.gate.faults import limit
from analysis_py.report.gate.reading import in_plain_words
from analysis_py.report.gate.tables import SIGN_WORDS, SIGNS, number
from analysis_py.study.gate import checks
from analysis_py.study.gate.checks import Verdict
from analysis_py.study.gate.published import MATCHED
from analysis_py.study.gate.rows import PUBLISHED, verdicts_of
from analysis_py.study.results import Row
from analysis_py.study.trial.definitions import COHORT
from analysis_py.study.trial.designs import PRIMARY
from analysis_py.study.trial.run import Trial
from analysis_py.study.variables import DEATH_28D

# so short that seven of them stand in one row
_TITLES = {
    checks.BALANCE: "Balance",
    checks.EQUIPOISE: "Equipoise",
    checks.POWER: "Power",
    checks.EVENTS: "Events",
    checks.KEPT: "Treated kept",
    checks.WEIGHTS: "Weights",
    checks.EASE: "Systematic error",
}


def marks(rows: Sequence[Row], trial: Trial | None) -> list[Mark]:
    """In the order of the gate; none where the rows did not go through it."""
    place = (MATCHED, DEATH_28D, PUBLISHED) if trial is None else (COHORT, DEATH_28D, PRIMARY)
    return [_mark(verdict) for verdict in verdicts_of(rows, *place)]


def _mark(verdict: Verdict) -> Mark:
    """Without a number the reason stands in its place."""
    sign = SIGNS[verdict.verdict]
    value = f"{verdict.measure} {number(verdict)}" if verdict.value is not None else in_plain_words(verdict.note)
    return Mark(_TITLES[verdict.check], sign, SIGN_WORDS[sign], value, limit(verdict.check))
