"""The picture of the first screen: risks of death by two designs side by side, on one scale; read at 390 px, too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from analysis_py.report.figures.curves import readable_curve
from analysis_py.report.figures.style import COLORS, new_figure
from analysis_py.report.figures.trial import DASHES

# inches: a phone shows it at this size, so its type is as large as that of the page's notes
_WIDTH, _HEIGHT, _TYPE = 5.0, 3.1, 8.5
_LEAST = 1.0  # percent that the scale holds where nobody dies
_TICKS = (0, 7, 14, 21, 28)


@dataclass(frozen=True)
class Side:
    """A design: its title, the curves of its groups (x, y, lower, upper in percent), and what was found."""

    title: str
    x_label: str
    curves: Mapping[bool, pd.DataFrame]
    note: str
    steps: bool


def side_by_side(sides: Sequence[Side], names: Mapping[bool, str]) -> Figure:
    """A panel per side, the same heights in each."""
    with rc_context({"font.size": _TYPE, "axes.titlesize": _TYPE + 0.5}):
        figure, axes = new_figure(_WIDTH, _HEIGHT, len(sides))
        top = max(_LEAST, *(_top(curve) for side in sides for curve in side.curves.values()))
        for axis, side in zip(axes, sides, strict=True):
            for group, curve in side.curves.items():
                readable_curve(axis, names[group], curve, COLORS[group], steps=side.steps, dashes=DASHES[group])
            # what was found stands above the curves, which rise to the right
            axis.set(xlim=(0, _TICKS[-1]), ylim=(0, 1.3 * top), xticks=_TICKS, xlabel=side.x_label)
            axis.set_title(side.title)
            axis.text(0.03, 0.98, side.note, transform=axis.transAxes, va="top", linespacing=1.3)
        axes[0].set_ylabel("Risk of death (%)")
        for axis in axes[1:]:
            axis.tick_params(axis="y", labelleft=False)
        lines = {line.get_label(): line for axis in axes for line in axis.lines}  # a side may lack a group
        figure.legend(list(lines.values()), [str(label) for label in lines], loc="outside lower center", ncols=2)
    return figure


def _top(curve: pd.DataFrame) -> float:
    """What the scale must hold: the band, and the curve where there is none."""
    return float(np.nanmax(curve[["y", "upper"]].to_numpy(dtype=float)))
