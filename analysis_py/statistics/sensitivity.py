"""How strong must unmeasured confounding be to explain an effect away?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from analysis_py.statistics.errors import NotEstimable


@dataclass(frozen=True)
class EValue:
    """E-value of the point estimate and of the confidence limit nearer to 1 (1 if the interval holds 1)."""

    point: float
    limit: float


def e_value(
    value: float,
    lower: float,
    upper: float,
    measure: Literal["HR", "OR", "RR"] = "HR",
    common_outcome: bool = True,
) -> EValue:
    """E-value of a ratio (VanderWeele and Ding 2017, doi:10.7326/M16-2607).

    With a common outcome (over 15 %) a hazard ratio is converted by RR = (1 - 0.5^sqrt(HR)) / (1 - 0.5^sqrt(1/HR)) and
    an odds ratio by its square root; otherwise both are taken as risk ratios.

    Raises:
        NotEstimable: a ratio that is not a positive number, or limits that do not enclose the value.
    """
    nearer = _nearer_limit(value, lower, upper, measure)
    return EValue(
        point=_from_risk_ratio(_risk_ratio(value, measure, common_outcome)),
        limit=_from_risk_ratio(_risk_ratio(nearer, measure, common_outcome)),
    )


def confounding_bias(ratio: float, treated: float, untreated: float) -> float:
    """By how much an unmeasured binary cause multiplies an observed risk ratio.

    The cause multiplies the risk by `ratio` and is present in a share `treated` of the treated and `untreated` of the
    untreated, given the covariates; observed = true x bias. Lin 1998, doi:10.2307/2533848; Schneeweiss 2006,
    doi:10.1002/pds.1200.

    Raises:
        ValueError: a ratio that is not a positive number, or a share outside 0 to 1.
    """
    if not (np.isfinite(ratio) and ratio > 0):
        raise ValueError(f"ratio must be a positive number, not {ratio!r}")
    _require_shares([treated, untreated])
    return (1 + treated * (ratio - 1)) / (1 + untreated * (ratio - 1))


def tipping_points(
    value: float,
    lower: float,
    upper: float,
    treated: Sequence[float],
    untreated: Sequence[float],
    measure: Literal["HR", "OR", "RR"] = "HR",
    common_outcome: bool = True,
) -> pd.DataFrame:
    """How strong an unmeasured binary cause must be, by its prevalence, to explain an effect away.

    Returns treated, untreated (every pair of the shares given), estimate, limit: the risk ratio of the cause at which
    the estimate, or the confidence limit nearer to 1, would be 1 without it (confounding_bias()). Below 1 the cause
    protects; 1 where nothing is to be explained; infinite where no strength is enough. Ratios are converted as
    e_value() does.

    Raises:
        NotEstimable: as e_value().
        ValueError: a share outside 0 to 1.
    """
    nearer = _nearer_limit(value, lower, upper, measure)
    _require_shares([*treated, *untreated])
    bias = [_risk_ratio(one, measure, common_outcome) for one in (value, nearer)]
    rows = [(p1, p0, *(_strength(one, p1, p0) for one in bias)) for p1 in treated for p0 in untreated]
    return pd.DataFrame(rows, columns=["treated", "untreated", "estimate", "limit"], dtype=float)


def _strength(bias: float, treated: float, untreated: float) -> float:
    """The ratio of the cause that makes this bias: confounding_bias() solved for it."""
    if bias == 1:
        return 1.0
    slope = treated - bias * untreated
    ratio = 1 + (bias - 1) / slope if slope != 0 else 0.0
    return ratio if ratio > 0 else float("inf")


def _require_shares(shares: Sequence[float]) -> None:
    for share in shares:
        if not 0 <= share <= 1:
            raise ValueError(f"a prevalence must lie between 0 and 1, not {share!r}")


def _nearer_limit(value: float, lower: float, upper: float, measure: str) -> float:
    if not (np.isfinite([value, lower, upper]).all() and 0 < lower <= value <= upper):
        raise NotEstimable(f"{measure} {value:g} ({lower:g} to {upper:g}) is no ratio with its interval")
    return 1.0 if lower <= 1 <= upper else (lower if lower > 1 else upper)


def _risk_ratio(value: float, measure: str, common_outcome: bool) -> float:
    if measure not in ("HR", "OR", "RR"):
        raise ValueError(f"measure must be HR, OR or RR, not {measure!r}")
    if measure == "RR" or not common_outcome:
        return value
    if measure == "OR":
        return float(np.sqrt(value))
    # 1 - 0.5^x, exact for a ratio near 0 too
    return float(np.expm1(-np.log(2) * np.sqrt(value)) / np.expm1(-np.log(2) / np.sqrt(value)))


def _from_risk_ratio(ratio: float) -> float:
    away = ratio if ratio >= 1 else 1 / ratio
    return float(away + np.sqrt(away * (away - 1)))
