"""Rows of the source that are plainly wrong, each in a patient of its own, and what the marts make of them.

Every patient is the same but for the fault, so that the faultless one says what is right.
"""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.integration.conftest import BUILD, RunDbt, fill

HOSP, ICU = "mimiciv_hosp", "mimiciv_icu"

# {0}: the patient, his admission and his stay have one number
PATIENT = """
insert into mimiciv_hosp.patients (subject_id, gender, anchor_age, anchor_year, anchor_year_group)
    values ({0}, 'F', 70, 2150, '2014 - 2016');
insert into mimiciv_hosp.admissions (subject_id, hadm_id, admittime, dischtime, admission_type, hospital_expire_flag)
    values ({0}, {0}, '2150-01-01 00:00', '2150-01-29 00:00', 'EW EMER.', 0);
insert into mimiciv_icu.icustays (subject_id, hadm_id, stay_id, intime, outtime)
    values ({0}, {0}, {0}, '2150-01-01 06:00', '2150-01-05 06:00');
insert into mimiciv_icu.chartevents (subject_id, hadm_id, stay_id, charttime, itemid, valuenum, value) values
    ({0}, {0}, {0}, '2150-01-01 07:00', 220045, 80, '80'), ({0}, {0}, {0}, '2150-01-04 07:00', 220045, 90, '90'),
    ({0}, {0}, {0}, '2150-01-01 07:00', 224639, 93, '93'),
    ({0}, {0}, {0}, '2150-01-01 08:00', 223849, null, 'CMV/ASSIST'),
    ({0}, {0}, {0}, '2150-01-01 18:00', 223849, null, 'CMV/ASSIST');
insert into mimiciv_hosp.labevents (labevent_id, subject_id, hadm_id, specimen_id, itemid, charttime, valuenum) values
    ({0}, {0}, {0}, {0}, 51265, '2150-01-01 08:00', 90);
insert into mimiciv_icu.outputevents (subject_id, hadm_id, stay_id, charttime, storetime, itemid, value) values
    ({0}, {0}, {0}, '2150-01-01 09:00', '2150-01-01 09:00', 226559, 460);
insert into mimiciv_hosp.microbiologyevents
    (microevent_id, subject_id, hadm_id, micro_specimen_id, chartdate, charttime, spec_itemid, spec_type_desc,
    test_seq, test_itemid, test_name)
    values ({0}, {0}, {0}, {0}, '2150-01-01', '2150-01-01 08:00', 1, 'BLOOD CULTURE', 1, 1, 'CULTURE');
"""
CHART = "insert into mimiciv_icu.chartevents (subject_id, hadm_id, stay_id, charttime, itemid, valuenum, value) values "
INPUT = (
    "insert into mimiciv_icu.inputevents (subject_id, hadm_id, stay_id, starttime, endtime, itemid, orderid, rate,"
    " rateuom, amount, amountuom, patientweight) values "
)
LAB = (
    "insert into mimiciv_hosp.labevents (labevent_id, subject_id, hadm_id, specimen_id, itemid, charttime, valuenum)"
    " values "
)
ADMISSION = (
    "insert into mimiciv_hosp.admissions (subject_id, hadm_id, admittime, dischtime, deathtime, hospital_expire_flag,"
    " admission_type) values "
)
RAN = "'2150-01-01 08:00', '2150-01-02 04:00'"  # 20 hours

