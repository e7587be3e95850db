"""Marts of controls about the patients of the other fixtures: exposures that do nothing, outcomes of the past."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from analysis_py.marts.controls import ControlMarts, type_controls
from analysis_py.marts.trial import TrialMarts, type_trial
from analysis_py.study.analyses.cohorts import Completed, complete_cohort
from analysis_py.study.read_marts import CONTROLS_NEEDED, TRIAL_NEEDED, type_cohort
from tests.unit.analysis.conftest import _make_cohort
from tests.unit.analysis.trial.conftest import _make_marts

Frames = dict[str, pd.DataFrame]
EXPOSURES = ("docusate", "famotidine", "melatonin", "nystatin", "senna", "thiamine")
OUTCOMES = ("cataract", "gout", "hba1c_high", "migraine", "osteoarthritis", "psoriasis")
RARE, NEVER = "zinc", "vitamin_d"  # had by a few, and by nobody


def _make_controls(cohort: pd.DataFrame, trial: Frames | None, seed: int = 11) -> Frames:
    """The marts as read_controls() gives them: of every stay of `cohort`, one in six had each exposure not as asked.

    RARE is had by eight. One outcome is known of half the stays. Of the trial every decision is one of trial_interval,
    or after the start; an exposure starts at random.
    """
    random = np.random.default_rng(seed)
    stays = cohort["stay_id"].to_numpy()
    rows = []
    for name in EXPOSURES:
        fate = random.choice(
            ["never", "exposed", "late", "short", "prevalent"], len(stays), p=[0.42, 0.42, *[0.16 / 3] * 3]
        )
        rows += [(stay, name, one) for stay, one in zip(stays, fate, strict=True) if one != "never"]
    rows += [(stay, RARE, "exposed") for stay in stays[:8]]
    exposures = pd.DataFrame(rows, columns=["stay_id", "exposure", "fate"])
    flags = {f"is_{fate}": exposures["fate"] == fate for fate in ("prevalent", "late", "short", "exposed")}
    about = [stays] if trial is None else [stays, trial["trial_baseline"]["stay_id"].to_numpy()]
    every = np.unique(np.concatenate(about))
    frames = {
        "stays": cohort,
        "negative_control_exposure": exposures.drop(columns="fate").assign(**flags),
        "negative_control_outcome": pd.concat(
            [
                pd.DataFrame(
                    {
                        "stay_id": every,
                        "outcome": name,
                        "is_known": (every % 2 == 0) if name == "hba1c_high" else np.ones(len(every), dtype=bool),
                        "occurred": random.random(len(every)) < 0.25,
                    }
                )
                for name in OUTCOMES
            ],
            ignore_index=True,
        ),
        "positive_control": _bradycardia(stays, random),
        "listed_control_exposure": pd.DataFrame({"exposure": [*EXPOSURES, NEVER, RARE]}),
    }
    if trial is None:
        return frames
    patients, ends = trial["trial_baseline"]["stay_id"].to_numpy(), trial["trial_outcomes"]
    starts = []
    for name in EXPOSURES:
        prevalent = random.random(len(patients)) < 0.1
        hour = np.where(random.random(len(patients)) < 0.5, 6.0 * random.integers(0, 10, len(patients)), np.nan)
        hour = np.where(hour < np.minimum(ends["icu_end_h"], ends["followup_28d_h"]), hour, np.nan)
        starts.append(pd.DataFrame({"stay_id": patients, "exposure": name, "start_h": hour, "is_prevalent": prevalent}))
    frame = pd.concat(starts, ignore_index=True)
    frames["trial_control_exposure"] = frame[frame["start_h"].notna() | frame["is_prevalent"]].reset_index(drop=True)
    frames["trial_decision"] = _decisions(trial)
    frames["trial_positive_control"] = _bradycardia(patients, random)
    return frames


def _decisions(trial: Frames) -> pd.DataFrame:
    """trial_interval carried on after the start, as long as the patient is alive and in the ICU."""
    known = trial["trial_interval"].drop(columns="starts").sort_values(["stay_id", "k"])
    ends = trial["trial_outcomes"].set_index("stay_id")
    last = known.groupby("stay_id").tail(1)
    later = []
    for k in range(8):
        end = np.minimum(ends["icu_end_h"], ends["followup_28d_h"]).reindex(last["stay_id"]).to_numpy()
        more = last[(last["k"].to_numpy() < k) & (end > 6 * k)]
        later.append(more.assign(k=k))
    return pd.concat([known, *later], ignore_index=True).sort_values(["stay_id", "k"]).reset_index(drop=True)


def _bradycardia(stays: np.ndarray, random: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "stay_id": stays,
            "is_known": random.random(len(stays)) < 0.9,
            "bradycardia_48h": random.random(len(stays)) < 0.3,
        }
    )


@dataclass(frozen=True)
class Made:
    """The frames and the marts that they are, with the cohort's first completed copy."""

    frames: Frames
    marts: ControlMarts
    trial: TrialMarts
    completed: Completed


@pytest.fixture(scope="session")
def make_controls() -> Callable[..., Frames]:
    return _make_controls


@pytest.fixture(scope="session")
def made() -> Made:
    cohort, trial = _make_cohort(700), _make_marts(700)
    frames = _make_controls(cohort, trial)
    completed = complete_cohort(type_cohort(cohort, "mart"), 1, 5, 1)
    return Made(
        frames,
        type_controls(frames, "dexsic", CONTROLS_NEEDED),
        type_trial(trial, "dexsic", TRIAL_NEEDED),
        completed,
    )
