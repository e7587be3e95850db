"""Faults that a row of a source table can have; item numbers are MIMIC-IV's."""

from dataclasses import dataclass
from typing import LiteralString


@dataclass(frozen=True)
class RowFault:
    """In `table`, the first row that is `where` is changed by the set list `change`, or deleted where that is empty.

    With `copies` the changed row is a copy beside the first. `heard` are checks of the mart data_quality, or parts of
    the names of dbt tests, one of which must count the fault if it changes any result.
    """

    name: str
    table: LiteralString
    where: LiteralString
    change: LiteralString
    copies: bool = False
    heard: tuple[str, ...] = ()


INPUT: LiteralString = "mimiciv_icu.inputevents"
CHART: LiteralString = "mimiciv_icu.chartevents"
LAB: LiteralString = "mimiciv_hosp.labevents"
STAY: LiteralString = "mimiciv_icu.icustays"
ADMISSION: LiteralString = "mimiciv_hosp.admissions"
PATIENT: LiteralString = "mimiciv_hosp.patients"
CULTURE: LiteralString = "mimiciv_hosp.microbiologyevents"
PRESCRIPTION: LiteralString = "mimiciv_hosp.prescriptions"
OUTPUT: LiteralString = "mimiciv_icu.outputevents"
PROCEDURE: LiteralString = "mimiciv_icu.procedureevents"
DIAGNOSIS: LiteralString = "mimiciv_hosp.diagnoses_icd"

DEXMEDETOMIDINE: LiteralString = "itemid = 225150 and rate > 0"
NOREPINEPHRINE: LiteralString = "itemid = 221906 and rate > 0"
HEART_RATE: LiteralString = "itemid = 220045 and valuenum is not null"
PRESSURE: LiteralString = "itemid = 220181 and valuenum is not null"
PLATELETS: LiteralString = "itemid = 51265 and valuenum is not null"
INR: LiteralString = "itemid = 51237 and valuenum is not null"
CREATININE: LiteralString = "itemid = 50912 and valuenum is not null"
URINE: LiteralString = "itemid = 226559"
WEIGHT: LiteralString = "itemid in (224639, 226512) and valuenum is not null"
VENTILATION: LiteralString = "itemid = 225792"

