"""Risks under treatment and without it: standardization by an outcome model, and augmented by the propensity score."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from analysis_py.statistics.design import (
    Booleans,
    Floats,
    as_binary,
    complete,
    encode,
    independent_columns,
    two_groups,
    with_values,
)
from analysis_py.statistics.efron import diverging
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.estimate import Z_975
from analysis_py.statistics.outcome import fit_binomial
from analysis_py.statistics.propensity import fit_propensity
from analysis_py.statistics.weighting import require_probabilities

Target = Literal["ATE", "ATT"]
OutcomeModel = Literal["per_arm", "joint"]

# Of the arm that a row is in. A fitted risk is known to about this many digits: divided by less it is noise.
_LEAST_PROBABILITY = 1e-8


@dataclass(frozen=True)
class RiskContrast:
    """Risks with treatment (1) and without (0), their difference with its 95 % Wald interval, and their ratio.

    `log_ratio_se` is the standard error of the ratio's logarithm, `log_odds_ratio_se` that of the logarithm of the odds
    ratio (delta method).
    """

    risk1: float
    risk0: float
    difference: float
    se: float
    lower: float
    upper: float
    ratio: float
    log_ratio_se: float
    log_odds_ratio_se: float

    @property
    def odds_ratio(self) -> float:
        """The marginal odds ratio that both risks stand for."""
        return self.risk1 / (1 - self.risk1) / (self.risk0 / (1 - self.risk0))


@dataclass(frozen=True)
class _Rows:
    """Complete rows: encoded covariates (rows x columns), their names, and who is treated and has the outcome."""

    data: pd.DataFrame
    outcome: str
    treatment: str
    covariates: list[str]
    matrix: Floats
    names: list[str]
    treated: Booleans
    happened: Booleans


@dataclass(frozen=True)
class _Arm:
    """What an outcome model says of one arm.

    `risk` of each row were it in the arm, with the design of that (`matrix`); of the fit the `scores` of each row (0
    where it took no part) and the inverse of their `information`.
    """

    risk: Floats
    matrix: Floats
    scores: Floats
    covariance: Floats


def aipw(
    data: pd.DataFrame,
    outcome: str,
    treatment: str,
    covariates: Sequence[str],
    estimand: Target = "ATE",
    outcome_model: OutcomeModel = "per_arm",
    propensity: pd.Series | None = None,
) -> RiskContrast:
    """Augmented inverse probability weighting with logistic models of treatment and outcome on all `covariates`.

    Right where one of both models is (Robins, Rotnitzky and Zhao 1994, doi:10.1080/01621459.1994.10476818; ATT: Moodie,
    Saarela and Stephens 2018, doi:10.1002/sta4.205). The outcome's model is fitted in each arm, or to all rows with the
    treatment as a further term. Not normalized, not truncated; the error is that of the influence function, var / n.
    Text covariates become dummies. Rows with missing values are left out. `propensity`, on `data`'s index, is that of a
    model that was fitted before.

    Raises:
        NotEstimable: an empty group, an unusable column, an outcome model or treatment that is separated, a row whose
            arm was as good as impossible for it, a propensity of other rows, or a risk that is none.
        ValueError: an unknown estimand or outcome model.
    """
    data, known = with_values(data, propensity, "propensity")
    rows = _rows(data, outcome, treatment, covariates, estimand, outcome_model, known)
    treated, happened = rows.treated, rows.happened
    fitted = rows.data[known[0]] if known else fit_propensity(rows.data, treatment, covariates)
    score, _ = require_probabilities(fitted, rows.data[treatment])
    own = np.where(treated, score, 1 - score)
    _require_overlap(own if estimand == "ATE" else own[~treated], treatment)
    without = _arm(rows, False, outcome_model)
    if estimand == "ATE":
        given = _arm(rows, True, outcome_model)
        terms1 = given.risk + np.where(treated, (happened - given.risk) / own, 0.0)
        terms0 = without.risk + np.where(treated, 0.0, (happened - without.risk) / own)
        return _contrast(outcome, terms1.mean(), terms0.mean(), terms1, terms0, len(score) - 1)
    share = treated.mean()
    weight = np.where(treated, 0.0, score / own)
    terms0 = np.where(treated, without.risk, weight * (happened - without.risk)) / share
    terms1 = treated * happened / share
    risk1, risk0 = terms1.mean(), terms0.mean()
    influence1, influence0 = terms1 - treated * risk1 / share, terms0 - treated * risk0 / share
    return _contrast(outcome, risk1, risk0, influence1, influence0, len(score) - 1)


def standardize(
    data: pd.DataFrame,
    outcome: str,
    treatment: str,
    covariates: Sequence[str],
    estimand: Target = "ATE",
    outcome_model: OutcomeModel = "per_arm",
) -> RiskContrast:
    """Mean risk that a logistic model of the outcome gives all rows (ATE) or the treated (ATT) under both treatments.

    G-computation (Robins 1986, doi:10.1016/0270-0255(86)90088-6; Snowden, Rose and Mortimer 2011,
    doi:10.1093/aje/kwq472). The model is as in aipw(), and so is what is left out. The error is that of M-estimation:
    mean square of the influence / n, the coefficients' part included (Stefanski and Boos 2002,
    doi:10.1198/000313002753631330).

    Raises:
        NotEstimable: an empty group, an unusable column, or an outcome model that is separated.
        ValueError: an unknown estimand or outcome model.
    """
    rows = _rows(data, outcome, treatment, covariates, estimand, outcome_model)
    target = np.ones(len(rows.treated)) if estimand == "ATE" else rows.treated.astype(float)
    risk0, influence0 = _mean_risk(_arm(rows, False, outcome_model), target)
    if estimand == "ATE":
        risk1, influence1 = _mean_risk(_arm(rows, True, outcome_model), target)
    else:  # what a logistic model with the treatment as a term says of the treated is what happened to them
        risk1 = float(rows.happened[rows.treated].mean())
        influence1 = target * (rows.happened - risk1) / target.mean()
    return _contrast(outcome, risk1, risk0, influence1, influence0, len(target))


def _rows(
    data: pd.DataFrame,
    outcome: str,
    treatment: str,
    covariates: Sequence[str],
    estimand: Target,
    outcome_model: OutcomeModel,
    further: Sequence[str] = (),
) -> _Rows:
    if estimand not in ("ATE", "ATT"):
        raise ValueError(f"estimand must be 'ATE' or 'ATT', not {estimand!r}")
    if outcome_model not in ("per_arm", "joint"):
        raise ValueError(f"outcome_model must be 'per_arm' or 'joint', not {outcome_model!r}")
    names = [name for name in dict.fromkeys(covariates) if name != treatment]
    rows = complete(data, [outcome, treatment, *names, *further]).reset_index(drop=True)
    treated, happened = two_groups(rows[treatment]), as_binary(rows[outcome])
    for arm, members in (("treated", treated), ("untreated", ~treated)):
        if happened[members].all() or not happened[members].any():
            raise NotEstimable(f"{outcome} is the same in all {int(members.sum())} {arm} rows")
    numbers = encode(rows, names)
    return _Rows(
        rows, outcome, treatment, names, numbers.to_numpy(dtype=float), list(numbers.columns), treated, happened
    )


def _arm(rows: _Rows, arm: bool, outcome_model: OutcomeModel) -> _Arm:
    """The outcome's model of one arm, fitted to its rows alone or to all.

    Raises:
        NotEstimable: the likelihood has no finite maximum.
    """
    if outcome_model == "per_arm":
        used = rows.treated == arm
        observed = _standardized(rows.matrix, rows.names, used)
        counterfactual = observed
        where = f"among the {'' if arm else 'un'}treated"
    else:
        used = np.ones(len(rows.treated), dtype=bool)
        centred = rows.treated - rows.treated.mean()
        observed = _standardized(
            np.column_stack([rows.matrix, centred]), [*rows.names, rows.treatment], used, rows.treatment
        )
        counterfactual = observed.with_last(float(arm) - rows.treated.mean())
        where = "in all rows"
    coefficients, covariance, fitted = fit_binomial(observed.matrix[used], rows.happened[used])
    residual = np.zeros(len(used))
    residual[used] = rows.happened[used] - fitted
    design = np.column_stack([np.ones(len(used)), observed.matrix])
    scores = design * residual[:, None]
    _require_maximum(coefficients, covariance, scores.sum(axis=0), residual[used], observed.names, rows.outcome, where)
    matrix = np.column_stack([np.ones(len(used)), counterfactual.matrix])
    with np.errstate(over="ignore"):
        risk = 1 / (1 + np.exp(-(matrix @ coefficients)))
    return _Arm(risk, matrix, scores, covariance)


@dataclass(frozen=True)
class _Standardized:
    matrix: Floats
    names: list[str]
    centre: Floats
    scale: Floats

    def with_last(self, value: float) -> "_Standardized":
        """All rows with one value of the last column."""
        matrix = self.matrix.copy()
        matrix[:, -1] = (value - self.centre[-1]) / self.scale[-1]
        return _Standardized(matrix, self.names, self.centre, self.scale)


def _standardized(matrix: Floats, names: list[str], used: Booleans, term: str | None = None) -> _Standardized:
    """All rows in units of the `used` ones, without the columns that are constant or redundant among these.

    Raises:
        NotEstimable: the last column, `term`, is one of them.
    """
    centre, scale = matrix[used].mean(axis=0), matrix[used].std(axis=0)
    kept = np.flatnonzero(scale > 1e-12 * (np.abs(matrix[used]).max(axis=0, initial=0) + 1e-300))
    kept = kept[independent_columns((matrix[np.ix_(used, kept)] - centre[kept]) / scale[kept])]
    if term is not None and (not len(kept) or kept[-1] != len(names) - 1):
        raise NotEstimable(f"{term} is a combination of the covariates")
    standardized = (matrix[:, kept] - centre[kept]) / scale[kept]
    return _Standardized(standardized, [names[at] for at in kept], centre[kept], scale[kept])


def _require_maximum(
    coefficients: Floats,
    covariance: Floats,
    gradient: Floats,
    residual: Floats,
    names: list[str],
    outcome: str,
    where: str,
) -> None:
    if np.abs(residual).max() < 1e-5:
        raise NotEstimable(f"the covariates separate {outcome} completely {where}")
    infinite = diverging(coefficients, covariance @ gradient)[1:]
    if infinite.any():
        told = ", ".join(name for name, runs in zip(names, infinite, strict=True) if runs)
        raise NotEstimable(f"{told}: no finite coefficient in the model of {outcome} {where} (separation)")


def _mean_risk(arm: _Arm, target: Floats) -> tuple[float, Floats]:
    """Mean over the rows of the `target` (0 or 1), and each row's influence on it."""
    share = target.mean()
    risk = float(np.average(arm.risk, weights=target))
    slope = np.average(arm.matrix * (arm.risk * (1 - arm.risk))[:, None], axis=0, weights=target)
    influence = target * (arm.risk - risk) / share + len(target) * (arm.scores @ (arm.covariance @ slope))
    return risk, np.asarray(influence)


