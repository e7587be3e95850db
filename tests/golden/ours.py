"""Our study of the reference's files: the code of a run from marts to rows, with the imputed copies given."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.estimate import RATIO_MEASURES, Z_975, Estimate
from analysis_py.statistics.imputation import Progress
from analysis_py.statistics.propensity import CALIPER, CaliperScale
from analysis_py.statistics.survival import kaplan_meier
from analysis_py.study.analyses.cohorts import Matched, cumulative_hazard, match_cohort
from analysis_py.study.analyses.describe import GROUP_NAMES
from analysis_py.study.analyses.effects import effect, effect_clustered, usable
from analysis_py.study.analyses.exposure import spline_curve
from analysis_py.study.analyses.robustness import CALIPERS
from analysis_py.study.readings import READINGS, cohort_of, readings_of
from analysis_py.study.study import Study, run_study
from analysis_py.study.suppression import suppress
from analysis_py.study.variables import DEATH_28D, FOLLOW_UP, HORIZON_DAYS, MODELS, TABLE_ONE, TREATMENT
from tests.golden.compare import Tally, compare_rows, compare_tables
from tests.golden.folder import FORMER, Record, Reference

Key = tuple[str, ...]
_SEED = 3  # draws nothing: copies are given
# relative, as expected.csv allows for numbers of the same kind
_SCORES, _CURVES, _SPLINES = 1e-6, 1e-6, 1e-5
_BY_OUTCOME = {DEATH_28D: 1e-6}  # iterations of logistic models end earlier in R
_LOGISTIC = 5e-5
_DETAILS = ("parameters", "dfcom", "log_ratio_", "error_", "n_", "events_")  # of pooled_details.csv


@dataclass
class GivenCopies:
    """Stands where a run imputes: hands over the reference's copies, and notes how they fit our cohort.

    A single copy is asked for a reading, or for several whose cohorts are equal: so are their copies.
    """

    reference: Reference
    checks: dict[str, dict[str, float | int]] = field(default_factory=dict)

    def impute(
        self, data: pd.DataFrame, m: int, iterations: int, seed: int, progress: Progress | None
    ) -> tuple[list[pd.DataFrame], pd.DataFrame]:
        """As analysis_py.statistics.imputation.impute_with_trace().

        Raises:
            NotEstimable: no copy for this reading, or a copy of other stays.
        """
        if m == 1:
            copies = self.reference.reading_copies
            named = {label: copies[label] for label in self._readings_of(data) if label in copies}
            if not named:
                raise NotEstimable("the reference has no copy of this reading")
        else:
            named = {f"copy {number}": copy for number, copy in enumerate(self.reference.copies, start=1)}
        filled = []
        for name, copy in named.items():
            others = data.index.symmetric_difference(copy.index)
            if len(others):
                raise NotEstimable(f"{name}: {len(others)} stays are in our cohort or in the copy, not in both")
            filled.append(self._checked(name, data, copy.loc[data.index]))
        trace = pd.DataFrame({"variable": [], "copy": [], "iteration": [], "mean": []})
        return filled[:m], trace

    def _readings_of(self, data: pd.DataFrame) -> list[str]:
        """The readings whose cohort these are."""
        labels = []
        for reading in readings_of(self.reference.stays):
            cohort = cohort_of(self.reference.stays, reading)
            if cohort.index.equals(data.index):
                hazard = cumulative_hazard(cohort[FOLLOW_UP], cohort[DEATH_28D])
                if np.array_equal(hazard, data["cumulative_hazard"]):
                    labels.append(reading.label)
        return labels

    def _checked(self, name: str, data: pd.DataFrame, copy: pd.DataFrame) -> pd.DataFrame:
        columns = [variable.name for variable in TABLE_ONE if variable.name in data]
        given = data.assign(**{column: copy[column] for column in columns})
        known = data[columns].notna()
        same = pd.DataFrame({c: (data[c] == given[c]).fillna(False).astype(bool) for c in columns})
        self.checks[name] = {
            "stays": len(given),
            "treated": int(given[TREATMENT].sum()),
            "observed_cells_changed": int((known & ~same).to_numpy().sum()),
            "gaps_left": int(given[columns].isna().to_numpy().sum()),
        }
        return given


def build(reference: Reference) -> tuple[Study, GivenCopies]:
    """The study of the reference's files, and how its copies fitted.

    Raises:
        StudyError, NotEstimable: the study cannot be run on these files at all.
    """
    given = GivenCopies(reference)
    copies = len(reference.copies)
    study = run_study(
        *(reference.cohort, reference.flow, copies, _SEED, lambda _: None, reference.stays),
        impute=given.impute,
        processes=1,  # what is noted would be lost in another
    )
    return study, given


def compare_study(reference: Reference, study: Study, given: GivenCopies) -> dict[str, Tally]:
    """What the study found beside what R found, by analysis and file."""
    tallies = compare_rows(suppress(study.rows, 0), reference.expected)
    names = next(iter(given.checks.values()))
    tallies["checks.csv"] = compare_tables(
        {(name,): cells for name, cells in given.checks.items()},
        {(record["check"],): {name: record[name] for name in names} for record in reference.checks},
        0.0,
    )
    with threadpool_limits(1, user_api="blas"):  # as in the study
        cohorts = _matched_cohorts(reference, study)
        tallies["pairs.csv.gz"] = _pairs(cohorts, reference.pairs)
        if study.matched is not None:
            tallies["propensity.csv.gz"] = _propensity(study.matched, reference.propensity)
            tallies["spline_curves.csv"] = _splines(study.matched.data, study.completed.unusable, reference.splines)
        tallies["kaplan_meier_curves.csv"] = _curves(study, reference.curves)
        matched = [data for name, data in cohorts.items() if name.startswith("copy ")]
        data_sets = {"full": study.completed.copies, "matched": matched}
        tallies["pooled_details.csv"] = _pooled_details(data_sets, study.completed.unusable, reference.pooled_details)
    return tallies


def _matched_cohorts(reference: Reference, study: Study) -> dict[str, pd.DataFrame]:
    """The matched cohorts behind the rows, by the name that the reference gives them."""
    full, unusable = study.completed.copies[0], study.completed.unusable
    wanted: dict[str, tuple[pd.DataFrame, float, CaliperScale]] = {}
    found = {} if study.matched is None else {"main": study.matched.data}
    for number, copy in enumerate(study.completed.copies, start=1):
        wanted[f"copy {number}"] = copy, CALIPER, "sd"
    for caliper, scale in CALIPERS:
        wanted[f"caliper {caliper:g} {'SD' if scale == 'sd' else 'of probability'}"] = full, caliper, scale
    for reading in READINGS:
        if reading.label in reference.reading_copies:
            given, cohort = reference.reading_copies[reading.label], cohort_of(reference.stays, reading)
            filled = cohort.assign(**{name: given[name].reindex(cohort.index) for name in given.columns})
            wanted[reading.label] = filled, CALIPER, "sd"
    for name, (data, caliper, scale) in wanted.items():
        try:
            found[name] = match_cohort(data, unusable, caliper, scale).data
        except NotEstimable:
            continue
    return found


def _pairs(cohorts: dict[str, pd.DataFrame], expected: Sequence[Record]) -> Tally:
    ours: dict[Key, dict[str, float | int]] = {}
    for name, data in cohorts.items():
        by_pair = data.assign(stay_id=data.index).pivot(index="pair", columns=TREATMENT, values="stay_id")
        for treated, control in zip(by_pair[True], by_pair[False], strict=True):
            ours[name, str(int(treated))] = {"control": int(control)}
    wanted: dict[Key, dict[str, str]] = {
        (record["cohort"], record["treated"]): {"control": record["control"]} for record in expected
    }
    return compare_tables(ours, wanted, 0.0)


def _propensity(matched: Matched, expected: Sequence[Record]) -> Tally:
    stays = [str(stay) for stay in matched.propensity.index]
    ours: dict[Key, dict[str, float | int]] = {
        (stay,): {"propensity": float(value)} for stay, value in zip(stays, matched.propensity, strict=True)
    }
    wanted: dict[Key, dict[str, str]] = {
        (record["stay_id"],): {"propensity": record["propensity"]} for record in expected
    }
    return compare_tables(ours, wanted, _SCORES)


def _curves(study: Study, expected: Sequence[Record]) -> Tally:
    """Survival at the end of each day, with the number at risk after that day's deaths."""
    ours: dict[Key, dict[str, float | int]] = {}
    for cohort, data in study.cohorts.items():
        for treated, group in GROUP_NAMES.items():
            members = data[data[TREATMENT] == treated]
            curve = kaplan_meier(members, FOLLOW_UP, DEATH_28D, TREATMENT)
            for day in range(int(HORIZON_DAYS) + 1):
                at = curve[curve["time"] <= day].iloc[-1]
                cells: dict[str, float | int] = {name: float(at[name]) for name in ("survival", "lower", "upper")}
                cells["at_risk"] = int((members[FOLLOW_UP] >= day).sum())
                ours[f"{cohort} {group}", str(day)] = cells
    names = ("survival", "lower", "upper", "at_risk")
    wanted: dict[Key, dict[str, str]] = {
        (record["cohort"], record["day"]): {name: record[name] for name in names} for record in expected
    }
    return compare_tables(ours, wanted, _CURVES)


