"""Faults of charting: rows that never ran, runs that nobody ended or began, rates that were lost."""

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
from twin.rows import Array, Columns, constant, moment
from twin.tables.infusions.drugs import DRUGS


def never_ran(plan: Columns) -> list[Columns]:
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


def endless_runs(plan: Columns, rows: Columns) -> Array:
    """Positions of the last pieces of infusions that are never charted as ended."""
    stay = rows["stay"]
    return np.concatenate(
        [
            _last(rows, (rows["drug"] == b"dexmedetomidine") & (plan["dex_fault"] == ENDLESS)[stay], rows["endtime"]),
            _last(rows, (rows["drug"] == b"norepinephrine") & plan["has_endless_pressor"][stay], rows["endtime"]),
        ]
    )


def early_runs(plan: Columns, rows: Columns) -> Array:
    """Positions of the first pieces of infusions that are charted from long before the stay."""
    chosen = (rows["drug"] == b"propofol") & plan["has_early_propofol"][rows["stay"]]
    return _last(rows, chosen, -rows["starttime"].astype(np.int64))


def _last(rows: Columns, chosen: Array, by: Array) -> Array:
    """Of each stay's `chosen` rows that are given, the position of the one that is last `by` something."""
    where = np.flatnonzero(chosen & rows["is_given"])
    where = where[np.lexsort((by[where], rows["stay"][where]))]
    stay = rows["stay"][where]
    return np.asarray(where[np.append(stay[1:] != stay[:-1], True)[: len(where)]])


def lose_rates(plan: Columns, rows: Columns, drug: Array) -> None:
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
