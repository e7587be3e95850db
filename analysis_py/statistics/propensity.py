"""Propensity score and nearest-neighbour matching."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from analysis_py.statistics.design import (
    Booleans,
    Floats,
    aligned,
    as_numbers,
    encode,
    independent_columns,
    require_columns,
    require_unique_index,
    two_groups,
)
from analysis_py.statistics.efron import Integers
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.outcome import fit_binomial

CaliperScale = Literal["sd", "raw"]

CALIPER = 0.05  # section 2.5 of the paper


def fit_propensity(data: pd.DataFrame, treatment: str, covariates: Sequence[str]) -> pd.Series:
    """Probability of treatment given covariates: logistic regression, maximum likelihood, no penalty.

    Returns a Series on `data`'s index. Text covariates become dummies.

    Raises:
        NotEstimable: missing or infinite values, fewer than two rows in a group, or complete separation.
    """
    require_unique_index(data)
    covariates = [name for name in covariates if name != treatment]
    require_columns(data, [treatment, *covariates])
    treated = two_groups(data[treatment])
    if min(treated.sum(), (~treated).sum()) < 2:
        raise NotEstimable(f"{treatment}: too few {'treated' if treated.sum() == 1 else 'untreated'} rows")
    for name in covariates:
        if data[name].isna().any():
            raise NotEstimable(f"{name} has missing values; impute them first")
    numbers = encode(data, covariates).to_numpy()
    scale = numbers.std(axis=0)
    varying = scale > 1e-12 * (np.abs(numbers).max(axis=0, initial=0) + 1e-300)
    standardized = (numbers[:, varying] - numbers[:, varying].mean(axis=0)) / scale[varying]
    standardized = standardized[:, independent_columns(standardized)]
    _, _, fitted = fit_binomial(standardized, treated)
    if np.abs(treated - fitted).max() < 1e-5:
        raise NotEstimable(f"the covariates separate {treatment} completely")
    return pd.Series(fitted, index=data.index, name="propensity")


def match_nearest(
    propensity: pd.Series,
    treatment: pd.Series,
    caliper: float = CALIPER,
    caliper_scale: CaliperScale = "sd",
    ratio: int = 1,
    exact: pd.Series | None = None,
) -> pd.DataFrame:
    """Greedy 1:`ratio` matching without replacement, treated rows in descending propensity, ties in data order.

    Every treated row takes its first control before any takes its second; only rows of one value of `exact` are paired.
    `caliper` is the largest difference in propensity, in standard deviations of `propensity` over all rows ("sd") or in
    its own unit ("raw"); infinite: none. Where controls run out the treated that are left stay unmatched. Returns
    treated, control: index labels, a row per pair, in the order of `propensity` and of a treated row's controls from
    the first on; possibly no row. Order and ties are those of MatchIt's
    matchit(method = "nearest") (Ho, Imai, King, Stuart 2011).

    Raises:
        NotEstimable: repeated index labels, indexes that differ, missing or infinite values, one empty group.
        ValueError: a caliper that is negative or no number, an unknown scale, or a ratio that is no number from 1 on.
    """
    if caliper_scale not in ("sd", "raw"):
        raise ValueError(f"caliper_scale must be 'sd' or 'raw', not {caliper_scale!r}")
    if not caliper >= 0:
        raise ValueError(f"caliper must be at least 0, not {caliper!r}")
    if not (isinstance(ratio, (int, np.integer)) and ratio >= 1):
        raise ValueError(f"ratio must be a whole number of at least 1, not {ratio!r}")
    require_unique_index(propensity)
    treatment = aligned(treatment, propensity, "propensity and treatment")
    score = as_numbers(propensity)
    if np.isnan(score).any():
        raise NotEstimable("propensity has missing values")
    treated = two_groups(treatment)
    in_deviations = caliper_scale == "sd" and np.isfinite(caliper)  # no limit stays none where nothing varies
    width = caliper * float(score.std(ddof=1)) if in_deviations else caliper

    pairs: list[tuple[int, int]] = []
    for members in _strata(propensity, exact):
        own_score, own_treated = score[members], treated[members]
        order = np.argsort(own_score, kind="stable")
        in_turn = np.flatnonzero(own_treated)[np.argsort(-own_score[own_treated], kind="stable")]
        matches = _take_nearest(own_score[order], own_treated[order], np.argsort(order)[in_turn], width, ratio)
        placed = members[order]
        pairs += [(int(placed[at]), int(placed[found])) for at, found in matches]
    pairs.sort(key=lambda pair: pair[0])  # stable: a treated row's controls stay in the order in which it took them
    labels = propensity.index
    return pd.DataFrame(
        {
            "treated": labels.take([treated_row for treated_row, _ in pairs]),
            "control": labels.take([control_row for _, control_row in pairs]),
        }
    )


def _strata(propensity: pd.Series, exact: pd.Series | None) -> list[Integers]:
    """Positions of the rows that share a value of `exact`: of all rows where it is not given."""
    if exact is None:
        return [np.arange(len(propensity))]
    codes, values = pd.factorize(aligned(exact, propensity, "propensity and exact"))
    if (codes < 0).any():
        raise NotEstimable(f"{exact.name or 'exact'} has missing values")
    return [np.flatnonzero(codes == code) for code in range(len(values))]


def _take_nearest(
    scores: Floats, treated: Booleans, in_turn: Integers, width: float, ratio: int
) -> list[tuple[int, int]]:
    """Pairs of positions among all rows sorted by score; the treated positions `in_turn` choose one after the other.

    After all have chosen, those who found a control choose again, up to `ratio` times.

    At equal distance the control fewer places away is taken, then the lower one. Rows that cannot be taken are skipped
    by links to the next free control on either side (union-find with path halving), so that the whole costs little
    more than the sorting.
    """
    count = len(scores)
    # position p is stored at p + 1, with a sentinel at both ends
    places = np.arange(count + 2)
    free = np.concatenate([[True], ~treated, [True]])
    below = np.where(free, places, places - 1).tolist()
    above = np.where(free, places, places + 1).tolist()
    values = scores.tolist()
    matches = []
    choosing = in_turn.tolist()
    for _ in range(ratio):
        served = []
        for at in choosing:
            lower, upper = _follow(below, at), _follow(above, at + 2)
            gap_lower = values[at] - values[lower - 1] if lower > 0 else float("inf")
            gap_upper = values[upper - 1] - values[at] if upper <= count else float("inf")
            found = min((gap_lower, at + 1 - lower, lower), (gap_upper, upper - at - 1, upper))[2]
            if min(gap_lower, gap_upper) > width or not 0 < found <= count:  # at a sentinel: no control is left
                continue
            below[found], above[found] = found - 1, found + 1
            matches.append((at, found - 1))
            served.append(at)
        choosing = served
    return matches


def _follow(links: list[int], place: int) -> int:
    while links[place] != place:
        links[place] = links[links[place]]
        place = links[place]
    return place
