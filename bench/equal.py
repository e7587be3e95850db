"""`python -m bench.equal`: is every cell of every mart the same on PostgreSQL, DuckDB and Spark?

On the MIMIC-IV demo, on 2,000 generated ICU stays and on the demo ten times over; all is kept for the next run in
.postgres, .duckdb and .spark (5 GB of disk), and only the marts are made anew. Numbers that are not whole may differ by
1e-9 of their size, everything else not at all. Exit code 0 if every cell is equal, 1 if not or after an error. About
ten minutes on two cores the first time.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.__main__ import DEMO
from bench.builds import PROJECT, dbt, on_duckdb, on_postgres, on_spark, parquet_of
from bench.multiply import multiplied_demo
from mimic_db import server
from mimic_db.__main__ import main as mimic_db
from mimic_db.errors import UserError
from mimic_db.load.spark import require_spark
from tests.engines import all_equal, compare_all, table_of
from twin.__main__ import main as twin
from twin.differences import console

STAYS, TIMES = "2000", 10
MODELS = ("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")


@dataclass(frozen=True)
class Data:
    """The same rows in a database and in a folder of files; `name` is that of a folder of its marts too."""

    title: str
    name: str
    dsn: str
    files: Path


def main() -> int:
    """Build, compare and print; gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.equal", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--csv", type=Path, default=DEMO, help="the MIMIC-IV demo's folder")
    options = parser.parse_args()
    try:
        require_spark()
        found = {data.title: compare_all(data.dsn, _build(data), "dexsic") for data in _data(options.csv)}
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    console().print(table_of(found))
    return 0 if all(map(all_equal, found.values())) else 1


def _data(demo: Path) -> Iterator[Data]:
    dsn = server.ensure_database("equal_demo")
    _command(mimic_db, "load", "--csv", str(demo), "--dsn", dsn)
    yield Data("demo", "equal_demo", dsn, demo.resolve())
    dsn = server.ensure_database("equal_generated")
    _command(twin, "generate", "--stays", STAYS, "--seed", "1", "--dsn", dsn)
    yield _exported(f"{STAYS} generated stays", "equal_generated", dsn)
    yield _exported(f"demo times {TIMES}", f"bench_{TIMES}", multiplied_demo(demo, TIMES))


def _exported(title: str, name: str, dsn: str) -> Data:
    files = PROJECT / ".duckdb" / name
    parquet_of(dsn, files)
    return Data(title, name, dsn, files)


def _command(main: Callable[[Sequence[str]], int], *arguments: str) -> None:
    if main(arguments):
        raise UserError(f"stopped at the command {arguments[0]}: see the message above")


def _build(data: Data) -> dict[str, Path]:
    """Make the marts anew on each engine; where they are on those that are not PostgreSQL."""
    file, tables = PROJECT / ".duckdb" / f"{data.name}.marts", PROJECT / ".spark" / data.name
    file.parent.mkdir(exist_ok=True)
    for engine in (on_postgres(data.dsn), on_duckdb(data.files, file), on_spark(data.files, tables)):
        print(f"{data.title}: building on {engine.target}", file=sys.stderr)
        dbt(engine, *MODELS)
    return {"DuckDB": file, "Spark": tables}


if __name__ == "__main__":
    sys.exit(main())
