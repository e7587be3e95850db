"""The trial from its marts to its rows: every outcome by every design, and what the primary one rests on."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from analysis_py.marts.build_record import BuildRecord
from analysis_py.marts.trial import TrialMarts
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.trial import Bootstrap, Clones, bootstrap
from analysis_py.study.results import Row, flow_rows
from analysis_py.study.trial.definitions import COHORT, HOURS, Definitions
from analysis_py.study.trial.designs import PRIMARY, WAYS, Way, build_design
from analysis_py.study.trial.diagnose import balance_rows, clone_rows, curve_rows, positivity_rows
from analysis_py.study.trial.estimates import design_rows, refused
from analysis_py.study.trial.frames import Frames, make_frames
from analysis_py.study.variables import DEATH_28D, TRIAL_OUTCOME_TITLES, TRIAL_OUTCOMES

RESAMPLES = 500
Say = Callable[[str], None]


@dataclass(frozen=True)
class Trial:
    """What was found. `weights` (clone 0 or 1, weight) are of the clones that are followed beyond the grace period."""

    marts: TrialMarts
    definitions: Definitions
    resamples: int
    rows: list[Row]
    weights: pd.DataFrame
    remarks: list[str] = field(default_factory=list)


def run_trial(marts: TrialMarts, build: BuildRecord, seed: int, say: Say, resamples: int = RESAMPLES) -> Trial:
    """Every design for every outcome; what cannot be estimated is a row that says why."""
    definitions = Definitions.of(build)
    trial = Trial(
        marts, definitions, resamples, [*flow_rows(marts.flow, COHORT)], pd.DataFrame(columns=["clone", "weight"])
    )
    say("the trial: filling gaps")
    try:
        frames = make_frames(marts, definitions, build.drug, seed)
    except NotEstimable as reason:
        trial.rows.extend(row for outcome in TRIAL_OUTCOMES for way in WAYS for row in refused(way, outcome, reason))
        trial.remarks.append(f"The trial cannot be emulated: {reason}.")
        return trial
    kept = trial.weights
    for outcome in TRIAL_OUTCOMES:
        patients = frames.of(outcome, marts.outcomes)
        for way in WAYS:
            rows, weights = _analysed(way, frames, patients, outcome, definitions, seed, say, resamples)
            trial.rows.extend(rows)
            kept = weights if weights is not None and outcome == DEATH_28D else kept
    return Trial(marts, definitions, resamples, trial.rows, kept, trial.remarks)


def _analysed(
    way: Way,
    frames: Frames,
    patients: pd.DataFrame,
    outcome: str,
    definitions: Definitions,
    seed: int,
    say: Say,
    resamples: int,
) -> tuple[list[Row], pd.DataFrame | None]:
    """The rows of one design, and the weights of the primary one."""
    told = f"the trial: {TRIAL_OUTCOME_TITLES[outcome]}, {way.title.lower()}"
    say(told)
    days = [HOURS * day for day in range(1, round(definitions.horizon_h / HOURS) + 1)]
    try:
        design = build_design(way, frames, patients, definitions, days)
        result = design.result()
    except NotEstimable as reason:
        return refused(way, outcome, reason), None
    draws: Bootstrap | None = None
    if way.is_resampled:
        draws = bootstrap(
            design, resamples, seed, progress=lambda done, all_: say(f"{told}, resample {done} of {all_}")
        )
    rows = design_rows(way, outcome, result, draws)
    if way.name != PRIMARY or draws is None or not isinstance(design, Clones):
        return rows, None
    rows += clone_rows(design, outcome, patients, definitions)
    rows += positivity_rows(design, outcome)
    rows += balance_rows(design, outcome, frames, definitions)
    rows += curve_rows(design, outcome, draws)
    every = design.rows()
    return rows, every.loc[every["start"] >= definitions.grace_h, ["clone", "weight"]].reset_index(drop=True)
