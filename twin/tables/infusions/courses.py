"""Who is given what and when, as the plan has it: sedation, pressors, heparin, fluids."""

import numpy as np

from twin.rows import Array, Columns, constant, size, spread, stack, take
from twin.tables.infusions.drugs import DRUGS, FENTANYL_PUSH, HEPARIN_PROPHYLAXIS
from twin.tables.infusions.runs import run_infusion, single_dose


def dexmedetomidine(rng: np.random.Generator, plan: Columns) -> list[Columns]:
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
            rows = run_infusion(
                rng, plan, name, stay[runs[chosen]], begin[chosen], end[chosen], rate, (0.05, 1.5), share, 5.0
            )
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


def pressors(rng: np.random.Generator, plan: Columns) -> list[Columns]:
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
        return run_infusion(rng, plan, name, who, begin, end[who], rate[who], (bounds[0], bounds[1]), 0.04)

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
    return run_infusion(
        rng, plan, "norepinephrine", who, start, start + 0.25, np.full(len(who), 0.05), (0.01, 0.1), 0, 99
    )


def sedatives(rng: np.random.Generator, plan: Columns, episodes: Columns) -> list[Columns]:
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
        parts.append(run_infusion(rng, plan, name, who, start[who], end[who], np.full(len(who), rate), (low, high)))
    late = np.flatnonzero(~plan["is_ventilated"] & (tube > 24))
    parts.append(
        run_infusion(rng, plan, "propofol", late, tube[late] + 0.2, out[late] - 0.2, np.full(len(late), 30.0), (5, 80))
    )
    push, _ = spread(np.where(plan["fentanyl_24h"], rng.poisson(2, count), 0))
    parts.append(
        single_dose(
            plan, "fentanyl", push, plan["los_h"][push] * rng.random(len(push)), FENTANYL_PUSH,
            rng.choice([25, 50, 100], len(push)), "mcg", "05-Med Bolus",
        )
    )  # fmt: skip
    return parts


def heparin(rng: np.random.Generator, plan: Columns) -> list[Columns]:
    """Infusion (excludes), a lone push, and prophylaxis under the skin (exclude only in other readings)."""
    los = plan["los_h"]
    who = np.flatnonzero(plan["heparin_infusion"])
    start = rng.uniform(0.02, 0.7, len(who)) * los[who]
    end = np.minimum(start + np.exp(rng.normal(3.2, 0.8, len(who))), los[who] - 0.05)
    bolus = np.flatnonzero(plan["heparin_bolus"])
    days, day = spread(np.where(plan["heparin_prophylaxis"], np.ceil(los / 8), 0).astype(np.int64))
    hours = np.minimum(8 * day + 1 + rng.random(len(day)), los[days] - 0.05)
    return [
        run_infusion(rng, plan, "heparin", who, start, end, np.full(len(who), 1100.0), (300, 2500)),
        single_dose(
            plan,
            "heparin",
            bolus,
            0.5 * los[bolus],
            DRUGS["heparin"].itemid,
            np.full(len(bolus), 3000),
            "units",
            "05-Med Bolus",
        ),
        single_dose(
            plan, "heparin", days, hours, HEPARIN_PROPHYLAXIS, np.ones(len(days)), "dose", "11-Prophylaxis (Non IV)"
        ),
    ]


def fluids(rng: np.random.Generator, plan: Columns) -> list[Columns]:
    """Saline, a bag every twelve hours."""
    bags, rank = spread(np.ceil(plan["los_h"] / 12).astype(np.int64))
    start = np.minimum(12 * rank + rng.uniform(0, 3, len(rank)), plan["los_h"][bags] - 0.5)
    end = np.minimum(start + rng.uniform(1, 10, len(rank)), plan["los_h"][bags])
    return [
        run_infusion(
            rng, plan, "saline", bags, start, end, rng.choice([10, 75, 125, 250], len(bags)) * 1.0, (5, 999), 0, 99
        )
    ]