# fault -> what is done to patient {0}; {1} is a number of his own for what is another's
FAULTS = {
    "a heart rate 364 days later": CHART + "({0}, {0}, {0}, '2150-12-31 07:00', 220045, 80, '80')",
    "a daily weight a year before": CHART + "({0}, {0}, {0}, '2149-01-01 07:00', 224639, 122, '122')",
    "another patient's heart rate": CHART + "(1, 1, {0}, '2150-01-04 20:00', 220045, 80, '80')",
    "dexmedetomidine": INPUT + "({0}, {0}, {0}, " + RAN + ", 225150, 1, 0.5, 'mcg/kg/hour', 800, 'mcg', 80)",
    "dexmedetomidine that ends a year later": INPUT
    + "({0}, {0}, {0}, '2150-01-01 08:00', '2150-12-31 08:00', 225150, 1, 0.5, 'mcg/kg/hour', 800, 'mcg', 80)",
    "dexmedetomidine as an amount": INPUT + "({0}, {0}, {0}, " + RAN + ", 225150, 1, null, null, 800, 'mcg', 80)",
    "dexmedetomidine as a bolus": INPUT
    + "({0}, {0}, {0}, '2150-01-01 08:00', '2150-01-01 08:01', 225150, 1, null, null, 50, 'mcg', 80)",
    "heparin as an amount": INPUT + "({0}, {0}, {0}, " + RAN + ", 225152, 1, null, null, 24000, 'units', 80)",
    "heparin reversed": INPUT
    + "({0}, {0}, {0}, '2150-01-02 08:00', '2150-01-01 08:00', 225152, 1, 800, 'units/hour', 800, 'units', 80)",
    "norepinephrine": INPUT + "({0}, {0}, {0}, " + RAN + ", 221906, 1, 0.2, 'mcg/kg/min', 19.2, 'mg', 80)",
    "norepinephrine reversed": INPUT
    + "({0}, {0}, {0}, '2150-01-01 08:00', '2150-01-01 07:00', 221906, 1, 0.2, 'mcg/kg/min', 19.2, 'mg', 80)",
    "norepinephrine that ends a year later": INPUT
    + "({0}, {0}, {0}, '2150-01-01 08:00', '2150-12-31 08:00', 221906, 1, 0.2, 'mcg/kg/min', 19.2, 'mg', 80)",
    "death in a nested admission": ADMISSION + "({0}, {1}, '2150-01-03', '2150-01-06', '2150-01-06', 1, 'EW EMER.')",
    "deathtime without a flag": "update mimiciv_hosp.admissions set deathtime = '2150-01-06' where hadm_id = {0}",
    "death and a later admission": "update mimiciv_hosp.admissions set deathtime = '2150-01-06',"
    " hospital_expire_flag = 1 where hadm_id = {0};"
    + ADMISSION
    + "({0}, {1}, '2150-03-03', '2150-03-06', null, 0, 'EW EMER.')",
    "a ventilator mode that no list has": "update mimiciv_icu.chartevents set value = 'NEW MODE' where stay_id = {0}"
    " and itemid = 223849",
    "a ventilator mode with blanks in another case": "update mimiciv_icu.chartevents set value = ' cmv/Assist '"
    " where stay_id = {0} and itemid = 223849",
    "results without an admission": "update mimiciv_hosp.labevents set hadm_id = null where subject_id = {0}",
    "another patient's result": LAB + "({1}, 1, {0}, {1}, 51265, '2150-01-01 08:00', 10),"
    "({1}0, {0}, 1, {1}0, 51265, '2150-01-01 08:00', 10)",
    "platelets under a second number": "update mimiciv_hosp.labevents set itemid = 51704 where subject_id = {0}",
    "six litres of irrigant": "insert into mimiciv_icu.outputevents"
    " (subject_id, hadm_id, stay_id, charttime, storetime, itemid, value)"
    " values ({0}, {0}, {0}, '2150-01-01 08:00', '2150-01-01 08:00', 227488, 6000)",
    "a tracheostomy beside the ventilator": CHART
    + "({0}, {0}, {0}, '2150-01-01 08:00', 226732, null, 'Tracheostomy tube'),"
    " ({0}, {0}, {0}, '2150-01-01 12:00', 226732, null, 'Tracheostomy tube')",
    "a screen for carriers": "update mimiciv_hosp.microbiologyevents set spec_type_desc = 'MRSA SCREEN'"
    " where subject_id = {0}",
    "discharge before admission": "update mimiciv_hosp.admissions set dischtime = '2149-12-31 07:00'"
    " where hadm_id = {0}",
}
NUMBER = {name: 101 + place for place, name in enumerate(FAULTS)}
DICTIONARY = """
insert into mimiciv_hosp.d_labitems (itemid, label, fluid, category) values
    (51265, 'Platelet Count', 'Blood', 'Hematology'), (51704, 'Platelet Count', 'Blood', 'Chemistry');
"""
MARTS = ("cohort_eligibility", "outcomes", "baseline", "sic_score", "int_first_day_sofa", "dexmedetomidine_exposure")


