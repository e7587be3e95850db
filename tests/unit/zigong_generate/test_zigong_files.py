"""The files of a generated Zigong database: format, the same bytes each time, every trap, and every cell as meant."""

import csv
import hashlib
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mimic_db.errors import UserError
from mimic_db.progress import LoadProgress
from tests.unit.zigong_generate.recompute import drug_of, equal, first_rule, patients
from twin.rows import Columns, size, stack
from twin.zigong import csv_file
from twin.zigong.block import blocks, make_block, make_plan
from twin.zigong.design import DEFAULT_PATIENTS, Design
from twin.zigong.folder import FILES, Written, data_set, write
from twin.zigong.truth import PATIENTS, PLANTED, REASONS, truth
from zigong_db.files import find_files
from zigong_db.stamp import MARK

Data = tuple[Path, Written]


def generate(folder: Path, count: int = DEFAULT_PATIENTS, seed: int = 1) -> Written:
    with LoadProgress() as progress:
        return write(folder, data_set(count, seed, Design()), progress)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Data:
    folder = tmp_path_factory.mktemp("zigong")
    return folder, generate(folder)


@pytest.fixture(scope="module")
def recomputed(data: Data) -> pd.DataFrame:
    return patients(data[0])


def rows_of(folder: Path, name: str) -> list[list[str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_the_seven_files_have_their_columns_and_a_row_number_without_a_name(data: Data) -> None:
    folder, _ = data
    assert {path.name for path in folder.iterdir()} == {MARK, *(f"{name}.csv" for name in FILES)}
    for name, columns in FILES.items():
        header, *rows = rows_of(folder, name)
        assert header == ["", *columns]
        assert {len(row) for row in rows} == {len(header)}
        assert [row[0] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]


def test_the_loader_takes_them(data: Data) -> None:
    assert len(find_files(data[0])) == 7


def test_there_are_36_answers_of_the_questionnaire() -> None:
    assert sum(name.startswith("SF36_") for name in FILES["dtOutCome"]) == 36


def test_what_is_missing_is_na_and_only_texts_are_quoted(data: Data) -> None:
    lines = (data[0] / "dtOutCome.csv").read_text(encoding="utf-8").splitlines()
    assert any(",NA," in line for line in lines)
    assert not any('"NA"' in line or ",," in line for line in lines)


def test_fields_hold_line_breaks_and_quotes(data: Data) -> None:
    rows = rows_of(data[0], "dtNursingChart")
    notes = [row[rows[0].index("NURSING_DESC")] for row in rows]
    assert any("\n" in note for note in notes) and any('"no change"' in note for note in notes)


def test_patient_and_admission_are_one_to_one_and_in_another_order(data: Data) -> None:
    pairs = [(row[1], row[2]) for row in rows_of(data[0], "dtBaseline")[1:]]
    assert len({patient for patient, _ in pairs}) == len({admission for _, admission in pairs}) == DEFAULT_PATIENTS
    assert [pair[1] for pair in pairs] != sorted(pair[1] for pair in pairs)


def test_hours_are_whole_64ths(data: Data) -> None:
    for name, columns in {"dtDrugs": ["Drug_time"], "dtLab": ["LabTime"], "dtTransfer": ["StartTime"]}.items():
        rows = rows_of(data[0], name)
        hours = [row[rows[0].index(column)] for row in rows[1:] for column in columns]
        assert all(float(hour) * 64 % 1 == 0 for hour in hours if hour != "NA")


def test_most_nursing_clocks_start_before_admission(data: Data) -> None:
    rows = pd.read_csv(data[0] / "dtNursingChart.csv", dtype={"INP_NO": str})
    assert (rows.groupby("INP_NO")["ChartTime"].min() < 0).mean() == pytest.approx(0.8, abs=0.03)


def test_the_same_options_write_the_same_bytes_and_another_seed_others(data: Data, tmp_path: Path) -> None:
    generate(tmp_path / "again")
    generate(tmp_path / "other", seed=2)
    assert hashes(tmp_path / "again") == hashes(data[0])
    assert not hashes(tmp_path / "other").items() & hashes(data[0]).items()


def test_every_trap_is_laid_in_the_default_data_set(data: Data) -> None:
    counts = data[1].laid.counts
    assert len(counts) > 60
    assert [name for name, count in counts.items() if count < 3] == []


def test_every_cell_of_every_patient_is_as_meant(data: Data, recomputed: pd.DataFrame) -> None:
    meant = data[1].truth[PATIENTS]
    assert list(meant) == ["stay_id", *recomputed.columns]
    assert [key.decode() for key in meant["stay_id"]] == list(recomputed.index)
    wrong = {column: int((~equal(meant[column], recomputed[column].to_numpy())).sum()) for column in recomputed.columns}
    assert {column: count for column, count in wrong.items() if count} == {}


@pytest.mark.parametrize("seed", [2, 3])
def test_every_cell_is_as_meant_with_other_seeds(tmp_path: Path, seed: int) -> None:
    meant = generate(tmp_path, count=700, seed=seed).truth[PATIENTS]
    found = patients(tmp_path)
    assert [column for column in found if not equal(meant[column], found[column].to_numpy()).all()] == []


def test_the_reason_planted_is_the_first_rule_that_applies(data: Data, recomputed: pd.DataFrame) -> None:
    planted = data[1].truth[PLANTED]
    assert [key.decode() for key in planted["stay_id"]] == list(recomputed.index)
    reasons = [reason.decode() or None for reason in planted["reason"]]
    assert reasons == [first_rule(row) for _, row in recomputed.iterrows()]
    assert set(reasons) == {None, *REASONS}


def test_every_value_of_flags_and_scores_occurs(recomputed: pd.DataFrame) -> None:
    for column in recomputed.columns[recomputed.dtypes == np.bool_]:
        assert recomputed[column].nunique() == 2, column
    assert set(recomputed["sic_score"]) == set(range(7))


def whole(seed: int) -> dict[str, Columns]:
    parts = [truth(make_plan(seed, *block, Design())[1]) for block in blocks(DEFAULT_PATIENTS)]
    return {table: stack([part[table] for part in parts]) for table in (PATIENTS, PLANTED)}


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5, 6])
def test_as_many_are_included_treated_and_die_as_published(seed: int) -> None:
    meant = whole(seed)
    included, of_all = meant[PLANTED]["reason"] == b"", meant[PATIENTS]
    assert 200 <= included.sum() <= 270
    assert 0.25 <= of_all["treated"][included].mean() <= 0.42
    assert 0.20 <= of_all["died_28d"][included].mean() <= 0.35
    assert 0.05 <= of_all["died_hospital"].mean() <= 0.07


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_patients_can_be_made(count: int, tmp_path: Path) -> None:
    for seed in range(8):
        written = generate(tmp_path, count, seed)
        assert size(written.truth[PATIENTS]) == size(make_block(seed, 0, count, Design()).files["dtBaseline"]) == count


