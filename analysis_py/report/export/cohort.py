"""The cohort for analysis.R: one completed copy with propensity and pairs, and models 1 to 3 of it."""

import pandas as pd

from analysis_py.marts.read import Marts
from analysis_py.report.export.dictionary import Column
from analysis_py.report.export.part import Part, column_of
from analysis_py.statistics.errors import NotEstimable
from analysis_py.study.analyses.cohorts import ITERATIONS, PAIR, Matched, complete_cohort
from analysis_py.study.analyses.effects import outcome_models
from analysis_py.study.study import try_matching
from analysis_py.study.variables import (
    BY_NAME,
    DEATH_28D,
    DEATH_HOSPITAL,
    FOLLOW_UP,
    MODELS,
    PROPENSITY_COVARIATES,
    TABLE_ONE,
    TREATMENT,
    tells_exposure,
)

COMPLETED = "completed"
PROPENSITY = "propensity"
_AS_IT_IS = "as in analysis_cohort"
_OWN = (
    Column(COMPLETED, "stay_id", "integer", _AS_IT_IS),
    Column(COMPLETED, TREATMENT, "boolean", _AS_IT_IS),
    Column(COMPLETED, DEATH_28D, "boolean", _AS_IT_IS),
    Column(COMPLETED, FOLLOW_UP, "double precision", _AS_IT_IS, "days"),
    Column(COMPLETED, DEATH_HOSPITAL, "boolean", _AS_IT_IS),
)
_PAIRED = (
    Column(COMPLETED, PROPENSITY, "double precision", "probability of treatment, by the covariates of the score"),
    Column(COMPLETED, PAIR, "integer", "number of the matched pair; missing: not matched"),
)


def cohort_part(marts: Marts, seed: int) -> Part:
    """The first completed copy of a run with this seed, and what that run makes of it."""
    try:
        completed = complete_cohort(marts.cohort, 1, ITERATIONS, seed, held_out=tells_exposure(marts.build.drug))
    except NotEstimable as reason:
        return Part(remarks=(f"No completed cohort: {reason}.",))
    (full,), unusable = completed.copies, completed.unusable
    covariates = [variable for variable in TABLE_ONE if variable.name not in unusable]
    names = [*(column.name for column in _OWN[1:]), *(variable.name for variable in covariates)]
    table, columns = full[names].reset_index(), list(_OWN)
    columns += [column_of(COMPLETED, one, f"{_AS_IT_IS}, gaps filled") for one in covariates]
    rows, remarks = outcome_models(full, "full", unusable), []
    matched, not_matched = try_matching(full, unusable)
    if matched is None:
        remarks.append(f"No matched cohort: {not_matched}.")
    else:
        table, columns = _paired(table, matched), [*columns, *_PAIRED]
        rows += outcome_models(matched.data, "matched", unusable)
    terms = {**MODELS, PROPENSITY: PROPENSITY_COVARIATES}
    models = [(model, name, BY_NAME[name].kind) for model, names in terms.items() for name in names]
    return Part(
        {COMPLETED: table},
        tuple(columns),
        tuple(line for line in models if line[1] not in unusable),
        tuple(rows),
        tuple(remarks),
    )


def _paired(table: pd.DataFrame, matched: Matched) -> pd.DataFrame:
    stays = table["stay_id"]
    table[PROPENSITY] = matched.propensity.reindex(stays).to_numpy()
    table[PAIR] = (matched.data[PAIR].reindex(stays).astype("Int64") + 1).array
    return table
