"""A part of what analysis.R reads."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from analysis_py.marts.types import Variable
from analysis_py.report.export.dictionary import Column
from analysis_py.study.results import Row

ESTIMATES: Final = ("analysis", "cohort", "outcome", "model", "measure", "estimate", "lower", "upper", "note")
MODELS: Final = ("model", "covariate", "kind")
_TYPES: Final = {"continuous": "double precision", "binary": "boolean", "categorical": "text"}


@dataclass(frozen=True)
class Part:
    """Tables by name, their columns described; (model, covariate, kind); our numbers; what is not there and why."""

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    columns: tuple[Column, ...] = ()
    models: tuple[tuple[str, str, str], ...] = ()
    rows: tuple[Row, ...] = ()
    remarks: tuple[str, ...] = ()

    def estimates(self) -> pd.DataFrame:
        """Our numbers, by the keys of results.csv."""
        lines = [[getattr(row, name) for name in ESTIMATES] for row in self.rows]
        return pd.DataFrame(lines, columns=list(ESTIMATES))

    def covariates(self) -> pd.DataFrame:
        """A line for each covariate of each model."""
        return pd.DataFrame(self.models, columns=list(MODELS))


def together(parts: Sequence[Part]) -> Part:
    """One after the other."""
    return Part(
        {name: table for part in parts for name, table in part.tables.items()},
        tuple(column for part in parts for column in part.columns),
        tuple(model for part in parts for model in part.models),
        tuple(row for part in parts for row in part.rows),
        tuple(remark for part in parts for remark in part.remarks),
    )


def column_of(table: str, variable: Variable, how: str, name: str = "") -> Column:
    """A variable of the study in a table of ours; `how` its values came there."""
    return Column(table, name or variable.name, _TYPES[variable.kind], f"{variable.label}, {how}", variable.unit)
