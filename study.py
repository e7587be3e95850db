"""`python -m study`: the whole study in one go, on generated data, a folder of MIMIC-IV files, or your own server.

Three stages, each skipped when nothing that it depends on has changed: the data, `dbt build`, the statistics.
About a minute for 2,000 generated ICU stays or the MIMIC-IV demo.
"""

import argparse
import hashlib
import importlib
import io
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import psycopg
import yaml
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from analysis_py.interrupt import terminable
from analysis_py.report.output_folder import DBT_DOCS, MARKER
from analysis_py.study.results import SUPPRESS_BELOW
from mimic_db import server
from mimic_db.database import explain
from mimic_db.errors import UserError
from mimic_db.load.csv_folder import database_name
from mimic_db.place import FILES, SPARK, Database, DuckDBFile, Place, SparkFolder, duckdb_file, spark_folder
from mimic_db.server_text import explain_text
from mimic_db.tables import OFFICIAL_SCHEMAS
from zigong_db.tables import SCHEMA as ZIGONG_SCHEMA

PROJECT = Path(__file__).parent
# what a build's result depends on, besides the data
BUILD_FILES = (
    *(
        "dbt_project.yml",
        "requirements/runtime.txt",
        "requirements/duckdb.txt",
        "requirements/spark.txt",
        "mimic_db/columns.csv",
    ),
    *("models/**/*", "macros/**/*.sql", "seeds/**/*", "tests/**/*.sql"),
)
STATISTICS_FILES = ("analysis_py/**/*", "requirements/runtime.txt")
STAMP = "dexsic build "
POSTGRES, DUCKDB, ON_SPARK = "postgres", "duckdb", "spark"
GENERATED = "generated"  # in place of a folder of the external cohort
# what a page may load: nothing from anywhere, whatever dbt puts into it
NO_NETWORK = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "connect-src 'none'\">"
)
EXAMPLES = """\
examples:
  python -m study                                       2,000 generated ICU stays, 1 GB of disk in .postgres
  python -m study --csv mimiciv/2.2                     files of MIMIC-IV, into the embedded server (100 GB for all)
  python -m study --engine duckdb --csv mimiciv/2.2     the same files read where they lie: no server, no loading
  python -m study --engine spark --csv mimiciv/2.2      the same models on Spark, from Parquet that is written first
  python -m study --dsn postgresql://me@host/mimiciv    your own server: MIMIC-IV is read, one schema is written
  python -m study --zigong generated                    with the external cohort, generated too
  python -m study --vars '{heparin: any_icu}'           with another definition

exit codes: 0 done; 1 not possible, the reason is on stderr; 2 wrong usage; 130 interrupted (Ctrl-C or SIGTERM)"""


class Stopped(Exception):  # noqa: N818
    """A command that the study is made of has failed and said why."""