FAULTS = (
    # ---- the exposure
    RowFault(
        "exposure in another unit",
        INPUT,
        DEXMEDETOMIDINE,
        "rateuom = 'mcg/kg/min'",
        heard=("exposure_unit_converted",),
    ),
    # without a unit, or in one that cannot be converted, it stops every model: not among faults that are tried together
    RowFault("exposure's unit in capitals", INPUT, DEXMEDETOMIDINE, "rateuom = 'MCG/KG/HOUR'"),
    RowFault("exposure at rate NaN", INPUT, DEXMEDETOMIDINE, "rate = 'NaN'", heard=("rate_not_finite",)),
    RowFault("exposure at rate infinity", INPUT, DEXMEDETOMIDINE, "rate = 'Infinity'", heard=("rate_not_finite",)),
    RowFault("exposure at a negative rate", INPUT, DEXMEDETOMIDINE, "rate = -rate", heard=("rate_negative",)),
    RowFault("exposure without rate", INPUT, DEXMEDETOMIDINE, "rate = null", heard=("infusion_without_rate",)),
    RowFault(
        "exposure at 500 times the rate",
        INPUT,
        DEXMEDETOMIDINE,
        "rate = 500 * rate",
        heard=("int_exposure_row_rate",),
    ),
    RowFault(
        "exposure ends before it starts",
        INPUT,
        DEXMEDETOMIDINE,
        "endtime = starttime - interval '5 hours'",
        heard=("infusion_reversed",),
    ),
    RowFault(
        "exposure ends in 2999", INPUT, DEXMEDETOMIDINE, "endtime = '2999-01-01'", heard=("infusion_time_impossible",)
    ),
    RowFault(
        "exposure charted twice",
        INPUT,
        DEXMEDETOMIDINE,
        "orderid = orderid",
        copies=True,
        heard=("infusion_charted_twice",),
    ),
    RowFault(
        "exposure of no stay",
        INPUT,
        DEXMEDETOMIDINE,
        "stay_id = 1",
        heard=("relationships_stg_mimic__inputevents_stay_id",),
    ),
    RowFault(
        "exposure years after the stay",
        INPUT,
        DEXMEDETOMIDINE,
        "starttime = starttime + interval '9 years', endtime = endtime + interval '9 years'",
        heard=("infusion_outside_stay",),
    ),
    # ---- other infusions
    RowFault(
        "norepinephrine in an unknown unit",
        INPUT,
        NOREPINEPHRINE,
        "rateuom = 'drops/min'",
        heard=("rate_unit_unknown",),
    ),
    RowFault("norepinephrine at rate NaN", INPUT, NOREPINEPHRINE, "rate = 'NaN'", heard=("rate_not_finite",)),
    RowFault("norepinephrine at rate infinity", INPUT, NOREPINEPHRINE, "rate = 'Infinity'", heard=("rate_not_finite",)),
    RowFault("norepinephrine at a negative rate", INPUT, NOREPINEPHRINE, "rate = -rate", heard=("rate_negative",)),
    RowFault(
        "norepinephrine ends before it starts",
        INPUT,
        NOREPINEPHRINE,
        "endtime = starttime - interval '1 hour'",
        heard=("infusion_reversed",),
    ),
    RowFault("norepinephrine charted twice", INPUT, NOREPINEPHRINE, "orderid = orderid", copies=True),
    RowFault(
        "norepinephrine ends in 9999",
        INPUT,
        NOREPINEPHRINE,
        "endtime = '9999-01-01'",
        heard=("infusion_time_impossible",),
    ),
    RowFault(
        "propofol of an infinite amount",
        INPUT,
        "itemid = 222168 and rate > 0",
        "amount = 'Infinity'",
        heard=("rate_not_finite",),
    ),
    # ---- charted values
    RowFault("heart rate NaN", CHART, HEART_RATE, "valuenum = 'NaN'", heard=("chart_value_not_finite",)),
    RowFault("heart rate infinity", CHART, HEART_RATE, "valuenum = 'Infinity'", heard=("chart_value_not_finite",)),
    RowFault("heart rate negative", CHART, HEART_RATE, "valuenum = -80", heard=("chart_value_implausible",)),
    RowFault("heart rate 4000", CHART, HEART_RATE, "valuenum = 4000", heard=("chart_value_implausible",)),
    RowFault(
        "heart rate in an unknown unit",
        CHART,
        HEART_RATE,
        "valueuom = 'beats/fortnight'",
        heard=("chart_unit_unknown",),
    ),
    RowFault("heart rate charted twice", CHART, HEART_RATE, "itemid = itemid", copies=True),
    RowFault("heart rate in 2999", CHART, HEART_RATE, "charttime = '2999-01-01'", heard=("chart_time_impossible",)),
    RowFault(
        "mean pressure in words",
        CHART,
        PRESSURE,
        "valuenum = null, value = 'refused'",
        heard=("chart_value_without_number",),
    ),
    RowFault(
        "heart rate of no stay",
        CHART,
        HEART_RATE,
        "stay_id = 1",
        heard=("relationships_stg_mimic__chartevents_stay_id",),
    ),
    RowFault(
        "mean pressure negative infinity", CHART, PRESSURE, "valuenum = '-Infinity'", heard=("chart_value_not_finite",)
    ),
    RowFault("mean pressure NaN", CHART, PRESSURE, "valuenum = 'NaN'", heard=("chart_value_not_finite",)),
    RowFault(
        "weight 5 kg",
        CHART,
        WEIGHT,
        "valuenum = 5",
        heard=("weight_implausible",),
    ),
    RowFault(
        "weight 1200 kg",
        CHART,
        WEIGHT,
        "valuenum = 1200",
        heard=("weight_implausible",),
    ),
    RowFault(
        "weight infinity",
        CHART,
        WEIGHT,
        "valuenum = 'Infinity'",
        heard=("chart_value_not_finite",),
    ),
    RowFault("weight charted twice", CHART, WEIGHT, "itemid = itemid", copies=True, heard=("weight_charted_twice",)),
    RowFault(
        "FiO2 NaN",
        CHART,
        "itemid = 223835 and valuenum is not null",
        "valuenum = 'NaN'",
        heard=("chart_value_not_finite",),
    ),
    RowFault(
        "GCS of 60",
        CHART,
        "itemid = 223901 and valuenum is not null",
        "valuenum = 60",
        heard=("chart_value_implausible",),
    ),
    # ---- laboratory
    RowFault("platelets NaN", LAB, PLATELETS, "valuenum = 'NaN'", heard=("lab_value_not_finite",)),
    RowFault("platelets infinity", LAB, PLATELETS, "valuenum = 'Infinity'", heard=("lab_value_not_finite",)),
    RowFault("platelets negative", LAB, PLATELETS, "valuenum = -20", heard=("lab_value_implausible",)),
    RowFault(
        "platelets in an unknown unit", LAB, PLATELETS, "valueuom = 'g/L', valuenum = 3", heard=("lab_unit_unknown",)
    ),
    RowFault(
        "platelets without number",
        LAB,
        PLATELETS,
        "valuenum = null, value = 'CLUMPED'",
        heard=("lab_value_without_number",),
    ),
    RowFault("platelets without time", LAB, PLATELETS, "charttime = null", heard=("lab_time_impossible",)),
    RowFault("platelets charted twice", LAB, PLATELETS, "itemid = itemid", copies=True),
    RowFault("platelets in 2999", LAB, PLATELETS, "charttime = '2999-01-01'", heard=("lab_time_impossible",)),
    RowFault("INR negative", LAB, INR, "valuenum = -1.5", heard=("lab_value_negative",)),
    RowFault("INR infinity", LAB, INR, "valuenum = 'Infinity'", heard=("lab_value_not_finite",)),
    RowFault(
        "creatinine in another unit",
        LAB,
        CREATININE,
        "valueuom = 'umol/L', valuenum = 88.4 * valuenum",
        heard=("lab_unit_unknown",),
    ),
    RowFault("creatinine 99999", LAB, CREATININE, "valuenum = 99999", heard=("lab_value_implausible",)),
    RowFault(
        "result of nobody", LAB, CREATININE, "subject_id = 1", heard=("relationships_stg_mimic__labevents_subject_id",)
    ),
    # ---- stays, admissions, patients
    RowFault("stay without end", STAY, "true", "outtime = null", heard=("stay_without_end",)),
    RowFault(
        "stay ends before it starts",
        STAY,
        "true",
        "outtime = intime - interval '1 day'",
        heard=("in_order_stg_mimic__icustays_icu_admitted_at",),
    ),
    RowFault(
        "stay twice",
        STAY,
        "true",
        "first_careunit = first_careunit",
        copies=True,
        heard=("unique_stg_mimic__icustays_stay_id",),
    ),
    RowFault("stay of no admission", STAY, "true", "hadm_id = 1", heard=("relationships_stg_mimic__icustays_hadm_id",)),
    RowFault(
        "admission ends before it starts",
        ADMISSION,
        "true",
        "dischtime = admittime - interval '1 day'",
        heard=("in_order_stg_mimic__admissions_hospital_admitted_at",),
    ),
    RowFault(
        "death before admission",
        ADMISSION,
        "deathtime is not null",
        "deathtime = admittime - interval '9 days'",
        heard=("death_before_admission",),
    ),
    RowFault(
        "death in hospital months after discharge",
        ADMISSION,
        "deathtime is not null",
        "deathtime = dischtime + interval '90 days'",
        heard=("death_after_discharge",),
    ),
    RowFault(
        "death in hospital without a time",
        ADMISSION,
        "deathtime is not null",
        "deathtime = null",
        heard=("death_without_time",),
    ),
    RowFault(
        "admission twice",
        ADMISSION,
        "true",
        "admission_type = admission_type",
        copies=True,
        heard=("unique_stg_mimic__admissions_hadm_id",),
    ),
    RowFault("admission deleted", ADMISSION, "true", "", heard=("relationships_stg_mimic__icustays_hadm_id",)),
    RowFault("age 300", PATIENT, "true", "anchor_age = 300", heard=("accepted_between_stg_mimic__patients_0__120",)),
    RowFault("sex unknown", PATIENT, "true", "gender = 'X'", heard=("accepted_values_stg_mimic__patients_sex",)),
    RowFault(
        "patient twice",
        PATIENT,
        "true",
        "gender = gender",
        copies=True,
        heard=("unique_stg_mimic__patients_subject_id",),
    ),
    RowFault("patient deleted", PATIENT, "true", "", heard=("relationships_stg_mimic__icustays_subject_id",)),
    RowFault(
        "died long before admission",
        PATIENT,
        "dod is not null",
        "dod = '1999-01-01'",
        heard=("death_date_before_admission",),
    ),
    # ---- the rest
    RowFault(
        "culture without time", CULTURE, "charttime is not null", "charttime = null", heard=("culture_without_time",)
    ),
    RowFault(
        "culture in 2999",
        CULTURE,
        "true",
        "charttime = '2999-01-01', chartdate = '2999-01-01'",
        heard=("culture_time_impossible",),
    ),
    RowFault(
        "prescription ends before it starts",
        PRESCRIPTION,
        "true",
        "stoptime = starttime - interval '3 days'",
        heard=("prescription_reversed",),
    ),
    RowFault(
        "prescription without start", PRESCRIPTION, "true", "starttime = null", heard=("prescription_without_start",)
    ),
    RowFault(
        "antibiotic in 2999",
        PRESCRIPTION,
        "lower(drug) like '%vancomycin%'",
        "starttime = '2999-01-01', stoptime = '2999-01-02'",
        heard=("prescription_time_impossible",),
    ),
    RowFault("urine NaN", OUTPUT, URINE, "value = 'NaN'", heard=("urine_not_finite",)),
    RowFault("urine infinity", OUTPUT, URINE, "value = 'Infinity'", heard=("urine_not_finite",)),
    RowFault("urine negative", OUTPUT, URINE, "value = -500", heard=("urine_negative",)),
    RowFault("urine of a tanker", OUTPUT, URINE, "value = 30000000", heard=("urine_implausible",)),
    RowFault("urine in 2999", OUTPUT, URINE, "charttime = '2999-01-01'", heard=("urine_time_impossible",)),
    RowFault(
        "ventilation ends before it starts",
        PROCEDURE,
        VENTILATION,
        "endtime = starttime - interval '1 day'",
        heard=("procedure_reversed",),
    ),
    RowFault(
        "diagnosis of an unknown classification",
        DIAGNOSIS,
        "true",
        "icd_version = 11",
        heard=("accepted_values_stg_mimic__diagnoses_icd_icd_version",),
    ),
    RowFault(
        "diagnosis twice",
        DIAGNOSIS,
        "true",
        "seq_num = seq_num",
        copies=True,
        heard=("unique_combination_stg_mimic__diagnoses_icd",),
    ),
)
