"""Breathing: ventilator settings, oxygen devices and arterial blood gases that give the planned SOFA component."""

from typing import Final

import numpy as np

from twin.plan.intent import Intent
from twin.rows import Array, Columns, constant, moment, size, spread, stack, take, text
from twin.tables.charting import chart, chart_text, spelled
from twin.tables.labs import lab_rows

# PaO2/FiO2 of each SOFA level, mmHg; without a ventilator levels 3 and 4 do not exist
_RATIO: Final = np.array([(405, 520), (305, 395), (205, 295), (105, 195), (55, 95)])
_MODES: Final = text(["CMV/ASSIST/AutoFlow", "CMV/ASSIST", "PSV/SBT", "CPAP/PSV", "SIMV/PSV", "PRVC/AC", "MMV/PSV"])
_HAMILTON_MODES: Final = text(["ASV", "APV (cmv)", "P-CMV"])
_DEVICES: Final = text(
    ["Nasal cannula", "None", "Face tent", "Aerosol-cool", "High flow nasal cannula", "Bipap mask ", "Non-rebreather"]
)
_DEVICE_SHARES: Final = (0.56, 0.22, 0.06, 0.05, 0.05, 0.03, 0.03)
UNKNOWN_MODE, UNKNOWN_DEVICE = b"NAVA", b"Optiflow"  # in no list of the study
_EPISODE_HOURS: Final = 4.0
_LAST_BEFORE_END_H: Final = 0.03


def ventilation_episodes(rng: np.random.Generator, plan: Columns, intent: Intent) -> Columns:
    """Invasive ventilation: `stay`, `start` and `end` in hours, one row per episode; sets `ventilation_h` in `plan`.

    `is_silent`: charting breaks off for so long that the episode counts as ended, though the tube stays.
    """
    count, los = len(plan["los_h"]), plan["los_h"]
    start = np.minimum(plan["ventilation_start_h"], 0.4 * los)
    end = start + plan["ventilation_h"]
    # the first tube may come on a later day
    late = ~plan["is_ventilated"] & (rng.random(count) < 0.04) & (los > 72)
    start = np.where(late, rng.uniform(26, 50, count), start)
    end = np.where(late, start + np.maximum(np.exp(rng.normal(3.3, 0.9, count)), 4.3), end)
    brief = plan["has_brief_tube"] & ~late & (los > 30)
    start = np.where(brief, rng.uniform(8, 20, count), start)
    end = np.where(brief, start + rng.uniform(0.5, 3.5, count), end)
    plan["has_brief_tube"] = brief
    tubed = plan["is_ventilated"] | late | brief
    end = np.where(end > los - 1, los, end)
    again = tubed & ~brief & (rng.random(count) < 0.08) & (end + 40 < los)
    silent = again & (rng.random(count) < 0.25)
    plan["has_silent_tube"] = silent
    second = end + np.where(silent, rng.uniform(15.2, 30, count), rng.uniform(6, 30, count))
    second_end = np.minimum(second + np.maximum(np.exp(rng.normal(3.3, 0.8, count)), 4.3), los)
    stay = np.concatenate([np.flatnonzero(tubed), np.flatnonzero(again)])
    episodes = {
        "stay": stay,
        "start": np.concatenate([start[tubed], second[again]]),
        "end": np.concatenate([end[tubed], np.where(second_end > los - 1, los, second_end)[again]]),
        "is_silent": np.concatenate([silent[tubed], np.zeros(again.sum(), np.bool_)]),
    }
    counted = np.where(brief[stay], 0, episodes["end"] - episodes["start"])
    plan["ventilation_h"] = np.bincount(stay, counted, minlength=count)
    # an episode lasts from its first row to the next device, or to its own last row where none follows
    follows = (episodes["end"] < los[stay]) & ~episodes["is_silent"]
    last = np.where(follows, episodes["end"], episodes["end"] - _LAST_BEFORE_END_H)
    seen = ~brief[stay]
    intent.note(
        "ventilation",
        stay=stay[seen],
        start=moment(plan["intime"][stay], episodes["start"])[seen],
        end=moment(plan["intime"][stay], last)[seen],
    )
    plan["fio2_pct"] = np.choose(plan["respiration_level"], [40, 40, 50, 60, 80])
    return take(episodes, np.argsort(stay, kind="stable"))


