"""An infusion in pieces of constant rate, with pauses and changes of dose, and a single dose."""

import numpy as np

from twin.rows import Array, Columns, constant, moment, spread, take
from twin.tables.infusions.drugs import DRUGS


def run_infusion(
    rng: np.random.Generator,
    plan: Columns,
    name: str,
    stay: Array,
    start: Array,
    end: Array,
    rate: Array,
    limits: tuple[Array | float, Array | float] = (0.0, np.inf),
    pause_share: float = 0.10,
    hours_per_change: float = 7.0,
) -> Columns:
    """Infusions of one drug from `start` to `end`: the rate, around `rate`, changes every few hours; some are paused.

    Pauses take up to a third of a piece out of the running time. `link` numbers the infusions.
    """
    drug = DRUGS[name]
    duration = np.maximum(end - start, 0)
    pieces = 1 + np.minimum(rng.poisson(duration / hours_per_change), 40)
    link, rank = spread(pieces)
    at = np.where(rank == 0, 0.0, rng.random(len(link)))
    order = np.lexsort((at, link))
    begin = start[link] + at[order] * duration[link]
    last = rank == pieces[link] - 1
    until = np.where(last, end[link], np.append(begin[1:], 0))
    paused = ~last & (rng.random(len(link)) < pause_share)
    until = np.where(paused, begin + (until - begin) * rng.uniform(0.67, 0.95, len(link)), until)
    low, high = (np.broadcast_to(limit, len(stay))[link] for limit in limits)
    speed = np.clip(rate[link] * np.exp(rng.normal(0, 0.2, len(link))), low, high)
    who = stay[link]
    begin, until = moment(plan["intime"][who], begin), moment(plan["intime"][who], until)
    hours = (until - begin).astype(np.int64) / 3600
    weight = np.where(drug.by_weight, plan["weight_kg"][who], 1.0)
    done = rng.random(len(link)) < 0.7
    rows = {
        "stay": who,
        "drug": constant(name.partition("_")[0], len(link)),
        "is_given": np.ones(len(link), np.bool_),
        "link": link,
        "starttime": begin,
        "endtime": until,
        "itemid": np.full(len(link), drug.itemid),
        "rate": np.round(speed, 6),
        "rateuom": constant(drug.rate_unit, len(link)),
        "amount": np.round(speed * hours * weight * drug.amount_per_hour, 6),
        "amountuom": constant(drug.amount_unit, len(link)),
        "statusdescription": np.where(
            paused, b"Paused", np.where(~last, b"ChangeDose/Rate", np.where(done, b"FinishedRunning", b"Stopped"))
        ),
        "ordercategoryname": constant("01-Drips", len(link)),
        "secondaryordercategoryname": constant("02-Fluids (Crystalloids)", len(link)),
        "ordercategorydescription": constant("Continuous Med", len(link)),
    }
    return take(rows, hours > 0)


def single_dose(
    plan: Columns, drug: str, stay: Array, hours: Array, itemid: int, amount: Array, unit: str, category: str
) -> Columns:
    """Single doses: an amount within a minute, no rate."""
    begin = moment(plan["intime"][stay], hours)
    return {
        "stay": stay,
        "drug": constant(drug, len(stay)),
        "is_given": np.ones(len(stay), np.bool_),
        "link": np.arange(len(stay)),
        "starttime": begin,
        "endtime": begin + np.timedelta64(60, "s"),
        "itemid": np.full(len(stay), itemid),
        "amount": amount.astype(np.float64),
        "amountuom": constant(unit, len(stay)),
        "statusdescription": constant("FinishedRunning", len(stay)),
        "ordercategoryname": constant(category, len(stay)),
        "ordercategorydescription": constant("Drug Push", len(stay)),
    }
