"""The stand-in for the full database, and the record of what each step took."""

import gzip
import importlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench import full, stand_in
from bench.full import Step
from bench.peaks import Peaks
from mimic_db.load.csv_folder import find_files
from mimic_db.load.csv_rows import header_and_rows
from mimic_db.tables import TABLES

TIMES = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, small_demo: Path) -> Path:
    """The stand-in of a small piece of the demo, in both forms."""
    folder = tmp_path_factory.mktemp("stand_in")
    stand_in.write_parquet(small_demo, TIMES, folder / "parquet")
    stand_in.write_csv(folder / "parquet", folder / "csv")
    return folder


@pytest.fixture(scope="module")
def small_demo(tmp_path_factory: pytest.TempPathFactory, demo_folder: Path) -> Path:
    """The demo with the rows of three patients."""
    duckdb = importlib.import_module("duckdb")
    folder = tmp_path_factory.mktemp("small_demo")
    for table in TABLES:
        if table.needed:
            (folder / table.module).mkdir(exist_ok=True)
            source = demo_folder / table.module / f"{table.name}.csv.gz"
            where = "where cast(subject_id as integer) % 34 = 2" if "subject_id" in table.column_names else ""
            duckdb.sql(
                f"copy (select * from read_csv('{source}', all_varchar = true, nullstr = '') {where})"
                f" to '{folder / table.module / table.name}.csv' (format csv, header)"
            )
    return folder


def ask(query: str, folder: Path) -> list[tuple[Any, ...]]:
    duckdb = importlib.import_module("duckdb")
    rows: list[tuple[Any, ...]] = duckdb.sql(query.format(folder=folder / "parquet")).fetchall()
    return rows


@pytest.mark.needs_shared
@pytest.mark.needs_duckdb
def test_every_copy_has_every_row_and_identifiers_of_its_own(folder: Path, small_demo: Path) -> None:
    for table in (table for table in TABLES if table.needed):
        path = f"{{folder}}/{table.module}/{table.name}.parquet"
        ((rows,),) = ask(f"select count(*) from '{path}'", folder)
        ((of_demo,),) = ask(f"select count(*) from '{small_demo}/{table.module}/{table.name}.csv'", folder)
        assert rows == of_demo * (TIMES if "subject_id" in table.column_names else 1), table
    ((stays, patients),) = ask(
        "select count(distinct stay_id), count(distinct subject_id) from '{folder}/icu/icustays.parquet'", folder
    )
    ((of_demo, people),) = ask(
        f"select count(*), count(distinct subject_id) from '{small_demo}/icu/icustays.csv'",
        folder,
    )
    assert (stays, patients) == (of_demo * TIMES, people * TIMES)
    # whatever is charted lies under its own patient's stay
    astray = ask(
        "select count(*) from '{folder}/icu/chartevents.parquet' as chart anti join"
        " '{folder}/icu/icustays.parquet' as icu using (subject_id, hadm_id, stay_id)",
        folder,
    )
    assert astray == [(0,)]


@pytest.mark.needs_shared
@pytest.mark.needs_duckdb
def test_no_two_copies_are_alike_but_each_is_as_long_as_the_first(folder: Path) -> None:
    lengths = ask(
        "select datediff('minute', intime, outtime), count(*), count(distinct intime)"
        " from '{folder}/icu/icustays.parquet' group by 1 order by 1",
        folder,
    )
    assert lengths and all(stays % TIMES == 0 and starts > 1 for _, stays, starts in lengths)
    in_stay = ask(
        "select count(*) filter (where charttime between intime and outtime) / count(*)"
        " from '{folder}/icu/chartevents.parquet' join '{folder}/icu/icustays.parquet' using (stay_id)",
        folder,
    )
    assert in_stay[0][0] > 0.9
    numbers = ask(
        "select count(distinct avg) from (select avg(valuenum) as avg from '{folder}/icu/chartevents.parquet'"
        " where itemid = 220045 group by stay_id)",
        folder,
    )
    assert numbers[0][0] > TIMES
    # a number and its text agree, and scores stay whole
    odd = ask(
        "select count(*) from '{folder}/icu/chartevents.parquet' where try_cast(value as double) <> valuenum"
        " or (itemid in (220739, 223900, 223901) and valuenum <> floor(valuenum))",
        folder,
    )
    assert odd == [(0,)]


@pytest.mark.needs_shared
@pytest.mark.needs_duckdb
def test_the_csv_files_are_such_as_are_loaded(folder: Path) -> None:
    files = {file.table.name: file for file in find_files(folder / "csv")}
    assert files.keys() == {table.name for table in TABLES if table.needed}
    for name in ("icustays", "labevents"):
        with gzip.open(files[name].path) as opened:
            rows = sum(block.count for block in header_and_rows(files[name], opened.read))
        ((expected,),) = ask(f"select count(*) from '{{folder}}/*/{name}.parquet'", folder)
        assert rows == expected


def test_a_step_that_was_measured_is_not_repeated_until_what_it_depends_on_changes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(full, "PROJECT", tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "a.sql").write_text("select 1")
    done: list[str] = []

    @contextmanager
    def watch() -> Iterator[Peaks]:
        yield Peaks(temporary=1_000_000_000, memory=2_500_000_000)

    def steps(fails: bool = False) -> Iterator[Step]:
        yield Step("files: csv", lambda: done.append("files"), [], lambda: 0, watch)
        yield Step("run", lambda: done.append("run"), ["models"], lambda: 3_000_000_000, watch)
        yield Step("test", lambda: 1 / 0 if fails else done.append("test"), [], lambda: 0, watch)  # type: ignore[func-returns-value]

    with pytest.raises(ZeroDivisionError):
        full._tell(steps(fails=True), tmp_path / "out", "duckdb", fresh=False)
    full._tell(steps(), tmp_path / "out", "duckdb", fresh=False)
    assert done == ["files", "run", "test"]
    assert "2.50 GB" in capsys.readouterr().out
    # another build is measured anew, and what rests on it; the files stay
    (tmp_path / "models" / "a.sql").write_text("select 2")
    full._tell(steps(), tmp_path / "out", "duckdb", fresh=False)
    assert done == ["files", "run", "test", "run", "test"]
    assert set(json.loads((tmp_path / "out" / "steps.json").read_text())) == {
        "files: csv",
        "duckdb: run",
        "duckdb: test",
    }


@pytest.mark.needs_duckdb
def test_so_much_disk_is_asked_for_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(full, "PROJECT", tmp_path)
    monkeypatch.setattr("sys.stdin", open("/dev/null"))  # noqa: SIM115, PTH123
    monkeypatch.setattr(full.shutil, "disk_usage", lambda _: SimpleNamespace(free=100e9))
    assert full.main(["--engine", "postgres", "--times", "300"]) == 1
    assert "GB of disk: say --yes" in capsys.readouterr().err
    assert full.main(["--engine", "postgres", "--times", "900000"]) == 1
    assert "are free: --times makes it less" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
