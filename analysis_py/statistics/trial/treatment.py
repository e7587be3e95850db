"""The model of treatment: logistic regression that can be fitted again and again on resampled rows."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from analysis_py.statistics.design import Booleans, Floats, encode, independent_columns
from analysis_py.statistics.efron import Integers
from analysis_py.statistics.errors import NotEstimable

_ITERATIONS = 100
_DECREMENT = 1e-9  # of the log likelihood: the step after it is far below any digit that is shown
_OLD_DECREMENT = 1e-15  # the same by an information matrix of an earlier step, which converges more slowly
_NEAR = 0.01  # decrement from which on a whole step cannot lead away: the likelihood need not be looked at
_SLOW = 0.1  # an earlier matrix is used as long as each step makes the decrement so much smaller
_SEPARATED = 1e-5  # largest distance of a fitted probability from what happened, as fit_propensity()


@dataclass(frozen=True)
class TreatmentModel:
    """Standardized covariates in `matrix`, intercept first.

    `coefficients` are the maximum for all rows, from which each fit of a resample sets out; `binary` are the columns
    with two values. `last` holds the counts and the probabilities of the last resample, where several designs ask for
    them (remembering()).
    """

    matrix: Floats
    starts: Booleans
    names: tuple[str, ...]
    centre: Floats
    scale: Floats
    coefficients: Floats
    binary: Integers
    last: list[tuple[Floats, Floats]] | None = field(default=None, compare=False, repr=False)

    def remembering(self) -> "TreatmentModel":
        """The same, keeping what it found for the last resample."""
        return replace(self, last=[])

    @property
    def natural(self) -> dict[str, float]:
        """Coefficients per natural unit by name: (Intercept), level indicators, covariates."""
        slopes = self.coefficients[1:] / self.scale
        intercept = float(self.coefficients[0] - slopes @ self.centre)
        return {"(Intercept)": intercept, **dict(zip(self.names, slopes.tolist(), strict=True))}

    def probabilities(self, counts: Floats | None = None) -> Floats:
        """Fitted probability of each row, by all rows or by the maximum with `counts` of each row.

        Raises:
            NotEstimable: no variation of the outcome, complete separation, or no convergence.
        """
        coefficients = self.coefficients
        if counts is None:
            return _expit(self.matrix @ coefficients)
        if self.last and np.array_equal(self.last[0][0], counts):
            return self.last[0][1]
        hits = counts * self.starts
        never = self._never(hits)
        coefficients = maximize(self.matrix, np.where(never, 0, counts), hits, self.coefficients)
        found = np.where(never, 0, _expit(self.matrix @ coefficients))
        if self.last is not None:
            self.last[:] = [(counts, found)]
        return found

    def _never(self, hits: Floats) -> Booleans:
        """Rows of `matrix` of a level in which nobody starts: their probability is zero, others learn nothing of them.

        The coefficient of such a level has no maximum, and Newton's method would chase it a unit at a time.
        """
        started = self.matrix[hits > 0][:, self.binary] > 0  # standardized: one of two values lies above zero
        never = np.zeros(len(hits), dtype=bool)
        for column in self.binary[~started.any(axis=0)]:
            never |= self.matrix[:, column] > 0
        for column in self.binary[started.all(axis=0)]:
            never |= self.matrix[:, column] <= 0
        return never


def fit_treatment(covariates: pd.DataFrame, points: Integers | None, starts: Booleans) -> TreatmentModel:
    """Maximum likelihood of `starts` given `covariates` and indicators of `points` (decision k) but the first.

    Constant and redundant columns are left out. `covariates` have no missing values.

    Raises:
        NotEstimable: all or none start, complete separation, an infinite value, or no convergence.
    """
    numbers = encode(covariates, list(covariates.columns))
    if points is not None:
        indicators = {f"k={k}": (points == k).astype(float) for k in np.unique(points)[1:]}
        numbers = pd.concat([pd.DataFrame(indicators, index=numbers.index), numbers], axis=1)
    raw = numbers.to_numpy(dtype=float)
    spread = raw.std(axis=0)
    kept = np.flatnonzero(spread > 1e-12 * (np.abs(raw).max(axis=0, initial=0) + 1e-300))
    centre = raw.mean(axis=0)
    kept = kept[independent_columns((raw[:, kept] - centre[kept]) / spread[kept])]
    matrix = np.column_stack([np.ones(len(raw)), (raw[:, kept] - centre[kept]) / spread[kept]])
    coefficients = maximize(matrix, np.ones(len(raw)), starts.astype(float), np.zeros(matrix.shape[1]))
    names = tuple(str(name) for name in numbers.columns[kept])
    least, most = matrix.min(axis=0), matrix.max(axis=0)
    binary = np.flatnonzero((least < most) & ((matrix == least) | (matrix == most)).all(axis=0))
    return TreatmentModel(matrix, starts, names, centre[kept], spread[kept], coefficients, binary)


def maximize(matrix: Floats, rows: Floats, hits: Floats, coefficients: Floats) -> Floats:
    """Newton's method for `hits` among `rows` (both by row of `matrix`), from `coefficients` on.

    The information matrix is what a step costs, so it is made anew only where the last one no longer serves. A
    coefficient that runs away does not matter: what is wanted are the probabilities, and those have a limit.

    Raises:
        NotEstimable: all or none are hits, the covariates separate them completely, or the likelihood does not settle.
    """
    present = rows > 0
    if not present.all():
        matrix, rows, hits = matrix[present], rows[present], hits[present]
    if not 0 < hits.sum() < rows.sum():
        raise NotEstimable(f"{'nobody starts' if hits.sum() == 0 else 'everybody starts'} in the treatment model")
    linear = matrix @ coefficients
    likelihood = _log_likelihood(linear, rows, hits)
    inverse: Floats = np.zeros((0, 0))
    decrement = np.inf
    for _ in range(_ITERATIONS):
        fitted = _expit(linear)
        gradient = matrix.T @ (hits - rows * fitted)
        is_new = not len(inverse) or float(gradient @ inverse @ gradient) > _SLOW * decrement
        if is_new:
            half = matrix * np.sqrt(rows * fitted * (1 - fitted))[:, None]
            information = half.T @ half  # a product with itself is computed once, not on both sides of the diagonal
            inverse = np.asarray(np.linalg.pinv(information, rcond=1e-12, hermitian=True), dtype=np.float64)
        step = inverse @ gradient
        decrement = float(gradient @ step)
        for _ in range(30):
            trial = matrix @ (coefficients + step)
            if decrement < _NEAR:
                break
            reached = _log_likelihood(trial, rows, hits)
            if reached >= likelihood - 1e-9 * abs(likelihood):
                likelihood = reached
                break
            step = step / 2
        coefficients, linear = coefficients + step, trial
        if decrement < (_DECREMENT if is_new else _OLD_DECREMENT):
            break
    else:
        raise NotEstimable("the treatment model does not converge")
    if np.abs(hits / rows - _expit(linear)).max() < _SEPARATED:
        raise NotEstimable("the covariates separate those who start from the others completely")
    return coefficients


def _expit(linear: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-linear)))


def _log_likelihood(linear: Floats, rows: Floats, hits: Floats) -> float:
    return float(hits @ linear - rows @ np.logaddexp(0, linear))