def respiratory_charts(rng: np.random.Generator, plan: Columns, episodes: Columns, intent: Intent) -> list[Columns]:
    """Rows of chartevents: ventilator settings every four hours of an episode, oxygen devices between episodes."""
    stay, start, end = episodes["stay"], episodes["start"], episodes["end"]
    to_the_end = (end >= plan["los_h"][stay]) | episodes["is_silent"]
    owner, rank = spread(np.ceil((end - start) / _EPISODE_HOURS).astype(np.int64) + to_the_end)
    hours = np.minimum(start[owner] + _EPISODE_HOURS * rank, end[owner] - _LAST_BEFORE_END_H)
    who = stay[owner]
    parts = _settings(rng, plan, who, hours)

    # where the tube comes out, the next device ends the episode
    out = np.flatnonzero(~to_the_end)
    long = (end - start)[out] > 240
    device = np.where(long & (rng.random(len(out)) < 0.5), b"Trach mask ", _DEVICES[rng.choice([0, 2, 3], len(out))])
    parts += _oxygen(rng, plan, stay[out], end[out], device)

    owner, rank = spread(np.ceil(plan["los_h"] / _EPISODE_HOURS).astype(np.int64))
    hours = np.maximum(0.3, _EPISODE_HOURS * rank + rng.uniform(-0.4, 0.4, len(rank)))
    free = (hours < plan["los_h"][owner]) & ~ventilated_at(episodes, owner, hours, len(plan["los_h"]))
    usual = rng.choice(len(_DEVICES), len(plan["los_h"]), p=_DEVICE_SHARES)
    device = _DEVICES[usual[owner[free]]]
    parts += _oxygen(rng, plan, owner[free], hours[free], device)
    mask = device == b"Bipap mask "
    when = moment(plan["intime"][owner[free]], hours[free])
    intent.note("mask", stay=owner[free][mask], time=when[mask])
    return parts + _unknown_words(rng, plan, stay)


def blood_gases(rng: np.random.Generator, plan: Columns, episodes: Columns, intent: Intent) -> Columns:
    """Rows of labevents; arterial ones within the planned SOFA level, some venous or unlabeled that must not count.

    `specimen` numbers specimens within this part.
    """
    stay, start, end = episodes["stay"], episodes["start"], episodes["end"]
    owner, rank = spread(np.clip(np.ceil((end - start) / 6), 1, 24).astype(np.int64))
    first = np.minimum(rng.uniform(0.3, 1.2, len(start)), 0.6 * (end - start))
    hours = start[owner] + first[owner] + 6 * rank
    inside = hours < end[owner] - 0.05
    failing = np.flatnonzero(~plan["is_ventilated"] & (plan["respiration_level"] > 0))
    early = np.minimum(rng.uniform(0.5, 5, len(failing)), 0.5 * plan["los_h"][failing])
    who = np.concatenate([stay[owner[inside]], failing])
    when = np.concatenate([hours[inside], early])
    ventilated = np.arange(len(who)) < inside.sum()
    level = np.where(when < 30, plan["respiration_level"][who], np.minimum(plan["respiration_level"][who], 2))
    ratio = rng.uniform(*_RATIO[level].T)
    reported = ~ventilated | (rng.random(len(who)) < 0.3)  # FiO2 on the slip; otherwise the charted one holds
    # divided by what was charted last, every four hours from the tube on
    begin = np.concatenate([start[owner[inside]], early])
    charted = begin + _EPISODE_HOURS * np.floor((when - begin) / _EPISODE_HOURS)
    fraction = np.where(ventilated, _fio2(plan, who, charted), rng.choice([36, 40, 50], len(who)))
    specimen = np.where(rng.random(len(who)) < 0.97, b"ART.", b"").astype("S16")

    # central venous samples: far too little oxygen for an arterial reading
    venous = np.flatnonzero(rng.random(len(plan["los_h"])) < 0.25)
    all_who = np.concatenate([who, venous])
    all_when = np.concatenate([when, np.minimum(rng.uniform(0.5, 20, len(venous)), 0.8 * plan["los_h"][venous])])
    oxygen = np.concatenate([np.ceil(ratio * fraction / 100), rng.integers(28, 46, len(venous))])
    specimen = np.concatenate([specimen, text(["VEN.", "CENTRAL VENOUS."])[rng.integers(0, 2, len(venous))]])
    level = np.concatenate([level, np.zeros(len(venous), np.int64)])
    # an unlabeled sample must not be the only one: it is of the first day's second half or later
    specimen[: len(who)] = np.where(when - plan["ventilation_start_h"][who] > 5, specimen[: len(who)], b"ART.")

    arterial = specimen[: len(who)] == b"ART."
    tube = ventilated & ~plan["has_brief_tube"][who]
    intent.note(
        "gas",
        stay=who[arterial],
        time=moment(plan["intime"][who], when)[arterial],
        level=level[: len(who)][arterial],
        is_ventilated=tube[arterial],
        ratio=(oxygen[: len(who)] * 100 / fraction)[arterial],
    )

    def test(itemid: int, values: Array, decimals: int, unit: str, keep: Array | slice = slice(None)) -> Columns:
        number = np.arange(len(all_who))[keep]
        rows = lab_rows(plan, all_who[keep], all_when[keep], itemid, values, decimals)
        return rows | {"specimen": number, "valueuom": constant(unit, len(number))}

    count = len(all_who)
    carbon = np.round(rng.normal(41, 7, count).clip(20, 90))
    acid = np.round(rng.normal(7.37, 0.06, count).clip(6.9, 7.65), 2)
    excess = np.round(rng.normal(-2, 4, count))
    lactate = np.round(np.exp(rng.normal(0.5 + 0.15 * level, 0.5)), 1)
    intent.note("gas lactate", stay=all_who, time=moment(plan["intime"][all_who], all_when), value=lactate)
    parts = [
        test(50821, oxygen, 0, "mm Hg"),
        test(50818, carbon, 0, "mm Hg"),
        test(50820, acid, 2, "units"),
        test(50802, excess, 0, "mEq/L"),
        test(50813, lactate, 1, "mmol/L"),
        test(50816, fraction[reported], 0, "%", np.flatnonzero(reported)),
    ]
    named = np.flatnonzero(specimen != b"")
    word = spelled(plan, all_who[named], specimen[named])
    parts.append(test(52033, np.full(len(named), np.nan), 0, "", named) | {"value": word})
    return stack(parts)