def _require_overlap(own: Floats, treatment: str) -> None:
    if own.min() < _LEAST_PROBABILITY:
        raise NotEstimable(
            f"{treatment}: the smallest probability of an arm that a row is in is {own.min():.1g}; no weight can be "
            "made of it"
        )


def _contrast(
    outcome: str, risk1: float, risk0: float, influence1: Floats, influence0: Floats, freedom: int
) -> RiskContrast:
    """Both risks with the errors that their influences (up to a constant) stand for.

    Raises:
        NotEstimable: a risk that is not between 0 and 1: a few large weights decide.
    """
    risk1, risk0 = float(risk1), float(risk0)
    for name, risk in (("with", risk1), ("without", risk0)):
        if not 0 < risk < 1:
            raise NotEstimable(f"{outcome}: the risk {name} treatment comes out as {risk:.3g}, which is none")
    error = _error(influence1 - influence0, freedom)
    return RiskContrast(
        risk1=risk1,
        risk0=risk0,
        difference=risk1 - risk0,
        se=error,
        lower=risk1 - risk0 - Z_975 * error,
        upper=risk1 - risk0 + Z_975 * error,
        ratio=risk1 / risk0,
        log_ratio_se=_error(influence1 / risk1 - influence0 / risk0, freedom),
        log_odds_ratio_se=_error(
            influence1 / (risk1 * (1 - risk1)) - influence0 / (risk0 * (1 - risk0)),
            freedom,
        ),
    )


def _error(influence: Floats, freedom: int) -> float:
    around = influence - influence.mean()
    return float(np.sqrt((around @ around) / freedom / len(influence)))
