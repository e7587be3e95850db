"""SAPS II of a block of stays (Le Gall 1993, as mimic-code's sapsii has it), from the makers' notes.

The worst of the 24 hours after ICU admission, the moment of admission left out; vital signs, blood and gases are the
patient's, urine and coma the stay's own.
"""

import numpy as np

from twin.arrays import extreme, hours_since, mean_by_time, shared
from twin.plan.intent import Intent
from twin.rows import Array, Columns, take


def saps2(plan: Columns, intent: Intent) -> Array:
    """The score of each stay; what was not measured gives no points."""
    count, patient = len(plan["stay_id"]), plan["patient"]

    def on_day(notes: Columns) -> Columns:
        hours = hours_since(notes["time"], plan["intime"][notes["stay"]])
        return take(notes, (hours > 0) & (hours <= 24))

    def ends(notes: Columns) -> tuple[Array, Array]:
        """Lowest and highest value."""
        day = on_day(shared(patient, notes))
        low, high = (extreme(count, day["stay"], day["value"], choose) for choose in (np.minimum, np.maximum))
        return low, high

    def signs(name: str) -> tuple[Array, Array]:
        return ends(mean_by_time(intent.of(name)))

    def blood(test: str) -> tuple[Array, Array]:
        return ends(intent.of(f"lab {test}"))

    def points(*rules: tuple[Array, int]) -> Array:
        """Points of the first rule that holds."""
        return np.select([holds for holds, _ in rules], [value for _, value in rules], 0)

    age = plan["age"]
    slowest, fastest = signs("heart_rate")
    lowest, highest = signs("sbp")
    _, hottest = signs("temperature")
    _, bun = blood("bun")
    wbc_low, wbc_high = blood("wbc")
    potassium_low, potassium_high = blood("potassium")
    sodium_low, sodium_high = blood("sodium")
    bicarbonate, _ = blood("bicarbonate")
    _, bilirubin = blood("bilirubin")
    urine = on_day(intent.of("urine"))
    charted = np.bincount(urine["stay"], minlength=count) > 0
    volume = np.where(charted, np.bincount(urine["stay"], urine["value"], minlength=count), np.nan)
    coma = on_day(intent.of("gcs"))
    gcs = extreme(count, coma["stay"], coma["value"], np.minimum)
    gas = on_day(shared(patient, intent.of("gas")))
    helped = gas["is_ventilated"] & gas["own"] | _on_mask(plan, intent, gas)
    lungs = extreme(count, gas["stay"][helped], gas["level"][helped], np.maximum)
    admission = intent.of("admission")
    row = np.searchsorted(admission["stay"], plan["admission"])
    surgical, elective = intent.of("service")["is_surgical"][row], admission["is_elective"][row]
    return (
        points((age >= 80, 18), (age >= 75, 16), (age >= 70, 15), (age >= 60, 12), (age >= 40, 7))
        + points((slowest < 40, 11), (fastest >= 160, 7), (fastest >= 120, 4), (slowest < 70, 2))
        + points((lowest < 70, 13), (lowest < 100, 5), (highest >= 200, 2))
        + points((hottest >= 39, 3))
        + points((lungs >= 4, 11), (lungs >= 3, 9), (lungs >= 0, 6))
        + points((volume < 500, 11), (volume < 1000, 4))
        + points((bun >= 84, 10), (bun >= 28, 6))
        + points((wbc_low < 1, 12), (wbc_high >= 20, 3))
        + points((potassium_low < 3, 3), (potassium_high >= 5, 3))
        + points((sodium_low < 125, 5), (sodium_high >= 145, 1))
        + points((bicarbonate < 15, 6), (bicarbonate < 20, 3))
        + points((bilirubin >= 6, 9), (bilirubin >= 4, 4))
        + points((gcs < 6, 26), (gcs < 9, 13), (gcs < 11, 7), (gcs < 14, 5))
        + points((surgical & elective, 0), (surgical, 8), (np.ones(count, np.bool_), 6))
    )


def _on_mask(plan: Columns, intent: Intent, gas: Columns) -> Array:
    """Which gases were drawn under a mask: from 1 h before its first charting of the day to 4 h after its last."""
    count = len(plan["stay_id"])
    masks = intent.of("mask")
    hours = hours_since(masks["time"], plan["intime"][masks["stay"]])
    day = (hours > 0) & (hours <= 24)
    first = extreme(count, masks["stay"][day], hours[day], np.minimum)
    last = extreme(count, masks["stay"][day], hours[day], np.maximum)
    begin, end = np.maximum(first - 1, 0), np.minimum(last + 4, 24)
    # a mask of any stay of the patient
    covered = np.zeros(len(gas["stay"]), np.bool_)
    for wearer in np.flatnonzero(~np.isnan(first)):
        mine = plan["patient"][gas["stay"]] == plan["patient"][wearer]
        since = hours_since(gas["time"], plan["intime"][wearer])
        covered |= mine & (since > begin[wearer]) & (since <= end[wearer])
    return covered
