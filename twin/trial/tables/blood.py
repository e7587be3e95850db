"""labevents of the trial: the panel that makes time zero, panels every eight hours, lactate before each decision.

Each row has its `delay` from drawing to result, in seconds, alike for a specimen.
"""

from typing import Final

import numpy as np

from twin.plan.intent import Intent
from twin.rows import Array, Columns, constant, spread, stack, take
from twin.tables.labs import TESTS, lab_rows, result_rows
from twin.tables.respiration import blood_gases
from twin.trial.grid import ALL_DECISIONS, BLOCK_H

LACTATE: Final = 50813
_FIRST_VALUES: Final = {"platelets": "platelets_first", "inr": "inr_first", "creatinine": "creatinine_first"}
_STEADY_H: Final = 30.0  # the first day's values stay where they are
_MINUTE: Final = 60
_SECOND: Final = np.timedelta64(1, "s")


def laboratory(rng: np.random.Generator, plan: Columns, episodes: Columns, intent: Intent) -> list[Columns]:
    """Parts with specimens numbered from 0 within each."""
    return [_panels(rng, plan, intent), _gases(rng, plan, episodes, intent), _lactate(rng, plan, intent)]


def _panels(rng: np.random.Generator, plan: Columns, intent: Intent) -> Columns:
    """All tests of one draw are one specimen. The first result comes when the plan says; nothing is known before."""
    zero, los = plan["zero_h"], plan["los_h"]
    stay, rank = spread(1 + np.clip(np.floor((los - zero) / 8), 0, 100).astype(np.int64))
    first = zero - plan["blood_before_zero_h"]
    hours = np.where(rank == 0, first[stay], zero[stay] + 8 * rank - rng.uniform(0.5, 3.5, len(rank)))
    to_result = plan["blood_before_zero_h"] - plan["result_before_zero_h"]
    delay = np.where(rank == 0, to_result[stay], rng.uniform(0.4, 1.2, len(rank)))
    # drawn at a full minute, and stored at one
    delay = np.floor(delay * 60) * _MINUTE
    parts = []
    for name, test in TESTS.items():
        rows = result_rows(rng, plan, test, stay, hours, _values(rng, plan, name, stay, hours))
        rows |= {"specimen": np.arange(len(stay)), "delay": delay, "stay": stay}
        rows = take(rows, ~np.isnan(rows["valuenum"]))
        who = rows.pop("stay")
        intent.note(
            f"lab {name}",
            stay=who,
            time=rows["charttime"],
            value=rows["valuenum"],
            in_admission=np.ones(len(who), np.bool_),
            known=rows["charttime"] + rows["delay"].astype(np.int64) * _SECOND,
        )
        parts.append(rows)
    return stack(parts)


def _values(rng: np.random.Generator, plan: Columns, name: str, stay: Array, hours: Array) -> Array:
    test = TESTS[name]
    low, high = plan[f"{name}_low"], plan[f"{name}_high"]
    if name in _FIRST_VALUES:
        planned = plan[_FIRST_VALUES[name]][stay]
    elif name == "pt":
        planned = np.round(11.05 * plan["inr_first"], 1)[stay]
    else:
        planned = (low + rng.random(len(low)) * (high - low))[stay]
    gone = 1 - np.exp(-np.maximum(hours - _STEADY_H, 0) / 90)
    drifting = (planned + (test.later - planned) * gone) * np.exp(rng.normal(0, 0.05, len(stay)) * (gone > 0))
    return np.asarray(np.maximum(drifting, 0.1 if test.decimals else 1))


def _gases(rng: np.random.Generator, plan: Columns, episodes: Columns, intent: Intent) -> Columns:
    """As the other design's, their lactate left out; stored when the charted oxygen is, or later."""
    rows = blood_gases(rng, plan, episodes, intent)
    rows = take(rows, rows["itemid"] != LACTATE)
    return rows | {"delay": gas_delay(rows["charttime"])}


def gas_delay(charttime: Array) -> Array:
    """Seconds from a gas to its result, later than all that is charted of the same time; the truth asks again."""
    return np.asarray((52 + charttime.astype(np.int64) // _MINUTE % 28) * _MINUTE)


def _lactate(rng: np.random.Generator, plan: Columns, intent: Intent) -> Columns:
    """One before every decision, known by then."""
    count = len(plan["los_h"])
    stay, block = np.nonzero(np.ones((count, ALL_DECISIONS), np.bool_))
    hours = plan["zero_h"][stay] + BLOCK_H * block - rng.uniform(1.1, 1.8, len(stay))
    there = hours < plan["los_h"][stay]
    stay, hours, block = stay[there], hours[there], block[there]
    rows = lab_rows(plan, stay, hours, LACTATE, plan["lactate"][stay, block], 1)
    delay = rng.integers(20, 60, len(stay)) * _MINUTE
    intent.note(
        "lab lactate",
        stay=stay,
        time=rows["charttime"],
        value=rows["valuenum"],
        known=rows["charttime"] + delay * _SECOND,
    )
    return rows | {"valueuom": constant("mmol/L", len(stay)), "specimen": np.arange(len(stay)), "delay": delay}
