"""Could these patients have got either treatment? Preference score and equipoise."""

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis_py.study.analyses.describe import GROUP_NAMES
from analysis_py.study.results import Row
from analysis_py.study.variables import TREATMENT

EQUIPOISE = (0.3, 0.7)


def preference_score(propensity: pd.Series, treated: pd.Series) -> pd.Series:
    """Propensity on a scale where 0.5 means: as likely as in the cohort as a whole.

    Walker et al. 2013, doi:10.2147/CER.S40357: logit(preference) = logit(propensity) - logit(share treated).
    """
    share = float(treated.mean())
    odds = propensity / (1 - propensity) * (1 - share) / share
    return pd.Series(np.where(np.isinf(odds), 1.0, odds / (1 + odds)), index=propensity.index, name="preference")


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
