"""Discharge alive as a competing event: until when a patient was in hospital, and how that ended."""

import numpy as np
import pandas as pd

from analysis_py.statistics.errors import NotEstimable
from analysis_py.study.variables import DEATH_28D, HORIZON_DAYS

ENDED, CAUSE = "in_hospital_days", "how_it_ended"
STAYED, DIED, DISCHARGED = 0, 1, 2  # still in hospital on day 28; died in it by then; left it alive before


def with_discharge(cohort: pd.DataFrame, days: pd.Series | None) -> pd.DataFrame:
    """`cohort` with the days until death or discharge, at most 28, and which of both it was.

    `days` are those of outcomes.followup_discharge_days by stay, of these stays and maybe of others.

    Raises:
        NotEstimable: they are not known of every stay of the cohort.
    """
    own = None if days is None else days.reindex(cohort.index)
    if own is None or own.isna().any():
        raise NotEstimable("the time of discharge is not known of every stay of the cohort")
    died = cohort[DEATH_28D].to_numpy(dtype=bool)
    ended = cohort.assign(**{ENDED: own})
    ended[CAUSE] = np.select([died, (own < HORIZON_DAYS).to_numpy()], [DIED, DISCHARGED], STAYED)
    return ended
