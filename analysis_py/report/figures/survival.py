"""Survival curves with the numbers at risk; each function draws on an axis."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis_py.report.figures.curves import readable_curve
from analysis_py.report.figures.style import COLORS, SMALL, Groups
from analysis_py.study.suppression import is_small

_RISK_TIMES = (0, 7, 14, 21, 28)


def survival_curves(
    axis: Axes, curves: pd.DataFrame, groups: Groups, title: str, note: str, below: int, with_names: bool = True
) -> Axes:
    """Survival over 28 days with 95 % band and numbers at risk, named to the left unless a neighbor panel does so.

    A group without a curve has a dash in the table. Numbers below `below`, and those that tell them, are not shown.
    """
    axis.set_title(title)
    lowest = 1.0
    at_risk: dict[bool, list[str]] = {}
    for treated in groups:
        curve = curves[curves["group"] == treated]
        if curve.empty:
            at_risk[treated] = ["–"] * len(_RISK_TIMES)
            continue
        at_risk[treated] = shown_at_risk([_at_risk(curve, time) for time in _RISK_TIMES], below)
        drawn = curve.rename(columns={"time": "x", "survival": "y"})
        readable_curve(axis, groups[treated], drawn, COLORS[treated], steps=True)
        lowest = min(lowest, float(curve["lower"].min()))
    floor = max(0.0, np.floor((lowest - 0.02) * 10) / 10)
    axis.set(
        xlim=(0, 28),
        ylim=(floor, 1.005),
        xticks=_RISK_TIMES,
        ylabel="Survival" if floor == 0 else f"Survival (axis from {floor:.1f})",
    )
    axis.set_xlabel("Days after ICU admission")
    axis.text(0.03, 0.04, note, transform=axis.transAxes, va="bottom")
    if axis.get_legend_handles_labels()[0]:
        # where curves that fall from the upper left leave room
        axis.legend(loc="lower left", bbox_to_anchor=(0.0, 0.14))
    else:
        axis.text(0.5, 0.6, "no curve: too few patients or deaths", transform=axis.transAxes, ha="center")
    _risk_table(axis, at_risk, groups if with_names else {})
    return axis


def _risk_table(axis: Axes, at_risk: dict[bool, list[str]], names: Groups) -> None:
    """Numbers at risk under the ticks of the time axis, at fixed distances in points."""
    place: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "fontsize": SMALL}
    place["annotation_clip"] = False
    if names:
        axis.annotate("Number at risk", (0, 0), (-14, -34), ha="right", weight="bold", **place)
    for line, (group, counts) in enumerate(at_risk.items(), start=1):
        place |= {"color": COLORS[group]}
        below_axis = -34 - 9 * line
        if names:
            axis.annotate(names[group], (0, 0), (-14, below_axis), ha="right", **place)
        for time, count in zip(_RISK_TIMES, counts, strict=True):
            axis.annotate(count, (time, 0), (0, below_axis), ha="center", **place)


def shown_at_risk(counts: Sequence[int], below: int) -> list[str]:
    """Numbers at risk as text; a number too small, or too near the one shown before it, is not told."""
    shown: list[str] = []
    last = counts[0]
    for count in counts:
        if is_small(count, below):
            shown.append(f"<{below}")
        elif is_small(last - count, below):
            shown.append("…")
        else:
            shown.append(f"{count:,}")
            last = count
    return shown


def _at_risk(curve: pd.DataFrame, time: float) -> int:
    later = curve[curve["time"] >= time]
    return int(later["at_risk"].iloc[0]) if len(later) else 0