@pytest.fixture(scope="module")
def database(make_database: Callable[[], str]) -> str:
    """DSN of a database with a faultless patient, 1, and one for each fault."""
    rows = [DICTIONARY, PATIENT.format(1)]
    for name, number in NUMBER.items():
        rows += [PATIENT.format(number), FAULTS[name].format(number, number + 1000), ";"]
    return fill(make_database(), "".join(rows))


def cells(dsn: str, schema: str = "dexsic") -> dict[int, dict[str, Any]]:
    """By stay, what the marts hold of it; hours of its SOFA, too."""
    found: dict[int, dict[str, Any]] = {}
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        for mart in MARTS:
            for row in connection.execute(f"select * from {schema}.{mart}".encode()):
                found.setdefault(row["stay_id"], {}).update(row)
        hours = (
            f"select stay_id, count(*) as sofa_hours, max(coagulation_24h) as coagulation_24h from {schema}.sofa_hourly"
        )
        for row in connection.execute(f"{hours} group by stay_id".encode()):
            found[row["stay_id"]].update(row)
    return found


@pytest.fixture(scope="module")
def found(database: str, run_dbt: RunDbt) -> dict[str, dict[str, Any]]:
    """By fault, what the marts hold that differs from the faultless patient's."""
    run_dbt(database, *BUILD)
    by_stay = cells(database)
    right = by_stay[1]
    known = {"stay_id", "subject_id", "hadm_id"}
    return {
        name: {key: value for key, value in by_stay[number].items() if key not in known and right.get(key) != value}
        for name, number in NUMBER.items()
    }


DEAD = {
    "died_28d_hospital": True,
    "died_hospital": True,
    "followup_28d_days": pytest.approx(4.75),
    "followup_discharge_days": pytest.approx(4.75),
}


@pytest.mark.parametrize(
    "fault",
    [
        "a heart rate 364 days later",
        "a daily weight a year before",
        "another patient's heart rate",
        "heparin reversed",
        "norepinephrine reversed",
        "a ventilator mode with blanks in another case",
        "another patient's result",
        "a tracheostomy beside the ventilator",
        "a screen for carriers",
    ],
)
def test_a_row_that_is_wrong_changes_nothing(fault: str, found: dict[str, dict[str, Any]]) -> None:
    assert found[fault] == {}


def test_an_amount_without_a_rate_is_the_infusion_that_it_was(found: dict[str, dict[str, Any]]) -> None:
    ran = found["dexmedetomidine"]
    assert (ran["is_exposed"], ran["duration_h"], ran["mean_rate_48h"]) == (True, 20, 0.5)
    assert found["dexmedetomidine as an amount"] == ran
    assert found["heparin as an amount"] == {
        "has_heparin": True,
        "has_heparin_infusion": True,
        "has_heparin_any_icu": True,
    }


def test_an_infusion_ends_with_its_stay(found: dict[str, dict[str, Any]]) -> None:
    # from 8 o'clock on the first day to a day after discharge at 6 o'clock on the fifth
    assert found["dexmedetomidine that ends a year later"]["duration_h"] == 118
    assert found["norepinephrine"]["vasopressor_h"] == 20
    assert found["norepinephrine that ends a year later"]["vasopressor_h"] == 118


def test_a_bolus_alone_makes_no_control(found: dict[str, dict[str, Any]]) -> None:
    assert found["dexmedetomidine as a bolus"] == {
        "is_exposure_unknown": True,
        "is_eligible_otherwise": False,
    }


