"""Suspected infection: an antibiotic and a culture near it."""

from dataclasses import dataclass
from typing import Any

from tests.recompute.source import Source
from tests.recompute.trial.choices import Choices, seed, word
from tests.recompute.trial.rows import DAY, HOUR, records
from tests.recompute.trial.stays import Stay


@dataclass(frozen=True)
class Suspicion:
    """When infection is suspected, and when both parts of it are known."""

    at: int
    known: int


@dataclass(frozen=True)
class _Culture:
    day: int
    time: int | None
    specimen: str | None
    specimen_id: int

    @property
    def at(self) -> int:
        return self.day if self.time is None else self.time

    @property
    def known(self) -> int:
        """One of a day without a time is known when the day is over."""
        return self.day + DAY if self.time is None else self.time


def suspicions_of(source: Source, stays: dict[int, Stay], choices: Choices) -> dict[int, list[Suspicion]]:
    """Suspicions whose antibiotic starts in the stay, by stay."""
    cultures = _cultures(source, choices)
    found: dict[int, list[Suspicion]] = {}
    for antibiotic in _antibiotics(source, choices):
        started = antibiotic["starttime"]
        for stay in stays.values():
            is_in_stay = (
                stay.hadm_id == antibiotic["hadm_id"]
                and stay.subject_id == antibiotic["subject_id"]
                and started is not None
                and stay.discharged_at is not None
                and stay.admitted_at <= started < stay.discharged_at
            )
            if is_in_stay and (suspicion := _suspicion(started, cultures.get(stay.subject_id, []), choices)):
                found.setdefault(stay.stay_id, []).append(suspicion)
    return found


def _suspicion(started: int, cultures: list[_Culture], choices: Choices) -> Suspicion | None:
    before = [each for each in cultures if _is_first(each, started, choices)]
    after = [each for each in cultures if each not in before and _is_second(each, started, choices)]
    if not any(each.specimen is not None for each in [*before[:1], *after[:1]]):
        return None
    if before:
        return Suspicion(before[0].at, max(started, before[0].known))
    return Suspicion(started, max(started, after[0].known))


def _is_first(culture: _Culture, started: int, choices: Choices) -> bool:
    """The culture, then the antibiotic."""
    reach = int(choices["culture_before_antibiotic_max_h"] * HOUR)
    if culture.time is None:
        return culture.day <= started // DAY * DAY <= culture.day + reach
    return culture.time < started <= culture.time + reach


def _is_second(culture: _Culture, started: int, choices: Choices) -> bool:
    """The antibiotic, then the culture."""
    reach = int(choices["culture_after_antibiotic_max_h"] * HOUR)
    if culture.time is None:
        return culture.day - reach <= started // DAY * DAY <= culture.day
    return culture.time - reach <= started < culture.time


def _cultures(source: Source, choices: Choices) -> dict[int, list[_Culture]]:
    """Cultures by patient, the earliest first."""
    columns = ["micro_specimen_id", "subject_id", "hadm_id", "chartdate", "charttime", "spec_type_desc"]
    screens = {word(row["specimen"]) for row in seed("culture_screening")}
    admissions = source.read("hosp", "admissions", ["hadm_id", "subject_id"])
    owners = dict(zip(admissions["hadm_id"], admissions["subject_id"], strict=True))
    specimens: dict[int, list[dict[str, Any]]] = {}
    for row in records(source.read("hosp", "microbiologyevents", columns)):
        specimens.setdefault(row["micro_specimen_id"], []).append(row)
    found: dict[int, list[_Culture]] = {}
    for number, rows in specimens.items():
        if any(owners.get(row["hadm_id"], row["subject_id"]) != row["subject_id"] for row in rows):
            continue
        is_screen = any(word(row["spec_type_desc"]) in screens for row in rows)
        if is_screen and choices["culture_screening"] == "ignore":
            continue
        found.setdefault(max(row["subject_id"] for row in rows), []).append(
            _Culture(
                day=max(row["chartdate"] for row in rows) // DAY * DAY,
                time=max((row["charttime"] for row in rows if row["charttime"] is not None), default=None),
                specimen=max((row["spec_type_desc"] for row in rows if row["spec_type_desc"]), default=None),
                specimen_id=number,
            )
        )
    for cultures in found.values():
        cultures.sort(key=lambda each: (each.day, each.time is None, each.time or 0, each.specimen_id))
    return found


def _antibiotics(source: Source, choices: Choices) -> list[dict[str, Any]]:
    """Prescriptions of a systemic antibiotic of the list in force."""
    columns = ["subject_id", "hadm_id", "drug_type", "drug", "route", "starttime"]
    patterns = [
        row
        for row in seed("drug_name")
        if row["lists"] == "all" or choices["antibiotic_list"] in row["lists"].split("|")
    ]
    rows = [row for row in records(source.read("hosp", "prescriptions", columns)) if row["drug"] and row["route"]]
    mains = {(row["drug"], row["route"]) for row in rows if row["drug_type"] not in (None, "BASE")}
    listed = {name for name in mains if _names(name, patterns, "antibiotic") and not _names(name, patterns, "excluded")}
    admissions = source.read("hosp", "admissions", ["hadm_id", "subject_id"])
    owners = dict(zip(admissions["hadm_id"], admissions["subject_id"], strict=True))
    return [
        row
        for row in rows
        if (row["drug"], row["route"]) in listed and owners.get(row["hadm_id"], row["subject_id"]) == row["subject_id"]
    ]


def _names(name: tuple[str, str], patterns: list[dict[str, str]], concept: str) -> bool:
    """Whether a drug's name or route fits one of the patterns."""
    fields = {"drug": name[0].lower(), "route": name[1].lower()}
    for pattern in patterns:
        if pattern["concept"] == concept:
            field, wanted = fields[pattern["field"]], pattern["pattern"].lower()
            if field.strip(" ") == wanted if pattern["match"] == "equals" else wanted in field:
                return True
    return False
