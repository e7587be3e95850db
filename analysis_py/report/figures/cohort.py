"""How the cohort came about, how its gaps were filled and how alike its groups are: each function draws on an axis."""

from collections.abc import Sequence
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from analysis_py.report.figures.style import COLORS, SMALL, Groups, unsigned
from analysis_py.study.suppression import is_small
from analysis_py.study.variables import BY_NAME

_ACCENT = "#d55e00"
_TRUNK = 1.4  # where the boxes of the flow chart stand, of 10
# Okabe and Ito again, for lines that stand for nothing but themselves
_CYCLE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


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
    axis.set_yticks(places, [BY_NAME[str(name)].label for name in balance["term"]], fontsize=SMALL)
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
    axis.yaxis.set_major_formatter(unsigned)
    axis.set(xlabel=xlabel, ylabel="Share of group (%)", xlim=(0, top))
    return axis


def imputation_trace(axis: Axes, trace: pd.DataFrame, variable: str) -> Axes:
    """Mean of the imputed values by iteration, one line per imputed data set: lines should mix and show no trend."""
    for position, (_, line) in enumerate(trace[trace["variable"] == variable].groupby("copy")):
        axis.plot(line["iteration"], line["mean"], lw=0.8, alpha=0.9, color=_CYCLE[position % len(_CYCLE)])
    axis.set_title(BY_NAME[variable].title, fontsize=SMALL)
    axis.tick_params(labelsize=6)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_xlabel("Iteration", fontsize=6)
    return axis
