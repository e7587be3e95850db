"""What the commands of this package have in common: their options, and where their messages go."""

import argparse
import io
import sys
from pathlib import Path

from rich.console import Console

from analysis_py.study.suppression import SUPPRESS_BELOW


def open_streams() -> Console:
    """The console of messages, on stderr; a terminal without our characters is no reason to end."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    return Console(stderr=True, highlight=False, soft_wrap=True)


def command_line(
    prog: str, description: str, epilog: str, quiet: str, json: str
) -> tuple[argparse.ArgumentParser, argparse._ArgumentGroup, argparse._ArgumentGroup]:
    """A parser with the options that every command has, and its groups for data and for statistics.

    `quiet` and `json` say what these leave of the output.
    """
    parser = argparse.ArgumentParser(
        prog=prog, description=description, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    data = parser.add_argument_group("data and results")
    add_connection(data)
    data.add_argument("--output", type=Path, default=Path("output"), help="folder for the results (default: output)")
    statistics = parser.add_argument_group("statistics")
    statistics.add_argument("--seed", type=natural, default=1, help="seed of the imputation (default: 1)")
    statistics.add_argument(
        "--suppress-below",
        type=natural,
        default=SUPPRESS_BELOW,
        metavar="N",
        help=f"hide counts from 1 to N-1 everywhere; 0 shows all, for open data (default: {SUPPRESS_BELOW})",
    )
    terminal = parser.add_argument_group("what the terminal shows")
    terminal.add_argument("--quiet", action="store_true", help=quiet)
    terminal.add_argument("--json", action="store_true", help=json)
    return parser, data, statistics


def add_connection(group: argparse._ActionsContainer) -> None:
    """The options that say where the marts are."""
    group.add_argument("--profiles-dir", type=Path, help="folder of profiles.yml (default: as dbt finds it)")
    group.add_argument("--target", help="target of the dbt profile (default: the profile's own)")


def natural(text: str) -> int:
    """A whole number from 0, as argparse takes a type."""
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0")
    return int(text)
