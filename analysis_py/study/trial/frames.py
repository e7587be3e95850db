"""The two tables that the estimators take, made of the marts: gaps filled, and a flag where nothing was ever known.

Baseline gaps are filled by chained equations as in the published analysis. A bootstrap that imputed each resample anew,
or ran over several completed sets, would take hours (docs/DECISIONS.md), so the first completed set is the one used.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis_py.marts.errors import StudyError
from analysis_py.marts.trial import TrialMarts
from analysis_py.marts.types import Variable
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.imputation import impute
from analysis_py.study.analyses.cohorts import ITERATIONS, cumulative_hazard
from analysis_py.study.levels import with_common_levels
from analysis_py.study.trial.definitions import Definitions
from analysis_py.study.variables import TRIAL_BASELINE, TRIAL_BY_NAME, TRIAL_INTERVAL, TRIAL_OUTCOMES, TimeVarying

NOW, MISSING = "_now", "_missing"
_ROUNDING = 1e-9  # of an interval


@dataclass(frozen=True)
class Frames:
    """`patients` (without an outcome) and `intervals` for statistics.trial; names of covariates by their use.

    `baseline` of patients, for models of those as they were at time zero; `treatment` for the model of starting: what
    is known at each decision (names end in NOW, flags in MISSING) and of time zero what has no successor there.
    """

    patients: pd.DataFrame
    intervals: pd.DataFrame
    baseline: tuple[str, ...]
    treatment: tuple[str, ...]

    def of(self, outcome: str, outcomes: pd.DataFrame) -> pd.DataFrame:
        """`patients` with time_h and died of an outcome."""
        ends = outcomes.loc[self.patients["id"]]
        return self.patients.assign(
            time_h=ends[TRIAL_OUTCOMES[outcome]].to_numpy(), died=ends[outcome].to_numpy(dtype=bool)
        )


def make_frames(marts: TrialMarts, definitions: Definitions, drug: str, seed: int) -> Frames:
    """The tables of every design. What tells of the exposure's `drug`, or has no value at all, is in no model.

    Raises:
        NotEstimable: nobody is eligible, or a covariate cannot be imputed.
        StudyError: intervals and starts do not fit together.
    """
    if marts.baseline.empty:
        raise NotEstimable("nobody is eligible for the trial")
    _require_starts(marts, definitions)
    known = with_common_levels(marts.baseline, TRIAL_BASELINE)
    used = [variable.name for variable in TRIAL_BASELINE if _is_usable(variable, known, drug)]
    completed = _completed(marts, known[used], definitions, seed)
    outcomes = marts.outcomes
    patients = completed.assign(
        id=completed.index,
        start_h=outcomes["start_h"],
        icu_end_h=outcomes["icu_end_h"],
        duration_h=outcomes["duration_h"],
    ).reset_index(drop=True)
    return with_decisions(Frames(patients, pd.DataFrame(), tuple(used), ()), marts.intervals, drug)


def with_decisions(frames: Frames, decisions: pd.DataFrame, drug: str) -> Frames:
    """The same patients with other decision points, those at which something else than `drug` could start.

    `decisions` by (stay_id, k), typed; what tells of `drug` stays out of the model of treatment.
    """
    completed = frames.patients.set_index("id")[list(frames.baseline)]
    current = [now for now in TRIAL_INTERVAL if _is_usable(now.variable, decisions, drug)]
    intervals = _intervals(decisions, current, completed)
    replaced = {name for now in current for name in now.replaces}
    columns = [name for name in intervals.columns if name not in ("id", "k")]
    treatment = (*(name for name in frames.baseline if name not in replaced), *columns)
    return Frames(frames.patients, intervals, frames.baseline, treatment)


def _is_usable(variable: Variable, data: pd.DataFrame, drug: str) -> bool:
    return variable.in_models and drug not in variable.drugs and bool(data[variable.name].notna().any())


def _completed(marts: TrialMarts, known: pd.DataFrame, definitions: Definitions, seed: int) -> pd.DataFrame:
    """Baseline without gaps; the model of the imputation has start and outcomes too (White and Royston 2009)."""
    outcomes = marts.outcomes.loc[known.index]
    (first, *_) = TRIAL_OUTCOMES
    model = known.assign(
        **{f"({name})": outcomes[name] for name in TRIAL_OUTCOMES},
        **{
            "(starts)": (outcomes["start_h"] < definitions.grace_h).astype(bool),
            "(hazard)": cumulative_hazard(outcomes[TRIAL_OUTCOMES[first]], outcomes[first]),
        },
    )
    if not known.isna().any(axis=None):
        return known
    (filled,) = impute(model, 1, ITERATIONS, seed)
    return filled[list(known.columns)]


def _intervals(intervals: pd.DataFrame, current: Sequence[TimeVarying], completed: pd.DataFrame) -> pd.DataFrame:
    """Rows of trial_interval: never measured is a flag, and as imputed at time zero or else the median in value."""
    stays = intervals.index.get_level_values("stay_id")
    columns: dict[str, object] = {"id": stays.to_numpy(), "k": intervals.index.get_level_values("k").to_numpy()}
    for now in current:
        values = intervals[now.name].reset_index(drop=True)
        gaps = values.isna()
        if gaps.any():
            if now.name in completed.columns:
                values = values.fillna(completed[now.name].reindex(stays).reset_index(drop=True))
            if values.isna().any():
                values = values.fillna(values.median() if now.variable.kind == "continuous" else values.mode().iloc[0])
            columns[f"{now.name}{MISSING}"] = gaps.to_numpy(dtype=bool)
        columns[f"{now.name}{NOW}"] = values.astype(bool) if now.variable.kind == "binary" else values
    return pd.DataFrame(columns)


def _require_starts(marts: TrialMarts, definitions: Definitions) -> None:
    """`starts` says of each interval what start_h says of the patient, on the grid of the vars."""
    stays = marts.intervals.index.get_level_values("stay_id")
    k = marts.intervals.index.get_level_values("k").to_numpy(dtype=float)
    start = marts.outcomes["start_h"].reindex(stays).to_numpy(dtype=float)
    with np.errstate(invalid="ignore"):
        expected = np.floor(start / definitions.interval_h + _ROUNDING) == k
    if (expected != marts.intervals["starts"].to_numpy(dtype=bool)).any():
        raise StudyError(
            "trial_interval and trial_outcomes do not agree on who starts when: run `dbt build` without a selection"
        )


def term_title(term: str) -> str:
    """A column of the models in words: `Lactate (mmol/L), never measured`, `Care unit: MICU`."""
    name, _, level = term.partition("=")
    base = name.removesuffix(NOW).removesuffix(MISSING)
    variable = TRIAL_BY_NAME[base]
    if name.endswith(MISSING):
        return f"{variable.label}, never measured"
    return f"{variable.label}: {level}" if level else variable.title
