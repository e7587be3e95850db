"""The external cohort from its files to the report: generated, built, compared with what was meant, and refused."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import psycopg
import pytest

from analysis_py.marts.generated import PATIENTS
from mimic_db import server
from mimic_db.__main__ import main as mimic_db
from mimic_db.database import connect
from tests.integration.conftest import RunDbt
from twin import oracle
from twin.__main__ import main as twin

PROJECT = Path(__file__).parents[2]
DATABASE = "generated_300_7"
ON = "{zigong: true}"
pytestmark = pytest.mark.needs_an_hour

MODELS = ("build", "--select", "path:models/staging/zigong", "path:models/intermediate/zigong")


def study(output: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    options = ["--stays", "300", "--seed", "7", "--output", str(output), *arguments]
    return subprocess.run(
        [sys.executable, "-m", "study", *options],
        cwd=PROJECT,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def both(embedded_server: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Output folder and terminal of `make study ZIGONG=generated`."""
    output = tmp_path_factory.mktemp("zigong") / "output"
    done = study(output, "--zigong", "generated")
    assert done.returncode == 0, done.stdout + done.stderr
    return output, done.stdout


@pytest.fixture(scope="module")
def dsn(both: tuple[Path, str]) -> str:
    """The database of that study."""
    return server.url(DATABASE)


def test_the_study_ends_with_both_cohorts(both: tuple[Path, str]) -> None:
    output, text = both
    assert "External cohort (Zigong)" in text
    page = (output / "report.html").read_text()
    assert 'id="external"' in page and "0.49 (0.27 to 0.89)" in page
    results = pd.read_csv(output / "results.csv")
    assert {"full", "zigong"} <= set(results["cohort"].str.split(" ").str[0])
    assert results["note"].str.endswith(PATIENTS).all()
    ratio = results[(results["analysis"] == "outcome_models") & (results["cohort"] == "zigong")]
    assert list(ratio["model"]) == ["model 1", "adjusted"] and ratio["estimate"].notna().all()
    assert (output / "figures" / "zigong_forest.svg").stat().st_size > 0


def test_every_patient_and_step_is_as_meant(dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert oracle.main(["--dsn", dsn, "--zigong"]) == 0
    assert "int_zigong_patient" in capsys.readouterr().out


def test_with_the_nursing_chart_more_is_known_of_some(dsn: str, run_dbt: RunDbt) -> None:
    run_dbt(dsn, "seed", schema="nursing", variables=ON)
    run_dbt(dsn, *MODELS, "int_zigong_patient", schema="nursing", variables="{zigong: true, zigong_nursing: true}")
    with connect(dsn) as connection:
        row = connection.execute(
            "select count(nursing.map_mmhg), count(plain.map_mmhg), min(nursing.sofa_score - plain.sofa_score),"
            " max(nursing.sofa_score - plain.sofa_score)"
            " from nursing.int_zigong_patient as nursing join dexsic.int_zigong_patient as plain using (stay_id)"
        ).fetchone()
    assert row is not None
    known, unknown, least, most = row
    assert known > 0 and unknown == 0 and least == 0 and most > 0


def test_without_the_var_nothing_of_it_is_built(dsn: str, run_dbt: RunDbt) -> None:
    run_dbt(dsn, "build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test", schema="alone")
    with connect(dsn) as connection:
        found = connection.execute(
            "select count(*), count(*) filter (where table_name like '%zigong%')"
            " from information_schema.tables where table_schema = 'alone'"
        ).fetchone()
    assert found is not None and found[0] > 60 and found[1] == 0


@pytest.mark.parametrize(
    ("change", "back", "told"),
    [
        (
            "update zigong.dtlab set unit = 'mg%' where item like 'Total bilirubin%' and unit like '_mol/L'",
            "update zigong.dtlab set unit = 'umol/L' where unit = 'mg%'",
            'Total bilirubin (TBIL) in "mg%"',
        ),
        (
            "insert into zigong.dtdrugs (patient_id, drugname)"
            " select patient_id, 'Dexmedetomdine inj' from zigong.dtbaseline",
            "delete from zigong.dtdrugs where drugname = 'Dexmedetomdine inj'",
            '"Dexmedetomdine inj"',
        ),
    ],
    ids=["unit", "drug"],
)
def test_a_word_never_seen_is_refused_with_the_word(
    dsn: str, tmp_path: Path, change: str, back: str, told: str, both: tuple[Path, str]
) -> None:
    # the server reports a session's writes when it has ended
    with psycopg.connect(dsn) as connection:
        connection.execute(change.encode())
    try:
        done = study(tmp_path / "output", "--zigong", "generated")
    finally:
        with psycopg.connect(dsn) as connection:
            connection.execute(back.encode())
    assert done.returncode == 1
    assert told in done.stderr and "seeds/zigong_" in done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "output").exists()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The seven files of a small generated cohort."""
    where = tmp_path_factory.mktemp("files") / "zigong"
    assert twin(["generate", "--zigong", "--patients", "60", "--folder", str(where)]) == 0
    yield where


def test_generated_files_are_known_as_such_however_they_are_loaded(
    folder: Path, make_database: Callable[[], str]
) -> None:
    dsn = make_database()
    assert mimic_db(["load", "--zigong", str(folder), "--dsn", dsn]) == 0
    with connect(dsn) as connection:
        found = connection.execute("select count(*) from zigong.dtbaseline").fetchone()
        stamp = connection.execute("select patients, seed, design from mimic_db.zigong_generated").fetchone()
    # the folder has the generator's mark, so that whoever loads it by hand is told too
    assert found == (60,) and stamp == (60, 1, "hazard ratio 0.49")


def test_a_missing_file_ends_the_study_before_the_build(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "zigong"
    broken.mkdir()
    for path in folder.iterdir():
        if not path.name.lower().startswith("dtlab"):
            (broken / path.name).write_bytes(path.read_bytes())
    done = study(tmp_path / "output", "--zigong", str(broken))
    assert done.returncode == 1 and "dtLab" in done.stderr and "dbt build" not in done.stdout
