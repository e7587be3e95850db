"""The tube as the course has it: one episode, whose turns lie an hour or more from each decision."""

import numpy as np

from twin.plan.intent import Intent
from twin.rows import Columns, moment
from twin.trial.grid import BLOCK_H, BLOCKS

_IN_BEFORE_H, _OUT_BEFORE_H = 2.2, 1.7  # the block from which it counts
_LAST_BEFORE_END_H = 0.03  # as twin/tables/respiration.py charts


def tube_episode(rng: np.random.Generator, plan: Columns, intent: Intent) -> Columns:
    """`stay`, `start`, `end` in hours, as ventilation_episodes() gives them; sets what other makers ask of `plan`."""
    los, zero = plan["los_h"], plan["zero_h"]
    count = len(los)
    at_once = plan["tube_from"] == 0
    start = np.where(at_once, rng.uniform(0.1, 0.6, count), zero + BLOCK_H * plan["tube_from"] - _IN_BEFORE_H)
    end = zero + BLOCK_H * plan["tube_until"] - _OUT_BEFORE_H
    has = (plan["tube_from"] < BLOCKS) & (start < los - 0.5)
    end = np.where(end > los - 1, los, end)
    stay = np.flatnonzero(has)
    plan["is_ventilated"] = at_once
    plan["ventilation_start_h"] = start
    plan["ventilation_h"] = np.where(has, end - start, 0)
    plan["fio2_pct"] = np.choose(plan["respiration_level"], [40, 40, 50, 60, 80])
    last = np.where(end < los, end, end - _LAST_BEFORE_END_H)
    intime = plan["intime"][stay]
    intent.note("ventilation", stay=stay, start=moment(intime, start[stay]), end=moment(intime, last[stay]))
    return {"stay": stay, "start": start[stay], "end": end[stay], "is_silent": np.zeros(len(stay), np.bool_)}
