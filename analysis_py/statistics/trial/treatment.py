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
_SLOW = 0.1  # an earlier matrix is used as long as each step makes the decrement so much smaller
_SEPARATED = 1e-5  # largest distance of a fitted probability from what happened, as fit_propensity()


@dataclass(frozen=True)
class TreatmentModel:
    """Rows with equal covariates are one row (`group` of each row) of the standardized `matrix`, intercept first.

    `coefficients` are the maximum for all rows, from which each fit of a resample sets out. `last` holds the counts and
    the probabilities of the last resample, where several designs ask for them (remembering()).
    """

    matrix: Floats
    group: Integers
    starts: Booleans
    names: tuple[str, ...]
    centre: Floats
    scale: Floats
    coefficients: Floats
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
            return np.asarray(_expit(self.matrix @ coefficients)[self.group])
        if self.last and np.array_equal(self.last[0][0], counts):
            return self.last[0][1]
        coefficients = maximize(self.matrix, *_tally(self.group, self.starts, counts), self.coefficients)
        found = np.asarray(_expit(self.matrix @ coefficients)[self.group])
        if self.last is not None:
            self.last[:] = [(counts, found)]
        return found


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
    # rows are compared as they are: a mean subtracted could part what is equal
    unique, group = np.unique(raw[:, kept], axis=0, return_inverse=True)
    matrix = np.column_stack([np.ones(len(unique)), (unique - centre[kept]) / spread[kept]])
    group = group.ravel().astype(np.int64)
    rows, hits = _tally(group, starts, np.ones(len(starts)))
    coefficients = maximize(matrix, rows, hits, np.zeros(matrix.shape[1]))
    names = tuple(str(name) for name in numbers.columns[kept])
    return TreatmentModel(matrix, group, starts, names, centre[kept], spread[kept], coefficients)


def _tally(group: Integers, starts: Booleans, counts: Floats) -> tuple[Floats, Floats]:
    rows, hits = np.bincount(group, counts), np.bincount(group, counts * starts)
    return rows.astype(np.float64), hits.astype(np.float64)


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
            information = matrix.T @ (matrix * (rows * fitted * (1 - fitted))[:, None])
            inverse = np.asarray(np.linalg.pinv(information, rcond=1e-12, hermitian=True), dtype=np.float64)
        step = inverse @ gradient
        decrement = float(gradient @ step)
        for _ in range(30):
            trial = matrix @ (coefficients + step)
            reached = _log_likelihood(trial, rows, hits)
            if reached >= likelihood - 1e-9 * abs(likelihood):
                break
            step = step / 2
        coefficients, linear, likelihood = coefficients + step, trial, reached
        if decrement < (_DECREMENT if is_new else _OLD_DECREMENT):
            break
    else:
        raise NotEstimable("the treatment model does not converge")
    fitted = _expit(linear)
    mixed = (hits > 0) & (hits < rows)
    if not mixed.any() and np.abs(hits / rows - fitted).max() < _SEPARATED:
        raise NotEstimable("the covariates separate those who start from the others completely")
    return coefficients


def _expit(linear: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-linear)))


def _log_likelihood(linear: Floats, rows: Floats, hits: Floats) -> float:
    return float(hits @ linear - rows @ np.logaddexp(0, linear))
