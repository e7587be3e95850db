"""When cells of a mart differ, and the table that says which do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg import sql
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

TOLERANCE = 1e-9  # of numbers that are not whole, relative: sums in another order


@dataclass(frozen=True)
class Comparison:
    """One mart: rows of both sides, rows that only one of them has, cells compared, and how many differ by column."""

    mart: str
    rows: int
    one_sided: int
    cells: int
    differing: Mapping[str, int]

    @property
    def is_equal(self) -> bool:
        """Nothing differs."""
        return not self.one_sided and not self.differing


def show(found: Sequence[Comparison]) -> None:
    """Print it."""
    table = Table("mart", "rows", "on one side", "cells", "wrong", box=SIMPLE)
    for each in found:
        table.add_row(each.mart, f"{each.rows:,}", f"{each.one_sided:,}", f"{each.cells:,}", cells_in_words(each))
    console().print(table)


def console() -> Console:
    """Where a table goes: wide enough for the names of marts and columns, whatever the terminal."""
    return Console(width=160)


def in_words(found: Comparison) -> str:
    """All that differs in a mart, in one cell of a table."""
    if not found.one_sided:
        return cells_in_words(found)
    rows = f"{found.one_sided:,} rows on one side"
    return f"{rows}, {cells_in_words(found)}" if found.differing else rows


def cells_in_words(found: Comparison) -> str:
    """The columns in which a mart differs, with the number of cells."""
    return ", ".join(f"{column} {count:,}" for column, count in found.differing.items()) or "none"


def differs(left: str, right: str, column: str, is_double: bool, least: float = 0) -> sql.Composed:
    """The condition that a column is another in the relation `left` than in `right`.

    Doubles may differ by TOLERANCE of their size, which is `least` at least.
    """
    names = [sql.Identifier(relation, column) for relation in (left, right)]
    if is_double:
        template = "(({0} is null) <> ({1} is null) or abs({0} - {1}) > {2} * greatest(abs({0}), abs({1}), {3}))"
        return sql.SQL(template).format(*names, sql.Literal(TOLERANCE), sql.Literal(least))
    return sql.SQL("{0} is distinct from {1}").format(*names)
