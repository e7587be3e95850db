"""How strong an unmeasured cause must be, by how common it is: the function draws on an axis."""

import numpy as np
from matplotlib.axes import Axes

from analysis_py.statistics.sensitivity import tipping_points

_RARER = (0.0, 0.1, 0.2, 0.4)  # shares in the group in which the cause is the rarer
_SHADES = ("#08306b", "#2171b5", "#6baed6", "#9e9e9e")
_STRONGEST = 20.0  # what is drawn


def tipping_lines(axis: Axes, ratio: tuple[float, float, float], title: str, drug: str, has_label: bool) -> Axes:
    """Risk ratio (log scale) of the cause by its share in the group in which it is the commoner.

    `ratio` is a hazard ratio with its limits. Below 1 a harmful cause must be rarer among the treated, above 1 among
    the others. Solid: the estimate; dashed: the limit nearer to 1.
    """
    shares = np.linspace(0.01, 1, 100).tolist()
    is_below = ratio[0] < 1
    for rarer, shade in zip(_RARER, _SHADES, strict=True):
        pairs = ([rarer], shares) if is_below else (shares, [rarer])
        found = tipping_points(*ratio, *pairs)
        for column, style in (("estimate", "-"), ("limit", "--")):
            strength = found[column].to_numpy(dtype=float)
            drawn = (np.array(shares) > rarer) & (strength > 1) & (strength <= _STRONGEST)
            label = f"{100 * rarer:g} %" if column == "estimate" else None
            axis.plot(100 * np.array(shares)[drawn], strength[drawn], style, color=shade, lw=1.2, label=label)
    axis.set(yscale="log", ylim=(1, _STRONGEST), xlim=(0, 100), title=title)
    ticks = [1, 1.5, 2, 3, 5, 10, 20]
    axis.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.minorticks_off()
    commoner, other = ("without", "with") if is_below else ("with", "without")
    axis.set_xlabel(f"Have the cause, {commoner} {drug} (%)")
    if has_label:
        axis.set_ylabel("Risk ratio of the cause with death")
    axis.legend(title=f"{other} {drug}", fontsize="small", title_fontsize="small", loc="upper right")
    return axis
