"""Reading the marts from a PostgreSQL server, and what is said when that cannot be done."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from analysis_py.errors import StudyError
from analysis_py.profile import Target
from analysis_py.read_marts import read_marts, type_cohort
from analysis_py.run import main

SCHEMA = 'my "study'
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
def dsn(make_database: Callable[[], str], cohort: pd.DataFrame, flow: pd.DataFrame) -> str:
    dsn = make_database()
    write(dsn, "analysis_cohort", cohort)
    write(dsn, "cohort_flow", flow)
    return dsn


def target(dsn: str, schema: str = SCHEMA, **changed: str) -> Target:
    return Target(schema, None, {**conninfo_to_dict(dsn), **changed})


def test_marts_come_typed_and_in_order(dsn: str, cohort: pd.DataFrame, flow: pd.DataFrame) -> None:
    read, steps = read_marts(target(dsn))
    pd.testing.assert_frame_equal(read, type_cohort(cohort, "mart"))
    assert read["age_years"].dtype == float
    assert read["diabetes"].dtype == "boolean"
    assert steps["n_after"].tolist() == flow["n_after"].tolist()


def test_a_whole_run_through_the_profile(dsn: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = {**conninfo_to_dict(dsn), "type": "postgres", "schema": SCHEMA}
    lines = "".join(f"      {key}: '{value}'\n" for key, value in settings.items())
    (tmp_path / "profiles.yml").write_text(f"dexsic:\n  target: dev\n  outputs:\n    dev:\n{lines}")
    output = tmp_path / "output"
    options = ["--profiles-dir", str(tmp_path), "--output", str(output), "--imputations", "1"]
    assert main(options) == 0
    results = pd.read_csv(output / "results.csv")
    columns = "analysis cohort outcome model term level measure estimate lower upper p_value n events note"
    assert results.columns.tolist() == columns.split()
    assert f"report: {output / 'report.html'}" in capsys.readouterr().out


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
