"""`python -m mimic_db check --words`: what a database says that no seed knows, by what follows from it."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from mimic_db.__main__ import main
from mimic_db.tables import OFFICIAL_SCHEMAS, TABLES
from mimic_db.words import judge
from tests.integration.conftest import GENERATED, PROJECT, TWO_PATIENTS, fill
from twin.__main__ import main as twin

# every table holds a row, without which `check` says that it was not loaded
FILLED = (
    TWO_PATIENTS
    + """
insert into mimiciv_hosp.prescriptions (subject_id, hadm_id, pharmacy_id, drug_type, drug, route) values
    (1, 11, 1, 'MAIN', 'Vancomycin', 'IV');
insert into mimiciv_hosp.microbiologyevents (microevent_id, subject_id, micro_specimen_id, chartdate, spec_itemid,
    spec_type_desc, test_seq) values (1, 1, 1, '2150-01-01', 1, 'BLOOD CULTURE', 1);
insert into mimiciv_hosp.services (subject_id, hadm_id, transfertime, curr_service) values (1, 11, '2150-01-01', 'MED');
insert into mimiciv_hosp.diagnoses_icd (subject_id, hadm_id, seq_num, icd_code, icd_version)
    values (1, 11, 1, 'I10', 10);
insert into mimiciv_hosp.d_labitems (itemid, label) values (51265, 'Platelet Count');
insert into mimiciv_icu.outputevents (subject_id, hadm_id, stay_id, charttime, storetime, itemid, value) values
    (1, 11, 101, '2150-01-01', '2150-01-01', 226559, 1);
insert into mimiciv_icu.procedureevents
    (subject_id, hadm_id, stay_id, starttime, endtime, itemid, orderid, value) values
    (1, 11, 101, '2150-01-01', '2150-01-01', 225802, 1, 1);
"""
)
ORDER = """insert into mimiciv_hosp.prescriptions (subject_id, hadm_id, pharmacy_id, drug_type, drug, route)
    values (1, 11, 1, 'MAIN', %s, %s)"""
CHART = """insert into mimiciv_icu.chartevents (subject_id, hadm_id, stay_id, charttime, itemid, value, valueuom)
    values (1, 11, 101, '2150-01-01 08:00', %s, %s, %s)"""
INPUT = """insert into mimiciv_icu.inputevents
    (subject_id, hadm_id, stay_id, starttime, endtime, itemid, orderid, rate, rateuom, amount, amountuom)
    values (1, 11, 101, '2150-01-01 08:00', '2150-01-01 10:00', %s, 1, %s, %s, %s, %s)"""
LAB = """insert into mimiciv_hosp.labevents (labevent_id, subject_id, specimen_id, itemid, value, valueuom)
    values (9, 1, 9, %s, %s, %s)"""
CULTURE = """insert into mimiciv_hosp.microbiologyevents
    (microevent_id, subject_id, micro_specimen_id, chartdate, spec_itemid, spec_type_desc, test_seq)
    values (1, 1, 1, '2150-01-01', 1, %s, 1)"""
ADMISSION = """insert into mimiciv_hosp.admissions (subject_id, hadm_id, admittime, dischtime, race, admission_type)
    values (1, 99, '2150-01-01', '2150-01-02', %s, %s)"""

Say = Callable[..., tuple[int, str]]


def filled(dsn: str) -> str:
    """The tables with their rows, of which only the columns that matter are given."""
    fill(dsn, "")
    with psycopg.connect(dsn) as connection:
        for table in TABLES:
            for column in table.columns if table.needed else ():
                if not column.nullable:
                    name = f"{OFFICIAL_SCHEMAS[table.module]}.{table.name}"
                    connection.execute(f"alter table {name} alter column {column.name} drop not null".encode())
        connection.execute(FILLED.encode())
    return dsn


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Runs the check; gives its status and what it printed."""

    def run(dsn: str, *options: str) -> tuple[int, str]:
        status = main(["check", "--dsn", dsn, "--words", *options])
        return status, capsys.readouterr().out

    return run


@pytest.fixture(scope="module")
def plain_database(make_database: Callable[[], str]) -> str:
    return filled(make_database())


