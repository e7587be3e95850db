"""The covariates of the extended adjustment, by loops over the raw tables; rows as in tests.recompute.trial."""

from functools import cached_property
from statistics import fmean, median
from typing import Any

from tests.recompute.trial.derived import PARTS, arterial_ratios, coma
from tests.recompute.trial.infusions import Infusion
from tests.recompute.trial.moment import EQUIVALENTS, code_of
from tests.recompute.trial.patient import GASES, Patient
from tests.recompute.trial.rows import HOUR, Row, by_time
from tests.recompute.trial.trial import Mart, Trial

_ORDER = ("full", "limited", "comfort")


class Extended:
    """The mart as {key: {column: value}}. When a row was stored is of no account here."""

    def __init__(self, trial: Trial) -> None:
        self.patients = trial.patients

    @cached_property
    def baseline_extended(self) -> Mart:
        """A row per stay."""
        return {(stay,): self._row(FirstDay(patient)) for stay, patient in self.patients.items()}

    def _row(self, day: "FirstDay") -> dict[str, Any]:
        stay = day.patient.stay
        place = {name: stay.fields[name] for name in ("admission_type", "care_unit", "year_group")}
        return {"stay_id": stay.stay_id} | place | {
            "code_status": day.code_status(),
            "norepinephrine_equivalent_mcg_kg_min": day.norepinephrine_equivalent(),
            "rass": day.rass(),
            "gcs": day.gcs(),
            "pao2fio2_mmhg": day.pao2fio2(),
            "lactate_mmol_l": day.lactate(),
        }  # fmt: skip


class FirstDay:
    """What a patient's record says of the first day."""

    def __init__(self, patient: Patient) -> None:
        self.patient, self.choices = patient, patient.choices

    def _holds(self, at: int) -> bool:
        admitted, choices = self.patient.stay.admitted_at, self.choices
        return bool(
            admitted - choices["first_day_before_h"] * HOUR <= at <= admitted + choices["first_day_after_h"] * HOUR
        )

    def _charted(self, *kinds: str) -> list[Row]:
        rows = self.patient.record.charts.get(self.patient.stay.stay_id, [])
        return [row for row in rows if row.kind in kinds]

    def code_status(self) -> str:
        """The most limiting one."""
        codes = [code_of(row.text) for row in self._charted("code_status") if row.text and self._holds(row.at)]
        return max(codes, key=_ORDER.index, default="full")

    def rass(self) -> float | None:
        """The middle one of the times of charting."""
        rows = [row for row in self._charted("rass") if row.value is not None and self._holds(row.at)]
        means = [fmean(row.value for row in group if row.value is not None) for _, group in by_time(rows)]
        return median(means) if means else None

    def gcs(self) -> float | None:
        """The lowest one."""
        scores = [each.value for each in coma(self._charted(*PARTS), self.choices) if self._holds(each.at)]
        return min(scores, default=None)

    def pao2fio2(self) -> float | None:
        """The lowest one of the patient's arterial gases."""
        record, subject = self.patient.record, self.patient.stay.subject_id
        gases = [row for row in record.labs.get(subject, []) if row.kind in GASES]
        fio2 = [row for row in record.charts_of_patient.get(subject, []) if row.kind == "fio2"]
        ratios = arterial_ratios(gases, fio2, self.choices)
        return min((each.value for each in ratios if self._holds(each.at)), default=None)

    def lactate(self) -> float | None:
        """The highest one of the patient's results."""
        record, stay = self.patient.record, self.patient.stay
        rows = [row for row in record.labs.get(stay.subject_id, []) if row.kind == "lactate" and self._holds(row.at)]
        if self.choices["lab_key"] == "patient":
            rows = [row for row in rows if stay.is_near_hospital(row.at, record.margin)]
        return max((row.value for row in rows if row.value is not None), default=None)

    def norepinephrine_equivalent(self) -> float:
        """The highest one of any second at which something changes."""
        admitted = self.patient.stay.admitted_at
        until = admitted + self.choices["first_day_intervention_h"] * HOUR
        runs = self.patient.running(*EQUIVALENTS)
        changes = {admitted, until} | {time for each in runs for time in (each.start, each.end) if time is not None}
        return max(_equivalent(runs, moment) for moment in changes if admitted <= moment <= until)


def _equivalent(runs: list[Infusion], moment: int) -> float:
    """All that begins up to a moment and goes on after it."""
    return sum(
        (each.rate or 0.0) * EQUIVALENTS[each.drug]
        for each in runs
        if each.start is not None and each.end is not None and each.start <= moment < each.end
    )
