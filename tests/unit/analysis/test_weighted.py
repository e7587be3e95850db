"""Weights, late entry and clusters of the models and curves, against the same thing written out or another library."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from lifelines import CoxPHFitter, KaplanMeierFitter
from scipy.optimize import minimize
from statsmodels.duration.hazard_regression import PHReg

from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.estimate import Z_975, Estimate
from analysis_py.statistics.outcome import logistic, logistic_clustered
from analysis_py.statistics.survival import cox, kaplan_meier, restricted_mean


@pytest.fixture
def rows() -> pd.DataFrame:
    random = np.random.default_rng(8)
    count = 240
    start = random.integers(0, 6, count)
    treated, age = random.random(count) < 0.4, random.normal(60, 10, count)
    time = start + np.ceil(random.exponential(12 / np.exp(0.03 * (age - 60) - 0.5 * treated)))
    return pd.DataFrame(
        {
            "treated": treated,
            "age": age,
            "start": start,
            "stop": np.minimum(time, 24),
            "died": time <= 24,
            "weight": random.integers(1, 5, count) / 2,
            "patient": np.arange(count) // 3,
        }
    )


def error(estimate: Estimate) -> float:
    return float(np.log(estimate.upper / estimate.lower)) / 2 / Z_975


def log_likelihood(coefficients: np.ndarray, data: pd.DataFrame, weights: np.ndarray) -> float:
    """Efron's partial likelihood of weighted rows, death time by death time."""
    predictor = data[["treated", "age"]].to_numpy(dtype=float) @ coefficients
    risk, died, total = weights * np.exp(predictor), data["died"].to_numpy(), 0.0
    for time in data.loc[died, "stop"].unique():
        at_risk = ((data["start"] < time) & (data["stop"] >= time)).to_numpy()
        dead = died & (data["stop"] == time).to_numpy()
        count = dead.sum()
        total += float((weights * predictor)[dead].sum())
        for step in range(count):
            left = risk[at_risk].sum() - step / count * risk[dead].sum()
            total -= weights[dead].mean() * float(np.log(left))
    return total


def maximum(data: pd.DataFrame, weights: np.ndarray) -> np.ndarray:
    scaled = data.assign(age=(data["age"] - 60) / 10)
    found = minimize(lambda b: -log_likelihood(b, scaled, weights), np.zeros(2), method="BFGS", options={"gtol": 1e-9})
    return np.asarray(found.x)


def test_a_weighted_model_with_late_entry_is_the_maximum_of_the_likelihood_written_out(rows: pd.DataFrame) -> None:
    assert rows.loc[rows["died"], "stop"].duplicated().any()  # ties
    best = maximum(rows, rows["weight"].to_numpy())
    ours = cox(rows, "stop", "died", ["age"], "treated", weights="weight", start="start")
    assert np.log(ours.value) == pytest.approx(best[0], abs=1e-6)
    by_age = cox(rows, "stop", "died", ["treated"], "age", weights="weight", start="start")
    assert np.log(by_age.value) * 10 == pytest.approx(best[1], abs=1e-6)
    assert (ours.n, ours.events) == (240, rows["died"].sum())


def test_late_entry_equals_statsmodels(rows: pd.DataFrame) -> None:
    ours = cox(rows, "stop", "died", ["age"], "treated", start="start")
    design = rows[["treated", "age"]].astype(float)
    # statsmodels takes a row into the risk set of the time at which it enters; times here are whole numbers
    theirs = PHReg(rows["stop"], design, status=rows["died"], entry=rows["start"] + 0.5, ties="efron").fit()
    assert np.log(ours.value) == pytest.approx(theirs.params[0], abs=1e-6)
    assert error(ours) == pytest.approx(theirs.bse[0], rel=1e-6)


