"""The extended adjustment: levels joined, gaps filled after the paper's, and the paper's numbers untouched."""

import numpy as np
import pandas as pd
import pytest

from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.propensity import fit_propensity
from analysis_py.study.analyses.cohorts import Completed, complete_cohort
from analysis_py.study.analyses.extended import complete_extended
from analysis_py.study.levels import with_common_levels, with_neighbouring_levels
from analysis_py.study.read_marts import type_cohort, type_extended
from analysis_py.study.variables import (
    BY_NAME,
    EXTENDED,
    EXTENDED_COVARIATES,
    PROPENSITY_COVARIATES,
    TABLE_ONE,
    TREATMENT,
    tells_exposure,
)

NAMES = [variable.name for variable in EXTENDED]


@pytest.fixture
def extended(marts: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return type_extended(marts["baseline_extended"], "dexsic.baseline_extended")


@pytest.fixture
def completed(cohort: pd.DataFrame) -> Completed:
    return complete_cohort(type_cohort(cohort, "dexsic.analysis_cohort"), 2, 2, 3)


def test_the_extended_list_is_what_the_trial_knows_and_table_1_does_not() -> None:
    wanted = {"care_unit", "year_group", "admission_type", "lactate_mmol_l", "pao2fio2_mmhg", "rass", "gcs"}
    assert set(NAMES) == wanted | {"norepinephrine_equivalent_mcg_kg_min", "code_status"}
    assert (*PROPENSITY_COVARIATES, *NAMES) == EXTENDED_COVARIATES
    assert not set(NAMES) & {variable.name for variable in TABLE_ONE}
    assert set(NAMES) <= BY_NAME.keys()


@pytest.mark.parametrize("drug", ["norepinephrine", "epinephrine", "vasopressin", "phenylephrine", "dopamine"])
def test_a_drug_that_the_equivalent_counts_is_told_by_it(drug: str) -> None:
    assert tells_exposure(drug, EXTENDED) == ("norepinephrine_equivalent_mcg_kg_min",)


def test_the_papers_columns_stay_and_the_others_come_without_a_gap(
    completed: Completed, extended: pd.DataFrame
) -> None:
    wide = complete_extended(completed, extended, 3)
    assert wide.unusable == completed.unusable
    for before, after in zip(completed.copies, wide.copies, strict=True):
        pd.testing.assert_frame_equal(after[before.columns], before)
        assert list(after.columns) == [*before.columns, *NAMES]
        assert not after[NAMES].isna().any(axis=None)
        known = extended.loc[before.index]
        for name in ("rass", "gcs", "pao2fio2_mmhg", "lactate_mmol_l"):
            there = known[name].notna()
            assert not there.all()
            assert (after.loc[there, name] == known.loc[there, name]).all()
            assert set(after.loc[~there, name]) <= set(known.loc[there, name])  # a donor's


def test_every_copy_has_draws_of_its_own(completed: Completed, extended: pd.DataFrame) -> None:
    same = Completed((completed.copies[0],) * 2, completed.trace, completed.unusable)
    first, second = (copy["lactate_mmol_l"] for copy in complete_extended(same, extended, 3).copies)
    assert (first != second).any()


def test_the_same_seed_gives_the_same_on_any_number_of_processes_and_another_seed_another(
    completed: Completed, extended: pd.DataFrame
) -> None:
    one, two, other = (
        complete_extended(completed, extended, seed, processes=processes).copies[1]
        for seed, processes in ((3, 1), (3, 2), (4, 1))
    )
    pd.testing.assert_frame_equal(one, two)
    assert (one["lactate_mmol_l"] != other["lactate_mmol_l"]).any()


def test_what_a_copy_says_of_table_1_treatment_and_outcome_predicts_the_gaps(
    completed: Completed, extended: pd.DataFrame
) -> None:
    # lactate as SOFA or the outcome tells it to the digit: what is drawn must be told by it, too
    stays = completed.copies[0].index
    by_score = completed.copies[0]["sofa_score"] / 2
    by_death = completed.copies[0]["died_28d_hospital"] * 10.0
    for truth in (by_score, by_death):
        gaps = np.random.default_rng(1).random(len(stays)) < 0.3
        told = extended.loc[stays].assign(lactate_mmol_l=truth.mask(gaps))
        drawn = complete_extended(completed, told, 3).copies[0]["lactate_mmol_l"]
        assert np.corrcoef(drawn[gaps], truth[gaps])[0, 1] > 0.99


def test_what_has_no_value_or_tells_the_exposure_is_in_no_copy(completed: Completed, extended: pd.DataFrame) -> None:
    wide = complete_extended(completed, extended.assign(rass=np.nan), 3, held_out=("code_status",))
    assert wide.unusable == (*completed.unusable, "code_status", "rass")
    assert not {"rass", "code_status"} & set(wide.copies[0].columns)


def test_without_gaps_nothing_is_drawn(completed: Completed, extended: pd.DataFrame) -> None:
    full = extended.fillna(dict.fromkeys(("rass", "gcs", "pao2fio2_mmhg", "lactate_mmol_l"), 2.0))
    one, other = (complete_extended(completed, full, seed).copies[0] for seed in (3, 4))
    pd.testing.assert_frame_equal(one, other)


def test_a_stay_without_a_row_is_refused(completed: Completed, extended: pd.DataFrame) -> None:
    short = extended.drop(index=completed.copies[0].index[:2])
    with pytest.raises(NotEstimable, match="2 stays of the cohort have no row of the extended covariates"):
        complete_extended(completed, short, 3)


def test_a_propensity_score_of_all_is_another_than_the_papers(completed: Completed, extended: pd.DataFrame) -> None:
    copy = complete_extended(completed, extended, 3).copies[0]
    paper = fit_propensity(copy, TREATMENT, PROPENSITY_COVARIATES)
    wide = fit_propensity(copy, TREATMENT, EXTENDED_COVARIATES)
    assert (paper - wide).abs().max() > 0.001


def test_one_word_in_several_spellings_is_one_level() -> None:
    spelled = ["URGENT"] * 8 + ["urgent ", "Urgent"] + ["EW EMER."] * 10 + [None]
    data = pd.DataFrame({"admission_type": spelled})
    common = with_common_levels(data, [BY_NAME["admission_type"]])
    assert common["admission_type"].value_counts().to_dict() == {"URGENT": 10, "EW EMER.": 10}
    assert common["admission_type"].isna().sum() == 1


def test_rare_levels_of_open_lists_become_one_and_of_code_status_the_one_before() -> None:
    variables = [BY_NAME["care_unit"], BY_NAME["code_status"]]
    data = pd.DataFrame(
        {
            "care_unit": ["MICU"] * 10 + ["SICU"] * 9 + ["CCU"] * 9 + [None] * 2,
            "code_status": pd.Categorical(
                ["full"] * 11 + ["limited"] * 10 + ["comfort"] * 9, ["full", "limited", "comfort"]
            ),
        }
    )
    common = with_common_levels(data, variables)
    assert common["care_unit"].value_counts().to_dict() == {"other": 18, "MICU": 10}
    assert common["care_unit"].isna().sum() == 2
    pd.testing.assert_series_equal(common["code_status"], data["code_status"])
    joined = with_neighbouring_levels(data, variables)
    assert joined["code_status"].value_counts().to_dict() == {"limited": 19, "full": 11, "comfort": 0}
    few = with_neighbouring_levels(data.iloc[:27].drop(index=range(11, 18)), variables)  # 3 limited, 6 comfort
    assert few["code_status"].value_counts().to_dict() == {"full": 20, "limited": 0, "comfort": 0}
    enough = with_neighbouring_levels(data.iloc[:28].drop(index=range(11, 18)), variables)  # 3 and 7 are ten together
    assert enough["code_status"].value_counts().to_dict() == {"limited": 10, "full": 11, "comfort": 0}
