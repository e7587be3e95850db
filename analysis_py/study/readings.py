"""The paper's definitions read in other ways: cohorts from cohort_eligibility, one choice changed at a time."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis_py.study.variables import BY_NAME, DEATH_28D, FOLLOW_UP, HORIZON_DAYS, OUTCOMES, TABLE_ONE, TREATMENT

FOLLOW_UP_DISCHARGE = "followup_discharge_days"
SIC_SCORE = "sic_score"
_SIC, _HEPARIN = "is_sic", "has_heparin"


@dataclass(frozen=True)
class Reading:
    """One choice of the study in one reading; all others are those of the main cohort.

    `sic`, `score` and `heparin` are columns of the marts; `follow_up` ends at `day28` or at `discharge`.
    """

    label: str
    sic: str = _SIC
    score: str = SIC_SCORE
    heparin: str = _HEPARIN
    follow_up: str = ""


READINGS = (
    Reading("SIC: score of 4 or more (paper)", "is_sic_paper", "sic_score_four"),
    Reading("SIC: paper, SOFA of six organs", "is_sic_total", "sic_score_total"),
    Reading("SIC: strict", "is_sic_strict", "sic_score_four"),
    Reading("SIC: strict, SOFA of six organs", "is_sic_strict_total", "sic_score_total"),
    Reading("laboratory results by admission", "is_sic_labs_by_admission"),
    Reading("laboratory results by patient and time", "is_sic_labs_by_patient"),
    Reading("screening cultures counted", "is_sic_screening_counted"),
    Reading("screening cultures ignored", "is_sic_screening_ignored"),
    Reading("antibiotics of mimic-code's list", "is_sic_antibiotics_mimic_code"),
    Reading("antibiotics of the extended list", "is_sic_antibiotics_extended"),
    Reading("no heparin infusion in the ICU", heparin="has_heparin_infusion"),
    Reading("no heparin given in the ICU", heparin="has_heparin_any_icu"),
    Reading("no heparin order", heparin="has_heparin_any_order"),
    Reading("follow-up to day 28", follow_up="day28"),
    Reading("follow-up to discharge", follow_up="discharge"),
)

# the marts' columns that a reading needs; rows are those that any reading keeps
OTHER_RULES = "is_eligible_otherwise"
SIC_READINGS = (_SIC, *dict.fromkeys(reading.sic for reading in READINGS if reading.sic != _SIC))
HEPARIN_READINGS = (_HEPARIN, *dict.fromkeys(reading.heparin for reading in READINGS if reading.heparin != _HEPARIN))
SCORES = ("sic_score_four", "sic_score_total")
BASELINE = tuple(variable.name for variable in TABLE_ONE)
OUTCOME_COLUMNS = (*(variable.name for variable in OUTCOMES), FOLLOW_UP, FOLLOW_UP_DISCHARGE)


def readings_of(stays: pd.DataFrame) -> list[Reading]:
    """The readings whose rules are columns of `stays`: data that were kept before a reading existed do not tell it."""
    return [reading for reading in READINGS if reading.sic in stays and reading.heparin in stays]


def cohort_of(stays: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """The cohort of a reading, with the columns that models need; `stays` as read_marts() gives it."""
    kept = stays[stays[reading.sic] & ~stays[reading.heparin]]
    levels = list(BY_NAME[SIC_SCORE].levels)
    cohort = kept.assign(**{SIC_SCORE: pd.Categorical(kept[reading.score], categories=levels)})
    if reading.follow_up == "discharge":
        cohort[FOLLOW_UP] = kept[FOLLOW_UP_DISCHARGE]
    elif reading.follow_up == "day28":
        cohort[FOLLOW_UP] = np.where(kept[DEATH_28D], kept[FOLLOW_UP_DISCHARGE], HORIZON_DAYS)
    return cohort[[TREATMENT, *BASELINE, *(variable.name for variable in OUTCOMES), FOLLOW_UP]]
