"""Weights that make two groups alike, and how many patients are left of them."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from analysis_py.statistics.design import (
    Booleans,
    Floats,
    aligned,
    as_numbers,
    as_weights,
    encode,
    independent_columns,
    require_columns,
    require_unique_index,
    two_groups,
)
from analysis_py.statistics.errors import NotEstimable

Estimand = Literal["ATE", "ATT", "ATO", "ATM"]

_ITERATIONS = 200
_REACHED = 1e-12  # largest distance of a weighted mean from its target, in standard deviations
_UNREACHABLE = 1e-9  # where no step brings it nearer than this


def balancing_weights(
    propensity: pd.Series, treatment: pd.Series, estimand: Estimand = "ATE", stabilized: bool = False
) -> pd.Series:
    """Weights by the propensity score, on its index; with p the probability of the arm that a row is in:

    ATE 1/p (everybody); ATT 1 among the treated, (1-p)/p among the others (the treated); ATO 1-p (overlap: Li, Morgan
    and Zaslavsky 2018, doi:10.1080/01621459.2016.1260466); ATM min(p, 1-p)/p (Li and Greene 2013,
    doi:10.1515/ijb-2012-0030). `stabilized` multiplies by the share of the row's arm. Nothing is truncated.

    Raises:
        NotEstimable: as require_probabilities(), or a row whose weight is infinite: it could not be where it is.
        ValueError: an unknown estimand.
    """
    if estimand not in ("ATE", "ATT", "ATO", "ATM"):
        raise ValueError(f"estimand must be 'ATE', 'ATT', 'ATO' or 'ATM', not {estimand!r}")
    score, treated = require_probabilities(propensity, treatment)
    own = np.where(treated, score, 1 - score)
    other = np.where(treated, 1 - score, score)
    with np.errstate(divide="ignore", over="ignore"):
        weights = {
            "ATE": 1 / own,
            "ATT": np.where(treated, 1.0, other / own),
            "ATO": other,
            "ATM": np.minimum(other / own, 1.0),
        }[estimand]
    if np.isinf(weights).any():
        label = propensity.index[np.isinf(weights)][0]
        raise NotEstimable(f"propensity: row {label} is in an arm that it had no chance of being in")
    if stabilized:
        weights = weights * np.where(treated, treated.mean(), 1 - treated.mean())
    return pd.Series(weights, index=propensity.index, name="weight")


def require_probabilities(propensity: pd.Series, treatment: pd.Series) -> tuple[Floats, Booleans]:
    """The propensity as numbers from 0 to 1, and who is treated, of the same rows in the order of `propensity`.

    Raises:
        NotEstimable: other rows in one than in the other, missing values, no probability, or an empty group.
    """
    treatment = _named(aligned(treatment, propensity, "propensity and treatment"), "treatment")
    score = as_numbers(propensity.rename("propensity"))
    if np.isnan(score).any():
        raise NotEstimable("propensity has missing values")
    if ((score < 0) | (score > 1)).any():
        raise NotEstimable("propensity is not between 0 and 1 in some rows")
    return score, two_groups(treatment)


def _named(values: pd.Series, name: str) -> pd.Series:
    return values.rename(name) if values.name is None else values


def entropy_weights(
    data: pd.DataFrame, treatment: str, covariates: Sequence[str], estimand: Literal["ATE", "ATT"] = "ATT"
) -> pd.Series:
    """Weights nearest to equal ones (in entropy) by which the means of all covariates are those of the target.

    ATT: the treated weigh 1, the others have the means of the treated and weigh as much as these together. ATE: both
    arms have the means of all rows and weigh as much as all rows. Text covariates become dummies. Hainmueller 2012,
    doi:10.1093/pan/mpr025.

    Raises:
        NotEstimable: an empty group, missing or infinite values, an unknown column, or means that no weights reach.
        ValueError: another estimand.
    """
    if estimand not in ("ATE", "ATT"):
        raise ValueError(f"estimand must be 'ATE' or 'ATT', not {estimand!r}")
    covariates = [name for name in covariates if name != treatment]
    require_columns(data, [treatment, *covariates])
    treated = two_groups(data[treatment])
    for name in covariates:
        if data[name].isna().any():
            raise NotEstimable(f"{name} has missing values; impute them first")
    numbers = encode(data, covariates)
    names, matrix = list(numbers.columns), numbers.to_numpy(dtype=float)
    weights = np.ones(len(data))
    target = treated if estimand == "ATT" else np.ones(len(data), dtype=bool)
    for arm in [~treated] if estimand == "ATT" else [treated, ~treated]:
        means = matrix[target].mean(axis=0)
        weights[arm] = _tilted(matrix[arm], means, np.ptp(matrix, axis=0), names) * target.sum()
    return pd.Series(weights, index=data.index, name="weight")


def _tilted(rows: Floats, target: Floats, width: Floats, names: list[str]) -> Floats:
    """Weights of a sum of 1, exponential in `rows`, whose means are `target`. `width` is the range of each column.

    Where the target is the least or largest value of a column only rows with that value can have a weight.

    Raises:
        NotEstimable: no weights have these means.
    """
    near = 1e-12 * width
    low, high = rows.min(axis=0), rows.max(axis=0)
    outside = (target < low - near) | (target > high + near)
    if outside.any():
        raise NotEstimable(f"{names[int(np.argmax(outside))]}: an arm has no values on one side of the wanted mean")
    at_edge = (high - low > near) & ((target <= low + near) | (target >= high - near))
    if at_edge.any():
        column = int(np.argmax(at_edge))
        kept = np.abs(rows[:, column] - target[column]) <= near[column]
        weights = np.zeros(len(rows))
        weights[kept] = _tilted(rows[kept], target, width, names)
        return weights
    spread = rows.std(axis=0)
    varying = spread > near
    if not varying.any():
        return np.full(len(rows), 1 / len(rows))
    away = (rows[:, varying] - target[varying]) / spread[varying]
    centred = (rows[:, varying] - rows[:, varying].mean(axis=0)) / spread[varying]
    weights = _maximum_entropy(away[:, independent_columns(centred)])
    gaps = np.abs(weights @ away)
    if gaps.max() > _UNREACHABLE:
        worst = names[int(np.flatnonzero(varying)[gaps.argmax()])]
        raise NotEstimable(f"{worst}: no weights of an arm give it the wanted mean together with the other covariates")
    return weights


def _maximum_entropy(away: Floats) -> Floats:
    """Weights exp(away @ b) of a sum of 1 with weighted means as near 0 as Newton's method on the dual comes."""
    coefficients = np.zeros(away.shape[1])
    weights, level = _exponential(away, coefficients)
    for _ in range(_ITERATIONS):
        gradient = weights @ away
        if np.abs(gradient).max() < _REACHED:
            break
        information = away.T @ (away * weights[:, None]) - np.outer(gradient, gradient)
        step = -np.linalg.pinv(information, rcond=1e-14, hermitian=True) @ gradient
        for _ in range(40):
            trial, reached = _exponential(away, coefficients + step)
            if reached <= level + 1e-4 * float(gradient @ step) or np.abs(trial @ away).max() < np.abs(gradient).max():
                break
            step = step / 2
        else:
            break
        coefficients, weights, level = coefficients + step, trial, reached
    return weights


