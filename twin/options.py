"""What the generators of both databases share on the command line: bounds of options, and how counts are printed."""

from collections.abc import Mapping
from typing import Final

from rich.box import SIMPLE
from rich.table import Table as Listing

from mimic_db.errors import UserError
from twin.plan.design import PAPER_STAYS

DEFAULT_STAYS: Final = 2000  # of a trial, twin.trial.design.STAYS


def number_of_stays(text: str) -> int:
    """What --stays says.

    Raises:
        UserError: neither a number nor the word paper.
    """
    if text == "paper":
        return PAPER_STAYS
    try:
        return int(text)
    except ValueError:
        raise UserError(f"--stays {text} is neither a number nor the word paper") from None


def require_hazard_ratio(ratio: float) -> None:
    """Raises UserError: out of range."""
    if not 0.05 <= ratio <= 20:
        raise UserError(f"--hazard-ratio {ratio:g} is out of range: take 0.05 to 20, 1 for no effect")


def require_seed(seed: int) -> None:
    """Raises UserError: out of range."""
    if not 0 <= seed < 2**63:
        raise UserError(f"--seed {seed} is out of range: take 0 or a positive number")


def listing(title: str, unit: str, counts: Mapping[str, int]) -> Listing:
    """Names and counts in two columns."""
    table = Listing(title, unit, box=SIMPLE)
    table.columns[1].justify = "right"
    for name, count in counts.items():
        table.add_row(name, f"{count:,}")
    return table
