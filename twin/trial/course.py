"""How illness goes on after time zero, whatever is given: severity, pressors, ventilator, sedation, lactate, limits.

Arrays are stays x blocks; the value of a block is the one known at its beginning. Severity is hidden; what follows from
it is charted. Discharge, from the ICU and from hospital, answers to illness and chance, never to treatment: so that all
that dexmedetomidine does is the hazard. Numbers are assumed, no finding.
"""

from typing import Final

import numpy as np

from twin.plan.distributions import chance
from twin.rows import Array, Columns
from twin.trial.grid import BLOCK_H, BLOCKS

FULL, LIMITED, COMFORT = 0, 1, 2
VASOPRESSIN_UNITS_H: Final = 2.4
VASOPRESSIN_EQUIVALENT: Final = VASOPRESSIN_UNITS_H * 2.5 / 60  # mcg/kg/min of norepinephrine (Goradia 2021)

_LONGEST_STAY_H: Final = 640.0
_MINUTES: Final = 60


def draw_course(rng: np.random.Generator, plan: Columns) -> None:
    """Add the course of each stay to `plan`; hours since time zero are `*_from_zero_h`."""
    count = len(plan["age"])
    start = 0.55 * plan["severity"] + 0.45 * rng.normal(size=count)
    steps = rng.normal(size=(count, BLOCKS))
    severity = np.empty((count, BLOCKS))
    severity[:, 0] = start
    for block in range(1, BLOCKS):
        severity[:, block] = 0.97 * severity[:, block - 1] - 0.04 + 0.25 * steps[:, block]
    plan["severity_by_block"] = severity
    _draw_tube(rng, plan)
    _draw_pressors(rng, plan)
    mood = 0.6 * rng.normal(size=count)[:, None] + rng.normal(size=(count, BLOCKS))
    awake = np.where(plan["tube"], -1.6 + 1.3 * mood, 0.1 + 0.8 * mood)
    plan["rass"] = np.round(np.clip(awake, -5, 4)).astype(np.int64)
    lactate = np.exp(0.62 + 0.36 * severity + 0.2 * rng.normal(size=(count, BLOCKS)))
    plan["lactate"] = np.round(np.clip(lactate, 0.5, 14), 1)
    _draw_limits(rng, plan)
    _draw_discharge(rng, plan)


def whole_minutes(hours: Array) -> Array:
    """Hours down to the full minute, as they are charted."""
    return np.asarray(np.floor(hours * _MINUTES + 1e-6) / _MINUTES)


def _draw_tube(rng: np.random.Generator, plan: Columns) -> None:
    """One tube at most: from ICU admission on, or from a later block; out when illness allows it.

    `tube_from`, `tube_until`: first block with it, first block without it.
    """
    severity = plan["severity_by_block"]
    count = len(severity)
    at_once = rng.random(count) < chance(0.5 + 1.2 * severity[:, 0])
    late = rng.random((count, BLOCKS)) < 0.006 * np.exp(0.8 * severity)
    late[:, 0] = False
    begins = np.where(at_once, 0, np.where(late.any(axis=1), late.argmax(axis=1), BLOCKS))
    out = rng.random((count, BLOCKS)) < chance(-2.6 - 1.3 * severity)
    out &= np.arange(BLOCKS) > begins[:, None]
    ends = np.where(out.any(axis=1), out.argmax(axis=1), BLOCKS)
    block = np.arange(BLOCKS)
    plan["tube_from"], plan["tube_until"] = begins, ends
    plan["tube"] = (block >= begins[:, None]) & (block < ends[:, None])


def _draw_pressors(rng: np.random.Generator, plan: Columns) -> None:
    """mcg/kg/min of norepinephrine that run up to each block's beginning; vasopressin beside much of it."""
    severity = plan["severity_by_block"]
    need = 0.9 * severity + 0.35 * rng.normal(size=severity.shape)
    rate = np.where(need > 0, np.round(np.clip(0.04 + 0.13 * need, 0.02, 0.9), 3), 0.0)
    # time zero needs an organ that fails: the circulation, or else the kidneys
    rate[:, 0] = np.where(plan["fails_by_pressor"], np.maximum(rate[:, 0], 0.04), rate[:, 0])
    plan["norepinephrine"] = rate
    plan["vasopressin"] = rate > 0.30
    plan["equivalent"] = rate + VASOPRESSIN_EQUIVALENT * plan["vasopressin"]


def _draw_limits(rng: np.random.Generator, plan: Columns) -> None:
    """Code status by block: full, limited (do not resuscitate), comfort measures only."""
    severity = plan["severity_by_block"]
    count = len(severity)
    limit = rng.random((count, BLOCKS)) < 0.004 * np.exp(0.5 * severity + 0.03 * (plan["age"] - 68)[:, None])
    limit[:, 0] = rng.random(count) < np.clip(0.08 * np.exp(0.03 * (plan["age"] - 68)), 0, 0.4)
    limited = np.logical_or.accumulate(limit, axis=1)
    comfort = limited & (rng.random((count, BLOCKS)) < 0.008 * np.exp(0.5 * severity))
    comfort[:, 0] = False
    plan["code"] = limited + np.logical_or.accumulate(comfort, axis=1).astype(np.int64)


def _draw_discharge(rng: np.random.Generator, plan: Columns) -> None:
    """Hours from time zero to the end of the ICU stay and of the hospital stay, for who lives as long."""
    severity = plan["severity_by_block"]
    count = len(severity)
    quiet = ~plan["tube"] & (plan["norepinephrine"] == 0)
    goes = quiet & (rng.random((count, BLOCKS)) < chance(-2.7 - 0.9 * severity))
    block = np.where(goes.any(axis=1), goes.argmax(axis=1), BLOCKS)
    leaves = np.minimum(BLOCK_H * block + rng.uniform(0.2, 5.8, count), _LONGEST_STAY_H + rng.uniform(0, 20, count))
    plan["icu_from_zero_h"] = whole_minutes(leaves)
    plan["home_from_zero_h"] = whole_minutes(leaves + np.clip(np.exp(rng.normal(4.6, 0.8, count)), 2, 1500))
