"""inputevents: continuous infusions in pieces of constant rate, with pauses and changes of dose, and single doses."""

from typing import Final

import numpy as np

from twin.plan.intent import Intent
from twin.rows import Columns, constant, size, stack, take, text
from twin.tables.infusions.courses import dexmedetomidine, fluids, heparin, pressors, sedatives
from twin.tables.infusions.faults import early_runs, endless_runs, lose_rates, never_ran

_DAY: Final = np.timedelta64(86_400, "s")
_MARGIN: Final = _DAY  # around a stay: what runs on beyond it is no part of it


def infusions(rng: np.random.Generator, plan: Columns, episodes: Columns, intent: Intent) -> Columns:
    """All rows of inputevents; order identifiers number from 0 within this part."""
    parts = [
        *dexmedetomidine(rng, plan),
        *pressors(rng, plan),
        *sedatives(rng, plan, episodes),
        *heparin(rng, plan),
        *fluids(rng, plan),
        *never_ran(plan),
    ]
    return written(rng, plan, parts, intent)


def written(rng: np.random.Generator, plan: Columns, parts: list[Columns], intent: Intent) -> Columns:
    """Infusions of all drugs as rows of inputevents, noted, with the faults that are laid in them."""
    linked = 0
    for rows in parts:  # links are unique across drugs
        if size(rows):
            rows["link"] = rows["link"] + linked
            linked = int(rows["link"].max()) + 1
    rows = stack([rows for rows in parts if size(rows)])
    rows.setdefault("owner", np.full(size(rows), np.nan))
    # a pump that nobody stopped, or started: it is meant to run up to the margin, and is charted for nearly a year
    endless, early = endless_runs(plan, rows), early_runs(plan, rows)
    rows["endtime"][endless] = plan["outtime"][rows["stay"][endless]] + _MARGIN
    rows["starttime"][early] = plan["intime"][rows["stay"][early]] - _MARGIN
    given = rows.pop("is_given")
    intent.note(
        "infusion",
        stay=rows["stay"][given],
        drug=rows["drug"][given],
        item=rows["itemid"][given],
        start=rows["starttime"][given],
        end=rows["endtime"][given],
        rate=rows["rate"][given],
        unit=rows["rateuom"][given],
    )
    rows["endtime"][endless] += 340 * _DAY
    rows["starttime"][early] -= 340 * _DAY
    lose_rates(plan, rows, rows.pop("drug"))
    return _finish(rng, plan, rows)


def _finish(rng: np.random.Generator, plan: Columns, rows: Columns) -> Columns:
    """All columns of inputevents; `orderid` and `linkorderid` number from 0, `owner` is as in chartevents."""
    rows = take(rows, np.lexsort((rows["starttime"], rows["link"])))
    stay, owner, link, count = rows.pop("stay"), rows.pop("owner"), rows.pop("link"), size(rows)
    first = np.concatenate([[0], np.flatnonzero(np.diff(link)) + 1])
    number = np.arange(count)
    return {
        "subject_id": plan["subject_id"][np.where(np.isnan(owner), stay, owner).astype(np.int64)],
        "hadm_id": plan["hadm_id"][stay],
        "stay_id": plan["stay_id"][stay],
        "caregiver_id": np.where(rng.random(count) < 0.1, np.nan, 10_000 + plan["stay_id"][stay] % 877),
        "storetime": rows["endtime"] + rng.integers(0, 3600, count) // 60 * 60 * np.timedelta64(1, "s"),
        "orderid": number,
        "linkorderid": number[first][np.searchsorted(first, number, side="right") - 1],
        "ordercomponenttypedescription": constant("Main order parameter", count),
        "patientweight": plan["weight_kg"][stay],
        "totalamount": np.where(np.isnan(rows["rate"]), np.nan, 250.0),
        "totalamountuom": text(["", "ml"])[(~np.isnan(rows["rate"])).astype(np.int64)],
        "isopenbag": np.zeros(count, np.int64),
        "continueinnextdept": np.zeros(count, np.int64),
        "originalamount": rows["amount"],
        "originalrate": np.round(rows["rate"], 3),
    } | rows
