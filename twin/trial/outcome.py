"""Who starts dexmedetomidine when, and when each patient dies: as it is, and under both strategies.

A decision every six hours, while the patient is in the ICU and has not started. It looks at what is charted then, and
at nothing else but `unmeasured`. The hazard of a block follows from the same columns; dexmedetomidine multiplies it
from its start on. All three times of death come from one random number.

Strategy A, "starts within 48 h": each patient starts where he does by the natural decisions; who has not started by
the last decision (hour 42) and is in the ICU starts there; who has left the ICU before does not start. That is what
clone-censor-weight with pooled weights estimates: its clone is censored at the last decision only.
Strategy B, "does not start within 48 h": the natural decisions from hour 48 on.
"""

from typing import Final

import numpy as np

from twin.plan.distributions import chance
from twin.rows import Array, Columns
from twin.trial.course import COMFORT, LIMITED, whole_minutes
from twin.trial.design import TrialDesign
from twin.trial.grid import ALL_DECISIONS, BLOCK_H, BLOCKS, DECISIONS, HORIZON_H, NEVER

# log odds of a start at decision k: rare at first, more often when weaning begins
_START: Final = (-3.4, -3.3, -3.1, -2.9, -2.6, -2.4, -2.25, -2.1)
_START_LATER: Final = -2.9
_DEATH: Final = -5.0  # log hazard of a block in a patient of 68 years without support
STRATEGIES: Final = ("natural", "a", "b")


def draw_outcome(rng: np.random.Generator, plan: Columns, design: TrialDesign) -> None:
    """Add `start_block_*` (NEVER: none) and `death_from_zero_h_*` (NaN: alive at discharge or day 28) by strategy.

    `harm_borne`: the cumulative hazard at which the patient dies; `unmeasured`: a cause that no table holds.
    """
    count = len(plan["age"])
    plan["unmeasured"] = rng.normal(size=count)
    chosen = rng.random((count, ALL_DECISIONS)) < start_probability(plan, design)
    chosen &= BLOCK_H * np.arange(ALL_DECISIONS) < plan["icu_from_zero_h"][:, None]
    reached = rng.exponential(size=count)
    plan["harm_borne"] = reached
    harm = np.cumsum(np.exp(log_hazard(plan, design)), axis=1)
    begun = np.concatenate([np.zeros((count, 1)), harm], axis=1)[:, :ALL_DECISIONS]
    chosen &= begun < reached[:, None]  # alive, for before his start nobody's hazard is changed
    natural, later = _first(chosen, 0), _first(chosen, DECISIONS)
    last = DECISIONS - 1
    could = (BLOCK_H * last < plan["icu_from_zero_h"]) & (begun[:, last] < reached)
    starts = {
        "natural": natural,
        "a": np.where(natural < DECISIONS, natural, np.where(could, last, NEVER)),
        "b": later,
    }
    for name, start in starts.items():
        plan[f"start_block_{name}"] = start
        plan[f"death_from_zero_h_{name}"] = _death(plan, harm, reached, start, design.hazard_ratio)


def start_probability(plan: Columns, design: TrialDesign) -> Array:
    """Of a start at each decision, for those who can."""
    when = np.concatenate([_START, np.full(ALL_DECISIONS - DECISIONS, _START_LATER)])
    return chance(when + readiness(plan) - design.unmeasured * plan["unmeasured"][:, None])


def readiness(plan: Columns) -> Array:
    """Log odds of a start by what is charted (stays x decisions), 0 in a patient of 68 years without support.

    The sick start later and rarer, the ventilated and agitated sooner.
    """
    shown = slice(0, ALL_DECISIONS)
    code = plan["code"][:, shown]
    return np.asarray(
        0.8 * plan["tube"][:, shown]
        + 0.20 * plan["rass"][:, shown]
        - 3.0 * plan["equivalent"][:, shown]
        - 0.35 * (plan["lactate"][:, shown] - 2)
        - 0.015 * (plan["age"] - 68)[:, None]
        - 0.4 * (code == LIMITED)
        - 0.8 * (code == COMFORT)
    )


def log_hazard(plan: Columns, design: TrialDesign) -> Array:
    """Of death within each block without dexmedetomidine. On the ward there is neither tube nor pressor."""
    in_icu = BLOCK_H * np.arange(BLOCKS) < plan["icu_from_zero_h"][:, None]
    hazard = (
        _DEATH
        + 0.4 * (plan["tube"] & in_icu)
        + 2.5 * plan["equivalent"] * in_icu
        + 0.30 * np.minimum(plan["lactate"] - 2, 6)
        + 0.030 * (plan["age"] - 68)[:, None]
        + 0.5 * (plan["code"] == LIMITED)
        + 1.6 * (plan["code"] == COMFORT)
    )
    return np.asarray(hazard + design.unmeasured * plan["unmeasured"][:, None])


def _first(chosen: Array, least: int) -> Array:
    """First block from `least` on that is chosen."""
    later = chosen & (np.arange(chosen.shape[1]) >= least)
    return np.where(later.any(axis=1), later.argmax(axis=1), NEVER)


def _death(plan: Columns, harm: Array, reached: Array, start: Array, ratio: float) -> Array:
    """Hours to death in hospital within 28 days, where the hazard is multiplied by `ratio` from block `start` on."""
    count = len(start)
    stays = np.arange(count)
    begun = np.concatenate([np.zeros((count, 1)), harm], axis=1)
    before = begun[stays, np.minimum(start, BLOCKS)]
    # the cumulative hazard without the drug at which he dies
    limit = np.where(reached > before, before + (reached - before) / ratio, reached)
    block = (harm < limit[:, None]).sum(axis=1)
    inside = np.minimum(block, BLOCKS - 1)
    share = (limit - begun[stays, inside]) / (harm[stays, inside] - begun[stays, inside])
    hours = whole_minutes(BLOCK_H * (inside + np.clip(share, 0, 1)))
    # to the minute: after the start, and not at a decision itself
    hours = np.maximum(hours, BLOCK_H * inside + 4 / 60)
    dies = (block < BLOCKS) & (hours < plan["home_from_zero_h"]) & (hours < HORIZON_H)
    return np.where(dies, hours, np.nan)
