"""Who is compared with whom in a completed copy: weights of all rows, and the sets of those who are matched."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pandas as pd

from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.propensity import CALIPER, match_nearest
from analysis_py.statistics.weighting import Estimand, balancing_weights, entropy_weights, matched_weights
from analysis_py.study.estimators.adjustments import Adjustment
from analysis_py.study.estimators.attempt import attempt, given
from analysis_py.study.estimators.names import (
    AALEN_JOHANSEN,
    ADJUSTED,
    AIPW,
    CAUSE_SPECIFIC,
    ENTROPY,
    FINE_GRAY,
    IPTW_ATE,
    IPTW_ATT,
    MATCHED_1,
    MATCHED_2,
    MATCHED_3,
    MATCHED_EXACT,
    MATCHING_WEIGHTS,
    OVERLAP,
    STANDARDIZATION,
)
from analysis_py.study.variables import TREATMENT

EXACT_ON = "sic_score"
UNWEIGHTED = "unweighted"
# the weights behind the estimators that are not named after theirs: where a model of the outcome adjusts, none
WEIGHTS_OF = {
    AIPW: IPTW_ATE,
    AALEN_JOHANSEN: IPTW_ATE,
    **dict.fromkeys((STANDARDIZATION, ADJUSTED, FINE_GRAY, CAUSE_SPECIFIC), UNWEIGHTED),
}
_ESTIMANDS: dict[str, Estimand] = {IPTW_ATE: "ATE", IPTW_ATT: "ATT", OVERLAP: "ATO", MATCHING_WEIGHTS: "ATM"}
_RATIOS = {MATCHED_1: 1, MATCHED_2: 2, MATCHED_3: 3}


@dataclass(frozen=True)
class Comparison:
    """`weights` of all rows (0: not compared); `sets` label those who are matched together, None without matching."""

    weights: pd.Series
    sets: pd.Series | None = None


Comparisons = dict[str, Comparison | NotEstimable]


def compare_groups(copy: pd.DataFrame, adjustment: Adjustment, propensity: pd.Series | NotEstimable) -> Comparisons:
    """Each comparison, or the reason why there is none, by estimator; UNWEIGHTED: all rows as they are."""
    makers: dict[str, Callable[[], Comparison]] = {
        **{name: partial(_weighted, copy, propensity, estimand) for name, estimand in _ESTIMANDS.items()},
        ENTROPY: partial(_balanced, copy, adjustment),
        **{name: partial(_matched, copy, propensity, ratio) for name, ratio in _RATIOS.items()},
        MATCHED_EXACT: partial(_matched, copy, propensity, 1, EXACT_ON),
        UNWEIGHTED: lambda: Comparison(pd.Series(1.0, index=copy.index)),
    }
    return {name: attempt(make) for name, make in makers.items()}


def _weighted(copy: pd.DataFrame, propensity: pd.Series | NotEstimable, estimand: Estimand) -> Comparison:
    return Comparison(balancing_weights(given(propensity), copy[TREATMENT], estimand))


def _balanced(copy: pd.DataFrame, adjustment: Adjustment) -> Comparison:
    return Comparison(entropy_weights(copy, TREATMENT, adjustment.covariates, "ATT"))


def _matched(
    copy: pd.DataFrame, propensity: pd.Series | NotEstimable, ratio: int, exact_on: str | None = None
) -> Comparison:
    """The caliper is the published one. A set is named after its treated row.

    Raises:
        NotEstimable: as match_nearest(), or nobody is matched.
    """
    exact = None if exact_on is None else copy[exact_on]
    pairs = match_nearest(given(propensity), copy[TREATMENT], CALIPER, ratio=ratio, exact=exact)
    if pairs.empty:
        raise NotEstimable("no treated stay has a control within the caliper")
    sets = copy.index.to_series()
    sets.loc[pairs["control"].to_numpy()] = pairs["treated"].to_numpy()
    return Comparison(matched_weights(pairs, copy[TREATMENT]), sets)
