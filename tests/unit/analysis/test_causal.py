"""Weights, signed differences, 1:k matching, doubly robust risks: by hand, another way, and on hostile data."""

from collections.abc import Callable
from dataclasses import astuple

import numpy as np
import pandas as pd
import pytest

from analysis_py.statistics.balance import standardized_mean_difference
from analysis_py.statistics.diagnostics import minimum_detectable_ratio, preference_equipoise, preference_score
from analysis_py.statistics.doubly_robust import aipw, standardize
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.outcome import logistic
from analysis_py.statistics.propensity import match_nearest
from analysis_py.statistics.survival import cox, kaplan_meier, restricted_mean
from analysis_py.statistics.weighting import (
    balancing_weights,
    effective_sample_size,
    entropy_weights,
    matched_weights,
)

RISKS = (aipw, standardize)
Risks = Callable[..., object]


@pytest.fixture
def rows() -> pd.DataFrame:
    random = np.random.default_rng(4)
    count = 400
    age, ill = random.normal(60, 10, count), random.random(count) < 0.4
    ward = random.choice(["a", "b", "c"], count)
    treated = random.random(count) < 1 / (1 + np.exp(0.4 - 0.03 * (age - 60) - 0.6 * ill))
    died = random.random(count) < 1 / (1 + np.exp(1 - 0.04 * (age - 60) - 0.8 * ill + 0.5 * treated))
    return pd.DataFrame({"treated": treated, "died": died, "age": age, "ill": ill, "ward": ward})


@pytest.fixture
def score(rows: pd.DataFrame) -> pd.Series:
    return pd.Series(np.random.default_rng(5).uniform(0.1, 0.9, len(rows)), index=rows.index)


# --- weights by the propensity score -----------------------------------------------------------------------------


def test_weights_by_hand() -> None:
    propensity, treatment = pd.Series([0.2, 0.8, 0.2, 0.8]), pd.Series([1, 1, 0, 0])
    expected = {
        "ATE": [5, 1.25, 1.25, 5],
        "ATT": [1, 1, 0.25, 4],
        "ATO": [0.8, 0.2, 0.2, 0.8],
        "ATM": [1, 0.25, 0.25, 1],
    }
    for estimand, weights in expected.items():
        assert balancing_weights(propensity, treatment, estimand).tolist() == pytest.approx(weights)
    stabilized = balancing_weights(propensity, pd.Series([1, 0, 0, 0]), "ATE", stabilized=True)
    assert stabilized.tolist() == pytest.approx([5 / 4, 5 * 3 / 4, 1.25 * 3 / 4, 5 * 3 / 4])


def test_a_probability_of_0_or_1_has_the_weight_of_its_limit() -> None:
    propensity, treatment = pd.Series([1.0, 0.5, 0.5, 0.0]), pd.Series([1, 1, 0, 0])
    assert balancing_weights(propensity, treatment, "ATE").tolist() == [1, 2, 2, 1]
    assert balancing_weights(propensity, treatment, "ATT").tolist() == [1, 1, 1, 0]
    assert balancing_weights(propensity, treatment, "ATO").tolist() == [0, 0.5, 0.5, 0]
    assert balancing_weights(propensity, treatment, "ATM").tolist() == [0, 1, 1, 0]


def test_who_could_not_be_where_he_is_has_no_weight() -> None:
    propensity, treatment = pd.Series([0.0, 0.5, 0.5, 1.0], index=list("abcd")), pd.Series([1, 1, 0, 0], list("abcd"))
    with pytest.raises(NotEstimable, match="row a is in an arm that it had no chance of being in"):
        balancing_weights(propensity, treatment, "ATE")
    with pytest.raises(NotEstimable, match="row d is in an arm"):
        balancing_weights(propensity, treatment, "ATT")
    with pytest.raises(NotEstimable, match="row a is in an arm"):
        balancing_weights(pd.Series([1e-320, 0.5, 0.5, 0.5], index=list("abcd")), treatment, "ATE")
    assert balancing_weights(propensity, treatment, "ATO").tolist() == [1, 0.5, 0.5, 1]
    assert balancing_weights(propensity, treatment, "ATM").tolist() == [1, 1, 1, 1]
    tiny = balancing_weights(pd.Series([2e-16, 0.5, 0.5, 0.5], index=list("abcd")), treatment, "ATE")
    assert tiny["a"] == pytest.approx(5e15)


