"""Faults of one file: what is done to it, and how a load may end then."""

import gzip
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from torture.file_content import Content, Field, encode, fits, kind, quoted, write

Ending = Literal["refused", "loaded", "either", "warned"]


@dataclass(frozen=True)
class Mutation:
    """A file as it is put down by `place`, and how a load of it must end.

    `content` is what it then means; `lines` and `column` are where the fault is, if it has a place in the text;
    `hidden` is what no message may repeat; `meddle` is done once while the file is read.
    """

    name: str
    ending: Ending
    content: Content
    place: Callable[[Path], None]
    lines: range | None = None
    column: str | None = None
    hidden: str = ""
    meddle: Callable[[Path], None] | None = None


# kind of column -> field as it stands in the file -> how it ends. Loaded means: with the value that Python reads
_INTEGERS: dict[str, Ending] = {
    "-7": "loaded", "+7": "loaded", "007": "loaded", '"12"': "loaded", " 12 ": "either", "1e3": "refused",
    "12.5": "refused", "0x10": "refused", "0b11": "refused", "1_000": "refused", "99999999999999999999": "refused",
    "NaN": "refused", "Infinity": "refused", "\u0663": "refused", "\u22125": "refused", '"1,5"': "refused",
    '""': "refused", "many words": "refused", "\\N": "refused", "--5": "refused", '"12': "refused",
}  # fmt: skip
_NUMBERS: dict[str, Ending] = {
    "-3.5": "loaded", ".5": "loaded", "5.": "loaded", "1e3": "loaded", "-1E-3": "loaded", "Infinity": "loaded",
    "-Infinity": "loaded", "NaN": "loaded", '"2.5"': "loaded", "1e400": "refused", "1e-400": "refused",
    "0x10": "refused", "0x1p3": "refused", "1_000": "refused", '"1,5"': "refused", "12 mg": "refused", ">12": "refused",
    "1.2.3": "refused", " 12.5 ": "either", "inf": "either", "nan": "either", '""': "refused", "\\N": "refused",
}  # fmt: skip
_DATES: dict[str, Ending] = {
    "now": "refused", "NOW": "refused", "today": "refused", "tomorrow": "refused", "yesterday": "refused",
    "epoch": "refused", "allballs": "refused", "infinity": "refused", "-infinity": "refused", "01/02/2150": "refused",
    "13/02/2150": "refused", "02.01.2150": "refused", "10000-01-01": "refused", "0000-01-01": "refused",
    "2150-02-30": "refused", "2150-13-01": "refused", "2150-1-5": "refused", "21500105": "refused",
    "2150-005": "refused", "J2451187": "refused", "Jan 5 2150": "refused", "2150-01-05 BC": "refused",
    "50-01-05": "refused", "-2150-01-05": "refused", " 2150-01-05 ": "either", '""': "refused", "\\N": "refused",
    "2199-12-31": "loaded", '"2150-01-05"': "loaded", "1800-01-01": "loaded",
}  # fmt: skip
_TIMES: dict[str, Ending] = {
    "2150-01-05 08:00:00+05": "refused", "2150-01-05 08:00:00-05:30": "refused", "2150-01-05T08:00:00Z": "refused",
    "2150-01-05 08:00:00 UTC": "refused", "2150-01-05 25:00:00": "refused", "2150-01-05 08:61:00": "refused",
    "2150-01-05 08:00 PM": "refused", "2150-01-05 8:00": "refused", "2150-01-05 08": "refused",
    "2150-01-05 08:00:99": "refused", "2150-01-05 07:59:60": "refused", "09:30:00": "refused",
    "2199-12-31 23:59:59": "loaded", "2150-01-05T08:00:00": "loaded", "2150-01-05 08:00": "loaded",
    "2150-01-05 08:00:00.000": "loaded",
}  # fmt: skip
_DAYS: dict[str, Ending] = {"2150-01-05 08:00:00": "refused", "2150-01-05 00:00:00": "loaded"}
_FIELDS: dict[str, dict[str, Ending]] = {
    "integer": _INTEGERS,
    "smallint": _INTEGERS | {"40000": "refused"},
    "double": _NUMBERS,
    "real": _NUMBERS,
    "timestamp": _DATES | _TIMES,
    "date": _DATES | _DAYS,
}
# well-formed texts: each is loaded as it is where it fits
_WORDS = [
    "", "NULL", "\\N", "\\.", "now", "infinity", "'; drop table x; --", "=cmd()", "\u00e9\u00df\u65e5\u672c",
    "\U0001f600", "a,b", 'a"b', '"', '""', ",", "a\nb", "a\r\nb", "\n", "a\n\\.\nb", "  x  ", "\t", "\u200b", "\ufeff",
    "%s", "{x}", "\\", "x;y",
]  # fmt: skip


