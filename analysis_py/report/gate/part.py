"""The section of the page."""

from collections.abc import Mapping

import pandas as pd

from analysis_py.report.captions.shown import Shown
from analysis_py.report.gate.tables import SIGN_WORDS
from analysis_py.report.gate.words import TEXT, TITLE, detectable, gate_caption
from analysis_py.report.page import Download, Part, plain_table

ANCHOR = "checks"
_TABLES = ("gate_checks", "gate_limits", "gate_reasons")


def gate_part(shown: Shown, made: Mapping[str, pd.DataFrame], files: Mapping[str, Download]) -> list[Part]:
    """The checks of every design, first of all sections; none where the rows did not go through the gate."""
    tables = [
        plain_table(gate_caption(name), made[name], [files[name]], SIGN_WORDS)
        for name in _TABLES
        if name in made and len(made[name])
    ]
    return [Part(ANCHOR, TITLE, [*TEXT, *detectable(shown.rows)], (), tables)] if tables else []
