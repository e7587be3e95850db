"""`python -m bench.engines`: the same build on PostgreSQL and, from Parquet, on DuckDB and Spark; ratios of one run.

The MIMIC-IV demo is multiplied in the embedded server (12 GB of disk at the default size) and written as Parquet
(0.5 GB, and 0.5 GB for Spark); all is kept for the next run. Then every cell of every mart is compared. Spark, where it
is installed, builds with one core and with two; its event log tells what its tasks did. Where MIMIC_CODE names a
checkout of mimic-code, its DuckDB concepts too, from tables in a DuckDB file (2 GB). Needs requirements/duckdb.txt.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from bench import mimic_code
from bench.__main__ import DEMO
from bench.builds import PROJECT, Engine, dbt, on_duckdb, on_postgres, on_spark, parquet_of, require_duckdb
from bench.multiply import multiplied_demo
from bench.spark_events import Work, read_events
from mimic_db.errors import UserError
from mimic_db.load.spark import missing
from tests.engines import all_equal, compare_all, table_of
from twin.differences import console

CORES = (1, 2)
LONGEST = 5  # stages that are shown one by one


def main() -> int:
    """Measure and print; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.engines", description=__doc__)
    parser.add_argument("--csv", type=Path, default=DEMO, help="the MIMIC-IV demo's folder")
    parser.add_argument("--times", type=int, default=50, help="how many demos (50)")
    options = parser.parse_args()
    try:
        require_duckdb()
        _measure(options.csv, options.times)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _measure(demo: Path, times: int) -> None:
    dsn = multiplied_demo(demo, times)
    folder, name = PROJECT / ".duckdb" / f"bench_{times}", f"bench_{times}"
    parquet_of(dsn, folder)
    marts = {"DuckDB": folder / "marts.db"}
    postgres, duckdb = on_postgres(dsn), on_duckdb(folder, marts["DuckDB"])
    took = {"PostgreSQL": _best_of_two(postgres), "DuckDB, from Parquet": _best_of_two(duckdb)}
    if checkout := os.environ.get("MIMIC_CODE"):
        took["mimic-code on DuckDB, all concepts without loading"] = mimic_code.on_duckdb(
            dsn, folder, Path(checkout), os.cpu_count() or 1
        )
    nothing = min(dbt(postgres, "parse") for _ in range(2))
    work: dict[int, Work] = {}
    if fault := missing():
        print(f"Spark is left out. {fault}", file=sys.stderr)
    else:
        marts["Spark"] = PROJECT / ".spark" / name
        spark = on_spark(folder, marts["Spark"])
        dbt(spark, "seed")
        for cores in CORES:
            took[f"Spark, from Parquet, cores: {cores}"], work[cores] = _watched(spark, cores)
    table = Table("dbt run", "seconds", "ratio", box=SIMPLE)
    first = next(iter(took.values()))
    for engine, seconds in took.items():
        table.add_row(engine, f"{seconds:.1f}", f"{seconds / first:.2f}")
    table.add_row("dbt parse, the start and the end of dbt alone", f"{nothing:.1f}", f"{nothing / first:.2f}")
    Console(width=120).print(table)
    if work:
        console().print(_work_table(work))
    found = compare_all(dsn, marts, os.environ.get("DEXSIC_SCHEMA", "dexsic"))
    console().print(table_of({f"demo times {times}": found}))
    if not all_equal(found):
        raise UserError("the marts differ")


def _best_of_two(engine: Engine) -> float:
    dbt(engine, "seed")
    return min(dbt(engine, "run") for _ in range(2))


def _watched(spark: Engine, cores: int) -> tuple[float, Work]:
    """Seconds of `dbt run` on so many cores, and what its tasks did by Spark's own log."""
    with tempfile.TemporaryDirectory() as folder:
        log = {
            "spark.eventLog.enabled": "true",
            "spark.eventLog.dir": Path(folder).as_uri(),
            "spark.eventLog.rolling.enabled": "false",
            "spark.eventLog.compress": "false",
        }
        environment = {**spark.environment, "DEXSIC_THREADS": str(cores)}
        seconds = dbt(replace(spark, environment=environment, settings=log), "run")
        (events,) = Path(folder).iterdir()
        return seconds, read_events(events)


def _work_table(work: dict[int, Work]) -> Table:
    table = Table("Spark, dbt run", *(f"cores: {cores}" for cores in work), box=SIMPLE)
    for column in table.columns[1:]:
        column.justify = "right"
    rows: dict[str, Callable[[Work], str]] = {
        "seconds in which a stage ran": lambda done: f"{done.busy_s:.1f}",
        "of these, with none but stages of a single task": lambda done: f"{done.single_share:.0%}",
        "task seconds": lambda done: f"{done.task_s:.1f}",
        "of these, on a processor": lambda done: f"{done.cpu_s:.1f}",
        "stages, tasks": lambda done: f"{len(done.stages):,}, {done.tasks:,}",
        "million rows read from files": lambda done: f"{done.rows_read / 1e6:,.1f}",
        "MB shuffled": lambda done: f"{done.shuffled_bytes / 1e6:,.1f}",
    }
    for label, cell in rows.items():
        table.add_row(label, *(cell(done) for done in work.values()))
    for place in range(LONGEST):
        stages = [done.longest[place] for done in work.values()]
        table.add_row(
            f"longest stages, {place + 1}: tasks, their seconds, longest / median",
            *(f"{stage.tasks}, {stage.task_s:.1f}, {stage.skew:.1f}" for stage in stages),
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
