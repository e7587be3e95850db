"""The multiverse's main numbers for a program, and in a line for people."""

from typing import Any

import pandas as pd

from analysis_py.report.multiverse.folder import Multiverse
from analysis_py.report.multiverse.words import sentences


def multiverse_summary(found: Multiverse | None) -> dict[str, Any] | None:
    """Specifications by measure and by choice; None where there is nothing of this build."""
    if found is None:
        return None
    return {
        "specifications": len(found.table),
        "estimable": int(found.table["estimate"].notna().sum()),
        "only": found.about.only or None,
        "seed": found.about.seed,
        "by_choice": [
            {name: None if pd.isna(value) or value == "" else value for name, value in row.items() if name != "note"}
            for row in found.by_choice.to_dict("records")
        ],
    }


def multiverse_lines(found: Multiverse | None) -> list[str]:
    """What the terminal says of it."""
    return [] if found is None else sentences(found)[:-1]
