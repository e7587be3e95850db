"""How many stays of each kind were meant to be made, as the study's flow should find them; and the traps laid."""

import numpy as np

from mimic_db.generate.outcome import study_view
from mimic_db.generate.population import INFECTION_KINDS
from mimic_db.generate.rows import Columns


class Summary:
    """Counts of stays by intent, gathered block by block."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.traps: dict[str, int] = {}

    def add(self, plan: Columns, laid: dict[str, int]) -> None:
        """Count the stays of a block, and its traps."""
        for name, count in laid.items():
            self.traps[name] = self.traps.get(name, 0) + count
        view = study_view(plan)
        eligible, exposed = view["is_eligible"], view["is_exposed"]
        groups = {
            "ICU stays": np.ones(len(eligible), np.bool_),
            "Sepsis-3": view["is_septic"],
            "SIC within 24 h": view["is_sic"],
            **{f"SIC score {score}": plan["sic_score"] == score for score in range(7)},
            **{f"infection: {name}": plan["infection"] == number for number, name in enumerate(INFECTION_KINDS)},
            "SIC, not the first stay": view["is_sic"] & ~view["is_first"],
            "SIC, under 18": view["is_sic"] & ~view["is_adult"],
            "SIC, pregnant": view["is_sic"] & view["is_pregnant"],
            "SIC, under 48 h": view["is_sic"] & ~view["is_48h"],
            "SIC, heparin infusion": view["is_sic"] & view["gets_heparin"],
            "SIC, dexmedetomidine under 4 h": view["is_sic"] & view["is_short_course"],
            "SIC, dexmedetomidine after 48 h": view["is_sic"] & view["is_late_course"],
            "eligible": eligible,
            "eligible, exposed": exposed,
            "eligible, not exposed": eligible & ~exposed,
            "died in hospital within 28 d, exposed": exposed & view["died_28d"],
            "died in hospital within 28 d, not exposed": eligible & ~exposed & view["died_28d"],
            "died in hospital, eligible": eligible & view["died"],
        }
        for name, which in groups.items():
            self.counts[name] = self.counts.get(name, 0) + int(which.sum())
