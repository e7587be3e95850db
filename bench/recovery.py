"""`python -m bench.recovery`: does each estimator of the study find the truth that was planted in the twin?

Cohorts are drawn from the generator's plan, without a database, and estimated by analysis_py. Each estimator is judged
by its own estimand: the adjusted models by the planted hazard ratio, conditional on covariates; the matched model by
the marginal one in the treated, which is nearer to 1 (hazard ratios are not collapsible). The true value of the latter
is a Cox model of both stored potential outcomes of every treated stay of all seeds.

The criterion: bias under 2 % on the log scale beyond Monte Carlo error, and 95 % intervals that hold the truth in 93 to
97 % of the seeds, so that with a hazard ratio of 1 about 5 % of p-values are below 0.05. With confounding, the crude
model must be biased. 100 seeds know a coverage to ± 4 %, 1,000 to ± 1.4 %. At 3,000 stays about 1 % of the adjusted
model's bias is that of any maximum likelihood with some 40 deaths among the treated; with ten times the stays it goes.

Where values are missing the study's main estimate is judged too: matched within each of five imputed copies, clustered
on the pair, pooled by Rubin's rules, crude (marginal) and by model 3 (conditional).

"SE ratio" sets the mean standard error of an estimator against the spread of its estimates. After matching neither
the model's standard error nor the one clustered by pair allows for the propensity's being estimated (Wang et al.,
arXiv:1911.12430): values above 1 are intervals wider than they need be.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
import pandas as pd
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import track
from rich.table import Table
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from analysis_py.statistics.estimate import Z_975, Estimate
from analysis_py.statistics.imputation import pool
from analysis_py.statistics.survival import cox
from analysis_py.study.analyses.cohorts import ITERATIONS, complete_cohort, match_cohort
from analysis_py.study.analyses.effects import effect, effect_clustered, usable
from analysis_py.study.variables import DEATH_28D, FOLLOW_UP, HORIZON_DAYS, MODEL_3, TABLE_ONE, TREATMENT
from bench import trial_recovery
from twin.plan.cohort import analysis_cohort, potential_deaths
from twin.plan.design import Design
from twin.plan.outcome import draw_outcome
from twin.plan.population import draw_population

STAYS, SEEDS, PROCESSES, IMPUTATIONS = 3000, 100, 2, 5
LARGEST_BIAS, LEAST_COVERAGE, MOST_COVERAGE = 0.02, 0.93, 0.97

CRUDE, ADJUSTED, MATCHED = "crude", "adjusted", "matched"
MATCHED_CLUSTERED, MATCHED_ADJUSTED = "matched, clustered", "matched, adjusted"
POOLED, POOLED_ADJUSTED = "pooled, clustered", "pooled, adjusted"
CONDITIONAL, MARGINAL = "conditional", "marginal"  # the latter in the treated
ESTIMANDS: Final = {
    CRUDE: MARGINAL,
    ADJUSTED: CONDITIONAL,
    MATCHED: MARGINAL,
    MATCHED_CLUSTERED: MARGINAL,
    MATCHED_ADJUSTED: CONDITIONAL,
    POOLED: MARGINAL,
    POOLED_ADJUSTED: CONDITIONAL,
}
_CHUNK: Final = 2000  # ICU stays of one draw; about a third are eligible


@dataclass(frozen=True)
class Twin:
    """The eligible stays of one seed: the cohort that the study sees, and days to death `untreated` and `treated`."""

    cohort: pd.DataFrame
    potential: pd.DataFrame


@dataclass(frozen=True)
class Replicate:
    """What every estimator makes of one seed, and the potential outcomes of its treated stays."""

    estimates: dict[str, Estimate]
    potential: pd.DataFrame


@dataclass(frozen=True)
class Truth:
    """A log hazard ratio, with the standard error of knowing it (0: it was planted)."""

    log_ratio: float
    error: float = 0.0


@dataclass(frozen=True)
class Performance:
    """An estimator over many seeds, on the log scale; `stated` and `actual` are its standard errors, mean and true."""

    mean: float
    bias: float
    bias_error: float
    coverage: float
    significant: float
    stated: float
    actual: float
    seeds: int


def draw_twin(design: Design, stays: int, seed: int) -> Twin:
    """The first `stays` eligible stays of a seed, as analysis_cohort would hold them."""
    cohorts, potentials, found = [], [], 0
    rng = np.random.default_rng(seed)
    while found < stays:
        plan = draw_population(rng, _CHUNK, design)
        draw_outcome(rng, plan, design)
        cohorts.append(pd.DataFrame(analysis_cohort(plan)))
        potentials.append(pd.DataFrame(potential_deaths(plan)))
        found += len(cohorts[-1])
    cohort = pd.concat(cohorts, ignore_index=True).head(stays)
    typed = {
        variable.name: pd.Categorical(cohort[variable.name], list(variable.levels))
        for variable in TABLE_ONE
        if variable.kind == "categorical"
    }
    # a variable without any value is left out of the models, as in the study
    absent = {variable.name: np.nan for variable in TABLE_ONE if variable.name not in cohort}
    return Twin(cohort.assign(**typed, **absent), pd.concat(potentials, ignore_index=True).head(stays))


def replicate(design: Design, stays: int, seed: int) -> Replicate:
    """One seed: draw it, fill its gaps, match, and fit the study's models."""
    twin = draw_twin(design, stays, seed)
    completed = complete_cohort(twin.cohort, IMPUTATIONS if design.missing else 1, ITERATIONS, seed)
    matched_copies = [match_cohort(copy, completed.unusable).data for copy in completed.copies]
    full, matched = completed.copies[0], matched_copies[0]
    model_3 = usable(MODEL_3, completed.unusable)
    estimates = {
        CRUDE: effect(full, DEATH_28D, ()),
        ADJUSTED: effect(full, DEATH_28D, model_3),
        MATCHED: effect(matched, DEATH_28D, ()),
        MATCHED_CLUSTERED: effect_clustered(matched, DEATH_28D, ()),
        MATCHED_ADJUSTED: effect(matched, DEATH_28D, model_3),
    }
    if design.missing:
        for name, covariates in ((POOLED, ()), (POOLED_ADJUSTED, model_3)):
            estimates[name] = pool([effect_clustered(copy, DEATH_28D, covariates) for copy in matched_copies])
    return Replicate(estimates, twin.potential[twin.cohort[TREATMENT]])