@pytest.mark.parametrize("measure", [balancing_weights, preference_equipoise, preference_score])
def test_what_is_no_propensity_is_named(measure: Callable, score: pd.Series, rows: pd.DataFrame) -> None:
    treated = rows["treated"]
    for bad, message in (
        (score.where(score.index != 3), "propensity has missing values"),
        (score + 0.5, "propensity is not between 0 and 1"),
        (score.replace(score[3], np.inf), "propensity holds an infinite value"),
        (score.astype(str), "propensity is not numeric"),
        (score.iloc[1:], "propensity and treatment are not about the same rows"),
        (score.rename(index={0: -1}), "propensity and treatment are not about the same rows"),
        (score.rename(index={0: 1}), "index label 1 occurs more than once"),
    ):
        with pytest.raises(NotEstimable, match=message):
            measure(bad, treated)
    for bad, message in (
        (treated & False, "treated has no treated rows"),
        (treated | True, "treated has no untreated rows"),
        (treated.astype(object).where(score.index != 3), "treated has missing values"),
        (treated.rename(None).astype(float).where(score.index != 3), "treatment has missing values"),
    ):
        with pytest.raises(NotEstimable, match=message):
            measure(score, bad)


def test_rows_are_found_by_their_label(score: pd.Series, rows: pd.DataFrame) -> None:
    shuffled = rows["treated"].sample(frac=1, random_state=1)
    plain = balancing_weights(score, rows["treated"])
    pd.testing.assert_series_equal(balancing_weights(score, shuffled), plain)
    assert effective_sample_size(plain, shuffled) == effective_sample_size(plain, rows["treated"])
    repeated = pd.Index(np.arange(len(rows)) // 2)  # the same rows in the same order need no names of their own
    again = balancing_weights(score.set_axis(repeated), rows["treated"].set_axis(repeated))
    assert again.tolist() == plain.tolist()


def test_bad_arguments_are_refused(score: pd.Series, rows: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="estimand must be"):
        balancing_weights(score, rows["treated"], "ATC")
    with pytest.raises(ValueError, match="estimand must be"):
        entropy_weights(rows, "treated", ["age"], "ATO")
    for function in RISKS:
        with pytest.raises(ValueError, match="estimand must be"):
            function(rows, "died", "treated", ["age"], "ATO")
        with pytest.raises(ValueError, match="outcome_model must be"):
            function(rows, "died", "treated", ["age"], "ATE", "both")
    with pytest.raises(ValueError, match="denominator must be"):
        standardized_mean_difference(rows, "age", "treated", denominator="weighted")
    with pytest.raises(ValueError, match="no spread beside"):
        standardized_mean_difference(rows, "age", "treated", spread=rows, denominator="adjusted")


# --- effective sample size ---------------------------------------------------------------------------------------


def test_effective_size_by_hand() -> None:
    weights, treatment = pd.Series([1.0, 3.0, 2.0, 2.0, 0.0]), pd.Series([1, 1, 0, 0, 0])
    assert effective_sample_size(weights, treatment) == {True: pytest.approx(1.6), False: pytest.approx(2)}
    for unit in (1e-200, 1e200):
        assert effective_sample_size(weights * unit, treatment)[True] == pytest.approx(1.6)


def test_an_arm_without_weight_has_no_effective_size() -> None:
    treatment = pd.Series([1, 1, 0, 0])
    with pytest.raises(NotEstimable, match="all weights of the untreated are 0"):
        effective_sample_size(pd.Series([1.0, 1.0, 0.0, 0.0]), treatment)
    with pytest.raises(NotEstimable, match="weights has missing values"):
        effective_sample_size(pd.Series([1.0, 1.0, np.nan, 0.0]), treatment)
    with pytest.raises(NotEstimable, match="weights is negative in some rows"):
        effective_sample_size(pd.Series([1.0, 1.0, -1.0, 0.0]), treatment)
    with pytest.raises(NotEstimable, match="weights and treatment are not about the same rows"):
        effective_sample_size(pd.Series([1.0, 1.0, 1.0]), treatment)


# --- entropy balancing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimand", ["ATT", "ATE"])
def test_entropy_weights_balance_and_are_the_nearest_to_equal_ones(rows: pd.DataFrame, estimand: str) -> None:
    weights = entropy_weights(rows, "treated", ["age", "ill", "ward"], estimand)
    numbers = pd.get_dummies(rows[["age", "ill", "ward"]], columns=["ward"]).astype(float)
    target = rows["treated"] if estimand == "ATT" else rows["treated"] | True
    for arm in (False, True):
        own = (rows["treated"] == arm).to_numpy()
        means = np.average(numbers[own], axis=0, weights=weights[own])
        assert means == pytest.approx(numbers[target].mean().to_numpy(), abs=1e-9)
        assert weights[own].sum() == pytest.approx(target.sum())
        # what makes them the nearest: their logarithm is linear in the covariates
        design = np.column_stack([np.ones(own.sum()), numbers[own].drop(columns="ward_a")])
        logs = np.log(weights[own])
        fitted = design @ np.linalg.lstsq(design, logs, rcond=None)[0]
        assert fitted == pytest.approx(logs.to_numpy(), abs=1e-8)
    if estimand == "ATT":
        assert (weights[rows["treated"]] == 1).all()


def test_entropy_weights_do_not_mind_constant_and_repeated_columns(rows: pd.DataFrame) -> None:
    plain = entropy_weights(rows, "treated", ["age", "ill"])
    padded = rows.assign(one=1, months=rows["age"] * 12, sum=rows["age"] + rows["ill"])
    again = entropy_weights(padded, "treated", ["age", "ill", "one", "months", "sum", "age"])
    pd.testing.assert_series_equal(again, plain, rtol=1e-9)
    assert (entropy_weights(rows, "treated", [])[~rows["treated"]].sum()) == pytest.approx(rows["treated"].sum())


def test_where_only_some_controls_can_have_a_weight_the_others_have_none(rows: pd.DataFrame) -> None:
    never = rows.assign(rare=~rows["treated"] & (rows["age"] > 70))
    weights = entropy_weights(never, "treated", ["rare", "ill"])
    assert (weights[never["rare"]] == 0).all()
    kept = ~never["rare"]
    pd.testing.assert_series_equal(weights[kept], entropy_weights(never[kept], "treated", ["ill"]), rtol=1e-9)


def test_means_that_no_weights_reach_are_named(rows: pd.DataFrame) -> None:
    treated = rows["treated"]
    with pytest.raises(NotEstimable, match="age: an arm has no values on one side of the wanted mean"):
        entropy_weights(rows.assign(age=rows["age"] + 200 * treated), "treated", ["age", "ill"])
    with pytest.raises(NotEstimable, match="flag: an arm has no values"):
        entropy_weights(rows.assign(flag=treated), "treated", ["flag"])
    # each mean alone lies inside, both together do not
    corner = pd.DataFrame({"treated": [1, 1, 0, 0, 0, 0], "x": [0.9, 0.9, 0, 1, 0, 0.5], "y": [0.9, 0.9, 1, 0, 0, 0.5]})
    with pytest.raises(NotEstimable, match="no weights of an arm give it the wanted mean together"):
        entropy_weights(corner, "treated", ["x", "y"])
    with pytest.raises(NotEstimable, match="age has missing values"):
        entropy_weights(rows.assign(age=rows["age"].where(rows.index != 3)), "treated", ["age"])
    with pytest.raises(NotEstimable, match="column height is not in the data"):
        entropy_weights(rows, "treated", ["height"])
    with pytest.raises(NotEstimable, match="no untreated rows"):
        entropy_weights(rows[treated], "treated", ["age"])


# --- signed differences ------------------------------------------------------------------------------------------


def test_differences_with_weights_by_hand() -> None:
    data = pd.DataFrame({"t": [1, 1, 0, 0, 0], "x": [1.0, 3.0, 4.0, 6.0, 8.0], "w": [1.0, 3.0, 2.0, 2.0, 0.0]})
    means = 2.5 - 5.0
    pooled = np.sqrt((2 + 4) / 2)
    assert standardized_mean_difference(data, "x", "t", weights="w") == pytest.approx(means / pooled)
    assert standardized_mean_difference(data, "x", "t", weights=data["w"], denominator="treated") == pytest.approx(
        means / np.sqrt(2)
    )
    mean = (1 + 9 + 8 + 12) / 8
    around = 1 * (1 - mean) ** 2 + 3 * (3 - mean) ** 2 + 2 * (4 - mean) ** 2 + 2 * (6 - mean) ** 2
    spread = np.sqrt(around * 8 / (64 - 18))
    assert standardized_mean_difference(data, "x", "t", weights="w", denominator="adjusted") == pytest.approx(
        means / spread
    )
    assert standardized_mean_difference(data, "x", "t", denominator="pooled") == pytest.approx(-4 / pooled)
    assert standardized_mean_difference(data, "x", "t") == pytest.approx(4 / pooled)  # Table 1's has no sign


def test_a_binary_difference_is_of_shares() -> None:
    data = pd.DataFrame({"t": [1, 1, 0, 0, 0, 0], "x": list("nynyyn"), "w": [3.0, 1.0, 1.0, 1.0, 1.0, 1.0]})
    by = {"weights": "w", "kind": "binary"}
    assert standardized_mean_difference(data, "x", "t", **by) == pytest.approx(-0.25 / 0.5)
    assert standardized_mean_difference(data, "x", "t", denominator="adjusted", **by) == pytest.approx(
        -0.25 / np.sqrt(3 / 8 * 5 / 8)
    )
    three = data.assign(x=list("abcabc"))
    distance = standardized_mean_difference(three, "x", "t", "categorical", weights=pd.Series(1.0, three.index))
    assert distance == pytest.approx(standardized_mean_difference(three, "x", "t", "categorical"))


def test_what_has_no_weighted_difference_is_named(rows: pd.DataFrame) -> None:
    treated = rows["treated"]
    for weights, message in (
        (treated.astype(float), "all weights of the untreated are 0"),
        (-rows["age"], r"\(weights\) is negative"),
        (rows["age"].iloc[1:], "weights and data are not about the same rows"),
        (rows["age"] * 0, r"\(weights\) is 0 in all rows"),
    ):
        with pytest.raises(NotEstimable, match=message):
            standardized_mean_difference(rows, "age", "treated", weights=weights)
    flat = rows.assign(age=rows["age"].where(~treated, 1.0))
    with pytest.raises(NotEstimable, match="age does not vary within the groups"):
        standardized_mean_difference(flat, "age", "treated", denominator="treated")
    alone = pd.Series(np.where(rows.index.isin([treated.idxmax(), treated.idxmin()]), 1.0, 0.0), index=rows.index)
    assert np.isfinite(standardized_mean_difference(rows, "age", "treated", weights=alone, denominator="adjusted"))
    assert standardized_mean_difference(rows.assign(one=1), "one", "treated", weights=rows["age"]) == 0
    twice = pd.concat([rows, rows])
    assert standardized_mean_difference(twice, "ill", "treated", "binary", weights=twice["age"]) == pytest.approx(
        standardized_mean_difference(rows, "ill", "treated", "binary", weights=rows["age"])
    )


# --- matching 1:k, exactly ---------------------------------------------------------------------------------------


def test_second_controls_come_after_all_first_ones() -> None:
    score = pd.Series({"t1": 0.60, "t2": 0.50, "c1": 0.59, "c2": 0.58, "c3": 0.53, "c4": 0.10, "c5": 0.50})
    treatment = pd.Series({label: int(label.startswith("t")) for label in score.index})
    pairs = match_nearest(score, treatment, 0.05, "raw", ratio=3)
    # t2 takes c5 before t1 takes c2; c4 is too far for anybody, and nothing is left for a third round
    assert pairs.to_dict("list") == {"treated": ["t1", "t1", "t2", "t2"], "control": ["c1", "c2", "c5", "c3"]}
    assert match_nearest(score, treatment, 0.05, "raw", ratio=1).equals(match_nearest(score, treatment, 0.05, "raw"))


def test_matching_k_controls_within_strata_equals_the_obvious_search() -> None:
    random = np.random.default_rng(12)
    for _ in range(10):
        score = pd.Series(random.beta(2, 4, 150))
        treated, sex = pd.Series(random.random(150) < 0.2), pd.Series(random.choice(["f", "m"], 150))
        free, expected = set(score.index[~treated]), []
        turn = score[treated].sort_values(ascending=False).index
        for round_number in range(3):
            for row in turn:
                gaps = [(abs(score[row] - score[one]), one) for one in free if sex[one] == sex[row]]
                if gaps and min(gaps)[0] <= 0.1:
                    free.remove(min(gaps)[1])
                    expected.append((row, round_number, min(gaps)[1]))
        pairs = match_nearest(score, treated, 0.1, "raw", ratio=3, exact=sex)
        assert list(zip(pairs["treated"], pairs["control"], strict=True)) == [
            (row, control) for row, _, control in sorted(expected)
        ]


def test_a_stratum_of_one_arm_has_no_pair(rows: pd.DataFrame, score: pd.Series) -> None:
    assert match_nearest(score, rows["treated"], exact=rows["treated"]).empty
    with pytest.raises(NotEstimable, match="ward has missing values"):
        match_nearest(score, rows["treated"], exact=rows["ward"].where(rows.index != 5))
    with pytest.raises(NotEstimable, match="propensity and exact are not about the same rows"):
        match_nearest(score, rows["treated"], exact=rows["ward"].iloc[1:])
    shuffled = rows["ward"].sample(frac=1, random_state=3)
    pairs = match_nearest(score, rows["treated"], exact=shuffled)
    assert pairs.equals(match_nearest(score, rows["treated"], exact=rows["ward"]))
    assert (rows["ward"][pairs["treated"]].to_numpy() == rows["ward"][pairs["control"]].to_numpy()).all()


@pytest.mark.parametrize("ratio", [0, -1, 1.5, np.nan, "2"])
def test_a_ratio_that_is_none_is_refused(rows: pd.DataFrame, score: pd.Series, ratio: object) -> None:
    with pytest.raises(ValueError, match="ratio must be a whole number"):
        match_nearest(score, rows["treated"], ratio=ratio)


def test_controls_of_one_share_his_weight() -> None:
    pairs = pd.DataFrame({"treated": [0, 0, 1], "control": [2, 3, 4]})
    weights = matched_weights(pairs, pd.Series([1, 1, 0, 0, 0, 0]))
    assert weights.tolist() == pytest.approx([1, 1, 0.75, 0.75, 1.5, 0])
    with pytest.raises(NotEstimable, match="nobody is matched"):
        matched_weights(pairs.iloc[:0], pd.Series([1, 0]))
    with pytest.raises(NotEstimable, match="pairs and treatment are not about the same rows"):
        matched_weights(pairs, pd.Series([1, 0]))


# --- risks by models of outcome and treatment --------------------------------------------------------------------


@pytest.mark.parametrize("estimand", ["ATE", "ATT"])
def test_saturated_models_give_the_mean_of_what_the_strata_show(rows: pd.DataFrame, estimand: str) -> None:
    shares = rows["ill"].value_counts(normalize=True)
    if estimand == "ATT":
        shares = rows.loc[rows["treated"], "ill"].value_counts(normalize=True)
    risks = rows.groupby(["treated", "ill"])["died"].mean()
    expected = {arm: sum(shares[ill] * risks[arm, ill] for ill in (False, True)) for arm in (False, True)}
    found = [function(rows, "died", "treated", ["ill"], estimand) for function in RISKS]
    for one in found:
        assert one.risk1 == pytest.approx(expected[True], rel=1e-9)
        assert one.risk0 == pytest.approx(expected[False], rel=1e-9)
        assert one.difference == pytest.approx(one.risk1 - one.risk0)
        assert one.ratio == pytest.approx(one.risk1 / one.risk0)
        assert (one.lower + one.upper) / 2 == pytest.approx(one.difference)
        assert (one.upper - one.lower) / 2 == pytest.approx(1.959964 * one.se, rel=1e-6)
    # both have the influence function of the strata then; aipw() divides by n - 1
    for name in ("se", "log_ratio_se"):
        ratio = getattr(found[1], name) / getattr(found[0], name)
        assert ratio == pytest.approx(np.sqrt((len(rows) - 1) / len(rows)), rel=1e-9)


@pytest.mark.parametrize("model", ["per_arm", "joint"])
@pytest.mark.parametrize("estimand", ["ATE", "ATT"])
def test_errors_are_those_of_leaving_out_row_by_row(rows: pd.DataFrame, estimand: str, model: str) -> None:
    few = rows.iloc[:150]
    arguments = ("died", "treated", ["age", "ill"], estimand, model)
    for name, transform in (("se", lambda one: one.difference), ("log_ratio_se", lambda one: np.log(one.ratio))):
        left = [transform(standardize(few.drop(index=row), *arguments)) for row in few.index]
        jackknife = np.sqrt((len(few) - 1) * np.var(left))
        assert getattr(standardize(few, *arguments), name) == pytest.approx(jackknife, rel=0.04)


@pytest.mark.parametrize("function", RISKS)
@pytest.mark.parametrize("model", ["per_arm", "joint"])
def test_units_order_text_and_redundant_columns_change_nothing(rows: pd.DataFrame, function: Risks, model: str) -> None:
    plain = astuple(function(rows, "died", "treated", ["age", "ill", "ward"], "ATE", model))
    other = rows.assign(
        age=rows["age"] * 1e6 + 1e6,
        one=1,
        sum=rows["age"] + rows["ill"],
        ward=rows["ward"].map({"a": "z"}.get).fillna(rows["ward"]),
    ).sample(frac=1, random_state=2)
    other.index = [0] * len(other)
    columns = ["ward", "ill", "age", "one", "sum", "treated", "age"]
    assert astuple(function(other, "died", "treated", columns, "ATE", model)) == pytest.approx(plain, rel=1e-6)
    gaps = pd.concat([rows, rows.iloc[:3].assign(age=np.nan)], ignore_index=True)
    assert astuple(function(gaps, "died", "treated", ["age", "ill", "ward"], "ATE", model)) == pytest.approx(plain)


@pytest.mark.parametrize("function", RISKS)
@pytest.mark.parametrize("arm", [True, False])
def test_a_separated_outcome_in_one_arm_is_named(rows: pd.DataFrame, function: Risks, arm: bool) -> None:
    inside = rows["treated"] == arm
    always = rows.assign(died=rows["died"] | (inside & rows["ill"]))
    name = "treated" if arm else "untreated"
    with pytest.raises(NotEstimable, match=f"ill: no finite coefficient in the model of died among the {name}"):
        function(always, "died", "treated", ["age", "ill"])
    threshold = rows.assign(died=np.where(inside, rows["age"] > 60, rows["died"]).astype(bool))
    with pytest.raises(NotEstimable, match=f"separate died completely among the {name}"):
        function(threshold, "died", "treated", ["age", "ill"])
    for died in (rows["died"] | inside, rows["died"] & ~inside):
        for model in ("per_arm", "joint"):
            with pytest.raises(NotEstimable, match=rf"died is the same in all \d+ {name} rows"):
                function(rows.assign(died=died), "died", "treated", ["age"], "ATE", model)
    # of the treated their own model is not asked
    if arm:
        assert 0 < function(always, "died", "treated", ["age", "ill"], "ATT").risk0 < 1


def test_a_separated_outcome_in_all_rows_is_named(rows: pd.DataFrame) -> None:
    always = rows.assign(died=rows["died"] | rows["ill"])
    for function in RISKS:
        with pytest.raises(NotEstimable, match="ill: no finite coefficient in the model of died in all rows"):
            function(always, "died", "treated", ["age", "ill"], "ATE", "joint")


@pytest.mark.parametrize("function", RISKS)
def test_what_cannot_be_contrasted_is_named(rows: pd.DataFrame, function: Risks) -> None:
    for bad, message in (
        (rows[rows["treated"]], "treated has no untreated rows"),
        (rows.assign(died=rows["died"] * 2), "died must be boolean or 0/1"),
        (rows.assign(died="x"), "died must be boolean or 0/1"),
        (rows.assign(age=np.inf), "age holds an infinite value"),
        (rows.assign(age=np.nan), "no row has all of"),
        (rows.drop(columns="age"), "column age is not in the data"),
        (rows.assign(treated=np.arange(len(rows)) % 3), "treated has more than two values"),
    ):
        with pytest.raises(NotEstimable, match=message):
            function(bad, "died", "treated", ["age"])
    with pytest.raises(NotEstimable, match=r"separate treated completely|treated is a combination"):
        function(rows.assign(twin=rows["treated"] * 1), "died", "treated", ["twin"], "ATE", "joint")


def test_an_arm_that_was_as_good_as_impossible_gives_no_risk(
    monkeypatch: pytest.MonkeyPatch, rows: pd.DataFrame
) -> None:
    fitted = pd.Series(0.4, index=rows.index)
    survivor = rows.index[rows["treated"] & ~rows["died"]][0]

    def with_one(value: float, row: int) -> None:
        changed = fitted.where(fitted.index != row, value)
        monkeypatch.setattr("analysis_py.statistics.doubly_robust.fit_propensity", lambda *_: changed)

    for value in (0.0, 2e-16, 1e-9):
        with_one(value, survivor)
        with pytest.raises(NotEstimable, match="smallest probability of an arm that a row is in"):
            aipw(rows, "died", "treated", ["age"])
    assert 0 < aipw(rows, "died", "treated", ["age"], "ATT").risk0 < 1  # asks only how the untreated came to be so
    with_one(1e-4, survivor)
    with pytest.raises(NotEstimable, match="the risk with treatment comes out as -"):
        aipw(rows, "died", "treated", ["age"])
    untreated = rows.index[~rows["treated"]][0]
    with_one(1 - 1e-16, untreated)
    for estimand in ("ATE", "ATT"):
        with pytest.raises(NotEstimable, match="smallest probability of an arm"):
            aipw(rows, "died", "treated", ["age"], estimand)
    with_one(2e-16, untreated)  # never treated: he tells of his own arm alone
    assert 0 < aipw(rows, "died", "treated", ["age"]).risk1 < 1


# --- gate --------------------------------------------------------------------------------------------------------


def test_equipoise_is_measured_from_the_share_treated() -> None:
    propensity, treatment = pd.Series([0.0, 0.2, 0.3, 0.6, 1.0]), pd.Series([0, 1, 0, 0, 0])
    # share 0.2: preference 0, 0.5, 0.632, 0.857, 1
    assert preference_score(propensity, treatment).tolist() == pytest.approx([0, 0.5, 12 / 19, 6 / 7, 1])
    assert preference_equipoise(propensity, treatment) == pytest.approx(0.4)


def test_least_ratio() -> None:
    assert minimum_detectable_ratio(400, 0.5) == pytest.approx(np.exp(2.8015852 / 10), rel=1e-7)
    assert minimum_detectable_ratio(400, 0.1) == minimum_detectable_ratio(400, 0.9)
    for events, share, message in ((0, 0.5, "no events"), (9, 0, "no treated"), (9, 1.0, "no untreated")):
        with pytest.raises(NotEstimable, match=message):
            minimum_detectable_ratio(events, share)
    with pytest.raises(NotEstimable, match="no ratio at all"):
        minimum_detectable_ratio(1, 1e-9)
    for events, share in ((-1, 0.5), (np.nan, 0.5), (np.inf, 0.5), (9, 1.1), (9, np.nan)):
        with pytest.raises(ValueError, match="must be"):
            minimum_detectable_ratio(events, share)


# --- weights of a nearly impossible arm in models and curves -----------------------------------------------------


def test_a_row_with_all_the_weight_gives_no_silent_number(rows: pd.DataFrame) -> None:
    heavy = pd.Series(1.0, index=rows.index)
    heavy[rows.index[rows["treated"] & ~rows["died"]][0]] = 5e15
    timed = rows.assign(days=np.where(rows["died"], rows["age"] / 4, 28.0))
    with pytest.raises(NotEstimable):
        logistic(rows, "died", [], "treated", weights=heavy)
    try:
        found = cox(timed, "days", "died", [], "treated", weights=heavy)
    except NotEstimable:
        pass
    else:
        assert np.isfinite([found.value, found.lower, found.upper, found.p_value]).all()
    curves = kaplan_meier(timed, "days", "died", "treated", heavy)
    assert curves["survival"].between(0, 1).all()


def test_a_horizon_beyond_the_follow_up_is_refused(rows: pd.DataFrame) -> None:
    timed = rows.assign(days=np.where(rows["died"], rows["age"] / 4, 28.0))
    assert np.isfinite(restricted_mean(timed, "days", "died", "treated", 28).value)
    with pytest.raises(NotEstimable, match="last follow-up 28 is before 29"):
        restricted_mean(timed, "days", "died", "treated", 29)
