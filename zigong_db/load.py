"""Load a folder of the Zigong database: checked first, streamed by COPY, all seven tables in one transaction.

The tables belong together and are small beside MIMIC-IV's: new baselines never stand beside old labs. A second run
loads only what has changed and never touches a table that somebody else filled (mimic_db.loaded_file).
"""

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import psycopg
from psycopg import sql

from mimic_db.database import Connection, explain
from mimic_db.errors import UserError
from mimic_db.load.copy_file import Wanted, replace_rows
from mimic_db.load.csv_folder import UNREADABLE, SourceFile, explain_unreadable
from mimic_db.load.load import Loaded
from mimic_db.load.loaded_file import LoadedFile, Target, is_loaded, prepare, refuse_foreign_rows, remembered
from mimic_db.progress import LoadProgress
from mimic_db.tables import Table, create_table
from zigong_db.files import find_files
from zigong_db.rows import COPY_OPTIONS, copy_rows
from zigong_db.stamp import put_stamp_of, take_back_stamp
from zigong_db.tables import SCHEMA

_INSTEAD = "Use that database as it is, or load into another one (--database)"
_NOTHING_KEPT = f"Nothing was loaded; schema {SCHEMA} is as it was before"


def load_zigong(connection: Connection, folder: Path, progress: LoadProgress) -> list[Loaded]:
    """Bring schema `zigong` to the state of the seven files of `folder`; what is there already is skipped.

    If a table changes, the stamp of generated patients is taken back in the same transaction, and put again where the
    folder has the generator's mark.

    Raises:
        UserError: a file or row is faulty, the role lacks a privilege, a table belongs to somebody else; no table is
            changed then.
    """
    return load_files(connection, find_files(folder), progress)


def load_files(connection: Connection, files: list[SourceFile], progress: LoadProgress) -> list[Loaded]:
    """The same for files that find_files() gave.

    Raises:
        UserError: as load_zigong().
    """
    try:
        prepare(connection, [SCHEMA])
        known = remembered(connection)
        refuse_foreign_rows(connection, [_target(file.table) for file in files], known, _INSTEAD)
        with connection.transaction():
            tables = [_load_or_skip(connection, file, known.get(_target(file.table)), progress) for file in files]
            if not all(loaded.unchanged for loaded in tables):
                take_back_stamp(connection)
                put_stamp_of(connection, files[0].path.parent)
            return tables
    except psycopg.Error as error:
        raise UserError(f"{explain(error)}. {_NOTHING_KEPT}") from None


def _target(table: Table) -> Target:
    return Target(SCHEMA, table.name)


def _load_or_skip(connection: Connection, file: SourceFile, known: LoadedFile | None, progress: LoadProgress) -> Loaded:
    target = _target(file.table)
    try:
        make = _make_table(connection, file.table)
        if known and make is None and is_loaded(connection, target, file.path, known):
            return _loaded(file, known, unchanged=True)
        rows = partial(copy_rows, file)
        wanted = Wanted(file.path, target, str(file.table), file.header, COPY_OPTIONS, rows)
        return _loaded(file, replace_rows(connection, wanted, make, progress), unchanged=False)
    except UserError as error:
        raise UserError(f"{error}. {_NOTHING_KEPT}") from None
    except UNREADABLE as error:
        raise UserError(f"{explain_unreadable(file.path, error)}. {_NOTHING_KEPT}") from None
    except psycopg.errors.DependentObjectsStillExist:
        raise UserError(
            f"{file.path} has other columns than {target}, and a view reads those: drop the view (`dbt build` makes its"
            f" own again) and load again. {_NOTHING_KEPT}"
        ) from None
    except psycopg.Error as error:
        raise UserError(f"{file.path}: {_in_rows(explain(error))}. {_NOTHING_KEPT}") from None


def _loaded(file: SourceFile, now: LoadedFile, unchanged: bool) -> Loaded:
    return Loaded(file.table, now.rows, unchanged, as_listed=file.sha256 in (None, now.sha256))


def _in_rows(told: str) -> str:
    """What the server calls a line of COPY is a row here, which may take several lines of the file."""
    return re.sub(r", line (\d+)", r", row \1 below the header", told)


def _make_table(connection: Connection, table: Table) -> sql.Composed | None:
    """What brings the database's table to the file's columns; None if it has them.

    An older file, or somebody's empty table, may have others. The table stays, and so do the views on it.
    """
    there = _columns(connection, _target(table))
    if not there:
        return create_table(table, SCHEMA)
    wanted = {column.name: column.type for column in table.columns}
    drops = [name for name, kind in there.items() if wanted.get(name) != kind]
    adds = [name for name, kind in wanted.items() if there.get(name) != kind]
    changes = [sql.SQL("drop column {}").format(sql.Identifier(name)) for name in drops] + [
        sql.SQL("add column {} {}").format(sql.Identifier(name), sql.SQL(wanted[name])) for name in adds
    ]
    if not changes:
        return None
    return sql.SQL("alter table {} {}").format(_target(table).identifier, sql.SQL(", ").join(changes))


def _columns(connection: Connection, target: Target) -> Mapping[str, str]:
    """Column -> type; empty if there is no such table."""
    rows = connection.execute(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped",
        [target.identifier.as_string(connection)],
    )
    return {str(name): str(kind) for name, kind in rows}
