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
from twin.rows import Array, Columns
from twin.tables import elimination, infection
from twin.tables.charting import finish
from twin.tables.infusions.inputevents import written
from twin.tables.strays import charts_of_another
from twin.trial.design import TrialDesign
from twin.trial.population import draw_stays
from twin.trial.record import place
from twin.trial.tables.blood import laboratory
from twin.trial.tables.breathing import tube_episode
from twin.trial.tables.charts import decision_charts, storing_delay
from twin.trial.tables.drips import drips

_ORDERS: Final = ("orderid", "linkorderid")


def make_trial_block(seed: int, number: int, stays: int, design: TrialDesign) -> Block:
    """A block of `stays` stays, as twin.block.make_block() gives it."""
    rng = np.random.default_rng([seed, number])
    intent = Intent()
    plan = draw_stays(rng, stays, design)
    place(rng, plan, number * BLOCK_STAYS)
    ventilation = tube_episode(rng, plan, intent)
    replacement = elimination.renal_replacement(rng, plan, intent)
    charts = [*routine_charts(rng, plan, ventilation, replacement, intent), *decision_charts(rng, plan, intent)]
    base = number * ROOM
    tables = {
        **hospital_tables(rng, plan, intent),
        "labevents": labevents(rng, laboratory(rng, plan, ventilation, intent), base),
        "microbiologyevents": microbiologyevents(infection.cultures(rng, plan, intent), base),
        "prescriptions": prescriptions(infection.prescriptions(rng, plan, intent), base),
        "chartevents": finish(rng, plan, charts, charts_of_another(plan), _delay_of(plan)),
        "inputevents": shifted(written(rng, plan, drips(rng, plan, ventilation), intent), _ORDERS, base),
        "outputevents": elimination.urine(rng, plan, intent),
        "procedureevents": shifted(elimination.procedures(rng, plan, ventilation, replacement), _ORDERS, base),
    }
    return Block(plan, intent, tables)


def _delay_of(plan: Columns) -> Callable[[Array, Array, Array], Array]:
    return lambda stay, charttime, itemid: storing_delay(plan["stay_id"][stay], charttime, itemid)
