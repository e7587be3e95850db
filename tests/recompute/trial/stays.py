"""ICU stays with their patient and admission."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from tests.recompute.source import Source
from tests.recompute.trial.choices import Choices, seed
from tests.recompute.trial.rows import HOUR, records


@dataclass(frozen=True)
class Stay:
    """An ICU stay; times in seconds. `died_at`: death in hospital."""

    stay_id: int
    subject_id: int
    hadm_id: int
    admitted_at: int
    discharged_at: int | None
    hospital_admitted_at: int
    hospital_discharged_at: int | None
    died_at: int | None
    died_on: int | None
    number: int
    age_years: int | None
    fields: dict[str, Any]

    def is_near(self, time: int | None, margin: int) -> bool:
        """Whether a time lies in the ICU stay or near it."""
        return time is not None and _lies_in(time, self.admitted_at, self.discharged_at, margin)

    def is_near_hospital(self, time: int, margin: int) -> bool:
        """Whether a time lies in the hospital admission or near it."""
        return _lies_in(time, self.hospital_admitted_at, self.hospital_discharged_at, margin)

    def is_in_icu_at(self, moment: int) -> bool:
        """Alive and not yet discharged from the ICU."""
        return not self.has_left_by(moment)

    def has_left_by(self, moment: int) -> bool:
        """Dead or discharged from the ICU at a moment."""
        ends = [end for end in (self.discharged_at, self.died_at) if end is not None]
        return any(end <= moment for end in ends)

    def ended_at(self) -> float:
        """ICU discharge or death in hospital."""
        return min(end for end in (self.discharged_at, self.died_at, float("inf")) if end is not None)


def stays_of(source: Source, choices: Choices) -> dict[int, Stay]:
    """Every ICU stay, by stay_id."""
    icu = ["subject_id", "hadm_id", "stay_id", "intime", "outtime", "first_careunit"]
    columns = ["hadm_id", "subject_id", "admittime", "dischtime", "deathtime", "hospital_expire_flag"]
    hospital = source.read("hosp", "admissions", [*columns, "admission_type", "race"])
    person = ["subject_id", "gender", "anchor_age", "anchor_year", "anchor_year_group", "dod"]
    rows = source.read("icu", "icustays", icu).merge(hospital, on=["hadm_id", "subject_id"])
    rows = rows.merge(source.read("hosp", "patients", person), on="subject_id")
    rows["dod"] = pd.to_datetime(rows["dod"])
    rows["year"] = rows["admittime"].dt.year
    rows = rows.sort_values(["admittime", "intime", "stay_id"])
    rows["number"] = rows.groupby("subject_id").cumcount() + 1
    admissions = list(records(hospital))
    return {row["stay_id"]: _stay(row, admissions, choices) for row in records(rows)}


def _stay(row: dict[str, Any], admissions: list[dict[str, Any]], choices: Choices) -> Stay:
    age = None if row["anchor_age"] is None else int(row["anchor_age"] + row["year"] - row["anchor_year"])
    return Stay(
        stay_id=int(row["stay_id"]),
        subject_id=int(row["subject_id"]),
        hadm_id=int(row["hadm_id"]),
        admitted_at=row["intime"],
        discharged_at=row["outtime"],
        hospital_admitted_at=row["admittime"],
        hospital_discharged_at=row["dischtime"],
        died_at=_death(row, admissions),
        died_on=row["dod"],
        number=row["number"],
        age_years=age,
        fields={
            "age_years": age,
            "is_female": row["gender"] == "F",
            "ethnicity": _ethnicity(row["race"], choices),
            "admission_type": row["admission_type"],
            "care_unit": row["first_careunit"],
            "year_group": row["anchor_year_group"],
        },
    )


def _death(row: dict[str, Any], admissions: list[dict[str, Any]]) -> int | None:
    """The earliest time of death of this admission or of one that overlaps, else the flagged discharge."""
    begin = min(row["intime"], row["admittime"])
    end = max(time for time in (row["outtime"], row["dischtime"], begin) if time is not None)
    times, flagged = [], []
    for other in admissions:
        if other["subject_id"] != row["subject_id"]:
            continue
        is_own = other["hadm_id"] == row["hadm_id"]
        overlaps = other["dischtime"] is not None and other["admittime"] < end and other["dischtime"] > begin
        if is_own or overlaps:
            times += [] if other["deathtime"] is None else [other["deathtime"]]
            flagged += [other["dischtime"]] if other["hospital_expire_flag"] == 1 else []
    return min(times or flagged, default=None)


def _ethnicity(race: str | None, choices: Choices) -> str:
    known = "" if race is None else race.strip(" ").lower()
    if not known and choices["ethnicity_unknown"] == "apart":
        return "unknown"
    for group in seed("ethnicity_group"):
        if known.startswith(group["race_prefix"].lower()):
            is_other = group["ethnicity"] == "unknown" and choices["ethnicity_unknown"] == "other"
            return "other" if is_other else str(group["ethnicity"])
    return "other"


def _lies_in(time: int, start: int, end: int | None, margin: int) -> bool:
    """An end before the start is none."""
    return time >= start - margin and (end is None or end < start or time <= end + margin)


def margin_of(choices: Choices) -> int:
    """How far from its stay a row may lie, in seconds."""
    return int(choices["stay_margin_h"] * HOUR)
