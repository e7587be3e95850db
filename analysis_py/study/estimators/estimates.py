"""Every estimator on one completed copy."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd
from scipy import stats

from analysis_py.statistics.competing import fine_gray, incidence_difference
from analysis_py.statistics.contrasts import CurvesCompared, compare_curves
from analysis_py.statistics.design import encode
from analysis_py.statistics.doubly_robust import RiskContrast, aipw, standardize
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.estimate import Z_975, Estimate
from analysis_py.statistics.outcome import logistic
from analysis_py.statistics.survival import cox
from analysis_py.study.estimators.adjustments import Adjustment
from analysis_py.study.estimators.attempt import attempt, given
from analysis_py.study.estimators.comparisons import Comparison, Comparisons
from analysis_py.study.estimators.discharge import CAUSE, DIED, ENDED
from analysis_py.study.estimators.names import (
    AALEN_JOHANSEN,
    ADJUSTED,
    AIPW,
    CAUSE_SPECIFIC,
    FINE_GRAY,
    HR,
    IPTW_ATE,
    MATCHED,
    OR,
    RD,
    RMSTD,
    RR,
    SHR,
    STANDARDIZATION,
    WEIGHTED,
)
from analysis_py.study.variables import DEATH_28D, FOLLOW_UP, HORIZON_DAYS, TREATMENT

Place = tuple[str, str]  # estimator and measure
Estimates = dict[Place, Estimate | NotEstimable]
_CAUSE_HAPPENED = "died_in_hospital_days"


def estimate_all(
    copy: pd.DataFrame,
    adjustment: Adjustment,
    propensity: pd.Series | NotEstimable,
    comparisons: Comparisons,
    ended: pd.DataFrame | NotEstimable,
) -> Estimates:
    """Each measure of each estimator, or the reason why there is none.

    `ended` is the copy as with_discharge() gives it. What is weighted or matched takes the weights as known. AIPW and
    standardization have one model of death for both arms, about everybody: a model of the treated alone would have more
    coefficients than a few hundred patients can tell.
    """
    found: Estimates = {}
    for name in (*WEIGHTED, *MATCHED):
        for measure, value in _compared(copy, comparisons[name]).items():
            found[name, measure] = value
    covariates = adjustment.covariates
    joint = partial(_contrast, copy, covariates)
    robust = attempt(lambda: joint(aipw, propensity=given(propensity)))
    found |= _risks(AIPW, robust) | _risks(STANDARDIZATION, attempt(joint, standardize))
    found[ADJUSTED, HR] = attempt(cox, copy, FOLLOW_UP, DEATH_28D, covariates, TREATMENT)
    found[ADJUSTED, OR] = attempt(logistic, copy, DEATH_28D, covariates, TREATMENT)
    return found | _competing(covariates, ended, comparisons[IPTW_ATE])


def _compared(copy: pd.DataFrame, comparison: Comparison | NotEstimable) -> dict[str, Estimate | NotEstimable]:
    """Hazard ratio, risk difference and ratio at day 28, difference of the mean days to it."""
    curves = attempt(_curves, copy, comparison)

    def of(measure: Callable[[CurvesCompared], Estimate]) -> Estimate | NotEstimable:
        return attempt(lambda: measure(given(curves)))

    return {
        HR: attempt(_hazard_ratio, copy, comparison),
        RD: of(CurvesCompared.risk_difference),
        RR: of(CurvesCompared.risk_ratio),
        RMSTD: of(CurvesCompared.mean_difference),
    }


def _rows(copy: pd.DataFrame, comparison: Comparison) -> tuple[pd.DataFrame, pd.Series, pd.Series | None]:
    """Those who are compared, with their weights and sets."""
    weights = comparison.weights
    used = weights > 0
    sets = None if comparison.sets is None else comparison.sets[used]
    return copy[used], weights[used], sets


def _hazard_ratio(copy: pd.DataFrame, comparison: Comparison | NotEstimable) -> Estimate:
    rows, weights, sets = _rows(copy, given(comparison))
    return cox(rows, FOLLOW_UP, DEATH_28D, [], TREATMENT, weights=weights, cluster=sets)


def _curves(copy: pd.DataFrame, comparison: Comparison | NotEstimable) -> CurvesCompared:
    rows, weights, sets = _rows(copy, given(comparison))
    return compare_curves(rows, FOLLOW_UP, DEATH_28D, TREATMENT, HORIZON_DAYS, weights, sets)


def _contrast(
    copy: pd.DataFrame,
    covariates: Sequence[str],
    method: Callable[..., RiskContrast],
    propensity: pd.Series | None = None,
) -> dict[str, Estimate]:
    further = {} if propensity is None else {"propensity": propensity}
    found = method(copy, DEATH_28D, TREATMENT, covariates, "ATE", "joint", **further)
    coefficients = encode(copy, covariates).shape[1] + 2  # treatment and intercept
    sizes = (len(copy), int(copy[DEATH_28D].sum()), coefficients)
    p_values = _p_value(found.difference, found.se), _p_value(float(np.log(found.ratio)), found.log_ratio_se)
    lower, upper = (found.ratio * np.exp([-1, 1] * np.array(Z_975 * found.log_ratio_se))).tolist()
    return {
        RD: Estimate(RD, found.difference, found.lower, found.upper, p_values[0], *sizes),
        RR: Estimate(RR, found.ratio, lower, upper, p_values[1], *sizes),
    }


def _p_value(value: float, error: float) -> float:
    return float(2 * stats.norm.sf(abs(value / error)))


def _risks(name: str, found: dict[str, Estimate] | NotEstimable) -> Estimates:
    return {(name, measure): found if isinstance(found, NotEstimable) else found[measure] for measure in (RD, RR)}


def _competing(
    covariates: Sequence[str], ended: pd.DataFrame | NotEstimable, weighted: Comparison | NotEstimable
) -> Estimates:
    """Of death where who leaves the hospital alive can no longer die in it.

    Fine and Gray's model and that of the cause-specific hazard (discharge ends the time at risk) adjust by covariates;
    the difference of Aalen and Johansen's incidences is of groups made alike by IPTW_ATE.
    """

    def subdistribution() -> Estimate:
        return fine_gray(given(ended), ENDED, CAUSE, covariates, TREATMENT, DIED)

    def cause_specific() -> Estimate:
        rows = given(ended)
        return cox(rows.assign(**{_CAUSE_HAPPENED: rows[CAUSE] == DIED}), ENDED, _CAUSE_HAPPENED, covariates, TREATMENT)

    def incidence() -> Estimate:
        rows, weights = given(ended), given(weighted).weights
        return incidence_difference(rows, ENDED, CAUSE, TREATMENT, DIED, HORIZON_DAYS, weights)

    return {
        (FINE_GRAY, SHR): attempt(subdistribution),
        (CAUSE_SPECIFIC, HR): attempt(cause_specific),
        (AALEN_JOHANSEN, RD): attempt(incidence),
    }