def _splines(matched: pd.DataFrame, unusable: Sequence[str], expected: Sequence[Record]) -> Tally:
    ours: dict[Key, dict[str, float | int]] = {}
    wanted: dict[Key, dict[str, str]] = {}
    for column in dict.fromkeys(record["column"] for record in expected):
        curve = spline_curve(matched, FORMER.get(column, column), unusable)
        for at, cells in enumerate(curve.to_dict("records")):
            ours[column, str(at)] = {str(name): float(value) for name, value in cells.items()}
        for at, record in enumerate(line for line in expected if line["column"] == column):
            wanted[column, str(at)] = {name: text for name, text in record.items() if name != "column"}
    return compare_tables(ours, wanted, _SPLINES)


def _pooled_details(
    data_sets: dict[str, Sequence[pd.DataFrame]], unusable: Sequence[str], expected: Sequence[Record]
) -> Tally:
    """What is pooled: log ratio and standard error in each copy, its rows and events, the coefficients, the freedom."""
    ours: dict[Key, dict[str, float | int]] = {}
    wanted: dict[Key, dict[str, str]] = {}
    tolerance: dict[Key, float] = {}
    for record in expected:
        key = tuple(record[name] for name in ("cohort", "outcome", "model", "standard_error"))
        compute = effect_clustered if record["standard_error"] == "pair" else effect
        wanted[key] = {name: text for name, text in record.items() if name.startswith(_DETAILS)}
        tolerance[key] = _BY_OUTCOME.get(record["outcome"], _LOGISTIC)
        covariates = usable(MODELS[record["model"]], unusable)
        try:
            estimates = [compute(data, record["outcome"], covariates) for data in data_sets[record["cohort"]]]
        except NotEstimable:
            continue
        ours[key] = _details(estimates)
    return compare_tables(ours, wanted, tolerance)


def _details(estimates: Sequence[Estimate]) -> dict[str, float | int]:
    cells: dict[str, float | int] = {
        "parameters": estimates[0].parameters,
        "dfcom": min(estimate.freedom for estimate in estimates),
    }
    for number, estimate in enumerate(estimates, start=1):
        assert estimate.measure in RATIO_MEASURES
        cells[f"log_ratio_{number}"] = float(np.log(estimate.value))
        cells[f"error_{number}"] = float(np.log(estimate.upper / estimate.lower)) / (2 * Z_975)
        cells[f"n_{number}"], cells[f"events_{number}"] = estimate.n, estimate.events
    return cells
