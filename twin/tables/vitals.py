"""Vital signs, temperature, consciousness, weight and bedside glucose: hourly and four-hourly rows of chartevents."""

from collections.abc import Callable
from typing import Final

import numpy as np

from twin.plan.intent import Intent
from twin.rows import Array, Columns, moment, spread, stack, take, text
from twin.tables.charting import ADMISSION_WEIGHT, DAILY_WEIGHT, chart, chart_text, spelled
from twin.tables.respiration import ventilated_at

_EYES: Final = text(["", "None", "To Pain", "To Speech", "Spontaneously"])
_VERBAL: Final = text(["", "No Response", "Incomprehensible sounds", "Inappropriate Words", "Confused", "Oriented"])
_MOTOR: Final = text(
    ["", "No response", "Abnormal extension", "Abnormal Flexion", "Flex-withdraws", "Localizes Pain", "Obeys Commands"]
)
# total 3..15 -> eyes, verbal, motor
_GCS: Final = np.array(
    [(0, 0, 0)] * 3
    + [(1, 1, 1), (1, 1, 2), (1, 1, 3), (1, 1, 4), (1, 2, 4), (2, 2, 4), (2, 2, 5), (3, 2, 5), (3, 3, 5), (3, 3, 6)]
    + [(3, 4, 6), (4, 4, 6), (4, 5, 6)]
)
# SOFA level -> lowest and highest total
_GCS_OF_LEVEL: Final = np.array([(15, 15), (13, 14), (10, 12), (6, 9), (3, 5)])
_HEART_RATE: Final = 220045
_NOTED: Final = {
    "heart_rate": (_HEART_RATE,),
    "map": (220052, 220181),
    "sbp": (220050, 220179),
    "resp_rate": (220210,),
    "spo2": (220277,),
}


def vital_signs(
    rng: np.random.Generator,
    plan: Columns,
    intent: Intent,
    pulse_of: Callable[[Array, Array, Array], Array] | None = None,
) -> list[Columns]:
    """Heart rate, blood pressure, breathing and saturation every hour, from shortly after ICU admission to its end.

    `pulse_of` gives the heart rate that is charted by stay (position), hour and what it would be otherwise.
    """
    stay, hours = _hours(rng, plan)
    count = len(stay)
    slow = _slow_noise(rng, plan, stay, hours)
    day = hours <= 24
    sets = np.maximum(np.bincount(stay[day], minlength=len(plan["los_h"])), 1)

    def around(mean: Array, spread_: float, low: float, high: float) -> Array:
        noise = 0.75 * rng.normal(size=count) + 0.66 * slow
        # death and treatment depend on the planned mean: the first day's charting must average to it
        drift = np.bincount(stay[day], noise[day], minlength=len(sets)) / sets
        noise = np.where(day, noise - drift[stay], noise)
        return np.asarray(np.round(np.clip(mean[stay] + spread_ * noise, low, high)))

    pulse = around(plan["heart_rate"], 8, 30, 185)
    if pulse_of is not None:
        pulse = pulse_of(stay, hours, pulse)
    pressure = _mean_pressure(rng, plan, stay, hours, around(plan["map"], 7, 38, 130))
    width = np.clip(rng.normal(46, 8, count), 20, 90)
    systolic, diastolic = np.round(pressure + 0.64 * width), np.round(pressure - 0.36 * width)
    line = (plan["cardiovascular_level"] >= 3) | (plan["is_ventilated"] & (plan["stay_id"] % 3 > 0))
    invasive = line[stay] & (hours < 120)
    cuff = ~invasive | (rng.random(count) < 0.15)

    def kept(which: Array, itemid: int, values: Array, unit: str) -> Columns:
        which = which & (rng.random(count) > 0.015)
        return chart(plan, stay[which], hours[which], itemid, values[which], unit)

    everything = np.ones(count, np.bool_)
    parts = [
        chart(plan, stay, hours, _HEART_RATE, pulse, "bpm"),
        kept(invasive, 220050, systolic, "mmHg"),
        kept(invasive, 220051, diastolic, "mmHg"),
        kept(invasive, 220052, pressure, "mmHg"),
        kept(cuff, 220179, systolic, "mmHg"),
        kept(cuff, 220180, diastolic, "mmHg"),
        kept(cuff, 220181, pressure, "mmHg"),
        kept(everything, 220210, around(plan["resp_rate"], 3, 5, 48), "insp/min"),
        kept(everything, 220277, around(plan["spo2"], 1.3, 82, 100), "%"),
    ]
    wrong, parts = _implausible(rng, parts), parts + _outside(rng, plan)
    sound = stack(parts)
    for name, items in _NOTED.items():
        rows = take(sound, np.isin(sound["itemid"], items))
        intent.note(name, stay=rows["stay"], time=rows["charttime"], value=rows["valuenum"])
    # a heart rate with an impossible value was charted all the same: it opens or ends the grid of hours
    for rows in (sound, stack(wrong)):
        beats = take(rows, rows["itemid"] == _HEART_RATE)
        intent.note("charting", stay=beats["stay"], time=beats["charttime"])
    return parts + wrong


