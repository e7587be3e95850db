"""The first stage: the data come to where the study reads them, by the commands that load or generate them."""

import importlib
import io
import sys
from contextlib import nullcontext, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Final

from mimic_db import server
from mimic_db.errors import UserError
from mimic_db.load.csv_folder import database_name, find_needed
from mimic_db.load.rows_in_files import rows_in
from mimic_db.release import told_of_files
from mimic_db.tables import MODULES, schema_var
from mimic_db.words.seeds import definitions
from pipeline.place import SparkFolder, spark_folder
from pipeline.terminal import console, say
from twin.name import database_name as generated_name
from twin.options import number_of_stays
from twin.trial.design import TrialDesign

GENERATED: Final = "generated"  # in place of a folder of the external cohort


def own(dsn: str, variables: str) -> str:
    """The DSN of somebody's server, which can run the study.

    Raises:
        UserError: it cannot, and has said why; so with the others.
    """
    say("[bold]1/3 data[/bold]  is it a MIMIC-IV that the study can run on?")
    _command("mimic_db", "check", "--dsn", dsn, "--vars", variables)
    return server.with_database(dsn, None)


def loaded(folder: Path) -> str:
    """The DSN of the embedded server's database with the files of `folder`."""
    say("[bold]1/3 data[/bold]  loading what has changed")
    name = database_name(folder)
    _command("mimic_db", "load", "--csv", str(folder), "--database", name)
    return server.url(name)


def generated(stays: str, seed: int) -> str:
    """The DSN of the embedded server's database with that many generated stays."""
    say("[bold]1/3 data[/bold]  generating, unless they are there")
    name = generated_name(number_of_stays(stays), seed, TrialDesign())
    _command("twin", "generate", "--design", "trial", "--stays", stays, "--seed", str(seed), "--database", name)
    return server.url(name)


def schemas(variables: str) -> list[str]:
    """Where the models read, by these definitions.

    Raises:
        UserError: they are no definitions.
    """
    chosen = definitions(variables)
    return [str(chosen[name]) for name in (*map(schema_var, MODULES), "zigong_schema")]


def add_zigong(source: str, seed: int, dsn: str) -> None:
    """Load the external cohort from the folder `source`, or generate it, into the database of the other."""
    if source == GENERATED:
        say("  the external cohort: generating, unless it is there")
        _command("twin", "generate", "--zigong", "--seed", str(seed), "--dsn", dsn)
    else:
        say("  the external cohort: loading what has changed")
        _command("mimic_db", "load", "--zigong", source, "--dsn", dsn)


def parquet(folder: Path, schema: str) -> SparkFolder:
    """The files of `folder` as Spark's tables."""
    place = spark_folder(database_name(folder), schema)
    say("[bold]1/3 data[/bold]  writing what has changed as Parquet")
    _command("mimic_db", "parquet", "--csv", str(folder), "--to", str(place.path))
    return place


def in_place(folder: Path) -> None:
    """Say which files of `folder`, which nobody loads, are cut short beside those of their release."""
    say("[bold]1/3 data[/bold]  read where they lie")
    for line in told_of_files(rows_in(find_needed(folder))):
        say(f"  {line}", markup=False)


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
        raise UserError(f"stopped at `python -m {program} {arguments[0]}`: see the message above")
