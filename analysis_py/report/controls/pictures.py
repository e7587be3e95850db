"""The controls' figure, drawn from the rows as they are shown."""

from collections.abc import Iterator, Sequence

import pandas as pd
from matplotlib.figure import Figure

from analysis_py.report.controls.tables import DESIGN_TITLES, calibration_of, designs_of, estimates
from analysis_py.report.controls.words import FUNNEL
from analysis_py.report.figures.controls import funnel
from analysis_py.report.figures.empty import say_instead
from analysis_py.report.figures.style import DOUBLE, new_figure
from analysis_py.study.controls.calibrate import NULL_MEAN, NULL_SD
from analysis_py.study.controls.found import DRUG, EXPOSURE, OUTCOME, standard_error
from analysis_py.study.gate.marks import without_mark
from analysis_py.study.results import Row

_KINDS = {EXPOSURE: ("exposures", "Hazard ratio"), OUTCOME: ("outcomes", "Odds ratio")}


def control_figures(rows: Sequence[Row], drug: str) -> Iterator[tuple[str, Figure]]:
    """The funnel: exposures above, outcomes below, the designs side by side; none where there is no control."""
    designs = designs_of(rows)
    if not designs:
        return
    points = {(kind, design): points_of(estimates(rows, design, kind)) for kind in _KINDS for design in designs}
    own = {design: points_of(estimates(rows, design, DRUG)) for design in designs}
    every = pd.concat([*points.values(), *own.values()], ignore_index=True)
    if every.empty:
        return
    figure, axes = new_figure(DOUBLE, 2.6 * len(_KINDS), len(designs), len(_KINDS))
    low, high = min(0.45, 0.9 * float(every["ratio"].min())), max(2.2, 1.1 * float(every["ratio"].max()))
    top = 1.08 * float(every["error"].max())
    for axis, ((kind, design), found) in zip(axes, points.items(), strict=True):
        title, measure = _KINDS[kind]
        if found.empty and own[design].empty:
            say_instead(axis, f"{DESIGN_TITLES[design]}: {title}", "No control can be estimated.")
            continue
        mean, sd = (calibration_of(rows, design, kind, name) for name in (NULL_MEAN, NULL_SD))
        null = (mean.estimate, sd.estimate) if mean is not None and sd is not None else (None, None)
        funnel(axis, found, own[design], null, f"{DESIGN_TITLES[design]}: {title}", measure, drug, top)
        axis.set(xlim=(max(low, 0.05), min(high, 20)))
    handles, labels = next(axis for axis in axes if axis.axison).get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    yield FUNNEL, figure


def points_of(rows: Sequence[Row]) -> pd.DataFrame:
    """ratio, error, counts (among the controls of the null) of those with an estimate."""
    found = [
        {
            "ratio": row.estimate,
            "error": standard_error(row.lower, row.upper),
            "counts": not without_mark(row.note),
        }
        for row in rows
        if row.estimate is not None and row.lower is not None and row.upper is not None
    ]
    return pd.DataFrame(found, columns=["ratio", "error", "counts"]).astype(
        {"ratio": float, "error": float, "counts": bool}
    )
