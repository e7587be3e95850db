"""What the trial's data sets plant, and that the estimators find it: a small version of bench/trial_recovery.py."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from analysis_py.statistics import trial
from bench.trial_recovery import (
    CENSORED,
    PUBLISHED,
    WEIGHTED,
    DataSet,
    Performance,
    judge,
    main,
    measure,
    read_results,
    run,
)
from twin.plan.population import SAME_ADMISSION
from twin.rows import Columns, take
from twin.trial.design import TrialDesign
from twin.trial.frames import COVARIATES, TrialData, draw_trial
from twin.trial.grid import BLOCK_H, DECISIONS, NEVER
from twin.trial.population import draw_stays

PATIENTS = 60_000  # as many as 20 data sets of the bench: a risk difference is known to 0.6 points
NONE, EFFECT = TrialDesign(1.0), TrialDesign(0.7)


@cache
def data(design: TrialDesign, patients: int = PATIENTS) -> TrialData:
    return draw_trial(design, patients, seed=5)


@cache
def plan(design: TrialDesign) -> Columns:
    return draw_stays(np.random.default_rng(3), 4000, design)


def truth_of(found: TrialData) -> float:
    return float(found.truth["died_28d_a"].mean() - found.truth["died_28d_b"].mean())


def test_the_same_seed_gives_the_same_data_set() -> None:
    first, again = draw_trial(EFFECT, 500, 1), draw_trial(EFFECT, 500, 1)
    assert first.patients.equals(again.patients)
    assert first.intervals.equals(again.intervals)
    assert not first.patients.equals(draw_trial(EFFECT, 500, 2).patients)


def test_without_an_effect_everybody_dies_alike_under_both_strategies() -> None:
    people = plan(NONE)
    # the second stay of an admission is survived, whatever the strategy would do
    people = take(people, people["role"] != SAME_ADMISSION)
    for other in ("b", "natural"):
        assert np.array_equal(people["death_from_zero_h_a"], people[f"death_from_zero_h_{other}"], equal_nan=True)
    assert truth_of(data(NONE, 3000)) == 0


def test_nothing_but_death_answers_to_the_effect() -> None:
    """Same people, same illness, same decisions; a start delays nobody's death before it."""
    effect, none = plan(EFFECT), plan(NONE)
    # the second stay of an admission and the one after a death depend on deaths
    for name in effect.keys() - {"role", *(f"death_from_zero_h_{each}" for each in ("natural", "a", "b"))}:
        assert np.array_equal(effect[name], none[name], equal_nan=effect[name].dtype.kind == "f"), name
    start = BLOCK_H * effect["start_block_a"].astype(float)
    before = none["death_from_zero_h_a"] <= start
    assert np.array_equal(effect["death_from_zero_h_a"][before], none["death_from_zero_h_a"][before])
    assert -0.06 < truth_of(data(EFFECT)) < -0.02


def test_the_strategies_are_what_clone_censor_weight_compares() -> None:
    people = plan(EFFECT)
    natural, start = people["start_block_natural"], people["start_block_a"]
    early = natural < DECISIONS
    assert np.array_equal(start[early], natural[early])
    # everybody else starts at the last decision, unless he has left or died by then
    assert set(start[~early].tolist()) == {DECISIONS - 1, NEVER}
    never = ~early & (start == NEVER)
    last_h = BLOCK_H * (DECISIONS - 1)
    gone = (people["icu_from_zero_h"] <= last_h) | (people["death_from_zero_h_a"] <= last_h + BLOCK_H)
    assert gone[never].all()
    assert (people["start_block_b"] >= DECISIONS).all()
    late = ~early & (natural < NEVER)
    assert np.array_equal(people["start_block_b"][late], natural[late])


def test_the_published_design_is_biased_and_clone_censor_weight_is_not() -> None:
    found = data(NONE)
    weighted = trial.clone_censor_weight(found.patients, found.intervals, covariates=COVARIATES)
    assert abs(weighted.difference) < 0.018
    assert trial.published(found.patients).result().difference < -0.06
    assert trial.clones(found.patients, found.intervals, weights="none").result().difference < -0.03


