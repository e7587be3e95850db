"""Who was studied: steps of the cohort, Tables 1 and 3, balance, missing values, those without a match."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis_py.report.tables.cells import COHORT_TITLES
from analysis_py.study.analyses.describe import format_cell, pretty_table
from analysis_py.study.analyses.unmatched import ANALYSIS as UNMATCHED
from analysis_py.study.analyses.unmatched import PROPENSITY
from analysis_py.study.results import Row, as_frame
from analysis_py.study.variables import BY_NAME, DEATH_28D, OUTCOMES, TABLE_ONE


def flow_table(flow: pd.DataFrame) -> pd.DataFrame:
    """cohort_flow with headings; `flow` as suppress_flow() gives it."""
    names = {"step": "Step", "rule": "Rule", "n_before": "Before", "n_excluded": "Excluded", "n_after": "Left"}
    return flow[list(names)].rename(columns=names).astype(str)


def table_one(rows: Sequence[Row], cohorts: Sequence[str], drug: str) -> pd.DataFrame:
    """Baseline characteristics before and after matching."""
    return _with_headers(rows, drug, pretty_table(rows, TABLE_ONE, "table_one", cohorts, "balance"))


def table_three(rows: Sequence[Row], cohorts: Sequence[str], drug: str) -> pd.DataFrame:
    """Deaths, durations and stays."""
    frame = pretty_table(rows, OUTCOMES, "outcomes", cohorts, "outcomes").drop(columns="missing")
    return _with_headers(rows, drug, frame)


def _with_headers(rows: Sequence[Row], drug: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Headings for people, the groups with their size (that of the outcome, which is never missing)."""
    sizes = {row.cohort: row.n for row in rows if row.analysis == "outcomes" and row.term == DEATH_28D}
    titles = {
        f"{cohort} {part}": f"{title}: {words}"
        for cohort, title in COHORT_TITLES.items()
        for part, words in (("control", "control"), ("treated", drug), ("SMD", "SMD"), ("p", "p"))
    } | {"missing": "Missing, n (%)", "variable": "Variable"}
    headers = {
        name: f"{title}, n = {sizes[name]:,}" if isinstance(sizes.get(name), int) else title
        for name, title in titles.items()
    }
    return frame.rename(columns=headers)


def balance_table(rows: Sequence[Row]) -> pd.DataFrame:
    """Each balance measure of each variable, before and after matching."""
    frame = as_frame([row for row in rows if row.analysis == "balance" and row.measure != "p"])
    frame["column"] = frame["cohort"].map(COHORT_TITLES) + ": " + frame["measure"]
    order = list(dict.fromkeys(frame["column"]))
    wide = frame.pivot(index="term", columns="column", values="estimate")
    wide = wide.reindex(index=list(dict.fromkeys(frame["term"])), columns=order)
    text = wide.map(lambda value: "n/e" if pd.isna(value) else f"{value:.3f}")
    # variance ratio and distance are those of numbers
    numbers = [BY_NAME[str(name)].kind == "continuous" for name in text.index]
    text = text.where(text.columns.str.contains("SMD") | np.array(numbers)[:, None], "–")
    text.insert(0, "Variable", [BY_NAME[str(name)].title for name in text.index])
    return text.reset_index(drop=True).rename_axis(columns=None)


def smd_frame(rows: Sequence[Row]) -> pd.DataFrame:
    """term, full, matched: the SMDs of the love plot."""
    frame = as_frame([row for row in rows if row.analysis == "balance" and row.measure == "SMD"])
    wide = frame.pivot(index="term", columns="cohort", values="estimate").astype(float)
    return wide.reindex(columns=["full", "matched"]).reset_index()


def unmatched_table(rows: Sequence[Row]) -> pd.DataFrame:
    """The treated who were not matched beside those who were: propensity and Table 1."""
    columns = {"unmatched treated": "Not matched", "matched treated": "Matched"}
    chosen = [row for row in rows if row.analysis == UNMATCHED or row.analysis == "table_one"]
    frame = as_frame([row for row in chosen if row.cohort in columns])
    sizes = {row.cohort: row.n for row in rows if row.analysis == UNMATCHED and row.term == PROPENSITY}
    titles = {cohort: f"{words}, n = {sizes.get(cohort)}" for cohort, words in columns.items()}
    lines = []
    for name in [PROPENSITY, *(variable.name for variable in TABLE_ONE)]:
        variable = BY_NAME.get(name)
        found = set(frame.loc[frame["term"] == name, "level"])
        levels = [str(level) for level in variable.levels_in(found)] if variable else []
        unit = "" if variable is None or variable.kind == "continuous" else ", n (%)"
        title = f"{variable.title}{unit}" if variable else "Propensity score, mean"
        for level in ["", *levels]:
            cells = {}
            for cohort, head in titles.items():
                own = frame[(frame["term"] == name) & (frame["cohort"] == cohort) & (frame["level"] == level)]
                cells[head] = format_cell(own.iloc[0]) if len(own) else ""
            section = variable.section if variable else ""
            words = {"Variable": "" if level else title, "level": level.capitalize()}
            lines.append({"section": section} | words | cells)
    return pd.DataFrame(lines)


def missing_table(rows: Sequence[Row]) -> pd.DataFrame:
    """Share missing of each variable, the largest first (the paper's Supplementary Table S2)."""
    frame = as_frame([row for row in rows if row.analysis == "missing"])
    # a share that is not shown stands between those that are and the zeros
    order = frame["estimate"].fillna(1e-9).sort_values(ascending=False, kind="stable").index
    lines = [
        {"Variable": BY_NAME[str(row["term"])].title, "Stays": str(row["n"]), "Missing, n (%)": format_cell(row)}
        for _, row in frame.loc[order].iterrows()
    ]
    return pd.DataFrame(lines)
