"""The lines of the forest plots."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from analysis_py.report.published import read_published
from analysis_py.report.tables.cells import COHORT_TITLES, deaths_of, equals, few, ratio
from analysis_py.report.tables.effects import choices
from analysis_py.study.results import Row
from analysis_py.study.variables import DEATH_28D, SUBGROUP_TITLES


def forest_lines(rows: Sequence[Row]) -> pd.DataFrame:
    """The lines of the subgroup forest plot."""
    lines: list[dict[str, object]] = []
    for row in rows:
        if row.analysis != "subgroup":
            continue
        p_value = "" if row.p_value is None else f"p {equals(row.p_value)}"
        if row.measure.startswith("interaction"):
            # the heading stands above the strata, which come first
            at = next(at for at, line in enumerate(lines) if line["term"] == row.term)
            test = "p for interaction n/e" if row.p_value is None else f"p for interaction {equals(row.p_value)}"
            lines.insert(at, forest_line(row.term, SUBGROUP_TITLES[row.term], None, "", test, heading=True))
            continue
        counts = f"{row.events} / {row.n}" if row.events is not None else ""
        shown = "not estimable" if row.estimate is None else f"{_short(row)}  {p_value}"
        lines.append(forest_line(row.term, row.level, row, counts, shown, heading=row.level == "Overall"))
    return pd.DataFrame(lines)


def robustness_lines(rows: Sequence[Row]) -> pd.DataFrame:
    """The lines of the robustness forest plot: model 3, 28-day death."""
    lines = []
    for cohort, title in COHORT_TITLES.items():
        here = [row for row in choices(rows, cohort) if row.model == "model 3" and row.outcome == DEATH_28D]
        if here:
            lines.append(forest_line("", title, None, "", "", heading=True))
        lines += [forest_row(row, row.level) for row in here]
    return pd.DataFrame(lines)


def published_ratios(places: Sequence[tuple[str, str, str, str]]) -> list[tuple[str, Row]]:
    """Published hazard ratios by source, cohort and model, each with the label that comes with its place."""
    published = read_published()
    found = []
    for source, cohort, model, label in places:
        here = published[(published["source"] == source) & (published["cohort"] == cohort)]
        line = here[(here["model"] == model) & (here["statistic"] == "HR")].iloc[0]
        p_value = None if pd.isna(line["p_value"]) else float(line["p_value"])
        row = Row("published", cohort, model=model, estimate=line["value"], lower=line["lower"], upper=line["upper"])
        found.append((label, replace(row, p_value=p_value)))
    return found


def forest_row(row: Row, label: str) -> dict[str, object]:
    """A line of a forest plot for one hazard ratio."""
    p_value = "" if row.p_value is None else f"  p {equals(row.p_value)}"
    return forest_line(
        "", label, row, deaths_of(row), f"{_short(row)}{p_value}" if row.estimate else "not estimable", False
    )


def forest_line(term: str, label: str, row: Row | None, left: str, right: str, heading: bool) -> dict[str, object]:
    """A line of a forest plot as figures/effects.py draws it; without `row` it has no interval."""
    numbers = (row.estimate, row.lower, row.upper) if row is not None else (None, None, None)
    estimate, lower, upper = (float("nan") if number is None else number for number in numbers)
    ends = {"estimate": estimate, "lower": lower, "upper": upper}
    return {"term": term, "label": label, "left": left, "right": right, "heading": heading} | ends


def _short(row: Row) -> str:
    return ratio(row.estimate or 0, row.lower or 0, row.upper or 0) + few(row)
