"""What a newcomer types before and instead of `make study`, in a shell of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from mimic_db import server
from mimic_db.__main__ import main as mimic_db
from tests.integration.conftest import PROJECT, TWO_PATIENTS, fill
from twin.__main__ import main as twin
from twin.name import database_name
from twin.trial.design import TrialDesign


def typed(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A line in bash, with the virtual environment's programs and no profiles.yml anywhere."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("DEXSIC_HOST", "DBT_", "PG"))}
    places = {"DBT_TARGET_PATH": str(folder / "target"), "DBT_LOG_PATH": str(folder), "HOME": str(folder)}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", command],
        cwd=PROJECT,
        env=clean | places | {"PATH": path} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.needs_half_an_hour
@pytest.mark.skipif((PROJECT / "profiles.yml").is_file(), reason="a profiles.yml of one's own is taken before ours")
def test_any_dbt_command_after_env_on_the_embedded_server(make_database: Callable[[], str], tmp_path: Path) -> None:
    dsn = fill(make_database(), TWO_PATIENTS)
    with psycopg.connect(dsn) as connection:
        connection.execute("alter schema mimiciv_icu rename to elsewhere")
    database = dsn.rpartition("/")[2]
    env = f'eval "$(python -m mimic_db env --database {database})" && '
    asked = "--select stg_mimic__icustays"
    refused = typed(f"{env} dbt run {asked}", tmp_path)
    assert refused.returncode != 0
    assert refused.stdout.count("mimiciv_icu.icustays is not there") == 1
    built = typed(f"{env} dbt run {asked} --vars '{{mimic_icu_schema: elsewhere}}'", tmp_path)
    assert built.returncode == 0, built.stdout
    assert not (tmp_path / ".dbt").exists()


def test_a_misspelt_database_is_refused_and_not_made(
    make_database: Callable[[], str], capsys: pytest.CaptureFixture[str]
) -> None:
    there = make_database().rpartition("/")[2]
    for command in ("env", "url", "check"):
        assert mimic_db([command, "--database", "misspelt"]) == 1
        said = capsys.readouterr()
        assert "the embedded server has no database misspelt: it has" in said.err and there in said.err
        assert said.out == ""
    assert "misspelt" not in server.databases()


def test_generating_by_hand_takes_the_database_of_make_study(
    embedded_server: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert twin(["generate", "--design", "trial", "--stays", "20", "--seed", "5"]) == 0
    assert 'eval "$(python -m mimic_db env --database generated_20_5)"' in capsys.readouterr().out
    assert database_name(20, 5, TrialDesign()) == "generated_20_5"
    assert twin(["generate", "--stays", "20", "--seed", "5", "--hazard-ratio", "1", "--confounding", "off"]) == 0
    both = {"generated_20_5", "generated_20_5_study_hr_1_confounding_off"}
    assert both <= set(server.databases())


def test_a_server_that_is_away_is_told_with_its_cause(capsys: pytest.CaptureFixture[str]) -> None:
    assert mimic_db(["check", "--dsn", "postgresql://nobody@127.0.0.1:1/nowhere"]) == 1
    said = capsys.readouterr().err
    assert "Connection refused; is the server running, and are host and port right?" in said
    assert said.count("running") == 1


@pytest.mark.parametrize("home", ["/proc/no-such-home", ""])
def test_a_home_that_cannot_be_written_is_no_matter(home: str, tmp_path: Path) -> None:
    done = typed(f"{'' if home else 'unset HOME; '}python -m analysis_py.run --help", tmp_path, HOME=home)
    assert (done.returncode, done.stderr) == (0, "")
