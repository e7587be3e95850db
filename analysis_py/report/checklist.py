"""The reporting checklist of the study, filled in as far as a run knows the answer.

STROBE for cohort studies (von Elm 2007, doi:10.1371/journal.pmed.0040296) with the RECORD extension for routinely
collected health data (Benchimol 2015, doi:10.1371/journal.pmed.1001885); recommendations in short words of our own.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

import pandas as pd

from analysis_py.marts.generated import PATIENTS, warning
from analysis_py.report.tables import FEW_WORDS
from analysis_py.statistics.propensity import CALIPER
from analysis_py.study.analyses.cohorts import ITERATIONS
from analysis_py.study.analyses.effects import usable
from analysis_py.study.analyses.exposure import exposures_of
from analysis_py.study.analyses.multiplicity import INTERACTIONS, STRATA, sentence
from analysis_py.study.analyses.pooling import MAIN_MODEL, how, main_row
from analysis_py.study.analyses.robustness import CALIPERS
from analysis_py.study.analyses.unmatched import sentences
from analysis_py.study.readings import READINGS
from analysis_py.study.results import HIDDEN, Row, find, largest_smd
from analysis_py.study.study import Study
from analysis_py.study.variables import (
    BY_NAME,
    DEATH_28D,
    DEATH_HOSPITAL,
    MODEL_2,
    MODEL_3,
    OUTCOMES,
    PROPENSITY_COVARIATES,
    SUBGROUP_TITLES,
)

AUTHOR = "TO BE FILLED IN BY THE AUTHOR:"
COLUMNS = ("item", "section", "recommendation", "where", "answer")
_GROUPS = {"control": "without", "treated": "with"}
_FOLLOW_UP = {
    "day28": "Those discharged alive count as alive on day 28.",
    "discharge": "Those discharged alive leave the risk set at discharge.",
}
# item, recommendation, where, answer
_Item = tuple[str, str, str, str]


def checklist(study: Study, rows: Sequence[Row], flow: pd.DataFrame, below: int) -> pd.DataFrame:
    """One line per item: item, section, recommendation, where (it is answered), answer.

    `rows` and `flow` as they are shown, with counts below `below` hidden: no other numbers of patients are used. What a
    run cannot know is left to the author, after the word AUTHOR.
    """
    sections = {
        "Title and abstract": _title(study),
        "Introduction": _introduction(study.build.drug),
        "Methods": chain(_design(study, rows), _statistics(study, rows, below)),
        "Results": _results(study, rows, flow),
        "Discussion": _discussion(study, rows),
        "Other information": _other(study),
    }
    lines = [(item, section, *rest) for section, items in sections.items() for item, *rest in items]
    return pd.DataFrame(lines, columns=list(COLUMNS))


def _title(study: Study) -> Iterator[_Item]:
    data = PATIENTS if study.generated else "MIMIC-IV (Beth Israel Deaconess Medical Center, Boston, USA)"
    yield (
        "1a",
        "Name the design in title or abstract",
        "manuscript",
        f"{AUTHOR} e.g. retrospective matched cohort study",
    )
    yield "1b", "Balanced summary of what was done and found", "manuscript; report, top", f"{AUTHOR} abstract"
    yield "RECORD 1.1", "Name kind and source of the data", "manuscript", f"Routine records of intensive care: {data}."
    yield (
        "RECORD 1.2",
        "Region and time of the data",
        "manuscript",
        f"{data}. Dates are shifted by patient: of the time no more is known than anchor_year_group, three years each. "
        f"{AUTHOR} release used and its years",
    )
    yield "RECORD 1.3", "Say whether databases were linked", "manuscript", "No linkage between databases."


def _introduction(drug: str) -> Iterator[_Item]:
    yield "2", "Background and reason for the study", "manuscript", f"{AUTHOR} background"
    yield (
        "3",
        "Objectives and hypotheses",
        "report, top",
        "Do patients with sepsis-induced coagulopathy die less often in hospital within 28 days of ICU admission when "
        f"they are given {drug}? Definitions as in Huang et al. 2024 (doi:10.3389/fphar.2024.1414809).",
    )


def _design(study: Study, rows: Sequence[Row]) -> Iterator[_Item]:
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
        f"{_matched(study, rows)}",
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
        f"variable of dbt_project.yml with its source. {_definitions(study)}",
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
        f"All eligible stays: {_sizes(study, rows, 'full')}. No size was planned.",
    )


def _statistics(study: Study, rows: Sequence[Row], below: int) -> Iterator[_Item]:
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
        f"model 2 adjusts for {_labels(usable(MODEL_2, left_out))}; model 3 for {_labels(usable(MODEL_3, left_out))}.",
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
        f"Values outside the plausible range of their item are left out. {_tests(study)}{hidden}",
    )
    yield (
        "RECORD 12.3",
        "Linkage: level and methods",
        "not applicable",
        "No linkage between databases; within MIMIC-IV by subject_id, hadm_id and stay_id.",
    )


def _results(study: Study, rows: Sequence[Row], flow: pd.DataFrame) -> Iterator[_Item]:
    steps = list(flow.itertuples())
    yield (
        "13a",
        "Numbers at each stage",
        "report: Cohort; tables/flow.csv",
        f"{steps[0].n_before} ICU stays; {steps[-1].n_after} eligible: {_sizes(study, rows, 'full')}. "
        f"{_matched(study, rows)}",
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
        f"Before and after matching. {_balance(rows)}",
    )
    yield "14b", "Missing values by variable", "report: Missing values; tables/missing.csv", _gaps(rows)
    yield (
        "14c",
        "Follow-up time",
        "report: Survival; figures/kaplan_meier.svg",
        "At most 28 days from ICU admission; numbers at risk stand below the curves.",
    )
    deaths = [f"{title}: {_deaths(study, rows, cohort)}" for cohort, title in _titles(study).items()]
    yield "15", "Outcome events by group", "report: Outcomes; tables/table3_outcomes.csv", f"{'; '.join(deaths)}."
    estimates = "; ".join(
        f"{title}, {measure} of {BY_NAME[outcome].label.lower()}, {model}: {_ratio(rows, cohort, outcome, model)}"
        for cohort, title in _titles(study).items()
        for outcome, measure in ((DEATH_28D, "HR"), (DEATH_HOSPITAL, "OR"))
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


def _discussion(study: Study, rows: Sequence[Row]) -> Iterator[_Item]:
    cohort, title = list(_titles(study).items())[-1]
    published = _ratio(rows, cohort, DEATH_28D, MAIN_MODEL)
    ours = main_row(rows)
    main = f"{_told(ours)} ({how(ours)}); " if ours is not None and ours.estimate is not None else ""
    yield (
        "18",
        "Key results",
        "report, top",
        f"{title}, fully adjusted hazard ratio of 28-day hospital death: {main}as published, {published}.",
    )
    yield (
        "19",
        "Limitations, direction and size of bias",
        "manuscript; docs/DECISIONS.md",
        f"{AUTHOR} limitations; contested choices are listed with their evidence",
    )
    yield (
        "RECORD 19.1",
        "Data not collected for this question",
        "manuscript; docs/DECISIONS.md",
        "Records of care, not of research: misclassification, unmeasured confounding (why was sedation chosen?), "
        f"missing values and care that changed over the years. {AUTHOR} what these mean for the findings",
    )
    yield "20", "Cautious interpretation", "manuscript", f"{AUTHOR} interpretation"
    yield "21", "Generalisability", "manuscript", f"{AUTHOR} generalisability; one hospital in one country"


def _other(study: Study) -> Iterator[_Item]:
    yield "22", "Funding and role of funders", "manuscript", f"{AUTHOR} funding; ethics approval and waiver of consent"
    yield (
        "RECORD 22.1",
        "Access to protocol, raw data and code",
        "README.md; report: Versions; dbt_docs.html",
        "Code, code lists and definitions: this repository (MIT licence). Raw data: MIMIC-IV on PhysioNet, "
        f"credentialed. {AUTHOR} where the code of this run and a protocol can be found",
    )


# --- the words for what was found, from shown rows alone ------------------------------------------------------------


def _definitions(study: Study) -> str:
    if not study.build.definitions:
        return "Which were in force was not recorded."
    changed = [
        f"{name} {value} (default {study.build.defaults.get(name)})" for name, value in study.build.changed.items()
    ]
    return f"Other than by default: {', '.join(changed)}." if changed else "All are as by default."


def _tests(study: Study) -> str:
    if not study.build.tests:
        return "No tests of the data were recorded with this build."
    failed = sum(test.status != "pass" for test in study.build.tests)
    ended = f"{failed} of them did not pass" if failed else "all passed"
    return f"{len(study.build.tests)} tests ran with the build, {ended}."


def _titles(study: Study) -> dict[str, str]:
    return {"full": "Before matching"} | ({"matched": "After matching"} if study.matched is not None else {})


def _labels(names: Sequence[str]) -> str:
    return ", ".join(BY_NAME[name].label for name in names)


def _number(count: int | str | None) -> str:
    return f"{count:,}" if isinstance(count, int) else (count or HIDDEN)


def _sizes(study: Study, rows: Sequence[Row], cohort: str) -> str:
    found = {words: find(rows, "outcomes", f"{cohort} {group}", term=DEATH_28D) for group, words in _GROUPS.items()}
    told = [f"{_number(row.n)} {words}" for words, row in found.items() if row is not None]
    return f"{' and '.join(told)} {study.build.drug}" if told else "not described"


def _matched(study: Study, rows: Sequence[Row]) -> str:
    if study.matched is None:
        return f"No matched cohort: {study.not_matched}."
    told = " ".join(sentences(rows, study.build.drug))
    return f"Matched: {_sizes(study, rows, 'matched')}. {told}"


def _deaths(study: Study, rows: Sequence[Row], cohort: str) -> str:
    told = []
    for outcome in (DEATH_28D, DEATH_HOSPITAL):
        for group, words in _GROUPS.items():
            row = find(rows, "outcomes", f"{cohort} {group}", term=outcome)
            if row is not None:
                share = "" if row.estimate is None else f" ({row.estimate:.1f} %)"
                died = f"{_number(row.events)} of {_number(row.n)}{share}"
                told.append(f"{BY_NAME[outcome].label.lower()}, {words} {study.build.drug}, {died}")
    return ", ".join(told)


def _ratio(rows: Sequence[Row], cohort: str, outcome: str, model: str) -> str:
    row = find(rows, "outcome_models", cohort, outcome=outcome, model=model)
    if row is None or row.estimate is None:
        return row.note if row is not None and row.note else "not estimable"
    return _told(row)


def _told(row: Row) -> str:
    few = f" ({FEW_WORDS})" if row.is_few else ""
    return f"{row.estimate:.2f} (95 % CI {row.lower:.2f} to {row.upper:.2f}){few}"


def _balance(rows: Sequence[Row]) -> str:
    told = []
    for cohort, words in (("full", "before"), ("matched", "after")):
        row = largest_smd(rows, cohort)
        if row is not None:
            told.append(f"{row.estimate:.3f} ({BY_NAME[row.term].label}) {words}")
    return f"Largest standardized mean difference: {', '.join(told)} matching." if told else "No balance computed."


def _gaps(rows: Sequence[Row]) -> str:
    shares = [row for row in rows if row.analysis == "missing"]
    with_gaps = [row for row in shares if row.events != 0]
    known = [row for row in with_gaps if row.estimate is not None]
    text = f"{len(with_gaps)} of {len(shares)} variables have missing values"
    if known:
        most = max(known, key=lambda row: row.estimate or 0.0)
        text += f", most of all {BY_NAME[most.term].label} ({most.estimate:.1f} %)"
    return f"{text}."
