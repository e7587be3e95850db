"""What a block of generated stays must hold: the same rows each time, valid columns, the extremes of the plan."""

import hashlib
import re
from functools import cache

import numpy as np
import pytest

from mimic_db.tables import TABLES
from twin.block import BLOCK_STAYS, Block, blocks, make_block
from twin.plan import outcome
from twin.plan.design import Design
from twin.plan.faults import (
    BEFORE_ADMISSION,
    ON_NESTED_ADMISSION,
    OTHER_DATE,
    WITHOUT_FLAG,
    WITHOUT_TIME,
    draw_faults,
)
from twin.rows import Columns, size
from twin.tables.dictionary import dictionaries
from twin.truth.quality import quality_counts
from twin.truth.summary import Summary
from twin.truth.traps import traps
from twin.truth.truth import truth

FAULTS = {
    *("has_far_rows", "has_rows_of_another", "spelling", "has_unknown_words", "has_tracheostomy", "unkeyed_results"),
    *("has_second_platelets", "is_flushed", "death_record", "has_reversed_discharge", "has_early_date_of_death"),
    *("dex_form", "dex_fault", "has_endless_pressor", "has_rateless_pressor", "untimed_pressor", "has_early_propofol"),
    *("has_rateless_heparin", "untimed_heparin"),
}
DEFINITIONS = {table.name: table for table in TABLES}


@cache
def block(seed: int = 1, number: int = 0, stays: int = BLOCK_STAYS) -> Block:
    return make_block(seed, number, stays, Design())


def digest(tables: dict[str, Columns]) -> str:
    content = hashlib.sha256()
    for name in sorted(tables):
        for column in sorted(tables[name]):
            content.update(f"{name}.{column}".encode() + tables[name][column].tobytes())
    return content.hexdigest()


def test_the_same_seed_gives_the_same_rows_and_another_seed_others() -> None:
    first = digest(block().tables)
    assert digest(make_block(1, 0, BLOCK_STAYS, Design()).tables) == first
    assert digest(block(seed=2).tables) != first
    assert digest(block(number=1).tables) != first


def test_blocks_cover_the_stays() -> None:
    assert list(blocks(2 * BLOCK_STAYS + 7)) == [(0, BLOCK_STAYS), (1, BLOCK_STAYS), (2, 7)]


@pytest.mark.parametrize("stays", [1, 2, 7])
def test_a_block_of_few_stays_can_be_made(stays: int) -> None:
    made = make_block(3, 0, stays, Design())
    assert len(made.plan["stay_id"]) == size(made.tables["icustays"]) == stays
    assert size(truth(made.plan, made.intent)["outcomes"]) == stays


def test_every_table_that_the_study_needs_has_rows() -> None:
    tables = block().tables | dictionaries()
    assert {table.name for table in TABLES if table.needed} <= {name for name, rows in tables.items() if size(rows)}


@pytest.mark.parametrize("name", sorted(block().tables | dictionaries()))
def test_columns_are_official_and_valid(name: str) -> None:
    rows, table = (block().tables | dictionaries())[name], DEFINITIONS[name]
    assert rows.keys() <= set(table.column_names)
    for column in table.columns:
        if column.name not in rows:
            assert column.nullable, column.name
            continue
        values = rows[column.name]
        if values.dtype.kind == "S":
            missing = values == b""
            length = re.search(r"\((\d+)\)", column.type)
            if length:
                assert np.char.str_len(np.char.decode(values, "utf-8")).max() <= int(length[1]), column.name
        else:
            missing = np.isnat(values) if values.dtype.kind == "M" else np.isnan(values)
            if column.type in ("integer", "smallint"):
                limit = 2 ** (31 if column.type == "integer" else 15)
                assert (np.abs(values[~missing]) < limit).all(), column.name
                assert (values[~missing] == np.round(values[~missing])).all(), column.name
        assert column.nullable or not missing.any(), column.name


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("patients", "subject_id"),
        ("admissions", "hadm_id"),
        ("icustays", "stay_id"),
        ("labevents", "labevent_id"),
        ("microbiologyevents", "microevent_id"),
        ("inputevents", "orderid"),
        ("transfers", "transfer_id"),
    ],
)
def test_identifiers_are_unique_across_blocks(table: str, key: str) -> None:
    both = np.concatenate([block().tables[table][key], block(number=1).tables[table][key]])
    assert len(np.unique(both)) == len(both)


