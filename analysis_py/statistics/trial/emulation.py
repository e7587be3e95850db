"""The public ways to emulate a trial; `patients` and `intervals` of all of them are the same two tables.

patients: a row each with id, start_h (missing: never), time_h (death or end of follow-up), died, baseline covariates.
intervals: id, k (decision point at hour k * interval_h, those without a start before, alive and in the ICU), covariates
as known then. Hours count from time zero. What is given back is a design: `.result()` is its estimate, `bootstrap()`
its uncertainty.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from analysis_py.statistics.design import as_numbers, require_columns
from analysis_py.statistics.trial import designs
from analysis_py.statistics.trial.arms import Arms
from analysis_py.statistics.trial.clones import Clones, CloneWeights, emulate
from analysis_py.statistics.trial.result import Design, TrialResult
from analysis_py.statistics.trial.table import Grid, Table, read_table
from analysis_py.statistics.trial.weights import Equal

Adjustment = Literal["crude", "adjusted", "weighted"]
PublishedAdjustment = Literal["crude", "adjusted", "matched"]


def clone_censor_weight(
    patients: pd.DataFrame,
    intervals: pd.DataFrame,
    grace_h: float = 48,
    interval_h: float = 6,
    covariates: Sequence[str] = (),
    cap: float | None = None,
    weights: CloneWeights = "pooled",
    horizon_h: float = 672,
) -> TrialResult:
    """Start within `grace_h` against no start within it, by clone-censor-weight: the result of clones().

    Raises:
        NotEstimable: as clones(), and where nobody follows a strategy to `horizon_h`.
    """
    return clones(patients, intervals, grace_h, interval_h, covariates, cap, weights, horizon_h).result()


def clones(
    patients: pd.DataFrame,
    intervals: pd.DataFrame,
    grace_h: float = 48,
    interval_h: float = 6,
    covariates: Sequence[str] = (),
    cap: float | None = None,
    weights: CloneWeights = "pooled",
    horizon_h: float = 672,
    hours: Sequence[float] = (),
) -> Clones:
    """Clone-censor-weight; `covariates` of both tables go into the treatment model beside the decision point.

    `weights`: "pooled" by one model of all decision points, neither stabilized nor truncated but at `cap`; "none": the
    clones censored, all weights 1; "grace_end": clone 1 censored and weighted once, at the end of the grace period,
    all by baseline covariates. `hours`: further hours of which resamples give risks.

    Raises:
        NotEstimable: what read_table() and fit_treatment() refuse, a decision at which everybody starts, no start at
            the last one, or a weight without bound.
    """
    _require_known("weights", weights, ("pooled", "none", "grace_end"))
    if cap is not None and not cap > 0:
        raise ValueError(f"cap must be above 0, not {cap!r}")
    table = read_table(patients, intervals, Grid(grace_h, interval_h, horizon_h))
    return emulate(table, covariates, weights, cap, hours)


def landmark(
    patients: pd.DataFrame,
    grace_h: float = 48,
    covariates: Sequence[str] = (),
    adjustment: Adjustment = "crude",
    cap: float | None = None,
    horizon_h: float = 672,
) -> Design:
    """Who lives beyond `grace_h`, from there to the horizon: started by then against not, later starters among these.

    "adjusted": Cox with baseline `covariates` (no risks); "weighted": by the probability of having started (ATE).

    Raises:
        NotEstimable: nobody left on a side, or no model.
    """
    _require_known("adjustment", adjustment, ("crude", "adjusted", "weighted"))
    table = read_table(patients, None, Grid(grace_h, grace_h, horizon_h))
    if adjustment == "weighted":
        return designs.weighted_landmark(table, covariates, cap)
    return _crude_or_adjusted(table, designs.landmark_arms(table), covariates, adjustment, horizon_h - grace_h)


def time_dependent_cox(patients: pd.DataFrame, covariates: Sequence[str] = (), horizon_h: float = 672) -> Design:
    """Cox model with treatment that begins at start_h, whenever that is, and baseline `covariates`; no risks.

    Raises:
        NotEstimable: no deaths, nobody treated or untreated, or an unusable covariate.
    """
    return designs.time_dependent(read_table(patients, None, Grid(horizon_h / 2, horizon_h / 2, horizon_h)), covariates)


def sequential_trials(
    patients: pd.DataFrame,
    intervals: pd.DataFrame,
    grace_h: float = 48,
    interval_h: float = 6,
    covariates: Sequence[str] = (),
    cap: float | None = None,
    horizon_h: float = 672,
) -> Design:
    """A trial begins at each decision point among those who could start there; by intention to treat, pooled.

    Starters against others, whatever these do later, each weighted by the inverse probability of the decision (model
    as in clones()). Risks are those `horizon_h` less the last trial's begin after each trial's begin; patients are
    person-trials. Hernán et al. 2008 (doi:10.1097/EDE.0b013e3181875e61), Danaei et al. 2013
    (doi:10.1177/0962280211403603).

    Raises:
        NotEstimable: as clones().
    """
    table = read_table(patients, intervals, Grid(grace_h, interval_h, horizon_h))
    return designs.sequential(table, covariates, cap)


def published(
    patients: pd.DataFrame,
    grace_h: float = 48,
    covariates: Sequence[str] = (),
    adjustment: PublishedAdjustment = "crude",
    minimum_stay_h: float | None = 48,
    minimum_duration_h: float | None = 4,
    horizon_h: float = 672,
) -> Design:
    """Started within `grace_h` against never in the stay, from time zero: groups that the future makes.

    Later starters are left out. `minimum_stay_h` keeps patients whose icu_end_h is not before it, `minimum_duration_h`
    treated whose duration_h is not below it (None: no such rule; both columns are of `patients`). "adjusted": Cox with
    baseline `covariates` (no risks); "matched": pairs by propensity, errors and resamples by pair.

    Raises:
        NotEstimable: nobody on a side, or no model.
    """
    _require_known("adjustment", adjustment, ("crude", "adjusted", "matched"))
    table = read_table(patients, None, Grid(grace_h, grace_h, horizon_h))
    treated = table.started == 0
    never = table.patients["start_h"].isna().to_numpy()
    for name, least in (("icu_end_h", minimum_stay_h), ("duration_h", minimum_duration_h)):
        if least is None:
            continue
        require_columns(table.patients, [name])
        enough = as_numbers(table.patients[name]) >= least  # NaN is not enough
        treated = treated & enough
        never = never & enough if name == "icu_end_h" else never
    arms = designs.ever_never_arms(table, treated | never, treated)
    if adjustment == "matched":
        return designs.matched(table, arms, covariates)
    return _crude_or_adjusted(table, arms, covariates, adjustment, horizon_h)


def _crude_or_adjusted(table: Table, arms: Arms, covariates: Sequence[str], adjustment: str, horizon: float) -> Design:
    if adjustment == "adjusted":
        return designs.adjusted(table, arms, covariates)
    crude = designs.single_row_design(table, arms, Equal(len(arms.stop)), horizon)
    return replace(crude, robust=len(np.unique(arms.patient)) < len(arms.patient))


def _require_known(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}, not {value!r}")
