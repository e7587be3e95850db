"""The marts of the controls: who got what cannot matter, what was so before, and what the drug must do."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from psycopg import sql

from analysis_py.marts.errors import StudyError
from analysis_py.marts.reader import Reader, attempt
from analysis_py.marts.trial import made_by_this_build, rows_or_none
from analysis_py.marts.types import Variable, require, type_rows, type_stays

BRADYCARDIA = "bradycardia_48h"
_ELIGIBLE = "is_eligible_but_for_exposure"
_FLAGS = ("is_prevalent", "is_late", "is_short", "is_exposed")
# the marts about the whole stay, each with the key that orders its rows; a build may leave all of them out
CONTROL_MARTS = {
    "negative_control_exposure": ("stay_id", "exposure"),
    "negative_control_outcome": ("stay_id", "outcome"),
    "positive_control": ("stay_id",),
}
# and those of the trial's patients, which are there where both are
TRIAL_CONTROL_MARTS = {
    "trial_control_exposure": ("stay_id", "exposure"),
    "trial_decision": ("stay_id", "k"),
    "trial_positive_control": ("stay_id",),
}
_MODEL, _TRIAL_MODEL = "positive_control", "trial_decision"  # as dbt calls one of each


@dataclass(frozen=True)
class ControlsNeeded:
    """The variables that a study reads of the stays that are eligible but for the exposure: by mart."""

    stays: tuple[Variable, ...]
    columns: Mapping[str, tuple[str, ...]]
    decisions: tuple[Variable, ...]


@dataclass(frozen=True)
class TrialControlMarts:
    """starts: stay_id, exposure, start_h, is_prevalent. decisions by (stay_id, k), typed. bradycardia by stay_id."""

    starts: pd.DataFrame
    decisions: pd.DataFrame
    bradycardia: pd.Series


@dataclass(frozen=True)
class ControlMarts:
    """Everybody who could be in the published cohort of some exposure, and the controls of them and of the trial.

    `stays` (typed, index stay_id) fulfil every rule that is not about the exposure. `exposures`: stay_id, exposure and
    is_prevalent, is_late, is_short, is_exposed; a stay without a row never had it. `exposure_names` are all of the
    seed. `outcomes`: by stay_id (of the main cohort or the trial) a column per outcome, missing where not known.
    `bradycardia` by stay_id, missing where no heart rate was charted.
    """

    stays: pd.DataFrame
    exposures: pd.DataFrame
    exposure_names: tuple[str, ...]
    outcomes: pd.DataFrame
    bradycardia: pd.Series
    trial: TrialControlMarts | None = None


def read_controls(
    connection: Reader, schema: str, needed: ControlsNeeded, has_trial: bool
) -> dict[str, pd.DataFrame] | None:
    """The marts as they are, by name, of the stays that the study is about; `stays` are those it could be about.

    None where the last build left them out (`--exclude tag:controls`).

    Raises:
        StudyError: some are there and some are not.
    """
    if attempt(connection, made_by_this_build, schema, _MODEL) is False:
        return None
    queries = {
        "negative_control_exposure": _exposures(schema),
        "negative_control_outcome": _outcomes(schema, has_trial),
        "positive_control": _all(schema, "positive_control", CONTROL_MARTS["positive_control"]),
        "listed_control_exposure": sql.SQL("select distinct exposure from {} order by exposure").format(
            sql.Identifier(schema, "listed_control_exposure")
        ),
    }
    if has_trial and attempt(connection, made_by_this_build, schema, _TRIAL_MODEL) is not False:
        queries |= {mart: _all(schema, mart, keys) for mart, keys in TRIAL_CONTROL_MARTS.items()}
    found = {name: rows_or_none(connection, query) for name, query in queries.items()}
    frames = {name: frame for name, frame in found.items() if frame is not None}
    if not frames:
        return None
    if absent := [name for name in queries if name not in frames]:
        raise StudyError(f"{schema}.{absent[0]} is not there, other marts of the controls are: run `dbt build` again")
    stays = rows_or_none(connection, _stays(schema, needed))
    return frames if stays is None else frames | {"stays": stays}


def type_controls(frames: Mapping[str, pd.DataFrame], schema: str, needed: ControlsNeeded) -> ControlMarts:
    """The marts that read_controls() found, checked and typed.

    Raises:
        StudyError: a missing column, a repeated row, or a value that no mart of ours can hold.
    """
    exposures, outcomes = frames["negative_control_exposure"], frames["negative_control_outcome"]
    require(exposures, ["stay_id", "exposure", *_FLAGS], f"{schema}.negative_control_exposure")
    require(outcomes, ["stay_id", "outcome", "occurred", "is_known"], f"{schema}.negative_control_outcome")
    _require_once(exposures, ["stay_id", "exposure"], f"{schema}.negative_control_exposure")
    _require_once(outcomes, ["stay_id", "outcome"], f"{schema}.negative_control_outcome")
    known = outcomes.assign(occurred=outcomes["occurred"].astype("boolean"))
    known.loc[~outcomes["is_known"].astype(bool), "occurred"] = pd.NA
    return ControlMarts(
        type_stays(frames["stays"], f"{schema}.cohort_eligibility", needed.stays),
        exposures.astype(dict.fromkeys(_FLAGS, bool)),
        tuple(frames["listed_control_exposure"]["exposure"]),
        known.pivot(index="stay_id", columns="outcome", values="occurred").rename_axis(columns=None),
        _bradycardia(frames["positive_control"], f"{schema}.positive_control"),
        _typed_trial(frames, schema, needed) if "trial_decision" in frames else None,
    )


def _typed_trial(frames: Mapping[str, pd.DataFrame], schema: str, needed: ControlsNeeded) -> TrialControlMarts:
    starts, decisions = frames["trial_control_exposure"], frames["trial_decision"]
    require(starts, ["stay_id", "exposure", "start_h", "is_prevalent"], f"{schema}.trial_control_exposure")
    _require_once(starts, ["stay_id", "exposure"], f"{schema}.trial_control_exposure")
    require(decisions, ["stay_id", "k"], f"{schema}.trial_decision")
    _require_once(decisions, ["stay_id", "k"], f"{schema}.trial_decision")
    places = pd.MultiIndex.from_arrays([decisions["stay_id"], decisions["k"]], names=["stay_id", "k"])
    return TrialControlMarts(
        starts.astype({"start_h": float, "is_prevalent": bool}),
        type_rows(decisions, f"{schema}.trial_decision", needed.decisions, places),
        _bradycardia(frames["trial_positive_control"], f"{schema}.trial_positive_control"),
    )


def _bradycardia(mart: pd.DataFrame, name: str) -> pd.Series:
    require(mart, ["stay_id", "is_known", BRADYCARDIA], name)
    _require_once(mart, ["stay_id"], name)
    values = pd.Series(
        mart[BRADYCARDIA].astype("boolean").array,
        index=pd.Index(mart["stay_id"], name="stay_id"),
        name=BRADYCARDIA,
    )
    return values.mask(~mart["is_known"].astype(bool).to_numpy())


def _require_once(mart: pd.DataFrame, keys: list[str], name: str) -> None:
    if mart.duplicated(keys).any():
        raise StudyError(f"{name} holds a {' and '.join(keys)} more than once: `dbt test` shows which")


def _all(schema: str, mart: str, keys: tuple[str, ...]) -> sql.Composed:
    order = sql.SQL(", ").join(map(sql.Identifier, keys))
    return sql.SQL("select * from {} order by {}").format(sql.Identifier(schema, mart), order)


def _exposures(schema: str) -> sql.Composed:
    """Of the stays that are eligible but for the exposure."""
    return sql.SQL(
        "select made.* from {mart} as made join {eligibility} as stay using (stay_id) where stay.{eligible}"
        " order by stay_id, exposure"
    ).format(
        mart=sql.Identifier(schema, "negative_control_exposure"),
        eligibility=sql.Identifier(schema, "cohort_eligibility"),
        eligible=sql.Identifier(_ELIGIBLE),
    )


def _outcomes(schema: str, has_trial: bool) -> sql.Composed:
    """Of the stays of the main cohort and of the trial."""
    studied = ["analysis_cohort", *(["trial_baseline"] if has_trial else [])]
    stays = sql.SQL(" or ").join(
        sql.SQL("stay_id in (select stay_id from {})").format(sql.Identifier(schema, mart)) for mart in studied
    )
    return sql.SQL("select * from {mart} where {stays} order by stay_id, outcome").format(
        mart=sql.Identifier(schema, "negative_control_outcome"), stays=stays
    )


def _stays(schema: str, needed: ControlsNeeded) -> sql.Composed:
    """Every stay that is eligible but for the exposure, with what the published analysis asks of it."""
    columns: list[sql.Composable] = [sql.SQL("stay.stay_id")]
    joins: list[sql.Composable] = []
    for mart, names in needed.columns.items():
        columns += [sql.SQL("{}.{}").format(sql.Identifier(mart), sql.Identifier(name)) for name in names]
        joins.append(
            sql.SQL(" join {} as {} using (stay_id)").format(sql.Identifier(schema, mart), sql.Identifier(mart))
        )
    return sql.SQL("select {} from {} as stay{} where stay.{} order by stay_id").format(
        sql.SQL(", ").join(columns),
        sql.Identifier(schema, "cohort_eligibility"),
        sql.Composed(joins),
        sql.Identifier(_ELIGIBLE),
    )
