"""The section of the page."""

from collections.abc import Mapping

import pandas as pd

from analysis_py.report.captions.shown import Shown
from analysis_py.report.estimators.words import FIGURE, TABLE, TITLE, estimators_caption, sentences
from analysis_py.report.page import Download, Part, Picture, plain_table

ANCHOR = "estimators"


def estimators_part(
    shown: Shown, made: Mapping[str, pd.DataFrame], files: Mapping[str, Download], pictures: Mapping[str, Picture]
) -> Part:
    """How far the estimators agree, the forest plot and the table."""
    drawn = [pictures[FIGURE]] if FIGURE in pictures else []
    tables = [plain_table(estimators_caption(shown, TABLE), made[TABLE], [files[TABLE]])] if TABLE in made else []
    undrawn = [] if drawn or not tables else ["No figure: there is no hazard ratio to draw."]
    return Part(ANCHOR, TITLE, sentences(shown.rows), drawn, tables, undrawn)
