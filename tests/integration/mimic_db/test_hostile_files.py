"""Odd and damaged files: refused with their place, or loaded exactly; never a little changed."""

import gzip
import os
import tempfile
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mimic_db.__main__ import main
from mimic_db.database import connect
from mimic_db.load.csv_folder import SourceFile
from mimic_db.load.load import load
from mimic_db.progress import LoadProgress
from mimic_db.tables import TABLES, Column, create_table
from torture.campaign import BAD, Workshop
from torture.file_content import Content, Field, encode, expected, found, kind, write
from torture.files import trials

BY_NAME = {table.name: table for table in TABLES}


def refused(folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(["load", "--csv", str(folder), "--dsn", dsn]) == 1
    return capsys.readouterr().err.partition("error: ")[2]


def patients(folder: Path, *rows: str) -> None:
    header = "subject_id,gender,anchor_age,anchor_year,anchor_year_group,dod"
    (folder / "hosp/patients.csv").write_text("\n".join([header, *rows]) + "\n")


def test_a_sample_of_the_campaign_ends_well(embedded_server: Path, tmp_path: Path) -> None:
    tried = list(trials(Workshop(tmp_path, embedded_server), thorough=False, seed=1))
    assert len(tried) == 60
    assert [trial for trial in tried if trial.outcome in BAD] == []


def fields(column: Column) -> st.SearchStrategy[Field]:
    """Any field that the column can take, as it would be written."""
    width = int(column.type.split("(")[1].rstrip(")")) if "(" in column.type else 30
    texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=min(width, 30))
    marks = st.text(st.sampled_from("\",\n\r\\.;\t'%µ "), max_size=min(width, 30))
    moments = st.datetimes().map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000))
    written: dict[str, st.SearchStrategy[Field]] = {
        "integer": st.integers(-(2**31), 2**31 - 1).map(str),
        "smallint": st.integers(-(2**15), 2**15 - 1).map(str),
        "double": st.floats().map(written_number),
        "real": st.floats(width=32, allow_subnormal=False).map(written_number),
        "timestamp": moments.map(lambda moment: moment.replace(microsecond=0) if "(0)" in column.type else moment).map(
            lambda moment: moment.isoformat(" ")
        ),
        "date": st.datetimes().map(lambda moment: moment.date().isoformat()),
    }
    strategy = written.get(kind(column), texts | marks)
    return st.none() | strategy if column.nullable else strategy


def written_number(number: float) -> str:
    """As PostgreSQL spells it."""
    return repr(number).replace("inf", "Infinity").replace("nan", "NaN")


@st.composite
def contents(draw: st.DrawFn) -> Content:
    """Any rows of a few tables that have columns of every type, columns in any order."""
    table = BY_NAME[draw(st.sampled_from(["labevents", "pharmacy", "omr", "provider", "outputevents", "patients"]))]
    order = draw(st.permutations(table.columns))
    rows = draw(st.lists(st.tuples(*map(fields, order)), max_size=4))
    return Content(table, tuple(column.name for column in order), tuple(rows))


@settings(max_examples=80, deadline=None)
@given(contents(), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.sampled_from([".csv", ".csv.gz"]))
def test_whatever_a_file_holds_comes_out_as_it_went_in(
    shared_dsn: str, content: Content, line_end: str, mark: bool, suffix: str
) -> None:
    with tempfile.TemporaryDirectory() as folder, connect(shared_dsn) as connection:
        path = Path(folder) / f"{content.table.name}{suffix}"
        write(path, b"\xef\xbb\xbf" * mark + encode(content.header, content.rows, line_end))
        load(connection, [SourceFile(content.table, path, content.header, None)], LoadProgress())
        assert repr(found(connection, content.table)) == repr(expected(content))


