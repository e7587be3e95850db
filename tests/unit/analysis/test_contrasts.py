"""Contrasts of two weighted, clustered curves against R (../shared/reference/r-causal), by hand, and with bad input."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis_py.statistics.contrasts import compare_curves
from analysis_py.statistics.doubly_robust import aipw
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.estimate import Z_975, Estimate
from analysis_py.statistics.propensity import fit_propensity
from analysis_py.statistics.survival import restricted_mean
from analysis_py.statistics.weighting import matched_weights

REFERENCE = Path(__file__).parents[4] / "shared" / "reference" / "r-causal"
COLUMNS = {"lalonde": ("treat", "days", "employed78", (90, 180)), "colon": ("lev5fu", "time", "status", (1095, 1825))}
PAIRED = ("ratio1_cal0.05", "ratio1_nocal", "ratio1_cal0.2_exact", "ratio2_cal0.05", "ratio2_cal0.2", "ratio3_cal0.2")


def error(estimate: Estimate) -> float:
    if estimate.measure == "RR":
        return float(np.log(estimate.upper / estimate.lower)) / 2 / Z_975
    return (estimate.upper - estimate.lower) / 2 / Z_975


@pytest.fixture(params=sorted(COLUMNS))
def reference(request: pytest.FixtureRequest) -> tuple[str, pd.DataFrame, dict[str, float]]:
    folder = REFERENCE / request.param
    data = pd.read_csv(folder / "data.csv").merge(pd.read_csv(folder / "weights.csv"), on="row_id").set_index("row_id")
    expected = pd.read_csv(folder / "expected_causal.csv").set_index("quantity")["value"]
    return request.param, data, pd.to_numeric(expected, errors="coerce").to_dict()


@pytest.mark.needs_shared
def test_weighted_risks_and_means_are_those_of_r(reference: tuple[str, pd.DataFrame, dict[str, float]]) -> None:
    name, data, expected = reference
    treatment, time, event, times = COLUMNS[name]
    for weights in ("unweighted", "ate", "att", "ato"):
        column = None if weights == "unweighted" else f"w_{weights}"
        for at in times:
            found = compare_curves(data, time, event, treatment, at, column)
            assert found.risk_difference().value == pytest.approx(expected[f"km.{weights}.rd.t{at}"], rel=1e-9)
            assert error(found.risk_difference()) == pytest.approx(expected[f"km.{weights}.rd_se.t{at}"], rel=1e-9)
            assert found.risk_ratio().value == pytest.approx(expected[f"km.{weights}.rr.t{at}"], rel=1e-9)
            assert error(found.risk_ratio()) == pytest.approx(expected[f"km.{weights}.log_rr_se.t{at}"], rel=1e-9)
        horizon = 180 if name == "lalonde" else 1825
        mean = compare_curves(data, time, event, treatment, horizon, column).mean_difference()
        assert mean.value == pytest.approx(expected[f"rmst.{weights}.diff.tau{horizon}"], rel=1e-9)
    plain = restricted_mean(data, time, event, treatment, horizon)
    ours = compare_curves(data, time, event, treatment, horizon).mean_difference()
    for part in ("value", "lower", "upper", "p_value", "n", "events"):
        assert getattr(ours, part) == pytest.approx(getattr(plain, part), rel=1e-9), part


@pytest.mark.needs_shared
@pytest.mark.parametrize("variant", PAIRED)
def test_matched_risks_are_clustered_as_by_r(
    reference: tuple[str, pd.DataFrame, dict[str, float]], variant: str
) -> None:
    """Without censoring a difference of risks is R's linear regression, its errors clustered on the matched set."""
    name, data, expected = reference
    treatment, _, event, _ = COLUMNS[name]
    pairs = pd.read_csv(REFERENCE / name / f"pairs_{variant}.csv")
    weights = matched_weights(pairs, data[treatment])
    sets = pd.Series(data.index, data.index)
    sets[pairs["control"].to_numpy()] = pairs["treated"].to_numpy()
    whole = data.assign(end=1.0)  # each died at day 1 or lives beyond
    found = compare_curves(whole, "end", event, treatment, 1.0, weights, sets).risk_difference()
    assert found.value == pytest.approx(expected[f"match.{variant}.rd"], rel=1e-9)
    assert error(found) == pytest.approx(expected[f"match.{variant}.rd.cluster_se"], rel=1e-9)


