"""From standard normal and uniform numbers to values with given quartiles, shares and correlations."""

from typing import Final

import numpy as np

from twin.rows import Array

Quartiles = tuple[float, float, float]
_UPPER_QUARTILE: Final = 0.67449  # of a standard normal variable


def with_quartiles(normal: Array, quartiles: Quartiles) -> Array:
    """Values with these quartiles from standard normal ones: two halves of a normal distribution, each of its width."""
    lower, median, upper = quartiles
    return np.asarray(median + normal * np.where(normal < 0, median - lower, upper - median) / _UPPER_QUARTILE)


def logs(quartiles: Quartiles) -> Quartiles:
    """Quartiles on the log scale."""
    lower, median, upper = np.log(quartiles)
    return lower, median, upper


def correlated(rng: np.random.Generator, count: int, *causes: tuple[float, Array]) -> Array:
    """A standard normal variable that has these correlations with causes that do not depend on each other."""
    rest = 1 - sum(correlation**2 for correlation, _ in causes)
    latent = np.sqrt(rest) * rng.normal(size=count)
    return np.asarray(latent + sum(correlation * cause for correlation, cause in causes))


def share_below(rng: np.random.Generator, count: int, *causes: tuple[float, Array]) -> Array:
    """The share of stays that lie below, 0..1, by such a variable."""
    return uniform_of(correlated(rng, count, *causes))


def standardized(yes: Array, share: float) -> Array:
    """A flag that `share` of the stays have, with mean 0 and variance 1."""
    return np.asarray((yes - share) / np.sqrt(share * (1 - share)))


def ordinal(share: Array, shares: tuple[float, ...]) -> Array:
    """An ordinal 0, 1, ... of which each value has its share of stays."""
    return np.searchsorted(np.cumsum(shares), share).clip(0, len(shares) - 1)


def chance(log_odds: Array) -> Array:
    """The probability that belongs to log odds."""
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def uniform_of(normal: Array) -> Array:
    """The standard normal distribution function, to 2e-7 (Abramowitz and Stegun 26.2.17)."""
    t = 1 / (1 + 0.2316419 * np.abs(normal))
    series = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
    tail = np.exp(-(normal**2) / 2) / np.sqrt(2 * np.pi) * series
    return np.asarray(np.where(normal > 0, 1 - tail, tail))
