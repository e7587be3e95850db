"""The section of the page."""

from collections.abc import Mapping

import pandas as pd

from analysis_py.report.captions.shown import Shown
from analysis_py.report.controls.words import FUNNEL, TITLE, controls_caption, sentences
from analysis_py.report.page import Download, Part, Picture, plain_table

ANCHOR = "controls"
_TABLES = ("controls_calibration", "controls")


def controls_part(
    shown: Shown, made: Mapping[str, pd.DataFrame], files: Mapping[str, Download], pictures: Mapping[str, Picture]
) -> Part:
    """What was found, its figure and tables; one line where the build left the controls out."""
    text = sentences(shown.rows, shown.drug, shown.study.controls)
    drawn = [pictures[FUNNEL]] if FUNNEL in pictures else []
    tables = [plain_table(controls_caption(shown, name), made[name], [files[name]]) for name in _TABLES if name in made]
    undrawn = [] if drawn or not tables else ["No figure: no control can be estimated."]
    return Part(ANCHOR, TITLE, text, drawn, tables, undrawn)
