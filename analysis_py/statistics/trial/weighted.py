"""A design of two arms with weights: its result and its resamples."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, nan
from typing import Protocol

import numpy as np

from analysis_py.statistics.design import Booleans, Floats
from analysis_py.statistics.efron import Integers
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.trial.arms import Arms
from analysis_py.statistics.trial.result import QUANTITIES, Draw, Positivity, TrialResult, contrast
from analysis_py.statistics.weighting import effective_size


class Weighting(Protocol):
    """Weights of a design's rows, from models fitted to the patients as they are or `counts` times each."""

    def weights(self, counts: Integers | None) -> Floats:
        """A weight above 0 for each row.

        Raises:
            NotEstimable: the patients do not say how likely a start was.
        """

    def positivity(self) -> tuple[Positivity, ...]:
        """How likely a start was, by decision."""


@dataclass(frozen=True)
class WeightedDesign:
    """Rows of both arms, their weights, and which rows tell the effective sample size (`followed`).

    `unit` says which rows are of one clone or person-trial. Of `hours` resamples give the risks too, beside those of
    the `horizon`. Resampled are `size` patients (pairs). The error of the hazard ratio is by patient if `robust`, else
    the model's own.
    """

    arms: Arms
    weighting: Weighting
    unit: Integers
    followed: Booleans
    size: int
    horizon: float
    hours: tuple[float, ...] = ()
    robust: bool = True

    def result(self) -> TrialResult:
        """As Design.

        Raises:
            NotEstimable: an arm that nobody follows to the horizon, or no weights.
        """
        weights = self.weighting.weights(None)
        risks = self.arms.risks(weights, [self.horizon])[:, 0]
        values = contrast(risks, self.arms.restricted_means(weights, self.horizon))
        hazard_ratio, error = nan, nan
        try:
            hazard_ratio = exp(self.arms.log_hazard_ratio(weights))
            error = self.arms.standard_error(weights, self.robust)
        except NotEstimable:
            pass  # risks are an answer without it
        members = {arm: self.arms.arm == arm for arm in (True, False)}
        return TrialResult(
            **values,
            hazard_ratio=hazard_ratio,
            max_weight={arm: float(weights[rows].max()) for arm, rows in members.items()},
            ess={arm: effective_size(weights[rows & self.followed]) for arm, rows in members.items()},
            log_hazard_ratio_se=error,
            patients={arm: len(np.unique(self.unit[rows])) for arm, rows in members.items()},
            events={arm: int(self.arms.died[rows].sum()) for arm, rows in members.items()},
            positivity=self.weighting.positivity(),
        )

    def curves(self) -> Floats:
        """Risk by each of `hours` (columns) in arm 0 and arm 1 (rows).

        Raises:
            NotEstimable: as result().
        """
        return self.arms.risks(self.weighting.weights(None), self.hours)

    def draw(self, counts: Integers) -> Draw:
        """As Design."""
        of_rows = counts[self.arms.patient].astype(float)
        values = dict.fromkeys([*QUANTITIES, *_names(self.hours)], nan)
        try:
            weights = self.weighting.weights(counts)
            together = weights * of_rows
            risks = self.arms.risks(together, [*self.hours, self.horizon])
            values |= contrast(risks[:, -1], self.arms.restricted_means(together, self.horizon))
            values |= dict(zip(_names(self.hours), risks[:, :-1].ravel().tolist(), strict=True))
            values["hazard_ratio"] = exp(self.arms.log_hazard_ratio(weights, of_rows))
        except NotEstimable as reason:
            return Draw(values, str(reason))
        return Draw(values)


def _names(hours: Sequence[float]) -> list[str]:
    return [f"risk{arm}@{hour:g}" for arm in (0, 1) for hour in hours]