def marginal_truth(potential: pd.DataFrame) -> Truth:
    """Log hazard ratio between the two potential outcomes of the same stays, censored at 28 days."""
    if np.allclose(potential["untreated"], potential["treated"]):
        return Truth(0.0)
    both = potential.reset_index(drop=True).melt(ignore_index=False, var_name="arm", value_name="days")
    stacked = pd.DataFrame(
        {
            TREATMENT: both["arm"] == "treated",
            FOLLOW_UP: both["days"].clip(upper=HORIZON_DAYS),
            DEATH_28D: both["days"] < HORIZON_DAYS,
            "stay": both.index,
        }
    ).reset_index(drop=True)
    # both outcomes come from one random number: clustered by stay, the error is that of the difference
    estimate = cox(stacked, FOLLOW_UP, DEATH_28D, (), TREATMENT, cluster="stay")
    return Truth(float(np.log(estimate.value)), standard_error(estimate))


def standard_error(estimate: Estimate) -> float:
    """Of the log ratio, by the width of its interval."""
    return float(np.log(estimate.upper / estimate.lower)) / (2 * Z_975)


def measure(estimates: Sequence[Estimate], truth: Truth) -> Performance:
    """Compare the estimates of all seeds with what they are to find."""
    logs = np.log([estimate.value for estimate in estimates])
    held = [np.log(estimate.lower) <= truth.log_ratio <= np.log(estimate.upper) for estimate in estimates]
    actual = float(logs.std(ddof=1))
    return Performance(
        mean=float(logs.mean()),
        bias=float(logs.mean()) - truth.log_ratio,
        bias_error=float(np.hypot(actual / np.sqrt(len(logs)), truth.error)),
        coverage=float(np.mean(held)),
        significant=float(np.mean([estimate.p_value < 0.05 for estimate in estimates])),
        stated=float(np.mean([standard_error(estimate) for estimate in estimates])),
        actual=actual,
        seeds=len(logs),
    )


def beside_own_truth(crude: Performance, replicates: Sequence[Replicate]) -> Performance:
    """The crude bias by seed, against the potential outcomes of the seed's own treated: chance among them falls out."""
    differences = np.array(
        [np.log(each.estimates[CRUDE].value) - marginal_truth(each.potential).log_ratio for each in replicates]
    )
    error = float(differences.std(ddof=1) / np.sqrt(len(differences)))
    return replace(crude, bias=float(differences.mean()), bias_error=error)


