"""Urine, renal replacement and the procedures beside them."""

import numpy as np

from twin.plan.faults import far_from, of_another
from twin.plan.intent import Intent
from twin.rows import Columns, constant, moment, size, spread, stack, take, text
from twin.tables.charting import chart, chart_text

FOLEY, VOID, CONDOM, IRRIGANT_IN, IRRIGANT_OUT = 226559, 226560, 226561, 227488, 227489
CRRT_MODE, BLOOD_FLOW, SYSTEM = 227290, 224144, 224146
VENTILATION, CRRT, HEMODIALYSIS = 225792, 225802, 225441


def urine(rng: np.random.Generator, plan: Columns, intent: Intent) -> Columns:
    """Rows of outputevents: a catheter read hourly, or voids every few hours; the first 24 h add up to the plan.

    Where the first day's urine is not meant to count as organ failure, no later day falls below 500 ml.
    """
    count, los = len(plan["los_h"]), plan["los_h"]
    catheter = plan["is_ventilated"] | plan["is_oliguric"] | (rng.random(count) < 0.6)
    every = np.where(catheter, 1.0, 3.0)
    stay, rank = spread(np.where(plan["has_urine"], np.floor(los / every), 0).astype(np.int64))
    hours = every[stay] * (rank + rng.uniform(0.3, 0.7, len(rank)))
    share = rng.gamma(6, 1 / 6, len(stay))
    day = (hours // 24).astype(np.int64)
    group = stay * 400 + day
    _, position = np.unique(group, return_inverse=True)
    total = np.bincount(position, share)[position]
    span = np.bincount(position, every[stay])[position]
    # days differ, but a day of a kidney that works stays above 500 ml
    factor = np.where(day == 0, 1, np.exp(rng.normal(0.05, 0.25, count * 400)[group]))
    daily = plan["urine_ml"][stay] * factor
    daily = np.where(plan["is_oliguric"][stay], daily, np.maximum(daily, 640))
    volume = np.maximum(np.round(share / total * daily * span / 24), 0)
    itemid = np.where(catheter[stay], FOLEY, np.where(plan["is_female"][stay] | (rank % 2 == 0), VOID, CONDOM))
    rows = {"stay": stay, "charttime": moment(plan["intime"][stay], hours), "itemid": itemid, "value": volume}

    # bladder irrigation: what goes in is charted as an output, and comes out again
    irrigated = np.flatnonzero((plan["stay_id"] % 97 == 0)[stay] & (day == 2))
    inflow = take(rows, irrigated) | {
        "itemid": np.full(len(irrigated), IRRIGANT_IN),
        "value": np.full(len(irrigated), 250.0),
    }
    outflow = take(rows, irrigated) | {
        "itemid": np.full(len(irrigated), IRRIGANT_OUT),
        "value": 250.0 + volume[irrigated],
    }
    rows = stack([take(rows, volume > 0), inflow, outflow, _flush(plan)])
    in_body = np.where(rows["itemid"] == IRRIGANT_IN, -rows["value"], rows["value"])
    intent.note("urine", stay=rows["stay"], time=rows["charttime"], value=in_body)
    rows = stack([rows | {"owner": rows["stay"]}, _stray_urine(plan)])
    stay, owner, rows_count = rows.pop("stay"), rows.pop("owner"), size(rows)
    return rows | {
        "subject_id": plan["subject_id"][owner],
        "hadm_id": plan["hadm_id"][stay],
        "stay_id": plan["stay_id"][stay],
        "caregiver_id": (10_000 + plan["stay_id"][stay] % 877).astype(np.float64),
        "storetime": rows["charttime"] + rng.integers(0, 60, rows_count) * np.timedelta64(60, "s"),
        "valueuom": constant("ml", rows_count),
    }


def _flush(plan: Columns) -> Columns:
    """Six litres of irrigant on the first day, more than comes out: no urine, but not less than none."""
    stay, rank = spread(np.where(plan["is_flushed"], 2, 0))
    return {
        "stay": stay,
        "charttime": moment(plan["intime"][stay], (0.2 + 0.3 * rank) * np.minimum(plan["los_h"][stay], 24)),
        "itemid": np.full(len(stay), IRRIGANT_IN),
        "value": np.full(len(stay), 3000.0),
    }


def _stray_urine(plan: Columns) -> Columns:
    """A year away from the stay, or another patient's; `owner` is the stay whose patient a row names."""
    (far, away), (mine, theirs) = far_from(plan), of_another(plan)
    stay = np.concatenate([far, mine])
    hours = np.concatenate([away, 0.3 * np.minimum(plan["los_h"][mine], 24)])
    return {
        "stay": stay,
        "owner": np.concatenate([far, theirs]),
        "charttime": moment(plan["intime"][stay], hours),
        "itemid": np.full(len(stay), FOLEY),
        "value": np.full(len(stay), 2900.0),
    }


def renal_replacement(rng: np.random.Generator, plan: Columns, intent: Intent) -> Columns:
    """`stay`, `start`, `end` of continuous treatment: on the first day as planned, seldom later."""
    los = plan["los_h"]
    count = len(los)
    late = ~plan["crrt_24h"] & (plan["renal_level"] >= 2) & (los > 90) & (rng.random(count) < 0.05)
    start = np.where(late, rng.uniform(28, 60, count), np.minimum(rng.uniform(2, 16, count), 0.4 * los))
    stay = np.flatnonzero(plan["crrt_24h"] | late)
    end = np.minimum(start + np.exp(rng.normal(4.0, 0.7, count)), los - 0.2)
    end = np.maximum(end, start + 0.5)
    intime = plan["intime"][stay]
    intent.note("crrt", stay=stay, start=moment(intime, start[stay]), end=moment(intime, end[stay]))
    return {"stay": stay, "start": start[stay], "end": end[stay]}


def renal_charts(rng: np.random.Generator, plan: Columns, treatment: Columns) -> list[Columns]:
    """Rows of chartevents while continuous treatment runs."""
    owner, rank = spread(np.ceil(treatment["end"] - treatment["start"]).astype(np.int64))
    stay, hours = treatment["stay"][owner], treatment["start"][owner] + rank
    mode = text(["CVVHDF", "CVVHD", "CVVH"])[rng.choice(3, len(treatment["stay"]), p=[0.7, 0.2, 0.1])]
    some = np.flatnonzero(rank % 4 == 0)
    state = np.where(rank == 0, b"Initiated", b"Active")
    return [
        chart_text(plan, stay[some], hours[some], CRRT_MODE, mode[owner[some]]),
        chart(plan, stay, hours, BLOOD_FLOW, rng.choice([120, 150, 200], len(stay)), "ml/min"),
        chart_text(plan, stay[some], hours[some], SYSTEM, state[some]),
    ]


def procedures(rng: np.random.Generator, plan: Columns, ventilation: Columns, treatment: Columns) -> Columns:
    """Rows of procedureevents: ventilation, continuous treatment, and intermittent hemodialysis of some."""
    los = plan["los_h"]
    dialysis = np.flatnonzero((plan["renal_level"] == 4) & ~plan["crrt_24h"] & (los > 30))
    begin = rng.uniform(3, 20, len(dialysis))
    hemodialysis = {"stay": dialysis, "start": begin, "end": begin + rng.uniform(2.5, 4, len(dialysis))}
    kinds = ((VENTILATION, ventilation), (CRRT, treatment), (HEMODIALYSIS, hemodialysis))
    rows = stack(
        [spans | {"owner": spans["stay"], "itemid": np.full(size(spans), itemid)} for itemid, spans in kinds]
        + [_stray_replacement(plan)]
    )
    stay, count = rows["stay"], size(rows)
    start, end = moment(plan["intime"][stay], rows["start"]), moment(plan["intime"][stay], rows["end"])
    minutes = (end - start).astype(np.int64) / 60
    itemid = rows["itemid"]
    return {
        "subject_id": plan["subject_id"][rows["owner"]],
        "hadm_id": plan["hadm_id"][stay],
        "stay_id": plan["stay_id"][stay],
        "caregiver_id": 10_000 + plan["stay_id"][stay] % 877,
        "starttime": start,
        "endtime": end,
        "storetime": end,
        "itemid": itemid,
        "value": minutes,
        "valueuom": constant("min", count),
        "orderid": np.arange(count),
        "linkorderid": np.arange(count),
        "ordercategoryname": np.where(itemid == VENTILATION, b"Ventilation", b"Dialysis"),
        "ordercategorydescription": constant("ContinuousProcess", count),
        "patientweight": plan["weight_kg"][stay],
        "isopenbag": np.ones(count, np.int64),
        "continueinnextdept": np.zeros(count, np.int64),
        "statusdescription": constant("FinishedRunning", count),
        "originalamount": minutes,
        "originalrate": np.ones(count),
    }


def _stray_replacement(plan: Columns) -> Columns:
    """Continuous treatment a year away from the stay, or another patient's."""
    (far, away), (mine, theirs) = far_from(plan), of_another(plan)
    return {
        "stay": np.concatenate([far, mine]),
        "owner": np.concatenate([far, theirs]),
        "start": np.concatenate([away, np.full(len(mine), 0.5)]),
        "end": np.concatenate([away + 20, np.minimum(plan["los_h"][mine], 12)]),
        "itemid": np.full(len(far) + len(mine), CRRT),
    }
