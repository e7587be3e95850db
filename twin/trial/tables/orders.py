"""prescriptions of the null exposures (twin/trial/controls.py): the first order where it was decided, and renewals."""

from typing import Final

import numpy as np

from twin.plan.intent import Intent
from twin.rows import Array, Columns, constant, moment, stack, take, text
from twin.trial.controls import BEFORE_ICU, BEFORE_ZERO, EXPOSURES
from twin.trial.frames import control_starts

_HOUR: Final = np.timedelta64(3600, "s")
_RENEWED, _REPEATED = 0.35, 0.2  # share of orders that go on in a second one: of long ones, of short ones
_LEAST_LONG_H: Final = 12
_NO_STOP_SHARE: Final = 0.01
DRUGS: Final = text([exposure.drug for exposure in EXPOSURES])


def control_orders(rng: np.random.Generator, plan: Columns, intent: Intent) -> Columns:
    """Rows with `pharmacy` from 0 on. All start on the full hour, as decisions do; none after the patient has left."""
    starts = control_starts(plan)
    stay, drug = np.nonzero(~np.isnan(starts))
    by_decision = _orders(plan, stay, drug, plan["zero_h"][stay] + starts[stay, drug])
    before, what = np.nonzero(plan["control_before"])
    kind, share = plan["control_before"][before, what], rng.random(len(before))
    hours = np.where(
        kind == BEFORE_ICU,
        -share * plan["hours_before_icu"][before],
        share * np.minimum(plan["zero_h"], plan["los_h"])[before],
    )
    here = (hours < plan["los_h"][before]) & np.isin(kind, (BEFORE_ICU, BEFORE_ZERO))
    first = stack([by_decision, take(_orders(plan, before, what, hours), here)])
    is_long = first["hours"] >= _LEAST_LONG_H
    count = len(first["stay"])
    goes_on = rng.random(count) < np.where(is_long, _RENEWED, _REPEATED)
    # the next order begins before, with or after the end of the first
    gap = rng.choice((-2, 0, 6), count)
    second = first | {
        "start": first["start"] + (first["hours"] + np.where(is_long, gap, 6)) * _HOUR,
        "hours": np.where(is_long, 12 * rng.integers(1, 5, count), first["hours"]),
    }
    orders = stack([first, take(second, goes_on)])
    stop = orders["start"] + orders["hours"] * _HOUR
    stop = np.where(rng.random(len(stop)) < _NO_STOP_SHARE, np.datetime64("NaT"), stop).astype("datetime64[s]")
    left = moment(plan["intime"], plan["discharge_h"])[orders["stay"]]
    return _written(plan, take(orders | {"stop": stop}, orders["start"] < left), intent)


def _orders(plan: Columns, stay: Array, drug: Array, hours: Array) -> Columns:
    start = moment(plan["intime"][stay], hours).astype(np.int64) // 3600 * 3600
    return {
        "stay": stay,
        "drug": drug,
        "start": start.astype("datetime64[s]"),
        "hours": plan["control_hours"][stay, drug],
    }


def _written(plan: Columns, orders: Columns, intent: Intent) -> Columns:
    stay, drug = orders["stay"], orders["drug"]
    count = len(stay)
    intent.note("order", stay=stay, drug=DRUGS[drug], start=orders["start"], end=orders["stop"])
    strength, dose, unit, route = (
        text([getattr(exposure, name) for exposure in EXPOSURES]) for name in ("strength", "dose", "unit", "route")
    )
    return {
        "subject_id": plan["subject_id"][stay],
        "hadm_id": plan["hadm_id"][stay],
        "pharmacy": np.arange(count),
        "starttime": orders["start"],
        "stoptime": orders["stop"],
        "drug_type": constant("MAIN", count),
        "drug": DRUGS[drug],
        "prod_strength": strength[drug],
        "dose_val_rx": dose[drug],
        "dose_unit_rx": unit[drug],
        "route": route[drug],
        "doses_per_24_hrs": np.ones(count),
    }
