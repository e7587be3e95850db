"""The same models on Spark, from Parquet, and on PostgreSQL: marts, results, and macros by themselves."""

import importlib
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pytest

from analysis_py.marts import read as reading
from analysis_py.marts.errors import StudyError
from analysis_py.marts.profile import Target, find_profiles, read_target
from analysis_py.study.read_marts import read_marts
from bench.builds import parquet_of
from mimic_db import server
from mimic_db.errors import UserError
from mimic_db.load.csv_folder import find_needed
from mimic_db.load.spark import clear, session, spark_type, tables_of, write_tables
from mimic_db.progress import LoadProgress
from pipeline.place import SparkFolder
from tests import engines
from tests.integration.conftest import PROJECT
from tests.integration.test_engines import MACROS, _query, floats_in_parquet

pytestmark = [pytest.mark.needs_spark, pytest.mark.needs_duckdb]  # which reads Spark's files


def run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A module of Python, with its Spark tables in `folder`."""
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=PROJECT,
        env=_environment(folder) | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _environment(folder: Path) -> dict[str, str]:
    ours = {"DEXSIC_SPARK": str(folder), "DEXSIC_SPARK_BUCKETS": "4", "DEXSIC_SCHEMA": "dexsic"}
    # dbt's own files too: another test file may be at work in the project
    return os.environ | ours | {"DBT_TARGET_PATH": str(folder / "target"), "DBT_LOG_PATH": str(folder / "logs")}


def dbt(folder: Path, *command: str, target: str = "spark", **environment: str) -> subprocess.CompletedProcess[str]:
    """A command of dbt on `target`."""
    folder.mkdir(exist_ok=True)
    shutil.copy(PROJECT / "profiles.example.yml", folder / "profiles.yml")
    options = ["--quiet", "--target", target, "--profiles-dir", str(folder)]
    return run(folder, "dbt.cli.main", *command, *options, **environment)


def study(files: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """`make study ENGINE=spark CSV=...`; the results go beside the tables."""
    return run(folder, "study", "--engine", "spark", "--csv", str(files), "--output", str(folder / "output"))


@pytest.fixture(scope="session")
def files(built_generated: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generated data as Parquet; the demo is compared by `make engines`, for which a test has no time."""
    folder = tmp_path_factory.mktemp("spark_files")
    parquet_of(built_generated, folder)
    return folder


