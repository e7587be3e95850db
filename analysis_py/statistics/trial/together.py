"""Designs of the same patients, resampled at once: a model of treatment that several of them share is fitted once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite

import numpy as np
import pandas as pd

from analysis_py.statistics.efron import Integers
from analysis_py.statistics.trial.bootstrap import Bootstrap, Progress, bootstrap
from analysis_py.statistics.trial.result import Design, Draw
from analysis_py.statistics.trial.treatment import TreatmentModel
from analysis_py.statistics.trial.weighted import WeightedDesign
from analysis_py.statistics.trial.weights import GraceEnd, Inverse, Pooled

_BETWEEN = " \N{MIDDLE DOT} "


@dataclass(frozen=True)
class _Together:
    """As one Design; quantities carry the name of theirs."""

    designs: Mapping[str, Design]

    @property
    def size(self) -> int:
        return next(iter(self.designs.values())).size

    def draw(self, counts: Integers) -> Draw:
        values: dict[str, float] = {}
        reasons: list[str] = []
        for name, design in self.designs.items():
            drawn = design.draw(counts)
            values |= {f"{name}{_BETWEEN}{quantity}": value for quantity, value in drawn.values.items()}
            reasons += [drawn.reason] if drawn.reason else []
        return Draw(values, reasons[0] if reasons else "")


def bootstrap_together(
    designs: Mapping[str, Design],
    resamples: int = 500,
    seed: int = 1,
    processes: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Bootstrap]:
    """What bootstrap() gives for each of `designs`, by name, with the same seed.

    Raises:
        ValueError: designs of different numbers of patients (pairs).
    """
    if len({design.size for design in designs.values()}) != 1:
        raise ValueError("the designs are not of the same patients")
    shared = dict(zip(designs, _sharing(list(designs.values())), strict=True))
    drawn = bootstrap(_Together(shared), resamples, seed, processes, progress)  # type: ignore[arg-type]
    return {name: _part(drawn.draws, f"{name}{_BETWEEN}") for name in designs}


def _part(draws: pd.DataFrame, prefix: str) -> Bootstrap:
    own = draws[[column for column in draws if str(column).startswith(prefix)]]
    own = own.rename(columns=lambda column: str(column).removeprefix(prefix))
    failed = int(sum(not all(map(isfinite, values)) for values in own.itertuples(index=False)))
    return Bootstrap(own, {"not estimable": failed} if failed else {})


def _sharing(designs: Sequence[Design]) -> list[Design]:
    """The designs, each with the first model that is equal to its own."""
    models: list[TreatmentModel] = []

    def first(model: TreatmentModel) -> TreatmentModel:
        found = next((known for known in models if _equal(known, model)), None)
        if found is None:
            models.append(model.remembering())
        return found or models[-1]

    shared: list[Design] = []
    for design in designs:
        weighting = design.weighting if isinstance(design, WeightedDesign) else None
        if isinstance(weighting, GraceEnd):
            pooled = replace(weighting.pooled, model=first(weighting.pooled.model))
            weighting = replace(weighting, pooled=pooled, at_end=first(weighting.at_end))
        elif isinstance(weighting, (Inverse, Pooled)):
            weighting = replace(weighting, model=first(weighting.model))
        if isinstance(design, WeightedDesign) and weighting is not None:
            design = replace(design, weighting=weighting)
        shared.append(design)
    return shared


def _equal(one: TreatmentModel, other: TreatmentModel) -> bool:
    return (
        one.names == other.names
        and np.array_equal(one.starts, other.starts)
        and np.array_equal(one.matrix, other.matrix)
    )
