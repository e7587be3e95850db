"""What the estimators of the published cohort and their numbers are called in results.csv."""

from collections.abc import Mapping

ANALYSIS, WEIGHTS_ANALYSIS = "estimators", "estimator_weights"

# estimators: `model` of their rows
IPTW_ATE, IPTW_ATT = "IPTW, ATE", "IPTW, ATT"
OVERLAP, MATCHING_WEIGHTS, ENTROPY = "overlap weights", "matching weights", "entropy balancing"
AIPW, STANDARDIZATION = "AIPW", "standardization"
MATCHED_1, MATCHED_2, MATCHED_3 = "matched 1:1", "matched 1:2", "matched 1:3"
MATCHED_EXACT = "matched, exact on SIC score"
ADJUSTED = "adjusted"
FINE_GRAY = "competing discharge: Fine-Gray"
CAUSE_SPECIFIC = "competing discharge: cause-specific"
AALEN_JOHANSEN = "competing discharge: Aalen-Johansen"

WEIGHTED = (IPTW_ATE, IPTW_ATT, OVERLAP, MATCHING_WEIGHTS, ENTROPY)
DOUBLY_ROBUST = (AIPW, STANDARDIZATION)
MATCHED = (MATCHED_1, MATCHED_2, MATCHED_3, MATCHED_EXACT)
COMPETING = (FINE_GRAY, CAUSE_SPECIFIC, AALEN_JOHANSEN)

# adjustments: `level` of their rows
PAPER, EXTENDED = "paper", "extended"

# contrasts, treated against not: RD and RR of the risk at day 28, RMSTD in days of mean survival to day 28 ...
HR, OR, RD, RR, RMSTD, SHR = "HR", "OR", "RD", "RR", "RMSTD", "SHR"
# ... and measures of `estimator_weights`, on the first imputed copy. Weights are in units of their arm's mean: those of
# different estimators can be compared. Of the largest |SMD| `term` is the covariate.
ESS, LARGEST_WEIGHT, LARGEST_SMD = "effective sample size", "largest weight", "largest |SMD|"

# every estimator in the order of the page, with what it gives
MEASURES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(WEIGHTED, (HR, RD, RR, RMSTD)),
    **dict.fromkeys(DOUBLY_ROBUST, (RD, RR)),
    **dict.fromkeys(MATCHED, (HR, RD, RR, RMSTD)),
    ADJUSTED: (HR, OR),
    FINE_GRAY: (SHR,),
    CAUSE_SPECIFIC: (HR,),
    AALEN_JOHANSEN: (RD,),
}
ESTIMATORS = tuple(MEASURES)


def cohort_of(estimator: str) -> str:
    """`cohort` of its rows."""
    return "matched" if estimator in MATCHED else "full"
