"""The specification curve: estimates in order with their intervals, and below each the choices that it made."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis_py.report.figures.style import COLORS, DOUBLE, SMALL

_OTHERS, _LIGHT = "#9aa3ab", "#d5d9dd"
_DENSE = 300  # dots per inch of what is drawn as an image: thousands of strokes are too many for lines in a page
_LINE, _CURVE = 0.115, 1.9  # inches of a line of choices, and of a curve
_LOW, _HIGH = 0.1, 10.0  # beyond these an interval is cut


def specification_curve(
    panels: Sequence[tuple[str, pd.DataFrame]], choices: Mapping[str, Sequence[tuple[str, str]]]
) -> Figure:
    """A curve for each of `panels` (title; rows with estimate, lower, upper, passes and the choices), choices below.

    `choices` gives the title of each choice's column with its values and their titles; values that a panel does not
    have, and choices of which it has one, are left out.
    """
    parts = []
    for title, rows in panels:
        ordered = rows.sort_values("estimate", kind="stable").reset_index(drop=True)
        parts.append((title, ordered, _lines(ordered, choices)))
    heights = [height for _, _, lines in parts for height in (_CURVE, _LINE * max(len(lines), 1))]
    figure = Figure(figsize=(DOUBLE, sum(heights) + 0.55 * len(parts) + 0.2), dpi=_DENSE, layout="constrained")
    axes = list(figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights).ravel())
    for at, (title, ordered, lines) in enumerate(parts):
        _curve(axes[2 * at], ordered, title)
        _matrix(axes[2 * at + 1], ordered, lines)
    return figure


def _lines(rows: pd.DataFrame, choices: Mapping[str, Sequence[tuple[str, str]]]) -> list[tuple[str, str, str]]:
    """Column, value and title of each line of the matrix."""
    lines = []
    for column, values in choices.items():
        present = [(value, title) for value, title in values if (rows[column] == value).any()]
        if len(present) > 1:
            lines += [(column, value, title) for value, title in present]
    return lines


def _curve(axis: Axes, rows: pd.DataFrame, title: str) -> None:
    axis.set_title(title)
    places = np.arange(len(rows))
    passes = rows["passes"].to_numpy(dtype=bool)
    estimates = rows["estimate"].to_numpy(dtype=float)
    low, high = rows["lower"].clip(_LOW, _HIGH).to_numpy(), rows["upper"].clip(_LOW, _HIGH).to_numpy()
    axis.axhline(1, color="black", lw=0.6, zorder=1)
    for chosen, color, order in ((~passes, _LIGHT, 0), (passes, "#b8d4e8", 0.5)):
        axis.vlines(places[chosen], low[chosen], high[chosen], color=color, lw=0.5, zorder=order, rasterized=True)
    axis.plot(places, estimates.clip(_LOW, _HIGH), color=_OTHERS, lw=1.3, zorder=2, label="Estimates in order")
    axis.scatter(
        places[passes],
        estimates[passes],
        s=4,
        color=COLORS[True],
        lw=0,
        zorder=3,
        rasterized=True,
        label="Passes all checks",
    )
    axis.set(yscale="log", xlim=(-1, len(rows)), ylabel="Ratio (95 % interval)")
    ticks = [0.1, 0.2, 0.35, 0.5, 0.7, 1, 1.4, 2, 3, 5, 10]
    bottom, top = float(np.min(low, initial=0.8)), float(np.max(high, initial=1.25))
    axis.set_ylim(bottom / 1.05, top * 1.05)
    axis.set_yticks([tick for tick in ticks if bottom <= tick <= top], minor=False)
    axis.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.minorticks_off()
    axis.tick_params(axis="x", labelbottom=False)
    axis.legend(loc="upper left")


def _matrix(axis: Axes, rows: pd.DataFrame, lines: Sequence[tuple[str, str, str]]) -> None:
    passes = rows["passes"].to_numpy(dtype=bool)
    shade = False
    for at, (column, value, _) in enumerate(lines):
        if at and column != lines[at - 1][0]:
            shade = not shade
        if shade:
            axis.axhspan(at - 0.5, at + 0.5, color="#f1f4f6", lw=0, zorder=0)
        has = (rows[column] == value).to_numpy(dtype=bool)
        for chosen, color in ((has & ~passes, _OTHERS), (has & passes, COLORS[True])):
            places = np.flatnonzero(chosen)
            axis.vlines(places, at - 0.36, at + 0.36, color=color, lw=0.6, rasterized=True)
    axis.set_yticks(range(len(lines)), [title for _, _, title in lines], fontsize=SMALL - 1)
    axis.set(xlim=(-1, len(rows)), ylim=(max(len(lines), 1) - 0.4, -0.6), xlabel="Specifications, by their estimate")
    axis.tick_params(axis="y", length=0)
    for side in ("left", "bottom"):
        axis.spines[side].set_visible(False)