def test_specimens_belong_to_one_patient() -> None:
    rows = block().tables["labevents"]
    pairs = np.unique(np.stack([rows["specimen_id"], rows["subject_id"]]), axis=1)
    assert len(np.unique(pairs[0])) == pairs.shape[1]


def test_every_item_is_in_the_dictionary() -> None:
    tables, names = block().tables, dictionaries()
    for table in ("chartevents", "inputevents", "outputevents", "procedureevents"):
        listed = names["d_items"]["itemid"][names["d_items"]["linksto"] == table.encode()]
        assert set(tables[table]["itemid"].tolist()) <= set(listed.tolist())
    assert set(tables["labevents"]["itemid"].tolist()) <= set(names["d_labitems"]["itemid"].tolist())


def test_stays_of_a_patient_follow_one_another() -> None:
    rows = block().tables["icustays"]
    assert (rows["outtime"] > rows["intime"]).all()
    same = rows["subject_id"][1:] == rows["subject_id"][:-1]
    assert same.any()
    assert (rows["intime"][1:][same] > rows["outtime"][:-1][same]).all()


def test_admissions_hold_their_stays_and_nobody_lives_after_death() -> None:
    tables = block().tables
    admissions, stays = tables["admissions"], tables["icustays"]
    row = {hadm: number for number, hadm in enumerate(admissions["hadm_id"].tolist())}
    at = np.array([row[hadm] for hadm in stays["hadm_id"].tolist()])
    minute = np.timedelta64(60, "s")
    assert (admissions["admittime"][at] <= stays["intime"]).all()
    left = np.where(
        np.isnat(admissions["deathtime"]),
        admissions["dischtime"],
        np.maximum(admissions["deathtime"], admissions["dischtime"]),
    )
    sound = ~block().plan["has_reversed_discharge"]
    assert (stays["outtime"] <= left[at] + minute)[sound].all()
    deaths = dict(
        zip(tables["patients"]["subject_id"].tolist(), tables["patients"]["dod"].astype("datetime64[D]"), strict=True)
    )
    dates = np.array([deaths[subject] for subject in admissions["subject_id"][at].tolist()])
    agrees = (block().plan["death_record"] == 0) & (admissions["hospital_expire_flag"][at] == 1)
    assert agrees.sum() > 20
    assert (dates == admissions["deathtime"][at].astype("datetime64[D]"))[agrees].all()


@pytest.mark.parametrize(
    ("record", "flag", "timed"),
    [
        (0, 1, True),
        (ON_NESTED_ADMISSION, 0, False),
        (WITHOUT_FLAG, 0, True),
        (WITHOUT_TIME, 1, False),
        (BEFORE_ADMISSION, 1, True),
        (OTHER_DATE, 1, True),
    ],
)
def test_a_death_is_recorded_as_drawn_and_stays_the_same_death(record: int, flag: int, timed: bool) -> None:
    occurs = 0
    for number in range(4):
        made = block(number=number)
        admissions, plan = made.tables["admissions"], made.plan
        dying = np.flatnonzero(~np.isnan(plan["death_h"]) & (plan["death_record"] == record))
        row = np.flatnonzero(np.isin(admissions["hadm_id"], plan["hadm_id"][dying]))
        assert (admissions["hospital_expire_flag"][row] == flag).all()
        assert (np.isnat(admissions["deathtime"][row]) != timed).all()
        outcomes = truth(plan, made.intent)["outcomes"]
        assert outcomes["died_hospital"][dying].all()
        # to the minute of the charted death
        assert outcomes["followup_28d_days"][dying] == pytest.approx(
            np.minimum(plan["death_h"][dying] / 24, 28), abs=2 / 1440
        )
        occurs += len(dying)
    assert occurs


