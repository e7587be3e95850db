"""The bootstrap: a resample is the analysis of the patients drawn, and the seed alone decides."""

from collections.abc import Callable
from time import monotonic

import numpy as np
import pandas as pd
import pytest

from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.trial import (
    Bootstrap,
    Design,
    TrialResult,
    bootstrap,
    clones,
    landmark,
    published,
    sequential_trials,
    time_dependent_cox,
)

Tables = tuple[pd.DataFrame, pd.DataFrame]
BASELINE = ["age", "vent", "unit"]
COVARIATES = [*BASELINE, "severity"]
DESIGNS: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Design]] = {
    "pooled": lambda patients, intervals: clones(patients, intervals, covariates=COVARIATES, hours=[100, 300]),
    "capped": lambda patients, intervals: clones(patients, intervals, covariates=COVARIATES, cap=5),
    "none": lambda patients, intervals: clones(patients, intervals, weights="none"),
    "grace end": lambda patients, intervals: clones(patients, intervals, covariates=BASELINE, weights="grace_end"),
    "landmark": lambda patients, _: landmark(patients),
    "landmark adjusted": lambda patients, _: landmark(patients, covariates=BASELINE, adjustment="adjusted"),
    "landmark weighted": lambda patients, _: landmark(patients, covariates=BASELINE, adjustment="weighted"),
    "time-dependent": lambda patients, _: time_dependent_cox(patients, BASELINE),
    "sequential": lambda patients, intervals: sequential_trials(patients, intervals, covariates=COVARIATES),
    "published": lambda patients, _: published(patients),
}


def drawn(tables: Tables, counts: np.ndarray) -> Tables:
    """The patients drawn as patients of their own, with the rows of each."""
    patients, intervals = tables
    copies = pd.DataFrame({"id": np.repeat(patients["id"], counts)})
    copies["copy"] = copies.groupby("id").cumcount()
    return tuple(  # type: ignore[return-value]
        table.merge(copies, on="id").assign(id=lambda data: data["id"] * 100 + data["copy"]).drop(columns="copy")
        for table in (patients, intervals)
    )


@pytest.mark.parametrize("name", DESIGNS)
def test_a_resample_is_the_analysis_of_the_patients_drawn(trial: Tables, name: str) -> None:
    patients = trial[0].sort_values("id", key=lambda values: values.astype(str))  # the order of a design's patients
    counts = np.random.default_rng(3).poisson(1, len(patients))
    draw = DESIGNS[name](*trial).draw(counts)
    expected: TrialResult = DESIGNS[name](*drawn((patients, trial[1]), counts)).result()
    assert draw.reason == ""
    for quantity in ("risk1", "risk0", "difference", "ratio", "hazard_ratio", "restricted_mean_difference"):
        assert draw.values[quantity] == pytest.approx(getattr(expected, quantity), rel=1e-7, nan_ok=True), quantity


def test_hours_between_are_those_of_the_curve(trial: Tables) -> None:
    draw = DESIGNS["pooled"](*trial).draw(np.ones(len(trial[0]), dtype=np.int64))
    rows = clones(*trial, covariates=COVARIATES).rows()
    for arm in (0, 1):
        for hour in (100, 300):
            survival = 1.0
            own = rows[rows["clone"] == arm]
            for time in np.unique(own.loc[own["died"] & (own["stop"] <= hour), "stop"]):
                at_risk = own[(own["start"] < time) & (own["stop"] >= time)]
                dead = at_risk[at_risk["died"] & (at_risk["stop"] == time)]
                survival *= 1 - dead["weight"].sum() / at_risk["weight"].sum()
            assert draw.values[f"risk{arm}@{hour}"] == pytest.approx(1 - survival)


def test_same_seed_same_bytes_whatever_the_number_of_processes(trial: Tables) -> None:
    design, told = DESIGNS["pooled"](*trial), []
    alone = bootstrap(design, 12, 7, 1, lambda done, total: told.append((done, total)))
    assert told[-1] == (12, 12)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    shuffled = DESIGNS["pooled"](trial[0].sample(frac=1, random_state=1), trial[1].sample(frac=1, random_state=1))
    for other in (bootstrap(design, 12, 7, 3), bootstrap(shuffled, 12, 7, 2)):
        assert other.draws.to_csv() == alone.draws.to_csv()
        pd.testing.assert_frame_equal(other.draws, alone.draws, check_exact=True)
    assert not bootstrap(design, 12, 8, 1).draws.equals(alone.draws)
    # a longer run begins as a shorter one
    assert bootstrap(design, 3, 7, 1).draws.equals(alone.draws.head(3))


def test_the_interval_is_of_the_size_of_the_sandwich(make_trial: Callable[..., Tables]) -> None:
    design = landmark(make_trial(800, seed=2)[0])
    found = bootstrap(design, 200, 1, 1)
    lower, upper = found.interval("hazard_ratio")
    assert found.failed == 0
    wald = design.result().hazard
    assert np.log(upper / lower) == pytest.approx(np.log(wald.upper / wald.lower), rel=0.2)
    narrow = found.interval("hazard_ratio", 0.5)
    assert lower < narrow[0] < wald.value < narrow[1] < upper


def test_percentiles_are_of_what_could_be_estimated() -> None:
    draws = pd.DataFrame({"risk1": [*np.arange(101.0), *[np.nan] * 20], "ratio": [1.0, *[np.nan] * 120]})
    found = Bootstrap(draws, {"no": 20})
    assert found.interval("risk1") == pytest.approx((2.5, 97.5))
    assert found.interval("risk1", 0.5) == (25, 75)
    with pytest.raises(NotEstimable, match="ratio: 1 of 121 resamples give a number"):
        found.interval("ratio")


def test_what_fails_to_fit_is_counted_and_said(trial: Tables) -> None:
    patients, intervals = trial
    # one patient alone starts at the last decision: a third of the resamples have nobody there
    last = (patients["start_h"] // 6 == 7).to_numpy()
    gone = patients["id"][last].iloc[1:]
    few, rows = patients[~patients["id"].isin(gone)], intervals[~intervals["id"].isin(gone)]
    found = bootstrap(clones(few, rows, covariates=BASELINE), 60, 1, 1)
    (reason,) = found.failures
    assert "nobody starts at the last decision, 7" in reason
    assert 10 < found.failed == found.draws["risk1"].isna().sum() < 35
    assert found.interval("risk0")[0] > 0
    with pytest.raises(ValueError, match="at least 1"):
        bootstrap(clones(few, rows, covariates=BASELINE), 0)


def test_a_hazard_ratio_that_fails_leaves_the_risks(trial: Tables) -> None:
    patients, _ = trial
    spared = patients.assign(died=patients["died"] & ~(patients["start_h"] < 48))
    spared["time_h"] = spared["time_h"].where(spared["died"], 672)
    found = bootstrap(landmark(spared), 10, 1, 1)
    assert found.draws["hazard_ratio"].isna().all()
    assert found.draws["risk0"].notna().all()
    assert found.failures == {"one arm has no deaths while the other is at risk": 10}


def test_what_is_not_done_is_not_waited_for(trial: Tables) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    begin = monotonic()
    with pytest.raises(KeyboardInterrupt):
        bootstrap(DESIGNS["pooled"](*trial), 100_000, 1, 2, stop)
    assert monotonic() - begin < 60
