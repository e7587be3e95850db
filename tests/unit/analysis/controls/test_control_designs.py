"""Each control by each design against the same reckoned another way; who is compared with whom; what counts."""

from dataclasses import replace
from math import log, sqrt

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis_py.marts.build_record import NO_RECORD
from analysis_py.marts.errors import StudyError
from analysis_py.statistics import trial as designs
from analysis_py.statistics.diagnostics import preference_equipoise
from analysis_py.statistics.estimate import Z_975, Estimate
from analysis_py.statistics.propensity import fit_propensity, match_nearest
from analysis_py.statistics.survival import cox
from analysis_py.study.controls import emulated, published
from analysis_py.study.controls.checks import Imbalance, largest_imbalance
from analysis_py.study.controls.found import DRUG, EXPOSURE, OUTCOME, POSITIVE, Found, rows_of
from analysis_py.study.controls.run import NO_TRIAL, Emulation, names, run_controls
from analysis_py.study.trial.definitions import Definitions
from analysis_py.study.trial.designs import PRIMARY, PUBLISHED_MATCHED
from analysis_py.study.trial.diagnose import AT_END, BALANCE, balance_rows
from analysis_py.study.trial.frames import Frames, make_frames, with_decisions
from analysis_py.study.variables import DEATH_28D, PROPENSITY_COVARIATES
from tests.unit.analysis.controls.conftest import EXPOSURES, NEVER, OUTCOMES, RARE, Made

DEFAULT = Definitions.of(NO_RECORD)
DRUG_NAME = NO_RECORD.drug
SEED = 4


@pytest.fixture(scope="module")
def cohort(made: Made) -> published.Published:
    return published.prepare(made.marts, made.completed.copies[0], made.completed.unusable, SEED)


@pytest.fixture(scope="module")
def frames(made: Made) -> Frames:
    return make_frames(made.trial, DEFAULT, DRUG_NAME, SEED)


@pytest.fixture(scope="module")
def emulation(made: Made, frames: Frames) -> emulated.Emulated:
    assert made.marts.trial is not None
    return emulated.prepare(made.marts, made.marts.trial, made.trial.outcomes, frames, DEFAULT, DRUG_NAME)


def by_fate(made: Made, name: str) -> dict[str, set[int]]:
    """Stays by what they had of an exposure, row by row."""
    found: dict[str, set[int]] = {"exposed": set(), "other": set()}
    for row in made.frames["negative_control_exposure"].itertuples():
        if row.exposure == name:
            found["exposed" if row.is_exposed else "other"].add(int(str(row.stay_id)))
    return found


@pytest.mark.parametrize("name", ["docusate", "senna"])
def test_an_exposure_takes_the_drugs_place_in_the_published_design(
    cohort: published.Published, made: Made, name: str
) -> None:
    fate = by_fate(made, name)
    assert fate["other"]
    kept = cohort.stays[[stay not in fate["other"] for stay in cohort.stays.index]].copy()
    kept["treated"] = [stay in fate["exposed"] for stay in kept.index]
    score = fit_propensity(kept, "treated", PROPENSITY_COVARIATES)
    pairs = match_nearest(score, kept["treated"])
    both = pd.concat(
        [kept.loc[pairs[side]].assign(pair=range(len(pairs))) for side in ("treated", "control")], ignore_index=True
    )
    expected = cox(both, "followup_28d_days", "died_28d_hospital", [], "treated", cluster="pair")
    found = published.exposure(cohort, name)
    assert found.estimate is not None
    assert found.estimate.value == pytest.approx(expected.value, rel=1e-9)
    assert found.estimate.lower == pytest.approx(expected.lower, rel=1e-9)
    assert found.log_ratio == pytest.approx(log(expected.value))
    assert found.error == pytest.approx(log(expected.upper / expected.lower) / (2 * Z_975))
    assert found.equipoise == pytest.approx(preference_equipoise(score, kept["treated"]))
    died = both.groupby("treated")["died_28d_hospital"].sum()
    assert found.counts == {group: (len(pairs), int(died[group])) for group in (False, True)}


def test_gaps_are_filled_without_any_exposure_and_only_gaps(cohort: published.Published, made: Made) -> None:
    before = made.marts.stays
    assert before[list(PROPENSITY_COVARIATES)].isna().any(axis=None)
    assert not cohort.stays[list(PROPENSITY_COVARIATES)].isna().any(axis=None)
    for name in PROPENSITY_COVARIATES:
        known = before[name].notna()
        assert (cohort.stays.loc[known, name].astype(object) == before.loc[known, name].astype(object)).all()
    assert "treated" not in cohort.stays.columns


