"""inputevents: continuous infusions in pieces of constant rate, with pauses and changes of dose, and single doses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from twin.plan.faults import (
    BACKWARD,
    BOLUS,
    BOLUS_ALONE,
    EMPTY,
    ENDLESS,
    RATELESS,
    REVERSED,
    REVERSED_ALONE,
    VOLUME_ALONE,
    far_from,
    of_another,
)
from twin.plan.intent import Intent
from twin.rows import Array, Columns, constant, moment, size, spread, stack, take, text


@dataclass(frozen=True)
class Drug:
    """An infusion as MetaVision charts it: rate and amount each in its own unit.

    `amount_per_hour` is the amount that a rate of 1 gives in an hour, per kg where `by_weight`.
    """

    itemid: int
    label: str
    rate_unit: str
    amount_unit: str
    amount_per_hour: float
    by_weight: bool


DRUGS: Final[Mapping[str, Drug]] = {
    "dexmedetomidine": Drug(225150, "Dexmedetomidine (Precedex)", "mcg/kg/hour", "mcg", 1, True),
    "dexmedetomidine_other": Drug(229420, "Dexmedetomidine (Precedex)", "mcg/kg/hour", "mcg", 1, True),
    "propofol": Drug(222168, "Propofol", "mcg/kg/min", "mg", 0.06, True),
    "midazolam": Drug(221668, "Midazolam (Versed)", "mg/hour", "mg", 1, False),
    "fentanyl": Drug(225942, "Fentanyl (Concentrate)", "mcg/hour", "mg", 0.001, False),
    "norepinephrine": Drug(221906, "Norepinephrine", "mcg/kg/min", "mg", 0.06, True),
    "epinephrine": Drug(221289, "Epinephrine", "mcg/kg/min", "mg", 0.06, True),
    "vasopressin": Drug(222315, "Vasopressin", "units/hour", "units", 1, False),
    "phenylephrine": Drug(221749, "Phenylephrine", "mcg/kg/min", "mg", 0.06, True),
    "phenylephrine_50": Drug(229630, "Phenylephrine (50/250)", "mcg/kg/min", "mg", 0.06, True),
    "phenylephrine_old": Drug(229631, "Phenylephrine (200/250)_OLD_1", "mcg/kg/min", "mg", 0.06, True),
    "phenylephrine_200": Drug(229632, "Phenylephrine (200/250)", "mcg/kg/min", "mg", 0.06, True),
    "phenylephrine_intubation": Drug(229789, "Phenylephrine (Intubation)", "mcg/kg/min", "mg", 0.06, True),
    "dopamine": Drug(221662, "Dopamine", "mcg/kg/min", "mg", 0.06, True),
    "dobutamine": Drug(221653, "Dobutamine", "mcg/kg/min", "mg", 0.06, True),
    "heparin": Drug(225152, "Heparin Sodium", "units/hour", "units", 1, False),
    "saline": Drug(225158, "NaCl 0.9%", "mL/hour", "ml", 1, False),
}
HEPARIN_PROPHYLAXIS: Final = 225975
FENTANYL_PUSH: Final = 221744
_DAY: Final = np.timedelta64(86_400, "s")
_MARGIN: Final = _DAY  # around a stay: what runs on beyond it is no part of it


def infusions(rng: np.random.Generator, plan: Columns, episodes: Columns, intent: Intent) -> Columns:
    """All rows of inputevents; order identifiers number from 0 within this part."""
    parts = [
        *_dexmedetomidine(rng, plan),
        *_pressors(rng, plan),
        *_sedatives(rng, plan, episodes),
        *_heparin(rng, plan),
        *_fluids(rng, plan),
        *_never_ran(plan),
    ]
    linked = 0
    for rows in parts:  # links are unique across drugs
        if size(rows):
            rows["link"] = rows["link"] + linked
            linked = int(rows["link"].max()) + 1
    rows = stack([rows for rows in parts if size(rows)])
    rows.setdefault("owner", np.full(size(rows), np.nan))
    # a pump that nobody stopped, or started: it is meant to run up to the margin, and is charted for nearly a year
    endless, early = _endless(plan, rows), _early(plan, rows)
    rows["endtime"][endless] = plan["outtime"][rows["stay"][endless]] + _MARGIN
    rows["starttime"][early] = plan["intime"][rows["stay"][early]] - _MARGIN
    given = rows.pop("is_given")
    intent.note(
        "infusion",
        stay=rows["stay"][given],
        drug=rows["drug"][given],
        start=rows["starttime"][given],
        end=rows["endtime"][given],
        rate=rows["rate"][given],
    )
    rows["endtime"][endless] += 340 * _DAY
    rows["starttime"][early] -= 340 * _DAY
    _lose_rates(plan, rows, rows.pop("drug"))
    return _finish(rng, plan, rows)


def _run(
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


def _dose(
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


def _dexmedetomidine(rng: np.random.Generator, plan: Columns) -> list[Columns]:
    """Planned courses: one run or two, some in mg, a second itemid; and rows that must not count as running."""
    stay = np.flatnonzero(plan["dex_on"])
    start, duration, course = plan["dex_start_h"][stay], plan["exposure_duration_h"][stay], plan["course"][stay]
    room = plan["los_h"][stay] - 0.1 - start - duration
    # a short course in two parts spans more than four hours: bridged by its order it would pass as long enough
    split = (room > 5) & (rng.random(len(stay)) < np.where(course == 2, 0.5, 0.25))
    first = np.where(split, duration * rng.uniform(0.3, 0.7, len(stay)), duration)
    gap = np.where(split, np.minimum(rng.uniform(4, 24, len(stay)), room), 0)
    runs = np.concatenate([np.arange(len(stay)), np.flatnonzero(split)])
    begin = np.concatenate([start, (start + first + gap)[split]])
    end = np.concatenate([start + first, (start + gap + duration)[split]])
    # pauses shorten the running time: only where the course stays long enough
    may_pause = (duration > 8)[runs]
    parts = []
    for name, itemid_share in (("dexmedetomidine", False), ("dexmedetomidine_other", True)):
        for pauses in (False, True):
            chosen = np.flatnonzero(((plan["stay_id"][stay[runs]] % 12 == 0) == itemid_share) & (may_pause == pauses))
            rate, share = plan["dex_rate"][stay[runs[chosen]]], 0.15 if pauses else 0.0
            rows = _run(rng, plan, name, stay[runs[chosen]], begin[chosen], end[chosen], rate, (0.05, 1.5), share, 5.0)
            parts.append(rows)
    rows = stack([part for part in parts if size(part)]) if len(stay) else {}
    if not size(rows):
        return []
    rows["link"] = np.unique(rows["stay"], return_inverse=True)[1]  # one order for both runs
    in_mg = (plan["stay_id"][rows["stay"]] // 16) % 6 == 0
    rows["amount"] = np.where(in_mg, rows["amount"] / 1000, rows["amount"])
    rows["amountuom"] = np.where(in_mg, b"mg", rows["amountuom"])
    hours = (rows["endtime"] - rows["starttime"]).astype(np.int64) / 3600
    plan["exposure_duration_h"] = np.where(
        plan["dex_on"], np.bincount(rows["stay"], hours, minlength=len(plan["dex_on"])), np.nan
    )
    # charted as stopped: at rate 0, or with no time in it
    ended = take(rows, rng.random(size(rows)) < 0.03)
    ended = ended | {
        "starttime": ended["endtime"],
        "endtime": ended["endtime"] + np.timedelta64(1800, "s"),
        "rate": np.zeros(size(ended)),
        "amount": np.zeros(size(ended)),
        "statusdescription": constant("Stopped", size(ended)),
        "is_given": np.zeros(size(ended), np.bool_),
    }
    empty = take(rows, rng.random(size(rows)) < 0.003)
    empty = empty | {
        "endtime": empty["starttime"],
        "amount": np.zeros(size(empty)),
        "is_given": np.zeros(size(empty), np.bool_),
    }
    return [stack([rows, ended, empty])]


def _pressors(rng: np.random.Generator, plan: Columns) -> list[Columns]:
    """Catecholamines that give the planned cardiovascular level, and agents that SOFA does not know."""
    los, level = plan["los_h"], plan["cardiovascular_level"]
    count = len(los)
    start = np.minimum(rng.uniform(-0.3, 3, count), 0.2 * los)
    length = plan["pressor_run_h"]
    end = np.minimum(start + length, los - 0.1)
    dose = np.where(level == 4, 0.13 + rng.exponential(0.12, count), rng.uniform(0.03, 0.09, count))
    limits = (np.where(level == 4, 0.11, 0.01), np.where(level == 4, 1.5, 0.1))

    def run(name: str, who: Array, rate: Array, low: Array | float, high: Array | float, late: float = 0) -> Columns:
        bounds = tuple(np.broadcast_to(limit, count)[who] for limit in (low, high))
        begin = np.minimum(start[who] + late, end[who] - 1)
        return _run(rng, plan, name, who, begin, end[who], rate[who], (bounds[0], bounds[1]), 0.04)

    catecholamine = rng.random(count)
    norepinephrine = np.flatnonzero((level >= 3) & (catecholamine < 0.93))
    epinephrine = np.flatnonzero((level >= 3) & (catecholamine > 0.90))
    low_dose = (level == 2) & (catecholamine < 0.3)
    phenylephrine = np.flatnonzero(plan["phenylephrine_24h"])
    bottle = plan["stay_id"][phenylephrine] % 5
    vasopressin = run("vasopressin", np.flatnonzero(plan["vasopressin_24h"]), np.full(count, 2.4), 0.6, 4, 1.0)
    per_minute = rng.random(size(vasopressin)) < 0.04
    vasopressin["rate"] = np.where(per_minute, vasopressin["rate"] / 60, vasopressin["rate"])
    vasopressin["rateuom"] = np.where(per_minute, b"units/min", vasopressin["rateuom"])
    speed = np.exp(rng.normal(0.0, 0.5, count))
    return [
        run("norepinephrine", norepinephrine, dose, *limits),
        run("epinephrine", epinephrine, 0.6 * dose, *limits),
        vasopressin,
        run("dopamine", np.flatnonzero(low_dose), np.full(count, 3.0), 1, 5),
        run("dobutamine", np.flatnonzero((level == 2) & ~low_dose), np.full(count, 4.0), 1, 10),
        run("phenylephrine", phenylephrine[bottle == 0], speed, 0.1, 6),
        run("phenylephrine_50", phenylephrine[bottle == 1], speed, 0.1, 6),
        run("phenylephrine_200", phenylephrine[bottle == 2], speed, 0.1, 6),
        run("phenylephrine_old", phenylephrine[bottle == 3], speed, 0.1, 6),
        run("phenylephrine_intubation", phenylephrine[bottle == 4], speed, 0.1, 6),
        _brief_pressor(rng, plan),
    ]


def _brief_pressor(rng: np.random.Generator, plan: Columns) -> Columns:
    """Norepinephrine for a quarter of an hour, begun and ended within an hour of the clock."""
    who = np.flatnonzero(plan["has_brief_pressor"])
    to_clock = (3600 - plan["intime"][who].astype(np.int64) % 3600) / 3600
    start = to_clock + np.floor(rng.uniform(0, 0.5, len(who)) * np.minimum(plan["los_h"][who], 20)) + 0.2
    return _run(rng, plan, "norepinephrine", who, start, start + 0.25, np.full(len(who), 0.05), (0.01, 0.1), 0, 99)


def _sedatives(rng: np.random.Generator, plan: Columns, episodes: Columns) -> list[Columns]:
    """Within the tube's time where there is one; a later tube brings its own propofol."""
    count, los = len(plan["los_h"]), plan["los_h"]
    tube = np.full(count, np.nan)
    out = np.full(count, np.nan)
    tube[episodes["stay"][::-1]] = episodes["start"][::-1]
    out[episodes["stay"][::-1]] = episodes["end"][::-1]
    begin = np.where(plan["is_ventilated"], tube, np.minimum(rng.uniform(0.5, 16, count), 0.5 * los))
    parts = []
    for name, rate, low, high in (("propofol", 30.0, 5, 80), ("midazolam", 2.0, 0.5, 12), ("fentanyl", 60.0, 10, 300)):
        who = np.flatnonzero(plan[f"{name}_24h"])
        length = np.where(plan["is_ventilated"], (out - begin) * rng.uniform(0.3, 1, count), rng.uniform(1, 8, count))
        start = begin + np.minimum(rng.uniform(0.05, 2, count), 0.1 * length)
        end = np.minimum(start + np.maximum(length, 0.4), los - 0.1)
        parts.append(_run(rng, plan, name, who, start[who], end[who], np.full(len(who), rate), (low, high)))
    late = np.flatnonzero(~plan["is_ventilated"] & (tube > 24))
    parts.append(
        _run(rng, plan, "propofol", late, tube[late] + 0.2, out[late] - 0.2, np.full(len(late), 30.0), (5, 80))
    )
    push, _ = spread(np.where(plan["fentanyl_24h"], rng.poisson(2, count), 0))
    parts.append(
        _dose(
            plan, "fentanyl", push, plan["los_h"][push] * rng.random(len(push)), FENTANYL_PUSH,
            rng.choice([25, 50, 100], len(push)), "mcg", "05-Med Bolus",
        )
    )  # fmt: skip
    return parts


