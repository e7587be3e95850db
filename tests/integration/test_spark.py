"""The same models on Spark, from Parquet, and on PostgreSQL: every cell of every mart, and macros by themselves."""

import importlib
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from mimic_db import server
from mimic_db.spark import open_session, spark_type
from tests import engines
from tests.integration.conftest import PROJECT
from tests.integration.test_engines import MACROS, _query

pytestmark = pytest.mark.needs_spark


def run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A program of the environment, with its Spark tables in `folder`."""
    return subprocess.run(
        [Path(sys.executable).with_name(command[0]), *command[1:]],
        cwd=PROJECT,
        env=os.environ
        | {"DEXSIC_SPARK": str(folder), "DEXSIC_SPARK_BUCKETS": "4", "DEXSIC_SCHEMA": "dexsic"}
        | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def dbt(folder: Path, *command: str, target: str = "spark", **environment: str) -> subprocess.CompletedProcess[str]:
    """A command of dbt on `target`."""
    shutil.copy(PROJECT / "profiles.example.yml", folder / "profiles.yml")
    options = ["--quiet", "--target", target, "--profiles-dir", str(folder)]
    options += ["--target-path", str(folder / f"target-{target}"), "--log-path", str(folder)]
    return run(folder, "dbt", *command, *options, **environment)


@pytest.fixture(scope="module")
def demo_tables(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of Spark's tables in which every model was made from the demo."""
    folder = tmp_path_factory.mktemp("spark")
    for command in (
        ("python", "-m", "mimic_db", "parquet", "--csv", str(demo_folder)),
        ("seed",),
        ("run",),
    ):
        done = run(folder, *command) if command[0] == "python" else dbt(folder, *command)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.needs_shared
@pytest.mark.needs_duckdb  # which reads Spark's files
def test_every_cell_of_the_demo_is_the_same(demo_tables: Path, built_demo: str) -> None:
    compared = engines.compare(built_demo, demo_tables, "dexsic")
    assert {each.mart for each in compared} >= {"analysis_cohort", "sofa_hourly"}
    assert [each for each in compared if not each.is_equal] == []


@pytest.mark.needs_shared
@pytest.mark.needs_duckdb
def test_the_record_says_what_was_built(demo_tables: Path) -> None:
    def read(name: str, columns: str) -> list[Any]:
        files = demo_tables / "warehouse" / "dexsic.db" / f"build_{name}" / "*.parquet"
        query = f"select {columns} from read_parquet('{files}') order by 1"
        found: list[Any] = importlib.import_module("duckdb").execute(query).fetchall()
        return found

    ((status, adapter, built, in_project),) = read("run", "status, adapter, models_built, models_in_project")
    assert (status, adapter) == ("complete", "spark")
    assert built == in_project == len(read("model", "name"))
    assert ("mimiciv_icu.icustays", 140) in read("source", "name, about_rows")
    assert ("exposure_drug", '"dexmedetomidine"') in read("definition", "name, value")


def test_a_file_with_a_number_that_is_none_is_refused(mimic_folder: Path, tmp_path: Path) -> None:
    path = next((mimic_folder / "icu").glob("icustays.csv*"))
    header, first, *others = path.read_text().splitlines()
    path.write_text("\n".join([header, first.replace(first.split(",")[0], "12x", 1), *others]) + "\n")
    done = run(tmp_path, "python", "-m", "mimic_db", "parquet", "--csv", str(mimic_folder))
    assert done.returncode == 1
    assert f"{path.name} was not written" in done.stderr and "12x" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_macro_means_the_same_on_spark(make_database: Callable[[], str], tmp_path: Path) -> None:
    dsn = make_database()
    # one compilation for all: each takes seconds
    template = "\n-- case\n".join(_query(*case, name=name) for name, case in MACROS.items())
    compiled = {}
    for target in ("dev", "spark"):
        done = dbt(tmp_path, "compile", "--inline", template, target=target, **server.dbt_environment(dsn))
        assert done.returncode == 0, done.stdout + done.stderr
        compiled[target] = done.stdout[done.stdout.index("select") :].split("-- case\n")
    spark = open_session(tmp_path / "session")
    try:
        with psycopg.connect(dsn, autocommit=True) as connection:
            differing = []
            for name, theirs, ours in zip(MACROS, compiled["dev"], compiled["spark"], strict=True):
                kind = MACROS[name][0]
                # the cases' own types, which are PostgreSQL's
                query = ours.replace(f" as {kind})", f" as {spark_type(kind)})").replace(
                    " as double precision)", " as double)"
                )
                expected, found = _rows(connection.execute(theirs.encode())), _rows(spark.sql(query).collect())
                if found != expected:
                    differing.append((name, expected, found))
    finally:
        spark.stop()
    assert differing == []


def _rows(rows: Iterable[Any]) -> list[tuple[Any, ...]]:
    return [tuple("NaN" if isinstance(cell, float) and math.isnan(cell) else cell for cell in row) for row in rows]
