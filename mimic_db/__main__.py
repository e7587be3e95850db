"""Command line: `python -m mimic_db start|stop|status|url|env|psql|load|check|parquet`."""

import argparse
import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table as Listing

from mimic_db import server
from mimic_db.check import can_run, check
from mimic_db.database import Connection, connect
from mimic_db.ending import leave, told
from mimic_db.errors import UserError
from mimic_db.load.csv_folder import SUMS, database_name, find_files, find_needed
from mimic_db.load.load import Loaded, load, missing_tables
from mimic_db.load.spark import write_tables
from mimic_db.progress import LoadProgress
from mimic_db.release import told_of_files
from mimic_db.tables import MODULES, schema_var
from mimic_db.words.judge import judge
from mimic_db.words.look import items_like, look
from mimic_db.words.report import can_build, report
from mimic_db.words.seeds import definitions
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
    print(server.url(_there(args.database) or "postgres"))
    return 0


def _env(args: argparse.Namespace) -> int:
    if args.dsn:
        dsn = server.with_database(args.dsn, args.database)
    else:
        server.start()
        dsn = server.url(_there(args.database) or "postgres")
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
    environment = server.libpq_environment(_target(args))
    os.execve(program, [program, *args.options], os.environ | environment)  # noqa: S606


def _target(args: argparse.Namespace) -> str:
    """The DSN that the options name: somebody's server, or a database of the embedded one."""
    if args.dsn:
        return server.with_database(args.dsn, args.database)
    if name := _there(args.database):
        return server.url(name)
    names = server.databases()
    if len(names) == 1:
        return server.url(names[0])
    raise UserError(
        f"which data set? --database {' | '.join(names)}" if names else "the embedded server holds no data set yet"
    )


def _there(name: str | None) -> str | None:
    """A name that the embedded server has: a database of a misspelt one would be empty."""
    if name and name != "postgres" and name not in (names := server.databases()):
        there = f"it has {', '.join(names)}" if names else "it holds no data set yet"
        raise UserError(f"the embedded server has no database {name}: {there}")
    return name


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


def _check(args: argparse.Namespace) -> int:
    chosen = definitions(args.vars)
    named = {module: getattr(args, f"{module}_schema") for module in MODULES}
    schemas = {module: named[module] or str(chosen[schema_var(module)]) for module in MODULES}
    with connect(_target(args)) as connection:
        findings = check(connection, schemas, args.schema, lambda text: print(text, file=sys.stderr))
        for finding in findings:
            print(f"{finding.level:<8}{finding.text}")
        runs = can_run(findings)
        if runs and args.words:
            runs = _check_words(connection, schemas, args)
    print("the study can run on it" if runs else "the study cannot run on it yet")
    others = {
        schema_var(module): name
        for module, name in named.items()
        if name and name != definitions("{}")[schema_var(module)]
    }
    if runs and others:
        given = shlex.quote(yaml.safe_dump(others, default_flow_style=True, width=1000).strip())
        print(f"name its schemas to every command: dbt build --vars {given}; make study DSN=... VARS={given}")
    return 0 if runs else 1


def _check_words(connection: Connection, schemas: Mapping[str, str], args: argparse.Namespace) -> bool:
    chosen = definitions(args.vars)
    others = items_like(connection, schemas, chosen["exposure_drug"])
    rows = look(connection, schemas, others, chosen, lambda text: print(text, file=sys.stderr))
    words = judge(rows, others, chosen)
    for line in report(words, args.suppress_below):
        print(line)
    return can_build(words)


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

    text = (
        "is this a MIMIC-IV that the study can run on, with this role, and is any table cut short? Seconds, minutes "
        "where a large table must be counted; writes nothing"
    )
    command = commands.add_parser("check", parents=[where], help=text, description=text)
    command.add_argument("--schema", default=os.environ.get("DEXSIC_SCHEMA", "dexsic"), help="output schema (dexsic)")
    command.add_argument(
        "--words",
        action="store_true",
        help="also, which words and units no list of the study knows, and what follows: reads six tables once; seconds"
        " for the demo, some 10 minutes for all of MIMIC-IV, most of it for the 300 million rows of chartevents",
    )
    command.add_argument("--vars", default="{}", help="definitions as of `dbt build --vars`, YAML")
    command.add_argument(
        "--suppress-below",
        type=int,
        default=10,
        metavar="N",
        help="for --words: counts under N are hidden (10; 0: none)",
    )
    for module in MODULES:
        command.add_argument(
            f"--{module}-schema", metavar="NAME", help=f"where {module}'s tables lie (var {schema_var(module)})"
        )
    command.set_defaults(command=_check)

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
