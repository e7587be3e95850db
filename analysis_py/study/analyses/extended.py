"""The completed cohort with the covariates of the extended adjustment, which the paper's Table 1 does not have."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.imputation import Imputer, impute_with_trace
from analysis_py.statistics.workers import in_parallel
from analysis_py.study.analyses.cohorts import ITERATIONS, Completed, cumulative_hazard
from analysis_py.study.levels import with_common_levels, with_neighbouring_levels
from analysis_py.study.variables import DEATH_28D, DEATH_HOSPITAL, EXTENDED, FOLLOW_UP, TABLE_ONE, TREATMENT

_STREAM = 20  # apart from the random numbers of Table 1's gaps


def complete_extended(
    completed: Completed,
    extended: pd.DataFrame,
    seed: int,
    held_out: Sequence[str] = (),
    impute: Imputer = impute_with_trace,
    processes: int | None = None,
) -> Completed:
    """Each copy of `completed` with the columns of EXTENDED, their gaps filled; what the copies had stays as it was.

    `extended` has a row for every stay of the copies, and others. The gaps of a copy are drawn given its completed
    Table 1, treatment and outcome (as complete_cohort()), so that the paper's analyses have the same numbers with and
    without them (docs/DECISIONS.md, extended adjustment). Of each variable rare levels are joined first. `unusable`
    grows by those without any value and those of `held_out`, which tell the exposure; they are in no copy. `processes`
    as in in_parallel().

    Raises:
        NotEstimable: a stay without a row in `extended`, or as impute().
    """
    stays = completed.copies[0].index
    absent = stays.difference(extended.index)
    if len(absent):
        raise NotEstimable(f"{len(absent)} stays of the cohort have no row of the extended covariates")
    rows = extended.loc[stays]
    usable = [variable for variable in EXTENDED if variable.name not in held_out and rows[variable.name].notna().any()]
    names = [variable.name for variable in usable]
    joined = with_neighbouring_levels(with_common_levels(rows[names], usable), usable)
    seeds = np.random.SeedSequence([seed, _STREAM]).generate_state(len(completed.copies)).tolist()
    filled = in_parallel(
        _filled,
        (joined, completed.unusable, impute),
        list(zip(completed.copies, seeds, strict=True)),
        processes,
    )
    gone = tuple(variable.name for variable in EXTENDED if variable.name not in names)
    return Completed(tuple(filled), completed.trace, (*completed.unusable, *gone))


def _filled(
    joined: pd.DataFrame, unusable: Sequence[str], impute: Imputer, copy_and_seed: tuple[pd.DataFrame, int]
) -> pd.DataFrame:
    """One copy with all columns of `joined`."""
    copy, seed = copy_and_seed
    if not joined.isna().any(axis=None):
        return copy.assign(**joined)
    known = [variable.name for variable in TABLE_ONE if variable.name not in unusable]
    model = pd.concat([copy[[TREATMENT, DEATH_28D, DEATH_HOSPITAL, *known]], joined], axis=1).assign(
        cumulative_hazard=cumulative_hazard(copy[FOLLOW_UP], copy[DEATH_28D])
    )
    (full,), _ = impute(model, 1, ITERATIONS, seed, None)
    return copy.assign(**full[list(joined.columns)])
