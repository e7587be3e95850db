"""PostgreSQL's binary COPY format, from columns of arrays, without a Python loop over rows.

Every row is laid out in a fixed-width matrix of bytes; a mask then drops the bytes that a NULL or a short text does
not use. https://www.postgresql.org/docs/15/sql-copy.html, "Binary Format".
"""

from collections.abc import Iterator

import numpy as np

from mimic_db.tables import Column, Table
from twin.rows import Array, Columns, size, take

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
CHUNK_ROWS = 50_000

_NUMBERS = {
    "integer": ">i4",
    "smallint": ">i2",
    "bigint": ">i8",
    "real": ">f4",
    "double precision": ">f8",
    "boolean": "u1",
}
_EPOCH = np.datetime64("2000-01-01")


def encode(rows: Columns, table: Table) -> Iterator[bytes]:
    """Pieces of a binary COPY of `rows` into all columns of `table`; a column that `rows` lacks is NULL.

    Raises:
        ValueError: `rows` has a column that `table` lacks.
    """
    unknown = rows.keys() - set(table.column_names)
    if unknown:
        raise ValueError(f"{table} has no column {', '.join(sorted(unknown))}")
    yield HEADER
    for start in range(0, size(rows), CHUNK_ROWS):
        yield _encode_chunk(take(rows, np.arange(start, min(start + CHUNK_ROWS, size(rows)))), table)
    yield TRAILER


def _encode_chunk(rows: Columns, table: Table) -> bytes:
    count = size(rows)
    fields = [_field(rows.get(column.name), column, count) for column in table.columns]
    width = 2 + sum(4 + data.shape[1] for data, _ in fields)
    matrix = np.empty((count, width), dtype=np.uint8)
    kept = np.ones((count, width), dtype=np.bool_)
    matrix[:, :2] = np.frombuffer(len(fields).to_bytes(2, "big"), np.uint8)
    at = 2
    for data, length in fields:
        end = at + 4 + data.shape[1]
        matrix[:, at : at + 4] = _bytes(length.astype(">i4"))
        matrix[:, at + 4 : end] = data
        if (length != data.shape[1]).any():
            kept[:, at + 4 : end] = np.arange(data.shape[1]) < length[:, None]
        at = end
    return matrix[kept].tobytes()


def _field(values: Array | None, column: Column, count: int) -> tuple[Array, Array]:
    """The value's bytes, padded, (rows x width), and how many of them count; -1 for NULL."""
    if values is None:
        return np.empty((count, 0), np.uint8), np.full(count, -1)
    if column.type.startswith(("varchar", "char", "text")):
        length = np.char.str_len(values)
        return _bytes(values), np.where(length == 0, -1, length)
    missing: Array = np.isnat(values) if values.dtype.kind == "M" else np.isnan(values)
    data = _bytes(_number(values, missing, column))
    return data, np.where(missing, -1, data.shape[1])


def _number(values: Array, missing: Array, column: Column) -> Array:
    if column.type == "date":
        return (values.astype("datetime64[D]") - _EPOCH).astype(np.int64).astype(">i4")
    if column.type.startswith("timestamp"):
        return (values.astype("datetime64[us]") - _EPOCH).astype(np.int64).astype(">i8")
    kind = _NUMBERS[column.type]
    return (values if ">f" in kind else np.where(missing, 0, values)).astype(kind)


def _bytes(values: Array) -> Array:
    return np.ascontiguousarray(values).view(np.uint8).reshape(len(values), values.dtype.itemsize)
