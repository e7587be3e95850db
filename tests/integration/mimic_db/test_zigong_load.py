"""`python -m mimic_db load --zigong`, on small folders: what is loaded, what is skipped, what is refused."""

import codecs
import csv
import gzip
import io
import shutil
import signal
import tempfile
from pathlib import Path

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mimic_db import server
from mimic_db.__main__ import main
from mimic_db.database import connect
from mimic_db.progress import LoadProgress
from tests.integration.mimic_db.loading import rows, standing
from zigong_db.load import load_zigong
from zigong_db.tables import DEFINITIONS

IN_A_ROW = "patients-own-words"

FILES = {
    "dtBaseline": (
        '"","PATIENT_ID","INP_NO","Age","SEX","AdmitDept","ICU_discharge_time","DISCHARGE_DATE_TIME"\n'
        '"1","7","i7",61,"Male","Emergency",NA,100.5\n"2","8","i8",NA,"Female",NA,48,\n'
    ),
    "dtTransfer": (
        '"","PATIENT_ID","INP_NO","StartTime","StopTime","StartReason","StopReason","TransferDept"\n'
        '"1","7","i7",-0.5,96,"in","out","Intensive care unit (ICU)"\n'
    ),
    "dtICD": '"","INP_NO","PATIENT_ID","ICD_Code","ICD_desc","Status_Discharge","Diagnosis_seq"\n'
    '"1","i7","7","A41.900x001","Sepsis, ""severe""","Dead",1\n',
    "dtOutcome": (
        '"","PATIENT_ID","Follow_Date","Follow_Vital","Death_Date","SF36_1"\n"1","7",2160,"Death",1e2,"Good"\n'
    ),
    "dtLab": (
        '"","INP_NO","LabTime","Category","Item","LabValue","Unit","Ref"\n'
        '"1","i7",1.25,"Blood","Platelet (PLT)","?92","10^9/L","100-300"\n'
    ),
    "dtDrugs": '"","PATIENT_ID","DrugName","Drug_time","Formula"\n"1","7","Propofol\\medium","3.5","20ml"\n',
    "dtNursingChart": (
        '"","INP_NO","heart_rate","Blood_pressure_high","Blood_pressure_low","Invasive_SBP",'
        '"Invasive_diastolic_blood_pressure","MAP","open_one\'s_eyes","motion","language","NURSING_DESC","ChartTime"\n'
        '"1","i7","88","120","80",NA,"NA","","4→自主","6","S","first line\nsecond, ""quoted""\tend",-20.5\n'
    ),
}


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / f"{name}.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "zigong" / "DataTables"
    found.mkdir(parents=True)
    for name, content in FILES.items():
        write(found, name, content)
    (found / "datDictionary.csv").write_bytes(b"\xff not looked at")
    return found


def loaded(folder: Path, dsn: str) -> bool:
    return main(["load", "--zigong", str(folder), "--dsn", dsn]) == 0


