"""The 31 tables of MIMIC-IV (hosp 22, icu 9): official names, types and NOT NULLs.

Releases 2.2 and 3.1 have the same columns; 3.1's texts are longer, and the widths here hold both.
`needed` marks what the study's models read; everything else may be absent from a server.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from psycopg import sql

MODULES = ("hosp", "icu")
OFFICIAL_SCHEMAS: Mapping[str, str] = {module: f"mimiciv_{module}" for module in MODULES}

# the models read large tables once, in full; only the small tables that people look things up in get an index.
# Not unique: a duplicate is to be found and named by the tests of the study, not by a failing load.
INDEXES: Mapping[str, str] = {"patients": "subject_id", "admissions": "hadm_id", "icustays": "stay_id"}


def schema_var(module: str) -> str:
    """The var of dbt_project.yml that names where a module's tables lie."""
    return f"mimic_{module}_schema"


@dataclass(frozen=True)
class Column:
    """A column; `type` as PostgreSQL spells it, `needed` if a model of the study reads it."""

    name: str
    type: str
    nullable: bool
    needed: bool


@dataclass(frozen=True)
class Table:
    """A table; `module` is also the folder that its CSV file lies in."""

    module: str
    name: str
    columns: tuple[Column, ...]

    @property
    def needed(self) -> bool:
        """Whether the study cannot run without this table."""
        return any(column.needed for column in self.columns)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names in official order."""
        return tuple(column.name for column in self.columns)

    def __str__(self) -> str:
        return f"{self.module}/{self.name}"


def _read_definitions() -> tuple[Table, ...]:
    with Path(__file__).with_name("columns.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return tuple(
        Table(
            module,
            name,
            tuple(
                Column(row["column"], row["type"], row["nullable"] == "yes", row["needed"] == "yes") for row in columns
            ),
        )
        for (module, name), columns in groupby(rows, key=lambda row: (row["module"], row["table"]))
    )


TABLES = _read_definitions()


def create_table(table: Table, schema: str) -> sql.Composed:
    """`create table if not exists` for `table` in `schema`, with its index; two statements."""
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}{}").format(
            sql.Identifier(column.name),
            sql.SQL(column.type),  # from our own data file
            sql.SQL("" if column.nullable else " not null"),
        )
        for column in table.columns
    )
    target = sql.Identifier(schema, table.name)
    statement = sql.SQL("create table if not exists {} ({});").format(target, columns)
    if table.name in INDEXES:
        column = INDEXES[table.name]
        statement += sql.SQL(" create index if not exists {} on {} ({});").format(
            sql.Identifier(f"{table.name}_{column}"), target, sql.Identifier(column)
        )
    return statement
