"""`python -m study`: the whole study in one go, on generated data, a folder of MIMIC-IV files, or your own server.

Three stages, each skipped when nothing that it depends on has changed: the data, `dbt build`, the statistics.
Two minutes for 6,000 generated ICU stays or for the MIMIC-IV demo; each stage says how long it took the last time.
"""

import argparse
import io
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from analysis_py.interrupt import leave
from analysis_py.report.output_folder import DBT_DOCS
from analysis_py.study.suppression import SUPPRESS_BELOW
from mimic_db import server
from mimic_db.ending import told
from mimic_db.load.csv_folder import database_name
from pipeline import data, dbt, statistics
from pipeline.data import GENERATED
from pipeline.digest import STATISTICS_FILES, digest
from pipeline.pace import Pace
from pipeline.place import FILES, SPARK, Database, Place, duckdb_file
from pipeline.terminal import console, say
from twin.trial.design import STAYS
from twin.trial.power import too_small

POSTGRES, DUCKDB, ON_SPARK = "postgres", "duckdb", "spark"
EXAMPLES = """\
examples:
  python -m study                                       6,000 generated ICU stays, 3 GB of disk in .postgres
  python -m study --csv mimiciv/2.2                     files of MIMIC-IV, into the embedded server (100 GB for all)
  python -m study --csv demo/2.2 --suppress-below 0     of the demo, which is open data, every count may be shown
  python -m study --engine duckdb --csv mimiciv/2.2     the same files read where they lie: no server, no loading
  python -m study --engine spark --csv mimiciv/2.2      the same models on Spark, from Parquet that is written first
  python -m study --dsn postgresql://me@host/mimiciv    your own server: MIMIC-IV is read, one schema is written
  python -m study --zigong generated                    with the external cohort, generated too
  python -m study --vars '{heparin: any_icu}'           with another definition

exit codes: 0 done; 1 not possible, the reason is on stderr; 2 wrong usage; 130 interrupted (Ctrl-C, SIGTERM, hangup)"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the study; gives the exit code (0 done, 1 an error that was explained, 2 wrong usage, 130 interrupted)."""
    options = _parse(arguments)
    os.umask(0o077)  # logs, dbt's files and results are for this account alone
    console.quiet = options.quiet
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without our characters is no reason to end
    return told(lambda: _run(options))


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
        "--stays",
        default=str(STAYS),
        help=f"ICU stays to generate when no data are named ({STAYS}), or `paper`: its size",
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
    pace = Pace(_size(options))
    _announce(options, pace)
    with pace.stage("data"):
        place = _data(options)
    threads = os.environ.get("DEXSIC_THREADS") or str(os.cpu_count() or 1)
    os.environ.update(place.environment(), DEXSIC_THREADS=threads)
    with dbt.profiles(place) as profiles_dir:
        with pace.stage("dbt build"):
            built, is_new = dbt.build(place, profiles_dir, options.vars, pace.before("dbt build"))
        with pace.stage("dbt docs"):
            is_described = not is_new and (options.output / DBT_DOCS).is_file()
            docs = None if is_described else dbt.document(place, profiles_dir, options.vars, is_new)
        with pace.stage("statistics"):
            suppress_below = _suppress_below(options)
            made_from = digest(built, str(options.seed), str(suppress_below), files=STATISTICS_FILES)
            given = (options.output, profiles_dir, options.seed, suppress_below, docs, made_from)
            status = statistics.report(*given, pace.before("statistics"))
    if status == 0:
        say(f"\n{pace.told()}")
        say(f"  report      {options.output / 'report.html'}")
        say(f"  numbers     {options.output / 'results.csv'}; tables/, figures/ and manuscript/ beside it")
        if (options.output / DBT_DOCS).is_file():
            say(f"  models      {options.output / DBT_DOCS}: every model and column, with its lineage")
        say(f"  {place.whereabouts()}")
        if not options.dsn and options.engine == POSTGRES:
            say("  server      stays running for the next run; python -m mimic_db stop  ends it")
    return status


def _size(options: argparse.Namespace) -> str:
    """What the length of a run depends on."""
    data = options.csv or (options.dsn and "own server") or f"{options.stays} generated"
    return f"{data} on {options.engine}{' with zigong' if options.zigong else ''}"


def _announce(options: argparse.Namespace, pace: Pace) -> None:
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
        cost = (
            f"two minutes for the demo, 100 GB of disk for all of MIMIC-IV, in {folder}; results in {options.output}/"
        )
    else:
        what = f"{options.stays} generated ICU stays, no real patients"
        cost = f"about two minutes for {STAYS:,}, 3 GB of disk in {folder}; results in {options.output}/"
    say(f"[bold]dexsic[/bold]: dexmedetomidine in sepsis-induced coagulopathy, on {what}")
    say(f"  {cost}")
    if known := pace.whole():
        say(f"  the last time, all of it took {known} here")
    if not (options.csv or options.dsn) and options.stays.isdigit() and 0 < int(options.stays) < STAYS:
        say(f"  {too_small(int(options.stays))}")
    if not options.dsn and options.engine == POSTGRES:
        say("  starts a PostgreSQL server of its own, on a socket without network, that stays running")


def _data(options: argparse.Namespace) -> Place:
    """See to it that the data are there; gives the place where the study is built."""
    schema = os.environ.get("DEXSIC_SCHEMA", "dexsic")
    if options.engine == DUCKDB:
        file = duckdb_file(options.csv, database_name(options.csv), schema)
        data.in_place(options.csv)
        return file
    if options.engine == ON_SPARK:
        return data.parquet(options.csv, schema)
    if options.dsn:
        dsn = data.own(options.dsn, options.vars)
    elif options.csv:
        dsn = data.loaded(options.csv)
    else:
        dsn = data.generated(options.stays, options.seed)
    if options.zigong:
        data.add_zigong(options.zigong, options.seed, dsn)
    return Database(dsn, schema, data.schemas(options.vars), is_embedded=not options.dsn)


def _suppress_below(options: argparse.Namespace) -> int:
    if options.suppress_below is not None:
        return int(options.suppress_below)
    is_real = options.csv or options.dsn or options.zigong not in (None, GENERATED)
    return SUPPRESS_BELOW if is_real else 0


if __name__ == "__main__":
    leave(main())
