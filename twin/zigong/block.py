"""One block of patients: its plan, then the rows of every file that follow from it.

A block has its own random numbers, seeded by the data set's seed and the block's number: memory does not grow with
their number.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from twin.rows import Columns
from twin.zigong.design import Design
from twin.zigong.outcome import draw_outcome
from twin.zigong.population import draw_population
from twin.zigong.tables.drugs import orders
from twin.zigong.tables.hospital import baseline, diagnoses, outcome, transfers
from twin.zigong.tables.labs import laboratory
from twin.zigong.tables.laid import Laid
from twin.zigong.tables.nursing import chart

BLOCK_PATIENTS: Final = 500
# 1:1 with the patient, and in another order: multiples of a number modulo a prime
_PRIME: Final = 1_000_003
_STRIDE: Final = 387_281


@dataclass(frozen=True)
class Block:
    """What is planned, the rows by file, and how many traps they hold."""

    plan: Columns
    files: dict[str, Columns]
    laid: Laid


def blocks(patients: int) -> Iterator[tuple[int, int]]:
    """Number and size of each block of a data set."""
    for number, first in enumerate(range(0, patients, BLOCK_PATIENTS)):
        yield number, min(BLOCK_PATIENTS, patients - first)


def make_plan(seed: int, number: int, patients: int, design: Design) -> tuple[np.random.Generator, Columns]:
    """The plan of a block, and the random numbers that its rows go on with."""
    rng = np.random.default_rng([seed, number])
    plan = draw_population(rng, patients)
    draw_outcome(rng, plan, design)
    counted = number * BLOCK_PATIENTS + 1 + np.arange(patients)
    plan["patient_id"] = (1_000_000 + counted).astype(np.bytes_)
    admission = counted * _STRIDE % _PRIME
    plan["inp_no"] = np.strings.zfill(admission.astype(np.bytes_), 10)
    return rng, plan


def make_block(seed: int, number: int, patients: int, design: Design) -> Block:
    """A block of `patients` patients."""
    rng, plan = make_plan(seed, number, patients, design)
    laid = Laid()
    files = {
        "dtBaseline": baseline(rng, plan, laid),
        "dtTransfer": transfers(rng, plan, laid),
        "dtICD": diagnoses(rng, plan, laid),
        "dtOutCome": outcome(rng, plan, laid),
        "dtLab": laboratory(rng, plan, laid),
        "dtDrugs": orders(rng, plan, laid),
        "dtNursingChart": chart(rng, plan, laid),
    }
    return Block(plan, files, laid)
