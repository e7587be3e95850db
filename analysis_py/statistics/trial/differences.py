"""How alike two weighted groups are, column by column."""

import numpy as np

from analysis_py.statistics.design import Booleans, Floats


def standardized_differences(columns: Floats, treated: Booleans, weights: Floats) -> Floats:
    """Weighted mean of the treated less that of the others, in units of the root mean of both unweighted variances.

    `columns` (rows x covariates) without missing values. The denominator is the same with and without weights, so that
    a change is one of means alone. 0 where both groups hold one value, NaN where these differ or a group is empty.
    """
    if treated.all() or not treated.any():
        return np.full(columns.shape[1], np.nan)
    means = [np.average(columns[rows], axis=0, weights=weights[rows]) for rows in (treated, ~treated)]
    spread = np.sqrt((columns[treated].var(axis=0) + columns[~treated].var(axis=0)) / 2)
    difference = means[0] - means[1]
    constant = spread <= 1e-9 * (np.abs(columns).max(axis=0) + 1e-300)
    equal = np.abs(difference) <= 1e-9 * (np.abs(columns).max(axis=0) + 1e-300)
    return np.asarray(np.where(constant, np.where(equal, 0.0, np.nan), difference / np.where(constant, 1.0, spread)))
