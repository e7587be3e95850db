"""What a specification gives: its estimate, the numbers of its checks, and whether these let it be read."""

from dataclasses import dataclass, field, replace
from math import isfinite

from analysis_py.statistics.estimate import LEAST_EVENTS, Estimate
from analysis_py.study.multiverse.choices import Specification

PASS, CAUTION, FAIL, NOT_EVALUATED = "pass", "caution", "fail", "not evaluated"

# TRIAL.md, section 5
LARGEST_SMD, LEAST_EQUIPOISE, LEAST_EFFECTIVE, WANTED_EVENTS = 0.1, 0.2, 50.0, 10.0


@dataclass(frozen=True)
class Checks:
    """Numbers of the light gate; None: not evaluated.

    `smd` is the largest absolute standardized difference after adjustment (denominator of the adjusted groups),
    `equipoise` the share of all rows with a preference score from 0.3 to 0.7, `effective` the effective sample size of
    the smaller arm, `events` those per coefficient of the outcome's model.
    """

    smd: float | None = None
    equipoise: float | None = None
    effective: float | None = None
    events: float | None = None

    @property
    def verdicts(self) -> dict[str, str]:
        """The verdict of each check by its name."""
        return {
            "balance": _passes(self.smd is not None and self.smd < LARGEST_SMD, self.smd),
            "equipoise": _passes(self.equipoise is not None and self.equipoise >= LEAST_EQUIPOISE, self.equipoise),
            "weights": _passes(self.effective is not None and self.effective >= LEAST_EFFECTIVE, self.effective),
            "events per coefficient": self._events(),
        }

    @property
    def verdict(self) -> str:
        """The worst of the verdicts: what was not evaluated has not passed."""
        found = set(self.verdicts.values())
        return next((verdict for verdict in (FAIL, NOT_EVALUATED, CAUTION) if verdict in found), PASS)

    @property
    def failed(self) -> tuple[str, ...]:
        """The checks that fail."""
        return tuple(name for name, verdict in self.verdicts.items() if verdict == FAIL)

    def _events(self) -> str:
        if self.events is None:
            return NOT_EVALUATED
        if self.events >= WANTED_EVENTS:
            return PASS
        return FAIL if self.events < LEAST_EVENTS else CAUTION


def _passes(passes: bool, value: float | None) -> str:
    if value is None:
        return NOT_EVALUATED
    return PASS if passes else FAIL


@dataclass(frozen=True)
class Found:
    """A specification with its estimate, or `note` with the reason why there is none.

    `least_count` is the smallest number above 0 of patients by arm and outcome: it decides what may be shown.
    """

    specification: Specification
    estimate: float | None = None
    lower: float | None = None
    upper: float | None = None
    p_value: float | None = None
    n: int | None = None
    events: int | None = None
    checks: Checks = field(default_factory=Checks)
    least_count: int | None = None
    note: str = ""

    def holding(self, estimate: Estimate, checks: Checks, least_count: int | None) -> "Found":
        """This with an estimate; one without bounds is none."""
        if not all(isfinite(value) for value in (estimate.value, estimate.lower, estimate.upper)):
            return self.refused("an arm without deaths", checks)
        return replace(
            self,
            estimate=estimate.value,
            lower=estimate.lower,
            upper=estimate.upper,
            p_value=estimate.p_value,
            n=estimate.n,
            events=estimate.events,
            checks=checks,
            least_count=least_count,
        )

    def refused(self, reason: object, checks: Checks | None = None) -> "Found":
        """This with the reason why there is no estimate."""
        return replace(self, note=f"not estimable: {reason}", checks=checks or self.checks)
