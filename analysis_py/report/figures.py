"""The pictures: each function draws on an axis and gives it back."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis_py.study.results import is_small
from analysis_py.study.variables import BY_NAME

Groups = Mapping[bool, str]  # names of the controls and of the treated
# Okabe and Ito's palette: told apart by colour-blind readers and in grey
COLORS = {False: "#5f6b76", True: "#0072b2"}
_ACCENT = "#d55e00"
SINGLE, DOUBLE = 3.4, 7.0  # inches: one and two columns of a journal
_DPI = 300
_TEXT, _SMALL = 7.0, 6.5  # points; journals ask for 6 or more
_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": _TEXT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.titlesize": 8,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.frameon": False,
    # the same picture gives the same bytes
    "svg.hashsalt": "dexsic",
}
_TRUNK = 1.4  # where the boxes of the flow chart stand, of 10
# Okabe and Ito again, for lines that stand for nothing but themselves
_CYCLE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_MARK_WIDTH, _MARK_HEIGHT = 3.5, 2.4  # inches for each watermark
_RISK_TIMES = (0, 7, 14, 21, 28)


def house_style() -> AbstractContextManager[None]:
    """Fonts, lines and identifiers of every picture; figures are made, drawn and saved inside it."""
    return mpl.rc_context(_STYLE)


def new_figure(width: float, height: float, columns: int = 1, rows: int = 1) -> tuple[Figure, list[Axes]]:
    """An empty figure and its axes, row by row; inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False).ravel())


def watermark(figure: Figure, text: str) -> None:
    """`text` across the picture, so often that a large panel cut out of it keeps one; light: all below shows."""
    width, height = figure.get_size_inches()
    columns, rows = max(1, round(width / _MARK_WIDTH)), max(1, round(height / _MARK_HEIGHT))
    for row in range(rows):
        for column in range(columns):
            figure.text(
                (column + 0.5) / columns,
                (row + 0.5) / rows,
                text,
                ha="center",
                va="center",
                ma="center",
                rotation=20,
                fontsize=16,
                weight="bold",
                color="black",
                alpha=0.14,
            )


def render(figure: Figure, kind: str) -> bytes:
    """The figure as svg or png, without dates or versions in it."""
    stream = BytesIO()
    metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
    figure.savefig(stream, format=kind, dpi=_DPI, metadata=metadata)
    return stream.getvalue()


def save(figure: Figure, stem: Path) -> dict[str, bytes]:
    """Write stem.svg and stem.png; gives the content of both, by file name."""
    svg = render(figure, "svg")
    figure.set_layout_engine("none")  # the places found for the first file hold for the second
    files = {f"{stem.name}.svg": svg, f"{stem.name}.png": render(figure, "png")}
    for name, content in files.items():
        (stem.parent / name).write_bytes(content)
    return files


def kaplan_meier(
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
        color = COLORS[treated]
        axis.step(curve["time"], curve["survival"], where="post", color=color, lw=1.2, label=groups[treated])
        axis.fill_between(curve["time"], curve["lower"], curve["upper"], step="post", color=color, alpha=0.15, lw=0)
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
    place: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "fontsize": _SMALL}
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


def love_plot(axis: Axes, balance: pd.DataFrame) -> Axes:
    """SMD of each variable before and after matching. `balance` has term, full, matched; worst before on top."""
    balance = balance.sort_values("full", na_position="first", kind="stable").reset_index(drop=True)
    places = np.arange(len(balance))
    axis.hlines(places, balance["full"], balance["matched"], color="#cccccc", lw=1, zorder=1)
    axis.scatter(
        balance["full"],
        places,
        s=14,
        facecolors="white",
        edgecolors=COLORS[False],
        zorder=2,
        label="Before matching",
        lw=0.9,
    )
    axis.scatter(balance["matched"], places, s=14, color=COLORS[True], zorder=3, label="After matching")
    axis.axvline(0.1, color=_ACCENT, lw=1, ls="--", zorder=0, label="Difference of 0.1")
    axis.set_yticks(places, [BY_NAME[str(name)].label for name in balance["term"]], fontsize=_SMALL)
    axis.set(xlabel="Absolute standardized mean difference", ylim=(-0.8, len(balance) - 0.2))
    # dots at 0 are shown whole
    axis.set_xlim(left=-0.015 * axis.get_xlim()[1])
    axis.legend(loc="lower right")
    return axis