def _heparin(rng: np.random.Generator, plan: Columns) -> list[Columns]:
    """Infusion (excludes), a lone push, and prophylaxis under the skin (exclude only in other readings)."""
    los = plan["los_h"]
    who = np.flatnonzero(plan["heparin_infusion"])
    start = rng.uniform(0.02, 0.7, len(who)) * los[who]
    end = np.minimum(start + np.exp(rng.normal(3.2, 0.8, len(who))), los[who] - 0.05)
    bolus = np.flatnonzero(plan["heparin_bolus"])
    days, day = spread(np.where(plan["heparin_prophylaxis"], np.ceil(los / 8), 0).astype(np.int64))
    hours = np.minimum(8 * day + 1 + rng.random(len(day)), los[days] - 0.05)
    return [
        _run(rng, plan, "heparin", who, start, end, np.full(len(who), 1100.0), (300, 2500)),
        _dose(
            plan,
            "heparin",
            bolus,
            0.5 * los[bolus],
            DRUGS["heparin"].itemid,
            np.full(len(bolus), 3000),
            "units",
            "05-Med Bolus",
        ),
        _dose(plan, "heparin", days, hours, HEPARIN_PROPHYLAXIS, np.ones(len(days)), "dose", "11-Prophylaxis (Non IV)"),
    ]


