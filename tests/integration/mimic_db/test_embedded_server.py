import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import psycopg
import pytest

from mimic_db import server
from mimic_db.errors import UserError


@pytest.fixture
def own_folder() -> Iterator[Path]:
    """A folder, very deep and with a blank in its name, for a server that a test may treat badly."""
    top = Path(tempfile.mkdtemp(prefix="dexsic-own-"))
    data_dir = top / ("a checkout that lies very deep/" + "d" * 120) / ".postgres"
    yield data_dir
    server.stop(data_dir)
    shutil.rmtree(top)


def run(*arguments: str, data_dir: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mimic_db", *arguments],
        env=os.environ | {"DEXSIC_PGDATA": str(data_dir)},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_outlives_its_starter_and_a_kill_and_keeps_the_data(own_folder: Path) -> None:
    assert run("status", data_dir=own_folder).returncode == 1
    assert "start it with" in run("url", data_dir=own_folder).stderr

    assert run("start", data_dir=own_folder).returncode == 0
    first = server.status(own_folder)
    assert first is not None
    assert len(str(first.socket_dir)) < 90
    assert run("start", data_dir=own_folder).stdout.startswith(f"running: process {first.pid},")

    dsn = server.ensure_database("kept", own_folder)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("set synchronous_commit = on")
        connection.execute("create table fact as select 42 as answer")
        backend = connection.info.backend_pid
        os.kill(first.pid, signal.SIGKILL)
        psutil.Process(first.pid).wait(10)
        assert server.status(own_folder) is None

        second = server.start(own_folder)
        assert second.pid != first.pid
        assert not psutil.pid_exists(backend)
    asked = run("psql", "--database", "kept", "--", "-Atc", "select answer from fact", data_dir=own_folder)
    assert asked.stdout == "42\n"
    assert "  kept  postgresql://" in run("status", data_dir=own_folder).stdout

    assert run("stop", data_dir=own_folder).stdout == "stopped\n"
    assert not second.socket_dir.exists()
    assert run("stop", data_dir=own_folder).stdout == "not running\n"


def test_a_process_number_that_now_is_another_program_does_not_deceive(own_folder: Path) -> None:
    server.start(own_folder)
    pid_file = own_folder / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    server.stop(own_folder)
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    assert server.status(own_folder) is None
    assert server.start(own_folder).pid != os.getpid()


def test_its_settings_are_in_force(embedded_server: Path) -> None:
    with psycopg.connect(server.url(data_dir=embedded_server)) as connection:
        shown = {name: connection.execute(f"show {name}").fetchone() for name in ("jit", "wal_level", "timezone")}
    assert shown == {"jit": ("off",), "wal_level": ("minimal",), "timezone": ("UTC",)}


def test_a_database_is_made_once_and_its_name_is_checked(embedded_server: Path) -> None:
    assert server.ensure_database("once", embedded_server) == server.ensure_database("once", embedded_server)
    assert "once" in server.databases(embedded_server)
    with pytest.raises(UserError, match="is no database name"):
        server.ensure_database("Robert'); drop", embedded_server)


def test_dbt_environment_reaches_the_server(embedded_server: Path) -> None:
    found = server.dbt_environment(server.ensure_database("once", embedded_server))
    with psycopg.connect(
        host=found["DEXSIC_HOST"],
        port=found["DEXSIC_PORT"],
        user=found["DEXSIC_USER"],
        password=found["DEXSIC_PASSWORD"],
        dbname=found["DEXSIC_DBNAME"],
    ) as connection:
        assert connection.execute("select current_database()").fetchone() == ("once",)