def _fio2(plan: Columns, stay: Array, hours: Array) -> Array:
    """The fraction charted at that hour, percent: as the lungs need on the first day, then 40."""
    return np.where(hours < 30, plan["fio2_pct"][stay], 40)


def _settings(rng: np.random.Generator, plan: Columns, stay: Array, hours: Array) -> list[Columns]:
    count = len(stay)
    hamilton = (plan["stay_id"] % 5 == 0)[stay]
    mode = np.where(hours < 24, rng.integers(0, 2, count), rng.integers(0, len(_MODES), count))
    tidal = np.clip(rng.normal(450, 60, count), 250, 750)
    rate = np.clip(rng.normal(18, 3, count), 8, 34)
    fio2 = _fio2(plan, stay, hours)
    as_fraction = rng.random(count) < 0.04
    plain, other = np.flatnonzero(~hamilton), np.flatnonzero(hamilton)
    tube = np.flatnonzero(rng.random(count) < 0.9)
    # through a tracheostomy: read by the device alone, nobody is ventilated
    cut = plan["has_tracheostomy"][stay[tube]]
    device = np.where(cut, b"Tracheostomy tube", b"Endotracheal tube")
    return [
        chart_text(plan, stay[plain], hours[plain], 223849, _MODES[mode[plain]]),
        chart_text(plan, stay[other], hours[other], 229314, _HAMILTON_MODES[rng.integers(0, 3, len(other))]),
        chart_text(plan, stay[tube], hours[tube], 226732, device),
        chart(plan, stay[tube[cut]], hours[tube[cut]], 223834, np.full(cut.sum(), 8.0), "L/min"),
        chart(plan, stay, hours, 224684, np.round(tidal, -1), "mL"),
        chart(plan, stay, hours, 224685, tidal + rng.normal(0, 20, count), "mL"),
        chart(plan, stay, hours, 224688, rate, "insp/min"),
        chart(plan, stay, hours, 224687, tidal * rate / 1000, "L/min", 1),
        chart(plan, stay, hours, 220339, rng.choice([5, 8, 10, 12], count, p=[0.6, 0.2, 0.15, 0.05]), "cmH2O"),
        chart(plan, stay, hours, 224696, np.clip(rng.normal(20, 4, count), 8, 45), "cmH2O"),
        chart(plan, stay, hours, 223835, np.where(as_fraction, fio2 / 100, fio2), "", 2),
    ]


def _oxygen(rng: np.random.Generator, plan: Columns, stay: Array, hours: Array, device: Array) -> list[Columns]:
    """A device and its flow; mimic-code sees a device only where a flow is charted at the same time."""
    flow = np.where(
        device == b"None", 0, np.where(device == b"High flow nasal cannula", 40, rng.integers(1, 9, len(stay)))
    )
    return [
        chart_text(plan, stay, hours, 226732, device),
        chart(plan, stay, hours, 223834, flow.astype(np.float64), "L/min"),
    ]


def _unknown_words(rng: np.random.Generator, plan: Columns, ventilated: Array) -> list[Columns]:
    """Ten hours of a mode that no list has, in patients who never had a tube; and a device of the same kind."""
    count = len(plan["los_h"])
    never = np.bincount(ventilated, minlength=count) == 0
    stay, rank = spread(np.where(plan["has_unknown_words"] & never & (plan["los_h"] > 14), 6, 0))
    hours = 2.05 + 2 * rank
    return [
        chart_text(plan, stay, hours, 223849, np.full(len(stay), UNKNOWN_MODE)),
        *_oxygen(rng, plan, stay, hours + 0.5, np.full(len(stay), UNKNOWN_DEVICE)),
    ]


def ventilated_at(episodes: Columns, stay: Array, hours: Array, count: int) -> Array:
    """Whether a time lies in an episode, or within ten minutes of one; `count` stays, two episodes each at most."""
    inside = np.zeros(len(stay), np.bool_)
    second = np.concatenate([[False], np.diff(episodes["stay"]) == 0]) if size(episodes) else np.zeros(0, np.bool_)
    for part in (take(episodes, ~second), take(episodes, second)):
        start, end = np.full(count, np.inf), np.full(count, -np.inf)
        until = np.where(part["is_silent"], part["end"] + 30, part["end"])  # nothing else is charted meanwhile
        start[part["stay"]], end[part["stay"]] = part["start"], until
        inside |= (hours > start[stay] - 0.17) & (hours < end[stay] + 0.17)
    return inside
