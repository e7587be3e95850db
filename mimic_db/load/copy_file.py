"""One file streamed into one table by COPY, in one transaction: read once, hashed on the way, counted at both ends."""

import gzip
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, LiteralString, cast

from psycopg import sql
from psycopg.copy import QueuedLibpqWriter

from mimic_db.database import Connection
from mimic_db.errors import UserError
from mimic_db.load.loaded_file import LoadedFile, Target, remember
from mimic_db.progress import LoadProgress

Read = Callable[[int], bytes]


@dataclass(frozen=True)
class Rows:
    """A block of whole rows as COPY takes them, and how many."""

    content: bytes
    count: int


@dataclass(frozen=True)
class Wanted:
    """How the rows come out of the file at `path` and go into `target`.

    `options` are those of the COPY, `columns` the order of the values in a row. `rows` takes what gives the next bytes
    of the unpacked file, at most as many as it is asked for. `label` names the table for the reader.
    """

    path: Path
    target: Target
    label: str
    columns: Sequence[str]
    options: LiteralString
    rows: Callable[[Read], Iterator[Rows]]


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


def replace_rows(
    connection: Connection, wanted: Wanted, make_table: sql.Composed | None, progress: LoadProgress
) -> LoadedFile:
    """Replace the table's rows by the file's, in one transaction, and remember the file.

    `make_table` comes first: it makes the table or changes its columns; None if it is there as it shall be.
    FREEZE: rows are written in their final state, so that the first model does not write the table once more.

    Raises:
        UserError: a row is faulty, the file changed meanwhile, or the server did not keep every row.
    """
    path, target = wanted.path, wanted.target.identifier
    copy = sql.SQL("copy {} ({}) from stdin with ({}, freeze true)").format(
        target,
        sql.SQL(", ").join(map(sql.Identifier, wanted.columns)),
        sql.SQL(wanted.options),
    )
    progress.begin(wanted.label, path.stat().st_size)
    with connection.transaction(), connection.cursor() as cursor, path.open("rb") as opened:
        if make_table:
            cursor.execute(make_table)
        cursor.execute(sql.SQL("truncate {}").format(target))
        tracked, state, rows = _Tracked(opened), _state(opened), 0
        source = gzip.GzipFile(fileobj=cast(BinaryIO, tracked)) if path.suffix.lower() == ".gz" else tracked
        # the queue: the next rows are looked at while the server takes the last ones
        with cursor.copy(copy, writer=QueuedLibpqWriter(cursor)) as sink:
            for block in wanted.rows(source.read):
                sink.write(block.content)
                rows += block.count
                progress.update(tracked.bytes_read, rows)
        if state != _state(opened) or tracked.bytes_read != state[0]:
            raise UserError(f"{path} changed while it was read: load it again when it is complete")
        if cursor.rowcount != rows:
            raise UserError(
                f"{path}: the server kept {cursor.rowcount:,} of {rows:,} rows: a line is `\\.`, which ends a file"
                " for PostgreSQL before 18, or the table has a trigger or rule"
            )
        now = LoadedFile(tracked.bytes_read, tracked.sha256(), rows)
        cursor.execute(sql.SQL("analyze {}").format(target))
        remember(connection, wanted.target, path.name, now)
    progress.end(rows)
    return now
