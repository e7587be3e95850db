"""SIC hour by hour, and time zero."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import ge, gt, lt
from typing import Any

from tests.recompute.trial.patient import Patient
from tests.recompute.trial.rows import HOUR, next_hour, past_hour
from tests.recompute.trial.sofa import FOUR, Failure, failures, sofa_at
from tests.recompute.trial.suspicion import Suspicion


@dataclass(frozen=True)
class Scored:
    """A patient at a full hour; `hr` counts the hours from the first."""

    hour: int
    hr: int
    platelets_points: int
    inr_points: int
    sofa_24h: int
    sic_score_four: int
    sic_score_total: int
    sic_score: int
    is_strict: bool
    is_septic: bool
    is_sic: bool


class SicScore:
    """The scores of one patient."""

    def __init__(self, patient: Patient, suspicions: Sequence[Suspicion]) -> None:
        self.patient, self.suspicions, self.choices = patient, suspicions, patient.choices
        self.failures: list[Failure] = failures(patient)

    def is_candidate(self) -> bool:
        """First stay of an adult whose infection is suspected, as is known in time, and who can reach the score."""
        stay = self.patient.stay
        latest = stay.admitted_at + self.choices["trial_screening_h"] * HOUR
        is_adult = stay.age_years is None or stay.age_years >= self.choices["age_min_years"]
        is_suspected = any(each.known <= latest for each in self.suspicions)
        return stay.number == 1 and is_adult and is_suspected and self._is_within_reach(latest)

    def _is_within_reach(self, latest: int) -> bool:
        """Whether platelets and INR measured by a time could make the score, whatever SOFA does."""
        record, stay = self.patient.record, self.patient.stay
        rows = [row for row in record.results_in_admission(stay, "platelets", "inr") if row.at <= latest]
        platelets = min((row.value for row in rows if row.kind == "platelets" and row.value is not None), default=None)
        inr = max((row.value for row in rows if row.kind == "inr" and row.value is not None), default=None)
        most = max(int(points) for points in self.choices["sic_sofa_at_least"])
        return bool(sum(self._blood(platelets, inr)) + most >= self.choices["sic_min_score"])

    def _blood(self, platelets: float | None, inr: float | None) -> tuple[int, int]:
        """Points of platelets and INR."""
        return (
            self.choices.points("sic_platelets_below_k_ul", platelets, lt),
            self.choices.points("sic_inr_above", inr, gt),
        )

    def full_hours(self) -> range:
        """Full hours of the clock in which a candidate is looked at."""
        admitted = self.patient.stay.admitted_at
        last = past_hour(admitted + self.choices["trial_screening_h"] * HOUR)
        return range(next_hour(admitted), last + 1, HOUR)

    def sofa(self, hour: int) -> int:
        """SOFA of the hours that end there."""
        return sum(sofa_at(self.failures, hour, self.choices).values())

    def septic_at(self) -> int | None:
        """The first hour in which both a suspicion and an organ failure near it are known."""
        onsets = []
        for suspicion in self.suspicions:
            since = suspicion.at - self.choices["sepsis_sofa_before_infection_max_h"] * HOUR
            until = suspicion.at + self.choices["sepsis_sofa_after_infection_max_h"] * HOUR
            for hour in self.full_hours():
                if since <= hour <= until and self.sofa(hour) >= self.choices["sepsis_sofa_min"]:
                    onsets.append(max(hour, next_hour(suspicion.known)))
                    break
        return min(onsets, default=None)

    def at(self, hour: int, septic_at: int | None) -> Scored:
        """The scores at a full hour."""
        organs = sofa_at(self.failures, hour, self.choices)
        platelets = min(self._results("platelets", hour), default=None)
        inr = max(self._results("inr", hour), default=None)
        platelets_points, inr_points = self._blood(platelets, inr)
        blood = platelets_points + inr_points
        total = sum(organs.values())
        scores = {
            "four": blood + self.choices.points("sic_sofa_at_least", sum(organs[organ] for organ in FOUR), ge),
            "total": blood + self.choices.points("sic_sofa_at_least", total, ge),
        }
        is_strict = blood > self.choices["sic_strict_platelet_inr_above"]
        is_septic = septic_at is not None and hour >= septic_at
        score = scores[self.choices["sic_sofa"]]
        is_enough = score >= self.choices["sic_min_score"] and (is_strict or self.choices["sic_rule"] == "paper")
        return Scored(
            hour=hour,
            hr=(hour - self.full_hours()[0]) // HOUR,
            platelets_points=platelets_points,
            inr_points=inr_points,
            sofa_24h=total,
            sic_score_four=scores["four"],
            sic_score_total=scores["total"],
            sic_score=score,
            is_strict=is_strict,
            is_septic=is_septic,
            is_sic=is_septic and is_enough,
        )

    def by_hour(self) -> list[Scored]:
        """Every full hour of a candidate."""
        if not self.is_candidate():
            return []
        septic_at = self.septic_at()
        return [self.at(hour, septic_at) for hour in self.full_hours()]

    def time_zero(self) -> Scored | None:
        """The first hour with SIC, or the first hour of all if that has it."""
        scored = self.by_hour()
        looked_at = scored[:1] if self.choices["trial_time_zero"] == "icu_admission" else scored
        return next((each for each in looked_at if each.is_sic), None)

    def _results(self, kind: str, hour: int) -> list[Any]:
        """Results that became known in the hours that end there."""
        rows = self.patient.reported(kind)
        since = hour - self.choices["sofa_window_h"] * HOUR
        return [each.value for each in rows if since < each.known <= hour]
