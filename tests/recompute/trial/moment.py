"""What is known of a patient at a moment."""

from functools import cached_property

from tests.recompute.trial.measured import Measurement, averaged, last_value
from tests.recompute.trial.patient import Patient
from tests.recompute.trial.rows import HOUR, by_time, last_known

# share of a unit of norepinephrine, mcg/kg/min; of vasopressin in units an hour (Goradia 2021)
EQUIVALENTS = {
    "norepinephrine": 1.0,
    "epinephrine": 1.0,
    "phenylephrine": 1 / 10,
    "dopamine": 1 / 100,
    "vasopressin": 2.5 / 60,
}
CHARTED = {
    "heart_rate_bpm": "heart_rate",
    "map_mmhg": "map",
    "rass": "rass",
    "resp_rate_bpm": "resp_rate",
    "spo2_pct": "spo2",
    "glucose_mg_dl": "glucose",
}
REPORTED = {
    "lactate_mmol_l": "lactate",
    "creatinine_mg_dl": "creatinine",
    "platelets_k_ul": "platelets",
    "inr_ratio": "inr",
    "hematocrit_pct": "hematocrit",
    "hemoglobin_g_dl": "hemoglobin",
    "wbc_k_ul": "wbc",
    "anion_gap_meq_l": "anion_gap",
    "bicarbonate_meq_l": "bicarbonate",
    "bun_mg_dl": "bun",
    "sodium_meq_l": "sodium",
    "potassium_meq_l": "potassium",
    "pt_sec": "pt",
}
WEIGHTS = ("weight_admit", "weight_daily")
SEDATIVES = {
    "propofol_mcg_kg_min": "propofol",
    "midazolam_mg_h": "midazolam",
    "fentanyl_mcg_h": "fentanyl",
}
OF_INTERVAL = (
    "heart_rate_bpm",
    "map_mmhg",
    "rass",
    "lactate_mmol_l",
    "creatinine_mg_dl",
    "platelets_k_ul",
    "inr_ratio",
)
OF_BASELINE = (*CHARTED, *REPORTED)


class Known:
    """The record of a patient as somebody reads it at a moment."""

    def __init__(self, patient: Patient) -> None:
        self.patient = patient
        self._series: dict[str, list[Measurement[float]]] = {}

    def values(self, names: tuple[str, ...], moment: int) -> dict[str, float | None]:
        """Last values of charted and reported kinds, of the coma scale and of the P/F ratio."""
        found = {name: last_value(self._of(name), moment) for name in names}
        found["gcs"] = last_value(self.patient.coma, moment)
        found["pao2fio2_mmhg"] = last_value(self.patient.ratios, moment)
        return found

    def _of(self, name: str) -> list[Measurement[float]]:
        if name not in self._series:
            read = self.patient.charted if name in CHARTED else self.patient.reported
            self._series[name] = read({**CHARTED, **REPORTED}[name])
        return self._series[name]

    def is_ventilated(self, moment: int) -> bool:
        """On a ventilator."""
        return self.patient.is_ventilated(moment, moment)

    def rate(self, moment: int, *drugs: str) -> float:
        """The rates that run of some drugs; 0 for none."""
        return sum(each.rate or 0.0 for each in self.patient.running(*drugs) if each.runs_at(moment))

    def norepinephrine_equivalent(self, moment: int) -> float:
        """All vasopressors as norepinephrine, mcg/kg/min."""
        return sum(self.rate(moment, drug) * share for drug, share in EQUIVALENTS.items())

    def runs(self, moment: int, *drugs: str) -> bool:
        """Whether one of some drugs runs."""
        return any(each.runs_at(moment) for each in self.patient.running(*drugs))

    def hours_since_icu(self, moment: int) -> float:
        """Hours since ICU admission."""
        return (moment - self.patient.stay.admitted_at) / HOUR

    @cached_property
    def _codes(self) -> list[Measurement[str]]:
        """Code status by time; of several charted at one time the one that asks for least."""
        rows = self.patient.record.charted(self.patient.stay, "code_status")
        order = ("full", "limited", "comfort")
        return [
            Measurement(at, last_known(group), max((code_of(row.text) for row in group), key=order.index))
            for at, group in by_time(row for row in rows if row.text)
        ]

    def code_status(self, moment: int) -> str:
        """What the patient wants done; everything where nothing is charted."""
        return last_value(self._codes, moment) or "full"

    def urine_ml(self, moment: int) -> float | None:
        """Urine of the day before, of the rows that are known."""
        rows = [row for row in self.patient.urine if row.known <= moment and moment - 24 * HOUR <= row.at <= moment]
        if not rows:
            return None
        volume = sum(row.value or 0.0 for row in rows)
        return max(0.0, volume) if self.patient.choices["urine_negative"] == "zero" else volume

    def weight_kg(self, moment: int) -> float | None:
        """The last weight of any kind."""
        return last_value(averaged(self.patient.record.charted(self.patient.stay, *WEIGHTS)), moment)


def code_of(text: str | None) -> str:
    """What a charted word asks for."""
    charted = (text or "").lower()
    if "comfort" in charted:
        return "comfort"
    return "limited" if "dnr" in charted or "dni" in charted else "full"
