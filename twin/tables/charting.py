"""Rows of chartevents: what they have in common; words as they are spelled."""

from collections.abc import Callable
from typing import Final

import numpy as np

from twin.plan.faults import BLANK_ADDED, BLANK_LOST, LOWER_CASE, UPPER_CASE
from twin.rows import Array, Columns, constant, moment, number_text, size, stack, take

ADMISSION_WEIGHT, DAILY_WEIGHT = WEIGHTS = (226512, 224639)
_SECOND: Final = np.timedelta64(1, "s")


def chart(
    plan: Columns, stay: Array, hours: Array, itemid: int | Array, valuenum: Array, unit: str = "", decimals: int = 0
) -> Columns:
    """Numbers of one item, or one for each row; `stay` holds positions in `plan`, `hours` are since ICU admission."""
    return {
        "stay": stay,
        "charttime": moment(plan["intime"][stay], hours),
        "itemid": np.full(len(stay), itemid),
        "value": number_text(valuenum, decimals),
        "valuenum": np.round(valuenum, decimals),
        "valueuom": constant(unit, len(stay)),
    }


def chart_text(plan: Columns, stay: Array, hours: Array, itemid: int | Array, value: Array) -> Columns:
    """Words of one item, or one for each row; `value` as bytes."""
    rows = chart(plan, stay, hours, itemid, np.full(len(stay), np.nan))
    return rows | {"value": spelled(plan, stay, value)}


def spelled(plan: Columns, stay: Array, words: Array) -> Array:
    """`words` in other case or with other blanks where the stay's `spelling` says so; they mean the same."""
    odd = np.flatnonzero((plan["spelling"][stay] > 0) & (words != b""))
    how, word = plan["spelling"][stay[odd]], words[odd]
    changed = np.select(
        [how == LOWER_CASE, how == UPPER_CASE, how == BLANK_ADDED, how == BLANK_LOST],
        [np.char.lower(word), np.char.upper(word), np.char.add(word, b" "), np.char.rstrip(word)],
        word,
    )
    written = words.astype(np.result_type(words, changed))
    written[odd] = changed
    return written


def finish(
    rng: np.random.Generator,
    plan: Columns,
    parts: list[Columns],
    strays: Columns,
    delay_of: Callable[[Array, Array, Array], Array] | None = None,
) -> Columns:
    """All columns of chartevents but for identifiers of rows, with duplicates, in the order of charting.

    `strays` name the patient of another stay, `owner`. `delay_of` gives the seconds from charting to storing by
    stay (position), time and item; they are drawn without it.
    """
    owner = strays["owner"]
    rows = stack([*parts, {name: values for name, values in strays.items() if name != "owner"}])
    first_stray = size(rows) - len(owner)
    # a weight charted twice would count twice in the mean of the first day's weights
    again = (rng.random(size(rows)) < 0.001) & ~np.isin(rows["itemid"], WEIGHTS)
    again[first_stray:] = False
    rows = stack([rows, take(rows, again)])
    order = np.lexsort((rows["itemid"], rows["charttime"], rows["stay"]))
    rows = take(rows, order)
    stay, count = rows.pop("stay"), size(rows)
    patient = stay.copy()
    astray = np.flatnonzero((order >= first_stray) & (order < first_stray + len(owner)))
    patient[astray] = owner[order[astray] - first_stray]
    delay = rng.integers(0, 55, count) * 60
    # validated late: two values of one time then differ in storetime
    delay = np.where(rng.random(count) < 0.03, delay + 3600 * rng.integers(1, 9, count), delay)
    if delay_of is not None:
        delay = delay_of(stay, rows["charttime"], rows["itemid"])
    return {
        "subject_id": plan["subject_id"][patient],
        "hadm_id": plan["hadm_id"][stay],
        "stay_id": plan["stay_id"][stay],
        "caregiver_id": np.where(rng.random(count) < 0.1, np.nan, 10_000 + plan["stay_id"][stay] % 877),
        "storetime": rows["charttime"] + delay * _SECOND,
        "warning": (rng.random(count) < 0.01).astype(np.int64),
    } | rows
