"""Is this a MIMIC-IV that the study can run on? Reads the catalog, one row per table, and how many there are."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

from mimic_db.database import Connection, explain
from mimic_db.finding import Finding
from mimic_db.row_counts import check_rows
from mimic_db.tables import TABLES, Column, Table, schema_var

TESTED_VERSIONS = (14, 18)

_INTEGERS = frozenset({"smallint", "integer", "bigint"})
_TEXTS = frozenset({"character varying", "text", "character"})
# what a model can read in place of the official type, by the official type's first word
_ACCEPTED: Mapping[str, frozenset[str]] = {
    "smallint": _INTEGERS,
    "integer": _INTEGERS,
    "real": _INTEGERS | {"real", "double precision", "numeric"},
    "double": _INTEGERS | {"real", "double precision", "numeric"},
    "varchar": _TEXTS,
    "char": _TEXTS,
    "text": _TEXTS,
    "timestamp": frozenset({"timestamp without time zone"}),
    "date": frozenset({"date", "timestamp without time zone"}),
}


@dataclass(frozen=True)
class _Relation:
    readable: bool
    filtered: bool  # row level security hides rows from this role
    columns: Mapping[str, str]  # name -> type without length


def check(
    connection: Connection,
    schemas: Mapping[str, str],
    output_schema: str,
    say: Callable[[str], None] = lambda _: None,
) -> list[Finding]:
    """Findings, in the order in which one would mend them.

    Args:
        connection: as the role that is to run the study.
        schemas: where the modules lie, {"hosp": ..., "icu": ...}.
        output_schema: where dbt is to build.
        say: is told before something takes long.
    """
    findings = [_version(connection), *_writable(connection)]
    for module, schema in schemas.items():
        findings += _module(connection, module, schema)
    findings += _release(connection, schemas["hosp"])
    findings += check_rows(connection, schemas, say)
    findings += _output(connection, output_schema, schemas.values())
    return findings


def can_run(findings: Iterable[Finding]) -> bool:
    """Whether nothing stands in the way."""
    return all(finding.level != "error" for finding in findings)


def _version(connection: Connection) -> Finding:
    first, last = TESTED_VERSIONS
    found = connection.info.server_version // 10000
    if found < first:
        return Finding("error", f"PostgreSQL {found}: the study needs {first} or newer")
    if found > last:
        return Finding("warning", f"PostgreSQL {found}: tested on {first} to {last}")
    return Finding("ok", f"PostgreSQL {found}")


def _writable(connection: Connection) -> Iterator[Finding]:
    if _scalar(connection, "select current_setting('transaction_read_only')") == "on":
        if _scalar(connection, "select pg_is_in_recovery()"):
            yield Finding("error", "this server is a standby and takes no writes: connect to the primary server")
        else:
            remedy = f"alter role {connection.info.user} reset default_transaction_read_only"
            yield Finding("error", f"sessions are read-only: `{remedy}`, or the same for the database, by its owner")


def _module(connection: Connection, module: str, schema: str) -> list[Finding]:
    """One module's schema, tables, columns, types, privileges, rows."""
    if not _exists(connection, schema):
        return [Finding("error", f"schema {schema} is not there: {_where_is(connection, module)}")]
    role = connection.info.user
    if not _may(connection, schema, "usage"):
        grant = f"grant usage on schema {schema} to {role}"
        return [Finding("error", f"schema {schema} is closed to {role}: ask its owner for `{grant}`")]
    relations = _relations(connection, schema)
    needed = [table for table in TABLES if table.module == module and table.needed]
    present = [table for table in needed if table.name in relations]
    findings = [finding for table in present for finding in _table(connection, schema, table, relations[table.name])]
    if len(present) < len(needed):
        absent = [table.name for table in needed if table not in present]
        remedy = _other_case(absent, relations) or "load them with the official scripts or `python -m mimic_db load`"
        findings.insert(0, Finding("error", f"{schema} lacks {', '.join(absent)}: {remedy}"))
    if not findings:
        names = ", ".join(table.name for table in needed)
        findings = [Finding("ok", f"{schema}: {names} are complete, readable and hold rows")]
    return findings


