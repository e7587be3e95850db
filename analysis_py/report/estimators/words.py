"""What is said about the estimators: the sentences of their section, captions, and what the figure shows in numbers."""

from collections.abc import Sequence

from analysis_py.report.captions.shown import Shown
from analysis_py.report.estimators.tables import (
    ADJUSTMENT_TITLES,
    TITLES,
    found_of,
    hazard_ratio,
    levels_of,
)
from analysis_py.report.page import Caption
from analysis_py.report.tables.cells import told_interval
from analysis_py.statistics.propensity import CALIPER
from analysis_py.study.estimators.names import (
    ANALYSIS,
    ESTIMATORS,
    LARGEST_SMD,
    MATCHED,
    RD,
    WEIGHTED,
    WEIGHTS_ANALYSIS,
)
from analysis_py.study.results import Row

TITLE = "Estimators side by side"
TABLE, FIGURE = "estimators", "estimators_forest"
BALANCED = 0.1  # largest |SMD| that is taken for none (TRIAL.md section 5)


def is_of_estimators(name: str) -> bool:
    """Whether a figure or table is of this section."""
    return name in (TABLE, FIGURE)


def sentences(rows: Sequence[Row]) -> list[str]:
    """How far the estimators agree, by adjustment, and what they cannot tell; empty where there are none."""
    told = [_range(rows, level) for level in levels_of(rows)]
    if not told:
        return []
    return [
        *told,
        "All compare the patients that the published definition compares: where the groups are made by the future, no "
        "weight and no match takes that away.",
    ]


def _range(rows: Sequence[Row], level: str) -> str:
    hazards = [
        (row.estimate, TITLES[name])
        for name in ESTIMATORS
        if (row := hazard_ratio(found_of(rows, name, level), name)) is not None and row.estimate is not None
    ]
    title = ADJUSTMENT_TITLES[level]
    if not hazards:
        return f"{title}, no estimator gives a hazard ratio of 28-day death in hospital."
    (low, lowest), (high, highest) = min(hazards), max(hazards)
    told = (
        f"{title}, the hazard ratio of 28-day death in hospital lies between {low:.2f} ({_lower(lowest)}) and "
        f"{high:.2f} ({_lower(highest)}) by {len(hazards)} estimators"
    )
    points = [
        100 * row.estimate
        for row in rows
        if (row.analysis, row.level, row.measure) == (ANALYSIS, level, RD) and row.estimate is not None
    ]
    if points:
        told += f", the difference of the risk at day 28 between {min(points):+.1f} and {max(points):+.1f} points"
    return f"{told}.{_unbalanced(rows, level)}"


def _unbalanced(rows: Sequence[Row], level: str) -> str:
    """How many of those that weight or match leave a covariate unbalanced; models of death need no balance."""
    largest = [
        row.estimate
        for row in rows
        if (row.analysis, row.level, row.measure) == (WEIGHTS_ANALYSIS, level, LARGEST_SMD)
        and row.model in (*WEIGHTED, *MATCHED)
        and row.estimate is not None
    ]
    worse = sum(value >= BALANCED for value in largest)
    if not worse:
        return ""
    return (
        f" Of {len(largest)} that weight or match {worse} leave a covariate with a difference of {BALANCED:g} or more."
    )


def _lower(title: str) -> str:
    return title[:1].lower() + title[1:]


def estimators_caption(shown: Shown, name: str) -> Caption:
    """The caption of the table or figure."""
    copies = len(shown.study.completed.copies)
    pooled = f"pooled over {copies} imputed data sets by Rubin's rules" if copies > 1 else "of one imputed data set"
    who = f"{shown.people.capitalize()} with sepsis-induced coagulopathy, the published cohort ({shown.size('full')})."
    few = shown.few(ANALYSIS)
    told = {
        TABLE: (
            TITLE,
            f"{who} 28-day death in hospital, treated against not, {pooled}. About: whom the estimate describes. "
            f"Weights and sets are taken as known; matching within {CALIPER:g} standard deviations of the propensity, "
            "errors by matched set; the adjusted models and those of discharge hold all covariates. As published, who "
            "is discharged alive counts as alive to day 28: Fine and Gray's ratio asks the same, the cause-specific "
            "one is of the days in hospital. Of the first imputed data set: effective size (treated / not), the "
            "largest weight in units of its arm's mean, the largest standardized mean difference (SMD, in units of the "
            f"weighted standard deviation) of Table 1's variables; without weights where a model adjusts.{few}",
        ),
        FIGURE: (
            "One cohort by every estimator",
            f"{who} Hazard ratio of 28-day death in hospital (Fine and Gray: of the subdistribution) with 95 % "
            f"confidence interval, {pooled}. Estimators that give risks alone are in the table.{few}",
        ),
    }
    return Caption(*told[name])


def estimators_alternative(shown: Shown) -> str:
    """What the figure shows, in numbers."""
    told = []
    for level in levels_of(shown.rows):
        for name in ESTIMATORS:
            row = hazard_ratio(found_of(shown.rows, name, level), name)
            if row is not None:
                told.append(f"{_lower(ADJUSTMENT_TITLES[level])}, {_lower(TITLES[name])}: {told_interval(row)}")
    return f"Forest plot of hazard ratios. {'; '.join(told)}."
