"""Load a generated data set into a database, in one transaction with its truth and its stamp."""

import tempfile
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from mimic_db.database import Connection, explain
from mimic_db.errors import UserError
from mimic_db.progress import LoadProgress
from mimic_db.tables import Column, Table, create_table
from twin.binary_copy import encode
from twin.rows import Columns
from twin.zigong.folder import DataSet, Written, write
from twin.zigong.truth import FLAGS, TYPES
from zigong_db.load import load_zigong
from zigong_db.stamp import put_stamp
from zigong_db.tables import DEFINITIONS, SCHEMA

TRUTH_SCHEMA: Final = "zigong_truth"  # what the study must say of each patient; no model reads it


def write_and_load(
    connection: Connection, wanted: DataSet, folder: Path | None, progress: LoadProgress
) -> Written | None:
    """Fill the database with the data set, by way of `folder` or a temporary one; None if it holds it already.

    A folder that is to be kept is written in any case.

    Raises:
        UserError: the tables hold somebody else's rows, or the server refuses; the database is not changed then.
    """
    try:
        is_there = _is_there(connection, wanted)
        if not is_there:
            _refuse_foreign_rows(connection)
        if folder:
            written = write(folder, wanted, progress)
            return None if is_there else _load(connection, wanted, folder, written, progress)
        if is_there:
            return None
        with tempfile.TemporaryDirectory(prefix="dexsic-zigong-") as temporary:
            written = write(Path(temporary), wanted, progress)
            return _load(connection, wanted, Path(temporary), written, progress)
    except psycopg.Error as error:
        raise UserError(f"{explain(error)}. Nothing was changed") from None


def _load(connection: Connection, wanted: DataSet, folder: Path, written: Written, progress: LoadProgress) -> Written:
    with connection.transaction():
        load_zigong(connection, folder, progress)
        connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(TRUTH_SCHEMA)))
        connection.execute(sql.SQL("create schema {}").format(sql.Identifier(TRUTH_SCHEMA)))
        for name, rows in written.truth.items():
            _copy_truth(connection, name, rows)
        put_stamp(connection, wanted.patients, wanted.seed, str(wanted.design), wanted.generator)
    return written


def _copy_truth(connection: Connection, name: str, rows: Columns) -> None:
    table = Table("truth", name, tuple(Column(column, _type(column), True, False) for column in rows))
    connection.execute(create_table(table, TRUTH_SCHEMA))
    statement = sql.SQL("copy {} from stdin with (format binary)").format(sql.Identifier(TRUTH_SCHEMA, name))
    with connection.cursor() as cursor, cursor.copy(statement) as sink:
        for piece in encode(rows, table):
            sink.write(piece)


def _type(column: str) -> str:
    return TYPES.get(column, "boolean" if column in FLAGS else "double precision")


def _is_there(connection: Connection, wanted: DataSet) -> bool:
    identity = (wanted.patients, wanted.seed, str(wanted.design), wanted.generator)
    if not _exists(connection, "mimic_db.zigong_generated") or not _exists(connection, f"{SCHEMA}.dtbaseline"):
        return False
    found = connection.execute("select patients, seed, design, generator from mimic_db.zigong_generated").fetchone()
    counted = connection.execute(sql.SQL("select count(*) from {}").format(_table("dtbaseline"))).fetchone()
    return found == identity and counted == (wanted.patients,) and not _loaded_since(connection)


def _refuse_foreign_rows(connection: Connection) -> None:
    """Never write over tables that this generator did not fill: they may be the real thing."""
    if _exists(connection, "mimic_db.zigong_generated") and not _loaded_since(connection):
        return
    for definition in DEFINITIONS:
        if not _exists(connection, f"{SCHEMA}.{definition.name}"):
            continue
        if connection.execute(sql.SQL("select 1 from {} limit 1").format(_table(definition.name))).fetchone():
            raise UserError(
                f"{SCHEMA}.{definition.name} holds rows that `generate` did not write: nothing was changed."
                " Choose another database (--database)"
            )


def _loaded_since(connection: Connection) -> bool:
    """Whether somebody loaded other files over the generated ones: the stamp is no longer true then."""
    return connection.execute(
        "select exists (select from mimic_db.loaded_file where schema_name = %s"
        " and loaded_at > (select coalesce(max(generated_at), '-infinity') from mimic_db.zigong_generated))",
        [SCHEMA],
    ).fetchone() == (True,)


def _exists(connection: Connection, name: str) -> bool:
    return connection.execute("select to_regclass(%s) is not null", [name]).fetchone() == (True,)


def _table(name: str) -> sql.Identifier:
    return sql.Identifier(SCHEMA, name)
