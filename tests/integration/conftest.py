"""Databases with our tables built in them, one build per session for all tests that read it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest

from mimic_db import server
from mimic_db.__main__ import main as mimic_db
from mimic_db.tables import OFFICIAL_SCHEMAS, TABLES, create_table
from twin.__main__ import main as twin

PROJECT = Path(__file__).parents[2]
GENERATED = ("--stays", "300", "--seed", "7")
PERMISSIVE = {"sic_min_score": 1}
# seeds and models, without tests
BUILD = ("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")

# two patients without a fault; the second is on 0.5 mcg/kg/hour of dexmedetomidine
TWO_PATIENTS = """
insert into mimiciv_hosp.patients (subject_id, gender, anchor_age, anchor_year, anchor_year_group) values
    (1, 'F', 70, 2150, '2014 - 2016'), (2, 'M', 60, 2150, '2014 - 2016');
insert into mimiciv_hosp.admissions (subject_id, hadm_id, admittime, dischtime, admission_type) values
    (1, 11, '2150-01-01 00:00', '2150-01-09 00:00', 'EW EMER.'),
    (2, 12, '2150-01-01 00:00', '2150-01-09 00:00', 'EW EMER.');
insert into mimiciv_icu.icustays (subject_id, hadm_id, stay_id, intime, outtime) values
    (1, 11, 101, '2150-01-01 06:00', '2150-01-05 06:00'), (2, 12, 102, '2150-01-01 06:00', '2150-01-05 06:00');
insert into mimiciv_icu.chartevents (subject_id, hadm_id, stay_id, charttime, itemid, valuenum) values
    (1, 11, 101, '2150-01-01 07:00', 220045, 80), (1, 11, 101, '2150-01-03 07:00', 220045, 90),
    (2, 12, 102, '2150-01-01 07:00', 220045, 80);
insert into mimiciv_hosp.labevents (labevent_id, subject_id, hadm_id, specimen_id, itemid, charttime, valuenum) values
    (1, 1, 11, 1, 51265, '2150-01-01 08:00', 90), (2, 2, 12, 2, 51237, '2150-01-01 08:00', 1.3);
insert into mimiciv_icu.inputevents
    (subject_id, hadm_id, stay_id, starttime, endtime, itemid, orderid, rate, rateuom, amount, amountuom, patientweight)
    values (2, 12, 102, '2150-01-01 08:00', '2150-01-01 20:00', 225150, 7, 0.5, 'mcg/kg/hour', 480, 'mcg', 80);
"""

RunDbt = Callable[..., Path]
Dbt = Callable[..., dbtRunnerResult]


@pytest.fixture(scope="session")
def run_dbt(tmp_path_factory: pytest.TempPathFactory) -> RunDbt:
    """Call it with a DSN and dbt's arguments, and `schema` and `variables` (YAML) as wanted, for the target folder."""
    folder = tmp_path_factory.mktemp("dbt")
    shutil.copy(PROJECT / "profiles.example.yml", folder / "profiles.yml")

    def run(dsn: str, *command: str, schema: str = "dexsic", variables: str = "{}") -> Path:
        options = ["--project-dir", str(PROJECT), "--profiles-dir", str(folder), "--vars", variables, "--quiet"]
        options += ["--target-path", str(folder / "target"), "--log-path", str(folder)]
        done = subprocess.run(
            [Path(sys.executable).with_name("dbt"), *command, *options],
            env=os.environ | server.dbt_environment(dsn) | {"DEXSIC_SCHEMA": schema},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return folder / "target"

    return run


@pytest.fixture(scope="session")
def built_demo(demo_folder: Path, make_database: Callable[[], str], run_dbt: RunDbt) -> str:
    """DSN of the MIMIC-IV demo with our tables in the schema dexsic; for tests marked needs_shared."""
    dsn = make_database()
    assert mimic_db(["load", "--csv", str(demo_folder), "--dsn", dsn]) == 0
    run_dbt(dsn, *BUILD)
    return dsn


@pytest.fixture(scope="session")
def permissive_demo(built_demo: str, run_dbt: RunDbt) -> str:
    """The schema in built_demo's database that is built with PERMISSIVE, which leaves more stays in the trial."""
    run_dbt(built_demo, *BUILD, schema="permissive", variables=json.dumps(PERMISSIVE))
    return "permissive"


@pytest.fixture(scope="session")
def built_generated(make_database: Callable[[], str], run_dbt: RunDbt) -> str:
    """DSN of generated data with our tables in the schema dexsic."""
    dsn = make_database()
    assert twin(["generate", *GENERATED, "--dsn", dsn]) == 0
    run_dbt(dsn, *BUILD)
    return dsn


@contextmanager
def dbt_on(database: str, folder: Path, schema: str, *more: str) -> Iterator[Dbt]:
    """Runs dbt commands on a database, each with the options `more`, in this process; the project is parsed once."""
    shutil.copy(PROJECT / "profiles.example.yml", folder / "profiles.yml")
    # no --vars of its own: of two the last counts, and a test may give one
    options = ["--quiet", "--project-dir", str(PROJECT), "--profiles-dir", str(folder), *more]
    options += ["--target-path", str(folder / "target"), "--log-path", str(folder)]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (server.dbt_environment(database) | {"DEXSIC_SCHEMA": schema}).items():
            patch.setenv(name, value)
        parsed = dbtRunner().invoke(["parse", *options])
        assert isinstance(parsed.result, Manifest), parsed.exception
        runner = dbtRunner(manifest=parsed.result)
        yield lambda *command: runner.invoke([*command, *options])


def fill(dsn: str, rows: str) -> str:
    """Make the tables of MIMIC-IV that the study needs, with `rows` (SQL); gives the DSN back."""
    with psycopg.connect(dsn) as connection:
        for schema in OFFICIAL_SCHEMAS.values():
            connection.execute(f"create schema {schema}".encode())
        for table in TABLES:
            if table.needed:
                connection.execute(create_table(table, OFFICIAL_SCHEMAS[table.module]))
        connection.execute(rows.encode())
    return dsn


@pytest.fixture(scope="module")
def two_patients(make_database: Callable[[], str]) -> str:
    """DSN of TWO_PATIENTS with the tables of MIMIC-IV that the study needs, for one file of tests."""
    return fill(make_database(), TWO_PATIENTS)
