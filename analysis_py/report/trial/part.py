"""The section of the page."""

from collections.abc import Mapping

import pandas as pd

from analysis_py.report.captions.shown import Shown
from analysis_py.report.page import Download, Part, Picture, plain_table
from analysis_py.report.trial.pictures import undrawn_of_trial
from analysis_py.report.trial.words import TITLE, sentences, trial_caption

ANCHOR = "trial"
_FIGURES = ("trial_curves", "trial_forest", "trial_clone_flow", "trial_balance_over_time", "trial_weights")
_TABLES = ("trial_protocol", "trial_flow", "trial_clones", "trial_designs", "trial_positivity", "trial_balance")


def trial_part(
    shown: Shown, made: Mapping[str, pd.DataFrame], files: Mapping[str, Download], pictures: Mapping[str, Picture]
) -> Part:
    """What was found, its figures and tables; one line where the build left the trial out."""
    text = sentences(shown.rows, shown.drug, shown.study.trial)
    drawn = [pictures[name] for name in _FIGURES if name in pictures]
    tables = [plain_table(trial_caption(shown, name), made[name], [files[name]]) for name in _TABLES if name in made]
    return Part(ANCHOR, TITLE, text, drawn, tables, undrawn_of_trial(shown, pictures))
