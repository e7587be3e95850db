"""Competing risks by independent computations, and what they do at the edges."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis_py.statistics.competing import (
    cumulative_incidence,
    fine_gray,
    gray_test,
    incidence_at,
    incidence_difference,
)
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.estimate import Z_975
from analysis_py.statistics.survival import cox, kaplan_meier, log_rank

COLUMNS = ("time", "cause", "treated")


def _rows(count: int = 200, seed: int = 5, groups: int = 2, whole: bool = True) -> pd.DataFrame:
    """Two causes and censoring, many ties if times are whole."""
    random = np.random.default_rng(seed)
    treated = random.integers(0, groups, count)
    age = random.normal(60, 10, count)
    rates = np.array([0.04 * np.exp(0.4 * treated + 0.02 * (age - 60)), np.full(count, 0.05), np.full(count, 0.04)])
    times = random.exponential(1 / rates)
    time = times.min(axis=0)
    cause = np.array([1, 2, 0])[times.argmin(axis=0)]
    return pd.DataFrame(
        {"time": np.ceil(time) if whole else time, "cause": cause, "treated": treated, "age": age, "w": 1.0}
    )


def _error(estimate: object) -> float:
    return float(np.log(estimate.upper / estimate.lower) / 2 / Z_975)  # type: ignore[attr-defined]


# --- cumulative incidence ----------------------------------------------------------------------------------------


def test_incidence_is_the_sum_over_times_of_survival_times_hazard() -> None:
    rows = _rows()
    curves = cumulative_incidence(rows, *COLUMNS)
    assert list(curves.columns) == ["group", "cause", "time", "incidence"]
    for group in (0, 1):
        members = rows[rows["treated"] == group]
        survival, incidence = 1.0, {1: 0.0, 2: 0.0}
        for time in sorted(members["time"].unique()):
            at_risk = (members["time"] >= time).sum()
            now = members.loc[members["time"] == time, "cause"]
            for cause in (1, 2):
                incidence[cause] += survival * (now == cause).sum() / at_risk
                found = curves[(curves["group"] == group) & (curves["cause"] == cause) & (curves["time"] == time)]
                assert found["incidence"].tolist() == [pytest.approx(incidence[cause], rel=1e-12)]
            survival *= 1 - (now > 0).sum() / at_risk


def test_causes_and_survival_make_one() -> None:
    rows = _rows()
    total = cumulative_incidence(rows, *COLUMNS).groupby(["group", "time"])["incidence"].sum()
    alive = kaplan_meier(rows.assign(any=rows["cause"] > 0), "time", "any", "treated")
    assert (total + alive.set_index(["group", "time"])["survival"]).to_numpy() == pytest.approx(1)


def test_a_weight_of_two_is_a_row_twice() -> None:
    rows = _rows()
    weights = pd.Series(np.random.default_rng(1).integers(0, 3, len(rows)), index=rows.index)
    weighted = cumulative_incidence(rows, *COLUMNS, weights=weights)
    repeated = cumulative_incidence(rows.loc[rows.index.repeat(weights)], *COLUMNS)
    pd.testing.assert_frame_equal(weighted, repeated)


def test_the_jackknife_is_the_sum_of_what_each_row_moves() -> None:
    rows = _rows(60).assign(w=np.random.default_rng(2).uniform(0.5, 2, 60))
    point = incidence_at(rows, *COLUMNS, [10], "w").set_index(["group", "cause"])
    step, squares = 1e-6, 0.0
    for label in rows.index:
        moved = [rows.assign(w=rows["w"].where(rows.index != label, rows["w"] + by)) for by in (step, -step)]
        up, down = (incidence_at(one, *COLUMNS, [10], "w").set_index(["group", "cause"])["incidence"] for one in moved)
        squares = squares + (rows["w"][label] * (up - down) / 2 / step) ** 2
    assert np.sqrt(squares).to_numpy() == pytest.approx(point["se"].to_numpy(), rel=1e-5)


def test_intervals_hold_their_estimate_and_stay_between_0_and_1() -> None:
    points = incidence_at(_rows(), *COLUMNS, [1, 5, 20]).query("incidence > 0")
    assert (points["lower"] > 0).all() and (points["lower"] < points["incidence"]).all()
    assert (points["incidence"] < points["upper"]).all() and (points["upper"] < 1).all()


def test_nobody_has_the_event_at_time_0() -> None:
    point = incidence_at(_rows(), *COLUMNS, [0])
    assert (point["incidence"] == 0).all() and point["lower"].isna().all()


def test_a_difference_is_the_second_group_less_the_first() -> None:
    rows = _rows()
    at_20 = incidence_at(rows, *COLUMNS, [20]).query("cause == 1")
    ours = incidence_difference(rows, *COLUMNS, 1, 20)
    assert ours.value == pytest.approx(at_20["incidence"].iloc[1] - at_20["incidence"].iloc[0])
    assert (ours.upper - ours.lower) / 2 / Z_975 == pytest.approx(np.sqrt((at_20["se"] ** 2).sum()))
    assert ours.events == ((rows["cause"] == 1) & (rows["time"] <= 20)).sum()
    assert ours.measure == "RD" and ours.n == len(rows)


def test_causes_may_be_text_or_categories() -> None:
    rows = _rows()
    names = {0: "censored", 1: "death", 2: "discharge"}
    as_text = rows.assign(cause=rows["cause"].map(names))
    as_category = as_text.astype({"cause": "category"})
    numbers = cumulative_incidence(rows, *COLUMNS)
    for data in (as_text, as_category):
        curves = cumulative_incidence(data, *COLUMNS)
        assert curves["cause"].tolist() == numbers["cause"].map(names).tolist()
        assert curves["incidence"].tolist() == numbers["incidence"].tolist()
        assert gray_test(data, *COLUMNS, "death") == gray_test(rows, *COLUMNS, 1)
        assert fine_gray(data, "time", "cause", [], "treated", "death") == fine_gray(
            rows, "time", "cause", [], "treated", 1
        )
    assert gray_test(rows.astype({"cause": str}), *COLUMNS, "1") == gray_test(rows, *COLUMNS, 1)


# --- Gray's test -------------------------------------------------------------------------------------------------


def _gray_by_loops(rows: pd.DataFrame, of: int) -> tuple[float, int]:
    """Gray 1988 group by group and time by time."""
    groups = sorted(rows["treated"].unique())
    count = len(groups)
    survival, incidence, common = np.ones(count), np.zeros(count), 0.0
    score, grown, history = np.zeros(count), np.zeros((count, count)), []
    for time in sorted(rows.loc[rows["cause"] > 0, "time"].unique()):
        present = [rows[(rows["treated"] == group) & (rows["time"] >= time)] for group in groups]
        n = np.array([len(one) for one in present])
        now = [one.loc[one["time"] == time, "cause"] for one in present]
        own = np.array([(one == of).sum() for one in now])
        others = np.array([((one > 0) & (one != of)).sum() for one in now])
        h = n / survival
        share = h * (1 - incidence)
        score += own - share * own.sum() / share.sum()
        a = np.diag(h) - np.outer(h, h) / h.sum()
        grown = grown + a * own.sum() / (h.sum() * (1 - common))
        common += own.sum() / h.sum()
        after = survival * (1 - (own + others) / np.maximum(n, 1))
        for k in range(count):
            if n[k] == 0:
                continue
            ratio = (1 - common) / after[k] if after[k] > 0 else 0.0
            tied = 1 - (own.sum() - 1) / (h.sum() * survival[k] - 1) if own.sum() > 1 else 1.0
            size = tied * survival[k] * own.sum() / (h.sum() * n[k])
            history.append((size, a[:, k], 1 - ratio, grown[:, k].copy(), k))
            tied = 1 - (others[k] - 1) / (n[k] - 1) if others[k] > 1 else 1.0
            size = tied * survival[k] ** 2 * others[k] / n[k] ** 2
            history.append((size, np.zeros(count), ratio, grown[:, k].copy(), k))
        incidence = incidence + survival * own / np.maximum(n, 1)
        survival = after
    covariance = np.zeros((count, count))
    for size, jump, factor, so_far, k in history:
        part = jump + factor * (grown[:, k] - so_far)
        covariance += size * np.outer(part, part)
    return float(score[1:] @ np.linalg.inv(covariance[1:, 1:]) @ score[1:]), count - 1


@pytest.mark.parametrize("groups", [2, 3, 4])
def test_gray_by_loops(groups: int) -> None:
    rows = _rows(300, groups=groups)
    rows = pd.concat([rows, pd.DataFrame({"time": 500.0, "cause": 0, "treated": range(groups)})])
    statistic, freedom = _gray_by_loops(rows, 1)
    ours = gray_test(rows, *COLUMNS, 1)
    assert ours.statistic == pytest.approx(statistic, rel=1e-9)
    assert ours.p_value == pytest.approx(stats.chi2.sf(statistic, freedom))


def test_what_happens_in_a_group_after_the_others_have_ended_compares_nothing() -> None:
    first = pd.DataFrame({"time": np.tile([1, 2, 3, 4], 5), "cause": 1, "treated": 0})
    second = pd.DataFrame({"time": np.arange(20) % 10 + 1, "cause": 1, "treated": 1})
    rows = pd.concat([first, second], ignore_index=True)
    cut = rows.assign(cause=rows["cause"].where(rows["time"] <= 4, 0))
    assert gray_test(rows, *COLUMNS, 1) == gray_test(cut, *COLUMNS, 1)


def test_without_a_competing_cause_gray_is_nearly_the_log_rank_test() -> None:
    rows = _rows(2000, whole=False).replace({"cause": {2: 0}})
    theirs = log_rank(rows, *COLUMNS)
    assert gray_test(rows, *COLUMNS, 1).statistic == pytest.approx(theirs.statistic, rel=0.02)


# --- Fine and Gray -----------------------------------------------------------------------------------------------


def test_without_a_competing_cause_it_is_a_cox_model() -> None:
    rows = _rows(whole=False).replace({"cause": {2: 0}}).assign(died=lambda d: d["cause"] == 1)
    theirs = cox(rows, "time", "died", ["age"], "treated", cluster=pd.Series(range(len(rows))))
    ours = fine_gray(rows, "time", "cause", ["age"], "treated", 1)
    assert ours.value == pytest.approx(theirs.value, rel=1e-7)
    assert _error(ours) == pytest.approx(_error(theirs), rel=1e-7)
    assert (ours.measure, ours.n, ours.events, ours.parameters) == ("SHR", 200, theirs.events, 2)


def test_without_censoring_who_has_had_the_other_event_stays_at_risk_for_ever() -> None:
    rows = _rows(whole=False).query("cause > 0").reset_index(drop=True)
    stay = rows.assign(died=rows["cause"] == 1, time=rows["time"].where(rows["cause"] == 1, 1e6))
    theirs = cox(stay, "time", "died", ["age"], "treated", cluster=pd.Series(range(len(rows))))
    ours = fine_gray(rows, "time", "cause", ["age"], "treated", 1)
    assert ours.value == pytest.approx(theirs.value, rel=1e-7)
    assert _error(ours) == pytest.approx(_error(theirs), rel=1e-7)


def test_times_in_another_unit_and_rows_in_another_order_change_nothing() -> None:
    rows = _rows()
    other = rows.assign(time=rows["time"] * 24).sample(frac=1, random_state=1)
    first, second = (fine_gray(one, "time", "cause", ["age"], "treated", 1) for one in (rows, other))
    assert second.value == pytest.approx(first.value, rel=1e-9) and _error(second) == pytest.approx(_error(first))
    assert gray_test(other, *COLUMNS, 2).statistic == pytest.approx(gray_test(rows, *COLUMNS, 2).statistic, rel=1e-9)


# --- what cannot be estimated ------------------------------------------------------------------------------------

CALLS: dict[str, Callable[[pd.DataFrame], object]] = {
    "curves": lambda data: cumulative_incidence(data, *COLUMNS),
    "points": lambda data: incidence_at(data, *COLUMNS, [2]),
    "difference": lambda data: incidence_difference(data, *COLUMNS, 1, 2),
    "gray": lambda data: gray_test(data, *COLUMNS, 1),
    "fine_gray": lambda data: fine_gray(data, "time", "cause", ["age"], "treated", 1),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.assign(time=d["time"].where(d.index > 0, -1)), "time is negative"),
        (lambda d: d.assign(time=d["time"].where(d.index > 0, np.inf)), "time holds an infinite"),
        (lambda d: d.assign(cause=0), "cause: no events"),
        (lambda d: d.assign(cause=d["cause"].where(d.index > 0, 1.5)), "cause must be 0"),
        (lambda d: d.assign(cause=d["cause"].where(d.index > 0, -1)), "cause must be 0"),
        (lambda d: d.assign(cause=d["cause"].map({0: "alive", 1: "dead", 2: "gone"})), "named 0 or censored"),
        (lambda d: d.assign(time=np.nan), "no row has all of"),
        (lambda d: d.drop(columns="cause"), "column cause is not in the data"),
        (lambda d: d.iloc[:0], "no row has all of"),
    ],
)
def test_unusable_columns_are_named(call: Callable, change: Callable, message: str) -> None:
    with pytest.raises(NotEstimable, match=message):
        call(change(_rows()))


@pytest.mark.parametrize("name", ["difference", "gray", "fine_gray"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.replace({"cause": {1: 2}}), "cause: no events of 1; there are 2"),
        (lambda d: d.assign(treated=1), "treated"),
    ],
)
def test_comparisons_need_the_cause_and_two_groups(name: str, change: Callable, message: str) -> None:
    with pytest.raises(NotEstimable, match=message):
        CALLS[name](change(_rows()))


def test_missing_values_leave_their_row_out() -> None:
    rows = _rows()
    gaps = pd.concat([rows, rows.iloc[:9].assign(cause=np.nan), rows.iloc[:9].assign(time=np.nan)], ignore_index=True)
    for call in CALLS.values():
        first, second = call(rows), call(gaps)
        assert first.equals(second) if isinstance(first, pd.DataFrame) else first == second


def test_a_single_group_has_a_curve() -> None:
    assert set(cumulative_incidence(_rows().assign(treated="all"), *COLUMNS)["group"]) == {"all"}


def test_follow_up_must_reach_the_time() -> None:
    rows = _rows().assign(time=lambda d: d["time"].clip(upper=10), cause=lambda d: d["cause"].where(d["time"] < 10, 0))
    incidence_at(rows, *COLUMNS, [10])
    with pytest.raises(NotEstimable, match="treated=0: the last follow-up 10 is before 11"):
        incidence_at(rows, *COLUMNS, [11])
    everybody = rows.replace({"cause": {0: 2}})
    assert incidence_at(everybody, *COLUMNS, [11]).groupby("group")["incidence"].sum().to_numpy() == pytest.approx(1)
    for time in (-1, np.nan, np.inf):
        with pytest.raises(ValueError, match="a time must be a number"):
            incidence_at(rows, *COLUMNS, [time])


def test_weights_must_be_weights() -> None:
    rows = _rows()
    for weights, message in (
        (rows["w"] - 2, "negative"),
        (rows["w"] * rows["treated"], "is 0 in all rows of treated=0"),
        (rows["w"].iloc[1:], "not about the same rows"),
    ):
        with pytest.raises(NotEstimable, match=message):
            cumulative_incidence(rows, *COLUMNS, weights=weights)


def test_a_cause_in_one_group_alone_separates() -> None:
    rows = _rows()
    rows["cause"] = rows["cause"].where((rows["treated"] == 1) | (rows["cause"] != 1), 2)
    with pytest.raises(NotEstimable, match="treated separates"):
        fine_gray(rows, "time", "cause", [], "treated", 1)
    assert gray_test(rows, *COLUMNS, 1).p_value < 1e-4
    assert (cumulative_incidence(rows, *COLUMNS).query("group == 0 and cause == 1")["incidence"] == 0).all()


def test_a_covariate_that_separates_leaves_the_others_alone() -> None:
    rows = _rows(400)
    rare = (rows.index < 6) & (rows["cause"] != 1)
    assert rare.any()
    without = fine_gray(rows, "time", "cause", ["age"], "treated", 1)
    ours = fine_gray(rows.assign(rare=rare), "time", "cause", ["age", "rare"], "treated", 1)
    assert ours.value == pytest.approx(without.value, rel=0.05) and _error(ours) == pytest.approx(
        _error(without), rel=0.05
    )
    with pytest.raises(NotEstimable, match="rare separates"):
        fine_gray(rows.assign(rare=rare), "time", "cause", ["age"], "rare", 1)
    with pytest.raises(NotEstimable, match="treated is a combination"):
        fine_gray(rows.assign(same=rows["treated"] * 2), "time", "cause", ["same"], "treated", 1)


def test_groups_that_are_never_at_risk_together() -> None:
    rows = pd.DataFrame({"time": [1, 1, 5, 6], "cause": [0, 0, 1, 2], "treated": [0, 0, 1, 1]})
    with pytest.raises(NotEstimable, match="never at risk of 1 together"):
        gray_test(rows, *COLUMNS, 1)


def test_all_at_one_time() -> None:
    rows = pd.DataFrame({"time": 3.0, "cause": [1, 2, 0, 1, 1, 0], "treated": [0, 0, 0, 1, 1, 1]})
    ours = incidence_at(rows, *COLUMNS, [3]).query("cause == 1")["incidence"]
    assert ours.tolist() == [pytest.approx(1 / 3), pytest.approx(2 / 3)]
    assert 0 < gray_test(rows, *COLUMNS, 1).p_value < 1
    assert fine_gray(rows, "time", "cause", [], "treated", 1).value == pytest.approx(2, rel=0.5)