console = Console(highlight=False, soft_wrap=True)
say = console.print


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the study; gives the exit code (0 done, 1 an error that was explained, 2 wrong usage, 130 interrupted)."""
    options = _parse(arguments)
    os.umask(0o077)  # logs, dbt's files and results are for this account alone
    console.quiet = options.quiet
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without our characters is no reason to end
    try:
        with terminable():
            return _run(options)
    except Stopped as error:
        print(error, file=sys.stderr)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
    except psycopg.Error as error:
        print(f"error: {explain(error)}", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted: the same command goes on from here", file=sys.stderr)
        return 130
    return 1


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m study",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--csv", type=Path, metavar="DIR", help="a folder of MIMIC-IV files, with hosp/ and icu/")
    source.add_argument("--dsn", help="your own server with MIMIC-IV, e.g. postgresql://me@localhost:5432/mimiciv")
    parser.add_argument(
        "--engine",
        choices=[POSTGRES, DUCKDB, ON_SPARK],
        default=POSTGRES,
        help="postgres (default); duckdb, which reads the files of --csv in place and writes one file; or spark, which "
        "writes them as Parquet first",
    )
    parser.add_argument(
        "--stays", default="2000", help="ICU stays to generate when no data are named (2000), or `paper`: its size"
    )
    parser.add_argument(
        "--zigong",
        metavar="DIR|generated",
        help="the external cohort too: a folder of its seven files, or the word `generated`",
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of the generated data and of the imputation (1)")
    parser.add_argument("--vars", default="{}", help="other definitions, as dbt takes them: '{heparin: any_icu}'")
    parser.add_argument(
        "--suppress-below",
        type=int,
        metavar="N",
        help=f"hide counts of patients from 1 to N-1 ({SUPPRESS_BELOW}; for generated data 0: show all)",
    )
    parser.add_argument("--output", type=Path, default=Path("output"), help="folder for the results (output)")
    parser.add_argument("--quiet", action="store_true", help="only errors and the path of the report")
    options = parser.parse_args(arguments)
    if options.engine != POSTGRES and (options.zigong or not options.csv):
        parser.error(f"--engine {options.engine} reads a folder of MIMIC-IV files: it takes --csv, and no --zigong")
    if options.zigong:
        options.vars = _with_zigong(options.vars)
    return options


def _with_zigong(variables: str) -> str:
    """Other definitions, with the external cohort switched on."""
    try:
        given = yaml.safe_load(variables)
    except yaml.YAMLError:
        return variables  # dbt says what is wrong with it
    return json.dumps({**given, "zigong": True}) if isinstance(given, dict) else variables


def _run(options: argparse.Namespace) -> int:
    began = time.monotonic()
    _announce(options)
    place = _data(options)
    threads = os.environ.get("DEXSIC_THREADS") or str(os.cpu_count() or 1)
    os.environ.update(place.environment(), DEXSIC_THREADS=threads)
    with _profiles_dir(place) as profiles_dir:
        built, is_new = _build(place, profiles_dir, options.vars)
        docs = _docs(options, place, profiles_dir, is_new)
        made_from = _digest(built, str(options.seed), str(_suppress_below(options)), *_files(STATISTICS_FILES))
        status = _statistics(options, profiles_dir, made_from, docs)
    if status == 0:
        say(f"\n[bold]done[/bold] in {time.monotonic() - began:.0f} s")
        say(f"  report      {options.output / 'report.html'}")
        say(f"  numbers     {options.output / 'results.csv'}; tables/, figures/ and manuscript/ beside it")
        if (options.output / DBT_DOCS).is_file():
            say(f"  models      {options.output / DBT_DOCS}: every model and column, with its lineage")
        if isinstance(place, DuckDBFile):
            say(f"  tables      schema {place.schema} of {place.path}: try  duckdb {place.path}")
        elif isinstance(place, SparkFolder):
            say(f"  tables      Parquet in {place.marts}, a folder for each")
        else:
            say(f"  database    schema {place.schema}: try  python -m mimic_db psql{_psql_options(options, place)}")
        if not options.dsn and options.engine == POSTGRES:
            say("  server      stays running for the next run; python -m mimic_db stop  ends it")
    return status


def _announce(options: argparse.Namespace) -> None:
    """Before anything is done: how long it will take, and what it does to the machine."""
    folder = server.default_data_dir()
    if options.dsn:
        what = "your own MIMIC-IV"
        cost = f"reads it in place and writes one schema; the results go to {options.output}/"
    elif options.engine == DUCKDB:
        what = f"the files of {options.csv}"
        cost = f"reads them in place and writes one file, in {FILES}/; results in {options.output}/"
    elif options.engine == ON_SPARK:
        what = f"the files of {options.csv}, on Spark"
        cost = f"four minutes for the demo; writes Parquet, in {SPARK}/; results in {options.output}/"
    elif options.csv:
        what = f"the files of {options.csv}"
        cost = f"a minute for the demo, 100 GB of disk for all of MIMIC-IV, in {folder}; results in {options.output}/"
    else:
        what = f"{options.stays} generated ICU stays, no real patients"
        cost = f"about a minute for 2,000, 1 GB of disk in {folder}; results in {options.output}/"
    say(f"[bold]dexsic[/bold]: dexmedetomidine in sepsis-induced coagulopathy, on {what}")
    say(f"  {cost}")
    if not options.dsn and options.engine == POSTGRES:
        say("  starts a PostgreSQL server of its own, on a socket without network, that stays running")


def _psql_options(options: argparse.Namespace, place: Database) -> str:
    return " --dsn ..." if options.dsn else f" --database {place.dsn.rpartition('/')[2]}"


def _data(options: argparse.Namespace) -> Database | DuckDBFile | SparkFolder:
    """See to it that the data are there; gives the place where the study is built."""
    schema = os.environ.get("DEXSIC_SCHEMA", "dexsic")
    if options.engine == DUCKDB:
        say("[bold]1/3 data[/bold]  read where they lie")
        return duckdb_file(options.csv, database_name(options.csv), schema)
    if options.engine == ON_SPARK:
        folder = spark_folder(database_name(options.csv), schema)
        say("[bold]1/3 data[/bold]  writing what has changed as Parquet")
        _command("mimic_db", "parquet", "--csv", str(options.csv), "--to", str(folder.path))
        return folder
    dsn = _database(options)
    if options.zigong:
        _zigong(options, dsn)
    return Database(dsn, schema, [*OFFICIAL_SCHEMAS.values(), ZIGONG_SCHEMA])


def _database(options: argparse.Namespace) -> str:
    """Load, generate or check the data; gives the DSN of the database that holds them."""
    if options.dsn:
        say("[bold]1/3 data[/bold]  is it a MIMIC-IV that the study can run on?")
        _command("mimic_db", "check", "--dsn", options.dsn)
        return server.with_database(options.dsn, None)
    if options.csv:
        say("[bold]1/3 data[/bold]  loading what has changed")
        name = database_name(options.csv)
        _command("mimic_db", "load", "--csv", str(options.csv), "--database", name)
        return server.url(name)
    say("[bold]1/3 data[/bold]  generating, unless they are there")
    name = f"generated_{options.stays}_{options.seed}"
    _command("twin", "generate", "--stays", options.stays, "--seed", str(options.seed), "--database", name)
    return server.url(name)


def _zigong(options: argparse.Namespace, dsn: str) -> None:
    """Load or generate the external cohort into the database of the other."""
    where = ["--dsn", dsn] if options.dsn else ["--database", dsn.rpartition("/")[2]]
    if options.zigong == GENERATED:
        say("  the external cohort: generating, unless it is there")
        _command("twin", "generate", "--zigong", "--seed", str(options.seed), *where)
    else:
        say("  the external cohort: loading what has changed")
        _command("mimic_db", "load", "--zigong", options.zigong, *where)


def _command(program: str, *arguments: str) -> None:
    main = importlib.import_module(f"{program}.__main__").main  # that of twin takes a second to import
    said = io.StringIO()
    with (
        redirect_stdout(said) if console.quiet else nullcontext(),
        redirect_stderr(said) if console.quiet else nullcontext(),
    ):
        status = main(arguments)
    if status == 130:
        raise KeyboardInterrupt
    if status:
        print(said.getvalue(), end="", file=sys.stderr)  # what was kept back by --quiet tells why
        raise Stopped(f"stopped at `python -m {program} {arguments[0]}`: see the message above")


@contextmanager
def _profiles_dir(place: Place) -> Iterator[Path]:
    """A folder with profiles.yml as dbt wants it: the example, which takes every value from the environment."""
    example = (PROJECT / "profiles.example.yml").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="dexsic-") as folder:
        profiles = Path(folder) / "profiles.yml"
        profiles.write_text(example.replace("target: dev", f"target: {place.target}", 1), encoding="utf-8")
        yield Path(folder)


def _build(place: Place, profiles_dir: Path, variables: str) -> tuple[str, bool]:
    """Run `dbt build` unless the tables are marked as built from the same data and files; the mark, and if it ran."""
    built = _digest(place.state(), variables, *_files(BUILD_FILES))
    if place.mark() == STAMP + built:
        say("[bold]2/3 dbt build[/bold]  nothing has changed since the last build: skipped")
        return built, False
    where = f"schema {place.schema}; details in logs/dbt.log"
    # unit tests are of the definitions, not of the data: on Spark they would take as long as all the rest
    less = ("--exclude-resource-type", "unit_test") if place.target == SparkFolder.target else ()
    what = "models and data tests" if less else "models, data tests and unit tests"
    say(f"[bold]2/3 dbt build[/bold]  {what} in {where}")
    with place.session():
        _dbt_build("--profiles-dir", str(profiles_dir), "--vars", variables, *less)
    place.set_mark(STAMP + built)
    return built, True


def _dbt(*arguments: str, follow: Sequence[Callable[[Any], None]] = ()) -> Any:
    """Run dbt in this process, without its log on the terminal; gives its result."""
    runner = importlib.import_module("dbt.cli.main").dbtRunner  # its import takes seconds: not for --help
    silent = ("--log-level", "none", "--log-level-file", "info", "--project-dir", str(PROJECT))
    done = runner(callbacks=list(follow)).invoke([*arguments, *silent])
    if isinstance(done.exception, KeyboardInterrupt):  # dbt has cancelled its queries, and calls it a failed run
        raise done.exception
    return done


def _dbt_build(*arguments: str) -> None:
    """`dbt build`, with a progress bar in place of its log.

    Raises:
        UserError: the project or the connection is wrong, or a model or test failed.
    """
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    bar = Progress(*columns, console=Console(stderr=True), transient=True, disable=console.quiet)
    with bar as progress:
        task = progress.add_task("reading the project", total=None)

        def follow(event: Any) -> None:
            if event.info.name == "LogStartLine":
                progress.update(task, total=event.data.total, description=event.data.description)
            elif event.info.name == "NodeFinished":
                progress.advance(task)

        result = _dbt("build", *arguments, follow=[follow])
    if result.exception:
        text = _one_line(str(result.exception))
        raise UserError(f"dbt build broke off: {explain_text(text) or text}")
    outcomes = list(result.result or [])
    failed = [node for node in outcomes if node.status in ("error", "fail", "runtime error")]
    for node in failed:
        text = _one_line(node.message or "")
        print(f"  {node.node.resource_type} {node.node.name}: {explain_text(text) or text}", file=sys.stderr)
    if failed:
        raise UserError(f"{len(failed)} of {len(outcomes)} steps of dbt build failed (above); the report is not made")
    warned = [node for node in outcomes if node.status == "warn"]
    for node in warned:
        say(f"  warning: {node.node.name}: {_one_line(node.message or '')}", markup=False)
    say(f"  {len(outcomes)} models, seeds and tests passed" + (f", {len(warned)} with a warning" if warned else ""))


def _docs(options: argparse.Namespace, place: Place, profiles_dir: Path, is_new: bool) -> Path | None:
    """dbt's documentation as one page, in `profiles_dir`; None where the one beside the report is still right.

    What dbt describes is models, columns and definitions: no value of a patient is in it. Not made, it is no error.
    """
    if not is_new and (options.output / DBT_DOCS).is_file():
        return None
    given = ("--profiles-dir", str(profiles_dir), "--vars", options.vars)
    target = Path(os.environ.get("DBT_TARGET_PATH", PROJECT / "target"))
    # the build has left its manifest in the target folder; without a build, that of the project as it is
    with place.session():
        described = is_new or _dbt("parse", *given).success
        described = described and _dbt("docs", "generate", "--static", "--no-compile", *given).success
    if not described:
        say("  dbt docs could not be made: the report comes without them")
        return None
    page = (target / "static_index.html").read_text(encoding="utf-8")
    page = page.replace("<head>", f"<head>{NO_NETWORK}", 1).replace(str(PROJECT), ".")
    (profiles_dir / DBT_DOCS).write_text(page, encoding="utf-8")
    return profiles_dir / DBT_DOCS


def _one_line(message: str) -> str:
    """dbt's message without line breaks, and without what PostgreSQL or DuckDB quotes from a row."""
    message = re.sub(
        r"Original Line:.*?(?=\n\s*(Error when|Possible|Expected|file =)|\Z)", "", message, flags=re.DOTALL
    )
    message = re.sub(r'string ".*?" to', "a value to", message, flags=re.DOTALL)
    lines = [line.strip() for line in message.splitlines()]
    lines = [line for line in lines if line and not line.startswith(("compiled code", "> in macro", "> called by"))]
    return re.sub(r': ".*?"$', "", " ".join(lines[:3]))


