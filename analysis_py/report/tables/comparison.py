"""The published numbers beside ours, each with the mark of its agreement."""

from typing import Any

import pandas as pd

from analysis_py.report.published import AGREES, DIFFERS, NOT_COMPARABLE
from analysis_py.report.tables.cells import COHORT_TITLES, FEW_MARK, equals, gate_mark, ratio
from analysis_py.study.analyses.describe import format_p
from analysis_py.study.suppression import HIDDEN
from analysis_py.study.variables import BY_NAME, SUBGROUP_TITLES, TREATMENT

# not by colour alone, and each read aloud as its word
MARKS = {AGREES: "✓", DIFFERS: "✗", NOT_COMPARABLE: "○"}
LEGEND = ", ".join(f"{sign} {word}" for word, sign in MARKS.items())


def agreement_table(comparison: pd.DataFrame) -> pd.DataFrame:
    """How many published numbers ours agree with, by table and cohort; a printed n (%) is one number."""
    counted = comparison[comparison["statistic"] != "count"]
    lines = []
    for (source, cohort), found in counted.groupby(["source", "cohort"], sort=False):
        line = {"Source": str(source), "Cohort": COHORT_TITLES[str(cohort)], "Numbers": str(len(found))}
        line |= {verdict.capitalize(): str((found["agreement"] == verdict).sum()) for verdict in MARKS}
        lines.append(line)
    return pd.DataFrame(lines)


def published_characteristics(comparison: pd.DataFrame, cohort: str) -> pd.DataFrame:
    """Every cell of the paper's Tables 1 and 3 beside ours and its mark, before or after matching."""
    described = comparison["source"].isin(["Table 1", "Table 3"]) & (comparison["statistic"] != "count")
    lines = []
    chosen = comparison[described & (comparison["cohort"] == cohort)]
    for (source, name, level), found in chosen.groupby(["source", "variable", "level"], sort=False):
        line = {"section": source, "Variable": f"{BY_NAME[str(name)].title} {level}".strip()}
        for words, here in (
            ("Control", found["arm"] == "control"),
            ("Dexmedetomidine", found["arm"] == "treated"),
            ("SMD", found["statistic"] == "SMD"),
            ("p", found["statistic"] == "p"),
        ):
            own = found[here]
            line[f"{words}: published"] = own.iloc[0]["printed"] if len(own) else ""
            line[f"{words}: ours"] = our_cell(own.iloc[0]) if len(own) else ""
        lines.append(line)
    return pd.DataFrame(lines)


def our_cell(line: "pd.Series[Any]") -> str:
    """Our number as the paper would print it, and the mark of its agreement."""
    statistic = line["statistic"]
    if statistic in ("p", "p for interaction"):
        shown = "n/e" if pd.isna(line["our_p_value"]) else format_p(line["our_p_value"])
    elif pd.isna(line["our_value"]):
        shown = HIDDEN if "not shown" in line["note"] or "fewer than" in line["note"] else "n/e"
    elif statistic == "percent":
        shown = f"{line['our_value']:.1f} %"
    elif statistic == "median":
        shown = f"{line['our_value']:.2f} [{line['our_lower']:.2f}, {line['our_upper']:.2f}]"
    elif statistic == "SMD":
        shown = f"{line['our_value']:.3f}"
    else:
        shown = ratio(line["our_value"], line["our_lower"], line["our_upper"])
        marks = gate_mark(line["note"]) + (FEW_MARK if line["our_few_events"] else "")
        shown += f", p {equals(line['our_p_value'])}" + (f" {marks}" if marks else "")
    return f"{shown} {MARKS[line['agreement']]}"


def published_table(comparison: pd.DataFrame) -> pd.DataFrame:
    """Every number of the paper's Tables 2 and 4 and Figure 3 beside ours and its mark."""
    lines = []
    effects = comparison["source"].isin(["Table 2", "Table 4", "Figure 3"]) & (comparison["statistic"] != "count")
    for _, line in comparison[effects].iterrows():
        lines.append(
            {
                "section": line["source"],
                "What": _what(line.to_dict()),
                "Cohort": COHORT_TITLES[line["cohort"]],
                "Model": line["model"],
                "Measure": "n (%)" if line["statistic"] == "percent" else line["statistic"],
                "Published": line["printed"],
                "Ours": our_cell(line),
            }
        )
    return pd.DataFrame(lines)


def _what(line: dict[Any, Any]) -> str:
    """The outcome, class or stratum that a published ratio is about."""
    if line["source"] == "Figure 3":
        title = SUBGROUP_TITLES.get(line["variable"], "")
        return ": ".join(part for part in (title, line["level"]) if part)
    if line["variable"] == TREATMENT:
        return "Dexmedetomidine"
    return f"{BY_NAME[line['variable']].title}: {line['level']}" if line["level"] else BY_NAME[line["variable"]].label
