"""The reporting checklist of the study, filled in as far as a run knows the answer.

STROBE for cohort studies (von Elm 2007, doi:10.1371/journal.pmed.0040296) with the RECORD extension for routinely
collected health data (Benchimol 2015, doi:10.1371/journal.pmed.1001885) and, where a trial is emulated, TARGET;
recommendations in short words of our own.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

import pandas as pd

from analysis_py.marts.generated import PATIENTS
from analysis_py.report.checklist.methods import design, statistics
from analysis_py.report.checklist.results import results
from analysis_py.report.checklist.target import target
from analysis_py.report.checklist.words import AUTHOR, Item, titles, told_effect, told_estimate
from analysis_py.study.analyses.pooling import MAIN_MODEL, how, main_row
from analysis_py.study.results import Row
from analysis_py.study.study import Study
from analysis_py.study.variables import DEATH_28D

COLUMNS = ("item", "section", "recommendation", "where", "answer")


def checklist(study: Study, rows: Sequence[Row], flow: pd.DataFrame, below: int) -> pd.DataFrame:
    """One line per item: item, section, recommendation, where (it is answered), answer.

    `rows` and `flow` as they are shown, with counts below `below` hidden: no other numbers of patients are used. What a
    run cannot know is left to the author, after the word AUTHOR.
    """
    sections = {
        "Title and abstract": _title(study),
        "Introduction": _introduction(study.build.drug),
        "Methods": chain(design(study, rows), statistics(study, rows, below)),
        "Results": results(study, rows, flow),
        "Discussion": _discussion(study, rows),
        "Other information": _other(study),
    }
    lines = [(item, section, *rest) for section, items in sections.items() for item, *rest in items]
    return pd.DataFrame([*lines, *target(study, rows, below)], columns=list(COLUMNS))


def _title(study: Study) -> Iterator[Item]:
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


def _introduction(drug: str) -> Iterator[Item]:
    yield "2", "Background and reason for the study", "manuscript", f"{AUTHOR} background"
    yield (
        "3",
        "Objectives and hypotheses",
        "report, top",
        "Do patients with sepsis-induced coagulopathy die less often in hospital within 28 days of ICU admission when "
        f"they are given {drug}? Definitions as in Huang et al. 2024 (doi:10.3389/fphar.2024.1414809).",
    )


def _discussion(study: Study, rows: Sequence[Row]) -> Iterator[Item]:
    cohort, title = list(titles(study).items())[-1]
    published = told_effect(rows, cohort, DEATH_28D, MAIN_MODEL)
    ours = main_row(rows)
    main = f"{told_estimate(ours)} ({how(ours)}); " if ours is not None and ours.estimate is not None else ""
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


def _other(study: Study) -> Iterator[Item]:
    yield "22", "Funding and role of funders", "manuscript", f"{AUTHOR} funding; ethics approval and waiver of consent"
    yield (
        "RECORD 22.1",
        "Access to protocol, raw data and code",
        "README.md; report: Versions; dbt_docs.html",
        "Code, code lists and definitions: this repository (MIT licence). Raw data: MIMIC-IV on PhysioNet, "
        f"credentialed. {AUTHOR} where the code of this run and a protocol can be found",
    )
