"""From the study's rows to files: results.csv, tables, figures and the report."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from analysis_py import figures, tables
from analysis_py.describe import format_p
from analysis_py.report import Part, Picture, picture, plain_table, render_report
from analysis_py.results import HIDDEN, Row, as_frame, is_small, suppress, suppress_flow
from analysis_py.study import Study, groups
from analysis_py.survival import kaplan_meier
from analysis_py.variables import BY_NAME, DEATH_28D, FOLLOW_UP, GROUPS, MODEL_2, MODEL_3, TREATMENT


def write_results(folder: Path, study: Study, flow: pd.DataFrame, below: int, seed: int) -> list[Row]:
    """Fill `folder` with everything a run leaves behind; gives the rows as written, small counts hidden."""
    rows = suppress(study.rows, below)
    shown_flow = suppress_flow(flow, below)
    hidden_steps = {
        (str(step.step), measure)
        for step in shown_flow.itertuples()
        for measure in ("n_after", "n_excluded")
        if isinstance(getattr(step, measure), str)
    }
    rows = [_hide_flow(row, hidden_steps, shown_flow) for row in rows]
    (folder / "tables").mkdir()
    (folder / "figures").mkdir()
    as_frame(rows).to_csv(folder / "results.csv", index=False, float_format="%.8g", lineterminator="\n")
    made = _tables(rows, shown_flow, study)
    for name, frame in made.items():
        frame.to_csv(folder / "tables" / f"{name}.csv", index=False, lineterminator="\n")
    with figures.house_style():
        pictures = _figures(folder / "figures", rows, shown_flow, study, below)
    page = render_report(
        _headline(rows, study, below), study.remarks, _parts(made, pictures, study), _methods(study, below, seed)
    )
    (folder / "report.html").write_text(page, encoding="utf-8", newline="\n")
    return rows


def _hide_flow(row: Row, hidden: set[tuple[str, str]], shown: pd.DataFrame) -> Row:
    if row.analysis != "flow" or (row.level, row.measure) not in hidden:
        return row
    text = shown.loc[shown["step"].astype(str) == row.level, row.measure].iloc[0]
    return replace(row, n=str(text))


def _tables(rows: list[Row], flow: pd.DataFrame, study: Study) -> dict[str, pd.DataFrame]:
    cohorts = list(study.cohorts)
    return {
        "flow": tables.flow_table(flow),
        "table1_baseline": tables.table_one(rows, cohorts),
        "table2_models": tables.table_two(rows),
        "table3_outcomes": tables.table_three(rows, cohorts),
        "balance": tables.balance_table(rows),
    }


def _figures(folder: Path, rows: list[Row], flow: pd.DataFrame, study: Study, below: int) -> dict[str, Picture]:
    cohorts = study.cohorts
    made: dict[str, Picture] = {}

    figure, (axis,) = figures.new_figure(7.2, 0.62 * len(flow) + 1.4)
    figures.flow_chart(axis, flow, _ending(study, below))
    made["flow"] = picture("How the cohort came about.", figures.save(figure, folder / "flow"))

    figure, axes = figures.new_figure(5.2 * len(cohorts), 4.2, len(cohorts))
    for axis, (name, data) in zip(axes, cohorts.items(), strict=True):
        curves = kaplan_meier(data, FOLLOW_UP, DEATH_28D, TREATMENT)
        figures.kaplan_meier(axis, curves, tables.COHORT_TITLES[name], _curve_note(rows, name), below)
    caption = "28-day hospital survival (Kaplan-Meier, 95 % confidence band), with the number at risk."
    made["kaplan_meier"] = picture(caption, figures.save(figure, folder / "kaplan_meier"))

    if study.matched is not None:
        figure, (axis,) = figures.new_figure(6.4, 7.6)
        figures.love_plot(axis, tables.smd_frame(rows))
        caption = "Standardized mean differences, each in units of its own cohort's standard deviation."
        made["love_plot"] = picture(caption, figures.save(figure, folder / "love_plot"))

        figure, axes = figures.new_figure(9.6, 3.4, 2)
        propensity = study.matched.propensity
        for axis, (name, data) in zip(axes, cohorts.items(), strict=True):
            score = propensity.loc[data.index]
            figures.propensity_overlap(axis, score, data[TREATMENT].astype(bool), tables.COHORT_TITLES[name], below)
        caption = "Propensity score by group: above the line dexmedetomidine, below it the controls."
        made["propensity_overlap"] = picture(caption, figures.save(figure, folder / "propensity_overlap"))
    return made


def _ending(study: Study, below: int) -> list[str]:
    lines = []
    for name, data in study.cohorts.items():
        counts = groups(data)
        small = any(is_small(count, below) for count in counts.values())
        words = [f"{HIDDEN if small else f'{counts[group]:,}'} {GROUPS[group].lower()}" for group in (True, False)]
        lines.append(f"{tables.COHORT_TITLES[name]}: {', '.join(words)}")
    return lines


def _find(rows: list[Row], analysis: str, cohort: str, model: str = "") -> Row | None:
    found = [row for row in rows if (row.analysis, row.cohort, row.model) == (analysis, cohort, model)]
    return found[0] if found else None


def _curve_note(rows: list[Row], cohort: str) -> str:
    hazard, test = _find(rows, "outcome_models", cohort, "model 1"), _find(rows, "log_rank", cohort)
    lines = []
    if hazard is not None and hazard.estimate is not None:
        lines.append(f"HR {hazard.estimate:.2f} ({hazard.lower:.2f}–{hazard.upper:.2f})")
    if test is not None and test.p_value is not None:
        lines.append(f"log-rank p = {format_p(test.p_value)}".replace("= <", "< "))
    return "\n".join(lines)


def _headline(rows: list[Row], study: Study, below: int) -> str:
    counts = groups(study.full)
    small = any(is_small(count, below) for count in counts.values())
    text = f"{len(study.full):,} patients"
    if not small:
        text += f", {counts[True]:,} of them with dexmedetomidine"
    main = _find(rows, "outcome_models", "matched", "model 3")
    if main is None or main.estimate is None or study.matched is None:
        return text + ". The effect after matching cannot be estimated in these data."
    pairs = len(study.matched.data) // 2
    return (
        f"{text}; {pairs:,} matched pairs. Hazard ratio of 28-day hospital death, fully adjusted, after matching: "
        f"{main.estimate:.2f} (95 % CI {main.lower:.2f} to {main.upper:.2f}, p = {format_p(main.p_value or 0)})."
    ).replace("p = <", "p < ")


def _parts(made: dict[str, pd.DataFrame], pictures: dict[str, Picture], study: Study) -> list[Part]:
    def drawn(*names: str) -> list[Picture]:
        return [pictures[name] for name in names if name in pictures]

    return [
        Part("flow", "Cohort", figures=drawn("flow"), tables=[plain_table("Steps", made["flow"])]),
        Part(
            "baseline",
            "Table 1. Baseline",
            tables=[plain_table("Median [quartiles] or n (%); n/e: not estimable.", made["table1_baseline"])],
        ),
        Part(
            "balance",
            "Balance",
            text="" if study.matched else f"No matched cohort: {study.not_matched}.",
            figures=drawn("love_plot", "propensity_overlap"),
            tables=[plain_table("Measures of balance", made["balance"])],
        ),
        Part("survival", "Survival", figures=drawn("kaplan_meier")),
        Part("models", "Table 2. Models of death", tables=[plain_table("Treated against not", made["table2_models"])]),
        Part(
            "outcomes",
            "Table 3. Outcomes",
            tables=[plain_table("Median [quartiles] or n (%)", made["table3_outcomes"])],
        ),
    ]


def _methods(study: Study, below: int, seed: int) -> list[str]:
    copies = len(study.completed.copies)
    lines = [
        f"Missing values were filled by chained equations ({copies} imputed data sets, seed {seed}); the first one is "
        "used in the main analysis.",
        "Propensity score: logistic regression on all variables of Table 1 except vasopressin. Matching: 1:1 nearest "
        "neighbor without replacement, caliper 0.05 standard deviations of the propensity score.",
        f"Model 1 is unadjusted. Model 2 adjusts for {_listed(MODEL_2)}. Model 3 adjusts for {_listed(MODEL_3)}. Cox "
        "regression with Efron's ties; logistic regression by maximum likelihood; Wald intervals.",
        "Tests in tables: Mann-Whitney without, chi-square with continuity correction in 2x2 tables.",
    ]
    if below > 1:
        lines.append(f"Counts from 1 to {below - 1} are not shown, nor those that would give them away.")
    return lines


def _listed(names: Sequence[str]) -> str:
    labels = [BY_NAME[name].label for name in names]
    return ", ".join(labels[:-1]) + f" and {labels[-1]}"