def _exponential(away: Floats, coefficients: Floats) -> tuple[Floats, float]:
    linear = away @ coefficients
    top = float(linear.max())
    parts = np.exp(linear - top)
    total = float(parts.sum())
    return parts / total, top + float(np.log(total))


def matched_weights(pairs: pd.DataFrame, treatment: pd.Series) -> pd.Series:
    """Weights of match_nearest()'s `pairs` for all rows of `treatment`: 0 for who is in no pair.

    The treated weigh 1. The controls of a treated row share 1 equally, times what makes all controls' weights add up to
    their number, as MatchIt gives them (Ho, Imai, King, Stuart 2011).

    Raises:
        NotEstimable: no pair, repeated index labels, or a pair of other rows.
    """
    require_unique_index(treatment)
    if pairs.empty:
        raise NotEstimable("nobody is matched")
    if not (pairs["treated"].isin(treatment.index).all() and pairs["control"].isin(treatment.index).all()):
        raise NotEstimable("pairs and treatment are not about the same rows")
    shares = 1 / pairs.groupby("treated")["control"].transform("size").to_numpy(dtype=float)
    weights = pd.Series(0.0, index=treatment.index, name="weight")
    weights.loc[pairs["treated"].to_numpy()] = 1.0
    weights.loc[pairs["control"].to_numpy()] = shares * len(pairs) / shares.sum()
    return weights


def effective_sample_size(weights: pd.Series, treatment: pd.Series) -> dict[bool, float]:
    """Kish's effective sample size of the untreated (False) and the treated (True).

    Raises:
        NotEstimable: indexes that differ, missing or negative weights, an empty group, or one of which all weigh 0.
    """
    treatment = aligned(treatment, weights, "weights and treatment")
    values, treated = as_weights(_named(weights, "weights")), two_groups(_named(treatment, "treatment"))
    values = values / values.max()  # squares must neither vanish nor overflow
    for name, rows in (("treated", treated), ("untreated", ~treated)):
        if not values[rows].any():
            raise NotEstimable(f"all weights of the {name} are 0")
    return {arm: effective_size(values[treated == arm]) for arm in (False, True)}


def effective_size(weights: Floats) -> float:
    """Kish's effective sample size: the square of the sum by the sum of squares."""
    return float(weights.sum() ** 2 / (weights**2).sum()) if len(weights) else 0.0
