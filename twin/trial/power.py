"""How often a generated trial of some size shows the effect that is planted by default: what its size is chosen by.

`python -m bench.power` measures it. Here it is the normal approximation, for other sizes too.
"""

from math import sqrt
from statistics import NormalDist

from twin.trial.design import STAYS

# clone-censor-weight's log hazard ratio at the default effect in 300 data sets of 5,000 stays: mean and spread
_MEAN, _SPREAD, _STAYS = -0.271, 0.0861, 5000


def power(stays: int) -> float:
    """Share of data sets of `stays` ICU stays in which the trial's interval lies below 1, at the default effect."""
    error = _SPREAD * sqrt(_STAYS / stays)
    return NormalDist().cdf(-_MEAN / error - NormalDist().inv_cdf(0.975))


def too_small(stays: int) -> str:
    """What is to be said of fewer stays than by default."""
    return (
        f"too small to count on an effect: {100 * power(stays):.0f} of 100 such data sets show the planted one, "
        f"{100 * power(STAYS):.0f} of those of {STAYS:,} stays, the default"
    )
