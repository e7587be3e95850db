"""Load a folder of MIMIC-IV files: checked first, streamed by COPY, one transaction per table.

A table of its own, mimic_db.loaded_file, remembers which file each table came from, so that a second run loads only
what has changed and never touches a table that somebody else filled.
"""

import gzip
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import psycopg
from psycopg import sql
from psycopg.copy import QueuedLibpqWriter

from mimic_db.csv_folder import UNREADABLE, SourceFile, explain_unreadable
from mimic_db.csv_rows import header_and_rows
from mimic_db.database import Connection, explain
from mimic_db.errors import UserError
from mimic_db.progress import LoadProgress
from mimic_db.tables import OFFICIAL_SCHEMAS, TABLES, Table, create_table

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
class LoadedFile:
    """What the database remembers of a loaded file."""

    size: int
    sha256: str
    rows: int


@dataclass(frozen=True)
class Loaded:
    """A table at the end of a run; `unchanged` if an earlier run had loaded this very file.

    `as_listed` is False if the folder's list of SHA-256 sums knows another file of this name.
    """

    table: Table
    rows: int
    unchanged: bool
    as_listed: bool


def load(connection: Connection, files: list[SourceFile], progress: LoadProgress) -> list[Loaded]:
    """Bring the database to the state of `files`, table by table; what is there already is skipped.

    Raises:
        UserError: a file or row is faulty, the role lacks a privilege, a table belongs to somebody else. The table at
            hand is rolled back, the ones before it stay.
    """
    try:
        with _schemas_allowed(connection):
            _prepare(connection)
        known = _manifest(connection)
        _refuse_foreign_tables(connection, files, known)
        return [_load_or_skip(connection, file, known.get(file.table), progress) for file in files]
    except psycopg.Error as error:
        raise UserError(f"{explain(error)}. Nothing is half-loaded") from None


def missing_tables(files: list[SourceFile]) -> list[Table]:
    """Tables of MIMIC-IV that `files` lacks."""
    present = {file.table for file in files}
    return [table for table in TABLES if table not in present]


def _prepare(connection: Connection) -> None:
    # a moment: the session of a load that has just ended may still hold it
    connection.execute("set lock_timeout = '3s'")
    try:
        connection.execute("select pg_advisory_lock(%s)", [LOCK_KEY])
    except psycopg.errors.LockNotAvailable:
        raise UserError("another load is running on this database: wait for it, or end it first") from None
    # rather than waiting for ever behind a session that reads the table
    connection.execute("set lock_timeout = '30s'")
    connection.execute("set client_min_messages = warning")
    with connection.transaction():
        connection.execute(_MANIFEST)
        for schema in OFFICIAL_SCHEMAS.values():
            connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))


@contextmanager
def _schemas_allowed(connection: Connection) -> Iterator[None]:
    try:
        yield
    except psycopg.errors.InsufficientPrivilege:
        role, database = connection.info.user, connection.info.dbname
        remedy = f"load as its owner, or ask for `grant create on database {database} to {role}`"
        raise UserError(f"{role} may not make schemas in database {database}: {remedy}. Nothing was loaded") from None


def _manifest(connection: Connection) -> Mapping[Table, LoadedFile]:
    rows = connection.execute(
        "select schema_name, table_name, file_bytes, file_sha256, row_count from mimic_db.loaded_file"
    )
    found = {(schema, name): LoadedFile(size, sha256, count) for schema, name, size, sha256, count in rows}
    return {table: found[key] for table in TABLES if (key := (OFFICIAL_SCHEMAS[table.module], table.name)) in found}


def _refuse_foreign_tables(connection: Connection, files: list[SourceFile], known: Mapping[Table, LoadedFile]) -> None:
    """Rows that this program did not load are somebody's work: never truncate them."""
    foreign = [
        f"{schema}.{file.table.name}"
        for file in files
        if file.table not in known and _has_rows(connection, schema := OFFICIAL_SCHEMAS[file.table.module], file.table)
    ]
    if foreign:
        raise UserError(
            f"{', '.join(foreign)} already hold(s) rows that `load` did not put there: nothing was changed. Use that"
            " database as it is (`python -m mimic_db check`), or load into another one (--database)"
        )


def _has_rows(connection: Connection, schema: str, table: Table) -> bool:
    target = sql.Identifier(schema, table.name)
    exists = connection.execute("select to_regclass(%s) is not null", [target.as_string(connection)]).fetchone()
    if exists != (True,):
        return False
    return connection.execute(sql.SQL("select 1 from {} limit 1").format(target)).fetchone() is not None