@pytest.fixture
def database(plain_database: str) -> Iterator[Callable[..., str]]:
    """Call it with a statement and rows of parameters to add; they are gone after the test."""
    tables = ("prescriptions", "chartevents", "inputevents", "labevents", "microbiologyevents", "admissions")
    schemas = {table: "mimiciv_icu" if table in ("chartevents", "inputevents") else "mimiciv_hosp" for table in tables}
    with psycopg.connect(plain_database, autocommit=True) as connection:
        for table, schema in schemas.items():
            connection.execute(f"create table public.{table} as table {schema}.{table}".encode())

        def add(statement: str, *rows: tuple[Any, ...]) -> str:
            with connection.cursor() as cursor:
                cursor.executemany(statement.encode(), rows)
            return plain_database

        yield add
        for table, schema in schemas.items():
            connection.execute(f"truncate {schema}.{table}".encode())
            connection.execute(f"insert into {schema}.{table} table public.{table}".encode())
            connection.execute(f"drop table public.{table}".encode())


def lines(shown: str, consequence: str) -> list[str]:
    """The words under a consequence, each with its count."""
    found, inside = [], False
    for line in shown.splitlines():
        if not line.startswith(" "):
            inside = consequence in line
        elif inside:
            found.append(" ".join(line.split()))
    return found


def test_without_the_option_no_word_is_read(database: Callable[..., str], capsys: pytest.CaptureFixture[str]) -> None:
    dsn = database(CHART, (223849, "NAVA", None))
    assert main(["check", "--dsn", dsn]) == 0
    assert "NAVA" not in capsys.readouterr().out


def test_a_database_of_known_words_says_so(plain_database: str, say: Say) -> None:
    status, shown = say(plain_database)
    assert status == 0
    assert "warning" not in shown
    assert judge.KNOWN in shown
    assert shown.endswith("the study can run on it\n")


@pytest.mark.parametrize(
    ("statement", "row", "consequence", "told"),
    [
        (INPUT, (225150, 0.5, "mL/hour", 1, "mcg"), judge.STOPS, "rate unit of dexmedetomidine: mL/hour"),
        (INPUT, (225150, 0.5, None, 1, "mcg"), judge.STOPS, "rate unit of dexmedetomidine: no unit"),
        (INPUT, (225150, 0.01, "mcg/kg/min", 1, "mcg"), judge.CONVERTED, "rate unit of dexmedetomidine: mcg/kg/min"),
        (INPUT, (225150, 0.5, "mcg/kg/hr", 1, "mcg"), judge.CONVERTED, "rate unit of dexmedetomidine: mcg/kg/hr"),
        (INPUT, (221906, 8, "mcg/min", 1, "mg"), judge.CONVERTED, "rate unit of norepinephrine: mcg/min"),
        (INPUT, (221906, 8, "drops/min", 1, "mg"), judge.WRONG_RATE, "rate unit of norepinephrine: drops/min"),
        (INPUT, (225150, None, None, 100, "mL"), judge.NO_TIME, "amount unit of dexmedetomidine: mL"),
        (CHART, (223849, "NAVA", None), judge.NO_VENTILATION, "mode: NAVA"),
        (CHART, (229314, "SPONT", None), judge.READ_OTHERWISE, "SPONT (InvasiveVent with ventilation_words"),
        (CHART, (226732, "Optiflow", None), judge.NO_SUPPORT, "device: Optiflow"),
        (CHART, (223758, "DNX", None), judge.FULL_CODE, "code status: DNX"),
        (CHART, (223900, "No Response-ETT/Trach", None), judge.BY_ITS_NUMBER, "verbal answer: No Response-ETT/Trach"),
        (CHART, (226732, "High\nflow\r\x1b[2J", None), judge.NO_SUPPORT, r"device: High\nflow\r\x1b[2J"),
        (CHART, (220045, None, "Hz"), judge.WRONG_VALUE, "unit of Heart Rate: Hz"),
        (LAB, (51265, None, "G/L"), judge.WRONG_VALUE, "unit of Platelet Count: G/L"),
        (LAB, (52033, "CAP.", None), judge.NOT_ARTERIAL, "kind of blood gas: CAP."),
        (ORDER, ("Cefanew", "IV"), judge.NO_SUSPICION, "drug: Cefanew"),
        (ORDER, ("Ertapenem", "IV"), judge.READ_OTHERWISE, "drug: Ertapenem (antibiotic_list: extended)"),
        (ORDER, ("Micafungin", "IV"), judge.READ_OTHERWISE, "Micafungin (antibiotic_list: extended_with"),
        (ORDER, ("Meropenem", "ON THE MOON"), judge.LOCAL, "route: ON THE MOON"),
        (ORDER, ("Hepar 5000", "SC"), judge.NO_HEPARIN, "drug: Hepar 5000"),
        (ORDER, ("Heparin (IABP)", "IV"), judge.READ_OTHERWISE, "(IABP) (no dose with heparin_names"),
        (CULTURE, ("VRE SCREEN",), judge.CULTURE, "specimen: VRE SCREEN"),
        (ADMISSION, ("MARTIAN", "URGENT"), judge.OTHER_RACE, "race: MARTIAN"),
        (ADMISSION, ("UNKNOWN", "URGENT"), judge.READ_OTHERWISE, "race: UNKNOWN"),
        (ADMISSION, ("WHITE", "BY DRONE"), judge.UNSCHEDULED, "kind of admission: BY DRONE"),
    ],
)  # fmt: skip
def test_each_word_stands_under_what_follows_from_it(
    statement: str, row: tuple[Any, ...], consequence: str, told: str, database: Callable[..., str], say: Say
) -> None:
    status, shown = say(database(statement, row), "--suppress-below", "0")
    (line,) = [line for line in lines(shown, consequence) if told in line]
    assert line.startswith("1 ")
    assert status == (1 if consequence == judge.STOPS else 0)


