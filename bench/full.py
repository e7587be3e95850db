"""`python -m bench.full`: the whole study on data of MIMIC-IV's full size, step by step, with what each step takes.

Nobody here has the full database: the demo 523 times over (73,220 ICU stays, 350 million chartevents) stands in for
it. Files, load, build, tests and statistics run one after another; of each are told seconds, the most memory and
temporary disk at any time, and what it leaves on the disk. A run that was broken off goes on where it was; a step is
repeated if what it depends on has changed, or with --fresh. Files lie in .bench, the database in the embedded server.
"""

import argparse
import hashlib
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from bench import peaks, stand_in
from bench.__main__ import DEMO
from bench.builds import PROJECT, Engine, dbt, on_duckdb, on_postgres, on_spark, profiles_of, require_duckdb, run
from bench.peaks import Peaks, size_of
from mimic_db import server
from mimic_db.database import connect
from mimic_db.errors import UserError

FULL = 523
# GB for the demo once, by engine: files, and what the engine makes of them
DISK_GB = {"postgres": 0.125, "duckdb": 0.02, "spark": 0.04}
ASK_ABOVE_GB = 5
_BUILD = ("dbt_project.yml", "models", "macros", "seeds")


@dataclass(frozen=True)
class Step:
    """`depends` are files and folders of the project: while they stay the same, what the step took stays true."""

    name: str
    work: Callable[[], None]
    depends: Sequence[str]
    left: Callable[[], int]
    watch: Callable[[], AbstractContextManager[Peaks]]


@dataclass(frozen=True)
class Taken:
    """Seconds, and bytes: the most memory and temporary disk at any time, what is on the disk afterwards."""

    key: str
    seconds: float
    memory: int
    temporary: int
    left: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; gives the exit code."""
    options = _parse(arguments)
    gigabytes = DISK_GB[options.engine] * options.times
    folder = PROJECT / ".bench" / f"full_{options.times}"
    free = shutil.disk_usage(PROJECT).free / 1e9
    try:
        require_duckdb()
        # what an earlier run has left is not needed again
        if gigabytes - size_of(folder) / 1e9 > free and not (folder / "steps.json").exists():
            raise UserError(
                f"this takes some {gigabytes:.0f} GB of disk, and {free:.0f} are free: --times makes it less"
            )
        if gigabytes > ASK_ABOVE_GB and not options.yes and not _agreed(gigabytes):
            return 1
        print(f"on {options.engine}, the demo times {options.times}: {folder}", file=sys.stderr)
        _tell(_steps(options.engine, options.csv, options.times, folder), folder, options.engine, options.fresh)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.full", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", choices=sorted(DISK_GB), default="duckdb", help="what builds (duckdb)")
    parser.add_argument("--times", type=int, default=FULL, help=f"how many demos ({FULL})")
    parser.add_argument("--csv", type=Path, default=DEMO, help="the MIMIC-IV demo's folder")
    parser.add_argument("--fresh", action="store_true", help="measure again what was measured before")
    parser.add_argument("--yes", action="store_true", help="do not ask before the disk is used")
    return parser.parse_args(arguments)


def _agreed(gigabytes: float) -> bool:
    if not sys.stdin.isatty():
        raise UserError(f"this takes some {gigabytes:.0f} GB of disk: say --yes")
    return input(f"this takes some {gigabytes:.0f} GB of disk, kept for the next run; go on? [y/N] ").lower() == "y"


def _steps(engine: str, demo: Path, times: int, folder: Path) -> Iterator[Step]:
    parquet, csv = folder / "parquet", folder / "csv"

    def here() -> AbstractContextManager[Peaks]:
        return peaks.of_this_process(folder / "aside")

    yield Step(
        "files: Parquet",
        lambda: stand_in.write_parquet(demo, times, parquet),
        ["bench/stand_in.py"],
        lambda: size_of(parquet),
        here,
    )
    if engine == "postgres":
        yield Step(
            "files: csv.gz",
            lambda: stand_in.write_csv(parquet, csv),
            ["bench/stand_in.py"],
            lambda: size_of(csv),
            here,
        )
        yield from _on_postgres(csv, times)
    elif engine == "duckdb":
        file = folder / "marts.db"
        aside = Path(f"{file}.tmp")
        yield from _built(on_duckdb(parquet, file), folder, lambda: size_of(file), lambda: peaks.of_this_process(aside))
    else:
        tables = PROJECT / ".spark" / f"full_{times}"
        made: list[Engine] = []

        def write() -> None:
            made[:] = [on_spark(parquet, tables)]

        def watch() -> AbstractContextManager[Peaks]:
            return peaks.of_this_process(tables / "scratch")

        yield Step("load", write, ["mimic_db/load", "mimic_db/columns.csv"], lambda: size_of(tables), watch)
        yield from _built(made[0] if made else on_spark(parquet, tables), folder, lambda: size_of(tables), watch)


def _on_postgres(csv: Path, times: int) -> Iterator[Step]:
    server.start()
    dsn = server.ensure_database(f"full_{times}")

    def size() -> int:
        with connect(dsn) as connection:
            row = connection.execute("select pg_database_size(current_database())").fetchone()
        return int(row[0]) if row else 0

    def watch() -> AbstractContextManager[Peaks]:
        return peaks.of_server(dsn)

    load = ["-m", "mimic_db", "load", "--csv", str(csv), "--dsn", dsn]
    yield Step("load", lambda: run(load, {}), ["mimic_db/load", "mimic_db/columns.csv"], size, watch)
    yield from _built(on_postgres(dsn), csv.parent, size, watch)


def _built(
    engine: Engine, folder: Path, left: Callable[[], int], watch: Callable[[], AbstractContextManager[Peaks]]
) -> Iterator[Step]:
    """dbt's commands and the statistics."""
    yield Step("dbt seed", lambda: _run_dbt(engine, "seed"), _BUILD, left, watch)
    yield Step("dbt run", lambda: _run_dbt(engine, "run"), _BUILD, left, watch)
    only_data = ("test", "--select", "test_type:data")
    yield Step("dbt test, data tests", lambda: _run_dbt(engine, *only_data), (*_BUILD, "tests/data"), left, watch)
    output = folder / "output"
    statistics = ["-m", "analysis_py.run", "--profiles-dir", str(profiles_of(engine))]
    statistics += ["--target", engine.target, "--output", str(output)]
    yield Step(
        "statistics and report",
        lambda: run(statistics, engine.environment),
        (*_BUILD, "analysis_py"),
        lambda: size_of(output),
        watch,
    )


