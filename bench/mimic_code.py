"""mimic-code's concepts, from a checkout of it, on the data that ours are measured on."""

import importlib
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from psycopg import sql

from mimic_db import server
from mimic_db.database import Connection, connect
from mimic_db.errors import UserError
from mimic_db.tables import OFFICIAL_SCHEMAS


def on_postgres(dsn: str, checkout: Path) -> float:
    """Seconds for all concepts, by psql as mimic-code says.

    Raises:
        UserError: there is no such checkout, or a concept fails.
    """
    folder = _folder(checkout, "concepts_postgres")
    with connect(dsn) as connection:
        connection.execute("create schema if not exists mimiciv_derived")
    command = [server.psql_program(), "--quiet", "--no-psqlrc", "--file", "postgres-make-concepts.sql"]
    began = time.perf_counter()
    done = subprocess.run(  # noqa: S603
        command,
        env=os.environ | server.libpq_environment(dsn),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise UserError(f"mimic-code on PostgreSQL failed: {done.stderr.strip()[-600:]}")
    return time.perf_counter() - began


def on_duckdb(dsn: str, aside: Path, checkout: Path, threads: int) -> float:
    """Seconds for all concepts, from tables in a DuckDB file in `aside`; those of `dsn` are put there first, uncounted.

    Raises:
        UserError: there is no such checkout.
    """
    folder = _folder(checkout, "concepts_duckdb")
    concepts = re.findall(r"^\.read (\S+)", (folder / "duckdb.sql").read_text(), re.MULTILINE)
    duckdb = importlib.import_module("duckdb")
    settings = {"threads": threads, "memory_limit": "8GB"}
    with (
        tempfile.TemporaryDirectory(dir=aside) as place,
        duckdb.connect(f"{place}/mimic.db", config=settings) as engine,
        connect(dsn) as connection,
    ):
        engine.execute("set enable_progress_bar = false")
        for schema in OFFICIAL_SCHEMAS.values():
            engine.execute(f"create schema {schema}")
            _copy_schema(connection, engine, schema, Path(place) / "rows.csv")
        engine.execute("create schema mimiciv_derived")
        engine.execute("checkpoint")
        began = time.perf_counter()
        for concept in concepts:
            engine.execute((folder / concept).read_text())
        engine.execute("checkpoint")
        return time.perf_counter() - began


def _folder(checkout: Path, concepts: str) -> Path:
    folder = checkout / "mimic-iv" / concepts
    if not folder.is_dir():
        raise UserError(f"{folder} is not there: MIMIC_CODE must name a checkout of mimic-code")
    return folder


def _copy_schema(connection: Connection, engine: Any, schema: str, rows: Path) -> None:
    """All tables, one after another by way of the file `rows`."""
    columns = connection.execute(
        "select table_name, column_name, data_type from information_schema.columns where table_schema = %s"
        " order by table_name, ordinal_position",
        [schema],
    ).fetchall()
    for table in dict.fromkeys(name for name, _, _ in columns):
        command = sql.SQL("copy {} to stdout (format csv)").format(sql.Identifier(schema, table))
        with connection.cursor() as cursor, cursor.copy(command) as copied, rows.open("wb") as file:
            for block in copied:
                file.write(block)
        types = sql.SQL(", ").join(
            sql.SQL("{}: {}").format(sql.Literal(column), sql.Literal(kind))
            for name, column, kind in columns
            if name == table
        )
        statement = sql.SQL(
            "create table {} as select * from read_csv({}, auto_detect = false, header = false, quote = '\"',"
            " escape = '\"', nullstr = '', columns = {{{}}})"
        ).format(sql.Identifier(schema, table), sql.Literal(str(rows)), types)
        engine.execute(statement.as_string(None))
        rows.unlink()
