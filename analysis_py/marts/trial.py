"""The marts of the target trial: who is in it, what was known at each decision, what became of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import psycopg
from psycopg import sql

from analysis_py.marts.errors import StudyError
from analysis_py.marts.reader import Reader, attempt
from analysis_py.marts.types import Variable, require, type_rows, type_stays

# each mart with the key that orders its rows
TRIAL_MARTS = {
    "trial_eligibility": ("stay_id",),
    "trial_flow": ("step",),
    "trial_baseline": ("stay_id",),
    "trial_interval": ("stay_id", "k"),
    "trial_outcomes": ("stay_id",),
}
_FLOW = ("step", "rule", "n_before", "n_excluded", "n_after")


@dataclass(frozen=True)
class TrialNeeded:
    """The variables that a study reads of trial_baseline, trial_interval and trial_outcomes."""

    baseline: tuple[Variable, ...]
    intervals: tuple[Variable, ...]
    outcomes: tuple[Variable, ...]


@dataclass(frozen=True)
class TrialMarts:
    """trial_flow by step; trial_baseline and trial_outcomes by stay_id; trial_interval by (stay_id, k). All typed."""

    flow: pd.DataFrame
    baseline: pd.DataFrame
    intervals: pd.DataFrame
    outcomes: pd.DataFrame


def read_trial(connection: Reader, schema: str) -> dict[str, pd.DataFrame] | None:
    """The five marts as they are, by name; None where the last build left them out (`--exclude tag:trial`).

    Raises:
        StudyError: some are there and some are not.
    """
    if attempt(connection, made_by_this_build, schema, next(iter(TRIAL_MARTS))) is False:
        return None
    found = {mart: _rows(connection, schema, mart) for mart in TRIAL_MARTS}
    frames = {mart: frame for mart, frame in found.items() if frame is not None}
    if not frames:
        return None
    if len(frames) < len(found):
        absent = next(mart for mart, frame in found.items() if frame is None)
        raise StudyError(f"{schema}.{absent} is not there, other marts of the trial are: run `dbt build` again")
    return frames


def type_trial(frames: Mapping[str, pd.DataFrame], schema: str, needed: TrialNeeded) -> TrialMarts:
    """The marts that read_trial() found, checked and typed.

    Raises:
        StudyError: a missing column, a repeated row, a value that no mart of ours can hold, or marts about different
            stays.
    """
    eligibility, flow, intervals = frames["trial_eligibility"], frames["trial_flow"], frames["trial_interval"]
    require(eligibility, ["stay_id", "is_eligible"], f"{schema}.trial_eligibility")
    require(flow, _FLOW, f"{schema}.trial_flow")
    require(intervals, ["stay_id", "k"], f"{schema}.trial_interval")
    if intervals.duplicated(["stay_id", "k"]).any():
        raise StudyError(f"{schema}.trial_interval holds a stay_id and k more than once: `dbt test` shows which")
    places = pd.MultiIndex.from_arrays([intervals["stay_id"], intervals["k"]], names=["stay_id", "k"])
    marts = TrialMarts(
        flow,
        type_stays(frames["trial_baseline"], f"{schema}.trial_baseline", needed.baseline),
        type_rows(intervals, f"{schema}.trial_interval", needed.intervals, places),
        type_stays(frames["trial_outcomes"], f"{schema}.trial_outcomes", needed.outcomes),
    )
    eligible = set(eligibility.loc[eligibility["is_eligible"].astype(bool), "stay_id"])
    for name, stays in (
        ("trial_baseline", marts.baseline.index),
        ("trial_interval", intervals["stay_id"]),
        ("trial_outcomes", marts.outcomes.index),
    ):
        if set(stays) != eligible:
            raise StudyError(
                f"{schema}.{name} is not about the stays that trial_eligibility keeps: run `dbt build` without a"
                " selection"
            )
    return marts


def made_by_this_build(connection: Reader, schema: str, model: str) -> bool:
    """Whether the last build made a model that it may leave out; an earlier one may have left its own."""
    query = sql.SQL(
        "select count(*) from {} as made join {} as run on made.made_from = run.made_from where made.name = {}"
    ).format(sql.Identifier(schema, "build_model"), sql.Identifier(schema, "build_run"), sql.Literal(model))
    return bool(connection.execute(query).fetchone()[0])


def rows_or_none(connection: Reader, query: sql.Composed) -> pd.DataFrame | None:
    """What a query finds, or None where one of its tables is not there."""
    try:
        with connection.transaction():  # the transaction around it goes on without the mart
            cursor = connection.execute(query)
            names = [column.name for column in cursor.description or ()]
            return pd.DataFrame(cursor.fetchall(), columns=names)
    except psycopg.errors.UndefinedTable:
        return None


def _rows(connection: Reader, schema: str, mart: str) -> pd.DataFrame | None:
    order = sql.SQL(", ").join(map(sql.Identifier, TRIAL_MARTS[mart]))
    return rows_or_none(connection, sql.SQL("select * from {} order by {}").format(sql.Identifier(schema, mart), order))
