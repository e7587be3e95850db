"""What a build leaves about itself, and what is read of it later and elsewhere."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import yaml
from psycopg.conninfo import conninfo_to_dict

from analysis_py.marts.build_record import NO_RECORD, BuildRecord, as_text, read_build_record
from analysis_py.marts.errors import StudyError
from analysis_py.marts.one_build import keep_builds_out
from analysis_py.marts.profile import Target
from analysis_py.study.read_marts import read_marts
from tests.integration.conftest import PROJECT, TWO_PATIENTS, Dbt, dbt_on, fill

SCHEMA = "recorded"
VARS = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]

Record = Callable[[], BuildRecord]


@pytest.fixture(scope="module")
def database(make_database: Callable[[], str]) -> str:
    """DSN of a database with the tables of MIMIC-IV and two patients without a fault."""
    dsn = fill(make_database(), TWO_PATIENTS)
    with psycopg.connect(dsn) as connection:
        connection.execute("analyze mimiciv_icu.icustays")
    return dsn


@pytest.fixture(scope="module")
def dbt(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dbt]:
    """Runs a dbt command on that database; the project is parsed once."""
    with dbt_on(database, tmp_path_factory.mktemp("dbt"), SCHEMA) as run:
        yield run


@pytest.fixture
def record(database: str) -> Record:
    """Call it for what the schema's record says now."""

    def read() -> BuildRecord:
        with psycopg.connect(database) as connection:
            connection.read_only = True
            return read_build_record(connection, SCHEMA)

    return read


def models_of(record: BuildRecord) -> set[str]:
    return {test.model for test in record.tests}


def test_a_build_records_what_it_was_by_and_a_failure_says_so(dbt: Dbt, record: Record, database: str) -> None:
    assert dbt("build").success
    first = record()
    assert first.status == "complete"
    assert first.versions.keys() == {"MIMIC-IV", "dbt", "adapter", "server", "build"}
    assert first.versions["MIMIC-IV"] == "2.x, by its latest years 2014 - 2016"
    assert len(first.finished_at) == len("2150-01-01 00:00:00")
    assert list(first.definitions) == list(VARS)
    assert first.defaults == first.definitions
    assert first.definitions["exposure_min_duration_h"] == "4"
    assert first.definitions["heparin"] == "infusion"
    assert first.changed == {}
    assert first.drug == "dexmedetomidine"
    # of the tables that nobody has analyzed the planner knows no size
    assert first.sources == {"mimiciv_icu.icustays": 2}
    assert {test.status for test in first.tests} <= {"pass", "warn"}
    described = {test.name: test for test in first.tests}
    assert described["cohort_flow_adds_up"].description == "cohort flow adds up"
    assert described["the_exposures_drug_is_taken_from_what_runs"].model == "int_exposure_row"
    assert described["not_null_outcomes_stay_id"].description == "stay_id not null"

    wrong_age = "update mimiciv_hosp.patients set anchor_age = 300 where subject_id = 1"
    with psycopg.connect(database) as connection:
        connection.execute(wrong_age.encode())
    assert not dbt("build", "--exclude-resource-type", "unit_test").success
    second = record()
    with psycopg.connect(database) as connection:
        connection.execute(wrong_age.replace("300", "70").encode())
    assert second.status == "failed"
    assert "failed (last run: dbt build" in second.versions["build"]
    (failed,) = (test for test in second.tests if test.status == "fail")
    assert (failed.model, failed.failures) == ("stg_mimic__patients", 1)
    assert failed.description == "anchor_age accepted between: at_least 0; at_most 120"
    # what was skipped has not been tested
    assert "analysis_cohort" not in models_of(second)