def _run_dbt(engine: Engine, *command: str) -> None:
    dbt(engine, *command)


def _tell(steps: Iterator[Step], folder: Path, engine: str, fresh: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / "steps.json"
    known = json.loads(record.read_text()) if record.is_file() else {}
    table = Table("", "seconds", "peak memory", "peak temporary disk", "on the disk", box=SIMPLE)
    for column in table.columns[1:]:
        column.justify = "right"
    upstream = hashlib.sha256()
    for step in steps:
        upstream.update(_digest(step.depends))
        key, name = upstream.hexdigest()[:16], step.name if step.name.startswith("files") else f"{engine}: {step.name}"
        if fresh or known.get(name, {}).get("key") != key:
            print(f"{step.name} ...", file=sys.stderr, flush=True)
            began = time.perf_counter()
            with step.watch() as most:
                step.work()
            seconds = round(time.perf_counter() - began, 1)
            known[name] = asdict(Taken(key, seconds, most.memory, most.temporary, step.left()))
            record.write_text(json.dumps(known, indent=1))
        taken = Taken(**known[name])
        gigabytes = [f"{amount / 1e9:.2f} GB" for amount in (taken.memory, taken.temporary, taken.left)]
        table.add_row(step.name, f"{taken.seconds:,.1f}", *gigabytes)
    Console(width=120).print(table)


def _digest(places: Sequence[str]) -> bytes:
    digest = hashlib.sha256()
    for place in places:
        path = PROJECT / place
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.suffix != ".pyc":
                digest.update(str(file.relative_to(PROJECT)).encode() + file.read_bytes())
    return digest.digest()


if __name__ == "__main__":
    sys.exit(main())
