import re
from collections import Counter
from pathlib import Path

from mimic_db.tables import INDEXES, TABLES

STAGING = Path(__file__).parents[3] / "models" / "staging" / "mimic"


def test_there_are_the_31_tables_of_the_release() -> None:
    assert Counter(table.module for table in TABLES) == {"hosp": 22, "icu": 9}


def test_no_column_stands_twice() -> None:
    for table in TABLES:
        assert len(set(table.column_names)) == len(table.column_names), table


def test_the_study_needs_the_thirteen_tables_that_its_models_read() -> None:
    assert {str(table) for table in TABLES if table.needed} == {
        "hosp/patients",
        "hosp/admissions",
        "hosp/labevents",
        "hosp/microbiologyevents",
        "hosp/prescriptions",
        "hosp/diagnoses_icd",
        "hosp/services",
        "hosp/d_labitems",
        "icu/icustays",
        "icu/chartevents",
        "icu/inputevents",
        "icu/outputevents",
        "icu/procedureevents",
    }


def test_every_index_is_on_a_column_of_its_table() -> None:
    columns = {table.name: table.column_names for table in TABLES}
    assert all(column in columns[table] for table, column in INDEXES.items())


def test_needed_columns_are_those_that_the_staging_models_read() -> None:
    for table in TABLES:
        model = STAGING / f"stg_mimic__{table.name}.sql"
        text = re.sub(r"/\*.*?\*/", "", model.read_text(), flags=re.DOTALL) if model.exists() else ""
        words = set(re.findall(r"\w+", text))
        assert {column.name for column in table.columns if column.needed} == words & set(table.column_names), table
