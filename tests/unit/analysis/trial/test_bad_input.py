"""Whatever the tables hold: an answer, or the reason why there is none."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.trial import TrialResult, clone_censor_weight, clones, landmark, sequential_trials

Tables = tuple[pd.DataFrame, pd.DataFrame]
COVARIATES = ("age", "vent", "severity")


def estimate(tables: Tables, **options: object) -> TrialResult:
    return clone_censor_weight(*tables, covariates=COVARIATES, **options)  # type: ignore[arg-type]


def without_rows_after(patients: pd.DataFrame, intervals: pd.DataFrame) -> Tables:
    ends = intervals.merge(patients, on="id")
    kept = (ends["time_h"] > 6 * ends["k"]) & ~(ends["start_h"] < 6 * ends["k"])
    return patients, intervals[kept.to_numpy()]


def test_nobody_starts(trial: Tables) -> None:
    patients, intervals = trial
    kept = patients["start_h"].isna()
    never = patients[kept], intervals[intervals["id"].isin(patients["id"][kept])]
    for weights in ("pooled", "grace_end"):
        with pytest.raises(NotEstimable, match="nobody starts"):
            estimate(never, weights=weights)
    with pytest.raises(NotEstimable, match="there are no treated patients"):
        sequential_trials(*never)


def test_nobody_starts_at_the_last_decision(trial: Tables) -> None:
    patients, intervals = trial
    kept = patients["start_h"] // 6 != 7
    tables = patients[kept], intervals[intervals["id"].isin(patients["id"][kept])]
    with pytest.raises(NotEstimable, match="nobody starts at the last decision, 7"):
        estimate(tables)
    # a single weight at the end of the grace period does not ask for it
    assert 0 < estimate(tables, weights="grace_end").risk1 < 1


def test_nobody_starts_at_another_decision(trial: Tables) -> None:
    patients, intervals = trial
    kept = patients["start_h"] // 6 != 3
    tables = patients[kept], intervals[intervals["id"].isin(patients["id"][kept])]
    result = estimate(tables)
    assert result.positivity[3].share_below == 1
    assert 0 < result.risk1 < 1


@pytest.mark.parametrize("weights", ["pooled", "none", "grace_end"])
def test_everybody_starts(trial: Tables, weights: str) -> None:
    patients, intervals = trial
    at_once = without_rows_after(patients.assign(start_h=0.0), intervals)
    with pytest.raises(NotEstimable, match=r"everybody starts|nobody follows the strategy not to start"):
        estimate(at_once, weights=weights)
    with pytest.raises(NotEstimable, match="there are no untreated patients"):
        sequential_trials(*at_once)


def test_everybody_left_starts_at_one_decision(trial: Tables) -> None:
    patients, intervals = trial
    could = set(intervals.loc[intervals["k"] == 4, "id"])
    starts = patients["start_h"].where(~patients["id"].isin(could), 24.0)
    with pytest.raises(NotEstimable, match="everybody who can starts at decision 4"):
        estimate(without_rows_after(patients.assign(start_h=starts), intervals))


def test_nobody_is_left_at_the_end_of_the_grace_period(trial: Tables) -> None:
    patients, intervals = trial
    dead = patients.assign(time_h=patients["time_h"].clip(upper=40), died=True)
    dead["start_h"] = dead["start_h"].where(dead["start_h"] < dead["time_h"])
    tables = without_rows_after(dead, intervals)
    all_dead = estimate(tables)
    assert (all_dead.risk1, all_dead.risk0, all_dead.ess) == (1, 1, {True: 0, False: 0})
    with pytest.raises(NotEstimable, match="nobody who could start is left at the end of the grace period"):
        estimate(tables, weights="grace_end")
    with pytest.raises(NotEstimable, match="is followed beyond hour 40"):
        estimate((dead.assign(died=dead["time_h"] < 40), tables[1]))


def test_a_weight_above_a_thousand_is_shown_and_can_be_capped(trial: Tables) -> None:
    patients, intervals = trial
    # the sickest of all starts, at the last decision
    starts = intervals["id"].map(patients.set_index("id")["start_h"]) // 6 == intervals["k"]
    lone = intervals.index == intervals.index[starts & (intervals["k"] == 7)][0]
    sicker = intervals.assign(severity=intervals["severity"] + 11.5 * lone)
    result = estimate((patients, sicker))
    assert result.max_weight[True] > 1000
    assert result.positivity[7].share_below > 0
    capped = estimate((patients, sicker), cap=20)
    assert capped.max_weight[True] == 20


def test_a_patient_without_any_interval_row_or_with_a_gap(trial: Tables) -> None:
    patients, intervals = trial
    with pytest.raises(NotEstimable, match="1 patients have no interval row, the first is 7"):
        estimate((patients, intervals[intervals["id"] != 7]))
    with pytest.raises(NotEstimable, match="have no interval row, the first is 0"):
        estimate((patients, intervals.iloc[:0]))
    long = intervals.loc[intervals["k"] == 3, "id"].iloc[0]
    with pytest.raises(NotEstimable, match=f"1 patients have a gap in their interval rows, the first is {long}"):
        estimate((patients, intervals[(intervals["id"] != long) | (intervals["k"] != 2)]))
    starter = patients.loc[patients["start_h"] // 6 == 4, "id"].iloc[0]
    with pytest.raises(NotEstimable, match=f"no interval row for the decision to start, the first is {starter}"):
        estimate((patients, intervals[(intervals["id"] != starter) | (intervals["k"] < 4)]))


def test_a_death_in_the_first_interval_counts_in_both_clones(trial: Tables) -> None:
    patients, intervals = trial
    early = pd.DataFrame({"id": [999], "age": 70.0, "vent": True, "time_h": 2.0, "died": True})
    row = pd.DataFrame({"id": [999], "k": [0], "severity": [8.0]})
    before = estimate(trial)
    result = estimate((pd.concat([patients, early]), pd.concat([intervals, row])))
    assert result.events == {arm: count + 1 for arm, count in before.events.items()}
    assert result.positivity[0].rows == before.positivity[0].rows + 1


def change(column: str, value: object, row: int = 5) -> Callable[[Tables], Tables]:
    def changed(tables: Tables) -> Tables:
        patients, intervals = (table.copy() for table in tables)
        table = patients if column in patients.columns and column != "id" else intervals
        table[column] = table[column].astype(object)
        table.iloc[row, table.columns.get_loc(column)] = value
        return patients, intervals

    return changed


@pytest.mark.parametrize(
    ("change_one", "message"),
    [
        (change("time_h", np.nan), "1 patients have no time_h, the first is 5"),
        (change("time_h", -3.0), "1 patients have a time_h that is not above 0, the first is 5"),
        (change("time_h", 0.0), "a time_h that is not above 0, the first is 5"),
        (change("time_h", np.inf), "time_h holds an infinite value"),
        (change("time_h", "late"), "time_h is not numeric"),
        (change("start_h", -1.0), "1 patients have a negative start_h, the first is 5"),
        (change("start_h", 9999.0), "1 patients have a start_h that is not before time_h, the first is 5"),
        (change("died", np.nan), "died has missing values"),
        (change("died", 3), "died must be boolean or 0/1"),
        (change("age", np.nan), "age has missing values; impute them first"),
        (change("age", np.inf), "age holds an infinite value"),
        (change("severity", np.nan), "severity has missing values; impute them first"),
        (change("k", 0.5), "k must be 0, 1, 2"),
        (change("k", np.nan), "k must be 0, 1, 2"),
        (change("k", -1), "k must be 0, 1, 2"),
        (lambda tables: (tables[0].iloc[:0], tables[1]), "there are no patients"),
        (lambda tables: (pd.concat([tables[0], tables[0].tail(1)]), tables[1]), "id 399 occurs more than once"),
        (lambda tables: (tables[0], pd.concat([tables[1], tables[1].head(1)])), "id 0 has k = 0 more than once"),
        (lambda tables: (tables[0].assign(id=None), tables[1]), "id has missing values"),
        (lambda tables: (tables[0], tables[1].astype({"id": str})), "400 patients have no interval row"),
        (lambda tables: (tables[0].drop(columns="died"), tables[1]), "column died is not in the data"),
        (lambda tables: (tables[0], tables[1].drop(columns="k")), "column k is not in the data"),
        (lambda tables: (tables[0], tables[1].drop(columns="severity")), "column severity is not in the data"),
        (lambda tables: (tables[0].assign(severity=1), tables[1]), "severity is in both patients and intervals"),
    ],
)
def test_a_fault_of_the_tables_is_named(trial: Tables, change_one: Callable[[Tables], Tables], message: str) -> None:
    with pytest.raises(NotEstimable, match=message):
        estimate(change_one(trial))


@pytest.mark.parametrize("name", ["time_h", "died", "start_h", "id", "k"])
def test_the_future_is_no_covariate(trial: Tables, name: str) -> None:
    with pytest.raises(NotEstimable, match=f"{name} cannot be a covariate"):
        clone_censor_weight(*trial, covariates=["age", name])


def test_separation_in_the_treatment_model(trial: Tables) -> None:
    patients, intervals = trial
    starts = intervals["id"].map(patients.set_index("id")["start_h"]) // 6 == intervals["k"]
    with pytest.raises(NotEstimable, match="separate those who start from the others completely"):
        clone_censor_weight(patients, intervals.assign(sign=starts), covariates=["sign"])
    # a sign that nobody has who starts: those with it cannot be represented in clone 1, the others are as without it
    partly = intervals.assign(sign=~starts & (intervals["severity"] > 9))
    result = clone_censor_weight(patients, partly, covariates=["sign"])
    assert 0 < result.risk1 < 1
    assert all(found.share_below > 0.1 for found in result.positivity)


def test_constant_and_repeated_covariates_add_nothing(trial: Tables) -> None:
    patients, intervals = trial
    more = patients.assign(one=1, months=patients["age"] * 12)
    padded = clone_censor_weight(more, intervals, covariates=[*COVARIATES, "one", "months", "age"])
    assert padded.risk1 == pytest.approx(estimate(trial).risk1, rel=1e-9)


def test_without_covariates_the_decision_points_remain(trial: Tables) -> None:
    patients, intervals = trial
    alone = clone_censor_weight(patients, intervals)
    points = intervals.merge(patients, on="id")
    starts = (points["start_h"] // 6 == points["k"]).groupby(points["k"]).agg(["sum", "count"])
    assert alone.max_weight[True] == pytest.approx(starts["count"][7] / starts["sum"][7])
    one = clone_censor_weight(patients, intervals, 6, 6)
    assert one.max_weight[True] == pytest.approx(starts["count"][0] / starts["sum"][0])
    assert landmark(patients, adjustment="weighted").result().risk1 == pytest.approx(landmark(patients).result().risk1)


def test_events_as_r_codes_them_and_nullable_types(trial: Tables) -> None:
    patients, intervals = trial
    coded = patients.assign(died=patients["died"] + 1, start_h=patients["start_h"].astype("Float64"))
    assert estimate((coded, intervals.astype({"k": "Int64"}))).risk1 == estimate(trial).risk1


def test_options_are_checked(trial: Tables) -> None:
    for options, message in (
        ({"weights": "other"}, "weights must be one of pooled, none, grace_end, not 'other'"),
        ({"cap": 0}, "cap must be above 0"),
        ({"interval_h": 0}, "does not hold"),
        ({"grace_h": np.nan}, "does not hold"),
    ):
        with pytest.raises(ValueError, match=message):
            clones(*trial, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(40))
def test_tiny_tables_give_a_sane_answer_or_a_reason(make_trial: Callable[..., Tables], seed: int) -> None:
    tables = make_trial(int(np.random.default_rng(seed).integers(1, 40)), seed=seed, leaves=0.2)
    for weights in ("pooled", "none", "grace_end"):
        try:
            result = estimate(tables, weights=weights)
        except NotEstimable:
            continue
        assert 0 <= result.risk0 <= 1
        assert 0 <= result.risk1 <= 1
        assert not result.hazard_ratio <= 0
