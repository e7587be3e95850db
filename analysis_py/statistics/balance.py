"""How alike two groups are: standardized mean differences and tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from analysis_py.statistics.design import (
    Booleans,
    Floats,
    as_numbers,
    as_weights,
    complete,
    is_numeric,
    levels,
    two_groups,
    with_values,
)
from analysis_py.statistics.errors import NotEstimable

Kind = Literal["continuous", "binary", "categorical"]
Denominator = Literal["pooled", "treated", "adjusted"]


def standardized_mean_difference(
    data: pd.DataFrame,
    variable: str,
    treatment: str,
    kind: Kind = "continuous",
    spread: pd.DataFrame | None = None,
    weights: str | pd.Series | None = None,
    denominator: Denominator | None = None,
) -> float:
    """Difference between the groups in units of the root mean of both group variances: absolute, as Table 1 has it.

    Variance is the sample variance (continuous) or p(1-p) (binary); several levels give the Mahalanobis-type
    difference of Yang and Dalton 2012. Rows with missing values are left out. The variances are those of `data`, or of
    `spread` where it is given (the cohort before matching).

    With `weights` (a column, or a Series on `data`'s index) or a `denominator` it is signed, treated less untreated
    (several levels have no sign), of weighted means. The denominators are those of cobalt's s.d.denom (Greifer): both
    unweighted variances ("pooled", where nothing else is said), that of the treated alone ("treated"), or that of all
    rows together as they are weighted ("adjusted").

    Raises:
        NotEstimable: an empty group or one that weighs 0, an infinite value, a negative weight, or two different
            constants.
        ValueError: an unknown denominator, or "adjusted" with a `spread`.
    """
    if denominator not in (None, "pooled", "treated", "adjusted"):
        raise ValueError(f"denominator must be 'pooled', 'treated' or 'adjusted', not {denominator!r}")
    if denominator == "adjusted" and spread is not None:
        raise ValueError("the adjusted rows have their own variance: no spread beside denominator='adjusted'")
    signed = weights is not None or denominator is not None
    data, weight_column = with_values(data, weights, "weights")
    rows = complete(data, [variable, treatment, *weight_column])
    treated = two_groups(rows[treatment])
    weight = as_weights(rows[weight_column[0]]) if weight_column else np.ones(len(rows))
    weight = weight / weight.max()
    for name, members in (("treated", treated), ("untreated", ~treated)):
        if not weight[members].any():
            raise NotEstimable(f"all weights of the {name} are 0")
    all_rows = rows if spread is None else complete(spread, [variable, treatment])
    present = levels(all_rows[variable]) if kind != "continuous" else []
    columns, spread_columns = _columns(rows[variable], kind, present), _columns(all_rows[variable], kind, present)
    if _constant(columns):
        return 0.0
    size = np.abs(spread_columns).max() or 1.0  # squares of small numbers must not vanish
    columns, spread_columns = columns / size, spread_columns / size
    if weight_column:
        means = [np.average(columns[members], axis=0, weights=weight[members]) for members in (treated, ~treated)]
    else:
        means = [columns[members].mean(axis=0) for members in (treated, ~treated)]
    difference = means[0] - means[1]
    if denominator == "adjusted":
        covariance = _weighted_covariance(columns, weight, kind, variable)
    else:
        by_group = two_groups(all_rows[treatment])
        covariance = _unweighted_covariance(spread_columns, by_group, kind, variable, denominator)
    distance = _distance(difference, covariance, variable, 1e-14 if weight_column else 0.0)
    return -distance if signed and len(difference) == 1 and difference[0] < 0 else distance


def _distance(difference: Floats, covariance: Floats, variable: str, rounding: float) -> float:
    """Mahalanobis' distance; `rounding` is what weighted means may be off.

    Raises:
        NotEstimable: a difference that the variance does not span: each group holds one value, and not the same.
    """
    inverse = np.linalg.pinv(covariance, hermitian=True)
    unspanned = np.abs(covariance @ inverse @ difference - difference).max()
    if unspanned > 1e-8 * np.abs(difference).max() + rounding:
        raise NotEstimable(f"{variable} does not vary within the groups")
    return float(np.sqrt(difference @ inverse @ difference))


@dataclass(frozen=True)
class Covariates:
    """Variables without gaps, made columns once, to be compared under many weights; `treated` is who is in which arm.

    Each has its kind and its columns, scaled so that squares of small numbers do not vanish.
    """

    columns: Mapping[str, tuple[Kind, Floats]]
    treated: Booleans

    @classmethod
    def of(cls, data: pd.DataFrame, kinds: Mapping[str, Kind], treatment: str) -> "Covariates":
        """The variables that `kinds` names.

        Raises:
            NotEstimable: an empty group, a missing or infinite value.
        """
        found: dict[str, tuple[Kind, Floats]] = {}
        for name, kind in kinds.items():
            if data[name].isna().any():
                raise NotEstimable(f"{name} has missing values")
            columns = _columns(data[name], kind, levels(data[name]) if kind != "continuous" else [])
            found[name] = kind, columns / (np.abs(columns).max() or 1.0)
        return cls(found, two_groups(data[treatment]))

    def differences(self, weights: Floats) -> dict[str, float]:
        """By variable what standardized_mean_difference() gives for `weights` and the denominator "adjusted", absolute.

        Raises:
            NotEstimable: a group that weighs 0, or two different constants.
        """
        for name, members in (("treated", self.treated), ("untreated", ~self.treated)):
            if not weights[members].any():
                raise NotEstimable(f"all weights of the {name} are 0")
        used = weights > 0
        treated, weight = self.treated[used], weights[used] / weights.max()
        found = {}
        for name, (kind, every) in self.columns.items():
            columns = every[used]
            if _constant(columns):
                found[name] = 0.0
                continue
            means = [np.average(columns[members], axis=0, weights=weight[members]) for members in (treated, ~treated)]
            found[name] = _distance(means[0] - means[1], _weighted_covariance(columns, weight, kind, name), name, 1e-14)
        return found


def compare_groups(data: pd.DataFrame, variable: str, treatment: str, kind: Kind) -> float:
    """p-value of Mann-Whitney (normal approximation, ties, no continuity correction) or chi-square (Yates if 2x2).

    Rows with missing values are left out.

    Raises:
        NotEstimable: an empty group, an infinite value, or a constant variable.
    """
    rows = complete(data, [variable, treatment])
    treated = two_groups(rows[treatment])
    if rows[variable].nunique() < 2:
        raise NotEstimable(f"{variable} is constant")
    if kind == "continuous":
        values = as_numbers(rows[variable])
        result = stats.mannwhitneyu(values[treated], values[~treated], use_continuity=False, method="asymptotic")
        return float(result.pvalue)
    if kind == "binary" and rows[variable].nunique() > 2:
        raise NotEstimable(f"{variable} has more than two values")
    return chi_square(pd.crosstab(rows[variable], treated).to_numpy())


def chi_square(counts: Floats) -> float:
    """p-value of Pearson's chi-square test of a table of counts, Yates-corrected if 2x2."""
    return float(stats.chi2_contingency(counts, correction=True).pvalue)


def variance_ratio(data: pd.DataFrame, variable: str, treatment: str) -> float:
    """Variance among the treated divided by that among the untreated.

    Raises:
        NotEstimable: the untreated do not vary, or a group has fewer than two rows.
    """
    treated, control = _by_group(data, variable, treatment)
    if min(len(treated), len(control)) < 2 or _constant(control):
        raise NotEstimable(f"{variable} does not vary among the untreated")
    if _constant(treated):
        return 0.0
    size = np.abs(control).max()
    return float((treated / size).var(ddof=1) / (control / size).var(ddof=1))


def kolmogorov_smirnov(data: pd.DataFrame, variable: str, treatment: str) -> float:
    """Largest vertical distance between the two groups' empirical distribution functions.

    Raises:
        NotEstimable: an empty group, or an infinite value.
    """
    treated, control = _by_group(data, variable, treatment)
    grid = np.unique(np.concatenate([treated, control]))
    below_treated = np.searchsorted(np.sort(treated), grid, side="right") / len(treated)
    below_control = np.searchsorted(np.sort(control), grid, side="right") / len(control)
    return float(np.abs(below_treated - below_control).max())


def _by_group(data: pd.DataFrame, variable: str, treatment: str) -> tuple[Floats, Floats]:
    rows = complete(data, [variable, treatment])
    treated = two_groups(rows[treatment])
    values = as_numbers(rows[variable])
    return values[treated], values[~treated]


def _columns(values: pd.Series, kind: Kind, present: list[object]) -> Floats:
    """Values as one column, or level indicators without the first level."""
    if kind == "continuous":
        return as_numbers(values)[:, None]
    if is_numeric(values):
        as_numbers(values)
    if kind == "binary" and len(present) > 2:
        raise NotEstimable(f"{values.name} has more than two values")
    indicators = [(values == level).to_numpy(dtype=float) for level in present[1:]]
    return np.column_stack(indicators) if indicators else np.zeros((len(values), 1))


def _constant(columns: Floats) -> bool:
    """Whether all rows are equal: rounding of their mean can leave a variance where there is none."""
    return bool((columns == columns[0]).all())


def _unweighted_covariance(
    columns: Floats, treated: Booleans, kind: Kind, name: str, denominator: Denominator | None
) -> Floats:
    """That of the treated, or the mean of both groups'."""
    if denominator == "treated":
        return _covariance(columns[treated], kind, name)
    parts = [_covariance(columns[members], kind, name) for members in (treated, ~treated)]
    return np.asarray((parts[0] + parts[1]) / 2)


def _weighted_covariance(columns: Floats, weights: Floats, kind: Kind, name: str) -> Floats:
    """That of all rows together; for numbers the unbiased one for weights that do not count rows."""
    share = np.average(columns, axis=0, weights=weights)
    if kind != "continuous":
        return np.asarray(np.diag(share) - np.outer(share, share))
    total, squares = weights.sum(), (weights**2).sum()
    if not total**2 - squares > 1e-12 * total**2:
        raise NotEstimable(f"{name}: one row has all the weight")
    around = (weights * (columns[:, 0] - share[0]) ** 2).sum()
    return np.array([[around * total / (total**2 - squares)]])


def _covariance(columns: Floats, kind: Kind, name: str) -> Floats:
    if kind == "continuous":
        if len(columns) < 2:
            raise NotEstimable(f"{name}: too few rows in a group")
        return np.array([[0.0 if _constant(columns) else columns.var(ddof=1)]])
    share = columns.mean(axis=0)
    return np.asarray(np.diag(share) - np.outer(share, share))