@pytest.fixture(scope="session")
def tables(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of Spark's tables in which the study was run, every data test included."""
    folder = tmp_path_factory.mktemp("spark")
    done = study(files, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout + done.stderr
    assert not re.search("WARN|log4j|Setting default log level|Exception", said), said
    return folder


@pytest.fixture
def copied(tables: Path, tmp_path: Path) -> Path:
    """The files of the marts alone, as somebody may copy them from a cluster: DIR/<schema>.db/<table>/."""
    return shutil.copytree(tables_of(tables, "dexsic"), tmp_path / "copied" / "dexsic.db")


# ---- what comes out


@pytest.mark.needs_an_hour
def test_every_cell_is_the_same(tables: Path, built_generated: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert engines.main(["--dsn", built_generated, "--spark", str(tables)]) == 0
    told = capsys.readouterr().out
    assert all(
        re.search(rf"{mart} +[1-9][\d,]* +[1-9][\d,]* +none", told) for mart in engines.MARTS if "zigong" not in mart
    )


@pytest.mark.needs_an_hour
def test_the_results_are_the_same(tables: Path, built_generated: str, tmp_path: Path) -> None:
    ours = pd.read_csv(tables / "output" / "results.csv")
    theirs = results(tmp_path, "dev", tables, **server.dbt_environment(built_generated))
    assert ours["estimate"].notna().sum() > 100
    # the mark of generated data stays in their database
    assert_same(ours.drop(columns="note"), theirs.drop(columns="note"))


def results(place: Path, target: str, tables: Path, **environment: str) -> pd.DataFrame:
    """results.csv of the statistics on `target`."""
    shutil.copy(PROJECT / "profiles.example.yml", place / "profiles.yml")
    options = ["--profiles-dir", str(place), "--target", target, "--output", str(place / target), "--quiet"]
    done = run(tables, "analysis_py.run", *options, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return pd.read_csv(place / target / "results.csv")


def assert_same(ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    """Cell by cell, numbers to 1e-9 of their size."""
    pd.testing.assert_frame_equal(ours, theirs, rtol=1e-9, atol=0)


@pytest.mark.needs_an_hour
def test_the_record_says_what_was_built(tables: Path, built_generated: str) -> None:
    ours = read_marts(Target("dexsic", None, {}, folder=tables_of(tables, "dexsic"))).build
    theirs = read_marts(Target("dexsic", None, psycopg.conninfo.conninfo_to_dict(built_generated))).build
    assert ours.status == "complete" and ours.versions["adapter"] == "spark"
    assert ours.definitions == theirs.definitions and ours.quality == theirs.quality
    assert ours.sources["mimiciv_icu.icustays"] == 300
    assert len(ours.tests) > 500 and {test.status for test in ours.tests} <= {"pass", "warn"}
    assert len(ours.fingerprint) == len(theirs.fingerprint)


@pytest.mark.needs_an_hour
def test_the_study_is_run_once(tables: Path, files: Path) -> None:
    assert {"report.html", "dbt_docs.html"} <= {path.name for path in (tables / "output").iterdir()}
    again = study(files, tables)
    assert again.returncode == 0, again.stdout + again.stderr
    assert again.stdout.count("unchanged") == 13 and again.stdout.count("skipped") == 2, again.stdout


# ---- reading


@pytest.mark.needs_an_hour
def test_a_copy_of_the_files_is_enough(
    copied: Path, tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(PROJECT / "profiles.example.yml", tmp_path / "profiles.yml")
    profile = (tmp_path / "profiles.yml").read_text()
    warehouse = "spark.sql.warehouse.dir: \"{{ env_var('DEXSIC_SPARK', '.spark') }}/warehouse\""
    assert warehouse in profile
    (tmp_path / "profiles.yml").write_text(profile.replace(warehouse, "spark.sql.warehouse.dir: copied"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEXSIC_SCHEMA", "dexsic")
    ours = read_marts(read_target(find_profiles(None), "spark"))
    theirs = read_marts(Target("dexsic", None, {}, folder=tables_of(tables, "dexsic")))
    assert ours.cohort.equals(theirs.cohort) and ours.build == theirs.build


@pytest.mark.needs_an_hour
def test_what_keeps_the_statistics_from_the_tables_is_said(copied: Path, tmp_path: Path) -> None:
    target = Target("dexsic", None, {}, folder=copied)
    with pytest.raises(StudyError, match="there is no folder"):
        read_marts(Target("dexsic", None, {}, folder=tmp_path / "absent"))
    shutil.move(copied / "cohort_flow", tmp_path / "cohort_flow")
    with pytest.raises(StudyError, match=r"cohort_flow.*run `dbt build` first"):
        read_marts(target)
    shutil.move(tmp_path / "cohort_flow", copied / "cohort_flow")
    (record,) = (copied / "build_run").glob("*.parquet")
    aside = record.with_suffix(".aside")
    query = f"select * replace ('unfinished' as status) from read_parquet('{record}')"
    importlib.import_module("duckdb").sql(f"copy ({query}) to '{aside}' (format parquet)")
    aside.rename(record)
    with pytest.raises(StudyError, match="the last dbt build did not finish"):
        read_marts(target)
    next((copied / "cohort_flow").glob("*.parquet")).write_text("no Parquet")
    with pytest.raises(StudyError, match="the marts cannot be read"):
        read_marts(target)


@pytest.mark.needs_an_hour
@pytest.mark.parametrize("tables_are_gone", [False, True])
def test_a_build_that_begins_meanwhile_is_noticed(
    copied: Path, monkeypatch: pytest.MonkeyPatch, tables_are_gone: bool
) -> None:
    def begin_a_build(build: Any, schema: str) -> None:
        (record,) = (copied / "build_run").glob("*.parquet")
        record.rename(record.with_name("of-the-next-build.parquet"))
        if tables_are_gone:
            for file in (copied / "cohort_flow").glob("*.parquet"):
                file.unlink()

    monkeypatch.setattr(reading, "require_one_build", begin_a_build)
    with pytest.raises(StudyError, match="a dbt build has begun"):
        read_marts(Target("dexsic", None, {}, folder=copied))


# ---- writing


def test_a_table_is_written_once_and_when_its_file_changes(
    mimic_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(folder: str = "tables") -> set[str]:
        files = [file for file in find_needed(mimic_folder) if file.table.name in ("patients", "icustays")]
        with LoadProgress() as progress:
            tables = write_tables(files, Path(folder), progress)
        return {table.table.name for table in tables if not table.unchanged}

    monkeypatch.chdir(tmp_path)  # a relative folder is one from here
    path = next((mimic_folder / "icu").glob("icustays.csv*"))
    whole = path.read_text()
    header, first, *others = whole.splitlines()
    path.write_text("\n".join([header, first.replace(first.split(",")[0], "12x", 1), *others]) + "\n")
    with pytest.raises(UserError, match=f"{path.name} was not written.*12x"):
        write()
    path.write_text(whole)
    assert write() == {"icustays"}  # the other was whole
    assert write() == set()
    (tables_of(tmp_path / "tables", "mimiciv_icu") / "icustays" / "_made_from.json").unlink()  # killed before it was
    assert write() == {"icustays"}
    monkeypatch.setenv("DEXSIC_SPARK_BUCKETS", "2")
    assert write() == {"patients", "icustays"}
    Path("tables").rename("elsewhere")
    monkeypatch.setenv("DEXSIC_SPARK_BUCKETS", "1")
    with pytest.raises(UserError, match="elsewhere has been moved"):
        write("elsewhere")


def test_a_row_that_does_not_fit_is_told_in_one_line(mimic_folder: Path, tmp_path: Path) -> None:
    path = next((mimic_folder / "hosp").glob("admissions.csv*"))  # the first to be written
    header, first, *others = path.read_text().splitlines()
    path.write_text("\n".join([header, first.replace(first.split(",")[0], "12x", 1), *others]) + "\n")
    done = run(tmp_path, "mimic_db", "parquet", "--csv", str(mimic_folder))
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {path.name} was not written: [CAST_INVALID_INPUT] The value '12x'"), (
        done.stderr
    )
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.needs_an_hour
def test_a_float_of_four_bytes_is_the_number_that_was_meant(tmp_path: Path) -> None:
    floats_in_parquet(tmp_path)
    folder = tmp_path / "spark"
    with LoadProgress() as progress:
        write_tables(find_needed(tmp_path), folder, progress)
    with session(folder) as spark:
        rows = spark.sql("select rate, amount from mimiciv_icu.inputevents").collect()
    assert [tuple(row) for row in rows] == [(0.1, 5.000000476837158)]


def test_another_process_is_kept_out_and_what_a_killed_one_left_is_cleared(mimic_folder: Path, tmp_path: Path) -> None:
    with session(tmp_path / "tables") as spark:
        spark.sql("create database dexsic")
        spark.sql("create table dexsic.known using parquet as select 1 as one")
        left = tables_of(tmp_path / "tables", "dexsic") / "left" / "part-0.parquet"
        left.parent.mkdir()
        left.touch()
        clear(spark, tmp_path / "tables", "dexsic")
        assert not left.parent.exists()
        assert spark.sql("select one from dexsic.known").collect()[0].one == 1
        second = run(
            tmp_path / "tables", "mimic_db", "parquet", "--csv", str(mimic_folder), "--to", str(tmp_path / "tables")
        )
    assert second.returncode == 1 and "another build is using the folder" in second.stderr, second.stderr
    assert "Traceback" not in second.stderr


def test_without_the_right_java_one_line_says_what_to_do(mimic_folder: Path, tmp_path: Path) -> None:
    command = ("mimic_db", "parquet", "--csv", str(mimic_folder))
    done = run(tmp_path, *command, JAVA_HOME=str(tmp_path / "absent"))
    assert done.returncode == 1
    assert done.stderr.startswith("error: Spark needs Java 17") and "there is none: apt-get install" in done.stderr
    old = tmp_path / "bin" / "java"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'openjdk version \"1.8.0_292\"' >&2\n")
    old.chmod(0o700)
    done = run(tmp_path, *command, JAVA_HOME=str(tmp_path))
    assert done.returncode == 1 and "this is Java 8" in done.stderr
    done = run(tmp_path, *command, DEXSIC_MEMORY="much")
    assert done.returncode == 1 and "Spark did not start: Invalid maximum heap size" in done.stderr, done.stderr


@pytest.mark.needs_an_hour
def test_an_interrupted_build_ends_at_once_and_is_not_taken_for_finished(mimic_folder: Path, tmp_path: Path) -> None:
    place = SparkFolder(tmp_path / "tables", "dexsic")
    command = ["study", "--engine", "spark", "--csv", str(mimic_folder), "--output", str(tmp_path / "output")]
    with subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=PROJECT,
        env=_environment(place.path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as building:
        deadline = time.monotonic() + 240
        while not any(place.marts.glob("int_*")) and building.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        began = time.monotonic()
        building.send_signal(signal.SIGINT)
        _, said = building.communicate(timeout=120)
    assert building.returncode == 130, said
    assert time.monotonic() - began < 30
    assert "interrupted: the same command goes on from here" in said and "Traceback" not in said
    with pytest.raises(StudyError, match="the last dbt build did not finish"):
        read_marts(Target("dexsic", None, {}, folder=place.marts))


# ---- macros


def test_a_macro_means_the_same_on_spark(make_database: Callable[[], str], tmp_path: Path) -> None:
    dsn = make_database()
    # one compilation for all: each takes seconds
    template = "\n-- case\n".join(_query(*case, name=name) for name, case in MACROS.items())
    compiled = {}
    for target in ("dev", "spark"):
        done = dbt(tmp_path, "compile", "--inline", template, target=target, **server.dbt_environment(dsn))
        assert done.returncode == 0, done.stdout + done.stderr
        compiled[target] = done.stdout[done.stdout.index("select") :].split("-- case\n")
    with session(tmp_path / "session") as spark, psycopg.connect(dsn, autocommit=True) as connection:
        differing = []
        for name, theirs, ours in zip(MACROS, compiled["dev"], compiled["spark"], strict=True):
            kind = MACROS[name][0]
            # the cases' own types, which are PostgreSQL's
            query = ours.replace(f" as {kind})", f" as {spark_type(kind)})").replace(
                " as double precision)", " as double)"
            )
            expected = _rows(connection.execute(theirs.encode()))
            for ansi in ("false", "true"):  # dbt-spark puts it off
                spark.conf.set("spark.sql.ansi.enabled", ansi)
                found = _rows(spark.sql(query).collect())
                if found != expected:
                    differing.append((name, ansi, expected, found))
    assert differing == []


def _rows(rows: Iterable[Any]) -> list[tuple[Any, ...]]:
    return [tuple("NaN" if isinstance(cell, float) and math.isnan(cell) else cell for cell in row) for row in rows]


# ---- last, for it takes the mark of a finished study away


@pytest.mark.needs_an_hour
def test_whatever_writes_tables_takes_the_mark_of_a_finished_study_away(tables: Path) -> None:
    place = SparkFolder(tables, "dexsic")
    assert place.mark() is not None
    done = dbt(tables, "seed", "--select", "ethnicity_group")
    assert done.returncode == 0, done.stdout + done.stderr
    assert place.mark() is None
