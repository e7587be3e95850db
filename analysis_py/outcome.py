"""Binary outcomes: logistic regression."""

import warnings
from collections.abc import Sequence
from math import nan

import numpy as np
import pandas as pd
import statsmodels.api as sm

from analysis_py.design import Booleans, Floats, as_binary, build_design, complete
from analysis_py.efron import diverging
from analysis_py.errors import NotEstimable
from analysis_py.estimate import Estimate, wald_ratio


def logistic(data: pd.DataFrame, outcome: str, covariates: Sequence[str], term: str) -> Estimate:
    """Odds ratio of `term` by maximum likelihood, Wald interval.

    `covariates` may or may not name `term`. Text covariates become dummies. Rows with missing values are left out.

    Raises:
        NotEstimable: constant outcome, separation, or an unusable column.
    """
    return logistic_terms(data, outcome, covariates, [term])[term]


def logistic_terms(
    data: pd.DataFrame, outcome: str, covariates: Sequence[str], terms: Sequence[str]
) -> dict[str, Estimate]:
    """As logistic(), for several terms of one model.

    Raises:
        NotEstimable: as logistic(), if one of the terms has no finite coefficient.
    """
    sources = [term if term in data.columns else term.split("=", 1)[0] for term in terms]
    rows = complete(data, [outcome, *covariates, *sources])
    happened = as_binary(rows[outcome])
    if happened.all() or not happened.any():
        raise NotEstimable(f"{outcome} is the same in all {len(rows)} rows")
    design = build_design(rows, covariates, terms)
    coefficients, covariance, fitted = fit_binomial(design.matrix, happened)
    residual = happened - fitted
    with_intercept = np.column_stack([np.ones(len(rows)), design.matrix])
    infinite = diverging(coefficients, covariance @ (with_intercept.T @ residual))[1:]
    if np.abs(residual).max() < 1e-5:
        raise NotEstimable(f"the covariates separate {outcome} completely")
    place = Estimate("OR", nan, nan, nan, nan, len(rows), int(happened.sum()), len(coefficients))
    estimates = {}
    for term in terms:
        column = next(at for at, name in enumerate(design.names) if name == term or name.startswith(f"{term}="))
        estimates[term] = wald_ratio(
            place,
            term,
            float(coefficients[column + 1]),
            float(covariance[column + 1, column + 1]),
            float(design.scale[column]),
            bool(infinite[column]),
        )
    return estimates


def fit_binomial(matrix: Floats, happened: Booleans) -> tuple[Floats, Floats, Floats]:
    """Logistic regression with intercept: coefficients (intercept first), their covariance, fitted probabilities."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # separation is judged from the fit by the callers; statsmodels would warn at each iteration
        warnings.simplefilter("ignore")
        model = sm.GLM(
            happened.astype(float), np.column_stack([np.ones(len(matrix)), matrix]), family=sm.families.Binomial()
        ).fit(maxiter=100, tol=1e-10)
        coefficients = np.asarray(model.params)
        covariance = np.asarray(model.normalized_cov_params)
        # column by column, so that rows with equal covariates get equal probabilities to the last bit
        linear = np.full(len(matrix), coefficients[0])
        for column, coefficient in enumerate(coefficients[1:]):
            linear = linear + matrix[:, column] * coefficient
        fitted = 1 / (1 + np.exp(-linear))
    return coefficients, covariance, fitted
