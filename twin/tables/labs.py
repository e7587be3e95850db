"""labevents: blood drawn every few hours, each panel one specimen, first-day extremes exactly as planned."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from twin.plan.faults import ALL_RESULTS, LATER_RESULTS, far_from, of_another
from twin.plan.intent import Intent
from twin.rows import Array, Columns, constant, moment, number_text, spread, stack, take, text

FIRST_DAY_H: Final = 30.0  # values stay within the planned extremes a little longer than the window asks


@dataclass(frozen=True)
class Test:
    """A laboratory test; `later` is where values drift to after the first day, `worse` where they do before a death."""

    itemid: int
    label: str
    category: str
    panel: str
    unit: str
    lower: float
    upper: float
    decimals: int
    later: float
    worse: float


TESTS: Final = {
    "platelets": Test(51265, "Platelet Count", "Hematology", "count", "K/uL", 150, 440, 0, 210, 60),
    "hemoglobin": Test(51222, "Hemoglobin", "Hematology", "count", "g/dL", 12, 16, 1, 9.2, 8.4),
    "hematocrit": Test(51221, "Hematocrit", "Hematology", "count", "%", 36, 48, 1, 28.0, 25.5),
    "wbc": Test(51301, "White Blood Cells", "Hematology", "count", "K/uL", 4, 11, 1, 10.0, 18.0),
    "inr": Test(51237, "INR(PT)", "Hematology", "coagulation", "", 0.9, 1.1, 1, 1.2, 2.2),
    "pt": Test(51274, "PT", "Hematology", "coagulation", "sec", 9.4, 12.5, 1, 13.4, 24.0),
    "creatinine": Test(50912, "Creatinine", "Chemistry", "chemistry", "mg/dL", 0.4, 1.1, 1, 1.0, 2.6),
    "bun": Test(51006, "Urea Nitrogen", "Chemistry", "chemistry", "mg/dL", 6, 20, 0, 22.0, 50.0),
    "sodium": Test(50983, "Sodium", "Chemistry", "chemistry", "mEq/L", 133, 145, 0, 139.0, 141.0),
    "potassium": Test(50971, "Potassium", "Chemistry", "chemistry", "mEq/L", 3.3, 5.1, 1, 4.1, 4.6),
    "chloride": Test(50902, "Chloride", "Chemistry", "chemistry", "mEq/L", 96, 108, 0, 103.0, 105.0),
    "bicarbonate": Test(50882, "Bicarbonate", "Chemistry", "chemistry", "mEq/L", 22, 32, 0, 25.0, 18.0),
    "anion_gap": Test(50868, "Anion Gap", "Chemistry", "chemistry", "mEq/L", 8, 20, 0, 12.5, 18.0),
    "glucose": Test(50931, "Glucose", "Chemistry", "chemistry", "mg/dL", 70, 100, 0, 130.0, 150.0),
    "bilirubin": Test(50885, "Bilirubin, Total", "Chemistry", "liver", "mg/dL", 0, 1.5, 1, 1.0, 6.0),
}
SECOND_PLATELETS: Final = 51704  # the same test under another number, which the study does not read
# an impossible number is planted only where the study's plausible range would catch it (seeds/lab_item.csv)
_BOUNDED: Final = frozenset({"creatinine", "bun", "sodium", "potassium", "bicarbonate", "anion_gap", "glucose"})
PANELS: Final = tuple(dict.fromkeys(test.panel for test in TESTS.values()))


def laboratory(rng: np.random.Generator, plan: Columns, intent: Intent) -> Columns:
    """Rows of labevents without identifiers of row and specimen: `specimen` numbers specimens within this part."""
    stay, hours, rank = _draws(rng, plan)
    parts = []
    for number, panel in enumerate(PANELS):
        drawn = _has_panel(rng, panel, rank)
        # a panel is one tube; panels of one draw differ by a minute now and then
        panel_hours = hours[drawn] + rng.choice([0.0, 1 / 60], drawn.sum(), p=[0.9, 0.1])
        for name, test in TESTS.items():
            if test.panel == panel:
                rows = _rows(rng, plan, name, stay[drawn], panel_hours, rank[drawn])
                rows["specimen"] = np.flatnonzero(drawn) * len(PANELS) + number
                parts.append(_spoil(rng, plan, name, take(rows, ~np.isnan(rows["valuenum"])), intent))
    return stack([*parts, *_strays(plan)])


def lab_rows(plan: Columns, stay: Array, hours: Array, itemid: int, valuenum: Array, decimals: int) -> Columns:
    """Rows of one test: identifiers of patient and admission, time, value."""
    return {
        "subject_id": plan["subject_id"][stay],
        "hadm_id": plan["hadm_id"][stay].astype(np.float64),
        "itemid": np.full(len(stay), itemid),
        "charttime": moment(plan["intime"][stay], hours),
        "value": number_text(valuenum, decimals),
        "valuenum": valuenum,
    }


def result_rows(
    rng: np.random.Generator, plan: Columns, test: Test, stay: Array, hours: Array, value: Array
) -> Columns:
    """Results of one test, rounded, with unit, range and flag."""
    rows = lab_rows(plan, stay, hours, test.itemid, np.round(value, test.decimals), test.decimals)
    abnormal = (rows["valuenum"] < test.lower) | (rows["valuenum"] > test.upper)
    return rows | {
        "valueuom": constant(test.unit, len(stay)),
        "ref_range_lower": np.full(len(stay), test.lower),
        "ref_range_upper": np.full(len(stay), test.upper),
        "flag": np.where(abnormal, b"abnormal", b""),
        "priority": text(["STAT", "ROUTINE", ""])[rng.choice(3, len(stay), p=[0.55, 0.4, 0.05])],
        "comments": constant("", len(stay)),
    }


def _draws(rng: np.random.Generator, plan: Columns) -> tuple[Array, Array, Array]:
    """Stay, hour and rank of each draw: rank -1 before the ICU, 0 and 1 surely in the first day, then every 8 h.

    Some stays have another one shortly before they end: a stay that follows soon has it in its own first-day window.
    """
    last = plan["los_h"] - 0.2
    count = np.clip(np.floor((last + 1) / 8), 2, 120).astype(np.int64)
    stay, rank = spread(count)
    start = rng.uniform(-2.5, 0.5, len(count))
    hours = start[stay] + 8 * rank + np.where(rank > 0, rng.uniform(-1, 1, len(rank)), 0)
    hours = np.where(rank > 0, np.minimum(hours, np.maximum(last, 2)[stay]), hours)
    before = np.flatnonzero(plan["hours_before_icu"] > 9)
    early = -np.minimum(rng.uniform(8, 30, len(before)), plan["hours_before_icu"][before])
    leaving = np.flatnonzero((rng.random(len(count)) < 0.4) & (last > 12))
    return (
        np.concatenate([stay, before, leaving]),
        np.concatenate([hours, early, last[leaving] - rng.uniform(0, 2, len(leaving))]),
        np.concatenate([rank, np.full(len(before), -1), count[leaving]]),
    )


def _has_panel(rng: np.random.Generator, panel: str, rank: Array) -> Array:
    first = (rank == 0) | (rank == 1)
    if panel == "liver":
        return np.asarray(first | (rank % 6 == 0))
    if panel == "coagulation":
        return np.asarray(first | (rank % 3 == 0))
    return np.asarray(first | (rng.random(len(rank)) < 0.9))


def _rows(rng: np.random.Generator, plan: Columns, name: str, stay: Array, hours: Array, rank: Array) -> Columns:
    test = TESTS[name]
    low, high = plan[f"{name}_low"], plan[f"{name}_high"]
    falls = rng.random(len(low)) < 0.5  # the first draw holds one extreme, the second the other
    weight = np.where(rank == 0, falls[stay], np.where(rank == 1, ~falls[stay], rng.random(len(stay))))
    planned = low[stay] + weight * (high - low)[stay]
    target = np.where(np.isnan(plan["death_h"]), test.later, test.worse)[stay]
    # organs stay as they are until a late infection
    drifts = (plan["infection"] != 1)[stay]
    gone = np.where(drifts, 1 - np.exp(-np.maximum(hours - FIRST_DAY_H, 0) / 90), 0)
    drifting = (planned + (target - planned) * gone) * np.exp(rng.normal(0, 0.05, len(stay)) * (gone > 0))
    value = np.where(hours < FIRST_DAY_H, planned, np.maximum(drifting, 0.1 if test.decimals else 1))
    rows = result_rows(rng, plan, test, stay, hours, value)
    rows["stay"] = stay
    rows["late"] = hours > FIRST_DAY_H  # may be spoiled without touching the plan
    # drawn in the emergency department before there was an admission
    unkeyed = (rank < 0) & (hours < plan["admit_h"][stay] + 2)
    unkeyed |= plan["unkeyed_results"][stay] >= np.where(rows["late"], LATER_RESULTS, ALL_RESULTS)
    rows["hadm_id"] = np.where(unkeyed, np.nan, rows["hadm_id"])
    return rows


def _spoil(rng: np.random.Generator, plan: Columns, name: str, rows: Columns, intent: Intent) -> Columns:
    """Failed tests, implausible and repeated values, as in the real table; the first day keeps its extremes."""
    stay, late = rows.pop("stay"), rows.pop("late")
    count = len(late)
    chance = rng.random(count)
    failed = late & (chance < 0.004)
    zero, huge = late & (chance > 0.9995), late & (chance > 0.9998) & (name in _BOUNDED)
    sound = ~(failed | zero)
    intent.note(
        f"lab {name}",
        stay=stay[sound],
        time=rows["charttime"][sound],
        value=rows["valuenum"][sound],
        in_admission=~np.isnan(rows["hadm_id"][sound]),
    )
    rows["valuenum"] = np.where(failed, np.nan, np.where(huge, 999_999, np.where(zero, 0, rows["valuenum"])))
    rows["value"] = np.where(failed, b"ERROR", np.where(huge, b"999999", np.where(zero, b"0", rows["value"])))
    rows["comments"] = np.where(failed, b"UNABLE TO REPORT.", rows["comments"])
    # reported twice: the same result under another specimen
    copies = take(rows, rng.random(count) < 0.002)
    copies["specimen"] = copies["specimen"] + 10_000_000
    return stack([rows, copies])


def _strays(plan: Columns) -> list[Columns]:
    """Results that are not to be read: of another patient's admission, a year away, under a number that no list has."""
    far, away = far_from(plan)
    # of a patient with other stays it might be the first day of one of these
    single = np.bincount(plan["patient"], minlength=len(plan["patient"]))[plan["patient"][far]] == 1
    far, away = far[single], away[single]
    mine, theirs = of_another(plan)
    second = np.flatnonzero(plan["has_second_platelets"])
    foreign = {"hadm_id": plan["hadm_id"][theirs].astype(np.float64)}
    platelets, creatinine = TESTS["platelets"], TESTS["creatinine"]

    def results(stay: Array, hours: Array | float, itemid: int, test: Test, value: float, specimen: int) -> Columns:
        number = len(stay)
        rows = lab_rows(plan, stay, np.broadcast_to(hours, number), itemid, np.full(number, value), test.decimals)
        return rows | {"valueuom": constant(test.unit, number), "specimen": specimen + stay}

    base = 20_000_000
    return [
        results(far, away, platelets.itemid, platelets, 11, base),
        results(mine, 2.0, platelets.itemid, platelets, 10, base + 100_000) | foreign,
        results(mine, 2.0, creatinine.itemid, creatinine, 9.7, base + 200_000) | foreign,
        results(second, 3.0, SECOND_PLATELETS, platelets, 12, base + 300_000),
    ]
