"""`python -m tests.reference.compare --dsn DSN --reference DIR`: our tables against mimic-code's, cell by cell.

DIR holds one csv.gz per concept, with mimic-code's column names, and may hold subjects.csv, which limits the patients.
The comparison runs in the database, in temporary tables. A row that only one side has differs in each of its cells.
Exit code 0 if every cell is equal or explained, 1 if not or after an error.
"""

import argparse
import csv
import gzip
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from mimic_db.database import Connection, connect
from mimic_db.errors import UserError
from mimic_db.load.csv_folder import UNREADABLE
from tests.reference.mapping import Column, Concept, Rule, read_mapping, read_rules

CHUNK_BYTES = 1 << 20
FILE_SUFFIX = ".csv.gz"
NUMBERS = {"smallint", "integer", "bigint", "numeric", "real", "double precision"}
TIMES = {"date", "timestamp without time zone"}
JOINED = (
    "pg_temp.ours full join pg_temp.reference on ours.row_key = reference.row_key and ours.row_seq = reference.row_seq"
)


@dataclass(frozen=True)
class Test:
    """SQL conditions on a pair of rows: is the column's cell equal, and if not, is that explained?"""

    column: str
    equal: str
    explained: str


@dataclass(frozen=True)
class Cells:
    """Outcome of one column: numbers of cells."""

    column: str
    compared: int
    equal: int
    explained: int

    @property
    def unexplained(self) -> int:
        """Cells that differ and that no rule covers."""
        return self.compared - self.equal - self.explained


@dataclass(frozen=True)
class Outcome:
    """Outcome of one concept."""

    concept: str
    reference_rows: int
    our_rows: int
    columns: tuple[Cells, ...]

    def total(self, count: str) -> int:
        """Sum over the columns of `compared`, `equal`, `explained` or `unexplained`."""
        return sum(getattr(cells, count) for cells in self.columns)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare and print; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.reference.compare", description=__doc__)
    parser.add_argument("--dsn", required=True, help="database with our tables")
    parser.add_argument("--reference", required=True, type=Path, metavar="DIR", help="folder of csv.gz files")
    parser.add_argument("--schema", default="dexsic", help="schema of our tables (dexsic)")
    parser.add_argument("--differences", type=Path, metavar="FILE", help="write the keys of rows that differ (csv)")
    options = parser.parse_args(arguments)
    try:
        outcomes = compare(options.dsn, options.reference, options.schema, options.differences)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    report(outcomes)
    return 1 if any(outcome.total("unexplained") for outcome in outcomes) else 0


def compare(dsn: str, folder: Path, schema: str, differences: Path | None = None) -> list[Outcome]:
    """Compare every concept of the mapping that the study needs.

    Raises:
        UserError: the folder lacks a concept or holds an unknown one, a file is not readable, our tables are missing.
    """
    concepts = read_mapping()
    rules = read_rules()
    files = _files(folder, concepts)
    with connect(dsn) as connection:
        connection.execute(sql.SQL("set search_path to {}").format(sql.Identifier(schema)))
        subjects = folder / "subjects.csv"
        if subjects.is_file():
            _copy(connection, "subjects", ["subject_id"], subjects)
        outcomes = []
        for concept in concepts:
            if concept.relation is None:
                continue
            _load_reference(connection, concept, files[concept.name])
            _load_ours(connection, concept, limited=subjects.is_file())
            tests = _pair(connection, concept, [rule for rule in rules if rule.concept == concept.name])
            outcomes.append(_count(connection, concept, tests))
            if differences:
                _write_differences(connection, concept, tests, differences, first=len(outcomes) == 1)
    return outcomes


def report(outcomes: Iterable[Outcome]) -> None:
    """Print a line per concept, the columns with differences, and what is not compared."""
    counts = ("compared", "equal", "explained", "unexplained")
    line = "{:<26}" + "{:>12}" * 6
    print(line.format("concept", "reference", "ours", "cells", *counts[1:]))
    for outcome in outcomes:
        numbers = (outcome.reference_rows, outcome.our_rows, *(outcome.total(count) for count in counts))
        print(line.format(outcome.concept, *(f"{number:,}" for number in numbers)))
    for outcome in outcomes:
        for cells in outcome.columns:
            if cells.equal < cells.compared:
                found = f"{cells.explained:,} explained, {cells.unexplained:,} unexplained"
                print(f"  {outcome.concept}.{cells.column}: {found}")
    for concept in read_mapping():
        if concept.relation is None:
            print(f"  {concept.name} is not compared: {concept.columns[0].reason}")
    unexplained = sum(outcome.total("unexplained") for outcome in outcomes)
    print(f"{unexplained:,} unexplained differences" if unexplained else "every cell is equal or explained")


