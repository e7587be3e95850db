"""Draws of missing values: of coefficients and their donors for numbers, of levels for categories."""

from typing import Any

import numpy as np

from analysis_py.statistics.design import Floats

DONORS = 5
_FINENESS = 1e-9  # standard deviations of a variable, to which predicted means are told apart
_RIDGE = 1e-5  # share of each predictor's sum of squares, as mice: keeps collinear predictors solvable


def draw_linear(
    gram: Floats, moments: Floats, target_square: float, rows: int, chance: Floats, luck: float
) -> tuple[Floats, Floats]:
    """Least-squares coefficients from X'X, X'y and y'y, and a draw of them from their posterior.

    `chance` are independent standard normal numbers, `luck` is a chi-square number divided by its degrees of freedom.
    """
    inverse = np.linalg.inv(gram + np.diag(np.diag(gram) * _RIDGE + 1e-12))
    inverse = (inverse + inverse.T) / 2
    estimate = inverse @ moments
    residual = float(target_square - 2 * estimate @ moments + estimate @ gram @ estimate)
    variance = max(residual, 0.0) / max(rows - len(gram), 1) / luck
    draw = estimate + np.sqrt(variance) * (np.linalg.cholesky(inverse) @ chance)
    return estimate, draw


def nearest_donors(predicted: Floats, known: Floats, wanted: Floats, random: np.random.Generator) -> Floats:
    """For each wanted mean, the value of one of the donors with the nearest predicted mean (type 1 matching).

    One of the ranks 1 to DONORS is drawn, then one of all rows at the distance of that rank: rows that tie have the
    same chance, however many they are.
    """
    # whole numbers: equal distances are equal, and the last bits of another processor choose no other donor
    places, wished = (np.rint(means / _FINENESS).astype(np.int64) for means in (predicted, wanted))
    order = np.argsort(places, kind="stable")
    places, donors = places[order], known[order]
    count = min(DONORS, len(donors))
    near = np.searchsorted(places, wished)[:, None] + np.arange(-count, count)[None, :]
    inside = (near >= 0) & (near < len(donors))
    gap = np.abs(places[near.clip(0, len(donors) - 1)] - wished[:, None])
    ranked = np.sort(np.where(inside, gap, np.iinfo(np.int64).max), axis=1)
    distance = ranked[np.arange(len(wished)), random.integers(count, size=len(wished))]
    below, above = wished - distance, wished + distance
    first, first_above = np.searchsorted(places, below), np.searchsorted(places, above)
    size = np.searchsorted(places, below, side="right") - first
    size_above = np.where(distance > 0, np.searchsorted(places, above, side="right") - first_above, 0)
    pick = random.integers(size + size_above)
    return np.asarray(donors[np.where(pick < size, first + pick, first_above + pick - size)])


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
