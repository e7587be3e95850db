"""Our main estimate: every imputed copy counts. Matched within each, models clustered on the pair, Rubin's rules.

As R's MatchThem (Pishgar, Greifer, Leyrat, Stuart 2021, doi:10.32614/RJ-2021-073), approach "within". One copy alone,
as published, leaves out what is not known of the missing values and of who is matched with whom.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pandas as pd

from analysis_py.cohorts import match_cohort
from analysis_py.effects import effect, effect_clustered, model_places, usable
from analysis_py.errors import NotEstimable
from analysis_py.estimate import Estimate
from analysis_py.imputation import pool
from analysis_py.results import Row, estimated, find, unavailable
from analysis_py.robustness import CLUSTERED_BY_PAIR
from analysis_py.variables import DEATH_28D, MODELS

CLUSTERED, EVENT_FREEDOM = "pooled_clustered", "pooled_event_df"
MAIN_MODEL = "model 3"
_BY_ROWS = "degrees of freedom by rows, not events, as in earlier versions: pooled_event_df has those to use"

Effect = Callable[[pd.DataFrame, str, Sequence[str]], Estimate]


def pooled(copies: Sequence[pd.DataFrame], unusable: Sequence[str]) -> list[Row]:
    """All models in every imputed copy, matched anew within each, pooled.

    `pooled_clustered`: matched cohorts with errors clustered on the pair, the main estimate. `pooled_event_df`: both
    cohorts with the models' own errors. `robustness`: the same with the degrees of freedom that earlier versions took.
    """
    level = f"pooled over {len(copies)} imputations"
    rows = []
    for cohort in ("full", "matched"):
        by_rows, own = (model_places(name, cohort, level) for name in ("robustness", EVENT_FREEDOM))
        clustered = model_places(CLUSTERED, cohort, level) if cohort == "matched" else []
        try:
            data_sets = copies if cohort == "full" else [match_cohort(copy, unusable).data for copy in copies]
        except NotEstimable as reason:
            rows += unavailable([*clustered, *own, *by_rows], reason)
            continue
        rows += [estimated(place, _pooled, effect_clustered, data_sets, place, unusable) for place in clustered]
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


def main_row(rows: Sequence[Row]) -> Row | None:
    """The study's answer: the fully adjusted hazard ratio of 28-day death after matching, of all copies.

    With a single copy that copy's, clustered on the pair; None where there is no matched cohort.
    """
    place = {"outcome": DEATH_28D, "model": MAIN_MODEL}
    single = find(rows, "robustness", "matched", **place, level=CLUSTERED_BY_PAIR)
    return find(rows, CLUSTERED, "matched", **place) or single


def _each(compute: Effect, data_sets: Sequence[pd.DataFrame], place: Row, unusable: Sequence[str]) -> list[Estimate]:
    covariates = usable(MODELS[place.model], unusable)
    return [compute(data, place.outcome, covariates) for data in data_sets]


def _pooled(compute: Effect, data_sets: Sequence[pd.DataFrame], place: Row, unusable: Sequence[str]) -> Estimate:
    return pool(_each(compute, data_sets, place, unusable))
