"""From the study's rows to files: results.csv, tables, figures and the report."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from textwrap import fill

import pandas as pd
from matplotlib.figure import Figure

from analysis_py import figures, tables
from analysis_py.cohorts import Matched
from analysis_py.describe import format_p
from analysis_py.errors import NotEstimable
from analysis_py.exposure import EXPOSURES, spline_curve
from analysis_py.generated import PATIENTS, WATERMARK, marked
from analysis_py.overlap import EQUIPOISE, preference_score
from analysis_py.published import published_and_ours
from analysis_py.report import Part, Picture, Table, picture, plain_table, render_report
from analysis_py.results import HIDDEN, Row, as_frame, is_small, suppress, suppress_flow
from analysis_py.study import Study, groups
from analysis_py.survival import kaplan_meier
from analysis_py.variables import BY_NAME, DEATH_28D, FOLLOW_UP, GROUPS, MODEL_2, MODEL_3, TREATMENT

_CELLS = "Median [quartiles] or n (%); n/e: not estimable."


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
    _write(as_frame(rows), folder / "results.csv", study)
    made = _tables(rows, shown_flow, study)
    for name, frame in made.items():
        _write(frame, folder / "tables" / f"{name}.csv", study)
    with figures.house_style():
        pictures = _figures(folder / "figures", rows, shown_flow, study, below)
    parts, methods = _parts(made, pictures, study), _methods(study, below, seed)
    page = render_report(_headline(rows, study, below), study.remarks, parts, methods, study.generated)
    (folder / "report.html").write_text(page, encoding="utf-8", newline="\n")
    return rows


def _write(table: pd.DataFrame, path: Path, study: Study) -> None:
    shown = marked(table) if study.generated else table
    shown.to_csv(path, index=False, float_format="%.8g", lineterminator="\n")


def _hide_flow(row: Row, hidden: set[tuple[str, str]], shown: pd.DataFrame) -> Row:
    if row.analysis != "flow" or (row.level, row.measure) not in hidden:
        return row
    text = shown.loc[shown["step"].astype(str) == row.level, row.measure].iloc[0]
    return replace(row, n=str(text))


def _tables(rows: list[Row], flow: pd.DataFrame, study: Study) -> dict[str, pd.DataFrame]:
    cohorts = list(study.cohorts)
    made = {
        "flow": tables.flow_table(flow),
        "missing": tables.missing_table(rows),
        "table1_baseline": tables.table_one(rows, cohorts),
        "table2_models": tables.table_two(rows),
        "table3_outcomes": tables.table_three(rows, cohorts),
        "balance": tables.balance_table(rows),
        "screening": tables.screening_table(rows),
        "robustness": tables.robustness_table(rows),
        "e_values": tables.e_value_table(rows),
        "proportional_hazards": tables.proportionality_table(rows),
    }
    if study.matched is not None:
        made["table4_exposure"] = tables.table_four(rows)
        made["subgroups"] = tables.subgroup_table(rows)
    made["published_vs_ours"] = published_and_ours(rows)
    return made


def _figures(folder: Path, rows: list[Row], flow: pd.DataFrame, study: Study, below: int) -> dict[str, Picture]:
    made: dict[str, Picture] = {}

    def keep(name: str, figure: Figure, caption: str) -> None:
        if study.generated:
            figures.watermark(figure, WATERMARK)
        made[name] = picture(caption, figures.save(figure, folder / name))

    figure, (axis,) = figures.new_figure(6.6, 0.5 * len(flow) + 1.6)
    figures.flow_chart(axis, flow, _ending(study, below))
    keep("flow", figure, "How the cohort came about.")

    figure, axes = figures.new_figure(6.0 * len(study.cohorts), 4.4, len(study.cohorts))
    for axis, (name, data) in zip(axes, study.cohorts.items(), strict=True):
        curves = kaplan_meier(data, FOLLOW_UP, DEATH_28D, TREATMENT)
        figures.kaplan_meier(axis, curves, tables.COHORT_TITLES[name], _curve_note(rows, name), below)
    keep(
        "kaplan_meier", figure, "28-day hospital survival (Kaplan-Meier, 95 % confidence band) and the number at risk."
    )

    traced = list(dict.fromkeys(study.completed.trace["variable"]))
    if traced:
        height = -(-len(traced) // 4)
        figure, axes = figures.new_figure(9.6, 1.5 * height, 4, height)
        for axis, name in zip(axes, traced, strict=False):
            figures.imputation_trace(axis, study.completed.trace, name)
        for axis in axes[len(traced) :]:
            axis.set_visible(False)
        caption = (
            "Mean of the imputed values by iteration; one line per imputed data set. They should mix, without trend. "
            "Variables that are missing together and determine each other (INR, prothrombin time) mix slowly."
        )
        keep("imputation", figure, caption)

    if study.matched is not None:
        _matched_figures(study, study.matched, rows, below, keep)
    return made


def _matched_figures(
    study: Study, matched: Matched, rows: list[Row], below: int, keep: Callable[[str, Figure, str], None]
) -> None:
    figure, (axis,) = figures.new_figure(6.4, 7.6)
    figures.love_plot(axis, tables.smd_frame(rows))
    keep("love_plot", figure, "Standardized mean differences, each in units of its own cohort's standard deviation.")

    figure, axes = figures.new_figure(12.6, 3.4, 3)
    top = float(matched.propensity.max())
    for axis, (name, data) in zip(axes, study.cohorts.items(), strict=False):
        score, treated = matched.propensity.loc[data.index], data[TREATMENT].astype(bool)
        title = tables.COHORT_TITLES[name]
        figures.mirrored_histogram(axis, score, treated, title, "Propensity score", below, top)
    if axes[0].get_legend_handles_labels()[0]:
        axes[0].legend(loc="lower right")
    treated = study.full[TREATMENT].astype(bool)
    preference = preference_score(matched.propensity, treated)
    axes[2].axvspan(*EQUIPOISE, color="#eef3f7", zorder=0)
    axes[2].text(0.5, 0.98, "equipoise", transform=axes[2].get_xaxis_transform(), ha="center", va="top", fontsize=8)
    figures.mirrored_histogram(axes[2], preference, treated, "Preference score", "Preference score", below)
    caption = "Scores by group: dexmedetomidine above the line, controls below; shaded: equipoise, 0.3 to 0.7."
    keep("propensity_overlap", figure, caption)

    lines = tables.forest_lines(rows)
    figure = figures.forest(lines, "28-day hospital mortality after matching", "Hazard ratio")
    keep("subgroups", figure, "Hazard ratio in subgroups of the matched cohort, with p for interaction.")

    lines = tables.robustness_lines(rows)
    figure = figures.forest(lines, "28-day hospital mortality under other choices (model 3)", "Hazard ratio")
    keep("robustness", figure, "The fully adjusted hazard ratio under other choices, one changed at a time.")

    smooth = [exposure for exposure in EXPOSURES if exposure.cuts is not None]
    figure, axes = figures.new_figure(4.6 * len(smooth), 3.4, len(smooth))
    for axis, exposure in zip(axes, smooth, strict=True):
        title = exposure.title
        try:
            curve = spline_curve(matched.data, exposure.column, study.completed.unusable)
        except NotEstimable as reason:
            axis.set_axis_off()
            axis.set_title(title)
            axis.text(0, 0.5, fill(f"not estimable: {reason}", 45), transform=axis.transAxes, fontsize=8.5)
            continue
        figures.spline(axis, curve, title, f"{title} ({exposure.unit})")
    caption = (
        "Hazard ratio of 28-day hospital death among treated patients over exposure (restricted cubic spline, three "
        "knots, model 3). Patients who die early cannot be treated for long: the curve for duration is not causal."
    )
    keep("exposure", figure, caption)


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
    text = f"{len(study.full):,} {PATIENTS if study.generated else 'patients'} with sepsis-induced coagulopathy"
    if not small:
        text += f", {counts[True]:,} of them given dexmedetomidine"
    main = _find(rows, "outcome_models", "matched", "model 3")
    if main is None or main.estimate is None or study.matched is None:
        return text + ". The effect after matching cannot be estimated in these data."
    pairs = len(study.matched.data) // 2
    risks = [_risk(rows, f"matched {group}") for group in ("treated", "control")]
    deaths = ""
    if None not in risks:
        deaths = f" Within 28 days {risks[0]:.1f} % died in hospital with and {risks[1]:.1f} % without dexmedetomidine."
    return (
        f"{text}; {pairs:,} matched pairs.{deaths} Hazard ratio, fully adjusted, after matching: "
        f"{main.estimate:.2f} (95 % CI {main.lower:.2f} to {main.upper:.2f}, p = {format_p(main.p_value or 0)})."
    ).replace("p = <", "p < ")


def _risk(rows: list[Row], cohort: str) -> float | None:
    """Percent dead within 28 days, where it may be shown."""
    found = [row for row in rows if (row.analysis, row.cohort, row.term) == ("outcomes", cohort, DEATH_28D)]
    return found[0].estimate if found else None


def _parts(made: dict[str, pd.DataFrame], pictures: dict[str, Picture], study: Study) -> list[Part]:
    def drawn(*names: str) -> list[Picture]:
        return [pictures[name] for name in names if name in pictures]

    def shown(*captions: tuple[str, str]) -> list[Table]:
        return [plain_table(caption, made[name]) for name, caption in captions if name in made]

    none = "" if study.matched else f"No matched cohort: {study.not_matched}."
    return [
        Part("flow", "Cohort", "", drawn("flow"), shown(("flow", "Steps"))),
        Part("baseline", "Table 1. Baseline", "", (), shown(("table1_baseline", _CELLS))),
        Part(
            "balance",
            "Balance",
            none,
            drawn("love_plot", "propensity_overlap"),
            shown(("balance", "SMD: in units of the cohort's own standard deviation, or of the one before matching.")),
        ),
        Part("survival", "Survival", "", drawn("kaplan_meier")),
        Part("models", "Table 2. Models of death", none, (), shown(("table2_models", "Treated against not."))),
        Part("outcomes", "Table 3. Outcomes", "", (), shown(("table3_outcomes", _CELLS))),
        Part("subgroups", "Subgroups", none, drawn("subgroups"), shown(("subgroups", "Matched cohort, unadjusted."))),
        Part(
            "exposure",
            "Table 4. Duration and dose",
            none or "Duration and dose are known only after the fact: who dies early cannot be treated for long.",
            drawn("exposure"),
            shown(("table4_exposure", "Against matched non-users, adjusted by model 3.")),
        ),
        Part(
            "robustness",
            "Robustness",
            "",
            drawn("robustness"),
            shown(
                (
                    "robustness",
                    "The same models under other choices, one changed at a time. A reading that the main analysis "
                    "itself uses gives its numbers again.",
                ),
                ("e_values", "E-values, with the conversion for common outcomes."),
                ("proportional_hazards", "Tests of proportional hazards of the treatment."),
            ),
        ),
        Part(
            "published",
            "Published and ours",
            "Every number of the paper's Tables 1 to 4 and Figure 3 is in tables/published_vs_ours.csv. In Table 4 the "
            "paper prints the same odds ratios for duration and for dose.",
            (),
            [
                plain_table("Hazard and odds ratios.", tables.published_table(made["published_vs_ours"])),
                *(
                    plain_table(
                        f"{title}. {_CELLS}", tables.published_characteristics(made["published_vs_ours"], cohort)
                    )
                    for cohort, title in tables.COHORT_TITLES.items()
                ),
            ],
        ),
        Part("screening", "Univariate screening", "", (), shown(("screening", "Cox models of 28-day hospital death."))),
        Part(
            "imputation",
            "Missing values",
            "",
            drawn("imputation"),
            shown(("missing", "Before imputation; the largest share first.")),
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
