"""What the primary design rests on: its clones, weights, positivity, balance over time, and its curves in numbers."""

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis_py.statistics.design import encode
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.trial import Bootstrap, Clones
from analysis_py.statistics.trial.differences import standardized_differences
from analysis_py.statistics.weighting import effective_size
from analysis_py.study.analyses.describe import GROUP_NAMES
from analysis_py.study.results import Row
from analysis_py.study.trial.definitions import COHORT, HOURS, Definitions
from analysis_py.study.trial.designs import PRIMARY
from analysis_py.study.trial.estimates import EFFECTIVE, LARGEST, RISK
from analysis_py.study.trial.frames import MISSING, NOW, Frames
from analysis_py.study.variables import TREATMENT

CLONES, WEIGHTS, POSITIVITY, BALANCE, CURVE = (
    "trial_clones",
    "trial_weights",
    "trial_positivity",
    "trial_balance",
    "trial_curve",
)
CENSORED, DAYS, FOLLOWED = "censored", "person-days", "followed beyond the grace period"
SHARES = (0.0, 0.25, 0.5, 0.75, 0.95, 0.99)
UNWEIGHTED, WEIGHTED = "unweighted", "weighted"
AT_END = "end of grace period"
BELOW = "percent with a probability below 0.01"


def clone_rows(design: Clones, outcome: str, patients: pd.DataFrame, definitions: Definitions) -> list[Row]:
    """By strategy: clones with their deaths, those censored, days at risk, those followed beyond the grace period."""
    every = design.rows()
    rows = []
    time = patients.set_index("id")["time_h"].clip(upper=definitions.horizon_h)
    for group, name in GROUP_NAMES.items():
        own = every[every["clone"] == int(group)]
        ends = own.groupby("id").agg(stop=("stop", "max"), died=("died", "any"))
        place = Row(CLONES, f"{COHORT} {name}", outcome, PRIMARY)
        censored = int((~ends["died"] & (ends["stop"] < time.loc[ends.index] - 1e-6)).sum())
        days = float((own["stop"] - own["start"]).sum()) / HOURS
        beyond = own[own["start"] >= definitions.grace_h]
        rows += [
            replace(place, measure="clones", n=len(ends), events=int(ends["died"].sum())),
            replace(place, measure=CENSORED, n=censored),
            replace(place, measure=DAYS, n=len(ends), estimate=days),
            replace(place, measure=FOLLOWED, n=len(beyond), events=int(beyond["died"].sum())),
        ]
        rows += _weights(replace(place, analysis=WEIGHTS, n=len(beyond)), beyond["weight"].to_numpy(dtype=float))
    return rows


def _weights(place: Row, weights: np.ndarray) -> list[Row]:
    """Their distribution, largest and effective size, of clones that are followed beyond the grace period."""
    if not len(weights):
        return [replace(place, measure=LARGEST, note="not estimable: nobody is followed beyond the grace period")]
    found = {f"quantile {share:g}": float(np.quantile(weights, share)) for share in SHARES}
    found |= {LARGEST: float(weights.max()), EFFECTIVE: effective_size(weights)}
    return [replace(place, measure=measure, estimate=value) for measure, value in found.items()]


def positivity_rows(design: Clones, outcome: str) -> list[Row]:
    """By decision point: who could start, who did, and the share to whom the model gives less than 1 in 100."""
    place = Row(POSITIVITY, COHORT, outcome, PRIMARY, measure=BELOW)
    return [
        replace(place, level=str(point.k), n=point.rows, events=point.starts, estimate=100 * point.share_below)
        for point in design.weighting.positivity()
    ]


def balance_rows(design: Clones, outcome: str, frames: Frames, definitions: Definitions) -> list[Row]:
    """Standardized differences, unweighted and weighted.

    At each decision: who starts there against who could and does not, by what is known then, weighted by the inverse
    probability of the decision. At the end of the grace period: clones of both strategies that are still followed, by
    baseline covariates, with the weights of the analysis.
    """
    decisions = design.decisions()
    table = decisions.merge(frames.intervals, on=["id", "k"], validate="one_to_one")
    current = [name for name in frames.treatment if name.endswith((NOW, MISSING))]
    rows = []
    for k, here in table.groupby("k"):
        starts = here["starts"].to_numpy(dtype=bool)
        chance = here["probability"].to_numpy(dtype=float)
        weights = 1 / np.clip(np.where(starts, chance, 1 - chance), 1e-12, None)
        rows += _differences(here[current], starts, weights, outcome, str(k))
    beyond = followed_beyond(design, definitions)
    known = frames.patients.set_index("id").loc[beyond["id"], list(frames.baseline)].reset_index(drop=True)
    arms, weights = beyond[TREATMENT].to_numpy(), beyond["weight"].to_numpy(dtype=float)
    return rows + _differences(known, arms, weights, outcome, AT_END)


def followed_beyond(design: Clones, definitions: Definitions) -> pd.DataFrame:
    """The clones that are still followed when the grace period ends: id, treated (of the strategy to start), weight."""
    every = design.rows()
    beyond = every[every["start"] >= definitions.grace_h].reset_index(drop=True)
    return pd.DataFrame({"id": beyond["id"], TREATMENT: beyond["clone"] == 1, "weight": beyond["weight"]})


def _differences(
    covariates: pd.DataFrame, treated: np.ndarray, weights: np.ndarray, outcome: str, level: str
) -> list[Row]:
    try:
        columns = encode(covariates, list(covariates.columns))
    except NotEstimable:
        return []
    numbers = columns.to_numpy(dtype=float)
    rows = []
    for measure, used in ((UNWEIGHTED, np.ones(len(weights))), (WEIGHTED, weights)):
        place = Row(BALANCE, COHORT, outcome, PRIMARY, level=level, measure=f"SMD, {measure}", n=len(treated))
        for name, value in zip(columns.columns, standardized_differences(numbers, treated, used), strict=True):
            row = replace(place, term=str(name))
            known = replace(row, estimate=float(value)) if np.isfinite(value) else None
            rows.append(known or replace(row, note="not estimable: no variance within the groups, or an empty group"))
    return rows


def curve_rows(design: Clones, outcome: str, draws: Bootstrap) -> list[Row]:
    """Risk by day under each strategy with its pointwise band; `n` are clones, `events` their deaths by then."""
    try:
        risks = design.curves()
    except NotEstimable as reason:
        return [Row(CURVE, COHORT, outcome, PRIMARY, note=f"not estimable: {reason}")]
    every = design.rows()
    rows = []
    for group, name in GROUP_NAMES.items():
        own = every[every["clone"] == int(group)]
        deaths = np.sort(own.loc[own["died"], "stop"].to_numpy(dtype=float))
        place = Row(CURVE, f"{COHORT} {name}", outcome, PRIMARY, measure=RISK, n=own["id"].nunique())
        for at, hour in enumerate(design.hours):
            events = int(np.searchsorted(deaths, hour, side="right"))
            row = replace(place, level=f"{hour / HOURS:g}", estimate=float(risks[int(group), at]), events=events)
            try:
                lower, upper = draws.interval(f"risk{int(group)}@{hour:g}")
                rows.append(replace(row, lower=lower, upper=upper))
            except NotEstimable as reason:
                rows.append(replace(row, note=f"no interval: {reason}"))
    return rows
