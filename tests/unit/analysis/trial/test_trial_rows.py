"""The trial's rows: the estimators' numbers called by hand, what they rest on, and every degenerate input."""

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from analysis_py.marts.build_record import NO_RECORD
from analysis_py.marts.trial import TrialMarts, type_trial
from analysis_py.statistics.trial import bootstrap, clones, landmark, published, sequential_trials, time_dependent_cox
from analysis_py.statistics.trial.differences import standardized_differences
from analysis_py.study.read_marts import TRIAL_NEEDED
from analysis_py.study.results import Row, find
from analysis_py.study.trial import estimates
from analysis_py.study.trial.definitions import COHORT, Definitions
from analysis_py.study.trial.designs import GRACE_END, PRIMARY, SEQUENTIAL, TIME_DEPENDENT, UNWEIGHTED, WAYS
from analysis_py.study.trial.diagnose import AT_END, BALANCE, CENSORED, CLONES, CURVE, DAYS, POSITIVITY, WEIGHTS
from analysis_py.study.trial.frames import Frames, make_frames
from analysis_py.study.trial.run import Trial, run_trial
from analysis_py.study.trial.suppression import suppress_trial
from analysis_py.study.variables import DEATH_28D, DEATH_28D_ANYWHERE, TRIAL_OUTCOMES

MakeMarts = Callable[..., dict[str, pd.DataFrame]]
DEFAULT = Definitions.of(NO_RECORD)
DRUG = NO_RECORD.drug
SEED, RESAMPLES = 3, 8


def typed(frames: dict[str, pd.DataFrame]) -> TrialMarts:
    return type_trial(frames, "dexsic", TRIAL_NEEDED)


def run(marts: TrialMarts, resamples: int = RESAMPLES) -> Trial:
    return run_trial(marts, NO_RECORD, SEED, lambda _: None, resamples)


@pytest.fixture(scope="module")
def marts(make_marts: MakeMarts) -> TrialMarts:
    return typed(make_marts(500))


@pytest.fixture(scope="module")
def frames(marts: TrialMarts) -> Frames:
    return make_frames(marts, DEFAULT, DRUG, SEED)


@pytest.fixture(scope="module")
def trial(marts: TrialMarts) -> Trial:
    return run(marts)


def row(trial: Trial, outcome: str, model: str, measure: str, cohort: str = COHORT) -> Row:
    found = find(trial.rows, estimates.ANALYSIS, cohort, outcome=outcome, model=model, measure=measure)
    assert found is not None
    return found


@pytest.mark.parametrize("outcome", TRIAL_OUTCOMES)
def test_the_primary_rows_are_the_estimators(marts: TrialMarts, frames: Frames, trial: Trial, outcome: str) -> None:
    design = clones(frames.of(outcome, marts.outcomes), frames.intervals, covariates=frames.treatment, hours=[24, 672])
    result, draws = design.result(), bootstrap(design, RESAMPLES, SEED, processes=1)
    for measure, value, quantity, unit in (
        (estimates.HAZARD_RATIO, result.hazard_ratio, "hazard_ratio", 1),
        (estimates.DIFFERENCE, result.difference, "difference", 1),
        (estimates.RISK_RATIO, result.ratio, "ratio", 1),
        (estimates.MEAN_DAYS, result.restricted_mean_difference / 24, "restricted_mean_difference", 24),
    ):
        ours = row(trial, outcome, PRIMARY, measure)
        lower, upper = draws.interval(quantity)
        assert (ours.estimate, ours.lower, ours.upper) == pytest.approx((value, lower / unit, upper / unit))
        assert (ours.n, ours.events) == (sum(result.patients.values()), sum(result.events.values()))
    for group, risk in (("treated", result.risk1), ("control", result.risk0)):
        cohort = f"{COHORT} {group}"
        ours = row(trial, outcome, PRIMARY, estimates.RISK, cohort)
        number = int(group == "treated")
        assert (ours.estimate, ours.lower, ours.upper) == pytest.approx((risk, *draws.interval(f"risk{number}")))
        assert row(trial, outcome, PRIMARY, estimates.LARGEST, cohort).estimate == result.max_weight[group == "treated"]
        assert row(trial, outcome, PRIMARY, estimates.EFFECTIVE, cohort).estimate == result.ess[group == "treated"]
        last = find(trial.rows, CURVE, cohort, outcome=outcome, level="28")
        assert last is not None and last.estimate == pytest.approx(risk)
        first = find(trial.rows, CURVE, cohort, outcome=outcome, level="1")
        assert first is not None
        assert (first.lower, first.upper) == pytest.approx(draws.interval(f"risk{number}@24"))