def test_files_that_may_be_real_are_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "dtbaseline.csv.gz").write_text("a patient")
    with pytest.raises(UserError, match="did not write it"):
        generate(tmp_path, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["dtbaseline.csv.gz"]


def test_rows_are_written_as_r_writes_them() -> None:
    rows = {
        "a": np.array([1.5, np.nan, -0.015625]),
        "b": np.array([b'say "no",\nplease', b"", "数".encode()]),
    }
    written = csv_file.header(["A", "b"]) + csv_file.lines(rows, ["A", "b"], 7)
    assert written.decode() == '"","A","b"\n"7",1.5,"say ""no"",\nplease"\n"8",NA,NA\n"9",-0.015625,"数"\n'
    assert len(list(csv.reader(io.StringIO(written.decode()), strict=True))) == 4


def test_columns_that_the_file_lacks_are_an_error() -> None:
    with pytest.raises(ValueError, match="typo"):
        csv_file.lines({"typo": np.array([1.0])}, ["a"], 1)


@pytest.mark.parametrize(
    ("name", "drug"),
    [("SUFENTANYL citrate", "sufentanil"), ("Norepinephrine", "norepinephrine"), ("Heparinoid cream", "other")],
)
def test_a_drug_is_told_by_its_longest_pattern(name: str, drug: str) -> None:
    assert drug_of(name) == drug