def mirrored_histogram(
    axis: Axes,
    score: pd.Series,
    treated: pd.Series,
    groups: Groups,
    title: str,
    xlabel: str,
    below: int,
    top: float = 1.0,
) -> Axes:
    """Distribution of a score in both groups, mirrored; groups and bars of fewer than `below` patients are left out."""
    axis.set_title(title)
    edges = np.linspace(0, top, 26)
    for group, sign in ((True, 1), (False, -1)):
        values = score[treated == group]
        if len(values) == 0 or is_small(len(values), below):
            continue
        counts, _ = np.histogram(values, bins=edges)
        shares = [0 if is_small(int(count), below) else sign * 100 * count / len(values) for count in counts]
        axis.stairs(shares, edges, fill=True, color=COLORS[group], alpha=0.8, label=groups[group])
    axis.axhline(0, color="black", lw=0.6)
    axis.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    axis.set(xlabel=xlabel, ylabel="Share of group (%)", xlim=(0, top))
    return axis


def flow_chart(axis: Axes, flow: pd.DataFrame, ending: Sequence[str]) -> Axes:
    """The cohort step by step: a box per count, what was excluded beside it. `flow` as suppress_flow() gives it."""
    axis.set_axis_off()
    steps = flow.reset_index(drop=True)
    last = len(steps)
    axis.set(xlim=(0, 10), ylim=(-last - 1.9, 0.4))
    box = {"boxstyle": "round,pad=0.45", "fc": "#eef3f7", "ec": COLORS[True], "lw": 0.8}
    arrow = {"arrowstyle": "-|>", "color": "#555555", "lw": 0.8}
    counts = [f"{_count(steps['n_before'].iloc[0])} ICU stays", *(_count(count) for count in steps["n_after"])]
    for row, count in enumerate(counts):
        axis.text(_TRUNK, -row, count, ha="center", va="center", bbox=box)
    for row, (rule, excluded) in enumerate(zip(steps["rule"], steps["n_excluded"], strict=True)):
        axis.annotate("", (_TRUNK, -row - 0.7), (_TRUNK, -row - 0.3), arrowprops=arrow)
        axis.plot([_TRUNK, _TRUNK + 0.6], [-row - 0.5, -row - 0.5], color="#555555", lw=0.8)
        axis.text(_TRUNK + 0.7, -row - 0.5, fill(f"{rule}: {_count(excluded)} excluded", 76), va="center")
    axis.annotate("", (_TRUNK, -last - 0.7), (_TRUNK, -last - 0.3), arrowprops=arrow)
    axis.text(_TRUNK - 1, -last - 1.0, "\n".join(ending), ha="left", va="top", bbox=box | {"fc": "#dbe9f4"})
    return axis


def _count(value: object) -> str:
    return f"{int(value):,}" if isinstance(value, (int, np.integer)) else str(value)


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


def imputation_trace(axis: Axes, trace: pd.DataFrame, variable: str) -> Axes:
    """Mean of the imputed values by iteration, one line per imputed data set: lines should mix and show no trend."""
    for position, (_, line) in enumerate(trace[trace["variable"] == variable].groupby("copy")):
        axis.plot(line["iteration"], line["mean"], lw=0.8, alpha=0.9, color=_CYCLE[position % len(_CYCLE)])
    axis.set_title(BY_NAME[variable].title, fontsize=_SMALL)
    axis.tick_params(labelsize=6)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_xlabel("Iteration", fontsize=6)
    return axis
