"""What the statistical functions do at the edges; their ordinary values are compared with R elsewhere."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from lifelines import CoxPHFitter
from lifelines.datasets import load_lung
from scipy import stats

from analysis_py.statistics.balance import (
    compare_groups,
    kolmogorov_smirnov,
    standardized_mean_difference,
    variance_ratio,
)
from analysis_py.statistics.curves import durations
from analysis_py.statistics.draws import Regressions, nearest_donors
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.estimate import Estimate
from analysis_py.statistics.imputation import impute, impute_with_trace, pool
from analysis_py.statistics.outcome import fit_logistic, logistic, logistic_clustered
from analysis_py.statistics.propensity import fit_propensity, match_nearest
from analysis_py.statistics.sensitivity import e_value
from analysis_py.statistics.survival import (
    cox,
    fit_cox,
    kaplan_meier,
    log_rank,
    proportional_hazards,
)


@pytest.fixture
def trial() -> pd.DataFrame:
    random = np.random.default_rng(3)
    rows = 300
    age, treated = random.normal(60, 10, rows), random.random(rows) < 0.4
    time = np.ceil(random.exponential(20 / np.exp(0.03 * (age - 60) - 0.4 * treated)))
    return pd.DataFrame(
        {
            "treated": treated,
            "age": age,
            "site": random.choice(["north", "south", "east"], rows),
            "time": np.minimum(time, 28),
            "died": time <= 28,
        }
    )


# --- Cox ---------------------------------------------------------------------------------------------------------


def test_cox_with_ties_and_dummies_equals_lifelines(trial: pd.DataFrame) -> None:
    ours = cox(trial, "time", "died", ["treated", "age", "site"], "treated")
    numbers = pd.get_dummies(trial, columns=["site"]).drop(columns="site_east").astype(float)
    theirs = CoxPHFitter().fit(numbers, "time", "died").summary.loc["treated"]
    assert ours.value == pytest.approx(theirs["exp(coef)"], rel=1e-5)
    assert ours.upper == pytest.approx(theirs["exp(coef) upper 95%"], rel=1e-5)
    assert (ours.measure, ours.n, ours.events, ours.parameters) == ("HR", 300, trial["died"].sum(), 4)


def test_clustered_standard_error_equals_lifelines(trial: pd.DataFrame) -> None:
    trial["pair"] = np.arange(300) // 2
    ours = cox(trial, "time", "died", ["treated", "age"], "treated", cluster="pair")
    numbers = trial.drop(columns="site").astype(float)
    theirs = CoxPHFitter().fit(numbers, "time", "died", cluster_col="pair").summary.loc["treated"]
    assert ours.upper == pytest.approx(theirs["exp(coef) upper 95%"], rel=5e-3)


def test_likelihood_is_that_of_lifelines(trial: pd.DataFrame) -> None:
    model = fit_cox(trial, "time", "died", ["treated", "age"], ["treated"])
    theirs = CoxPHFitter().fit(trial.drop(columns="site").astype(float), "time", "died")
    assert model.fit.log_likelihood == pytest.approx(theirs.log_likelihood_, rel=1e-8)


def test_cox_adds_a_term_that_the_covariates_do_not_name(trial: pd.DataFrame) -> None:
    assert cox(trial, "time", "died", ["age"], "treated") == cox(trial, "time", "died", ["age", "treated"], "treated")


def test_cox_survives_a_covariate_whose_own_coefficient_is_infinite(trial: pd.DataFrame) -> None:
    trial["rare"] = False
    trial.loc[trial.index[~trial["died"]][:4], "rare"] = True
    with_rare = cox(trial, "time", "died", ["treated", "rare"], "treated")
    assert 0.3 < with_rare.value < 1.5
    with pytest.raises(NotEstimable, match="rare separates"):
        cox(trial, "time", "died", ["treated"], "rare")


def test_cox_does_not_invent_a_ratio_for_a_group_without_events(trial: pd.DataFrame) -> None:
    trial.loc[trial["treated"], "died"] = False
    with pytest.raises(NotEstimable, match="treated separates"):
        cox(trial, "time", "died", ["age"], "treated")
    with pytest.raises(NotEstimable, match="treated separates"):
        logistic(trial, "died", ["age"], "treated")


def test_more_covariates_than_patients_is_not_estimable(trial: pd.DataFrame) -> None:
    few = trial.head(8).copy()
    random = np.random.default_rng(0)
    for number in range(12):
        few[f"x{number}"] = random.normal(size=8)
    covariates = [f"x{number}" for number in range(12)]
    for fit in (
        lambda: cox(few, "time", "died", covariates, "treated"),
        lambda: logistic(few, "died", covariates, "treated"),
    ):
        with pytest.raises(NotEstimable):
            fit()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"died": False}, "no events"),
        ({"treated": True}, "constant"),
        ({"age": np.inf}, "age holds an infinite value"),
        ({"time": -1.0}, "time is negative"),
        ({"died": 2}, "died must be boolean or 0/1"),
        ({"age": np.nan}, "no row has all of"),
    ],
)
def test_unusable_columns_are_named(trial: pd.DataFrame, change: dict[str, object], message: str) -> None:
    with pytest.raises(NotEstimable, match=message):
        cox(trial.assign(**change), "time", "died", ["treated", "age"], "treated")


def test_a_term_made_of_other_covariates_is_not_estimable(trial: pd.DataFrame) -> None:
    trial["untreated"] = ~trial["treated"]
    with pytest.raises(NotEstimable, match="combination of the other covariates"):
        cox(trial, "time", "died", ["untreated"], "treated")
    trial["months"], trial["years"] = trial["age"] * 12, trial["age"]
    once = cox(trial, "time", "died", ["age"], "treated")
    assert cox(trial, "time", "died", ["age", "months", "years"], "treated").value == pytest.approx(once.value)


def test_events_at_time_zero_count(trial: pd.DataFrame) -> None:
    trial.loc[trial.index[:5], ["time", "died"]] = [0, True]
    assert cox(trial, "time", "died", [], "treated").events == trial["died"].sum()
    curves = kaplan_meier(trial, "time", "died", "treated")
    assert curves.loc[curves["time"] == 0, "survival"].min() < 1


def test_missing_values_leave_rows_out_and_nullable_types_are_fine(trial: pd.DataFrame) -> None:
    trial["age"] = trial["age"].astype("Float64")
    trial.loc[trial.index[:10], "age"] = pd.NA
    trial["treated"] = trial["treated"].astype("boolean")
    assert cox(trial, "time", "died", ["age"], "treated").n == 290
    assert cox(trial.assign(treated=trial["treated"].astype(int)), "time", "died", ["age"], "treated").n == 290


def test_proportional_hazards_is_rejected_where_curves_cross() -> None:
    random = np.random.default_rng(1)
    early = pd.DataFrame({"treated": 1, "time": random.weibull(0.5, 400) * 10, "died": True})
    late = pd.DataFrame({"treated": 0, "time": random.weibull(3, 400) * 10, "died": True})
    crossing = pd.concat([early, late], ignore_index=True)
    assert proportional_hazards(crossing, "time", "died", [], "treated").p_value < 1e-6
    same = crossing.assign(time=random.exponential(10, 800))
    assert proportional_hazards(same, "time", "died", [], "treated").p_value > 0.01


def test_proportional_hazards_is_uniform_under_the_null() -> None:
    random = np.random.default_rng(5)
    p_values = []
    for _ in range(200):
        data = pd.DataFrame({"treated": random.random(150) < 0.5, "time": random.exponential(10, 150), "died": True})
        p_values.append(proportional_hazards(data, "time", "died", [], "treated").p_value)
    assert 0.01 < np.mean(np.array(p_values) < 0.05) < 0.10
    assert 0.4 < np.mean(p_values) < 0.6


@pytest.mark.parametrize("model", ["cox", "logistic"])
def test_what_two_columns_of_one_kind_cannot_tell_apart_is_no_number(model: str) -> None:
    random = np.random.default_rng(68)
    rows = int(random.integers(4, 30))
    data = pd.DataFrame(
        {
            "treated": random.random(rows) < 0.4,
            "x": random.normal(size=rows),
            "died": random.random(rows) < 0.4,
            "time": random.integers(1, 9, rows),
        }
    )
    data["like_x"] = data["x"] + 1e-3 * random.normal(size=rows)
    with pytest.raises(NotEstimable, match="x separates"):
        if model == "cox":
            cox(data, "time", "died", ["treated", "x", "like_x"], "x")
        else:
            logistic(data, "died", ["treated", "x", "like_x"], "x")


@pytest.mark.parametrize("seed", range(60))
def test_tiny_and_odd_data_give_a_sane_number_or_a_reason(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = int(random.integers(1, 40))
    data = pd.DataFrame(
        {
            "treated": random.random(rows) < random.choice([0.05, 0.5]),
            "time": random.integers(0, 6, rows),
            "died": random.random(rows) < random.choice([0.05, 0.5, 0.95]),
            "large": 1e9 + random.normal(size=rows),
            "rare": random.random(rows) < 0.1,
            "site": random.choice(["a", "b", "c"], rows),
            "constant": 1,
            **{f"x{number}": random.normal(size=rows) * 1e-6 for number in range(int(random.integers(0, 9)))},
        }
    )
    covariates = [name for name in data.columns if name not in ("time", "died")]
    for fit in (
        lambda: cox(data, "time", "died", covariates, "treated"),
        lambda: logistic(data, "died", covariates, "treated"),
        lambda: cox(data, "time", "died", covariates, "treated", cluster="time"),
    ):
        with np.errstate(all="raise", under="ignore"):
            try:
                estimate = fit()
            except NotEstimable:
                continue
        assert 1e-5 < estimate.value < 1e5
        assert 0 <= estimate.p_value <= 1


def test_logistic_by_cluster_is_the_sandwich_of_summed_scores(trial: pd.DataFrame) -> None:
    trial["pair"] = np.arange(len(trial)) // 2
    ours = logistic_clustered(trial, "died", ["age", "site"], "treated", "pair")
    design = pd.get_dummies(trial[["age", "site", "treated"]], drop_first=True).astype(float)
    model = sm.GLM(trial["died"].astype(float), sm.add_constant(design), family=sm.families.Binomial())
    theirs = model.fit(cov_type="cluster", cov_kwds={"groups": trial["pair"], "use_correction": False})
    clusters = trial["pair"].nunique()
    error = theirs.bse["treated"] * np.sqrt(clusters / (clusters - 1))
    assert np.log(ours.value) == pytest.approx(theirs.params["treated"])
    assert np.log(ours.upper / ours.lower) == pytest.approx(2 * 1.959964 * error, rel=1e-5)
    with pytest.raises(NotEstimable, match="fewer than two groups"):
        logistic_clustered(trial.assign(pair=1), "died", [], "treated", "pair")


# --- curves ------------------------------------------------------------------------------------------------------


def test_kaplan_meier_by_hand() -> None:
    data = pd.DataFrame({"time": [1, 2, 2, 3, 4], "died": [1, 1, 0, 0, 1], "group": "a"})
    curve = kaplan_meier(data, "time", "died", "group")
    assert curve["survival"].tolist() == pytest.approx([1, 0.8, 0.6, 0.6, 0])
    assert curve["at_risk"].tolist() == [5, 5, 4, 2, 1]
    error = np.sqrt(1 / (5 * 4) + 1 / (4 * 3))
    assert curve["lower"].tolist()[:3] == pytest.approx(
        [1, 0.8 * np.exp(-1.959964 / np.sqrt(20)), 0.6 * np.exp(-1.959964 * error)]
    )
    assert curve["upper"].tolist()[:3] == pytest.approx([1, 1, 1])
    # nobody survives: no band, as in R
    assert curve[["lower", "upper"]].iloc[-1].isna().all()


def test_log_rank_needs_two_groups_and_an_event(trial: pd.DataFrame) -> None:
    with pytest.raises(NotEstimable, match="fewer than two groups"):
        log_rank(trial.assign(treated=False), "time", "died", "treated")
    with pytest.raises(NotEstimable, match="no events"):
        log_rank(trial.assign(died=False), "time", "died", "treated")


def test_events_coded_as_in_r_and_treatments_of_any_two_values() -> None:
    # survival::lung as R ships it, status 1 = censored and 2 = dead; coxph, survdiff and survfit of R
    lung = load_lung().assign(status=lambda data: data["status"] + 1)
    lung.index = [f"patient {number}" for number in range(len(lung))]
    assert cox(lung, "time", "status", ["age", "ph.ecog"], "sex").value == pytest.approx(np.exp(-0.552612), rel=1e-5)
    assert log_rank(lung, "time", "status", "sex").statistic == pytest.approx(10.3267, rel=1e-4)
    year = kaplan_meier(lung.assign(all="all"), "time", "status", "all").query("time <= 365").iloc[-1]
    assert year[["survival", "lower", "upper"]].tolist() == pytest.approx([0.4092, 0.3447, 0.4858], abs=1e-4)

    as_numbers = fit_propensity(lung, "sex", ["age"])
    words = pd.Categorical(lung["sex"].map({1: "male", 2: "female"}), categories=["male", "female"])
    for two in (words, lung["sex"] == 2, lung["sex"] - 1.0, lung["sex"].map({1: "a", 2: "b"})):
        named = lung.assign(sex=two)
        pd.testing.assert_series_equal(fit_propensity(named, "sex", ["age"]), as_numbers)
        assert match_nearest(as_numbers, named["sex"]).equals(match_nearest(as_numbers, lung["sex"]))
        assert compare_groups(named, "age", "sex", "continuous") == compare_groups(lung, "age", "sex", "continuous")
    with pytest.raises(NotEstimable, match="age has more than two values"):
        fit_propensity(lung, "age", ["sex"])


# --- propensity and matching -------------------------------------------------------------------------------------


def test_rows_with_equal_covariates_get_equal_propensities() -> None:
    random = np.random.default_rng(2)
    data = pd.DataFrame({"x": random.integers(3, size=500), "y": random.integers(2, size=500) * 0.1})
    data["treated"] = random.random(500) < 0.3 + 0.1 * data["x"]
    propensity = fit_propensity(data, "treated", ["x", "y"])
    assert propensity.groupby([data["x"], data["y"]]).nunique().eq(1).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"treated": False}, "no treated rows"),
        ({"treated": [True] + [False] * 299}, "too few treated rows"),
        ({"age": [np.nan] * 10 + [1.0] * 290}, "age has missing values"),
        ({"age": [np.inf] * 10 + [1.0] * 290}, "age holds an infinite value"),
    ],
)
def test_propensity_refuses(trial: pd.DataFrame, change: dict[str, object], message: str) -> None:
    with pytest.raises(NotEstimable, match=message):
        fit_propensity(trial.assign(**change), "treated", ["age", "site"])


def test_propensity_refuses_complete_separation(trial: pd.DataFrame) -> None:
    with pytest.raises(NotEstimable, match="separate treated completely"):
        fit_propensity(trial.assign(twin=trial["treated"].astype(int)), "treated", ["age", "twin"])


def test_propensity_ignores_constant_and_repeated_columns(trial: pd.DataFrame) -> None:
    plain = fit_propensity(trial, "treated", ["age"])
    padded = fit_propensity(trial.assign(one=1, months=trial["age"] * 12), "treated", ["age", "one", "months"])
    pd.testing.assert_series_equal(plain, padded, rtol=1e-6)


def test_matching_takes_the_nearest_in_descending_order_within_the_caliper() -> None:
    propensity = pd.Series({"t1": 0.50, "t2": 0.60, "c1": 0.58, "c2": 0.45, "c3": 0.20, "t3": 0.9})
    treatment = pd.Series({label: int(label.startswith("t")) for label in propensity.index})
    pairs = match_nearest(propensity, treatment, 0.1, "raw")
    assert pairs.to_dict("list") == {"treated": ["t1", "t2"], "control": ["c2", "c1"]}


def test_matching_within_a_caliper_that_nobody_meets_gives_no_pair() -> None:
    pairs = match_nearest(pd.Series([0.1, 0.9]), pd.Series([0, 1]), 0.01, "raw")
    assert pairs.empty
    assert list(pairs.columns) == ["treated", "control"]


def test_matching_equals_the_obvious_search() -> None:
    random = np.random.default_rng(11)
    for _ in range(20):
        propensity = pd.Series(np.round(random.beta(2, 4, 120), 2))
        treated = pd.Series(random.random(120) < 0.4)
        free, expected = set(propensity.index[~treated]), []
        for row in propensity[treated].sort_values(ascending=False, kind="stable").index:
            gaps = sorted(abs(propensity[row] - propensity[control]) for control in free)
            if gaps and gaps[0] <= 0.05:
                chosen = match_nearest(propensity, treated, 0.05, "raw").set_index("treated")["control"][row]
                assert abs(propensity[row] - propensity[chosen]) == gaps[0]
                free.remove(chosen)
                expected.append(row)
        assert match_nearest(propensity, treated, 0.05, "raw")["treated"].tolist() == sorted(expected)


def test_repeated_index_labels_are_refused(trial: pd.DataFrame) -> None:
    trial.index = [0, *range(299)]
    with pytest.raises(NotEstimable, match="index label 0 occurs more than once"):
        fit_propensity(trial, "treated", ["age"])
    with pytest.raises(NotEstimable, match="index label 0 occurs more than once"):
        match_nearest(trial["age"], trial["treated"])


# --- balance -----------------------------------------------------------------------------------------------------


def test_balance_of_a_constant_is_zero_and_of_two_constants_unknown(trial: pd.DataFrame) -> None:
    assert standardized_mean_difference(trial.assign(one=1), "one", "treated") == 0
    with pytest.raises(NotEstimable, match="does not vary within the groups"):
        standardized_mean_difference(trial.assign(twin=trial["treated"].astype(float)), "twin", "treated")
    with pytest.raises(NotEstimable, match="one is constant"):
        compare_groups(trial.assign(one=1), "one", "treated", "continuous")


def test_two_levels_are_the_same_as_binary_or_as_categorical(trial: pd.DataFrame) -> None:
    trial["old"] = trial["age"] > 65
    binary = standardized_mean_difference(trial, "old", "treated", "binary")
    assert standardized_mean_difference(trial, "old", "treated", "categorical") == pytest.approx(binary)
    assert standardized_mean_difference(
        trial.assign(old=trial["old"].map({True: "y", False: "n"})), "old", "treated", "binary"
    ) == pytest.approx(binary)


def test_variance_ratio_and_kolmogorov_smirnov() -> None:
    data = pd.DataFrame({"treated": [1, 1, 1, 0, 0, 0], "x": [0.0, 2, 4, 0, 1, 2]})
    assert variance_ratio(data, "x", "treated") == pytest.approx(4)
    assert kolmogorov_smirnov(data, "x", "treated") == pytest.approx(1 / 3)


# --- E-value -----------------------------------------------------------------------------------------------------


def test_e_value_of_the_paper() -> None:
    assert e_value(0.71, 0.53, 0.95).point == pytest.approx(1.85, abs=0.015)
    assert e_value(0.71, 0.53, 1.05).limit == 1
    assert e_value(2.0, 1.5, 2.5, "RR").point == pytest.approx(2 + 2**0.5)
    assert e_value(4.0, 2.25, 6, "OR").point == e_value(2.0, 1.5, 2.5, "RR").point
    assert e_value(4.0, 2.25, 6, "OR").limit == e_value(2.0, 1.5, 2.5, "RR").limit
    assert e_value(0.5, 0.4, 0.8, "OR", common_outcome=False) == e_value(0.5, 0.4, 0.8, "RR")


def test_e_value_refuses_what_is_no_ratio() -> None:
    with pytest.raises(NotEstimable):
        e_value(-1, 0.5, 2)


# --- imputation --------------------------------------------------------------------------------------------------


def test_imputation_fills_gaps_only_and_keeps_types(trial: pd.DataFrame) -> None:
    holes = trial.astype({"treated": "boolean", "site": "category"})
    random = np.random.default_rng(0)
    for column in ("age", "treated", "site"):
        holes.loc[random.random(300) < 0.1, column] = None
    first, second = impute(holes, m=2, iterations=3, seed=4)
    assert not first.isna().any().any()
    assert first["site"].dtype == holes["site"].dtype
    assert first["treated"].dtype == bool
    assert set(first["age"]) <= set(holes["age"].dropna())
    known = holes["age"].notna()
    assert (first.loc[known, "age"] == holes.loc[known, "age"]).all()
    assert not first["age"].equals(second["age"])
    pd.testing.assert_frame_equal(first, impute(holes, m=2, iterations=3, seed=4)[0])


def test_imputation_follows_the_relation_between_variables() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=2000)
    truth = pd.DataFrame({"x": x, "y": 3 * x + random.normal(size=2000), "z": x + random.normal(size=2000) > 0})
    holes = truth.mask(random.random(truth.shape) < 0.2).assign(x=x)
    completed = impute(holes, m=1, iterations=5, seed=1)[0]
    gone = holes["y"].isna()
    assert np.corrcoef(completed.loc[gone, "y"], x[gone])[0, 1] == pytest.approx(
        np.corrcoef(truth["y"], x)[0, 1], abs=0.03
    )
    lost = holes["z"].isna()
    assert completed.loc[lost & (x > 1), "z"].mean() > 0.7
    assert completed.loc[lost & (x < -1), "z"].mean() < 0.3


def test_imputation_refuses_an_empty_column_and_infinity(trial: pd.DataFrame) -> None:
    with pytest.raises(NotEstimable, match="age has no value at all"):
        impute(trial.assign(age=np.nan), m=1, iterations=1, seed=1)
    with pytest.raises(NotEstimable, match="age holds an infinite value"):
        impute(trial.assign(age=np.inf), m=1, iterations=1, seed=1)


def test_imputation_of_a_handful_of_rows_does_not_crash(trial: pd.DataFrame) -> None:
    few = trial.head(6).copy()
    few.loc[few.index[0], "age"] = np.nan
    few.loc[few.index[1], "site"] = None
    completed, trace = impute_with_trace(few.assign(constant=1.0), 2, 2, 1)
    assert not completed[0].isna().any().any()
    assert set(trace["variable"]) == {"age"}


def test_what_is_missing_together_forgets_its_random_start_and_keeps_its_relations() -> None:
    """INR and PT lacking in the same, mildly ill rows; mice gives an imputed INR mean of 1.22 on these data."""
    random = np.random.default_rng(1)
    rows = 3000
    severity = random.normal(size=rows)
    inr = 1.5 + 0.3 * severity + 0.3 * random.normal(size=rows)
    pt = 10 * inr + 0.5 * random.normal(size=rows)
    hemoglobin = 9 + 2 * random.normal(size=rows) - 0.3 * severity
    hematocrit = 3 * hemoglobin + 0.8 * random.normal(size=rows)
    truth = pd.DataFrame({"severity": severity, "inr": inr, "pt": pt, "hb": hemoglobin, "hct": hematocrit})
    gone = random.random(rows) < 1 / (1 + np.exp(2 + 1.5 * severity))
    alone = random.random(rows) < 0.1
    holes = truth.assign(inr=truth["inr"].mask(gone), pt=truth["pt"].mask(gone), hct=truth["hct"].mask(alone))
    copies, trace = impute_with_trace(holes, 3, 5, 1)
    assert inr[~gone].mean() > 1.55  # where the chain starts
    assert trace.loc[trace["variable"] == "inr", "mean"].to_numpy() == pytest.approx(inr[gone].mean(), abs=0.06)
    for copy in copies:
        among = copy[gone]
        assert np.corrcoef(among["inr"], severity[gone])[0, 1] == pytest.approx(
            np.corrcoef(inr[gone], severity[gone])[0, 1], abs=0.08
        )
        assert np.corrcoef(among["inr"], among["pt"])[0, 1] > 0.98
        assert np.corrcoef(copy.loc[alone, "hct"], hemoglobin[alone])[0, 1] > 0.98


def test_classes_that_are_missing_together_follow_the_other_variables() -> None:
    random = np.random.default_rng(2)
    x = random.normal(size=3000)
    first = x + 0.3 * random.normal(size=3000) > 0
    truth = pd.DataFrame({"x": x, "first": first, "second": first})
    gone = (random.random(3000) < 0.3) & (x < 0)
    holes = truth.astype({"first": "boolean", "second": "boolean"})
    holes.loc[gone, ["first", "second"]] = None
    completed = impute(holes, m=1, iterations=3, seed=1)[0]
    assert completed.loc[gone, "first"].mean() == pytest.approx(first[gone].mean(), abs=0.05)
    assert (completed.loc[gone, "first"] == completed.loc[gone, "second"]).mean() > 0.95


def test_donors_that_tie_have_the_same_chance_however_many() -> None:
    random = np.random.default_rng(0)
    first = np.zeros(50_000, dtype=np.int64)
    tied = nearest_donors(np.full((1, 104), 0.5), np.arange(104.0), np.full(20_000, 0.5), first[:20_000], random)
    counts = np.bincount(tied.astype(int), minlength=104)
    assert counts.min() > 0.6 * counts.mean()
    # two are nearer, and 50 on either side are equally far: the three ranks left are theirs
    predicted = np.concatenate([[0.0, 0.0], np.full(50, -0.25), np.full(50, 0.25), [9.0]])
    drawn = nearest_donors(predicted[None], np.arange(103.0), np.zeros(50_000), first, random).astype(int)
    shares = np.bincount(drawn, minlength=103) / 50_000
    assert shares[:2] == pytest.approx([0.2, 0.2], abs=0.01)
    assert shares[2:102] == pytest.approx(np.full(100, 0.006), abs=0.002)
    assert shares[102] == 0


def test_donors_are_of_the_regression_that_a_mean_is_by() -> None:
    random = np.random.default_rng(0)
    known, rows = random.normal(size=300), random.integers(7, size=400)
    predicted, wanted = random.normal(size=(7, 300)).round(1), random.normal(size=400).round(1)
    drawn = nearest_donors(predicted, known, wanted, rows, np.random.default_rng(1))
    for row, value in zip(rows, range(400), strict=True):
        gap = np.abs(predicted[row] - wanted[value])
        # among the five nearest, ties with the fifth included
        assert drawn[value] in known[gap <= np.sort(gap)[4] + 1e-12]


def test_regressions_without_some_predictors_are_those_fitted_without_them() -> None:
    random = np.random.default_rng(0)
    x = np.column_stack([np.ones(200), random.normal(size=(200, 6))])
    y = x @ np.arange(7.0) + random.normal(size=200)
    gram, moments = x.T @ x, x.T @ y
    without = [np.array([], dtype=np.int64), np.array([3]), np.array([1, 5, 6])]
    chance = random.normal(size=7)
    estimates, draws = Regressions(gram, moments, float(y @ y), 200).draw(without, chance, 1.25)
    for gone, estimate, draw in zip(without, estimates, draws, strict=True):
        kept = np.setdiff1d(np.arange(7), gone)
        part = gram[np.ix_(kept, kept)]
        inverse = np.linalg.inv(part + np.diag(np.diag(part) * 1e-5 + 1e-12))
        coefficients = inverse @ moments[kept]
        spread = np.sqrt(((y - x[:, kept] @ coefficients) ** 2).sum() / (200 - len(kept)) / 1.25)
        assert estimate[kept] == pytest.approx(coefficients, rel=1e-9)
        assert draw[kept] == pytest.approx(coefficients + spread * np.linalg.cholesky(inverse) @ chance[kept], rel=1e-9)
        assert not estimate[gone].any()
        assert not draw[gone].any()


def test_pooling_by_rubins_rules_with_barnard_rubin() -> None:
    def estimate(log_ratio: float, error: float, measure: str = "HR") -> Estimate:
        limits = np.exp([log_ratio - 1.959963985 * error, log_ratio + 1.959963985 * error])
        return Estimate(measure, float(np.exp(log_ratio)), *limits.tolist(), 0.0, 103, 50, 3)

    def expected(complete: int) -> tuple[float, float]:
        total = 0.04 + (4 / 3) * 0.01
        share = (4 / 3) * 0.01 / total
        observed = (complete + 1) / (complete + 3) * complete * (1 - share)
        old = 2 / share**2
        freedom = old * observed / (old + observed)
        upper = np.exp(0.2 + stats.t.ppf(0.975, freedom) * total**0.5)
        return float(upper), float(2 * stats.t.sf(0.2 / total**0.5, freedom))

    # a Cox model knows as much as it has events (mice: get.dfcom), a logistic model as it has rows
    for measure, complete in (("HR", 50 - 3), ("OR", 103 - 3)):
        pooled = pool([estimate(0.1, 0.2, measure), estimate(0.2, 0.2, measure), estimate(0.3, 0.2, measure)])
        assert pooled.value == pytest.approx(np.exp(0.2))
        assert (pooled.upper, pooled.p_value) == pytest.approx(expected(complete))
    with pytest.raises(NotEstimable, match="at least two"):
        pool([estimate(0.1, 0.2)])


# --- edges that once gave a wrong number -------------------------------------------------------------------------


def test_without_a_caliper_every_treated_takes_a_control_while_there_are_any() -> None:
    propensity = pd.Series([0.9, 0.8, 0.7, 0.1, 0.2], index=list("abcde"))
    treated = pd.Series([True, True, True, False, False], index=list("abcde"))
    for scale in ("sd", "raw"):
        pairs = match_nearest(propensity, treated, np.inf, scale)
        assert list(zip(pairs["treated"], pairs["control"], strict=True)) == [("a", "e"), ("b", "d")]
    alike = match_nearest(pd.Series(0.3, index=range(4)), pd.Series([1, 1, 0, 0]), np.inf)
    assert len(alike) == 2 and not set(alike["control"]) & {0, 1}


@pytest.mark.parametrize("caliper", [-0.1, -np.inf, np.nan])
def test_a_caliper_that_is_no_width_is_refused(caliper: float) -> None:
    with pytest.raises(ValueError, match="caliper must be at least 0"):
        match_nearest(pd.Series([0.2, 0.3]), pd.Series([True, False]), caliper)


def test_a_caliper_of_nothing_takes_equal_scores_alone() -> None:
    pairs = match_nearest(pd.Series([0.5, 0.4, 0.5, 0.3]), pd.Series([1, 1, 0, 0]), 0.0)
    assert pairs.to_dict("list") == {"treated": [0], "control": [2]}


@pytest.mark.parametrize(
    ("propensity", "treated", "message"),
    [
        (pd.Series([0.1, np.nan]), pd.Series([1, 0]), "propensity has missing values"),
        (pd.Series([0.1, 0.2], index=[7, 7]), pd.Series([1, 0], index=[7, 7]), "7 occurs more than once"),
        (pd.Series([0.1, 0.2], name="p"), pd.Series([1, 1], name="treated"), "treated has no untreated rows"),
        (pd.Series([0.1, np.inf], name="p"), pd.Series([1, 0]), "p holds an infinite value"),
    ],
)
def test_what_cannot_be_matched_is_named(propensity: pd.Series, treated: pd.Series, message: str) -> None:
    with pytest.raises(NotEstimable, match=message):
        match_nearest(propensity, treated, np.inf)


@pytest.mark.parametrize(
    "fit",
    [
        lambda data: cox(data, "time", "died", ["age"], "treated", cluster="pair"),
        lambda data: logistic_clustered(data, "died", ["age"], "treated", "pair"),
    ],
)
def test_a_row_without_its_cluster_is_refused_not_given_to_the_last_one(
    trial: pd.DataFrame, fit: Callable[[pd.DataFrame], Estimate]
) -> None:
    pairs = pd.Series(np.arange(300) // 2, dtype="Int64")
    for gone, message in ((pairs.mask(pairs == 3), "pair has missing values"), (pairs * 0, "fewer than two groups")):
        with pytest.raises(NotEstimable, match=message):
            fit(trial.assign(pair=gone))
    # a gap in a row that is not in the model does no harm
    trial.loc[0, "age"] = np.nan
    assert fit(trial.assign(pair=pairs.mask(pairs.index == 0))).n == 299


def test_times_that_differ_by_rounding_are_one_time(trial: pd.DataFrame) -> None:
    random = np.random.default_rng(5)
    shaken = trial.assign(time=trial["time"] * (1 + random.choice([-1e-15, 0, 1e-15, 1e-12], len(trial))))
    assert shaken["time"].nunique() > 2 * trial["time"].nunique()
    arguments = ("time", "died", ["treated", "age"], "treated")
    assert cox(shaken, *arguments).value == pytest.approx(cox(trial, *arguments).value, rel=1e-12)
    assert proportional_hazards(shaken, *arguments).statistic == pytest.approx(
        proportional_hazards(trial, *arguments).statistic, rel=1e-9
    )
    assert log_rank(shaken, "time", "died", "treated").statistic == pytest.approx(
        log_rank(trial, "time", "died", "treated").statistic, rel=1e-12
    )
    curve, of_shaken = (kaplan_meier(data, "time", "died", "treated") for data in (trial, shaken))
    assert of_shaken["survival"].to_numpy() == pytest.approx(curve["survival"].to_numpy(), rel=1e-12)
    # survival::aeqSurv of R's survival 3.5-3
    times = pd.Series([1, 1 + 1e-15, 1 + 1e-9, 1 + 2e-8, 1 + 3e-8, 5, 5 + 1e-7, 28, 28 - 1e-12, 0, 1e-9])
    assert durations(times).tolist() == [1, 1, 1, 1, 1, 5, 5 + 1e-7, 28 - 1e-12, 28 - 1e-12, 0, 0]
    assert durations(pd.Series([1e6, 1e6 + 1e-3, 1e6 + 0.02, 2e6])).tolist() == [1e6, 1e6, 1e6 + 0.02, 2e6]


@pytest.mark.parametrize("unit", [1e-16, 1e-160, 1e150])
def test_balance_does_not_depend_on_the_unit(trial: pd.DataFrame, unit: float) -> None:
    tiny = trial.assign(age=trial["age"] * unit)
    for measure in (standardized_mean_difference, variance_ratio, kolmogorov_smirnov):
        assert measure(tiny, "age", "treated") == pytest.approx(measure(trial, "age", "treated"), rel=1e-9)
    with pytest.raises(NotEstimable, match="does not vary within the groups"):
        standardized_mean_difference(trial.assign(age=trial["treated"] * unit), "age", "treated")


def test_a_constant_that_has_no_exact_mean_is_constant(trial: pd.DataFrame) -> None:
    constant = trial.assign(age=0.1)
    assert standardized_mean_difference(constant, "age", "treated") == 0
    with pytest.raises(NotEstimable, match="does not vary among the untreated"):
        variance_ratio(constant, "age", "treated")


def test_the_logistic_covariance_is_that_of_the_final_estimate(trial: pd.DataFrame) -> None:
    model = fit_logistic(trial, "died", ["age", "site"], ["treated"])
    design = np.column_stack([np.ones(300), model.design.matrix])
    fitted = 1 / (1 + np.exp(-design @ model.coefficients))
    information = design.T @ (design * (fitted * (1 - fitted))[:, None])
    assert np.abs(design.T @ (trial["died"] - fitted)).max() < 1e-9
    assert model.covariance @ information == pytest.approx(np.eye(len(information)), abs=1e-10)


def test_events_per_coefficient_are_of_the_fewer(trial: pd.DataFrame) -> None:
    hazard, odds = cox(trial, "time", "died", ["age"], "treated"), logistic(trial, "died", ["age"], "treated")
    died, lived = trial["died"].sum(), (~trial["died"]).sum()
    assert died > lived  # so that those who live limit the logistic model
    assert hazard.events_per_coefficient == died / 2
    assert odds.events_per_coefficient == lived / 3
