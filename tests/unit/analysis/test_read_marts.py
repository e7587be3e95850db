"""Reading the marts from a PostgreSQL server, and what is said when that cannot be done."""

from collections.abc import Callable
from pathlib import Path
from typing import LiteralString

import pandas as pd
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from analysis_py.marts.errors import StudyError
from analysis_py.marts.generated import PATIENTS, warning
from analysis_py.marts.profile import Target
from analysis_py.marts.trial import type_trial
from analysis_py.run import main
from analysis_py.study.read_marts import TRIAL_NEEDED, read_marts, type_cohort, type_extended
from analysis_py.study.readings import READINGS, cohort_of
from analysis_py.study.variables import EXTENDED
from tests.unit.analysis.trial.conftest import _make_marts

SCHEMA = 'my "study'
STAMP = """
create schema mimic_db;
create table mimic_db.generated (stays integer, seed bigint, design text, generator text, row_count bigint);
insert into mimic_db.generated values (2000, 1, 'hazard ratio 0.7, confounding on, missing 0.03', 'hash', 5000000)
"""
PLANTED = "2,000 generated ICU stays, seed 1, hazard ratio 0.7, confounding on, missing 0.03"
TYPES = {"bool": "boolean", "float64": "numeric", "int64": "bigint", "object": "text"}


def write(dsn: str, table: str, frame: pd.DataFrame) -> None:
    columns = [
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(TYPES[str(frame[name].dtype)])) for name in frame.columns
    ]
    with psycopg.connect(dsn) as connection:
        connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(SCHEMA)))
        create = sql.SQL("create table {} ({})").format(sql.Identifier(SCHEMA, table), sql.SQL(", ").join(columns))
        connection.execute(create)
        with connection.cursor().copy(sql.SQL("copy {} from stdin").format(sql.Identifier(SCHEMA, table))) as copy:
            for row in frame.astype(object).where(frame.notna(), None).itertuples(index=False):
                copy.write_row(row)


@pytest.fixture
def dsn(make_database: Callable[[], str], marts: dict[str, pd.DataFrame]) -> str:
    dsn = make_database()
    for name, mart in marts.items():
        write(dsn, name, mart)
    return dsn


def target(dsn: str, schema: str = SCHEMA, **changed: str) -> Target:
    return Target(schema, None, {**conninfo_to_dict(dsn), **changed})


def test_marts_come_typed_and_in_order(dsn: str, cohort: pd.DataFrame, flow: pd.DataFrame) -> None:
    read = read_marts(target(dsn))
    pd.testing.assert_frame_equal(read.cohort, type_cohort(cohort, "mart"))
    assert read.cohort["age_years"].dtype == float
    assert read.cohort["diabetes"].dtype == "boolean"
    assert read.flow["n_after"].tolist() == flow["n_after"].tolist()


def test_the_extended_covariates_are_of_the_same_stays(dsn: str, marts: dict[str, pd.DataFrame]) -> None:
    read = read_marts(target(dsn))
    assert read.extended is not None
    assert read.extended.index.equals(read.stays.index)
    assert set(read.cohort.index) < set(read.extended.index)
    assert len(read.extended) < len(marts["baseline_extended"])  # of nobody else
    expected = type_extended(marts["baseline_extended"], "mart").loc[read.extended.index]
    pd.testing.assert_frame_equal(read.extended, expected)
    assert list(read.extended.columns) == [variable.name for variable in EXTENDED]
    assert read.extended["code_status"].cat.categories.tolist() == ["full", "limited", "comfort"]


def test_the_trial_is_read_where_the_build_has_it(dsn: str) -> None:
    assert read_marts(target(dsn)).trial is None
    frames = _make_marts(40)
    for name, frame in frames.items():
        write(dsn, name, frame)
    marts = read_marts(target(dsn))
    assert marts.trial is not None
    assert marts.trial.flow["n_after"].tolist() == frames["trial_flow"]["n_after"].tolist()
    expected = type_trial(frames, "dexsic", TRIAL_NEEDED)
    pd.testing.assert_frame_equal(marts.trial.baseline, expected.baseline)
    pd.testing.assert_frame_equal(marts.trial.outcomes, expected.outcomes)
    pd.testing.assert_frame_equal(marts.trial.intervals, expected.intervals.sort_index())
    with psycopg.connect(dsn) as connection:
        connection.execute(sql.SQL("drop table {}").format(sql.Identifier(SCHEMA, "trial_outcomes")))
    with pytest.raises(StudyError, match="trial_outcomes is not there"):
        read_marts(target(dsn))


def test_a_reading_that_the_vars_chose_gives_the_main_cohort_and_others_change_one_rule(dsn: str) -> None:
    marts = read_marts(target(dsn))
    main = marts.cohort
    found = {reading.label: cohort_of(marts.stays, reading) for reading in READINGS}
    for label in ("SIC: score of 4 or more (paper)", "no heparin given in the ICU"):
        pd.testing.assert_frame_equal(found[label], main[found[label].columns])
    assert found["SIC: strict"].index.tolist() == main.index[::2].tolist()
    assert found["SIC: strict, SOFA of six organs"].index.tolist() == main.index[::4].tolist()
    for label in ("laboratory results by admission", "screening cultures counted", "antibiotics of mimic-code's list"):
        pd.testing.assert_frame_equal(found[label], main[found[label].columns])
    places = range(len(main))
    assert found["laboratory results by patient and time"].index.tolist() == [main.index[at] for at in places if at % 5]
    assert found["screening cultures ignored"].index.tolist() == [main.index[at] for at in places if at % 3]
    assert found["antibiotics of the extended list"].index.tolist() == [main.index[at] for at in places if at % 7]
    added = {label: sorted(set(cohort.index) - set(main.index)) for label, cohort in found.items()}
    assert added["SIC: paper, SOFA of six organs"] == [1]
    assert added["no heparin infusion in the ICU"] == added["no heparin order"] == [2]
    assert found["SIC: paper, SOFA of six organs"].loc[1, "sic_score"] >= 4


