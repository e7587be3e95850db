"""Neither a value of a row nor a password gets into a log, a message or a file, whatever fails."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from mimic_db import server
from tests.integration.conftest import PROJECT, TWO_PATIENTS, fill

pytestmark = pytest.mark.needs_half_an_hour

IN_A_ROW = "words-of-a-patient"
STAY = "31415926"  # numbers identify too
PASSWORD = "never-to-be-seen"  # noqa: S105
# values where the study reads text and keys, and faults that make tests fail
HOSTILE = f"""
update mimiciv_hosp.admissions set race = '{IN_A_ROW}';
update mimiciv_icu.icustays set stay_id = {STAY} where stay_id = 102;
update mimiciv_icu.inputevents set stay_id = {STAY};
update mimiciv_icu.chartevents set stay_id = {STAY} where stay_id = 102;
update mimiciv_hosp.patients set gender = 'X', anchor_age = 300;
insert into mimiciv_icu.chartevents (subject_id, hadm_id, stay_id, charttime, itemid, value, valueuom) values
    (2, 12, {STAY}, '2150-01-01 07:00', 226732, '{IN_A_ROW}', '{IN_A_ROW}'),
    (2, 12, 1{STAY}, '2150-01-01 07:00', 226732, '{IN_A_ROW}', '{IN_A_ROW}');
"""
# a unit that stops the build at its beginning, taken away again; and one in a table, which a test finds
UNIT = {
    "refused": f"update mimiciv_icu.inputevents set rateuom = '{IN_A_ROW}'",
    "run": "update mimiciv_icu.inputevents set rateuom = 'mcg/kg/hour'",
    "test": f"update dexsic.int_infusion set rate_unit = '{IN_A_ROW}'",
}


@pytest.fixture(scope="module")
def said(make_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory, embedded_server: Path) -> Path:
    """A folder with all that dbt at its most talkative and the statistics said and wrote about a database of faults."""
    folder = tmp_path_factory.mktemp("said")
    dsn = fill(make_database(), TWO_PATIENTS)
    with psycopg.connect(dsn) as connection:
        connection.execute(HOSTILE.encode())
    shutil.copy(PROJECT / "profiles.example.yml", folder / "profiles.yml")
    environment = os.environ | server.dbt_environment(dsn) | {"DEXSIC_PASSWORD": PASSWORD, "PGPASSWORD": PASSWORD}
    place = ("--profiles-dir", str(folder), "--target-path", str(folder / "target"), "--log-path", str(folder))
    everything = ("--log-level-file", "debug", "--log-level", "debug", "--exclude-resource-type", "unit_test")
    for name, command in {
        "refused": ("dbt.cli.main", "build", *place, *everything),
        "run": ("dbt.cli.main", "run", *place, *everything[:-2]),
        "test": ("dbt.cli.main", "test", *place, *everything[:-2], "--exclude", "test_type:unit"),
        "statistics": ("analysis_py.run", "--profiles-dir", str(folder), "--output", str(folder / "output")),
    }.items():
        if name in UNIT:
            with psycopg.connect(dsn) as connection:
                connection.execute(UNIT[name].encode())
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
        )
        (folder / f"{name}.txt").write_text(f"{done.returncode}\n{done.stdout}\n{done.stderr}")
    shutil.copy(embedded_server / server.LOG, folder / "server.txt")
    return folder


def test_what_was_provoked_has_happened(said: Path) -> None:
    log = (said / "dbt.log").read_text()
    assert re.search(r"another text \(1 of \d+ rows\)", (said / "refused.txt").read_text())
    assert "Failure in test accepted_values_int_exposure_row_rate_unit" in log
    assert "select" in log  # the log is at level debug: it holds the SQL
    assert (said / "statistics.txt").read_text().startswith("1\n")


@pytest.mark.parametrize("secret", [IN_A_ROW, STAY, PASSWORD])
def test_it_is_nowhere_to_be_read(secret: str, said: Path) -> None:
    files = [path for path in said.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert [path.name for path in files if secret.encode() in path.read_bytes()] == []
