"""What is printed: which tables, in which order, and what stands above and below each."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis_py.report.page import Caption, Table, plain_table
from analysis_py.report.tables.cells import ESTIMATE_MARKS
from analysis_py.study.variables import BY_NAME, MODEL_2, MODEL_3

_CELLS = (
    "Values are median [quartiles] or number (percent). P values: Mann-Whitney test without continuity correction; "
    "chi-square test, with Yates' correction in 2x2 tables."
)
# what is printed, in this order: title, and what stands below the table before the abbreviations
_PRINTED: Mapping[str, tuple[str, str]] = {
    "table1_baseline": ("Baseline characteristics before and after propensity score matching", _CELLS),
    "table2_models": (
        "{Drug} and death, before and after propensity score matching",
        "Model 1: unadjusted. Model 2: adjusted for {model_2}. Model 3: adjusted for {model_3}. Hazard ratios from Cox "
        "regression (Efron's ties), odds ratios from logistic regression, with Wald intervals. Ours: pooled over all "
        "imputed data sets by Rubin's rules; as published: of the first one.",
    ),
    "table3_outcomes": (
        "Outcomes before and after propensity score matching",
        f"{_CELLS} Hours of ventilation and of vasopressors are those of patients who had any.",
    ),
    "table4_exposure": (
        "Duration and dose of {drug} and death in the matched cohort",
        "Reference: matched patients without {drug}. Adjusted as model 3, for {model_3}. P values are not adjusted for "
        "the number of tests.",
    ),
    "balance": (
        "Balance of the covariates before and after propensity score matching",
        "SMD in units of the cohort's own standard deviation; SMD (original SD) in that of the cohort before matching.",
    ),
    "unmatched": ("Patients with {drug} who were not matched", ""),
    "trial_protocol": ("Protocol of the target trial and its emulation", ""),
    "trial_designs": ("{Drug} and death in the target trial, by design", ""),
    "trial_clones": ("Clones of the target trial and their weights", ""),
}
_ABBREVIATIONS = {
    "BUN": "blood urea nitrogen",
    "CI": "confidence interval",
    "COPD": "chronic obstructive pulmonary disease",
    "CRRT": "continuous renal replacement therapy",
    "HR": "hazard ratio",
    "ICU": "intensive care unit",
    "INR": "international normalized ratio",
    "n/e": "not estimable",
    "OR": "odds ratio",
    "SAPS": "simplified acute physiology score",
    "SD": "standard deviation",
    "SIC": "sepsis-induced coagulopathy",
    "SMD": "standardized mean difference",
    "SOFA": "sequential organ failure assessment",
    "SpO2": "peripheral oxygen saturation",
}
_WIDE = 6  # columns that fit across an upright page


@dataclass(frozen=True)
class Printed:
    """A table with its number or name, and the paragraphs below it."""

    label: str
    table: Table
    notes: tuple[str, ...]

    @property
    def is_wide(self) -> bool:
        """More columns than fit across an upright page."""
        return len(self.table.columns) > _WIDE

    @property
    def shares(self) -> list[float]:
        """Part of the page's width of each column, by its longest words; the first holds the names."""
        cells = [line.cells for line in self.table.lines if line.cells]
        longest = [
            max(len(name), *(len(row[at]) for row in cells)) if cells else len(name)
            for at, name in enumerate(self.table.headings)
        ]
        bounded = [min(max(length, 8), 30) + 4 for length in longest]  # and the space between columns
        return [length / sum(bounded) for length in bounded]


def printed_tables(
    tables: Mapping[str, pd.DataFrame], captions: Mapping[str, str], drug: str, unusable: Collection[str]
) -> list[Printed]:
    """The tables in the order in which they are printed; arguments as those of write_manuscript()."""
    words = {
        "drug": drug,
        "Drug": drug.capitalize(),
        "model_2": _listed([name for name in MODEL_2 if name not in unusable]),
        "model_3": _listed([name for name in MODEL_3 if name not in unusable]),
    }
    printed = []
    for name, (title, note) in _PRINTED.items():
        if name not in tables or tables[name].empty:
            continue
        title, note = title.format(**words), note.format(**words)
        label = f"Table {name[5]}" if name.startswith("table") else "Supplementary table"
        table = plain_table(Caption(title, note), tables[name].map(_brief))
        texts = [*table.columns, *(text for line in table.lines for text in (line.section, *line.cells))]
        used = set(re.findall(r"n/e|\w+", " ".join((*texts, title, note))))
        explained = [f"{short}, {long}" for short, long in _ABBREVIATIONS.items() if short in used]
        marked = " ".join(f"{sign} {words}." for sign, words in ESTIMATE_MARKS.items() if _ends_with(texts, sign))
        notes = (captions.get(name, ""), note, marked, f"Abbreviations: {'; '.join(explained)}." if explained else "")
        printed.append(Printed(label, table, tuple(filter(None, notes))))
    return printed


def _ends_with(texts: Sequence[str], sign: str) -> bool:
    """Whether the sign is among the marks at the end of a text."""
    every = "".join(ESTIMATE_MARKS)
    return any(sign in text[len(text.rstrip(every)) :] for text in texts)


def _listed(names: Sequence[str]) -> str:
    labels = ["sex" if name == "is_female" else BY_NAME[name].label for name in names]
    # a label begins a line of a table; abbreviations stay as they are
    words = [label[0].lower() + label[1:] if label[1:].islower() else label for label in labels]
    return " and ".join([", ".join(words[:-1]), *words[-1:]])


def _brief(text: object) -> str:
    """A cell without the reason for its gap, which the report gives."""
    return "n/e" if str(text).startswith("not estimable") else str(text)
