"""What a specification gives: its estimate, the numbers of its checks, and whether these let it be read."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from math import isfinite

from analysis_py.statistics.estimate import Estimate
from analysis_py.study.gate import checks
from analysis_py.study.gate.checks import Verdict
from analysis_py.study.multiverse.choices import Specification


@dataclass(frozen=True)
class Checks:
    """Numbers of the light gate, of which gate.checks judges; None: not evaluated.

    `smd` is the largest absolute standardized difference of so many `covariates` after adjustment (denominator of the
    adjusted groups) with its `standard_error`, `equipoise` the share of all rows with a preference score from 0.3 to
    0.7, `effective` the effective sample size of the smaller arm, `events` those per coefficient of the outcome's
    model. Power, who is kept, and the negative controls are the gate's alone: they would take longer than all else.
    """

    smd: float | None = None
    standard_error: float = 0.0
    covariates: int = 1
    equipoise: float | None = None
    effective: float | None = None
    events: float | None = None

    @property
    def verdicts(self) -> list[Verdict]:
        """The verdict of each check."""
        smd, balance = self.smd, partial(checks.balance, standard_error=self.standard_error, covariates=self.covariates)
        return [
            checks.not_evaluated(checks.BALANCE, "") if smd is None else balance(smd),
            _judged(checks.EQUIPOISE, self.equipoise, checks.equipoise),
            _judged(checks.WEIGHTS, self.effective, checks.weights),
            _judged(checks.EVENTS, self.events, checks.events),
        ]

    @property
    def verdict(self) -> str:
        """The worst of the verdicts: what was not evaluated has not passed."""
        return checks.overall(self.verdicts)

    @property
    def failed(self) -> tuple[str, ...]:
        """The checks that fail."""
        return tuple(one.check for one in self.verdicts if one.verdict == checks.FAIL)


def _judged(check: str, value: float | None, judge: Callable[[float], Verdict]) -> Verdict:
    return checks.not_evaluated(check, "") if value is None else judge(value)


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
