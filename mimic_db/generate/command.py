"""The command `generate`: options, target, what is printed."""

import argparse
from collections.abc import Mapping

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table as Listing

from mimic_db import server
from mimic_db.database import connect
from mimic_db.errors import UserError
from mimic_db.generate.block import MAX_STAYS
from mimic_db.generate.database import data_set, write
from mimic_db.generate.design import PAPER_STAYS, Design
from mimic_db.progress import LoadProgress

DEFAULT_DATABASE = "generated"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `generate`."""
    parser.add_argument(
        "--stays", default="2000", metavar="N", help=f"ICU stays (2000), or `paper`: the paper's size, {PAPER_STAYS:,}"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="same options and seed, same rows (1)")
    planted = Design()
    parser.add_argument(
        "--hazard-ratio", type=float, default=planted.hazard_ratio, metavar="H", help="of dexmedetomidine (0.70)"
    )
    parser.add_argument(
        "--confounding", choices=("on", "off"), default="on", help="does treatment depend on the patient? (on)"
    )
    parser.add_argument(
        "--missing", type=float, default=planted.missing, metavar="SHARE", help="of each measurement (0.03)"
    )
    parser.add_argument("--database", help=f"where to write (default: {DEFAULT_DATABASE}, or the one in --dsn)")
    parser.add_argument("--dsn", help="your own server instead of the embedded one")


def main(args: argparse.Namespace) -> None:
    """Write the data set that `args` ask for, unless it is there.

    Raises:
        UserError: an option is out of range, the database is not reachable or holds somebody else's rows.
    """
    stays = _number_of_stays(args.stays)
    if not 1 <= stays <= MAX_STAYS:
        raise UserError(f"--stays {args.stays} is out of range: take 1 to {MAX_STAYS:,}")
    if not 0.05 <= args.hazard_ratio <= 20:
        raise UserError(f"--hazard-ratio {args.hazard_ratio:g} is out of range: take 0.05 to 20, 1 for no effect")
    if not 0 <= args.missing <= 0.5:
        raise UserError(f"--missing {args.missing:g} is out of range: take 0 to 0.5")
    if not 0 <= args.seed < 2**63:
        raise UserError(f"--seed {args.seed} is out of range: take 0 or a positive number")
    if args.dsn:
        dsn = server.with_database(args.dsn, args.database)
    else:
        dsn = server.ensure_database(args.database or DEFAULT_DATABASE)
    with connect(dsn) as connection, LoadProgress() as progress:
        design = Design(args.hazard_ratio, args.confounding == "on", args.missing)
        summary = write(connection, data_set(stays, args.seed, design), progress)
    if summary is None:
        print(f"unchanged: {stays:,} generated stays with seed {args.seed} ({design}) are there already")
    else:
        Console().print(_listing("generated, as intended", "stays", summary.counts))
        Console().print(_listing("traps laid", "rows", summary.traps))


def _number_of_stays(text: str) -> int:
    if text == "paper":
        return PAPER_STAYS
    try:
        return int(text)
    except ValueError:
        raise UserError(f"--stays {text} is neither a number nor the word paper") from None


def _listing(title: str, unit: str, counts: Mapping[str, int]) -> Listing:
    listing = Listing(title, unit, box=SIMPLE)
    listing.columns[1].justify = "right"
    for name, count in counts.items():
        listing.add_row(name, f"{count:,}")
    return listing
