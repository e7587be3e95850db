"""Clone, censor, weight: patient by patient as one would write it by hand, and what it must not depend on."""

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from lifelines import CoxPHFitter

from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.survival import cox, kaplan_meier
from analysis_py.statistics.trial import TrialResult, clone_censor_weight, clones, published

COVARIATES = ("age", "vent", "unit", "severity")
Tables = tuple[pd.DataFrame, pd.DataFrame]


def logit(outcome: np.ndarray, covariates: pd.DataFrame) -> np.ndarray:
    design = sm.add_constant(pd.get_dummies(covariates, drop_first=True).astype(float))
    return np.asarray(sm.GLM(outcome, design, family=sm.families.Binomial()).fit(tol=1e-13).fittedvalues)


def by_hand(patients: pd.DataFrame, intervals: pd.DataFrame, weights: str, cap: float = np.inf) -> pd.DataFrame:
    """The clones' rows for a grid of 6 h and a grace period of 48 h."""
    points = intervals.merge(patients, on="id")
    points = points[(points["k"] < 8) & (points["time_h"] > 6 * points["k"]) & ~(points["start_h"] < 6 * points["k"])]
    names = list(COVARIATES[:3] if weights == "grace_end" else COVARIATES)
    points["starts"] = (points["start_h"] // 6 == points["k"]).to_numpy()
    decisions = pd.get_dummies(points["k"], prefix="k", drop_first=True)
    points["p"] = logit(points["starts"].to_numpy(float), pd.concat([decisions, points[names]], axis=1))
    of = {(row.id, row.k): row.p for row in points.itertuples()}
    could = set(points.loc[points["k"] == 7, "id"])
    left = {row.id for row in patients.itertuples() if row.time_h > 42 and not row.start_h < 48 and row.id not in could}
    at_end = patients[(patients["time_h"] > 48) & ~patients["id"].isin(left)]
    known = at_end[list(COVARIATES[:3])]
    at_end = dict(zip(at_end["id"], logit((at_end["start_h"] < 48).to_numpy(float), known), strict=True))
    rows = []
    for person in patients.itertuples():
        start = int(person.start_h // 6) if person.start_h < 48 else None
        for clone in (0, 1):
            end, died, weight = person.time_h, person.died, 1.0
            if clone == 0 and start is not None:
                end, died = 6 * start, False
            if clone == 1 and start is None and person.id not in left:
                if weights == "grace_end":
                    end, died = (48, False) if person.time_h > 48 else (end, died)
                elif person.id in could:
                    end, died = 42, False
            for k in range(9):
                begin, stop = 6 * k, end if k == 8 else min(6 * k + 6, end)
                if clone == 0 and k < 8:
                    weight /= 1 - of.get((person.id, k), 0)
                if clone == 1 and k == 7 and start == 7 and weights == "pooled":
                    weight = 1 / of[person.id, 7]
                if clone == 1 and k == 8 and start is not None and weights == "grace_end" and end > 48:
                    weight = 1 / at_end[person.id]
                if stop > begin:
                    own = 1.0 if weights == "none" else min(weight, cap)
                    rows.append((person.id, clone, begin, stop, bool(died and stop == end), own))
    return pd.DataFrame(rows, columns=["id", "clone", "start", "stop", "died", "weight"])


@pytest.mark.parametrize(("weights", "cap"), [("pooled", None), ("pooled", 4), ("none", None), ("grace_end", None)])
def test_clones_are_those_written_out(trial: Tables, weights: str, cap: float | None) -> None:
    patients, intervals = trial
    assert ((intervals["k"] < 7).groupby(intervals["id"]).all() & ~intervals.duplicated("id")).any()
    expected = by_hand(patients, intervals, weights, np.inf if cap is None else cap)
    rows = clones(patients, intervals, covariates=COVARIATES, weights=weights, cap=cap).rows()
    order = ["id", "clone", "start"]
    ours = rows.sort_values(order, ignore_index=True)
    theirs = expected.sort_values(order, ignore_index=True)
    pd.testing.assert_frame_equal(ours, theirs, check_dtype=False, rtol=1e-7)

    result = clone_censor_weight(patients, intervals, covariates=COVARIATES, weights=weights, cap=cap)
    for clone, risk in ((0, result.risk0), (1, result.risk1)):
        own, survival = expected[expected["clone"] == clone], 1.0
        for time in np.unique(own.loc[own["died"], "stop"]):
            at_risk = own[(own["start"] < time) & (own["stop"] >= time)]
            dead = at_risk[at_risk["died"] & (at_risk["stop"] == time)]
            survival *= 1 - dead["weight"].sum() / at_risk["weight"].sum()
        assert risk == pytest.approx(1 - survival, rel=1e-7)
        after = own.loc[own["start"] == 48, "weight"]
        assert result.ess[bool(clone)] == pytest.approx(after.sum() ** 2 / (after**2).sum(), rel=1e-7)
        assert result.max_weight[bool(clone)] == pytest.approx(own["weight"].max(), rel=1e-7)
        assert result.patients[bool(clone)] == own["id"].nunique()
        assert result.events[bool(clone)] == own["died"].sum()
    assert result.difference == result.risk1 - result.risk0
    assert result.ratio == result.risk1 / result.risk0
    hazard = cox(expected, "stop", "died", [], "clone", weights="weight", start="start", cluster="id")
    assert result.hazard.value == pytest.approx(hazard.value, rel=1e-6)
    assert result.hazard.upper == pytest.approx(hazard.upper, rel=1e-6)
    assert result.hazard.p_value == pytest.approx(hazard.p_value, rel=1e-4)


def test_the_hazard_ratio_without_weights_equals_lifelines(trial: Tables) -> None:
    patients, intervals = trial
    rows = clones(patients, intervals, weights="none").rows().drop(columns=["id", "weight"]).astype(float)
    fitted = CoxPHFitter().fit(rows, "stop", "died", entry_col="start")
    result = clone_censor_weight(patients, intervals, weights="none")
    assert np.log(result.hazard_ratio) == pytest.approx(fitted.params_["clone"], abs=1e-5)


def test_the_treatment_model_and_positivity_are_of_the_decision_points(trial: Tables) -> None:
    patients, intervals = trial
    points = intervals.merge(patients, on="id")
    starts = points["start_h"] // 6 == points["k"]
    coefficients = clones(patients, intervals, covariates=COVARIATES).weighting.model.natural
    assert list(coefficients) == [
        "(Intercept)",
        *(f"k={k}" for k in range(1, 8)),
        "age",
        "vent",
        "unit=medical",
        "unit=surgical",
        "severity",
    ]
    design = pd.get_dummies(points[["k", *COVARIATES]], columns=["k", "unit"], drop_first=True).astype(float)
    theirs = sm.GLM(starts.astype(float), sm.add_constant(design), family=sm.families.Binomial()).fit(tol=1e-13)
    assert coefficients["severity"] == pytest.approx(theirs.params["severity"], abs=1e-7)
    assert coefficients["(Intercept)"] == pytest.approx(theirs.params["const"], abs=1e-6)
    assert coefficients["unit=surgical"] == pytest.approx(theirs.params["unit_surgical"], abs=1e-7)
    positivity = clone_censor_weight(patients, intervals, covariates=COVARIATES).positivity
    for k, found in enumerate(positivity):
        here = points["k"] == k
        assert (found.k, found.rows, found.starts) == (k, here.sum(), starts[here].sum())
        assert found.share_below == pytest.approx((theirs.fittedvalues[here] < 0.01).mean())
    assert any(found.share_below > 0 for found in positivity)


def same(one: TrialResult, other: TrialResult) -> bool:
    """To the last digit."""
    return all(getattr(one, field.name) == getattr(other, field.name) for field in fields(TrialResult))


def test_order_index_and_names_of_patients_do_not_matter(trial: Tables) -> None:
    patients, intervals = trial
    result = clone_censor_weight(patients, intervals, covariates=COVARIATES)
    shuffled = patients.sample(frac=1, random_state=1), intervals.sample(frac=1, random_state=2)
    assert same(clone_censor_weight(*shuffled, covariates=COVARIATES), result)
    repeated = (patients.set_axis([3] * len(patients)), intervals.set_axis([3] * len(intervals)))
    assert same(clone_censor_weight(*repeated, covariates=COVARIATES), result)
    named = (
        patients.assign(id=patients["id"].map("stay {}".format)),
        intervals.assign(id=intervals["id"].map("stay {}".format)),
    )
    assert same(clone_censor_weight(*named, covariates=COVARIATES), result)
    assert same(clone_censor_weight(patients, intervals, covariates=COVARIATES[::-1]), result) is False  # last digits
    assert clone_censor_weight(patients, intervals, covariates=COVARIATES[::-1]).risk1 == pytest.approx(result.risk1)


def test_the_unit_of_time_does_not_matter(trial: Tables) -> None:
    patients, intervals = trial
    hours = clone_censor_weight(patients, intervals, covariates=COVARIATES)
    in_days = patients.assign(start_h=patients["start_h"] / 24, time_h=patients["time_h"] / 24)
    days = clone_censor_weight(in_days, intervals, 2, 0.25, COVARIATES, horizon_h=28)
    assert days.risk1 == pytest.approx(hours.risk1, rel=1e-12)
    assert days.hazard_ratio == pytest.approx(hours.hazard_ratio, rel=1e-9)


def test_a_start_counts_at_the_decision_of_its_interval(trial: Tables) -> None:
    patients, intervals = trial
    assert (patients["start_h"] % 6 > 0).any()
    on_grid = patients.assign(start_h=patients["start_h"] // 6 * 6)
    assert same(
        clone_censor_weight(on_grid, intervals, covariates=COVARIATES),
        clone_censor_weight(patients, intervals, covariates=COVARIATES),
    )


def test_rows_after_the_start_the_death_and_the_grace_period_are_not_used(trial: Tables) -> None:
    patients, intervals = trial
    kept = patients[patients["start_h"].notna() | patients["died"]]["id"]
    every = pd.DataFrame([(one, k, -99.0) for one in kept for k in range(20)], columns=["id", "k", "severity"])
    ends = every.merge(patients, on="id")
    beyond = every[((ends["start_h"] < 6 * ends["k"]) | (ends["time_h"] <= 6 * ends["k"]) | (ends["k"] > 7)).to_numpy()]
    stranger = pd.DataFrame({"id": [10_000], "k": [0], "severity": [1.0]})
    more = pd.concat([intervals, beyond, stranger], ignore_index=True)
    assert same(
        clone_censor_weight(patients, more, covariates=COVARIATES),
        clone_censor_weight(patients, intervals, covariates=COVARIATES),
    )


def test_who_left_alive_without_a_start_stays_in_both_clones() -> None:
    patients = pd.DataFrame(
        {
            "id": range(8),
            "start_h": [0, 6, None, None, None, None, 6, None],
            "time_h": [20, 20, 20, 20, 4, 20, 9, 11],
            "died": [False, False, False, False, True, False, True, True],
        }
    )
    # 2 leaves in the first interval, 7 too and dies outside; 3 and 5 stay and do not start
    rows = [(person, 0) for person in range(8)] + [(person, 1) for person in (1, 3, 5, 6)]
    intervals = pd.DataFrame(rows, columns=["id", "k"])
    clone = clones(patients, intervals, 12, 6, horizon_h=20).rows()
    ends = clone.groupby(["clone", "id"]).agg(stop=("stop", "max"), died=("died", "any"), weight=("weight", "last"))
    assert ends.loc[1, "stop"].to_dict() == {0: 20, 1: 20, 2: 20, 3: 6, 4: 4, 5: 6, 6: 9, 7: 11}
    assert ends.loc[0, "stop"].to_dict() == {1: 6, 2: 20, 3: 20, 4: 4, 5: 20, 6: 6, 7: 11}
    assert ends.loc[1, "died"].tolist() == [False] * 4 + [True, False, True, True]
    # of eight one starts at first, of four two then: 2 and 7 are not among those four
    assert ends.loc[1, "weight"].to_dict() == pytest.approx({0: 1, 1: 2, 2: 1, 3: 1, 4: 1, 5: 1, 6: 2, 7: 1})
    after = {1: 8 / 7, 2: 8 / 7, 3: 16 / 7, 4: 8 / 7, 5: 16 / 7, 6: 8 / 7, 7: 8 / 7}
    assert ends.loc[0, "weight"].to_dict() == pytest.approx(after)


def test_follow_up_ends_at_the_horizon_and_may_end_before_it(trial: Tables) -> None:
    patients, intervals = trial
    whole = clones(patients, intervals, covariates=COVARIATES).rows()
    curve = kaplan_meier(whole, "stop", "died", "clone", weights="weight", start="start")
    short = clone_censor_weight(patients, intervals, covariates=COVARIATES, horizon_h=200)
    for clone, risk in ((0, short.risk0), (1, short.risk1)):
        own = curve[(curve["group"] == clone) & (curve["time"] <= 200)]
        assert risk == pytest.approx(1 - own["survival"].iloc[-1])
    assert short.events[True] == (whole["died"] & (whole["stop"] <= 200) & (whole["clone"] == 1)).sum()
    lost = patients.assign(time_h=patients["time_h"].where(patients["died"] | (patients["id"] % 3 > 0), 300))
    assert 0 < clone_censor_weight(lost, intervals, covariates=COVARIATES).risk0 < 1
    nobody = patients.assign(time_h=patients["time_h"].clip(upper=600))
    with pytest.raises(NotEstimable, match="nobody who follows the strategy not to start is followed beyond hour 600"):
        clone_censor_weight(nobody, intervals, covariates=COVARIATES)


def test_times_that_differ_from_the_grid_by_rounding_are_on_it(trial: Tables) -> None:
    patients, intervals = trial
    noise = 1 + np.random.default_rng(1).choice([-1e-13, 0, 1e-13], len(patients))
    shaken = patients.assign(time_h=patients["time_h"] * noise, start_h=patients["start_h"] * noise)
    one = clone_censor_weight(shaken, intervals, covariates=COVARIATES)
    other = clone_censor_weight(patients, intervals, covariates=COVARIATES)
    assert one.events == other.events
    assert one.risk1 == pytest.approx(other.risk1, rel=1e-9)


def test_where_the_drug_does_nothing_clones_find_nothing_and_the_published_design_does(make_trial: object) -> None:
    patients, intervals = make_trial(6000, seed=11)  # type: ignore[operator]
    weighted = clone_censor_weight(patients, intervals, covariates=COVARIATES)
    biased = published(patients, minimum_stay_h=None).result()
    assert abs(weighted.difference) < 0.04
    assert biased.difference < -0.12


def test_the_restricted_mean_is_the_area_between_the_curves(trial: Tables) -> None:
    patients, intervals = trial
    rows = clones(patients, intervals, covariates=COVARIATES).rows()
    curves = kaplan_meier(rows, "stop", "died", "clone", weights="weight", start="start")
    for horizon in (672, 300.5):
        means = []
        for _, curve in curves[curves["time"] <= horizon].groupby("group"):
            means.append(float(np.diff([*curve["time"], horizon]) @ curve["survival"]))
        result = clone_censor_weight(patients, intervals, covariates=COVARIATES, horizon_h=horizon)
        assert result.restricted_mean_difference == pytest.approx(means[1] - means[0])


def test_another_grid(trial: Tables) -> None:
    patients, intervals = trial
    other = clones(patients, intervals[intervals["k"] < 4], 24, 6, COVARIATES)
    assert len(other.result().positivity) == 4
    with pytest.raises(ValueError, match="no multiple of 7 h"):
        clones(patients, intervals, 48, 7)
    with pytest.raises(ValueError, match="does not hold"):
        clones(patients, intervals, 48, 6, horizon_h=48)
