"""What a control must pass itself before it says something of the design: events, balance, equipoise."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis_py.statistics.design import Booleans, Floats
from analysis_py.statistics.trial.differences import standardized_differences
from analysis_py.statistics.weighting import effective_size
from analysis_py.study.gate.thresholds import FAMILY_ALPHA, LARGEST_SMD

TOO_LARGE_IMBALANCE = 0.25  # whatever chance may do: Stuart 2010, doi:10.1214/09-STS313
LEAST_EVENTS_PER_ARM = 10  # the error of a log ratio from fewer is 0.45 or more: it says hardly anything


@dataclass(frozen=True)
class Imbalance:
    """The covariate in which two groups differ most, its absolute standardized difference, and what is `allowed`."""

    covariate: str
    value: float
    allowed: float


def largest_imbalance(columns: pd.DataFrame, treated: Booleans, weights: Floats) -> Imbalance:
    """Of `columns` (numbers, a row per patient or clone) in two weighted groups.

    A control is a comparison of a few hundred patients in up to seventy covariates: groups drawn by lot would differ by
    more than 0.1 in one of them. So a difference is too large where it is above 0.1 by more than chance, tested for all
    covariates together at 5 % (Bonferroni, one-sided, error of a difference of means in standard deviations of both
    effective sizes), as CohortMethod's balance test (Schuemie et al., version 6) does; and above 0.25 in any case.
    """
    found = np.abs(standardized_differences(columns.to_numpy(dtype=float), treated, weights))
    found = np.nan_to_num(found, nan=np.inf)  # each group holds one value, and not the same
    sizes = [effective_size(weights[group]) for group in (treated, ~treated)]
    error = float(np.sqrt(sum(1 / size for size in sizes)))
    chance = float(stats.norm.isf(FAMILY_ALPHA / len(found))) * error
    at = int(np.argmax(found))
    return Imbalance(str(columns.columns[at]), float(found[at]), min(LARGEST_SMD + chance, TOO_LARGE_IMBALANCE))
