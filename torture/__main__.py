"""`python -m torture`: faults and hostile input, tried for real on servers of its own, and a table of how each ended.

Nothing of yours is touched: temporary folders, generated data, servers on a socket that are stopped at the end.
About an hour; three minutes with --short, which is part of `make test`.
"""

import argparse
import importlib
import importlib.util
import sys
import time
from collections.abc import Iterator, Sequence
from types import ModuleType

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from analysis_py.interrupt import terminable
from mimic_db.errors import UserError
from torture.campaign import BAD, Trial, is_clean, summary, workshop

# name for --only -> module, imported when its turn comes
CAMPAIGNS = {"files": "torture.files", "rows": "torture.rows", "faults": "torture.faults", "small": "torture.small"}
MEANINGS = """\
refused clearly: one message with cause and remedy, nothing half-written, and the same command works without the fault;
flagged: a test or the mart data_quality counts it; survived: the result is what it is without the fault;
unclear: no usable message; wrong: another result and nothing says so; lost: something is gone, or a second run does not
mend it. The last three must be 0.

exit codes: 0 none of them; 1 some, they are listed; 2 wrong usage; 130 interrupted, the table is of what was tried"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the campaigns and print the table; gives the exit code."""
    options = _parse(arguments)
    console, trials = Console(highlight=False, soft_wrap=True), list[Trial]()
    began = time.monotonic()
    try:
        with terminable():
            for trial in _trials(options, console):
                trials.append(trial)
        status = 0 if is_clean(trials) else 1
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        status = 1
    except KeyboardInterrupt:
        print("interrupted: the table is of what was tried so far", file=sys.stderr)
        status = 130
    _show(console, trials, time.monotonic() - began)
    return status


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m torture",
        description=__doc__,
        epilog=MEANINGS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--short", action="store_true", help="a few trials of each kind: three minutes")
    parser.add_argument("--seed", type=int, default=1, help="seed of what is left to chance, such as moments (1)")
    parser.add_argument(
        "--only",
        action="append",
        choices=list(CAMPAIGNS),
        metavar="CAMPAIGN",
        help=f"one of {', '.join(CAMPAIGNS)}; may be repeated",
    )
    return parser.parse_args(arguments)


def _trials(options: argparse.Namespace, console: Console) -> Iterator[Trial]:
    """Each trial as it ends; a line in a live display says what goes on."""
    for name in options.only or CAMPAIGNS:
        campaign = _campaign(CAMPAIGNS[name])
        if campaign is None:
            console.print(f"left out: {name}, which is not part of this copy")
            continue
        for line in getattr(campaign, "left_out", list)():
            console.print(f"left out: {line}")
        with workshop() as shop, console.status(f"{name}: making ready") as live:
            for number, trial in enumerate(campaign.trials(shop, not options.short, options.seed), start=1):
                live.update(f"{name}: {number} tried, last: {trial.kind}, {trial.name}")
                if trial.outcome in BAD or not console.is_terminal:
                    console.print(f"{trial.outcome:<9} {trial.kind}: {trial.name}", markup=False)
                yield trial


def _campaign(module: str) -> ModuleType | None:
    return importlib.import_module(module) if importlib.util.find_spec(module) else None


def _show(console: Console, trials: Sequence[Trial], seconds: float) -> None:
    """The table, then each trial that ended badly with what must be looked at."""
    heading, *lines = summary(trials)
    table = Table(
        *heading,
        box=SIMPLE,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        title=f"tried in {seconds:.0f} s",
        title_justify="left",
    )
    table.columns[0].no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    for line in lines:
        table.add_row(*line, style="bold" if line[0] == "total" else None)
    console.print(table)
    for trial in trials:
        if trial.outcome in BAD:
            console.print(f"{trial.outcome}: {trial.kind}: {trial.name}: {trial.detail}", markup=False)


if __name__ == "__main__":
    sys.exit(main())