def judge(performance: Performance, must_be_biased: bool) -> str:
    """`met`, `NOT met` and what fails, or `unclear`: coverage off by no more than Monte Carlo error would have it."""
    bias_beyond_error = abs(performance.bias) - Z_975 * performance.bias_error
    if must_be_biased:
        return "met: biased" if bias_beyond_error > 0 else "NOT met: no bias"
    if bias_beyond_error >= LARGEST_BIAS:
        return "NOT met: bias"
    if LEAST_COVERAGE <= performance.coverage <= MOST_COVERAGE:
        return "met"
    by_chance = Z_975 * np.sqrt(0.95 * 0.05 / performance.seeds)
    return "unclear: coverage" if abs(performance.coverage - 0.95) <= by_chance else "NOT met: coverage"


def designs(hazard_ratio: float) -> list[Design]:
    """What is planted: an effect, with and without confounding and gaps; and none."""
    return [
        Design(hazard_ratio, confounding=True, missing=0),
        Design(hazard_ratio, confounding=False, missing=0),
        Design(1.0, confounding=True, missing=0),
        Design(hazard_ratio, confounding=True, missing=0.03),
    ]


def section(table: Table, design: Design, replicates: Sequence[Replicate]) -> list[str]:
    """Add one design to the table; gives its verdicts."""
    marginal = marginal_truth(pd.concat([each.potential for each in replicates]))
    truths = {CONDITIONAL: Truth(float(np.log(design.hazard_ratio))), MARGINAL: marginal}
    everybody = [each.estimates[CRUDE] for each in replicates]
    stays, deaths = sum(each.n for each in everybody), sum(each.events for each in everybody)
    treated = sum(len(each.potential) for each in replicates)
    labels = [*str(design).split(", "), f"{treated / stays:.0%} treated", f"{deaths / stays:.0%} die"]
    table.add_section()
    verdicts = []
    judged = {name: estimand for name, estimand in ESTIMANDS.items() if name in replicates[0].estimates}
    labels += [""] * (len(judged) - len(labels))
    for label, (name, estimand) in zip(labels, judged.items(), strict=True):
        truth = truths[estimand]
        found = measure([each.estimates[name] for each in replicates], truth)
        if name == CRUDE and design.confounding:
            found = beside_own_truth(found, replicates)
        verdicts.append(judge(found, must_be_biased=name == CRUDE and design.confounding))
        table.add_row(
            label,
            name,
            estimand,
            f"{np.exp(truth.log_ratio):.3f}" + (f" ± {truth.error:.3f}" if truth.error else ""),
            f"{np.exp(found.mean):.3f}",
            f"{found.bias:+.3f} ± {found.bias_error:.3f}",
            f"{found.stated / found.actual:.2f}",
            f"{found.coverage:.1%}",
            f"{found.significant:.1%}",
            verdicts[-1],
        )
    return verdicts


def main() -> int:
    """Measure and print; exit code 1 if a criterion is not met."""
    parser = argparse.ArgumentParser(prog="python -m bench.recovery", description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--stays-eligible", type=int, default=STAYS)
    parser.add_argument("--hazard-ratio", type=float, default=0.70)
    parser.add_argument("--only", default="", help="designs whose description holds this text: 'missing 0.03'")
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--design", choices=("study", "trial"), default="study", help="trial: bench.trial_recovery")
    options, others = parser.parse_known_args()
    if options.design == "trial":
        return trial_recovery.main(others)
    if others:
        parser.error(f"unknown: {' '.join(others)}")
    planned, stays = designs(options.hazard_ratio), options.stays_eligible
    planned = [design for design in planned if options.only in str(design)]
    table = Table(
        "design", "estimator", "estimand", "truth", "mean", "bias (log)", "SE ratio", "coverage", "p < 0.05", "",
        box=SIMPLE,
        title=f"{options.seeds} seeds of {stays:,} eligible stays; ± is one Monte Carlo standard error",
    )  # fmt: skip
    progress, verdicts = Console(stderr=True), []
    with ProcessPoolExecutor(options.processes, initializer=threadpool_limits, initargs=(1, "blas")) as workers:
        for timed in range(2):  # the first round warms up
            began = time.perf_counter()
            list(workers.map(partial(replicate, planned[timed - 1], stays), range(2 * options.processes)))
        seconds = (time.perf_counter() - began) * len(planned) * options.seeds / (2 * options.processes)
        print(f"about {max(1, round(seconds / 60))} min", file=sys.stderr)
        for design in planned:
            work = workers.map(partial(replicate, design, stays), range(options.seeds), chunksize=5)
            replicates = list(track(work, str(design), options.seeds, console=progress))
            verdicts += section(table, design, replicates)
    Console(width=150).print(table)
    return 1 if any(verdict.startswith("NOT") for verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
