"""How many stays of each kind the study should find, by the truth tables, and how many traps and faults were laid."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np

from twin.plan.population import INFECTION_KINDS
from twin.rows import Columns
from twin.truth.quality import Counts
from twin.truth.truth import REASONS

_Key = TypeVar("_Key", str, tuple[str, str])


class Summary:
    """Counts gathered block by block."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.traps: dict[str, int] = {}
        self.quality: Counts = {}

    def add(self, plan: Columns, truth: dict[str, Columns], laid: dict[str, int], faults: Counts) -> None:
        """Count the stays of a block, its traps, and the faults that data_quality must count."""
        rules, outcomes, left_out = truth["cohort_eligibility"], truth["outcomes"], truth["planted"]["left_out"]
        eligible, exposed = rules["is_eligible"], rules["is_eligible"] & rules["treated"]
        control = eligible & ~exposed
        groups = {
            "ICU stays": np.ones(len(eligible), np.bool_),
            **{f"infection: {name}": plan["infection"] == number for number, name in enumerate(INFECTION_KINDS)},
            "Sepsis-3": truth["sepsis3"]["is_sepsis3"],
            **{f"SIC score {score}": truth["sic_score"]["sic_score"] == score for score in range(7)},
            "SIC within 24 h": rules["is_sic"],
            **{f"left out: {reason}": left_out == reason.encode() for reason in REASONS},
            "eligible": eligible,
            "eligible, exposed": exposed,
            "eligible, not exposed": control,
            "died in hospital within 28 d, exposed": exposed & outcomes["died_28d_hospital"],
            "died in hospital within 28 d, not exposed": control & outcomes["died_28d_hospital"],
            "died in hospital, exposed": exposed & outcomes["died_hospital"],
            "died in hospital, not exposed": control & outcomes["died_hospital"],
        }
        _add(self.counts, {name: int(which.sum()) for name, which in groups.items()})
        _add(self.traps, laid)
        _add(self.quality, faults)


def _add(counts: dict[_Key, int], block: Mapping[_Key, int]) -> None:
    for name, count in block.items():
        counts[name] = counts.get(name, 0) + count
