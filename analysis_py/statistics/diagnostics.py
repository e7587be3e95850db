"""May an estimate be read? What is known of a design before its outcome is looked at."""

import numpy as np
import pandas as pd
from scipy import stats

from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.estimate import Z_975
from analysis_py.statistics.weighting import require_probabilities

EQUIPOISE = (0.3, 0.7)  # of the preference score (Walker 2013)
_Z_80 = float(stats.norm.ppf(0.8))  # 80 % power


def preference_score(propensity: pd.Series, treatment: pd.Series) -> pd.Series:
    """Propensity on a scale where 0.5 means: as likely as in the cohort as a whole.

    Walker et al. 2013, doi:10.2147/CER.S40357: logit(preference) = logit(propensity) - logit(share treated).

    Raises:
        NotEstimable: as require_probabilities().
    """
    score, treated = require_probabilities(propensity, treatment)
    share = float(treated.mean())
    for_it, against = score * (1 - share), (1 - score) * share
    return pd.Series(for_it / (for_it + against), index=propensity.index, name="preference")


def preference_equipoise(propensity: pd.Series, treatment: pd.Series) -> float:
    """Share of all rows with a preference score from 0.3 to 0.7, as CohortMethod's computeEquipoise.

    Raises:
        NotEstimable: as preference_score().
    """
    return float(preference_score(propensity, treatment).between(*EQUIPOISE).mean())


def minimum_detectable_ratio(events: float, share_treated: float) -> float:
    """Least hazard ratio above 1 that a Cox model of so many events finds with 80 % power, two-sided at 5 %.

    Schoenfeld 1983, doi:10.2307/2531021, as CohortMethod's computeMdrr.

    Raises:
        NotEstimable: no events, an empty arm, or so few events that no ratio could be found.
        ValueError: a negative number of events, or a share that is none.
    """
    if not 0 <= share_treated <= 1:
        raise ValueError(f"share_treated must be from 0 to 1, not {share_treated!r}")
    if not (0 <= events < np.inf):
        raise ValueError(f"events must be a number of at least 0, not {events!r}")
    if events == 0:
        raise NotEstimable("no events")
    if share_treated in (0, 1):
        raise NotEstimable(f"there are no {'un' if share_treated == 1 else ''}treated rows")
    with np.errstate(over="ignore", divide="ignore"):
        ratio = float(np.exp((_Z_80 + Z_975) / np.sqrt(events * share_treated * (1 - share_treated))))
    if not np.isfinite(ratio):
        raise NotEstimable(f"{events:g} events with a share of {share_treated:g} treated would show no ratio at all")
    return ratio
