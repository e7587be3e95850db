"""The full cohort with its gaps filled, and the matched one made of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis_py.statistics.curves import durations
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.imputation import Imputer, Progress, impute_with_trace
from analysis_py.statistics.propensity import CALIPER, CaliperScale, fit_propensity, match_nearest
from analysis_py.study.variables import (
    DEATH_28D,
    DEATH_HOSPITAL,
    FOLLOW_UP,
    PROPENSITY_COVARIATES,
    TABLE_ONE,
    TREATMENT,
)

PAIR = "pair"
ITERATIONS = 5  # rounds of chained equations, the default of mice
_HAZARD = "cumulative_hazard"


@dataclass(frozen=True)
class Completed:
    """`copies` of the cohort without gaps, the first being the main one.

    `unusable` variables are in no model: they have no value at all, or tell the exposure.
    """

    copies: tuple[pd.DataFrame, ...]
    trace: pd.DataFrame
    unusable: tuple[str, ...]


@dataclass(frozen=True)
class Matched:
    """Propensity of every stay, and the matched stays with the number of their pair."""

    propensity: pd.Series
    data: pd.DataFrame


def complete_cohort(
    cohort: pd.DataFrame,
    m: int,
    iterations: int,
    seed: int,
    progress: Progress | None = None,
    held_out: Sequence[str] = (),
    impute: Imputer = impute_with_trace,
) -> Completed:
    """Fill the gaps of Table 1's variables `m` times.

    The imputation model holds treatment and outcome too: death, and the cumulative hazard at the end of follow-up
    (White and Royston 2009, doi:10.1002/sim.3618). Variables without any value stay as they are, and so do those of
    `held_out`, which tell the exposure. `impute` is another only where copies are given, as by R.

    Raises:
        NotEstimable: nobody is in the cohort, or as impute().
    """
    if cohort.empty:
        raise NotEstimable("nobody is in the cohort")
    names = [variable.name for variable in TABLE_ONE]
    unusable = tuple(name for name in names if name in held_out or cohort[name].isna().all())
    predictors = [name for name in names if name not in unusable]
    model = cohort[[TREATMENT, DEATH_28D, DEATH_HOSPITAL, *predictors]].assign(
        **{_HAZARD: cumulative_hazard(cohort[FOLLOW_UP], cohort[DEATH_28D])}
    )
    filled, trace = impute(model, m, iterations, seed, progress)
    return Completed(
        tuple(cohort.assign(**{name: copy[name] for name in predictors}) for copy in filled), trace, unusable
    )


def cumulative_hazard(duration: pd.Series, event: pd.Series) -> pd.Series:
    """Nelson-Aalen estimate at each row's own time."""
    times = durations(duration)
    distinct, position = np.unique(times, return_inverse=True)
    deaths = np.bincount(position, weights=event.to_numpy(dtype=float), minlength=len(distinct))
    at_risk = len(times) - np.searchsorted(np.sort(times), distinct, side="left")
    return pd.Series(np.cumsum(deaths / at_risk)[position], index=duration.index)


def match_cohort(
    data: pd.DataFrame, unusable: Sequence[str] = (), caliper: float = CALIPER, caliper_scale: CaliperScale = "sd"
) -> Matched:
    """Match each treated stay to its nearest control by propensity.

    Raises:
        NotEstimable: no propensity score, or no pair within the caliper.
    """
    covariates = [name for name in PROPENSITY_COVARIATES if name not in unusable]
    propensity = fit_propensity(data, TREATMENT, covariates)
    pairs = match_nearest(propensity, data[TREATMENT], caliper, caliper_scale)
    if pairs.empty:
        raise NotEstimable("no treated stay has a control within the caliper")
    numbered = pd.concat(
        [pd.Series(range(len(pairs)), index=pairs[side].to_numpy(), name=PAIR) for side in ("treated", "control")]
    )
    matched = data.loc[numbered.index].assign(**{PAIR: numbered})
    return Matched(propensity, matched.sort_index(kind="stable"))
