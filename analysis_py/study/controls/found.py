"""One control by one design: its estimate, what that rests on, and whether it counts; and its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import log

import numpy as np

from analysis_py.statistics.estimate import Z_975, Estimate
from analysis_py.study.analyses.describe import GROUP_NAMES
from analysis_py.study.controls.checks import LEAST_EVENTS_PER_ARM, Imbalance
from analysis_py.study.gate.thresholds import LEAST_EQUIPOISE
from analysis_py.study.results import Row
from analysis_py.study.trial.designs import PRIMARY, PUBLISHED_MATCHED
from analysis_py.study.variables import DEATH_28D

ANALYSIS, CALIBRATION = "controls", "calibration"
EXPOSURE, OUTCOME, POSITIVE, DRUG = "exposure", "outcome", "positive", "drug"
KINDS = (EXPOSURE, OUTCOME, POSITIVE)
# each design with the cohort that its rows name
COHORT_OF: Mapping[str, str] = {PUBLISHED_MATCHED: "full", PRIMARY: "trial"}
LARGEST_SMD, EQUIPOISE_SHARE, EVENTS = "largest SMD", "share in equipoise", "events"
LEFT_OUT, NOT_ESTIMABLE = "left out", "not estimable"
UNBALANCED, NO_EQUIPOISE = "not balanced", "too little equipoise"
FEW_EVENTS = f"fewer than {LEAST_EVENTS_PER_ARM} events in a group"


@dataclass(frozen=True)
class Found:
    """A control, or the drug in its place, by one design. `kind` is one of KINDS, or DRUG.

    `counts` are patients (or clones) and events by group, `imbalance` is what is left after matching or weighting,
    `equipoise` the share of all whose preference score is in equipoise. `reason` says why there is no estimate.
    """

    design: str
    kind: str
    name: str
    outcome: str = DEATH_28D
    estimate: Estimate | None = None
    counts: Mapping[bool, tuple[int, int]] = field(default_factory=dict)
    imbalance: Imbalance | None = None
    equipoise: float | None = None
    reason: str = ""

    @property
    def log_ratio(self) -> float:
        """NaN without an estimate."""
        return float("nan") if self.estimate is None else log(self.estimate.value)

    @property
    def error(self) -> float:
        """Standard error of log_ratio."""
        return float("nan") if self.estimate is None else standard_error(self.estimate.lower, self.estimate.upper)

    @property
    def left_out(self) -> str:
        """Why it does not count; empty where it does."""
        if self.estimate is None:
            return f"{NOT_ESTIMABLE}: {self.reason}"
        if any(events < LEAST_EVENTS_PER_ARM for _, events in self.counts.values()):
            return f"{LEFT_OUT}: {FEW_EVENTS}"
        if (
            self.kind == OUTCOME
        ):  # of the drug's own groups: their balance and equipoise are the design's, not a control's
            return ""
        if self.imbalance is None or self.imbalance.value >= self.imbalance.allowed:
            return f"{LEFT_OUT}: {UNBALANCED}"
        if self.equipoise is None or self.equipoise < LEAST_EQUIPOISE:
            return f"{LEFT_OUT}: {NO_EQUIPOISE}"
        return ""

    @property
    def counts_for_ease(self) -> bool:
        """Whether it is among the controls of the empirical null."""
        return self.kind in (EXPOSURE, OUTCOME) and not self.left_out


def standard_error(lower: float, upper: float) -> float:
    """Of a log ratio, from the limits of its 95 % interval."""
    return float(np.log(upper / lower) / (2 * Z_975))


def rows_of(found: Sequence[Found]) -> list[Row]:
    """Of each its estimate (the note says why it is left out), both groups, its balance and its equipoise."""
    return [row for one in found for row in _rows(one)]


def _rows(one: Found) -> list[Row]:
    place = Row(ANALYSIS, COHORT_OF[one.design], one.outcome, one.design, one.name, one.kind)
    main = place if one.estimate is None else place.holding(one.estimate)
    rows = [replace(main, measure=main.measure or _measure(one), note=one.left_out)]
    for group, name in GROUP_NAMES.items():
        if group in one.counts:
            n, events = one.counts[group]
            rows.append(replace(place, cohort=f"{place.cohort} {name}", measure=EVENTS, n=n, events=events))
    if one.imbalance is not None:
        rows.append(replace(place, measure=LARGEST_SMD, estimate=one.imbalance.value, note=one.imbalance.covariate))
    if one.equipoise is not None:
        rows.append(replace(place, measure=EQUIPOISE_SHARE, estimate=one.equipoise))
    return rows


def _measure(one: Found) -> str:
    return "HR" if one.outcome == DEATH_28D else "OR"
