"""What every line of a table says alike is said once, in place of the column, of the lines or of the table."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from analysis_py.report.page import TEXTS, Line, Part, Table

_REASON = re.compile(r"not estimable: (.*)", re.DOTALL)
_NOTHING = ("", "–")
_EMPTY_ARM = re.compile(r"treated is constant|treated has no (un)?treated rows|there are no treated (patients|rows)")
_MOST = 3  # reasons that one sentence lists


def said_once(part: Part, empty_arm: str = "") -> Part:
    """The part with each of its tables shortened; `empty_arm` says in words that nobody, or everybody, was treated."""
    return replace(part, tables=[_shortened(table, empty_arm) for table in part.tables])


def _shortened(table: Table, empty_arm: str) -> Table:
    """Without the columns in which nothing is estimated; else without the lines of each section that has nothing.

    Where nothing but names is left, a sentence stands for the whole table, and lists a few reasons. Else reasons that
    differ stay with their lines.
    """
    lines = [line for line in table.lines if not line.section]
    could = [at for at in range(1, len(table.columns)) if any(_is_reason(line.cells[at]) for line in lines)]
    silent = [at for at in could if all(_is_silent(line.cells[at]) for line in lines)]
    reasons = _reasons(lines, silent, empty_arm)
    is_left = _tells(table, lines, silent)
    if len(lines) < 2 or not silent or len(reasons) > (1 if is_left else _MOST):
        return replace(table, lines=list(_by_section(table, could, empty_arm)))
    said = _sentence(len(lines), reasons)
    if not is_left:
        return replace(table, columns=(), lines=(), said=said)
    said = f"{_named(table, silent)}: {said[0].lower()}{said[1:]}"
    kept = [at for at in range(len(table.columns)) if at not in silent]
    cut = [line if line.section else replace(line, cells=[line.cells[at] for at in kept]) for line in table.lines]
    return replace(table, columns=[table.columns[at] for at in kept], lines=cut, said=said)


def _named(table: Table, columns: Sequence[int]) -> str:
    """The columns' headings, each once; with the one above where another column has the same."""
    others = {name for at, name in enumerate(table.headings) if at not in columns}
    names = [table.headings[at] if table.headings[at] not in others else table.columns[at] for at in columns]
    return ", ".join(dict.fromkeys(names))


def _by_section(table: Table, could: Sequence[int], empty_arm: str) -> Iterator[Line]:
    """Sections in which nothing can be estimated, for one reason, as a heading that says so."""
    section = ""
    for is_heading, found in groupby(table.lines, lambda line: bool(line.section)):
        lines = list(found)
        if is_heading:
            section = lines[-1].section
            yield from lines[:-1]
            continue
        reasons = _reasons(lines, could, empty_arm)
        all_silent = bool(could) and all(_is_silent(line.cells[at]) for line in lines for at in could)
        if section and len(lines) > 1 and all_silent and len(reasons) == 1 and not _tells(table, lines, could):
            yield Line(section=f"{section}. {_sentence(len(lines), reasons)}")
            continue
        yield from [Line(section=section)] if section else []
        yield from lines


def _tells(table: Table, lines: Sequence[Line], but: Sequence[int]) -> bool:
    """Whether a column beside those holds more than names."""
    others = [at for at, name in enumerate(table.columns) if at and at not in but and name not in TEXTS]
    return any(line.cells[at] not in _NOTHING for line in lines for at in others)


def _reasons(lines: Sequence[Line], columns: Sequence[int], empty_arm: str) -> Counter[str]:
    """The first reason of each line that gives one, with how many lines give it."""
    found: Counter[str] = Counter()
    for line in lines:
        told = [match[1] for at in columns if (match := _REASON.match(line.cells[at]))]
        if told:
            found[empty_arm if empty_arm and _EMPTY_ARM.fullmatch(told[0]) else told[0]] += 1
    return found or Counter({empty_arm: len(lines)} if empty_arm else {})


def _sentence(count: int, reasons: Counter[str]) -> str:
    told = [reason if len(reasons) == 1 else f"{reason} ({lines})" for reason, lines in reasons.items()]
    return f"None of {count} lines can be estimated{': ' if told else ''}{', '.join(told)}."


def _is_reason(cell: str) -> bool:
    return cell == "n/e" or cell.startswith("not estimable")


def _is_silent(cell: str) -> bool:
    return cell in _NOTHING or _is_reason(cell)