def of_fields(content: Content, chance: random.Random) -> Iterator[Mutation]:
    """Every odd field, each in one column of its type, at a row left to chance."""
    places: dict[str, list[int]] = {}
    for place in range(len(content.header)):
        places.setdefault(kind(content.column(place)), []).append(place)
    for name, candidates in places.items():
        for raw, ending in _FIELDS.get(name, {}).items():
            yield _odd_field(content, chance, chance.choice(candidates), raw, ending)
    texts = places.get("varchar", []) + places.get("text", [])
    for word in _WORDS if texts else []:
        yield from _odd_text(content, chance, chance.choice(texts), word)
    if endless := places.get("text"):
        yield from _odd_text(content, chance, chance.choice(endless), "ten million " * 900_000)
        yield from _odd_text(content, chance, chance.choice(endless), 'a "quoted"\nline, ' * 600_000)
    if limited := [place for place in texts if "(" in content.column(place).type]:
        yield _odd_field(content, chance, chance.choice(limited), "w" * 10_000_000, "refused")
    if numbers := places.get("integer", []) + places.get("double", []):
        yield _odd_field(content, chance, chance.choice(numbers), "9" * 10_000_000, "refused")
    required = [place for place in range(len(content.header)) if not content.column(place).nullable]
    yield _odd_field(content, chance, chance.choice(required), "", "refused")


def _odd_field(content: Content, chance: random.Random, place: int, raw: str, ending: Ending) -> Mutation:
    """One field written as `raw`."""
    row, column = chance.randrange(len(content.rows)), content.column(place)
    meant: Field = raw[1:-1] if raw.startswith('"') and raw.endswith('"') else raw
    changed = content.with_field(row, place, meant) if ending == "loaded" else content
    lines = _lines(content)
    fields = [quoted(field) for field in content.rows[row]]
    fields[place] = raw
    lines[row + 1] = ",".join(fields).encode() + b"\n"
    return Mutation(
        f"{raw[:24]!r} in {kind(column)} {content.table}.{column.name}",
        ending,
        changed,
        _bytes(b"".join(lines)),
        _place(content, row),
        None if raw == '"12' else column.name,
        raw.strip('"'),
    )


def _odd_text(content: Content, chance: random.Random, place: int, text: str) -> Iterator[Mutation]:
    column = content.column(place)
    if not fits(column, text):
        return
    changed = content.with_field(chance.randrange(len(content.rows)), place, text)
    name = f"{text[:24]!r} in {column.type} {content.table}.{column.name}"
    yield Mutation(name, "loaded", changed, _bytes(encode(changed.header, changed.rows)))