@pytest.mark.parametrize("name", ["famotidine", "thiamine"])
def test_an_exposure_takes_the_drugs_place_in_the_trial(
    emulation: emulated.Emulated, made: Made, frames: Frames, name: str
) -> None:
    start, prevalent = {}, set()
    for row in made.frames["trial_control_exposure"].itertuples():
        if row.exposure == name:
            start[row.stay_id] = float(str(row.start_h))
            if row.is_prevalent:
                prevalent.add(row.stay_id)
    assert prevalent
    patients = frames.of(DEATH_28D, made.trial.outcomes)
    patients = patients[[stay not in prevalent for stay in patients["id"]]].copy()
    patients["start_h"] = [start.get(stay, float("nan")) for stay in patients["id"]]
    # with the covariates as they are: the emulation has made their dummies beforehand
    assert made.marts.trial is not None
    decisions = with_decisions(frames, made.marts.trial.decisions, "dexmedetomidine")
    design = designs.clones(patients, decisions.intervals, covariates=decisions.treatment)
    result = design.result()
    found = emulated.exposure(emulation, name)
    assert found.estimate is not None
    assert found.estimate.value == pytest.approx(result.hazard_ratio)
    assert found.error == pytest.approx(result.log_hazard_ratio_se)
    assert found.counts == {group: (result.patients[group], result.events[group]) for group in (False, True)}
    rows = balance_rows(design, DEATH_28D, decisions, DEFAULT)
    at_end = [
        abs(row.estimate)
        for row in rows
        if row.analysis == BALANCE
        and row.level == AT_END
        and row.measure == "SMD, weighted"
        and row.estimate is not None
    ]
    assert found.imbalance is not None
    assert found.imbalance.value == pytest.approx(max(at_end))
    within = patients.assign(treated=(patients["start_h"] < 48).to_numpy())
    score = fit_propensity(within, "treated", frames.baseline)
    assert found.equipoise == pytest.approx(preference_equipoise(score, within["treated"]), abs=2 / len(within))


def test_decisions_after_the_drugs_start_are_decisions_of_a_control(
    emulation: emulated.Emulated, frames: Frames, made: Made
) -> None:
    assert len(emulation.decisions.intervals) == len(made.frames["trial_decision"]) > len(frames.intervals)
    assert {name.partition("=")[0] for name in emulation.decisions.treatment} == {*frames.treatment}


def test_a_start_after_the_end_of_follow_up_is_none(emulation: emulated.Emulated, made: Made) -> None:
    assert made.marts.trial is not None
    starts = made.marts.trial.starts
    last = starts[starts["exposure"] == "senna"].assign(start_h=700.0, is_prevalent=False)
    ids = {*last["stay_id"]}
    later = starts[~((starts["exposure"] == "senna") & starts["stay_id"].isin(ids))]
    moved = replace(
        emulation, starts=replace(emulation.starts, starts=pd.concat([later, last.iloc[:3]], ignore_index=True))
    )
    assert "nobody starts" in emulated.exposure(moved, "senna").reason


def test_the_drug_is_put_through_the_same_and_is_the_studys_own(
    cohort: published.Published, emulation: emulated.Emulated, made: Made, frames: Frames
) -> None:
    drug, *others = published.drug_and_outcomes(cohort, DRUG_NAME)
    assert (drug.kind, drug.name, drug.design) == (DRUG, DRUG_NAME, PUBLISHED_MATCHED)
    data = made.completed.copies[0]
    pairs = match_nearest(fit_propensity(data, "treated", PROPENSITY_COVARIATES), data["treated"])
    assert drug.counts[True][0] == len(pairs)
    assert [one.name for one in others] == [*OUTCOMES, "bradycardia_48h"]
    assert [one.kind for one in others] == [OUTCOME] * len(OUTCOMES) + [POSITIVE]
    drug = emulated.drug_and_outcomes(emulation, DRUG_NAME)[0]
    result = designs.clones(
        frames.of(DEATH_28D, made.trial.outcomes), frames.intervals, covariates=frames.treatment
    ).result()
    assert drug.estimate is not None
    assert drug.estimate.value == result.hazard_ratio
    assert drug.error == pytest.approx(result.log_hazard_ratio_se)


