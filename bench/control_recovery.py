"""`python -m bench.control_recovery`: do the negative controls of the trial's twin see what is planted, no more?

Of each data set every null exposure is put in dexmedetomidine's place, as published and by clone-censor-weight, and
every null outcome is regressed on its start; each kind gives an EASE (analysis_py/statistics/calibration.py). Data sets
are drawn from the generator's plan, without a database (twin/trial/frames.py).

The criterion: without an unmeasured cause clone-censor-weight's EASE over the exposures, and that over the outcomes,
lie below 0.25 in 19 of 20 data sets or more, and that of the published design does not; with it all lie above. The
one exposure that is confounded on purpose (twin/trial/controls.py) is among the controls, and named apart.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import track
from rich.table import Table
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from analysis_py.statistics import calibration, outcome, trial
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.estimate import Z_975
from analysis_py.statistics.trial import TrialResult
from twin.plan.population import COMORBIDITIES
from twin.trial.controls import CONFOUNDED, EXPOSURES, OUTCOMES
from twin.trial.design import TrialDesign
from twin.trial.frames import COVARIATES, TrialData, control_frames, draw_trial, null_outcome_frame
from twin.trial.grid import BLOCK_H, DECISIONS

PATIENTS, SETS, PROCESSES, STRENGTH = 3000, 20, 2, 1.5
PUBLISHED, WEIGHTED, HISTORY = "exposures, published", "exposures, clone-censor-weight", "outcomes, adjusted"
LIMIT: Final = 0.25
LEAST_SHARE: Final = 0.95


@dataclass(frozen=True)
class Found:
    """A control in a data set: log ratio and standard error, NaN where it is not estimable."""

    kind: str
    control: str
    log_ratio: float
    error: float


def controls_of(data: TrialData) -> list[Found]:
    """Every control of a data set, each in the ways of its kind."""
    return [*_exposures(data), *_outcomes(data)]


def _exposures(data: TrialData) -> Iterator[Found]:
    ids = np.arange(len(data.patients))
    for number, exposure in enumerate(EXPOSURES):
        patients, intervals = control_frames(data.plan, ids, number)
        designs = {
            PUBLISHED: trial.published(patients),
            WEIGHTED: trial.clones(patients, intervals, covariates=COVARIATES),
        }
        for kind, design in designs.items():
            result: TrialResult = design.result()
            yield Found(kind, exposure.name, float(np.log(result.hazard_ratio)), result.log_hazard_ratio_se)


def _outcomes(data: TrialData) -> Iterator[Found]:
    history = null_outcome_frame(data.plan, np.arange(len(data.patients)))
    history["treated"] = (data.patients["start_h"] < BLOCK_H * DECISIONS).to_numpy()
    for null in OUTCOMES:
        try:
            estimate = outcome.logistic(history, null.name, ["age_years", *COMORBIDITIES], "treated")
        except NotEstimable:
            yield Found(HISTORY, null.name, float("nan"), float("nan"))
            continue
        width = np.log(estimate.upper) - np.log(estimate.lower)
        yield Found(HISTORY, null.name, float(np.log(estimate.value)), float(width / (2 * Z_975)))


def replicate(design: TrialDesign, patients: int, seed: int) -> pd.DataFrame:
    """All controls of one data set: kind, control, log_ratio, error, seed."""
    return pd.DataFrame(controls_of(draw_trial(design, patients, seed))).assign(seed=seed)


def eases(found: pd.DataFrame) -> pd.DataFrame:
    """EASE by seed (rows) and kind (columns)."""
    by_kind = {
        kind: {
            seed: calibration.ease(calibration.fit_null(rows["log_ratio"], rows["error"]))
            for seed, rows in group.groupby("seed")
        }
        for kind, group in found.groupby("kind")
    }
    return pd.DataFrame(by_kind)


def judge(kind: str, ease: pd.Series, is_planted: bool) -> str:
    """Does EASE see what is there? The published design has its own error, whatever is planted."""
    below = float((ease < LIMIT).mean())
    if is_planted or kind == PUBLISHED:
        return "met: seen" if below <= 1 - LEAST_SHARE else "NOT met: not seen"
    return "met" if below >= LEAST_SHARE else "NOT met: seen, and not there"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; exit code 1 if a criterion is not met."""
    parser = argparse.ArgumentParser(prog="python -m bench.control_recovery", description=__doc__)
    parser.add_argument("--sets", type=int, default=SETS, help=f"data sets of each design ({SETS})")
    parser.add_argument("--patients", type=int, default=PATIENTS, help=f"of each ({PATIENTS})")
    parser.add_argument("--unmeasured-cause", type=float, default=STRENGTH, help=f"planted beside 0 ({STRENGTH})")
    parser.add_argument("--processes", type=int, default=PROCESSES)
    options = parser.parse_args(arguments)
    table = Table(
        "unmeasured", "controls", "mean log ratio", CONFOUNDED, "EASE, mean", "lowest", "highest", f"below {LIMIT}", "",
        box=SIMPLE,
        title=f"{options.sets} data sets of {options.patients:,} patients, no effect of dexmedetomidine",
    )  # fmt: skip
    verdicts = []
    with ProcessPoolExecutor(options.processes, initializer=threadpool_limits, initargs=(1, "blas")) as workers:
        for strength in (0.0, options.unmeasured_cause):
            design = TrialDesign(1.0, strength)
            waiting = [workers.submit(replicate, design, options.patients, seed) for seed in range(options.sets)]
            shown = track(waiting, str(design), console=Console(stderr=True))
            found = pd.concat([future.result() for future in shown])
            ease = eases(found)
            for kind in (PUBLISHED, WEIGHTED, HISTORY):
                mine = found[found["kind"] == kind]
                apart = mine["control"] == CONFOUNDED
                verdicts.append(judge(kind, ease[kind], strength != 0))
                table.add_row(
                    f"{strength:g}",
                    kind,
                    f"{mine.loc[~apart, 'log_ratio'].mean():+.3f}",
                    f"{mine.loc[apart, 'log_ratio'].mean():+.3f}" if apart.any() else "",
                    f"{ease[kind].mean():.3f}",
                    f"{ease[kind].min():.3f}",
                    f"{ease[kind].max():.3f}",
                    f"{(ease[kind] < LIMIT).mean():.0%}",
                    verdicts[-1],
                )
    Console(width=160).print(table)
    return 1 if any(verdict.startswith("NOT") for verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
