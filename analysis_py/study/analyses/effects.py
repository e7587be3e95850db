"""The effect of treatment on death: models 1 to 3 (Table 2), their assumptions, and curves in numbers."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from analysis_py.statistics.estimate import Estimate
from analysis_py.statistics.outcome import logistic, logistic_clustered
from analysis_py.statistics.sensitivity import e_value
from analysis_py.statistics.survival import cox, kaplan_meier, log_rank, proportional_hazards
from analysis_py.study.analyses.cohorts import PAIR
from analysis_py.study.analyses.describe import GROUP_NAMES
from analysis_py.study.results import Row, estimated, tested
from analysis_py.study.variables import DEATH_28D, DEATH_HOSPITAL, FOLLOW_UP, HORIZON_DAYS, MODELS, TREATMENT


def usable(covariates: Sequence[str], unusable: Sequence[str]) -> list[str]:
    """Covariates that have values in these data."""
    return [name for name in covariates if name not in unusable]


def effect(data: pd.DataFrame, outcome: str, covariates: Sequence[str], term: str = TREATMENT) -> Estimate:
    """Hazard ratio of 28-day death or odds ratio of hospital death, treated against not or by another term.

    Raises:
        NotEstimable: as survival.cox() and outcome.logistic().
    """
    if outcome == DEATH_28D:
        return cox(data, FOLLOW_UP, DEATH_28D, covariates, term)
    return logistic(data, DEATH_HOSPITAL, covariates, term)


def effect_clustered(data: pd.DataFrame, outcome: str, covariates: Sequence[str]) -> Estimate:
    """As effect(), in matched data, with the standard error robust to dependence within pairs.

    Raises:
        NotEstimable: as survival.cox() and outcome.logistic_clustered().
    """
    if outcome == DEATH_28D:
        return cox(data, FOLLOW_UP, DEATH_28D, covariates, TREATMENT, cluster=PAIR)
    return logistic_clustered(data, DEATH_HOSPITAL, covariates, TREATMENT, PAIR)


def model_places(analysis: str, cohort: str, level: str = "") -> list[Row]:
    """Where the estimates of models 1 to 3 of both outcomes go."""
    return [
        Row(analysis, cohort, outcome, model, TREATMENT, level)
        for outcome in (DEATH_28D, DEATH_HOSPITAL)
        for model in MODELS
    ]


def outcome_models(data: pd.DataFrame, cohort: str, unusable: Sequence[str]) -> list[Row]:
    """Table 2 as published: Cox and logistic models 1 to 3 on one completed copy."""
    return [
        estimated(place, effect, data, place.outcome, usable(MODELS[place.model], unusable))
        for place in model_places("outcome_models", cohort)
    ]


def proportionality(data: pd.DataFrame, cohort: str, unusable: Sequence[str]) -> list[Row]:
    """Is the hazard ratio the same throughout the 28 days? One chi-square per Cox model."""
    rows = []
    for model, covariates in MODELS.items():
        place = Row("proportional_hazards", cohort, DEATH_28D, model, TREATMENT, measure="chi-square")
        chosen = usable(covariates, unusable)
        rows.append(tested(place, proportional_hazards, data, FOLLOW_UP, DEATH_28D, chosen, TREATMENT))
    return rows


def survival_rows(data: pd.DataFrame, cohort: str, death: str = DEATH_28D) -> list[Row]:
    """Survival at day 28 by group, and the log-rank test; `death` is the column that tells who died by then."""
    rows = []
    for treated, group in GROUP_NAMES.items():
        members = data[data[TREATMENT] == treated]
        place = Row("kaplan_meier", f"{cohort} {group}", death, measure="survival at day 28", n=len(members))
        if members.empty:
            rows.append(replace(place, note="not estimable: no patients"))
            continue
        curve = kaplan_meier(members, FOLLOW_UP, death, TREATMENT)
        end = curve[curve["time"] <= HORIZON_DAYS].iloc[-1]
        events = int(members[death].sum())
        rows.append(
            replace(
                place,
                estimate=float(end["survival"]),
                lower=float(end["lower"]),
                upper=float(end["upper"]),
                events=events,
            )
        )
    place = Row("log_rank", cohort, death, measure="chi-square", n=len(data), events=int(data[death].sum()))
    rows.append(tested(place, log_rank, data, FOLLOW_UP, death, TREATMENT))
    return rows


def e_values(models: Sequence[Row]) -> list[Row]:
    """How strong unmeasured confounding would have to be, for each estimate of Table 2 (common outcome)."""
    rows = []
    for row in models:
        if row.analysis != "outcome_models" or not row.model:
            continue
        for part in ("point", "limit"):
            place = Row("e_value", row.cohort, row.outcome, row.model, TREATMENT, part, "E-value")
            if row.estimate is None or row.lower is None or row.upper is None:
                rows.append(replace(place, note=row.note))
                continue
            values = e_value(row.estimate, row.lower, row.upper, "HR" if row.measure == "HR" else "OR")
            rows.append(replace(place, estimate=values.point if part == "point" else values.limit))
    return rows
