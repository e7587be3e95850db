"""`python -m bench.engines`: the same build on PostgreSQL and, from Parquet files, on DuckDB; ratios of one run.

The MIMIC-IV demo is multiplied in the embedded server (12 GB of disk at the default size) and written once as Parquet
(0.5 GB); both are kept for the next run. Then every cell of every mart is compared. Needs requirements-duckdb.txt.
"""

import argparse
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from psycopg import sql
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from bench.__main__ import DEMO
from bench.multiply import multiplied_demo
from mimic_db import server
from mimic_db.database import Connection, connect
from mimic_db.errors import UserError
from mimic_db.tables import OFFICIAL_SCHEMAS, TABLES
from mimic_db.tables import Table as Source

PROJECT = Path(__file__).parents[1]
_KEYS = ("subject_id", "stay_id", "hadm_id")  # files are sorted by the first that a table has


def main() -> int:
    """Measure and print; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.engines", description=__doc__)
    parser.add_argument("--csv", type=Path, default=DEMO, help="the MIMIC-IV demo's folder")
    parser.add_argument("--times", type=int, default=50, help="how many demos (50)")
    options = parser.parse_args()
    try:
        _measure(options.csv, options.times)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _measure(demo: Path, times: int) -> None:
    try:
        importlib.import_module("duckdb")
    except ImportError:
        raise UserError("DuckDB is not installed: pip install --no-deps -r requirements-duckdb.txt") from None
    dsn = multiplied_demo(demo, times)
    folder = PROJECT / ".duckdb" / f"bench_{times}"
    parquet_of(dsn, folder)
    file = folder / "marts.db"
    postgres = server.dbt_environment(dsn) | {"DEXSIC_THREADS": str(os.cpu_count() or 1)}
    duckdb = {"DEXSIC_CSV": str(folder), "DEXSIC_DUCKDB": str(file), "DEXSIC_MEMORY": "8GB"}
    took = {}
    for name, target, environment in (("PostgreSQL", "dev", postgres), ("DuckDB, from Parquet", "duckdb", duckdb)):
        _dbt("seed", target, environment)
        took[name] = min(_dbt("run", target, environment) for _ in range(2))
    nothing = min(_dbt("parse", "dev", postgres) for _ in range(2))
    table = Table("dbt run", "seconds", "ratio", box=SIMPLE)
    first = next(iter(took.values()))
    for name, seconds in took.items():
        table.add_row(name, f"{seconds:.1f}", f"{seconds / first:.2f}")
    table.add_row("dbt parse, the start and the end of dbt alone", f"{nothing:.1f}", f"{nothing / first:.2f}")
    Console(width=120).print(table)
    command = [sys.executable, "-m", "tests.engines", "--dsn", dsn, "--duckdb", str(file)]
    if subprocess.run(command, cwd=PROJECT, check=False).returncode:  # noqa: S603
        raise UserError("the marts differ")


def parquet_of(dsn: str, folder: Path) -> None:
    """Write the tables that the study needs as Parquet, each sorted by patient, unless they are there."""
    if (folder / "done").is_file():
        return
    shutil.rmtree(folder, ignore_errors=True)
    for module in OFFICIAL_SCHEMAS:
        (folder / module).mkdir(parents=True)
    with connect(dsn) as connection:
        for table in TABLES:
            if table.needed:
                print(f"writing {table} as Parquet", file=sys.stderr)
                _write(connection, table, folder / table.module / f"{table.name}.parquet")
    (folder / "done").touch()


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
        key = next((name for name in _KEYS if name in names), names[0])
        statement = sql.SQL(
            "copy (select * from read_csv({}, auto_detect = false, header = true, delim = ',', quote = '\"',"
            " escape = '\"', nullstr = '', allow_quoted_nulls = false, columns = {{{}}}) order by {}) to {}"
            " (format parquet)"
        ).format(sql.Literal(str(rows)), types, sql.Identifier(key), sql.Literal(str(path)))
        duckdb = importlib.import_module("duckdb")
        with duckdb.connect(config={"memory_limit": "4GB", "temp_directory": aside}) as engine:
            engine.execute("set enable_progress_bar = false")
            engine.execute(statement.as_string(None))


def _dbt(command: str, target: str, environment: Mapping[str, str]) -> float:
    """Seconds that a command of dbt takes."""
    folder = PROJECT / "target" / "bench" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "profiles.yml").write_text((PROJECT / "profiles.example.yml").read_text())
    places = ["--profiles-dir", str(folder), "--target-path", str(folder), "--target", target]
    began = time.perf_counter()
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "dbt.cli.main", command, *places],
        cwd=PROJECT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise UserError(f"dbt {command} --target {target} failed: {(done.stdout + done.stderr).strip()[-600:]}")
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
