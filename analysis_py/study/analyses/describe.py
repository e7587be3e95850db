"""Each variable by treatment group: Table 1 and Table 3, with balance and tests, as tidy rows."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from analysis_py.marts.types import Variable, levels_of
from analysis_py.statistics import balance
from analysis_py.statistics.design import as_numbers
from analysis_py.study.results import Row, as_frame, measured
from analysis_py.study.suppression import HIDDEN
from analysis_py.study.variables import AMONG_USERS, TREATMENT

GROUP_NAMES = {False: "control", True: "treated"}


def describe(data: pd.DataFrame, variables: Iterable[Variable], analysis: str, cohort: str) -> list[Row]:
    """Median with quartiles, or percent, of each variable in each group; `n` those with a value, `events` the count."""
    rows = []
    for variable in variables:
        for treated, group in GROUP_NAMES.items():
            values = data.loc[data[TREATMENT] == treated, variable.name].dropna()
            if variable.name in AMONG_USERS:
                values = values[values > 0]
            rows += _describe_group(values, variable, Row(analysis, f"{cohort} {group}", term=variable.name))
    return rows


def _describe_group(values: pd.Series, variable: Variable, place: Row) -> list[Row]:
    place = replace(place, n=len(values))
    if variable.kind == "continuous":
        place = replace(place, measure="median")
        if values.empty:
            return [replace(place, note="no values")]
        lower, median, upper = np.percentile(as_numbers(values), [25, 50, 75])
        return [replace(place, estimate=float(median), lower=float(lower), upper=float(upper))]
    shown = levels_of(values, variable) if variable.kind == "categorical" else (True,)
    rows = []
    for level in shown:
        count = int((values == level).sum())
        share = 100 * count / len(values) if len(values) else None
        text = "" if variable.kind == "binary" else str(level)
        rows.append(replace(place, measure="percent", level=text, estimate=share, events=count))
    return rows


def compare(
    data: pd.DataFrame, variables: Iterable[Variable], analysis: str, cohort: str, original: pd.DataFrame | None = None
) -> list[Row]:
    """Balance of each variable: SMD, test, variance ratio and Kolmogorov-Smirnov distance, one row each.

    With the `original` cohort given, SMD (original SD) divides by that cohort's standard deviations, so that a change
    before and after matching is one of means alone.
    """
    rows = []
    for variable in variables:
        name, kind = variable.name, variable.kind
        used = data[data[name] > 0] if name in AMONG_USERS else data
        place = Row(analysis, cohort, term=name, n=len(used))
        smd = balance.standardized_mean_difference
        rows.append(measured(replace(place, measure="SMD"), smd, used, name, TREATMENT, kind))
        rows.append(_test(replace(place, measure="p"), used, variable))
        if original is not None:
            in_original = replace(place, measure="SMD (original SD)")
            rows.append(measured(in_original, smd, used, name, TREATMENT, kind, original))
        if kind == "continuous":
            ratio = replace(place, measure="variance ratio")
            distance = replace(place, measure="Kolmogorov-Smirnov")
            rows.append(measured(ratio, balance.variance_ratio, used, name, TREATMENT))
            rows.append(measured(distance, balance.kolmogorov_smirnov, used, name, TREATMENT))
    return rows


def _test(place: Row, data: pd.DataFrame, variable: Variable) -> Row:
    p_value = measured(place, balance.compare_groups, data, variable.name, TREATMENT, variable.kind)
    return replace(p_value, estimate=None, p_value=p_value.estimate)


def missing(raw: pd.DataFrame, variables: Iterable[Variable], cohort: str = "full") -> list[Row]:
    """Share of stays without a value, by variable (the paper's Supplementary Table S2)."""
    rows = []
    for variable in variables:
        count = int(raw[variable.name].isna().sum())
        place = Row("missing", cohort, term=variable.name, measure="percent", n=len(raw), events=count)
        rows.append(replace(place, estimate=100 * count / len(raw)))
    return rows


# --- the same rows as a table for people --------------------------------------------------------------------------


def pretty_table(
    rows: Sequence[Row], variables: Sequence[Variable], analysis: str, cohorts: Sequence[str], tests_of: str
) -> pd.DataFrame:
    """One line per variable or level: both groups of each cohort, SMD and p from `tests_of`, and the share missing."""
    frame = as_frame(rows)
    lines = []
    for variable in variables:
        here = frame[frame["term"] == variable.name]
        heads = ["", *map(str, variable.levels_in(set(here["level"])))]
        for position, level in enumerate(heads):
            is_head = position == 0
            line: dict[str, str] = {
                "section": variable.section,
                "variable": f"{variable.title}{', n (%)' if variable.kind != 'continuous' else ''}" if is_head else "",
                "level": level.capitalize() if variable.levels else "",
            }
            for cohort in cohorts:
                for group in GROUP_NAMES.values():
                    own = here[(here["analysis"] == analysis) & (here["cohort"] == f"{cohort} {group}")]
                    own = own[own["level"] == level]
                    line[f"{cohort} {group}"] = format_cell(own.iloc[0]) if len(own) else ""
                tests = here[(here["analysis"] == tests_of) & (here["cohort"] == cohort)]
                line[f"{cohort} SMD"] = _one(tests, "SMD") if is_head else ""
                line[f"{cohort} p"] = _one(tests, "p") if is_head else ""
            gaps = here[here["analysis"] == "missing"]
            line["missing"] = format_cell(gaps.iloc[0]) if is_head and len(gaps) else ""
            lines.append(line)
    return pd.DataFrame(lines)


def _one(tests: pd.DataFrame, measure: str) -> str:
    found = tests[tests["measure"] == measure]
    if found.empty:
        return ""
    value = found.iloc[0]["p_value" if measure == "p" else "estimate"]
    if pd.isna(value):
        return "n/e"
    return format_p(value) if measure == "p" else ("<0.001" if value < 0.001 else f"{value:.3f}")


def format_cell(row: "pd.Series[Any]") -> str:
    """`median [quartiles]` or `count (percent)`; a dash where there is nobody."""
    count = row["events"] if row["measure"] == "percent" else row["n"]
    if pd.isna(row["estimate"]):
        if row["n"] == 0:
            return "–"
        return str(count) if isinstance(count, str) else (HIDDEN if row["note"] else "–")
    if row["measure"] == "median":
        return f"{row['estimate']:.2f} [{row['lower']:.2f}, {row['upper']:.2f}]"
    if row["measure"] == "mean":
        return f"{row['estimate']:.2f}"
    return f"{count:,} ({row['estimate']:.1f})" if isinstance(count, int) else f"({row['estimate']:.1f})"


def format_p(value: float) -> str:
    """p-value with three digits."""
    return "<0.001" if value < 0.001 else f"{value:.3f}"
