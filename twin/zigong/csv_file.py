"""Rows as lines of a CSV file in the database's style, from columns of arrays, without a Python loop over rows.

As R writes it: a row number without a name first, texts in quotes, numbers bare, NA for what is missing. Fields are
laid side by side in a fixed-width matrix of bytes; a mask then drops what a shorter one does not use.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from twin.rows import Array, Columns, number_text, size, take

_CHUNK_ROWS: Final = 20_000
_HOUR_DECIMALS: Final = 6  # a 64th of an hour has no more
_MISSING: Final = b"NA"


def header(names: Sequence[str]) -> bytes:
    """The first line; the row number has no name."""
    return (",".join(['""', *(f'"{name}"' for name in names)]) + "\n").encode()


def lines(rows: Columns, names: Sequence[str], first: int) -> bytes:
    """`rows` in the order of `names` (columns have them in lower case), numbered from `first` on.

    Raises:
        ValueError: columns and names are not the same.
    """
    if rows.keys() != {name.lower() for name in names}:
        raise ValueError(f"columns that differ: {sorted(rows.keys() ^ {name.lower() for name in names})}")
    ordered = {name.lower(): rows[name.lower()] for name in names}
    starts = range(0, size(rows), _CHUNK_ROWS)
    return b"".join(
        _chunk(take(ordered, np.arange(start, min(start + _CHUNK_ROWS, size(rows)))), first + start) for start in starts
    )


def _chunk(rows: Columns, first: int) -> bytes:
    count = size(rows)
    numbers = _quoted(np.arange(first, first + count).astype(np.bytes_))
    fields = [numbers, *(_field(values) for values in rows.values())]
    width = sum(field.dtype.itemsize + 1 for field in fields)
    matrix, kept = np.empty((count, width), np.uint8), np.ones((count, width), np.bool_)
    at = 0
    for number, field in enumerate(fields):
        end = at + field.dtype.itemsize
        matrix[:, at:end] = np.ascontiguousarray(field).view(np.uint8).reshape(count, -1)
        kept[:, at:end] = np.arange(end - at) < np.strings.str_len(field)[:, None]
        matrix[:, end] = ord("\n" if number == len(fields) - 1 else ",")
        at = end + 1
    return matrix[kept].tobytes()


def _field(values: Array) -> Array:
    if values.dtype.kind == "S":
        return np.where(values == b"", _MISSING, _quoted(values))
    return np.where(np.isnan(values), _MISSING, number_text(values, _HOUR_DECIMALS))


def _quoted(values: Array) -> Array:
    if (np.strings.find(values, b'"') >= 0).any():
        values = np.strings.replace(values, b'"', b'""')
    return np.asarray(np.strings.add(np.strings.add(b'"', values), b'"'))
