"""The six marts of the trial, and its decisions for any exposure."""

from dataclasses import asdict
from functools import cached_property
from typing import Any

from tests.recompute.source import Source
from tests.recompute.study import Study
from tests.recompute.trial.choices import Choices
from tests.recompute.trial.eligible import Rules, flow
from tests.recompute.trial.followed import PRESSORS, Followed
from tests.recompute.trial.infusions import infusions_of
from tests.recompute.trial.moment import OF_BASELINE, OF_INTERVAL, SEDATIVES, Known
from tests.recompute.trial.patient import Patient
from tests.recompute.trial.procedures import procedures_of
from tests.recompute.trial.record import Record
from tests.recompute.trial.rows import HOUR
from tests.recompute.trial.score import Scored, SicScore
from tests.recompute.trial.stays import stays_of
from tests.recompute.trial.suspicion import suspicions_of

Mart = dict[tuple[Any, ...], dict[str, Any]]
CODED = "hypertension congestive_heart_failure copd rheumatic_disease liver_disease diabetes renal_disease tumor"
COMORBIDITIES = CODED.split()


class Trial:
    """Each mart as {key: {column: value}}; times in seconds since 1970."""

    def __init__(self, source: Source, choices: Choices) -> None:
        self.choices, self.study = choices, Study(source, "")
        stays = stays_of(source, choices)
        record = Record(source, stays, choices)
        infusions = infusions_of(source, stays, choices)
        suspicions = suspicions_of(source, stays, choices)
        self.crrt = procedures_of(source, stays, choices)
        self.patients = {stay: Patient(stays[stay], record, infusions.get(stay, []), choices) for stay in stays}
        self.scores = {stay: SicScore(self.patients[stay], suspicions.get(stay, [])) for stay in stays}

    @cached_property
    def hours(self) -> dict[int, list[Scored]]:
        """The scored hours of each candidate."""
        return {stay: score.by_hour() for stay, score in self.scores.items()}

    @cached_property
    def sic_hourly(self) -> Mart:
        """A row per candidate and full hour."""
        return {
            (stay, each.hr): {name: value for name, value in asdict(each).items() if name != "hour"}
            | {"stay_id": stay, "hour_at": each.hour}
            for stay, hours in self.hours.items()
            for each in hours
        }

    @cached_property
    def trial_eligibility(self) -> Mart:
        """A row per stay."""
        return {(stay,): rules.row() for stay, rules in self._rules.items()}

    @cached_property
    def trial_flow(self) -> Mart:
        """A row per rule."""
        return {(step,): row for step, row in flow(list(self.trial_eligibility.values())).items()}

    @cached_property
    def trial_interval(self) -> Mart:
        """A row per eligible stay and decision point before the exposure starts."""
        rows = [row for row in self._decisions if row["is_before_start"]]
        return {(row["stay_id"], row["k"]): _without(row, "is_before_start") for row in rows}

    @cached_property
    def trial_decision(self) -> Mart:
        """A row per eligible stay and decision point, whether or not the exposure has started."""
        return {(row["stay_id"], row["k"]): _without(row, "starts") for row in self._decisions}

    @cached_property
    def trial_baseline(self) -> Mart:
        """A row per eligible stay."""
        return {(stay,): self._baseline(stay) for stay in self._zeros}

    @cached_property
    def trial_outcomes(self) -> Mart:
        """A row per eligible stay."""
        return {(stay,): Followed(self.patients[stay], zero.hour).row() for stay, zero in self._zeros.items()}

    @cached_property
    def _rules(self) -> dict[int, Rules]:
        return {stay: Rules(self.patients[stay], self.study, score.time_zero()) for stay, score in self.scores.items()}

    @cached_property
    def _zeros(self) -> dict[int, Scored]:
        """Time zero of those who are eligible."""
        return {
            stay: rules.time_zero
            for stay, rules in self._rules.items()
            if rules.time_zero and self.trial_eligibility[(stay,)]["is_eligible"]
        }

    @cached_property
    def _decisions(self) -> list[dict[str, Any]]:
        return [row for stay in self._zeros for row in self._intervals(stay)]

    def _intervals(self, stay: int) -> list[dict[str, Any]]:
        patient, zero = self.patients[stay], self._zeros[stay].hour
        step, known = self.choices["trial_interval_h"] * HOUR, Known(patient)
        start = Followed(patient, zero).start()
        rows = []
        for k in range(self.choices["trial_grace_h"] // self.choices["trial_interval_h"]):
            moment = zero + k * step
            if patient.stay.has_left_by(moment):
                continue
            is_before = start is None or start >= moment
            starts = start is not None and moment <= start < moment + step
            row = {"stay_id": stay, "k": k, "decided_at": moment, "is_before_start": is_before, "starts": starts}
            rates = {name: known.rate(moment, drug) for name, drug in SEDATIVES.items()}
            rows.append(row | self._known_at(stay, known, moment) | rates | known.values(OF_INTERVAL, moment))
        return rows

    def _baseline(self, stay: int) -> dict[str, Any]:
        patient, zero = self.patients[stay], self._zeros[stay]
        known, moment = Known(patient), zero.hour
        found = self._known_at(stay, known, moment)
        codes = self.study.comorbidities(stay)
        return (
            {"stay_id": stay, "time_zero_at": moment, **patient.stay.fields, "weight_kg": known.weight_kg(moment)}
            | {
                "sofa_score": found.pop("sofa_24h"),
                "sic_score": zero.sic_score,
                "ventilation": found.pop("is_ventilated"),
            }
            | {"vasopressor": known.runs(moment, *PRESSORS), "vasopressin": known.runs(moment, "vasopressin")}
            | {drug: known.runs(moment, drug) for drug in SEDATIVES.values()}
            | {"crrt": self._has_crrt(stay, moment), "urine_output_ml": known.urine_ml(moment)}
            | {name: codes[name] for name in COMORBIDITIES}
            | found
            | known.values(OF_BASELINE, moment)
        )

    def _known_at(self, stay: int, known: Known, moment: int) -> dict[str, Any]:
        """What both marts have."""
        return {
            "is_ventilated": known.is_ventilated(moment),
            "norepinephrine_equivalent_mcg_kg_min": known.norepinephrine_equivalent(moment),
            "sofa_24h": self.scores[stay].sofa(moment),
            "hours_since_icu": known.hours_since_icu(moment),
            "code_status": known.code_status(moment),
        }

    def _has_crrt(self, stay: int, moment: int) -> bool:
        """A procedure ran or a mode was charted in the day before."""
        patient, since = self.patients[stay], moment - 24 * HOUR
        modes = patient.record.charted(patient.stay, "crrt_mode")
        procedures = self.crrt.get(stay, [])
        return any(each.known <= moment and each.at >= since for each in modes) or any(
            start <= moment and end >= since for start, end in procedures
        )


def _without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {other: value for other, value in row.items() if other != name}
