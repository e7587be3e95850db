"""The seven tables of the Zigong database: their files, the columns that the study needs, and which ones are numbers.

What `columns.csv` does not list is kept as text, under the name in the file's header in lower case.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from mimic_db.tables import Column, Table

SCHEMA = "zigong"
NUMBER = "double precision"  # hours from hospital admission, and the age in years

_FILES = ("dtBaseline", "dtTransfer", "dtICD", "dtOutCome", "dtLab", "dtDrugs", "dtNursingChart")


@dataclass(frozen=True)
class Definition:
    """A table as it must at least be; `file` is the file's name without its suffix, as PhysioNet spells it."""

    file: str
    columns: tuple[Column, ...]

    @property
    def name(self) -> str:
        """The table's name in the database."""
        return self.file.lower()

    @property
    def needed(self) -> tuple[str, ...]:
        """Columns that the study cannot run without."""
        return tuple(column.name for column in self.columns if column.needed)

    def table(self, header: Sequence[str]) -> Table:
        """The table of a file with these columns."""
        types = {column.name: column.type for column in self.columns}
        columns = tuple(Column(name, types.get(name, "text"), nullable=True, needed=name in types) for name in header)
        return Table(SCHEMA, self.name, columns)


def _read_definitions() -> Mapping[str, tuple[Column, ...]]:
    with Path(__file__).with_name("columns.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        name: tuple(Column(row["column"], row["type"], nullable=True, needed=row["needed"] == "yes") for row in columns)
        for name, columns in groupby(rows, key=lambda row: row["table"])
    }


_COLUMNS = _read_definitions()
DEFINITIONS = tuple(Definition(file, _COLUMNS[file.lower()]) for file in _FILES)