def test_every_other_design_is_what_its_estimator_gives(marts: TrialMarts, frames: Frames, trial: Trial) -> None:
    patients, intervals = frames.of(DEATH_28D, marts.outcomes), frames.intervals
    baseline, treatment = frames.baseline, frames.treatment
    by_hand = {
        "published, crude": published(patients),
        "published, adjusted": published(patients, covariates=baseline, adjustment="adjusted"),
        "published, matched": published(patients, covariates=baseline, adjustment="matched"),
        "landmark, crude": landmark(patients),
        "landmark, adjusted": landmark(patients, covariates=baseline, adjustment="adjusted"),
        "landmark, weighted": landmark(patients, covariates=baseline, adjustment="weighted"),
        TIME_DEPENDENT: time_dependent_cox(patients, baseline),
        UNWEIGHTED: clones(patients, intervals, weights="none"),
        GRACE_END: clones(patients, intervals, covariates=baseline, weights="grace_end"),
        SEQUENTIAL: sequential_trials(patients, intervals, covariates=treatment),
    }
    assert {way.name for way in WAYS} == {*by_hand, PRIMARY}
    for way in WAYS:
        if way.name == PRIMARY:
            continue
        result = by_hand[way.name].result()
        ours = row(trial, DEATH_28D, way.name, estimates.HAZARD_RATIO)
        assert ours.estimate == pytest.approx(result.hazard_ratio), way.name
        if way.is_resampled:
            assert row(trial, DEATH_28D, way.name, estimates.DIFFERENCE).estimate == pytest.approx(result.difference)
            assert ours.p_value is None and ours.lower is not None
        else:
            hazard = result.hazard
            assert (ours.lower, ours.upper, ours.p_value) == pytest.approx((hazard.lower, hazard.upper, hazard.p_value))
            assert find(trial.rows, estimates.ANALYSIS, COHORT, model=way.name, measure=estimates.DIFFERENCE) is None


def test_clones_are_counted_as_they_are(marts: TrialMarts, frames: Frames, trial: Trial) -> None:
    rows = clones(frames.of(DEATH_28D, marts.outcomes), frames.intervals, covariates=frames.treatment).rows()
    start = marts.outcomes["start_h"]
    started = start.index[start < 48]
    for group, clone in (("treated", 1), ("control", 0)):
        own = rows[rows["clone"] == clone]
        found = {
            measure: find(trial.rows, CLONES, f"{COHORT} {group}", outcome=DEATH_28D, measure=measure)
            for measure in ("clones", CENSORED, DAYS)
        }
        assert found["clones"].n == own["id"].nunique()  # type: ignore[union-attr]
        assert found["clones"].events == own["died"].sum()  # type: ignore[union-attr]
        assert found[DAYS].estimate == pytest.approx((own["stop"] - own["start"]).sum() / 24)  # type: ignore[union-attr]
    control = find(trial.rows, CLONES, f"{COHORT} control", outcome=DEATH_28D, measure=CENSORED)
    with_time = set(rows.loc[rows["clone"] == 0, "id"])
    assert control is not None and control.n == len(with_time & set(started))


