"""The numbers of every design of the trial, from its rows, its patients and the designs themselves.

Equipoise is that of starting within the grace period given what is known at time zero, among all patients: however a
design then weighs them, it asks whether they could have got either.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import sqrt

import numpy as np
import pandas as pd

from analysis_py.statistics.design import Booleans, Floats, encode
from analysis_py.statistics.diagnostics import preference_equipoise
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.propensity import fit_propensity, match_nearest
from analysis_py.statistics.trial import Clones, TrialResult
from analysis_py.statistics.trial.designs import CoxDesign
from analysis_py.statistics.trial.differences import standardized_differences
from analysis_py.statistics.trial.table import by_id
from analysis_py.statistics.trial.weighted import WeightedDesign
from analysis_py.statistics.weighting import effective_size
from analysis_py.study.analyses.describe import GROUP_NAMES
from analysis_py.study.gate import checks
from analysis_py.study.gate.calibrated import no_controls, systematic_error
from analysis_py.study.gate.numbers import AS_THEY_ARE, Arms, Difference, Ease, Numbers, distance_of_kept
from analysis_py.study.gate.thresholds import LEAST_EFFECTIVE
from analysis_py.study.results import Row
from analysis_py.study.trial.definitions import COHORT
from analysis_py.study.trial.designs import (
    GRACE_END,
    LANDMARK,
    PRIMARY,
    PUBLISHED_ADJUSTED,
    PUBLISHED_CRUDE,
    PUBLISHED_MATCHED,
    SEQUENTIAL,
    TIME_DEPENDENT,
    UNWEIGHTED,
)
from analysis_py.study.trial.diagnose import AT_END, BALANCE, POSITIVITY, WEIGHTED, WEIGHTS
from analysis_py.study.trial.diagnose import UNWEIGHTED as WITHOUT_WEIGHTS
from analysis_py.study.trial.estimates import EFFECTIVE
from analysis_py.study.trial.frames import term_title
from analysis_py.study.trial.run import Built, Trial
from analysis_py.study.variables import DEATH_28D

_LANDMARKS = (f"{LANDMARK}, crude", f"{LANDMARK}, adjusted", f"{LANDMARK}, weighted")
_PUBLISHED = (PUBLISHED_CRUDE, PUBLISHED_ADJUSTED, PUBLISHED_MATCHED)
_SELECTED = (*_PUBLISHED, *_LANDMARKS)  # their groups are some of the patients
_STARTS = "(starts)"


def trial_numbers(trial: Trial, rows: Sequence[Row]) -> list[Numbers]:
    """Every design for every outcome. `rows` are those of the study, with the controls' where there are any."""
    if trial.frames is None:
        return []
    covariates = list(trial.frames.baseline)
    found = []
    for outcome in dict.fromkeys(one.outcome for one in trial.built):
        own = {one.way.name: one for one in trial.built if one.outcome == outcome}
        patients = by_id(next(iter(own.values())).patients)
        scene = _Scene(trial, rows, outcome, patients, covariates, own)
        found += [scene.numbers(name) for name in own]
    return found