def _load_or_skip(connection: Connection, file: SourceFile, known: LoadedFile | None, progress: LoadProgress) -> Loaded:
    schema = OFFICIAL_SCHEMAS[file.table.module]
    try:
        if known and _is_there(connection, schema, file.table, known) and _same_file(file.path, known):
            return _loaded(file, known, unchanged=True)
        return _loaded(file, _load_file(connection, file, schema, progress), unchanged=False)
    except UserError as error:
        raise UserError(f"{error}. {_nothing_kept(file)}") from None
    except UNREADABLE as error:
        raise UserError(f"{explain_unreadable(file.path, error)}. {_nothing_kept(file)}") from None
    except psycopg.Error as error:
        raise UserError(f"{file.path}: {explain(error)}. {_nothing_kept(file)}") from None


def _loaded(file: SourceFile, now: LoadedFile, unchanged: bool) -> Loaded:
    return Loaded(file.table, now.rows, unchanged, as_listed=file.sha256 in (None, now.sha256))


def _is_there(connection: Connection, schema: str, table: Table, known: LoadedFile) -> bool:
    """Whether the loaded rows still are: somebody may have dropped or emptied the table since."""
    return known.rows == 0 or _has_rows(connection, schema, table)


def _nothing_kept(file: SourceFile) -> str:
    return f"Nothing of it was loaded; {file.table} is as it was before"


def _same_file(path: Path, known: LoadedFile) -> bool:
    if path.stat().st_size != known.size:
        return False
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest() == known.sha256


class _Tracked:
    """A file that counts and hashes the bytes read from it, so that a large file is read only once."""

    def __init__(self, opened: BinaryIO) -> None:
        self._opened = opened
        self._digest = hashlib.sha256()
        self.bytes_read = 0

    def read(self, size: int = -1) -> bytes:
        chunk = self._opened.read(size)
        self._digest.update(chunk)
        self.bytes_read += len(chunk)
        return chunk

    def sha256(self) -> str:
        return self._digest.hexdigest()


def _state(opened: BinaryIO) -> tuple[int, int]:
    """What changes when somebody writes to the file."""
    found = os.fstat(opened.fileno())
    return found.st_size, found.st_mtime_ns


def _load_file(connection: Connection, file: SourceFile, schema: str, progress: LoadProgress) -> LoadedFile:
    """Replace the table's rows by the file's, in one transaction.

    FREEZE: rows are written in their final state, so that the first model does not write the table once more.
    """
    target = sql.Identifier(schema, file.table.name)
    copy = sql.SQL("copy {} ({}) from stdin with (format csv, header true, freeze true)").format(
        target, sql.SQL(", ").join(map(sql.Identifier, file.header))
    )
    progress.begin(str(file.table), file.path.stat().st_size)
    with connection.transaction(), connection.cursor() as cursor, file.path.open("rb") as opened:
        cursor.execute(create_table(file.table, schema))
        cursor.execute(sql.SQL("truncate {}").format(target))
        tracked, state, rows = _Tracked(opened), _state(opened), 0
        source = gzip.GzipFile(fileobj=cast(BinaryIO, tracked)) if file.path.suffix == ".gz" else tracked
        # the queue: the next rows are looked at while the server takes the last ones
        with cursor.copy(copy, writer=QueuedLibpqWriter(cursor)) as sink:
            for block in header_and_rows(file, source.read):
                sink.write(block.content)
                rows += block.count
                progress.update(tracked.bytes_read, rows)
        if state != _state(opened) or tracked.bytes_read != state[0]:
            raise UserError(f"{file.path} changed while it was read: load it again when it is complete")
        if cursor.rowcount != rows:
            raise UserError(
                f"{file.path}: the server kept {cursor.rowcount:,} of {rows:,} rows: a line is `\\.`, which ends a file"
                " for PostgreSQL before 18, or the table has a trigger or rule"
            )
        now = LoadedFile(tracked.bytes_read, tracked.sha256(), rows)
        cursor.execute(sql.SQL("analyze {}").format(target))
        cursor.execute(
            "insert into mimic_db.loaded_file (schema_name, table_name, file_name, file_bytes, file_sha256, row_count)"
            " values (%s, %s, %s, %s, %s, %s) on conflict (schema_name, table_name) do update set"
            " file_name = excluded.file_name, file_bytes = excluded.file_bytes, file_sha256 = excluded.file_sha256,"
            " row_count = excluded.row_count, loaded_at = excluded.loaded_at",
            [schema, file.table.name, file.path.name, now.size, now.sha256, now.rows],
        )
    progress.end(rows)
    return now