def slow_signs(rng: np.random.Generator, plan: Columns, episodes: Columns, intent: Intent) -> list[Columns]:
    """Temperature, coma scale and bedside glucose every four to six hours; weight on admission and daily."""
    count = len(plan["los_h"])
    stay, rank = spread(np.ceil(plan["los_h"] / 4).astype(np.int64))
    hours = np.maximum(0.4, 4 * rank + rng.uniform(-0.5, 0.5, len(rank)))
    stay, hours = stay[hours < plan["los_h"][stay]], hours[hours < plan["los_h"][stay]]
    return [
        *_temperature(rng, plan, stay, hours, intent),
        *_coma(rng, plan, stay, hours, ventilated_at(episodes, stay, hours, count), intent),
        *_glucose(rng, plan, stay, hours, intent),
        *_weight(rng, plan, intent),
    ]


def _hours(rng: np.random.Generator, plan: Columns) -> tuple[Array, Array]:
    """Admission values after a few minutes, then the full hours of the clock; now and then a second set in the hour."""
    seconds = plan["intime"].astype(np.int64) % 3600
    to_clock = (3600 - seconds) / 3600
    counts = np.floor(plan["los_h"] - to_clock).astype(np.int64) + 1
    stay, rank = spread(np.maximum(counts, 1))
    hours = to_clock[stay] + rank
    extra = rng.random(len(stay)) < 0.04
    count = len(plan["los_h"])
    stay = np.concatenate([np.arange(count), stay, stay[extra]])
    hours = np.concatenate([rng.uniform(0.04, 0.2, count), hours, hours[extra] + rng.integers(5, 56, extra.sum()) / 60])
    # one set a minute: of two the mean would count, and a doubled row would move it
    minute = moment(plan["intime"][stay], hours).astype(np.int64) // 60
    _, first = np.unique(stay * 2**40 + minute, return_index=True)
    return stay[first], hours[first]


