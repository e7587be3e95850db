"""Weights of a design's rows, from models of treatment that are fitted to the patients as they are or resampled."""

from dataclasses import dataclass

import numpy as np

from analysis_py.statistics.design import Booleans, Floats
from analysis_py.statistics.efron import Integers
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.trial.result import Positivity
from analysis_py.statistics.trial.treatment import TreatmentModel

_UNLIKELY = 0.01


@dataclass(frozen=True)
class Equal:
    """No weights."""

    rows: int

    def weights(self, counts: Integers | None) -> Floats:
        """As Weighting."""
        return np.ones(self.rows)

    def positivity(self) -> tuple[Positivity, ...]:
        """As Weighting."""
        return ()


@dataclass(frozen=True)
class Inverse:
    """Weights 1 / P(own arm), by a model of the same rows; `patient` and decision (`point`) of each."""

    model: TreatmentModel
    patient: Integers
    point: Integers
    cap: float | None = None

    def weights(self, counts: Integers | None) -> Floats:
        """As Weighting."""
        rows = None if counts is None else counts[self.patient].astype(float)
        probability = self.model.probabilities(rows)
        with np.errstate(divide="ignore"):
            weights = 1 / np.where(self.model.starts, probability, 1 - probability)
        return _bounded(weights, self.cap, np.ones(len(weights), dtype=bool) if rows is None else rows > 0)

    def positivity(self) -> tuple[Positivity, ...]:
        """As Weighting."""
        return _positivity(self.model, self.point)


@dataclass(frozen=True)
class Pooled:
    """Inverse probability of the decisions so far, by one model for all decision points.

    `patient` and `point` of the model's rows; `shape` patients x decisions. Of the clones' rows: `clone`, `place` the
    cell of each in `shape`, `last` those of clone 1 from a start at the last decision on, which stand for those who do
    not start there either; `represents` says whether somebody must.
    """

    model: TreatmentModel
    patient: Integers
    point: Integers
    shape: tuple[int, int]
    clone: Booleans
    place: Integers
    last: Booleans
    cap: float | None
    represents: bool = True

    def weights(self, counts: Integers | None) -> Floats:
        """As Weighting."""
        rows = None if counts is None else counts[self.patient].astype(float)
        self._require_both(rows)
        probability = np.zeros(self.shape)  # of those without a row: who cannot start stays for certain
        probability[self.patient, self.point] = self.model.probabilities(rows)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            stays = np.cumprod(1 / (1 - probability), axis=1).ravel()
            weights = np.where(self.clone, 1.0, stays[self.place])
            weights[self.last] = 1 / probability.ravel()[self.place[self.last]]
        return _bounded(weights, self.cap, self.used(counts))

    def used(self, counts: Integers | None) -> Booleans:
        """Rows of patients who are in the resample."""
        return np.ones(len(self.place), dtype=bool) if counts is None else counts[self.place // self.shape[1]] > 0

    def _require_both(self, rows: Floats | None) -> None:
        """Whoever is censored must have somebody to be represented by."""
        could = np.bincount(self.point, rows, self.shape[1])
        did = np.bincount(self.point, self.model.starts * (1.0 if rows is None else rows), self.shape[1])
        every = np.flatnonzero((did == could) & (could > 0))
        if len(every):
            raise NotEstimable(f"everybody who can starts at decision {every[0]}: nobody stands for not starting there")
        if self.represents and could[-1] > 0 and did[-1] == 0:
            number = self.shape[1] - 1
            raise NotEstimable(f"nobody starts at the last decision, {number}: nobody stands for starting by then")

    def positivity(self) -> tuple[Positivity, ...]:
        """As Weighting."""
        return _positivity(self.model, self.point)


@dataclass(frozen=True)
class GraceEnd:
    """Clone 0 as pooled; clone 1 weighted once, at the end of the grace period.

    `members` are the patients of the model there, `heavy` the rows that it weighs, `position` their patients in it.
    """

    pooled: Pooled
    at_end: TreatmentModel
    members: Booleans
    heavy: Booleans
    position: Integers
    cap: float | None

    def weights(self, counts: Integers | None) -> Floats:
        """As Weighting."""
        weights = self.pooled.weights(counts)
        rows = None if counts is None else counts[self.members].astype(float)
        with np.errstate(divide="ignore"):
            weights[self.heavy] = 1 / self.at_end.probabilities(rows)[self.position]
        return _bounded(weights, self.cap, self.pooled.used(counts))

    def positivity(self) -> tuple[Positivity, ...]:
        """As Weighting."""
        return self.pooled.positivity()


def _bounded(weights: Floats, cap: float | None, used: Booleans) -> Floats:
    """Weights of at most `cap`.

    Raises:
        NotEstimable: a weight of the `used` rows without bound.
    """
    bounded = np.isfinite(weights)
    if not bounded[used].all():
        raise NotEstimable("a weight is without bound: the treatment model is certain of what did not happen")
    finite = np.where(bounded, weights, 1.0)
    return finite if cap is None else np.minimum(finite, cap)


def _positivity(model: TreatmentModel, point: Integers) -> tuple[Positivity, ...]:
    probability = model.probabilities()
    found = []
    for k in np.unique(point).tolist():
        here = point == k
        share = float((probability[here] < _UNLIKELY).mean())
        found.append(Positivity(k, int(here.sum()), int(model.starts[here].sum()), share))
    return tuple(found)
