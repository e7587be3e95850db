"""What the gate must know of a design, from wherever it comes, and the verdicts on it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from analysis_py.statistics.design import Booleans, Floats
from analysis_py.statistics.diagnostics import minimum_detectable_ratio
from analysis_py.statistics.errors import NotEstimable
from analysis_py.study.gate import checks
from analysis_py.study.gate.checks import Verdict

AS_THEY_ARE = "in the groups as they enter the model"  # which adjusts without making them alike
_NOBODY_SAYS = "no such number for this design"


@dataclass(frozen=True)
class Difference:
    """The largest absolute standardized difference of so many `covariates`, its standard error, and where (`worst`)."""

    largest: float
    standard_error: float
    covariates: int
    worst: str = ""


@dataclass(frozen=True)
class Arms:
    """Patients of the untreated (False) and the treated (True) whom a design compares, and the deaths of both.

    `fewer_deaths` are those of the arm with fewer, or of both where nobody tells: a small one must not be shown.
    """

    patients: Mapping[bool, int]
    events: int
    fewer_deaths: int

    @classmethod
    def of(cls, patients: Mapping[bool, int], deaths: Mapping[bool, int]) -> "Arms":
        """From both by arm."""
        return cls(patients, sum(deaths.values()), min(deaths.values()))

    @property
    def smaller(self) -> int:
        """Patients of the smaller arm."""
        return min(self.patients.values())

    @property
    def share_treated(self) -> float:
        """Where somebody is in an arm."""
        return self.patients[True] / sum(self.patients.values())


@dataclass(frozen=True)
class Ease:
    """Systematic error by so many negative controls, and its interval in words."""

    value: float
    controls: int
    note: str = ""


@dataclass(frozen=True)
class Numbers:
    """A design by its place among the rows `diagnostics`; None: there is no such number, `reasons` (by check) say why.

    `per_coefficient` events by coefficients of the outcome model; `kept` the share of the treated who are still
    described, and how far they are from all of them; `effective` size of the smaller arm.
    """

    cohort: str
    outcome: str
    model: str
    difference: Difference | None = None
    equipoise: float | None = None
    arms: Arms | None = None
    per_coefficient: float | None = None
    kept: float | None = None
    kept_difference: float | None = None
    effective: float | None = None
    ease: Ease | None = None
    reasons: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def distance_of_kept(columns: Floats, kept: Booleans) -> float | None:
    """Largest absolute difference of the means of the rows kept from those of all rows, in standard deviations of all.

    `columns` rows x covariates, of the treated; None where nobody is kept.
    """
    if not kept.any():
        return None
    spread = columns.std(axis=0)
    varying = spread > 1e-9 * (np.abs(columns).max(axis=0) + 1e-300)
    away = np.abs(columns[kept].mean(axis=0) - columns.mean(axis=0))[varying] / spread[varying]
    return float(away.max(initial=0.0))


def judge(numbers: Numbers) -> list[Verdict]:
    """A verdict for each of CHECKS, in their order."""
    makers: dict[str, Callable[[], Verdict | None]] = {
        checks.BALANCE: lambda: _balance(numbers.difference),
        checks.EQUIPOISE: lambda: None if numbers.equipoise is None else checks.equipoise(numbers.equipoise),
        checks.POWER: lambda: _power(numbers.arms),
        checks.EVENTS: lambda: None if numbers.per_coefficient is None else checks.events(numbers.per_coefficient),
        checks.KEPT: lambda: None if numbers.kept is None else checks.kept(numbers.kept, numbers.kept_difference),
        checks.WEIGHTS: lambda: _weights(numbers),
        checks.EASE: lambda: _ease(numbers.ease),
    }
    return [
        makers[check]() or checks.not_evaluated(check, numbers.reasons.get(check, _NOBODY_SAYS))
        for check in checks.CHECKS
    ]


def _balance(found: Difference | None) -> Verdict | None:
    if found is None:
        return None
    return checks.balance(found.largest, found.standard_error, found.covariates, found.worst)


def _power(arms: Arms | None) -> Verdict | None:
    """Where nobody dies nothing can be found: that is no gap in what is known, it fails."""
    if arms is None or 0 in arms.patients.values():
        return None
    try:
        detectable = minimum_detectable_ratio(arms.events, arms.share_treated)
    except NotEstimable as reason:
        return Verdict(checks.POWER, checks.FAIL, note=f"more events ({reason})")
    return checks.power(detectable, arms.share_treated)


def _weights(numbers: Numbers) -> Verdict | None:
    if numbers.effective is None:
        return None
    return checks.weights(numbers.effective, numbers.arms.smaller if numbers.arms is not None else None)


def _ease(found: Ease | None) -> Verdict | None:
    return None if found is None else checks.ease(found.value, found.controls, found.note)
