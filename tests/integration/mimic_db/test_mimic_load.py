"""`python -m mimic_db load`, on small folders: what is loaded, what is skipped, what is refused."""

import gzip
import signal
import subprocess
from pathlib import Path

import psycopg
import pytest

from mimic_db.__main__ import main
from mimic_db.tables import TABLES, create_table
from tests.integration.mimic_db.loading import rows, standing

IN_A_ROW = "patients-own-words"


def load(folder: Path, dsn: str) -> int:
    return main(["load", "--csv", str(folder), "--dsn", dsn])


def load_error(folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The one message of a load that must fail."""
    capsys.readouterr()
    assert load(folder, dsn) == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert IN_A_ROW not in errors[0]
    return errors[0]


def test_a_folder_is_loaded_with_types_nulls_and_counts(mimic_folder: Path, dsn: str) -> None:
    (mimic_folder / "hosp/patients.csv").write_text(
        "GENDER,subject_id,anchor_age,anchor_year,anchor_year_group,dod\n"
        'F,7,50,2150,"2017 - 2019",\nM,8,,2150,x,2151-02-03\n'
    )
    assert load(mimic_folder, dsn) == 0
    found = rows(dsn, "select subject_id, gender, anchor_age, cast(dod as text) from mimiciv_hosp.patients order by 1")
    assert found == [(7, "F", 50, None), (8, "M", None, "2151-02-03")]
    assert rows(dsn, "select count(*), sum(row_count) from mimic_db.loaded_file") == [(13, 26)]


def test_a_second_run_loads_only_what_changed(mimic_folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    load(mimic_folder, dsn)
    services = mimic_folder / "hosp/services.csv"
    services.write_text(services.read_text() + "3,3,2150-01-03 08:00:00,MED,MED\n")
    before = rows(dsn, "select pg_relation_filenode('mimiciv_icu.chartevents')")
    capsys.readouterr()
    assert load(mimic_folder, dsn) == 0
    shown = capsys.readouterr().out
    assert shown.count("unchanged") == 12
    assert rows(dsn, "select count(*) from mimiciv_hosp.services") == [(3,)]
    assert rows(dsn, "select pg_relation_filenode('mimiciv_icu.chartevents')") == before


def test_a_file_changed_without_a_change_of_size_is_noticed(mimic_folder: Path, dsn: str) -> None:
    load(mimic_folder, dsn)
    path = mimic_folder / "hosp/patients.csv"
    path.write_text(path.read_text().replace("\n1,", "\n5,"))
    load(mimic_folder, dsn)
    assert rows(dsn, "select min(subject_id) from mimiciv_hosp.patients") == [(2,)]


def test_a_table_emptied_by_hand_is_loaded_again(mimic_folder: Path, dsn: str) -> None:
    load(mimic_folder, dsn)
    with psycopg.connect(dsn) as connection:
        connection.execute("truncate mimiciv_hosp.patients")
        connection.execute("drop table mimiciv_icu.icustays")
    load(mimic_folder, dsn)
    assert rows(dsn, "select count(*) from mimiciv_hosp.patients") == [(2,)]
    assert rows(dsn, "select count(*) from mimiciv_icu.icustays") == [(2,)]


def test_tables_filled_by_somebody_else_are_never_touched(
    mimic_folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("create schema mimiciv_icu; create table mimiciv_icu.icustays as select 1 as stay_id")
    message = load_error(mimic_folder, dsn, capsys)
    assert "mimiciv_icu.icustays already hold(s) rows that `load` did not put there" in message
    assert rows(dsn, "select count(*) from mimiciv_icu.icustays") == [(1,)]
    assert rows(dsn, "select to_regclass('mimiciv_hosp.patients')") == [(None,)]


def test_empty_tables_of_the_official_scripts_are_filled(mimic_folder: Path, dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("create schema mimiciv_hosp; create table mimiciv_hosp.provider (provider_id varchar(10))")
    (mimic_folder / "hosp/provider.csv").write_text("provider_id\nP001\n")
    assert load(mimic_folder, dsn) == 0
    assert rows(dsn, "select provider_id from mimiciv_hosp.provider") == [("P001",)]


def test_a_wrong_header_stops_everything_before_it_begins(
    mimic_folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = mimic_folder / "hosp/services.csv"
    path.write_text(path.read_text().replace("curr_service", "service", 1))
    assert "nothing was loaded" in load_error(mimic_folder, dsn, capsys)
    assert rows(dsn, "select to_regnamespace('mimiciv_hosp')") == [(None,)]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f"9,{IN_A_ROW},50,2150,x,", "line 4, column gender"),
        (f"{IN_A_ROW},F,50,2150,x,", "a value is not of the column's type, line 4, column subject_id"),
        (
            f"9,F,50,2150,x,{IN_A_ROW}",
            "a value is no date or time as in 2150-01-31 08:00:00, without a zone, line 4, column dod",
        ),
        (f",F,50,2150,{IN_A_ROW[:9]},", "a required value is missing, line 4, column subject_id"),
        (f"9,F,50,2150,x,,{IN_A_ROW}", "as many values as the header has columns, or a quote is not closed, line 4"),
        (f'9,F,50,2150,"{IN_A_ROW},', "as many values as the header has columns, or a quote is not closed, line 4"),
        ("9,F,99999999,2150,x,", "line 4, column anchor_age"),
    ],
)
def test_a_bad_row_is_told_by_place_never_by_content(
    line: str, told: str, mimic_folder: Path, dsn: str, capsys: pytest.CaptureFixture[str], embedded_server: Path
) -> None:
    load(mimic_folder, dsn)
    path = mimic_folder / "hosp/patients.csv"
    path.write_text(path.read_text() + line + "\n")
    message = load_error(mimic_folder, dsn, capsys)
    assert str(path) in message
    assert told in message
    assert rows(dsn, "select count(*) from mimiciv_hosp.patients") == [(2,)]
    assert IN_A_ROW not in (embedded_server / "server.log").read_text()


def test_text_that_is_not_utf8(mimic_folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = mimic_folder / "hosp/patients.csv"
    path.write_bytes(path.read_bytes() + b"9,F,50,2150,\xe9,\n")
    assert "the file is not UTF-8 text, line 4" in load_error(mimic_folder, dsn, capsys)


def test_a_cut_gzip_leaves_the_table_as_it_was(
    mimic_folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    load(mimic_folder, dsn)
    path = mimic_folder / "icu/chartevents.csv.gz"
    header, *lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    whole = gzip.compress(
        "\n".join([header, *(lines[0].replace("1,1,1", f"{n},{n},{n}") for n in range(9999))]).encode()
    )
    path.write_bytes(whole[: len(whole) // 2])
    message = load_error(mimic_folder, dsn, capsys)
    assert f"{path} is cut off" in message
    assert "icu/chartevents is as it was before" in message
    assert rows(dsn, "select count(*) from mimiciv_icu.chartevents") == [(2,)]


def test_a_flipped_bit_in_a_gzip_is_noticed(mimic_folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = mimic_folder / "icu/chartevents.csv.gz"
    content = bytearray(path.read_bytes())
    content[-6] ^= 1  # the checksum at the end
    path.write_bytes(content)
    assert "is cut off or no gzip file" in load_error(mimic_folder, dsn, capsys)


def test_a_role_without_privileges(mimic_folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("drop role if exists nobody_here; create role nobody_here login")
    message = load_error(mimic_folder, dsn.replace("postgres@", "nobody_here@"), capsys)
    assert "nobody_here may not make schemas" in message
    assert "grant create on database" in message


def test_a_server_that_is_not_there(mimic_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = load_error(mimic_folder, "postgresql://me@127.0.0.1:1/mimic", capsys)
    assert "cannot connect to the database" in message


def test_a_session_that_the_server_ends(mimic_folder: Path, dsn: str) -> None:
    loading, backend = standing_load(mimic_folder, dsn)
    rows(dsn, f"select pg_terminate_backend({backend})")
    _, errors = loading.communicate(timeout=20)
    assert loading.returncode == 1
    assert "the server closed the connection" in errors
    assert "Traceback" not in errors
    assert rows(dsn, "select count(*) from mimiciv_icu.chartevents") == [(0,)]


def test_an_interruption_ends_in_one_line_and_a_second_run_goes_on(mimic_folder: Path, dsn: str) -> None:
    loading, _ = standing_load(mimic_folder, dsn)
    loading.send_signal(signal.SIGINT)
    _, errors = loading.communicate(timeout=20)
    assert loading.returncode == 130
    assert errors.splitlines()[-1].startswith("interrupted:")
    assert "Traceback" not in errors
    assert rows(dsn, "select count(*) from mimiciv_icu.chartevents") == [(0,)]

    with psycopg.connect(dsn) as connection:
        connection.execute("drop function stand cascade")
    assert load(mimic_folder, dsn) == 0
    assert rows(dsn, "select count(*) from mimiciv_icu.chartevents") == [(2,)]


def test_two_loads_at_once_do_not_mix(mimic_folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    loading, _ = standing_load(mimic_folder, dsn)
    assert "another load is running" in load_error(mimic_folder, dsn, capsys)
    loading.send_signal(signal.SIGINT)
    loading.communicate(timeout=20)


def standing_load(folder: Path, dsn: str) -> tuple[subprocess.Popen[str], int]:
    """A load that stands still in the COPY of chartevents, because a trigger sleeps; and its server process."""
    chartevents = next(table for table in TABLES if table.name == "chartevents")
    with psycopg.connect(dsn) as connection:
        connection.execute("create schema mimiciv_icu")
        connection.execute(create_table(chartevents, "mimiciv_icu"))
        connection.execute(
            "create function stand() returns trigger language plpgsql as 'begin perform pg_sleep(60); return new; end';"
            "create trigger stand before insert on mimiciv_icu.chartevents for each row execute function stand()"
        )
    return standing("--csv", folder, dsn)