def test_rows_cut_in_pieces_are_the_same_rows(rows: pd.DataFrame) -> None:
    whole = cox(rows, "stop", "died", ["age"], "treated", weights="weight", start="start", cluster="patient")
    middle = (rows["start"] + rows["stop"]) // 2
    cut = rows.assign(middle=middle)[middle > rows["start"]]
    before = cut.assign(stop=cut["middle"], died=False).drop(columns="middle")
    after = cut.assign(start=cut["middle"]).drop(columns="middle")
    pieces = pd.concat([rows.drop(cut.index), before, after]).sample(frac=1, random_state=1)
    parts = cox(pieces, "stop", "died", ["age"], "treated", weights="weight", start="start", cluster="patient")
    assert parts.value == pytest.approx(whole.value, rel=1e-6)
    assert error(parts) == pytest.approx(error(whole), rel=1e-6)
    curve = kaplan_meier(rows, "stop", "died", "treated", weights="weight", start="start").set_index(["group", "time"])
    of_pieces = kaplan_meier(pieces, "stop", "died", "treated", "weight", "start").set_index(["group", "time"])
    common = curve.index.intersection(of_pieces.index)
    assert of_pieces.loc[common, "survival"].to_numpy() == pytest.approx(curve.loc[common, "survival"].to_numpy())


def test_the_sandwich_is_how_the_score_moves_with_each_clusters_weight(rows: pd.DataFrame) -> None:
    untied = rows.assign(stop=rows["stop"] + np.random.default_rng(1).random(len(rows)), age=(rows["age"] - 60) / 10)
    kept = untied[untied["patient"] < 20].reset_index(drop=True)
    weights, patient, step = kept["weight"].to_numpy(), kept["patient"].to_numpy(), 3e-3
    best = minimize(lambda b: -log_likelihood(b, kept, weights), np.zeros(2), method="BFGS", options={"gtol": 1e-9}).x

    def score(of: np.ndarray, at: np.ndarray) -> np.ndarray:
        nudges = step * np.eye(2)
        return (
            np.array([log_likelihood(at + n, kept, of) - log_likelihood(at - n, kept, of) for n in nudges]) / 2 / step
        )

    information = np.array([score(weights, best - n) - score(weights, best + n) for n in step * np.eye(2)]) / 2 / step
    nudges = [np.where(patient == one, step, 0) for one in np.unique(patient)]
    moved = [(score(weights * (1 + n), best) - score(weights * (1 - n), best)) / 2 / step for n in nudges]
    influence = np.array(moved) @ np.linalg.inv(information)
    ours = cox(kept, "stop", "died", ["age"], "treated", weights="weight", start="start", cluster="patient")
    assert error(ours) == pytest.approx(float(np.sqrt((influence[:, 0] ** 2).sum())), rel=1e-4)


def test_weights_without_ties_equal_lifelines(rows: pd.DataFrame) -> None:
    untied = rows.assign(stop=rows["stop"] + np.random.default_rng(1).random(len(rows))).astype(float)
    kept = untied.drop(columns=["patient", "start"])
    theirs = CoxPHFitter().fit(kept, "stop", "died", weights_col="weight", robust=True).summary.loc["treated"]
    ours = cox(untied, "stop", "died", ["age"], "treated", weights="weight")
    assert ours.value == pytest.approx(theirs["exp(coef)"], rel=1e-5)
    assert error(ours) == pytest.approx(theirs["se(coef)"], rel=1e-4)


def test_weights_may_be_a_series_have_any_unit_and_be_zero(rows: pd.DataFrame) -> None:
    arguments = ("stop", "died", ["age"], "treated")
    named = cox(rows, *arguments, weights="weight", start="start", cluster="patient")
    repeated = rows.set_axis([7] * len(rows))  # labels that say nothing
    series = cox(repeated, *arguments, repeated["weight"] * 1e-6, repeated["start"], repeated["patient"])
    assert series.value == pytest.approx(named.value, rel=1e-9)
    assert error(series) == pytest.approx(error(named), rel=1e-9)
    with_zero = pd.concat([rows, rows.assign(weight=0.0, stop=23, died=True, age=1e3)], ignore_index=True)
    for fit in (
        lambda data: cox(data, *arguments, weights="weight", start="start"),
        lambda data: logistic(data, "died", ["age"], "treated", weights="weight"),
    ):
        assert fit(with_zero).value == pytest.approx(fit(rows).value, rel=1e-9)
        assert fit(with_zero).n == len(rows)