def test_tests_count_for_the_build_that_they_ran_on(dbt: Dbt, record: Record) -> None:
    assert dbt("run").success
    assert record().status == "complete"
    assert record().tests == ()
    assert dbt("test", "--select", "cohort_flow_adds_up").success
    assert dbt("test", "--select", "sofa_is_the_sum_of_its_six_organs").success
    names = {"cohort_flow_adds_up", "sofa_is_the_sum_of_its_six_organs"}
    assert {test.name for test in record().tests} == names
    # a test by other definitions is no test of this build
    other = ("--vars", "{sofa_window_h: 12}")
    assert dbt("test", "--select", "sic_score_is_the_sum_of_its_parts", *other).success
    assert {test.name for test in record().tests} == names
    assert record().changed == {}
    assert dbt("seed", "--select", "output_item").success
    assert record().tests == ()


@pytest.mark.needs_an_hour
def test_what_a_selection_leaves_is_whole_only_if_nothing_else_has_changed(
    dbt: Dbt, record: Record, database: str
) -> None:
    assert dbt("run").success
    assert dbt("run", "--select", "cohort_flow").success
    assert record().versions["build"].startswith("complete (last run: dbt run, 1 of ")
    assert dbt("run", "--select", "cohort_flow", "--vars", "{heparin: any_icu}").success
    assert record().status == "partial"
    assert record().changed == {"heparin": "any_icu"}
    # the rest is still by the other definition
    assert dbt("run", "--select", "cohort_flow", "--vars", "{heparin: any_icu}").success
    assert record().status == "partial"
    # the same number in another spelling, and a table of points, are no change
    same = "{exposure_min_duration_h: 4.0, sofa_map_below_mmhg: {1: 70}, heparin: any_icu}"
    assert dbt("run", "--vars", same).success
    assert record().status == "complete"
    assert record().changed == {"heparin": "any_icu"}

    assert dbt("run").success
    with psycopg.connect(database) as connection:
        connection.execute("update mimiciv_hosp.patients set anchor_age = anchor_age")
    assert dbt("run", "--select", "cohort_flow").success
    assert record().status == "partial"


def test_a_table_that_was_built_of_nothing_never_makes_a_whole(dbt: Dbt, record: Record, database: str) -> None:
    assert dbt("run").success
    assert record().status == "complete"
    assert dbt("run", "--empty", "--select", "int_first_day_lab").success
    assert dbt("run", "--select", "baseline+").success
    assert record().status == "partial"
    with pytest.raises(StudyError, match="dbt build"):
        read_marts(Target(SCHEMA, None, {**conninfo_to_dict(database)}))
    assert dbt("run", "--select", "int_first_day_lab+").success
    assert record().status == "complete"


@pytest.mark.needs_an_hour
def test_a_whole_build_of_nothing_runs_and_is_no_build(dbt: Dbt, record: Record) -> None:
    assert dbt("build", "--empty", "--exclude-resource-type", "unit_test").success
    assert record().status == "partial"


def test_marts_of_several_builds_are_not_read(dbt: Dbt, database: str) -> None:
    target = Target(SCHEMA, None, {**conninfo_to_dict(database)})
    assert dbt("run").success
    assert len(read_marts(target).stays) == 0
    assert dbt("run", "--select", "cohort_flow", "--vars", "{heparin: any_icu}").success
    with pytest.raises(StudyError, match=r"of different data .*definitions or project files, then run `dbt build`"):
        read_marts(target)
    with psycopg.connect(database) as connection:
        connection.execute(f"update {SCHEMA}.build_run set status = 'unfinished'".encode())
    with pytest.raises(StudyError, match="the last dbt build did not finish"):
        read_marts(target)


def test_one_build_at_a_time_and_none_while_the_marts_are_read(dbt: Dbt, database: str) -> None:
    assert dbt("run").success
    with psycopg.connect(database) as reader:
        keep_builds_out(reader, SCHEMA)
        refused = dbt("run", "--select", "cohort_flow")
    assert not refused.success
    assert f"another build or analysis is using the schema {SCHEMA}" in str(refused.exception)
    with psycopg.connect(database) as builder:
        builder.execute("select pg_advisory_lock(hashtext('dexsic'), hashtext(%s))", [SCHEMA])
        with pytest.raises(StudyError, match="a dbt build is running in the schema recorded"):
            read_marts(Target(SCHEMA, None, {**conninfo_to_dict(database)}))
    assert dbt("run", "--select", "cohort_flow").success


