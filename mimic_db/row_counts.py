"""The rows of a PostgreSQL database beside those of its release: estimated where that will do, else counted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

from mimic_db.database import Connection, explain
from mimic_db.finding import Finding
from mimic_db.release import (
    NOT_A_RELEASE,
    RELEASES,
    TELLING,
    Counted,
    Remedies,
    compare,
    is_off,
    recognised,
    resembling,
)
from mimic_db.tables import TABLES, Table

_FEW = 1_000_000  # rows that are counted in a moment, whatever is estimated
_REMEDIES = Remedies(
    "its load did not finish; load it again. Of an extract made on purpose `dbt build` by hand makes the study",
    "it was loaded twice, or is of another release; load it again",
)
_ESTIMATED = "the planner's estimate"


@dataclass(frozen=True)
class _Place:
    """A table of the database; `estimate` is None where nobody has analyzed it, or it is a view or foreign."""

    schema: str
    name: str
    estimate: int | None

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


def check_rows(connection: Connection, schemas: Mapping[str, str], say: Callable[[str], None]) -> list[Finding]:
    """Whether each table holds the rows of the release; one line where the database is none whose counts are published.

    The planner's estimate is taken where it lies within TOLERANCE of what is expected; what has none, what is further
    off and what is small is counted, which takes minutes for the largest. `say` is told before.
    """
    places = _places(connection, schemas)
    rows = {table: count for table in TELLING if (count := _known(connection, places.get(table))) is not None}
    release = recognised(rows)
    if release is None:
        names = ", ".join(each.name for each in RELEASES)
        found = ", ".join(f"{count:,} {table.name}" for table, count in rows.items()) or "none readable"
        resembled = resembling(rows)
        if resembled is not None:
            cut = f"one number is that of MIMIC-IV {resembled.name}, the others are not: cut short, or an extract"
            return [Finding("warning", f"rows: not compared, {cut}: {found}")]
        return [Finding("ok", f"rows: not compared, {NOT_A_RELEASE} ({names}): {found}")]
    counted, failed = [], []
    for table, place in places.items():
        expected = release.rows.get(str(table))
        if expected is None:
            continue
        try:
            one = _counted(connection, table, place, expected, say)
            if one.rows or not table.needed:  # an empty one that is needed has its line already
                counted.append(one)
        except psycopg.Error as error:
            failed.append(Finding("warning", f"{place} was not counted: {explain(error)}"))
    return [*failed, *compare(release, counted, _REMEDIES)]


def _counted(connection: Connection, table: Table, place: _Place, expected: int, say: Callable[[str], None]) -> Counted:
    if expected >= _FEW:
        if place.estimate is not None and not is_off(place.estimate, expected):
            return Counted(table, str(place), place.estimate, _ESTIMATED)
        why = "no estimate of its rows" if place.estimate is None else f"about {place.estimate:,} rows by the estimate"
        say(f"counting {place}: {why}, {expected:,} expected")
    return Counted(table, str(place), _count(connection, place))


def _known(connection: Connection, place: _Place | None) -> int | None:
    try:
        return _count(connection, place) if place is not None else None
    except psycopg.Error:
        return None  # the tables' own lines of the check say why


def _count(connection: Connection, place: _Place) -> int:
    query = sql.SQL("select count(*) from {}").format(sql.Identifier(place.schema, place.name))
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _places(connection: Connection, schemas: Mapping[str, str]) -> dict[Table, _Place]:
    """The tables that are there and may be read. Rows a page when analyzed, times the pages of now, as the planner."""
    found: dict[Table, _Place] = {}
    for module, schema in schemas.items():
        rows = connection.execute(
            """
            select c.relname, case when c.relkind in ('r', 'm') and c.reltuples >= 0 and c.relpages > 0 then
                c.reltuples * (pg_relation_size(c.oid) / current_setting('block_size')::int) / c.relpages end
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = %s and c.relkind in ('r', 'p', 'v', 'm', 'f') and has_table_privilege(c.oid, 'select')
            """,
            [schema],
        )
        estimates = {name: None if estimate is None else round(estimate) for name, estimate in rows}
        for table in TABLES:
            if table.module == module and table.name in estimates:
                found[table] = _Place(schema, table.name, estimates[table.name])
    return found
