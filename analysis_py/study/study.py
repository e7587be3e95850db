"""The whole study on one cohort: every analysis in its order, on data that are already read. No files here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

import pandas as pd
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from analysis_py.marts.build_record import NO_RECORD, BuildRecord
from analysis_py.marts.controls import ControlMarts
from analysis_py.marts.errors import StudyError
from analysis_py.marts.one_build import UNCHECKED
from analysis_py.marts.trial import TrialMarts
from analysis_py.marts.types import Variable
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.imputation import Imputer, impute_with_trace
from analysis_py.statistics.workers import in_parallel
from analysis_py.study.analyses.cohorts import ITERATIONS, Completed, Matched, complete_cohort, match_cohort
from analysis_py.study.analyses.describe import compare, describe, missing
from analysis_py.study.analyses.effects import e_values, outcome_models, proportionality, survival_rows
from analysis_py.study.analyses.exposure import exposure_rows, exposures_of
from analysis_py.study.analyses.extended import complete_extended
from analysis_py.study.analyses.multiplicity import family_rows
from analysis_py.study.analyses.not_at_random import SHIFTS, not_at_random_rows, shift_label
from analysis_py.study.analyses.overlap import overlap_rows
from analysis_py.study.analyses.pooling import COHORTS, main_row, pooled
from analysis_py.study.analyses.robustness import (
    CALIPERS,
    caliper,
    caliper_label,
    clustered,
    distinct_cohorts,
    of_cohort,
)
from analysis_py.study.analyses.screening import screening_rows
from analysis_py.study.analyses.subgroups import subgroup_rows
from analysis_py.study.analyses.tipping import tipping_rows
from analysis_py.study.analyses.unmatched import unmatched_rows
from analysis_py.study.controls.run import Controls, Emulation, run_controls
from analysis_py.study.estimators.run import Answers, answers_to_ask, estimator_rows
from analysis_py.study.readings import FOLLOW_UP_DISCHARGE
from analysis_py.study.results import Row, emptied_by, find, flow_rows
from analysis_py.study.trial.definitions import COHORT as TRIAL
from analysis_py.study.trial.designs import PRIMARY
from analysis_py.study.trial.estimates import ANALYSIS as OF_TRIAL
from analysis_py.study.trial.estimates import HAZARD_RATIO
from analysis_py.study.trial.run import RESAMPLES, Trial, run_trial
from analysis_py.study.variables import BY_NAME, DEATH_28D, EXTENDED, OUTCOMES, TABLE_ONE, TREATMENT, tells_exposure

Part = Callable[[], list[Row]]  # one of those that do not wait for one another
Found = TypeVar("Found")

_FAR = 50  # interquartile ranges; skewed laboratory values reach 20
_ONLY_MATCHED = ("table_one", "outcomes", "outcome_models", "subgroup", "exposure", "robustness")


@dataclass(frozen=True)
class Study:
    """What was found. `matched` is None where nothing could be matched, and `not_matched` says why.

    `generated` says what was generated, as read_marts() gives it; empty for real patients. `build` names the exposure's
    drug and tells how the marts were made. `trial` is the question as a target trial, `controls` are the negative
    controls, unless the build left them out.
    """

    full: pd.DataFrame
    completed: Completed
    matched: Matched | None
    not_matched: str
    rows: list[Row]
    remarks: list[str] = field(default_factory=list)
    generated: str = ""
    build: BuildRecord = NO_RECORD
    trial: Trial | None = None
    controls: Controls | None = None

    @property
    def cohorts(self) -> dict[str, pd.DataFrame]:
        """The cohorts that exist, by name."""
        return {"full": self.full} | ({"matched": self.matched.data} if self.matched else {})


def run_study(
    cohort: pd.DataFrame,
    flow: pd.DataFrame,
    imputations: int,
    seed: int,
    say: Callable[[str], None],
    stays: pd.DataFrame | None = None,
    build: BuildRecord = NO_RECORD,
    extended: pd.DataFrame | None = None,
    impute: Imputer = impute_with_trace,
    processes: int | None = None,
) -> Study:
    """Everything from the typed analysis_cohort and cohort_flow. `say` is told what is being done.

    `stays`, as read_marts() gives it, adds the other readings of the study's definitions and the time of discharge,
    `extended` the extended adjustment. What tells of the drug that
    `build` names is in no model: it is the exposure. `impute` as in complete_cohort(); `processes` as in in_parallel().

    Raises:
        StudyError: nobody is in the cohort.
    """
    if cohort.empty:
        raise StudyError(
            f"nobody is in analysis_cohort: {emptied_by(flow)}; look at cohort_flow and the vars of the study"
        )
    with threadpool_limits(1, user_api="blas"):  # the same bits on any number of cores
        return _run_study(cohort, flow, imputations, seed, say, stays, build, extended, impute, processes)


def with_trial(
    study: Study, marts: TrialMarts, seed: int, say: Callable[[str], None], resamples: int = RESAMPLES
) -> Study:
    """`study` with the target trial: its rows and remarks behind the others."""
    with threadpool_limits(1, user_api="blas"):  # as in run_study()
        found = run_trial(marts, study.build, seed, say, resamples)
    primary = find(found.rows, OF_TRIAL, TRIAL, outcome=DEATH_28D, model=PRIMARY, measure=HAZARD_RATIO)
    tipping = [] if primary is None else tipping_rows(primary)
    return replace(
        study, rows=[*study.rows, *found.rows, *tipping], remarks=[*study.remarks, *found.remarks], trial=found
    )


def with_controls(
    study: Study, marts: ControlMarts, seed: int, say: Callable[[str], None], processes: int | None = None
) -> Study:
    """`study` with the negative controls, by its trial too if it has one: their rows and remarks behind the others."""
    trial = study.trial
    emulation = None
    if trial is not None and trial.frames is not None:
        emulation = Emulation(trial.marts, trial.frames, trial.definitions)
    with threadpool_limits(1, user_api="blas"):  # as in run_study()
        found = run_controls(marts, study.completed, emulation, study.build.drug, seed, say, processes=processes)
    return replace(study, rows=[*study.rows, *found.rows], remarks=[*study.remarks, *found.remarks], controls=found)


def _run_study(
    cohort: pd.DataFrame,
    flow: pd.DataFrame,
    imputations: int,
    seed: int,
    say: Callable[[str], None],
    stays: pd.DataFrame | None,
    build: BuildRecord,
    extended: pd.DataFrame | None,
    impute: Imputer,
    processes: int | None,
) -> Study:
    held_out = tells_exposure(build.drug)
    say(f"filling gaps: {imputations} imputed data sets")
    completed = complete_cohort(
        cohort,
        imputations,
        ITERATIONS,
        seed,
        lambda done, m: say(f"filling gaps: imputed data set {done} of {m}"),
        held_out,
        impute,
    )
    full = completed.copies[0]
    remarks = [
        f"{BY_NAME[name].label} on the first day tells the exposure, {build.drug}, and is in no model."
        if name in held_out
        else f"{name} has no value in this cohort and is in no model."
        for name in completed.unusable
    ]
    if not build.status:
        remarks.append(UNCHECKED)
    remarks += far_values(cohort)
    if cohort["treated"].nunique() < 2:
        everybody = "treated" if cohort["treated"].all() else "a control"
        remarks.append(f"Everybody in the cohort is {everybody}: what compares the groups cannot be estimated.")
    say("matching")
    matched, not_matched = try_matching(full, completed.unusable)
    if not_matched and cohort["treated"].nunique() == 2:
        remarks.append(f"No matched cohort: {not_matched}.")
    study = Study(full, completed, matched, not_matched, [], remarks, build=build)
    unusable = completed.unusable
    parts: dict[str, Part] = {
        f"tables of the {name} cohort": partial(_tables, data, name, full if name == "matched" else None, unusable)
        for name, data in study.cohorts.items()
    }
    parts |= {
        f"models of the {name} cohort": partial(_models, data, name, unusable) for name, data in study.cohorts.items()
    }
    parts["screening"] = partial(screening_rows, full, "full", _usable(unusable))
    if matched is not None:
        parts["overlap"] = partial(overlap_rows, full, matched.propensity)
        parts["unmatched"] = partial(unmatched_rows, full, matched)
        parts["subgroups"] = partial(subgroup_rows, matched.data, "matched", unusable)
        parts["exposure"] = partial(exposure_rows, matched.data, "matched", unusable, exposures_of(build))
        parts["clustered"] = partial(clustered, matched.data, unusable)
        parts |= {caliper_label(*one): partial(caliper, full, unusable, *one) for one in CALIPERS}
    if matched is not None:
        parts |= {
            shift_label(shift): partial(not_at_random_rows, cohort, completed.copies, unusable, shift)
            for shift in SHIFTS
        }
    if imputations > 1:
        parts |= {f"pooled, {name}": partial(pooled, completed.copies, name, unusable) for name in COHORTS}
    cohorts, kept_by = distinct_cohorts(stays) if stays is not None else ([], {})
    for at, one in enumerate(cohorts):
        parts[f"reading {at}"] = partial(of_cohort, one, seed, held_out, impute)
    discharge_days = None if stays is None else stays[FOLLOW_UP_DISCHARGE]
    widened = completed
    if extended is not None:
        widened, remark = _widened(completed, extended, seed, build, impute, processes)
        remarks += remark
    asked = answers_to_ask(widened.copies, widened.unusable, discharge_days)
    together: dict[str, Callable[[], list[Row] | Answers]] = {**parts, **asked}
    done = _done(together, say, processes)
    found = {name: rows for name, rows in done.items() if not isinstance(rows, Answers)}
    rows = [*flow_rows(flow), *missing(cohort, TABLE_ONE)]
    for name in study.cohorts:
        rows += [*found[f"tables of the {name} cohort"], *found[f"models of the {name} cohort"]]
    rows += e_values(rows)
    rows += found["screening"]
    if matched is None:
        rows += [Row(analysis, "matched", note=f"not estimable: {not_matched}") for analysis in _ONLY_MATCHED]
    else:
        calipers = [caliper_label(*one) for one in CALIPERS]
        for name in ("overlap", "unmatched", "subgroups", "exposure", "clustered", *calipers):
            rows += found[name]
        rows += family_rows(rows)
    if imputations > 1:
        rows += [row for name in COHORTS for row in found[f"pooled, {name}"]]
    if matched is not None:
        rows += [row for shift in SHIFTS for row in found[shift_label(shift)]]
    if (main := main_row(rows)) is not None:
        rows += tipping_rows(main)
    rows += estimator_rows([answers for answers in done.values() if isinstance(answers, Answers)])
    for label, at in kept_by.items():
        rows += [replace(row, level=label) for row in found[f"reading {at}"]]
    study.rows.extend(rows)
    return study


def _widened(
    completed: Completed,
    extended: pd.DataFrame,
    seed: int,
    build: BuildRecord,
    impute: Imputer,
    processes: int | None,
) -> tuple[Completed, list[str]]:
    """The copies with the extended covariates, and a remark where some, or all, of these cannot be had."""
    held_out = tells_exposure(build.drug, EXTENDED)
    try:
        widened = complete_extended(completed, extended, seed, held_out, impute, processes)
    except NotEstimable as reason:
        return completed, [f"No extended adjustment: {reason}."]
    absent = [BY_NAME[name].label for name in widened.unusable if name not in completed.unusable]
    if not absent:
        return widened, []
    return widened, [f"Without a value in this cohort, or telling the exposure, and in no model: {', '.join(absent)}."]


def _done(
    parts: Mapping[str, Callable[[], Found]], say: Callable[[str], None], processes: int | None
) -> dict[str, Found]:
    """What each part finds; they are computed on all cores."""
    found: dict[str, Found] = {}
    say("tables and models")
    done = in_parallel(_part, (list(parts.values()),), range(len(parts)), processes)
    for name, rows in zip(parts, done, strict=True):
        found[name] = rows
        say(f"tables and models: {len(found)} of {len(parts)} parts")
    return found


def _part(parts: Sequence[Callable[[], Found]], at: int) -> Found:
    return parts[at]()


def _usable(unusable: Sequence[str]) -> list[Variable]:
    return [variable for variable in TABLE_ONE if variable.name not in unusable]


def _tables(data: pd.DataFrame, name: str, original: pd.DataFrame | None, unusable: Sequence[str]) -> list[Row]:
    rows = describe(data, TABLE_ONE, "table_one", name)
    rows += compare(data, _usable(unusable), "balance", name, original)
    rows += describe(data, OUTCOMES, "outcomes", name)
    return rows + compare(data, OUTCOMES, "outcomes", name)


def _models(data: pd.DataFrame, name: str, unusable: Sequence[str]) -> list[Row]:
    rows = survival_rows(data, name) + outcome_models(data, name, unusable)
    return rows + proportionality(data, name, unusable)


def try_matching(data: pd.DataFrame, unusable: tuple[str, ...]) -> tuple[Matched | None, str]:
    """The matched cohort, or the reason why there is none."""
    try:
        return match_cohort(data, unusable), ""
    except NotEstimable as reason:
        return None, str(reason)


def far_values(cohort: pd.DataFrame) -> list[str]:
    """A remark for each number of Table 1 with values so far from the others that means and models rest on them."""
    remarks = []
    for variable in TABLE_ONE:
        if variable.kind != "continuous":
            continue
        low, middle, high = cohort[variable.name].quantile([0.25, 0.5, 0.75])
        if ((cohort[variable.name] - middle).abs() > _FAR * (high - low)).any() and high > low:
            remarks.append(
                f"{variable.title} has values more than {_FAR} interquartile ranges from the median: its differences "
                "in means and its part in models rest on them."
            )
    return remarks


def groups(data: pd.DataFrame) -> dict[bool, int]:
    """Stays by treatment."""
    treated = data[TREATMENT].astype(bool)
    return {False: int((~treated).sum()), True: int(treated.sum())}
