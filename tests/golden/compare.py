"""Ours beside R's, cell by cell: the rows of results.csv, and pairs, propensity, curves and the parts of pooling."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from analysis_py.study.results import Row
from tests.golden.folder import Record

KEY = ("analysis", "cohort", "outcome", "model", "term", "level", "measure")
NUMBERS = ("estimate", "lower", "upper", "p_value")
COUNTS = ("n", "events")
_NEGLIGIBLE = 1e-9
NOT_ESTIMABLE = "not estimable"


@dataclass
class Tally:
    """Of one analysis or file: rows of the reference, how many were compared and equal, and what was found instead."""

    expected: int = 0
    compared: int = 0
    equal: int = 0
    faults: list[str] = field(default_factory=list)
    unknown: int = 0

    def judge(self, place: str, faults: Iterable[str]) -> None:
        """Count one row of the reference that ours has."""
        found = [*faults]
        self.expected += 1
        self.compared += 1
        self.equal += not found
        self.faults += [f"{place}: {fault}" for fault in found]

    def lacking(self, place: str) -> None:
        """Count one row of the reference that ours has not."""
        self.expected += 1
        self.faults.append(f"{place}: missing in ours")


def compare_rows(rows: Iterable[Row], expected: Iterable[Record]) -> dict[str, Tally]:
    """Every row by its key. An analysis that the reference does not know is counted as unknown, and no fault."""
    rows, expected = list(rows), list(expected)
    tallies = {record["analysis"]: Tally() for record in expected}
    ours = {_key_of(row): row for row in rows}
    reference = {tuple(record[name] for name in KEY): record for record in expected}
    for key, record in reference.items():
        tally, place = tallies[key[0]], _place(key)
        if key in ours:
            tally.judge(place, _row_faults(ours[key], record))
        else:
            tally.lacking(place)
    for key, times in Counter(map(_key_of, rows)).items():
        if key[0] not in tallies:
            tallies[key[0]] = Tally()
        tally = tallies[key[0]]
        if not tally.expected:
            tally.unknown += times
        elif key not in reference:
            tally.faults.append(f"{_place(key)}: not in the reference")
        elif times > 1:
            tally.faults.append(f"{_place(key)}: {times} times in ours")
    return tallies


def compare_tables(
    ours: Mapping[tuple[str, ...], Mapping[str, float | int]],
    expected: Mapping[tuple[str, ...], Mapping[str, str]],
    tolerance: Mapping[tuple[str, ...], float] | float,
) -> Tally:
    """Numbers by key and column; `tolerance` is relative, one for all or one for each key. Whole numbers are exact."""
    tally = Tally()
    for key, record in expected.items():
        if key not in ours:
            tally.lacking(_place(key))
            continue
        near = tolerance if isinstance(tolerance, float) else tolerance[key]
        tally.judge(_place(key), (f for name, text in record.items() for f in _cell(name, ours[key][name], text, near)))
    tally.faults += [f"{_place(key)}: not in the reference" for key in ours if key not in expected]
    return tally


def _row_faults(row: Row, record: Record) -> list[str]:
    faults = []
    tolerance = float(record["tolerance"] or 0)
    for name in NUMBERS:
        faults += _cell(name, getattr(row, name), record[name], tolerance)
    for name in COUNTS:
        faults += _cell(name, getattr(row, name), record[name], 0.0)
    if record["how"].startswith(NOT_ESTIMABLE) and not row.note.startswith(NOT_ESTIMABLE):
        faults.append(f"should be {NOT_ESTIMABLE}, says {row.note!r}")
    if row.note.startswith(NOT_ESTIMABLE) and not record["how"].startswith(NOT_ESTIMABLE):
        faults.append(row.note)
    return faults


def _cell(name: str, ours: float | int | str | None, text: str, tolerance: float) -> list[str]:
    missing = ours is None or (isinstance(ours, float) and math.isnan(ours))
    if text in ("", "NA") or missing or isinstance(ours, str):
        alike = missing and text in ("", "NA")
        return [] if alike else [f"{name} is {'empty' if missing else ours}, not {text or 'empty'}"]
    wanted = float(text)
    if isinstance(ours, int):
        alike = ours == wanted
    else:
        assert ours is not None
        alike = ours == wanted or abs(ours - wanted) <= tolerance * abs(wanted) + _NEGLIGIBLE
    return [] if alike else [f"{name} is {ours!r}, not {text}"]


def _key_of(row: Row) -> tuple[str, ...]:
    return tuple(str(getattr(row, name)) for name in KEY)


def _place(key: tuple[str, ...]) -> str:
    return " | ".join(part for part in key if part)
