"""What is planted in a generated data set, besides its size and seed."""

from dataclasses import dataclass
from typing import Final

# ICU stays that give the paper's 16,598 with SIC and 6,509 eligible; the word `paper` on the command line
PAPER_STAYS: Final = 20_880


@dataclass(frozen=True)
class Design:
    """The truth to be found.

    `hazard_ratio`: of dexmedetomidine for death in hospital, given covariates, from the 48th hour on.
    `confounding`: treatment depends on covariates; off, it is drawn by lot, for the same share of patients.
    `missing`: share of stays without a value, by chance alone, for weight, urine and each laboratory test that the SIC
    score is not made of.
    """

    hazard_ratio: float = 0.70
    confounding: bool = True
    missing: float = 0.03

    def __str__(self) -> str:
        confounding = "on" if self.confounding else "off"
        return f"hazard ratio {self.hazard_ratio:g}, confounding {confounding}, missing {self.missing:g}"
