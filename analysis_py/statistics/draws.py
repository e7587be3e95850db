"""Draws of missing values: of coefficients and their donors for numbers, of levels for categories."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from analysis_py.statistics.design import Floats
from analysis_py.statistics.efron import Integers

DONORS = 5
_FINENESS = 1e-9  # standard deviations of a variable, to which predicted means are told apart
_FARTHEST = 2.0**40  # in _FINENESS, a thousand standard deviations: beyond, all are equally far
_APART = 2**43  # between the places of one regression and those of the next: no distance reaches so far
_RIDGE = 1e-5  # share of each predictor's sum of squares, as mice: keeps collinear predictors solvable


class Regressions:
    """Least squares of one variable on others, and on fewer of them: one inversion of X'X serves them all."""

    def __init__(self, gram: Floats, moments: Floats, target_square: float, rows: int) -> None:
        """By X'X, X'y, y'y, and the rows that they are sums over."""
        self.gram, self.moments, self.target_square, self.rows = gram, moments, target_square, rows
        inverse = np.linalg.inv(gram + np.diag(np.diag(gram) * _RIDGE + 1e-12))
        self.inverse = (inverse + inverse.T) / 2

    def draw(self, without: Sequence[Integers], chance: Floats, luck: float) -> tuple[Floats, Floats]:
        """For each of `without`, predictors to do without: coefficients and a draw of them from their posterior.

        Both are regressions x predictors, 0 for those done without. `chance` are independent standard normal numbers,
        the same for all, `luck` is a chi-square number divided by its degrees of freedom.
        """
        inverse = np.repeat(self.inverse[None], len(without), axis=0)
        kept = np.ones((len(without), len(self.gram)), dtype=bool)
        for at, gone in enumerate(without):
            if not len(gone):
                continue
            kept[at, gone] = False
            # the inverse of a part of a matrix, from the inverse of the whole
            across = self.inverse[:, gone]
            inverse[at] -= across @ np.linalg.solve(across[gone], across.T)
            inverse[at, gone], inverse[at, :, gone] = 0.0, 0.0
            inverse[at, gone, gone] = 1.0
        estimate = np.einsum("abc,ac->ab", inverse, self.moments * kept)
        residual = self.target_square - 2 * estimate @ self.moments + ((estimate @ self.gram) * estimate).sum(axis=1)
        variance = residual.clip(min=0) / (self.rows - kept.sum(axis=1)).clip(min=1) / luck
        drawn = np.einsum("abc,ac->ab", np.linalg.cholesky(inverse), chance * kept)
        return estimate, estimate + np.sqrt(variance)[:, None] * drawn


def nearest_donors(
    predicted: Floats, known: Floats, wanted: Floats, regression: Integers, random: np.random.Generator
) -> Floats:
    """For each wanted mean, the value of one of the donors with the nearest predicted mean (type 1 matching).

    `predicted` is regressions x donors; `regression` says by which of them a wanted mean is. One of the ranks 1 to
    DONORS is drawn, then one of all rows at the distance of that rank: rows that tie have the same chance, however many
    they are.
    """
    donors, places = _ordered(_whole(predicted), known)
    wished = _whole(wanted) + regression * _APART
    count = min(DONORS, len(known))
    start = regression * len(known)
    near = np.searchsorted(places, wished)[:, None] + np.arange(-count, count)[None, :]
    inside = (near >= start[:, None]) & (near < start[:, None] + len(known))
    gap = np.abs(places[near.clip(0, len(places) - 1)] - wished[:, None])
    ranked = np.sort(np.where(inside, gap, np.iinfo(np.int64).max), axis=1)
    distance = ranked[np.arange(len(wished)), random.integers(count, size=len(wished))]
    below, above = wished - distance, wished + distance
    first, first_above = np.searchsorted(places, below), np.searchsorted(places, above)
    size = np.searchsorted(places, below, side="right") - first
    size_above = np.where(distance > 0, np.searchsorted(places, above, side="right") - first_above, 0)
    pick = random.integers(size + size_above)
    return np.asarray(donors[np.where(pick < size, first + pick, first_above + pick - size)])


def _whole(means: Floats) -> Integers:
    """Whole numbers: equal distances are equal, and the last bits of another processor choose no other donor."""
    return np.rint(means / _FINENESS).clip(-_FARTHEST, _FARTHEST).astype(np.int64)


def _ordered(places: Integers, known: Floats) -> tuple[Floats, Integers]:
    """The donors of each regression by ascending places, equal ones as they stand; all in one line, _APART.

    A row's number is written behind its place: numbers are sorted several times faster than their order is found.
    """
    width = len(known).bit_length()
    together = np.sort((places << width) | np.arange(len(known)), axis=1)
    apart = (together >> width) + np.arange(len(places))[:, None] * _APART
    return known[(together & ((1 << width) - 1)).ravel()], apart.ravel()


def draw_categories(
    observed: Floats, known: Floats, missing: Floats, chance: Floats, random: np.random.Generator
) -> Floats:
    """Levels drawn from a (multinomial) logistic regression whose coefficients are drawn from their posterior.

    `chance` holds a standard normal number for each coefficient: levels but the first x columns of `observed`.
    """
    width, count = observed.shape[1], len(chance) + 1
    # rows that say every level may occur anywhere keep separated levels finite (White, Daniel, Royston 2010)
    centre, spread = observed.mean(axis=0), observed.std(axis=0)
    corners = np.vstack([centre + spread * sign * unit for unit in np.eye(width)[1:] for sign in (1, -1)])
    design = np.vstack([observed, np.repeat(corners, count, axis=0)])
    target = np.concatenate([known, np.tile(np.arange(count), len(corners))]).astype(int)
    weight = np.concatenate(
        [np.ones(len(known)), np.full(len(design) - len(known), width / (len(design) - len(known)))]
    )
    coefficients, covariance = _fit_multinomial(design, target, weight, count)
    drawn = coefficients + np.linalg.cholesky(covariance) @ chance.ravel()
    share = np.cumsum(_shares(missing, drawn.reshape(count - 1, width)), axis=1)
    return np.asarray((random.random(len(missing))[:, None] > share[:, :-1]).sum(axis=1), dtype=float)


def _shares(design: Floats, coefficients: Floats) -> Floats:
    linear = np.column_stack([np.zeros(len(design)), design @ coefficients.T])
    weights = np.exp(linear - linear.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _fit_multinomial(design: Floats, target: Any, weight: Floats, count: int) -> tuple[Floats, Floats]:
    """Weighted maximum likelihood of a baseline-category logit by Newton's method: coefficients, covariance."""
    width = design.shape[1]
    coefficients = np.zeros((count - 1, width))
    hits = (target[:, None] == np.arange(1, count)[None, :]).astype(float)
    for _ in range(25):
        share = _shares(design, coefficients)[:, 1:]
        gradient = ((hits - share) * weight[:, None]).T @ design
        hessian = np.empty((count - 1, width, count - 1, width))
        for a in range(count - 1):
            for b in range(a, count - 1):
                factor = weight * share[:, a] * ((a == b) - share[:, b])
                hessian[a, :, b, :] = design.T @ (design * factor[:, None])
                hessian[b, :, a, :] = hessian[a, :, b, :].T
        size = (count - 1) * width
        square = hessian.reshape(size, size)
        square = square + np.diag(np.diag(square) * _RIDGE + 1e-9)
        step = np.linalg.solve(square, gradient.ravel())
        coefficients = coefficients + step.reshape(count - 1, width)
        if np.abs(step).max() < 1e-6:
            break
    inverse = np.linalg.inv(square)
    return coefficients.ravel(), (inverse + inverse.T) / 2
