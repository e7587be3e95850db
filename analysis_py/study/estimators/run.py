"""The estimators on every completed copy, each copy on its own, and their pooled rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd

from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.estimate import Estimate
from analysis_py.statistics.imputation import pool
from analysis_py.statistics.propensity import fit_propensity
from analysis_py.study.estimators.adjustments import Adjustment, adjustments_of
from analysis_py.study.estimators.attempt import attempt, given
from analysis_py.study.estimators.comparisons import compare_groups
from analysis_py.study.estimators.diagnose import weights_rows
from analysis_py.study.estimators.discharge import with_discharge
from analysis_py.study.estimators.estimates import Estimates, Place, estimate_all
from analysis_py.study.estimators.names import ANALYSIS, MEASURES, cohort_of
from analysis_py.study.results import Row, estimated
from analysis_py.study.variables import DEATH_28D, TREATMENT

Answer = partial["Answers"]


@dataclass(frozen=True)
class Answers:
    """What a copy says under one adjustment (its `level`); `weights` are rows of the first copy alone."""

    level: str
    estimates: Estimates
    weights: Sequence[Row] = ()


def answers_to_ask(
    copies: Sequence[pd.DataFrame], unusable: Sequence[str], discharge_days: pd.Series | None
) -> dict[str, Answer]:
    """What is to be computed, by name: one call per adjustment and copy, none of which waits for another.

    `unusable` covariates are in no model. `discharge_days` as in with_discharge().
    """
    return {
        f"estimators, {adjustment.level}, copy {number}": partial(answer, copy, adjustment, discharge_days, number == 1)
        for adjustment in adjustments_of(copies[0], unusable)
        for number, copy in enumerate(copies, start=1)
    }


def answer(copy: pd.DataFrame, adjustment: Adjustment, discharge_days: pd.Series | None, is_first: bool) -> Answers:
    """All estimators on one copy; the propensity is fitted once."""
    propensity = attempt(fit_propensity, copy, TREATMENT, adjustment.covariates)
    comparisons = compare_groups(copy, adjustment, propensity)
    ended = attempt(with_discharge, copy, discharge_days)
    estimates = estimate_all(copy, adjustment, propensity, comparisons, ended)
    return Answers(adjustment.level, estimates, weights_rows(copy, adjustment, comparisons) if is_first else ())


def estimator_rows(answers: Sequence[Answers]) -> list[Row]:
    """Estimates pooled over the copies by Rubin's rules, then what they rest on; one adjustment after the other.

    Ratios are pooled on the log scale, differences on their own. What one copy refuses is refused.
    """
    rows = []
    for level in dict.fromkeys(one.level for one in answers):
        own = [one for one in answers if one.level == level]
        for name, measures in MEASURES.items():
            for measure in measures:
                place = Row(ANALYSIS, cohort_of(name), DEATH_28D, name, TREATMENT, level, measure)
                rows.append(estimated(place, _pooled, [one.estimates for one in own], (name, measure)))
        rows += [row for one in own for row in one.weights]
    return rows


def _pooled(estimates: Sequence[Mapping[Place, Estimate | NotEstimable]], place: Place) -> Estimate:
    found = [given(one[place]) for one in estimates]
    return found[0] if len(found) == 1 else pool(found)
