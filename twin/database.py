"""Write a generated data set into a database, in one transaction, and remember what it is."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from mimic_db.database import Connection, explain
from mimic_db.errors import UserError
from mimic_db.load.load import LOCK_KEY
from mimic_db.progress import LoadProgress
from mimic_db.tables import OFFICIAL_SCHEMAS, TABLES, Column, Table, create_table
from twin.binary_copy import encode
from twin.block import blocks
from twin.designs import AnyDesign, maker_of
from twin.rows import Columns, size
from twin.trial.design import TrialDesign
from twin.trial.truth.planted import write_controls
from twin.trial.truth.risks import write_risks
from twin.truth.quality import Counts, quality_counts
from twin.truth.summary import Summary
from twin.truth.traps import traps

TRUTH_SCHEMA: Final = "twin_truth"  # a table for each mart: what it must say; no model reads it
_TRUTH_TYPES: Final = {"b": "boolean", "i": "integer", "f": "double precision", "M": "timestamp(0)", "S": "text"}
_STAMP: Final = """
create schema if not exists mimic_db;
create table if not exists mimic_db.generated (
    stays integer not null,
    seed bigint not null,
    design text,
    generator text not null,
    row_count bigint not null,
    generated_at timestamptz not null default now()
);
-- whoever reads the marts must be able to see that no patient is real
grant usage on schema mimic_db to public;
grant select on mimic_db.generated to public;
"""


@dataclass(frozen=True)
class DataSet:
    """What makes a generated data set: same values, same rows. `generator` is a hash of this package's code."""

    stays: int
    seed: int
    design: AnyDesign
    generator: str


