"""Hours that doubles hold exactly: whole 64ths, so that a difference of two is what was meant, to the last digit."""

from typing import Final

import numpy as np

from twin.rows import Array

TICK_H: Final = 1 / 64
FIRST_DAY_H: Final = (-6.0, 24.0)  # of laboratory values; orders count from 0


def on_grid(hours: Array) -> Array:
    """The whole 64th below."""
    return np.asarray(np.floor(hours * 64) / 64)


def between(rng: np.random.Generator, low: Array | float, high: Array | float, count: int) -> Array:
    """Random hours from `low` up to `high`, both on the grid; `low` where `high` is not above it."""
    return np.asarray(low + on_grid(rng.random(count) * np.maximum(np.asarray(high) - low, 0)))


def on_a_bound(rng: np.random.Generator, hours: Array, share: float, *bounds: float) -> Array:
    """`hours`, of which each of the `bounds` takes the place of a `share`."""
    pick = rng.random(len(hours))
    for number, bound in enumerate(bounds):
        hours = np.where((pick >= number * share) & (pick < (number + 1) * share), bound, hours)
    return hours
