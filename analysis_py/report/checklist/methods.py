"""What the checklist asks of the methods: design, setting, variables, bias, statistics."""

from collections.abc import Iterator, Sequence

from analysis_py.marts.generated import warning
from analysis_py.report.checklist.words import (
    AUTHOR,
    Item,
    labels,
    told_definitions,
    told_matching,
    told_sizes,
    told_tests,
)
from analysis_py.statistics.propensity import CALIPER
from analysis_py.study.analyses.cohorts import ITERATIONS
from analysis_py.study.analyses.effects import usable
from analysis_py.study.analyses.exposure import exposures_of
from analysis_py.study.analyses.multiplicity import INTERACTIONS, STRATA, sentence
from analysis_py.study.analyses.robustness import CALIPERS
from analysis_py.study.readings import READINGS
from analysis_py.study.results import Row
from analysis_py.study.study import Study
from analysis_py.study.variables import BY_NAME, MODEL_2, MODEL_3, OUTCOMES, PROPENSITY_COVARIATES, SUBGROUP_TITLES

_FOLLOW_UP = {
    "day28": "Those discharged alive count as alive on day 28.",
    "discharge": "Those discharged alive leave the risk set at discharge.",
}


def design(study: Study, rows: Sequence[Row]) -> Iterator[Item]:
    """Items 4 to 10."""
    yield (
        "4",
        "Design, early in the paper",
        "report: Methods",
        "Retrospective cohort study of ICU stays, first ICU stay of each patient, with propensity score matching.",
    )
    setting = warning(study.generated) if study.generated else "One hospital, its ICUs, as MIMIC-IV holds them."
    yield (
        "5",
        "Setting, places, dates",
        "report: Versions",
        f"{setting} Calendar dates are unknown (shifted by patient); time counts from ICU admission.",
    )
    yield (
        "6a",
        "Eligibility, sources, selection, follow-up",
        "report: Cohort, Definitions in force; tables/flow.csv",
        f"The rules in their order are under 13b. Follow-up in the hospital, from ICU admission to day 28. "
        f"{_FOLLOW_UP.get(study.build.definitions.get('followup', ''), _FOLLOW_UP['day28'])}",
    )
    yield (
        "6b",
        "Matching criteria; exposed and unexposed",
        "report: Balance; tables/balance.csv",
        f"1:1 nearest neighbor on the propensity score, without replacement, caliper {CALIPER:g} SD. "
        f"{told_matching(study, rows)}",
    )
    yield (
        "RECORD 6.1",
        "How the population was found: codes, algorithms",
        "seeds/*.csv; models/intermediate; docs/DECISIONS.md",
        "Sepsis-3 and the SIC score are computed from the records by one model per idea; no diagnosis code selects.",
    )
    yield (
        "RECORD 6.2",
        "Validation of codes and algorithms",
        "docs/DECISIONS.md; tests/reference",
        "Concepts agree with mimic-code on the MIMIC-IV demo. No validation against chart review. "
        f"{AUTHOR} cite validation studies, if any",
    )
    yield "RECORD 6.3", "Diagram of linkage", "not applicable", "No linkage between databases."
    names = ", ".join(BY_NAME[variable.name].label for variable in OUTCOMES)
    yield (
        "7",
        "Define outcomes, exposure, confounders, modifiers",
        "report: Definitions in force; models/**/*.yml; dbt_docs.html",
        f"Outcomes: {names}. Exposure: {study.build.drug}, by the rules under 13b, its duration and dose. Confounders: "
        f"the {len(PROPENSITY_COVARIATES)} variables of the propensity score (Table 1). "
        f"Effect modifiers: {', '.join(SUBGROUP_TITLES.values())}.",
    )
    yield (
        "RECORD 7.1",
        "All codes and algorithms",
        "seeds/*.csv; dbt_project.yml; models",
        "Items, drug names and ICD ranges with units, plausible ranges and sources in seeds/; every threshold is a "
        f"variable of dbt_project.yml with its source. {told_definitions(study)}",
    )
    yield (
        "8",
        "Sources and measurement of each variable",
        "models/**/*.yml; dbt_docs.html",
        "Each column is described with unit and source, alike for both groups; its lineage leads to the source table.",
    )
    yield (
        "9",
        "Bias and what was done about it",
        "report: Balance, Robustness, E-values, Duration and dose",
        "Confounding: matching, adjustment, E-values. Immortal time: whoever dies early cannot be treated for long, "
        "and exposure within 48 h is known only after the fact; the report says so where it matters. "
        f"{AUTHOR} other biases considered",
    )
    yield (
        "10",
        "Study size",
        "report: Cohort",
        f"All eligible stays: {told_sizes(study, rows, 'full')}. No size was planned.",
    )


