"""What a column of a mart holds: its kind, its levels, and a frame that is checked against them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis_py.marts.errors import StudyError
from analysis_py.statistics.balance import Kind


@dataclass(frozen=True)
class Variable:
    """One column of a mart. `levels` are the values of a categorical one, the reference first; none: whatever is found.

    `optional_levels` are those of them that a study has only by a definition of its own: without any row they are none.
    `drugs` are those that it tells about. The imputation and the propensity score have it if `in_models`, the outcome
    models from the number `from_model` on (0: none). One that `is_complete` lacks no value.
    """

    name: str
    label: str
    kind: Kind = "continuous"
    unit: str = ""
    section: str = ""
    levels: tuple[str | int, ...] = ()
    optional_levels: tuple[str | int, ...] = ()
    in_models: bool = True
    from_model: int = 0
    drugs: tuple[str, ...] = ()
    is_complete: bool = False
    never_negative: bool = False

    @property
    def title(self) -> str:
        """Label with unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    def levels_in(self, found: Collection[object]) -> tuple[str | int, ...]:
        """The levels of a categorical variable, of the optional ones those that are `found`."""
        if self.kind == "categorical" and not self.levels:
            return tuple(sorted(map(str, found)))
        return tuple(level for level in self.levels if level not in self.optional_levels or level in found)


def type_stays(stays: pd.DataFrame, name: str, variables: Sequence[Variable]) -> pd.DataFrame:
    """`variables` as floats, nullable booleans and categories, indexed by stay_id; `name` is for messages.

    Raises:
        StudyError: a missing column, a repeated stay, a missing outcome, an infinite or unexpected value.
    """
    require(stays, ["stay_id", *(variable.name for variable in variables)], name)
    if stays["stay_id"].duplicated().any():
        raise StudyError(f"{name} holds a stay_id more than once: `dbt test` shows which")
    return type_rows(stays, name, variables, pd.Index(stays["stay_id"], name="stay_id"))


def type_rows(rows: pd.DataFrame, name: str, variables: Sequence[Variable], index: pd.Index) -> pd.DataFrame:
    """As type_stays(), of rows with an `index` of any kind.

    Raises:
        StudyError: as type_stays(), but for repeated stays.
    """
    require(rows, [variable.name for variable in variables], name)
    columns = {}
    for variable in variables:
        values = _typed(rows[variable.name], variable, name)
        column = values.astype(_dtype(values, variable))
        if variable.is_complete:
            if column.isna().any():
                raise StudyError(f"{name}.{variable.name} has missing values: `dbt test` shows where")
            if variable.kind == "binary":
                column = column.astype(bool)
        if variable.never_negative and (column < 0).any():
            raise StudyError(f"{name}.{variable.name} is negative: `dbt test` shows where")
        columns[variable.name] = column.to_numpy() if column.dtype == float else column.array
    return pd.DataFrame(columns, index=index)


def require(data: pd.DataFrame, columns: Iterable[str], name: str) -> None:
    """Raise StudyError unless the mart has all columns."""
    missing = [column for column in columns if column not in data.columns]
    if missing:
        raise StudyError(f"{name} lacks {', '.join(missing)}: the marts are of another version, run `dbt build` again")


def levels_of(values: pd.Series, variable: Variable) -> tuple[str | int, ...]:
    """The levels of `variable` in the study of which `values` are some rows: its categories, where they are typed."""
    is_typed = isinstance(values.dtype, pd.CategoricalDtype)
    return variable.levels_in(set(values.cat.categories if is_typed else values.dropna()))


def _dtype(values: pd.Series, variable: Variable) -> Any:
    if variable.kind == "binary":
        return "boolean"
    if variable.kind == "categorical":
        return pd.CategoricalDtype(list(levels_of(values, variable)))
    return "float64"


def _typed(values: pd.Series, variable: Variable, name: str) -> pd.Series:
    missing = values.isna()
    if variable.kind == "categorical":
        unknown = set(values[~missing]) - set(variable.levels)
        if unknown and variable.levels:
            raise StudyError(
                f"{name}.{variable.name} holds {sorted(map(str, unknown))[0]!r}, not one of {variable.levels}"
            )
        return pd.Series([None if gone else value for value, gone in zip(values, missing, strict=True)], dtype=object)
    try:
        numbers = pd.Series(pd.to_numeric(values), index=values.index).astype("Float64").astype(float)
    except (ValueError, TypeError) as error:
        raise StudyError(f"{name}.{variable.name} is not numeric: run `dbt build` again") from error
    if np.isinf(numbers).any():
        raise StudyError(f"{name}.{variable.name} holds an infinite value: `dbt test` shows where")
    if variable.kind == "binary":
        return pd.Series(
            [pd.NA if gone else bool(value) for value, gone in zip(numbers, missing, strict=True)], dtype="boolean"
        )
    return pd.Series(numbers)