def refused(folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The one message of a load that must fail and leave nothing behind."""
    capsys.readouterr()
    assert not loaded(folder, dsn)
    error = capsys.readouterr().err
    assert error.count("error: ") == 1
    assert "Traceback" not in error
    assert IN_A_ROW not in error
    return error.partition("error: ")[2]


def test_what_the_files_say_is_in_the_tables(folder: Path, dsn: str) -> None:
    assert loaded(folder.parent, dsn)
    assert rows(dsn, "select * from zigong.dtbaseline order by 1") == [
        ("7", "i7", 61.0, "Male", "Emergency", None, 100.5),
        ("8", "i8", None, "Female", None, 48.0, None),
    ]
    assert rows(dsn, "select starttime, stoptime, transferdept from zigong.dttransfer") == [
        (-0.5, 96.0, "Intensive care unit (ICU)")
    ]
    assert rows(dsn, "select icd_desc, diagnosis_seq from zigong.dticd") == [('Sepsis, "severe"', "1")]
    assert rows(dsn, "select death_date, follow_vital, sf36_1 from zigong.dtoutcome") == [(100.0, "Death", "Good")]
    assert rows(dsn, "select labtime, labvalue from zigong.dtlab") == [(1.25, "?92")]
    assert rows(dsn, "select drugname, drug_time from zigong.dtdrugs") == [("Propofol\\medium", 3.5)]
    assert rows(
        dsn,
        'select invasive_sbp, invasive_diastolic_blood_pressure, map, "open_one\'s_eyes", nursing_desc, charttime'
        " from zigong.dtnursingchart",
    ) == [(None, None, None, "4→自主", 'first line\nsecond, "quoted"\tend', -20.5)]
    assert rows(dsn, "select count(*), sum(row_count) from mimic_db.loaded_file where schema_name = 'zigong'") == [
        (7, 8)
    ]


def test_all_the_spellings_of_a_file(folder: Path, dsn: str) -> None:
    (folder / "dtLab.csv").rename(folder / "DTLAB.CSV")
    (folder / "dtOutcome.csv").rename(folder / "dtOutCome.csv")
    drugs = folder / "dtDrugs.csv"
    (folder.parent / "dtDrugs.csv.gz").write_bytes(gzip.compress(b"\xef\xbb\xbf" + drugs.read_bytes()))
    drugs.unlink()
    icd = folder / "dtICD.csv"
    icd.write_bytes(icd.read_bytes().replace(b"\n", b"\r\n"))
    assert loaded(folder.parent, dsn)
    assert rows(dsn, "select drug_time from zigong.dtdrugs") == [(3.5,)]
    assert rows(dsn, "select inp_no, diagnosis_seq from zigong.dticd") == [("i7", "1")]


def test_a_second_run_loads_only_what_changed(folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert loaded(folder, dsn)
    before = rows(dsn, "select pg_relation_filenode('zigong.dtlab')")
    write(folder, "dtDrugs", FILES["dtDrugs"] + '"2","8","Heparin",NA,NA\n')
    capsys.readouterr()
    assert loaded(folder, dsn)
    assert capsys.readouterr().out.count("unchanged") == 6
    assert rows(dsn, "select count(*) from zigong.dtdrugs") == [(2,)]
    assert rows(dsn, "select pg_relation_filenode('zigong.dtlab')") == before


def test_a_table_emptied_or_dropped_by_hand_is_loaded_again(folder: Path, dsn: str) -> None:
    assert loaded(folder, dsn)
    with psycopg.connect(dsn) as connection:
        connection.execute("truncate zigong.dtlab; drop table zigong.dtdrugs")
    assert loaded(folder, dsn)
    assert rows(dsn, "select (select count(*) from zigong.dtlab), (select count(*) from zigong.dtdrugs)") == [(1, 1)]


def test_a_later_release_may_have_other_columns(folder: Path, dsn: str) -> None:
    assert loaded(folder, dsn)
    with psycopg.connect(dsn) as connection:
        connection.execute("create view public.lab as select inp_no, labvalue from zigong.dtlab")
    write(folder, "dtLab", FILES["dtLab"].replace('"Ref"', '"Method"'))
    assert loaded(folder, dsn)
    assert rows(dsn, "select method from zigong.dtlab") == [("100-300",)]
    assert rows(dsn, "select * from public.lab") == [("i7", "?92")]
    assert rows(dsn, "select 1 from pg_attribute where attrelid = 'zigong.dtlab'::regclass and attname = 'ref'") == []


def test_a_view_on_a_column_that_goes_is_named(folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert loaded(folder, dsn)
    with psycopg.connect(dsn) as connection:
        connection.execute("create view public.lab as select ref from zigong.dtlab")
    write(folder, "dtLab", FILES["dtLab"].replace('"Ref"', '"Method"'))
    assert "other columns than zigong.dtlab, and a view reads those: drop the view" in refused(folder, dsn, capsys)
    assert rows(dsn, "select ref from zigong.dtlab") == [("100-300",)]


def test_tables_filled_by_somebody_else_are_never_touched(
    folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("create schema zigong; create table zigong.dtlab as select 1 as inp_no")
    assert "zigong.dtlab already hold(s) rows that `load` did not put there" in refused(folder, dsn, capsys)
    assert rows(dsn, "select inp_no from zigong.dtlab") == [(1,)]
    assert rows(dsn, "select to_regclass('zigong.dtbaseline')") == [(None,)]


def test_one_faulty_table_and_all_stay_as_they_were(folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert loaded(folder, dsn)
    write(folder, "dtBaseline", FILES["dtBaseline"].replace(",61,", ",62,"))
    write(folder, "dtNursingChart", FILES["dtNursingChart"] + '"2","i7"\n')
    message = refused(folder, dsn, capsys)
    assert "too few fields, 2 where the header has 13" in message
    assert "line 4. Nothing was loaded; schema zigong is as it was before" in message  # the first row takes two lines
    assert rows(dsn, "select age from zigong.dtbaseline order by 1") == [(61.0,), (None,)]
    assert rows(dsn, "select sum(row_count) from mimic_db.loaded_file") == [(8,)]


def test_every_missing_file_is_named_at_once(folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("dtLab", "dtOutcome"):
        (folder / f"{name}.csv").unlink()
    message = refused(folder, dsn, capsys)
    assert "2 of the seven files missing" in message
    assert ": dtOutCome.csv, dtLab.csv. Nothing was loaded" in message
    assert rows(dsn, "select to_regnamespace('zigong')") == [(None,)]


def test_a_folder_nearby_is_pointed_at(folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = folder.parent.parent
    assert f"did you mean {folder.parent}?" in refused(wrong, dsn, capsys)
    shutil.rmtree(folder.parent)
    (wrong / "DataTables.zip").write_bytes(b"")
    assert f"unzip {wrong / 'DataTables.zip'} first" in refused(wrong, dsn, capsys)
    assert "is no folder: --zigong takes" in refused(wrong / "nowhere", dsn, capsys)


def test_a_file_that_is_there_twice(folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "dtLab.csv.gz").write_bytes(gzip.compress((folder / "dtLab.csv").read_bytes()))
    assert "are both there: remove one" in refused(folder, dsn, capsys)


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("dtLab", '"LabTime"', '"Time"', "does not fit dtLab (missing: labtime)"),
        ("dtLab", '"Ref"', '"Item "', "does not fit dtLab (twice: item)"),
        ("dtLab", '"Ref"', '""', "column 8 of the header has no name, line 1"),
        ("dtICD", FILES["dtICD"].partition("\n")[0] + "\n", "", "line 1 is not the header of dtICD"),
        ("dtICD", FILES["dtICD"], "", "dtICD.csv is empty"),
    ],
)
def test_a_wrong_header_stops_everything_before_it_begins(
    name: str, old: str, new: str, told: str, folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, name, FILES[name].replace(old, new))
    message = refused(folder, dsn, capsys)
    assert f"{name}.csv" in message
    assert told in message
    assert rows(dsn, "select to_regnamespace('zigong')") == [(None,)]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            f'"2","i7",soon,"","{IN_A_ROW}","","",""\n',
            "'soon' is not a number of hours from hospital admission, line 3",
        ),
        (
            '"2","i7",Inf,"","","","",""\n',
            "'Inf' is not a number of hours from hospital admission, line 3, column labt",
        ),
        ('"2","i7",NaN,"","","","",""\n', "'NaN' is not a number of hours"),
        ('"2","i7",-infinity,"","","","",""\n', "'-infinity' is not a number of hours"),
        ('"2","i7",1e999,"","","","",""\n', "'1e999' is not a number of hours"),
        ('"2","i7",1_0,"","","","",""\n', "'1_0' is not a number of hours"),
        ('"2","i7",0x1F,"","","","",""\n', "'0x1F' is not a number of hours"),
        ('"2","i7",١,"","","","",""\n', "is not a number of hours"),
        ('"2","i7","1,5","","","","",""\n', "'1,5' is not a number of hours"),
        (f'"2","i7",{"x" * 24}{IN_A_ROW},"","","","",""\n', f"'{'x' * 24}…' is not a number of hours"),
        (f'"2","i7",1,"","","",{IN_A_ROW}\n', "the row has too few fields, 7 where the header has 8"),
        (f'"2","i7",1,"","","","","",{IN_A_ROW}\n', "the row has too many fields, 9 where the header has 8"),
        ("\n", "the line is empty: remove it, line 3"),
        (f'"2","i7",1,"a\nb","{IN_A_ROW}","",""\n', "where the header has 8: a comma is missing or too many"),
        (f'"2","i7",1,"{IN_A_ROW}","","","","\n', "a quote that is opened in this row is not closed"),
        (f'"2","i7",1,"{IN_A_ROW}" b,"","","",""\n', "a quote stands where none may be in this row"),
        (f'"2","i7",1,"{IN_A_ROW}","","","",""', "the file is cut short, its last line does not end"),
        (f'"2","i7",1,"{IN_A_ROW}', "the file is cut short, its last line does not end"),
        (
            f'"2","i7",1,"{"x" * 140_000}","","","",""\n',
            "longer than 131,072 characters: a quote is not closed, line 3",
        ),
        ('"2","i7",1,"\0","","","",""\n', "the file holds a zero byte, line 3"),
        ('"2","i7",1,a\rb,"","","",""\n', "ends with CR alone"),
    ],
)
def test_a_bad_row_is_told_by_place(
    line: str, told: str, folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(folder, "dtLab", FILES["dtLab"] + line)
    message = refused(folder, dsn, capsys)
    assert f"{path}: " in message
    assert told in message
    assert "line 3" in message or "lines 3 to 4" in message
    assert "othing was loaded" in message
    assert rows(dsn, "select to_regclass('zigong.dtbaseline')") == [(None,)]


def test_an_age_that_is_no_number(folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, "dtBaseline", FILES["dtBaseline"].replace(",61,", ',">89",'))
    assert "'>89' is not an age in years, line 2, column age" in refused(folder, dsn, capsys)


def test_numbers_with_blanks_around_them_or_none_at_all(folder: Path, dsn: str) -> None:
    write(folder, "dtLab", FILES["dtLab"].replace("1.25", '" 1.5 "') + '"2","i7"," NA ",,,NA,"NA",\n')
    assert loaded(folder, dsn)
    assert rows(dsn, "select labtime, labvalue, unit from zigong.dtlab order by 1") == [
        (1.5, "?92", "10^9/L"),
        (None, None, None),
    ]


@pytest.mark.parametrize(
    ("line", "encoding", "told"),
    [
        ('"2","i7",1,"","","血小板","",""\n', "gb18030", "line 3; it looks like a Chinese encoding"),
        ('"2","i7",1,"","","血小板","",""\n', "gb18030", "iconv -f GB18030 -t UTF-8"),
        ('"2","i7",1,"","","","µmol/L",""\n', "latin-1", "not UTF-8 text, line 3: take the file as PhysioNet ships it"),
    ],
)
def test_text_that_is_not_utf8(
    line: str, encoding: str, told: str, folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, "dtLab", FILES["dtLab"].encode() + line.encode(encoding))
    assert told in refused(folder, dsn, capsys)


def test_a_header_in_another_encoding(folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, "dtLab", FILES["dtLab"].replace("Ref", "参考").encode("gb18030"))
    write(folder, "dtICD", codecs.BOM_UTF16_LE + FILES["dtICD"].encode("utf-16-le"))
    message = refused(folder, dsn, capsys)
    assert "2 unusable file(s)" in message
    assert "line 1; it looks like a Chinese encoding" in message
    assert "line 1; it looks like UTF-16" in message


def test_a_cut_gzip(folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    many = FILES["dtLab"] + "".join(f'"{n}","i7",{n}.{n},"","","","",""\n' for n in range(90_000))
    whole = gzip.compress(many.encode())
    (folder / "dtLab.csv").unlink()
    (folder / "dtLab.csv.gz").write_bytes(whole[: len(whole) // 2])
    assert "dtLab.csv.gz is cut off or no gzip file" in refused(folder, dsn, capsys)
    assert rows(dsn, "select to_regclass('zigong.dtbaseline')") == [(None,)]


def test_a_file_that_grows_while_it_is_read(
    folder: Path, dsn: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "dtLab.csv"

    def grow(progress: LoadProgress, done: int, rows: int) -> None:
        if done == path.stat().st_size:  # only now it is this file's turn
            path.write_bytes(path.read_bytes() + b'"2","i7",1,"","","","",""\n')

    monkeypatch.setattr(LoadProgress, "update", grow)
    assert "dtLab.csv changed while it was read" in refused(folder, dsn, capsys)


def test_a_file_that_is_not_the_published_one(folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder.parent / "SHA256SUMS.txt").write_text(f"{'a' * 64} DataTables/dtLab.csv\n")
    assert loaded(folder, dsn)
    assert "warning: zigong/dtlab: not the file(s) whose SHA-256" in capsys.readouterr().err


def test_a_database_named_after_the_folder(folder: Path, embedded_server: Path) -> None:
    release = folder.parent.with_name("icu-infection-zigong-fourth-1.1")
    folder.parent.rename(release)
    assert main(["load", "--zigong", str(release / "DataTables")]) == 0
    assert rows(server.url("icu_infection_zigong_fourth_1_1"), "select count(*) from zigong.dtlab") == [(1,)]


def test_rows_loaded_over_generated_ones_do_not_pass_for_generated(folder: Path, dsn: str) -> None:
    with connect(dsn) as connection:
        with connection.transaction():  # as the generator does
            load_zigong(connection, folder, LoadProgress())
            connection.execute("create table mimic_db.zigong_generated as select 2 as patients")
        load_zigong(connection, folder, LoadProgress())
        assert rows(dsn, "select patients from mimic_db.zigong_generated") == [(2,)]
        write(folder, "dtLab", FILES["dtLab"].replace("i7", "i9"))
        load_zigong(connection, folder, LoadProgress())
        assert rows(dsn, "select patients from mimic_db.zigong_generated") == []


def test_exactly_one_source(folder: Path) -> None:
    for options in ([], ["--csv", str(folder), "--zigong", str(folder)]):
        with pytest.raises(SystemExit) as raised:
            main(["load", *options])
        assert raised.value.code == 2


def test_both_databases_in_one(folder: Path, mimic_folder: Path, dsn: str) -> None:
    assert main(["load", "--csv", str(mimic_folder), "--dsn", dsn]) == 0
    assert loaded(folder, dsn)
    assert main(["load", "--csv", str(mimic_folder), "--dsn", dsn]) == 0
    assert rows(dsn, "select count(*) from mimic_db.loaded_file") == [(20,)]


def test_a_load_that_stands_is_in_nobodys_way_once_it_is_ended(
    folder: Path, dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert loaded(folder, dsn)
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "create function stand() returns trigger language plpgsql as 'begin perform pg_sleep(60); return new; end';"
            "create trigger stand before insert on zigong.dtnursingchart for each row execute function stand()"
        )
    for name in ("dtLab", "dtNursingChart"):
        write(folder, name, FILES[name].replace("i7", "i9"))
    for end, status, told in (("backend", 1, "the server closed the connection"), ("SIGINT", 130, "interrupted:")):
        loading, backend = standing("--zigong", folder, dsn)
        assert "another load is running" in refused(folder, dsn, capsys)
        if end == "SIGINT":
            loading.send_signal(signal.SIGINT)
        else:
            rows(dsn, f"select pg_terminate_backend({backend})")
        _, errors = loading.communicate(timeout=20)
        assert loading.returncode == status
        assert told in errors
        assert "Traceback" not in errors
        assert rows(dsn, "select inp_no from zigong.dtlab") == [("i7",)]
    with psycopg.connect(dsn) as connection:
        connection.execute("drop function stand cascade")
    assert loaded(folder, dsn)
    assert rows(dsn, "select inp_no from zigong.dtlab union all select inp_no from zigong.dtnursingchart") == [
        ("i9",),
        ("i9",),
    ]


fields = (
    st.none()
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
    | st.text(st.sampled_from("\",\n\r\\.;\t'%µNA "), max_size=8)
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.none() | st.floats(allow_nan=False, allow_infinity=False), fields, fields), max_size=4),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_whatever_a_file_holds_comes_out_as_it_went_in(
    shared_dsn: str, content: list[tuple[float | None, str | None, str | None]], line_end: str, quoting: int
) -> None:
    if quoting == csv.QUOTE_MINIMAL:  # which leaves a CR bare
        content = [(hours, a and a.replace("\r", ""), b and b.replace("\r", "")) for hours, a, b in content]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=line_end, quoting=quoting)
    writer.writerow(["", "Drug_time", "PATIENT_ID", "DrugName"])
    writer.writerows(
        [str(n), "NA" if hours is None else repr(hours), a or "", b or "NA"] for n, (hours, a, b) in enumerate(content)
    )
    with tempfile.TemporaryDirectory() as place, connect(shared_dsn) as connection:
        for name, other in FILES.items():
            write(Path(place), name, other)
        write(Path(place), "dtDrugs", text.getvalue())
        load_zigong(connection, Path(place), LoadProgress())
        found = connection.execute("select drug_time, patient_id, drugname from zigong.dtdrugs").fetchall()
    expected = [(hours, _known(a), _known(b)) for hours, a, b in content]
    assert repr(sorted(found, key=repr)) == repr(sorted(expected, key=repr))


def _known(text: str | None) -> str | None:
    return None if text in (None, "", "NA") else text


def test_the_list_of_columns_fits_the_seven_files() -> None:
    assert [len(table.needed) for table in DEFINITIONS] == [6, 4, 2, 4, 5, 3, 11]
