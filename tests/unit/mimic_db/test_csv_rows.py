"""Which rows are taken, and what is said of the others; and that no cut into chunks changes either."""

import io
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mimic_db.errors import UserError
from mimic_db.load import csv_rows
from mimic_db.load.csv_folder import SourceFile
from mimic_db.load.csv_rows import header_and_rows
from mimic_db.tables import TABLES
from torture.file_content import encode, plausible

TABLE = next(table for table in TABLES if table.name == "patients")
HEADER = b",".join(name.encode() for name in TABLE.column_names) + b"\n"
FILE = SourceFile(TABLE, Path("patients.csv"), TABLE.column_names, None)


def read_back(content: bytes, read: Callable[[int], bytes] | None = None) -> tuple[bytes, int]:
    """All bytes and the number of rows."""
    blocks = list(header_and_rows(FILE, read or io.BytesIO(content).read))
    return b"".join(block.content for block in blocks), sum(block.count for block in blocks)


def fault(rows: bytes) -> str:
    with pytest.raises(UserError) as raised:
        read_back(HEADER + rows)
    return str(raised.value).removeprefix("patients.csv: ")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 9), st.integers(0, 10_000), st.integers(1, 90), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_sound_rows_pass_unchanged_however_they_are_cut(
    count: int, seed: int, chunk: int, line_end: str, mark: bool
) -> None:
    sound = plausible(TABLE, count, random.Random(seed))
    content = b"\xef\xbb\xbf" * mark + encode(sound.header, sound.rows, line_end)
    whole = io.BytesIO(content)
    assert read_back(content, lambda size: whole.read(min(size, chunk))) == (content, count)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 5), st.integers(0, 10_000), st.binary(min_size=1, max_size=3), st.integers(0, 400))
def test_whatever_is_put_in_every_row_that_passes_has_all_columns(
    count: int, seed: int, damage: bytes, place: int
) -> None:
    sound = plausible(TABLE, count, random.Random(seed))
    rows = encode([], sound.rows)[1:]
    place %= len(rows)
    try:
        content, passed = read_back(HEADER + rows[:place] + damage + rows[place:])
    except UserError as refused:
        assert re.search(r", line \d+(, column \w+)?$", str(refused))
        return
    unquoted = re.sub(rb'"[^"]*"', b"", content)
    assert unquoted.count(b"\n") == passed + 1
    assert unquoted.count(b",") == (passed + 1) * (len(TABLE.columns) - 1)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (b"1,F,50,2150,x,now\n", "without a zone, line 2, column dod"),
        (b"1,F,50,2150,x,2150-01-02\n2,F,50,2150,x,01/02/2150\n", "without a zone, line 3, column dod"),
        (b'1,F,50,2150,"two\nlines",\n0x10,F,50,2150,x,\n', "not of the column's type, line 4, column subject_id"),
        (b'1,F,50,2150,a "word" here,\n', "the quote doubled, line 2, column anchor_year_group"),
        (b'1,F,50,2150,"a" b,\n', "the quote doubled, line 2, column anchor_year_group"),
        (b'1,F,50,2150,"x,\n', "or a quote is not closed, line 2"),
        (b"1,F,50,2150,x,\n\n", "as many values as the header has columns, or a quote is not closed, line 3"),
        (b"1,F,50,2150,x,\r\n", "a line does not end as the header does (CRLF or LF), line 2"),
        (b"1,F,50,2150,x,\n2,F,5", "the file is cut short, its last line does not end"),
        (b"1,F,50,2150,\xe9,\n", "the file is not UTF-8 text, line 2"),
        (b'1,F,50,2150,"a\n\0",\n', "the file holds a zero byte, line 3"),
    ],
)
def test_what_is_wrong_and_where(rows: bytes, told: str) -> None:
    assert told in fault(rows)


def test_a_quote_left_open_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "LONGEST_ROW", 1 << 20)
    endless = io.BytesIO(HEADER + b'1,F,50,2150,"' + b"x" * (1 << 23))
    with pytest.raises(UserError, match="a quote is not closed, line 2"):
        read_back(b"", endless.read)
    assert endless.tell() < 1 << 22


def test_a_header_that_is_not_the_one_that_was_found() -> None:
    with pytest.raises(UserError, match="changed since its header was read"):
        read_back(HEADER.replace(b"subject_id,gender", b"gender,subject_id") + b"F,1,50,2150,x,\n")
