"""Does the effect differ between kinds of patients? Figure 3 of the paper."""

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis_py.marts.types import levels_of
from analysis_py.statistics.estimate import Estimate, TestResult
from analysis_py.statistics.survival import cox, fit_cox, likelihood_ratio
from analysis_py.study.results import Row, estimated, tested
from analysis_py.study.variables import BY_NAME, DEATH_28D, FOLLOW_UP, SUBGROUPS, TREATMENT, Subgroup

_STRATUM = "stratum"


def subgroup_rows(data: pd.DataFrame, cohort: str, unusable: tuple[str, ...]) -> list[Row]:
    """Unadjusted hazard ratio in each stratum, and a likelihood-ratio test of interaction for each variable."""
    rows = [estimated(Row("subgroup", cohort, DEATH_28D, "model 1", TREATMENT, "Overall"), _effect, data)]
    for subgroup in SUBGROUPS:
        if subgroup.name in unusable:
            continue
        strata = strata_of(subgroup, data)
        place = Row("subgroup", cohort, DEATH_28D, "model 1", subgroup.name)
        for level in strata.cat.categories:
            members = data[strata == level]
            found = estimated(replace(place, level=level), _effect, members)
            # how many there are is known also where nothing can be estimated
            rows.append(replace(found, measure="HR", n=len(members), events=int(members[DEATH_28D].sum())))
        test = replace(place, measure="interaction, chi-square")
        rows.append(tested(test, interaction, data.assign(**{_STRATUM: strata})))
    return rows


def strata_of(subgroup: Subgroup, data: pd.DataFrame) -> pd.Series:
    """The stratum of each row as a category."""
    values, variable = data[subgroup.name], BY_NAME[subgroup.name]
    if subgroup.cut is not None:
        labels: tuple[str, ...] = (f"≤{subgroup.cut:g}", f">{subgroup.cut:g}")
        chosen = np.where(values <= subgroup.cut, *labels)
    elif variable.kind == "categorical":
        labels = tuple(str(level).capitalize() for level in levels_of(values, variable))
        chosen = values.astype(str).str.capitalize().to_numpy()
    else:
        labels = subgroup.words
        chosen = np.where(values.astype(bool), *labels)
    return pd.Series(pd.Categorical(chosen, categories=labels), index=data.index)


def _effect(data: pd.DataFrame) -> Estimate:
    return cox(data, FOLLOW_UP, DEATH_28D, [], TREATMENT)


def interaction(data: pd.DataFrame) -> TestResult:
    """Likelihood-ratio test that the hazard ratio of treatment is the same in all levels of the column `stratum`.

    Raises:
        NotEstimable: no events, or fewer than two strata with both groups.
    """
    levels = [level for level in data[_STRATUM].cat.categories if (data[_STRATUM] == level).any()][1:]
    products = {f"treated in {level}": data[TREATMENT].astype(bool) & (data[_STRATUM] == level) for level in levels}
    smaller = fit_cox(data, FOLLOW_UP, DEATH_28D, [TREATMENT, _STRATUM], [])
    larger = fit_cox(data.assign(**products), FOLLOW_UP, DEATH_28D, [TREATMENT, _STRATUM, *products], [])
    return likelihood_ratio(larger, smaller)