class _Scene:
    """The patients of one outcome, in the order in which designs number them."""

    def __init__(
        self,
        trial: Trial,
        rows: Sequence[Row],
        outcome: str,
        patients: pd.DataFrame,
        covariates: list[str],
        built: dict[str, Built],
    ) -> None:
        self.rows, self.outcome, self.patients, self.built = rows, outcome, patients, built
        self.definitions, self.covariates = trial.definitions, covariates
        self.columns = encode(patients[covariates], covariates)
        self.matrix = self.columns.to_numpy(dtype=float)
        start = patients["start_h"].to_numpy(dtype=float)
        with np.errstate(invalid="ignore"):
            self.starts: Booleans = start < trial.definitions.grace_h  # NaN is not
        self.equipoise, self.no_equipoise = self._equipoise()

    def _equipoise(self) -> tuple[float | None, str]:
        data = self.patients.assign(**{_STARTS: self.starts})
        try:
            return preference_equipoise(fit_propensity(data, _STARTS, self.covariates), data[_STARTS]), ""
        except NotEstimable as reason:
            return None, str(reason)

    def numbers(self, name: str) -> Numbers:
        """Of a design, by its name."""
        one = self.built[name]
        result = one.result
        missing = str(one.reason) if one.reason is not None else ""
        reasons = dict.fromkeys(checks.CHECKS, missing) if missing else {}
        ease, no_ease = self._systematic_error(name)
        reasons |= {checks.EQUIPOISE: self.no_equipoise, checks.EASE: no_ease}
        if name == TIME_DEPENDENT:
            reasons[checks.BALANCE] = "who is treated changes with time: there are no two groups to compare"
        place = Numbers(COHORT, self.outcome, name, equipoise=self.equipoise, ease=ease, reasons=reasons)
        arms = self._everybody()
        if result is None:  # an effective size is never above the number of patients
            few = arms.smaller if arms.smaller < LEAST_EFFECTIVE else None
            return replace(place, arms=None if name in _SELECTED else arms, effective=few)
        if name in _SELECTED:
            arms = Arms.of(result.patients, result.events)
        kept, kept_difference = self._kept(name, arms)
        return replace(
            place,
            difference=self._difference(name, result),
            arms=arms,
            per_coefficient=arms.events / self._coefficients(one),
            kept=kept,
            kept_difference=kept_difference,
            effective=min(result.ess.values()),
        )

    def _systematic_error(self, name: str) -> tuple[Ease | None, str]:
        """Or why there is none: the control exposures are put through the trial for the paper's outcome."""
        if self.outcome != DEATH_28D:
            return None, "the negative controls are about another outcome"
        return systematic_error(self.rows, name), no_controls(self.rows, name)

    def _everybody(self) -> Arms:
        died = self.patients["died"].to_numpy(dtype=bool)
        groups = {True: self.starts, False: ~self.starts}
        return Arms.of(
            {group: int(members.sum()) for group, members in groups.items()},
            {group: int((members & died).sum()) for group, members in groups.items()},
        )

    def _coefficients(self, one: Built) -> int:
        """Of the outcome model: strategies alone where the design weighs or matches."""
        return one.design.x.shape[1] if isinstance(one.design, CoxDesign) else 1

    # --- who is still described ---------------------------------------------------------------------------------------

    def _members(self, name: str) -> tuple[np.ndarray, Booleans]:
        """Positions of a design's patients, and whether each is treated."""
        if name == PUBLISHED_MATCHED:
            chosen, treated = self._members(PUBLISHED_CRUDE)
            data = self.patients.iloc[chosen][self.covariates].reset_index(drop=True).assign(**{_STARTS: treated})
            pairs = match_nearest(fit_propensity(data, _STARTS, self.covariates), data[_STARTS])
            taken = pairs.to_numpy().T.ravel().astype(np.int64)
            return chosen[taken], treated[taken]
        design = self.built[name].design
        if isinstance(design, CoxDesign):
            return design.patient, design.treated
        assert isinstance(design, WeightedDesign)
        return design.arms.patient, design.arms.arm

    def _kept(self, name: str, arms: Arms) -> tuple[float | None, float | None]:
        """Of all who start within the grace period, and how far those kept are from them."""
        if not self.starts.any():
            return None, None
        if name not in _SELECTED:
            return 1.0, None
        chosen, treated = self._members(name)
        inside = np.isin(np.flatnonzero(self.starts), chosen[treated])
        share = arms.patients[True] / int(self.starts.sum())
        return share, distance_of_kept(self.matrix[self.starts], inside)

    # --- balance ------------------------------------------------------------------------------------------------------

    def _difference(self, name: str, result: TrialResult) -> Difference | None:
        if name == TIME_DEPENDENT:
            return None
        if name in (PRIMARY, UNWEIGHTED, SEQUENTIAL):
            return self._of_clones(name)
        design = self.built[name].design
        if name == GRACE_END:
            assert isinstance(design, Clones)
            every = design.rows()
            beyond = every[every["start"] >= self.definitions.grace_h]
            place = pd.Index(self.patients["id"]).get_indexer(pd.Index(beyond["id"]))
            return self._compared(place, (beyond["clone"] == 1).to_numpy(), beyond["weight"].to_numpy(dtype=float))
        chosen, treated = self._members(name)
        is_weighted = isinstance(design, WeightedDesign) and name != PUBLISHED_MATCHED
        weights = design.weighting.weights(None) if is_weighted else np.ones(len(chosen))  # type: ignore[union-attr]
        found = self._compared(chosen, treated, weights)
        if found is None or not isinstance(design, CoxDesign):
            return found
        return replace(found, worst=f"{found.worst}, {AS_THEY_ARE}")

    def _compared(self, chosen: np.ndarray, treated: Booleans, weights: Floats) -> Difference | None:
        found = np.abs(standardized_differences(self.matrix[chosen], treated, weights))
        if not np.isfinite(found).any():
            return None
        worst = int(np.nanargmax(found))
        error = sqrt(sum(1 / effective_size(weights[treated == arm]) for arm in (True, False)))
        return Difference(
            float(found[worst]), error, int(np.isfinite(found).sum()), term_title(str(self.columns.columns[worst]))
        )

    def _of_clones(self, name: str) -> Difference | None:
        """From the rows of the trial's balance: clones at the end of the grace period, and who starts at a decision.

        The model of treatment is one for all decisions, so its balance is that of all of them: the differences of the
        single ones, which chance alone makes large, are averaged by the number who start there.
        """
        kind = WITHOUT_WEIGHTS if name == UNWEIGHTED else WEIGHTED
        own = [row for row in self.rows if (row.analysis, row.outcome) == (BALANCE, self.outcome)]
        own = [row for row in own if row.measure == f"SMD, {kind}" and row.estimate is not None]
        found = _averaged([row for row in own if row.level != AT_END], self._decisions())
        if name != SEQUENTIAL:
            error = self._error_at_end(kind)
            found |= {row.term: (abs(row.estimate or 0.0), error) for row in own if row.level == AT_END}
        if not found:
            return None
        worst = max(found, key=lambda term: found[term][0])
        return Difference(*found[worst], len(found), term_title(worst))

    def _decisions(self) -> dict[str, tuple[int, int]]:
        """Those who could start and those who do, by decision."""
        return {
            row.level: (row.n, row.events)
            for row in self.rows
            if (row.analysis, row.outcome) == (POSITIVITY, self.outcome)
            and isinstance(row.n, int)
            and isinstance(row.events, int)
        }

    def _error_at_end(self, kind: str) -> float:
        """Of a difference between the clones of both strategies beyond the grace period."""
        sizes = []
        for word in GROUP_NAMES.values():
            for row in self.rows:
                if (row.analysis, row.outcome, row.measure) != (WEIGHTS, self.outcome, EFFECTIVE):
                    continue
                if row.cohort == f"{COHORT} {word}":
                    size = row.estimate if kind == WEIGHTED else row.n
                    sizes.append(float(size) if isinstance(size, (int, float)) else float("nan"))
        return sqrt(sum(1 / size for size in sizes)) if len(sizes) == 2 and all(sizes) else float("nan")


def _averaged(rows: Sequence[Row], decisions: dict[str, tuple[int, int]]) -> dict[str, tuple[float, float]]:
    """Absolute mean difference and its standard error by covariate, each decision by how many start there."""
    terms: dict[str, list[tuple[float, int, float]]] = {}
    for row in rows:
        could, started = decisions.get(row.level, (0, 0))
        if row.estimate is None or not 0 < started < could:
            continue
        variance = 1 / started + 1 / (could - started)
        terms.setdefault(row.term, []).append((row.estimate, started, variance))
    found = {}
    for term, each in terms.items():
        total = sum(started for _, started, _ in each)
        mean = sum(smd * started for smd, started, _ in each) / total
        error = sqrt(sum((started / total) ** 2 * variance for _, started, variance in each))
        found[term] = (abs(mean), error)
    return found
