"""Reading the five marts: all of them, none, some; what cannot be a mart of ours; the tables that estimators take."""

from collections.abc import Callable
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pytest

from analysis_py.marts.build_record import NO_RECORD
from analysis_py.marts.errors import StudyError
from analysis_py.marts.trial import TRIAL_MARTS, TrialMarts, read_trial, type_trial
from analysis_py.statistics.errors import NotEstimable
from analysis_py.study.levels import OTHER
from analysis_py.study.read_marts import TRIAL_NEEDED
from analysis_py.study.trial.definitions import Definitions
from analysis_py.study.trial.frames import make_frames
from analysis_py.study.variables import DEATH_28D, DEATH_28D_ANYWHERE

Frames = dict[str, pd.DataFrame]
MakeMarts = Callable[..., Frames]
DEFAULT = Definitions.of(NO_RECORD)
DRUG = "dexmedetomidine"


class Reader:
    """A connection to the tables that it is given; the record of the build says whether it made the trial."""

    def __init__(self, tables: Frames, made: int | None = None) -> None:
        self.tables, self.made = tables, made

    def execute(self, query: Any) -> Any:
        text = query.as_string(None)
        if "build_model" in text:
            if self.made is None:
                raise psycopg.errors.UndefinedTable("no build_model")
            return SimpleNamespace(fetchone=lambda: (self.made,))
        name = next(mart for mart in TRIAL_MARTS if f'"{mart}"' in text)
        if name not in self.tables:
            raise psycopg.errors.UndefinedTable(name)
        table = self.tables[name]
        columns = [SimpleNamespace(name=column) for column in table.columns]
        return SimpleNamespace(description=columns, fetchall=lambda: list(table.itertuples(index=False, name=None)))

    def transaction(self) -> Any:
        return nullcontext()


def typed(frames: Frames) -> TrialMarts:
    return type_trial(frames, "dexsic", TRIAL_NEEDED)


@pytest.fixture
def marts(make_marts: MakeMarts) -> Frames:
    return make_marts(120)


@pytest.mark.parametrize("made", [None, 1])
def test_all_five_are_read_and_typed(marts: Frames, made: int | None) -> None:
    found = read_trial(Reader(marts, made), "dexsic")
    assert found is not None
    read = typed(found)
    assert read.baseline["age_years"].dtype == float
    assert read.baseline["care_unit"].cat.categories.tolist() == ["cardiac", "medical", "surgical"]
    assert read.outcomes[DEATH_28D].dtype == bool
    assert read.intervals.index.names == ["stay_id", "k"]
    assert len(read.intervals) == len(marts["trial_interval"])


def test_a_build_without_the_trial_is_none_even_where_an_earlier_one_left_its_marts(marts: Frames) -> None:
    assert read_trial(Reader({}), "dexsic") is None
    assert read_trial(Reader(marts, made=0), "dexsic") is None


def test_some_of_the_marts_are_an_error_that_names_one_that_is_absent(marts: Frames) -> None:
    del marts["trial_interval"]
    with pytest.raises(StudyError, match="trial_interval is not there"):
        read_trial(Reader(marts), "dexsic")


@pytest.mark.parametrize(
    ("mart", "change", "message"),
    [
        ("trial_baseline", lambda frame: frame.drop(columns="rass"), "trial_baseline lacks rass"),
        ("trial_interval", lambda frame: frame.drop(columns="k"), "trial_interval lacks k"),
        ("trial_interval", lambda frame: pd.concat([frame, frame.head(1)]), "more than once"),
        ("trial_outcomes", lambda frame: frame.assign(followup_28d_h=-1.0), "followup_28d_h is negative"),
        ("trial_outcomes", lambda frame: frame.iloc[1:], "not about the stays"),
        ("trial_baseline", lambda frame: frame.assign(code_status="unknown"), "code_status holds"),
        ("trial_flow", lambda frame: frame.drop(columns="rule"), "trial_flow lacks rule"),
    ],
)
def test_marts_that_cannot_be_ours_are_refused(
    marts: Frames, mart: str, change: Callable[[pd.DataFrame], pd.DataFrame], message: str
) -> None:
    with pytest.raises(StudyError, match=message):
        typed(marts | {mart: change(marts[mart])})