@pytest.mark.parametrize(
    "written", ["now", "infinity", "01/02/2150", "2150-01-02 08:00:00", "epoch", "21500102", "50-01-02"]
)
def test_a_date_that_may_be_read_otherwise_is_refused(
    written: str, mimic_folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    patients(mimic_folder, "1,F,50,2150,x,", f"2,F,50,2150,x,{written}")
    assert "without a zone, line 3, column dod" in refused(mimic_folder, dsn, capsys)


def test_a_time_zone_is_not_dropped(mimic_folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = mimic_folder / "hosp/services.csv"
    path.write_text(path.read_text().replace("2150-01-02 08:00:00", "2150-01-02 08:00:00+05"))
    assert "without a zone, line 3, column transfertime" in refused(mimic_folder, dsn, capsys)


def test_stray_quotes_do_not_merge_two_rows(mimic_folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    # for PostgreSQL this is one row: the quotes hold `ab,2150-01-01 08:00:00,y,z` and the line end between
    path = mimic_folder / "hosp/services.csv"
    path.write_text('subject_id,hadm_id,transfertime,prev_service,curr_service\n1,1,2150-01-01,ab",y\n1,1,ab",y,z\n')
    assert "a quote stands where none may be" in refused(mimic_folder, dsn, capsys)


@pytest.mark.parametrize("cut", [1, 2, 4])
def test_a_plain_file_that_was_cut_in_its_last_row(
    cut: int, mimic_folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = mimic_folder / "hosp/services.csv"
    path.write_bytes(path.read_bytes()[:-cut])
    message = refused(mimic_folder, dsn, capsys)
    assert "the file is cut short" in message
    assert "compare its SHA-256" in message


def test_a_cut_between_two_rows_is_told_by_the_published_sums(
    mimic_folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sums = "".join(f"{'a' * 64}  {path}\n" for path in ("hosp/services.csv", "hosp/unknown.csv"))
    (mimic_folder / "SHA256SUMS.txt").write_text(sums)
    for _ in ("loaded", "unchanged"):
        assert main(["load", "--csv", str(mimic_folder), "--dsn", dsn]) == 0
        assert "warning: hosp/services: not the file(s) whose SHA-256" in capsys.readouterr().err


def test_a_file_that_grows_while_it_is_read(
    mimic_folder: Path, dsn: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = mimic_folder / "hosp/services.csv"

    def grow(progress: LoadProgress, done: int, rows: int) -> None:
        if path.stat().st_size < 5000:  # at each block of any table, and no end otherwise
            path.write_bytes(path.read_bytes() + b"3,3,2150-01-03 08:00:00,MED,MED\n")

    monkeypatch.setattr(LoadProgress, "update", grow)
    assert "services.csv changed while it was read" in refused(mimic_folder, dsn, capsys)


def test_a_first_line_that_is_a_row_is_not_repeated(
    mimic_folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (mimic_folder / "hosp/patients.csv").write_text("1,F,50,2150,patients-own-words,\n")
    message = refused(mimic_folder, dsn, capsys)
    assert "the first line is not the header of hosp/patients" in message
    assert "own-words" not in message


def test_what_lies_in_the_place_of_a_file(mimic_folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    (mimic_folder / "hosp/provider.csv").mkdir()  # not needed, but not to be passed over either
    (mimic_folder / "hosp/omr.csv").symlink_to("omr.csv")
    os.mkfifo(mimic_folder / "hosp/poe.csv")
    assert refused(mimic_folder, dsn, capsys).count("is a folder or a link to nothing") == 3


def test_a_gzip_of_several_members_is_read_in_full(mimic_folder: Path, dsn: str) -> None:
    path = mimic_folder / "icu/outputevents.csv.gz"
    text = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(text[:99]) + gzip.compress(text[99:]))
    assert main(["load", "--csv", str(mimic_folder), "--dsn", dsn]) == 0
    with psycopg.connect(dsn) as connection:
        assert connection.execute("select count(*) from mimiciv_icu.outputevents").fetchone() == (2,)


def test_infinite_numbers_are_loaded_as_they_are(mimic_folder: Path, dsn: str) -> None:
    path = mimic_folder / "icu/outputevents.csv.gz"
    text = gzip.decompress(path.read_bytes()).decode().splitlines()
    text[1:] = [text[n].rsplit(",", 2)[0] + f",{number},ml" for n, number in ((1, "Infinity"), (2, "NaN"))]
    path.write_bytes(gzip.compress(("\n".join(text) + "\n").encode()))
    assert main(["load", "--csv", str(mimic_folder), "--dsn", dsn]) == 0
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("select cast(value as text) from mimiciv_icu.outputevents order by 1").fetchall()
    assert rows == [("Infinity",), ("NaN",)]


def test_dates_do_not_depend_on_the_settings_of_the_role(mimic_folder: Path, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        database = connection.info.dbname
        connection.execute(f"alter database {database} set datestyle = 'SQL, DMY'")
        connection.execute(f"alter database {database} set timezone = 'Asia/Kolkata'")
    patients(mimic_folder, "1,F,50,2150,x,2150-02-03")
    assert main(["load", "--csv", str(mimic_folder), "--dsn", dsn]) == 0
    with psycopg.connect(dsn) as connection:
        connection.execute("set datestyle = 'ISO'")
        assert connection.execute("select dod from mimiciv_hosp.patients").fetchone() == (datetime(2150, 2, 3).date(),)


def test_a_trigger_that_drops_rows_is_noticed(mimic_folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("create schema mimiciv_hosp")
        connection.execute(create_table(BY_NAME["patients"], "mimiciv_hosp"))
        connection.execute(
            "create function drop_row() returns trigger language plpgsql as 'begin return null; end';"
            "create trigger drop_row before insert on mimiciv_hosp.patients for each row execute function drop_row()"
        )
    assert "the server kept 0 of 2 rows" in refused(mimic_folder, dsn, capsys)


@pytest.mark.needs_debian_postgres
def test_a_line_that_ends_the_file_for_an_older_server(
    mimic_folder: Path, debian_postgres: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (mimic_folder / "hosp/provider.csv").write_text("provider_id\nP001\n\\.\nP002\n")
    with psycopg.connect(debian_postgres, autocommit=True) as connection:
        connection.execute("create database end_of_file")
    dsn = debian_postgres.removesuffix("/postgres") + "/end_of_file"
    assert "the server kept 1 of 3 rows" in refused(mimic_folder, dsn, capsys)
    with psycopg.connect(dsn) as connection:
        assert connection.execute("select to_regclass('mimiciv_hosp.provider')").fetchone() == (None,)
