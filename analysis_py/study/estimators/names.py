"""What the estimators of the published cohort and their numbers are called in results.csv."""

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
ESTIMATORS = (*WEIGHTED, *DOUBLY_ROBUST, *MATCHED, ADJUSTED, *COMPETING)  # in the order of the page

# adjustments: `level` of their rows
PAPER, EXTENDED = "paper", "extended"

# measures of contrasts (risk difference and ratio at day 28; days of restricted mean survival) ...
HR, OR, RD, RR, RMSTD, SHR = "HR", "OR", "RD", "RR", "RMSTD", "SHR"
# ... and of `estimator_weights`, on the first imputed copy
ESS, LARGEST_WEIGHT, LARGEST_SMD = "effective sample size", "largest weight", "largest |SMD|"
