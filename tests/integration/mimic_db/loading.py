"""What the tests of both loaders share."""

import subprocess
import sys
import time
from pathlib import Path

import psycopg


def rows(dsn: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(query).fetchall()


def standing(option: str, folder: Path, dsn: str) -> tuple[subprocess.Popen[str], int]:
    """A load (--csv or --zigong) that stands still because a trigger of a table sleeps; and its server process."""
    loading = subprocess.Popen(
        [sys.executable, "-m", "mimic_db", "load", option, folder, "--dsn", dsn],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    sleeping = "select pid from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()"
    deadline = time.monotonic() + 20
    while not (found := rows(dsn, sleeping)):
        assert time.monotonic() < deadline, "the load never came to the table with the trigger"
        time.sleep(0.05)
    return loading, int(str(found[0][0]))
