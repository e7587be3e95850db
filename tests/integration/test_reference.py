"""Our tables agree with mimic-code's in every cell, and the comparison finds what does not agree."""

import csv
import gzip
import shutil
from pathlib import Path

import psycopg
import pytest

from tests.reference import compare, mapping

pytestmark = pytest.mark.needs_shared

Output = pytest.CaptureFixture[str]


@pytest.fixture(scope="session")
def reference_folder(demo_folder: Path) -> Path:
    """mimic-code's results for half of the demo's patients."""
    return demo_folder.parent / "reference" / "mimic-code"


@pytest.fixture
def copied_reference(reference_folder: Path, tmp_path: Path) -> Path:
    """A copy of them to plant faults in."""
    return Path(shutil.copytree(reference_folder, tmp_path / "reference"))


def run(dsn: str, folder: Path) -> int:
    return compare.main(["--dsn", dsn, "--reference", str(folder)])


def rewrite(folder: Path, concept: str, change: dict[str, str] | None = None, rows: int | None = None) -> None:
    """Change cells of a file's first row, or keep only its first `rows` rows."""
    path = folder / f"{concept}.csv.gz"
    with gzip.open(path, "rt", newline="") as file:
        header, *body = csv.reader(file)
    for column, value in (change or {}).items():
        body[0][header.index(column)] = value
    with gzip.open(path, "wt", newline="") as file:
        csv.writer(file).writerows([header, *body[:rows]])


def test_every_cell_is_equal_or_explained(built_demo: str, reference_folder: Path, capsys: Output) -> None:
    assert run(built_demo, reference_folder) == 0
    out = capsys.readouterr().out
    assert "every cell is equal or explained" in out


@pytest.mark.parametrize(
    ("concept", "change", "cells"),
    [
        ("sofa", {"respiration": "4"}, 1),
        ("first_day_lab", {"platelets_min": "93.9999"}, 1),
        ("ventilation", {"endtime": "2171-11-14 20:00:01"}, 1),
        ("vasoactive_agent", {"milrinone": ""}, 1),
        ("norepinephrine_equivalent_dose", {"norepinephrine_equivalent_dose": "0.0503"}, 1),
        # another key: a row of ours and a row of the reference have no partner, each with its 4 cells
        ("ventilation", {"starttime": "2171-11-14 11:34:01"}, 8),
    ],
)
def test_a_planted_difference_is_found(
    built_demo: str, copied_reference: Path, capsys: Output, concept: str, change: dict[str, str], cells: int
) -> None:
    rewrite(copied_reference, concept, change)
    assert run(built_demo, copied_reference) == 1
    assert f"\n{cells:,} unexplained differences" in capsys.readouterr().out


def test_a_missing_row_counts_with_each_of_its_cells(built_demo: str, copied_reference: Path, capsys: Output) -> None:
    rewrite(copied_reference, "sapsii", rows=-1)
    assert run(built_demo, copied_reference) == 1
    cells = len(concept_named("sapsii").compared)
    assert f"\n{cells} unexplained differences" in capsys.readouterr().out


def test_a_rule_explains_only_the_cells_that_it_names(
    built_demo: str, copied_reference: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrite(copied_reference, "sofa", {"respiration": "4", "liver": "3"})
    rule = mapping.Rule("sofa", "respiration", "reference.respiration = 4 and ours.respiration is null", "a test")
    monkeypatch.setattr(compare, "read_rules", lambda: [rule])
    assert run(built_demo, copied_reference) == 1
    out = capsys.readouterr().out
    assert "sofa.respiration: 1 explained, 0 unexplained" in out
    assert "sofa.liver: 0 explained, 1 unexplained" in out


def test_the_folder_must_hold_what_the_mapping_knows(built_demo: str, copied_reference: Path, capsys: Output) -> None:
    (copied_reference / "sofa.csv.gz").rename(copied_reference / "apsiii.csv.gz")
    assert run(built_demo, copied_reference) == 1
    assert "the mapping does not know apsiii" in capsys.readouterr().err
    (copied_reference / "apsiii.csv.gz").unlink()
    assert run(built_demo, copied_reference) == 1
    assert "lacks sofa.csv.gz" in capsys.readouterr().err


def test_an_unknown_column_and_a_schema_without_tables_are_named(
    built_demo: str, copied_reference: Path, reference_folder: Path, capsys: Output
) -> None:
    with gzip.open(copied_reference / "age.csv.gz", "wt") as file:
        file.write("subject_id,hadm_id,admittime,anchor_age,anchor_year,age,height\n")
    assert run(built_demo, copied_reference) == 1
    assert "the mapping does not know the column height" in capsys.readouterr().err
    dsn, folder = built_demo, str(reference_folder)
    assert compare.main(["--dsn", dsn, "--reference", folder, "--schema", "nowhere"]) == 1
    assert "is `dbt build` done, and --schema right?" in capsys.readouterr().err


def test_every_rule_of_the_seed_can_be_run(built_demo: str) -> None:
    with psycopg.connect(built_demo) as connection:
        count = connection.execute("select count(*) from dexsic.explained_difference").fetchone()
    assert count == (len(mapping.read_rules()),)


def concept_named(name: str) -> mapping.Concept:
    return next(concept for concept in mapping.read_mapping() if concept.name == name)
