"""Controls through the trial: clone-censor-weight of each exposure's own starts, and the drug's clones and weights.

A control exposure is started within the grace period, or not, by the trial's patients; decisions are those at which a
patient is alive and in the ICU and has not started it. Intervals are Wald's, errors by patient with the weights taken
as known, without a bootstrap: on the twin both errors of the drug's own estimate are alike.

A control outcome was settled at time zero. The clones of both strategies that are followed beyond the grace period
must have it equally often if the weights have made them alike: a weighted logistic regression of it on the strategy,
errors by patient. The
weights have not seen it. Deaths within the grace period are not in it: where the drug acts on them, they are why it can
differ a little. The positive control may lie before a late start, which takes from it.
"""

from dataclasses import dataclass, replace
from math import isfinite

import numpy as np
import pandas as pd

from analysis_py.marts.controls import BRADYCARDIA, ControlMarts, TrialControlMarts
from analysis_py.statistics import trial
from analysis_py.statistics.design import encode
from analysis_py.statistics.diagnostics import preference_equipoise
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.outcome import logistic
from analysis_py.statistics.propensity import fit_propensity
from analysis_py.statistics.trial import Clones
from analysis_py.study.controls.checks import largest_imbalance
from analysis_py.study.controls.found import DRUG, EXPOSURE, OUTCOME, POSITIVE, Found
from analysis_py.study.trial.definitions import Definitions
from analysis_py.study.trial.designs import PRIMARY
from analysis_py.study.trial.diagnose import followed_beyond
from analysis_py.study.trial.frames import Frames, with_decisions
from analysis_py.study.variables import DEATH_28D, TREATMENT

_ID, _WEIGHT = "id", "weight"


@dataclass(frozen=True)
class Emulated:
    """`frames` of the drug, `decisions` of any other exposure: the same patients, covariates as numbers.

    `known` are their baseline covariates by id. `ends` is trial_outcomes.
    """

    marts: ControlMarts
    starts: TrialControlMarts
    frames: Frames
    decisions: Frames
    ends: pd.DataFrame
    definitions: Definitions
    known: pd.DataFrame


def prepare(
    marts: ControlMarts,
    starts: TrialControlMarts,
    ends: pd.DataFrame,
    frames: Frames,
    definitions: Definitions,
    drug: str,
) -> Emulated:
    """From the drug's own tables, the gaps of which are filled already: a control exposure has no part in that.

    Raises:
        NotEstimable: a covariate that is no number.
    """
    known = encode(frames.patients.set_index(_ID), list(frames.baseline))
    decisions = _as_numbers(with_decisions(frames, starts.decisions, drug), known)
    return Emulated(marts, starts, frames, decisions, ends, definitions, known)


def _as_numbers(frames: Frames, known: pd.DataFrame) -> Frames:
    """The same model, its dummies made once and not for each exposure; `known` are the baseline's, by id."""
    own = [name for name in frames.treatment if name in frames.intervals.columns]
    current = encode(frames.intervals, own)
    baseline = encode(frames.patients, [name for name in frames.treatment if name not in own])
    patients = frames.patients.drop(columns=list(frames.baseline))
    return Frames(
        pd.concat([patients, known.loc[patients[_ID]].reset_index(drop=True)], axis=1),
        pd.concat([frames.intervals[[_ID, "k"]], current], axis=1),
        tuple(known.columns),
        (*baseline.columns, *current.columns),
    )


def exposure(emulated: Emulated, name: str) -> Found:
    """A control exposure in the drug's place. Who had it before time zero is no patient of its trial."""
    own = emulated.starts.starts[emulated.starts.starts["exposure"] == name].set_index("stay_id")
    patients = emulated.decisions.of(DEATH_28D, emulated.ends)
    start = own["start_h"].reindex(patients["id"]).to_numpy(dtype=float)
    with np.errstate(invalid="ignore"):
        start = np.where(start < patients["time_h"], start, np.nan)  # of a start after the follow-up nothing is asked
    patients = patients.assign(start_h=start)[~patients["id"].isin(own.index[own["is_prevalent"]])]
    return _compared(emulated, patients, emulated.decisions, Found(PRIMARY, EXPOSURE, name))[0]


def drug_and_outcomes(emulated: Emulated, drug: str) -> list[Found]:
    """The drug itself, as the controls are analysed, then every control outcome and the positive control of it."""
    patients = emulated.frames.of(DEATH_28D, emulated.ends)
    found, design = _compared(emulated, patients, emulated.frames, Found(PRIMARY, DRUG, drug))
    outcomes = emulated.marts.outcomes
    asked = {name: (OUTCOME, outcomes[name]) for name in outcomes.columns}
    asked[BRADYCARDIA] = (POSITIVE, emulated.starts.bradycardia)
    clones = None if design is None else followed_beyond(design, emulated.definitions)
    return [
        found,
        *(
            _outcome(clones, known, replace(found, kind=kind, name=name, outcome=name, estimate=None, counts={}))
            for name, (kind, known) in asked.items()
        ),
    ]


def _compared(emulated: Emulated, patients: pd.DataFrame, frames: Frames, place: Found) -> tuple[Found, Clones | None]:
    """`place` with everything that the comparison gives, and the clones."""
    definitions = emulated.definitions
    grace, interval, horizon = definitions.grace_h, definitions.interval_h, definitions.horizon_h
    try:
        design = trial.clones(
            patients, frames.intervals, grace, interval, covariates=frames.treatment, horizon_h=horizon
        )
        result = design.result()
    except NotEstimable as reason:
        return replace(place, reason=str(reason)), None
    counts = {group: (result.patients[group], result.events[group]) for group in (False, True)}
    beyond = followed_beyond(design, definitions)
    treated, weights = beyond[TREATMENT].to_numpy(dtype=bool), beyond[_WEIGHT].to_numpy(dtype=float)
    imbalance = largest_imbalance(emulated.known.loc[beyond[_ID]], treated, weights)
    equipoise = _equipoise(emulated.known.loc[patients["id"]], patients["start_h"], grace)
    place = replace(place, counts=counts, imbalance=imbalance, equipoise=equipoise)
    if not (isfinite(result.hazard_ratio) and isfinite(result.log_hazard_ratio_se)):
        return replace(place, reason="an arm has no deaths"), design
    return replace(place, estimate=result.hazard), design


def _equipoise(known: pd.DataFrame, start: pd.Series, grace: float) -> float | None:
    """Of a start within the grace period given what was known at time zero; None where there is no such model."""
    with np.errstate(invalid="ignore"):
        data = known.assign(**{TREATMENT: (start < grace).to_numpy(dtype=bool)})
    try:
        return preference_equipoise(fit_propensity(data, TREATMENT, list(known.columns)), data[TREATMENT])
    except NotEstimable:
        return None


def _outcome(clones: pd.DataFrame | None, known: pd.Series, place: Found) -> Found:
    """An outcome of the weighted clones beyond the grace period, as far as it is known of their patients."""
    if clones is None:
        return place
    occurred = known.reindex(clones[_ID]).astype("boolean").array
    data = clones.assign(**{place.name: occurred})[np.asarray(~occurred.isna())].astype({place.name: bool})
    arm = data[TREATMENT].to_numpy(dtype=bool)
    event = data[place.name].to_numpy(dtype=bool)
    counts = {group: (int((arm == group).sum()), int((event & (arm == group)).sum())) for group in (False, True)}
    place = replace(place, counts=counts)
    try:
        return replace(place, estimate=logistic(data, place.name, [], TREATMENT, weights=_WEIGHT, cluster=_ID))
    except NotEstimable as reason:
        return replace(place, reason=str(reason))
