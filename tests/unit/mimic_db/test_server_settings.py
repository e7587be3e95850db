from pathlib import Path

import pytest

from mimic_db import server
from mimic_db.errors import UserError

GIB = 1024**3


def test_settings_grow_with_the_machine_and_stay_within_bounds() -> None:
    small = server.settings(memory=1 * GIB, cpus=1, shared_memory=GIB)
    large = server.settings(memory=512 * GIB, cpus=64, shared_memory=GIB)
    assert (small["shared_buffers"], large["shared_buffers"]) == ("256MB", "8192MB")
    assert (small["work_mem"], large["work_mem"]) == ("32MB", "512MB")
    assert (small["max_parallel_workers_per_gather"], large["max_parallel_workers_per_gather"]) == ("1", "4")


def test_a_small_dev_shm_is_not_used() -> None:
    chosen = [server.settings(GIB, 2, size)["dynamic_shared_memory_type"] for size in (64 * 1024**2, GIB)]
    assert chosen == ["sysv", "posix"]


def test_nothing_listens_on_a_network_and_rows_stay_out_of_the_log() -> None:
    chosen = server.settings(GIB, 2, GIB)
    assert chosen["listen_addresses"] == "''"
    assert chosen["log_min_messages"] == "log"


def test_dbt_gets_the_parts_of_a_uri() -> None:
    environment = server.dbt_environment("postgresql://me:s%40cret@db.example:5433/mimic?sslmode=require")
    assert environment == {
        "PGHOST": "db.example",
        "PGPORT": "5433",
        "PGUSER": "me",
        "PGPASSWORD": "s@cret",
        "PGDATABASE": "mimic",
        "PGSSLMODE": "require",
        "DEXSIC_HOST": "db.example",
        "DEXSIC_PORT": "5433",
        "DEXSIC_USER": "me",
        "DEXSIC_PASSWORD": "s@cret",
        "DEXSIC_DBNAME": "mimic",
    }


def test_what_the_dsn_leaves_open_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "elsewhere")
    monkeypatch.setenv("PGUSER", "somebody")
    environment = server.dbt_environment("dbname=mimic")
    assert (environment["DEXSIC_HOST"], environment["DEXSIC_USER"]) == ("elsewhere", "somebody")


def test_a_dsn_that_is_none_is_not_repeated() -> None:
    with pytest.raises(UserError) as raised:
        server.with_database("secret words", "mimic")
    assert "secret" not in str(raised.value)


def test_the_database_of_a_dsn_can_be_replaced() -> None:
    assert "dbname=b" in server.with_database("postgresql://me@host/a", "b")


def test_the_data_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DEXSIC_PGDATA", str(tmp_path / "pg"))
    assert server.default_data_dir() == (tmp_path / "pg").resolve()


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "pg").mkdir()
    (tmp_path / "pg" / "thesis.txt").write_text("mine")
    with pytest.raises(UserError, match="no PostgreSQL data folder"):
        server.start(tmp_path / "pg")


def test_data_of_another_version_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "pg").mkdir()
    (tmp_path / "pg" / "PG_VERSION").write_text("15\n")
    with pytest.raises(UserError, match="holds data of PostgreSQL 15"):
        server.start(tmp_path / "pg")
