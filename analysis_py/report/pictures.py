"""Which figures there are: each drawn from the study, saved, and given the words that go with it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from analysis_py.marts.generated import WATERMARK
from analysis_py.report.captions.alternatives import alternative
from analysis_py.report.captions.figures import figure_caption
from analysis_py.report.captions.shown import Shown
from analysis_py.report.controls.pictures import control_figures
from analysis_py.report.controls.words import controls_alternative, controls_caption, is_of_controls
from analysis_py.report.estimators.tables import forest_lines as estimator_lines
from analysis_py.report.estimators.words import (
    FIGURE,
    estimators_alternative,
    estimators_caption,
    is_of_estimators,
)
from analysis_py.report.figures.cohort import flow_chart, imputation_trace, love_plot, mirrored_histogram
from analysis_py.report.figures.curves import panels_of
from analysis_py.report.figures.effects import forest, spline
from analysis_py.report.figures.empty import has_bars, has_estimate, say_instead
from analysis_py.report.figures.style import DOUBLE, SINGLE, house_style, new_figure, save, watermark
from analysis_py.report.figures.survival import survival_curves
from analysis_py.report.first_screen.picture import NAME as FIRST
from analysis_py.report.first_screen.picture import first_alternative, first_caption, first_figure
from analysis_py.report.page import Panel, Picture, picture
from analysis_py.report.sensitivity.shown import (
    is_of_sensitivity,
    sensitivity_alternative,
    sensitivity_caption,
    sensitivity_figures,
)
from analysis_py.report.tables.cells import COHORT_TITLES, equals, few
from analysis_py.report.tables.cohort import smd_frame
from analysis_py.report.tables.forest import forest_lines, robustness_lines
from analysis_py.report.trial.pictures import trial_figures
from analysis_py.report.trial.words import is_of_trial, trial_alternative, trial_caption
from analysis_py.statistics.diagnostics import EQUIPOISE, preference_score
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.survival import kaplan_meier
from analysis_py.statistics.workers import in_parallel
from analysis_py.study.analyses.cohorts import Matched
from analysis_py.study.analyses.exposure import exposures_of, spline_curve
from analysis_py.study.results import Row, find
from analysis_py.study.study import Study, groups
from analysis_py.study.suppression import HIDDEN, is_small
from analysis_py.study.variables import DEATH_28D, FOLLOW_UP, TREATMENT

_Files = tuple[dict[str, bytes], list[Panel]]  # of a figure: by file name; where its curves lie


def draw(folder: Path, shown: Shown) -> dict[str, Picture]:
    """Write every figure that the study allows to `folder`; gives them as the page shows them, by name.

    To draw takes longer than all else of the page: each process draws some of them.
    """
    with house_style():
        figures = dict(_figures(shown))
        if shown.study.generated:
            for figure in figures.values():
                watermark(figure, WATERMARK)
    made = in_parallel(_saved, (folder, figures), list(figures))
    return {
        name: _picture(shown, name, files, figures[name].get_figwidth() > SINGLE, panels)
        for name, (files, panels) in zip(figures, made, strict=True)
    }


def _saved(folder: Path, figures: Mapping[str, Figure], name: str) -> _Files:
    with house_style():
        return save(figures[name], folder / name), panels_of(figures[name])


def _picture(shown: Shown, name: str, files: Mapping[str, bytes], is_wide: bool, panels: Sequence[Panel]) -> Picture:
    if name == FIRST:
        return picture(first_caption(shown), first_alternative(shown), files, False, panels)
    if is_of_trial(name):
        return picture(trial_caption(shown, name), trial_alternative(shown, name), files, is_wide, panels)
    if is_of_controls(name):
        return picture(controls_caption(shown, name), controls_alternative(shown), files, is_wide)
    if is_of_sensitivity(name):
        caption = sensitivity_caption(shown.rows, name, shown.drug)
        return picture(caption, sensitivity_alternative(shown.rows), files, is_wide)
    if is_of_estimators(name):
        return picture(estimators_caption(shown, name), estimators_alternative(shown), files, is_wide)
    return picture(figure_caption(shown, name), alternative(shown, name), files, is_wide, panels)


def _figures(shown: Shown) -> Iterator[tuple[str, Figure]]:
    study, below = shown.study, shown.below
    figure, (axis,) = new_figure(DOUBLE, 0.38 * len(shown.flow) + 1.1)
    flow_chart(axis, shown.flow, _ending(shown))
    yield "flow", figure
    curves = {name: curves_to_draw(data, below) for name, data in study.cohorts.items()}
    if any(len(found) for found in curves.values()):
        yield "kaplan_meier", _survival(curves, shown)
    beside = first_figure(shown, curves.get("matched"))
    if beside is not None:
        yield FIRST, beside
    if list(study.completed.trace["variable"]):
        yield "imputation", _imputation(study)
    if study.matched is not None:
        yield from _matched(study.matched, shown)
    compared = estimator_lines(shown.rows)
    if has_estimate(compared):
        yield FIGURE, forest(compared, "Hazard ratio", shown.drug)
    yield from trial_figures(shown)
    yield from control_figures(shown.rows, shown.drug)
    yield from sensitivity_figures(shown.rows, shown.drug)


def curves_to_draw(data: pd.DataFrame, below: int, death: str = DEATH_28D) -> pd.DataFrame:
    """Kaplan-Meier curves of the groups with enough patients and deaths to be drawn."""
    curves = kaplan_meier(data, FOLLOW_UP, death, TREATMENT)
    deaths = data.groupby(TREATMENT)[death].sum()
    counts = [*groups(data).items(), *deaths.items()]
    return curves[~curves["group"].isin([group for group, count in counts if is_small(int(count), below)])]


def _survival(curves: Mapping[str, pd.DataFrame], shown: Shown) -> Figure:
    curves = {name: found for name, found in curves.items() if len(found)}
    figure, axes = new_figure(DOUBLE, 3.0, len(curves))
    for axis, (name, found) in zip(axes, curves.items(), strict=True):
        title, note = COHORT_TITLES[name], curve_note(shown.rows, name)
        survival_curves(axis, found, shown.groups, title, note, shown.below, axis is axes[0])
    return figure


def _imputation(study: Study) -> Figure:
    traced = list(dict.fromkeys(study.completed.trace["variable"]))
    height = -(-len(traced) // 4)
    figure, axes = new_figure(DOUBLE, 1.2 * height, 4, height)
    for axis, name in zip(axes, traced, strict=False):
        imputation_trace(axis, study.completed.trace, name)
    for axis in axes[len(traced) :]:
        axis.set_visible(False)
    return figure


def _matched(matched: Matched, shown: Shown) -> Iterator[tuple[str, Figure]]:
    rows, drug = shown.rows, shown.study.build.drug
    differences = smd_frame(rows)
    if differences[["full", "matched"]].notna().any(axis=None):
        figure, (axis,) = new_figure(SINGLE, 6.2)
        love_plot(axis, differences)
        yield "love_plot", figure
    for name, lines in (("subgroups", forest_lines(rows)), ("robustness", robustness_lines(rows))):
        if has_estimate(lines):
            yield name, forest(lines, "Hazard ratio", drug)
    for name, drawn in (
        ("propensity_overlap", _overlap(matched, shown)),
        ("exposure", _exposure(shown.study, matched)),
    ):
        if drawn is not None:
            yield name, drawn


def _overlap(matched: Matched, shown: Shown) -> Figure | None:
    study, groups, below = shown.study, shown.groups, shown.below
    figure, axes = new_figure(DOUBLE, 2.3, 3)
    top = float(matched.propensity.max())
    for axis, (name, data) in zip(axes, study.cohorts.items(), strict=False):
        score, treated = matched.propensity.loc[data.index], data[TREATMENT].astype(bool)
        title = COHORT_TITLES[name]
        mirrored_histogram(axis, score, treated, groups, title, "Propensity score", below, top)
    treated = study.full[TREATMENT].astype(bool)
    preference = preference_score(matched.propensity, treated)
    axes[2].axvspan(*EQUIPOISE, color="#eef3f7", zorder=0)
    axes[2].text(0.5, 0.98, "equipoise", transform=axes[2].get_xaxis_transform(), ha="center", va="top")
    mirrored_histogram(axes[2], preference, treated, groups, "Before matching", "Preference score", below)
    axes[2].set_ylim(top=1.15 * axes[2].get_ylim()[1])  # room for the word above the bars
    if not any(has_bars(axis) for axis in axes):
        return None
    handles, labels = axes[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
    for axis in axes[1:]:
        axis.set_ylabel("")
    for axis in axes:
        if not has_bars(axis):
            say_instead(axis, axis.get_title(loc="left"), f"No bar stands for {below} patients or more.")
    return figure


def _exposure(study: Study, matched: Matched) -> Figure | None:
    drawn = []
    for exposure in exposures_of(study.build):
        if exposure.smooth:
            with suppress(NotEstimable):
                drawn.append((exposure, spline_curve(matched.data, exposure.column, study.completed.unusable)))
    if not drawn:
        return None
    figure, axes = new_figure(DOUBLE, 2.6, len(drawn))
    for axis, (exposure, curve) in zip(axes, drawn, strict=True):
        spline(axis, curve, exposure.title, f"{exposure.title} ({exposure.unit})")
    return figure


def _ending(shown: Shown) -> list[str]:
    lines = []
    for name, data in shown.study.cohorts.items():
        counts = groups(data)
        # beside a group of nobody there is no sum that could give a small one away
        small = 0 not in counts.values() and any(is_small(count, shown.below) for count in counts.values())
        words = [
            f"{HIDDEN if small else _count(counts[group], shown.below)} {shown.groups[group].lower()}"
            for group in (True, False)
        ]
        lines.append(f"{COHORT_TITLES[name]}: {', '.join(words)}")
    return lines


def _count(count: int, below: int) -> str:
    return f"<{below}" if is_small(count, below) else f"{count:,}"


def curve_note(rows: Sequence[Row], cohort: str) -> str:
    hazard, test = find(rows, "outcome_models", cohort, model="model 1"), find(rows, "log_rank", cohort)
    lines = []
    if hazard is not None and hazard.estimate is not None:
        lines.append(f"HR {hazard.estimate:.2f} ({hazard.lower:.2f}–{hazard.upper:.2f}){few(hazard)}")
    if test is not None and test.p_value is not None:
        lines.append(f"log-rank p {equals(test.p_value)}")
    return "\n".join(lines)
