"""Could these patients have got either treatment? Preference score and equipoise."""

from dataclasses import replace

import pandas as pd

from analysis_py.statistics.diagnostics import EQUIPOISE, preference_score
from analysis_py.study.analyses.describe import GROUP_NAMES
from analysis_py.study.results import Row
from analysis_py.study.variables import TREATMENT


def overlap_rows(data: pd.DataFrame, propensity: pd.Series) -> list[Row]:
    """Share of each group in equipoise (preference score from 0.3 to 0.7)."""
    preference = preference_score(propensity, data[TREATMENT])
    inside = preference.between(*EQUIPOISE)
    rows = []
    for treated, group in GROUP_NAMES.items():
        members = inside[data[TREATMENT] == treated]
        place = Row("overlap", f"full {group}", term="in equipoise", measure="percent", n=len(members))
        rows.append(replace(place, events=int(members.sum()), estimate=100 * float(members.mean())))
    return rows
