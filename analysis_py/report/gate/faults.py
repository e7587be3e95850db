"""What a check that fails means, in words, and what each check is called in a sentence."""

from analysis_py.study.gate import checks
from analysis_py.study.gate.checks import Verdict

# what fails first is told first: with too few events nothing else is worth a word
ORDER = (
    checks.POWER,
    checks.EVENTS,
    checks.WEIGHTS,
    checks.EASE,
    checks.EQUIPOISE,
    checks.BALANCE,
    checks.KEPT,
)
_WHAT = {
    checks.POWER: "too few events: nothing short of a hazard ratio of {value:.3g} could have been found",
    checks.EVENTS: "too few events: {value:.1f} per coefficient of the outcome model",
    checks.WEIGHTS: "the smaller arm counts for no more than {value:.0f} patients",
    checks.EASE: "the negative controls show systematic error (EASE {value:.2f})",
    checks.EQUIPOISE: "too few patients could have got either ({share:.0f} % in equipoise)",
    checks.BALANCE: "the groups are not alike (largest standardized difference {value:.2f})",
    checks.KEPT: "it describes {share:.0f} % of the treated alone",
}
# the same where more patients would mend it
_FEW_PATIENTS = {
    checks.WEIGHTS: f"too few patients and events: {_WHAT[checks.WEIGHTS]}",
    checks.BALANCE: "too few patients: chance makes the groups differ (by {value:.2f} standard deviations)",
}
_WITHOUT_NUMBER = {
    checks.POWER: "too few events",
    checks.EVENTS: "too few events for the outcome model",
    checks.WEIGHTS: "the smaller arm counts for too few patients",
    checks.EASE: "the negative controls show systematic error",
    checks.EQUIPOISE: "too few patients could have got either",
    checks.BALANCE: "the groups are not alike",
    checks.KEPT: "it describes too few of the treated",
}
_IN_SHORT = _WITHOUT_NUMBER | {
    checks.EVENTS: "too few events",
    checks.WEIGHTS: "too few patients in one arm",
    checks.EQUIPOISE: "too few could have got either",
}
KNOWN_AS = {
    checks.BALANCE: "balance",
    checks.EQUIPOISE: "equipoise",
    checks.POWER: "power",
    checks.EVENTS: "events per coefficient",
    checks.KEPT: "who is kept",
    checks.WEIGHTS: "the weights",
    checks.EASE: "systematic error (EASE)",
}


def fault(verdict: Verdict) -> str:
    """A failed check in words, with its number where that is shown, and the limit."""
    if verdict.value is None:
        return _WITHOUT_NUMBER[verdict.check]
    words = _FEW_PATIENTS if _more_patients_mend(verdict) else _WHAT
    told = words[verdict.check].format(value=verdict.value, share=100 * verdict.value)
    return f"{told}, asked for is {limit(verdict.check)}"


def fault_in_short(verdict: Verdict) -> str:
    """The same in a few words, without numbers."""
    return "too few patients" if _more_patients_mend(verdict) else _IN_SHORT[verdict.check]


def limit(check: str) -> str:
    """Where a check passes: `less than 0.1`, `at least 50 %`."""
    shares = (checks.EQUIPOISE, checks.KEPT)
    sign, _, number = checks.LIMITS[check].partition(" ")
    words = "less than" if sign == "<" else "at least"
    return f"{words} {100 * float(number):g} %" if check in shares else f"{words} {number}"


def _more_patients_mend(verdict: Verdict) -> bool:
    return verdict.check in _FEW_PATIENTS and "more patients" in verdict.note
