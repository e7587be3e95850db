"""The files of MIMIC-IV 2.2 in the form of release 3.1: its years, its words, its longest texts, its identifiers.

3.1 has the columns of 2.2 (mimic_db/columns.csv, after the maintainers' create.sql). What it has else: patients of 2020
- 2022, languages written out and more kinds of insurance, providers and caregivers nearly everywhere. The widest texts
that its columns may hold are planted where no model reads them. What models read is as it was but for the
years: so must the marts be.
"""

import csv
import gzip
import io
import re
from collections.abc import Iterator
from pathlib import Path

from mimic_db.tables import TABLES, Column, Table

YEARS = "2020 - 2022"
_EVERY = 97  # rows of which one has its texts as wide as they may be
_LONG_TEXT = 20_000  # characters, where a column has no width
_LANGUAGES = {"ENGLISH": "English", "?": "American Sign Language"}
_INSURANCE = {"Other": "Private"}


def write_as_3_1(source: Path, folder: Path) -> None:
    """Write every table of `source` to `folder`, in the order of columns of the official script."""
    for table in TABLES:
        rows = _rows(source / table.module / f"{table.name}.csv.gz", table)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(table.column_names)
        writer.writerows(rows)
        path = folder / table.module / f"{table.name}.csv.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(text.getvalue().encode(), 1))


def _rows(path: Path, table: Table) -> Iterator[list[str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        header = [name.lower() for name in next(lines)]  # 2.2 writes some in capitals
        for number, line in enumerate(lines):
            row = dict(zip(header, line, strict=True))
            yield [_cell(table, column, row[column.name], number) for column in table.columns]


def _cell(table: Table, column: Column, value: str, number: int) -> str:
    if column.name == "anchor_year_group":
        return YEARS if number % 4 == 0 else value
    if column.name == "language":
        value = _LANGUAGES.get(value, value)
    if column.name == "insurance":
        value = _INSURANCE.get(value, value)
    if not value and column.name.endswith("provider_id"):
        return f"P{number % 10_000:05}"
    if not value and column.name == "caregiver_id":
        return str(10_000 + number % 80_000)
    if number % _EVERY == 0 and not column.needed and not _is_key(table, column):
        return _widest(column) or value
    return value


def _is_key(table: Table, column: Column) -> bool:
    """Whether other rows are found by it."""
    return column.name.endswith(("_id", "icd_code", "_cd")) or table.name in ("provider", "caregiver")


def _widest(column: Column) -> str:
    """As many characters as the column takes; empty where it holds no text of any length."""
    if column.type == "text":
        return "é" * _LONG_TEXT
    width = re.fullmatch(r"varchar\((\d+)\)", column.type)
    return "é" * int(width[1]) if width else ""
