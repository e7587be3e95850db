"""`python -m bench.power`: how often does a generated trial of the default size show what is planted in it?

Data sets are drawn from the generator's plan, as in bench.trial_recovery, and analysed by clone-censor-weight. Mean and
spread of the log hazard ratio are what twin/trial/power.py goes by; beside its number stands the share of data sets
whose estimate lies so far below 1 that an interval as wide as the spread holds no 1. 100 data sets take two minutes.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
from rich.console import Console
from rich.progress import track
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from analysis_py.statistics import trial
from analysis_py.statistics.estimate import Z_975
from twin.trial.design import STAYS, TrialDesign
from twin.trial.frames import COVARIATES, draw_trial
from twin.trial.power import power

SETS, PROCESSES = 100, 2
_PATIENTS = 0.69  # of the trial, for each generated stay


def log_hazard_ratio(stays: int, hazard_ratio: float, seed: int) -> float:
    """The estimate in one data set."""
    data = draw_trial(TrialDesign(hazard_ratio), round(_PATIENTS * stays), seed)
    return float(np.log(trial.clones(data.patients, data.intervals, covariates=COVARIATES).result().hazard_ratio))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.power", description=__doc__)
    parser.add_argument("--stays", type=int, default=STAYS, help=f"generated ICU stays of each data set ({STAYS})")
    parser.add_argument("--sets", type=int, default=SETS, help=f"data sets ({SETS})")
    parser.add_argument("--hazard-ratio", type=float, default=TrialDesign().hazard_ratio, help="planted (0.5)")
    options = parser.parse_args()
    with ProcessPoolExecutor(PROCESSES, initializer=threadpool_limits, initargs=(1, "blas")) as workers:
        work = workers.map(partial(log_hazard_ratio, options.stays, options.hazard_ratio), range(options.sets))
        found = np.array(list(track(work, "data sets", options.sets, console=Console(stderr=True))))
    spread = found.std(ddof=1)
    share = float(np.mean(found + Z_975 * spread < 0))
    print(f"log hazard ratio: mean {found.mean():.3f}, spread {spread:.4f} over {options.sets} data sets")
    print(f"below 1 by more than chance: {share:.0%} of them")
    if options.hazard_ratio == TrialDesign().hazard_ratio:
        print(f"twin/trial/power.py says {power(options.stays):.0%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
