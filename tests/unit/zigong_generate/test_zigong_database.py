"""`generate --zigong` on a server: rows, truth and stamp, what a second run does, and what the oracle finds."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from mimic_db.__main__ import main
from mimic_db.database import connect
from twin.__main__ import main as twin
from twin.differences import Comparison
from twin.oracle import ZIGONG, ask, is_right
from twin.oracle import main as oracle
from zigong_db.stamp import MARK

PATIENTS = 250
MakeDatabase = Callable[[], str]
MARTS = """
create schema dexsic;
create table dexsic.int_zigong_patient as select * from zigong_truth.int_zigong_patient;
create table dexsic.zigong_flow as
select step, reason as rule, (select count(*) from zigong_truth.planted where planted.reason = rules.reason) n_excluded
from unnest(array['no ICU stay', 'minor', 'short stay', 'heparin', 'no SIC']) with ordinality as rules(reason, step);
"""


def generate(dsn: str, *options: str, seed: int = 1) -> int:
    return twin(["generate", "--zigong", "--patients", str(PATIENTS), "--seed", str(seed), "--dsn", dsn, *options])


def one(dsn: str, query: str) -> tuple[object, ...] | None:
    with psycopg.connect(dsn) as connection:
        return connection.execute(query.encode()).fetchone()


@pytest.fixture(scope="module")
def generated(make_database: MakeDatabase) -> str:
    dsn = make_database()
    assert generate(dsn) == 0
    with psycopg.connect(dsn) as connection:
        connection.execute(MARTS.encode())
    return dsn


def test_rows_truth_and_stamp_are_there(generated: str) -> None:
    for table in ("zigong.dtbaseline", "zigong_truth.int_zigong_patient", "zigong_truth.planted"):
        assert one(generated, f"select count(*) from {table}") == (PATIENTS,)
    assert one(generated, "select patients, seed, design, length(generator) from mimic_db.zigong_generated") == (
        PATIENTS,
        1,
        "hazard ratio 0.49",
        64,
    )
    assert one(generated, "select count(*) from zigong_truth.planted where reason is null") != (0,)
    assert one(generated, "select has_table_privilege('public', 'mimic_db.zigong_generated', 'select')") == (True,)


def test_a_second_run_changes_nothing(generated: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = one(generated, "select generated_at from mimic_db.zigong_generated")
    assert generate(generated) == 0
    assert capsys.readouterr().out.startswith("unchanged: 250 generated patients with seed 1 (hazard ratio 0.49)")
    assert one(generated, "select generated_at from mimic_db.zigong_generated") == before


def test_another_seed_replaces_rows_and_truth(make_database: MakeDatabase, tmp_path: Path) -> None:
    dsn, query = make_database(), "select md5(string_agg(t::text, '' order by stay_id)) from zigong_truth.planted t"
    assert generate(dsn) == 0
    before = one(dsn, query)
    assert generate(dsn, "--folder", str(tmp_path / "kept"), seed=2) == 0
    assert one(dsn, query) != before
    assert (tmp_path / "kept" / MARK).exists() and len(list((tmp_path / "kept").glob("*.csv"))) == 7


def test_files_alone_need_no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEXSIC_PGDATA", str(tmp_path / "no-server"))
    assert twin(["generate", "--zigong", "--patients", "3", "--folder", str(tmp_path / "files")]) == 0
    assert not (tmp_path / "no-server").exists()


def test_loaded_patients_are_never_written_over(
    make_database: MakeDatabase, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither in a database without a stamp nor where they replaced generated ones."""
    folder = str(tmp_path / "files")
    assert twin(["generate", "--zigong", "--patients", "30", "--folder", folder]) == 0
    (tmp_path / "files" / MARK).unlink()  # real patients' files have none
    fresh, replaced = make_database(), make_database()
    assert generate(replaced) == 0
    for dsn in (fresh, replaced):
        assert main(["load", "--zigong", folder, "--dsn", dsn]) == 0
        assert generate(dsn) == 1
        assert "did not write" in capsys.readouterr().err
        assert one(dsn, "select count(*) from zigong.dtbaseline") == (30,)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--zigong", "--stays", "5"), "--stays goes without --zigong only"),
        (("--zigong", "--missing", "0.1"), "--missing goes without --zigong only"),
        (("--patients", "5"), "--patients goes with --zigong only"),
        (("--zigong", "--patients", "0"), "--patients 0 is out of range"),
        (("--zigong", "--hazard-ratio", "99"), "--hazard-ratio 99 is out of range"),
        (("--zigong", "--seed", "-1"), "--seed -1 is out of range"),
    ],
)
def test_options_that_do_not_fit_are_explained(
    options: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert twin(["generate", *options, "--dsn", "host=/nowhere"]) == 1
    assert message in capsys.readouterr().err


def answers(dsn: str, change: str = "select 1") -> dict[str, Comparison]:
    with connect(dsn) as connection, connection.transaction(force_rollback=True):
        connection.execute(change.encode())
        return {answer.mart: answer for answer in ask(connection, "dexsic", ZIGONG)}


def test_the_oracle_compares_every_cell(generated: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = answers(generated)
    assert found.keys() == {"int_zigong_patient", "zigong_flow"}
    assert all(is_right(answer) for answer in found.values())
    assert found["int_zigong_patient"].cells == PATIENTS * 36
    assert oracle(["--dsn", generated, "--zigong"]) == 0
    assert "zigong_flow" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "mart", "column"),
    [
        ("update dexsic.int_zigong_patient set is_female = null", "int_zigong_patient", "is_female"),
        ("update dexsic.int_zigong_patient set pt_sec = pt_sec + 1e-6", "int_zigong_patient", "pt_sec"),
        ("update dexsic.zigong_flow set n_excluded = n_excluded + 1 where step = 3", "zigong_flow", "short stay"),
    ],
)
def test_the_oracle_finds_a_wrong_cell(generated: str, change: str, mart: str, column: str) -> None:
    found = answers(generated, change)
    assert not is_right(found[mart])
    assert column in found[mart].differing
