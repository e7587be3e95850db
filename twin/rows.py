"""Columns of arrays, the form in which generated rows travel from their maker to COPY.

Text is a bytes array and b"" is NULL; a number that may be missing is a float and NaN is NULL; NaT is NULL.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Columns = dict[str, Array]


def spread(counts: Array) -> tuple[Array, Array]:
    """For `counts` rows of each owner: the owner's position and the row's rank within its owner, from 0."""
    counts = np.maximum(counts, 0)
    owner = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    return owner, np.arange(len(owner)) - first[owner]


def stack(parts: Sequence[Columns]) -> Columns:
    """All rows of `parts`, one below the other; a column that a part lacks is NULL there."""
    sizes = [size(part) for part in parts]
    names = list(dict.fromkeys(name for part in parts for name in part))
    stacked: Columns = {}
    for name in names:
        model = next(part[name] for part in parts if name in part)
        stacked[name] = np.concatenate(
            [part[name] if name in part else _nulls(model, count) for part, count in zip(parts, sizes, strict=True)]
        )
    return stacked


def take(columns: Columns, which: Array) -> Columns:
    """The rows `which` (positions, repeats allowed, or a mask)."""
    return {name: values[which] for name, values in columns.items()}


def size(columns: Columns) -> int:
    """Number of rows."""
    return len(next(iter(columns.values()))) if columns else 0


def text(values: Sequence[str]) -> Array:
    """`values` as UTF-8 bytes, so that they can be picked by position."""
    return np.array([value.encode() for value in values], dtype=np.bytes_)


def constant(value: str, count: int) -> Array:
    """`value`, `count` times."""
    encoded = value.encode()
    return np.full(count, encoded, dtype=f"S{max(len(encoded), 1)}")


def number_text(values: Array, decimals: int) -> Array:
    """Numbers as MIMIC writes them: no trailing zeros, b"" for NaN. Formats each distinct number once."""
    distinct, position = np.unique(np.round(values, decimals), return_inverse=True)
    written = ["" if np.isnan(number) else f"{number:.{decimals}f}" for number in distinct]
    if decimals:
        written = [number.rstrip("0").rstrip(".") for number in written]
    return text(written)[position]


def moment(intime: Array, hours: Array) -> Array:
    """`hours` after `intime` (datetime64[s]), to the full minute below, as charted."""
    seconds = intime.astype("datetime64[s]").astype(np.int64) + np.round(np.asarray(hours) * 3600).astype(np.int64)
    return (seconds // 60 * 60).astype("datetime64[s]")


def _nulls(model: Array, count: int) -> Array:
    if model.dtype.kind == "S":
        return np.zeros(count, dtype="S1")
    if model.dtype.kind == "M":
        return np.full(count, np.datetime64("NaT"), dtype=model.dtype)
    return np.full(count, np.nan)
