"""The rows of files that are read in place, and what is said of one that is cut short."""

import gzip
import importlib
from pathlib import Path

import pytest

from mimic_db import release
from mimic_db.load import rows_in_files
from mimic_db.load.csv_folder import find_needed
from mimic_db.load.rows_in_files import rows_in
from mimic_db.release import RELEASES, TELLING, Release
from mimic_db.tables import TABLES
from pipeline import data

pytestmark = pytest.mark.needs_duckdb

ROWS = {str(table): 2 for table in TABLES if table.needed}


def pretend(monkeypatch: pytest.MonkeyPatch, **changed: int) -> None:
    rows = ROWS | {f"icu/{name}": count for name, count in changed.items()}
    monkeypatch.setattr(release, "RELEASES", (*RELEASES, Release("9.9", rows)))


def test_of_no_release_no_more_than_the_telling_tables_are_counted(mimic_folder: Path) -> None:
    assert rows_in(find_needed(mimic_folder)) == dict.fromkeys(TELLING, 2)


def test_a_line_end_within_a_text_is_no_row(mimic_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch)
    path = mimic_folder / "hosp" / "prescriptions.csv"
    path = path if path.exists() else next((mimic_folder / "hosp").glob("prescriptions*"))
    path.write_text(path.read_text().rstrip("\n").rpartition(",")[0] + ',"a\nb, ""c"""\n')
    rows = rows_in(find_needed(mimic_folder))
    assert {str(table): count for table, count in rows.items()} == ROWS


def test_parquet_is_counted_and_a_large_csv_is_not(mimic_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch)
    monkeypatch.setattr(rows_in_files, "_SOON", 1_000)
    labs = mimic_folder / "hosp" / "labevents.csv.gz"
    labs.with_suffix("").write_bytes(gzip.decompress(labs.read_bytes()).rstrip() + b"x" * 1_000 + b"\n")
    labs.unlink()
    (csv,) = (mimic_folder / "icu").glob("chartevents*")
    place = csv.with_name("chartevents.parquet")
    rows = f"from read_csv('{csv}', header = true, all_varchar = true)"
    importlib.import_module("duckdb").sql(
        f"copy (select * {rows} union all select * {rows}) to '{place}' (format parquet)"
    )
    csv.unlink()
    found = {str(table): count for table, count in rows_in(find_needed(mimic_folder)).items()}
    assert found["icu/chartevents"] == 4
    assert "hosp/labevents" not in found


def test_a_file_cut_short_is_told_before_the_build(
    mimic_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pretend(monkeypatch, outputevents=5)
    data.in_place(mimic_folder)
    assert "warning: icu/outputevents holds 2 rows (counted), MIMIC-IV 9.9 has 5: the file is cut short" in (
        capsys.readouterr().out
    )