def test_positivity_counts_each_decision_and_its_starts(marts: TrialMarts, trial: Trial) -> None:
    found = [one for one in trial.rows if (one.analysis, one.outcome) == (POSITIVITY, DEATH_28D)]
    assert [one.level for one in found] == [str(k) for k in range(8)]
    by_k = marts.intervals.groupby(level="k")["starts"]
    assert [one.n for one in found] == by_k.size().tolist()
    assert [one.events for one in found] == by_k.sum().tolist()
    assert all(one.estimate is not None and 0 <= one.estimate <= 100 for one in found)


def test_weighting_makes_what_drives_the_start_more_alike(trial: Trial) -> None:
    def largest(measure: str, at_end: bool) -> float:
        chosen = [
            abs(one.estimate)
            for one in trial.rows
            if (one.analysis, one.outcome, one.measure) == (BALANCE, DEATH_28D, f"SMD, {measure}")
            and (one.level == AT_END) == at_end
            and one.term.split("_")[0] in ("norepinephrine", "sofa", "lactate")
            and one.estimate is not None
        ]
        return float(np.mean(chosen))

    assert largest("weighted", True) < largest("unweighted", True)
    assert largest("weighted", False) < largest("unweighted", False)


def test_differences_of_two_groups_by_hand() -> None:
    columns = np.array([[1.0, 5.0], [3.0, 5.0], [2.0, 5.0], [6.0, 5.0]])
    treated = np.array([True, True, False, False])
    weights = np.array([1.0, 3.0, 1.0, 1.0])
    spread = np.sqrt((1.0 + 4.0) / 2)
    found = standardized_differences(columns, treated, weights)
    assert found.tolist() == pytest.approx([(2.5 - 4.0) / spread, 0.0])
    assert np.isnan(standardized_differences(columns, np.ones(4, dtype=bool), weights)).all()
    constant = np.array([[0.0], [0.0], [1.0], [1.0]])
    assert np.isnan(standardized_differences(constant, treated, weights)).all()


