"""The file dtNursingChart: a clock that runs before admission in most patients, damaged coma scores, notes in lines.

No truth depends on it: the study leaves it out unless it is asked for.
"""

from typing import Final

import numpy as np

from twin.rows import Array, Columns, number_text, spread, text
from twin.zigong.clock import on_grid
from twin.zigong.tables.laid import Laid
from twin.zigong.vocabulary import DAMAGED, EYES, LANGUAGE, MOTION, NURSING_NOTES

_ROWS: Final = 12  # per patient, on average
# column -> mean, standard deviation, decimals, share that is charted
_NUMBERS: Final = {
    "temperature": (37.2, 0.7, 1, 0.8),
    "heart_rate": (95, 18, 0, 0.95),
    "breathing": (20, 4, 0, 0.9),
    "blood_oxygen_saturation": (96, 2, 0, 0.9),
    "blood_pressure_high": (124, 20, 0, 0.7),
    "blood_pressure_low": (70, 12, 0, 0.7),
    "invasive_sbp": (120, 22, 0, 0.3),
    "invasive_diastolic_blood_pressure": (64, 11, 0, 0.3),
    "central_venous_pressure": (8, 3, 0, 0.1),
    "blood_sugar": (9.5, 2.5, 1, 0.2),
    "map": (82, 12, 0, 0.04),
    "oxygen_flow": (5, 1.5, 0, 0.3),
    "f": (15, 2, 0, 0.3),
    "vt_setting": (450, 40, 0, 0.3),
    "fio2": (45, 10, 0, 0.3),
    "vt_supervisor": (440, 50, 0, 0.3),
    "urine_volume": (120, 60, 0, 0.4),
    "rass_sedation_score": (-1, 1.2, 0, 0.2),
}
_WORDS: Final = {
    "oxygen_inhalation_mode": ("Nasal catheter", "Mask", "Ventilator", ""),
    "breathing_pattern": ("SIMV", "PSV", "CPAP", ""),
    "consciousness": ("清醒", "嗜睡", "昏迷", "Coma", ""),
    "endotracheal_intubation": ("在位", "", ""),
    "hemodialysis_tube": ("在位", "", "", ""),
    "extubation": ("", "", "", "Yes"),
    "turn_over": ("Left", "Right", "Supine", ""),
    "oral_care": ("Yes", ""),
    "skin_care": ("完好", "压红", ""),
}


def chart(rng: np.random.Generator, plan: Columns, laid: Laid) -> Columns:
    """Rows of dtNursingChart by patient, in order of its own clock."""
    patients = len(plan["anchor_h"])
    # a share of the patients has no chart
    stay, rank = spread(np.where(rng.random(patients) < 0.93, rng.poisson(_ROWS, patients), 0))
    count = len(stay)
    first = np.where(rng.random(patients) < 0.8, -1 - on_grid(rng.exponential(400, patients)), plan["anchor_h"])
    laid.add("nursing chart that starts before admission (patients)", (first < 0)[np.unique(stay)])
    rows: Columns = {name: _numbers(rng, count, *shape) for name, shape in _NUMBERS.items()}
    rows |= {name: text(words)[rng.integers(0, len(words), count)] for name, words in _WORDS.items()}
    for name, words in (("open_one's_eyes", EYES), ("motion", MOTION), ("language", LANGUAGE)):
        which = rng.integers(0, len(words), count)
        rows[name] = np.where(rng.random(count) < 0.5, text(words)[which], b"")
        written = rows[name] != b""
        damaged = np.array([DAMAGED in word for word in words])[which] & written
        laid.add("coma score damaged (mojibake)", damaged)
        labelled = np.array(["→" in word for word in words])[which] & written
        laid.add("coma score with an arrow and a Chinese label", labelled)
        laid.add("coma score not testable (S, T)", np.array([word[0] in "ST" for word in words])[which] & written)
    notes = rng.integers(0, len(NURSING_NOTES), count)
    noted = rng.random(count) < 0.3
    rows["nursing_desc"] = np.where(noted, text(NURSING_NOTES)[notes], b"")
    laid.add("line break in NURSING_DESC", noted & np.array(["\n" in note for note in NURSING_NOTES])[notes])
    return rows | {"inp_no": plan["inp_no"][stay], "charttime": first[stay] + rank * 2.0}


def _numbers(rng: np.random.Generator, count: int, mean: float, deviation: float, decimals: int, share: float) -> Array:
    values = number_text(rng.normal(mean, deviation, count), decimals)
    return np.where(rng.random(count) < share, values, b"")
