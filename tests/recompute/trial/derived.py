"""Measurements that are made of several rows: Glasgow Coma Scale, urine of a day, P/F ratio."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from tests.recompute.trial.choices import Choices, word
from tests.recompute.trial.measured import Measurement
from tests.recompute.trial.rows import HOUR, Row, by_time, last_known

PARTS = ("gcs_motor", "gcs_verbal", "gcs_eyes")


def coma(rows: Sequence[Row], choices: Choices) -> list[Measurement[float]]:
    """The sum of three parts; one that is not charted is that of the time before, if not too old, else normal."""
    normal = {part: choices[f"gcs_normal_{part.removeprefix('gcs_')}"] for part in PARTS}
    found: list[Measurement[float]] = []
    before: tuple[int, list[Row]] | None = None
    for at, group in by_time(rows):
        now = _parts(group, choices)
        carried: dict[str, float] = {}
        made_of = list(group)
        if before and before[0] > at - choices["gcs_carry_forward_h"] * HOUR and len(now) < len(PARTS):
            carried = _parts(before[1], choices)
            made_of += before[1]
        before = (at, list(group))
        total: float | None
        if now.get("gcs_verbal", carried.get("gcs_verbal")) == 0:
            total = choices["gcs_normal_total"] if choices["gcs_intubated"] == "normal" else None
        else:
            if carried.get("gcs_verbal") == 0:
                carried = {}  # the tube is out: what was charted with it is not carried forward
            total = sum(now.get(part, carried.get(part, normal[part])) for part in PARTS)
        if total is not None:
            found.append(Measurement(at, last_known(made_of), float(total)))
    return found


def _parts(group: Sequence[Row], choices: Choices) -> dict[str, float]:
    """The highest number of each part; a verbal response that a tube prevents is 0."""
    tube = word(choices["gcs_verbal_intubated_text"])
    found: dict[str, float] = {}
    for row in group:
        value = 0.0 if row.kind == "gcs_verbal" and word(row.text) == tube else row.value
        if value is not None:
            found[row.kind] = max(value, found.get(row.kind, value))
    return found


def urine_of_a_day(rows: Sequence[Row], heart_rates: Sequence[Row], choices: Choices) -> list[Measurement[float]]:
    """mL in 24 h at each time of charting that ends a covered day: each volume covers the time since the last."""
    if not heart_rates:
        return []
    first = min(heart_rates, key=lambda row: (row.at, row.known))
    times = by_time(rows)
    found = []
    for at, _ in times:
        volume, minutes, made_of = 0.0, 0, []
        for place, (earlier, group) in enumerate(times):
            if not at - choices["urine_lookback_h"] * HOUR <= earlier <= at:
                continue
            since, before = (times[place - 1]) if place else (first.at, [first])
            volume += sum(row.value or 0.0 for row in group)
            minutes += earlier // 60 - since // 60
            made_of += [*group, *before]
        covered_h = float((Decimal(minutes) / 60).quantize(Decimal("0.01"), ROUND_HALF_UP))
        if choices["urine_day_min_h"] <= covered_h <= choices["urine_day_max_h"]:
            found.append(Measurement(at, last_known(made_of), volume / covered_h * 24))
    return found


def arterial_ratios(gases: Sequence[Row], charted: Sequence[Row], choices: Choices) -> list[Measurement[float]]:
    """PaO2 / FiO2 of each arterial specimen; FiO2 from the gas, else the last one charted not long before."""
    specimens: dict[int | None, list[Row]] = {}
    for row in gases:
        specimens.setdefault(row.specimen, []).append(row)
    charted_fio2 = _charted_fio2(charted, choices)
    found = []
    for rows in specimens.values():
        at = max(row.at for row in rows)
        texts = [row.text.encode() for row in rows if row.kind == "specimen" and row.text is not None]
        pressures = [row.value for row in rows if row.kind == "po2" and row.value is not None]
        is_arterial = bool(texts) and word(max(texts).decode()) == word(choices["blood_gas_arterial_text"])
        if not is_arterial or not pressures:
            continue
        known = last_known(rows)
        fio2 = max((share for row in rows if (share := _fio2_of_gas(row, choices)) is not None), default=None)
        if fio2 is None:
            before = [each for each in charted_fio2 if each.at <= at]
            last = max(before, key=lambda each: each.at, default=None)
            if last is None or at - last.at > choices["chart_fio2_lookback_h"] * HOUR:
                continue
            fio2, known = last.value, max(known, last.known)
        found.append(Measurement(at, known, 100 * max(pressures) / fio2))
    return found


def _fio2_of_gas(row: Row, choices: Choices) -> float | None:
    if row.kind != "fio2" or row.value is None:
        return None
    if choices["fio2_percent_min"] < row.value <= 100:
        return row.value
    return row.value * 100 if choices["fio2_fraction_above"] < row.value <= 1 else None


def _charted_fio2(rows: Sequence[Row], choices: Choices) -> list[Measurement[float]]:
    found = []
    for at, group in by_time(rows):
        percents = []
        for row in group:
            value = row.value or 0.0
            if choices["fio2_fraction_above"] < value <= 1:
                percents.append(value * 100)
            elif choices["fio2_percent_min"] <= value <= 100:
                percents.append(value)
        if percents:
            found.append(Measurement(at, last_known(group), max(percents)))
    return found
