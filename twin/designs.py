"""What there is to plant, and who makes it: the study's design, or the trial's."""

from collections.abc import Callable
from dataclasses import dataclass

from twin.block import Block, make_block
from twin.plan.design import Design
from twin.rows import Columns
from twin.tables.dictionary import dictionaries
from twin.trial.block import make_trial_block
from twin.trial.design import TrialDesign
from twin.trial.tables.charts import ITEMS
from twin.trial.tables.history import CODES, LAB_ITEMS
from twin.trial.truth.truth import trial_truth
from twin.truth.truth import truth

AnyDesign = Design | TrialDesign


@dataclass(frozen=True)
class Maker:
    """`block` by seed, number and stays; `truth` by table; `dictionaries` of the items that occur."""

    block: Callable[[int, int, int], Block]
    truth: Callable[[Block], dict[str, Columns]]
    dictionaries: Callable[[], dict[str, Columns]]


def maker_of(design: AnyDesign) -> Maker:
    """The maker of a design."""
    if isinstance(design, TrialDesign):
        return Maker(
            lambda seed, number, stays: make_trial_block(seed, number, stays, design),
            trial_truth,
            lambda: dictionaries(ITEMS, LAB_ITEMS, CODES),
        )
    return Maker(
        lambda seed, number, stays: make_block(seed, number, stays, design),
        lambda block: truth(block.plan, block.intent),
        dictionaries,
    )