@pytest.mark.parametrize(
    "fault", ["death in a nested admission", "deathtime without a flag", "death and a later admission"]
)
def test_a_death_on_the_fifth_day_is_one_whatever_record_has_it(fault: str, found: dict[str, dict[str, Any]]) -> None:
    assert found[fault] == DEAD


def test_what_is_not_known_is_not_there(found: dict[str, dict[str, Any]]) -> None:
    assert found["a ventilator mode that no list has"] == {"ventilation_h": 0, "ventilation_24h": False}
    assert found["results without an admission"] == {"coagulation_24h": 0}
    assert found["platelets under a second number"]["platelets_k_ul"] is None
    assert found["discharge before admission"] == {"hospital_days": None, "followup_discharge_days": 28}


def test_more_rinsing_fluid_in_than_out_is_no_urine(found: dict[str, dict[str, Any]]) -> None:
    assert found["six litres of irrigant"]["urine_output_ml"] == 0


def test_each_fault_is_counted(found: dict[str, dict[str, Any]], database: str) -> None:
    with psycopg.connect(database) as connection:
        counts = connection.execute(
            "select check_name, concept, n_affected from dexsic.data_quality where n_affected > 0"
        ).fetchall()
    assert {(name, concept): count for name, concept, count in counts}.items() >= {
        ("chart_outside_stay", "heart_rate"): 1,
        ("chart_outside_stay", "weight_daily"): 1,
        ("chart_of_another_patient", "heart_rate"): 1,
        ("infusion_cut", "dexmedetomidine"): 1,
        ("infusion_cut", "norepinephrine"): 1,
        ("infusion_rate_from_amount", "dexmedetomidine"): 1,
        ("infusion_rate_from_amount", "heparin"): 1,
        ("infusion_bolus", "dexmedetomidine"): 1,
        ("exposure_unknown", ""): 1,
        ("infusion_reversed", "heparin"): 1,
        ("infusion_reversed", "norepinephrine"): 1,
        ("death_in_another_admission", ""): 1,
        ("death_without_flag", ""): 1,
        ("death_before_later_admission", ""): 1,
        ("ventilator_mode_unknown", "NEW MODE"): 2,
        ("lab_without_admission", "platelets"): 1,
        ("lab_of_another_patient", "platelets"): 2,
        ("lab_item_unknown", "platelets"): 1,
        ("urine_first_day_negative", ""): 1,
        ("culture_screening", ""): 1,
        ("discharge_before_admission", ""): 1,
    }.items()


@pytest.mark.needs_an_hour
def test_mimic_codes_readings_see_what_is_wrong(database: str, run_dbt: RunDbt) -> None:
    variables = (
        "{stay_margin_h: 1000000, infusion_rate_from_amount: false, hospital_death: flag, urine_negative: mimic_code,"
        " infusion_reading: mimic_code, lab_key: patient, oxygen_device_needs_flow: false}"
    )
    run_dbt(database, *BUILD, schema="as_charted", variables=variables)
    by_stay = cells(database, "as_charted")
    seen = {name: by_stay[number] for name, number in NUMBER.items()}
    assert seen["a heart rate 364 days later"]["sofa_hours"] > 8700
    assert seen["a daily weight a year before"]["weight_kg"] > 93
    assert seen["dexmedetomidine that ends a year later"]["duration_h"] == 364 * 24
    assert seen["dexmedetomidine as an amount"]["is_exposure_unknown"]
    assert not seen["death in a nested admission"]["died_hospital"]
    assert not seen["deathtime without a flag"]["died_hospital"]
    assert seen["six litres of irrigant"]["urine_output_ml"] == -5540
    assert seen["norepinephrine reversed"]["cardiovascular"] == 4
    # by patient and time
    assert seen["results without an admission"]["coagulation_24h"] == by_stay[1]["coagulation_24h"] == 2
    # read without a flow
    assert seen["a tracheostomy beside the ventilator"]["ventilation_h"] == 10
