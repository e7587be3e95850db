"""What became of a patient after time zero; hours count from there."""

from dataclasses import dataclass
from typing import Any

from tests.recompute.trial.infusions import union
from tests.recompute.trial.patient import Patient
from tests.recompute.trial.rows import HOUR

DAY_28 = 28 * 24
PRESSORS = ("norepinephrine", "epinephrine", "vasopressin")


@dataclass(frozen=True)
class Followed:
    """A patient from time zero."""

    patient: Patient
    zero: int

    def start(self) -> int | None:
        """When the exposure's drug first runs, if that is in the ICU and in life."""
        runs = self._exposure()
        return runs[0][0] if runs and runs[0][0] < self.patient.stay.ended_at() else None

    def row(self) -> dict[str, Any]:
        """trial_outcomes."""
        stay, start = self.patient.stay, self.start()
        died_h, anywhere_h = self._hours(stay.died_at), self._hours(self._death_anywhere())
        died = died_h is not None and died_h <= DAY_28
        died_any = anywhere_h is not None and anywhere_h <= DAY_28
        discharge_h = self._hours(stay.hospital_discharged_at)
        followed = died_h if died and died_h is not None else float(DAY_28)
        if not died and self.patient.choices["followup"] == "discharge" and discharge_h is not None:
            followed = min(followed, discharge_h)
        return {
            "stay_id": stay.stay_id,
            "start_h": self._hours(start),
            "duration_h": None if start is None else self._duration_h(),
            "icu_end_h": self._hours(stay.discharged_at),
            "discharge_h": discharge_h,
            "died_28d_hospital": died,
            "followup_28d_h": followed,
            "died_28d_any": died_any,
            "followup_28d_any_h": anywhere_h if died_any else float(DAY_28),
            "ventilator_free_days": self._free_days(died, self.patient.ventilation),
            "vasopressor_free_days": self._free_days(died, self._runs(*PRESSORS)),
        }

    def _hours(self, time: int | None) -> float | None:
        return None if time is None else (time - self.zero) / HOUR

    def _death_anywhere(self) -> int | None:
        stay = self.patient.stay
        if stay.died_at is not None or stay.died_on is None:
            return stay.died_at
        return max(stay.died_on, stay.hospital_discharged_at or stay.died_on)

    def _runs(self, *drugs: str, bridge: int = 0) -> list[tuple[int, int]]:
        rows = self.patient.running(*drugs)
        return union([(row.start, row.end) for row in rows if row.start is not None and row.end is not None], bridge)

    def _exposure(self, bridge: int = 0) -> list[tuple[int, int]]:
        return self._runs(self.patient.choices["exposure_drug"], bridge=bridge)

    def _duration_h(self) -> float:
        """All running time, or the longest episode with short pauses bridged."""
        if self.patient.choices["exposure_duration"] == "longest_episode":
            bridged = self._exposure(round(self.patient.choices["exposure_episode_bridge_h"] * HOUR))
            return max(end - start for start, end in bridged) / HOUR
        return sum(end - start for start, end in self._exposure()) / HOUR

    def _free_days(self, died: bool, runs: list[tuple[int, int]]) -> float:
        """Days to day 28 without a support; none for who dies."""
        until = self.zero + DAY_28 * HOUR
        return 0.0 if died else 28 - self.patient.union_hours(union(runs), self.zero, until) / 24
