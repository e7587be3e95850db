"""The file dtLab: for each test the planned lowest and highest value of the first day, others between, and the faults.

What lies outside the first day, is no number, implausible or without a time, is often worse than all that counts.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from twin.rows import Array, Columns, constant, number_text, size, spread, stack, take, text
from twin.zigong.clock import FIRST_DAY_H, TICK_H, between, on_a_bound
from twin.zigong.population import TESTS
from twin.zigong.tables.laid import Laid
from twin.zigong.vocabulary import CATEGORIES, IMPLAUSIBLE, ITEMS, NO_NUMBERS, REFERENCES, UNUSED_ITEMS

_BEFORE_H, _AFTER_H = FIRST_DAY_H
# thresholds of the scores and their neighbours, in hundredths
_BOUNDS: Final = (
    ("platelets", "low", (9900, 10000, 14900, 15000)),
    ("inr", "high", (120, 121, 140, 141)),
    ("bilirubin", "high", (2051, 2052, 3420)),
    ("creatinine", "high", (10607, 10608, 17680)),
)
_ON_BOUND: Final = 0.03
_FACTOR_WORSE: Final = {"platelets": 0.3, "inr": 3.0, "bilirubin": 6.0, "creatinine": 5.0, "hemoglobin": 0.4}
# one mark may become another where it stands: `<0.5`, `> 1000`, `12?`
_MARKS: Final = (("<", ""), (">", ""), ("<=", ""), (">=", ""), ("", "?"), (" ", " "), ("> ", ""), ("=", ""))


@dataclass
class _Test:
    """Rows of one test as they are made; hours since ICU admission, values in hundredths."""

    plan: Columns
    name: str
    parts: list[Columns] = field(default_factory=list)

    def add(self, stay: Array, hours: Array, hundredths: Array) -> None:
        """Rows with a number."""
        self.add_words(stay, hours, _number(hundredths, fixed=self.name == "inr"))

    def add_words(self, stay: Array, hours: Array, words: Array) -> None:
        """Rows with words in place of a number."""
        self.parts.append({"stay": stay, "hours": hours, "labvalue": words})


def laboratory(rng: np.random.Generator, plan: Columns, laid: Laid) -> Columns:
    """All rows of dtLab, those of a patient in no order of time."""
    for name, end, values in _BOUNDS:
        for hundredths in values:
            trap = f"{name}: {'lowest' if end == 'low' else 'highest'} of the first day {hundredths / 100:g} (patients)"
            laid.add(trap, plan["has_icu"] & (plan[f"{name}_{end}"] == hundredths))
    parts = [_test(rng, plan, name, laid) for name in TESTS]
    parts.append(_unused(rng, plan, laid))
    rows = stack(parts)
    rows = take(rows, np.lexsort((rng.random(size(rows)), rows["stay"])))
    stay = rows.pop("stay")
    return {"inp_no": plan["inp_no"][stay], "labtime": plan["anchor_h"][stay] + rows.pop("hours")} | rows


def _number(hundredths: Array, fixed: bool) -> Array:
    """`fixed`: always with two decimals."""
    if not fixed:
        return number_text(hundredths / 100, 2)
    distinct, position = np.unique(hundredths, return_inverse=True)
    return text([f"{number / 100:.2f}" for number in distinct.tolist()] or [""])[position]


def _test(rng: np.random.Generator, plan: Columns, name: str, laid: Laid) -> Columns:
    made = _Test(plan, name)
    low, high = plan[f"{name}_low"], plan[f"{name}_high"]
    measured = np.flatnonzero(~np.isnan(low))
    _first_day(rng, made, measured, low, high, laid)
    worse = _worse(plan, name)
    _outside(rng, made, worse, laid)
    counted = stack(made.parts)
    marked = rng.random(size(counted)) < 0.05
    counted["labvalue"] = _marked(rng, counted["labvalue"], marked)
    laid.add("text mark in a number (<, >, =, ?, blank)", marked)
    faults = _Test(plan, name)
    _faults(rng, faults, worse, laid)
    return _described(rng, stack([counted, *faults.parts]), name, laid)


def _first_day(rng: np.random.Generator, made: _Test, measured: Array, low: Array, high: Array, laid: Laid) -> None:
    """Both extremes, and values between them."""
    count = len(measured)

    def inside(stay: Array) -> Array:
        hours = between(rng, _BEFORE_H, _AFTER_H, len(stay))
        has_icu = made.plan["has_icu"][stay]
        hours = on_a_bound(rng, hours, _ON_BOUND, _BEFORE_H, _AFTER_H)
        laid.add("laboratory value at exactly -6 h", has_icu & (hours == _BEFORE_H))
        laid.add("laboratory value at exactly 24 h", has_icu & (hours == _AFTER_H))
        return hours

    hours = inside(measured)
    made.add(measured, hours, low[measured])
    wide = measured[high[measured] > low[measured]]
    made.add(wide, inside(wide), high[wide])
    stay, _ = spread(rng.poisson(0.6, count))
    owner = measured[stay]
    step = TESTS[made.name].step
    steps = np.floor((high[owner] - low[owner]) / step + 1)
    made.add(owner, inside(owner), low[owner] + step * np.floor(rng.random(len(owner)) * steps))
    repeated = rng.random(count) < 0.03
    again, at = measured[repeated], hours[repeated]
    made.add(again, at, low[again])
    other = rng.random(len(again)) < 0.5
    made.add(again[other], at[other], high[again][other])
    laid.add("laboratory value repeated at one time", len(again) + int(other.sum()))


def _worse(plan: Columns, name: str) -> Array:
    """A value beyond all that counts, by patient, in hundredths; a typical one where nothing was measured."""
    typical = {"platelets": 9000.0, "inr": 165.0, "bilirubin": 5000.0, "creatinine": 25000.0}
    factor = _FACTOR_WORSE.get(name, 0.5)
    step = TESTS[name].step
    of = plan[f"{name}_high"] if factor > 1 else plan[f"{name}_low"]
    known = np.where(np.isnan(of), typical.get(name, TESTS[name].median), of)
    return np.asarray(np.maximum(np.round(known * factor / step), 1) * step)


def _outside(rng: np.random.Generator, made: _Test, worse: Array, laid: Laid) -> None:
    """Just outside the first day, and later."""
    count = len(worse)
    for side, hours in (("before -6 h", _BEFORE_H - TICK_H), ("after 24 h", _AFTER_H + TICK_H)):
        stay = np.flatnonzero(rng.random(count) < _ON_BOUND)
        made.add(stay, np.full(len(stay), hours), worse[stay])
        laid.add(f"laboratory value just {side}", made.plan["has_icu"][stay])
    stay, _ = spread(rng.poisson(np.where(made.plan["stay_end_h"] > 30, 1.2, 0)))
    last = np.maximum(made.plan["stay_end_h"][stay], 26)
    made.add(stay, between(rng, _AFTER_H + TICK_H, last, len(stay)), worse[stay])


def _faults(rng: np.random.Generator, made: _Test, worse: Array, laid: Laid) -> None:
    """On the first day, but no values; and a value without a time."""
    count = len(worse)
    for trap, share, words in (
        ("implausible laboratory value", 0.012, IMPLAUSIBLE),
        ("laboratory value that is no number", 0.012, NO_NUMBERS),
        ("laboratory value missing", 0.006, ("",)),
    ):
        stay = np.flatnonzero(rng.random(count) < share)
        hours = between(rng, _BEFORE_H, _AFTER_H, len(stay))
        made.add_words(stay, hours, text(words)[rng.integers(0, len(words), len(stay))])
        laid.add(trap, len(stay))
    stay = np.flatnonzero(rng.random(count) < 0.004)
    made.add(stay, np.full(len(stay), np.nan), worse[stay])
    laid.add("laboratory value without a time", len(stay))


def _marked(rng: np.random.Generator, values: Array, marked: Array) -> Array:
    before, after = (text([mark[end] for mark in _MARKS]) for end in (0, 1))
    which = rng.integers(0, len(_MARKS), len(values))
    spelt = np.strings.add(np.strings.add(before[which], values), after[which])
    return np.where(marked, spelt, values)


def _described(rng: np.random.Generator, rows: Columns, name: str, laid: Laid) -> Columns:
    """Item, unit, category and reference range, in their spellings."""
    count = size(rows)
    item, units = ITEMS[name]
    spellings = text([item, item.upper(), f"{item} "])
    spelling = rng.choice(3, count, p=(0.98, 0.01, 0.01))
    unit = rng.integers(0, len(units), count)
    laid.add("item in capitals or with a blank behind", spelling > 0)
    for number, written in enumerate(units):
        if len(units) > 1:
            laid.add(f"unit with {('µ (U+00B5)', 'μ (U+03BC)', 'u')[number]}: {written}", unit == number)
    return rows | {
        "category": constant(CATEGORIES.get(name, "Biochemistry"), count),
        "item": spellings[spelling],
        "unit": text(units)[unit],
        "ref": constant(REFERENCES[name], count),
    }


def _unused(rng: np.random.Generator, plan: Columns, laid: Laid) -> Columns:
    stay, _ = spread(rng.poisson(4, len(plan["anchor_h"])))
    count = len(stay)
    which = rng.integers(0, len(UNUSED_ITEMS), count)
    items, units, lows, highs = zip(*UNUSED_ITEMS, strict=True)
    low, high = np.array(lows, float)[which], np.array(highs, float)[which]
    laid.add("laboratory item that the study does not use", count)
    return {
        "stay": stay,
        "hours": between(rng, -24, np.maximum(plan["stay_end_h"][stay], 1), count),
        "labvalue": number_text(low + rng.random(count) * (high - low), 1),
        "category": constant("Others", count),
        "item": text(items)[which],
        "unit": text(units)[which],
        "ref": constant("", count),
    }
