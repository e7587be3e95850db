"""What if values are missing because of what they were? The main estimate with what was imputed moved.

Delta adjustment (van Buuren 2018, Flexible Imputation of Missing Data, section 3.8): each imputed number is moved by a
share of its variable's standard deviation, toward death or away from it, as the observed values of those who died lie
above or below the others'. A value nobody took may have been better or worse than what is like it.
"""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from analysis_py.statistics.delta import shift_imputed
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.estimate import Estimate
from analysis_py.study.analyses.cohorts import match_cohort
from analysis_py.study.analyses.pooling import MAIN_MODEL, pooled_clustered
from analysis_py.study.results import Row, estimated
from analysis_py.study.variables import DEATH_28D, TABLE_ONE, TREATMENT

ANALYSIS = "not_at_random"
SHIFTS = (-1.0, -0.5, 0.5, 1.0)  # standard deviations, toward death


def shift_label(shift: float) -> str:
    """`imputed values 0.5 SD worse`: toward death is worse."""
    return f"imputed values {abs(shift):g} SD {'worse' if shift > 0 else 'better'}"


def not_at_random_rows(
    cohort: pd.DataFrame, copies: Sequence[pd.DataFrame], unusable: Sequence[str], shift: float
) -> list[Row]:
    """The main estimate with what was imputed of every number of Table 1 moved by `shift`, matched anew within copies.

    `cohort` still has its gaps. Sizes are not given: they differ from the main estimate's by a few patients.
    """
    place = Row(ANALYSIS, "matched", DEATH_28D, MAIN_MODEL, TREATMENT, shift_label(shift), "HR")
    row = estimated(place, _moved, cohort, copies, unusable, shift, place)
    return [replace(row, n=None, events=None, events_per_coefficient=None)]


def _moved(
    cohort: pd.DataFrame, copies: Sequence[pd.DataFrame], unusable: Sequence[str], shift: float, place: Row
) -> Estimate:
    names = [variable.name for variable in TABLE_ONE if variable.kind == "continuous" and variable.name not in unusable]
    gaps = [name for name in names if cohort[name].isna().any()]
    if not gaps:
        raise NotEstimable("no number of Table 1 was imputed")
    moved = shift_imputed(cohort, copies, {name: shift * toward_death(cohort, name) for name in gaps}, "sd")
    return pooled_clustered([match_cohort(copy, unusable).data for copy in moved], place, unusable)


def toward_death(cohort: pd.DataFrame, name: str) -> float:
    """1 where those who died have the higher observed mean, else -1."""
    died = cohort[DEATH_28D].astype(bool)
    means = [float(cohort.loc[group, name].mean()) for group in (died, ~died)]
    return 1.0 if means[0] > means[1] else -1.0
