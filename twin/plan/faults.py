"""What is wrong with the record of a few stays: drawn by lot, whoever the patient is, and laid by the makers of rows.

A fault changes neither what a patient has nor what is decided about the stay: careless SQL sees what is not there. The
one exception is the exposure's drug in a form of which nobody can tell how long it ran: such a stay is left out.
Shares are assumed: small enough to leave the cohort as it is, large enough to occur among 2,000 stays.
"""

from typing import Final

import numpy as np

from twin.plan.population import SAME_ADMISSION
from twin.rows import Array, Columns

# how a word is spelled that is usually spelled otherwise
LOWER_CASE, UPPER_CASE, BLANK_ADDED, BLANK_LOST = 1, 2, 3, 4
# which results lack the admission
LATER_RESULTS, ALL_RESULTS = 1, 2
# what the sources say of a death in hospital
ON_NESTED_ADMISSION, WITHOUT_FLAG, WITHOUT_TIME, BEFORE_ADMISSION, OTHER_DATE = 1, 2, 3, 4, 5
# dexmedetomidine of a stay that never ran it, and what is charted wrongly of a stay that did
BOLUS_ALONE, REVERSED_ALONE, VOLUME_ALONE = 1, 2, 3
ENDLESS, REVERSED, RATELESS, BOLUS = 1, 2, 3, 4
# a row that takes no time, or less than none, in stays that never got the drug
BACKWARD, EMPTY = 1, 2

_YEAR_H: Final = 24 * 365.0


def draw_faults(rng: np.random.Generator, plan: Columns) -> None:
    """Add faults to `plan`: as booleans, or as one of the constants above, 0 for none."""
    count = len(plan["age"])
    nobody_died, level = np.isnan(plan["death_h"]), plan["cardiovascular_level"]

    def some(share: float, among: Array | bool = True) -> Array:
        return np.asarray((rng.random(count) < share) & among)

    def one_of(shares: tuple[float, ...], among: Array | bool = True) -> Array:
        kind = 1 + np.searchsorted(np.cumsum(shares), rng.random(count), side="right")
        return np.where(among & (kind <= len(shares)), kind, 0)

    alone = (plan["role"] != SAME_ADMISSION) & np.append(plan["role"][1:] != SAME_ADMISSION, True)
    sure = level >= 3  # septic by the circulation, whatever the laboratory loses
    spelling = one_of((0.01, 0.01, 0.01, 0.01))
    faults = {
        "has_far_rows": some(0.006),
        "has_rows_of_another": some(0.006),
        "spelling": spelling,
        "has_unknown_words": some(0.012, spelling == 0),
        "has_tracheostomy": some(0.04, plan["is_ventilated"]),
        "unkeyed_results": one_of((0.02, 0.01), sure),
        "has_second_platelets": some(0.01),
        "is_flushed": some(0.2, (plan["renal_level"] == 4) & plan["has_urine"] & (plan["urine_ml"] < 3000)),
        "death_record": one_of((0.03, 0.03, 0.03, 0.03, 0.03), ~nobody_died),
        "has_reversed_discharge": some(0.004, nobody_died & alone),
        "has_early_date_of_death": some(0.005, nobody_died),
        "dex_form": one_of((0.0025, 0.0025, 0.0025), plan["course"] == 0),
        # a short course that never ends would be a long one
        "dex_fault": one_of((0.025, 0.012, 0.06, 0.05), np.isin(plan["course"], (1, 3))),
        "has_endless_pressor": some(0.01, sure),
        "has_rateless_pressor": some(0.01, sure),
        "untimed_pressor": one_of((0.006, 0.006), (level <= 1) & ~plan["has_brief_pressor"]),
        "has_early_propofol": some(0.015, plan["propofol_24h"]),
        "has_rateless_heparin": some(0.04, plan["heparin_infusion"]),
        "untimed_heparin": one_of((0.004, 0.004), ~plan["heparin_infusion"]),
    }
    plan.update(faults)


def far_from(plan: Columns) -> tuple[Array, Array]:
    """Stays that have rows a year before or after them, and when, in hours."""
    stay = np.flatnonzero(plan["has_far_rows"])
    # some days more or less than a year, so that no time of day is spared
    return stay, np.where(stay % 2, 1, -1) * _YEAR_H + (stay % 9 - 4) * 24.7


def of_another(plan: Columns) -> tuple[Array, Array]:
    """Stays that have rows of another patient, and that patient's stay."""
    stay = np.flatnonzero(plan["has_rows_of_another"] & (plan["patient"][plan["neighbour"]] != plan["patient"]))
    return stay, plan["neighbour"][stay]
