"""What the study reads of the marts: analysis_cohort, the stays of its other readings, the external cohort."""

from collections.abc import Mapping, Sequence

import pandas as pd

from analysis_py.marts.controls import ControlsNeeded
from analysis_py.marts.profile import Target
from analysis_py.marts.read import Marts, Needed, read
from analysis_py.marts.trial import TrialNeeded
from analysis_py.marts.types import Variable, type_stays
from analysis_py.study.readings import (
    FOLLOW_UP_DISCHARGE,
    HEPARIN_READINGS,
    OTHER_RULES,
    OUTCOME_COLUMNS,
    SCORES,
    SIC_READINGS,
    SIC_SCORE,
)
from analysis_py.study.variables import (
    EXPOSURE_DOSE,
    EXPOSURE_DURATION,
    EXTENDED,
    EXTERNAL_OUTCOMES,
    EXTERNAL_TABLE_ONE,
    FOLLOW_UP,
    OUTCOMES,
    TABLE_ONE,
    TREATMENT,
    TRIAL_BASELINE,
    TRIAL_INTERVAL,
    TRIAL_OUTCOMES,
)

_TREATMENT = Variable(TREATMENT, "treatment", "binary", is_complete=True)
_FOLLOW_UP = Variable(FOLLOW_UP, "follow-up", is_complete=True, never_negative=True)
_COHORT = (
    *TABLE_ONE,
    *OUTCOMES,
    _TREATMENT,
    _FOLLOW_UP,
    Variable(EXPOSURE_DURATION, "duration"),
    Variable(EXPOSURE_DOSE, "dose"),
)
ELIGIBLE = (
    _TREATMENT,
    *(Variable(name, name, "binary", is_complete=True) for name in (*SIC_READINGS, *HEPARIN_READINGS)),
    # of any value here: levels are those of a cohort
    Variable(SIC_SCORE, SIC_SCORE),
    *(Variable(name, name, is_complete=True) for name in SCORES),
    _FOLLOW_UP,
    Variable(FOLLOW_UP_DISCHARGE, FOLLOW_UP_DISCHARGE, is_complete=True, never_negative=True),
    *(variable for variable in TABLE_ONE if variable.name != SIC_SCORE),
    *OUTCOMES,
)
_EXTERNAL = (*EXTERNAL_TABLE_ONE, *EXTERNAL_OUTCOMES, _TREATMENT, _FOLLOW_UP)
_TRIAL_OUTCOMES = (
    Variable("start_h", "start"),
    Variable("duration_h", "duration"),
    Variable("icu_end_h", "end of the ICU stay", is_complete=True),
    *(Variable(name, name, "binary", is_complete=True) for name in TRIAL_OUTCOMES),
    *(Variable(name, name, is_complete=True, never_negative=True) for name in TRIAL_OUTCOMES.values()),
)
TRIAL_NEEDED = TrialNeeded(
    baseline=TRIAL_BASELINE,
    intervals=(Variable("starts", "starts", "binary", is_complete=True), *(now.variable for now in TRIAL_INTERVAL)),
    outcomes=_TRIAL_OUTCOMES,
)
CONTROLS_NEEDED = ControlsNeeded(
    stays=(*TABLE_ONE, *OUTCOMES, _FOLLOW_UP),
    columns={
        "baseline": tuple(variable.name for variable in TABLE_ONE),
        "outcomes": (*(variable.name for variable in OUTCOMES), FOLLOW_UP),
    },
    decisions=tuple(now.variable for now in TRIAL_INTERVAL),
)
_NEEDED = Needed(
    cohort=_COHORT,
    stays=ELIGIBLE,
    external=_EXTERNAL,
    columns={
        "cohort_eligibility": (TREATMENT, *SIC_READINGS, *HEPARIN_READINGS),
        "sic_score": SCORES,
        "baseline": tuple(variable.name for variable in TABLE_ONE),
        "outcomes": OUTCOME_COLUMNS,
    },
    extended=EXTENDED,
    fulfil=OTHER_RULES,
    kept_by=SIC_READINGS,
    excluded_by=HEPARIN_READINGS,
    trial=TRIAL_NEEDED,
    controls=CONTROLS_NEEDED,
)


def read_marts(target: Target, whole: Mapping[str, Sequence[str]] | None = None) -> Marts:
    """analysis_cohort (typed, index stay_id), the stays of other readings (the same), and cohort_flow (by step).

    `whole` as marts.read.read() takes it.

    Raises:
        StudyError: as marts.read.read().
    """
    return read(target, _NEEDED, whole)


def type_cohort(cohort: pd.DataFrame, name: str) -> pd.DataFrame:
    """analysis_cohort with floats, nullable booleans and categories, indexed by stay_id.

    Raises:
        StudyError: as marts.types.type_stays().
    """
    return type_stays(cohort, name, _COHORT)


def type_eligible(stays: pd.DataFrame, name: str) -> pd.DataFrame:
    """The stays that any reading keeps, as type_cohort()."""
    return type_stays(stays, name, ELIGIBLE)


def type_extended(stays: pd.DataFrame, name: str) -> pd.DataFrame:
    """baseline_extended, as type_cohort()."""
    return type_stays(stays, name, EXTENDED)


def type_external(cohort: pd.DataFrame, name: str) -> pd.DataFrame:
    """zigong_cohort, as type_cohort()."""
    return type_stays(cohort, name, _EXTERNAL)
