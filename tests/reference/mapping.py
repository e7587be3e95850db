"""What is compared with what, as data: mapping.csv, the SQL of relation/, and the seed explained_difference."""

import csv
import re
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from mimic_db.errors import UserError

HERE = Path(__file__).parent
MAPPING = HERE / "mapping.csv"
EXPLAINED = HERE.parents[1] / "seeds" / "explained_difference.csv"
ROLES = {"key", "cell", "required", "dropped"}
RELATIVE_TOLERANCE = 1e-9
EVERY_COLUMN = "*"


@dataclass(frozen=True)
class Column:
    """A column of a reference file and what stands for it here.

    role: key = finds the row; cell = compared; required = compared, and reference rows without it are outside the
    study; dropped = not compared, with the reason.
    """

    concept: str
    name: str
    relation: str
    expression: str
    role: str
    tolerance: float
    reason: str


@dataclass(frozen=True)
class Concept:
    """A reference file. `relation` is what follows FROM, None when the study needs no column of it."""

    name: str
    relation: str | None
    columns: tuple[Column, ...]

    @property
    def compared(self) -> tuple[Column, ...]:
        """The columns that are compared, keys included, in the mapping's order."""
        return tuple(column for column in self.columns if column.role != "dropped")

    def named(self, role: str) -> list[str]:
        """Names of the columns of a role."""
        return [column.name for column in self.columns if column.role == role]


@dataclass(frozen=True)
class Rule:
    """A difference on purpose: `condition` in SQL over the rows `ours` and `reference` says which cells it covers."""

    concept: str
    column: str
    condition: str
    reason: str

    def covers(self, column: str) -> bool:
        """Whether the rule is about this column."""
        return self.column in (column, EVERY_COLUMN)


def read_mapping(path: Path = MAPPING) -> list[Concept]:
    """All concepts, in the file's order.

    Raises:
        UserError: a row has no known role, lacks its expression, or is dropped or has a tolerance without a reason.
    """
    columns = [_column(row, f"{path.name} line {line}") for line, row in enumerate(_read(path), 2)]
    return [_concept(name, tuple(rows)) for name, rows in groupby(columns, attrgetter("concept"))]


def read_rules(path: Path = EXPLAINED) -> list[Rule]:
    """The differences on purpose.

    Raises:
        UserError: a row lacks its rule or reason.
    """
    rules = [Rule(row["concept"], row["column"], row["rule"], row["reason"]) for row in _read(path)]
    for rule in rules:
        if not (rule.condition and rule.reason):
            raise UserError(f"{path.name}: {rule.concept}.{rule.column} needs a rule and a reason")
    return rules


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _column(row: dict[str, str], where: str) -> Column:
    role, reason = row["role"], row["reason"]
    if role not in ROLES:
        raise UserError(f"{where}: role is one of {', '.join(sorted(ROLES))}")
    if role == "dropped" and not reason:
        raise UserError(f"{where}: a dropped column needs a reason")
    if role != "dropped" and not (row["relation"] and row["expression"]):
        raise UserError(f"{where}: a compared column needs a relation and an expression")
    if row["tolerance"] and not reason:
        raise UserError(f"{where}: a tolerance of its own needs a reason")
    tolerance = float(row["tolerance"] or RELATIVE_TOLERANCE)
    return Column(row["concept"], row["reference_column"], row["relation"], row["expression"], role, tolerance, reason)


def _concept(name: str, columns: tuple[Column, ...]) -> Concept:
    relations = {column.relation for column in columns if column.role != "dropped"}
    if len(relations) > 1:
        raise UserError(f"{MAPPING.name}: {name} has several relations: {', '.join(sorted(relations))}")
    return Concept(name, _from_clause(relations.pop()) if relations else None, columns)


def _from_clause(relation: str) -> str:
    """The SQL of relation/<name>.sql where there is one, else the name of a table; {other} in it stands for another."""
    file = HERE / "relation" / f"{relation}.sql"
    if not file.is_file():
        return relation
    return re.sub(r"\{(\w+)\}", lambda other: _from_clause(other[1]), file.read_text(encoding="utf-8"))
