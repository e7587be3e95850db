"""What the statistical functions give back."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from analysis_py.statistics.errors import NotEstimable

Z_975 = float(stats.norm.ppf(0.975))
RATIO_MEASURES = frozenset({"HR", "OR", "RR", "SHR"})
_HAZARD_MEASURES = frozenset({"HR", "SHR"})  # their models know as much as they have events
LEAST_EVENTS = 5  # per coefficient: below it an estimate is marked (Vittinghoff and McCulloch 2007)
# Per standard deviation of the covariate. With E events the standard error of an unadjusted log ratio is about
# 1 / sqrt(E): beyond these limits there is (nearly) separation, not an effect.
_LARGEST_COEFFICIENT = 10.0
_LARGEST_ERROR = 3.0


@dataclass(frozen=True)
class Estimate:
    """An effect with its 95 % interval and Wald p-value; ratios (HR, OR, RR, SHR) are on their natural scale.

    `n` rows and `events` went into a model with `parameters` coefficients.
    """

    measure: str
    value: float
    lower: float
    upper: float
    p_value: float
    n: int
    events: int
    parameters: int = 1

    @property
    def events_per_coefficient(self) -> float:
        """Of those with and those without the event the fewer (all events of a model of hazards), by coefficient."""
        limiting = self.events if self.measure in _HAZARD_MEASURES else min(self.events, self.n - self.events)
        return limiting / self.parameters

    @property
    def freedom(self) -> int:
        """Complete-data degrees of freedom: a Cox model knows as much as it has events (mice: get.dfcom)."""
        return (self.events if self.measure in _HAZARD_MEASURES else self.n) - self.parameters


@dataclass(frozen=True)
class TestResult:
    """A test statistic and its p-value."""

    __test__ = False  # pytest takes classes named Test* for tests

    statistic: float
    p_value: float


def wald_ratio(
    place: Estimate, name: str, coefficient: float, variance: float, scale: float, infinite: bool
) -> Estimate:
    """`place` with the ratio per natural unit that a standardized coefficient stands for, with interval and p-value.

    Raises:
        NotEstimable: the likelihood has no finite maximum in this coefficient.
    """
    error = float(np.sqrt(variance)) if variance > 0 else float("inf")
    if infinite or abs(coefficient) > _LARGEST_COEFFICIENT or error > _LARGEST_ERROR:
        raise NotEstimable(f"{name} separates those with from those without an event, wholly or nearly")
    limits = (coefficient + np.array([0, -Z_975, Z_975]) * error) / scale
    with np.errstate(over="ignore"):
        value, lower, upper = np.exp(limits).tolist()
    p_value = float(2 * stats.norm.sf(abs(coefficient / error)))
    return replace(place, value=value, lower=lower, upper=upper, p_value=p_value)
