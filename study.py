"""`python -m study`: the whole study in one go, on generated data, a folder of MIMIC-IV files, or your own server.

Three stages, each skipped when nothing that it depends on has changed: the data, `dbt build`, the statistics.
"""

import argparse
import hashlib
import importlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from analysis_py.output_folder import MARKER
from mimic_db import __main__ as mimic_db
from mimic_db import server
from mimic_db.csv_folder import database_name
from mimic_db.database import connect, explain
from mimic_db.errors import UserError
from mimic_db.fingerprint import source_fingerprint
from mimic_db.tables import OFFICIAL_SCHEMAS

PROJECT = Path(__file__).parent
# what a build's result depends on, besides the data
BUILD_FILES = ("dbt_project.yml", "requirements.txt", "models/**/*", "macros/**/*.sql", "seeds/**/*", "tests/**/*.sql")
STATISTICS_FILES = ("analysis_py/**/*", "requirements.txt")
STAMP = "dexsic build "
SUPPRESS_BELOW = 5  # counts of real patients from 1 to 4 are hidden
say = Console(highlight=False, soft_wrap=True).print


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the study; gives the exit code (0 done, 1 an error that was explained, 2 wrong usage, 130 interrupted)."""
    options = _parse(arguments)
    try:
        return _run(options)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
    except psycopg.Error as error:
        print(f"error: {explain(error)}", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted: the same command goes on from here", file=sys.stderr)
        return 130
    return 1


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m study", description=__doc__)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--csv", type=Path, metavar="DIR", help="a folder of MIMIC-IV files, with hosp/ and icu/")
    source.add_argument("--dsn", help="your own server with MIMIC-IV, e.g. postgresql://me@localhost:5432/mimiciv")
    parser.add_argument(
        "--stays", default="2000", help="ICU stays to generate when no data are named (2000), or `paper`: its size"
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of the generated data and of the imputation (1)")
    parser.add_argument("--vars", default="{}", help="other definitions, as dbt takes them: '{heparin: any_icu}'")
    parser.add_argument(
        "--suppress-below", type=int, metavar="N", help="hide counts from 1 to N-1 (5; for generated data 0: show all)"
    )
    parser.add_argument("--output", type=Path, default=Path("output"), help="folder for the results (output)")
    return parser.parse_args(arguments)


def _run(options: argparse.Namespace) -> int:
    began = time.monotonic()
    dsn = _data(options)
    schema = os.environ.get("DEXSIC_SCHEMA", "dexsic")
    os.environ.update(server.dbt_environment(dsn), DEXSIC_SCHEMA=schema, DEXSIC_THREADS=str(os.cpu_count() or 1))
    with _profiles_dir() as profiles_dir:
        built = _build(dsn, schema, profiles_dir, options.vars)
        made_from = _digest(built, str(options.seed), str(_suppress_below(options)), *_files(STATISTICS_FILES))
        status = _statistics(options, profiles_dir, made_from)
    if status == 0:
        say(f"\ndone in {time.monotonic() - began:.0f} s")
        say(f"  report      {options.output / 'report.html'}")
        say(f"  numbers     {options.output / 'results.csv'}, tables and figures beside it")
        say(f"  database    schema {schema}: try  python -m mimic_db psql{_psql_options(options, dsn)}")
    return status


def _psql_options(options: argparse.Namespace, dsn: str) -> str:
    return " --dsn ..." if options.dsn else f" --database {dsn.rpartition('/')[2]}"


def _data(options: argparse.Namespace) -> str:
    """Load, generate or check the data; gives the DSN of the database that holds them."""
    if options.dsn:
        say("[bold]1/3 data[/bold]  your own server: nothing is written outside the output schema")
        _command("check", "--dsn", options.dsn)
        return server.with_database(options.dsn, None)
    folder = server.default_data_dir()
    if options.csv:
        say(f"[bold]1/3 data[/bold]  files of {options.csv} into the embedded server ({folder})")
        name = database_name(options.csv)
        _command("load", "--csv", str(options.csv), "--database", name)
        return server.url(name)
    say(
        f"[bold]1/3 data[/bold]  {options.stays} generated ICU stays, no real patients, "
        f"in the embedded server ({folder})"
    )
    name = f"generated_{options.stays}_{options.seed}"
    _command("generate", "--stays", options.stays, "--seed", str(options.seed), "--database", name)
    return server.url(name)


def _command(*arguments: str) -> None:
    status = mimic_db.main(arguments)
    if status == 130:
        raise KeyboardInterrupt
    if status:
        raise UserError(f"stopped at `python -m mimic_db {arguments[0]}`: see the message above")


@contextmanager
def _profiles_dir() -> Iterator[Path]:
    """A folder with profiles.yml as dbt wants it: the example, which takes every value from the environment."""
    with tempfile.TemporaryDirectory(prefix="dexsic-") as folder:
        shutil.copy(PROJECT / "profiles.example.yml", Path(folder) / "profiles.yml")
        yield Path(folder)


def _build(dsn: str, schema: str, profiles_dir: Path, variables: str) -> str:
    """Run `dbt build` unless the schema is marked as built from the same data and files; gives the mark."""
    schemas = OFFICIAL_SCHEMAS.values()
    with connect(dsn) as connection:
        built = _digest(source_fingerprint(connection, schemas), variables, *_files(BUILD_FILES))
        if _mark(connection, schema) == STAMP + built:
            say("[bold]2/3 dbt build[/bold]  nothing has changed since the last build: skipped")
            return built
    say(f"[bold]2/3 dbt build[/bold]  models, data tests and unit tests in schema {schema}; details in logs/dbt.log")
    _dbt("build", "--profiles-dir", str(profiles_dir), "--vars", variables)
    with connect(dsn) as connection:
        connection.execute(
            sql.SQL("comment on schema {} is {}").format(sql.Identifier(schema), sql.Literal(STAMP + built))
        )
    return built


def _mark(connection: psycopg.Connection[tuple[Any, ...]], schema: str) -> str | None:
    row = connection.execute(
        "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = %s", [schema]
    ).fetchone()
    return row[0] if row else None


def _dbt(*arguments: str) -> None:
    """Run dbt in this process, with a progress bar in place of its log.

    Raises:
        UserError: the project or the connection is wrong, or a model or test failed.
    """
    runner = importlib.import_module("dbt.cli.main").dbtRunner  # its import takes seconds: not for --help
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading the project", total=None)

        def follow(event: Any) -> None:
            if event.info.name == "LogStartLine":
                progress.update(task, total=event.data.total, description=event.data.description)
            elif event.info.name == "NodeFinished":
                progress.advance(task)

        quiet = ("--log-level", "none", "--log-level-file", "info", "--project-dir", str(PROJECT))
        result = runner(callbacks=[follow]).invoke([*arguments, *quiet])
    if result.exception:
        raise UserError(f"dbt build did not start: {_one_line(str(result.exception))}")
    outcomes = list(result.result or [])
    failed = [node for node in outcomes if node.status in ("error", "fail", "runtime error")]
    for node in failed:
        say(f"  {node.node.resource_type} {node.node.name}: {_one_line(node.message or '')}", markup=False)
    if failed:
        raise UserError(f"{len(failed)} of {len(outcomes)} steps of dbt build failed (above); the report is not made")
    warned = [node for node in outcomes if node.status == "warn"]
    for node in warned:
        say(f"  warning: {node.node.name}: {_one_line(node.message or '')}", markup=False)
    say(f"  {len(outcomes)} models, seeds and tests passed" + (f", {len(warned)} with a warning" if warned else ""))


def _one_line(message: str) -> str:
    """dbt's message without line breaks, and without the value that PostgreSQL quotes from a row."""
    lines = [line.strip() for line in message.splitlines()]
    lines = [line for line in lines if line and not line.startswith(("compiled code", "> in macro", "> called by"))]
    return re.sub(r': ".*?"$', "", " ".join(lines[:3]))


