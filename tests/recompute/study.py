"""What mimic-code lacks, by loops over the raw tables. One value per ICU stay; items are found by their labels.

Organ points, Sepsis-3 onset and ventilation episodes are taken from our tables, which tests.reference compares with
mimic-code cell by cell.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import pandas as pd

from tests.recompute.clock import Clock, Row, clock
from tests.recompute.source import Source, read_model

HOUR = pd.Timedelta(hours=1)
DAY = 24 * HOUR
SEDATIVES = {"propofol": r"Propofol", "midazolam": r"Midazolam", "fentanyl": r"Fentanyl"}
PRESSORS = ("Norepinephrine", "Epinephrine", "Vasopressin")
NOT_A_DOSE = ("heparin flush", "heparin dwell", "priming")

# ICD-9, ICD-10: Quan 2005 as mimic-code has it; hypertension and pregnancy by chapter
CODES = {
    "hypertension": (r"40[1-5]", r"I1[0-6]"),
    "congestive_heart_failure": (
        r"428|39891|402[019]1|404[019][13]|425[4-9]", r"I43|I50|I099|I110|I13[02]|I255|I420|I42[5-9]|P290"
    ),
    "copd": (r"49[0-9]|50[0-5]|416[89]|5064|508[18]", r"J4[0-7]|J6[0-7]|I27[89]|J684|J70[13]"),
    "rheumatic_disease": (r"725|4465|710[0-4]|714[0128]", r"M0[56]|M3[234]|M315|M35[13]|M360"),
    "liver_disease": (
        r"57[01]|070[69]|573[3489]|V427|070[23][23]|070[45]4|456[012]|572[2-8]",
        r"B18|K7[34]|K70[0-49]|K71[13457]|K72[19]|K76[02-9]|Z944|I85[09]|I864|I982",
    ),
    "diabetes": (r"250[0-9]", r"E1[0-4][0-9]"),
    "renal_disease": (
        r"582|585|586|V56|5880|V420|V451|583[0-7]|403[019]1|404[019][23]",
        r"N1[89]|I120|I131|N0[35][2-7]|N250|Z49[012]|Z940|Z992",
    ),
    # neuroendocrine tumors (C7A, C7B) are in no range of mimic-code
    "tumor": (
        r"1[4-6]|17[0-2]|17[4-9]|18|19|20[0-8]|2386",
        r"C[01]|C2[0-6]|C3[0-47-9]|C4[0135-9A]|C5[0-8]|C6|C7[0-9]|C8[0-58]|C9[0-7]",
    ),
    "pregnancy": (r"6[3-7]|V2[237]", r"O|Z3[347A]"),
}  # fmt: skip
# after sepsis and SIC, in the order of section 2.2
EXCLUSIONS = (
    "is_later_stay",
    "is_minor",
    "is_pregnant",
    "is_short_stay",
    "has_heparin",
    "is_exposure_unknown",
    "is_exposure_short",
    "is_exposure_late",
)


@dataclass(frozen=True)
class Given:
    """A stretch of a drug; `rate` is None for a dose given at once."""

    label: str
    started_at: pd.Timestamp
    ended_at: pd.Timestamp
    rate: float | None


@dataclass(frozen=True)
class Study:
    """Raw tables of a source, our tables of a database, and the definitions on them."""

    source: Source
    dsn: str

    @cached_property
    def stays(self) -> dict[int, Any]:
        """ICU stays with their admission and patient, by stay_id."""
        stays = self.source.read("icu", "icustays", ["subject_id", "hadm_id", "stay_id", "intime", "outtime"])
        admissions = self.admissions.drop(columns="subject_id")
        patients = self.source.read("hosp", "patients", ["subject_id", "anchor_age", "anchor_year"])
        rows = stays.merge(admissions, on="hadm_id").merge(patients, on="subject_id")
        return {stay.stay_id: stay for stay in _rows(rows)}

    @cached_property
    def admissions(self) -> pd.DataFrame:
        """Hospital admissions."""
        columns = ["subject_id", "hadm_id", "admittime", "dischtime", "deathtime", "hospital_expire_flag"]
        return self.source.read("hosp", "admissions", columns)

    @cached_property
    def admissions_of(self) -> dict[int, list[Any]]:
        """Admissions by patient."""
        return _by(self.admissions, "subject_id")

    def charted_for(self, row: Any) -> bool:
        """Whether a row of an ICU table is of its stay's patient."""
        return bool(row.stay_id in self.stays and self.stays[row.stay_id].subject_id == row.subject_id)

    def bounds(self, stay_id: int) -> tuple[pd.Timestamp, pd.Timestamp]:
        """A day before ICU admission, a day after ICU discharge."""
        stay = self.stays[stay_id]
        end = stay.outtime + DAY if stay.outtime >= stay.intime else pd.Timestamp.max
        return stay.intime - DAY, end

    @cached_property
    def labels(self) -> pd.DataFrame:
        """Items of the ICU tables."""
        return self.source.read("icu", "d_items", ["itemid", "label", "linksto"])

    def items(self, table: str, pattern: str) -> list[int]:
        """Items of a table whose whole label matches."""
        found = self.labels[(self.labels["linksto"] == table) & self.labels["label"].str.fullmatch(pattern)]
        return [int(item) for item in found["itemid"]]

    @cached_property
    def inputs(self) -> dict[int, list[Any]]:
        """Rows of inputevents by stay, with the drug's label."""
        names = r"Dexmed.*|Heparin Sodium.*|Propofol.*|Midazolam.*|Fentanyl.*|" + "|".join(PRESSORS)
        columns = [
            "subject_id",
            "stay_id",
            "itemid",
            "starttime",
            "endtime",
            "rate",
            "amount",
            "amountuom",
            "patientweight",
        ]
        rows = self.source.read("icu", "inputevents", columns, self.items("inputevents", names))
        return _by(rows.merge(self.labels[["itemid", "label"]], on="itemid"))

    def charted_drug(self, stay_id: int, pattern: str) -> list[Any]:
        """Rows of a drug under a stay and its patient, faulty ones too."""
        rows = self.inputs.get(stay_id, [])
        return [row for row in rows if re.fullmatch(pattern, row.label) and self.charted_for(row)]

    def drug_rows(self, stay_id: int, pattern: str) -> list[Given]:
        """What was given of a drug in a stay: infusions cut at its bounds, with a rate, and boluses, without one."""
        first, last = self.bounds(stay_id)
        given = []
        for row in self.charted_drug(stay_id, pattern):
            if not (row.starttime <= row.endtime and row.starttime <= last and row.endtime >= first):
                continue
            hours = (row.endtime - row.starttime) / HOUR
            rate = row.rate
            if pd.isna(rate) and row.amount > 0 and hours > 0.25:
                rate = _rate(row, hours)
            start, end = max(row.starttime, first), min(row.endtime, last)
            if rate > 0 and start < end:
                given.append(Given(row.label, start, end, rate))
            elif row.amount > 0 and (pd.isna(rate) or rate > 0):
                given.append(Given(row.label, start, end, None))
        return given

    def dexmedetomidine(self, stay_id: int) -> dict[str, Any] | None:
        """start_offset_h, running_h, longest_episode_h, mean_rate_48h, is_exposed; None where it never ran."""
        admitted = self.stays[stay_id].intime
        ran = _clock(self.drug_rows(stay_id, "Dexmed.*"))
        if ran is None:
            return None
        offset_h, hours = (ran.begin - admitted) / HOUR, ran.hours()
        return {
            "start_offset_h": offset_h,
            "running_h": hours,
            "longest_episode_h": ran.longest_hours(bridge_h=1),
            "mean_rate_48h": ran.mean_rate(admitted, admitted + 48 * HOUR),
            "is_exposed": offset_h <= 48 and hours >= 4,
        }

    @cached_property
    def heparin_orders(self) -> dict[int, list[Any]]:
        """Prescriptions of heparin by admission, without what never reaches the patient as a dose."""
        rows = self.source.read("hosp", "prescriptions", ["subject_id", "hadm_id", "drug", "starttime", "stoptime"])
        rows = rows[~self.of_another_patient(rows)]
        drugs = rows["drug"].fillna("").str.lower()
        kept = [("heparin" in drug) and not any(text in drug for text in NOT_A_DOSE) for drug in drugs]
        return _by(rows[kept], "hadm_id")

    def of_another_patient(self, rows: pd.DataFrame) -> pd.Series:
        """Which rows are filed under an admission of somebody else."""
        owner = rows["hadm_id"].map(self.admissions.set_index("hadm_id")["subject_id"])
        return owner.notna() & (owner != rows["subject_id"])

    def heparin(self, stay_id: int) -> dict[str, bool]:
        """The three readings of heparin after ICU admission."""
        stay = self.stays[stay_id]
        given = [row for row in self.drug_rows(stay_id, "Heparin Sodium.*") if row.ended_at > stay.intime]
        ordered = False
        for order in self.heparin_orders.get(stay.hadm_id, []):
            ends = order.starttime if pd.isna(order.stoptime) else order.stoptime
            ordered = ordered or (order.starttime < stay.outtime and ends > stay.intime)
        return {
            "has_heparin_infusion": any(row.label == "Heparin Sodium" and row.rate is not None for row in given),
            "has_heparin_any_icu": bool(given),
            "has_heparin_any_order": ordered,
        }

    def on_first_day(self, stay_id: int, start: pd.Timestamp, end: pd.Timestamp) -> bool:
        """Whether something touches the 24 h after ICU admission."""
        admitted = self.stays[stay_id].intime
        return bool(end >= admitted and start <= admitted + DAY)

    @cached_property
    def ventilation(self) -> dict[int, list[Any]]:
        """Episodes of invasive ventilation by stay."""
        episodes = read_model(self.dsn, "int_ventilation")
        return _by(episodes[episodes["status"] == "InvasiveVent"])

    @cached_property
    def crrt(self) -> dict[int, list[Any]]:
        """Times of CRRT by stay: (start, end) of a mode charted or a procedure."""
        columns = ["subject_id", "stay_id", "charttime", "value"]
        charted = self.source.read("icu", "chartevents", columns, self.items("chartevents", "CRRT mode"))
        modes = charted[charted["value"].notna()].assign(
            starttime=lambda x: x["charttime"], endtime=lambda x: x["charttime"]
        )
        procedures = self.source.read(
            "icu",
            "procedureevents",
            ["subject_id", "stay_id", "starttime", "endtime"],
            self.items("procedureevents", r"Dialysis - (CRRT|CVVHDF?|SCUF)"),
        )
        columns = ["subject_id", "stay_id", "starttime", "endtime"]
        rows = _by(pd.concat([modes[columns], procedures[columns]]))
        return {
            stay_id: [row for row in of_stay if self.charted_for(row) and row.starttime <= row.endtime]
            for stay_id, of_stay in rows.items()
        }

    def first_day(self, stay_id: int) -> dict[str, bool]:
        """What was given in the 24 h after ICU admission."""

        def given(pattern: str) -> bool:
            return any(
                self.on_first_day(stay_id, row.started_at, row.ended_at) for row in self.drug_rows(stay_id, pattern)
            )

        drugs = {f"{name}_24h": given(f"{pattern}.*") for name, pattern in SEDATIVES.items()}
        return drugs | {
            "vasopressor_24h": given("|".join(PRESSORS)),
            "vasopressin_24h": given("Vasopressin"),
            "ventilation_24h": any(
                self.on_first_day(stay_id, row.started_at, row.ended_at) for row in self.ventilation.get(stay_id, [])
            ),
            "crrt_24h": any(
                self.on_first_day(stay_id, row.starttime, row.endtime) for row in self.crrt.get(stay_id, [])
            ),
        }

    @cached_property
    def diagnoses(self) -> dict[int, list[Any]]:
        """Codes by admission."""
        rows = self.source.read("hosp", "diagnoses_icd", ["hadm_id", "icd_code", "icd_version"])
        return _by(rows, "hadm_id")

    def comorbidities(self, stay_id: int) -> dict[str, bool]:
        """Which groups of CODES the admission has."""
        codes = self.diagnoses.get(self.stays[stay_id].hadm_id, [])
        return {
            name: any(re.match(nine if row.icd_version == 9 else ten, row.icd_code.strip()) for row in codes)
            for name, (nine, ten) in CODES.items()
        }

    @cached_property
    def labs(self) -> dict[int, list[Any]]:
        """Platelets and INR by patient; of several values in one specimen the highest."""
        labels = self.source.read("hosp", "d_labitems", ["itemid", "label", "category"])
        items = labels[labels["label"].isin(["Platelet Count", "INR(PT)"]) & (labels["category"] == "Hematology")]
        # a second number of the same test is not read
        items = items.sort_values("itemid").drop_duplicates("label")
        columns = ["subject_id", "hadm_id", "specimen_id", "itemid", "charttime", "valuenum"]
        rows = self.source.read("hosp", "labevents", columns, [int(item) for item in items["itemid"]])
        rows = rows.merge(items[["itemid", "label"]], on="itemid").dropna(subset=["valuenum"])
        rows = rows[~self.of_another_patient(rows)]
        rows = rows[(rows["label"] == "INR(PT)") | (rows["valuenum"] > 0)]
        rows = rows.sort_values("valuenum").drop_duplicates(["specimen_id", "itemid"], keep="last")
        return _by(rows, "subject_id")

    @cached_property
    def organ_points(self) -> dict[int, dict[str, float]]:
        """First-day points of each organ by stay, missing = 0."""
        organs = ("respiration", "coagulation", "liver", "cardiovascular", "cns", "renal")
        points = read_model(self.dsn, "int_first_day_sofa").fillna(0)
        return {row.stay_id: {organ: getattr(row, organ) for organ in organs} for row in _rows(points)}

    @cached_property
    def sepsis_at(self) -> dict[int, pd.Timestamp]:
        """Onset of Sepsis-3 of the septic stays."""
        return {row.stay_id: row.sofa_at for row in _rows(read_model(self.dsn, "sepsis3")) if row.is_sepsis3}

    def sic(self, stay_id: int) -> dict[str, Any]:
        """The SIC score and each reading of SIC."""
        stay = self.stays[stay_id]
        begin, end = stay.intime - 6 * HOUR, stay.intime + DAY
        rows = [row for row in self.labs.get(stay.subject_id, []) if begin <= row.charttime <= end]
        platelets = min((row.valuenum for row in rows if row.label == "Platelet Count"), default=None)
        inr = max((row.valuenum for row in rows if row.label == "INR(PT)"), default=None)
        organs = self.organ_points[stay_id]
        four = sum(organs[organ] for organ in ("respiration", "cardiovascular", "liver", "renal"))
        total = sum(organs.values())
        blood = 0
        if platelets is not None:
            blood += (platelets < 100) + (platelets < 150)
        if inr is not None:
            blood += (inr > 1.2) + (inr > 1.4)
        score = blood + min(2, four)
        early = stay_id in self.sepsis_at and self.sepsis_at[stay_id] <= end
        return {
            "platelets_min": platelets,
            "inr_max": inr,
            "sofa_four": four,
            "sofa_total": total,
            "sic_score": score,
            "has_early_sepsis": early,
            "is_sic": early and score >= 4,
            "is_sic_paper": early and score >= 4,
            "is_sic_total": early and blood + min(2, total) >= 4,
            "is_sic_strict": early and score >= 4 and blood > 2,
            "is_sic_strict_total": early and blood + min(2, total) >= 4 and blood > 2,
        }

    @cached_property
    def first_stays(self) -> set[int]:
        """The first ICU stay of each patient's first admission that has one."""
        first: dict[int, Any] = {}
        for stay in self.stays.values():
            other = first.get(stay.subject_id)
            order = (stay.admittime, stay.intime, stay.stay_id)
            if other is None or order < (other.admittime, other.intime, other.stay_id):
                first[stay.subject_id] = stay
        return {stay.stay_id for stay in first.values()}

    def eligibility(self, stay_id: int) -> dict[str, bool]:
        """Every rule of section 2.2, in the default reading, and the readings of heparin."""
        stay = self.stays[stay_id]
        exposure = self.dexmedetomidine(stay_id)
        heparin = self.heparin(stay_id)
        rules = {
            "is_later_stay": stay_id not in self.first_stays,
            "is_minor": bool(stay.anchor_age + stay.admittime.year - stay.anchor_year < 18),
            "is_pregnant": self.comorbidities(stay_id)["pregnancy"],
            "is_short_stay": pd.isna(stay.outtime) or stay.outtime - stay.intime < 48 * HOUR,
            "has_heparin": heparin["has_heparin_infusion"],
            "is_exposure_unknown": exposure is None
            and any(row.rate > 0 or row.amount > 0 for row in self.charted_drug(stay_id, "Dexmed.*")),
            "is_exposure_short": exposure is not None and exposure["running_h"] < 4,
            "is_exposure_short_longest_episode": exposure is not None and exposure["longest_episode_h"] < 4,
            "is_exposure_late": exposure is not None and exposure["start_offset_h"] > 48,
        }
        sic = self.sic(stay_id)
        eligible = sic["has_early_sepsis"] and sic["is_sic"] and not any(rules[rule] for rule in EXCLUSIONS)
        treated = exposure is not None and exposure["is_exposed"]
        return rules | heparin | {"is_eligible": bool(eligible), "treated": bool(treated)}

    def flow(self) -> list[tuple[int, int]]:
        """(excluded, left) of each step."""
        left = list(self.stays)
        steps: list[Callable[[int], bool]] = [
            lambda stay: not self.sic(stay)["has_early_sepsis"],
            lambda stay: not self.sic(stay)["is_sic"],
        ]
        rules = {stay: self.eligibility(stay) for stay in left}
        steps += [partial(_has, rules, name) for name in EXCLUSIONS]
        counts = []
        for excluded in steps:
            passed = [stay for stay in left if not excluded(stay)]
            counts.append((len(left) - len(passed), len(passed)))
            left = passed
        return counts

    def death(self, stay_id: int) -> tuple[bool, Any]:
        """Did the patient die in hospital, in this admission or in one that overlaps it, and when?"""
        stay = self.stays[stay_id]
        begin, end = min(stay.intime, stay.admittime), max(stay.outtime, stay.dischtime)
        times, flagged = [], []
        for other in self.admissions_of[stay.subject_id]:
            if other.hadm_id == stay.hadm_id or (other.admittime < end and other.dischtime > begin):
                times += [] if pd.isna(other.deathtime) else [other.deathtime]
                flagged += [other.dischtime] if other.hospital_expire_flag == 1 else []
        return bool(times or flagged), min(times or flagged, default=pd.NaT)

    def outcomes(self, stay_id: int) -> dict[str, Any]:
        """Death, follow-up (days), hours of support, length of stay (days)."""
        stay = self.stays[stay_id]
        died, died_at = self.death(stay_id)
        in_horizon = bool(died and died_at <= stay.intime + 28 * DAY)
        pressors = _clock(self.drug_rows(stay_id, "|".join(PRESSORS)))
        ventilated = clock((row.started_at, row.ended_at, 1.0) for row in self.ventilation.get(stay_id, []))
        return {
            "died_28d_hospital": in_horizon,
            "followup_28d_days": max(0.0, (died_at - stay.intime) / DAY) if in_horizon else 28.0,
            "died_hospital": bool(died),
            "ventilation_h": ventilated.hours() if ventilated else 0.0,
            "vasopressor_h": pressors.hours() if pressors else 0.0,
            "hospital_days": (stay.dischtime - stay.admittime) / DAY if stay.dischtime >= stay.admittime else None,
            "icu_days": (stay.outtime - stay.intime) / DAY,
        }


def _has(rules: dict[int, dict[str, bool]], name: str, stay_id: int) -> bool:
    return rules[stay_id][name]


def _rows(data: pd.DataFrame) -> list[Any]:
    return list(data.itertuples(index=False))


def _by(rows: pd.DataFrame, key: str = "stay_id") -> dict[int, list[Any]]:
    grouped: dict[int, list[Any]] = {}
    for row in _rows(rows):
        grouped.setdefault(getattr(row, key), []).append(row)
    return grouped


def _clock(rows: list[Given]) -> Clock | None:
    """The clock of rows with a rate."""
    running: list[Row] = [(row.started_at, row.ended_at, row.rate) for row in rows if row.rate is not None]
    return clock(running)


def _rate(row: Any, hours: float) -> float:
    """The rate of a stretch that has an amount alone: per kg and hour for dexmedetomidine, per hour for the rest."""
    unit = {"mcg": 1.0, "mg": 1000.0, "units": 1.0}.get(row.amountuom, math.nan)
    per_kg = row.patientweight if row.label.startswith("Dexmed") else 1.0
    return float(row.amount * unit / hours / per_kg)
