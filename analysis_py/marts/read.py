"""The marts that the statistics need, read in one transaction and typed."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import psycopg
from psycopg import sql

from analysis_py.marts.build_record import NO_RECORD, BuildRecord, read_build_record
from analysis_py.marts.controls import ControlMarts, ControlsNeeded, read_controls, type_controls
from analysis_py.marts.errors import StudyError, first_line
from analysis_py.marts.generated import read_stamp
from analysis_py.marts.one_build import keep_builds_out, require_one_build
from analysis_py.marts.profile import Target
from analysis_py.marts.reader import Reader, attempt, open_file, open_parquet
from analysis_py.marts.refusal import remedy
from analysis_py.marts.trial import TrialMarts, TrialNeeded, made_by_this_build, read_trial, rows_or_none, type_trial
from analysis_py.marts.types import Variable, require, type_stays

_EXTENDED = "baseline_extended"
FLOW_COLUMNS = ("step", "rule", "n_before", "n_excluded", "n_after")


@dataclass(frozen=True)
class Needed:
    """What a study reads: variables of analysis_cohort, of the stays that other readings keep, of the external cohort.

    `columns` of those stays by mart, and `extended`, their variables in baseline_extended. A stay is among them if
    `fulfil` is true of it, a reading of `kept_by` keeps it and not every one of `excluded_by` excludes it; these are
    columns of the first mart. `trial` and `controls` are what it reads of the trial's marts and of the controls'.
    """

    cohort: tuple[Variable, ...]
    stays: tuple[Variable, ...]
    external: tuple[Variable, ...]
    columns: Mapping[str, tuple[str, ...]]
    extended: tuple[Variable, ...]
    fulfil: str
    kept_by: tuple[str, ...]
    excluded_by: tuple[str, ...]
    trial: TrialNeeded
    controls: ControlsNeeded


@dataclass(frozen=True)
class ExternalMarts:
    """The patients of zigong_cohort (typed, index stay_id) and zigong_flow; `generated` is empty for real patients."""

    cohort: pd.DataFrame
    flow: pd.DataFrame
    generated: str = ""


@dataclass(frozen=True)
class Marts:
    """analysis_cohort and, for other readings of its definitions, every stay that one of them keeps; cohort_flow.

    `extended` has further covariates of the same stays (of baseline_extended). `generated` says what was generated;
    empty for real patients. `build` is what the build left about itself. `external` is the external cohort, where this
    build has one (var zigong), `trial` the target trial and `controls` the negative controls, where they were not left
    out (tags trial, controls). `whole` are the tables that were asked for as they are, those that this build has.
    """

    cohort: pd.DataFrame
    stays: pd.DataFrame
    flow: pd.DataFrame
    generated: str
    build: BuildRecord = NO_RECORD
    external: ExternalMarts | None = None
    trial: TrialMarts | None = None
    extended: pd.DataFrame | None = None
    controls: ControlMarts | None = None
    whole: Mapping[str, pd.DataFrame] = field(default_factory=dict)


def read(target: Target, needed: Needed, whole: Mapping[str, Sequence[str]] | None = None) -> Marts:
    """analysis_cohort (typed, index stay_id), the stays of other readings (the same), and cohort_flow (by step).

    `whole` names further tables of the build, each with its key, to be given as they are.

    Raises:
        StudyError: server, schema, mart, column or privilege missing, a build that runs or has not succeeded, or values
            that no mart of ours can hold.
    """
    try:
        with _open(target) as connection:
            build = read_build_record(connection, target.schema)
            require_one_build(build, target.schema)
            cohort = _read(connection, target.schema, "analysis_cohort", "stay_id")
            stays = _read_stays(connection, target.schema, needed, needed.columns)
            extended = _read_stays(connection, target.schema, needed, _beside(needed))
            flow = _read(connection, target.schema, "cohort_flow", "step")
            generated = read_stamp(connection)
            external = _read_external(connection, target.schema, build, needed.external)
            trial = read_trial(connection, target.schema)
            controls = read_controls(connection, target.schema, needed.controls, trial is not None)
            tables = _read_whole(connection, target.schema, whole or {})
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
        raise StudyError(f"no connection to the database ({first_line(error)}): {remedy(str(error))}") from error
    except psycopg.Error as error:
        raise StudyError(f"the marts cannot be read: {first_line(error)}") from error
    require(flow, FLOW_COLUMNS, f"{target.schema}.cohort_flow")
    return Marts(
        type_stays(cohort, f"{target.schema}.analysis_cohort", needed.cohort),
        type_stays(stays, f"{target.schema}.cohort_eligibility", needed.stays),
        flow,
        generated,
        build,
        external,
        type_trial(trial, target.schema, needed.trial) if trial is not None else None,
        type_stays(extended, f"{target.schema}.{_EXTENDED}", needed.extended),
        type_controls(controls, target.schema, needed.controls) if controls is not None else None,
        tables,
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


def _read_external(
    connection: Reader, schema: str, build: BuildRecord, variables: Sequence[Variable]
) -> ExternalMarts | None:
    """zigong_cohort and zigong_flow of this build; those that an earlier one has left are of no interest."""
    if build.definitions.get("zigong") != "true":
        return None
    cohort, flow = (
        _read(connection, schema, "zigong_cohort", "stay_id"),
        _read(connection, schema, "zigong_flow", "step"),
    )
    require(flow, FLOW_COLUMNS, f"{schema}.zigong_flow")
    typed = type_stays(cohort, f"{schema}.zigong_cohort", variables)
    return ExternalMarts(typed, flow, read_stamp(connection, "zigong_generated"))


def _read(connection: Reader, schema: str, table: str, order: str) -> pd.DataFrame:
    query = sql.SQL("select * from {} order by {}").format(sql.Identifier(schema, table), sql.Identifier(order))
    return _frame(connection.execute(query))


def _read_whole(connection: Reader, schema: str, keys: Mapping[str, Sequence[str]]) -> dict[str, pd.DataFrame]:
    """Tables by name, each in the order of its key, without those that the last build left out."""
    found = {}
    for table, key in keys.items():
        if attempt(connection, made_by_this_build, schema, table) is False:
            continue
        order = sql.SQL(", ").join(map(sql.Identifier, key))
        query = sql.SQL("select * from {} order by {}").format(sql.Identifier(schema, table), order)
        if (rows := rows_or_none(connection, query)) is not None:
            found[table] = rows
    return found


def _beside(needed: Needed) -> dict[str, tuple[str, ...]]:
    """Of the same stays the columns of baseline_extended alone."""
    return {next(iter(needed.columns)): (), _EXTENDED: tuple(variable.name for variable in needed.extended)}


def _read_stays(connection: Reader, schema: str, needed: Needed, wanted: Mapping[str, tuple[str, ...]]) -> pd.DataFrame:
    """The stays that differ from the main cohort in no more than the reading of one rule, with the `wanted` columns."""
    first, *others = wanted

    def columns(mart: str, names: Sequence[str]) -> list[sql.Composable]:
        return [sql.SQL("{}.{}").format(sql.Identifier(mart), sql.Identifier(name)) for name in names]

    def mart(name: str) -> sql.Composed:
        return sql.SQL("{} as {}").format(sql.Identifier(schema, name), sql.Identifier(name))

    chosen = columns(first, ("stay_id",))
    for name, names in wanted.items():
        chosen += columns(name, names)
    query = sql.SQL(
        "select {chosen} from {first}{others} where {fulfil} and ({kept}) and not ({excluded}) order by stay_id"
    ).format(
        chosen=sql.SQL(", ").join(chosen),
        first=mart(first),
        others=sql.Composed([sql.SQL(" join {} using (stay_id)").format(mart(name)) for name in others]),
        fulfil=columns(first, [needed.fulfil])[0],
        kept=sql.SQL(" or ").join(columns(first, needed.kept_by)),
        excluded=sql.SQL(" and ").join(columns(first, needed.excluded_by)),
    )
    return _frame(connection.execute(query))


def _frame(cursor: Any) -> pd.DataFrame:
    names = [column.name for column in cursor.description or ()]
    return pd.DataFrame(cursor.fetchall(), columns=names)


def _lock_timeout() -> str:
    """How long to wait for a table that another session has locked: as long as dbt's models (macros/build/lock.sql)."""
    return os.environ.get("DEXSIC_LOCK_TIMEOUT", "5min")
