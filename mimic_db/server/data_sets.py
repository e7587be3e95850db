"""The databases of the embedded server, one for each data set."""

import contextlib
import re
from pathlib import Path

import psycopg
from psycopg import sql

from mimic_db.database import connect
from mimic_db.errors import UserError
from mimic_db.server.address import url
from mimic_db.server.process import start


def ensure_database(name: str, data_dir: Path | None = None) -> str:
    """Start the server if needed, create the database if needed, and return its URI.

    Raises:
        UserError: `name` is not a plain lower-case name, or the server does not come up.
    """
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
        raise UserError(f"{name!r} is no database name: take lower-case letters, digits and _ (at most 63)")
    start(data_dir)
    with connect(url(data_dir=data_dir)) as connection:
        known = connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone()
        if not known:
            with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    return url(name, data_dir)


def databases(data_dir: Path | None = None) -> list[str]:
    """Names of the data sets on the running server, sorted."""
    with connect(url(data_dir=data_dir)) as connection:
        rows = connection.execute(
            "select datname from pg_database where not datistemplate and datname <> 'postgres' order by datname"
        )
        return [name for (name,) in rows]
