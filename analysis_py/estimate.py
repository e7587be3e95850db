"""What the statistical functions give back."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

Z_975 = float(stats.norm.ppf(0.975))
RATIO_MEASURES = frozenset({"HR", "OR", "RR"})


@dataclass(frozen=True)
class Estimate:
    """An effect with its 95 % interval and Wald p-value; ratios (HR, OR, RR) are on their natural scale.

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


@dataclass(frozen=True)
class TestResult:
    """A test statistic and its p-value."""

    __test__ = False  # pytest takes classes named Test* for tests

    statistic: float
    p_value: float


def wald_ratio(
    measure: str, coefficient: float, standard_error: float, n: int, events: int, parameters: int
) -> Estimate:
    """A log ratio and its standard error, as a ratio with Wald interval and p-value."""
    return Estimate(
        measure=measure,
        value=float(np.exp(coefficient)),
        lower=float(np.exp(coefficient - Z_975 * standard_error)),
        upper=float(np.exp(coefficient + Z_975 * standard_error)),
        p_value=float(2 * stats.norm.sf(abs(coefficient / standard_error))),
        n=n,
        events=events,
        parameters=parameters,
    )