@pytest.mark.parametrize(
    ("statement", "row"),
    [
        (INPUT, (225150, 0.5, " MCG/KG/Hour", 1, "mcg")),
        (INPUT, (221906, 0.1, "MG/KG/MIN", 1, "mg")),
        (CHART, (226732, "trach MASK", None)),
        (CHART, (226732, "Other", None)),
        (CHART, (223835, None, "%")),
        (CHART, (223758, " dnar (do not attempt resuscitation) [DNR] / DNI", None)),
        *((CHART, (223900, word, None)) for word in ("Oriented", "confused", "Inappropriate Words ", "No Response")),
        (CHART, (223900, "Incomprehensible sounds", None)),
        *((CHART, (223900, word, None)) for word in ("no response-ETT", "1", "5.0")),
        (ORDER, ("Gemtuzumab Ozogamicin Penicillamine", "IV")),
        (ORDER, ("rifAXIMin", "PO")),
        (ORDER, ("Erythromycin 0.5% Ophth Oint", "BOTH EYES")),
        (ORDER, ("Meropenem", "irr")),
        (ADMISSION, ("WHITE - RUSSIAN", "ew emer.")),
    ],
)
def test_what_is_known_is_no_warning(
    statement: str, row: tuple[Any, ...], database: Callable[..., str], say: Say
) -> None:
    status, shown = say(database(statement, row))
    assert (status, "warning" in shown) == (0, False), shown


def test_spellings_are_one_word_and_few_rows_are_hidden(database: Callable[..., str], say: Say) -> None:
    dsn = database(CHART, *[(223849, "NAVA", None)] * 6, *[(229314, "nava ", None)] * 6, (223849, "PAV", None))
    assert lines(say(dsn)[1], judge.NO_VENTILATION) == ["12 mode: NAVA", "< 10 mode: PAV"]


def test_an_item_of_the_drug_that_no_seed_has_makes_controls(database: Callable[..., str], say: Say) -> None:
    dsn = database(INPUT, *[(299999, 0.5, "mcg/kg/hour", 1, "mcg")] * 11)
    with psycopg.connect(dsn) as connection:
        connection.execute("create table mimiciv_icu.d_items (itemid integer, label text, linksto text)")
        connection.execute("insert into mimiciv_icu.d_items values (299999, 'dexmedetomidine new', 'inputevents')")
    assert lines(say(dsn)[1], judge.UNSEEN_DRUG) == ["11 item: 299999 dexmedetomidine new"]
    with psycopg.connect(dsn) as connection:
        connection.execute("drop table mimiciv_icu.d_items")


def test_the_definitions_say_what_is_known(database: Callable[..., str], say: Say) -> None:
    dsn = database(ORDER, ("Ertapenem", "IV"))
    chosen = "{antibiotic_list: extended, exposure_drug: propofol, exposure_rate_unit: mcg/kg/min}"
    assert "Ertapenem" not in say(dsn, "--vars", chosen)[1]
    status, _ = say(dsn, "--vars", "{antibiotics: extended}")
    assert status == 1


