"""Curves whose values the page can read: drawn with their band, and found again with their place in the figure."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis_py.report.page import Curve, Panel

_POINTS = 113  # of a curve with more steps: every six hours of 28 days, finer than a line in a figure
_DIGITS = 4


class ReadableLine(Line2D):
    """A line that keeps the band around it."""

    def __init__(self, name: str, x: Sequence[float], y: Sequence[float], **style: Any) -> None:
        super().__init__(x, y, label=name, **style)
        self.lower: Sequence[float] = ()
        self.upper: Sequence[float] = ()


def readable_curve(axis: Axes, name: str, data: pd.DataFrame, color: str, *, steps: bool, dashes: str = "-") -> None:
    """Draw `data` (x, y, lower, upper; NaN where there is no band); `steps`: each value holds until the next x."""
    x, y, lower, upper = (data[column].to_numpy(dtype=float) for column in ("x", "y", "lower", "upper"))
    kind, fill = ("steps-post", "post") if steps else ("default", None)
    line = ReadableLine(name, x.tolist(), y.tolist(), color=color, ls=dashes, lw=1.2, drawstyle=kind)
    if not np.isnan(lower).any() and not np.isnan(upper).any():
        line.lower, line.upper = lower.tolist(), upper.tolist()
    axis.add_line(line)
    axis.autoscale_view()
    axis.fill_between(x, lower, upper, step=fill, color=color, alpha=0.15, lw=0)  # type: ignore[arg-type]


def panels_of(figure: Figure) -> list[Panel]:
    """Every axis with such curves, where it lies once the figure has been drawn."""
    found = []
    for axis in figure.axes:
        curves = [_curve(line) for line in axis.lines if isinstance(line, ReadableLine)]
        if not curves or not axis.get_visible():
            continue
        place = axis.get_position()
        found.append(
            Panel(
                float(place.x0),
                float(1 - place.y1),
                float(place.x1),
                float(1 - place.y0),
                axis.get_xlim(),
                axis.get_ylim(),
                axis.get_xlabel(),
                curves,
            )
        )
    return found


def _curve(line: ReadableLine) -> Curve:
    """Its values where they are drawn; of many steps those that hold at even distances."""
    x = np.asarray(line.get_xdata(), dtype=float)
    at = np.arange(len(x))
    if len(x) > _POINTS:
        grid = np.linspace(x[0], x[-1], _POINTS)
        at = np.searchsorted(x, grid, side="right") - 1
        x = grid
    y, lower, upper = (
        np.round(np.asarray(values, dtype=float), _DIGITS) for values in (line.get_ydata(), line.lower, line.upper)
    )
    bands = (lower[at].tolist(), upper[at].tolist()) if len(lower) else ((), ())
    return Curve(str(line.get_label()), np.round(x, 2).tolist(), y[at].tolist(), *bands)
