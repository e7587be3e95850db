"""The tables of the paper, as text, made from the tidy rows."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis_py.describe import format_p, pretty_table
from analysis_py.results import Row, as_frame
from analysis_py.variables import BY_NAME, DEATH_28D, DEATH_HOSPITAL, OUTCOMES, TABLE_ONE

COHORT_TITLES = {"full": "Before matching", "matched": "After matching"}
_HEADERS = {
    f"{cohort} {part}": f"{title}: {words}"
    for cohort, title in COHORT_TITLES.items()
    for part, words in (("control", "control"), ("treated", "dexmedetomidine"), ("SMD", "SMD"), ("p", "p"))
} | {"missing": "Missing, n (%)", "variable": "Variable", "section": "section", "level": "level"}


def flow_table(flow: pd.DataFrame) -> pd.DataFrame:
    """cohort_flow with headings; `flow` as suppress_flow() gives it."""
    names = {"step": "Step", "rule": "Rule", "n_before": "Before", "n_excluded": "Excluded", "n_after": "Left"}
    return flow[list(names)].rename(columns=names).astype(str)


def table_one(rows: Sequence[Row], cohorts: Sequence[str]) -> pd.DataFrame:
    """Baseline characteristics before and after matching."""
    return _with_headers(pretty_table(rows, TABLE_ONE, "table_one", cohorts, "balance"))


def table_three(rows: Sequence[Row], cohorts: Sequence[str]) -> pd.DataFrame:
    """Deaths, durations and stays."""
    return _with_headers(pretty_table(rows, OUTCOMES, "outcomes", cohorts, "outcomes").drop(columns="missing"))


def _with_headers(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.rename(columns=_HEADERS)


def table_two(rows: Sequence[Row]) -> pd.DataFrame:
    """Hazard and odds ratios of models 1 to 3 (and their variants) in each cohort."""
    frame = as_frame([row for row in rows if row.analysis == "outcome_models" and row.model])
    lines = []
    for (cohort, model), found in frame.groupby(["cohort", "model"], sort=False):
        line = {"section": COHORT_TITLES[str(cohort)], "Model": str(model).capitalize()}
        for outcome, measure in ((DEATH_28D, "HR"), (DEATH_HOSPITAL, "OR")):
            own = found[found["outcome"] == outcome]
            title = f"{BY_NAME[outcome].label}, {measure} (95 % CI, p)"
            line[title] = format_ratio(own.iloc[0]) if len(own) else ""
        lines.append(line)
    return pd.DataFrame(lines)


def format_ratio(row: "pd.Series[Any]") -> str:
    """`0.71 (0.53–0.95), p = 0.020`, or the reason why not."""
    if pd.isna(row["estimate"]):
        return str(row["note"])
    p_value = format_p(row["p_value"])
    shown = f"p {p_value[0]} {p_value[1:]}" if p_value.startswith("<") else f"p = {p_value}"
    return f"{row['estimate']:.2f} ({row['lower']:.2f}–{row['upper']:.2f}), {shown}"


def balance_table(rows: Sequence[Row]) -> pd.DataFrame:
    """Each balance measure of each variable, before and after matching."""
    frame = as_frame([row for row in rows if row.analysis == "balance" and row.measure != "p"])
    frame["column"] = frame["cohort"] + ": " + frame["measure"]
    order = list(dict.fromkeys(frame["column"]))
    wide = frame.pivot(index="term", columns="column", values="estimate")
    wide = wide.reindex(index=list(dict.fromkeys(frame["term"])), columns=order)
    text = wide.map(lambda value: "n/e" if pd.isna(value) else f"{value:.3f}")
    text.insert(0, "variable", [BY_NAME[str(name)].title for name in text.index])
    return text.reset_index(drop=True).rename_axis(columns=None)


def smd_frame(rows: Sequence[Row]) -> pd.DataFrame:
    """term, full, matched: the SMDs of the love plot."""
    frame = as_frame([row for row in rows if row.analysis == "balance" and row.measure == "SMD"])
    wide = frame.pivot(index="term", columns="cohort", values="estimate").astype(float)
    return wide.reindex(columns=["full", "matched"]).reset_index()
