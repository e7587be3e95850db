"""`python -m bench.statistics`: how long the whole statistics take for a cohort of the paper's size, without pictures.

6,509 generated stays, 3 % of the values missing, five imputed data sets of five iterations, and the multiverse of their
readings. Where Rscript with the packages mice, MatchIt and survival is present, the same steps in R are timed beside.
"""

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from analysis_py.marts.read import Marts
from analysis_py.statistics.propensity import CALIPER
from analysis_py.study.analyses.cohorts import ITERATIONS
from analysis_py.study.multiverse.run import find_all, known_specifications
from analysis_py.study.read_marts import type_cohort
from analysis_py.study.readings import FOLLOW_UP_DISCHARGE, HEPARIN_READINGS, SCORES, SIC_READINGS, SIC_SCORE
from analysis_py.study.study import run_study
from analysis_py.study.variables import (
    DEATH_28D,
    DEATH_HOSPITAL,
    EXPOSURE_DOSE,
    EXPOSURE_DURATION,
    FOLLOW_UP,
    HORIZON_DAYS,
    MODELS,
    OUTCOMES,
    PROPENSITY_COVARIATES,
    TABLE_ONE,
    TREATMENT,
)

STAYS, COPIES = 6509, 5
# readings that by the default vars are those of the main cohort
_AS_DEFAULT = (
    *(SIC_READINGS[0], "is_sic_paper", "is_sic_labs_by_admission", "is_sic_screening_counted"),
    *("is_sic_antibiotics_mimic_code", HEPARIN_READINGS[0], "has_heparin_infusion"),
)

_R = """
for (package in c("mice", "MatchIt", "survival")) if (!requireNamespace(package, quietly = TRUE)) quit(status = 3)
library(survival)
options(warn = -1)
arguments <- commandArgs(TRUE)
data <- read.csv(arguments[1], stringsAsFactors = TRUE)
data$sic_score <- factor(data$sic_score)
words <- function(text) strsplit(text, ",")[[1]]
covariates <- words(arguments[2])
models <- lapply(arguments[5:7], words)
began <- proc.time()[["elapsed"]]
filled <- mice::mice(data, m = as.integer(arguments[3]), maxit = as.integer(arguments[8]), seed = 1, printFlag = FALSE)
for (copy in seq_len(as.integer(arguments[3]))) {
    full <- mice::complete(filled, copy)
    matched <- MatchIt::match.data(MatchIt::matchit(reformulate(covariates, "treated"), full, method = "nearest",
        caliper = as.numeric(arguments[4])))
    for (cohort in list(full, matched)) for (model in models) {
        coxph(reformulate(c("treated", model), "Surv(followup_28d_days, died_28d_hospital)"), cohort)
        glm(reformulate(c("treated", model), "died_hospital"), binomial, cohort)
    }
}
cat(proc.time()[["elapsed"]] - began)
"""


def draw(stays: int, seed: int = 1) -> pd.DataFrame:
    """An analysis_cohort of noise around one severity that drives treatment and death; 3 % of the numbers missing."""
    random = np.random.default_rng(seed)
    severity = random.normal(size=stays)
    treated = random.random(stays) < 1 / (1 + np.exp(2.4 - 0.7 * severity))
    death_days = random.exponential(140 * np.exp(-0.6 * severity + 0.3 * treated))
    columns: dict[str, object] = {"stay_id": np.arange(stays), TREATMENT: treated}
    for variable in (*TABLE_ONE, *OUTCOMES):
        if variable.kind == "binary":
            columns[variable.name] = random.random(stays) < 1 / (1 + np.exp(1 - 0.5 * severity))
        elif variable.kind == "categorical":
            columns[variable.name] = random.choice(np.array(variable.levels, dtype=object), size=stays)
        else:
            values = np.round(20 + 5 * (0.4 * severity + random.normal(size=stays)), 1)
            gone = random.random(stays) < (0.03 if variable in TABLE_ONE else 0)
            columns[variable.name] = np.where(gone, np.nan, values)
    columns[DEATH_28D] = columns[DEATH_HOSPITAL] = death_days <= HORIZON_DAYS
    columns[FOLLOW_UP] = np.minimum(death_days, HORIZON_DAYS)
    columns[EXPOSURE_DURATION] = np.where(treated, random.gamma(2, 15, stays) + 4, np.nan)
    columns[EXPOSURE_DOSE] = np.where(treated, random.gamma(5, 0.12, stays), np.nan)
    return pd.DataFrame(columns)