def data_set(stays: int, seed: int, design: AnyDesign) -> DataSet:
    """The data set of that size, seed and design by the code as it is now."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return DataSet(stays, seed, design, digest.hexdigest())


def write(connection: Connection, wanted: DataSet, progress: LoadProgress) -> Summary | None:
    """Fill the database with the data set; None if it holds it already.

    Raises:
        UserError: the tables hold somebody else's rows, or the server refuses; nothing is changed then.
    """
    try:
        _lock(connection)
        known = _stamp(connection)
        if known == _identity(wanted) and _stays(connection) == wanted.stays:
            return None
        if known is None:
            _refuse_foreign_rows(connection)
        with connection.transaction():
            return _fill(connection, wanted, progress)
    except psycopg.Error as error:
        raise UserError(f"{explain(error)}. Nothing was changed") from None


def _lock(connection: Connection) -> None:
    if connection.execute("select pg_try_advisory_lock(%s)", [LOCK_KEY]).fetchone() != (True,):
        raise UserError("another load is running on this database: wait for it, or end it first")
    connection.execute("set lock_timeout = '30s'")
    connection.execute("set client_min_messages = warning")


def _identity(wanted: DataSet) -> tuple[object, ...]:
    return (wanted.stays, wanted.seed, str(wanted.design), wanted.generator)


def _stamp(connection: Connection) -> tuple[object, ...] | None:
    """What the database holds, as _identity() writes it; None if nothing of ours."""
    if connection.execute("select to_regclass('mimic_db.generated') is null").fetchone() == (True,):
        return None
    connection.execute("alter table mimic_db.generated add column if not exists design text")
    return connection.execute("select stays, seed, design, generator from mimic_db.generated").fetchone()


def _stays(connection: Connection) -> int:
    if connection.execute("select to_regclass('mimiciv_icu.icustays') is null").fetchone() == (True,):
        return 0
    row = connection.execute("select count(*) from mimiciv_icu.icustays").fetchone()
    return int(row[0]) if row else 0


def _refuse_foreign_rows(connection: Connection) -> None:
    """Never write over tables that this generator did not fill: they may be the real thing."""
    for table in TABLES:
        target = _target(table).as_string(connection)
        exists = connection.execute("select to_regclass(%s) is not null", [target]).fetchone() == (True,)
        if exists and connection.execute(sql.SQL("select 1 from {} limit 1").format(_target(table))).fetchone():
            raise UserError(
                f"{target} holds rows that `generate` did not write: nothing was changed."
                " Choose another database (--database)"
            )


def _fill(connection: Connection, wanted: DataSet, progress: LoadProgress) -> Summary:
    for schema in OFFICIAL_SCHEMAS.values():
        connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
    for table in TABLES:
        connection.execute(create_table(table, OFFICIAL_SCHEMAS[table.module]))
        # emptied here, rows may be written frozen; views on the table stay
        connection.execute(sql.SQL("truncate {}").format(_target(table)))
    progress.begin("generated stays", wanted.stays)
    maker = maker_of(wanted.design)
    summary, rows, done = Summary(), _copy_all(connection, maker.dictionaries()), 0
    for number, stays in blocks(wanted.stays):
        block = maker.block(wanted.seed, number, stays)
        rows += _copy_all(connection, block.tables)
        meant = maker.truth(block)
        rows += _copy_truth(connection, meant, is_first=done == 0)
        done += stays
        laid = traps(block.plan, block.intent, block.tables)
        summary.add(block.plan, meant, laid, quality_counts(block.plan, block.tables))
        progress.update(done, rows)
    _write_faults(connection, summary.quality)
    write_risks(connection, TRUTH_SCHEMA)
    if isinstance(wanted.design, TrialDesign):
        write_controls(connection, TRUTH_SCHEMA)
    for table in TABLES:
        connection.execute(sql.SQL("analyze {}").format(_target(table)))
    connection.execute(_STAMP)
    connection.execute("delete from mimic_db.generated")
    connection.execute(
        "insert into mimic_db.generated (stays, seed, design, generator, row_count) values (%s, %s, %s, %s, %s)",
        [wanted.stays, wanted.seed, str(wanted.design), wanted.generator, rows],
    )
    progress.end(rows)
    return summary


def _copy_all(connection: Connection, tables: dict[str, Columns]) -> int:
    """Send the rows of each table; returns how many there were."""
    for table in TABLES:
        if table.name in tables:
            _copy(connection, _target(table), table, tables[table.name])
    return sum(size(rows) for rows in tables.values())


def _copy_truth(connection: Connection, tables: dict[str, Columns], is_first: bool) -> int:
    """Send what the study must find; the first block makes the tables, in the columns of its arrays."""
    if is_first:
        connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(TRUTH_SCHEMA)))
        connection.execute(sql.SQL("create schema {}").format(sql.Identifier(TRUTH_SCHEMA)))
    for name, rows in tables.items():
        table = Table(
            "truth",
            name,
            tuple(Column(column, _TRUTH_TYPES[values.dtype.kind], True, False) for column, values in rows.items()),
        )
        if is_first:
            connection.execute(create_table(table, TRUTH_SCHEMA))
        _copy(connection, sql.Identifier(TRUTH_SCHEMA, name), table, rows)
    return sum(size(rows) for rows in tables.values())


def _write_faults(connection: Connection, faults: Counts) -> None:
    """What the mart data_quality must count."""
    table = sql.Identifier(TRUTH_SCHEMA, "data_quality")
    connection.execute(
        sql.SQL(
            "create table {} (check_name text, concept text, n_affected bigint, primary key (check_name, concept))"
        ).format(table)
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            sql.SQL("insert into {} values (%s, %s, %s)").format(table),
            [(check, concept, count) for (check, concept), count in faults.items()],
        )


def _copy(connection: Connection, target: sql.Identifier, table: Table, rows: Columns) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, table.column_names))
    statement = sql.SQL("copy {} ({}) from stdin with (format binary, freeze true)").format(target, columns)
    with connection.cursor() as cursor, cursor.copy(statement) as sink:
        for piece in encode(rows, table):
            sink.write(piece)


def _target(table: Table) -> sql.Identifier:
    return sql.Identifier(OFFICIAL_SCHEMAS[table.module], table.name)
