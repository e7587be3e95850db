"""Rows of a Zigong file as COPY's text format takes them: no row number, what is missing as NULL, hours looked at."""

import math
import re
from collections.abc import Iterator, Sequence

from mimic_db.errors import UserError
from mimic_db.load.copy_file import Read, Rows
from mimic_db.load.csv_folder import SourceFile
from zigong_db.csv_text import Place, rows_of
from zigong_db.files import column_names
from zigong_db.tables import NUMBER

COPY_OPTIONS = "format text, null 'NA'"

_MISSING = "NA"
_BLOCK_CHARACTERS = 1 << 16  # psycopg holds up to 1,024 blocks
_DECIMAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def copy_rows(file: SourceFile, read: Read) -> Iterator[Rows]:
    """All rows of `file` in blocks, in the order of its header.

    Args:
        file: as it was found; its header must still be the same.
        read: gives the next bytes of the unpacked file, at most as many as it is asked for; none at the end.

    Raises:
        UserError: the first row that cannot be taken as it is written; of its content at most the one number is told.
    """
    rows = rows_of(file.path, read)
    ended, header = next(rows, (0, []))
    if not header or column_names(file.path, header) != file.header:
        raise UserError(f"{file.path} changed since its header was read: load it again when it is complete")
    width, skipped = len(header), len(header) - len(file.header)
    numbers = [(skipped + at, column.name) for at, column in enumerate(file.table.columns) if column.type == NUMBER]
    block: list[str] = []
    characters = 0
    for line, row in rows:
        if len(row) != width:
            raise UserError(f"{file.path}: {_wrong_width(len(row), width)}, {Place(ended + 1, line)}")
        for at, name in numbers:
            if row[at]:
                row[at] = _number(row[at], name, file, Place(ended + 1, line))
        ended = line
        text = _copy_line(row[skipped:])
        block.append(text)
        characters += len(text)
        if characters > _BLOCK_CHARACTERS:
            yield Rows("".join(block).encode(), len(block))
            block, characters = [], 0
    if block:
        yield Rows("".join(block).encode(), len(block))


def _copy_line(values: Sequence[str]) -> str:
    text = "\t".join([value or _MISSING for value in values])
    if "\\" in text or "\n" in text or "\r" in text or text.count("\t") >= len(values):
        text = "\t".join([value.translate(_ESCAPES) or _MISSING for value in values])
    return text + "\n"


def _number(text: str, column: str, file: SourceFile, place: Place) -> str:
    """A number as PostgreSQL reads it back exactly, or what stands for a missing one.

    Raises:
        UserError: no number, or not a finite one.
    """
    written = text.strip()
    if written in ("", _MISSING):
        return _MISSING
    if _DECIMAL.fullmatch(written) and math.isfinite(number := float(written)):
        return repr(number)
    meant = "an age in years" if column == "age" else "a number of hours from hospital admission"
    raise UserError(
        f"{file.path}: {_shown(text)} is not {meant}, {place}, column {column}:"
        " write a finite decimal number such as 12.5, or NA if it is unknown"
    )


def _shown(text: str) -> str:
    """One wrong cell, so short that it holds no sentence about a patient."""
    return repr(text if len(text) <= 24 else text[:24] + "…")


def _wrong_width(found: int, width: int) -> str:
    if not found:
        return "the line is empty: remove it"
    return (
        f"the row has too {'few' if found < width else 'many'} fields, {found} where the header has {width}:"
        " a comma is missing or too many, or a text with a comma is not quoted"
    )
