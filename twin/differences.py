"""The table that says which cells of which mart differ."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table


class Differences(Protocol):
    """One mart: rows of both sides, rows that only one of them has, cells compared, and how many differ by column."""

    @property
    def mart(self) -> str: ...
    @property
    def rows(self) -> int: ...
    @property
    def one_sided(self) -> int: ...
    @property
    def cells(self) -> int: ...
    @property
    def differing(self) -> Mapping[str, int]: ...


def show(found: Sequence[Differences]) -> None:
    """Print it."""
    table = Table("mart", "rows", "on one side", "cells", "wrong", box=SIMPLE)
    for each in found:
        table.add_row(each.mart, f"{each.rows:,}", f"{each.one_sided:,}", f"{each.cells:,}", cells_in_words(each))
    console().print(table)


def console() -> Console:
    """Where a table goes: wide enough for the names of marts and columns, whatever the terminal."""
    return Console(width=160)


def in_words(found: Differences) -> str:
    """All that differs in a mart, in one cell of a table."""
    if not found.one_sided:
        return cells_in_words(found)
    rows = f"{found.one_sided:,} rows on one side"
    return f"{rows}, {cells_in_words(found)}" if found.differing else rows


def cells_in_words(found: Differences) -> str:
    """The columns in which a mart differs, with the number of cells."""
    return ", ".join(f"{column} {count:,}" for column, count in found.differing.items()) or "none"
