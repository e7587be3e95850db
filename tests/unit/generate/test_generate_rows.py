"""Columns of arrays, and their way into PostgreSQL's binary COPY format."""

import struct

import numpy as np
import pytest

from mimic_db.tables import Column, Table
from twin.binary_copy import HEADER, TRAILER, encode
from twin.rows import moment, number_text, size, spread, stack, text
from twin.tables.charting import spelled

TABLE = Table(
    "hosp",
    "t",
    (
        Column("i", "integer", True, True),
        Column("s", "smallint", True, True),
        Column("f", "double precision", True, True),
        Column("w", "varchar(20)", True, True),
        Column("t", "timestamp(0)", True, True),
        Column("d", "date", True, True),
        Column("absent", "text", True, True),
    ),
)


def test_spread_repeats_owners_and_ranks_their_rows() -> None:
    owner, rank = spread(np.array([2, 0, -1, 3]))
    assert owner.tolist() == [0, 0, 3, 3, 3]
    assert rank.tolist() == [0, 1, 0, 1, 2]


def test_stack_fills_missing_columns_with_null() -> None:
    rows = stack([{"a": np.array([1]), "w": text(["x"])}, {"a": np.array([2]), "t": np.array(["2150-01-01"], "M8[s]")}])
    assert size(rows) == 2
    assert rows["w"].tolist() == [b"x", b""]
    assert np.isnat(rows["t"]).tolist() == [True, False]


def test_numbers_are_written_without_trailing_zeros() -> None:
    values = np.array([98.6, 100.0, np.nan, 0.5, -2.0])
    assert number_text(values, 2).tolist() == [b"98.6", b"100", b"", b"0.5", b"-2"]
    assert number_text(np.array([120.0, 99.6]), 0).tolist() == [b"120", b"100"]


def test_a_word_spelled_otherwise_is_the_same_word_and_no_word_stays_none() -> None:
    plan, five = {"spelling": np.array([0, 1, 2, 3, 4])}, np.arange(5)
    written = spelled(plan, five, np.full(5, b"Bipap mask "))
    assert written.tolist() == [b"Bipap mask ", b"bipap mask ", b"BIPAP MASK ", b"Bipap mask  ", b"Bipap mask"]
    assert spelled(plan, five, np.zeros(5, dtype="S1")).tolist() == [b""] * 5


def test_moments_are_full_minutes() -> None:
    intime = np.array(["2150-01-01T10:03:44"], "M8[s]")
    assert moment(intime, np.array([0.5]))[0] == np.datetime64("2150-01-01T10:33:00")


def test_binary_rows_are_as_postgresql_wants_them() -> None:
    rows = {
        "i": np.array([7, -1]),
        "s": np.array([np.nan, 3.0]),
        "f": np.array([1.5, np.nan]),
        "w": text(["°F", ""]),
        "t": np.array(["2000-01-01T00:00:01", "NaT"], "M8[s]"),
        "d": np.array(["2000-01-03", "NaT"], "M8[s]"),
    }
    null = struct.pack(">i", -1)
    first = (
        struct.pack(">hii", 7, 4, 7) + null + struct.pack(">id", 8, 1.5) + struct.pack(">i", 3) + "°F".encode()
        + struct.pack(">iq", 8, 1_000_000) + struct.pack(">ii", 4, 2) + null
    )  # fmt: skip
    second = struct.pack(">hii", 7, 4, -1) + struct.pack(">ih", 2, 3) + 5 * null
    assert b"".join(encode(rows, TABLE)) == HEADER + first + second + TRAILER


def test_a_column_that_the_table_lacks_is_an_error() -> None:
    with pytest.raises(ValueError, match="no column typo"):
        list(encode({"typo": np.array([1])}, TABLE))