def test_clone_censor_weight_finds_both_planted_risks() -> None:
    found = data(EFFECT)
    weighted = trial.clone_censor_weight(found.patients, found.intervals, covariates=COVARIATES)
    assert weighted.risk1 == pytest.approx(found.truth["died_28d_a"].mean(), abs=0.018)
    assert weighted.risk0 == pytest.approx(found.truth["died_28d_b"].mean(), abs=0.009)


def test_an_unmeasured_cause_moves_starts_deaths_and_the_estimate() -> None:
    hidden = TrialDesign(1.0, unmeasured=0.8)
    for design, is_planted in ((NONE, False), (hidden, True)):
        people = plan(design)
        starts = people["start_block_natural"] < DECISIONS
        dies = ~np.isnan(people["death_from_zero_h_b"])
        cause = people["unmeasured"]
        assert (cause[starts].mean() < cause[~starts].mean() - 0.2) == is_planted
        assert (cause[dies].mean() > cause[~dies].mean() + 0.2) == is_planted
    found = data(hidden, 20_000)
    weighted = trial.clone_censor_weight(found.patients, found.intervals, covariates=COVARIATES)
    assert truth_of(found) == 0
    assert weighted.difference < -0.05


def test_a_run_goes_on_where_another_was_broken_off(tmp_path: Path) -> None:
    path = tmp_path / "sets.csv"
    first = run(NONE, 800, 4, 2, path, processes=1)
    assert [each.seed for each in first] == [0, 1]
    written = path.read_text()
    assert run(NONE, 800, 4, 2, path, processes=1) == first
    assert path.read_text() == written
    # another size is another run, and a line that was cut off is made anew
    path.write_text(written.rsplit(",", 2)[0] + "\n")
    assert [each.seed for each in read_results(path)] == [0]
    assert run(NONE, 800, 4, 2, path, processes=1) == first


def data_set(seed: int, weighted: float, lower: float, upper: float, published: float = -0.1) -> DataSet:
    return DataSet("", 100, 10, seed, published, 0.0, weighted, lower, upper, 0.02, 0.30, 0.32, 31)


def test_bias_and_coverage_are_counted() -> None:
    sets = [data_set(0, -0.01, -0.03, 0.01), data_set(1, -0.05, -0.07, -0.03)]
    found = measure(sets, WEIGHTED)
    assert (found.mean, found.bias, found.coverage) == (pytest.approx(-0.03), pytest.approx(-0.01), 0.5)
    assert measure(sets, PUBLISHED).bias == pytest.approx(-0.08)
    assert np.isnan(measure(sets, CENSORED).coverage)


@pytest.mark.parametrize(
    ("estimator", "bias", "coverage", "design", "verdict"),
    [
        (WEIGHTED, 0.004, 0.95, NONE, "met"),
        (WEIGHTED, 0.010, 0.95, NONE, "NOT met: bias"),
        (WEIGHTED, 0.006, 0.95, NONE, "unclear: bias"),
        (WEIGHTED, 0.001, 0.925, NONE, "unclear: coverage"),
        (WEIGHTED, 0.001, 0.90, NONE, "NOT met: coverage"),
        (WEIGHTED, 0.050, 0.50, TrialDesign(1.0, 0.5), "met: biased"),
        (PUBLISHED, -0.09, 0.0, NONE, "met: biased"),
        (PUBLISHED, 0.001, 0.0, NONE, "NOT met: no bias"),
        (PUBLISHED, -0.09, 0.0, EFFECT, ""),
    ],
)
def test_the_criterion(estimator: str, bias: float, coverage: float, design: TrialDesign, verdict: str) -> None:
    assert judge(estimator, Performance(0, bias, 0.002, 0.03, 0.03, coverage, 200), design) == verdict


def test_the_command_shows_every_estimator(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "sets.csv"
    options = ["--sets", "2", "--patients", "800", "--resamples", "4", "--processes", "1", "--results", str(path)]
    main([*options, "--unmeasured-cause", "0.5"])
    shown = capsys.readouterr().out
    assert all(name in shown for name in (PUBLISHED, CENSORED, WEIGHTED))
    assert len(read_results(path)) == 6
