"""One ICU stay's patient: the measurements that several of the marts read."""

from collections.abc import Sequence
from functools import cached_property

from tests.recompute.trial.choices import Choices
from tests.recompute.trial.derived import PARTS, arterial_ratios, coma, urine_of_a_day
from tests.recompute.trial.infusions import Infusion
from tests.recompute.trial.measured import Measurement, averaged
from tests.recompute.trial.record import Record
from tests.recompute.trial.rows import HOUR, Row
from tests.recompute.trial.stays import Stay
from tests.recompute.trial.ventilation import KINDS, episodes, is_ventilated, statuses

GASES = ("po2", "fio2", "specimen")


class Patient:
    """What was measured in a stay, each with when it is known."""

    def __init__(self, stay: Stay, record: Record, infusions: Sequence[Infusion], choices: Choices) -> None:
        self.stay, self.record, self.infusions, self.choices = stay, record, infusions, choices

    @cached_property
    def coma(self) -> list[Measurement[float]]:
        """Glasgow Coma Scale."""
        return coma(self.record.charted(self.stay, *PARTS), self.choices)

    @cached_property
    def urine(self) -> list[Row]:
        """Volumes of urine."""
        return self.record.in_time(self.record.urine.get(self.stay.stay_id, []))

    @cached_property
    def urine_of_a_day(self) -> list[Measurement[float]]:
        """mL in 24 h."""
        return urine_of_a_day(self.urine, self.record.charted(self.stay, "heart_rate"), self.choices)

    @cached_property
    def ratios_of_patient(self) -> list[Measurement[float]]:
        """P/F ratio of each arterial blood gas, whenever it was taken."""
        record = self.record
        charted = record.in_time(record.charts_of_patient.get(self.stay.subject_id, []))
        fio2 = [row for row in charted if row.kind == "fio2"]
        return arterial_ratios(record.results_of_patient(self.stay, *GASES), fio2, self.choices)

    @cached_property
    def ratios(self) -> list[Measurement[float]]:
        """Those of the hospital admission; gases of one time are averaged."""
        near = [each for each in self.ratios_of_patient if self.stay.is_near_hospital(each.at, self.record.margin)]
        rows = [
            Row("ratio", each.at, each.known, each.value, None, None, None, self.stay.subject_id, None, None)
            for each in near
        ]
        return averaged(rows)

    @cached_property
    def statuses(self) -> list[Measurement[str]]:
        """Respiratory support by time."""
        charted = self.record.charts_of_patient.get(self.stay.subject_id, [])
        return statuses([row for row in charted if row.kind in KINDS], self.stay.stay_id, self.choices)

    def is_ventilated(self, time: int, known_by: int) -> bool:
        """Whether the last status at a time, of those known by another, is invasive ventilation."""
        return is_ventilated(self.statuses, time, known_by, self.choices["ventilation_gap_h"])

    @cached_property
    def ventilation(self) -> list[tuple[int, int]]:
        """Episodes of invasive ventilation, by everything that was ever charted."""
        return episodes(self.statuses, self.choices["ventilation_gap_h"])

    def charted(self, kind: str) -> list[Measurement[float]]:
        """Measurements of a charted kind."""
        return averaged(self.record.charted(self.stay, kind))

    def reported(self, kind: str) -> list[Measurement[float]]:
        """Results of a kind in the hospital admission."""
        return averaged(self.record.results(self.stay, kind))

    def running(self, *drugs: str) -> list[Infusion]:
        """What of some drugs runs at some time."""
        return [each for each in self.infusions if each.drug in drugs and each.is_running]

    def union_hours(self, runs: Sequence[tuple[int, int]], since: int, until: int) -> float:
        """Hours of merged stretches between two times."""
        return sum(max(0, min(end, until) - max(start, since)) for start, end in runs) / HOUR
