"""The drugs as MetaVision charts them, by item."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Drug:
    """An infusion as MetaVision charts it: rate and amount each in its own unit.

    `amount_per_hour` is the amount that a rate of 1 gives in an hour, per kg where `by_weight`.
    """

    itemid: int
    label: str
    rate_unit: str
    amount_unit: str
    amount_per_hour: float
    by_weight: bool


DRUGS: Final[Mapping[str, Drug]] = {
    "dexmedetomidine": Drug(225150, "Dexmedetomidine (Precedex)", "mcg/kg/hour", "mcg", 1, True),
    "dexmedetomidine_other": Drug(229420, "Dexmedetomidine (Precedex)", "mcg/kg/hour", "mcg", 1, True),
    "propofol": Drug(222168, "Propofol", "mcg/kg/min", "mg", 0.06, True),
    "midazolam": Drug(221668, "Midazolam (Versed)", "mg/hour", "mg", 1, False),
    "fentanyl": Drug(225942, "Fentanyl (Concentrate)", "mcg/hour", "mg", 0.001, False),
    "norepinephrine": Drug(221906, "Norepinephrine", "mcg/kg/min", "mg", 0.06, True),
    "epinephrine": Drug(221289, "Epinephrine", "mcg/kg/min", "mg", 0.06, True),
    "vasopressin": Drug(222315, "Vasopressin", "units/hour", "units", 1, False),
    "phenylephrine": Drug(221749, "Phenylephrine", "mcg/kg/min", "mg", 0.06, True),
    "phenylephrine_50": Drug(229630, "Phenylephrine (50/250)", "mcg/kg/min", "mg", 0.06, True),
    "phenylephrine_old": Drug(229631, "Phenylephrine (200/250)_OLD_1", "mcg/kg/min", "mg", 0.06, True),
    "phenylephrine_200": Drug(229632, "Phenylephrine (200/250)", "mcg/kg/min", "mg", 0.06, True),
    "phenylephrine_intubation": Drug(229789, "Phenylephrine (Intubation)", "mcg/kg/min", "mg", 0.06, True),
    "dopamine": Drug(221662, "Dopamine", "mcg/kg/min", "mg", 0.06, True),
    "dobutamine": Drug(221653, "Dobutamine", "mcg/kg/min", "mg", 0.06, True),
    "heparin": Drug(225152, "Heparin Sodium", "units/hour", "units", 1, False),
    "saline": Drug(225158, "NaCl 0.9%", "mL/hour", "ml", 1, False),
}
HEPARIN_PROPHYLAXIS: Final = 225975
FENTANYL_PUSH: Final = 221744