@pytest.mark.parametrize("given", ["[", "words", "{no_such_var: 1}", "{5: a, no_such_var: 1}"])
def test_vars_that_are_none_are_explained(given: str, plain_database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--dsn", plain_database, "--words", "--vars", given]) == 1
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("{exposure_rate_unit: 5}", "var exposure_rate_unit is 5: it wants a text, as mcg/kg/hour is"),
        ("{antibiotic_list: [a]}", 'var antibiotic_list is ["a"]: choose one of mimic_code, extended, extended_with'),
        ("{antibiotic_list: extendd}", "var antibiotic_list is extendd: choose one of mimic_code, extended"),
        ("{ventilation_words: Extended}", "var ventilation_words is Extended: choose one of mimic_code, extended\n"),
        ("{ethnicity_unknown: separate}", "var ethnicity_unknown is separate: choose one of other, apart\n"),
        ("{exposure_drug: vitamin_c}", "var exposure_drug is vitamin_c: choose one of norepinephrine, "),
        ("{exposure_drug: heparin}", "var exposure_drug is heparin: choose one of "),
        ("{exposure_drug: null}", "var exposure_drug is null: choose one of "),
        ("{quality_bolus_max_h: true}", "var quality_bolus_max_h is true: it wants a number, as 0.25 is"),
        ("{oxygen_device_needs_flow: sometimes}", "oxygen_device_needs_flow is sometimes: choose one of true, false\n"),
    ],
)
def test_a_value_that_a_var_cannot_have_is_explained(
    given: str, told: str, plain_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--dsn", plain_database, "--words", "--vars", given]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("error: ")) == ("", 1)
    assert told in err


def test_another_word_for_a_tube_is_known_by_its_var(database: Callable[..., str], say: Say) -> None:
    dsn = database(CHART, *[(223900, "No Response-Trach", None)] * 11, *[(223900, "No Response-ETT", None)] * 12)
    assert lines(say(dsn)[1], judge.BY_ITS_NUMBER) == ["11 verbal answer: No Response-Trach"]
    shown = say(dsn, "--vars", "{gcs_verbal_intubated_text: No Response-Trach}")[1]
    assert lines(shown, judge.BY_ITS_NUMBER) == ["12 verbal answer: No Response-ETT"]


@pytest.mark.parametrize("count", ["-1", "ten", "1.5"])
def test_a_count_to_hide_below_is_none_or_more(
    count: str, plain_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["check", "--dsn", plain_database, "--words", "--suppress-below", count])
    assert ended.value.code == 2
    assert f"{count} is no count: 0 or more" in capsys.readouterr().err


def test_nothing_of_the_twin_is_unknown_but_what_was_laid(make_database: Callable[[], str], say: Say) -> None:
    dsn = make_database()
    assert twin(["generate", *GENERATED, "--dsn", dsn]) == 0
    status, shown = say(dsn, "--suppress-below", "0")
    assert status == 0
    laid = {"mode: NAVA", "device: Optiflow", "route: NG/JT", "amount unit of dexmedetomidine: ml"}
    told = {line.split(maxsplit=1)[1] for group in judge.CONSEQUENCES for line in lines(shown, group)}
    assert {line for line in told if not line.endswith(")")} == laid  # the rest is read by another var


@pytest.mark.needs_shared
def test_of_the_full_databases_vocabulary_nothing_is_unknown(
    make_database: Callable[[], str], say: Say, shared_vocabulary: list[dict[str, str]]
) -> None:
    dsn = filled(make_database())
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
        for row in shared_vocabulary:
            column, text = row["column"], row["string"]
            if column == "prescriptions.route":
                cursor.execute(ORDER.encode(), ("Meropenem", text))
            elif column.startswith("prescriptions.drug"):
                cursor.execute(ORDER.encode(), (text, "IV"))
            elif column.startswith("chartevents "):
                cursor.execute(CHART.encode(), (int(column.split()[1]), text, None))
            elif column == "microbiologyevents.spec_type_desc":
                cursor.execute(CULTURE.encode(), (text,))
            elif column == "admissions.race":
                cursor.execute(ADMISSION.encode(), (text, "URGENT"))
            elif column == "admissions.admission_type":
                cursor.execute(ADMISSION.encode(), ("WHITE", text))
    status, shown = say(dsn, "--suppress-below", "0")
    assert status == 0
    assert "warning" not in shown, shown
    otherwise = lines(shown, judge.READ_OTHERWISE)
    assert any("SPONT" in line for line in otherwise) and any("Tigecycline" in line for line in otherwise)


@pytest.fixture
def shared_vocabulary() -> list[dict[str, str]]:
    path = Path(PROJECT.parent, "shared", "facts", "full_mimic_vocabulary.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
