"""The marts that the statistics need, read in one transaction and typed."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import psycopg
from psycopg import sql

from analysis_py.build_record import NO_RECORD, BuildRecord, read_build_record
from analysis_py.errors import StudyError, first_line
from analysis_py.external import ExternalMarts
from analysis_py.generated import read_stamp
from analysis_py.one_build import keep_builds_out, require_one_build
from analysis_py.profile import Target
from analysis_py.reader import Reader, open_file, open_parquet
from analysis_py.readings import (
    BASELINE,
    FOLLOW_UP_DISCHARGE,
    HEPARIN_READINGS,
    OUTCOME_COLUMNS,
    RULES,
    SCORES,
    SIC_READINGS,
    SIC_SCORE,
)
from analysis_py.variables import (
    DEATH_ANYWHERE,
    EXPOSURE_DOSE,
    EXPOSURE_DURATION,
    EXTERNAL_OUTCOMES,
    EXTERNAL_TABLE_ONE,
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
    Variable(EXPOSURE_DURATION, "duration"),
    Variable(EXPOSURE_DOSE, "dose"),
)
_COHORT = (*TABLE_ONE, *OUTCOMES, *_PLAIN)
ELIGIBLE = (
    Variable(TREATMENT, "treatment", "binary"),
    *(Variable(name, name, "binary") for name in (*SIC_READINGS, *HEPARIN_READINGS)),
    # of any value here: levels are those of a cohort
    *(Variable(name, name) for name in (SIC_SCORE, *SCORES, FOLLOW_UP, FOLLOW_UP_DISCHARGE)),
    *(variable for variable in TABLE_ONE if variable.name != SIC_SCORE),
    *OUTCOMES,
)
_NEVER_MISSING = {
    TREATMENT,
    FOLLOW_UP,
    FOLLOW_UP_DISCHARGE,
    DEATH_ANYWHERE,
    "died_28d_hospital",
    "died_hospital",
    *SIC_READINGS,
    *HEPARIN_READINGS,
    *SCORES,
}


@dataclass(frozen=True)
class Marts:
    """analysis_cohort and, for other readings of its definitions, every stay that one of them keeps; cohort_flow.

    `generated` says what was generated; empty for real patients. `build` is what the build left about itself.
    `external` is the external cohort, where this build has one (var zigong).
    """

    cohort: pd.DataFrame
    stays: pd.DataFrame
    flow: pd.DataFrame
    generated: str
    build: BuildRecord = NO_RECORD
    external: ExternalMarts | None = None


def read_marts(target: Target) -> Marts:
    """analysis_cohort (typed, index stay_id), the stays of other readings (the same), and cohort_flow (by step).

    Raises:
        StudyError: server, schema, mart, column or privilege missing, a build that runs or has not succeeded, or values
            that no mart of ours can hold.
    """
    try:
        with _open(target) as connection:
            build = read_build_record(connection, target.schema)
            require_one_build(build, target.schema)
            cohort = _read(connection, target.schema, "analysis_cohort", "stay_id")
            stays = _read_stays(connection, target.schema)
            flow = _read(connection, target.schema, "cohort_flow", "step")
            generated = read_stamp(connection)
            external = _read_external(connection, target.schema, build)
    except psycopg.errors.UndefinedColumn as error:
        raise StudyError(f"{first_line(error)}: the marts are of another version, run `dbt build` again") from error
    except psycopg.errors.UndefinedTable as error:
        raise StudyError(f"{first_line(error)}: run `dbt build` first, with the same profile and target") from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise StudyError(f"{first_line(error)}: grant select on the schema {target.schema} to this role") from error
    except psycopg.errors.LockNotAvailable as error:
        raise StudyError(
            "another session holds a lock on the marts: end it and run this again (DEXSIC_LOCK_TIMEOUT is the patience)"
        ) from error
    except psycopg.errors.QueryCanceled as error:
        raise StudyError(
            f"the server ended the reading of the marts ({first_line(error)}): if that is its statement_timeout, set"
            " PGOPTIONS='-c statement_timeout=0' and run this again"
        ) from error
    except psycopg.OperationalError as error:
        if re.search("closed the connection|terminating connection|server process", str(error)):
            raise StudyError(
                "the server closed the connection while the marts were read (stopped or crashed?): start it and run"
                " this again"
            ) from error
        raise StudyError(
            f"no connection to the database ({first_line(error)}): is the server running, and is profiles.yml right?"
        ) from error
    except psycopg.Error as error:
        raise StudyError(f"the marts cannot be read: {first_line(error)}") from error
    require(flow, FLOW_COLUMNS, f"{target.schema}.cohort_flow")
    return Marts(
        type_stays(cohort, f"{target.schema}.analysis_cohort", _COHORT),
        type_eligible(stays, f"{target.schema}.cohort_eligibility"),
        flow,
        generated,
        build,
        external,
    )


@contextmanager
def _open(target: Target) -> Iterator[Reader]:
    """One transaction that reads, while no build runs."""
    if target.file:
        with open_file(target.file) as file:
            yield file
        return
    if target.folder:
        with open_parquet(target.folder, target.schema) as tables:
            yield tables
        return
    with psycopg.connect(**target.connection, autocommit=True) as connection:
        connection.execute("select set_config('lock_timeout', %s, false)", [_lock_timeout()])
        # whatever the role or the database asks for: numbers to the last digit, and nothing that is named like ours
        connection.execute("set extra_float_digits = 1; set datestyle = 'ISO, YMD'; set search_path = pg_catalog")
        keep_builds_out(connection, target.schema)
        connection.autocommit = False
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        if target.role:
            connection.execute(sql.SQL("set role {}").format(sql.Identifier(target.role)))
        yield connection


def _read_external(connection: Reader, schema: str, build: BuildRecord) -> ExternalMarts | None:
    """zigong_cohort and zigong_flow of this build; those that an earlier one has left are of no interest."""
    if build.definitions.get("zigong") != "true":
        return None
    cohort, flow = (
        _read(connection, schema, "zigong_cohort", "stay_id"),
        _read(connection, schema, "zigong_flow", "step"),
    )
    require(flow, FLOW_COLUMNS, f"{schema}.zigong_flow")
    typed = type_external(cohort, f"{schema}.zigong_cohort")
    return ExternalMarts(typed, flow, read_stamp(connection, "zigong_generated"))


def type_cohort(cohort: pd.DataFrame, name: str) -> pd.DataFrame:
    """analysis_cohort with floats, nullable booleans and categories, indexed by stay_id.

    Raises:
        StudyError: as type_stays().
    """
    return type_stays(cohort, name, _COHORT)


def type_eligible(stays: pd.DataFrame, name: str) -> pd.DataFrame:
    """The stays that any reading keeps, as type_cohort().

    Raises:
        StudyError: as type_stays().
    """
    return type_stays(stays, name, ELIGIBLE)


def type_external(cohort: pd.DataFrame, name: str) -> pd.DataFrame:
    """zigong_cohort, as type_cohort().

    Raises:
        StudyError: as type_stays().
    """
    return type_stays(cohort, name, (*EXTERNAL_TABLE_ONE, *EXTERNAL_OUTCOMES, *_PLAIN[:2]))


def type_stays(stays: pd.DataFrame, name: str, variables: Sequence[Variable]) -> pd.DataFrame:
    """`variables` as floats, nullable booleans and categories, indexed by stay_id; `name` is for messages.

    Raises:
        StudyError: a missing column, a repeated stay, a missing outcome, an infinite or unexpected value.
    """
    require(stays, ["stay_id", *(variable.name for variable in variables)], name)
    if stays["stay_id"].duplicated().any():
        raise StudyError(f"{name} holds a stay_id more than once: `dbt test` shows which")
    columns = {}
    for variable in variables:
        column = _typed(stays[variable.name], variable, name).astype(_dtype(variable))
        if variable.name in _NEVER_MISSING:
            if column.isna().any():
                raise StudyError(f"{name}.{variable.name} has missing values: `dbt test` shows where")
            if variable.kind == "binary":
                column = column.astype(bool)
        if variable.name in (FOLLOW_UP, FOLLOW_UP_DISCHARGE) and (column < 0).any():
            raise StudyError(f"{name}.{variable.name} is negative: `dbt test` shows where")
        columns[variable.name] = column.to_numpy() if column.dtype == float else column.array
    return pd.DataFrame(columns, index=pd.Index(stays["stay_id"], name="stay_id"))


def require(data: pd.DataFrame, columns: Any, name: str) -> None:
    """Raise StudyError unless the mart has all columns."""
    missing = [column for column in columns if column not in data.columns]
    if missing:
        raise StudyError(f"{name} lacks {', '.join(missing)}: the marts are of another version, run `dbt build` again")


def _read(connection: Reader, schema: str, table: str, order: str) -> pd.DataFrame:
    query = sql.SQL("select * from {} order by {}").format(sql.Identifier(schema, table), sql.Identifier(order))
    return _frame(connection.execute(query))


def _read_stays(connection: Reader, schema: str) -> pd.DataFrame:
    """The stays that differ from the main cohort in no more than the reading of one rule."""

    def columns(mart: str, names: Sequence[str]) -> list[sql.Composable]:
        return [sql.SQL("{}.{}").format(sql.Identifier(mart), sql.Identifier(name)) for name in names]

    def mart(name: str) -> sql.Composed:
        return sql.SQL("{} as {}").format(sql.Identifier(schema, name), sql.Identifier(name))

    rules, sic, heparin = (columns("cohort_eligibility", names) for names in (RULES, SIC_READINGS, HEPARIN_READINGS))
    chosen = [
        *columns("cohort_eligibility", ("stay_id", TREATMENT)),
        *sic,
        *heparin,
        *columns("sic_score", SCORES),
        *columns("baseline", BASELINE),
        *columns("outcomes", OUTCOME_COLUMNS),
    ]
    query = sql.SQL(
        "select {chosen} from {eligibility} join {sic_score} using (stay_id) join {baseline} using (stay_id)"
        " join {outcomes} using (stay_id) where not ({rules})"
        " and ({any_sic}) and not ({all_heparin}) order by stay_id"
    ).format(
        chosen=sql.SQL(", ").join(chosen),
        eligibility=mart("cohort_eligibility"),
        sic_score=mart("sic_score"),
        baseline=mart("baseline"),
        outcomes=mart("outcomes"),
        rules=sql.SQL(" or ").join(rules),
        any_sic=sql.SQL(" or ").join(sic),
        all_heparin=sql.SQL(" and ").join(heparin),
    )
    return _frame(connection.execute(query))


def _frame(cursor: Any) -> pd.DataFrame:
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


def _lock_timeout() -> str:
    """How long to wait for a table that another session has locked; dbt's models wait as long (macros/build.sql)."""
    return os.environ.get("DEXSIC_LOCK_TIMEOUT", "5min")
