"""The command `generate`: options, target, what is printed."""

import argparse

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table as Listing

from mimic_db import server
from mimic_db.database import connect
from mimic_db.errors import UserError
from mimic_db.generate.block import MAX_STAYS
from mimic_db.generate.database import data_set, write
from mimic_db.generate.summary import Summary
from mimic_db.progress import LoadProgress

DEFAULT_DATABASE = "generated"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `generate`."""
    parser.add_argument("--stays", type=int, default=2000, metavar="N", help="ICU stays (default: 2000)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="same N and seed, same rows (default: 1)")
    parser.add_argument("--database", help=f"where to write (default: {DEFAULT_DATABASE}, or the one in --dsn)")
    parser.add_argument("--dsn", help="your own server instead of the embedded one")


def main(args: argparse.Namespace) -> None:
    """Write the data set that `args` ask for, unless it is there.

    Raises:
        UserError: an option is out of range, the database is not reachable or holds somebody else's rows.
    """
    if not 1 <= args.stays <= MAX_STAYS:
        raise UserError(f"--stays {args.stays} is out of range: take 1 to {MAX_STAYS:,}")
    if not 0 <= args.seed < 2**63:
        raise UserError(f"--seed {args.seed} is out of range: take 0 or a positive number")
    if args.dsn:
        dsn = server.with_database(args.dsn, args.database)
    else:
        dsn = server.ensure_database(args.database or DEFAULT_DATABASE)
    with connect(dsn) as connection, LoadProgress() as progress:
        summary = write(connection, data_set(args.stays, args.seed), progress)
    if summary is None:
        print(f"unchanged: {args.stays:,} generated stays with seed {args.seed} are there already")
    else:
        Console().print(_listing(summary))


def _listing(summary: Summary) -> Listing:
    listing = Listing("generated, as intended", "stays", box=SIMPLE)
    listing.columns[1].justify = "right"
    for name, count in summary.counts.items():
        listing.add_row(name, f"{count:,}")
    return listing
