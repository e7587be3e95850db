"""What the benchmarks and comparisons of engines share: the same data as files, and dbt on each engine."""

import importlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from psycopg import sql

from analysis_py.marts.reader import INSTALL
from mimic_db import server
from mimic_db.database import Connection, connect
from mimic_db.errors import UserError
from mimic_db.load.fingerprint import source_fingerprint
from mimic_db.load.spark import KEYS
from mimic_db.tables import OFFICIAL_SCHEMAS, TABLES
from mimic_db.tables import Table as Source

PROJECT = Path(__file__).parents[1]
_PARAMETERS = "      server_side_parameters:\n"


@dataclass(frozen=True)
class Engine:
    """A target of profiles.example.yml, what it takes from the environment, and settings of Spark besides."""

    target: str
    environment: Mapping[str, str]
    settings: Mapping[str, str] = field(default_factory=dict)


def on_postgres(dsn: str) -> Engine:
    """The data of a database, where they lie."""
    return Engine("dev", server.dbt_environment(dsn) | {"DEXSIC_THREADS": str(os.cpu_count() or 1)})


def on_duckdb(folder: Path, file: Path) -> Engine:
    """The files in `folder`, where they lie; the marts go to `file`."""
    return Engine("duckdb", {"DEXSIC_CSV": str(folder), "DEXSIC_DUCKDB": str(file), "DEXSIC_MEMORY": "8GB"})


def on_spark(folder: Path, tables: Path) -> Engine:
    """The files in `folder`, which are written into Spark's folder `tables` unless they are there."""
    environment = {"DEXSIC_SPARK": str(tables), "DEXSIC_THREADS": str(os.cpu_count() or 1), "DEXSIC_MEMORY": "8GB"}
    run(["-m", "mimic_db", "parquet", "--csv", str(folder)], environment)
    return Engine("spark", environment)


def require_duckdb() -> None:
    """Raise UserError if DuckDB is not installed."""
    if importlib.util.find_spec("duckdb") is None:
        raise UserError(f"DuckDB is not installed: {INSTALL}")


def profiles_of(engine: Engine) -> Path:
    """Where dbt() keeps profiles.yml and what dbt has parsed, which holds only while the connection stays the same."""
    return PROJECT / "target" / "bench" / engine.environment.get("DEXSIC_DBNAME", engine.target)


def dbt(engine: Engine, *command: str) -> float:
    """Seconds that a command of dbt takes.

    Raises:
        UserError: it failed.
    """
    folder = profiles_of(engine)
    folder.mkdir(parents=True, exist_ok=True)
    profile = (PROJECT / "profiles.example.yml").read_text(encoding="utf-8")
    more = "".join(f"        {name}: {json.dumps(value)}\n" for name, value in engine.settings.items())
    head, spark_settings, rest = profile.partition(_PARAMETERS)
    (folder / "profiles.yml").write_text(head + spark_settings + more + rest, encoding="utf-8")
    places = ["--profiles-dir", str(folder), "--target-path", str(folder), "--target", engine.target]
    began = time.perf_counter()
    run(["-m", "dbt.cli.main", *command, *places], engine.environment)
    return time.perf_counter() - began


def run(command: Sequence[str], environment: Mapping[str, str], project: Path = PROJECT) -> None:
    """A command of Python in the folder of a project.

    Raises:
        UserError: it failed.
    """
    done = subprocess.run(  # noqa: S603
        [sys.executable, *command],
        cwd=project,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise UserError(f"{' '.join(command)} failed: {(done.stdout + done.stderr).strip()[-600:]}")


def parquet_of(dsn: str, folder: Path) -> None:
    """Write the tables that the study needs as Parquet, sorted by patient or stay, unless that was done before."""
    done = folder / "made_from"
    with connect(dsn) as connection:
        state = source_fingerprint(connection, [*OFFICIAL_SCHEMAS.values()])
    if done.is_file() and done.read_text() == state:
        return
    shutil.rmtree(folder, ignore_errors=True)
    for module in OFFICIAL_SCHEMAS:
        (folder / module).mkdir(parents=True)
    with connect(dsn) as connection:
        for table in TABLES:
            if table.needed:
                print(f"writing {table} as Parquet", file=sys.stderr)
                _write(connection, table, folder / table.module / f"{table.name}.parquet")
    done.write_text(state)


def _write(connection: Connection, table: Source, path: Path) -> None:
    """One table, by way of a CSV file: DuckDB reads what PostgreSQL writes."""
    columns = [column for column in table.columns if column.needed]
    names = [column.name for column in columns]
    with tempfile.TemporaryDirectory(dir=path.parent) as aside:
        rows = Path(aside) / "rows.csv"
        command = sql.SQL("copy (select {} from {}) to stdout (format csv, header)").format(
            sql.SQL(", ").join(map(sql.Identifier, names)),
            sql.Identifier(OFFICIAL_SCHEMAS[table.module], table.name),
        )
        with connection.cursor() as cursor, cursor.copy(command) as copied, rows.open("wb") as file:
            for block in copied:
                file.write(block)
        types = sql.SQL(", ").join(
            sql.SQL("{}: {}").format(sql.Literal(column.name), sql.Literal(column.type.partition("(")[0]))
            for column in columns
        )
        key = next((name for name in KEYS if name in names), names[0])
        statement = sql.SQL(
            "copy (select * from read_csv({}, auto_detect = false, header = true, delim = ',', quote = '\"',"
            " escape = '\"', nullstr = '', allow_quoted_nulls = false, columns = {{{}}}) order by {}) to {}"
            " (format parquet)"
        ).format(sql.Literal(str(rows)), types, sql.Identifier(key), sql.Literal(str(path)))
        duckdb = importlib.import_module("duckdb")
        with duckdb.connect(config={"memory_limit": "4GB", "temp_directory": aside}) as engine:
            engine.execute("set enable_progress_bar = false")
            engine.execute(statement.as_string(None))
