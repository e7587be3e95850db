"""The trial's marts say of every generated stay what the generator meant, and the truth of both strategies is kept."""

from collections.abc import Callable

import psycopg
import pytest

from mimic_db.database import connect
from tests.integration.conftest import BUILD, RunDbt
from twin.__main__ import main as twin
from twin.differences import Comparison
from twin.oracle import ask, is_right, main

TRIAL = {
    *("sic_hourly", "trial_baseline", "trial_eligibility", "trial_flow", "trial_interval", "trial_outcomes"),
    *("baseline_extended", "trial_decision", "trial_control_exposure", "trial_positive_control"),
    *("negative_control_exposure", "negative_control_outcome", "positive_control"),
}
OPTIONS = ("--design", "trial", "--stays", "250", "--seed", "7")


@pytest.fixture(scope="module")
def built_trial(make_database: Callable[[], str], run_dbt: RunDbt) -> str:
    """DSN of a trial data set with our tables in the schema dexsic."""
    dsn = make_database()
    assert twin(["generate", *OPTIONS, "--dsn", dsn]) == 0
    run_dbt(dsn, *BUILD)
    return dsn


def answers(dsn: str) -> dict[str, Comparison]:
    with connect(dsn) as connection:
        return {answer.mart: answer for answer in ask(connection, "dexsic")}


def test_every_cell_of_every_mart_is_as_meant(built_trial: str) -> None:
    found = answers(built_trial)
    assert found.keys() >= TRIAL
    assert {mart: answer.differing for mart, answer in found.items() if not is_right(answer)} == {}
    assert found["trial_interval"].rows > 500


def test_the_truth_has_every_column_of_the_trial_marts(built_trial: str) -> None:
    with psycopg.connect(built_trial) as connection:
        columns = connection.execute(
            "select m.table_name, m.column_name from information_schema.columns m"
            " where m.table_schema = 'dexsic' and m.table_name = any(%s) and not exists (select from"
            " information_schema.columns t where t.table_schema = 'twin_truth' and t.table_name = m.table_name"
            " and t.column_name = m.column_name)",
            [sorted(TRIAL - {"trial_flow"})],
        ).fetchall()
    assert columns == []


@pytest.mark.parametrize(
    ("change", "mart", "column"),
    [
        ("update dexsic.trial_interval set rass = rass + 1 where k = 3", "trial_interval", "rass"),
        ("update dexsic.trial_outcomes set start_h = start_h + 1 where start_h > 0", "trial_outcomes", "start_h"),
        (
            "update dexsic.negative_control_exposure set is_late = not is_late where exposure = 'zinc'",
            "negative_control_exposure",
            "is_late",
        ),
        (
            "update dexsic.negative_control_outcome set occurred = not occurred where outcome = 'mcv_low' and is_known",
            "negative_control_outcome",
            "occurred",
        ),
        ("update dexsic.trial_flow set n_excluded = n_excluded + 1 where step = 4", "trial_flow", ""),
    ],
)
def test_a_wrong_cell_is_found(built_trial: str, change: str, mart: str, column: str) -> None:
    with psycopg.connect(built_trial) as connection:
        connection.execute(change.encode())
        found = {answer.mart: answer for answer in ask(connection, "dexsic")}
        connection.rollback()
    assert not is_right(found[mart])
    assert not column or column in found[mart].differing


def test_the_truth_names_every_control_and_the_one_that_is_off(built_trial: str) -> None:
    with psycopg.connect(built_trial) as connection:
        controls = connection.execute(
            "select control from twin_truth.control_planted except"
            " (select exposure from dexsic.negative_control_exposure union"
            " select outcome from dexsic.negative_control_outcome)"
        ).fetchall()
        confounded = connection.execute("select control from twin_truth.control_planted where is_confounded").fetchall()
    assert controls == []
    assert confounded == [("multivitamin",)]


def test_the_risks_are_those_of_both_potential_outcomes(built_trial: str, capsys: pytest.CaptureFixture[str]) -> None:
    with psycopg.connect(built_trial) as connection:
        planted = connection.execute(
            "select count(*), avg(died_28d_a::int)::float8, avg(died_28d_b::int)::float8 from twin_truth.trial_planted"
            " join dexsic.trial_baseline using (stay_id)"
        ).fetchone()
        kept = connection.execute(
            "select patients, risk_a, risk_b, difference, ratio from twin_truth.trial_risk"
        ).fetchone()
    assert planted and kept
    assert kept[:3] == pytest.approx(planted)
    assert kept[3:] == pytest.approx((kept[1] - kept[2], kept[1] / kept[2]))
    assert main(["--dsn", built_trial]) == 0
    assert f"planted in {kept[0]} patients of the trial" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--unmeasured-cause", "1"), "--unmeasured-cause goes with --design trial only"),
        (("--design", "trial", "--missing", "0.1"), "--missing goes without --design trial only"),
        (("--design", "trial", "--confounding", "off"), "--confounding goes without --design trial only"),
        (("--design", "trial", "--unmeasured-cause", "9"), "--unmeasured-cause 9 is out of range"),
        (("--zigong", "--design", "trial"), "--design goes without --zigong only"),
    ],
)
def test_options_of_the_other_design_are_explained(
    options: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert twin(["generate", *options, "--dsn", "host=/nowhere"]) == 1
    assert message in capsys.readouterr().err
