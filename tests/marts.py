"""Every mart of one PostgreSQL database against its like in another, cell by cell."""

from typing import Any

import psycopg
from psycopg import sql

from tests.engines import EXTERNAL, KEYS, MARTS
from twin.differences import TOLERANCE

Rows = dict[tuple[Any, ...], tuple[Any, ...]]


def differing(ours: str, theirs: str, schema: str = "dexsic") -> dict[str, list[str]]:
    """What differs, by mart: columns, rows of one side, cells. Doubles may differ by TOLERANCE of their size.

    `ours` and `theirs` are DSNs. Empty where every cell of every mart is the same; a mart without a row counts as
    differing, for nothing would have been compared.
    """
    found: dict[str, list[str]] = {}
    with psycopg.connect(ours) as here, psycopg.connect(theirs) as there:
        for mart in MARTS:
            if not mart.startswith(EXTERNAL) and (wrong := _differences(here, there, schema, mart)):
                found[mart] = wrong
    return found


def _differences(here: psycopg.Connection, there: psycopg.Connection, schema: str, mart: str) -> list[str]:
    (names, left), (other_names, right) = _read(here, schema, mart), _read(there, schema, mart)
    if names != other_names:
        return [f"columns: {names} and {other_names}"]
    if not left:
        return ["no rows"]
    wrong = [f"{key} is on one side" for key in left.keys() ^ right.keys()]
    for key in left.keys() & right.keys():
        wrong += [
            f"{name} of {key}: {one} and {other}"
            for name, one, other in zip(names, left[key], right[key], strict=True)
            if not _same(one, other)
        ]
    return sorted(wrong)


def _read(connection: psycopg.Connection, schema: str, mart: str) -> tuple[list[str], Rows]:
    cursor = connection.execute(sql.SQL("select * from {}").format(sql.Identifier(schema, mart)))
    names = [column.name for column in cursor.description or ()]
    at = [names.index(key) for key in KEYS.get(mart, ("stay_id",))]
    return names, {tuple(row[place] for place in at): row for row in cursor}


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= TOLERANCE * max(abs(one), abs(other)) or (one != one and other != other)
    return bool(one == other)
