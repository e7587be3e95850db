"""The specification curve as files."""

import tempfile
from pathlib import Path

import pandas as pd

from analysis_py.marts.generated import WATERMARK
from analysis_py.report.figures.multiverse import specification_curve
from analysis_py.report.figures.style import house_style, save, watermark
from analysis_py.report.multiverse.folder import CURVE
from analysis_py.report.multiverse.words import CHOICE_TITLES, MEASURE_TITLES, shown_values, value_title
from analysis_py.study.gate.checks import PASS


def draw_curve(table: pd.DataFrame, generated: str) -> dict[str, bytes]:
    """curve.svg and curve.png of specifications as they are shown; those without an estimate are left out."""
    known = table[table["estimate"].notna()].assign(passes=lambda rows: rows["gate"] == PASS)
    panels = [(MEASURE_TITLES[str(name)], rows) for name, rows in known.groupby("measure", sort=False)]
    choices = {name: _titles(known, name) for name in CHOICE_TITLES}
    with house_style(), tempfile.TemporaryDirectory() as folder:
        figure = specification_curve(panels or [("No specification is estimable", known)], choices)
        if generated:
            watermark(figure, WATERMARK)
        return save(figure, Path(folder) / CURVE)


def _titles(table: pd.DataFrame, choice: str) -> list[tuple[str, str]]:
    """The values of a choice with what their lines are called; names of estimators and calipers tell what they are."""
    own = "" if choice in ("estimator", "caliper", "outcome") else f"{CHOICE_TITLES[choice]}: "
    return [(value, own + value_title(value)) for value in shown_values(table, choice)]