def _table(connection: Connection, schema: str, table: Table, relation: _Relation) -> Iterator[Finding]:
    name = f"{schema}.{table.name}"
    columns = [column for column in table.columns if column.needed]
    missing = [column.name for column in columns if column.name not in relation.columns]
    if missing:
        remedy = _other_case(missing, relation.columns) or "not MIMIC-IV 2.2 to 3.1? Load one of these releases"
        yield Finding("error", f"{name} lacks {', '.join(missing)}: {remedy}")
    for column in columns:
        found = relation.columns.get(column.name)
        if found is not None and found not in _accepted(column):
            remedy = (
                f"alter table {name} alter column {column.name} type {column.type} using {column.name}::{column.type}"
            )
            yield Finding("error", f"{name}.{column.name} is {found}, not {column.type}: load it again, or `{remedy}`")
    for column in columns:
        if column.type == "double precision" and relation.columns.get(column.name) == "real":
            cell = f"{name}.{column.name}"
            remedy = f"alter table {name} alter column {column.name} type float8 using {column.name}::text::float8"
            yield Finding("warning", f"{cell} is real: a number on a bound becomes one above or below it; `{remedy}`")
    if not relation.readable:
        role = connection.info.user
        yield Finding("error", f"{name} is closed to {role}: ask its owner for `grant select on {name} to {role}`")
        return
    if relation.filtered:
        role = connection.info.user
        remedy = f"alter role {role} bypassrls"
        yield Finding(
            "warning", f"{name} shows {role} only some rows (row level security): for all, ask for `{remedy}`"
        )
    try:
        empty = connection.execute(_query("select 1 from {} limit 1", schema, table.name)).fetchone() is None
    except psycopg.Error as error:
        # a view over what is closed or broken, a foreign table whose server is away
        yield Finding("error", f"{name} cannot be read: {explain(error)}")
        return
    if empty:
        yield Finding("error", f"{name} is empty: its load did not finish; load it again")


def _other_case(wanted: Iterable[str], there: Iterable[str]) -> str | None:
    """A word on names that differ only in upper and lower case: for PostgreSQL these are others."""
    found = {name.lower(): name for name in there}
    pairs = [f'"{found[name]}"' for name in wanted if name in found]
    return f"it has {', '.join(pairs)}: rename to lower case" if pairs else None


def _accepted(column: Column) -> frozenset[str]:
    return _ACCEPTED[column.type.split("(")[0].split()[0]]


def _relations(connection: Connection, schema: str) -> dict[str, _Relation]:
    """Tables and views of `schema`, from the catalog: information_schema hides what the role may not read."""
    rows = connection.execute(
        """
        select c.relname, has_table_privilege(c.oid, 'select'), row_security_active(c.oid),
               array_agg(a.attname::text), array_agg(format_type(a.atttypid, null))
        from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = to_regnamespace(%s) and c.relkind in ('r', 'p', 'v', 'm', 'f')
          and a.attnum > 0 and not a.attisdropped
        group by c.oid
        """,
        [_quoted(schema)],
    )
    return {
        name: _Relation(readable, filtered, dict(zip(columns, types, strict=True)))
        for name, readable, filtered, columns, types in rows
    }


def _where_is(connection: Connection, module: str) -> str:
    """Where the module's tables lie instead, or how to get them."""
    landmark = {"hosp": "labevents", "icu": "icustays"}[module]
    rows = connection.execute(
        "select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where c.relname = %s and c.relkind in ('r', 'p', 'v', 'm', 'f') order by 1",
        [landmark],
    ).fetchall()
    if rows:
        found = " or ".join(str(schema) for (schema,) in rows)
        given = f"{{{schema_var(module)}: {rows[0][0]}}}"
        return (
            f"{landmark} lies in {found}; if that is it, say --{module}-schema {rows[0][0]} here,"
            f" --vars '{given}' to dbt and VARS='{given}' to make study"
        )
    return "is this the right --database? Load MIMIC-IV with the official scripts or `python -m mimic_db load`"


