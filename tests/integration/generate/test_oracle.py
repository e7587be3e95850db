"""The marts say of every generated stay what the generator meant."""

from collections.abc import Callable

import psycopg
import pytest

from mimic_db.database import connect
from twin.differences import Comparison
from twin.oracle import ask, is_right, main

MARTS = {
    "analysis_cohort",
    "baseline",
    "baseline_extended",
    "cohort_eligibility",
    "cohort_flow",
    "data_quality",
    "dexmedetomidine_exposure",
    "negative_control_exposure",
    "negative_control_outcome",
    "outcomes",
    "positive_control",
    "sepsis3",
    "sic_score",
    "sofa_hourly",
}
OTHER_READINGS = (
    "labs_by_admission labs_by_patient screening_counted screening_ignored antibiotics_mimic_code antibiotics_extended"
)


def answers(dsn: str) -> dict[str, Comparison]:
    with connect(dsn) as connection:
        return {answer.mart: answer for answer in ask(connection, "dexsic")}


def test_every_cell_of_every_stay_is_as_meant(built_generated: str) -> None:
    found = answers(built_generated)
    assert found.keys() == MARTS
    assert {mart: answer.differing for mart, answer in found.items() if not is_right(answer)} == {}
    assert found["sofa_hourly"].rows > 20_000
    assert found["dexmedetomidine_exposure"].rows >= 20


def test_the_truth_has_every_column_of_every_mart(built_generated: str) -> None:
    with psycopg.connect(built_generated) as connection:
        columns = connection.execute(
            "select m.table_name, m.column_name from information_schema.columns m"
            " where m.table_schema = 'dexsic' and m.table_name = any(%s) and not exists (select from"
            " information_schema.columns t where t.table_schema = 'twin_truth' and t.table_name = m.table_name"
            " and t.column_name = m.column_name)",
            [sorted(MARTS - {"cohort_flow", "data_quality"})],
        ).fetchall()
    # the twin plants the readings that are the defaults
    flags = {f"is_sic_{reading}" for reading in OTHER_READINGS.split()}
    assert {column for _, column in columns} == flags | {"sofa_24h_other_lab_key"}


@pytest.mark.parametrize(
    ("change", "mart", "column"),
    [
        (
            "update dexsic.outcomes set ventilation_h = ventilation_h + 1e-6 where ventilation_h > 1",
            "outcomes",
            "ventilation_h",
        ),
        ("update dexsic.sofa_hourly set renal_24h = renal_24h + 1 where hr = 0", "sofa_hourly", "renal_24h"),
        ("update dexsic.baseline set weight_kg = null", "baseline", "weight_kg"),
        ("update dexsic.cohort_flow set n_excluded = n_excluded + 1 where step = 3", "cohort_flow", "rule"),
        (
            "update dexsic.data_quality set n_affected = n_affected + 1 where check_name = 'urine_outside_stay'",
            "data_quality",
            "urine_outside_stay",
        ),
        (
            "delete from dexsic.data_quality where check_name = 'infusion_rate_from_amount' and concept = 'heparin'",
            "data_quality",
            "infusion_rate_from_amount heparin",
        ),
    ],
)
def test_a_wrong_cell_is_found(built_generated: str, change: str, mart: str, column: str) -> None:
    with psycopg.connect(built_generated) as connection:
        connection.execute(change.encode())
        found = {answer.mart: answer for answer in ask(connection, "dexsic")}
        connection.rollback()
    assert not is_right(found[mart])
    assert column in found[mart].differing or mart == "cohort_flow"


def test_a_missing_row_is_found(built_generated: str) -> None:
    with psycopg.connect(built_generated) as connection:
        connection.execute("delete from dexsic.sic_score where stay_id = (select min(stay_id) from dexsic.sic_score)")
        found = {answer.mart: answer for answer in ask(connection, "dexsic")}
        connection.rollback()
    assert found["sic_score"].one_sided == 1
    assert not is_right(found["sic_score"])


@pytest.mark.parametrize(
    ("change", "mart", "told"),
    [
        (
            "alter table dexsic.outcomes rename column ventilation_h to hours_ventilated",
            "outcomes",
            "ventilation_h (no",
        ),
        ("alter table dexsic.sofa_hourly rename column hr to hour", "sofa_hourly", "hr (no such column)"),
        ("drop table dexsic.sepsis3 cascade", "sepsis3", "not built"),
        ("drop table dexsic.cohort_flow cascade", "cohort_flow", "not built"),
        (
            "insert into dexsic.cohort_flow (step, rule, n_excluded) select 11, 'no cirrhosis', 0",
            "cohort_flow",
            "no cirrhosis",
        ),
    ],
)
def test_a_study_with_other_rules_columns_or_marts_is_compared_as_far_as_it_goes(
    built_generated: str, change: str, mart: str, told: str
) -> None:
    """A definition that was changed on purpose is named, and all else is held to the truth all the same."""
    with psycopg.connect(built_generated) as connection:
        connection.execute(change.encode())
        found = {answer.mart: answer for answer in ask(connection, "dexsic")}
        connection.rollback()
    assert found.keys() == MARTS
    assert [name for name, answer in found.items() if not is_right(answer)] == [mart]
    assert any(name.startswith(told) for name in found[mart].differing)


def test_a_schema_without_marts_is_explained(built_generated: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--dsn", built_generated, "--schema", "elsewhere"]) == 1
    assert "no mart is in schema elsewhere: build them first" in capsys.readouterr().err


def test_the_command_says_what_it_compared(built_generated: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--dsn", built_generated]) == 0
    assert "sofa_hourly" in capsys.readouterr().out


def test_a_database_without_the_truth_is_explained(
    make_database: Callable[[], str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--dsn", make_database()]) == 1
    assert "no schema twin_truth" in capsys.readouterr().err