def test_follow_up_ends_at_discharge_or_on_day_28(dsn: str) -> None:
    marts = read_marts(target(dsn))
    died, hospital_days = marts.cohort["died_28d_hospital"], marts.cohort["hospital_days"]
    ends = {reading.follow_up: cohort_of(marts.stays, reading)["followup_28d_days"] for reading in READINGS[-2:]}
    assert (ends["day28"][~died] == 28).all()
    assert (ends["discharge"][~died] == hospital_days[~died].clip(upper=28)).all()
    for follow_up in ends.values():
        assert (follow_up[died] == marts.cohort.loc[died, "followup_28d_days"]).all()


def stamp(dsn: str, *changes: LiteralString) -> None:
    with psycopg.connect(dsn) as connection:
        for statement in (STAMP, *changes):
            connection.execute(statement)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ([], PLANTED),
        (["update mimic_db.generated set design = null"], "2,000 generated ICU stays, seed 1, design unknown"),
        (["alter table mimic_db.generated drop column design"], ""),
        (["delete from mimic_db.generated"], ""),
        (["drop table mimic_db.generated"], ""),
    ],
)
def test_generated_patients_are_known_by_the_generators_stamp(
    dsn: str, changes: list[LiteralString], found: str
) -> None:
    stamp(dsn, *changes)
    assert read_marts(target(dsn)).generated == found


def test_without_a_stamp_patients_are_real(dsn: str) -> None:
    assert read_marts(target(dsn)).generated == ""


def test_a_role_that_may_not_read_the_stamp_reads_the_marts_all_the_same(dsn: str) -> None:
    schema = sql.Identifier(SCHEMA)
    stamp(dsn, "create role marts_reader login")
    with psycopg.connect(dsn) as connection:
        connection.execute(sql.SQL("grant usage on schema {} to marts_reader").format(schema))
        connection.execute(sql.SQL("grant select on all tables in schema {} to marts_reader").format(schema))
    found = []
    for grant in ("usage on schema mimic_db", "select on mimic_db.generated"):
        found.append(read_marts(target(dsn, user="marts_reader")).generated)
        with psycopg.connect(dsn) as connection:
            connection.execute(f"grant {grant} to marts_reader".encode())
    found.append(read_marts(target(dsn, user="marts_reader")).generated)
    assert found == ["", "", PLANTED]


@pytest.mark.parametrize("generated", [False, True])
def test_a_whole_run_through_the_profile(
    dsn: str, generated: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if generated:
        stamp(dsn)
    settings = {**conninfo_to_dict(dsn), "type": "postgres", "schema": SCHEMA}
    lines = "".join(f"      {key}: '{value}'\n" for key, value in settings.items())
    (tmp_path / "profiles.yml").write_text(f"dexsic:\n  target: dev\n  outputs:\n    dev:\n{lines}")
    output = tmp_path / "output"
    options = ["--profiles-dir", str(tmp_path), "--output", str(output), "--imputations", "1"]
    assert main(options) == 0
    results = pd.read_csv(output / "results.csv")
    columns = "analysis cohort outcome model term level measure estimate lower upper p_value n events note"
    columns += " events_per_coefficient"
    assert results.columns.tolist() == columns.split()
    robust = results[(results["analysis"] == "robustness") & (results["cohort"] == "matched")]
    assert {reading.label for reading in READINGS} <= set(robust["level"])
    said = capsys.readouterr().out
    assert f"report: {output / 'report.html'}" in said
    page = (output / "report.html").read_text()
    for words in (warning(PLANTED), f"({PATIENTS})"):
        assert (words in said, words in page) == (generated, generated)
    assert (results["note"].astype(str).str.endswith(PATIENTS) == generated).all()


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("drop table {}.cohort_flow", r"cohort_flow.* does not exist: run `dbt build` first"),
        ("alter table {}.analysis_cohort drop column weight_kg", "analysis_cohort lacks weight_kg"),
        (
            "update {}.analysis_cohort set age_years = 'NaN', weight_kg = 'Infinity'",
            "weight_kg holds an infinite value",
        ),
        ("insert into {0}.analysis_cohort select * from {0}.analysis_cohort", "holds a stay_id more than once"),
        ("alter table {}.cohort_flow drop column rule", "cohort_flow lacks rule"),
        ("alter table {}.outcomes drop column followup_discharge_days", "another version, run `dbt build` again"),
        ("insert into {0}.outcomes select * from {0}.outcomes", "cohort_eligibility holds a stay_id more than once"),
    ],
)
def test_faulty_marts_are_named_with_the_remedy(dsn: str, statement: str, message: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(SCHEMA)))
    with pytest.raises(StudyError, match=message):
        read_marts(target(dsn))


def test_no_schema_no_privilege_no_server(dsn: str) -> None:
    with pytest.raises(StudyError, match="run `dbt build` first"):
        read_marts(target(dsn, schema="nowhere"))
    with psycopg.connect(dsn) as connection:
        connection.execute("drop role if exists stranger")
        connection.execute("create role stranger login")
    with pytest.raises(StudyError, match=r"permission denied.*: grant select"):
        read_marts(target(dsn, user="stranger"))
    with pytest.raises(StudyError, match="is the server running"):
        read_marts(target(dsn, port="1"))
    with pytest.raises(StudyError, match="is the database's name right"):
        read_marts(target(dsn, dbname="nowhere"))
