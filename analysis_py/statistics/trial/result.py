"""What an emulated trial gives back."""

from dataclasses import dataclass, field
from math import exp, inf, nan
from typing import Protocol

import numpy as np
from scipy import stats

from analysis_py.statistics.design import Floats
from analysis_py.statistics.efron import Integers
from analysis_py.statistics.estimate import Z_975, Estimate

ByArm = dict[bool, float]
QUANTITIES = ("risk1", "risk0", "difference", "ratio", "restricted_mean_difference", "hazard_ratio")


@dataclass(frozen=True)
class Positivity:
    """At decision k: `rows` patients who could start, `starts` who did, share whose probability was below 0.01."""

    k: int
    rows: int
    starts: int
    share_below: float


@dataclass(frozen=True)
class TrialResult:
    """Both strategies compared: arm 1 (True) starts, arm 0 (False) does not.

    Risks are of death by the horizon, `ratio` is risk1 / risk0, `restricted_mean_difference` is in hours alive up to
    the horizon. A quantity that the data or the method do not give is
    NaN: a ratio to no risk, a hazard ratio when an arm has no deaths, risks of a model that has none. By arm:
    `max_weight`, `ess` (Kish; of clones those followed beyond the grace period), `patients` (clones, person-trials)
    that contribute time, `events`. `log_hazard_ratio_se` is robust where rows are weighted or repeated, weights taken
    as known; intervals of weighted designs are the bootstrap's.
    """

    risk1: float
    risk0: float
    difference: float
    ratio: float
    hazard_ratio: float
    max_weight: ByArm
    ess: ByArm
    log_hazard_ratio_se: float = nan
    restricted_mean_difference: float = nan
    patients: dict[bool, int] = field(default_factory=dict)
    events: dict[bool, int] = field(default_factory=dict)
    positivity: tuple[Positivity, ...] = ()

    @property
    def hazard(self) -> Estimate:
        """The hazard ratio with its Wald interval by `log_hazard_ratio_se`."""
        log = float(np.log(self.hazard_ratio))
        half = Z_975 * self.log_hazard_ratio_se
        p_value = float(2 * stats.norm.sf(abs(log) / self.log_hazard_ratio_se))
        n, events = sum(self.patients.values()), sum(self.events.values())
        return Estimate("HR", self.hazard_ratio, exp(log - half), exp(log + half), p_value, n, events)


@dataclass(frozen=True)
class Draw:
    """Quantities of one resample; `reason` says why some of them are NaN."""

    values: dict[str, float]
    reason: str = ""


class Design(Protocol):
    """A way to analyse one table: its result, and its quantities when each patient counts so many times."""

    @property
    def size(self) -> int:
        """Number of patients."""

    def result(self) -> TrialResult:
        """The estimate from the data as they are."""

    def draw(self, counts: Integers) -> Draw:
        """The estimate with patient i taken counts[i] times, every model fitted anew."""


def contrast(risks: Floats, means: Floats) -> dict[str, float]:
    """The quantities of QUANTITIES that two risks and restricted means (arm 0, arm 1) give."""
    risk0, risk1 = float(risks[0]), float(risks[1])
    ratio = risk1 / risk0 if risk0 > 0 else (nan if risk1 == 0 else inf)
    values = {"risk1": risk1, "risk0": risk0, "difference": risk1 - risk0, "ratio": ratio}
    return values | {"restricted_mean_difference": float(means[1] - means[0])}