def _statistics(options: argparse.Namespace, profiles_dir: Path, made_from: str, docs: Path | None) -> int:
    stamp = options.output / MARKER
    if stamp.is_file() and made_from in stamp.read_text():
        say("[bold]3/3 statistics[/bold]  nothing has changed since the last run: skipped")
        if docs is not None:
            shutil.copy(docs, options.output / DBT_DOCS)
        if options.quiet:
            print(options.output / "report.html")
        return 0
    say("[bold]3/3 statistics[/bold]  matching and models")
    run = importlib.import_module("analysis_py.run")
    status: int = run.main(
        [
            *("--profiles-dir", str(profiles_dir)),
            *("--output", str(options.output)),
            *("--seed", str(options.seed)),
            *("--suppress-below", str(_suppress_below(options))),
            *(("--dbt-docs", str(docs)) if docs is not None else ()),
            *(("--quiet",) if options.quiet else ()),
        ]
    )
    if status == 0:
        with stamp.open("a") as marker:
            marker.write(f"Made from {made_from}\n")
    return status


def _suppress_below(options: argparse.Namespace) -> int:
    if options.suppress_below is not None:
        return int(options.suppress_below)
    is_real = options.csv or options.dsn or options.zigong not in (None, GENERATED)
    return SUPPRESS_BELOW if is_real else 0


def _files(patterns: Sequence[str]) -> Iterator[str]:
    """Path and content of the project's files that match, in a fixed order."""
    for pattern in patterns:
        for path in sorted(PROJECT.glob(pattern)):
            if path.is_file() and "__pycache__" not in path.parts:
                yield f"{path.relative_to(PROJECT)}:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


if __name__ == "__main__":
    ended = main()
    if ended == 130:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not change what the first one said
    sys.exit(ended)
