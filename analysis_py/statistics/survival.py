"""Time to event: Cox regression, log-rank test, Kaplan-Meier curves."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
import pandas as pd
from lifelines import KaplanMeierFitter
from lifelines.statistics import multivariate_logrank_test
from scipy import stats

from analysis_py.statistics import efron
from analysis_py.statistics.curves import area, area_variance, durations, intervals, weighted_curve
from analysis_py.statistics.design import (
    Booleans,
    Design,
    Floats,
    as_events,
    as_weights,
    build_design,
    clusters,
    complete,
    levels,
    sources,
    two_groups,
    with_values,
)
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.estimate import Z_975, Estimate, TestResult, wald_ratio


@dataclass(frozen=True)
class CoxModel:
    """A fitted model whose last `terms` columns are of interest."""

    design: Design
    fit: efron.CoxFit
    rows: pd.DataFrame
    events: int

    def estimate(self, name: str, covariance: Floats | None = None) -> Estimate:
        """Hazard ratio of one column per natural unit, by the model's or another covariance.

        Raises:
            NotEstimable: the coefficient is not finite.
        """
        column = self.design.column(name)
        used = self.fit.covariance if covariance is None else covariance
        place = Estimate("HR", nan, nan, nan, nan, len(self.rows), self.events, len(self.design.names))
        return wald_ratio(
            place,
            name,
            float(self.fit.coefficients[column]),
            float(used[column, column]),
            float(self.design.scale[column]),
            bool(self.fit.infinite[column]),
        )


def fit_cox(
    data: pd.DataFrame,
    duration: str,
    event: str,
    covariates: Sequence[str],
    terms: Sequence[str],
    weights: str | None = None,
    start: str | None = None,
) -> CoxModel:
    """Cox model with Efron ties on the complete rows; `terms` are added to `covariates` where they are not there.

    A row is at risk after `start` (from the beginning, where there is none) up to `duration`. Rows of weight 0 are left
    out.

    Raises:
        NotEstimable: no events, a negative duration or weight, an interval without length, an unusable column, or a
            term that is constant or redundant.
    """
    further = [name for name in (weights, start) if name is not None]
    rows = complete(data, [duration, event, *further, *covariates, *sources(data, terms)])
    weight = None
    if weights is not None:
        rows = rows[as_weights(rows[weights]) > 0]
        weight = as_weights(rows[weights])
        weight = weight / weight.mean()  # so that the model's own error does not depend on their unit
    times, entry = (durations(rows[duration]), None) if start is None else intervals(rows[start], rows[duration])
    happened = as_events(rows[event])
    if not happened.any():
        raise NotEstimable(f"{event}: no events")
    design = build_design(rows, covariates, terms)
    fitted = efron.fit(design.matrix, times, happened, weight, entry)
    return CoxModel(design, fitted, rows, int(happened.sum()))


def cox(
    data: pd.DataFrame,
    duration: str,
    event: str,
    covariates: Sequence[str],
    term: str,
    weights: str | pd.Series | None = None,
    start: str | pd.Series | None = None,
    cluster: str | pd.Series | None = None,
) -> Estimate:
    """Hazard ratio of `term` in a Cox model with Efron ties, by Wald.

    `covariates` may or may not name `term`. Text covariates become dummies. Rows with missing values are left out.
    `duration` in any unit, at least 0; `event` boolean, 0/1 or 1/2. `weights`, `start` (late entry, counting process)
    and `cluster` are columns, or Series on `data`'s index. With weights or clusters the error is the sandwich of Lin
    and Wei 1989 (weights taken as known; without clusters each row is its own), as R's coxph(robust = TRUE).

    Raises:
        NotEstimable: no events, separation, an unusable column, a negative weight, a row that ends before it starts, a
            missing cluster or a single one.
    """
    data, weight = with_values(data, weights, "weights")
    data, entry = with_values(data, start, "start")
    data, group = with_values(data, cluster, "cluster")
    data = data.reset_index(drop=True)  # rows are found again by their label
    model = fit_cox(data, duration, event, covariates, [term], next(iter(weight), None), next(iter(entry), None))
    if not weight and not group:
        return model.estimate(term)
    model.estimate(term)  # what the likelihood cannot tell, a sandwich cannot either
    codes = clusters(data, model.rows.index, group[0]) if group else np.arange(len(model.rows))
    return model.estimate(term, efron.clustered_covariance(model.fit, codes))


def proportional_hazards(
    data: pd.DataFrame, duration: str, event: str, covariates: Sequence[str], term: str
) -> TestResult:
    """Score test that the hazard ratio of `term` is constant over time: R's cox.zph, transform "km".

    Raises:
        NotEstimable: as cox().
    """
    model = fit_cox(data, duration, event, covariates, [term])
    model.estimate(term)
    statistic = efron.proportionality_score(model.fit, model.design.column(term))
    return TestResult(statistic, float(stats.chi2.sf(statistic, 1)))


def likelihood_ratio(larger: CoxModel, smaller: CoxModel | None = None) -> TestResult:
    """Likelihood-ratio test of the covariates by which `larger` exceeds `smaller` (none), on the same rows.

    Raises:
        NotEstimable: the larger model has no further coefficient to estimate.
    """
    before, likelihood = (len(smaller.design.names), smaller.fit.log_likelihood) if smaller else (0, None)
    freedom = len(larger.design.names) - before
    if freedom < 1:
        raise NotEstimable("the further covariates do not vary")
    start = larger.fit.null_log_likelihood if likelihood is None else likelihood
    statistic = max(2 * (larger.fit.log_likelihood - start), 0.0)
    return TestResult(statistic, float(stats.chi2.sf(statistic, freedom)))


def log_rank(data: pd.DataFrame, duration: str, event: str, group: str) -> TestResult:
    """Log-rank test of equal survival in all levels of `group`.

    Raises:
        NotEstimable: no events, or fewer than two groups.
    """
    rows = complete(data, [duration, event, group])
    times, happened = durations(rows[duration]), as_events(rows[event])
    if rows[group].nunique() < 2:
        raise NotEstimable(f"{group} has fewer than two groups")
    if not happened.any():
        raise NotEstimable(f"{event}: no events")
    result = multivariate_logrank_test(times, rows[group].astype(str).to_numpy(), happened)
    if not np.isfinite(result.test_statistic):
        raise NotEstimable(f"{group}: the groups are never at risk together")
    return TestResult(float(result.test_statistic), float(result.p_value))


def kaplan_meier(
    data: pd.DataFrame,
    duration: str,
    event: str,
    group: str,
    weights: str | pd.Series | None = None,
    start: str | pd.Series | None = None,
) -> pd.DataFrame:
    """Kaplan-Meier curve of each group, one row per distinct time and one at time 0.

    Returns group, time, survival, lower, upper, at_risk (just before `time`; of time 0: from there on). The 95 % band
    is symmetric on the log scale, as R's survfit() gives it; it is missing where nobody survives. `weights` and `start`
    (late entry) are columns, or Series on `data`'s index; with weights at_risk is their sum, and the band is that of
    the infinitesimal jackknife over rows (weights taken as known).

    Raises:
        NotEstimable: an unusable column, a negative weight, a row that ends before it starts, or no complete row.
    """
    data, weight = with_values(data, weights, "weights")
    data, entry = with_values(data, start, "start")
    rows = complete(data, [duration, event, group, *weight, *entry])
    times, late = intervals(rows[entry[0]], rows[duration]) if entry else (durations(rows[duration]), None)
    heavy = as_weights(rows[weight[0]]) if weight else None
    happened = as_events(rows[event])
    curves = []
    for level in levels(rows[group]):
        members = (rows[group] == level).to_numpy(dtype=bool)
        if heavy is None and late is None:
            curve = _curve(times[members], happened[members])
        else:
            own, after = (None if values is None else values[members] for values in (heavy, late))
            curve = weighted_curve(times[members], happened[members], own, after)
        curve["group"] = pd.Series([level] * len(curve), dtype=object)
        curves.append(curve)
    return pd.concat(curves, ignore_index=True)[["group", "time", "survival", "lower", "upper", "at_risk"]]


def _curve(times: Floats, happened: Booleans) -> pd.DataFrame:
    fitter = KaplanMeierFitter().fit(times, happened)
    survival = fitter.survival_function_.iloc[:, 0].to_numpy()
    table = fitter.event_table
    at_risk, deaths = table["at_risk"].to_numpy(dtype=float), table["observed"].to_numpy(dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Greenwood's formula; lifelines gives the band on the log-log scale only
        half = Z_975 * np.sqrt(np.cumsum(deaths / (at_risk * (at_risk - deaths))))
        lower, upper = survival * np.exp(-half), np.minimum(survival * np.exp(half), 1)
    return pd.DataFrame(
        {
            "time": table.index.to_numpy(dtype=float),
            "survival": survival,
            "lower": np.where(survival > 0, lower, np.nan),
            "upper": np.where(survival > 0, upper, np.nan),
            "at_risk": at_risk.astype(int),
        }
    )


def restricted_mean(data: pd.DataFrame, duration: str, event: str, group: str, horizon: float) -> Estimate:
    """Difference of the mean event-free time up to `horizon` (unit of `duration`), second level of `group` less first.

    The area under each Kaplan-Meier curve; Wald interval with Greenwood's variance, as survRM2 (Royston and Parmar
    2013, doi:10.1186/1471-2288-13-152).

    Raises:
        NotEstimable: not two groups, no events, an unusable column, or a group whose follow-up ends before `horizon`.
    """
    rows = complete(data, [duration, event, group])
    times, happened = durations(rows[duration]), as_events(rows[event])
    treated = two_groups(rows[group])
    means, variances = [], []
    for name, members in (("treated", treated), ("untreated", ~treated)):
        curve = weighted_curve(times[members], happened[members], None, None)
        means.append(area(curve["time"].to_numpy(), curve["survival"].to_numpy(), horizon, f"{name} of {group}"))
        variances.append(area_variance(times[members], happened[members], horizon))
    error = float(np.sqrt(sum(variances)))
    if not error > 0:
        raise NotEstimable(f"{event}: no events before {horizon:g}")
    difference = means[0] - means[1]
    return Estimate(
        measure="RMSTD",
        value=difference,
        lower=difference - Z_975 * error,
        upper=difference + Z_975 * error,
        p_value=float(2 * stats.norm.sf(abs(difference / error))),
        n=len(rows),
        events=int((happened & (times <= horizon)).sum()),
    )
