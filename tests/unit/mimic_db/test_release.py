"""Which release a set of tables is, and which of them is cut short."""

import pytest

from mimic_db.release import RELEASES, TELLING, Counted, Remedies, compare, is_off, recognised, told_of_files
from mimic_db.tables import TABLES, Table

BY_NAME = {str(table): table for table in TABLES}
CHART, OMR = BY_NAME["icu/chartevents"], BY_NAME["hosp/omr"]
REMEDIES = Remedies("load it again", "loaded twice")


def rows_of(name: str) -> dict[Table, int]:
    """Every table that the release's counts are published of, as it should be."""
    release = next(each for each in RELEASES if each.name == name)
    return {BY_NAME[table]: count for table, count in release.rows.items()}


def test_each_release_has_its_tables_and_is_told_by_three_of_them() -> None:
    assert [release.name for release in RELEASES] == ["2.0", "2.1", "2.2", "3.1"]
    for release in RELEASES:
        assert {str(table) for table in TABLES if table.needed} - {"hosp/d_labitems"} <= release.rows.keys()
        assert release.rows.keys() <= BY_NAME.keys()
        assert recognised(rows_of(release.name)) is release
    for table in TELLING:
        assert len({release.rows[str(table)] for release in RELEASES}) == len(RELEASES)


@pytest.mark.parametrize("cut", range(3))
def test_a_release_is_recognised_though_one_of_the_three_is_cut_short(cut: int) -> None:
    rows = rows_of("2.2") | {TELLING[cut]: 10}
    found = recognised(rows)
    assert found is not None
    assert found.name == "2.2"
    assert recognised(rows | {TELLING[(cut + 1) % 3]: 10}) is None


def test_the_demo_and_an_empty_database_are_no_release() -> None:
    assert recognised(dict(zip(TELLING, (100, 275, 140), strict=True))) is None
    assert recognised({}) is None
    assert told_of_files({CHART: 5}) == []


def test_one_row_fewer_warns_and_one_in_fifty_stops() -> None:
    release = RELEASES[2]
    expected = release.rows["icu/chartevents"]
    last = round(0.98 * expected)
    assert not is_off(last, expected)
    assert is_off(last - 1, expected)
    assert is_off(expected * 1.021, expected)
    for rows, level in ((expected - 1, "warning"), (last, "warning"), (last - 1, "error"), (2 * expected, "error")):
        (found,) = compare(release, [Counted(CHART, "icu.chartevents", rows)], REMEDIES)
        assert found.level == level
        assert f"holds {rows:,} rows (counted), MIMIC-IV 2.2 has 313,645,063: " in found.text
        assert found.text.endswith("loaded twice" if rows > expected else "load it again")


def test_an_estimate_may_be_off_by_its_tolerance_and_a_count_by_nothing() -> None:
    release = RELEASES[2]
    near = round(0.985 * release.rows["icu/chartevents"])
    (found,) = compare(release, [Counted(CHART, "icu.chartevents", near, "the planner's estimate")], REMEDIES)
    assert found.level == "ok"
    assert found.text == (
        "rows: all 1 tables hold what MIMIC-IV 2.2 has; 0 counted, 1 by the planner's estimate (within 2%)"
    )


def test_an_estimate_that_is_further_off_is_told_as_one() -> None:
    (found,) = compare(RELEASES[2], [Counted(CHART, "icu.chartevents", 5, "the planner's estimate")], REMEDIES)
    assert found.level == "error"
    assert "holds 5 rows (the planner's estimate)" in found.text


def test_a_table_that_the_study_does_not_need_never_stops_it() -> None:
    (found,) = compare(RELEASES[2], [Counted(OMR, "omr", 0)], REMEDIES)
    assert found.level == "warning"


def test_files_of_a_release_are_told_apart_from_one_that_is_cut_short() -> None:
    assert told_of_files(rows_of("3.1")) == ["rows: all 28 tables hold what MIMIC-IV 3.1 has; 28 counted"]
    (line,) = told_of_files(rows_of("3.1") | {CHART: 1_000_000})
    assert line == (
        "warning: icu/chartevents holds 1,000,000 rows (counted), MIMIC-IV 3.1 has 432,997,491: the file is cut short;"
        " download it again"
    )
