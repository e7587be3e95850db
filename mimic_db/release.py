"""How many rows each table of a release of MIMIC-IV has, and which release a set of tables is.

release_rows.csv: what the maintainers' own validation script expects (mimic-code, validate.sql) of 2.0, 2.1, 2.2, 3.1.
Release 3.0 has the patients, admissions and ICU stays of 3.1, and is taken for it: its other counts are not public.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from mimic_db.finding import Finding, Level
from mimic_db.tables import TABLES, Table

# small enough to be counted in a moment, and another number in each release
TELLING = tuple(table for table in TABLES if table.name in ("patients", "admissions", "icustays"))
_AGREE = 2  # of these tell a release: one of them may be cut short itself
TOLERANCE = 0.02  # of the rows: planner's estimates are closer; a needed table that is further off stops the study
NOT_A_RELEASE = "patients, admissions and ICU stays are those of no release whose rows are published"


@dataclass(frozen=True)
class Release:
    """A release; `rows` by the name of the table, hosp/patients."""

    name: str
    rows: Mapping[str, int]


@dataclass(frozen=True)
class Counted:
    """A table as it was found; `name` is the reader's, `how` says what the number rests on if it was not counted."""

    table: Table
    name: str
    rows: int
    how: str = ""


@dataclass(frozen=True)
class Remedies:
    """What to do about a table that has fewer rows, or more, than it should."""

    fewer: str
    more: str


def _read() -> tuple[Release, ...]:
    with Path(__file__).with_name("release_rows.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    return tuple(
        Release(name, {f"{line['module']}/{line['table']}": int(line["rows"]) for line in of_release})
        for name, of_release in groupby(lines, key=lambda line: line["release"])
    )


RELEASES = _read()


def recognised(rows: Mapping[Table, int]) -> Release | None:
    """The release of which at least two of patients, admissions and ICU stays have exactly the rows; else None."""
    return _agreeing(rows, _AGREE)


def resembling(rows: Mapping[Table, int]) -> Release | None:
    """The release of which at least one of the three has exactly the rows: too little to tell it by, and no chance."""
    return _agreeing(rows, 1)


def _agreeing(rows: Mapping[Table, int], least: int) -> Release | None:
    def agreeing(release: Release) -> int:
        return sum(rows.get(table) == release.rows[str(table)] for table in TELLING)

    best = max(reversed(RELEASES), key=agreeing)
    return best if agreeing(best) >= least else None


def is_off(rows: float, expected: int) -> bool:
    """Further from what is expected than an estimate of a whole table would be."""
    return abs(rows - expected) > TOLERANCE * expected


def compare(release: Release, found: Sequence[Counted], remedies: Remedies) -> list[Finding]:
    """A finding for each table with other rows than the release's, or one that says that there is none."""
    published = [counted for counted in found if str(counted.table) in release.rows]
    findings = list(_differing(release, published, remedies))
    if findings:
        return findings
    estimated = sum(bool(counted.how) for counted in published)
    how = f"{len(published) - estimated} counted" + (
        f", {estimated} by the planner's estimate (within {TOLERANCE:.0%})" if estimated else ""
    )
    return [Finding("ok", f"rows: all {len(published)} tables hold what MIMIC-IV {release.name} has; {how}")]


def _differing(release: Release, found: Iterable[Counted], remedies: Remedies) -> Iterator[Finding]:
    for counted in found:
        expected = release.rows[str(counted.table)]
        off = is_off(counted.rows, expected)
        if counted.rows == expected or (counted.how and not off):
            continue
        remedy = remedies.fewer if counted.rows < expected else remedies.more
        here, there = f"{counted.rows:,} rows ({counted.how or 'counted'})", f"MIMIC-IV {release.name} has {expected:,}"
        level: Level = "error" if off and counted.table.needed else "warning"
        yield Finding(level, f"{counted.name} holds {here}, {there}: {remedy}")


_OF_FILES = Remedies("the file is cut short; download it again", "the file is of another release; download it again")


def told_of_files(rows: Mapping[Table, int]) -> list[str]:
    """What is to be said of tables that were read whole from files; nothing where they are of no known release."""
    release = recognised(rows)
    if release is None:
        return []
    counted = [Counted(table, str(table), count) for table, count in rows.items()]
    findings = compare(release, counted, _OF_FILES)
    return [found.text if found.level == "ok" else f"warning: {found.text}" for found in findings]
