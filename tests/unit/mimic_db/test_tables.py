from collections import Counter

from mimic_db.tables import INDEXES, TABLES


def test_there_are_the_31_tables_of_the_release() -> None:
    assert Counter(table.module for table in TABLES) == {"hosp": 22, "icu": 9}


def test_no_column_stands_twice() -> None:
    for table in TABLES:
        assert len(set(table.column_names)) == len(table.column_names), table


def test_the_study_needs_the_twelve_tables_that_its_models_read() -> None:
    assert {str(table) for table in TABLES if table.needed} == {
        "hosp/patients",
        "hosp/admissions",
        "hosp/labevents",
        "hosp/microbiologyevents",
        "hosp/prescriptions",
        "hosp/diagnoses_icd",
        "hosp/services",
        "icu/icustays",
        "icu/chartevents",
        "icu/inputevents",
        "icu/outputevents",
        "icu/procedureevents",
    }


def test_every_index_is_on_a_column_of_its_table() -> None:
    columns = {table.name: table.column_names for table in TABLES}
    assert all(column in columns[table] for table, column in INDEXES.items())
