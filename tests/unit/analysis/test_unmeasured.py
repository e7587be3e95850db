"""What an unmeasured cause, or values missing because of what they were, would do to an estimate."""

from math import inf, nan

import numpy as np
import pandas as pd
import pytest

from analysis_py.statistics.delta import shift_imputed
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.imputation import impute
from analysis_py.statistics.sensitivity import confounding_bias, e_value, tipping_points

# --- an unmeasured cause -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ratio", "treated", "untreated"), [(2, 0.5, 0.2), (0.4, 0.1, 0.9), (5, 0, 1), (1, 0.3, 0.6)])
def test_bias_of_a_cause_in_a_made_population(ratio: float, treated: float, untreated: float) -> None:
    base, effect = 0.05, 0.7
    risk1 = effect * base * (treated * ratio + 1 - treated)
    risk0 = base * (untreated * ratio + 1 - untreated)
    assert risk1 / risk0 / effect == pytest.approx(confounding_bias(ratio, treated, untreated))


@pytest.mark.parametrize("estimate", [(0.7, 0.55, 0.9), (1.8, 1.2, 2.7)])
def test_a_tipping_point_leaves_no_effect(estimate: tuple[float, float, float]) -> None:
    shares = [0.0, 0.05, 0.2, 0.5, 0.9, 1.0]
    value, lower, upper = estimate
    points = tipping_points(*estimate, shares, shares, "RR")
    assert len(points) == 36
    nearer = lower if lower > 1 else upper
    for point in points.itertuples():
        for wanted, strength in ((value, point.estimate), (nearer, point.limit)):
            if strength < inf:
                assert wanted / confounding_bias(strength, point.treated, point.untreated) == pytest.approx(1)
            else:
                reached = [confounding_bias(one, point.treated, point.untreated) for one in np.geomspace(1e-9, 1e9, 99)]
                assert min(reached) > wanted - 1e-6 or max(reached) < wanted + 1e-6


def test_tipping_points_by_hand() -> None:
    # 2 = (1 + 0.5 (g - 1)) / (1 + 0.1 (g - 1)): g - 1 = 1 / 0.3
    points = tipping_points(2, 0.9, 4, [0.5], [0.1, 0.5], "RR")
    assert points["estimate"].tolist() == [pytest.approx(1 + 1 / 0.3), inf]
    assert points["limit"].tolist() == [1, 1]  # the interval holds 1 already
    assert tipping_points(1, 0.8, 1.2, [0.5], [0.5], "RR")["estimate"].tolist() == [1]


def test_ratios_are_converted_as_for_the_e_value() -> None:
    as_odds = tipping_points(4, 2.25, 6, [0.9], [0.1], "OR")
    pd.testing.assert_frame_equal(as_odds, tipping_points(2, 1.5, 2.4, [0.9], [0.1], "RR"))
    rare = tipping_points(4, 2.25, 6, [0.9], [0.1], "HR", common_outcome=False)
    pd.testing.assert_frame_equal(rare, tipping_points(4, 2.25, 6, [0.9], [0.1], "RR"))


@pytest.mark.parametrize("measure", ["HR", "OR", "RR"])
@pytest.mark.parametrize("value", [1e-100, 1e100])
def test_absurd_ratios_have_a_number_too(value: float, measure: str) -> None:
    assert 1 < e_value(value, value / 2, value * 2, measure).point < inf  # type: ignore[arg-type]
    points = tipping_points(value, value / 2, value * 2, [0.0, 0.5], [0.5, 0.0], measure)  # type: ignore[arg-type]
    assert (points["estimate"] > 0).all()


def test_no_cause_weaker_than_the_e_value_explains_an_effect_away() -> None:
    # a cause in all of the treated: its imbalance, too, must be as large as its effect
    bound = e_value(2, 1.5, 2.5, "RR")
    shares = np.linspace(0.001, 1, 400).tolist()
    points = tipping_points(2, 1.5, 2.5, [1.0], shares, "RR")
    for name, least in (("estimate", bound.point), ("limit", bound.limit)):
        both = np.maximum(points[name], 1 / points["untreated"])
        assert least <= both.min() < least * 1.02