def odds_ratio(arm: np.ndarray, event: np.ndarray, weight: np.ndarray, cluster: np.ndarray) -> tuple[float, float]:
    """Log odds ratio of weighted groups and its error by cluster, from the influence of each row."""
    logit, influence = {}, np.zeros(len(arm))
    for group in (False, True):
        own = arm == group
        share = float((weight * event)[own].sum() / weight[own].sum())
        logit[group] = log(share / (1 - share))
        sign = 1 if group else -1
        influence[own] = sign * (weight * (event - share))[own] / (weight[own].sum() * share * (1 - share))
    return logit[True] - logit[False], sqrt(float((pd.Series(influence).groupby(cluster).sum() ** 2).sum()))


@pytest.mark.parametrize("name", ["gout", "hba1c_high", "bradycardia_48h"])
def test_outcomes_of_the_matched_cohort_by_closed_form(cohort: published.Published, made: Made, name: str) -> None:
    data = made.completed.copies[0]
    pairs = match_nearest(fit_propensity(data, "treated", PROPENSITY_COVARIATES), data["treated"])
    known = values(made, name, "positive_control")
    rows = [
        (group == "treated", known[stay], number)
        for number, pair in enumerate(pairs.to_dict("records"))
        for group, stay in pair.items()
        if known.get(stay) is not None
    ]
    arm, event, pair = (np.array(column) for column in zip(*rows, strict=True))
    expected, error = odds_ratio(arm, event.astype(float), np.ones(len(arm)), pair)
    found = next(one for one in published.drug_and_outcomes(cohort, DRUG_NAME) if one.name == name)
    assert found.log_ratio == pytest.approx(expected, rel=1e-7)
    assert found.error == pytest.approx(error, rel=1e-6)
    assert found.counts == {
        group: (int((arm == group).sum()), int((event & (arm == group)).sum())) for group in (False, True)
    }


def values(made: Made, name: str, positive: str) -> dict[int, bool | None]:
    """What is known of an outcome by stay, from the rows as the marts have them."""
    if name == "bradycardia_48h":
        return {
            int(row.stay_id): bool(row.bradycardia_48h) if row.is_known else None
            for row in made.frames[positive].itertuples()
        }
    outcomes = made.frames["negative_control_outcome"]
    return {
        int(row.stay_id): bool(row.occurred) if row.is_known else None
        for row in outcomes[outcomes["outcome"] == name].itertuples()
    }


@pytest.mark.parametrize("name", ["gout", "hba1c_high", "bradycardia_48h"])
def test_outcomes_of_the_weighted_clones_by_closed_form(
    emulation: emulated.Emulated, made: Made, frames: Frames, name: str
) -> None:
    design = designs.clones(frames.of(DEATH_28D, made.trial.outcomes), frames.intervals, covariates=frames.treatment)
    known = values(made, name, "trial_positive_control")
    rows = [
        (row.clone == 1, known[row.id], row.weight, row.id)
        for row in design.rows().itertuples()
        if row.start >= 48 and known[row.id] is not None
    ]
    arm, event, weight, patient = (np.array(column) for column in zip(*rows, strict=True))
    assert len(set(patient)) < len(patient)  # of some both clones are followed: an error by row would be another
    expected, error = odds_ratio(arm, event.astype(float), weight, patient)
    found = next(one for one in emulated.drug_and_outcomes(emulation, DRUG_NAME) if one.name == name)
    assert found.log_ratio == pytest.approx(expected, rel=1e-7)
    assert found.error == pytest.approx(error, rel=1e-6)
    assert found.counts[True] == (int(arm.sum()), int((event & arm).sum()))


def test_the_largest_imbalance_and_what_chance_allows() -> None:
    random = np.random.default_rng(2)
    columns = pd.DataFrame({"a": random.normal(size=300), "b": random.normal(size=300)})
    treated, weights = np.arange(300) < 120, random.uniform(0.5, 3, 300)
    columns.loc[treated, "b"] += 0.4
    found = largest_imbalance(columns, treated, weights)
    means = [np.average(columns["b"][rows], weights=weights[rows]) for rows in (treated, ~treated)]
    spread = sqrt(sum(float(np.var(columns["b"][rows])) for rows in (treated, ~treated)) / 2)
    assert found.covariate == "b"
    assert found.value == pytest.approx((means[0] - means[1]) / spread)
    sizes = [weights[rows].sum() ** 2 / (weights[rows] ** 2).sum() for rows in (treated, ~treated)]
    assert found.allowed == 0.25 < 0.1 + 1.96 * sqrt(1 / sizes[0] + 1 / sizes[1])  # two covariates: 5 % / 2, one-sided
    many = pd.concat([columns] * 40, ignore_index=True)
    found = largest_imbalance(many, np.tile(treated, 40), np.tile(weights, 40))
    chance = stats.norm.isf(0.025) * sqrt(1 / sizes[0] + 1 / sizes[1]) / sqrt(40)
    assert found.allowed == pytest.approx(0.1 + chance)