def of_rows(content: Content, chance: random.Random) -> Iterator[Mutation]:
    """Rows with too few or too many fields, quotes that do not fit, rows twice."""
    row = chance.randrange(len(content.rows) - 1)
    lines, place = _lines(content), _place(content, row)
    whole = lines[row + 1]
    bare = whole[:-1]
    wide = len(content.header) > 1

    def put(name: str, ending: Ending, changed: bytes, meant: Content = content) -> Mutation:
        text = b"".join([*lines[: row + 1], changed, *lines[row + 2 :]])
        return Mutation(f"{name} in {content.table}", ending, meant, _bytes(text), place)

    yield put("a field too many", "refused", bare + b",patients-own-words\n")
    yield put("a delimiter at the end", "refused", bare + b",\n")
    yield put("a blank line", "refused", b"\n" + whole)
    yield put("a line of 5,000 fields", "refused", b"1," * 4_999 + b"1\n" + whole)
    yield put("a line of 20 MB", "refused", b"x" * 20_000_000 + b"\n")
    if not wide:
        # the end of the file for PostgreSQL before 18, which does not say where it was
        text = b"".join([*lines[: row + 1], b"\\.\n", *lines[row + 1 :]])
        yield Mutation(rf"a line \. in {content.table}", "either", content, _bytes(text))
    if wide:
        yield put("a field too few", "refused", bare[: bare.rindex(b",")].split(b"\n")[0] + b"\n")
        yield put("a line of blanks", "refused", b"   \n" + whole)
        yield put("a line of delimiters alone", "refused", b"," * (len(content.header) - 1) + b"\n" + whole)
        yield put(r"a line \.", "refused", b"\\.\n" + whole)
        yield put(r"a line \N", "refused", b"\\N\n" + whole)
        yield put("two rows on a line", "refused", bare + b"," + whole)
    if wide and "\n" not in "".join(field or "" for field in content.rows[row]):
        last = bare.rindex(b",") + 1
        head = bare[:last]
        yield put("a quote left open", "refused", head + b'"patients-own-words\n')
        yield put("a quote in the middle", "refused", head + b'ab"cd\n')
        yield put("a quoted part in the middle", "refused", head + b'ab"c"d\n')
        yield put("words behind a quote", "refused", head + b'"ab"cd\n')
        yield put("a blank before a quote", "refused", head + b' "ab"\n')
        yield put("a quote too many", "refused", head + b'"ab""\n')
        yield put("doubled quotes, not quoted", "refused", head + b'ab""cd\n')
        yield put("a lone carriage return", "refused", head + b"ab\rcd\n")
        yield put("a zero byte", "refused", head + b'"a\x00b"\n')
        yield put("a Latin-1 letter", "refused", head + b'"\xe9"\n')
        yield put("a half character", "refused", head + b'"\xe2\x82"\n')
        yield put("an overlong zero", "refused", head + b'"\xc0\x80"\n')
        yield put("half a surrogate pair", "refused", head + b'"\xed\xa0\x80"\n')
    twice = replace(content, rows=(*content.rows[:row], content.rows[row], *content.rows[row:]))
    yield Mutation(f"a row twice in {content.table}", "loaded", twice, _bytes(encode(twice.header, twice.rows)))
    thrice = replace(content, rows=content.rows * 3)
    yield Mutation(f"all rows thrice in {content.table}", "loaded", thrice, _bytes(encode(thrice.header, thrice.rows)))
    other = content.rows[row + 1]
    same_key = replace(content, rows=(*content.rows, (content.rows[row][0], *other[1:])))
    yield Mutation(f"a key twice in {content.table}", "loaded", same_key, _bytes(encode(content.header, same_key.rows)))


def of_header(content: Content, chance: random.Random) -> Iterator[Mutation]:
    """Columns more, fewer, twice, renamed, in another order; no header."""
    names, rows, body = list(content.header), content.rows, b"".join(_lines(content)[1:])
    place = chance.randrange(len(names))

    def put(name: str, ending: Ending, text: bytes, meant: Content = content) -> Mutation:
        return Mutation(f"{name} in {content.table}", ending, meant, _bytes(text))

    def headed(line: str) -> bytes:
        return line.encode() + b"\n" + body

    added = encode([*names, "remark"], [(*row, "x") for row in rows])
    yield put("a column more", "refused", added)
    yield put("a name more than columns", "refused", headed(",".join([*names, "remark"])))
    yield put("a column renamed", "refused", headed(",".join([*names[:place], "renamed", *names[place + 1 :]])))
    yield put("a column twice", "refused", encode([*names, names[place]], [(*row, row[place]) for row in rows]))
    yield put("5,000 columns more", "refused", headed(",".join([*names, *(f"c{n}" for n in range(5_000))])))
    yield put("no header", "refused", body)
    yield put("a blank first line", "refused", b"\n" + encode(names, rows))
    yield put("a remark before the header", "refused", b"# exported today\n" + encode(names, rows))
    if kind(content.column(0)) == "integer":
        yield put("the header twice", "refused", headed(",".join(names) + "\n" + ",".join(names)))
    yield put("tabs", "refused" if len(names) > 1 else "either", encode(names, rows, delimiter="\t"))
    yield put("semicolons", "refused" if len(names) > 1 else "either", encode(names, rows, delimiter=";"))
    yield put("a header in upper case", "loaded", headed(",".join(names).upper()))
    yield put("a header in quotes", "loaded", headed(",".join(f'"{name}"' for name in names)))
    yield put("a header with blanks", "either", headed(" , ".join(names)))
    yield put("a header alone", "loaded", (",".join(names) + "\n").encode(), replace(content, rows=()))
    order = chance.sample(range(len(names)), len(names))
    moved = Content(content.table, tuple(names[n] for n in order), tuple(tuple(row[n] for n in order) for row in rows))
    yield put("columns in another order", "loaded", encode(moved.header, moved.rows), moved)
    if len(names) > 1:
        fewer = [(*row[:place], *row[place + 1 :]) for row in rows]
        yield put("a column missing", "refused", encode([*names[:place], *names[place + 1 :]], fewer))
        yield put("a name fewer than columns", "refused", headed(",".join([*names[:place], *names[place + 1 :]])))


