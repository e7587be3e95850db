"""The specifications of the trial: every design for every outcome, with the interval that needs no resamples.

That is Wald's, robust where rows are weighted or repeated, weights taken as known. A bootstrap for each would take
longer than all else; the trial's own rows have it.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from analysis_py.marts.build_record import BuildRecord
from analysis_py.marts.trial import TrialMarts
from analysis_py.statistics.diagnostics import preference_equipoise
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.propensity import fit_propensity
from analysis_py.statistics.trial import Clones, Design, TrialResult
from analysis_py.study.multiverse.choices import Specification
from analysis_py.study.multiverse.found import Checks, Found
from analysis_py.study.trial.definitions import Definitions
from analysis_py.study.trial.designs import PRIMARY, WAYS, build_design
from analysis_py.study.trial.diagnose import AT_END, WEIGHTED, balance_rows
from analysis_py.study.trial.frames import Frames, make_frames

_STARTED = "(starts within the grace period)"


def of_trial(marts: TrialMarts, build: BuildRecord, wanted: Sequence[Specification], seed: int) -> list[Found]:
    """An entry for each of `wanted`, in their order.

    Raises:
        StudyError: as make_frames().
    """
    definitions = Definitions.of(build)
    try:
        frames = make_frames(marts, definitions, build.drug, seed)
    except NotEstimable as reason:
        return [Found(one).refused(reason) for one in wanted]
    equipoise = _equipoise(frames, definitions)
    return [_entry(marts, frames, definitions, equipoise, one) for one in wanted]


def _entry(
    marts: TrialMarts, frames: Frames, definitions: Definitions, equipoise: float | None, one: Specification
) -> Found:
    way = next(way for way in WAYS if way.name == one.estimator)
    checks = Checks(equipoise=equipoise)
    try:
        design = build_design(way, frames, frames.of(one.outcome, marts.outcomes), definitions)
        result = design.result()
    except NotEstimable as reason:
        return Found(one).refused(reason, checks)
    if not (result.hazard_ratio > 0 and np.isfinite(result.hazard_ratio)):
        return Found(one).refused("one arm has no deaths", checks)
    checks = replace(
        checks,
        smd=_largest(design, one, frames, definitions) if way.name == PRIMARY else None,
        effective=min(result.ess.values(), default=None),
        events=sum(result.events.values()) / _coefficients(design),
    )
    return Found(one).holding(result.hazard, checks, _least_count(result))


def _equipoise(frames: Frames, definitions: Definitions) -> float | None:
    """Of all patients, by their probability of starting within the grace period as it is known at time zero."""
    starts = frames.patients["start_h"] < definitions.grace_h
    try:
        data = frames.patients.assign(**{_STARTED: starts.fillna(False).astype(bool)})
        return preference_equipoise(fit_propensity(data, _STARTED, list(frames.baseline)), data[_STARTED])
    except NotEstimable:
        return None


def _largest(design: Design, one: Specification, frames: Frames, definitions: Definitions) -> float | None:
    """The largest weighted difference of the clones that are followed beyond the grace period."""
    if not isinstance(design, Clones):
        return None
    found = [
        abs(row.estimate)
        for row in balance_rows(design, one.outcome, frames, definitions)
        if row.level == AT_END and row.measure == f"SMD, {WEIGHTED}" and row.estimate is not None
    ]
    return max(found, default=None)


def _coefficients(design: Design) -> int:
    """Those of the outcome's model: one, the treatment's, unless it is adjusted."""
    matrix = getattr(design, "x", None)
    return 1 if matrix is None else int(matrix.shape[1])


def _least_count(result: TrialResult) -> int | None:
    counts = [
        count for arm, size in result.patients.items() for count in (result.events[arm], size - result.events[arm])
    ]
    return min((count for count in counts if count > 0), default=None)
