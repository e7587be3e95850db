"""`python -m mimic_db check`: options, what is printed."""

import argparse
import os
import shlex
import sys
from collections.abc import Mapping
from typing import Final

import yaml

from mimic_db.check import can_run, check
from mimic_db.database import Connection, connect
from mimic_db.tables import MODULES, schema_var
from mimic_db.target import named
from mimic_db.words.judge import judge
from mimic_db.words.look import items_like, look
from mimic_db.words.report import can_build, report
from mimic_db.words.seeds import definitions

CHECKS: Final = (
    "is this a MIMIC-IV that the study can run on, with this role, and is any table cut short? Seconds, minutes "
    "where a large table must be counted; writes nothing"
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Options of `check`."""
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
        type=_none_or_more,
        default=10,
        metavar="N",
        help="for --words: counts under N are hidden (10; 0: none)",
    )
    for module in MODULES:
        command.add_argument(
            f"--{module}-schema", metavar="NAME", help=f"where {module}'s tables lie (var {schema_var(module)})"
        )


def _none_or_more(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is no count: 0 or more")
    return int(text)


def run_check(args: argparse.Namespace) -> int:
    """Print what was found; 0 if the study can run."""
    chosen = definitions(args.vars)
    given = {module: getattr(args, f"{module}_schema") for module in MODULES}
    schemas = {module: given[module] or str(chosen[schema_var(module)]) for module in MODULES}
    with connect(named(args)) as connection:
        findings = check(connection, schemas, args.schema, lambda text: print(text, file=sys.stderr))
        for finding in findings:
            print(f"{finding.level:<8}{finding.text}")
        runs = can_run(findings)
        if runs and args.words:
            runs = _check_words(connection, schemas, args)
    print("the study can run on it" if runs else "the study cannot run on it yet")
    others = {
        schema_var(module): name
        for module, name in given.items()
        if name and name != definitions("{}")[schema_var(module)]
    }
    if runs and others:
        written = shlex.quote(yaml.safe_dump(others, default_flow_style=True, width=1000).strip())
        print(f"name its schemas to every command: dbt build --vars {written}; make study DSN=... VARS={written}")
    return 0 if runs else 1


def _check_words(connection: Connection, schemas: Mapping[str, str], args: argparse.Namespace) -> bool:
    chosen = definitions(args.vars)
    others = items_like(connection, schemas, chosen["exposure_drug"])
    rows = look(connection, schemas, others, chosen, lambda text: print(text, file=sys.stderr))
    words = judge(rows, others, chosen)
    for line in report(words, args.suppress_below):
        print(line)
    return can_build(words)