def of_encoding(content: Content, chance: random.Random) -> Iterator[Mutation]:
    """Byte order marks, other encodings, line ends."""
    text = encode(content.header, content.rows)
    windows = encode(content.header, content.rows, line_end="\r\n")

    def put(name: str, ending: Ending, changed: bytes) -> Mutation:
        return Mutation(f"{name} in {content.table}", ending, content, _bytes(changed))

    yield put("UTF-8 with a byte order mark", "loaded", b"\xef\xbb\xbf" + text)
    yield put("a byte order mark twice", "refused", b"\xef\xbb\xbf\xef\xbb\xbf" + text)
    yield put("UTF-16", "refused", text.decode().encode("utf-16"))
    yield put("UTF-16 without a mark", "refused", text.decode().encode("utf-16-le"))
    yield put("UTF-32", "refused", text.decode().encode("utf-32"))
    yield put("zero bytes at the end", "refused", text + b"\0" * 512)
    yield put("zero bytes alone", "refused", b"\0" * 4_096)
    yield put("random bytes", "refused", chance.randbytes(4_096))
    yield put("CRLF", "loaded", windows)
    yield put("CRLF and a byte order mark", "loaded", b"\xef\xbb\xbf" + windows)
    yield put("CR alone", "refused", encode(content.header, content.rows, line_end="\r"))
    first = len(windows.split(b"\n")[0]) + 1
    yield put("a CRLF header and LF rows", "refused", windows[:first] + text[first - 1 :])
    yield put("an LF header and CRLF rows", "refused", text[: first - 1] + windows[first:])
    yield put("no line end at the end", "refused", text[:-1])
    yield put("half a CRLF at the end", "refused", windows[:-1])
    yield put("an end-of-file mark of DOS", "refused", text + b"\x1a")
    yield put("a blank line at the end", "refused", text + b"\n")


