"""Rows of a Zigong file as texts; whatever is no sound CSV in UTF-8 is refused with its place.

Quoted fields may hold line breaks, so a row may take several lines; a file is never held in memory.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mimic_db.errors import UserError
from mimic_db.load.copy_file import Read

CHUNK_BYTES = 1 << 18
LONGEST_LINE = 1 << 24  # bytes

# two-byte characters of everyday Chinese and the four-byte ones; Latin-1's `µm` would pass as GB18030, but not here
_CHINESE = re.compile(rb"[\xa1-\xfe][\xa1-\xfe]|[\x81-\xfe][0-9][\x81-\xfe][0-9]")

_CUT = (
    "the file is cut short, its last line does not end: download it again and compare its SHA-256"
    " (or end the line, if nothing is missing)"
)
_NEVER_CLOSED = (
    "a quote that is opened in this row is not closed before the end of the file: it is cut short, or a quote is"
    " missing; download it again and compare its SHA-256"
)
_TOO_LONG = "a field of this row is longer than {:,} characters: a quote is not closed"
_STRAY_QUOTE = "a quote stands where none may be in this row: a text that holds one is quoted, and the quote doubled"
_CARRIAGE_RETURN = "a line of this row ends with CR alone: lines end with LF or CRLF"


@dataclass(frozen=True)
class Place:
    """The lines, counted from 1, that a row takes."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"line {self.first}" if self.first == self.last else f"lines {self.first} to {self.last}"


def rows_of(path: Path, read: Read) -> Iterator[tuple[int, list[str]]]:
    """Each row of the file, the header too: the line that it ends in, and its fields.

    Args:
        path: what messages call the file.
        read: gives the next bytes of the unpacked file, at most as many as it is asked for; none at the end.

    Raises:
        UserError: what cannot be read, at which line; nothing of the row is told.
    """
    reader = csv.reader(_lines(path, read), strict=True)
    ended = 0
    try:
        for row in reader:
            ended = reader.line_num
            yield ended, row
    except csv.Error as error:
        raise UserError(f"{path}: {_meaning(error)}, {Place(ended + 1, reader.line_num)}") from None


def _meaning(error: csv.Error) -> str:
    text = str(error)
    if "end of data" in text:
        return _NEVER_CLOSED
    if "limit" in text:
        return _TOO_LONG.format(csv.field_size_limit())
    return _CARRIAGE_RETURN if "new-line" in text else _STRAY_QUOTE


def _lines(path: Path, read: Read) -> Iterator[str]:
    """The lines with their ends, without the mark that may open a UTF-8 file."""
    pending, passed = b"", 0
    while more := read(max(CHUNK_BYTES, len(pending))):  # a long line is not looked through again for every chunk
        pending += more
        end = pending.rfind(b"\n") + 1
        if not end and len(pending) > LONGEST_LINE:
            raise UserError(f"{path}: a line is longer than {LONGEST_LINE >> 20} MB, line {passed + 1}: no CSV file")
        content, pending = pending[:end], pending[end:]
        if not passed:
            content = content.removeprefix(codecs.BOM_UTF8)
        yield from io.StringIO(_decoded(path, content, passed), newline="\n")
        passed += content.count(b"\n")
    if pending:
        _decoded(path, pending, passed)
        raise UserError(f"{path}: {_CUT}, line {passed + 1}")


def _decoded(path: Path, content: bytes, passed: int) -> str:
    """`content` as text; `passed` lines come before it.

    Raises:
        UserError: it is not UTF-8, or holds a zero byte.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = passed + 1 + content.count(b"\n", 0, error.start)
        raise UserError(f"{path}: the file is not UTF-8 text, line {line}{_remedy(content, error.start)}") from None
    if "\0" in text:
        line = passed + 1 + text.count("\n", 0, text.index("\0"))
        raise UserError(f"{path}: the file holds a zero byte, line {line}: take the file as PhysioNet ships it")
    return text


def _remedy(content: bytes, place: int) -> str:
    """What the text around `place` seems to be written in, and how to convert it."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "; it looks like UTF-16: convert it by iconv -f UTF-16 -t UTF-8"
    start = content.rfind(b"\n", 0, place) + 1
    end = content.find(b"\n", place)
    line = content[start : end if end >= 0 else len(content)]
    if _CHINESE.search(line) and _decodes(line):
        return "; it looks like a Chinese encoding (GB18030, GBK): convert it by iconv -f GB18030 -t UTF-8"
    return ": take the file as PhysioNet ships it"


def _decodes(line: bytes) -> bool:
    try:
        line.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return True