def test_clusters_alone_and_weights_of_one_change_nothing_but_the_error(rows: pd.DataFrame) -> None:
    arguments = ("stop", "died", ["age"], "treated")
    clustered = cox(rows, *arguments, cluster="patient")
    assert clustered.value == cox(rows, *arguments).value and clustered.lower != cox(rows, *arguments).lower
    ones = cox(rows.assign(one=1), *arguments, weights="one", cluster="patient")
    assert ones == clustered
    assert cox(rows, *arguments, start=rows["start"] * 0).value == pytest.approx(cox(rows, *arguments).value, rel=1e-12)


Fit = Callable[[pd.DataFrame], object]
FITS: list[Fit] = [
    lambda data: cox(data, "stop", "died", ["age"], "treated", weights="weight", start="start", cluster="patient"),
    lambda data: kaplan_meier(data, "stop", "died", "treated", weights="weight", start="start"),
    lambda data: logistic(data, "died", ["age"], "treated", weights="weight", cluster="patient"),
]


@pytest.mark.parametrize("fit", FITS)
def test_what_cannot_be_weighted_is_named(rows: pd.DataFrame, fit: Fit) -> None:
    with pytest.raises(NotEstimable, match="weight is negative"):
        fit(rows.assign(weight=-1.0))
    with pytest.raises(NotEstimable, match="weight is 0 in all rows"):
        fit(rows.assign(weight=0))
    with pytest.raises(NotEstimable, match="weight holds an infinite value"):
        fit(rows.assign(weight=np.inf))
    with pytest.raises(NotEstimable, match="column weight is not in the data"):
        fit(rows.drop(columns="weight"))


@pytest.mark.parametrize("fit", FITS[:2])
def test_a_row_that_ends_before_it_starts_is_named(rows: pd.DataFrame, fit: Fit) -> None:
    with pytest.raises(NotEstimable, match="stop is not after start in some rows"):
        fit(rows.assign(start=rows["stop"]))
    with pytest.raises(NotEstimable, match="start is negative"):
        fit(rows.assign(start=-1))


def test_weights_of_other_rows_are_refused(rows: pd.DataFrame) -> None:
    with pytest.raises(NotEstimable, match="weights and data are not about the same rows"):
        cox(rows, "stop", "died", [], "treated", weights=rows["weight"].iloc[::-1])
    with pytest.raises(NotEstimable, match="patient has fewer than two groups"):
        cox(rows.assign(patient=1), "stop", "died", [], "treated", cluster="patient")


# --- curves ------------------------------------------------------------------------------------------------------


def test_weighted_curves_are_the_product_written_out(rows: pd.DataFrame) -> None:
    curve = kaplan_meier(rows, "stop", "died", "treated", weights="weight", start="start")
    for group, members in rows.groupby("treated"):
        survival = 1.0
        for row in curve[curve["group"] == group].itertuples():
            at_risk = members[(members["start"] < row.time) & (members["stop"] >= row.time)]
            dead = at_risk[(at_risk["stop"] == row.time) & at_risk["died"]]
            if row.time > 0:
                survival *= 1 - dead["weight"].sum() / at_risk["weight"].sum()
                assert row.at_risk == pytest.approx(at_risk["weight"].sum())
            else:
                assert row.at_risk == members.loc[members["start"] == 0, "weight"].sum()
            assert row.survival == pytest.approx(survival)


def test_a_late_curve_equals_lifelines(rows: pd.DataFrame) -> None:
    curve = kaplan_meier(rows.assign(all="all"), "stop", "died", "all", start="start")
    theirs = KaplanMeierFitter().fit(rows["stop"], rows["died"], entry=rows["start"])
    expected = theirs.survival_function_at_times(curve["time"]).to_numpy()
    assert curve["survival"].to_numpy() == pytest.approx(expected, rel=1e-9)
    # Greenwood
    at_risk = [((rows["start"] < t) & (rows["stop"] >= t)).sum() for t in curve["time"]]
    deaths = np.array([(rows["died"] & (rows["stop"] == t)).sum() for t in curve["time"]])
    terms = [d / (n * (n - d)) if d else 0.0 for n, d in zip(at_risk, deaths, strict=True)]
    half = np.log(curve["survival"] / curve["lower"]).to_numpy()
    assert half == pytest.approx(Z_975 * np.sqrt(np.cumsum(terms)), rel=1e-9)


