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
        wrong = ", ".join(f"{column} {count:,}" for column, count in each.differing.items()) or "none"
        table.add_row(each.mart, f"{each.rows:,}", f"{each.one_sided:,}", f"{each.cells:,}", wrong)
    Console(width=160).print(table)
