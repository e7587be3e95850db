"""`python -m study` and the steps that it stands for, as a newcomer types them."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import psycopg
import pytest
from psycopg import sql

from analysis_py.marts.generated import PATIENTS, warning
from mimic_db import server
from mimic_db.database import connect

PROJECT = Path(__file__).parents[2]
NO_NETWORK = PROJECT / "tests" / "no_network"


def run(*arguments: str, before: Sequence[str] = (), **environment: str) -> subprocess.CompletedProcess[str]:
    """A Python module of the project, in a process of its own, `before` being a command that starts it."""
    return subprocess.run(
        [*before, sys.executable, "-m", *arguments],
        cwd=PROJECT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def network_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first run's reaching for a network is written down."""
    return tmp_path_factory.mktemp("network") / "reached"


@pytest.fixture(scope="module")
def first_run(embedded_server: Path, tmp_path_factory: pytest.TempPathFactory, network_log: Path) -> tuple[Path, str]:
    """Output folder and terminal of a run without network: its sockets are watched; where we may, devices are away."""
    output = tmp_path_factory.mktemp("study") / "output"
    watched = {"PYTHONPATH": str(NO_NETWORK), "DEXSIC_TEST_NETWORK_LOG": str(network_log)}
    options = ("--stays", "700", "--seed", "3", "--output", str(output))
    done = run("study", *options, before=without_network(), **watched)
    assert done.returncode == 0, done.stdout + done.stderr
    return output, done.stdout


def without_network() -> Sequence[str]:
    """The start of a command that takes every network device away; empty where that is not allowed."""
    command = ("unshare", "--net")
    try:
        allowed = subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return ()
    return command if allowed else ()


def test_no_step_reaches_for_a_network(first_run: tuple[Path, str], network_log: Path) -> None:
    assert set(network_log.read_text().splitlines()) == {"watching"}


def test_what_is_written_is_for_the_account_that_wrote_it(first_run: tuple[Path, str]) -> None:
    output, _ = first_run
    paths = [output, *output.rglob("*")]
    assert {oct(path.stat().st_mode & 0o777) for path in paths if path.is_file()} == {"0o600"}
    assert {oct(path.stat().st_mode & 0o777) for path in paths if path.is_dir()} == {"0o700"}


def test_the_study_runs_on_generated_data_and_says_where_to_look(first_run: tuple[Path, str]) -> None:
    output, text = first_run
    assert "report.html" in text
    for name in ("report.html", "results.csv", "tables/flow.csv", "figures/kaplan_meier.svg", "dbt_docs.html"):
        assert (output / name).stat().st_size > 0
    flow = pd.read_csv(output / "tables" / "flow.csv")
    assert str(flow["Before"].iloc[0]) == "700"


def test_before_it_starts_it_says_how_long_and_what_it_does_to_the_machine(first_run: tuple[Path, str]) -> None:
    output, text = first_run
    before = text.partition("1/3 data")[0]
    for part in ("700 generated ICU stays", "about two minutes", "GB of disk", str(output), "stays running"):
        assert part in before
    assert "too small to count on an effect" in before
    assert "python -m mimic_db stop" in text.partition("done in")[2]
    whole, *stages = (float(number) for number in re.findall(r"\d+\.\d", text.partition("done in")[2].splitlines()[0]))
    assert len(stages) == 4 and round(sum(stages), 1) == whole


def test_the_documentation_of_the_models_asks_the_network_for_nothing(first_run: tuple[Path, str]) -> None:
    output, _ = first_run
    page = (output / "dbt_docs.html").read_text()
    assert "connect-src 'none'" in page[: page.index("<script")]
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=[\"'](https?:)?//", page)
    # lineage reaches the report; no path of this machine and no number of a stay or patient is told
    assert "exposure.dexsic.report" in page and "exposure.dexsic.table_2_models_of_death" in page
    assert str(PROJECT) not in page
    with connect(server.url("generated_700_3")) as connection:
        stays = connection.execute("select stay_id from dexsic.analysis_cohort").fetchall()
    assert stays and not [stay for (stay,) in stays if str(stay) in page]


def test_whoever_sees_results_of_the_generator_is_told(first_run: tuple[Path, str]) -> None:
    output, text = first_run
    planted = "700 generated ICU stays, seed 3, trial, hazard ratio 0.5, unmeasured 0"
    assert warning(planted) in text
    assert warning(planted) in (output / "report.html").read_text()
    assert pd.read_csv(output / "results.csv")["note"].str.endswith(PATIENTS).all()


def test_a_second_run_does_only_what_is_needed(first_run: tuple[Path, str]) -> None:
    output, _ = first_run
    before = {path: path.read_bytes() for path in output.rglob("*") if path.is_file()}
    again = run("study", "--stays", "700", "--seed", "3", "--output", str(output))
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("skipped") == 2
    assert {path: path.read_bytes() for path in output.rglob("*") if path.is_file()} == before


def test_quiet_says_where_the_report_is_and_nothing_else(first_run: tuple[Path, str]) -> None:
    output, _ = first_run
    done = run("study", "--stays", "700", "--seed", "3", "--output", str(output), "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{output / 'report.html'}\n", "")
    assert (output / "dbt_docs.html").is_file()


