"""What ran and what was given, from the rows of inputevents."""

import math
from dataclasses import dataclass
from typing import Any

from tests.recompute.source import Source
from tests.recompute.trial.choices import Choices, seed, word
from tests.recompute.trial.rows import HOUR, records
from tests.recompute.trial.stays import Stay, margin_of


@dataclass(frozen=True)
class Infusion:
    """A row of a drug; `rate` in the drug's usual unit. A row of doubtful time or place neither runs nor is given."""

    drug: str
    reading: str
    start: int | None
    end: int | None
    rate: float | None
    amount: float | None
    is_running: bool
    is_given: bool

    def runs_at(self, moment: int) -> bool:
        """Started before the moment and not ended before it."""
        if not self.is_running or self.start is None or self.end is None:
            return False
        return self.start < moment <= self.end

    def was_charted(self) -> bool:
        """A rate or an amount above 0, whatever else is wrong with the row."""
        return (self.rate or 0) > 0 or (self.amount or 0) > 0


@dataclass(frozen=True)
class Unit:
    """How many micrograms, or units, an hour."""

    name: str
    measure: str
    per_hour: float
    is_per_kg: bool


def infusions_of(source: Source, stays: dict[int, Stay], choices: Choices) -> dict[int, list[Infusion]]:
    """Rows of the drugs that the study uses, by stay."""
    readings = ("default", "other_heparin", choices["vasoactive_items"])
    listed = seed("infusion_item")
    items = {int(item["itemid"]): item for item in listed if item["reading"] in readings}
    columns = ["subject_id", "stay_id", "starttime", "endtime", "itemid", "rate", "rateuom", "amount", "amountuom"]
    reader = _Reader(choices)
    found: dict[int, list[Infusion]] = {}
    for row in records(source.read("icu", "inputevents", [*columns, "patientweight"], list(items))):
        stay = stays.get(row["stay_id"])
        if stay is not None and stay.subject_id == row["subject_id"]:
            found.setdefault(stay.stay_id, []).append(reader.infusion(row, items[row["itemid"]], stay))
    return found


class _Reader:
    def __init__(self, choices: Choices) -> None:
        self.margin, self.bolus = margin_of(choices), choices["quality_bolus_max_h"] * HOUR
        self.units = {
            unit["spelling"].strip().lower(): Unit(
                unit["rate_unit"], unit["measure"], float(unit["per_hour"]), unit["is_per_kg"] == "true"
            )
            for unit in seed("rate_unit")
        }
        amounts = seed("infusion_amount")
        self.factors = {(a["measure"], a["amount_unit"].lower()): float(a["factor"]) for a in amounts}

    def infusion(self, row: dict[str, Any], item: dict[str, str], stay: Stay) -> Infusion:
        start, end, amount = row["starttime"], row["endtime"], row["amount"]
        in_order = start is not None and end is not None and start <= end
        is_sound = in_order and (
            stay.is_near(start, self.margin) or stay.is_near(end, self.margin) or (start < stay.admitted_at < end)
        )
        usual = self.units[item["rate_unit"]]
        rate = self._rate(row, item["drug"], usual)
        if rate is None and is_sound and end - start > self.bolus and (amount or 0) > 0:
            rate = self._rate_of_amount(row, usual)
        if is_sound:
            start = max(start, stay.admitted_at - self.margin)
            if stay.discharged_at is not None and stay.discharged_at >= stay.admitted_at:
                end = min(end, stay.discharged_at + self.margin)
        is_running = is_sound and end > start and rate is not None and rate > 0
        is_given = is_sound and (rate is None or rate > 0) and ((amount or 0) > 0 or is_running)
        return Infusion(item["drug"], item["reading"], start, end, rate, amount, is_running, is_given)

    def _rate(self, row: dict[str, Any], drug: str, usual: Unit) -> float | None:
        """The charted rate in the drug's usual unit."""
        rate, spelling, weight = row["rate"], word(row["rateuom"]), row["patientweight"]
        if rate is None or not math.isfinite(rate):
            return None
        unit = self.units.get(spelling or "")
        if unit is None or unit == usual:
            return float(rate)
        if drug == "norepinephrine" and unit.name == "mg/kg/min" and weight == 1:
            return float(rate)  # charted against a weight of 1 kg: the number is mcg already
        if unit.measure != usual.measure:
            return float(rate)
        converted = rate * unit.per_hour / usual.per_hour
        if unit.is_per_kg == usual.is_per_kg:
            return float(converted)
        if weight is None or weight <= 0:
            return None
        return float(converted * weight if unit.is_per_kg else converted / weight)

    def _rate_of_amount(self, row: dict[str, Any], usual: Unit) -> float | None:
        factor = self.factors.get((usual.measure, word(row["amountuom"]) or ""))
        weight = row["patientweight"] if usual.is_per_kg else 1.0
        if factor is None or weight is None or weight <= 0:
            return None
        charted_h = (row["endtime"] - row["starttime"]) / HOUR
        return float(row["amount"] * factor / (charted_h * usual.per_hour) / weight)


def union(runs: list[tuple[int, int]], bridge: int = 0) -> list[tuple[int, int]]:
    """Stretches that overlap, touch or lie at most `bridge` seconds apart as one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(run for run in runs if run[1] > run[0]):
        if merged and start <= merged[-1][1] + bridge:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