@pytest.mark.parametrize("share", [-0.1, 1.1, nan])
def test_shares_and_ratios_must_be_such(share: float) -> None:
    with pytest.raises(ValueError, match="prevalence"):
        confounding_bias(2, share, 0.5)
    with pytest.raises(ValueError, match="prevalence"):
        tipping_points(2, 1.5, 2.5, [0.5], [share], "RR")
    for ratio in (0, -1, nan, inf):
        with pytest.raises(ValueError, match="ratio must be"):
            confounding_bias(ratio, 0.1, 0.2)
    for estimate in ((2, 2.5, 3), (nan, 1, 2), (0, 0, 1), (1, 0.5, inf)):
        with pytest.raises(NotEstimable, match="no ratio with its interval"):
            tipping_points(*estimate, [0.5], [0.2])


# --- values missing because of what they were --------------------------------------------------------------------


@pytest.fixture
def gaps() -> pd.DataFrame:
    random = np.random.default_rng(2)
    lactate, age = random.normal(3, 1, 80), random.integers(20, 90, 80)
    data = pd.DataFrame({"lactate": lactate, "age": age, "died": random.random(80) < 0.3}, index=range(100, 180))
    data.loc[110:129, "lactate"] = nan
    return data


def test_only_what_was_imputed_moves(gaps: pd.DataFrame) -> None:
    completed = impute(gaps, 2, 2)
    before = [copy.copy() for copy in completed]
    moved = shift_imputed(gaps, completed, {"lactate": 1.5, "age": 10})
    for old, same, new in zip(before, completed, moved, strict=True):
        pd.testing.assert_frame_equal(old, same)
        difference = new["lactate"] - old["lactate"]
        assert difference[gaps["lactate"].isna()].to_numpy() == pytest.approx(1.5)
        assert (difference[gaps["lactate"].notna()] == 0).all()
        pd.testing.assert_frame_equal(new[["age", "died"]], old[["age", "died"]])


def test_a_distance_in_standard_deviations_of_what_was_observed(gaps: pd.DataFrame) -> None:
    completed = impute(gaps, 1, 1)
    sd = gaps["lactate"].std()
    by_sd = shift_imputed(gaps, completed, {"lactate": -2}, "sd")
    natural = shift_imputed(gaps, completed, {"lactate": -2 * sd})
    pd.testing.assert_frame_equal(by_sd[0], natural[0])


def test_no_distance_is_no_change(gaps: pd.DataFrame) -> None:
    completed = impute(gaps, 1, 1)
    for shifts in ({}, {"lactate": 0.0}):
        pd.testing.assert_frame_equal(shift_imputed(gaps, completed, shifts)[0], completed[0])
    assert shift_imputed(gaps, [], {"lactate": 1}) == []


def test_what_cannot_be_moved(gaps: pd.DataFrame) -> None:
    completed = impute(gaps, 1, 1)
    text = gaps.assign(site="a")
    one = gaps.assign(lactate=gaps["lactate"].where(gaps.index == 100))
    for data, copies, shifts, message in (
        (gaps, completed, {"INR": 1}, "column INR is not in the data"),
        (gaps, completed, {"died": 1}, "died is not a number"),
        (text, completed, {"site": 1}, "site is not a number"),
        (gaps, [completed[0].iloc[1:]], {"lactate": 1}, "not about the same rows"),
        (gaps, [gaps], {"lactate": 1}, "lactate has missing values in a completed copy"),
        (one, completed, {"lactate": 1}, "fewer than two observed"),
        (gaps.set_index("died"), completed, {"lactate": 1}, "index label"),
    ):
        with pytest.raises(NotEstimable, match=message):
            shift_imputed(data, copies, shifts, "sd")
    for distance in (nan, inf):
        with pytest.raises(ValueError, match="must be finite"):
            shift_imputed(gaps, completed, {"lactate": distance})
    with pytest.raises(ValueError, match="unit must be"):
        shift_imputed(gaps, completed, {"lactate": 1}, "percent")  # type: ignore[arg-type]
