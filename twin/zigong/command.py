"""`generate --zigong`: options, target, what is printed."""

import argparse

import numpy as np
from rich.console import Console

from mimic_db import server
from mimic_db.database import connect
from mimic_db.errors import UserError
from mimic_db.progress import LoadProgress
from twin.name import database_name
from twin.options import listing, require_hazard_ratio, require_seed
from twin.rows import Columns
from twin.trial.design import STAYS, TrialDesign
from twin.zigong.database import write_and_load
from twin.zigong.design import DEFAULT_PATIENTS, MAX_PATIENTS, Design
from twin.zigong.folder import Written, data_set, write
from twin.zigong.truth import PATIENTS, PLANTED, REASONS


def main(args: argparse.Namespace) -> None:
    """Write the data set that `args` ask for into a folder, a database or both; a database that has it is left alone.

    Raises:
        UserError: an option is out of range, the target is not reachable or holds somebody else's data.
    """
    patients = DEFAULT_PATIENTS if args.patients is None else args.patients
    if not 1 <= patients <= MAX_PATIENTS:
        raise UserError(f"--patients {patients} is out of range: take 1 to {MAX_PATIENTS:,}")
    ratio = Design.hazard_ratio if args.hazard_ratio is None else args.hazard_ratio
    require_hazard_ratio(ratio)
    require_seed(args.seed)
    design = Design(ratio)
    wanted = data_set(patients, args.seed, design)
    if args.folder and not args.dsn and not args.database:
        with LoadProgress() as progress:
            _print(write(args.folder, wanted, progress))
        return
    if args.dsn:
        dsn = server.with_database(args.dsn, args.database)
    else:
        beside = database_name(STAYS, args.seed, TrialDesign())  # as `make study` has it
        dsn = server.ensure_database(args.database or beside)
    with connect(dsn) as connection, LoadProgress() as progress:
        written = write_and_load(connection, wanted, args.folder, progress)
    if written is None:
        print(f"unchanged: {patients:,} generated patients with seed {args.seed} ({design}) are there already")
    else:
        _print(written)


def _print(written: Written) -> None:
    console = Console()
    console.print(listing("generated, as intended", "patients", _counts(written.truth)))
    console.print(listing("traps laid", "rows", written.laid.counts))


def _counts(truth: dict[str, Columns]) -> dict[str, int]:
    patients, reason = truth[PATIENTS], truth[PLANTED]["reason"]
    included, treated = reason == b"", patients["treated"]
    groups = {
        "patients": np.ones(len(included), np.bool_),
        **{f"left out: {name}": reason == name.encode() for name in REASONS},
        "included": included,
        "included, treated": included & treated,
        "included, not treated": included & ~treated,
        "died within 28 d, treated": included & treated & patients["died_28d"],
        "died within 28 d, not treated": included & ~treated & patients["died_28d"],
        "died in hospital, of all": patients["died_hospital"],
    }
    return {name: int(which.sum()) for name, which in groups.items()}