def test_groups_of_one_value_each_are_as_unlike_as_can_be() -> None:
    treated = np.arange(10) < 5
    found = largest_imbalance(pd.DataFrame({"a": treated.astype(float)}), treated, np.ones(10))
    assert found == Imbalance("a", float("inf"), 0.25)


ESTIMATE = Estimate("HR", 0.9, 0.7, 1.2, 0.5, 100, 30)
ALIKE = Imbalance("age_years", 0.12, 0.13)


def control(**changed: object) -> Found:
    counts = {False: (50, 10), True: (50, 10)}
    place = Found(PRIMARY, EXPOSURE, "senna", DEATH_28D, ESTIMATE, counts, ALIKE, 0.2)
    return replace(place, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, ""),
        ({"counts": {False: (50, 10), True: (50, 9)}}, "left out: fewer than 10 events in a group"),
        ({"counts": {False: (50, 9), True: (50, 10)}}, "left out: fewer than 10 events in a group"),
        ({"imbalance": Imbalance("age_years", 0.13, 0.13)}, "left out: not balanced"),
        ({"imbalance": None}, "left out: not balanced"),
        ({"equipoise": 0.1999}, "left out: too little equipoise"),
        ({"equipoise": None}, "left out: too little equipoise"),
        ({"estimate": None, "reason": "nobody starts"}, "not estimable: nobody starts"),
        ({"kind": OUTCOME, "imbalance": Imbalance("age_years", 0.5, 0.13), "equipoise": 0.0}, ""),
        ({"kind": OUTCOME, "counts": {False: (50, 9), True: (50, 10)}}, "left out: fewer than 10 events in a group"),
    ],
)
def test_what_counts(changed: dict[str, object], reason: str) -> None:
    found = control(**changed)
    assert found.left_out == reason
    assert found.counts_for_ease == (not reason)
    assert not replace(found, kind=DRUG).counts_for_ease
    assert not replace(found, kind=POSITIVE).counts_for_ease
    (row, *_) = rows_of([found])
    assert row.note == reason
    assert row.measure == "HR"
    assert row.estimate == (0.9 if found.estimate else None)


def test_what_nobody_or_a_few_had_is_said_and_not_estimated(
    cohort: published.Published, emulation: emulated.Emulated
) -> None:
    assert "treated" in published.exposure(cohort, NEVER).reason
    assert published.exposure(cohort, RARE).left_out
    for name in (NEVER, RARE):
        assert "nobody starts" in emulated.exposure(emulation, name).reason


def test_all_of_them_on_any_number_of_processes(made: Made, frames: Frames) -> None:
    emulation = Emulation(made.trial, frames, DEFAULT)
    some = ("docusate", "gout")
    arguments = (made.marts, made.completed, emulation, DRUG_NAME, SEED, lambda _: None, some)
    one, two = (run_controls(*arguments, processes=processes) for processes in (1, 2))
    assert one.rows == two.rows
    assert {found.name for found in one.found} == {*some, DRUG_NAME}
    assert {found.design for found in one.found} == {PUBLISHED_MATCHED, PRIMARY}
    assert one.found[0].estimate is not None
    without = run_controls(made.marts, made.completed, None, DRUG_NAME, SEED, lambda _: None, some, 1)
    assert without.remarks == [NO_TRIAL]
    assert [row for row in without.rows if row.analysis == "controls"] == [
        row for row in one.rows if row.analysis == "controls" and row.model == PUBLISHED_MATCHED
    ]


def test_a_name_that_is_no_control_is_told_with_those_that_are(made: Made) -> None:
    with pytest.raises(StudyError, match="there is no control heparin: docusate, ") as caught:
        run_controls(made.marts, made.completed, None, DRUG_NAME, SEED, lambda _: None, ("heparin",))
    assert all(name in str(caught.value) for name in names(made.marts))
    assert {*EXPOSURES, *OUTCOMES} < {*names(made.marts)}