def _slow_noise(rng: np.random.Generator, plan: Columns, stay: Array, hours: Array) -> Array:
    """Noise that six hours have in common."""
    block = np.maximum(hours // 6, 0).astype(np.int64)
    offset = np.concatenate([[0], np.cumsum(np.ceil(plan["los_h"] / 6).astype(np.int64) + 2)])
    return np.asarray(rng.normal(size=int(offset[-1]) + 1)[offset[stay] + block])


def _mean_pressure(rng: np.random.Generator, plan: Columns, stay: Array, hours: Array, pressure: Array) -> Array:
    """Below 70 mmHg at least once on the first day where the SOFA level asks for it, never where it does not."""
    level = plan["cardiovascular_level"][stay]
    pressure = np.where(level == 0, np.maximum(pressure, 70), pressure)
    dips = (level >= 1) & (hours < 2) & (pressure >= 70)
    return np.where(dips, rng.integers(60, 70, len(stay)), pressure)


def _implausible(rng: np.random.Generator, parts: list[Columns]) -> list[Columns]:
    """A lead fell off, a digit was typed twice: values that no patient has, beside the true ones."""
    wrong = []
    for rows in parts:
        picked = take(rows, rng.random(len(rows["stay"])) < 0.0004)
        value = rng.choice([0, 999, 2_400], len(picked["stay"]), p=[0.6, 0.3, 0.1])
        picked |= {
            "valuenum": value.astype(np.float64),
            "value": value.astype("S8"),
            "charttime": picked["charttime"] + np.timedelta64(60, "s"),
        }
        wrong.append(picked)
    return wrong


def _outside(rng: np.random.Generator, plan: Columns) -> list[Columns]:
    """Charted shortly before the ICU stay begins or after it has ended."""
    before = np.flatnonzero(rng.random(len(plan["los_h"])) < 0.03)
    after = np.flatnonzero((rng.random(len(plan["los_h"])) < 0.03) & np.isnan(plan["death_h"]))
    stay = np.concatenate([before, after])
    hours = np.concatenate(
        [rng.uniform(-0.9, -0.1, len(before)), plan["los_h"][after] + rng.uniform(0.1, 1, len(after))]
    )
    return [
        chart(plan, stay, hours, _HEART_RATE, np.round(plan["heart_rate"][stay]), "bpm"),
        chart(plan, stay, hours, 220277, np.round(plan["spo2"][stay]), "%"),
    ]


def _temperature(rng: np.random.Generator, plan: Columns, stay: Array, hours: Array, intent: Intent) -> list[Columns]:
    fever = (plan["severity"] > 0.5) & (plan["stay_id"] % 2 > 0)
    celsius = rng.normal(36.9 + 0.7 * fever[stay] * (hours < 48), 0.45)
    use_celsius = (rng.random(len(plan["los_h"])) < 0.15)[stay]
    warm, plain = np.flatnonzero(use_celsius), np.flatnonzero(~use_celsius)
    fahrenheit = np.round(32 + 1.8 * celsius, 1)
    # degrees Celsius in the Fahrenheit field
    misplaced = rng.random(len(stay)) < 0.001
    read = np.where(use_celsius, np.round(celsius, 1), np.round((fahrenheit - 32) / 1.8, 2))
    sound = use_celsius | ~misplaced
    intent.note("temperature", stay=stay[sound], time=moment(plan["intime"][stay], hours)[sound], value=read[sound])
    fahrenheit = np.where(misplaced, celsius, fahrenheit)
    site = text(["Oral", "Axillary", "Blood", "Rectal"])[rng.choice(4, len(stay), p=[0.7, 0.15, 0.1, 0.05])]
    return [
        chart(plan, stay[warm], hours[warm], 223762, celsius[warm], "°C", 1),
        chart(plan, stay[plain], hours[plain], 223761, fahrenheit[plain], "°F", 1),
        chart_text(plan, stay, hours, 224642, site),
    ]


def _coma(
    rng: np.random.Generator, plan: Columns, stay: Array, hours: Array, tubed: Array, intent: Intent
) -> list[Columns]:
    """With a tube the verbal part is `No Response-ETT`; without, the first day's total lies in the planned level."""
    level = plan["cns_level"][stay]
    # nobody has to be at the worst for long; but a level is reached at the first charting
    level = np.where(hours < 6, level, np.where(hours < 30, np.maximum(level - 1, 0), np.maximum(level - 2, 0)))
    total = rng.integers(_GCS_OF_LEVEL[level][:, 0], _GCS_OF_LEVEL[level][:, 1] + 1)
    eyes, verbal, motor = _GCS[total].T
    sedated = rng.random(len(stay)) < 0.6
    eyes = np.where(tubed & sedated, rng.integers(1, 4, len(stay)), np.where(tubed, 4, eyes))
    motor = np.where(tubed & sedated, rng.integers(1, 6, len(stay)), np.where(tubed, 6, motor))
    verbal = np.where(tubed, 1, verbal)
    said = np.where(tubed, b"No Response-ETT", _VERBAL[verbal])
    intent.note("gcs", stay=stay, time=moment(plan["intime"][stay], hours), value=np.where(tubed, 15, total))
    # one part left out, to be carried forward from a row that is normal as well
    whole = rng.random(len(stay)) < np.where((hours > 36) & (total == 15), 0.95, 1)
    partial = np.flatnonzero(whole)
    return [
        chart(plan, stay, hours, 220739, eyes) | {"value": _EYES[eyes]},
        chart(plan, stay, hours, 223900, verbal) | {"value": spelled(plan, stay, said)},
        chart(plan, stay[partial], hours[partial], 223901, motor[partial]) | {"value": _MOTOR[motor[partial]]},
    ]


def _glucose(rng: np.random.Generator, plan: Columns, stay: Array, hours: Array, intent: Intent) -> list[Columns]:
    measured = np.flatnonzero(rng.random(len(stay)) < np.where(plan["diabetes"][stay], 0.9, 0.3))
    middle = (np.nan_to_num(plan["glucose_low"], nan=120) + np.nan_to_num(plan["glucose_high"], nan=150)) / 2
    value = np.round(np.clip(rng.normal(middle[stay[measured]], 18), 45, 480))
    too_high = rng.random(len(measured)) < 0.0005  # the meter's "critical high"
    read = measured[~too_high]
    intent.note(
        "glucose", stay=stay[read], time=moment(plan["intime"][stay[read]], hours[read]), value=value[~too_high]
    )
    value = np.where(too_high, 999_999, value)
    itemid = np.where(rng.random(len(measured)) < 0.85, 225664, 226537)
    return [chart(plan, stay[measured], hours[measured], 225664, value, "") | {"itemid": itemid}]


def _weight(rng: np.random.Generator, plan: Columns, intent: Intent) -> list[Columns]:
    known = np.flatnonzero(plan["has_weight"])
    admission = known[rng.random(len(known)) < 0.95]
    daily, day = spread(np.where(plan["has_weight"], np.floor(plan["los_h"] / 24), 0).astype(np.int64))
    value = plan["weight_kg"][daily] + 0.4 * day + rng.normal(0, 0.8, len(day))
    value = np.where((day > 1) & (rng.random(len(day)) < 0.004), 10 * value, value)  # the decimal point was lost
    parts = [
        chart(
            plan,
            admission,
            rng.uniform(0.2, 2, len(admission)),
            ADMISSION_WEIGHT,
            plan["weight_kg"][admission],
            "kg",
            1,
        ),
        chart(plan, daily, 24 * day + 20 + rng.uniform(0, 3, len(day)), DAILY_WEIGHT, np.round(value, 1), "kg", 1),
    ]
    for rows in parts:
        intent.note("weight", stay=rows["stay"], time=rows["charttime"], value=rows["valuenum"])
    return parts
