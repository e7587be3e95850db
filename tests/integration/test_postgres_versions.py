"""The demo on the versions of PostgreSQL that README.md promises: every cell of every mart as on the embedded one."""

from pathlib import Path

import psycopg
import pytest

from mimic_db import server
from mimic_db.__main__ import main as mimic_db
from tests.integration.conftest import RunDbt
from tests.marts import differing
from tests.servers import NPM_VERSIONS, started_from_npm


@pytest.mark.needs_an_hour
@pytest.mark.needs_npm
@pytest.mark.needs_shared
@pytest.mark.parametrize("major", NPM_VERSIONS)
def test_every_cell_is_the_same_on_other_versions(
    major: int, built_demo: str, demo_folder: Path, run_dbt: RunDbt, capsys: pytest.CaptureFixture[str]
) -> None:
    with started_from_npm(major) as dsn:
        with psycopg.connect(dsn, autocommit=True) as connection:
            assert connection.info.server_version // 10000 == major
            connection.execute("create database demo")
        demo = server.with_database(dsn, "demo")
        assert mimic_db(["load", "--csv", str(demo_folder), "--dsn", demo]) == 0
        assert mimic_db(["check", "--dsn", demo]) == 0
        assert f"ok      PostgreSQL {major}\n" in capsys.readouterr().out
        run_dbt(demo, "build", "--exclude-resource-type", "unit_test")
        assert differing(built_demo, demo) == {}
