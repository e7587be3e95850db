"""The MIMIC-IV demo, many times over: a database large enough to time, without anybody's data."""

from pathlib import Path

import psycopg
from psycopg import sql

from mimic_db import server
from mimic_db.database import connect
from mimic_db.load.csv_folder import find_files
from mimic_db.load.load import load
from mimic_db.progress import LoadProgress
from mimic_db.tables import OFFICIAL_SCHEMAS, TABLES

# identifiers that must stay distinct between the copies; each is numbered anew, densely, so that no integer overflows
IDENTIFIERS = ("subject_id", "hadm_id", "stay_id", "specimen_id", "micro_specimen_id")


def multiplied_demo(demo: Path, times: int) -> str:
    """DSN of a database of the embedded server that holds `demo` `times` over; made at first use, kept for the next.

    Every copy has patients, admissions, stays and specimens of its own. Only the tables that the study reads are
    multiplied; mimic-code reads no other large one.
    """
    dsn = server.ensure_database(f"bench_{times}")
    with connect(dsn) as connection:
        if _is_done(connection, times):
            return dsn
        for schema in ("mimic_db", "bench", *OFFICIAL_SCHEMAS.values()):
            connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema)))
        with LoadProgress() as progress:
            load(connection, find_files(demo), progress)
        tables = _needed_columns()
        _number_anew(connection, tables)
        for (schema, table), columns in tables.items():
            # a dictionary stays as it is
            if times > 1 and set(columns) & set(IDENTIFIERS):
                _copy(connection, schema, table, columns, times)
        connection.execute("vacuum (analyze)")
        connection.execute("create table bench.done as select %s as times", [times])
    return dsn


def _is_done(connection: psycopg.Connection[tuple[object, ...]], times: int) -> bool:
    if connection.execute("select to_regclass('bench.done')").fetchone() == (None,):
        return False
    return connection.execute("select times from bench.done").fetchone() == (times,)


def _needed_columns() -> dict[tuple[str, str], list[str]]:
    return {(OFFICIAL_SCHEMAS[table.module], table.name): list(table.column_names) for table in TABLES if table.needed}


def _number_anew(connection: psycopg.Connection[tuple[object, ...]], tables: dict[tuple[str, str], list[str]]) -> None:
    connection.execute("create schema bench")
    for identifier in IDENTIFIERS:
        union = sql.SQL(" union all ").join(
            sql.SQL("select {} as id from {}").format(sql.Identifier(identifier), sql.Identifier(*name))
            for name, columns in tables.items()
            if identifier in columns
        )
        connection.execute(
            sql.SQL(
                "create table bench.{} as select id, row_number() over (order by id) as seq"
                " from ({}) as ids group by id"
            ).format(sql.Identifier(identifier), union)
        )
        connection.execute(sql.SQL("analyze bench.{}").format(sql.Identifier(identifier)))


def _copy(
    connection: psycopg.Connection[tuple[object, ...]], schema: str, table: str, columns: list[str], times: int
) -> None:
    shifted = [column for column in columns if column in IDENTIFIERS]
    values = [
        sql.SQL("(select max(id) from bench.{0}) + (k - 1) * (select count(*) from bench.{0}) + {0}.seq").format(
            sql.Identifier(column)
        )
        if column in shifted
        else sql.SQL("rows.{}").format(sql.Identifier(column))
        for column in columns
    ]
    joins = [sql.SQL("left join bench.{0} on rows.{0} = {0}.id").format(sql.Identifier(column)) for column in shifted]
    connection.execute(
        sql.SQL("insert into {} ({}) select {} from {} as rows cross join generate_series(1, {}) as k {}").format(
            sql.Identifier(schema, table),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join(values),
            sql.Identifier(schema, table),
            sql.Literal(times - 1),
            sql.SQL(" ").join(joins),
        )
    )
