"""The file dtDrugs: orders, without dose; what the plan says was ordered, and orders that only look like it."""

from typing import Final

import numpy as np

from twin.rows import Array, Columns, size, spread, stack, take, text
from twin.zigong.clock import TICK_H, between, on_a_bound, on_grid
from twin.zigong.tables.laid import Laid
from twin.zigong.vocabulary import DRUGS, FORMULAS

_FIRST_DAY: Final = (
    "propofol",
    "midazolam",
    "sufentanil",
    "remifentanil",
    "fentanyl",
    "norepinephrine",
    "epinephrine",
    "dopamine",
    "dobutamine",
    "vasopressin",
)
_DAY_H: Final = 24.0
_ON_BOUND: Final = 0.05


def orders(rng: np.random.Generator, plan: Columns, laid: Laid) -> Columns:
    """All rows of dtDrugs, those of a patient in no order of time."""
    parts = [_first_day(rng, plan, drug, laid) for drug in _FIRST_DAY]
    parts += [_dexmedetomidine(rng, plan, laid), _heparin(rng, plan, laid)]
    parts += [
        _any_time(rng, plan, "lmwh", plan["has_lmwh"] * 1.0),
        _any_time(rng, plan, "alfentanil", np.full(len(plan["anchor_h"]), 0.02)),
        _any_time(rng, plan, "heparinoid", np.full(len(plan["anchor_h"]), 0.01)),
        _any_time(rng, plan, "unused", np.full(len(plan["anchor_h"]), 4.0)),
    ]
    rows = stack(parts)
    rows = take(rows, np.lexsort((rng.random(size(rows)), rows["stay"])))
    stay, hours = rows["stay"], rows["hours"]
    _count(plan, rows, laid)
    return {
        "patient_id": plan["patient_id"][stay],
        "drugname": rows["drugname"],
        "drug_time": plan["anchor_h"][stay] + hours,
        "formula": text(FORMULAS)[rng.integers(0, len(FORMULAS), size(rows))],
    }


def _count(plan: Columns, rows: Columns, laid: Laid) -> None:
    has_icu = plan["has_icu"][rows["stay"]]
    light = rows["stay"][np.isin(rows["drugname"], text(DRUGS["lmwh"]))]
    without = np.unique(light[~plan["has_heparin"][light]])
    laid.add("low molecular weight heparin and no heparin (patients)", len(without))
    norepinephrine, epinephrine = plan["norepinephrine_24h"], plan["epinephrine_24h"]
    sufentanil, fentanyl = plan["sufentanil_24h"] | plan["remifentanil_24h"], plan["fentanyl_24h"]
    laid.add("norepinephrine and no epinephrine on the first day (patients)", norepinephrine & ~epinephrine)
    laid.add("sufentanil or remifentanil and no fentanyl on the first day (patients)", sufentanil & ~fentanyl)
    laid.add("vasopressin alone on the first day (patients)", plan["vasopressin_24h"] & (plan["circulation"] == 0))
    laid.add("drug that the study does not use", np.isin(rows["drugname"], text(DRUGS["unused"])))
    names = [name for drug, names in DRUGS.items() if drug != "unused" for name in names]
    for trap, odd in (
        (
            "drug name in capitals",
            [name for name in names if any(word.isupper() and len(word) > 5 for word in name.split())],
        ),
        ("drug name that starts with a small letter", [name for name in names if name[0].islower()]),
        ("drug name with dose or form inside", [name for name in names if any(letter.isdigit() for letter in name)]),
    ):
        laid.add(trap, np.isin(rows["drugname"], text(odd)))
    laid.add("order without dose", size(rows))
    laid.add("order without time", np.isnan(rows["hours"]))
    laid.add("order at exactly ICU admission", has_icu & (rows["hours"] == 0))
    laid.add("order at exactly 24 h", has_icu & (rows["hours"] == _DAY_H))
    for drug, spelling in (("sufentanil", "sufentanyl"), ("remifentanil", "remifentanyl")):
        spelt = np.isin(rows["drugname"], text([name for name in DRUGS[drug] if spelling in name.lower()]))
        laid.add(f"{drug} spelt {spelling}", spelt)


