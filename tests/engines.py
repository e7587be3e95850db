"""`python -m tests.engines --dsn DSN [--duckdb FILE] [--spark DIR]`: every mart in PostgreSQL against its like there.

Numbers that are not whole may differ by 1e-9 of their size, everything else not at all. PostgreSQL's rows are copied
into a temporary folder and compared inside DuckDB. Exit code 0 if every cell is equal, 1 if not or after an error.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from rich.box import SIMPLE
from rich.table import Table

from analysis_py.marts.errors import StudyError
from analysis_py.marts.reader import DuckDBReader, open_file, open_parquet
from mimic_db.database import Connection, connect, explain
from mimic_db.errors import UserError
from mimic_db.load.spark import tables_of
from twin.differences import Comparison, console, differs, in_words

# models whose table has another name
_TABLES = {
    "exposure": "dexmedetomidine_exposure",
    "control_exposure": "negative_control_exposure",
    "control_outcome": "negative_control_outcome",
}
MARTS = sorted(
    _TABLES.get(path.stem, path.stem) for path in (Path(__file__).parents[1] / "models" / "marts").rglob("*.sql")
)
KEYS = {
    "sofa_hourly": ("stay_id", "hr"),
    "data_quality": ("check_name", "concept"),
    "published_count_comparison": ("release", "quantity", "concept"),
    "cohort_flow": ("step",),
    "sic_hourly": ("stay_id", "hr"),
    "trial_flow": ("step",),
    "trial_interval": ("stay_id", "k"),
    "zigong_flow": ("step",),
    "negative_control_exposure": ("stay_id", "exposure"),
    "negative_control_outcome": ("stay_id", "outcome"),
    "trial_control_exposure": ("stay_id", "exposure"),
    "trial_decision": ("stay_id", "k"),
}
EXTERNAL = "zigong_"


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare and print; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.engines", description=__doc__)
    parser.add_argument("--dsn", required=True, help="PostgreSQL database with our marts")
    parser.add_argument("--duckdb", type=Path, metavar="FILE", help="DuckDB file with our marts")
    parser.add_argument("--spark", type=Path, metavar="DIR", help="folder of Spark's tables (DEXSIC_SPARK)")
    parser.add_argument("--schema", default="dexsic", help="schema of the marts, in all (dexsic)")
    options = parser.parse_args(arguments)
    places = {"DuckDB": options.duckdb, "Spark": options.spark}
    places = {engine: place for engine, place in places.items() if place}
    if not places:
        parser.error("compare with what? --duckdb FILE, --spark DIR or both")
    try:
        found = compare_all(options.dsn, places, options.schema)
    except (UserError, StudyError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except psycopg.Error as error:
        print(f"error: {explain(error)}", file=sys.stderr)
        return 1
    console().print(table_of({str(conninfo_to_dict(options.dsn).get("dbname", "")): found}))
    return 0 if all_equal(found) else 1


def compare_all(dsn: str, places: Mapping[str, Path], schema: str) -> dict[str, list[Comparison]]:
    """For each engine of `places`, as compare()."""
    return {engine: compare(dsn, place, schema) for engine, place in places.items()}


def all_equal(found: Mapping[str, Sequence[Comparison]]) -> bool:
    """Nothing differs on any engine."""
    return all(each.is_equal for comparisons in found.values() for each in comparisons)


def table_of(found: Mapping[str, Mapping[str, Sequence[Comparison]]]) -> Table:
    """A line for each mart of each data set, what differs on each engine in a column."""
    engines = list(next(iter(found.values())))
    table = Table("data", "mart", "rows", "cells", *(f"differing on {engine}" for engine in engines), box=SIMPLE)
    for column in table.columns[2:4]:
        column.justify = "right"
    for data, by_engine in found.items():
        for marts in zip(*by_engine.values(), strict=True):
            wrong = [in_words(each) for each in marts]
            table.add_row(data, marts[0].mart, f"{marts[0].rows:,}", f"{marts[0].cells:,}", *wrong)
    return table


def compare(dsn: str, place: Path, schema: str) -> list[Comparison]:
    """Every mart of the project; those of the external cohort only where one side has them.

    `place` is a DuckDB file or the folder of Spark's tables.

    Raises:
        UserError: a mart is missing on one side, or its columns differ.
        StudyError: the file or the folder cannot be read.
    """
    comparisons = []
    ours_open = open_parquet(tables_of(place, schema), schema) if place.is_dir() else open_file(place)
    with connect(dsn) as connection, ours_open as reader, tempfile.TemporaryDirectory() as folder:
        for mart in MARTS:
            theirs, ours = _columns(connection, schema, mart), _columns(reader, schema, mart)
            if not theirs and not ours and mart.startswith(EXTERNAL):
                continue
            if list(theirs) != list(ours):
                raise UserError(f"{mart} has other columns in PostgreSQL ({len(theirs)}) than in {place} ({len(ours)})")
            rows = Path(folder) / f"{mart}.csv"
            _copy(connection, schema, mart, rows)
            comparisons.append(_compare(reader, schema, mart, ours, rows))
            rows.unlink()
    return comparisons


def _columns(reader: Connection | DuckDBReader, schema: str, mart: str) -> dict[str, str]:
    query = sql.SQL(
        "select column_name, data_type from information_schema.columns"
        " where table_schema = {} and table_name = {} order by ordinal_position"
    )
    return dict(reader.execute(query.format(sql.Literal(schema), sql.Literal(mart))))


def _copy(connection: Connection, schema: str, mart: str, rows: Path) -> None:
    command = sql.SQL("copy (select * from {}) to stdout (format csv)").format(sql.Identifier(schema, mart))
    with connection.cursor() as cursor, cursor.copy(command) as copied, rows.open("wb") as file:
        for block in copied:
            file.write(block)


def _compare(reader: DuckDBReader, schema: str, mart: str, columns: dict[str, str], rows: Path) -> Comparison:
    keys = KEYS.get(mart, ("stay_id",))
    cells = [name for name in columns if name not in keys]
    query = sql.SQL(
        "select count(*), count(*) filter (where theirs.is_row is null or ours.is_row is null), {wrong}"
        " from (select *, true as is_row from read_csv({rows}, auto_detect = false, header = false, delim = ',',"
        " quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false, columns = {{{types}}})) as theirs"
        " full join (select *, true as is_row from {mart}) as ours on {keys}"
    ).format(
        wrong=sql.SQL(", ").join(
            sql.SQL("count(*) filter (where theirs.is_row and ours.is_row and {})").format(
                differs("theirs", "ours", name, kind == "DOUBLE")
            )
            for name, kind in columns.items()
            if name not in keys
        ),
        rows=sql.Literal(str(rows)),
        types=sql.SQL(", ").join(
            sql.SQL("{}: {}").format(sql.Literal(name), sql.Literal(kind)) for name, kind in columns.items()
        ),
        mart=sql.Identifier(schema, mart),
        keys=sql.SQL(" and ").join(
            sql.SQL("theirs.{0} is not distinct from ours.{0}").format(sql.Identifier(key)) for key in keys
        ),
    )
    found, one_sided, *wrong = reader.execute(query).fetchone()
    differing = {name: count for name, count in zip(cells, wrong, strict=True) if count}
    return Comparison(mart, found, one_sided, (found - one_sided) * len(cells), differing)


if __name__ == "__main__":
    sys.exit(main())
