"""The controls' main numbers for a program, from their rows as they are shown."""

from collections.abc import Sequence
from typing import Any

from analysis_py.report.controls.tables import designs_of, estimates
from analysis_py.study.controls.found import CALIBRATION, DRUG, KINDS
from analysis_py.study.results import Row


def controls_summary(rows: Sequence[Row]) -> dict[str, Any] | None:
    """Each design's controls with their estimates and what they say of it; None where there are none."""
    designs = designs_of(rows)
    if not designs:
        return None
    return {
        design: {
            "calibration": [
                {"controls": row.level, "term": row.term or None, **row.numbers}
                for row in rows
                if (row.analysis, row.model) == (CALIBRATION, design)
            ],
            "estimates": [
                {"kind": kind, "control": row.term, **row.numbers}
                for kind in (DRUG, *KINDS)
                for row in estimates(rows, design, kind)
            ],
        }
        for design in designs
    }