@pytest.mark.needs_an_hour
def test_a_crash_of_the_server_is_noticed_by_what_would_read_emptied_tables(
    dbt: Dbt, record: Record, database: str
) -> None:
    assert dbt("run").success
    with psycopg.connect(database) as connection:
        # what crash recovery does to every unlogged table
        connection.execute(f"truncate {SCHEMA}.build_model, {SCHEMA}.int_icu_stay".encode())
    # the marts are logged tables of one build: they can still be read
    assert record().status == "complete"
    refused = dbt("test", "--select", "cohort_flow_adds_up")
    assert "the server has crashed since the last build" in str(refused.exception)
    refused = dbt("run", "--select", "cohort_flow")
    assert "the server has crashed since the last build" in str(refused.exception)
    assert dbt("run").success
    assert record().status == "complete"


def test_a_schema_of_seeds_alone_is_no_crash(database: str, tmp_path: Path) -> None:
    with dbt_on(database, tmp_path, "seeds_alone") as dbt:
        assert dbt("seed").success
        assert dbt("run", "--select", "stg_mimic__patients").success


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ("{exposure_drug: propofole}", "var exposure_drug is propofole: choose one of dexmedetomidine, propofol,"),
        ("{exposure_drug: heparin}", "choose one of dexmedetomidine"),
        ("{exposure_min_duratoin_h: 6}", "no var is named exposure_min_duratoin_h"),
    ],
)
def test_what_no_model_knows_is_refused_before_anything_changes(
    variables: str, message: str, dbt: Dbt, record: Record
) -> None:
    before = record()
    refused = dbt("run", "--vars", variables)
    assert not refused.success
    assert message in str(refused.exception)
    assert record() == before


@pytest.mark.needs_an_hour
def test_the_fingerprint_is_of_the_content(dbt: Dbt, record: Record, database: str) -> None:
    assert dbt("run").success
    first = record().fingerprint
    assert dbt("run").success
    assert record().fingerprint == first
    with psycopg.connect(database) as connection:
        connection.execute(f"update {SCHEMA}.outcomes set icu_days = icu_days + 1 where stay_id = 101".encode())
    assert record().fingerprint not in {first, ""}


def test_a_record_that_cannot_be_read_is_empty_and_the_transaction_goes_on(
    dbt: Dbt, record: Record, database: str
) -> None:
    assert dbt("run").success
    before = record()
    with psycopg.connect(database) as connection:
        connection.read_only = True
        assert read_build_record(connection, "no_such_schema") == NO_RECORD
        assert connection.execute("select 1").fetchone() == (1,)
    with psycopg.connect(database) as connection:
        connection.execute("create role stranger_to_builds")
        connection.execute("set local role stranger_to_builds")
        assert read_build_record(connection, SCHEMA) == NO_RECORD
        assert connection.execute("select 1").fetchone() == (1,)
        connection.rollback()
    with psycopg.connect(database) as connection:
        connection.execute(f"alter table {SCHEMA}.build_run drop column status".encode())
        kept = BuildRecord(fingerprint=before.fingerprint, quality=before.quality, published=before.published)
        assert read_build_record(connection, SCHEMA) == kept
        connection.rollback()


def test_definitions_read_as_people_write_them() -> None:
    assert as_text('"any_icu"') == "any_icu"
    assert as_text("4.0") == as_text("4") == "4"
    assert as_text("0.05") == "0.05"
    assert as_text('{"1": 70.0}') == '{"1": 70}'
    assert as_text("true") == "true"
