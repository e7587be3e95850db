"""What nurses chart for the decisions: sedation and code status; a pulse that the drug slows; when rows are stored."""

from collections.abc import Callable
from typing import Final

import numpy as np

from twin.plan.intent import Intent
from twin.rows import Array, Columns, moment, text
from twin.tables.charting import chart, chart_text
from twin.tables.dictionary import ChartItem
from twin.trial.course import COMFORT
from twin.trial.frames import run_hours
from twin.trial.grid import ALL_DECISIONS, BLOCK_H
from twin.trial.record import EXPOSED_FOR_H

RASS, CODE_STATUS = 228096, 223758
ITEMS: Final[tuple[ChartItem, ...]] = (
    (RASS, "Richmond-RAS Scale", "Richmond-RAS Scale", "Pain/Sedation", "", "Text"),
    (CODE_STATUS, "Code Status", "Code Status", "General", "", "Text"),
)
_VITAL_ITEMS: Final = (220045, 220050, 220051, 220052, 220179, 220180, 220181, 220210, 220277)
_SLOWED_SHARE: Final = 0.3  # of those who get dexmedetomidine
_SLOW_HOURS: Final = 0.2  # share of what is charted of them while it runs, and shortly after
_SLOW_AFTER_H: Final = 2.0
_SLOW_BPM: Final = (38, 50)
_RASS_WORDS: Final = text(
    [
        "-5 Unarousable, no response to voice or physical stimulation",
        "-4 Deep sedation, no response to voice, but any movement to physical stimulation",
        "-3 Moderate sedation, any movement (but no eye contact) to voice",
        "-2 Light sedation, briefly (less than 10 seconds) awakens with eye contact to voice",
        "-1 Awakens to voice (eye opening/contact) > 10 sec",
        " 0  Alert and calm",
        "+1 Anxious, apprehensive, but not aggressive",
        "+2 Frequent nonpurposeful movement, fights ventilator",
        "+3 Pulls or removes tube(s) or catheter(s); aggressive",
        "+4 Combative, violent, danger to staff",
    ]
)
FULL_WORDS: Final = text(["Full code"])
LIMITED_WORDS: Final = text(["DNR (do not resuscitate)", "DNR / DNI", "DNI (do not intubate)"])
COMFORT_WORDS: Final = text(["Comfort measures only"])


def storing_delay(stay_id: Array, charttime: Array, itemid: Array) -> Array:
    """Seconds until a row is stored: under 50 minutes, alike for all rows of a stay's minute; some vital signs hours.

    No number is drawn: the truth asks again. Decisions look at rows that are older than that.
    """
    mixed = (stay_id.astype(np.int64) * 7_919 + charttime.astype(np.int64) // 60 * 104_729) % 1_000_003
    late = np.isin(itemid, _VITAL_ITEMS) & (mixed % 37 == 0)
    return np.asarray(mixed % 50 * 60 + late * (1 + mixed % 7) * 3600)


def slowed_pulse(rng: np.random.Generator, plan: Columns) -> Callable[[Array, Array, Array], Array]:
    """Dexmedetomidine slows some hearts from its start on: what vital_signs() asks for. Nobody decides by it."""
    start = plan["dex_start_h"]
    slows = plan["dex_on"] & (rng.random(len(start)) < _SLOWED_SHARE)
    end = start + np.nan_to_num(run_hours(plan), nan=EXPOSED_FOR_H) + _SLOW_AFTER_H

    def pulse_of(stay: Array, hours: Array, pulse: Array) -> Array:
        runs = slows[stay] & (hours > start[stay]) & (hours <= end[stay])
        slow = runs & (rng.random(len(stay)) < _SLOW_HOURS)
        return np.where(slow, rng.integers(*_SLOW_BPM, len(stay)), pulse)

    return pulse_of


def decision_charts(rng: np.random.Generator, plan: Columns, intent: Intent) -> list[Columns]:
    """RASS before every decision, code status on admission and where it changes: an hour or more before it."""
    count = len(plan["los_h"])
    stay, block = np.nonzero(np.ones((count, ALL_DECISIONS), np.bool_))
    hours = plan["zero_h"][stay] + BLOCK_H * block - rng.uniform(1.0, 1.7, len(stay))
    score = plan["rass"][stay, block]
    there = hours < plan["los_h"][stay]
    stay, hours, score = stay[there], hours[there], score[there]
    intent.note("rass", stay=stay, time=moment(plan["intime"][stay], hours), value=score.astype(np.float64))
    return [
        chart(plan, stay, hours, RASS, score.astype(np.float64)) | {"value": _RASS_WORDS[score + 5]},
        _code_status(rng, plan, intent),
    ]


def _code_status(rng: np.random.Generator, plan: Columns, intent: Intent) -> Columns:
    """Nothing is charted of one in ten who are for full treatment: that is what is taken for granted."""
    code = plan["code"][:, :ALL_DECISIONS]
    first = np.flatnonzero((code[:, 0] > 0) | (rng.random(len(code)) < 0.9))
    stay, block = np.nonzero(np.diff(code, axis=1) > 0)
    when = plan["zero_h"][stay] + BLOCK_H * (block + 1) - rng.uniform(1.0, 1.7, len(stay))
    what = code[stay, block + 1]
    there = when < plan["los_h"][stay]
    rows = {
        "stay": np.concatenate([first, stay[there]]),
        "hours": np.concatenate([rng.uniform(0.3, 1.2, len(first)), when[there]]),
        "code": np.concatenate([code[first, 0], what[there]]),
    }
    time = moment(plan["intime"][rows["stay"]], rows["hours"])
    intent.note("code status", stay=rows["stay"], time=time, value=rows["code"].astype(np.float64))
    limited = LIMITED_WORDS[rng.choice(len(LIMITED_WORDS), len(rows["code"]), p=[0.5, 0.42, 0.08])]
    words = np.where(rows["code"] == 0, FULL_WORDS[0], np.where(rows["code"] == COMFORT, COMFORT_WORDS[0], limited))
    return chart_text(plan, rows["stay"], rows["hours"], CODE_STATUS, words)
