"""Were values missing because of what they were? Imputed values moved by a chosen distance, to see what depends on it."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from analysis_py.statistics.design import as_numbers, is_numeric, require_columns, require_unique_index
from analysis_py.statistics.errors import NotEstimable


def shift_imputed(
    data: pd.DataFrame,
    completed: Sequence[pd.DataFrame],
    shifts: Mapping[str, float],
    unit: Literal["natural", "sd"] = "natural",
) -> list[pd.DataFrame]:
    """The `completed` copies of `data` with what was imputed of some variables moved: data missing not at random.

    `shifts` holds a distance per variable, in its own unit or in standard deviations of its observed values. Values
    that `data` has stay; the gaps in `data` are the record of what was imputed. Each copy is then analysed and pooled
    as ever (pattern mixture, delta adjustment: van Buuren 2018, Flexible Imputation of Missing Data, section 3.8). The
    values moved did not yet serve to impute other variables: that dependence stays as imputed.

    Raises:
        NotEstimable: an unknown variable, one that is not a number, one with a gap in a copy, fewer than two observed
            values where their standard deviation is asked for, or a copy of other rows.
        ValueError: a distance that is not finite, or another unit.
    """
    if unit not in ("natural", "sd"):
        raise ValueError(f"unit must be natural or sd, not {unit!r}")
    require_unique_index(data)
    require_columns(data, list(shifts))
    distances = {name: _distance(data[name], shift, unit) for name, shift in shifts.items()}
    return [_shifted(data, copy, distances) for copy in completed]


def _distance(observed: pd.Series, shift: float, unit: str) -> float:
    if not np.isfinite(shift):
        raise ValueError(f"{observed.name}: a distance must be finite, not {shift!r}")
    if not is_numeric(observed) or pd.api.types.is_bool_dtype(observed.dropna().infer_objects()):
        raise NotEstimable(f"{observed.name} is not a number that can be moved")
    if unit == "natural":
        return float(shift)
    values = as_numbers(observed)
    values = values[~np.isnan(values)]
    if len(values) < 2:
        raise NotEstimable(f"{observed.name} has fewer than two observed values: no standard deviation")
    return float(shift * np.std(values, ddof=1))


def _shifted(data: pd.DataFrame, copy: pd.DataFrame, distances: Mapping[str, float]) -> pd.DataFrame:
    if not copy.index.equals(data.index):
        raise NotEstimable("a completed copy and data are not about the same rows")
    require_columns(copy, list(distances))
    moved = copy.copy()
    for name, distance in distances.items():
        values = as_numbers(copy[name])
        if np.isnan(values).any():
            raise NotEstimable(f"{name} has missing values in a completed copy")
        imputed = data[name].isna().to_numpy()
        if imputed.any():
            moved[name] = np.where(imputed, values + distance, values)
    return moved
