"""Which variables go with 28-day death on their own? The paper chose model 3 by p < 0.05 here."""

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from analysis_py.marts.types import Variable
from analysis_py.statistics.estimate import Estimate, TestResult
from analysis_py.statistics.survival import fit_cox, likelihood_ratio
from analysis_py.study.results import Row, estimated, tested
from analysis_py.study.variables import DEATH_28D, FOLLOW_UP


def screening_rows(data: pd.DataFrame, cohort: str, variables: Iterable[Variable]) -> list[Row]:
    """One unadjusted Cox model per variable; several levels are tested together by their likelihood ratio."""
    rows = []
    for variable in variables:
        place = Row("screening", cohort, DEATH_28D, "univariate", variable.name)
        if variable.kind != "categorical":
            rows.append(estimated(place, _single, data, variable.name, [variable.name], variable.name))
            continue
        present = [level for level in variable.levels if (data[variable.name] == level).any()][1:]
        terms = [f"{variable.name}={level}" for level in present]
        for level, term in zip(present, terms, strict=True):
            rows.append(estimated(replace(place, level=str(level)), _single, data, variable.name, terms, term))
        rows.append(tested(replace(place, measure="all levels, chi-square"), _together, data, variable.name))
    return rows


def _single(data: pd.DataFrame, name: str, terms: list[str], term: str) -> Estimate:
    return fit_cox(data, FOLLOW_UP, DEATH_28D, [name], terms).estimate(term)


def _together(data: pd.DataFrame, name: str) -> TestResult:
    return likelihood_ratio(fit_cox(data, FOLLOW_UP, DEATH_28D, [name], []))
