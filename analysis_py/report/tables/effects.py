"""What was estimated: Tables 2 and 4, subgroups, other choices, and what is asked of the models."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from analysis_py.report.tables.cells import (
    COHORT_TITLES,
    MEASURES,
    equals,
    format_interval,
    format_ratio,
    per_coefficient,
)
from analysis_py.statistics.propensity import CALIPER
from analysis_py.study.analyses.describe import format_cell, format_p
from analysis_py.study.analyses.exposure import Exposure
from analysis_py.study.analyses.pooling import EVENT_FREEDOM, POOLED_OVER, how, main_rows
from analysis_py.study.results import Row, as_frame
from analysis_py.study.variables import BY_NAME, SUBGROUP_TITLES

_PER_COEFFICIENT = "events per coefficient"
_MAIN = {"full": "as published", "matched": f"as published (caliper {CALIPER:g} SD)"}
_OURS = "ours"


def table_two(rows: Sequence[Row]) -> pd.DataFrame:
    """Hazard and odds ratios of models 1 to 3: ours first, then each cohort as published."""
    lines = []
    ours, published = main_rows(rows), [row for row in rows if row.analysis == "outcome_models" and row.model]
    parts = {f"Ours: {how(ours[0])}": ours} if ours else {}
    for cohort, title in COHORT_TITLES.items():
        parts[f"{title}, as published"] = [row for row in published if row.cohort == cohort]
    for section, here in parts.items():
        for model in dict.fromkeys(row.model for row in here):
            found = as_frame([row for row in here if row.model == model])
            lines.append({"section": section, "Model": model.capitalize()} | _both_outcomes(found))
    return pd.DataFrame(lines)


def _both_outcomes(found: pd.DataFrame) -> dict[str, str]:
    """Cells of the hazard ratio of 28-day death and of the odds ratio of hospital death, each beside its events."""
    cells = {}
    for outcome, measure in MEASURES:
        own, label = found[found["outcome"] == outcome], BY_NAME[outcome].label
        cells[f"{label}, {measure} (95 % CI, p)"] = format_ratio(own.iloc[0]) if len(own) else ""
        cells[f"{label}, {_PER_COEFFICIENT}"] = per_coefficient(own.iloc[0]) if len(own) else ""
    return cells


def subgroup_table(rows: Sequence[Row]) -> pd.DataFrame:
    """Figure 3 as a table."""
    frame = as_frame([row for row in rows if row.analysis == "subgroup" and row.term])
    lines = []
    for term, found in frame.groupby("term", sort=False):
        test = found[found["measure"].str.startswith("interaction")]
        if len(test):
            value = test.iloc[0]
            shown = "n/e" if pd.isna(value["p_value"]) else format_p(value["p_value"])
            lines.append({"Subgroup": SUBGROUP_TITLES[str(term)], "p for interaction": shown})
        for _, row in found[~found.index.isin(test.index)].iterrows():
            p_value = "" if pd.isna(row["p_value"]) else format_p(row["p_value"])
            lines.append(
                {
                    "level": row["level"],
                    "n": _whole(row["n"]),
                    "Deaths": _whole(row["events"]),
                    "HR (95 % CI)": format_interval(row),
                    "p": p_value,
                }
            )
    columns = ["Subgroup", "level", "n", "Deaths", "HR (95 % CI)", "p", "p for interaction"]
    return pd.DataFrame(lines, columns=columns).fillna("")


def _whole(count: int | str | None) -> str:
    return "" if count is None else str(count)


def table_four(rows: Sequence[Row], exposures: Sequence[Exposure]) -> pd.DataFrame:
    """Classes of duration and dose against matched non-users, adjusted by model 3, with trends."""
    titles = {exposure.analysis: f"{exposure.title} ({exposure.unit})" for exposure in exposures}
    frame = as_frame([row for row in rows if row.analysis in titles])
    lines = []
    for analysis, found in frame.groupby("analysis", sort=False):
        for level in dict.fromkeys(found["level"]):
            here = found[found["level"] == level]
            line = {"section": titles[str(analysis)], "Class": level.capitalize() or "–"}
            sizes = here[here["measure"] == "percent"]
            line["n (%)"] = format_cell(sizes.iloc[0]) if len(sizes) else ""
            for outcome, measure in MEASURES:
                title = f"{BY_NAME[outcome].label}, {measure} (95 % CI, p)"
                own = here[(here["outcome"] == outcome) & (here["model"] == "model 3")]
                line[title] = _effect_or_test(own) if len(own) else ("1" if level == "none" else "")
                events = f"{BY_NAME[outcome].label}, {_PER_COEFFICIENT}"
                line[events] = per_coefficient(own.iloc[0]) if len(own) else ""
            if not level:
                line[title] = str(here.iloc[0]["note"])
            lines.append(line)
    return pd.DataFrame(lines)


def _effect_or_test(own: pd.DataFrame) -> str:
    row = own.iloc[0]
    if row["measure"] == "chi-square" and not pd.isna(row["p_value"]):
        return f"p {equals(row['p_value'])}"
    return format_ratio(row)


def choices(rows: Sequence[Row], cohort: str) -> list[Row]:
    """The models of one cohort under every choice: ours, as published, and what changes one thing of that."""
    ours = [replace(row, level=f"{_OURS}: {how(row)}") for row in main_rows(rows)]
    main = [replace(row, level=_MAIN[cohort]) for row in rows if row.analysis == "outcome_models" and row.model]
    other = [row for row in rows if row.analysis in ("robustness", EVENT_FREEDOM) and row.term]
    shown = [row for row in other if row.analysis == EVENT_FREEDOM or not row.level.startswith(POOLED_OVER)]
    return [row for row in (*ours, *main, *shown) if row.cohort == cohort]


def robustness_table(rows: Sequence[Row]) -> pd.DataFrame:
    """All models under other choices, before and after matching."""
    lines = []
    for cohort, title in COHORT_TITLES.items():
        frame = as_frame(choices(rows, cohort))
        for (level, model), found in frame.groupby(["level", "model"], sort=False):
            line = {"section": title, "Choice": str(level), "Model": str(model), "n": ""}
            sizes = [size for size in found["n"] if size is not None]
            line["n"] = str(sizes[-1]) if sizes else ""
            lines.append(line | _both_outcomes(found))
    return pd.DataFrame(lines)


def screening_table(rows: Sequence[Row]) -> pd.DataFrame:
    """Univariate Cox models of 28-day death."""
    frame = as_frame([row for row in rows if row.analysis == "screening"])
    lines = []
    for _, row in frame.iterrows():
        variable = BY_NAME[row["term"]]
        test = row["measure"].startswith("all levels")
        p_value = "n/e" if pd.isna(row["p_value"]) else format_p(row["p_value"])
        name = f"{variable.title}: {row['level'] if not test else 'all levels'}" if variable.levels else variable.title
        below = "yes" if not pd.isna(row["p_value"]) and row["p_value"] < 0.05 else ""
        shown = "" if test else format_interval(row)
        line = {"Variable": name, "HR (95 % CI)": shown, _PER_COEFFICIENT.capitalize(): per_coefficient(row)}
        lines.append(line | {"p": p_value, "p < 0.05": below})
    return pd.DataFrame(lines)


def e_value_table(rows: Sequence[Row]) -> pd.DataFrame:
    """E-values of the estimates of Table 2, for the point and for the limit nearer to 1."""
    frame = as_frame([row for row in rows if row.analysis == "e_value"])
    lines = []
    for (cohort, outcome, model), found in frame.groupby(["cohort", "outcome", "model"], sort=False):
        shown = {
            row["level"]: "n/e" if pd.isna(row["estimate"]) else f"{row['estimate']:.2f}" for _, row in found.iterrows()
        }
        lines.append(
            {
                "section": COHORT_TITLES[str(cohort)],
                "Outcome": BY_NAME[str(outcome)].label,
                "Model": str(model),
                "Point": shown["point"],
                "Limit": shown["limit"],
            }
        )
    return pd.DataFrame(lines)


def proportionality_table(rows: Sequence[Row]) -> pd.DataFrame:
    """Tests of proportional hazards."""
    lines = []
    for row in rows:
        if row.analysis == "proportional_hazards":
            shown = row.note if row.estimate is None else f"{row.estimate:.2f}"
            p_value = "" if row.p_value is None else format_p(row.p_value)
            lines.append({"Cohort": COHORT_TITLES[row.cohort], "Model": row.model, "Chi-square": shown, "p": p_value})
    return pd.DataFrame(lines)
