"""What an estimator rests on: how many patients are left of each arm, the largest weight, the largest difference."""

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from analysis_py.marts.types import Variable
from analysis_py.statistics.balance import standardized_mean_difference
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.weighting import effective_sample_size
from analysis_py.study.analyses.describe import GROUP_NAMES
from analysis_py.study.estimators.adjustments import Adjustment
from analysis_py.study.estimators.attempt import attempt
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
    diagnosed = {name: _diagnosed(copy, adjustment, one) for name, one in comparisons.items()}
    rows = []
    for name in ESTIMATORS:
        cohort = cohort_of(name)
        for row in diagnosed[WEIGHTS_OF.get(name, name)]:
            rows.append(replace(row, cohort=f"{cohort} {row.cohort}".strip(), model=name))
    return rows


def _diagnosed(copy: pd.DataFrame, adjustment: Adjustment, comparison: Comparison | NotEstimable) -> list[Row]:
    """Rows of which cohort (its group alone) and model are still to be named."""
    place = Row(WEIGHTS_ANALYSIS, "", DEATH_28D, level=adjustment.level)
    arms = {arm: replace(place, cohort=group, measure=ESS) for arm, group in GROUP_NAMES.items()}
    largest = [replace(place, measure=measure) for measure in (LARGEST_WEIGHT, LARGEST_SMD)]
    if isinstance(comparison, NotEstimable):
        return unavailable([*arms.values(), *largest], comparison)
    used = comparison.weights > 0
    rows, weights = copy[used], comparison.weights[used]
    treated = rows[TREATMENT].astype(bool)
    effective = effective_sample_size(weights, treated)
    found = []
    for arm, row in arms.items():
        own = rows[treated == arm]
        found.append(replace(row, estimate=effective[arm], n=len(own), events=int(own[DEATH_28D].sum())))
    relative = weights / weights.groupby(treated).transform("mean")
    found.append(replace(largest[0], estimate=float(relative.max()), n=len(rows)))
    worst = attempt(largest_difference, rows, adjustment.shown, weights)
    if isinstance(worst, NotEstimable):
        return [*found, *unavailable(largest[1:], worst)]
    return [*found, replace(largest[1], term=worst[0], estimate=worst[1], n=len(rows))]


def largest_difference(rows: pd.DataFrame, variables: Iterable[Variable], weights: pd.Series) -> tuple[str, float]:
    """The variable whose weighted means differ most between the arms, in units of the weighted standard deviation.

    Raises:
        NotEstimable: a variable that does not vary within the arms and differs between them.
    """
    weighted = rows.assign(_weights=weights)
    differences = {
        variable.name: abs(
            standardized_mean_difference(
                weighted, variable.name, TREATMENT, variable.kind, weights="_weights", denominator="adjusted"
            )
        )
        for variable in variables
    }
    worst = max(differences, key=lambda name: differences[name])
    return worst, differences[worst]