def of_file(content: Content, chance: random.Random) -> Iterator[Mutation]:
    """The file itself: cut, damaged, no file at all, changed while it is read."""
    text = encode(content.header, content.rows)
    packed = gzip.compress(text, 1, mtime=0)
    missing: Ending = "refused" if content.table.needed else "either"

    def raw(name: str, ending: Ending, changed: bytes, gz: bool, meant: Content = content) -> Mutation:
        return Mutation(f"{name} for {content.table}", ending, meant, _as_it_is(changed, gz))

    def odd(name: str, ending: Ending, place: Callable[[Path], None]) -> Mutation:
        return Mutation(f"{name} for {content.table}", ending, content, place)

    # where a cut leaves whole rows only the published checksum tells, below
    inside = [n for n in range(1, len(text)) if text[n - 1 : n] != b"\n"]
    for cut in chance.sample(inside, 3):
        yield raw(f"cut after {cut} bytes", "refused", text[:cut], gz=False)
    for cut in chance.sample(range(1, len(packed)), 3):
        yield raw(f"gzip cut after {cut} bytes", "refused", packed[:cut], gz=True)
    yield raw("gzip of a file that was cut", "refused", gzip.compress(text[: chance.choice(inside)]), gz=True)
    for wrong in (-8, -6, -4, -1):
        yield raw(f"gzip with byte {wrong} wrong", "refused", _flipped(packed, wrong), gz=True)
    for wrong in chance.sample(range(10, len(packed) - 8), 3):
        yield raw(f"gzip with byte {wrong} wrong", "refused", _flipped(packed, wrong), gz=True)
    half = chance.randrange(len(text))
    yield raw("gzip in two members", "loaded", gzip.compress(text[:half]) + gzip.compress(text[half:]), gz=True)
    yield raw("gzip with zeros behind", "either", packed + b"\0" * 512, gz=True)
    yield raw("gzip with words behind", "refused", packed + b"garbage", gz=True)
    yield raw("gzip of a gzip", "refused", gzip.compress(packed), gz=True)
    yield raw("a gzip that is plain text", "refused", text, gz=True)
    yield raw("a plain file that is gzip", "refused", packed, gz=False)
    yield raw("an empty file", "refused", b"", gz=False)
    yield raw("an empty gzip", "refused", b"", gz=True)
    yield raw("a gzip of nothing", "refused", gzip.compress(b""), gz=True)
    yield raw("one line end", "refused", b"\n", gz=False)
    yield raw("a header cut short", "refused", text[: text.index(b"\n")], gz=False)
    yield raw("compressed where it was not, or plain", "loaded", packed, gz=True)
    yield raw("plain where it was compressed, or not", "loaded", text, gz=False)

    yield odd("a folder", "refused", Path.mkdir)
    yield odd("a link to itself", "refused", lambda path: path.symlink_to(path.name))
    yield odd("a link to nothing", "refused", lambda path: path.symlink_to("nothing"))
    yield odd("a pipe", "refused", lambda path: os.mkfifo(path))
    yield odd("no file", missing, lambda path: None)
    yield odd("a link to the file elsewhere", "loaded", _linked(text))
    yield odd("plain and gzip", "refused", lambda path: _both(path, text))
    yield odd("other files beside", "loaded", lambda path: _with_others(path, text))
    yield odd("a name in upper case", missing, lambda path: write(path.with_name(path.name.upper()), text))
    shorter = replace(content, rows=content.rows[:-1])
    yield Mutation(
        f"cut at the end of a row, beside the published sums, for {content.table}",
        "warned",
        shorter,
        lambda path: _with_sums(path, encode(shorter.header, shorter.rows)),
    )
    body = b"".join(_lines(content)[1:])
    meddling: dict[str, Callable[[Path], None]] = {
        "grows": lambda path: _append(path, body),
        "is cut": lambda path: os.truncate(path, 10),
        "is written anew": lambda path: os.utime(path, (1, 1)),
    }
    for what, meddle in meddling.items():
        # the rows twice: the file that is loaded already would not be read by rows
        place = _as_it_is(text + body, gz=False)
        yield Mutation(
            f"a file that {what} while it is read, for {content.table}", "refused", content, place, meddle=meddle
        )


def _lines(content: Content) -> list[bytes]:
    """The header and each row as they are written; a row may hold line breaks."""
    return [(",".join(map(quoted, line)) + "\n").encode() for line in (content.header, *content.rows)]


def _place(content: Content, row: int) -> range:
    """The lines of a row, counted from 1."""
    lines = _lines(content)
    first = 1 + b"".join(lines[: row + 1]).count(b"\n")
    return range(first, first + lines[row + 1].count(b"\n"))


def _bytes(text: bytes) -> Callable[[Path], None]:
    return lambda path: write(path, text)


def _as_it_is(content: bytes, gz: bool) -> Callable[[Path], None]:
    """Under a name that says gzip or plain, whatever it is."""
    return lambda path: _put(path.with_name(path.name.removesuffix(".gz") + (".gz" if gz else "")), content)


def _put(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _flipped(content: bytes, place: int) -> bytes:
    changed = bytearray(content)
    changed[place] ^= 0x10
    return bytes(changed)


def _linked(text: bytes) -> Callable[[Path], None]:
    def place(path: Path) -> None:
        elsewhere = path.with_name(f"elsewhere-{path.name}")
        write(elsewhere, text)
        path.symlink_to(elsewhere)

    return place


def _both(path: Path, text: bytes) -> None:
    plain = path.with_name(path.name.removesuffix(".gz"))
    write(plain, text)
    write(plain.with_name(f"{plain.name}.gz"), text)


def _with_others(path: Path, text: bytes) -> None:
    write(path, text)
    for name in ("notes.txt", f"{path.name}.part", f".{path.name}", f"{path.name.split('.')[0]}_old.csv"):
        path.with_name(name).write_bytes(b"no,table\n")


def _with_sums(path: Path, text: bytes) -> None:
    """The file, cut, beside the sums of the whole one."""
    write(path, text)
    (path.parents[1] / "SHA256SUMS.txt").write_text(f"{'0' * 64} {path.parent.name}/{path.name}\n")


def _append(path: Path, rows: bytes) -> None:
    with path.open("ab") as file:
        file.write(rows)
