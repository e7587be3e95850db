"""Infusions of the trial: pressors in steps at the decisions, sedation with the tube, dexmedetomidine as decided."""

import numpy as np

from twin.rows import Array, Columns, constant, moment, size, take
from twin.tables.infusions.courses import fluids
from twin.tables.infusions.drugs import DRUGS
from twin.tables.infusions.runs import run_infusion
from twin.trial.course import VASOPRESSIN_UNITS_H
from twin.trial.frames import run_hours
from twin.trial.grid import BLOCK_H, BLOCKS
from twin.trial.population import EXPOSED_BEFORE, HEPARIN_BEFORE
from twin.trial.record import EXPOSED_FOR_H

_BEFORE_END_H = 0.05  # pumps stop before the stay ends


def drips(rng: np.random.Generator, plan: Columns, episodes: Columns) -> list[Columns]:
    """Parts for inputevents.written()."""
    return [
        _steps(plan, "norepinephrine", plan["norepinephrine"]),
        _steps(plan, "vasopressin", plan["vasopressin"] * VASOPRESSIN_UNITS_H),
        *_sedatives(rng, plan, episodes),
        _dexmedetomidine(rng, plan),
        _heparin(rng, plan),
        *fluids(rng, plan),
    ]


def _steps(plan: Columns, name: str, rate: Array) -> Columns:
    """`rate` (stays x blocks) of a block runs in the six hours that end at its beginning; the first from admission."""
    drug, zero = DRUGS[name], plan["zero_h"]
    stay, block = np.nonzero(rate > 0)
    start = np.where(block == 0, 0.0, zero[stay] + BLOCK_H * (block - 1))
    end = np.minimum(zero[stay] + BLOCK_H * block, plan["los_h"][stay] - _BEFORE_END_H)
    speed = rate[stay, block]
    begin, until = moment(plan["intime"][stay], start), moment(plan["intime"][stay], end)
    hours = (until - begin).astype(np.int64) / 3600
    weight = np.where(drug.by_weight, plan["weight_kg"][stay], 1.0)
    count = len(stay)
    rows = {
        "stay": stay,
        "drug": constant(name, count),
        "is_given": np.ones(count, np.bool_),
        "link": stay * BLOCKS + block,
        "starttime": begin,
        "endtime": until,
        "itemid": np.full(count, drug.itemid),
        "rate": speed,
        "rateuom": constant(drug.rate_unit, count),
        "amount": np.round(speed * hours * weight * drug.amount_per_hour, 6),
        "amountuom": constant(drug.amount_unit, count),
        "statusdescription": constant("ChangeDose/Rate", count),
        "ordercategoryname": constant("01-Drips", count),
        "secondaryordercategoryname": constant("02-Fluids (Crystalloids)", count),
        "ordercategorydescription": constant("Continuous Med", count),
    }
    return take(rows, hours > 0)


def _sedatives(rng: np.random.Generator, plan: Columns, episodes: Columns) -> list[Columns]:
    """For part of the tube's time; nobody decides by them."""
    parts = []
    for name, share, rate, low, high in (
        ("propofol", 0.85, 30.0, 5, 80),
        ("midazolam", 0.25, 2.0, 0.5, 12),
        ("fentanyl", 0.55, 60.0, 10, 300),
    ):
        given = take(episodes, rng.random(size(episodes)) < share)
        stay, count = given["stay"], size(given)
        length = (given["end"] - given["start"]) * rng.uniform(0.5, 1, count)
        end = np.minimum(given["start"] + length, plan["los_h"][stay] - _BEFORE_END_H)
        rates = np.full(count, rate)
        parts.append(run_infusion(rng, plan, name, stay, given["start"] + 0.1, end, rates, (low, high)))
    return parts


def _dexmedetomidine(rng: np.random.Generator, plan: Columns) -> Columns:
    """One run without pauses, from the decision on."""
    before = plan["bar"] == EXPOSED_BEFORE
    stay = np.flatnonzero(plan["dex_on"])
    start = plan["dex_start_h"][stay]
    # a course before time zero may outlast a short stay
    length = np.where(before, EXPOSED_FOR_H, run_hours(plan))[stay]
    rate = np.clip(np.exp(rng.normal(-0.55, 0.45, len(stay))), 0.1, 1.5)
    return run_infusion(rng, plan, "dexmedetomidine", stay, start, start + length, rate, (0.05, 1.5), 0.0, 5.0)


def _heparin(rng: np.random.Generator, plan: Columns) -> Columns:
    """Before time zero, which excludes; after it, which does not."""
    before = plan["bar"] == HEPARIN_BEFORE
    later = plan["heparin_infusion"] & (plan["bar"] == 0) & (plan["los_h"] - plan["zero_h"] > 4)
    stay = np.flatnonzero(before | later)
    zero, los = plan["zero_h"][stay], plan["los_h"][stay]
    start = np.where(before[stay], zero - 2, zero + 1 + rng.random(len(stay)) * np.maximum(los - zero - 3, 0))
    end = np.minimum(start + np.exp(rng.normal(3.0, 0.7, len(stay))), los - _BEFORE_END_H)
    return run_infusion(rng, plan, "heparin", stay, start, end, np.full(len(stay), 1100.0), (300, 2500))
