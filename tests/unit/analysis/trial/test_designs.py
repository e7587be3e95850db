"""The rivals of the clones, against the models that they are."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.estimate import Estimate
from analysis_py.statistics.propensity import fit_propensity, match_nearest
from analysis_py.statistics.survival import cox, kaplan_meier
from analysis_py.statistics.trial import TrialResult, landmark, published, sequential_trials, time_dependent_cox

BASELINE = ["age", "vent", "unit"]
Tables = tuple[pd.DataFrame, pd.DataFrame]


def agree(result: TrialResult, estimate: Estimate) -> bool:
    """Value, both limits, rows and events."""
    ours, theirs = result.hazard, estimate
    assert (ours.n, ours.events) == (theirs.n, theirs.events)
    return np.allclose([ours.value, ours.lower, ours.upper], [theirs.value, theirs.lower, theirs.upper], rtol=1e-6)


def risks(data: pd.DataFrame, hour: float, weights: str | None = None) -> list[float]:
    curves = kaplan_meier(data, "stop", "died", "treated", weights)
    return [1 - own.loc[own["time"] <= hour, "survival"].iloc[-1] for _, own in curves.groupby("group", sort=True)]


def test_the_landmark_is_of_those_alive_by_what_they_had_started(trial: Tables) -> None:
    patients, _ = trial
    alive = patients[patients["time_h"] > 48].assign(stop=lambda data: data["time_h"] - 48)
    alive["treated"] = alive["start_h"] < 48
    assert (alive["start_h"] >= 48).any()  # later starters are untreated
    crude = landmark(patients).result()
    assert [crude.risk0, crude.risk1] == pytest.approx(risks(alive, 624))
    assert agree(crude, cox(alive, "stop", "died", [], "treated"))
    assert crude.ess == {arm: float((alive["treated"] == arm).sum()) for arm in (True, False)}
    adjusted = landmark(patients, covariates=BASELINE, adjustment="adjusted").result()
    assert agree(adjusted, cox(alive, "stop", "died", BASELINE, "treated"))
    assert np.isnan([adjusted.risk0, adjusted.risk1, adjusted.difference, adjusted.ratio]).all()
    propensity = fit_propensity(alive, "treated", BASELINE)
    alive["weight"] = 1 / np.where(alive["treated"], propensity, 1 - propensity)
    weighted = landmark(patients, covariates=BASELINE, adjustment="weighted").result()
    assert [weighted.risk0, weighted.risk1] == pytest.approx(risks(alive, 624, "weight"))
    assert agree(weighted, cox(alive, "stop", "died", [], "treated", weights="weight"))
    assert weighted.max_weight[True] == pytest.approx(alive.loc[alive["treated"], "weight"].max())
    capped = landmark(patients, covariates=BASELINE, adjustment="weighted", cap=1.5).result()
    assert [capped.risk0, capped.risk1] == pytest.approx(
        risks(alive.assign(weight=alive["weight"].clip(upper=1.5)), 624, "weight")
    )


def test_the_time_dependent_model_is_of_rows_that_switch_at_the_start(trial: Tables) -> None:
    patients, _ = trial
    rows = []
    for person in patients.to_dict("records"):
        switch = min(person["start_h"], person["time_h"]) if person["start_h"] >= 0 else person["time_h"]
        if switch > 0:
            ends = switch == person["time_h"]
            rows.append({**person, "begin": 0, "stop": switch, "died": person["died"] and ends, "treated": False})
        if switch < person["time_h"]:
            rows.append({**person, "begin": switch, "stop": person["time_h"], "treated": True})
    expected = cox(pd.DataFrame(rows), "stop", "died", BASELINE, "treated", start="begin")
    result = time_dependent_cox(patients, BASELINE).result()
    assert np.log(result.hazard_ratio) == pytest.approx(np.log(expected.value), abs=1e-8)
    assert result.hazard.upper == pytest.approx(expected.upper, rel=1e-6)
    assert result.events[True] + result.events[False] == patients["died"].sum()
    # a start beyond the horizon is none
    late = patients.assign(
        start_h=patients["start_h"].where(patients["start_h"].notna() | (patients["time_h"] < 401), 400)
    )
    early = late.assign(start_h=late["start_h"].where(late["start_h"] < 300))
    cut = [time_dependent_cox(data, BASELINE, horizon_h=300).result().hazard_ratio for data in (late, early)]
    assert cut[0] == cut[1]


def test_a_trial_begins_at_each_decision_by_intention_to_treat(trial: Tables) -> None:
    patients, intervals = trial
    covariates = [*BASELINE, "severity"]
    points = intervals.merge(patients, on="id").assign(point=lambda data: data["k"].astype(str))
    points["treated"] = points["start_h"] // 6 == points["k"]
    points["stop"] = points["time_h"] - 6 * points["k"]
    propensity = fit_propensity(points, "treated", [*covariates, "point"])
    points["weight"] = 1 / np.where(points["treated"], propensity, 1 - propensity)
    result = sequential_trials(patients, intervals, covariates=covariates).result()
    assert [result.risk0, result.risk1] == pytest.approx(risks(points, 672 - 42, "weight"), rel=1e-6)
    assert agree(result, cox(points, "stop", "died", [], "treated", weights="weight", cluster="id"))
    assert result.patients == {True: points["treated"].sum(), False: (~points["treated"]).sum()}
    assert result.ess[False] == pytest.approx(
        points.loc[~points["treated"], "weight"].sum() ** 2 / (points.loc[~points["treated"], "weight"] ** 2).sum()
    )
    assert [found.rows for found in result.positivity] == points.groupby("k").size().tolist()
    assert sequential_trials(patients, intervals, covariates=covariates, cap=3).result().max_weight[True] == 3


def test_the_published_groups_are_made_by_the_future(trial: Tables) -> None:
    patients = trial[0].sort_values("id", key=lambda values: values.astype(str))  # by which ties of distance are broken
    stayed = patients[patients["icu_end_h"] >= 48]
    treated = (stayed["start_h"] < 48) & (stayed["duration_h"] >= 4)
    kept = stayed[treated | stayed["start_h"].isna()].assign(treated=treated, stop=stayed["time_h"])
    assert len(kept) < len(stayed) < len(patients)
    crude = published(patients).result()
    assert [crude.risk0, crude.risk1] == pytest.approx(risks(kept, 672))
    assert agree(crude, cox(kept, "stop", "died", [], "treated"))
    adjusted = published(patients, covariates=BASELINE, adjustment="adjusted").result()
    assert agree(adjusted, cox(kept, "stop", "died", BASELINE, "treated"))
    everybody = published(patients, minimum_stay_h=None, minimum_duration_h=None).result()
    assert everybody.patients[True] == (patients["start_h"] < 48).sum()
    assert everybody.patients[False] == patients["start_h"].isna().sum()

    propensity = fit_propensity(kept, "treated", BASELINE)
    pairs = match_nearest(propensity, kept["treated"])
    matched = kept.loc[pairs.to_numpy().T.ravel()].assign(pair=np.tile(np.arange(len(pairs)), 2))
    result = published(patients, covariates=BASELINE, adjustment="matched").result()
    assert [result.risk0, result.risk1] == pytest.approx(risks(matched, 672))
    assert agree(result, cox(matched, "stop", "died", [], "treated", cluster="pair"))


def test_an_arm_without_deaths_has_risks_and_no_hazard_ratio(trial: Tables) -> None:
    patients, _ = trial
    spared = patients.assign(died=patients["died"] & ~(patients["start_h"] < 48))
    spared["time_h"] = spared["time_h"].where(spared["died"], 672)
    crude = landmark(spared).result()
    assert (crude.risk1, crude.ratio) == (0, 0)
    assert crude.risk0 > 0
    assert np.isnan(crude.hazard_ratio)
    with pytest.raises(NotEstimable, match="one arm has no deaths"):
        landmark(spared, covariates=["age"], adjustment="adjusted").result()
    nobody = landmark(spared.assign(died=False)).result()
    assert (nobody.risk0, nobody.difference) == (0, 0)
    assert np.isnan(nobody.ratio)
    reverse = landmark(spared.assign(start_h=spared["start_h"].isna().map({True: 0, False: None}))).result()
    assert (reverse.risk0 > 0) == (reverse.ratio < np.inf)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda patients: landmark(patients.assign(start_h=np.nan)), "there are no treated patients"),
        (lambda patients: landmark(patients.assign(start_h=0)), "there are no untreated patients"),
        (lambda patients: landmark(patients.assign(time_h=40, start_h=np.nan)), "there are no"),
        (lambda patients: published(patients, minimum_stay_h=1e6), "there are no treated patients"),
        (lambda patients: published(patients.drop(columns="icu_end_h")), "column icu_end_h is not in the data"),
        (lambda patients: time_dependent_cox(patients.assign(start_h=np.nan)), "there are no treated rows"),
        (lambda patients: time_dependent_cox(patients.assign(died=False)), "no events"),
        (lambda patients: time_dependent_cox(patients, ["severity"]), "column severity is not in the data"),
        (lambda patients: landmark(patients, covariates=["age"], adjustment="other"), "adjustment must be one of"),
    ],
)
def test_what_is_not_estimable_is_named(trial: Tables, call: object, message: str) -> None:
    with pytest.raises((NotEstimable, ValueError), match=message):
        call(trial[0])  # type: ignore[operator]


def test_a_hazard_ratio_knows_its_interval(trial: Tables) -> None:
    result = replace(landmark(trial[0]).result(), hazard_ratio=0.5, log_hazard_ratio_se=0.1)
    assert result.hazard.lower == pytest.approx(0.5 * np.exp(-0.1959964))
    assert result.hazard.p_value == pytest.approx(4.17e-12, rel=1e-2)
