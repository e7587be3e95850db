"""Who is in the trial, by what is known at time zero."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from tests.recompute.study import Study
from tests.recompute.trial.choices import Choices
from tests.recompute.trial.patient import Patient
from tests.recompute.trial.rows import seconds
from tests.recompute.trial.score import Scored

RULES = (
    "is_later_stay",
    "is_minor",
    "is_pregnant",
    "is_not_sic",
    "is_gone",
    "has_exposure_before",
    "has_heparin_before",
)


@dataclass(frozen=True)
class Rules:
    """The rules of the trial for one stay."""

    patient: Patient
    study: Study
    time_zero: Scored | None

    @property
    def choices(self) -> Choices:
        """The vars."""
        return self.patient.choices

    def row(self) -> dict[str, Any]:
        """Each rule and whether the stay is eligible."""
        stay, zero = self.patient.stay, self.time_zero
        rules = {
            "is_later_stay": stay.number > 1,
            "is_minor": stay.age_years is not None and stay.age_years < self.choices["age_min_years"],
            "is_pregnant": self.study.comorbidities(stay.stay_id)["pregnancy"],
            "is_not_sic": zero is None,
            "is_gone": zero is not None and stay.has_left_by(zero.hour),
            "has_exposure_before": zero is not None and self._has_exposure(zero.hour),
            "has_heparin_before": zero is not None and self._has_heparin(zero.hour),
        }
        names = {"stay_id": stay.stay_id, "subject_id": stay.subject_id, "hadm_id": stay.hadm_id}
        at = {"time_zero_at": None if zero is None else zero.hour}
        return names | at | rules | {"is_eligible": not any(rules.values())}

    def _has_exposure(self, moment: int) -> bool:
        rows = [each for each in self.patient.infusions if each.drug == self.choices["exposure_drug"]]
        return any(each.was_charted() and each.start is not None and each.start < moment for each in rows)

    def _has_heparin(self, moment: int) -> bool:
        """Heparin that was started before and had not ended when the patient came to the ICU."""
        reading, admitted = self.choices["trial_heparin"], self.patient.stay.admitted_at
        if reading == "any_order":
            for order in self.study.heparin_orders.get(self.patient.stay.hadm_id, []):
                start, stop = seconds_of(order.starttime), seconds_of(order.stoptime)
                end = start if stop is None else stop
                if start is not None and end is not None and start < moment and end > admitted:
                    return True
            return False
        for each in self.patient.infusions:
            counts = each.is_given and each.drug == "heparin"
            if reading == "infusion":
                counts = counts and each.is_running and each.reading == "default"
            if (
                counts
                and each.start is not None
                and each.end is not None
                and each.start < moment
                and each.end > admitted
            ):
                return True
        return False


def seconds_of(time: Any) -> int | None:
    """One time in seconds."""
    return seconds(pd.Series([time]))[0]


def flow(rows: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Step by step how many stays a rule leaves out of those that are left."""
    left, found = rows, {}
    for step, rule in enumerate(RULES, start=1):
        passed = [row for row in left if not row[rule]]
        found[step] = {
            "step": step,
            "n_before": len(left),
            "n_excluded": len(left) - len(passed),
            "n_after": len(passed),
        }
        left = passed
    return found
