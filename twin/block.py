"""One block of ICU stays: its plan, then the rows of every table that follow from it.

A block has its own random numbers, seeded by the data set's seed and the block's number: blocks can be made in any
order, and memory does not grow with their number.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from twin.plan.design import Design
from twin.plan.identity import assign_identity
from twin.plan.intent import Intent
from twin.plan.outcome import draw_outcome
from twin.plan.population import draw_population
from twin.rows import Array, Columns, size, stack, take
from twin.tables import elimination, hospital, infection, respiration, vitals
from twin.tables.charting import finish
from twin.tables.diagnoses import diagnoses
from twin.tables.infusions.inputevents import infusions
from twin.tables.labs import laboratory
from twin.tables.strays import charts_of_another, far_charts

BLOCK_STAYS: Final = 250
ROOM: Final = 1_000_000  # numbers of rows, orders and specimens that a block may use: far more than it needs
MAX_STAYS: Final = BLOCK_STAYS * ((2**31 - 1) // ROOM)


@dataclass(frozen=True)
class Block:
    """What is planned, what the rows mean, and the rows by table name."""

    plan: Columns
    intent: Intent
    tables: dict[str, Columns]


def blocks(stays: int) -> Iterator[tuple[int, int]]:
    """Number and size of each block of a data set."""
    for number, first in enumerate(range(0, stays, BLOCK_STAYS)):
        yield number, min(BLOCK_STAYS, stays - first)


def routine_charts(
    rng: np.random.Generator,
    plan: Columns,
    ventilation: Columns,
    replacement: Columns,
    intent: Intent,
    pulse_of: Callable[[Array, Array, Array], Array] | None = None,
) -> list[Columns]:
    """What is charted of every patient: vital signs, weights, coma, respiratory support, renal replacement."""
    return [
        *vitals.vital_signs(rng, plan, intent, pulse_of),
        *vitals.slow_signs(rng, plan, ventilation, intent),
        *respiration.respiratory_charts(rng, plan, ventilation, intent),
        *elimination.renal_charts(rng, plan, replacement),
    ]


def hospital_tables(rng: np.random.Generator, plan: Columns, intent: Intent) -> dict[str, Columns]:
    """The tables that say who was where, and what was coded."""
    return {
        "patients": hospital.patients(rng, plan),
        "admissions": hospital.admissions(rng, plan, intent),
        "icustays": hospital.icustays(plan),
        "transfers": hospital.transfers(plan),
        "services": hospital.services(rng, plan, intent),
        "diagnoses_icd": diagnoses(rng, plan),
    }


def make_block(seed: int, number: int, stays: int, design: Design) -> Block:
    """A block of `stays` stays."""
    rng = np.random.default_rng([seed, number])
    intent = Intent()
    plan = draw_population(rng, stays, design)
    draw_outcome(rng, plan, design)
    assign_identity(rng, plan, number * BLOCK_STAYS)
    infection.draw_suspicion(rng, plan)
    ventilation = respiration.ventilation_episodes(rng, plan, intent)
    replacement = elimination.renal_replacement(rng, plan, intent)
    charts = [*routine_charts(rng, plan, ventilation, replacement, intent), *far_charts(plan)]
    base = number * ROOM
    tables = {
        **hospital_tables(rng, plan, intent),
        "labevents": labevents(
            rng, [laboratory(rng, plan, intent), respiration.blood_gases(rng, plan, ventilation, intent)], base
        ),
        "microbiologyevents": microbiologyevents(infection.cultures(rng, plan, intent), base),
        "prescriptions": prescriptions(infection.prescriptions(rng, plan, intent), base),
        "chartevents": finish(rng, plan, charts, charts_of_another(plan)),
        "inputevents": shifted(infusions(rng, plan, ventilation, intent), ("orderid", "linkorderid"), base),
        "outputevents": elimination.urine(rng, plan, intent),
        "procedureevents": shifted(
            elimination.procedures(rng, plan, ventilation, replacement), ("orderid", "linkorderid"), base
        ),
    }
    return Block(plan, intent, tables)


def labevents(rng: np.random.Generator, parts: list[Columns], base: int) -> Columns:
    """Specimens numbered across `parts`, rows in no order of time.

    Results are stored within two hours, or after the `delay` in seconds that parts bring.
    """
    for number, part in enumerate(parts):
        part["specimen"] = part["specimen"] + number * 100_000_000
    rows = stack(parts)
    count = size(rows)
    rows = take(rows, np.lexsort((rng.random(count), rows["subject_id"])))
    delay = rows.pop("delay") if "delay" in rows else 60 * rng.integers(10, 120, count)
    return _numbered(rows, "specimen", "specimen_id", base) | {
        "labevent_id": base + np.arange(count),
        "storetime": rows["charttime"] + delay.astype(np.int64) * np.timedelta64(1, "s"),
    }


def microbiologyevents(rows: Columns, base: int) -> Columns:
    """Specimens and rows numbered."""
    return _numbered(rows, "specimen", "micro_specimen_id", base) | {"microevent_id": base + np.arange(size(rows))}


def prescriptions(rows: Columns, base: int) -> Columns:
    """Orders numbered."""
    return _numbered(rows, "pharmacy", "pharmacy_id", base)


def _numbered(rows: Columns, key: str, name: str, base: int) -> Columns:
    """`rows` with the identifier `name` in place of the block's own `key`."""
    _, number = np.unique(rows[key], return_inverse=True)
    return {column: values for column, values in rows.items() if column != key} | {name: base + number}


def shifted(rows: Columns, names: tuple[str, ...], base: int) -> Columns:
    """`rows` with `base` added to identifiers that number from 0."""
    return rows | {name: rows[name] + base for name in names}
