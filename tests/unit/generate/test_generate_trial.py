"""The trial's data set: what is decided is known, what is known is charted, and no more than that."""

from functools import cache

import numpy as np
import pytest

from mimic_db.tables import TABLES
from tests.unit.generate.test_generate_block import digest
from twin.block import BLOCK_STAYS, Block
from twin.rows import Array, Columns, size, take
from twin.tables.dictionary import dictionaries
from twin.trial.block import make_trial_block
from twin.trial.design import TrialDesign
from twin.trial.frames import interval_frame, patient_frame
from twin.trial.grid import BLOCK_H, DECISIONS
from twin.trial.population import eligible
from twin.trial.record import zero_at
from twin.trial.tables.charts import ITEMS
from twin.trial.tables.history import CODES as OLD_CODES
from twin.trial.tables.history import LAB_ITEMS
from twin.trial.truth.truth import TRIAL_REASONS, trial_truth
from twin.truth.extended import CODES

DEFINITIONS = {table.name: table for table in TABLES}
BLOCKS = 3


@cache
def block(number: int = 0, seed: int = 1) -> Block:
    return make_trial_block(seed, number, BLOCK_STAYS, TrialDesign())


@cache
def meant(number: int) -> dict[str, Columns]:
    return trial_truth(block(number))


def test_the_same_seed_gives_the_same_rows_and_another_seed_others() -> None:
    first = digest(block().tables)
    assert digest(make_trial_block(1, 0, BLOCK_STAYS, TrialDesign()).tables) == first
    assert digest(block(1).tables) != first
    assert digest(block(0, seed=2).tables) != first


@pytest.mark.parametrize("name", sorted(block().tables | dictionaries(ITEMS, LAB_ITEMS, OLD_CODES)))
def test_columns_are_official_and_those_that_must_be_are_filled(name: str) -> None:
    rows, table = (block().tables | dictionaries(ITEMS, LAB_ITEMS, OLD_CODES))[name], DEFINITIONS[name]
    assert rows.keys() <= set(table.column_names)
    for column in table.columns:
        if column.nullable:
            continue
        values = rows[column.name]
        missing = (
            values == b""
            if values.dtype.kind == "S"
            else np.isnat(values)
            if values.dtype.kind == "M"
            else np.isnan(values)
        )
        assert not missing.any(), column.name


def test_every_item_is_in_the_dictionary() -> None:
    names = dictionaries(ITEMS, LAB_ITEMS, OLD_CODES)
    for table in ("chartevents", "inputevents", "outputevents", "procedureevents"):
        listed = names["d_items"]["itemid"][names["d_items"]["linksto"] == table.encode()]
        assert set(block().tables[table]["itemid"].tolist()) <= set(listed.tolist())
    assert set(block().tables["labevents"]["itemid"].tolist()) <= set(names["d_labitems"]["itemid"].tolist())


@pytest.mark.parametrize("stays", [1, 2, 7])
def test_a_block_of_few_stays_can_be_made(stays: int) -> None:
    made = make_trial_block(3, 0, stays, TrialDesign())
    assert size(made.tables["icustays"]) == size(trial_truth(made)["trial_eligibility"]) == stays


@pytest.mark.parametrize("number", range(BLOCKS))
def test_time_zero_is_found_where_it_was_planned(number: int) -> None:
    """Reckoned from what is charted, hour by hour, it is the hour from which the course was drawn."""
    plan, rules = block(number).plan, meant(number)["trial_eligibility"]
    chosen = eligible(plan)
    assert np.array_equal(chosen, rules["is_eligible"])
    assert np.array_equal(zero_at(plan)[chosen], rules["time_zero_at"][chosen])
    first_day = (rules["time_zero_at"] - plan["intime"])[chosen]
    assert (first_day > np.timedelta64(0)).all()
    assert (first_day <= np.timedelta64(24, "h")).all()


def of_the_trial(number: int) -> tuple[Columns, Array]:
    plan = block(number).plan
    chosen = eligible(plan)
    return take(plan, chosen), plan["stay_id"][chosen]


@pytest.mark.parametrize("number", range(BLOCKS))
def test_what_a_decision_looks_at_is_what_is_known_of_the_charts(number: int) -> None:
    """The frames of bench/trial_recovery.py, which come from the plan, are the mart, which comes from rows."""
    frame, mart = interval_frame(*of_the_trial(number)), meant(number)["trial_interval"]
    assert frame["id"].to_list() == mart["stay_id"].tolist()
    for name in frame.columns.drop(["id", "code_status"]):
        assert frame[name].to_numpy(dtype=float) == pytest.approx(mart[name].astype(float)), name
    assert frame["code_status"].to_list() == np.char.decode(mart["code_status"]).tolist()


@pytest.mark.parametrize("number", range(BLOCKS))
def test_starts_and_ends_of_the_frames_are_those_of_the_mart(number: int) -> None:
    frame, mart = patient_frame(*of_the_trial(number)), meant(number)["trial_outcomes"]
    names = {"start_h": "start_h", "duration_h": "duration_h", "icu_end_h": "icu_end_h", "time_h": "followup_28d_h"}
    assert frame["id"].to_list() == mart["stay_id"].tolist()
    for name, column in names.items():
        assert frame[name].to_numpy() == pytest.approx(mart[column], abs=1.1 / 60, nan_ok=True), name
    assert frame["died"].to_list() == mart["died_28d_hospital"].tolist()
    assert frame["age_years"].to_list() == meant(number)["trial_baseline"]["age_years"].tolist()


def test_all_that_the_trial_must_cope_with_occurs() -> None:
    plans = [patient_frame(*of_the_trial(number)) for number in range(BLOCKS)]
    started = sum(int((plan["start_h"] < BLOCK_H * DECISIONS).sum()) for plan in plans)
    late = sum(int((plan["start_h"] >= BLOCK_H * DECISIONS).sum()) for plan in plans)
    short = sum(int((plan["duration_h"] < 4).sum()) for plan in plans)
    left = sum(int(((plan["icu_end_h"] < 48) & ~(plan["time_h"] < 48)).sum()) for plan in plans)
    dead = sum(int((plan["time_h"] < 48).sum()) for plan in plans)
    assert min(started, late, short, left, dead) >= 20
    codes = np.concatenate([meant(number)["trial_interval"]["code_status"] for number in range(BLOCKS)])
    assert set(np.char.decode(codes).tolist()) == set(CODES)
    reasons = np.concatenate([meant(number)["planted"]["left_out_of_trial"] for number in range(BLOCKS)])
    assert {reason.encode() for reason in TRIAL_REASONS} <= set(reasons.tolist())


def test_some_values_become_known_hours_after_they_were_measured() -> None:
    rows = block().tables["chartevents"]
    delay = (rows["storetime"] - rows["charttime"]).astype(np.int64) / 3600
    assert 0.005 < (delay > 1).mean() < 0.1
    assert delay.max() < 24
    results = block().tables["labevents"]
    assert (results["storetime"] > results["charttime"]).all()


def test_illness_changes_from_decision_to_decision() -> None:
    mart = meant(0)["trial_interval"]
    same = np.diff(mart["stay_id"]) == 0
    for name in ("norepinephrine_equivalent_mcg_kg_min", "lactate_mmol_l", "rass", "heart_rate_bpm", "sofa_24h"):
        assert (np.diff(mart[name].astype(float))[same] != 0).mean() > 0.2, name
    for name in ("is_ventilated", "platelets_k_ul", "creatinine_mg_dl"):
        assert (np.diff(mart[name].astype(float))[same] != 0).any(), name
