"""The limits of the gate: their one home.

Balance, equipoise, power and EASE as CohortMethod's createCmDiagnosticThresholds (Schuemie et al., 6.0.2); the others
are ours (docs/DECISIONS.md).
"""

LARGEST_SMD = 0.1  # passes below
LARGEST_SMD_BY_CHANCE = 0.2  # what chance alone makes is a caution below, and fails from here on
FAMILY_ALPHA = 0.05  # of chance over all covariates together (CohortMethod's sdmAlpha)
LEAST_EQUIPOISE = 0.2  # share of all rows
LARGEST_DETECTABLE = 10.0  # minimum detectable hazard ratio, passes below
ENOUGH_EVENTS, FEWEST_EVENTS = 10.0, 5.0  # per coefficient: passes from the first on, fails below the second
LEAST_KEPT = 0.8  # share of the treated
LEAST_EFFECTIVE = 50.0  # effective sample size of the smaller arm
LARGEST_EASE = 0.25  # log scale, passes below
LEAST_CONTROLS = 5  # with fewer EASE is not evaluated