def small(seed: int = 3, size: int = 60) -> pd.DataFrame:
    """Whole days, so that deaths are tied with each other and with the censored."""
    random = np.random.default_rng(seed)
    time = random.integers(1, 40, size).astype(float).clip(max=28)
    return pd.DataFrame(
        {
            "time": time,
            "died": (random.random(size) < 0.6) & (time < 28),
            "arm": random.permutation(np.arange(size) < size // 3),
            "weight": random.gamma(2, 1, size),
            "set": random.integers(0, size // 4, size),
        }
    )


def by_hand(data: pd.DataFrame, weights: np.ndarray) -> np.ndarray:
    """Risk at day 28 and area up to it of both arms, day by day."""
    found = []
    for arm in (True, False):
        own, heavy = data[data["arm"] == arm], weights[data["arm"] == arm]
        alive, mean = 1.0, 0.0
        for day in range(1, 29):
            mean += alive
            at_risk = heavy[own["time"] >= day].sum()
            alive *= 1 - heavy[(own["time"] == day) & own["died"]].sum() / at_risk
        found += [1 - alive, mean]
    return np.array(found)


def test_errors_are_what_moving_each_weight_a_little_gives() -> None:
    data = small()
    weights, step = data["weight"].to_numpy(), 1e-6
    base = by_hand(data, weights)
    slopes = np.empty((len(data), 3))

    def contrasts(found: np.ndarray) -> np.ndarray:
        return np.array([found[0] - found[2], np.log(found[0] / found[2]), found[1] - found[3]])

    for row in range(len(data)):
        moved = [weights.copy(), weights.copy()]
        moved[0][row] += step
        moved[1][row] -= step
        slopes[row] = (contrasts(by_hand(data, moved[0])) - contrasts(by_hand(data, moved[1]))) / (2 * step)
    slopes *= weights[:, None]
    ours = compare_curves(data, "time", "died", "arm", 28.0, "weight")
    estimates = [ours.risk_difference(), ours.risk_ratio(), ours.mean_difference()]
    wanted = contrasts(base)
    for at, estimate in enumerate(estimates):
        value = np.log(estimate.value) if estimate.measure == "RR" else estimate.value
        assert value == pytest.approx(wanted[at], rel=1e-9)
        assert error(estimate) == pytest.approx(np.sqrt((slopes[:, at] ** 2).sum()), rel=1e-5)
    clustered = compare_curves(data, "time", "died", "arm", 28.0, data["weight"], data["set"])
    sums = pd.DataFrame(slopes).groupby(data["set"]).sum().to_numpy()
    for at, estimate in enumerate([clustered.risk_difference(), clustered.risk_ratio(), clustered.mean_difference()]):
        assert error(estimate) == pytest.approx(np.sqrt((sums[:, at] ** 2).sum()), rel=1e-5)
    assert [estimate.measure for estimate in estimates] == ["RD", "RR", "RMSTD"]


def test_rows_of_no_weight_are_not_there() -> None:
    data = small().assign(weight=lambda d: np.where(d.index % 3 == 0, 0.0, d["weight"]))
    some = compare_curves(data, "time", "died", "arm", 28.0, "weight")
    kept = data[data["weight"] > 0]
    assert some.risk_ratio() == compare_curves(kept, "time", "died", "arm", 28.0, "weight").risk_ratio()
    assert some.n == len(kept) and some.events == int(kept["died"].sum())


def test_events_after_the_horizon_are_not_counted() -> None:
    data = small()
    early = compare_curves(data, "time", "died", "arm", 15.0)
    assert early.events == int((data["died"] & (data["time"] <= 15)).sum())
    treated = data[data["arm"]]
    assert early.treated.risk < compare_curves(data, "time", "died", "arm", 27.0).treated.risk
    assert early.treated.mean < 15 < treated["time"].max()


def test_what_cannot_be_compared_says_why() -> None:
    data = small()
    with pytest.raises(NotEstimable, match="no events by the horizon"):
        compare_curves(data.assign(died=False), "time", "died", "arm", 28.0).risk_difference()
    nobody = data.assign(died=data["died"] & ~data["arm"])
    assert compare_curves(nobody, "time", "died", "arm", 28.0).risk_difference().value < 0
    with pytest.raises(NotEstimable, match="died: no events among the treated"):
        compare_curves(nobody, "time", "died", "arm", 28.0).risk_ratio()
    with pytest.raises(NotEstimable, match="untreated of arm: the last follow-up"):
        compare_curves(data[data["arm"] | (data["time"] < 20)], "time", "died", "arm", 28.0)
    with pytest.raises(NotEstimable, match="weight is negative"):
        compare_curves(data.assign(weight=-1.0), "time", "died", "arm", 28.0, "weight")
    with pytest.raises(NotEstimable, match="cluster and data are not about the same rows"):
        compare_curves(data, "time", "died", "arm", 28.0, cluster=data["set"].iloc[:9])
    with pytest.raises(NotEstimable, match="arm has no untreated rows"):
        compare_curves(data[data["arm"]], "time", "died", "arm", 28.0)


def test_all_dead_by_the_horizon_leaves_a_mean_and_no_error_of_the_risk() -> None:
    data = small().assign(died=True, time=lambda d: d["time"].clip(upper=27))
    found = compare_curves(data, "time", "died", "arm", 28.0)
    means = data.groupby("arm")["time"].mean()
    assert found.mean_difference().value == pytest.approx(means[True] - means[False])
    spread = data.groupby("arm")["time"].agg(["var", "size"])
    wanted = (spread["var"] * (spread["size"] - 1) / spread["size"] ** 2).sum()
    assert error(found.mean_difference()) == pytest.approx(np.sqrt(wanted))
    with pytest.raises(NotEstimable, match="nobody is left"):
        found.risk_difference()


def test_a_propensity_that_is_known_is_not_fitted_again() -> None:
    random = np.random.default_rng(1)
    data = pd.DataFrame({"x": random.normal(size=400)}, index=range(1000, 1400))
    data["arm"] = random.random(400) < 1 / (1 + np.exp(-data["x"]))
    data["died"] = random.random(400) < 1 / (1 + np.exp(1 - data["x"]))
    score = fit_propensity(data, "arm", ["x"])
    assert aipw(data, "died", "arm", ["x"], propensity=score) == aipw(data, "died", "arm", ["x"])
    other = aipw(data, "died", "arm", ["x"], propensity=score * 0 + 0.5)
    assert other.difference != aipw(data, "died", "arm", ["x"]).difference
    with pytest.raises(NotEstimable, match="propensity and data are not about the same rows"):
        aipw(data, "died", "arm", ["x"], propensity=score.iloc[:-1])
    with pytest.raises(NotEstimable, match="not between 0 and 1"):
        aipw(data, "died", "arm", ["x"], propensity=score + 1)
