"""`python -m bench.imputation`: do pooled intervals of imputed data cover the truth as often as they say?

Cohorts with a known odds ratio are drawn, values are deleted (numbers and classes, more often where the outcome or
another variable is high), imputed, analyzed and pooled. Of the 95 % intervals, 93 to 97 % should hold the truth. With
200 repeats a single coefficient may miss that by chance, so the mean over the coefficients is judged.
"""

import argparse
import sys

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import track
from rich.table import Table
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from analysis_py.statistics.imputation import impute, pool
from analysis_py.statistics.outcome import logistic

TRUTH = {"treated": 0.6, "age": 0.5, "severe": 0.7, "site=south": -0.4}  # log odds ratios
COVARIATES = ["treated", "age", "severe", "site"]


def draw(rows: int, random: np.random.Generator) -> pd.DataFrame:
    """A cohort whose logistic model of death has the coefficients of TRUTH."""
    age = random.normal(size=rows)
    severe = random.random(rows) < 1 / (1 + np.exp(-0.6 * age))
    site = np.where(random.random(rows) < 1 / (1 + np.exp(-0.5 * age + 0.3 * severe)), "south", "north")
    treated = random.random(rows) < 1 / (1 + np.exp(0.5 - 0.4 * age - 0.5 * severe))
    linear = -1 + 0.6 * treated + 0.5 * age + 0.7 * severe - 0.4 * (site == "south")
    died = random.random(rows) < 1 / (1 + np.exp(-linear))
    return pd.DataFrame({"treated": treated, "age": age, "severe": severe, "site": site, "died": died})


def delete(data: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """About a fifth of each covariate but treatment gone, depending on what stays."""
    rows = len(data)
    chance = 0.12 + 0.12 * data["died"] + 0.08 * data["treated"]
    holes = data.astype({"severe": "boolean"})
    for column in ("age", "severe", "site"):
        holes.loc[random.random(rows) < chance, column] = None
    return holes


def main() -> int:
    """Measure and print; exit code 1 if the mean coverage lies outside 93 to 97 %."""
    parser = argparse.ArgumentParser(prog="python -m bench.imputation", description=__doc__)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--rows", type=int, default=800)
    options = parser.parse_args()
    held = dict.fromkeys(TRUTH, 0)
    bias = dict.fromkeys(TRUTH, 0.0)
    with threadpool_limits(1, user_api="blas"):
        for repeat in track(range(options.repeats), description="repeats"):
            random = np.random.default_rng([7, repeat])
            copies = impute(delete(draw(options.rows, random), random), m=5, iterations=5, seed=repeat)
            for term, truth in TRUTH.items():
                pooled = pool([logistic(copy, "died", COVARIATES, term) for copy in copies])
                held[term] += np.log(pooled.lower) <= truth <= np.log(pooled.upper)
                bias[term] += (np.log(pooled.value) - truth) / options.repeats
    table = Table("coefficient", "truth", "mean error", "coverage")
    shares = {term: 100 * count / options.repeats for term, count in held.items()}
    for term, share in shares.items():
        table.add_row(term, f"{TRUTH[term]:.2f}", f"{bias[term]:+.3f}", f"{share:.1f} %")
    Console().print(table)
    return 0 if 93 <= sum(shares.values()) / len(shares) <= 97 else 1


if __name__ == "__main__":
    sys.exit(main())
