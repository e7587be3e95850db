"""Which words a database has, with how many rows: a scan per table, of the items that the study reads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import sql

from mimic_db.database import Connection
from mimic_db.words.seeds import Definitions, seed

_WORDS = ("ventilator_mode", "ventilator_mode_hamilton", "oxygen_device", "code_status", "gcs_verbal")
_MANY = 1_000_000

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Look:
    """A table and what is asked of it; `items` are the numbers that the query is given."""

    module: str
    table: str
    query: LiteralString
    items: Mapping[str, list[int]]


def _items(name: str, *concepts: str) -> list[int]:
    return [int(row["itemid"]) for row in seed(name) if not concepts or row["concept"] in concepts]


LOOKS: Mapping[str, Look] = {
    # itemid, unit of the rate, unit of the amount, rows with a rate, rows that run on an amount alone
    "inputs": Look(
        "icu",
        "inputevents",
        "select itemid, rateuom, amountuom, count(*) filter (where rate > 0 and endtime > starttime),"
        " count(*) filter (where rate is null and amount > 0 and endtime > starttime + %(bolus_h)s * interval '1 hour')"
        " from {} where itemid = any(%(items)s) or itemid = any(%(others)s) group by 1, 2, 3",
        {"items": _items("infusion_item")},
    ),
    # drug, route, rows
    "orders": Look(
        "hosp", "prescriptions", "select drug, route, count(*) from {} where drug is not null group by 1, 2", {}
    ),
    # specimen, rows
    "cultures": Look("hosp", "microbiologyevents", "select spec_type_desc, count(*) from {} group by 1", {}),
    # race, kind of admission, rows
    "admissions": Look("hosp", "admissions", "select race, admission_type, count(*) from {} group by 1, 2", {}),
    # itemid, word (of a kind of specimen), unit (of the others), rows
    "labs": Look(
        "hosp",
        "labevents",
        "select itemid, case when itemid = any(%(words)s) then value end,"
        " case when itemid <> all(%(words)s) then valueuom end, count(*)"
        " from {} where itemid = any(%(items)s) group by 1, 2, 3",
        {"items": _items("lab_item"), "words": _items("lab_item", "specimen")},
    ),
    # itemid, word (of modes, devices, code status, verbal answers), unit (of the others), rows
    "charts": Look(
        "icu",
        "chartevents",
        "select itemid, case when itemid = any(%(words)s) then value end,"
        " case when itemid <> all(%(words)s) then valueuom end, count(*)"
        " from {} where itemid = any(%(items)s) group by 1, 2, 3",
        {"items": _items("chart_item"), "words": _items("chart_item", *_WORDS)},
    ),
}


def look(
    connection: Connection,
    schemas: Mapping[str, str],
    others: Mapping[int, str],
    chosen: Definitions,
    say: Callable[[str], None],
) -> dict[str, Rows]:
    """The rows of each query, by its name. `others` are items of inputevents that no seed has.

    Tables come from the smallest on; `say` is told of each that is large.
    """
    found = {}
    for name, asked in LOOKS.items():
        table = sql.Identifier(schemas[asked.module], asked.table)
        about = _about(connection, schemas[asked.module], asked.table)
        if about >= _MANY:
            say(f"reading {asked.table}, about {about / _MANY:,.0f} million rows")
        numbers = {"others": list(others), "bolus_h": chosen["quality_bolus_max_h"], **asked.items}
        found[name] = connection.execute(sql.SQL(asked.query).format(table), numbers).fetchall()
    return found


def items_like(connection: Connection, schemas: Mapping[str, str], drug: str) -> dict[int, str]:
    """Items of inputevents that are named like `drug` and that no seed has: number -> label; none without d_items."""
    schema = schemas["icu"]
    there = connection.execute(
        "select has_table_privilege(to_regclass(%s), 'select')", [f'"{schema}".d_items']
    ).fetchone()
    if there is None or not there[0]:
        return {}
    query = "select itemid, label from {} where label ilike %s and linksto = 'inputevents' and itemid <> all(%s)"
    rows = connection.execute(
        sql.SQL(query).format(sql.Identifier(schema, "d_items")), [f"%{drug}%", _items("infusion_item")]
    )
    return dict(rows.fetchall())


def _about(connection: Connection, schema: str, table: str) -> float:
    """The planner's count of rows; 0 where it has none."""
    query = "select reltuples from pg_class where oid = to_regclass(%s)"
    row = connection.execute(query, [f'"{schema}"."{table}"']).fetchone()
    return max(float(row[0]), 0.0) if row else 0.0
