"""The trial from its marts to its rows: every outcome by every design, and what the primary one rests on."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import pandas as pd

from analysis_py.marts.build_record import BuildRecord
from analysis_py.marts.trial import TrialMarts
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.trial import Bootstrap, Clones, Design, TrialResult, bootstrap_together
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
    """What was found. `weights` (clone 0 or 1, weight) are of the clones that are followed beyond the grace period.

    `frames` are the tables of the estimators; None where there are none. `built` is every design of every outcome.
    """

    marts: TrialMarts
    definitions: Definitions
    resamples: int
    rows: list[Row]
    weights: pd.DataFrame
    remarks: list[str] = field(default_factory=list)
    frames: Frames | None = None
    built: Sequence["Built"] = ()


@dataclass(frozen=True)
class Built:
    """A design of one outcome with its estimate, or the reason why there is none."""

    way: Way
    outcome: str
    patients: pd.DataFrame
    design: Design | None = None
    result: TrialResult | None = None
    reason: NotEstimable | None = None

    @property
    def name(self) -> str:
        return f"{self.outcome}, {self.way.name}"


def run_trial(marts: TrialMarts, build: BuildRecord, seed: int, say: Say, resamples: int = RESAMPLES) -> Trial:
    """Every design for every outcome; what cannot be estimated is a row that says why."""
    definitions = Definitions.of(build)
    rows, none = flow_rows(marts.flow, COHORT), pd.DataFrame({"clone": [], "weight": []})
    say("the trial: filling gaps")
    try:
        frames = make_frames(marts, definitions, build.drug, seed)
    except NotEstimable as reason:
        rows += [row for outcome in TRIAL_OUTCOMES for way in WAYS for row in refused(way, outcome, reason)]
        return Trial(marts, definitions, resamples, rows, none, [f"The trial cannot be emulated: {reason}."])
    built = []
    for outcome in TRIAL_OUTCOMES:
        patients = frames.of(outcome, marts.outcomes)
        for way in WAYS:
            say(f"the trial: {TRIAL_OUTCOME_TITLES[outcome]}, {way.title.lower()}")
            built.append(_build(way, frames, patients, outcome, definitions))
    draws = _resampled(built, resamples, seed, say)
    weights = none
    for one in built:
        if one.result is None:
            rows += refused(one.way, one.outcome, one.reason or NotEstimable("no estimate"))
            continue
        drawn = draws.get(one.name)
        rows += design_rows(one.way, one.outcome, one.result, drawn)
        if one.way.name == PRIMARY and drawn is not None and isinstance(one.design, Clones):
            rows += _diagnosed(one.design, one, frames, drawn, definitions)
            if one.outcome == DEATH_28D:
                every = one.design.rows()
                beyond = every.loc[every["start"] >= definitions.grace_h, ["clone", "weight"]]
                weights = beyond.reset_index(drop=True)
    return Trial(marts, definitions, resamples, rows, weights, frames=frames, built=built)


def _build(way: Way, frames: Frames, patients: pd.DataFrame, outcome: str, definitions: Definitions) -> Built:
    days = [HOURS * day for day in range(1, round(definitions.horizon_h / HOURS) + 1)]
    try:
        design = build_design(way, frames, patients, definitions, days)
        return Built(way, outcome, patients, design, design.result())
    except NotEstimable as reason:
        return Built(way, outcome, patients, reason=reason)


def _resampled(built: Sequence[Built], resamples: int, seed: int, say: Say) -> dict[str, Bootstrap]:
    """The bootstrap of each design that has one; those of as many patients together, for they share their models."""
    by_size: dict[int, dict[str, Design]] = defaultdict(dict)
    for one in built:
        if one.way.is_resampled and one.result is not None and one.design is not None:
            by_size[one.design.size][one.name] = one.design
    found: dict[str, Bootstrap] = {}
    for designs in by_size.values():
        told = f"the trial: bootstrap of {len(designs)} designs"
        found |= bootstrap_together(designs, resamples, seed, progress=partial(_tell, say, told))
    return found


def _tell(say: Say, told: str, done: int, every: int) -> None:
    say(f"{told}, resample {done} of {every}")


def _diagnosed(design: Clones, one: Built, frames: Frames, draws: Bootstrap, definitions: Definitions) -> list[Row]:
    return [
        *clone_rows(design, one.outcome, one.patients, definitions),
        *positivity_rows(design, one.outcome),
        *balance_rows(design, one.outcome, frames, definitions),
        *curve_rows(design, one.outcome, draws),
    ]
