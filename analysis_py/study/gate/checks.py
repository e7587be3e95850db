"""The checks of the gate, each from plain numbers to a verdict with what would mend it. Not known is not passed."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite, log

from scipy import stats

from analysis_py.statistics.estimate import Z_975
from analysis_py.study.gate.thresholds import (
    ENOUGH_EVENTS,
    FAMILY_ALPHA,
    FEWEST_EVENTS,
    LARGEST_DETECTABLE,
    LARGEST_EASE,
    LARGEST_SMD,
    LARGEST_SMD_BY_CHANCE,
    LEAST_CONTROLS,
    LEAST_EFFECTIVE,
    LEAST_EQUIPOISE,
    LEAST_KEPT,
)

PASS, CAUTION, FAIL, NOT_EVALUATED = "pass", "caution", "fail", "not evaluated"
VERDICTS = (PASS, CAUTION, FAIL, NOT_EVALUATED)
BALANCE, EQUIPOISE, POWER, EVENTS = "balance", "equipoise", "power", "events per coefficient"
KEPT, WEIGHTS, EASE = "kept", "weights", "EASE"
CHECKS = (BALANCE, EQUIPOISE, POWER, EVENTS, KEPT, WEIGHTS, EASE)
# what the number of each check is, as results.csv names it
MEASURES = {
    BALANCE: "largest |SMD|",
    EQUIPOISE: "share in equipoise",
    POWER: "minimum detectable HR",
    EVENTS: "events per coefficient",
    KEPT: "share of the treated",
    WEIGHTS: "smaller effective sample size",
    EASE: "EASE",
}
LIMITS = {
    BALANCE: f"< {LARGEST_SMD:g}",
    EQUIPOISE: f"≥ {LEAST_EQUIPOISE:g}",
    POWER: f"< {LARGEST_DETECTABLE:g}",
    EVENTS: f"≥ {ENOUGH_EVENTS:g}",
    KEPT: f"≥ {LEAST_KEPT:g}",
    WEIGHTS: f"≥ {LEAST_EFFECTIVE:g}",
    EASE: f"< {LARGEST_EASE:g}",
}
_Z_80 = float(stats.norm.ppf(0.8))
_FEW = 2 * LEAST_EFFECTIVE  # patients of an arm up to which its effective size is small because there are few of them


@dataclass(frozen=True)
class Verdict:
    """What a check finds: one of VERDICTS, its number (None: there is none), and why or what would mend it."""

    check: str
    verdict: str
    value: float | None = None
    note: str = ""

    @property
    def measure(self) -> str:
        """What `value` is."""
        return MEASURES[self.check]


def not_evaluated(check: str, reason: str) -> Verdict:
    """A check without its number."""
    return Verdict(check, NOT_EVALUATED, note=reason)


def balance(largest: float, standard_error: float, covariates: int, worst: str = "") -> Verdict:
    """Largest absolute standardized mean difference of all `covariates` after adjustment; `worst` is the one.

    Below the limit it passes. Beyond it, with `standard_error` of that difference, it is a caution if so large a one
    among so many covariates is what chance makes of true differences at the limit (Bonferroni, as CohortMethod's
    sdmAlpha) and it lies below twice the limit; else it fails.
    """
    if not isfinite(largest):
        return not_evaluated(BALANCE, "the number is not finite")
    named = f"{worst}: " if worst else ""
    if largest < LARGEST_SMD:
        return Verdict(BALANCE, PASS, largest, worst)
    by_chance = _by_chance(largest, standard_error, covariates)
    if by_chance and largest < LARGEST_SMD_BY_CHANCE:
        return Verdict(BALANCE, CAUTION, largest, f"{named}no larger than chance makes it in groups of this size")
    mend = "more patients: chance alone makes such differences" if by_chance else _MENDS[BALANCE]
    return Verdict(BALANCE, FAIL, largest, f"{named}{mend}")


def _by_chance(largest: float, standard_error: float, covariates: int) -> bool:
    if not standard_error > 0:
        return False
    beyond = stats.norm.sf((largest - LARGEST_SMD) / standard_error)
    below = stats.norm.cdf((-largest - LARGEST_SMD) / standard_error)
    return bool(covariates * (beyond + below) > FAMILY_ALPHA)


def equipoise(share: float) -> Verdict:
    """Share of all rows whose preference score says that they could have got either treatment."""
    return _judged(EQUIPOISE, share, share >= LEAST_EQUIPOISE, _MENDS[EQUIPOISE])


def power(detectable: float, share_treated: float) -> Verdict:
    """The least hazard ratio that so many events find; the note says how many events would pass."""
    needed = ((_Z_80 + Z_975) / log(LARGEST_DETECTABLE)) ** 2 / (share_treated * (1 - share_treated))
    return _judged(POWER, detectable, detectable < LARGEST_DETECTABLE, f"more than {needed:.0f} events are needed")


def events(per_coefficient: float) -> Verdict:
    """Events by coefficients of the outcome model, of which a weighted one has 1."""
    if FEWEST_EVENTS <= per_coefficient < ENOUGH_EVENTS:
        return Verdict(EVENTS, CAUTION, per_coefficient, _MENDS[EVENTS])
    return _judged(EVENTS, per_coefficient, per_coefficient >= ENOUGH_EVENTS, _MENDS[EVENTS])


def kept(share: float, largest: float | None = None) -> Verdict:
    """Share of the treated that the analysis still describes; `largest` is how far (SMD) they are from all of them."""
    far = "" if largest is None or share == 1 else f"those kept differ from all treated by up to {largest:.2f} SD"
    verdict = _judged(KEPT, share, share >= LEAST_KEPT, _MENDS[KEPT])
    return Verdict(KEPT, verdict.verdict, share, "; ".join(filter(None, (verdict.note, far))))


def weights(effective: float, patients: int | None = None) -> Verdict:
    """Effective sample size of the smaller arm, and how many `patients` it has."""
    few = patients is not None and patients <= _FEW
    mend = "more patients in the smaller arm" if few else _MENDS[WEIGHTS]
    return _judged(WEIGHTS, effective, effective >= LEAST_EFFECTIVE, mend)


def ease(value: float, controls: int, note: str = "") -> Verdict:
    """Expected absolute systematic error by so many negative controls that pass balance and equipoise themselves."""
    if controls < LEAST_CONTROLS:
        return not_evaluated(EASE, f"{controls} controls count, {LEAST_CONTROLS} are needed")
    verdict = _judged(EASE, value, value < LARGEST_EASE, _MENDS[EASE])
    return Verdict(EASE, verdict.verdict, value, "; ".join(filter(None, (verdict.note, note))))


def overall(verdicts: Iterable[Verdict]) -> str:
    """The worst of a design's verdicts; what was not evaluated is worse than a caution, and a failure worst."""
    found = {verdict.verdict for verdict in verdicts}
    return next((one for one in (FAIL, NOT_EVALUATED, CAUTION) if one in found), PASS if found else NOT_EVALUATED)


def may_be_read(verdicts: Iterable[Verdict]) -> bool:
    """Whether an estimate may be read as an effect: every check of the gate is there, and passes or is a caution."""
    found = {verdict.check: verdict.verdict for verdict in verdicts}
    return all(found.get(check) in (PASS, CAUTION) for check in CHECKS)


def _judged(check: str, value: float, passes: bool, mend: str) -> Verdict:
    if not isfinite(value):
        return not_evaluated(check, "the number is not finite")
    return Verdict(check, PASS if passes else FAIL, value, "" if passes else mend)


_MENDS = {
    BALANCE: "closer matching, other weights or a richer model of treatment",
    EQUIPOISE: "patients who could have got either: narrower eligibility, or another comparison",
    EVENTS: "fewer covariates in the outcome model, or more events",
    KEPT: "a wider caliper, or weights that keep all treated",
    WEIGHTS: "less extreme weights: patients who could have got either",
    EASE: "covariates that drive the choice, or a design without use of the future",
}
