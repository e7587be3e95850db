"""What a block of generated stays must hold: the same rows each time, valid columns, the extremes of the plan."""

import hashlib
import re
from functools import cache

import numpy as np
import pytest

from mimic_db.generate.block import BLOCK_STAYS, Block, blocks, make_block
from mimic_db.generate.design import Design
from mimic_db.generate.dictionary import dictionaries
from mimic_db.generate.rows import Columns, size
from mimic_db.generate.traps import traps
from mimic_db.generate.truth import truth
from mimic_db.tables import TABLES

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
    assert (stays["outtime"] <= left[at] + minute).all()
    died = admissions["hospital_expire_flag"] == 1
    assert (np.isnat(admissions["deathtime"]) != died).all()
    deaths = dict(
        zip(tables["patients"]["subject_id"].tolist(), tables["patients"]["dod"].astype("datetime64[D]"), strict=True)
    )
    dates = np.array([deaths[subject] for subject in admissions["subject_id"][died].tolist()])
    assert (dates == admissions["deathtime"][died].astype("datetime64[D]")).all()


@pytest.mark.parametrize(("itemid", "name", "lowest"), [(51265, "platelets_low", True), (51237, "inr_high", False)])
def test_first_day_extremes_are_the_planned_ones(itemid: int, name: str, lowest: bool) -> None:
    """For patients with one stay: those of an admission's second stay share the first one's blood."""
    plan, tables = block().plan, block().tables
    rows = tables["labevents"]
    _, position, count = np.unique(plan["subject_id"], return_index=True, return_counts=True)
    for stay in position[count == 1]:
        hours = (rows["charttime"] - plan["intime"][stay]).astype(np.int64) / 3600
        mine = (rows["subject_id"] == plan["subject_id"][stay]) & (rows["itemid"] == itemid) & (np.abs(hours - 9) <= 15)
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
    for stay in np.flatnonzero(plan["dex_on"]):
        mine = running & (rows["stay_id"] == plan["stay_id"][stay])
        assert hours[mine].sum() == pytest.approx(plan["dex_duration_h"][stay])
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
    laid: dict[str, int] = {}
    for number, stays in blocks(2000):
        made = block(number=number, stays=stays)
        for name, count in traps(made.plan, made.intent, made.tables).items():
            laid[name] = laid.get(name, 0) + count
    assert len(laid) == 19
    assert [name for name, count in laid.items() if not count] == []
