"""Command line: `python -m mimic_db start|stop|status|url|env|psql|load|check|parquet`."""

import argparse
import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table as Listing

from analysis_py.interrupt import leave
from mimic_db import server
from mimic_db.check_command import CHECKS, add_arguments, run_check
from mimic_db.database import connect
from mimic_db.ending import told
from mimic_db.load.csv_folder import SUMS, database_name, find_files, find_needed
from mimic_db.load.load import Loaded, load, missing_tables
from mimic_db.load.spark import write_tables
from mimic_db.progress import LoadProgress
from mimic_db.release import told_of_files
from mimic_db.target import named, there
from zigong_db import files as zigong_files
from zigong_db.load import load_files as load_zigong_files

PROJECT = Path(__file__).parents[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status: 0 done, 1 an error that was explained, 130 interrupted."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    args = _parser().parse_args(arguments)
    return told(lambda: args.command(args))


def _start(args: argparse.Namespace) -> int:
    running = server.start()
    print(f"running: process {running.pid}, data {running.data_dir}, socket {running.socket_dir}")
    return 0


def _stop(args: argparse.Namespace) -> int:
    print("stopped" if server.stop() else "not running")
    return 0


def _status(args: argparse.Namespace) -> int:
    running = server.status()
    if running is None:
        print(f"not running, data {server.default_data_dir()}")
        return 1
    print(f"running: process {running.pid}, data {running.data_dir}, socket {running.socket_dir}")
    for name in server.databases():
        print(f"  {name}  {server.url(name)}")
    return 0


def _url(args: argparse.Namespace) -> int:
    print(server.url(there(args.database) or "postgres"))
    return 0


def _env(args: argparse.Namespace) -> int:
    if args.dsn:
        dsn = server.with_database(args.dsn, args.database)
    else:
        server.start()
        dsn = server.url(there(args.database) or "postgres")
    environment = server.dbt_environment(dsn)
    if not Path("profiles.yml").is_file() and not os.environ.get("DBT_PROFILES_DIR"):
        environment["DBT_PROFILES_DIR"] = str(_example_as_profiles())
    for name, value in sorted(environment.items()):
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _example_as_profiles() -> Path:
    """A folder with profiles.example.yml under the name that dbt looks for: every value is from the environment."""
    folder = PROJECT / "target" / "profiles"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(PROJECT / "profiles.example.yml", folder / "profiles.yml")
    return folder


def _psql(args: argparse.Namespace) -> int:
    program = server.psql_program()
    environment = server.libpq_environment(named(args))
    os.execve(program, [program, *args.options], os.environ | environment)  # noqa: S606


def _load(args: argparse.Namespace) -> int:
    if args.zigong:
        files, name, load_all = zigong_files.find_files(args.zigong), zigong_files.database_name, load_zigong_files
    else:
        files, name, load_all = find_files(args.csv), database_name, load
        if absent := [str(table) for table in missing_tables(files)]:
            print(f"warning: not in the folder, and not needed by the study: {', '.join(absent)}", file=sys.stderr)
    if args.dsn:
        dsn = server.with_database(args.dsn, args.database)
    else:
        dsn = server.ensure_database(args.database or name(args.zigong or args.csv))
    with connect(dsn) as connection, LoadProgress() as progress:
        tables = load_all(connection, files, progress)
    Console().print(_row_counts(tables, "loaded"))
    if unlisted := [str(loaded.table) for loaded in tables if not loaded.as_listed]:
        print(
            f"warning: {', '.join(unlisted)}: not the file(s) whose SHA-256 {SUMS} lists: damaged, cut short or edited",
            file=sys.stderr,
        )
    if not args.zigong:
        _tell_release(tables)
    if not args.dsn:
        print(f"loaded: {dsn}")
    return 0


def _parquet(args: argparse.Namespace) -> int:
    with LoadProgress() as progress:
        tables = write_tables(find_needed(args.csv), args.to, progress)
    Console().print(_row_counts(tables, "written"))
    _tell_release(tables)
    print(f"written: {args.to}; to build on it: DEXSIC_SPARK={shlex.quote(str(args.to))} dbt build --target spark")
    return 0


def _tell_release(tables: Sequence[Loaded]) -> None:
    """Beside what the release has: a table cut short in its file."""
    for line in told_of_files({loaded.table: loaded.rows for loaded in tables}):
        print(line, file=sys.stderr)


def _row_counts(tables: Sequence[Loaded], done: str) -> Listing:
    listing = Listing("table", "rows", "", box=SIMPLE)
    listing.columns[1].justify = "right"
    for loaded in tables:
        listing.add_row(str(loaded.table), f"{loaded.rows:,}", "unchanged" if loaded.unchanged else done)
    return listing


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mimic_db", description="Get the study's data into PostgreSQL.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    where = argparse.ArgumentParser(add_help=False)
    where.add_argument("--dsn", help="your own server, e.g. postgresql://me@localhost:5432/mimiciv (default: embedded)")
    where.add_argument("--database", help="the database on that server")

    for name, function, text in (
        (
            "start",
            _start,
            "start the embedded server: seconds; data in .postgres (or the folder DEXSIC_PGDATA); it runs until stop",
        ),
        ("stop", _stop, "stop the embedded server; its data stay"),
        ("status", _status, "is the embedded server running, and which data sets does it hold?"),
    ):
        commands.add_parser(name, help=text, description=text).set_defaults(command=function)

    command = commands.add_parser("url", help="print the connection URI of a database of the embedded server")
    command.add_argument("--database", help="which database (default: postgres)")
    command.set_defaults(command=_url)

    text = 'print what profiles.example.yml reads, to run dbt by hand: eval "$(python -m mimic_db env --database NAME)"'
    command = commands.add_parser("env", parents=[where], help=text, description=text)
    command.set_defaults(command=_env)

    command = commands.add_parser("psql", parents=[where], help="open psql on a database; writes what you write")
    command.add_argument("options", nargs="*", help="options for psql, after --")
    command.set_defaults(command=_psql)

    text = (
        "load a folder of MIMIC-IV or Zigong files, the tables that have changed: seconds for the demo, a minute for "
        "Zigong, 100 GB of disk for all of MIMIC-IV; the server stays running"
    )
    command = commands.add_parser("load", parents=[where], help=text, description=text)
    source = command.add_mutually_exclusive_group(required=True)
    source.add_argument("--csv", type=Path, metavar="DIR", help="MIMIC-IV: the folder with hosp/ and icu/")
    source.add_argument(
        "--zigong", type=Path, metavar="DIR", help="the Zigong database: the folder with dtBaseline.csv or DataTables/"
    )
    command.set_defaults(command=_load)

    command = commands.add_parser("check", parents=[where], help=CHECKS, description=CHECKS)
    add_arguments(command)
    command.set_defaults(command=run_check)

    text = (
        "write the tables that the study needs as Parquet for Spark, in buckets by patient, those that have changed: "
        "half a minute for the demo; needs requirements/spark.txt and Java 17"
    )
    command = commands.add_parser("parquet", help=text, description=text)
    command.add_argument("--csv", type=Path, required=True, metavar="DIR", help="the folder with hosp/ and icu/")
    command.add_argument(
        "--to",
        type=Path,
        metavar="DIR",
        default=Path(os.environ.get("DEXSIC_SPARK", ".spark")),
        help="the folder of Spark's tables (DEXSIC_SPARK, else .spark)",
    )
    command.set_defaults(command=_parquet)
    return parser


if __name__ == "__main__":
    leave(main())
