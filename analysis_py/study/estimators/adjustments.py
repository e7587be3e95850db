"""What the estimators adjust for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis_py.marts.types import Variable
from analysis_py.study import variables
from analysis_py.study.estimators.names import EXTENDED, PAPER

# the covariates of each, by the `level` of its rows
ADJUSTMENTS: dict[str, tuple[str, ...]] = {
    PAPER: variables.PROPENSITY_COVARIATES,
    EXTENDED: variables.EXTENDED_COVARIATES,
}
# those of which balance is asked: all that are shown, be they in a model or not
_SHOWN: Mapping[str, tuple[Variable, ...]] = {
    PAPER: variables.TABLE_ONE,
    EXTENDED: (*variables.TABLE_ONE, *variables.EXTENDED),
}


@dataclass(frozen=True)
class Adjustment:
    """One of ADJUSTMENTS as far as a cohort has its columns: `covariates` of the models, `shown` to be balanced."""

    level: str
    covariates: tuple[str, ...]
    shown: tuple[Variable, ...]


def adjustments_of(data: pd.DataFrame, unusable: Sequence[str]) -> list[Adjustment]:
    """The adjustments that a completed copy allows, each once; `unusable` covariates are in none."""
    found: list[Adjustment] = []
    for level, names in ADJUSTMENTS.items():
        covariates = tuple(name for name in names if name not in unusable)
        is_known = covariates in [other.covariates for other in found]
        if set(covariates) <= set(data.columns) and not is_known:
            shown = tuple(variable for variable in _SHOWN[level] if variable.name not in unusable)
            found.append(Adjustment(level, covariates, shown))
    return found
