"""What a file of MIMIC-IV is meant to hold, how it is written, and what a table that took it must give back."""

import gzip
import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from psycopg import sql

from mimic_db.database import Connection
from mimic_db.tables import OFFICIAL_SCHEMAS, Column, Table

Field = str | None  # None is an empty field, "" a quoted empty one: NULL and no text
Row = tuple[Field, ...]
Value = int | float | str | date | datetime | None


@dataclass(frozen=True)
class Content:
    """Header and fields of one table's file, as they are meant."""

    table: Table
    header: tuple[str, ...]
    rows: tuple[Row, ...]

    def column(self, place: int) -> Column:
        """The column at a place of the header."""
        return next(column for column in self.table.columns if column.name == self.header[place])

    def with_field(self, row: int, place: int, value: Field) -> "Content":
        """The same but for one field."""
        changed = list(self.rows)
        changed[row] = (*changed[row][:place], value, *changed[row][place + 1 :])
        return replace(self, rows=tuple(changed))


def kind(column: Column) -> str:
    """The first word of the type: integer, smallint, double, real, timestamp, date, varchar, char, text."""
    return column.type.split("(")[0].split()[0]


def plausible(table: Table, count: int, chance: random.Random) -> Content:
    """`count` rows of values that fit the types; every text differs, some hold what must be quoted."""
    rows = tuple(tuple(_value(column, row, chance) for column in table.columns) for row in range(count))
    return Content(table, table.column_names, rows)


def _value(column: Column, row: int, chance: random.Random) -> Field:
    if column.nullable and chance.random() < 0.2:
        return None
    moment = datetime(2150, 1, 1) + timedelta(minutes=chance.randrange(500_000))
    match kind(column):
        case "integer" | "smallint":
            return str(chance.randrange(1, 30_000))
        case "double" | "real":
            return f"{chance.randrange(1, 4_000) / 8:g}"
        case "timestamp":
            return f"{moment:%Y-%m-%d %H:%M:%S}"
        case "date":
            return f"{moment:%Y-%m-%d}"
        case "char":
            return chance.choice("FM")
    text = chance.choice(["plain", "with, comma", 'with "quote"', "two\nlines", "µmol/L", "x"])
    return f"{text}{row}" if fits(column, f"{text}{row}") else str(row)


def fits(column: Column, text: str) -> bool:
    """Whether `text` is not longer than a text column takes."""
    return "(" not in column.type or len(text) <= int(column.type.split("(")[1].rstrip(")"))


def encode(header: Sequence[str], rows: Sequence[Row], line_end: str = "\n", delimiter: str = ",") -> bytes:
    """As CSV, quoted where needed and no more."""
    lines: list[Row] = [tuple(header), *rows]
    return "".join(delimiter.join(map(quoted, line)) + line_end for line in lines).encode()


def quoted(field: Field) -> str:
    """A field as it stands in a file."""
    if field is None:
        return ""
    if field in ("", "\\.") or any(mark in field for mark in '",\r\n;\t'):
        return '"' + field.replace('"', '""') + '"'
    return field


def write(path: Path, content: bytes) -> None:
    """Write a file, compressed if its name says so."""
    path.write_bytes(gzip.compress(content, 1, mtime=0) if path.suffix == ".gz" else content)


def expected(content: Content) -> list[tuple[Value, ...]]:
    """What the table must hold, columns in official order."""
    places = [content.header.index(name) for name in content.table.column_names]
    return sorted(
        (
            tuple(_meant(column, row[place]) for column, place in zip(content.table.columns, places, strict=True))
            for row in content.rows
        ),
        key=repr,
    )


def found(connection: Connection, table: Table) -> list[tuple[Value, ...]]:
    """What the table holds, in the order of `expected`."""
    query = sql.SQL("select {} from {}").format(
        sql.SQL(", ").join(map(sql.Identifier, table.column_names)),
        sql.Identifier(OFFICIAL_SCHEMAS[table.module], table.name),
    )
    rows = connection.execute(query).fetchall()
    return sorted(
        (tuple(_given(column, value) for column, value in zip(table.columns, row, strict=True)) for row in rows),
        key=repr,
    )


def _given(column: Column, value: Value) -> Value:
    """As the server means it: it pads a char, and a real has half the digits of a Python float."""
    if isinstance(value, str) and kind(column) == "char":
        return value.rstrip(" ")
    return _single(value) if isinstance(value, float) and kind(column) == "real" else value


def _single(number: float) -> float:
    rounded: float = struct.unpack("f", struct.pack("f", number))[0]
    return rounded


def _meant(column: Column, field: Field) -> Value:
    """A field by Python's reading of it."""
    match kind(column), field:
        case _, None:
            return None
        case "integer" | "smallint", text:
            return int(text)
        case "double", text:
            return float(text)
        case "real", text:
            return _single(float(text))
        case "timestamp", text:
            return datetime.fromisoformat(text)
        case "date", text:
            return datetime.fromisoformat(text).date()
        case "char", text:
            return text.rstrip(" ")
    return field
