"""What is said of the gate: its section's text, captions, and what it finds for a program."""

from collections.abc import Sequence
from typing import Any

from analysis_py.report.gate.sentence import answer_of, could_find
from analysis_py.report.gate.tables import SIGNS, TITLES
from analysis_py.report.page import Caption
from analysis_py.report.tables.cells import CAUTION_MARK, FAIL_MARK
from analysis_py.study.gate import checks
from analysis_py.study.gate.published import MATCHED
from analysis_py.study.gate.rows import PUBLISHED, verdicts_of
from analysis_py.study.gate.thresholds import (
    FEWEST_EVENTS,
    LARGEST_SMD_BY_CHANCE,
    LEAST_CONTROLS,
)
from analysis_py.study.results import Row
from analysis_py.study.trial.definitions import COHORT
from analysis_py.study.trial.designs import PRIMARY
from analysis_py.study.trial.run import Trial
from analysis_py.study.variables import DEATH_28D

TITLE = "May it be believed?"
_WORDS = {checks.PASS: "passes", checks.CAUTION: "caution", checks.FAIL: "fails", checks.NOT_EVALUATED: "not evaluated"}
LEGEND = ", ".join(f"{sign} {_WORDS[verdict]}" for verdict, sign in SIGNS.items())
TEXT = (
    "Each design's diagnostics are held to their limits before its estimate is read. All must pass, or pass with "
    "caution, for an estimate to be read as an effect; not evaluated is not passed. A failed check hides no number, "
    f"for a replication must show it: wherever it stands it is marked {FAIL_MARK}, and {CAUTION_MARK} where a check "
    "passes with caution.",
    f"Balance passes with caution from the limit to {LARGEST_SMD_BY_CHANCE:g} where chance alone makes such a "
    f"difference in groups of this size; events per coefficient from {FEWEST_EVENTS:g} on; EASE needs {LEAST_CONTROLS} "
    "controls that pass balance and equipoise themselves. Of the published cohort the diagnostics are those of the "
    "first imputed data set.",
)


def detectable(rows: Sequence[Row]) -> list[str]:
    """What each of the two cohorts could have found at all."""
    told = []
    for cohort, model, words in ((COHORT, PRIMARY, "The trial"), (MATCHED, PUBLISHED, "The matched cohort")):
        for verdict in verdicts_of(rows, cohort, DEATH_28D, model):
            if verdict.check == checks.POWER and verdict.value is not None:
                told.append(f"{words}: {could_find(verdict.value)}.")
    return told


def gate_caption(name: str) -> Caption:
    """The caption of a table of the gate."""
    limits = "; ".join(f"{TITLES[check]} {checks.LIMITS[check]}" for check in checks.CHECKS)
    told = {
        "gate_checks": (
            "Designs and checks",
            f"{LEGEND}. Passes: {limits}. What they mean stands below.",
        ),
        "gate_limits": ("The checks and their limits", "What each number is, and where it passes."),
        "gate_reasons": ("What does not pass", f"Where it is, and what would mend it. {LEGEND}."),
    }
    return Caption(*told[name])


def is_of_gate(name: str) -> bool:
    """Whether a table is of this section."""
    return name.startswith("gate_")


def verdict_summary(rows: Sequence[Row], drug: str, trial: Trial | None) -> dict[str, Any] | None:
    """For a program; None where the rows did not go through the gate."""
    found = answer_of(rows, drug, trial)
    if found is None:
        return None
    return {
        "sentence": found.sentence,
        "may_be_read_as_effect": found.may_be_read,
        "failed": list(found.failed),
        "not_evaluated": list(found.not_evaluated),
    }
