"""The real thing: the MIMIC-IV demo, on the embedded server and on Debian's PostgreSQL."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from mimic_db import server
from mimic_db.__main__ import main

COUNTS = {
    "mimiciv_icu.chartevents": 668_862,
    "mimiciv_hosp.labevents": 107_727,
    "mimiciv_hosp.patients": 100,
    "mimiciv_icu.icustays": 140,
}


def counts(dsn: str) -> dict[str, int]:
    with psycopg.connect(dsn) as connection:
        return {
            table: int(str((connection.execute(f"select count(*) from {table}").fetchone() or (0,))[0]))
            for table in COUNTS
        }


@pytest.mark.needs_shared
def test_the_demo_is_loaded_in_full_and_the_study_can_run_on_it(
    demo_folder: Path, make_database: Callable[[], str], capsys: pytest.CaptureFixture[str]
) -> None:
    dsn = make_database()
    assert main(["load", "--csv", str(demo_folder), "--dsn", dsn]) == 0
    assert counts(dsn) == COUNTS
    assert capsys.readouterr().out.count(" loaded ") == 31
    assert main(["check", "--dsn", dsn]) == 0
    assert "MIMIC-IV 2.x" in capsys.readouterr().out


@pytest.mark.needs_debian_postgres
def test_a_small_folder_on_a_server_of_ones_own(
    mimic_folder: Path, debian_postgres: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(debian_postgres, autocommit=True) as connection:
        connection.execute("create database small")
    dsn = server.with_database(debian_postgres, "small")
    assert main(["load", "--csv", str(mimic_folder), "--dsn", debian_postgres, "--database", "small"]) == 0
    assert main(["check", "--dsn", dsn]) == 0
    assert "ok      PostgreSQL 15" in capsys.readouterr().out
    assert main(["check", "--dsn", dsn.replace("superuser-password", "wrong")]) == 1
    assert "password authentication failed" in capsys.readouterr().err


@pytest.mark.needs_shared
@pytest.mark.needs_debian_postgres
def test_the_demo_on_debians_server(demo_folder: Path, debian_postgres: str) -> None:
    with psycopg.connect(debian_postgres, autocommit=True) as connection:
        connection.execute("create database demo")
    dsn = server.with_database(debian_postgres, "demo")
    assert main(["load", "--csv", str(demo_folder), "--dsn", dsn]) == 0
    assert counts(dsn) == COUNTS
