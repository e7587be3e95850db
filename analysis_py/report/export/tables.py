"""Which tables are exported, and how a table becomes a file."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import pandas as pd
from psycopg import sql

from analysis_py.marts.errors import StudyError
from analysis_py.marts.reader import INSTALL
from analysis_py.marts.trial import TRIAL_MARTS

Format = Literal["csv", "parquet"]

# each mart with its key; those of the trial where the build has them
TABLES: Final[dict[str, tuple[str, ...]]] = {
    "analysis_cohort": ("stay_id",),
    "cohort_flow": ("step",),
    "baseline_extended": ("stay_id",),
    "outcomes": ("stay_id",),
    **TRIAL_MARTS,
}


def require_format(form: Format) -> None:
    """Raise StudyError where the library that writes the format is not there."""
    if form == "csv":
        return
    try:
        importlib.import_module("duckdb")
    except ImportError:
        raise StudyError(f"DuckDB writes Parquet, and is not installed: {INSTALL}; or choose --format csv") from None


def write_table(path: Path, table: pd.DataFrame, types: Mapping[str, str], form: Format = "csv") -> None:
    """`path` without its ending. `types` are SQL's, by column: what Parquet keeps, and where a whole number is one."""
    if form == "csv":
        _as_written(table, types).to_csv(path.with_suffix(".csv"), index=False, lineterminator="\n")
        return
    columns = [
        sql.SQL("cast({0} as {1}) as {0}").format(sql.Identifier(name), sql.SQL(types.get(name, "text")))
        for name in table.columns
    ]
    query = sql.SQL("copy (select {} from rows_of_table) to {} (format parquet)").format(
        sql.SQL(", ").join(columns), sql.Literal(str(path.with_suffix(".parquet")))
    )
    with importlib.import_module("duckdb").connect() as connection:
        connection.register("rows_of_table", table)
        connection.execute(query.as_string(None))


def _as_written(table: pd.DataFrame, types: Mapping[str, str]) -> pd.DataFrame:
    """As R and pandas both read it: TRUE and FALSE, whole numbers without a point, a missing value as nothing."""
    columns: dict[str, pd.Series] = {}
    for name in table.columns:
        values, kind = table[name], types.get(name, "")
        if kind == "boolean":
            columns[name] = values.astype("boolean").map({True: "TRUE", False: "FALSE"}, na_action="ignore")
        elif kind in ("integer", "bigint"):
            columns[name] = values.astype("Int64")
        else:
            columns[name] = values
    return pd.DataFrame(columns, index=table.index)