def test_the_band_of_a_weighted_curve_is_how_it_moves_with_each_weight(rows: pd.DataFrame) -> None:
    few = rows.head(60).assign(all="all").reset_index(drop=True)
    curve = kaplan_meier(few, "stop", "died", "all", weights="weight", start="start")
    moved = []
    for row in few.index:
        nudged = [few["weight"] * np.where(few.index == row, factor, 1) for factor in (1 + 1e-4, 1 - 1e-4)]
        up, down = (kaplan_meier(few, "stop", "died", "all", each, "start")["survival"] for each in nudged)
        moved.append((np.log(up) - np.log(down)).to_numpy() / 2e-4)
    half = np.log(curve["survival"] / curve["lower"]).to_numpy()
    assert half == pytest.approx(Z_975 * np.sqrt(np.square(moved).sum(axis=0)), rel=1e-5, abs=1e-9)


def test_a_weighted_curve_that_ends_has_no_band() -> None:
    data = pd.DataFrame({"time": [1, 2, 3], "died": 1, "group": "a", "weight": [0.1, 0.2, 0.3]})
    curve = kaplan_meier(data, "time", "died", "group", weights="weight")
    assert curve["survival"].tolist() == pytest.approx([1, 5 / 6, 1 / 2, 0])
    assert curve["survival"].iloc[-1] == 0
    assert curve[["lower", "upper"]].iloc[-1].isna().all()
    assert curve["lower"].iloc[:-1].notna().all()


def test_restricted_mean_by_hand() -> None:
    data = pd.DataFrame(
        {"time": [2, 4, 6, 8, 10, 1, 3, 9], "died": [1, 1, 0, 1, 0, 1, 1, 0], "group": ["b"] * 5 + ["a"] * 3}
    )
    # b: 2 at 1, 2 at 0.8, 3 at 0.6 to day 7; a: 1 at 1, 2 at 2/3, 4 at 1/3
    ours = restricted_mean(data, "time", "died", "group", 7)
    assert (ours.measure, ours.n, ours.events) == ("RMSTD", 8, 4)
    assert ours.value == pytest.approx(2 + 1.6 + 1.8 - (1 + 4 / 3 + 4 / 3))
    variance = 3.4**2 / (5 * 4) + 1.8**2 / (4 * 3) + (8 / 3) ** 2 / (3 * 2) + (4 / 3) ** 2 / (2 * 1)
    assert ours.upper - ours.value == pytest.approx(Z_975 * np.sqrt(variance))
    with pytest.raises(NotEstimable, match=r"untreated of group: the last follow-up 9 is before 9\.5"):
        restricted_mean(data, "time", "died", "group", 9.5)
    with pytest.raises(NotEstimable, match=r"no events before 0\.5"):
        restricted_mean(data, "time", "died", "group", 0.5)
    # where all are dead nothing is missing
    dead = data.assign(died=1)
    assert restricted_mean(dead, "time", "died", "group", 99).value == pytest.approx(6 - 13 / 3)


# --- logistic ----------------------------------------------------------------------------------------------------


def test_weighted_odds_and_their_sandwich_equal_statsmodels(rows: pd.DataFrame) -> None:
    design = sm.add_constant(rows[["age", "treated"]].astype(float))
    model = sm.GLM(rows["died"].astype(float), design, family=sm.families.Binomial(), freq_weights=rows["weight"])
    theirs = model.fit(tol=1e-12)
    scores = design.to_numpy() * ((rows["died"] - theirs.fittedvalues) * rows["weight"]).to_numpy()[:, None]
    for cluster, sums in ((None, scores), ("patient", pd.DataFrame(scores).groupby(rows["patient"]).sum().to_numpy())):
        bread = theirs.cov_params().to_numpy()
        expected = np.sqrt((bread @ sums.T @ sums @ bread)[2, 2])
        ours = logistic(rows, "died", ["age"], "treated", weights="weight", cluster=cluster)
        assert np.log(ours.value) == pytest.approx(theirs.params["treated"], abs=1e-8)
        assert error(ours) == pytest.approx(expected, rel=1e-6)
    factor = error(logistic_clustered(rows, "died", ["age"], "treated", "patient"))
    assert error(logistic(rows, "died", ["age"], "treated", cluster="patient")) == pytest.approx(
        factor * np.sqrt(79 / 80), rel=1e-9
    )
