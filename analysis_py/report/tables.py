"""The tables of the paper, as text, made from the tidy rows."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from analysis_py.marts.build_record import BuildRecord
from analysis_py.report.published import AGREES, DIFFERS, NOT_COMPARABLE, read_published
from analysis_py.statistics.estimate import LEAST_EVENTS
from analysis_py.statistics.propensity import CALIPER
from analysis_py.study.analyses.describe import format_cell, format_p, pretty_table
from analysis_py.study.analyses.exposure import Exposure
from analysis_py.study.analyses.pooling import EVENT_FREEDOM, POOLED_OVER, how, main_rows
from analysis_py.study.analyses.unmatched import ANALYSIS as UNMATCHED
from analysis_py.study.analyses.unmatched import PROPENSITY
from analysis_py.study.results import HIDDEN, Row, as_frame, is_small, too_few
from analysis_py.study.variables import (
    BY_NAME,
    DEATH_28D,
    DEATH_HOSPITAL,
    OUTCOMES,
    SUBGROUP_TITLES,
    TABLE_ONE,
    TREATMENT,
)

COHORT_TITLES = {"full": "Before matching", "matched": "After matching"}
# not by colour alone, and each read aloud as its word
MARKS = {AGREES: "✓", DIFFERS: "✗", NOT_COMPARABLE: "○"}
FEW_MARK, FEW_WORDS = "†", f"fewer than {LEAST_EVENTS} events per coefficient"
_PER_COEFFICIENT = "events per coefficient"
_MAIN = {"full": "as published", "matched": f"as published (caliper {CALIPER:g} SD)"}
_OURS = "ours"


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
    for outcome, measure in ((DEATH_28D, "HR"), (DEATH_HOSPITAL, "OR")):
        own, label = found[found["outcome"] == outcome], BY_NAME[outcome].label
        cells[f"{label}, {measure} (95 % CI, p)"] = format_ratio(own.iloc[0]) if len(own) else ""
        cells[f"{label}, {_PER_COEFFICIENT}"] = per_coefficient(own.iloc[0]) if len(own) else ""
    return cells


def format_ratio(row: "pd.Series[Any]") -> str:
    """`0.71 (0.53–0.95), p = 0.020`, or the reason why not; marked where the model has few events."""
    if pd.isna(row["estimate"]):
        return str(row["note"])
    return f"{ratio(row['estimate'], row['lower'], row['upper'])}, p {_equals(row['p_value'])}{few(row)}"


def few(row: "pd.Series[Any] | Row") -> str:
    """The mark of an estimate whose model has too few events for its coefficients, or nothing."""
    return f" {FEW_MARK}" if too_few(row.events_per_coefficient) else ""


def per_coefficient(row: "pd.Series[Any] | Row") -> str:
    """Events per coefficient as a cell."""
    found = row.events_per_coefficient
    return f"{found:.1f}" if isinstance(found, float) and not np.isnan(found) else str(found or "")


def ratio(value: float, lower: float, upper: float) -> str:
    """`0.71 (0.53–0.95)`; the digits of huge and tiny ones say nothing."""
    shown = [
        ">999" if number > 999 else ("<0.01" if number < 0.005 else f"{number:.2f}") for number in (value, lower, upper)
    ]
    return f"{shown[0]} ({shown[1]}–{shown[2]})"


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
        levels = [str(level) for level in variable.levels] if variable and variable.levels else []
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


def smd_frame(rows: Sequence[Row]) -> pd.DataFrame:
    """term, full, matched: the SMDs of the love plot."""
    frame = as_frame([row for row in rows if row.analysis == "balance" and row.measure == "SMD"])
    wide = frame.pivot(index="term", columns="cohort", values="estimate").astype(float)
    return wide.reindex(columns=["full", "matched"]).reset_index()


def _interval(row: "pd.Series[Any]") -> str:
    if pd.isna(row["estimate"]):
        return str(row["note"])
    return ratio(row["estimate"], row["lower"], row["upper"]) + few(row)


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
                    "HR (95 % CI)": _interval(row),
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
            for outcome, measure in ((DEATH_28D, "HR"), (DEATH_HOSPITAL, "OR")):
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
        return f"p {_equals(row['p_value'])}"
    return format_ratio(row)


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
        shown = "" if test else _interval(row)
        line = {"Variable": name, "HR (95 % CI)": shown, _PER_COEFFICIENT.capitalize(): per_coefficient(row)}
        lines.append(line | {"p": p_value, "p < 0.05": below})
    return pd.DataFrame(lines)


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
        shown += f", p {_equals(line['our_p_value'])}" + (f" {FEW_MARK}" if line["our_few_events"] else "")
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


def test_table(build: BuildRecord, below: int) -> pd.DataFrame:
    """Each data test of the build, with the rows that it found."""
    lines = [
        {
            "Model": test.model,
            "Test": test.name,
            "Status": test.status,
            "Rows": f"<{below}" if is_small(test.failures, below) else str(test.failures),
            "What is tested": test.description,
        }
        for test in build.tests
    ]
    return pd.DataFrame(lines, columns=["Model", "Test", "Status", "Rows", "What is tested"])


def tests_by_model(tests: pd.DataFrame) -> pd.DataFrame:
    """How many tests each model has, and how they ended; `tests` as test_table() gives them."""
    ended = pd.crosstab(tests["Model"], tests["Status"])
    order = ["pass", *sorted(set(ended.columns) - {"pass"})]
    ended = ended.reindex(columns=order, fill_value=0).rename(columns=str.capitalize)
    ended.insert(0, "Tests", ended.sum(axis=1))
    return ended.astype(str).reset_index().rename_axis(columns=None)


def source_table(build: BuildRecord, below: int) -> pd.DataFrame:
    """About how many rows each source table has, by the server's own estimate."""
    lines = [
        {"Source": name, "Rows, about": f"<{below}" if is_small(rows, below) else f"{rows:,}"}
        for name, rows in build.sources.items()
    ]
    return pd.DataFrame(lines, columns=["Source", "Rows, about"])


