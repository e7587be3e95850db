"""Does the effect differ between kinds of patients? Figure 3 of the paper."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis_py.statistics.estimate import Estimate, TestResult
from analysis_py.statistics.survival import cox, fit_cox, likelihood_ratio
from analysis_py.study.results import Row, estimated, tested
from analysis_py.study.variables import BY_NAME, DEATH_28D, FOLLOW_UP, TREATMENT

_STRATUM = "stratum"


@dataclass(frozen=True)
class Subgroup:
    """A variable of Table 1 and its strata: by a cut-off (at most / above), by yes and no, or by its levels."""

    name: str
    title: str
    cut: float | None = None
    words: tuple[str, str] = ("Yes", "No")

    def strata(self, data: pd.DataFrame) -> pd.Series:
        """The stratum of each row as a category."""
        values, variable = data[self.name], BY_NAME[self.name]
        if self.cut is not None:
            labels: tuple[str, ...] = (f"≤{self.cut:g}", f">{self.cut:g}")
            chosen = np.where(values <= self.cut, *labels)
        elif variable.kind == "categorical":
            labels = tuple(str(level).capitalize() for level in variable.levels)
            chosen = values.astype(str).str.capitalize().to_numpy()
        else:
            labels = self.words
            chosen = np.where(values.astype(bool), *labels)
        return pd.Series(pd.Categorical(chosen, categories=labels), index=data.index)


SUBGROUPS = (
    Subgroup("age_years", "Age (years)", cut=60),
    Subgroup("is_female", "Sex", words=("Female", "Male")),
    Subgroup("ethnicity", "Ethnicity"),
    Subgroup("ventilation_24h", "Mechanical ventilation"),
    Subgroup("vasopressor_24h", "Vasopressor use"),
    Subgroup("hypertension", "Hypertension"),
    Subgroup("diabetes", "Diabetes"),
    Subgroup("sofa_score", "SOFA score", cut=8),
    Subgroup("sic_score", "SIC score"),
)

SUBGROUP_TITLES = {subgroup.name: subgroup.title for subgroup in SUBGROUPS}


def subgroup_rows(data: pd.DataFrame, cohort: str, unusable: tuple[str, ...]) -> list[Row]:
    """Unadjusted hazard ratio in each stratum, and a likelihood-ratio test of interaction for each variable."""
    rows = [estimated(Row("subgroup", cohort, DEATH_28D, "model 1", TREATMENT, "Overall"), _effect, data)]
    for subgroup in SUBGROUPS:
        if subgroup.name in unusable:
            continue
        strata = subgroup.strata(data)
        place = Row("subgroup", cohort, DEATH_28D, "model 1", subgroup.name)
        for level in strata.cat.categories:
            members = data[strata == level]
            found = estimated(replace(place, level=level), _effect, members)
            # how many there are is known also where nothing can be estimated
            rows.append(replace(found, measure="HR", n=len(members), events=int(members[DEATH_28D].sum())))
        test = replace(place, measure="interaction, chi-square")
        rows.append(tested(test, interaction, data.assign(**{_STRATUM: strata})))
    return rows


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
