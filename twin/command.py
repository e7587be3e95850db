"""The command `generate`: options, target, what is printed."""

import argparse
import importlib
from pathlib import Path

from rich.console import Console

from mimic_db import server
from mimic_db.database import connect
from mimic_db.errors import UserError
from mimic_db.progress import LoadProgress
from twin.block import MAX_STAYS
from twin.database import TRUTH_SCHEMA, data_set, write
from twin.designs import AnyDesign
from twin.name import database_name
from twin.options import DEFAULT_STAYS, listing, number_of_stays, require_hazard_ratio, require_seed
from twin.plan.design import PAPER_STAYS, Design
from twin.trial.design import STAYS, TrialDesign
from twin.trial.truth.risks import read_risks

_MIMIC_ONLY = ("stays", "confounding", "missing", "design", "unmeasured_cause")
_STUDY_ONLY = ("confounding", "missing")
_ZIGONG_ONLY = ("patients", "folder")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `generate`."""
    parser.add_argument(
        "--zigong", action="store_true", help="the Zigong database, the external cohort, in place of MIMIC-IV"
    )
    parser.add_argument(
        "--stays",
        metavar="N",
        help=f"ICU stays ({DEFAULT_STAYS}, of a trial {STAYS}), or `paper`: the paper's size, {PAPER_STAYS:,}",
    )
    parser.add_argument("--patients", type=int, metavar="N", help="with --zigong: patients (2790, as many as it holds)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="same options and seed, same rows (1)")
    parser.add_argument(
        "--hazard-ratio",
        type=float,
        metavar="H",
        help="of dexmedetomidine (0.70, of a trial 0.50; with --zigong 0.49, as published)",
    )
    parser.add_argument(
        "--design",
        choices=("study", "trial"),
        help="study: treatment is settled at admission (default); trial: by how ill the patient is at each hour",
    )
    parser.add_argument(
        "--unmeasured-cause",
        type=float,
        metavar="X",
        help="with --design trial: a cause of treatment and death that no table holds, log odds and log hazard for a"
        " standard deviation of it (0)",
    )
    parser.add_argument("--confounding", choices=("on", "off"), help="does treatment depend on the patient? (on)")
    parser.add_argument("--missing", type=float, metavar="SHARE", help="of each measurement (0.03)")
    parser.add_argument(
        "--folder",
        type=Path,
        metavar="DIR",
        help="with --zigong: write the files here; no database unless one is named",
    )
    parser.add_argument(
        "--database", help="where to write (default: named after stays, seed and design, or the one in --dsn)"
    )
    parser.add_argument("--dsn", help="your own server instead of the embedded one")


def generate(args: argparse.Namespace) -> int:
    """Write the data set that `args` ask for, unless it is there.

    Raises:
        UserError: an option is out of range or of the other database, the target is not reachable or holds somebody
            else's rows.
    """
    unwanted = _MIMIC_ONLY if args.zigong else _ZIGONG_ONLY
    if found := [_option(name) for name in unwanted if getattr(args, name) is not None]:
        remedy = "leave one of them out" if args.zigong else "add --zigong"
        raise UserError(f"{found[0]} goes {'without' if args.zigong else 'with'} --zigong only: {remedy}")
    if args.zigong:
        # its vocabulary and loader: not for MIMIC-IV
        importlib.import_module("twin.zigong.command").main(args)
    else:
        _generate_mimic(args)
    return 0


def _generate_mimic(args: argparse.Namespace) -> None:
    design = _design(args)
    usual = STAYS if isinstance(design, TrialDesign) else DEFAULT_STAYS
    stays = usual if args.stays is None else number_of_stays(args.stays)
    if not 1 <= stays <= MAX_STAYS:
        raise UserError(f"--stays {args.stays} is out of range: take 1 to {MAX_STAYS:,}")
    require_seed(args.seed)
    if args.dsn:
        dsn = server.with_database(args.dsn, args.database)
    else:
        name = args.database or database_name(stays, args.seed, design)
        dsn = server.ensure_database(name)
    with connect(dsn) as connection, LoadProgress() as progress:
        summary = write(connection, data_set(stays, args.seed, design), progress)
        risks = read_risks(connection, TRUTH_SCHEMA)
    if summary is None:
        print(f"unchanged: {stays:,} generated stays with seed {args.seed} ({design}) are there already")
    else:
        Console().print(listing("generated, as intended", "stays", summary.counts))
        Console().print(listing("traps laid", "rows", summary.traps))
        faults = {f"{check} {concept}".strip(): count for (check, concept), count in summary.quality.items()}
        Console().print(listing("faults laid, by the checks of data_quality", "rows", faults))
    if risks:
        print(risks)
    if not args.dsn and not args.database:
        print(f'database: {name}; to run dbt on it by hand: eval "$(python -m mimic_db env --database {name})"')


def _design(args: argparse.Namespace) -> AnyDesign:
    """What the options ask for.

    Raises:
        UserError: an option is out of range, or of the other design.
    """
    is_trial = args.design == "trial"
    unwanted = _STUDY_ONLY if is_trial else ("unmeasured_cause",)
    if found := [name for name in unwanted if getattr(args, name) is not None]:
        raise UserError(f"{_option(found[0])} goes {'without' if is_trial else 'with'} --design trial only")
    usual = TrialDesign().hazard_ratio if is_trial else Design().hazard_ratio
    ratio = usual if args.hazard_ratio is None else args.hazard_ratio
    require_hazard_ratio(ratio)
    if is_trial:
        strength = 0.0 if args.unmeasured_cause is None else args.unmeasured_cause
        if not -3 <= strength <= 3:
            raise UserError(f"--unmeasured-cause {strength:g} is out of range: take -3 to 3, 0 for none")
        return TrialDesign(ratio, strength)
    missing = Design().missing if args.missing is None else args.missing
    if not 0 <= missing <= 0.5:
        raise UserError(f"--missing {missing:g} is out of range: take 0 to 0.5")
    return Design(ratio, args.confounding != "off", missing)


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")
