"""Controls by the published design: matched to those who never had it, 28-day death by a Cox model of the pairs.

Each control exposure takes the place of the drug: the same rules, the same clock, the same covariates. The estimate is
that of model 1 in the matched cohort, with errors by pair: of the treatment alone, for some controls have few deaths
and the paper's model 3 has twenty coefficients. Control outcomes are asked of the drug's own matched cohort.

Gaps are filled once for all exposures, by an imputation that has the outcome but no exposure (one that had each would
be another for each); the drug has the study's first completed copy.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis_py.marts.controls import BRADYCARDIA, ControlMarts
from analysis_py.statistics.design import encode
from analysis_py.statistics.diagnostics import preference_equipoise
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.imputation import impute
from analysis_py.statistics.outcome import logistic
from analysis_py.study.analyses.cohorts import (
    ITERATIONS,
    PAIR,
    Matched,
    cumulative_hazard,
    match_cohort,
)
from analysis_py.study.analyses.effects import effect_clustered
from analysis_py.study.controls.checks import largest_imbalance
from analysis_py.study.controls.found import DRUG, EXPOSURE, OUTCOME, POSITIVE, Found
from analysis_py.study.trial.designs import PUBLISHED_MATCHED
from analysis_py.study.variables import (
    DEATH_28D,
    DEATH_HOSPITAL,
    FOLLOW_UP,
    PROPENSITY_COVARIATES,
    TABLE_ONE,
    TREATMENT,
)


@dataclass(frozen=True)
class Published:
    """`stays` without gaps, who are eligible but for the exposure, and the drug's own `cohort` without gaps.

    `unusable` covariates have no value or tell the drug: they are in no propensity score.
    """

    marts: ControlMarts
    stays: pd.DataFrame
    cohort: pd.DataFrame
    unusable: tuple[str, ...]


def prepare(marts: ControlMarts, cohort: pd.DataFrame, unusable: Sequence[str], seed: int) -> Published:
    """Fill the gaps of the stays that are eligible but for the exposure.

    Raises:
        NotEstimable: nobody is eligible, or as impute().
    """
    stays = marts.stays
    if stays.empty:
        raise NotEstimable("nobody is eligible but for the exposure")
    gone = {*unusable, *(variable.name for variable in TABLE_ONE if stays[variable.name].isna().all())}
    known = [variable.name for variable in TABLE_ONE if variable.name not in gone]
    model = stays[[DEATH_28D, DEATH_HOSPITAL, *known]].assign(
        **{"(hazard)": cumulative_hazard(stays[FOLLOW_UP], stays[DEATH_28D])}
    )
    if stays[known].isna().any(axis=None):
        (filled,) = impute(model, 1, ITERATIONS, seed)
        stays = stays.assign(**{name: filled[name] for name in known})
    return Published(marts, stays, cohort, tuple(sorted(gone)))


def exposure(published: Published, name: str) -> Found:
    """A control exposure in the drug's place. Who had it before, too late or too briefly is in neither group."""
    own = published.marts.exposures[published.marts.exposures["exposure"] == name]
    exposed = own.loc[own["is_exposed"], "stay_id"]
    others = own.loc[~own["is_exposed"], "stay_id"]
    stays = published.stays[~published.stays.index.isin(others)]
    data = stays.assign(**{TREATMENT: stays.index.isin(exposed)})
    return _compared(data, published.unusable, Found(PUBLISHED_MATCHED, EXPOSURE, name))[0]


def drug_and_outcomes(published: Published, drug: str) -> list[Found]:
    """The drug itself, as the controls are analysed, then every control outcome and the positive control of it."""
    found, matched = _compared(published.cohort, published.unusable, Found(PUBLISHED_MATCHED, DRUG, drug))
    outcomes = published.marts.outcomes
    asked = {name: (OUTCOME, outcomes[name]) for name in outcomes.columns}
    asked[BRADYCARDIA] = (POSITIVE, published.marts.bradycardia)
    return [
        found,
        *(
            _outcome(matched, known, replace(found, kind=kind, name=name, outcome=name, estimate=None, counts={}))
            for name, (kind, known) in asked.items()
        ),
    ]


def _compared(data: pd.DataFrame, unusable: Sequence[str], place: Found) -> tuple[Found, Matched | None]:
    """`place` with everything that the comparison gives, and the matched cohort."""
    try:
        matched = match_cohort(data, unusable)
    except NotEstimable as reason:
        return replace(place, reason=str(reason)), None
    covariates = [name for name in PROPENSITY_COVARIATES if name not in unusable]
    treated = matched.data[TREATMENT].to_numpy(dtype=bool)
    place = replace(
        place,
        counts=_counts(matched.data[TREATMENT], matched.data[DEATH_28D]),
        imbalance=largest_imbalance(encode(matched.data, covariates), treated, np.ones(len(treated))),
        equipoise=preference_equipoise(matched.propensity, data[TREATMENT]),
    )
    try:
        return replace(place, estimate=effect_clustered(matched.data, DEATH_28D, ())), matched
    except NotEstimable as reason:
        return replace(place, reason=str(reason)), matched


def _outcome(matched: Matched | None, known: pd.Series, place: Found) -> Found:
    """An outcome of the matched cohort, as far as it is known, by logistic regression on treatment, errors by pair."""
    if matched is None:
        return place
    occurred = known.reindex(matched.data.index).astype("boolean")
    data = matched.data[[TREATMENT, PAIR]].assign(**{place.name: occurred})[occurred.notna().to_numpy()]
    data = data.astype({place.name: bool})
    place = replace(place, counts=_counts(data[TREATMENT], data[place.name]))
    try:
        return replace(place, estimate=logistic(data, place.name, [], TREATMENT, cluster=PAIR))
    except NotEstimable as reason:
        return replace(place, reason=str(reason))


def _counts(treated: pd.Series, happened: pd.Series) -> dict[bool, tuple[int, int]]:
    """Patients and events by group."""
    arm, event = treated.to_numpy(dtype=bool), happened.to_numpy(dtype=bool)
    return {group: (int((arm == group).sum()), int((event & (arm == group)).sum())) for group in (False, True)}
