"""What an estimator rests on: how many patients are left of each arm, the largest weight, the largest difference."""

from dataclasses import replace

import pandas as pd

from analysis_py.statistics.balance import Covariates
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.weighting import effective_sample_size
from analysis_py.study.analyses.describe import GROUP_NAMES
from analysis_py.study.estimators.adjustments import Adjustment
from analysis_py.study.estimators.attempt import attempt, given
from analysis_py.study.estimators.comparisons import WEIGHTS_OF, Comparison, Comparisons
from analysis_py.study.estimators.names import (
    ESS,
    ESTIMATORS,
    LARGEST_SMD,
    LARGEST_WEIGHT,
    WEIGHTS_ANALYSIS,
    cohort_of,
)
from analysis_py.study.results import Row, unavailable
from analysis_py.study.variables import DEATH_28D, TREATMENT


def weights_rows(copy: pd.DataFrame, adjustment: Adjustment, comparisons: Comparisons) -> list[Row]:
    """By estimator: of each arm its effective size, patients and deaths; largest weight and |SMD| of both together."""
    kinds = {variable.name: variable.kind for variable in adjustment.shown}
    covariates = attempt(Covariates.of, copy, kinds, TREATMENT)
    diagnosed = {name: _diagnosed(copy, adjustment.level, covariates, one) for name, one in comparisons.items()}
    rows = []
    for name in ESTIMATORS:
        cohort = cohort_of(name)
        for row in diagnosed[WEIGHTS_OF.get(name, name)]:
            rows.append(replace(row, cohort=f"{cohort} {row.cohort}".strip(), model=name))
    return rows


def _diagnosed(
    copy: pd.DataFrame, level: str, covariates: Covariates | NotEstimable, comparison: Comparison | NotEstimable
) -> list[Row]:
    """Rows of which cohort (its group alone) and model are still to be named."""
    place = Row(WEIGHTS_ANALYSIS, "", DEATH_28D, level=level)
    arms = {arm: replace(place, cohort=group, measure=ESS) for arm, group in GROUP_NAMES.items()}
    largest_weight, largest_smd = (replace(place, measure=measure) for measure in (LARGEST_WEIGHT, LARGEST_SMD))
    try:
        weights = given(comparison).weights
        effective = effective_sample_size(weights, copy[TREATMENT])
    except NotEstimable as reason:
        return unavailable([*arms.values(), largest_weight, largest_smd], reason)
    treated, used = copy[TREATMENT].astype(bool), weights > 0
    found = []
    for arm, row in arms.items():
        own = copy[used & (treated == arm)]
        found.append(replace(row, estimate=effective[arm], n=len(own), events=int(own[DEATH_28D].sum())))
    count = int(used.sum())
    relative = weights[used] / weights[used].groupby(treated[used]).transform("mean")
    found.append(replace(largest_weight, estimate=float(relative.max()), n=count))
    differences = attempt(lambda: given(covariates).differences(weights.to_numpy(dtype=float)))
    if isinstance(differences, NotEstimable):
        return [*found, *unavailable([largest_smd], differences)]
    worst = max(differences, key=differences.__getitem__)
    return [*found, replace(largest_smd, term=worst, estimate=differences[worst], n=count)]
