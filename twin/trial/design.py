"""What is planted in a trial data set, besides its size and seed."""

from dataclasses import dataclass
from typing import Final

STAYS: Final = 6000  # ICU stays by default: as many as find the default effect in nine of ten data sets (power.py)


@dataclass(frozen=True)
class TrialDesign:
    """The truth to be found.

    `hazard_ratio`: of dexmedetomidine for death, from its start on, given all that the hazard depends on.
    `unmeasured`: strength of a standard normal cause that no table holds: it lowers the log odds of a start at each
    decision by so much per standard deviation, and raises the log hazard of death by as much. 0: there is none.
    """

    hazard_ratio: float = 0.50
    unmeasured: float = 0.0

    def __str__(self) -> str:
        return f"trial, hazard ratio {self.hazard_ratio:g}, unmeasured {self.unmeasured:g}"