def test_quiet_still_tells_why_it_stopped(make_database: Callable[[], str], tmp_path: Path) -> None:
    done = run("study", "--dsn", make_database(), "--output", str(tmp_path / "output"), "--quiet")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "mimiciv_hosp" in done.stderr


@pytest.mark.needs_an_hour
def test_other_definitions_are_built_anew(first_run: tuple[Path, str], tmp_path: Path) -> None:
    output, _ = first_run
    other = tmp_path / "output"
    shutil.copytree(output, other)
    done = run("study", "--stays", "700", "--seed", "3", "--output", str(other), "--vars", "{heparin: any_icu}")
    assert done.returncode == 0, done.stderr
    assert "skipped" not in done.stdout
    assert "any_icu" in (other / "tables" / "flow.csv").read_text()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--csv", "no/such/folder"], "no/such/folder"),
        (["--dsn", "postgresql://nobody@127.0.0.1:1/none"], "cannot connect"),
        (["--dsn", "not a dsn ="], "no connection string"),
        (
            ["--stays", "700", "--seed", "3", "--vars", "{heparin: nonsense}"],
            "choose one of infusion, any_icu, any_order",
        ),
    ],
)
def test_what_cannot_run_ends_in_one_message(
    arguments: list[str], expected: str, first_run: tuple[Path, str], tmp_path: Path
) -> None:
    done = run("study", *arguments, "--output", str(tmp_path / "output"))
    assert done.returncode == 1
    assert expected in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not (tmp_path / "output").exists()


def test_a_database_without_mimic_is_refused_before_anything_is_built(
    make_database: Callable[[], str], tmp_path: Path
) -> None:
    dsn = make_database()
    done = run("study", "--dsn", dsn, "--output", str(tmp_path / "output"))
    assert done.returncode == 1
    assert "mimiciv_hosp" in done.stdout
    with connect(dsn) as connection:
        assert connection.execute("select to_regnamespace('dexsic')").fetchone() == (None,)


@pytest.mark.needs_an_hour
@pytest.mark.needs_shared
@pytest.mark.needs_debian_postgres
def test_a_role_that_may_only_read_builds_on_a_server_that_someone_else_loaded(
    debian_postgres: str, demo_folder: Path, tmp_path: Path
) -> None:
    with connect(debian_postgres) as connection:
        connection.execute("create database mimiciv")
    owner = server.with_database(debian_postgres, "mimiciv")
    loaded = run("mimic_db", "load", "--csv", str(demo_folder), "--dsn", owner)
    assert loaded.returncode == 0, loaded.stderr
    names = ("-v", "builder=researcher", "-v", "reader=reviewer", "-v", "schema=study")
    granted = subprocess.run(
        [server.psql_program(), "-X", "-q", *names, "-f", PROJECT / "docs" / "role.sql", owner],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (granted.returncode, granted.stderr) == (0, "")
    with connect(owner) as connection:
        for role in ("researcher", "reviewer"):
            connection.execute(sql.SQL("alter role {} password 'reads-only'").format(sql.Identifier(role)))

    profiles = tmp_path / "profiles"
    profiles.mkdir()
    shutil.copy(PROJECT / "profiles.example.yml", profiles / "profiles.yml")
    reader = psycopg.conninfo.make_conninfo(owner, user="researcher", password="reads-only")  # noqa: S106
    environment = server.dbt_environment(reader) | {"DEXSIC_SCHEMA": "study"}
    checked = run("mimic_db", "check", "--dsn", reader, "--schema", "study")
    assert checked.returncode == 0, checked.stdout
    built = run(
        "dbt.cli.main", "build", "--profiles-dir", str(profiles), "--target-path", str(tmp_path / "target"),
        "--log-path", str(tmp_path / "logs"), "--exclude-resource-type", "unit_test", **environment,
    )  # fmt: skip
    assert built.returncode == 0, built.stdout[-3000:]
    # who runs the statistics sees no more than the tables of the study
    environment["DEXSIC_USER"] = "reviewer"
    made = run("analysis_py.run", "--profiles-dir", str(profiles), "--output", str(tmp_path / "output"), **environment)
    assert made.returncode == 0, made.stderr
    with connect(psycopg.conninfo.make_conninfo(reader, user="reviewer")) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select 1 from mimiciv_icu.icustays")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("update study.outcomes set icu_days = 0")
    flow = pd.read_csv(tmp_path / "output" / "tables" / "flow.csv")
    assert str(flow["Before"].iloc[0]) == "140"
    for real in (made.stdout, *(path.read_text() for path in (tmp_path / "output").glob("re*"))):
        assert "generated" not in real

    with connect(reader) as connection:
        row = connection.execute("select count(*) from study.dexmedetomidine_exposure").fetchone()
        assert row == (15,)
        steps = connection.execute(
            "select n_before, n_excluded, n_after from study.cohort_flow order by step"
        ).fetchall()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("delete from mimiciv_icu.icustays")
    assert all(before == excluded + after for before, excluded, after in steps)
    assert [step[0] for step in steps[1:]] == [step[2] for step in steps[:-1]]
