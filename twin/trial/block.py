"""One block of a trial data set: its plan, then the rows of every table that follow from it."""

from collections.abc import Callable
from typing import Final

import numpy as np

from twin.block import (
    BLOCK_STAYS,
    ROOM,
    Block,
    hospital_tables,
    labevents,
    microbiologyevents,
    prescriptions,
    routine_charts,
    shifted,
)
from twin.plan.intent import Intent
from twin.rows import Array, Columns, stack
from twin.tables import elimination, infection
from twin.tables.charting import finish
from twin.tables.infusions.inputevents import written
from twin.tables.strays import charts_of_another
from twin.trial.controls import EXPOSURES
from twin.trial.design import TrialDesign
from twin.trial.population import draw_stays
from twin.trial.record import place
from twin.trial.tables.blood import laboratory
from twin.trial.tables.breathing import tube_episode
from twin.trial.tables.charts import decision_charts, slowed_pulse, storing_delay
from twin.trial.tables.drips import drips
from twin.trial.tables.history import earlier_admissions, old_diagnoses, old_results, screens
from twin.trial.tables.orders import control_orders

_ORDERS: Final = ("orderid", "linkorderid")


def make_trial_block(seed: int, number: int, stays: int, design: TrialDesign) -> Block:
    """A block of `stays` stays, as twin.block.make_block() gives it."""
    rng = np.random.default_rng([seed, number])
    intent = Intent()
    plan = draw_stays(rng, stays, design)
    place(rng, plan, number * BLOCK_STAYS)
    # what the controls add has random numbers of its own
    apart = rng.spawn(1)[0]
    ventilation = tube_episode(rng, plan, intent)
    replacement = elimination.renal_replacement(rng, plan, intent)
    pulse_of = slowed_pulse(apart, plan)
    charts = [
        *routine_charts(rng, plan, ventilation, replacement, intent, pulse_of),
        *decision_charts(rng, plan, intent),
    ]
    base = number * ROOM
    hospital = hospital_tables(rng, plan, intent)
    blood = [*laboratory(rng, plan, ventilation, intent), *old_results(apart, plan, intent)]
    cultures = stack([infection.cultures(rng, plan, intent), screens(apart, plan, intent)])
    tables = {
        **hospital,
        "admissions": stack([hospital["admissions"], earlier_admissions(apart, plan, intent)]),
        "diagnoses_icd": stack([hospital["diagnoses_icd"], old_diagnoses(plan, hospital["diagnoses_icd"], intent)]),
        "labevents": labevents(rng, blood, base),
        "microbiologyevents": microbiologyevents(cultures, base),
        "prescriptions": prescriptions(_orders(rng, apart, plan, intent), base),
        "chartevents": finish(rng, plan, charts, charts_of_another(plan), _delay_of(plan)),
        "inputevents": shifted(written(rng, plan, drips(rng, plan, ventilation), intent), _ORDERS, base),
        "outputevents": elimination.urine(rng, plan, intent),
        "procedureevents": shifted(elimination.procedures(rng, plan, ventilation, replacement), _ORDERS, base),
    }
    return Block(plan, intent, tables)


def _orders(rng: np.random.Generator, apart: np.random.Generator, plan: Columns, intent: Intent) -> Columns:
    """As the other design's, but for the null exposures: those answer to illness, not to a lot."""
    rows = infection.prescriptions(rng, plan, intent, without=[exposure.drug for exposure in EXPOSURES])
    controls = control_orders(apart, plan, intent)
    return stack([rows, controls | {"pharmacy": controls["pharmacy"] + 10_000_000}])


def _delay_of(plan: Columns) -> Callable[[Array, Array, Array], Array]:
    return lambda stay, charttime, itemid: storing_delay(plan["stay_id"][stay], charttime, itemid)
