import gzip
from pathlib import Path

import pytest

from mimic_db.errors import UserError
from mimic_db.load.csv_folder import database_name, find_files, find_needed


def fault(folder: Path) -> str:
    with pytest.raises(UserError) as raised:
        find_files(folder)
    return str(raised.value)


def replace_header(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new, 1))


def test_plain_and_compressed_files_are_found(mimic_folder: Path) -> None:
    files = {str(file.table): file.path.name for file in find_files(mimic_folder)}
    assert len(files) == 13
    assert files["hosp/patients"] == "patients.csv"
    assert files["icu/chartevents"] == "chartevents.csv.gz"


def test_columns_may_come_in_another_order_and_case(mimic_folder: Path) -> None:
    path = mimic_folder / "hosp/patients.csv"
    path.write_text("GENDER,subject_id,anchor_age,anchor_year,anchor_year_group,dod\nF,1,50,2150,x,\n")
    files = {file.table.name: file for file in find_files(mimic_folder)}
    assert files["patients"].header[:2] == ("gender", "subject_id")


def test_a_byte_order_mark_is_no_part_of_the_first_name(mimic_folder: Path) -> None:
    path = mimic_folder / "hosp/patients.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(find_files(mimic_folder)) == 13


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert "is no folder: --csv takes" in fault(tmp_path / "nothing")


def test_pointing_to_hosp_itself_is_told_the_folder_above(mimic_folder: Path) -> None:
    assert fault(mimic_folder / "hosp").endswith(f"did you mean {mimic_folder}?")


def test_pointing_above_is_told_the_folder_below(mimic_folder: Path, tmp_path: Path) -> None:
    deep = tmp_path / "physionet.org" / "files" / "mimiciv" / "3.1"
    deep.parent.mkdir(parents=True)
    mimic_folder.rename(deep)
    assert fault(tmp_path / "physionet.org").endswith(f"did you mean {deep}?")


def test_an_empty_folder_gets_no_guess(tmp_path: Path) -> None:
    assert "did you mean" not in fault(tmp_path)


def test_a_missing_table_that_the_study_needs(mimic_folder: Path) -> None:
    (mimic_folder / "hosp/services.csv").unlink()
    assert "hosp/services: neither services.csv nor services.csv.gz is there" in fault(mimic_folder)


def test_a_missing_and_an_unknown_column_are_named(mimic_folder: Path) -> None:
    replace_header(mimic_folder / "hosp/patients.csv", "gender", "sex")
    assert "missing: gender; unknown: sex" in fault(mimic_folder)


@pytest.mark.needs_duckdb
def test_for_spark_a_file_needs_no_more_than_the_study_reads(mimic_folder: Path) -> None:
    path = mimic_folder / "hosp" / "services.csv"
    path.write_text("remark,CURR_SERVICE,hadm_id,transfertime\n")
    found = {str(file.table): file.header for file in find_needed(mimic_folder)}
    assert len(found) == 13 and found["hosp/services"] == ("remark", "curr_service", "hadm_id", "transfertime")
    path.write_text("hadm_id,hadm_id,curr_service\n")
    with pytest.raises(UserError, match=r"services.csv lacks the column\(s\) transfertime"):
        find_needed(mimic_folder)
    path.rename(path.with_suffix(".parquet"))
    with pytest.raises(UserError, match=r"services\.parquet is no Parquet file"):
        find_needed(mimic_folder)
    path.touch()
    with pytest.raises(UserError, match=r"both services\.csv and services\.parquet are there"):
        find_needed(mimic_folder)


def test_a_column_twice(mimic_folder: Path) -> None:
    replace_header(mimic_folder / "hosp/patients.csv", "dod", "dod,gender")
    assert "twice: gender" in fault(mimic_folder)


def test_all_faults_are_told_at_once(mimic_folder: Path) -> None:
    replace_header(mimic_folder / "hosp/patients.csv", "gender", "sex")
    (mimic_folder / "hosp/services.csv").write_text("")
    message = fault(mimic_folder)
    assert "2 unusable file(s)" in message
    assert "services.csv is empty" in message


def test_the_same_table_in_both_spellings(mimic_folder: Path) -> None:
    plain = mimic_folder / "hosp/patients.csv"
    (mimic_folder / "hosp/patients.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    assert "both patients.csv and patients.csv.gz" in fault(mimic_folder)


def test_a_gz_that_is_none(mimic_folder: Path) -> None:
    (mimic_folder / "icu/chartevents.csv.gz").write_text("subject_id,hadm_id\n")
    assert "is cut off or no gzip file" in fault(mimic_folder)


def test_a_header_that_is_not_utf8(mimic_folder: Path) -> None:
    path = mimic_folder / "hosp/patients.csv"
    path.write_bytes(path.read_bytes().replace(b"gender", b"g\xe9nder"))
    assert "is not UTF-8 text" in fault(mimic_folder)


@pytest.mark.parametrize(
    ("folder", "name"),
    [("mimic-iv-demo", "mimic_iv_demo"), ("mimiciv/3.1", "mimiciv_3_1"), ("MIMIC IV (2.2)", "mimic_iv_2_2")],
)
def test_the_database_is_named_after_the_folder(folder: str, name: str, tmp_path: Path) -> None:
    assert database_name(tmp_path / folder) == name
