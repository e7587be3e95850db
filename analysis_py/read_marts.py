"""The two marts that the statistics need, read in one transaction and typed."""

from typing import Any

import numpy as np
import pandas as pd
import psycopg
from psycopg import sql

from analysis_py.errors import StudyError
from analysis_py.profile import Target
from analysis_py.variables import (
    DEX_DOSE,
    DEX_DURATION,
    FOLLOW_UP,
    OUTCOMES,
    TABLE_ONE,
    TREATMENT,
    Variable,
)

FLOW_COLUMNS = ("step", "rule", "n_before", "n_excluded", "n_after")
_PLAIN = (
    Variable(TREATMENT, "treatment", "binary"),
    Variable(FOLLOW_UP, "follow-up"),
    Variable(DEX_DURATION, "duration"),
    Variable(DEX_DOSE, "dose"),
)
_NEVER_MISSING = (TREATMENT, FOLLOW_UP, "died_28d_hospital", "died_hospital")


def read_marts(target: Target) -> tuple[pd.DataFrame, pd.DataFrame]:
    """analysis_cohort (typed, index stay_id) and cohort_flow (by step).

    Raises:
        StudyError: server, schema, mart, column or privilege missing, or values that no mart of ours can hold.
    """
    try:
        with psycopg.connect(**target.connection) as connection:
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            if target.role:
                connection.execute(sql.SQL("set role {}").format(sql.Identifier(target.role)))
            cohort = _read(connection, target.schema, "analysis_cohort", "stay_id")
            flow = _read(connection, target.schema, "cohort_flow", "step")
    except psycopg.errors.UndefinedTable as error:
        raise StudyError(f"{_first_line(error)}: run `dbt build` first, with the same profile and target") from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise StudyError(f"{_first_line(error)}: grant select on the schema {target.schema} to this role") from error
    except psycopg.OperationalError as error:
        raise StudyError(
            f"no connection to the database ({_first_line(error)}): is the server running, and is profiles.yml right?"
        ) from error
    except psycopg.Error as error:
        raise StudyError(f"the marts cannot be read: {_first_line(error)}") from error
    require(flow, FLOW_COLUMNS, f"{target.schema}.cohort_flow")
    return type_cohort(cohort, f"{target.schema}.analysis_cohort"), flow


def type_cohort(cohort: pd.DataFrame, name: str) -> pd.DataFrame:
    """analysis_cohort with floats, nullable booleans and categories, indexed by stay_id.

    Raises:
        StudyError: a missing column, a repeated stay, a missing outcome, an infinite or unexpected value.
    """
    variables = (*TABLE_ONE, *OUTCOMES, *_PLAIN)
    require(cohort, ["stay_id", *(variable.name for variable in variables)], name)
    if cohort["stay_id"].duplicated().any():
        raise StudyError(f"{name} holds a stay_id more than once: `dbt test` shows which")
    typed = pd.DataFrame(index=pd.Index(cohort["stay_id"], name="stay_id"))
    for variable in variables:
        typed[variable.name] = _typed(cohort[variable.name], variable, name).to_numpy()
        typed[variable.name] = typed[variable.name].astype(_dtype(variable))
    for column in _NEVER_MISSING:
        if typed[column].isna().any():
            raise StudyError(f"{name}.{column} has missing values: `dbt test` shows where")
        if typed[column].dtype == "boolean":
            typed[column] = typed[column].astype(bool)
    if (typed[FOLLOW_UP] < 0).any():
        raise StudyError(f"{name}.{FOLLOW_UP} is negative: `dbt test` shows where")
    return typed


def require(data: pd.DataFrame, columns: Any, name: str) -> None:
    """Raise StudyError unless the mart has all columns."""
    missing = [column for column in columns if column not in data.columns]
    if missing:
        raise StudyError(f"{name} lacks {', '.join(missing)}: the marts are of another version, run `dbt build` again")


def _read(connection: psycopg.Connection[Any], schema: str, table: str, order: str) -> pd.DataFrame:
    query = sql.SQL("select * from {} order by {}").format(sql.Identifier(schema, table), sql.Identifier(order))
    cursor = connection.execute(query)
    names = [column.name for column in cursor.description or ()]
    return pd.DataFrame(cursor.fetchall(), columns=names)


def _dtype(variable: Variable) -> Any:
    if variable.kind == "binary":
        return "boolean"
    if variable.kind == "categorical":
        return pd.CategoricalDtype(list(variable.levels))
    return "float64"


def _typed(values: pd.Series, variable: Variable, name: str) -> pd.Series:
    missing = values.isna()
    if variable.kind == "categorical":
        unknown = set(values[~missing]) - set(variable.levels)
        if unknown:
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


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
