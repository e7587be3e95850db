"""The trial's main numbers for a program, from its rows as they are shown."""

from collections.abc import Sequence
from typing import Any

from analysis_py.study.analyses.describe import GROUP_NAMES
from analysis_py.study.results import Row
from analysis_py.study.trial.definitions import COHORT
from analysis_py.study.trial.designs import PRIMARY
from analysis_py.study.trial.estimates import ANALYSIS
from analysis_py.study.trial.run import Trial

_GROUPS = {f"{COHORT} {name}": name for name in GROUP_NAMES.values()}


def trial_summary(trial: Trial | None, rows: Sequence[Row]) -> dict[str, Any] | None:
    """Its hours, the name of the primary design, and each number of each design; None where the build left it out."""
    if trial is None:
        return None
    return {
        "grace_h": trial.definitions.grace_h,
        "interval_h": trial.definitions.interval_h,
        "resamples": trial.resamples,
        "primary": PRIMARY,
        "estimates": [
            {
                "outcome": row.outcome,
                "design": row.model,
                "group": _GROUPS.get(row.cohort),
                **row.numbers,
            }
            for row in rows
            if row.analysis == ANALYSIS
        ],
    }
