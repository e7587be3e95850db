"""What is planted in a generated Zigong database, besides its size and seed."""

from dataclasses import dataclass
from typing import Final

DEFAULT_PATIENTS: Final = 2790  # as many as the real one holds
MAX_PATIENTS: Final = 1_000_000


@dataclass(frozen=True)
class Design:
    """The truth to be found.

    `hazard_ratio`: of dexmedetomidine for death, given covariates, from ICU admission on. It holds for those who get it
    within their first 48 h, all of whom the study takes in alive; a later first order has no effect.
    """

    hazard_ratio: float = 0.49

    def __str__(self) -> str:
        return f"hazard ratio {self.hazard_ratio:g}"
