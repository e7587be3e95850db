"""Negative controls in a picture: their ratios against their standard errors; the function draws on an axis."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis_py.report.figures.style import COLORS
from analysis_py.statistics.estimate import Z_975

_ACCENT = "#d55e00"
_SHADE = "#f3e3d3"
_STEPS = 200


def funnel(
    axis: Axes,
    points: pd.DataFrame,
    drug: pd.DataFrame,
    null: tuple[float | None, float | None],
    title: str,
    measure: str,
    drug_name: str,
    top: float,
) -> Axes:
    """Ratio (log scale) by standard error. `points` and `drug` have ratio, error, counts (hollow where not).

    Dashed: p = 0.05 as it is. Shaded: the calibrated p is 0.05 at its edge, by the mean and standard deviation of the
    `null` (log scale; None: no such region). Errors up to `top` are shown.
    """
    errors = np.linspace(0, top, _STEPS)
    mean, sd = null
    if mean is not None and sd is not None:
        half = Z_975 * np.hypot(sd, errors)
        axis.fill_betweenx(
            errors, np.exp(mean - half), np.exp(mean + half), color=_SHADE, lw=0, label="calibrated p > 0.05"
        )
        axis.axvline(float(np.exp(mean)), color=_ACCENT, lw=0.8, zorder=1)
    for sign in (-1, 1):
        label = "p = 0.05" if sign < 0 else None
        axis.plot(np.exp(sign * Z_975 * errors), errors, color="#888888", lw=0.8, ls="--", zorder=2, label=label)
    axis.axvline(1, color="black", lw=0.6, zorder=1)
    for counts, label in ((True, "control"), (False, "control that does not count")):
        own = points[points["counts"] == counts]
        face = COLORS[False] if counts else "white"
        axis.scatter(
            own["ratio"], own["error"], s=12, facecolors=face, edgecolors=COLORS[False], lw=0.8, zorder=3, label=label
        )
    axis.scatter(drug["ratio"], drug["error"], s=34, marker="D", color=COLORS[True], zorder=4, label=drug_name)
    axis.set_title(title)
    axis.set(xscale="log", ylim=(0, top), xlabel=measure, ylabel="Standard error of its log")
    ticks = [0.1, 0.25, 0.5, 0.7, 1, 1.5, 2, 4, 10]
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.minorticks_off()
    return axis
