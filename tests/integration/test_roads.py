"""Commands of dbt that one seldom types: each works, or says in one message why not, and the statistics agree."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from dbt.cli.main import dbtRunnerResult
from psycopg.conninfo import conninfo_to_dict

from analysis_py.marts.build_record import BuildRecord, read_build_record
from analysis_py.marts.errors import StudyError
from analysis_py.marts.profile import Target
from analysis_py.study.read_marts import read_marts
from tests.integration.conftest import BUILD, TWO_PATIENTS, Dbt, dbt_on, fill

SCHEMA, CLONE = "roads", "cloned"


@pytest.fixture(scope="module")
def database(make_database: Callable[[], str]) -> str:
    return fill(make_database(), TWO_PATIENTS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("roads")


@pytest.fixture(scope="module")
def dbt(database: str, folder: Path) -> Iterator[Dbt]:
    with dbt_on(database, folder, SCHEMA) as run:
        yield run


def execute(database: str, statement: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(statement.encode())


def record(database: str, schema: str) -> BuildRecord:
    with psycopg.connect(database) as connection:
        return read_build_record(connection, schema)


def stays_read(database: str, schema: str) -> int:
    return len(read_marts(Target(schema, None, {**conninfo_to_dict(database)})).stays)


def said(done: dbtRunnerResult) -> list[str]:
    """What went wrong, each message once."""
    if done.exception:
        return [str(done.exception)]
    results = done.result.results if hasattr(done.result, "results") else done.result or []
    return sorted({node.message for node in results if node.status not in ("success", "skipped", "pass")})


@pytest.fixture
def onlooker(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Runs what follows as a role that may use the schemas and read nothing."""
    execute(database, "create role looks_on login; grant usage on schema mimiciv_hosp, mimiciv_icu to looks_on")
    monkeypatch.setenv("DEXSIC_USER", "looks_on")
    yield "looks_on"
    execute(database, "drop owned by looks_on; drop role looks_on")


def test_a_role_that_may_make_no_schema_is_told_what_to_ask_for(dbt: Dbt, onlooker: str, database: str) -> None:
    (told,) = said(dbt("seed", "--select", "output_item"))
    assert f"{onlooker} may not make the schema {SCHEMA} in the database" in told
    (remedy,) = re.findall("`(.*)`", told)
    execute(database, remedy)
    assert dbt("seed", "--select", "output_item").success


@pytest.mark.parametrize("command", ["run", "test"])
def test_tables_that_nobody_has_built_are_named_once(command: str, dbt: Dbt) -> None:
    (told,) = said(dbt(command, "--select", "int_lab_row"))
    assert "the schema roads lacks what is read here (" in told
    assert "run `dbt build` first" in told


def test_a_failed_build_goes_on_by_retry(dbt: Dbt, database: str) -> None:
    execute(database, "alter table mimiciv_icu.outputevents rename value to volume")
    failed = dbt(*BUILD)
    execute(database, "alter table mimiciv_icu.outputevents rename volume to value")
    assert not failed.success and record(database, SCHEMA).status == "failed"
    with pytest.raises(StudyError, match="the last dbt build failed"):
        stays_read(database, SCHEMA)
    again = dbt("retry")
    assert again.success
    assert 0 < len(again.result.results) < len(failed.result.results)
    assert record(database, SCHEMA).status == "complete"
    assert stays_read(database, SCHEMA) == 0


@pytest.mark.parametrize(
    "command", [("run", "--full-refresh"), ("seed", "--full-refresh"), ("run", "--select", "baseline+")]
)
def test_what_rebuilds_the_same_leaves_a_whole_build(command: tuple[str, ...], dbt: Dbt, database: str) -> None:
    assert dbt(*command).success
    assert record(database, SCHEMA).status == "complete"
    assert stays_read(database, SCHEMA) == 0


@pytest.mark.parametrize(
    "command", [("ls",), ("source", "freshness"), ("snapshot",), ("show", "--select", "cohort_flow")]
)
def test_what_only_looks_changes_nothing(command: tuple[str, ...], dbt: Dbt, database: str) -> None:
    before = record(database, SCHEMA)
    assert dbt(*command).success
    assert record(database, SCHEMA) == before


@pytest.mark.needs_an_hour
def test_a_clone_says_that_it_is_one_and_never_takes_the_place_of_a_build(
    dbt: Dbt, database: str, folder: Path, tmp_path: Path
) -> None:
    assert dbt(*BUILD).success
    state = tmp_path / "state"
    shutil.copytree(folder / "target", state)
    with dbt_on(database, tmp_path, CLONE) as there:
        for _ in range(2):  # the second finds all there
            assert said(there("clone", "--state", str(state))) == []
            assert record(database, CLONE).status == "cloned"
            with pytest.raises(StudyError, match=r"views on those of another schema \(dbt clone\).*read that schema"):
                stays_read(database, CLONE)
        # it becomes a schema of its own, and stays one
        assert there("run").success
        assert stays_read(database, CLONE) == 0
        refused = said(there("clone", "--state", str(state), "--full-refresh"))
        assert refused
        assert all("the schema holds tables of its own: clone into another (DEXSIC_SCHEMA)" in told for told in refused)
        assert record(database, CLONE).status == "complete"
        assert stays_read(database, CLONE) == 0
    assert record(database, SCHEMA).status == "complete"


def test_schemas_of_other_names_are_named_once_with_their_vars(dbt: Dbt, database: str) -> None:
    execute(database, "alter schema mimiciv_icu rename to elsewhere")
    try:
        (told,) = said(dbt("run"))
    finally:
        execute(database, "alter schema elsewhere rename to mimiciv_icu")
    assert "mimiciv_icu.chartevents, mimiciv_icu.icustays" in told
    assert "dbt build --vars '{mimic_icu_schema: NAME}'" in told
    assert "mimic_hosp_schema" not in told


def test_a_role_that_may_read_no_source_is_told_once_what_to_ask_for(dbt: Dbt, onlooker: str, database: str) -> None:
    (told,) = said(dbt(*BUILD))
    assert "mimiciv_hosp.admissions, mimiciv_hosp.d_labitems" in told and f"are closed to {onlooker}" in told
    (remedy,) = re.findall("`(.*)`", told)
    execute(database, remedy)
    (told,) = said(dbt(*BUILD))
    assert f"the schema {SCHEMA} belongs to postgres, and {onlooker} cannot build in it" in told


def test_a_role_that_may_not_read_the_marts_is_told_once_by_tests(dbt: Dbt, onlooker: str, database: str) -> None:
    (told,) = said(dbt("test", "--select", "cohort_flow"))
    assert f"the schema {SCHEMA} is closed to this role (" in told and "cohort_flow" in told
    (remedy,) = re.findall("`(.*)`", told)
    execute(database, remedy.replace("ROLE", onlooker))
    assert dbt("test", "--select", "cohort_flow").success