def test_faults_leave_everybody_as_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without them the same people get the same drugs and die the same deaths; only doses of unknown length exclude."""

    def none(rng: np.random.Generator, plan: Columns) -> None:
        draw_faults(rng, plan)
        plan.update({name: np.zeros_like(plan[name]) for name in FAULTS})

    monkeypatch.setattr(outcome, "draw_faults", none)
    sound, faulty = make_block(1, 0, BLOCK_STAYS, Design()), block()
    for name in sound.plan.keys() - FAULTS - {"exposure_duration_h"}:
        assert np.array_equal(sound.plan[name], faulty.plan[name], equal_nan=sound.plan[name].dtype.kind == "f"), name
    meant, found = (truth(made.plan, made.intent) for made in (sound, faulty))
    for column in ("died_hospital", "died_28d_hospital", "followup_28d_days", "icu_days"):
        assert np.array_equal(meant["outcomes"][column], found["outcomes"][column]), column
    rules = found["cohort_eligibility"]
    known = ~rules["is_exposure_unknown"]
    assert 0 < (~known).sum() < 10
    for column in ("treated", "has_heparin", "is_sic", "is_exposure_short", "is_exposure_late"):
        assert np.array_equal(meant["cohort_eligibility"][column], rules[column]), column
    assert np.array_equal(meant["cohort_eligibility"]["is_eligible"] & known, rules["is_eligible"])
    assert set(quality_counts(sound.plan, sound.tables).items()) >= {
        (("infusion_cut", "dexmedetomidine"), 0),
        (("chart_outside_stay", "heart_rate"), 0),
        (("death_without_flag", ""), 0),
        (("lab_item_unknown", "platelets"), 0),
    }


@pytest.mark.parametrize(("itemid", "name", "lowest"), [(51265, "platelets_low", True), (51237, "inr_high", False)])
def test_first_day_extremes_are_the_planned_ones(itemid: int, name: str, lowest: bool) -> None:
    """For patients with one stay: those of an admission's second stay share the first one's blood."""
    plan, tables = block().plan, block().tables
    rows = tables["labevents"]
    _, position, count = np.unique(plan["subject_id"], return_index=True, return_counts=True)
    for stay in position[count == 1]:
        hours = (rows["charttime"] - plan["intime"][stay]).astype(np.int64) / 3600
        mine = (rows["subject_id"] == plan["subject_id"][stay]) & (rows["itemid"] == itemid) & (np.abs(hours - 9) <= 15)
        mine &= np.isnan(rows["hadm_id"]) | (rows["hadm_id"] == plan["hadm_id"][stay])
        values = rows["valuenum"][mine]
        if np.isnan(plan[name][stay]):
            assert not len(values)
        else:
            assert (values.min() if lowest else values.max()) == plan[name][stay]


def test_dexmedetomidine_runs_as_long_as_planned_in_mcg_and_mg() -> None:
    plan, tables = block().plan, block().tables
    rows = tables["inputevents"]
    running = np.isin(rows["itemid"], (225150, 229420)) & (rows["rate"] > 0) & (rows["endtime"] > rows["starttime"])
    assert set(rows["rateuom"][running].tolist()) == {b"mcg/kg/hour"}
    hours = (rows["endtime"] - rows["starttime"]).astype(np.int64) / 3600
    for stay in np.flatnonzero(plan["dex_on"] & (plan["dex_fault"] == 0)):
        mine = running & (rows["stay_id"] == plan["stay_id"][stay])
        assert hours[mine].sum() == pytest.approx(plan["exposure_duration_h"][stay])
        assert (rows["starttime"][mine].min() - plan["intime"][stay]).astype(np.int64) / 3600 == pytest.approx(
            plan["dex_start_h"][stay], abs=0.02
        )
        factor = np.where(rows["amountuom"][mine] == b"mg", 1000, 1)
        given = rows["rate"][mine] * hours[mine] * rows["patientweight"][mine]
        assert rows["amount"][mine] * factor == pytest.approx(given, rel=1e-3, abs=2e-3)
    assert {b"mcg", b"mg"} <= set(
        np.concatenate([block(number=n).tables["inputevents"]["amountuom"] for n in (0, 1)]).tolist()
    )


def test_every_trap_is_laid_in_the_default_data_set() -> None:
    summary = Summary()
    for number, stays in blocks(2000):
        made = block(number=number, stays=stays)
        summary.add(
            made.plan,
            truth(made.plan, made.intent),
            traps(made.plan, made.intent, made.tables),
            quality_counts(made.plan, made.tables),
        )
    assert len(summary.traps) == 23
    assert len({check for check, _ in summary.quality}) == 33
    assert [name for name, count in (summary.traps | summary.quality).items() if not count] == []