def _fluids(rng: np.random.Generator, plan: Columns) -> list[Columns]:
    bags, rank = spread(np.ceil(plan["los_h"] / 12).astype(np.int64))
    start = np.minimum(12 * rank + rng.uniform(0, 3, len(rank)), plan["los_h"][bags] - 0.5)
    end = np.minimum(start + rng.uniform(1, 10, len(rank)), plan["los_h"][bags])
    return [
        _run(rng, plan, "saline", bags, start, end, rng.choice([10, 75, 125, 250], len(bags)) * 1.0, (5, 999), 0, 99)
    ]


def _never_ran(plan: Columns) -> list[Columns]:
    """Rows that are no infusion of the stay, and not noted as one."""
    los = plan["los_h"]

    def row(name: str, stay: Array, start: Array, end: Array, rate: float, amount: float, **others: Array) -> Columns:
        drug, count = DRUGS[name], len(stay)
        return {
            "stay": stay,
            "owner": stay.astype(np.float64),
            "drug": constant(name, count),
            "is_given": np.zeros(count, np.bool_),
            "link": np.arange(count),
            "starttime": moment(plan["intime"][stay], start),
            "endtime": moment(plan["intime"][stay], end),
            "itemid": np.full(count, drug.itemid),
            "rate": np.full(count, rate),
            "rateuom": constant("" if np.isnan(rate) else drug.rate_unit, count),
            "amount": np.full(count, amount),
            "amountuom": constant(drug.amount_unit, count),
            "statusdescription": constant("FinishedRunning", count),
            "ordercategoryname": constant("01-Drips", count),
            "ordercategorydescription": constant("Continuous Med", count),
        } | others

    def untimed(name: str, kind: Array, rate: float) -> list[Columns]:
        """With a rate, but with no time in it, or ending an hour before it begins."""
        back, empty = np.flatnonzero(kind == BACKWARD), np.flatnonzero(kind == EMPTY)
        begin = 0.3 * np.minimum(los, 60)
        return [
            row(name, back, begin[back] + 1, begin[back], rate, 4),
            row(name, empty, begin[empty], begin[empty], rate, 0),
        ]

    drug = "dexmedetomidine"
    bolus = np.flatnonzero((plan["dex_form"] == BOLUS_ALONE) | (plan["dex_fault"] == BOLUS))
    begin = np.where(plan["dex_on"], plan["dex_start_h"] - 0.2, 0.3 * los)[bolus]
    back = np.flatnonzero((plan["dex_form"] == REVERSED_ALONE) | (plan["dex_fault"] == REVERSED))
    volume = np.flatnonzero(plan["dex_form"] == VOLUME_ALONE)
    (far, away), (mine, theirs) = far_from(plan), of_another(plan)
    return [
        row(drug, bolus, begin, begin + 1 / 60, np.nan, 60),
        row(drug, back, 0.4 * los[back] + 1, 0.4 * los[back], 0.4, 30),
        # in mL of a solution of unknown strength
        row(drug, volume, 0.2 * los[volume], 0.8 * los[volume], np.nan, 40, amountuom=constant("ml", len(volume))),
        *untimed("norepinephrine", plan["untimed_pressor"], 0.4),
        *untimed("heparin", plan["untimed_heparin"], 1100.0),
        row("norepinephrine", far, away, away + 10, 0.5, 150),
        row(
            "norepinephrine", mine, np.full(len(mine), 0.5), np.minimum(los[mine], 9), 0.5, 150,
            owner=theirs.astype(np.float64),
        ),
    ]  # fmt: skip


