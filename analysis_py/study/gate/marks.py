"""The gate's word on an estimate, carried by the note of its row to wherever the number stands."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from analysis_py.statistics.estimate import RATIO_MEASURES
from analysis_py.study.analyses.pooling import CLUSTERED, EVENT_FREEDOM
from analysis_py.study.analyses.robustness import CLUSTERED_BY_PAIR
from analysis_py.study.controls.found import ANALYSIS as CONTROLS
from analysis_py.study.controls.found import DRUG
from analysis_py.study.estimators import names
from analysis_py.study.gate.checks import CAUTION, FAIL, Verdict
from analysis_py.study.gate.published import FULL, MATCHED, UNMATCHED, estimator_model
from analysis_py.study.gate.rows import PUBLISHED, Place, verdicts
from analysis_py.study.results import Row
from analysis_py.study.trial.definitions import COHORT
from analysis_py.study.trial.designs import PRIMARY, PUBLISHED_MATCHED
from analysis_py.study.trial.estimates import ANALYSIS as TRIAL
from analysis_py.study.trial.estimates import DIFFERENCE, HAZARD_RATIO, MEAN_DAYS, RISK_RATIO
from analysis_py.study.variables import DEATH_28D

# how the word begins in a note
_BEGINS: Mapping[str, str] = {FAIL: "fails the gate: ", CAUTION: "caution by the gate: "}
_SEPARATOR = "; "
_OF_PAIRS = ("outcome_models", CLUSTERED, EVENT_FREEDOM, "subgroup", "exposure_duration", "exposure_dose")
_OF_TRIAL = (HAZARD_RATIO, DIFFERENCE, RISK_RATIO, MEAN_DAYS)
_OF_ESTIMATORS = frozenset({names.HR, names.OR, names.RD, names.RR, names.RMSTD, names.SHR})

# the drug's own estimate beside the controls, by the design that they go through
_OF_DRUG: Mapping[str, Place] = {
    PUBLISHED_MATCHED: (MATCHED, DEATH_28D, PUBLISHED),
    PRIMARY: (COHORT, DEATH_28D, PRIMARY),
}


def mark_of(note: str) -> str:
    """FAIL or CAUTION where a row's note says so, else empty."""
    parts = note.split(_SEPARATOR)
    return next((verdict for verdict, begins in _BEGINS.items() if any(p.startswith(begins) for p in parts)), "")


def failed_by(note: str) -> str:
    """The checks that the design of a row with this note fails, as they stand there; empty where there are none."""
    found = (part.removeprefix(_BEGINS[FAIL]) for part in note.split(_SEPARATOR) if part.startswith(_BEGINS[FAIL]))
    return next(found, "")


def without_mark(note: str) -> str:
    """The note without the gate's word."""
    kept = [part for part in note.split(_SEPARATOR) if not part.startswith(tuple(_BEGINS.values()))]
    return _SEPARATOR.join(kept)


def marked(rows: Sequence[Row]) -> list[Row]:
    """`rows`, the estimates of designs that fail a check, or pass with caution, with the gate's word in their notes."""
    words = {place: _word(found) for place, found in verdicts(rows).items()}
    return [row if row.estimate is None else _with(row, words.get(place_of(row) or ("", "", ""), "")) for row in rows]


def place_of(row: Row) -> Place | None:
    """The design of which a row is an estimate, by its place among the rows `diagnostics`; None of any other row."""
    if row.analysis == TRIAL and row.cohort.split(" ")[0] == COHORT:
        return (COHORT, row.outcome, row.model) if row.measure in _OF_TRIAL else None
    if row.analysis == names.ANALYSIS:
        place = (names.cohort_of(row.model), DEATH_28D, estimator_model(row.model, row.level))
        return place if row.measure in _OF_ESTIMATORS else None
    if row.measure not in RATIO_MEASURES:
        return None
    if row.analysis == CONTROLS and row.level == DRUG:
        return {PUBLISHED_MATCHED: (MATCHED, DEATH_28D, PUBLISHED), PRIMARY: (COHORT, DEATH_28D, PRIMARY)}.get(
            row.model
        )
    # diagnostics of the published cohort are those of its groups, whatever outcome is compared
    if row.cohort == MATCHED and (row.analysis.startswith(_OF_PAIRS) or _is_single_copy(row)):
        return MATCHED, DEATH_28D, PUBLISHED
    if row.analysis == "outcome_models" and row.cohort == FULL:
        crude, adjusted = UNMATCHED
        return FULL, DEATH_28D, crude if row.model == UNMATCHED[crude] else adjusted
    return None


def _is_single_copy(row: Row) -> bool:
    return row.analysis == "robustness" and row.level == CLUSTERED_BY_PAIR


def _word(found: Iterable[Verdict]) -> str:
    """The worst that is known: `fails the gate: balance, EASE`."""
    by_verdict = {kind: [one.check for one in found if one.verdict == kind] for kind in _BEGINS}
    return next((f"{_BEGINS[kind]}{', '.join(checks)}" for kind, checks in by_verdict.items() if checks), "")


def _with(row: Row, word: str) -> Row:
    return replace(row, note=_SEPARATOR.join(filter(None, (without_mark(row.note), word)))) if word else row
