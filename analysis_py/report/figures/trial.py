"""The trial in pictures: risks under both strategies, weights, balance; each function draws on an axis."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis_py.report.figures.curves import readable_curve
from analysis_py.report.figures.style import COLORS, SMALL, Groups, unsigned
from analysis_py.study.suppression import is_small

_ACCENT = "#d55e00"
DASHES = {False: "--", True: "-"}  # told apart without colour, too
_BINS = 30


def risk_curves(axis: Axes, curves: pd.DataFrame, groups: Groups, title: str, note: str, horizon: float) -> Axes:
    """Risk by day with its band. `curves` has group, day, risk, lower, upper; NaN where there is no band."""
    axis.set_title(title)
    for group, name in groups.items():
        own = curves[curves["group"] == group]
        if own.empty:
            continue
        readable_curve(axis, name, from_zero(own), COLORS[group], steps=False, dashes=DASHES[group])
    axis.set(xlim=(0, horizon), xlabel="Days after time zero", ylabel="Risk of death (%)")
    axis.set_ylim(bottom=0)
    axis.set_xticks(np.arange(0, horizon + 1, 7))
    axis.text(0.97, 0.04, note, transform=axis.transAxes, ha="right", va="bottom")
    if axis.get_legend_handles_labels()[0]:
        axis.legend(loc="upper left")
    else:
        axis.text(0.5, 0.6, "no curve: too few patients or deaths", transform=axis.transAxes, ha="center")
    return axis


def from_zero(curve: pd.DataFrame) -> pd.DataFrame:
    """A curve of risks by day as percent, from day 0 on: x, y, lower, upper."""
    drawn = {"x": np.append(0.0, curve["day"])}
    names = {"y": "risk", "lower": "lower", "upper": "upper"}
    return pd.DataFrame(drawn | {name: 100 * np.append(0.0, curve[column]) for name, column in names.items()})


def weight_histogram(axis: Axes, weights: pd.DataFrame, groups: Groups, below: int) -> Axes:
    """Weights of both strategies, mirrored, on a log scale; bars of fewer than `below` clones are left out."""
    top = max(float(weights["weight"].max()), 1.1)
    edges = np.geomspace(0.999, top * 1.001, _BINS + 1)
    for group, sign in ((True, 1), (False, -1)):
        own = weights.loc[weights["clone"] == int(group), "weight"].to_numpy(dtype=float)
        if not len(own):
            continue
        counts, _ = np.histogram(own, bins=edges)
        shares = [0 if is_small(int(count), below) else sign * 100 * count / len(own) for count in counts]
        axis.stairs(shares, edges, fill=True, color=COLORS[group], alpha=0.8, label=groups[group])
    axis.axhline(0, color="black", lw=0.6)
    axis.set(xscale="log", xlabel="Weight", ylabel="Share of clones (%)")
    ticks = [tick for tick in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10_000) if tick <= top]
    axis.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axis.minorticks_off()
    axis.yaxis.set_major_formatter(unsigned)
    axis.legend(loc="upper right")
    return axis


def difference_dots(axis: Axes, differences: pd.DataFrame, title: str) -> Axes:
    """A line per covariate, worst unweighted on top. `differences` has label, unweighted, weighted (absolute SMD)."""
    found = differences.sort_values("unweighted", na_position="first", kind="stable").reset_index(drop=True)
    places = np.arange(len(found))
    axis.set_title(title)
    axis.hlines(places, found["unweighted"], found["weighted"], color="#cccccc", lw=1, zorder=1)
    hollow: dict[str, Any] = {"facecolors": "white", "edgecolors": COLORS[False], "lw": 0.9}
    axis.scatter(found["unweighted"], places, s=12, zorder=2, label="Unweighted", **hollow)
    axis.scatter(found["weighted"], places, s=12, color=COLORS[True], zorder=3, label="Weighted")
    axis.axvline(0.1, color=_ACCENT, lw=1, ls="--", zorder=0, label="Difference of 0.1")
    axis.set_yticks(places, found["label"], fontsize=SMALL - 1)
    axis.set(xlabel="Absolute standardized mean difference", ylim=(-0.8, len(found) - 0.2))
    axis.set_xlim(left=-0.015 * axis.get_xlim()[1])  # dots at 0 are shown whole
    axis.legend(loc="lower right")
    return axis


def difference_paths(axis: Axes, differences: pd.DataFrame, title: str, threshold: float = 0.1) -> Axes:
    """Largest and median difference by decision. `differences` has hour, unweighted, weighted, a row per covariate."""
    axis.set_title(title)
    for measure, group, label in (("unweighted", False, "Unweighted"), ("weighted", True, "Weighted")):
        by_hour = differences.groupby("hour")[measure]
        color = COLORS[group]
        axis.scatter(differences["hour"], differences[measure], s=5, color=color, alpha=0.35, lw=0)
        axis.plot(by_hour.max().index, by_hour.max(), color=color, ls=DASHES[group], lw=1.2, label=f"{label}, largest")
        axis.plot(by_hour.median().index, by_hour.median(), color=color, ls=":", lw=1.2, label=f"{label}, median")
    axis.axhline(threshold, color=_ACCENT, lw=1, ls="--", zorder=0)
    axis.set(xlabel="Decision, hours after time zero", ylabel="Absolute standardized mean difference")
    axis.set_ylim(bottom=0)
    axis.set_xticks(sorted(set(differences["hour"])))
    axis.legend(loc="upper right")
    return axis
