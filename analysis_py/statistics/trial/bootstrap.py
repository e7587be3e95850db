"""Bootstrap over patients: every model of a design is fitted anew on each resample."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.trial.result import Design, Draw
from analysis_py.statistics.workers import in_parallel

Progress = Callable[[int, int], None]

_LEAST_SHARE = 0.5  # of the resamples that must give a number
_BATCH = 5  # resamples that a process takes at a time


@dataclass(frozen=True)
class Bootstrap:
    """`draws`: a row per resample, a column per quantity, NaN where it could not be estimated; `failures` says why."""

    draws: pd.DataFrame
    failures: dict[str, int]

    @property
    def failed(self) -> int:
        """Resamples of which some quantity could not be estimated."""
        return sum(self.failures.values())

    def interval(self, quantity: str, level: float = 0.95) -> tuple[float, float]:
        """Percentile interval of a quantity over the resamples that give it.

        Raises:
            NotEstimable: fewer than half of the resamples do.
        """
        values = self.draws[quantity].to_numpy()
        finite = values[np.isfinite(values)]
        if len(finite) < max(_LEAST_SHARE * len(values), 2):
            raise NotEstimable(f"{quantity}: {len(finite)} of {len(values)} resamples give a number")
        lower, upper = np.quantile(finite, [(1 - level) / 2, (1 + level) / 2]).tolist()
        return lower, upper


def bootstrap(
    design: Design, resamples: int = 500, seed: int = 1, processes: int | None = None, progress: Progress | None = None
) -> Bootstrap:
    """Draw patients with replacement `resamples` times and estimate anew.

    Same seed, same result, whatever the number of `processes` (all cores unless given). `progress` is called with the
    resamples done and `resamples`.
    """
    if resamples < 1:
        raise ValueError("resamples must be at least 1")
    batches = [range(first, min(first + _BATCH, resamples)) for first in range(0, resamples, _BATCH)]
    draws: list[Draw] = []
    for batch in in_parallel(_draw, (design, seed), batches, processes):
        draws += batch
        if progress is not None:
            progress(len(draws), resamples)
    failures: dict[str, int] = {}
    for reason in (draw.reason for draw in draws if draw.reason):
        failures[reason] = failures.get(reason, 0) + 1
    return Bootstrap(pd.DataFrame([draw.values for draw in draws]), failures)


def _draw(design: Design, seed: int, batch: range) -> list[Draw]:
    draws = []
    for number in batch:
        random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))
        chosen = random.integers(design.size, size=design.size)
        draws.append(design.draw(np.bincount(chosen, minlength=design.size)))
    return draws
