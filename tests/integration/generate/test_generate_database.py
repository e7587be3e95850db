"""`python -m twin generate` on a server: what lands in the tables, and what a second run does."""

from collections.abc import Callable

import psycopg
import pytest

from mimic_db.__main__ import main
from mimic_db.tables import OFFICIAL_SCHEMAS, TABLES
from twin.__main__ import main as twin
from twin.block import make_block
from twin.plan.design import Design
from twin.rows import size

STAYS = 120
MakeDatabase = Callable[[], str]


def generate(dsn: str, stays: int = STAYS, seed: int = 1) -> int:
    return twin(["generate", "--stays", str(stays), "--seed", str(seed), "--dsn", dsn])


def contents(dsn: str) -> dict[str, tuple[int, str]]:
    """Rows and a hash of the rows of every table; hashes add up, so that the order of rows does not matter."""
    found = {}
    with psycopg.connect(dsn) as connection:
        for table in TABLES:
            row = connection.execute(
                f"select count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text"
                f" from {OFFICIAL_SCHEMAS[table.module]}.{table.name} t"
            ).fetchone()
            assert row
            found[table.name] = row
    return found


@pytest.fixture(scope="module")
def generated(make_database: MakeDatabase) -> str:
    dsn = make_database()
    assert generate(dsn) == 0
    return dsn


def test_all_tables_are_there_with_the_rows_that_were_made(generated: str) -> None:
    found = contents(generated)
    assert len(found) == 31
    for name, rows in make_block(1, 0, STAYS, Design()).tables.items():
        assert found[name][0] == size(rows)


def test_the_same_seed_writes_the_same_rows_elsewhere(generated: str, make_database: MakeDatabase) -> None:
    other = make_database()
    assert generate(other) == 0
    assert contents(other) == contents(generated)


def test_a_second_run_changes_nothing(generated: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(generated)
    assert generate(generated) == 0
    assert "unchanged" in capsys.readouterr().out
    assert contents(generated) == before


def test_another_seed_replaces_the_rows_and_keeps_views_on_them(
    make_database: MakeDatabase, capsys: pytest.CaptureFixture[str]
) -> None:
    dsn = make_database()
    assert generate(dsn, stays=20) == 0
    before = contents(dsn)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("create view public.stays as select * from mimiciv_icu.icustays")
    assert generate(dsn, stays=30, seed=2) == 0
    assert "rows in" in capsys.readouterr().err
    assert contents(dsn)["chartevents"] != before["chartevents"]
    with psycopg.connect(dsn) as connection:
        assert connection.execute("select count(*) from public.stays").fetchone() == (30,)


def test_rows_of_somebody_else_are_never_touched(
    make_database: MakeDatabase, capsys: pytest.CaptureFixture[str]
) -> None:
    dsn = make_database()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("create schema mimiciv_icu")
        connection.execute("create table mimiciv_icu.icustays (stay_id integer)")
        connection.execute("insert into mimiciv_icu.icustays values (1)")
    assert generate(dsn) == 1
    error = capsys.readouterr().err
    assert "did not write" in error
    assert "--database" in error
    with psycopg.connect(dsn) as connection:
        assert connection.execute("select count(*) from mimiciv_icu.icustays").fetchone() == (1,)


def test_loading_and_checking_know_generated_data(generated: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--dsn", generated]) == 0
    assert "error" not in capsys.readouterr().out.lower()


@pytest.mark.parametrize(("option", "value"), [("--stays", "0"), ("--stays", "99999999"), ("--seed", "-1")])
def test_options_out_of_range_are_explained(option: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert twin(["generate", option, value, "--dsn", "host=/nowhere"]) == 1
    assert f"{option} {value} is out of range" in capsys.readouterr().err