def _rows(rng: np.random.Generator, drug: str, stay: Array, hours: Array) -> Columns:
    names = text(DRUGS[drug])
    return {"stay": stay, "hours": hours, "drugname": names[rng.integers(0, len(names), len(stay))]}


def _first_day(rng: np.random.Generator, plan: Columns, drug: str, laid: Laid) -> Columns:
    """Ordered on the first day, and again later; or not on it: just before, just after, later, at a time unknown."""
    ordered, end = plan[f"{drug}_24h"], plan["stay_end_h"]
    stay = np.flatnonzero(ordered)
    last = np.minimum(end[stay], _DAY_H)
    hours = between(rng, 0, last, len(stay))
    hours = np.where(last == _DAY_H, on_a_bound(rng, hours, _ON_BOUND, 0.0, _DAY_H), hours)
    again, _ = spread(rng.poisson(0.7, len(stay)))
    later = between(rng, hours[again], np.maximum(end[stay[again]], hours[again]), len(again))
    others = np.flatnonzero(~ordered & (rng.random(len(ordered)) < 0.06))
    kind = rng.integers(0, 4, len(others))
    after = _DAY_H + TICK_H + on_grid(rng.exponential(24, len(others)))
    missed = np.choose(kind, [-TICK_H, _DAY_H + TICK_H, after, np.nan])
    laid.add("order of a sedative or vasopressor just before ICU admission only", plan["has_icu"][others] & (kind == 0))
    laid.add("order of a sedative or vasopressor just after 24 h only", plan["has_icu"][others] & (kind == 1))
    parts = [(stay, hours), (stay[again], later), (others, missed)]
    return stack([_rows(rng, drug, *part) for part in parts])


def _dexmedetomidine(rng: np.random.Generator, plan: Columns, laid: Laid) -> Columns:
    first, end = plan["dexmedetomidine_h"], plan["stay_end_h"]
    stay = np.flatnonzero(~np.isnan(first))
    again, _ = spread(rng.poisson(1.5, len(stay)))
    later = between(rng, first[stay[again]], np.maximum(end[stay[again]], first[stay[again]]), len(again))
    early = stay[rng.random(len(stay)) < 0.04]
    never = np.flatnonzero(np.isnan(first) & (rng.random(len(first)) < 0.06))
    is_before = rng.random(len(never)) < 0.7
    laid.add("dexmedetomidine before the ICU stay only (patients)", is_before & plan["has_icu"][never])
    laid.add("dexmedetomidine ordered first after 48 h (patients)", plan["has_icu"] & (first > 48))
    parts = [
        (stay, first[stay]),
        (stay[again], later),
        (early, _before(rng, len(early))),
        (never, np.where(is_before, _before(rng, len(never)), np.nan)),
    ]
    return stack([_rows(rng, "dexmedetomidine", *part) for part in parts])


def _heparin(rng: np.random.Generator, plan: Columns, laid: Laid) -> Columns:
    """At any time in the ICU, once at least; or before it only."""
    given, end = plan["has_heparin"], plan["stay_end_h"]
    stay = np.flatnonzero(given)
    hours = on_a_bound(rng, between(rng, 0, end[stay], len(stay)), 0.04, 0.0)
    again, _ = spread(rng.poisson(1, len(stay)))
    never = np.flatnonzero(~given & (rng.random(len(given)) < 0.08))
    is_before = rng.random(len(never)) < 0.8
    laid.add("heparin before the ICU stay only (patients)", is_before & plan["has_icu"][never])
    parts = [
        (stay, hours),
        (stay[again], between(rng, -20, end[stay[again]], len(again))),
        (never, np.where(is_before, _before(rng, len(never)), np.nan)),
    ]
    return stack([_rows(rng, "heparin", *part) for part in parts])


def _before(rng: np.random.Generator, count: int) -> Array:
    """Hours before ICU admission; of some the last moment."""
    return on_a_bound(rng, -TICK_H - on_grid(rng.exponential(20, count)), 0.3, -TICK_H)


def _any_time(rng: np.random.Generator, plan: Columns, drug: str, mean: Array) -> Columns:
    stay, _ = spread(rng.poisson(mean))
    hours = between(rng, -48, np.maximum(plan["hospital_end_h"][stay], 0), len(stay))
    return _rows(rng, drug, stay, np.where(rng.random(len(stay)) < 0.01, np.nan, hours))
