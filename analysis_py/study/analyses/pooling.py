"""Our main estimate: every imputed copy counts. Matched within each, models clustered on the pair, Rubin's rules.

As R's MatchThem (Pishgar, Greifer, Leyrat, Stuart 2021, doi:10.32614/RJ-2021-073), approach "within". One copy alone,
as published, leaves out what is not known of the missing values and of who is matched with whom.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pandas as pd

from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.estimate import Estimate
from analysis_py.statistics.imputation import pool
from analysis_py.study.analyses.cohorts import match_cohort
from analysis_py.study.analyses.effects import effect, effect_clustered, model_places, usable
from analysis_py.study.analyses.robustness import CLUSTERED_BY_PAIR
from analysis_py.study.results import Row, estimated, unavailable
from analysis_py.study.variables import DEATH_28D, MODELS

COHORTS = ("full", "matched")
CLUSTERED, EVENT_FREEDOM = "pooled_clustered", "pooled_event_df"
MAIN_MODEL, POOLED_OVER = "model 3", "pooled over"
_BY_ROWS = "degrees of freedom by rows, not events, as in earlier versions: pooled_event_df has those to use"

Effect = Callable[[pd.DataFrame, str, Sequence[str]], Estimate]


def pooled(copies: Sequence[pd.DataFrame], cohort: str, unusable: Sequence[str]) -> list[Row]:
    """All models of one of COHORTS in every imputed copy, matched anew within each, pooled.

    `pooled_clustered`: matched cohorts with errors clustered on the pair, the main estimate. `pooled_event_df`: both
    cohorts with the models' own errors. `robustness`: the same with the degrees of freedom that earlier versions took.
    """
    level = f"{POOLED_OVER} {len(copies)} imputations"
    by_rows, own = (model_places(name, cohort, level) for name in ("robustness", EVENT_FREEDOM))
    clustered = model_places(CLUSTERED, cohort, level) if cohort == "matched" else []
    try:
        data_sets = copies if cohort == "full" else [match_cohort(copy, unusable).data for copy in copies]
    except NotEstimable as reason:
        return unavailable([*clustered, *own, *by_rows], reason)
    rows = [estimated(place, pooled_clustered, data_sets, place, unusable) for place in clustered]
    for place, old_place in zip(own, by_rows, strict=True):
        try:
            estimates = _each(effect, data_sets, place, unusable)
        except NotEstimable as reason:
            rows += unavailable([place, old_place], reason)
            continue
        freedom = min(estimate.n - estimate.parameters for estimate in estimates)
        old = estimated(old_place, pool, estimates, freedom)
        noted = replace(old, note=_BY_ROWS) if old.measure == "HR" and not old.note else old
        rows += [estimated(place, pool, estimates), noted]
    return rows


def main_rows(rows: Sequence[Row]) -> list[Row]:
    """Our main estimates, models 1 to 3 of both outcomes: of all copies, or of a single one, clustered on the pair."""
    of_all = [row for row in rows if row.analysis == CLUSTERED]
    return of_all or [row for row in rows if row.analysis == "robustness" and row.level == CLUSTERED_BY_PAIR]


def main_row(rows: Sequence[Row]) -> Row | None:
    """The study's answer, the fully adjusted hazard ratio of 28-day death; None without a matched cohort."""
    return next((row for row in main_rows(rows) if (row.outcome, row.model) == (DEATH_28D, MAIN_MODEL)), None)


def how(row: Row) -> str:
    """How a main estimate was made, in words."""
    if row.analysis == CLUSTERED:
        return f"matched within each imputed data set, clustered on the pair, {row.level}"
    return "one imputed data set, clustered on the pair"


def _each(compute: Effect, data_sets: Sequence[pd.DataFrame], place: Row, unusable: Sequence[str]) -> list[Estimate]:
    covariates = usable(MODELS[place.model], unusable)
    return [compute(data, place.outcome, covariates) for data in data_sets]


def pooled_clustered(data_sets: Sequence[pd.DataFrame], place: Row, unusable: Sequence[str]) -> Estimate:
    """The model of a place in matched data sets, errors clustered on the pair, by Rubin's rules; one alone as it is.

    Raises:
        NotEstimable: as effect_clustered() and pool().
    """
    estimates = _each(effect_clustered, data_sets, place, unusable)
    return pool(estimates) if len(estimates) > 1 else estimates[0]
