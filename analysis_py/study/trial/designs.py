"""The ways in which the trial's patients are analysed, in the order of the page: from the published to the primary."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd

from analysis_py.statistics import trial
from analysis_py.statistics.trial import Design
from analysis_py.study.trial.definitions import Definitions
from analysis_py.study.trial.frames import Frames

PRIMARY = "clone-censor-weight"
PUBLISHED_CRUDE, PUBLISHED_ADJUSTED, PUBLISHED_MATCHED = "published, crude", "published, adjusted", "published, matched"
UNWEIGHTED, GRACE_END = "clone-censor, unweighted", "clone-censor, grace-end weight"
SEQUENTIAL, TIME_DEPENDENT = "sequential trials", "time-dependent Cox"
LANDMARK = "landmark"


@dataclass(frozen=True)
class Way:
    """A design by its name in results.csv; `title` is for people.

    `is_resampled`: its interval is the bootstrap's; without, Wald's of a model that has no risks. `is_counted`: its
    risks are plain shares of patients, from which a hidden count could be solved. `uses_future`: who is compared
    depends on what is known only after the comparison has begun.
    """

    name: str
    title: str
    is_resampled: bool = True
    is_counted: bool = False
    uses_future: bool = False


WAYS: tuple[Way, ...] = (
    Way(PUBLISHED_CRUDE, "Published definition, crude", is_counted=True, uses_future=True),
    Way(PUBLISHED_ADJUSTED, "Published definition, adjusted", is_resampled=False, uses_future=True),
    Way(PUBLISHED_MATCHED, "Published definition, matched", is_counted=True, uses_future=True),
    Way(f"{LANDMARK}, crude", "Landmark, crude", is_counted=True),
    Way(f"{LANDMARK}, adjusted", "Landmark, adjusted", is_resampled=False),
    Way(f"{LANDMARK}, weighted", "Landmark, weighted"),
    Way(TIME_DEPENDENT, "Time-dependent Cox model", is_resampled=False),
    Way(UNWEIGHTED, "Clones censored, without weights", is_counted=True),
    Way(PRIMARY, "Clone, censor, weight (primary)"),
    Way(GRACE_END, "Clones weighted at the end of grace"),
    Way(SEQUENTIAL, "Sequential trials, intention to treat"),
)


def build_design(
    way: Way, frames: Frames, patients: pd.DataFrame, definitions: Definitions, hours: Sequence[float] = ()
) -> Design:
    """A design of `patients`, as Frames.of() gives them; `hours` are those of the primary one's curves.

    Raises:
        NotEstimable: as the estimator.
    """
    grace, horizon = definitions.grace_h, definitions.horizon_h
    clones = partial(
        trial.clones, patients, frames.intervals, grace, definitions.interval_h, horizon_h=horizon, hours=hours
    )
    sequential = partial(trial.sequential_trials, patients, frames.intervals, grace, definitions.interval_h)
    makers: dict[str, Callable[[], Design]] = {
        UNWEIGHTED: lambda: clones(weights="none"),
        PRIMARY: lambda: clones(covariates=frames.treatment),
        GRACE_END: lambda: clones(covariates=frames.baseline, weights="grace_end"),
        SEQUENTIAL: lambda: sequential(covariates=frames.treatment, horizon_h=horizon),
        TIME_DEPENDENT: lambda: trial.time_dependent_cox(patients, frames.baseline, horizon),
    }
    if way.name in makers:
        return makers[way.name]()
    kind, _, adjustment = way.name.partition(", ")
    covariates = () if adjustment == "crude" else frames.baseline
    if kind == LANDMARK:
        return trial.landmark(
            patients,
            grace,
            covariates,
            adjustment,  # type: ignore[arg-type]
            horizon_h=horizon,
        )
    return trial.published(
        patients,
        grace,
        covariates,
        adjustment,  # type: ignore[arg-type]
        definitions.minimum_stay_h,
        definitions.minimum_duration_h,
        horizon,
    )
