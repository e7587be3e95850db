"""`python -m bench`: how long the models take, as ratios measured in one run.

The MIMIC-IV demo is multiplied in the embedded server (about 12 GB of disk at the default size, kept for the next run).
Set against: one sequential scan of the big tables, the same build on a fifth of the data, and mimic-code where
MIMIC_CODE names a checkout. Then the build's peak memory and temporary disk, also with a tenth of work_mem, as if the
data were ten times larger. Before that, the statistics for a cohort of the paper's size (bench/statistics.py).
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from bench import mimic_code, peaks, statistics
from bench.builds import PROJECT, dbt, on_postgres
from bench.multiply import multiplied_demo
from mimic_db.database import connect
from mimic_db.errors import UserError

DEMO = PROJECT.parent / "shared" / "mimic-iv-demo"
SCANS = (
    "select count(*), sum(valuenum) from mimiciv_icu.chartevents",
    "select count(*), sum(valuenum) from mimiciv_hosp.labevents",
    "select count(*), sum(rate) from mimiciv_icu.inputevents",
)


def main() -> int:
    """Measure and print; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--csv", type=Path, default=DEMO, help="the MIMIC-IV demo's folder")
    parser.add_argument("--times", type=int, default=50, help="how many demos (50)")
    options = parser.parse_args()
    try:
        Console(width=120).print(statistics.table())
        _measure(options.csv, options.times, os.environ.get("MIMIC_CODE"))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _measure(demo: Path, times: int, checkout: str | None) -> None:
    small = max(1, times // 5)
    print(f"making the demo times {small} and times {times}, if they are not there yet", file=sys.stderr)
    small_dsn, dsn = multiplied_demo(demo, small), multiplied_demo(demo, times)
    _dbt("seed", dsn)
    _dbt("seed", small_dsn)
    small_build = _dbt("run", small_dsn)
    # the scans first: what is compared finds the tables equally warm in memory
    scan = min(_seconds(lambda: _scan(dsn)) for _ in range(2))
    build = _dbt("run", dsn)
    # watching the server's memory slows it down: builds of their own
    with peaks.of_server(dsn) as peak:
        _dbt("run", dsn)
    with peaks.of_server(dsn) as peak_narrow:
        _dbt("run", dsn, f"-c work_mem={_work_mem_kb(dsn) // 10}kB")
    table = Table("", "seconds", "ratio", box=SIMPLE)
    table.add_row(f"dbt run, demo times {times}", f"{build:.1f}", "")
    table.add_row(
        "one scan of chartevents, labevents, inputevents", f"{scan:.1f}", f"dbt run takes {build / scan:.1f} times this"
    )
    table.add_row(
        f"dbt run, demo times {small}",
        f"{small_build:.1f}",
        f"growth by {build / small_build:.1f} for {times / small:.1f} times the data",
    )
    if checkout:
        theirs = mimic_code.on_postgres(dsn, Path(checkout))
        table.add_row("mimic-code, all concepts", f"{theirs:.1f}", f"dbt run takes {build / theirs:.2f} of this")
    Console(width=120).print(table)
    for what, most in (("of dbt run", peak), ("with a tenth of work_mem", peak_narrow)):
        print(
            f"peak {what}: {most.temporary / 1e9:.2f} GB of temporary files, {most.memory / 1e9:.2f} GB of memory in"
            " the server's processes besides shared_buffers"
        )


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _scan(dsn: str) -> None:
    with connect(dsn) as connection:
        connection.execute("set max_parallel_workers_per_gather = 0")
        for query in SCANS:
            connection.execute(query.encode())


def _dbt(command: str, dsn: str, options: str = "") -> float:
    engine = on_postgres(dsn)
    return dbt(replace(engine, environment={**engine.environment, "PGOPTIONS": options}), command)


def _work_mem_kb(dsn: str) -> int:
    with connect(dsn) as connection:
        row = connection.execute("select setting from pg_settings where name = 'work_mem'").fetchone()
    return int(row[0]) if row else 0


if __name__ == "__main__":
    sys.exit(main())
