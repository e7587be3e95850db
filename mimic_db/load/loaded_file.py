"""What every load does before and around a file: one lock, what the database remembers, whose rows a table holds.

A table of its own, mimic_db.loaded_file, remembers which file each table came from, so that a second run loads only
what has changed and never touches a table that somebody else filled.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from mimic_db.database import Connection
from mimic_db.errors import UserError

LOCK_KEY = 20240612  # any number that other programs do not lock

_MANIFEST = """
create schema if not exists mimic_db;
create table if not exists mimic_db.loaded_file (
    schema_name text not null,
    table_name text not null,
    file_name text not null,
    file_bytes bigint not null,
    file_sha256 text not null,
    row_count bigint not null,
    loaded_at timestamptz not null default now(),
    primary key (schema_name, table_name)
)
"""


@dataclass(frozen=True)
class Target:
    """A table of the database."""

    schema: str
    name: str

    @property
    def identifier(self) -> sql.Identifier:
        """The name as it stands in a statement."""
        return sql.Identifier(self.schema, self.name)

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class LoadedFile:
    """What the database remembers of a loaded file; `size` in bytes."""

    size: int
    sha256: str
    rows: int


def prepare(connection: Connection, schemas: Iterable[str]) -> None:
    """Take the lock of a load, until the session ends; make `schemas` and the memory.

    Raises:
        UserError: another load is running, or the role may not make schemas.
    """
    # a moment: the session of a load that has just ended may still hold it
    connection.execute("set lock_timeout = '3s'")
    try:
        connection.execute("select pg_advisory_lock(%s)", [LOCK_KEY])
    except psycopg.errors.LockNotAvailable:
        raise UserError("another load is running on this database: wait for it, or end it first") from None
    # rather than waiting for ever behind a session that reads the table
    connection.execute("set lock_timeout = '30s'")
    connection.execute("set client_min_messages = warning")
    with _schemas_allowed(connection), connection.transaction():
        connection.execute(_MANIFEST)
        for schema in schemas:
            connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))


@contextmanager
def _schemas_allowed(connection: Connection) -> Iterator[None]:
    try:
        yield
    except psycopg.errors.InsufficientPrivilege:
        role, database = connection.info.user, connection.info.dbname
        remedy = f"load as its owner, or ask for `grant create on database {database} to {role}`"
        raise UserError(f"{role} may not make schemas in database {database}: {remedy}. Nothing was loaded") from None


def remembered(connection: Connection) -> Mapping[Target, LoadedFile]:
    """The file that each table came from; tables that no load filled are absent."""
    rows = connection.execute(
        "select schema_name, table_name, file_bytes, file_sha256, row_count from mimic_db.loaded_file"
    )
    return {Target(schema, name): LoadedFile(size, sha256, count) for schema, name, size, sha256, count in rows}


def remember(connection: Connection, target: Target, file_name: str, now: LoadedFile) -> None:
    """Note that the rows of `target` are those of this file."""
    connection.execute(
        "insert into mimic_db.loaded_file (schema_name, table_name, file_name, file_bytes, file_sha256, row_count)"
        " values (%s, %s, %s, %s, %s, %s) on conflict (schema_name, table_name) do update set"
        " file_name = excluded.file_name, file_bytes = excluded.file_bytes, file_sha256 = excluded.file_sha256,"
        " row_count = excluded.row_count, loaded_at = excluded.loaded_at",
        [target.schema, target.name, file_name, now.size, now.sha256, now.rows],
    )


def refuse_foreign_rows(
    connection: Connection, targets: Iterable[Target], known: Mapping[Target, LoadedFile], instead: str
) -> None:
    """Rows that this program did not load are somebody's work: never truncate them.

    Raises:
        UserError: tables that hold such rows, and what to do `instead`.
    """
    foreign = [str(target) for target in targets if target not in known and _has_rows(connection, target)]
    if foreign:
        raise UserError(
            f"{', '.join(foreign)} already hold(s) rows that `load` did not put there: nothing was changed. {instead}"
        )


def is_loaded(connection: Connection, target: Target, path: Path, known: LoadedFile) -> bool:
    """Whether the rows of `target` are those of the file at `path`: it is read through.

    The rows may be gone though they are remembered: somebody may have dropped or emptied the table since.
    """
    return (known.rows == 0 or _has_rows(connection, target)) and _same_file(path, known)


def _has_rows(connection: Connection, target: Target) -> bool:
    name = target.identifier.as_string(connection)
    if connection.execute("select to_regclass(%s) is not null", [name]).fetchone() != (True,):
        return False
    return connection.execute(sql.SQL("select 1 from {} limit 1").format(target.identifier)).fetchone() is not None


def _same_file(path: Path, known: LoadedFile) -> bool:
    if path.stat().st_size != known.size:
        return False
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest() == known.sha256
