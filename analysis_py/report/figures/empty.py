"""Whether there is anything to draw, and what stands in a figure in place of an axis without anything on it."""

from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import StepPatch


def has_estimate(lines: pd.DataFrame) -> bool:
    """Whether a forest plot of these lines holds an interval."""
    return len(lines) > 0 and bool(lines["estimate"].notna().any())


def has_bars(axis: Axes) -> bool:
    """Whether a histogram has a bar: those of too few are left out."""
    return any(patch.get_data()[0].any() for patch in axis.patches if isinstance(patch, StepPatch))


def has_curves(axis: Axes) -> bool:
    """Whether a line of an axis has a point."""
    return any(np.size(line.get_xdata()) for line in axis.lines)


def say_instead(axis: Axes, title: str, text: str) -> None:
    """A panel that has nothing to show, beside others that have: its title, and why."""
    axis.clear()
    axis.set_axis_off()
    axis.set_title(title)
    axis.text(0, 0.95, fill(text, 34), transform=axis.transAxes, va="top")
