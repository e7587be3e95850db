"""What a database and an output folder hold, as hashes that can be compared."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import sql

Hashes = dict[str, str]

RAW = ("mimiciv_hosp", "mimiciv_icu")
# a row's text depends on these: fixed here, whatever the database or role says
_SETTINGS = """
set search_path = pg_catalog; set datestyle = 'ISO, YMD'; set timezone = 'UTC'; set extra_float_digits = 1;
set intervalstyle = 'postgres'; set bytea_output = 'hex'; set statement_timeout = 0; set client_encoding = 'UTF8';
set default_transaction_read_only = off
"""
# of the output schema: what people query; the rest are working tables, and what the build says about itself
_TABLES = """
select nspname, relname from pg_class join pg_namespace on relnamespace = pg_namespace.oid
where nspname = any(%s) and relkind = 'r' and relpersistence = 'p' and relname not like 'build\\_%%' order by 1, 2
"""


def tables(dsn: str, schemas: Sequence[str]) -> Hashes:
    """A hash for each table of the schemas, of all its rows in a fixed order, and its columns."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for setting in _SETTINGS.split(";"):
            connection.execute(setting.encode())
        names = connection.execute(_TABLES, [list(schemas)]).fetchall()
        return {f"{schema}.{name}": _hash(connection, schema, name) for schema, name in names}


def _hash(connection: psycopg.Connection[tuple[object, ...]], schema: str, name: str) -> str:
    query = sql.SQL(
        "select count(*), md5(string_agg(line, '' order by line collate \"C\"))"
        " from (select md5(cast(whole as text)) as line from {} as whole) as lines"
    ).format(sql.Identifier(schema, name))
    return ":".join(map(str, connection.execute(query).fetchone() or ()))


def files(folder: Path) -> Hashes:
    """A hash for each file of a folder; empty for one that is not there."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