def statistics(study: Study, rows: Sequence[Row], below: int) -> Iterator[Item]:
    """Items 11 and 12."""
    classes = "; ".join(f"{exposure.title.lower()} ({exposure.unit})" for exposure in exposures_of(study.build))
    yield (
        "11",
        "Handling of numbers, grouping",
        "report: Duration and dose, Subgroups",
        f"Numbers enter the models as they are, linearly. Classes and tertiles: {classes}; also as restricted cubic "
        "splines. Subgroups by the cut-offs of the paper.",
    )
    left_out = study.completed.unusable
    yield (
        "12a",
        "Statistical methods, confounding",
        "report: Methods; tables/table2_models.csv",
        "Cox regression (Efron's ties) of 28-day death, logistic regression of hospital death. Model 1 is unadjusted; "
        f"model 2 adjusts for {labels(usable(MODEL_2, left_out))}; model 3 for {labels(usable(MODEL_3, left_out))}.",
    )
    yield (
        "12b",
        "Subgroups and interactions",
        "report: Subgroups; tables/subgroups.csv",
        "Cox regression within each stratum of the matched cohort; interaction by likelihood ratio."
        f"{sentence(rows, STRATA, INTERACTIONS)}",
    )
    copies = len(study.completed.copies)
    yield (
        "12c",
        "Missing data",
        "report: Missing values; tables/missing.csv; figures/imputation.svg",
        f"Chained equations with treatment and outcome, {ITERATIONS} iterations, {copies} imputed data "
        f"set{'s' if copies > 1 else ''}; the first one in what is given as published"
        + (", all in the main estimate, matched within each and pooled by Rubin's rules." if copies > 1 else "."),
    )
    yield (
        "12d",
        "Loss to follow-up",
        "report: Robustness",
        "Hospital death is known for every stay. Deaths after discharge are not counted; censoring at discharge is "
        "among the sensitivity analyses.",
    )
    calipers = ", ".join(f"{width:g} {'SD' if scale == 'sd' else 'of probability'}" for width, scale in CALIPERS)
    readings = "; ".join(reading.label for reading in READINGS)
    yield (
        "12e",
        "Sensitivity analyses",
        "report: Robustness, E-values; tables/robustness.csv, tables/e_values.csv",
        f"Calipers {calipers}; standard errors clustered on pairs; all imputed data sets; other readings: {readings}; "
        "E-values.",
    )
    yield (
        "RECORD 12.1",
        "Access of the investigators to the population",
        "manuscript",
        "All of hosp and icu of MIMIC-IV, read only. "
        f"{AUTHOR} who had credentialed access, under which certificate and agreement",
    )
    hidden = (
        f" Counts from 1 to {below - 1} are hidden in all output, and those that give them away." if below > 1 else ""
    )
    yield (
        "RECORD 12.2",
        "Data cleaning",
        "seeds/*.csv; report: Data quality; tables/data_quality.csv, data_tests.csv",
        f"Values outside the plausible range of their item are left out. {told_tests(study)}{hidden}",
    )
    yield (
        "RECORD 12.3",
        "Linkage: level and methods",
        "not applicable",
        "No linkage between databases; within MIMIC-IV by subject_id, hadm_id and stay_id.",
    )
