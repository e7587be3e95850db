r"""Rows of a file as they are written: what PostgreSQL would read otherwise is refused, with line and column.

COPY takes `now` for a date, 01/02/2150 by the server's DateStyle, 08:00+05 without its zone and 0x10 for a number; it
drops a stray quote, and before version 18 it ends at a line `\.`. So each row must fit a pattern that leaves no choice:
one regular expression per file, which reads a block of rows at once, faster than the server takes them.
"""

import re
from collections.abc import Iterator

from mimic_db.errors import UserError
from mimic_db.load.copy_file import Read, Rows
from mimic_db.load.csv_folder import SourceFile, header_names

CHUNK_BYTES = 1 << 18
LONGEST_ROW = 1 << 26  # bytes; a quote left open takes in the rest of the file, which may be 40 GB

# a branch ends with an empty one, not with `?`: that is a third faster
_TAIL = rb"(?:[eE][+-]?\d++|)"
_NUMBER = rb"(?:\d++(?:\.\d*+|)" + _TAIL + rb"|[+-]?(?:\d++(?:\.\d*+|)|\.\d++)" + _TAIL + rb"|[+-]?Infinity|NaN)"
_DATE = rb"\d{4}-\d\d-\d\d"
# by the type's first word
_VALUES = {
    "smallint": rb"[+-]?\d++",
    "integer": rb"[+-]?\d++",
    "real": _NUMBER,
    "double": _NUMBER,
    "timestamp": _DATE + rb"(?:[ T]\d\d:\d\d(?::[0-5]\d(?:\.\d++|)|)|)",
    "date": _DATE + rb"(?:[ T]00:00(?::00(?:\.0++|)|)|)",  # some programs write a date with its midnight
}
_DATES = ("timestamp", "date")
_TEXT = rb'(?:[^",\r\n]++|"(?:[^"]++|"")*+"|)'
_ANY_FIELD = re.compile(_TEXT)

_NOT_OF_TYPE = "a value is not of the column's type"
_NO_DATE = "a value is no date or time as in 2150-01-31 08:00:00, without a zone"
_NOT_THE_COLUMNS = "the row does not have as many values as the header has columns, or a quote is not closed"
_STRAY_QUOTE = "a quote stands where none may be: a text that holds one is quoted, and the quote doubled"
_TWO_LINE_ENDS = "a line does not end as the header does (CRLF or LF)"
_CUT = "the file is cut short, its last line does not end: download it again and compare its SHA-256"
_TOO_LONG = f"a row is longer than {LONGEST_ROW >> 20} MB: a quote is not closed"


def header_and_rows(file: SourceFile, read: Read) -> Iterator[Rows]:
    """The header line (0 rows), then all rows of `file` in blocks.

    Args:
        file: as it was found; its header must still be the same.
        read: gives the next bytes of the unpacked file, at most as many as it is asked for; none at the end.

    Raises:
        UserError: the first row that cannot be taken as it is written.
    """
    pending = b""
    while b"\n" not in pending and (more := read(CHUNK_BYTES)):
        pending += more
    header = pending[: pending.find(b"\n") + 1]
    if not header:
        raise UserError(f"{file.path}: {_CUT}, line 1")
    if header_names(file.path, header) != file.header:
        raise UserError(f"{file.path} changed since its header was read: load it again when it is complete")
    yield Rows(header, 0)

    pending, line = pending[len(header) :], 2
    grammar = _Grammar(file, line_end=b"\r\n" if header.endswith(b"\r\n") else b"\n")
    while True:
        end = grammar.end_of_rows(pending)
        rows, pending = pending[:end], pending[end:]
        _require_text(file, rows, line)
        line_ends = rows.count(b"\n")
        yield Rows(rows, line_ends - _quoted_line_ends(rows))
        line += line_ends
        # a long row is not looked through again for every small chunk
        more = read(max(CHUNK_BYTES, len(pending)))
        if pending and (fault := grammar.fault(pending, ended=not more)):
            what, column = fault
            raise UserError(f"{file.path}: {what}, line {line}" + (f", column {column}" if column else ""))
        if not more:
            return
        pending += more


class _Grammar:
    """What a row of one file looks like."""

    def __init__(self, file: SourceFile, line_end: bytes) -> None:
        types = {column.name: column.type.split("(")[0].split()[0] for column in file.table.columns}
        fields = [_field(types[name]) for name in file.header]
        self._columns = [
            (name, types[name], re.compile(field)) for name, field in zip(file.header, fields, strict=True)
        ]
        self._line_end = line_end
        # some rows at a time: the engine remembers every repetition
        self._rows = re.compile(b"(?:" + b",".join(fields) + line_end + b"){1,64}+")

    def end_of_rows(self, content: bytes) -> int:
        """Where the well-formed rows at the start of `content` end."""
        end = 0
        while found := self._rows.match(content, end):
            end = found.end()
        return end

    def fault(self, content: bytes, ended: bool) -> tuple[str, str | None] | None:
        """What is wrong with the first row, and in which column; None if it is but incomplete and more is to come."""
        values, rest = _values(content)
        if rest.startswith(self._line_end):
            return self._misfit(values)
        quote_open = rest.startswith(b'"') and not values[-1]
        if quote_open or self._line_end.startswith(rest):
            if len(content) > LONGEST_ROW:
                return _TOO_LONG, None
            if not ended:
                return None
            return (_NOT_THE_COLUMNS if quote_open else _CUT), None
        if rest[:1] in b"\r\n":
            return _TWO_LINE_ENDS, None
        return _STRAY_QUOTE, self._columns[min(len(values), len(self._columns)) - 1][0]

    def _misfit(self, values: list[bytes]) -> tuple[str, str | None]:
        if len(values) == len(self._columns):
            for value, (name, kind, pattern) in zip(values, self._columns, strict=True):
                if not pattern.fullmatch(value):
                    return (_NO_DATE if kind in _DATES else _NOT_OF_TYPE), name
        return _NOT_THE_COLUMNS, None


def _field(kind: str) -> bytes:
    """A field of a column: empty, or plain, or quoted."""
    if kind not in _VALUES:
        return _TEXT
    value = _VALUES[kind]
    return b"(?>" + value + b'|"' + value + b'"|)'


def _values(content: bytes) -> tuple[list[bytes], bytes]:
    """The fields of the first row as they are written, and the two bytes behind them."""
    values: list[bytes] = []
    end = -1
    while not values or content[end : end + 1] == b",":
        found = _ANY_FIELD.match(content, end + 1)
        assert found is not None  # it may be empty
        values.append(found[0])
        end = found.end()
    return values, content[end : end + 2]


def _quoted_line_ends(rows: bytes) -> int:
    """Those in every other piece between two quotes."""
    return b"".join(rows.split(b'"')[1::2]).count(b"\n") if b'"' in rows else 0


def _require_text(file: SourceFile, rows: bytes, line: int) -> None:
    """A server of another encoding than UTF-8 would not look."""
    fault, place = "the file holds a zero byte", rows.find(b"\0")
    if place < 0 and not rows.isascii():
        try:
            rows.decode()
        except UnicodeDecodeError as error:
            fault, place = "the file is not UTF-8 text", error.start
    if place >= 0:
        line += rows.count(b"\n", 0, place)
        raise UserError(f"{file.path}: {fault}, line {line}")
