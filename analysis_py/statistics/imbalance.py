"""How unlike two groups are in all covariates, under one set of weights after another."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis_py.statistics.balance import Kind
from analysis_py.statistics.design import Booleans, Floats, as_numbers, as_weights, levels, two_groups
from analysis_py.statistics.errors import NotEstimable


@dataclass(frozen=True)
class Imbalance:
    """Covariates as columns, made once: numbers in standard deviations of all rows, levels as indicators.

    `numbers` and `indicators` are rows x columns, `groups` the columns of `indicators` that are of one covariate,
    without its first level.
    """

    index: pd.Index
    treated: Booleans
    numbers: Floats
    indicators: Floats
    groups: tuple[slice, ...]

    def largest(self, weights: pd.Series) -> float:
        """The largest absolute difference of standardized_mean_difference(weights, denominator="adjusted").

        Rows of weight 0 have no part. What does not vary differs by 0.

        Raises:
            NotEstimable: weights of other rows, negative or missing ones, an arm that weighs nothing, or one row that
                has all the weight.
        """
        if not weights.index.equals(self.index):
            raise NotEstimable("weights and covariates are not about the same rows")
        weight = as_weights(weights)
        weight = weight / weight.sum()
        by_arm = [np.where(self.treated == arm, weight, 0.0) for arm in (True, False)]
        for name, own in zip(("treated", "untreated"), by_arm, strict=True):
            if not own.any():
                raise NotEstimable(f"all weights of the {name} are 0")
        given, without = (own / own.sum() for own in by_arm)
        contrast = given - without
        spread = 1 - float((weight**2).sum())  # unbiased for weights that do not count rows
        if not spread > 1e-12:
            raise NotEstimable("one row has all the weight")
        around = self.numbers - weight @ self.numbers
        variance = weight @ around**2 / spread
        found = [_ratio(np.abs(contrast @ self.numbers), np.sqrt(variance))]
        share, difference = weight @ self.indicators, contrast @ self.indicators
        for columns in self.groups:
            own, gap = share[columns], difference[columns]
            inverse = np.linalg.pinv(np.diag(own) - np.outer(own, own), hermitian=True)
            found.append(np.sqrt(np.maximum([gap @ inverse @ gap], 0.0)))
        return float(np.concatenate(found).max(initial=0.0))


def imbalance(data: pd.DataFrame, kinds: Mapping[str, Kind], treatment: str) -> Imbalance:
    """`data`'s covariates by their kind, ready for weights.

    Raises:
        NotEstimable: an empty group, a missing or infinite value, or a binary covariate with more than two values.
    """
    numbers: list[Floats] = []
    indicators: list[Floats] = []
    groups: list[slice] = []
    for name, kind in kinds.items():
        if data[name].isna().any():
            raise NotEstimable(f"{name} has missing values; impute them first")
        if kind == "continuous":
            values = as_numbers(data[name])
            width = float(values.std())
            if width > 1e-12 * np.abs(values).max(initial=0.0):
                numbers.append((values - values.mean()) / width)
            continue
        present = levels(data[name])
        if kind == "binary" and len(present) > 2:
            raise NotEstimable(f"{name} has more than two values")
        if len(present) < 2:
            continue
        begin = len(indicators)
        indicators += [np.asarray(data[name] == level, dtype=np.float64) for level in present[1:]]
        groups.append(slice(begin, len(indicators)))
    none = np.zeros((len(data), 0))
    return Imbalance(
        data.index,
        two_groups(data[treatment]),
        np.column_stack([none, *numbers]),
        np.column_stack([none, *indicators]),
        tuple(groups),
    )


def _ratio(difference: Floats, deviation: Floats) -> Floats:
    """Differences in standard deviations; 0 where the weighted rows do not vary."""
    varies = deviation > 1e-12
    return np.where(varies, difference / np.where(varies, deviation, 1.0), 0.0)
