"""Load a folder of MIMIC-IV files: checked first, streamed by COPY, one transaction per table.

A second run loads only what has changed and never touches a table that somebody else filled (mimic_db.loaded_file).
"""

from dataclasses import dataclass
from functools import partial

import psycopg

from mimic_db.database import Connection, explain
from mimic_db.errors import UserError
from mimic_db.load.copy_file import Wanted, replace_rows
from mimic_db.load.csv_folder import UNREADABLE, SourceFile, explain_unreadable
from mimic_db.load.csv_rows import header_and_rows
from mimic_db.load.loaded_file import LOCK_KEY as LOCK_KEY
from mimic_db.load.loaded_file import LoadedFile, Target, is_loaded, prepare, refuse_foreign_rows, remembered
from mimic_db.progress import LoadProgress
from mimic_db.tables import OFFICIAL_SCHEMAS, TABLES, Table, create_table

_INSTEAD = "Use that database as it is (`python -m mimic_db check`), or load into another one (--database)"


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
        prepare(connection, OFFICIAL_SCHEMAS.values())
        known = remembered(connection)
        refuse_foreign_rows(connection, [_target(file.table) for file in files], known, _INSTEAD)
        return [_load_or_skip(connection, file, known.get(_target(file.table)), progress) for file in files]
    except psycopg.Error as error:
        raise UserError(f"{explain(error)}. Nothing is half-loaded") from None


def missing_tables(files: list[SourceFile]) -> list[Table]:
    """Tables of MIMIC-IV that `files` lacks."""
    present = {file.table for file in files}
    return [table for table in TABLES if table not in present]


def _target(table: Table) -> Target:
    return Target(OFFICIAL_SCHEMAS[table.module], table.name)


def _load_or_skip(connection: Connection, file: SourceFile, known: LoadedFile | None, progress: LoadProgress) -> Loaded:
    try:
        if known and is_loaded(connection, _target(file.table), file.path, known):
            return _loaded(file, known, unchanged=True)
        return _loaded(file, _load_file(connection, file, progress), unchanged=False)
    except UserError as error:
        raise UserError(f"{error}. {_nothing_kept(file)}") from None
    except UNREADABLE as error:
        raise UserError(f"{explain_unreadable(file.path, error)}. {_nothing_kept(file)}") from None
    except psycopg.Error as error:
        raise UserError(f"{file.path}: {explain(error)}. {_nothing_kept(file)}") from None


def _loaded(file: SourceFile, now: LoadedFile, unchanged: bool) -> Loaded:
    return Loaded(file.table, now.rows, unchanged, as_listed=file.sha256 in (None, now.sha256))


def _nothing_kept(file: SourceFile) -> str:
    return f"Nothing of it was loaded; {file.table} is as it was before"


def _load_file(connection: Connection, file: SourceFile, progress: LoadProgress) -> LoadedFile:
    target = _target(file.table)
    options, rows = "format csv, header true", partial(header_and_rows, file)
    wanted = Wanted(file.path, target, str(file.table), file.header, options, rows)
    return replace_rows(connection, wanted, create_table(file.table, target.schema), progress)