def _files(folder: Path, concepts: Sequence[Concept]) -> dict[str, Path]:
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder: name one that holds {concepts[0].name}{FILE_SUFFIX} and the like")
    files = {path.name.removesuffix(FILE_SUFFIX): path for path in sorted(folder.glob(f"*{FILE_SUFFIX}"))}
    known = {concept.name for concept in concepts}
    needed = {concept.name for concept in concepts if concept.relation is not None}
    if unknown := sorted(files.keys() - known):
        raise UserError(f"{folder}: the mapping does not know {', '.join(unknown)}: add it to mapping.csv")
    if missing := sorted(needed - files.keys()):
        raise UserError(f"{folder} lacks {', '.join(name + FILE_SUFFIX for name in missing)}")
    for concept in concepts:
        if concept.name in files:
            _check_header(concept, files[concept.name])
    return files


def _check_header(concept: Concept, path: Path) -> None:
    header = _header(path)
    mapped = [column.name for column in concept.columns]
    if unknown := [name for name in header if name not in mapped]:
        raise UserError(f"{path}: the mapping does not know the column {', '.join(unknown)}: add it to mapping.csv")
    if missing := [name for name in mapped if name not in header]:
        raise UserError(f"{path}: the column {', '.join(missing)} of mapping.csv is missing")


def _header(path: Path) -> list[str]:
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            return next(csv.reader(file), [])
    except UNREADABLE as error:
        raise UserError(f"{path} cannot be read ({type(error).__name__}): is it a complete gzip file?") from None


def _load_reference(connection: Connection, concept: Concept, path: Path) -> None:
    """The file as text, in the temporary table reference_text."""
    _copy(connection, "reference_text", _header(path), path)


def _copy(connection: Connection, table: str, columns: Sequence[str], path: Path) -> None:
    name = sql.Identifier(table)
    definitions = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(column)) for column in columns)
    connection.execute(sql.SQL("drop table if exists pg_temp.{}").format(name))
    connection.execute(sql.SQL("create temporary table {} ({})").format(name, definitions))
    statement = sql.SQL("copy pg_temp.{} from stdin (format csv, header true)").format(name)
    try:
        with (
            gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file,
            connection.cursor().copy(statement) as copy,
        ):
            while chunk := file.read(CHUNK_BYTES):
                copy.write(chunk)
    except UNREADABLE as error:
        raise UserError(f"{path} cannot be read ({type(error).__name__}): is it a complete gzip file?") from None
    except psycopg.DataError:
        raise UserError(f"{path}: the rows do not fit the header") from None


def _load_ours(connection: Connection, concept: Concept, limited: bool) -> None:
    """Our rows under the reference's names, in the temporary table our_rows."""
    # the mapping is part of the project, not input: its SQL is meant to be run
    selected = ", ".join(f'{column.expression} as "{column.name}"' for column in concept.compared)
    query = f"select {selected} from {concept.relation}"
    if limited:
        keys = concept.named("key")
        query = f"select * from ({query}) as every_patient where " + (
            "cast(subject_id as text) in (select subject_id from pg_temp.subjects)"
            if "subject_id" in keys
            else "stay_id in (select stay_id from int_icu_stay where cast(subject_id as text) in"
            " (select subject_id from pg_temp.subjects))"
        )
    connection.execute("drop table if exists pg_temp.our_rows")
    try:
        connection.execute(f"create temporary table our_rows as {query}".encode())
    except psycopg.Error as error:
        raise UserError(
            f"{concept.name}: our side cannot be read: {error.diag.message_primary};"
            " is `dbt build` done, and --schema right?"
        ) from None


