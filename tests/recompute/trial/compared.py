"""The marts of a database against the recomputed ones, cell by cell."""

import math
from collections.abc import Callable
from typing import Any

from tests.recompute.source import read_model
from tests.recompute.trial.rows import records
from tests.recompute.trial.trial import Mart, Trial

KEYS = {
    "sic_hourly": ("stay_id", "hr"),
    "trial_eligibility": ("stay_id",),
    "trial_flow": ("step",),
    "trial_baseline": ("stay_id",),
    "trial_interval": ("stay_id", "k"),
    "trial_outcomes": ("stay_id",),
}
# of the controls; trial_decision is the trial's, the others are of tests.recompute.controls
CONTROL_KEYS = {
    "negative_control_exposure": ("stay_id", "exposure"),
    "negative_control_outcome": ("stay_id", "outcome"),
    "positive_control": ("stay_id",),
    "trial_control_exposure": ("stay_id", "exposure"),
    "trial_decision": ("stay_id", "k"),
    "trial_positive_control": ("stay_id",),
}
EXTENDED = "baseline_extended"  # of tests.recompute.extended
# a rule's words are no number to recompute
NOT_COMPARED = {"trial_flow": ("rule",)}
RELATIVE_TOLERANCE = 1e-9


def mart_of(dsn: str, name: str, schema: str = "dexsic") -> Mart:
    """A mart of the database by its key, times in seconds."""
    rows = records(read_model(dsn, name, schema).drop(columns=list(NOT_COMPARED.get(name, ()))))
    keys = (KEYS | CONTROL_KEYS | {EXTENDED: ("stay_id",)})[name]
    return {tuple(row[key] for key in keys): row for row in rows}


def recomputed(trial: Trial, name: str) -> Mart:
    """The same mart, recomputed."""
    found: Mart = getattr(trial, name)
    return found


def differing(
    found: Mart, expected: Mart, is_compared: Callable[[dict[str, Any], str], bool] | None = None
) -> list[str]:
    """`column of key: this, that` of every cell that differs; also rows and columns that only one side has."""
    wrong = [
        f"{key} is {'unexpected' if key in found else 'missing'}" for key in sorted(found.keys() ^ expected.keys())
    ]
    for key in sorted(found.keys() & expected.keys()):
        here, there = found[key], expected[key]
        wrong += [f"{name} is on one side" for name in here.keys() ^ there.keys()]
        wrong += [
            f"{name} of {key}: {here[name]}, expected {there[name]}"
            for name in here.keys() & there.keys()
            if (is_compared is None or is_compared(there, name)) and not same(here[name], there[name])
        ]
    return wrong


def same(one: Any, other: Any) -> bool:
    """Equal; numbers to RELATIVE_TOLERANCE."""
    if isinstance(one, str) or isinstance(other, str) or one is None or other is None:
        return bool(one == other)
    return math.isclose(one, other, rel_tol=RELATIVE_TOLERANCE, abs_tol=1e-12)