def _statistics(options: argparse.Namespace, profiles_dir: Path, made_from: str) -> int:
    stamp = options.output / MARKER
    if stamp.is_file() and made_from in stamp.read_text():
        say("[bold]3/3 statistics[/bold]  nothing has changed since the last run: skipped")
        return 0
    say("[bold]3/3 statistics[/bold]  matching and models")
    run = importlib.import_module("analysis_py.run")
    status: int = run.main(
        [
            *("--profiles-dir", str(profiles_dir)),
            *("--output", str(options.output)),
            *("--seed", str(options.seed)),
            *("--suppress-below", str(_suppress_below(options))),
        ]
    )
    if status == 0:
        with stamp.open("a") as marker:
            marker.write(f"Made from {made_from}\n")
    return status


def _suppress_below(options: argparse.Namespace) -> int:
    if options.suppress_below is not None:
        return int(options.suppress_below)
    return SUPPRESS_BELOW if options.csv or options.dsn else 0


def _files(patterns: Sequence[str]) -> Iterator[str]:
    """Path and content of the project's files that match, in a fixed order."""
    for pattern in patterns:
        for path in sorted(PROJECT.glob(pattern)):
            if path.is_file() and "__pycache__" not in path.parts:
                yield f"{path.relative_to(PROJECT)}:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
