"""Which figures the trial has: each drawn from the rows as they are shown."""

from collections.abc import Collection, Iterator

import pandas as pd
from matplotlib.figure import Figure

from analysis_py.report.captions.shown import Shown
from analysis_py.report.figures.cohort import flow_chart
from analysis_py.report.figures.effects import forest
from analysis_py.report.figures.empty import has_bars, has_estimate
from analysis_py.report.figures.style import DOUBLE, SINGLE, new_figure
from analysis_py.report.figures.trial import difference_dots, difference_paths, risk_curves, weight_histogram
from analysis_py.report.tables.cells import few
from analysis_py.report.tables.forest import forest_line, forest_row
from analysis_py.report.trial.tables import balance_frame, points_text, primary_row, strategies
from analysis_py.report.trial.words import clone_lines
from analysis_py.study.analyses.describe import GROUP_NAMES
from analysis_py.study.results import find
from analysis_py.study.suppression import is_small, suppress_flow
from analysis_py.study.trial.definitions import COHORT, HOURS
from analysis_py.study.trial.designs import PRIMARY, WAYS
from analysis_py.study.trial.diagnose import AT_END, CURVE, UNWEIGHTED, WEIGHTED
from analysis_py.study.trial.estimates import ANALYSIS, DIFFERENCE, HAZARD_RATIO
from analysis_py.study.trial.frames import term_title
from analysis_py.study.trial.run import Trial
from analysis_py.study.variables import TRIAL_OUTCOME_TITLES


def trial_figures(shown: Shown) -> Iterator[tuple[str, Figure]]:
    """Name and figure, in the order of the section; to be drawn in the house's style."""
    trial = shown.study.trial
    if trial is None:
        return
    flow = suppress_flow(trial.marts.flow, shown.below)
    figure, (axis,) = new_figure(DOUBLE, 0.38 * len(flow) + 1.1)
    flow_chart(axis, flow, clone_lines(shown))
    yield "trial_clone_flow", figure
    curves = curves_frame(shown)
    if len(curves):
        yield "trial_curves", _curves(shown, trial, curves)
    if has_estimate(lines := forest_lines(shown)):
        yield "trial_forest", forest(lines, "Hazard ratio", shown.drug)
    balance = balance_frame(shown.rows)
    if len(balance):
        yield "trial_balance_over_time", _balance(trial, balance)
    counts = [int((trial.weights["clone"] == group).sum()) for group in (0, 1)]
    if any(counts) and not any(is_small(count, shown.below) for count in counts):
        figure, (axis,) = new_figure(SINGLE, 2.4)
        weight_histogram(axis, trial.weights, strategies(shown.drug, trial.definitions), shown.below)
        if has_bars(axis):
            yield "trial_weights", figure


def curves_frame(shown: Shown) -> pd.DataFrame:
    """outcome, group, day, risk, lower, upper of the primary design, as far as they are shown."""
    found = [
        {
            "outcome": row.outcome,
            "group": row.cohort == f"{COHORT} {GROUP_NAMES[True]}",
            "day": float(row.level),
            "risk": row.estimate,
            "lower": float("nan") if row.lower is None else row.lower,
            "upper": float("nan") if row.upper is None else row.upper,
        }
        for row in shown.rows
        if row.analysis == CURVE and row.estimate is not None
    ]
    return pd.DataFrame(found, columns=["outcome", "group", "day", "risk", "lower", "upper"])


def forest_lines(shown: Shown) -> pd.DataFrame:
    """A line per design under each outcome; the primary one is named so."""
    lines = []
    for outcome, title in TRIAL_OUTCOME_TITLES.items():
        lines.append(forest_line("", title, None, "", "", heading=True))
        for way in WAYS:
            row = find(shown.rows, ANALYSIS, COHORT, outcome=outcome, model=way.name, measure=HAZARD_RATIO)
            if row is None:
                continue
            line = forest_row(row, way.title) | {"heading": way.name == PRIMARY}
            if row.estimate is not None and row.lower is None:
                line["right"] = f"{row.estimate:.2f} (no interval)"
                line["estimate"] = float("nan")
            lines.append(line)
    return pd.DataFrame(lines)


def _curves(shown: Shown, trial: Trial, curves: pd.DataFrame) -> Figure:
    drawn = {outcome: title for outcome, title in TRIAL_OUTCOME_TITLES.items() if (curves["outcome"] == outcome).any()}
    figure, axes = new_figure(DOUBLE, 2.9, len(drawn))
    names = strategies(shown.drug, trial.definitions)
    for axis, (outcome, title) in zip(axes, drawn.items(), strict=True):
        row = primary_row(shown.rows, DIFFERENCE, outcome)
        is_told = row is not None and row.estimate is not None
        note = f"difference at day 28, points:\n{points_text(row)}{few(row)}" if row is not None and is_told else ""
        own = curves[curves["outcome"] == outcome]
        risk_curves(axis, own, names, title, note, trial.definitions.horizon_h / HOURS)
    top = max(axis.get_ylim()[1] for axis in axes)
    for axis in axes:
        axis.set_ylim(top=top)  # both outcomes on one scale
    return figure


def _balance(trial: Trial, balance: pd.DataFrame) -> Figure:
    beyond = balance[balance["level"] == AT_END]
    current = balance[balance["level"] != AT_END]
    figure, axes = new_figure(DOUBLE, max(3.0, 0.115 * len(beyond) + 0.8), bool(len(beyond)) + bool(len(current)))
    if len(beyond):
        dots = beyond.assign(label=[term_title(term) for term in beyond["term"]])
        difference_dots(axes[0], dots[["label", UNWEIGHTED, WEIGHTED]], "End of the grace period")
    if len(current):
        hours = [trial.definitions.moment(int(level)) for level in current["level"]]
        difference_paths(axes[-1], current.assign(hour=hours), "At each decision")
    return figure


def undrawn_of_trial(shown: Shown, drawn: Collection[str]) -> list[str]:
    """In place of figures that cannot be drawn, and of panels; without an estimate that is said, and why."""
    if shown.study.trial is None:
        return []
    told = {"trial_forest": "No figure of the designs: there is no hazard ratio to draw."}
    row = primary_row(shown.rows, HAZARD_RATIO)
    if row is not None and row.estimate is not None:
        told |= {
            "trial_curves": f"No curves of risk: fewer than {shown.below} die in each stretch that would be drawn.",
            "trial_balance_over_time": "No figure of balance: no standardized mean difference can be shown.",
            "trial_weights": f"No figure of the weights: no bar stands for {shown.below} clones.",
        }
    lines = [words for name, words in told.items() if name not in drawn]
    known = set(curves_frame(shown)["outcome"])
    return lines + [
        f"{title}: no curves of risk."
        for outcome, title in TRIAL_OUTCOME_TITLES.items()
        if known and outcome not in known
    ]
