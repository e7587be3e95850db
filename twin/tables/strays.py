"""Rows of chartevents that are not of their stay: a year away from it, or of another patient. None is noted."""

from typing import Final

import numpy as np

from twin.plan.faults import far_from, of_another
from twin.rows import Array, Columns, spread, text
from twin.tables.charting import DAILY_WEIGHT, chart, chart_text

# values that would change every score, if they were read; item, value, unit
_EXTREME: Final = (
    (220045, 172.0, "bpm"),
    (220052, 38.0, "mmHg"),
    (220210, 44.0, "insp/min"),
    (220277, 71.0, "%"),
    (223761, 105.2, "°F"),
    (223835, 100.0, ""),
    (223834, 12.0, "L/min"),
    (220739, 1.0, ""),
    (223900, 1.0, ""),
    (223901, 1.0, ""),
    (DAILY_WEIGHT, 187.4, "kg"),
)
_WORDS: Final = ((223849, "CMV/ASSIST"), (226732, "Bipap mask "))


def far_charts(plan: Columns) -> list[Columns]:
    """A year before or after the stay, each item twice: of one time alone there would be no ventilation."""
    far, away = far_from(plan)
    owner, rank = spread(np.full(len(far), 2 * len(_EXTREME)))
    wearer, word = spread(np.full(len(far), 2 * len(_WORDS)))
    itemid, words = np.array([item for item, _ in _WORDS]), text([word for _, word in _WORDS])
    return [
        _extreme(plan, far[owner], away[owner] + rank // len(_EXTREME), rank % len(_EXTREME)),
        chart_text(
            plan, far[wearer], away[wearer] + word // len(_WORDS), itemid[word % len(_WORDS)], words[word % len(_WORDS)]
        ),
    ]


def charts_of_another(plan: Columns) -> Columns:
    """On the first day, with the identifier of another patient; `owner` is a stay of that one."""
    mine, theirs = of_another(plan)
    who, item = spread(np.full(len(mine), len(_EXTREME)))
    hours = 0.3 * np.minimum(plan["los_h"][mine], 24)
    return _extreme(plan, mine[who], hours[who], item) | {"owner": theirs[who]}


def _extreme(plan: Columns, stay: Array, hours: Array, item: Array) -> Columns:
    itemid, value = (np.array([row[column] for row in _EXTREME]) for column in (0, 1))
    unit = text([unit for _, _, unit in _EXTREME])
    return chart(plan, stay, hours, itemid[item], value[item], "", 1) | {"valueuom": unit[item]}
