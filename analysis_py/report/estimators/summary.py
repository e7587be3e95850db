"""The estimators' numbers for a program, from their rows as they are shown."""

from collections.abc import Sequence
from typing import Any

from analysis_py.study.estimators.names import ANALYSIS, WEIGHTS_ANALYSIS
from analysis_py.study.results import Row


def estimators_summary(rows: Sequence[Row]) -> dict[str, list[dict[str, Any]]]:
    """Each number of each estimator, and what it rests on: by arm, or of the `covariate` that differs most."""
    return {
        "estimates": [
            {**_place(row), **row.numbers, "few_events": row.is_few} for row in rows if row.analysis == ANALYSIS
        ],
        "weights": [
            {**_place(row), "group": row.cohort.partition(" ")[2] or None, "covariate": row.term or None}
            | {name: row.numbers[name] for name in ("measure", "estimate", "n", "events", "note")}
            for row in rows
            if row.analysis == WEIGHTS_ANALYSIS
        ],
    }


def _place(row: Row) -> dict[str, str]:
    return {"outcome": row.outcome, "estimator": row.model, "adjustment": row.level}
