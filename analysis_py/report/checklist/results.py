"""What the checklist asks of the results: participants, outcomes, estimates, other analyses."""

from collections.abc import Iterator, Sequence

import pandas as pd

from analysis_py.report.checklist.words import (
    Item,
    titles,
    told_balance,
    told_deaths,
    told_effect,
    told_gaps,
    told_matching,
    told_sizes,
)
from analysis_py.report.tables.cells import MEASURES
from analysis_py.study.results import Row
from analysis_py.study.study import Study
from analysis_py.study.variables import BY_NAME


def results(study: Study, rows: Sequence[Row], flow: pd.DataFrame) -> Iterator[Item]:
    """Items 13 to 17."""
    steps = list(flow.itertuples())
    yield (
        "13a",
        "Numbers at each stage",
        "report: Cohort; tables/flow.csv",
        f"{steps[0].n_before} ICU stays; {steps[-1].n_after} eligible: {told_sizes(study, rows, 'full')}. "
        f"{told_matching(study, rows)}",
    )
    excluded = "; ".join(f"{step.rule}: {step.n_excluded} excluded, {step.n_after} left" for step in steps)
    yield "13b", "Reasons for leaving", "report: Cohort; tables/flow.csv", f"{excluded}."
    yield "13c", "Flow diagram", "figures/flow.svg", "Drawn."
    yield (
        "RECORD 13.1",
        "Selection of persons, by quality and availability too",
        "report: Cohort; tables/flow.csv",
        "As under 13b; no stay is left out for missing values, nor for the quality of its data.",
    )
    yield (
        "14a",
        "Characteristics by group",
        "report: Baseline, Balance; tables/table1_baseline.csv; manuscript/tables.docx",
        f"Before and after matching. {told_balance(rows)}",
    )
    yield "14b", "Missing values by variable", "report: Missing values; tables/missing.csv", told_gaps(rows)
    yield (
        "14c",
        "Follow-up time",
        "report: Survival; figures/kaplan_meier.svg",
        "At most 28 days from ICU admission; numbers at risk stand below the curves.",
    )
    deaths = [f"{title}: {told_deaths(study, rows, cohort)}" for cohort, title in titles(study).items()]
    yield "15", "Outcome events by group", "report: Outcomes; tables/table3_outcomes.csv", f"{'; '.join(deaths)}."
    estimates = "; ".join(
        f"{title}, {measure} of {BY_NAME[outcome].label.lower()}, {model}: {told_effect(rows, cohort, outcome, model)}"
        for cohort, title in titles(study).items()
        for outcome, measure in MEASURES
        for model in ("model 1", "model 3")
    )
    yield (
        "16a",
        "Unadjusted and adjusted estimates",
        "report: Models of death; tables/table2_models.csv",
        f"{estimates}.",
    )
    yield (
        "16b",
        "Boundaries of categories",
        "report: Duration and dose; tables/table4_exposure.csv",
        "The classes carry their boundaries in their names.",
    )
    yield (
        "16c",
        "Absolute risk",
        "report: Outcomes, Survival; tables/table3_outcomes.csv",
        "Deaths within 28 days with their shares are under 15.",
    )
    yield (
        "17",
        "Other analyses",
        "report: Subgroups, Duration and dose, Robustness, Univariate screening, Published and ours",
        "Subgroups with interactions, duration and dose with trends, the choices under 12e, univariate screening, "
        "tests of proportional hazards, comparison with the published numbers.",
    )