def _release(connection: Connection, schema: str) -> Iterator[Finding]:
    """The release, guessed by the latest years in it: 3.x added 2020 - 2022; its columns are those of 2.2."""
    if not _exists(connection, schema) or not _may(connection, schema, "usage"):
        return
    patients = _relations(connection, schema).get("patients")
    if patients is None or not patients.readable or "anchor_year_group" not in patients.columns:
        return
    query = _query("select max(anchor_year_group), count(*) from {}", schema, "patients")
    try:
        row = connection.execute(query).fetchone()
    except psycopg.Error:
        return  # the tables' own lines say why
    if row and row[0]:
        release = "3.x" if row[0] >= "2020" else "2.x"
        yield Finding("ok", f"release: MIMIC-IV {release}, by its latest years {row[0]}; {row[1]:,} patients")


def _output(connection: Connection, schema: str, sources: Iterable[str]) -> Iterator[Finding]:
    """May the role build in `schema`?"""
    role, database = connection.info.user, connection.info.dbname
    if schema in sources:
        yield Finding("error", f"output schema {schema} is a source schema: choose another (--schema, DEXSIC_SCHEMA)")
        return
    if not _exists(connection, schema):
        if _scalar(connection, "select has_database_privilege(current_database(), 'create')"):
            yield Finding("ok", f"output schema {schema} can be made")
        else:
            remedy = f"create schema {schema} authorization {role}"
            yield Finding("error", f"{role} may not make the output schema {schema}: ask the owner for `{remedy}`")
    elif owner := _other_owner(connection, schema):
        remedy = f"alter schema {schema} owner to {role}"
        yield Finding(
            "error",
            f"the output schema {schema} belongs to {owner}, and {role} cannot build in it: choose another (--schema,"
            f" DEXSIC_SCHEMA), or ask for `{remedy}`",
        )
    elif others := _not_ours(connection, schema):
        yield Finding(
            "error", f"output schema {schema} holds {others} relation(s) of another role: choose another (--schema)"
        )
    else:
        yield Finding("ok", f"output schema {schema} is there and can be built in")
    if not _scalar(connection, "select has_database_privilege(current_database(), 'temporary')"):
        remedy = f"grant temporary on database {database} to {role}"
        yield Finding("error", f"{role} may not make temporary tables, which dbt needs: ask the owner for `{remedy}`")


def _other_owner(connection: Connection, schema: str) -> object:
    """Whose schema it is, if not the role's: a build marks the schema, which its owner alone may do."""
    return _scalar(
        connection,
        "select pg_get_userbyid(nspowner) from pg_namespace where nspname = %s and not pg_has_role(nspowner, 'usage')",
        schema,
    )


def _not_ours(connection: Connection, schema: str) -> int:
    """Relations in `schema` that the role could not replace."""
    count = _scalar(
        connection,
        "select count(*) from pg_class where relnamespace = to_regnamespace(%s)"
        " and relkind in ('r', 'p', 'v', 'm') and not pg_has_role(relowner, 'usage')",
        _quoted(schema),
    )
    return int(str(count))


def _exists(connection: Connection, schema: str) -> bool:
    return bool(_scalar(connection, "select to_regnamespace(%s) is not null", _quoted(schema)))


def _may(connection: Connection, schema: str, privilege: str) -> bool:
    return bool(_scalar(connection, "select has_schema_privilege(to_regnamespace(%s), %s)", _quoted(schema), privilege))


def _quoted(schema: str) -> str:
    """As to_regnamespace reads it, so that odd names work."""
    return '"' + schema.replace('"', '""') + '"'


def _query(text: str, schema: str, table: str) -> sql.Composed:
    return sql.SQL(text).format(sql.Identifier(schema, table))


def _scalar(connection: Connection, query: str, *parameters: str) -> object:
    row = connection.execute(query, parameters).fetchone()
    return row[0] if row else None
