"""Subgroups, exposure, screening, overlap and robustness on cohorts where the answer is known."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from analysis_py.statistics.diagnostics import preference_score
from analysis_py.statistics.errors import NotEstimable
from analysis_py.study.analyses.cohorts import complete_cohort, cumulative_hazard, match_cohort
from analysis_py.study.analyses.describe import describe
from analysis_py.study.analyses.effects import e_values, outcome_models
from analysis_py.study.analyses.exposure import EXPOSURES, bend, exposure_rows, spline_curve
from analysis_py.study.analyses.overlap import overlap_rows
from analysis_py.study.analyses.pooling import pooled
from analysis_py.study.analyses.robustness import distinct_cohorts, of_cohort, variant
from analysis_py.study.analyses.screening import screening_rows
from analysis_py.study.analyses.subgroups import strata_of, subgroup_rows
from analysis_py.study.read_marts import type_cohort
from analysis_py.study.readings import FOLLOW_UP_DISCHARGE, HEPARIN_READINGS, READINGS, SCORES, SIC_READINGS
from analysis_py.study.variables import BY_NAME, SUBGROUPS, TABLE_ONE

MakeCohort = Callable[..., pd.DataFrame]


@pytest.fixture
def full(make_cohort: MakeCohort) -> pd.DataFrame:
    return complete_cohort(type_cohort(make_cohort(2500), "mart"), 1, 2, 1).copies[0]


def test_gaps_are_filled_but_values_stay(make_cohort: MakeCohort) -> None:
    typed = type_cohort(make_cohort(300), "mart")
    completed = complete_cohort(typed, 2, 2, 1)
    for copy in completed.copies:
        assert not copy[[variable.name for variable in TABLE_ONE]].isna().any().any()
        known = typed["weight_kg"].notna()
        assert (copy.loc[known, "weight_kg"] == typed.loc[known, "weight_kg"]).all()
    # the exposure of untreated stays is no gap
    assert completed.copies[0]["exposure_duration_h"].isna().sum() == (~typed["treated"]).sum()


def test_cumulative_hazard_by_hand() -> None:
    hazard = cumulative_hazard(pd.Series([1.0, 2, 2, 3]), pd.Series([True, True, False, True]))
    assert hazard.tolist() == pytest.approx([1 / 4, 1 / 4 + 1 / 3, 1 / 4 + 1 / 3, 1 / 4 + 1 / 3 + 1])


def test_pairs_hold_one_of_each(full: pd.DataFrame) -> None:
    matched = match_cohort(full).data
    assert matched.groupby("pair")["treated"].agg(list).map(sorted).map(tuple).unique().tolist() == [(False, True)]


def test_strata_of_a_subgroup_add_up_and_lie_on_the_right_side() -> None:
    data = pd.DataFrame({"age_years": [59.9, 60.0, 60.1], "is_female": [True, False, True]})
    assert strata_of(SUBGROUPS[0], data).tolist() == ["≤60", "≤60", ">60"]
    assert strata_of(SUBGROUPS[1], data).tolist() == ["Female", "Male", "Female"]


def test_an_interaction_that_was_planted_is_found(full: pd.DataFrame) -> None:
    random = np.random.default_rng(0)
    effect = np.where(full["diabetes"], 1.0, -1.0) * full["treated"]
    time = random.exponential(40 / np.exp(effect))
    data = full.assign(died_28d_hospital=time <= 28, followup_28d_days=np.minimum(time, 28))
    tests = {row.term: row.p_value for row in subgroup_rows(data, "full", ()) if row.measure.startswith("interaction")}
    assert tests["diabetes"] is not None and tests["diabetes"] < 1e-6
    assert sum(p is not None and p < 0.05 for name, p in tests.items() if name != "diabetes") <= 2


def test_a_subgroup_of_nobody_is_stated(full: pd.DataFrame) -> None:
    rows = subgroup_rows(full[full["ethnicity"] != "black"], "full", ())
    black = next(row for row in rows if row.level == "Black")
    assert (black.n, black.estimate) == (0, None)
    assert black.note.startswith("not estimable")
    interaction = next(row for row in rows if row.term == "ethnicity" and row.measure.startswith("interaction"))
    assert interaction.p_value is not None


def test_exposure_classes_at_their_boundaries() -> None:
    duration, dose, tertiles = EXPOSURES
    data = pd.DataFrame({"treated": [True] * 6 + [False], "exposure_duration_h": [4, 24, 24.1, 48, 48.1, 90, np.nan]})
    assert duration.classes(data).tolist() == ["4–24", "4–24", "24–48", "24–48", ">48", ">48", "none"]
    data["exposure_mean_rate_48h"] = [0.1, 0.4739, 0.474, 0.71, 0.7101, 1, np.nan]
    assert dose.classes(data).tolist() == ["<0.474"] * 2 + ["0.474–0.710"] * 2 + [">0.710"] * 2 + ["none"]
    assert tertiles.classes(data).value_counts().tolist() == [2, 2, 2, 1]
    with pytest.raises(NotEstimable, match="missing in treated stays"):
        dose.classes(data.assign(exposure_mean_rate_48h=np.nan))


def test_a_dose_response_that_was_planted_is_found(full: pd.DataFrame) -> None:
    random = np.random.default_rng(0)
    dose = full["exposure_mean_rate_48h"].fillna(0)
    time = random.exponential(40 * np.exp(2 * dose))
    data = full.assign(died_28d_hospital=time <= 28, followup_28d_days=np.minimum(time, 28))
    rows = [row for row in exposure_rows(data, "full", ()) if row.analysis == "exposure_dose" and row.measure == "HR"]
    ratios = [row.estimate for row in rows if row.model == "model 3" and row.level in EXPOSURES[1].labels]
    assert ratios == sorted(ratios, reverse=True)
    trend = next(row for row in rows if row.model == "model 3" and row.level == "trend among users")
    assert trend.p_value is not None and trend.p_value < 0.01
    curve = spline_curve(data, "exposure_mean_rate_48h", ())
    assert curve["hazard_ratio"].iloc[0] > 1
    assert curve["hazard_ratio"].iloc[-1] < curve["hazard_ratio"].iloc[0]
    assert (curve["lower"] <= curve["hazard_ratio"]).all()


def test_the_spline_is_straight_beyond_its_knots() -> None:
    knots = np.array([1.0, 2.0, 4.0])
    assert bend(np.array([0.0, 0.5, 1.0]), knots).tolist() == [0, 0, 0]
    beyond = bend(np.array([5.0, 6.0, 7.0]), knots)
    assert np.diff(beyond, 2) == pytest.approx([0], abs=1e-9)


def test_screening_finds_severity(full: pd.DataFrame) -> None:
    rows = screening_rows(full, "full", TABLE_ONE)
    sofa = next(row for row in rows if row.term == "sofa_score")
    assert sofa.p_value is not None and sofa.p_value < 0.001
    assert [row.level for row in rows if row.term == "ethnicity"] == ["black", "other", ""]


def test_preference_score_is_one_half_where_propensity_is_the_share_treated() -> None:
    propensity = pd.Series([0.2, 0.5, 1.0, 0.0, 0.2])
    treated = pd.Series([True, False, False, False, False])
    assert preference_score(propensity, treated).tolist() == pytest.approx([0.5, 0.8, 1, 0, 0.5])


def test_equipoise_counts_both_groups(full: pd.DataFrame) -> None:
    rows = overlap_rows(full, match_cohort(full).propensity)
    assert [row.cohort for row in rows] == ["full control", "full treated"]
    assert all(row.estimate is not None and 0 < row.estimate < 100 for row in rows)


def test_a_caliper_that_nobody_meets_is_stated(full: pd.DataFrame) -> None:
    rows = variant(full, "tiny", (), 0.0, "raw")
    assert {row.note for row in rows} == {"not estimable: no treated stay has a control within the caliper"}


def test_a_reading_that_leaves_nobody_is_stated(full: pd.DataFrame) -> None:
    stays = full.assign(
        **dict.fromkeys(SIC_READINGS, True),
        **dict.fromkeys(HEPARIN_READINGS, False),
        **dict.fromkeys(SCORES, full["sic_score"]),
        **{FOLLOW_UP_DISCHARGE: full["followup_28d_days"]},
    ).assign(is_sic_strict=False)
    cohorts, kept_by = distinct_cohorts(stays)
    assert list(kept_by) == [reading.label for reading in READINGS]
    strict = of_cohort(cohorts[kept_by["SIC: strict"]], 1)
    assert len(strict) == 12 and {row.note for row in strict} == {"not estimable: nobody is in the cohort"}
    rows = of_cohort(cohorts[kept_by["follow-up to discharge"]], 1)
    assert all(row.estimate is not None for row in rows)


def test_pooling_equal_copies_gives_the_single_estimate(full: pd.DataFrame) -> None:
    single = next(row for row in outcome_models(full, "full", ()) if row.model == "model 3")
    both = next(row for row in pooled([full, full], "full", ()) if row.model == "model 3")
    assert both.estimate == pytest.approx(single.estimate)
    assert both.upper == pytest.approx(single.upper, rel=1e-3)


def test_durations_are_those_of_users_only(full: pd.DataFrame) -> None:
    rows = describe(full, [BY_NAME["vasopressor_h"]], "outcomes", "full")
    used = full.loc[full["vasopressor_h"] > 0]
    assert [row.n for row in rows] == [int((~used["treated"]).sum()), int(used["treated"].sum())]


def test_e_values_follow_the_models(full: pd.DataFrame) -> None:
    rows = e_values(outcome_models(full, "full", ()))
    assert {row.level for row in rows} == {"point", "limit"}
    assert all(row.estimate is not None and row.estimate >= 1 for row in rows)
