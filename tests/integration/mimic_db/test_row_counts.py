"""`python -m mimic_db check` and `load` beside the rows of a release, on a database that pretends to be one."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from mimic_db import release, row_counts
from mimic_db.__main__ import main
from mimic_db.release import RELEASES, Release
from mimic_db.tables import TABLES

ROWS = {str(table): 2 for table in TABLES if table.needed}  # of mimic_folder
CHART = "mimiciv_icu.chartevents"


@pytest.fixture
def dsn(loaded_dsn: str) -> str:
    return loaded_dsn


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """The rows of a release "9.9", which is the small folder; a test changes what it should have."""
    rows = dict(ROWS)
    monkeypatch.setattr(release, "RELEASES", (*RELEASES, Release("9.9", rows)))
    return rows


def execute(dsn: str, *statements: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def checked(dsn: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str], str]:
    """Exit code, the lines about rows, and what was said meanwhile."""
    status = main(["check", "--dsn", dsn])
    said = capsys.readouterr()
    return status, [line for line in said.out.splitlines() if " rows" in line and "complete" not in line], said.err


def test_a_database_that_is_no_release_says_so_in_one_line(dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, lines, said = checked(dsn, capsys)
    assert status == 0
    found = "(2.0, 2.1, 2.2, 3.1): 2 admissions, 2 patients, 2 icustays"
    assert lines == [f"ok      rows: not compared, {release.NOT_A_RELEASE} {found}"]
    assert said == ""


@pytest.mark.usefixtures("pretended")
def test_a_whole_release_passes_and_its_small_tables_are_counted(dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, lines, _ = checked(dsn, capsys)
    assert (status, lines) == (0, ["ok      rows: all 13 tables hold what MIMIC-IV 9.9 has; 13 counted"])


def test_a_table_cut_short_stops_the_study(
    dsn: str, pretended: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    pretended["icu/chartevents"] = 3
    status, lines, _ = checked(dsn, capsys)
    assert status == 1
    assert lines == [
        f"error   {CHART} holds 2 rows (counted), MIMIC-IV 9.9 has 3: its load did not finish; load it again. "
        "Of an extract made on purpose `dbt build` by hand makes the study"
    ]


def test_a_table_with_more_rows_was_loaded_twice(
    dsn: str, pretended: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    execute(dsn, f"insert into {CHART} select * from {CHART}")
    status, lines, _ = checked(dsn, capsys)
    assert status == 1
    assert "holds 4 rows (counted), MIMIC-IV 9.9 has 2: it was loaded twice" in lines[0]


@pytest.mark.usefixtures("pretended")
def test_one_of_the_telling_tables_may_be_cut_short_itself(dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    execute(dsn, "delete from mimiciv_hosp.patients where subject_id = 1")
    status, lines, _ = checked(dsn, capsys)
    assert status == 1
    assert "mimiciv_hosp.patients holds 1 rows (counted), MIMIC-IV 9.9 has 2" in lines[0]


@pytest.mark.usefixtures("pretended")
def test_of_two_that_differ_the_third_still_says_what_it_was(dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    execute(dsn, *(f"delete from mimiciv_hosp.{table} where subject_id = 1" for table in ("patients", "admissions")))
    status, lines, _ = checked(dsn, capsys)
    assert status == 0  # an extract is nobody's fault
    assert lines == [
        "warning rows: not compared, one number is that of MIMIC-IV 9.9, the others are not: cut short, or an extract: "
        "1 admissions, 1 patients, 2 icustays"
    ]


@pytest.mark.usefixtures("pretended")
def test_an_empty_table_is_told_once(dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    execute(dsn, f"truncate {CHART}")
    main(["check", "--dsn", dsn])
    assert capsys.readouterr().out.count(CHART) == 1


class TestLargeTables:
    """The same with 10,000 rows of chartevents, which count as many."""

    @pytest.fixture(autouse=True)
    def large(self, dsn: str, pretended: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
        pretended["icu/chartevents"] = 10_000
        monkeypatch.setattr(row_counts, "_FEW", 1_000)
        execute(
            dsn,
            f"insert into {CHART} select each.* from {CHART} as each, generate_series(1, 5000) where each.stay_id = 1",
            f"insert into {CHART} select each.* from {CHART} as each, generate_series(1, 4998) where each.stay_id = 2",
        )

    def test_an_estimate_that_fits_will_do(self, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
        execute(dsn, f"analyze {CHART}")
        status, lines, said = checked(dsn, capsys)
        assert (status, said) == (0, "")
        assert lines[0].endswith("MIMIC-IV 9.9 has; 12 counted, 1 by the planner's estimate (within 2%)")

    def test_without_an_estimate_the_rows_are_counted_and_it_is_said(
        self, dsn: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        execute(
            dsn,
            f"alter table {CHART} rename to kept",
            f"create view {CHART} as select * from mimiciv_icu.kept",
        )
        status, lines, said = checked(dsn, capsys)
        assert status == 0
        assert lines[0].endswith("9.9 has; 13 counted")
        assert said == f"counting {CHART}: no estimate of its rows, 10,000 expected\n"

    def test_an_estimate_that_is_off_is_not_believed(self, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
        execute(dsn, f"analyze {CHART}", f"delete from {CHART} where stay_id = 2", f"analyze {CHART}")
        status, lines, said = checked(dsn, capsys)
        assert status == 1
        assert said.startswith(f"counting {CHART}: about ")
        assert f"{CHART} holds 5,001 rows (counted), MIMIC-IV 9.9 has 10,000" in lines[0]

    def test_rows_added_after_the_last_analyze_are_estimated_too(
        self, dsn: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        execute(dsn, f"analyze {CHART}", f"insert into {CHART} select * from {CHART}")
        status, lines, _ = checked(dsn, capsys)
        assert status == 1
        assert "holds 20,000 rows (counted)" in lines[0]


def test_a_load_says_which_file_is_cut_short(
    make_database: Callable[[], str],
    mimic_folder: Path,
    pretended: dict[str, int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    pretended["icu/outputevents"] = 5
    assert main(["load", "--csv", str(mimic_folder), "--dsn", make_database()]) == 0
    assert (
        "warning: icu/outputevents holds 2 rows (counted), MIMIC-IV 9.9 has 5: the file is cut short; download it again"
        in capsys.readouterr().err
    )