def _pair(connection: Connection, concept: Concept, rules: Sequence[Rule]) -> list[Test]:
    """Both sides, in comparable types and with rows of one key numbered, in the temporary tables ours and reference."""
    types = {
        name: _comparable(kind)
        for name, kind in connection.execute(
            "select attname::text, format_type(atttypid, null) from pg_attribute"
            " where attrelid = 'pg_temp.our_rows'::regclass and attnum > 0"
        )
    }
    keys = ", ".join(_quoted(concept.named("key")))
    # rows of one key are paired in the order of their cells
    cells = ", ".join(_quoted([column.name for column in concept.compared])) or keys
    required = " and ".join(f"{name} is not null" for name in _quoted(concept.named("required"))) or "true"
    for table, source, condition in (("ours", "our_rows", "true"), ("reference", "reference_text", required)):
        columns = ", ".join(
            f'cast("{column.name}" as {types[column.name]}) as "{column.name}"' for column in concept.compared
        )
        connection.execute(f"drop table if exists pg_temp.{table}".encode())
        try:
            connection.execute(
                f"create temporary table {table} as select *, cast(row({keys}) as text) as row_key, row_number() over"
                f" (partition by {keys} order by {cells}) as row_seq"
                f" from (select {columns} from pg_temp.{source} where {condition}) as typed".encode()
            )
        except psycopg.DataError as error:
            raise UserError(
                f"{concept.name}: a value of the reference is not of our type: {error.diag.message_primary}"
            ) from None
        connection.execute(f"analyze pg_temp.{table}".encode())
    return [
        Test(column.name, _equal(column, types[column.name]), _explained(column, rules)) for column in concept.compared
    ]


def _comparable(kind: str) -> str:
    if kind in NUMBERS:
        return "double precision"
    if kind in TIMES:
        return "timestamp"
    return "boolean" if kind == "boolean" else "text"


def _count(connection: Connection, concept: Concept, tests: Sequence[Test]) -> Outcome:
    counts = ["count(reference.row_key)", "count(ours.row_key)", "count(*)"]
    for test in tests:
        counts.append(f"count(*) filter (where {test.equal})")
        counts.append(f"count(*) filter (where not {test.equal} and {test.explained})")
    query = f"select {', '.join(counts)} from {JOINED}"
    try:
        row = connection.execute(query.encode()).fetchone()
    except psycopg.Error as error:
        raise UserError(
            f"{concept.name}: a rule of explained_difference.csv cannot be run: {error.diag.message_primary}"
        ) from None
    assert row is not None
    reference_rows, our_rows, pairs, *found = row
    cells = (
        Cells(test.column, pairs, equal, explained)
        for test, equal, explained in zip(tests, found[::2], found[1::2], strict=True)
    )
    return Outcome(concept.name, reference_rows, our_rows, tuple(cells))


def _write_differences(
    connection: Connection, concept: Concept, tests: Sequence[Test], path: Path, first: bool
) -> None:
    """Concept, column, key of the row and both values of every unexplained difference."""
    query = " union all ".join(
        f"select '{concept.name}', '{test.column}', coalesce(ours.row_key, reference.row_key),"
        f' cast(ours."{test.column}" as text), cast(reference."{test.column}" as text)'
        f" from {JOINED} where not {test.equal} and not {test.explained}"
        for test in tests
    )
    with path.open("w" if first else "a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if first:
            writer.writerow(["concept", "column", "row_key", "ours", "reference"])
        writer.writerows(connection.execute(query.encode()))


def _equal(column: Column, kind: str) -> str:
    """SQL: both rows are there and the cells are equal, or both NULL."""
    ours, theirs = f'ours."{column.name}"', f'reference."{column.name}"'
    same = f"{ours} is not distinct from {theirs}"
    if kind == "double precision":
        # the last digits of a number depend on the order of summation
        limit = f"{column.tolerance} * greatest(abs({ours}), abs({theirs}))"
        same = f"({same} or coalesce(abs({ours} - {theirs}) <= {limit}, false))"
    return f"(ours.row_key is not null and reference.row_key is not null and {same})"


def _explained(column: Column, rules: Sequence[Rule]) -> str:
    conditions = [f"coalesce({rule.condition}, false)" for rule in rules if rule.covers(column.name)]
    return f"({' or '.join(conditions) or 'false'})"


def _quoted(names: Iterable[str]) -> list[str]:
    return [f'"{name}"' for name in names]


if __name__ == "__main__":
    sys.exit(main())
