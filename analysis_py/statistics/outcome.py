"""Binary outcomes: logistic regression."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
import pandas as pd
from statsmodels.discrete.discrete_model import Logit
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.tools.sm_exceptions import PerfectSeparationError

from analysis_py.statistics.design import (
    Booleans,
    Design,
    Floats,
    as_binary,
    as_weights,
    build_design,
    clusters,
    complete,
    sources,
    with_values,
)
from analysis_py.statistics.efron import Integers, diverging, invert
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.estimate import Estimate, wald_ratio


@dataclass(frozen=True)
class LogisticModel:
    """A fitted model; coefficients are those of the standardized design, intercept first.

    `residual` is outcome less probability, times the row's weight, of the rows labeled `index`.
    """

    design: Design
    coefficients: Floats
    covariance: Floats
    infinite: Booleans
    residual: Floats
    index: pd.Index
    events: int

    def estimate(self, name: str, covariance: Floats | None = None) -> Estimate:
        """Odds ratio of one term per natural unit, by the model's or another covariance.

        Raises:
            NotEstimable: the coefficient is not finite.
        """
        column = self.design.column(name)
        used = self.covariance if covariance is None else covariance
        place = Estimate("OR", nan, nan, nan, nan, len(self.index), self.events, len(self.coefficients))
        return wald_ratio(
            place,
            name,
            float(self.coefficients[column + 1]),
            float(used[column + 1, column + 1]),
            float(self.design.scale[column]),
            bool(self.infinite[column]),
        )


def logistic(
    data: pd.DataFrame,
    outcome: str,
    covariates: Sequence[str],
    term: str,
    weights: str | pd.Series | None = None,
    cluster: str | pd.Series | None = None,
) -> Estimate:
    """Odds ratio of `term` by maximum likelihood, Wald interval.

    `covariates` may or may not name `term`. Text covariates become dummies. Rows with missing values are left out.
    `weights` and `cluster` are columns, or Series on `data`'s index. With either the error is the sandwich HC0 without
    a factor for small samples, weights taken as known (R's sandwich, vcovHC and vcovCL; Zeileis 2020).

    Raises:
        NotEstimable: constant outcome, separation, an unusable column, a negative weight, a missing cluster or a single
            one.
    """
    data, weight = with_values(data, weights, "weights")
    data, group = with_values(data, cluster, "cluster")
    data = data.reset_index(drop=True)  # rows are found again by their label
    model = fit_logistic(data, outcome, covariates, [term], next(iter(weight), None))
    if not weight and not group:
        return model.estimate(term)
    model.estimate(term)  # what the likelihood cannot tell, a sandwich cannot either
    codes = clusters(data, model.index, group[0]) if group else np.arange(len(model.index))
    return model.estimate(term, _sandwich(model, codes))


def logistic_clustered(
    data: pd.DataFrame, outcome: str, covariates: Sequence[str], term: str, cluster: str
) -> Estimate:
    """As logistic(), with the standard error robust to dependence within `cluster` (matched pair).

    Scores summed within clusters, times g / (g - 1) for g clusters: R's sandwich::vcovCL (Zeileis 2020).

    Raises:
        NotEstimable: as logistic(), a missing cluster, or a single one.
    """
    model = fit_logistic(data, outcome, covariates, [term])
    model.estimate(term)  # what the likelihood cannot tell, a sandwich cannot either
    codes = clusters(data, model.index, cluster)
    count = int(codes.max()) + 1
    return model.estimate(term, _sandwich(model, codes) * count / (count - 1))


def _sandwich(model: LogisticModel, codes: Integers) -> Floats:
    """Covariance from scores summed within clusters."""
    with_intercept = np.column_stack([np.ones(len(codes)), model.design.matrix])
    sums = np.zeros((int(codes.max()) + 1, with_intercept.shape[1]))
    np.add.at(sums, codes, with_intercept * model.residual[:, None])
    influence = sums @ model.covariance
    return np.asarray(influence.T @ influence)


def fit_logistic(
    data: pd.DataFrame, outcome: str, covariates: Sequence[str], terms: Sequence[str], weights: str | None = None
) -> LogisticModel:
    """Logistic model on the complete rows; `terms` are added to `covariates` where they are not there.

    Rows of weight 0 are left out.

    Raises:
        NotEstimable: constant outcome, complete separation, a negative weight, or an unusable column.
    """
    rows = complete(data, [outcome, *([] if weights is None else [weights]), *covariates, *sources(data, terms)])
    weight = np.ones(len(rows))
    if weights is not None:
        rows = rows[as_weights(rows[weights]) > 0]
        weight = as_weights(rows[weights])
        weight = weight / weight.mean()  # so that the model's own error does not depend on their unit
    happened = as_binary(rows[outcome])
    if happened.all() or not happened.any():
        raise NotEstimable(f"{outcome} is the same in all {len(rows)} rows")
    design = build_design(rows, covariates, terms)
    coefficients, covariance, fitted = fit_binomial(design.matrix, happened, None if weights is None else weight)
    residual = happened - fitted
    if np.abs(residual).max() < 1e-5:
        raise NotEstimable(f"the covariates separate {outcome} completely")
    residual = residual * weight
    with_intercept = np.column_stack([np.ones(len(rows)), design.matrix])
    infinite = diverging(coefficients, covariance @ (with_intercept.T @ residual))[1:]
    return LogisticModel(design, coefficients, covariance, infinite, residual, rows.index, int(happened.sum()))


def fit_binomial(matrix: Floats, happened: Booleans, weights: Floats | None = None) -> tuple[Floats, Floats, Floats]:
    """Logistic regression with intercept: coefficients (intercept first), their covariance, fitted probabilities.

    With `weights` the covariance is the inverse information of the weighted likelihood.

    Raises:
        NotEstimable: the iterations break down.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # separation is judged from the fit by the callers; statsmodels would warn at each iteration
        warnings.simplefilter("ignore")
        with_intercept = np.column_stack([np.ones(len(matrix)), matrix])
        coefficients = _newton(with_intercept, happened) if weights is None else None
        if coefficients is None:
            coefficients = _reweighted(with_intercept, happened, weights)
        # column by column, so that rows with equal covariates get equal probabilities to the last bit
        linear = np.full(len(matrix), coefficients[0])
        for column, coefficient in enumerate(coefficients[1:]):
            linear = linear + matrix[:, column] * coefficient
        fitted = 1 / (1 + np.exp(-linear))
        # that of GLM is of the weights before its last step
        known = fitted * (1 - fitted) * (1.0 if weights is None else weights)
        information = with_intercept.T @ (with_intercept * known[:, None])
        covariance = invert(information)
    return coefficients, covariance, fitted


def _newton(matrix: Floats, happened: Booleans) -> Floats | None:
    """The maximum by Newton's method, several times faster than regressions; None where a coefficient runs away."""
    try:
        model = Logit(happened.astype(float), matrix).fit(
            method="newton", maxiter=25, tol=1e-8, disp=False, warn_convergence=False
        )
    except (ValueError, np.linalg.LinAlgError, PerfectSeparationError):
        return None
    return np.asarray(model.params, dtype=np.float64) if model.mle_retvals["converged"] else None


def _reweighted(matrix: Floats, happened: Booleans, weights: Floats | None) -> Floats:
    """The same by weighted regressions, which end where the likelihood settles, whatever a coefficient does."""
    try:
        model = GLM(happened.astype(float), matrix, family=Binomial(), freq_weights=weights)
        return np.asarray(model.fit(maxiter=100, tol=1e-10).params, dtype=np.float64)
    except (ValueError, np.linalg.LinAlgError) as error:
        raise NotEstimable("the logistic model does not converge") from error
