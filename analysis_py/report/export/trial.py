"""The trial for analysis.R: patients and decision points without gaps, and what clone-censor-weight makes of them."""

from dataclasses import replace
from math import isfinite

from analysis_py.marts.build_record import BuildRecord
from analysis_py.marts.trial import TrialMarts
from analysis_py.report.export.dictionary import Column
from analysis_py.report.export.part import Part, column_of
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.trial import TrialResult
from analysis_py.study.results import Row
from analysis_py.study.trial.definitions import Definitions
from analysis_py.study.trial.designs import PRIMARY, WAYS, Way, build_design
from analysis_py.study.trial.estimates import DIFFERENCE, HAZARD_RATIO, RISK, place_of
from analysis_py.study.trial.frames import MISSING, NOW, make_frames
from analysis_py.study.variables import DEATH_28D, TRIAL_BY_NAME

PATIENTS, DECISIONS = "trial_patients", "trial_decisions"
STARTING = "starting"  # the model of it
_PATIENTS = (
    Column(PATIENTS, "id", "integer", "stay_id"),
    Column(PATIENTS, "start_h", "double precision", "from time zero to the first start; missing: never", "h"),
    Column(PATIENTS, "time_h", "double precision", "from time zero to death or the end of follow-up", "h"),
    Column(PATIENTS, "died", "boolean", f"at time_h: {DEATH_28D}"),
)
_DECISIONS = (
    Column(DECISIONS, "id", "integer", "stay_id"),
    Column(DECISIONS, "k", "integer", "decision point, var trial_interval_h * k after time zero"),
)


def trial_part(marts: TrialMarts, build: BuildRecord, seed: int) -> Part:
    """The tables of a run with this seed, and its estimate by the primary design."""
    definitions = Definitions.of(build)
    try:
        frames = make_frames(marts, definitions, build.drug, seed)
        patients = frames.of(DEATH_28D, marts.outcomes)
        (way,) = (way for way in WAYS if way.name == PRIMARY)
        result = build_design(way, frames, patients, definitions).result()
    except NotEstimable as reason:
        return Part(remarks=(f"No trial for analysis.R: {reason}.",))
    own = [column.name for column in _PATIENTS]
    known = [_column(PATIENTS, name, "at time zero, gaps filled") for name in frames.baseline]
    then = [_column(DECISIONS, name, "as known then, gaps filled") for name in frames.intervals.columns[2:]]
    kinds = {column.name: _KINDS[column.type] for column in (*known, *then)}
    return Part(
        {PATIENTS: patients[[*own, *frames.baseline]], DECISIONS: frames.intervals},
        (*_PATIENTS, *known, *_DECISIONS, *then),
        tuple((STARTING, name, kinds[name]) for name in frames.treatment),
        tuple(_rows(way, result)),
    )


_KINDS = {"double precision": "continuous", "boolean": "binary", "text": "categorical"}


def _column(table: str, name: str, how: str) -> Column:
    variable = TRIAL_BY_NAME[name.removesuffix(NOW).removesuffix(MISSING)]
    if name.endswith(MISSING):
        return Column(table, name, "boolean", f"{variable.label} was never measured by then")
    return column_of(table, variable, how, name)


def _rows(way: Way, result: TrialResult) -> list[Row]:
    values = {
        place_of(way, DEATH_28D, HAZARD_RATIO): result.hazard_ratio,
        place_of(way, DEATH_28D, DIFFERENCE): result.difference,
        place_of(way, DEATH_28D, RISK, False): result.risk0,
        place_of(way, DEATH_28D, RISK, True): result.risk1,
    }
    return [replace(place, estimate=value) for place, value in values.items() if isfinite(value)]
