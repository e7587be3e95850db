"""`python -m mimic_db check`: each obstacle is named with its remedy."""

import re
from collections.abc import Callable, Iterator

import psycopg
import pytest

from mimic_db.__main__ import main


@pytest.fixture
def dsn(loaded_dsn: str) -> str:
    return loaded_dsn


@pytest.fixture
def reader(dsn: str) -> Iterator[str]:
    """The same database as a role that may read the sources and create nothing."""
    execute(dsn, "drop role if exists reader; create role reader login")
    execute(dsn, "grant usage on schema mimiciv_hosp, mimiciv_icu to reader")
    execute(dsn, "grant select on all tables in schema mimiciv_hosp, mimiciv_icu to reader")
    yield dsn.replace("postgres@", "reader@")
    execute(dsn, "drop owned by reader; drop role reader")


def execute(dsn: str, statement: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(statement)


def found(dsn: str, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    status = main(["check", "--dsn", dsn, *options])
    return status, capsys.readouterr().out


def test_a_complete_database_passes(dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, shown = found(dsn, capsys)
    assert status == 0
    assert "error" not in shown
    assert "mimiciv_icu: chartevents, icustays, inputevents, outputevents, procedureevents are complete" in shown
    assert "output schema dexsic can be made" in shown


def test_the_release_is_guessed_by_its_latest_years(dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    execute(dsn, "update mimiciv_hosp.patients set anchor_year_group = '2020 - 2022' where subject_id = 1")
    assert "MIMIC-IV 3.x, by its latest years 2020 - 2022; 2 patients" in found(dsn, capsys)[1]
    execute(dsn, "update mimiciv_hosp.patients set anchor_year_group = '2017 - 2019'")
    assert "MIMIC-IV 2.x" in found(dsn, capsys)[1]


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("drop table mimiciv_hosp.services, mimiciv_hosp.patients", "mimiciv_hosp lacks patients, services: load them"),
        ("truncate mimiciv_icu.inputevents", "mimiciv_icu.inputevents is empty: its load did not finish"),
        ("alter table mimiciv_icu.icustays drop column intime", "mimiciv_icu.icustays lacks intime"),
        (
            "alter table mimiciv_hosp.labevents alter valuenum type text",
            "mimiciv_hosp.labevents.valuenum is text, not double precision",
        ),
        (
            "alter table mimiciv_icu.chartevents alter charttime type timestamptz",
            "mimiciv_icu.chartevents.charttime is timestamp with time zone, not timestamp",
        ),
        ("alter schema mimiciv_icu rename to icu", "icustays lies in icu; if that is it, say --icu-schema icu"),
    ],
)
def test_what_is_wrong_with_the_sources(damage: str, told: str, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    execute(dsn, damage)
    status, shown = found(dsn, capsys)
    assert status == 1
    assert told in shown
    assert shown.count("error   ") == 1


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (
            'alter table mimiciv_icu.icustays rename stay_id to "STAY_ID"',
            'icustays lacks stay_id: it has "STAY_ID": rename to lower case',
        ),
        (
            'alter table mimiciv_hosp.services rename to "SERVICES"',
            'mimiciv_hosp lacks services: it has "SERVICES": rename to lower case',
        ),
        (
            "alter table mimiciv_icu.icustays rename to kept; create view mimiciv_icu.icustays as"
            " select * from mimiciv_icu.kept where 1 / (subject_id - subject_id) > 0",
            "mimiciv_icu.icustays cannot be read: ",
        ),
        (
            "alter table mimiciv_hosp.patients rename to kept; create materialized view mimiciv_hosp.patients as"
            " select * from mimiciv_hosp.kept with no data",
            "mimiciv_hosp.patients cannot be read: the server refused: materialized view",
        ),
        (
            "drop table mimiciv_icu.icustays; create sequence mimiciv_icu.icustays",
            "mimiciv_icu lacks icustays: load them",
        ),
        ("alter table mimiciv_icu.icustays alter stay_id type numeric", "icustays.stay_id is numeric, not integer"),
    ],
)
def test_odd_relations_in_place_of_a_table(
    damage: str, told: str, dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    execute(dsn, damage)
    status, shown = found(dsn, capsys)
    assert status == 1
    assert told in shown
    assert shown.count("error   ") == 1


def test_views_partitions_and_an_odd_search_path_are_fine(dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    execute(
        dsn,
        "alter table mimiciv_icu.icustays rename to kept;"
        "create view mimiciv_icu.icustays as select * from mimiciv_icu.kept;"
        "alter table mimiciv_hosp.services rename to part;"
        "create table mimiciv_hosp.services (like mimiciv_hosp.part) partition by range (subject_id);"
        "alter table mimiciv_hosp.services attach partition mimiciv_hosp.part default;"
        "do $$ begin execute format('alter database %I set search_path = nowhere', current_database()); end $$",
    )
    assert found(dsn, capsys)[0] == 0


def test_a_view_over_what_the_role_may_not_read(dsn: str, reader: str, capsys: pytest.CaptureFixture[str]) -> None:
    execute(
        dsn,
        "create schema dexsic authorization reader; alter table mimiciv_icu.icustays rename to kept;"
        "create view mimiciv_icu.icustays with (security_invoker) as select * from mimiciv_icu.kept;"
        "revoke select on mimiciv_icu.kept from reader; grant select on mimiciv_icu.icustays to reader",
    )
    status, shown = found(reader, capsys)
    assert status == 1
    assert (
        "mimiciv_icu.icustays cannot be read: the role lacks the privilege: permission denied for table kept" in shown
    )


def test_rows_that_are_hidden_from_the_role(dsn: str, reader: str, capsys: pytest.CaptureFixture[str]) -> None:
    execute(
        dsn,
        "create schema dexsic authorization reader; alter table mimiciv_hosp.patients enable row level security;"
        "create policy one_only on mimiciv_hosp.patients using (subject_id = 1)",
    )
    status, shown = found(reader, capsys)
    assert status == 0
    assert "warning mimiciv_hosp.patients shows reader only some rows (row level security)" in shown


def test_sessions_that_are_read_only(dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        database = connection.info.dbname
        connection.execute(f"alter database {database} set default_transaction_read_only = on")
        try:
            status, shown = found(dsn, capsys)
        finally:
            connection.execute(f"alter database {database} reset default_transaction_read_only")
    assert status == 1
    assert "reset default_transaction_read_only" in shown


def test_wider_types_and_missing_unneeded_columns_are_fine(dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    execute(
        dsn,
        "alter table mimiciv_hosp.labevents alter labevent_id type bigint, alter value type text, drop column comments;"
        "alter table mimiciv_icu.chartevents alter valuenum type numeric",
    )
    assert found(dsn, capsys)[0] == 0


def test_floats_of_four_bytes_are_warned_of(dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    rate = "select rate > 0.1 from mimiciv_icu.inputevents where stay_id = 1"
    execute(
        dsn, "update mimiciv_icu.inputevents set rate = 0.1; alter table mimiciv_icu.inputevents alter rate type real"
    )
    with psycopg.connect(dsn, autocommit=True) as connection:
        assert connection.execute(rate).fetchone() == (True,)  # 0.1 is none of them
        status, shown = found(dsn, capsys)
        assert status == 0
        (warning,) = re.findall("warning .*inputevents.rate is real.*; `(.*)`", shown)
        connection.execute(warning)
        assert connection.execute(rate).fetchone() == (False,)
    assert "is real" not in found(dsn, capsys)[1]


def test_schemas_of_other_names(dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    execute(dsn, 'alter schema mimiciv_icu rename to "My Icu"')
    status, shown = found(dsn, capsys, "--icu-schema", "My Icu")
    assert status == 0
    assert "name its schemas to every command: dbt build --vars '{mimic_icu_schema: My Icu}'" in shown
    status, shown = found(dsn, capsys, "--vars", "{mimic_icu_schema: My Icu}")
    assert (status, "name its schemas" in shown) == (0, False)
    status, shown = found(dsn, capsys)
    assert status == 1
    assert "--icu-schema My Icu here, --vars '{mimic_icu_schema: My Icu}' to dbt" in shown


def test_an_output_schema_that_is_a_source(dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is a source schema: choose another" in found(dsn, capsys, "--schema", "mimiciv_icu")[1]


def test_a_reader_needs_a_schema_of_its_own(dsn: str, reader: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, shown = found(reader, capsys)
    assert status == 1
    assert "ask the owner for `create schema dexsic authorization reader`" in shown
    execute(dsn, "create schema dexsic authorization reader")
    status, shown = found(reader, capsys)
    assert (status, "error" in shown) == (0, False)


def test_a_reader_may_be_allowed_to_make_its_schema(dsn: str, reader: str, capsys: pytest.CaptureFixture[str]) -> None:
    execute(dsn, "do $$ begin execute format('grant create on database %I to reader', current_database()); end $$")
    assert found(reader, capsys)[0] == 0


def test_an_output_schema_that_is_somebody_elses(dsn: str, reader: str, capsys: pytest.CaptureFixture[str]) -> None:
    execute(dsn, "create schema dexsic")
    # to be allowed to build in it would not do: a build marks the schema, as its owner
    execute(dsn, "grant all on schema dexsic to reader")
    assert "ask for `alter schema dexsic owner to reader`" in found(reader, capsys)[1]
    execute(dsn, "alter schema dexsic owner to reader; create table dexsic.theirs (x int)")
    assert "holds 1 relation(s) of another role" in found(reader, capsys)[1]
    execute(dsn, "drop table dexsic.theirs")


def test_closed_tables_and_schemas(dsn: str, reader: str, capsys: pytest.CaptureFixture[str]) -> None:
    execute(dsn, "revoke usage on schema mimiciv_hosp from reader; revoke select on mimiciv_icu.icustays from reader")
    shown = found(reader, capsys)[1]
    assert "ask its owner for `grant usage on schema mimiciv_hosp to reader`" in shown
    assert "ask its owner for `grant select on mimiciv_icu.icustays to reader`" in shown


def test_no_temporary_tables(dsn: str, reader: str, capsys: pytest.CaptureFixture[str]) -> None:
    execute(dsn, "do $$ begin execute format('revoke temp on database %I from public', current_database()); end $$")
    assert "grant temporary on database" in found(reader, capsys)[1]


def test_which_data_set_is_asked_where_there_are_several(
    make_database: Callable[[], str], capsys: pytest.CaptureFixture[str]
) -> None:
    make_database()
    make_database()
    assert main(["check"]) == 1
    assert re.search(r"which data set\? --database \w+ \| \w+", capsys.readouterr().err)