def nobody_starts(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    none = frames["trial_outcomes"].assign(start_h=np.nan, duration_h=np.nan)
    return frames | {"trial_outcomes": none, "trial_interval": frames["trial_interval"].assign(starts=False)}


def everybody_starts_at_once(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    first = frames["trial_interval"].query("k == 0").assign(starts=True)
    return frames | {
        "trial_outcomes": frames["trial_outcomes"].assign(start_h=0.0, duration_h=5.0),
        "trial_interval": first,
    }


def nobody_is_left(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """All die in the first five hours, some after a start."""
    first = frames["trial_interval"].query("k == 0")
    outcomes = frames["trial_outcomes"].assign(
        died_28d_hospital=True, died_28d_any=True, followup_28d_h=5.0, followup_28d_any_h=5.0
    )
    outcomes["start_h"] = outcomes["start_h"].where(outcomes["start_h"] < 5)
    starts = first["stay_id"].isin(outcomes.loc[outcomes["start_h"].notna(), "stay_id"])
    return frames | {"trial_outcomes": outcomes, "trial_interval": first.assign(starts=starts)}


def nobody_dies(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    alive = {"died_28d_hospital": False, "died_28d_any": False, "followup_28d_h": 672.0, "followup_28d_any_h": 672.0}
    return frames | {"trial_outcomes": frames["trial_outcomes"].assign(**alive)}


def nothing_is_charted(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    values = ["heart_rate_bpm", "map_mmhg", "rass", "gcs", "pao2fio2_mmhg", "lactate_mmol_l", "creatinine_mg_dl"]
    return frames | {
        name: frames[name].assign(**dict.fromkeys(values, np.nan)) for name in ("trial_baseline", "trial_interval")
    }


def nobody_is_eligible(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    return {name: frame if name == "trial_flow" else frame.iloc[:0] for name, frame in frames.items()}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (nobody_is_eligible, "nobody is eligible"),
        (nobody_starts, "nobody starts"),
        (everybody_starts_at_once, "everybody"),
        (nobody_is_left, "nobody|separate"),
        (nobody_dies, "no deaths"),
        (nothing_is_charted, ""),
    ],
)
def test_degenerate_trials_end_in_reasons(
    make_marts: MakeMarts, change: Callable[[dict[str, pd.DataFrame]], dict[str, pd.DataFrame]], reason: str
) -> None:
    found = run(typed(change(make_marts(150))), 2)
    for outcome in TRIAL_OUTCOMES:
        for way in WAYS:
            ours = row(found, outcome, way.name, estimates.HAZARD_RATIO)
            assert ours.estimate is not None or ours.note.startswith("not estimable: ")
    if reason:
        primary = row(found, DEATH_28D, PRIMARY, estimates.HAZARD_RATIO)
        assert primary.estimate is None and re.search(reason, primary.note)


@pytest.mark.parametrize("patients", [1, 3, 12])
def test_a_handful_of_patients_is_no_crash(make_marts: MakeMarts, patients: int) -> None:
    found = run(typed(make_marts(patients)), 2)
    notes = [row(found, DEATH_28D, way.name, estimates.HAZARD_RATIO).note for way in WAYS]
    assert any(note.startswith("not estimable") for note in notes)


def test_a_small_count_takes_the_counts_of_its_design_with_it(trial: Trial) -> None:
    raw = trial.rows
    few = [
        Row(**{**vars(one), "events": 4})
        if (one.model, one.cohort, one.outcome) == (UNWEIGHTED, f"{COHORT} treated", DEATH_28D)
        else one
        for one in raw
    ]
    shown = suppress_trial([one for one in few if one.analysis == estimates.ANALYSIS], 10)
    own = [one for one in shown if (one.model, one.outcome) == (UNWEIGHTED, DEATH_28D)]
    assert not [one for one in own if isinstance(one.n, int) or isinstance(one.events, int)]
    assert all(
        one.estimate is None
        for one in own
        if one.measure in (estimates.RISK, estimates.DIFFERENCE, estimates.HAZARD_RATIO, estimates.EFFECTIVE)
    )
    other = [one for one in shown if (one.model, one.outcome) == (UNWEIGHTED, DEATH_28D_ANYWHERE)]
    assert all(isinstance(one.n, int) for one in other)


def test_curves_tell_no_deaths_and_no_days_between_which_few_died(trial: Trial) -> None:
    curves = [one for one in trial.rows if one.analysis == CURVE]
    deaths = {(one.cohort, one.outcome, one.level): one.events for one in curves}
    shown = suppress_trial(curves, 10)
    assert not [one for one in shown if isinstance(one.events, int)]
    for cohort in (f"{COHORT} treated", f"{COHORT} control"):
        told = [
            deaths[one.cohort, one.outcome, one.level]
            for one in shown
            if (one.cohort, one.outcome) == (cohort, DEATH_28D) and one.estimate is not None
        ]
        steps = np.diff([0, *told])  # type: ignore[list-item]
        assert ((steps == 0) | (steps >= 10)).all()
        assert told[-1] == deaths[cohort, DEATH_28D, "28"]


def test_the_same_seed_gives_the_same_rows(make_marts: MakeMarts) -> None:
    marts = typed(make_marts(200))
    assert run(marts, 3).rows == run(marts, 3).rows


def test_weights_are_described_for_those_beyond_the_grace_period(trial: Trial) -> None:
    for group, clone in (("treated", 1), ("control", 0)):
        own = trial.weights.loc[trial.weights["clone"] == clone, "weight"]
        found = {
            one.measure: one.estimate
            for one in trial.rows
            if (one.analysis, one.outcome, one.cohort) == (WEIGHTS, DEATH_28D, f"{COHORT} {group}")
        }
        assert found["quantile 0.5"] == pytest.approx(own.median())
        assert found[estimates.LARGEST] == pytest.approx(own.max())
        assert found[estimates.EFFECTIVE] == pytest.approx(own.sum() ** 2 / (own**2).sum())