def test_starts_of_another_grid_are_refused(marts: Frames) -> None:
    wrong = marts["trial_interval"].assign(starts=False)
    with pytest.raises(StudyError, match="do not agree on who starts when"):
        make_frames(typed(marts | {"trial_interval": wrong}), DEFAULT, DRUG, 1)


def test_what_was_never_measured_has_a_flag_and_the_value_imputed_at_time_zero(marts: Frames) -> None:
    frames = make_frames(typed(marts), DEFAULT, DRUG, 1)
    raw = marts["trial_interval"]["pao2fio2_mmhg"]
    intervals, patients = frames.intervals, frames.patients.set_index("id")
    assert intervals["pao2fio2_mmhg_missing"].tolist() == raw.isna().tolist()
    assert raw.isna().any()
    gaps = intervals[intervals["pao2fio2_mmhg_missing"]]
    assert gaps["pao2fio2_mmhg_now"].tolist() == patients.loc[gaps["id"], "pao2fio2_mmhg"].tolist()
    assert intervals["pao2fio2_mmhg_now"][raw.notna()].tolist() == raw.dropna().tolist()
    assert not frames.patients[list(frames.baseline)].isna().any(axis=None)
    assert "heart_rate_bpm_missing" not in intervals
    assert set(frames.treatment) <= {*intervals.columns, *frames.patients.columns}


def test_where_time_zero_does_not_know_it_either_the_median_is_taken(marts: Frames) -> None:
    interval = marts["trial_interval"].copy()
    interval.loc[interval["k"] == 1, "propofol_mcg_kg_min"] = np.nan  # at time zero it is yes or no, not a rate
    frames = make_frames(typed(marts | {"trial_interval": interval}), DEFAULT, DRUG, 1)
    gaps = frames.intervals["propofol_mcg_kg_min_missing"]
    assert set(frames.intervals.loc[gaps, "propofol_mcg_kg_min_now"]) == {interval["propofol_mcg_kg_min"].median()}


def test_current_values_take_the_place_of_those_at_time_zero_in_the_model_of_treatment(marts: Frames) -> None:
    frames = make_frames(typed(marts), DEFAULT, DRUG, 1)
    for now, then in (("is_ventilated_now", "ventilation"), ("sofa_24h_now", "sofa_score"), ("rass_now", "rass")):
        assert now in frames.treatment and then not in frames.treatment
        assert then in frames.baseline
    assert {"age_years", "tumor", "glucose_mg_dl"} <= set(frames.treatment)
    assert "vasopressin" not in frames.baseline  # in no model, as in Table 1


def test_an_exposure_is_not_adjusted_for_itself(marts: Frames) -> None:
    frames = make_frames(typed(marts), DEFAULT, "propofol", 1)
    assert not [name for name in (*frames.baseline, *frames.treatment) if name.startswith("propofol")]


def test_rare_levels_of_open_lists_are_one_and_columns_without_a_value_are_in_no_model(marts: Frames) -> None:
    baseline = marts["trial_baseline"].assign(lactate_mmol_l=np.nan)
    interval = marts["trial_interval"].assign(lactate_mmol_l=np.nan)
    frames = make_frames(typed(marts | {"trial_baseline": baseline, "trial_interval": interval}), DEFAULT, DRUG, 1)
    assert not [name for name in (*frames.baseline, *frames.treatment) if name.startswith("lactate")]
    rare = (marts["trial_baseline"]["admission_type"].value_counts() < 10).sum()
    assert (OTHER in set(frames.patients["admission_type"])) == bool(rare)
    assert "ELECTIVE" not in set(frames.patients["admission_type"])


def test_each_outcome_has_its_own_follow_up(marts: Frames) -> None:
    read = typed(marts)
    frames = make_frames(read, DEFAULT, DRUG, 1)
    for outcome, hours in ((DEATH_28D, "followup_28d_h"), (DEATH_28D_ANYWHERE, "followup_28d_any_h")):
        patients = frames.of(outcome, read.outcomes).set_index("id")
        assert patients["time_h"].tolist() == read.outcomes[hours].tolist()
        assert patients["died"].tolist() == read.outcomes[outcome].tolist()


def test_nobody_eligible_is_a_reason(marts: Frames) -> None:
    none = {name: frame.iloc[:0] for name, frame in marts.items() if name != "trial_flow"}
    empty = marts | none
    with pytest.raises(NotEstimable, match="nobody is eligible"):
        make_frames(typed(empty), DEFAULT, DRUG, 1)
