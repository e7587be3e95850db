"""The marts of the controls, by loops over the raw tables; the trial's clock from tests.recompute.trial."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.recompute.source import Source
from tests.recompute.trial.choices import Choices, seed, word
from tests.recompute.trial.rows import DAY, HOUR, Row, records
from tests.recompute.trial.stays import Stay
from tests.recompute.trial.suspicion import suspicions_of
from tests.recompute.trial.trial import Mart, Trial


@dataclass(frozen=True)
class Order:
    """An order of a control exposure; seconds since 1970."""

    exposure: str
    start: int
    end: int


class Controls:
    """Each mart as {key: {column: value}}."""

    def __init__(self, source: Source, trial: Trial) -> None:
        self.source, self.trial, self.choices = source, trial, trial.choices
        self.stays = {stay: patient.stay for stay, patient in trial.patients.items()}
        self.record = next(iter(trial.patients.values())).record

    @cached_property
    def negative_control_exposure(self) -> Mart:
        """A row per stay and exposure ordered in it or into it."""
        return {
            (stay.stay_id, exposure): {"stay_id": stay.stay_id, "exposure": exposure} | self._exposed(stay, exposure)
            for stay in self.stays.values()
            for exposure in {order.exposure for order in self._of_stay(stay)}
        }

    @cached_property
    def trial_control_exposure(self) -> Mart:
        """A row per patient of the trial and exposure that was ordered before time zero or starts after it."""
        found: Mart = {}
        for (stay_id,), row in self.trial.trial_baseline.items():
            stay, zero = self.stays[stay_id], row["time_zero_at"]
            orders = [order for order in self.orders.get(stay.hadm_id, []) if order.start < stay.ended_at()]
            for exposure in {order.exposure for order in orders}:
                starts = [order.start for order in orders if order.exposure == exposure]
                later = [start for start in starts if start >= zero]
                found[stay_id, exposure] = {
                    "stay_id": stay_id,
                    "exposure": exposure,
                    "start_h": (min(later) - zero) / HOUR if later else None,
                    "is_prevalent": min(starts) < zero,
                }
        return found

    @cached_property
    def negative_control_outcome(self) -> Mart:
        """A row per first stay of an adult with a suspicion in some reading, and outcome."""
        return {
            (stay.stay_id, outcome): {
                "stay_id": stay.stay_id,
                "outcome": outcome,
                "occurred": occurred,
                "is_known": known,
            }
            for stay in self.stays.values()
            if stay.stay_id in self._suspected and stay.number == 1 and self._is_adult(stay)
            for outcome, rows in self._outcomes.items()
            for occurred, known in [self._outcome(stay, rows)]
        }

    @cached_property
    def positive_control(self) -> Mart:
        """A row per stay."""
        return {(stay_id,): self._bradycardia(stay, stay.admitted_at) for stay_id, stay in self.stays.items()}

    @cached_property
    def trial_positive_control(self) -> Mart:
        """A row per patient of the trial."""
        return {
            (stay_id,): self._bradycardia(self.stays[stay_id], row["time_zero_at"])
            for (stay_id,), row in self.trial.trial_baseline.items()
        }

    @cached_property
    def orders(self) -> dict[int, list[Order]]:
        """Orders of control exposures by admission, without those cancelled before they began."""
        listed = seed("negative_control_exposure")
        owners = {row["hadm_id"]: row["subject_id"] for row in self._admissions}
        columns = ["subject_id", "hadm_id", "drug", "route", "starttime", "stoptime"]
        found: dict[int, list[Order]] = {}
        for row in records(self.source.read("hosp", "prescriptions", columns)):
            start = row["starttime"]
            end = start if row["stoptime"] is None else row["stoptime"]
            if row["drug"] is None or start is None or end < start:
                continue
            if owners.get(row["hadm_id"], row["subject_id"]) != row["subject_id"]:
                continue
            for exposure in {each["exposure"] for each in listed if _means(each, row["drug"], row["route"])}:
                found.setdefault(row["hadm_id"], []).append(Order(exposure, start, end))
        return found

    def _of_stay(self, stay: Stay) -> list[Order]:
        """Orders that start in a stay or run when it begins."""
        begin = stay.admitted_at
        return [
            order
            for order in self.orders.get(stay.hadm_id, [])
            if (stay.discharged_at is None or order.start < stay.discharged_at)
            and (order.start >= begin or order.end > begin)
        ]

    def _exposed(self, stay: Stay, exposure: str) -> dict[str, Any]:
        orders = [order for order in self._of_stay(stay) if order.exposure == exposure]
        starts = {order.start for order in orders if order.start >= stay.admitted_at}
        ordered: set[int] = set()
        for order in orders:
            end = order.end if stay.discharged_at is None else min(order.end, stay.discharged_at)
            ordered.update(range(max(order.start, stay.admitted_at), end))  # each second once
        hours = len(ordered) / HOUR
        first = (min(starts) - stay.admitted_at) / HOUR if starts else None
        prevalent = any(order.start < stay.admitted_at for order in orders)
        late = not prevalent and first is not None and first > self.choices["exposure_max_start_h"]
        few = len(starts) < self.choices["control_exposure_min_orders"]
        short = not prevalent and few and hours < self.choices["exposure_min_duration_h"]
        return {
            "start_offset_h": first,
            "ordered_h": hours,
            "order_count": len(starts),
            "is_prevalent": prevalent,
            "is_late": late,
            "is_short": short,
            "is_exposed": not (prevalent or late or short),
        }

    @cached_property
    def _suspected(self) -> set[int]:
        """Stays with a suspicion by the vars, with the other reading of screens, or by the other list."""
        other_screens = "ignore" if self.choices["culture_screening"] == "count" else "count"
        other_list = "extended" if self.choices["antibiotic_list"] == "mimic_code" else "mimic_code"
        found: set[int] = set()
        for changed in ({}, {"culture_screening": other_screens}, {"antibiotic_list": other_list}):
            choices = Choices(self.trial.choices.values | changed)
            found |= suspicions_of(self.source, self.stays, choices).keys()
        return found

    def _is_adult(self, stay: Stay) -> bool:
        return stay.age_years is None or stay.age_years >= self.choices["age_min_years"]

    @cached_property
    def _outcomes(self) -> dict[str, list[dict[str, str]]]:
        rows = seed("negative_control_outcome")
        return {row["outcome"]: [other for other in rows if other["outcome"] == row["outcome"]] for row in rows}

    @cached_property
    def _admissions(self) -> list[dict[str, Any]]:
        return list(
            records(self.source.read("hosp", "admissions", ["subject_id", "hadm_id", "admittime", "dischtime"]))
        )

    @cached_property
    def _codes(self) -> dict[int, set[tuple[str, str]]]:
        found: dict[int, set[tuple[str, str]]] = {}
        for row in records(self.source.read("hosp", "diagnoses_icd", ["hadm_id", "icd_version", "icd_code"])):
            found.setdefault(row["hadm_id"], set()).add((str(row["icd_version"]), row["icd_code"].strip(" ")))
        return found

    @cached_property
    def _screens(self) -> dict[int, list[tuple[int, bool]]]:
        """(time, something grew) of each screening specimen, by patient."""
        kinds = {word(row["specimen"]) for row in seed("culture_screening")}
        negative = {int(row["org_itemid"]) for row in seed("culture_negative_organism")}
        columns = [
            "subject_id",
            "micro_specimen_id",
            "chartdate",
            "charttime",
            "spec_type_desc",
            "org_itemid",
            "org_name",
        ]
        specimens: dict[int, list[dict[str, Any]]] = {}
        for row in records(self.source.read("hosp", "microbiologyevents", columns)):
            specimens.setdefault(row["micro_specimen_id"], []).append(row)
        found: dict[int, list[tuple[int, bool]]] = {}
        for rows in specimens.values():
            if any(word(row["spec_type_desc"]) in kinds for row in rows):
                timed = [row["charttime"] for row in rows if row["charttime"] is not None]
                at = max(timed) if timed else max(row["chartdate"] for row in rows) // DAY * DAY + DAY
                grew = any(
                    row["org_itemid"] is not None
                    and int(row["org_itemid"]) not in negative
                    and word(row["org_name"] or "") not in ("", "cancelled")
                    for row in rows
                )
                found.setdefault(rows[0]["subject_id"], []).append((at, grew))
        return found

    def _outcome(self, stay: Stay, rows: list[dict[str, str]]) -> tuple[bool, bool]:
        """Whether an outcome occurred, and whether it is known."""
        row, year = rows[0], self.choices["control_prior_days"] * DAY
        if row["kind"] == "diagnosis":
            codes = {code for hadm in self._admissions_until(stay) for code in self._codes.get(hadm, ())}
            return any(_lies_in(code, each) for code in codes for each in rows), True
        if row["kind"] == "admission":
            count = sum(
                other["subject_id"] == stay.subject_id
                and other["hadm_id"] != stay.hadm_id
                and other["admittime"] < stay.hospital_admitted_at
                and other["dischtime"] is not None
                and other["dischtime"] >= stay.hospital_admitted_at - year
                for other in self._admissions
            )
            return count >= float(row["threshold"]), True
        if row["kind"] == "screening":
            screens = self._screens.get(stay.subject_id, [])
            grew = [grew for at, grew in screens if stay.admitted_at - year <= at < stay.admitted_at]
            return any(grew), bool(grew)
        results = [each for each in self.record.labs.get(stay.subject_id, []) if each.kind == row["concept"]]
        results = [each for each in results if self._is_in_window(stay, each, row["kind"], year)]
        if not results:
            return False, False
        values = [each.value for each in results if each.value is not None]
        if row["statistic"] == "last":
            last = max(each.at for each in results)
            values = [each.value for each in results if each.at == last and each.value is not None]
        value = min(values) if row["statistic"] == "lowest" else max(values)
        threshold = float(row["threshold"])
        return (value < threshold if row["direction"] == "below" else value >= threshold), True

    def _is_in_window(self, stay: Stay, result: Row, kind: str, year: int) -> bool:
        if kind == "laboratory_prior_year":
            return bool(stay.admitted_at - year <= result.at < stay.admitted_at)
        begin = stay.hospital_admitted_at - self.choices["stay_margin_h"] * HOUR
        return bool(begin <= result.at < stay.admitted_at - self.choices["first_day_before_h"] * HOUR)

    def _admissions_until(self, stay: Stay) -> Iterator[int]:
        """The stay's admission and the patient's earlier ones."""
        for other in self._admissions:
            if other["subject_id"] == stay.subject_id and (
                other["hadm_id"] == stay.hadm_id or other["admittime"] < stay.hospital_admitted_at
            ):
                yield other["hadm_id"]

    def _bradycardia(self, stay: Stay, begin: int) -> dict[str, Any]:
        end = begin + self.choices["positive_control_window_h"] * HOUR
        rates = [
            row
            for row in self.record.charts.get(stay.stay_id, [])
            if row.kind == "heart_rate" and row.value is not None and begin < row.at <= end
        ]
        limit = self.choices["positive_control_heart_rate_below"]
        low = [row.at for row in rates if row.value is not None and row.value < limit]
        return {
            "stay_id": stay.stay_id,
            "is_known": bool(rates),
            "bradycardia_48h": bool(low),
            "first_bradycardia_h": (min(low) - begin) / HOUR if low else None,
        }


def _means(listed: dict[str, str], drug: str, route: str | None) -> bool:
    """Whether a row of the seed means an order of that name and route."""
    pattern, name = listed["pattern"].lower(), drug.lower()
    fits = name.strip(" ") == word(listed["pattern"]) if listed["match"] == "equals" else pattern in name
    return fits and (not listed["route"] or word(listed["route"]) == word(route))


def _lies_in(code: tuple[str, str], listed: dict[str, str]) -> bool:
    version, text = code
    begin = text[: int(listed["prefix_length"])]
    return version == listed["icd_version"] and listed["code_from"] <= begin <= listed["code_to"]
