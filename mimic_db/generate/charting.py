"""Rows of chartevents: what they have in common."""

from typing import Final

import numpy as np

from mimic_db.generate.rows import Array, Columns, constant, moment, number_text, size, stack, take

WEIGHTS: Final = (226512, 224639)
_SECOND: Final = np.timedelta64(1, "s")


def chart(
    plan: Columns, stay: Array, hours: Array, itemid: int, valuenum: Array, unit: str = "", decimals: int = 0
) -> Columns:
    """Numbers of one item; `stay` holds positions in `plan`, `hours` are since ICU admission."""
    return {
        "stay": stay,
        "charttime": moment(plan["intime"][stay], hours),
        "itemid": np.full(len(stay), itemid),
        "value": number_text(valuenum, decimals),
        "valuenum": np.round(valuenum, decimals),
        "valueuom": constant(unit, len(stay)),
    }


def chart_text(plan: Columns, stay: Array, hours: Array, itemid: int, value: Array) -> Columns:
    """Words of one item; `value` as bytes."""
    rows = chart(plan, stay, hours, itemid, np.full(len(stay), np.nan))
    return rows | {"value": value}


def finish(rng: np.random.Generator, plan: Columns, parts: list[Columns]) -> Columns:
    """All columns of chartevents but for identifiers of rows, with duplicates, in the order of charting."""
    rows = stack(parts)
    # a weight charted twice would count twice in the mean of the first day's weights
    again = (rng.random(size(rows)) < 0.001) & ~np.isin(rows["itemid"], WEIGHTS)
    rows = stack([rows, take(rows, again)])
    rows = take(rows, np.lexsort((rows["itemid"], rows["charttime"], rows["stay"])))
    stay, count = rows.pop("stay"), size(rows)
    delay = rng.integers(0, 55, count) * 60
    # validated late: two values of one time then differ in storetime
    delay = np.where(rng.random(count) < 0.03, delay + 3600 * rng.integers(1, 9, count), delay)
    return {
        "subject_id": plan["subject_id"][stay],
        "hadm_id": plan["hadm_id"][stay],
        "stay_id": plan["stay_id"][stay],
        "caregiver_id": np.where(rng.random(count) < 0.1, np.nan, 10_000 + plan["stay_id"][stay] % 877),
        "storetime": rows["charttime"] + delay * _SECOND,
        "warning": (rng.random(count) < 0.01).astype(np.int64),
    } | rows
