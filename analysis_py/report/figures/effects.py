"""Effects with their intervals: forest plots and curves over an exposure."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis_py.report.figures.style import COLORS, DOUBLE


def forest(lines: pd.DataFrame, measure: str, drug: str) -> Figure:
    """Ratios with their intervals on a log scale, one line each, between two columns of text.

    `lines` has label, left (text), estimate, lower, upper, right (text), heading (bool). What lies outside 0.1 to 10
    ends in an arrow.
    """
    low, high = 0.1, 10.0
    height = 0.19 * (len(lines) + 1) + 0.6
    figure = Figure(figsize=(DOUBLE, height))
    # the text beside the axis is placed by hand, so the axis is too
    axis = figure.add_axes((0.40, 0.5 / height, 0.29, 1 - 0.6 / height))
    axis.set(xscale="log", xlim=(low, high), ylim=(-len(lines) + 0.4, 1.6), yticks=[])
    axis.spines["left"].set_visible(False)
    axis.axvline(1, color="black", lw=0.6)
    ticks = [0.1, 0.25, 0.5, 1, 2, 4, 10]
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.minorticks_off()
    axis.set_xlabel(f"{measure}, below 1: better with {drug}")
    place: dict[str, Any] = {"xycoords": ("figure fraction", "data"), "va": "center", "annotation_clip": False}
    axis.annotate("Deaths / n", (0.385, 1), ha="right", weight="bold", **place)
    axis.annotate(f"{measure} (95 % CI)", (0.71, 1), weight="bold", **place)
    for at, line in enumerate(lines.to_dict("records")):
        weight = "bold" if line["heading"] else "normal"
        axis.annotate(line["label"], (0.01 if line["heading"] else 0.025, -at), weight=weight, **place)
        axis.annotate(line["left"], (0.385, -at), ha="right", **place)
        axis.annotate(line["right"], (0.71, -at), **place)
        if pd.isna(line["estimate"]):
            continue
        start, end = max(line["lower"], low), min(line["upper"], high)
        axis.plot([start, end], [-at, -at], color=COLORS[True], lw=1.1)
        for limit, edge, marker in ((line["lower"], low, "<"), (line["upper"], high, ">")):
            if limit < low or limit > high:
                axis.plot([edge], [-at], marker=marker, color=COLORS[True], ms=3.5, clip_on=False)
        if low <= line["estimate"] <= high:
            axis.plot([line["estimate"]], [-at], marker="s", color=COLORS[True], ms=3.5)
    return figure


def spline(axis: Axes, curve: pd.DataFrame, title: str, xlabel: str) -> Axes:
    """Hazard ratio over an exposure with its band, on a log scale; `curve` as exposure.spline_curve() gives it."""
    axis.set_title(title)
    axis.plot(curve["value"], curve["hazard_ratio"], color=COLORS[True], lw=1.2)
    axis.fill_between(curve["value"], curve["lower"], curve["upper"], color=COLORS[True], alpha=0.15, lw=0)
    axis.axhline(1, color="black", lw=0.8)
    low, high = max(float(curve["lower"].min()), 0.1), min(float(curve["upper"].max()), 10.0)
    axis.set(xlabel=xlabel, ylabel="Hazard ratio against the median", yscale="log", ylim=(low, high))
    ticks = [tick for tick in (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10) if low <= tick <= high]
    axis.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.minorticks_off()
    return axis