def _endless(plan: Columns, rows: Columns) -> Array:
    """Positions of the last pieces of infusions that are never charted as ended."""
    stay = rows["stay"]
    return np.concatenate(
        [
            _last(rows, (rows["drug"] == b"dexmedetomidine") & (plan["dex_fault"] == ENDLESS)[stay], rows["endtime"]),
            _last(rows, (rows["drug"] == b"norepinephrine") & plan["has_endless_pressor"][stay], rows["endtime"]),
        ]
    )


def _early(plan: Columns, rows: Columns) -> Array:
    """Positions of the first pieces of infusions that are charted from long before the stay."""
    chosen = (rows["drug"] == b"propofol") & plan["has_early_propofol"][rows["stay"]]
    return _last(rows, chosen, -rows["starttime"].astype(np.int64))


def _last(rows: Columns, chosen: Array, by: Array) -> Array:
    """Of each stay's `chosen` rows that are given, the position of the one that is last `by` something."""
    where = np.flatnonzero(chosen & rows["is_given"])
    where = where[np.lexsort((by[where], rows["stay"][where]))]
    stay = rows["stay"][where]
    return np.asarray(where[np.append(stay[1:] != stay[:-1], True)[: len(where)]])


def _lose_rates(plan: Columns, rows: Columns, drug: Array) -> None:
    """Leave stretches without their rate, which then follows from the amount: to the last digit."""
    stay = rows["stay"]
    hours = (rows["endtime"] - rows["starttime"]).astype(np.int64) / 3600
    lost = (
        (drug == b"dexmedetomidine") & (plan["dex_fault"] == RATELESS)[stay]
        # a rate at the bound of a SOFA point would lie on either side of it
        | (drug == b"norepinephrine") & plan["has_rateless_pressor"][stay] & (np.abs(rows["rate"] - 0.1) > 1e-3)
        | (drug == b"heparin") & plan["has_rateless_heparin"][stay]
    )  # fmt: skip
    # shorter ones pass for a bolus; what is not noted stays as it is
    where = np.flatnonzero(lost & (hours > 0.3) & (rows["rate"] > 0))
    for name in (b"dexmedetomidine", b"norepinephrine", b"heparin"):
        kind = DRUGS[name.decode()]
        mine = where[drug[where] == name]
        weight = plan["weight_kg"][stay[mine]] if kind.by_weight else 1.0
        amount = rows["rate"][mine] * hours[mine] * weight * kind.amount_per_hour
        in_other_unit = (rows["amountuom"][mine] == b"mg") & (kind.amount_unit == "mcg")
        rows["amount"][mine] = np.where(in_other_unit, amount / 1000, amount)
    rows["rate"][where] = np.nan
    rows["rateuom"][where] = b""


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