def definition_table(build: BuildRecord) -> pd.DataFrame:
    """Every definition in force beside its default; those that differ are marked and stand first."""
    lines = [
        {
            "Variable": name,
            "In force": value,
            "Default": build.defaults.get(name, ""),
            "Changed": "≠ changed" if name in build.changed else "",
        }
        for name, value in build.definitions.items()
    ]
    lines.sort(key=lambda line: not line["Changed"])
    return pd.DataFrame(lines, columns=["Variable", "In force", "Default", "Changed"])


def version_table(build: BuildRecord, seed: int) -> pd.DataFrame:
    """What a second run needs for the same numbers."""
    facts = {
        "Marts built (UTC)": build.finished_at,
        "Data fingerprint": build.fingerprint,
        "Drug": build.drug,
        "Seed": seed,
        **build.versions,
    }
    lines = [{"What": name, "Value": str(value)} for name, value in facts.items() if value not in ("", None)]
    return pd.DataFrame(lines, columns=["What", "Value"])


def forest_lines(rows: Sequence[Row]) -> pd.DataFrame:
    """The lines of the subgroup forest plot."""
    lines: list[dict[str, object]] = []
    for row in rows:
        if row.analysis != "subgroup":
            continue
        p_value = "" if row.p_value is None else f"p {_equals(row.p_value)}"
        if row.measure.startswith("interaction"):
            # the heading stands above the strata, which come first
            at = next(at for at, line in enumerate(lines) if line["term"] == row.term)
            test = "p for interaction n/e" if row.p_value is None else f"p for interaction {_equals(row.p_value)}"
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


def forest_line(term: str, label: str, row: Row | None, left: str, right: str, heading: bool) -> dict[str, object]:
    numbers = (row.estimate, row.lower, row.upper) if row is not None else (None, None, None)
    estimate, lower, upper = (float("nan") if number is None else number for number in numbers)
    ends = {"estimate": estimate, "lower": lower, "upper": upper}
    return {"term": term, "label": label, "left": left, "right": right, "heading": heading} | ends


def _short(row: Row) -> str:
    return ratio(row.estimate or 0, row.lower or 0, row.upper or 0) + few(row)


def _equals(p_value: float) -> str:
    shown = format_p(p_value)
    return f"< {shown[1:]}" if shown.startswith("<") else f"= {shown}"


def forest_row(row: Row, label: str) -> dict[str, object]:
    """A line of a forest plot for one hazard ratio."""
    p_value = "" if row.p_value is None else f"  p {_equals(row.p_value)}"
    return forest_line(
        "", label, row, deaths_of(row), f"{_short(row)}{p_value}" if row.estimate else "not estimable", False
    )


def deaths_of(row: Row | None) -> str:
    """`41 / 234`, or nothing."""
    return f"{row.events} / {row.n}" if row is not None and row.events is not None else ""


def told_ratio(row: Row) -> str:
    """As format_ratio(), of one row."""
    return format_ratio(as_frame([row]).iloc[0])


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