def marts_of(cohort: pd.DataFrame) -> Marts:
    """`cohort` with the stays of other readings, each of which keeps nine in ten."""
    columns = ["step", "rule", "n_before", "n_excluded", "n_after"]
    flow = pd.DataFrame([(1, "all", len(cohort), 0, len(cohort))], columns=columns)
    typed = type_cohort(cohort, "the generated cohort")
    random = np.random.default_rng(2)
    stays = typed.assign(
        **{name: name in _AS_DEFAULT or random.random(len(typed)) < 0.9 for name in SIC_READINGS},
        **{name: name not in _AS_DEFAULT and random.random(len(typed)) >= 0.9 for name in HEPARIN_READINGS},
        **dict.fromkeys(SCORES, typed[SIC_SCORE]),
        **{FOLLOW_UP_DISCHARGE: typed[FOLLOW_UP]},
    )
    return Marts(typed, stays, flow, "")


def ours(marts: Marts, copies: int) -> float:
    """Seconds that run_study() takes with nine readings of other stays."""
    began = time.perf_counter()
    run_study(marts.cohort, marts.flow, copies, 1, lambda _: None, marts.stays)
    return time.perf_counter() - began


def multiverse(marts: Marts) -> tuple[int, float, float]:
    """How many specifications of the published design there are, and the seconds and processor seconds for all."""
    wanted = known_specifications(marts)
    before, began = _processor(), time.perf_counter()
    find_all(marts, wanted, 1, lambda _: None)
    return len(wanted), time.perf_counter() - began, _processor() - before


def _processor() -> float:
    """Processor seconds of this process and of those that it has ended."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in (resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def in_r(cohort: pd.DataFrame, copies: int) -> float | None:
    """Seconds for imputation, matching and models of all copies with mice, MatchIt, coxph and glm; None without R."""
    program = shutil.which("Rscript")
    if program is None:
        return None
    names = [TREATMENT, DEATH_28D, DEATH_HOSPITAL, FOLLOW_UP, *(variable.name for variable in TABLE_ONE)]
    with tempfile.TemporaryDirectory() as folder:
        data, script = Path(folder) / "cohort.csv", Path(folder) / "statistics.R"
        # numbers, since a factor as event means several kinds of event to Surv()
        binary = {name: int for name in names if cohort[name].dtype == bool}
        cohort[names].astype(binary).to_csv(data, index=False)
        script.write_text(_R)
        choices = [
            ",".join(PROPENSITY_COVARIATES),
            str(copies),
            str(CALIPER),
            *(",".join(model) or "1" for model in MODELS.values()),
        ]
        done = subprocess.run(  # noqa: S603
            [program, str(script), str(data), *choices, str(ITERATIONS)], capture_output=True, text=True, check=False
        )
    return float(done.stdout) if done.returncode == 0 else None


def table(stays: int = STAYS, copies: int = COPIES) -> Table:
    """Both times, as a table to print."""
    cohort = draw(stays)
    marts = marts_of(cohort)
    mine, theirs = ours(marts, copies), in_r(cohort, copies)
    specifications, all_of_them, processor = multiverse(marts)
    shown = Table("", "seconds", "ratio", box=SIMPLE)
    shown.add_row(f"all statistics, {stays:,} stays, m = {copies}", f"{mine:.1f}", "")
    told = f"{processor:.0f} s of processors; a thousand in {1000 * all_of_them / specifications:.0f} s"
    shown.add_row(f"multiverse, {specifications:,} specifications", f"{all_of_them:.0f}", told)
    if theirs is None:
        shown.add_row("R: mice, MatchIt, survival", "not installed", "")
    else:
        shown.add_row("R: mice, MatchIt, coxph, glm", f"{theirs:.1f}", f"ours takes {mine / theirs:.2f} of this")
    return shown


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.statistics", description=__doc__)
    parser.add_argument("--stays", type=int, default=STAYS)
    parser.add_argument("--imputations", type=int, default=COPIES)
    options = parser.parse_args()
    Console(width=120).print(table(options.stays, options.imputations))
    return 0


if __name__ == "__main__":
    sys.exit(main())
