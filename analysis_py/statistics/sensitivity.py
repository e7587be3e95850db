"""How strong must unmeasured confounding be to explain an effect away?"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

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
    if not (np.isfinite([value, lower, upper]).all() and 0 < lower <= value <= upper):
        raise NotEstimable(f"{measure} {value:g} ({lower:g} to {upper:g}) is no ratio with its interval")
    nearer = 1.0 if lower <= 1 <= upper else (lower if lower > 1 else upper)
    return EValue(
        point=_from_risk_ratio(_risk_ratio(value, measure, common_outcome)),
        limit=_from_risk_ratio(_risk_ratio(nearer, measure, common_outcome)),
    )


def _risk_ratio(value: float, measure: str, common_outcome: bool) -> float:
    if measure not in ("HR", "OR", "RR"):
        raise ValueError(f"measure must be HR, OR or RR, not {measure!r}")
    if measure == "RR" or not common_outcome:
        return value
    if measure == "OR":
        return float(np.sqrt(value))
    return float((1 - 0.5 ** np.sqrt(value)) / (1 - 0.5 ** np.sqrt(1 / value)))


def _from_risk_ratio(ratio: float) -> float:
    away = ratio if ratio >= 1 else 1 / ratio
    return float(away + np.sqrt(away * (away - 1)))
