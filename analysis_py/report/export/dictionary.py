"""What the columns of an export mean, by the yml that describes the marts: their one home."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
import yaml

from analysis_py.marts.errors import StudyError
from analysis_py.study.variables import BY_NAME, TRIAL_BY_NAME

MARTS: Final = Path(__file__).parents[3] / "models" / "marts"
COLUMNS: Final = ("table", "column", "type", "unit", "description")
# a column's name ends in its unit where no variable of the study gives it one
_UNITS: Final = {
    "_mcg_kg_min": "µg/kg/min",
    "_mg_dl": "mg/dL",
    "_mmol_l": "mmol/L",
    "_mcg_h": "µg/h",
    "_mg_h": "mg/h",
    "_mmhg": "mmHg",
    "_days": "days",
    "_h": "h",
}


@dataclass(frozen=True)
class Column:
    """`type` is SQL's."""

    table: str
    name: str
    type: str
    description: str
    unit: str = ""


def describe(tables: Mapping[str, Iterable[str]], folder: Path = MARTS) -> list[Column]:
    """The columns of each table, in their order.

    Raises:
        StudyError: a column that no yml describes.
    """
    models = _models(folder)
    found = []
    for table, columns in tables.items():
        known = {column["name"]: column for column in models.get(table, {}).get("columns", [])}
        for name in columns:
            if name not in known:
                raise StudyError(
                    f"{table}.{name} is described nowhere in {folder}: the marts are of another version, run `dbt"
                    " build` again"
                )
            text = " ".join(str(known[name].get("description", "")).split())
            found.append(Column(table, name, _plain(str(known[name].get("data_type", ""))), text, unit_of(name)))
    return found


def types_of(columns: Iterable[Column]) -> dict[str, dict[str, str]]:
    """SQL types by table and column."""
    found: dict[str, dict[str, str]] = {}
    for column in columns:
        found.setdefault(column.table, {})[column.name] = column.type
    return found


def dictionary_table(columns: Iterable[Column]) -> pd.DataFrame:
    """A line per column, for the file."""
    lines = [(column.table, column.name, column.type, column.unit, column.description) for column in columns]
    return pd.DataFrame(lines, columns=list(COLUMNS))


def unit_of(name: str) -> str:
    """The unit of a column: its variable's, or what its name ends in; empty where it has none."""
    for variables in (BY_NAME, TRIAL_BY_NAME):
        if name in variables:
            return variables[name].unit
    return next((unit for ending, unit in _UNITS.items() if name.endswith(ending)), "")


def _models(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*.yml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        found |= {model["name"]: model for model in content.get("models", [])}
    return found


def _plain(kind: str) -> str:
    return kind.removesuffix(" without time zone")
