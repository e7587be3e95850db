"""The exposure's unit: spellings and other units are converted; what cannot be stops before a big table is read."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunnerResult

from tests.integration.conftest import BUILD, Dbt, dbt_on

BIG = (
    *("int_chart_row", "int_lab_row", "int_infusion", "int_prescription", "int_urine_row", "int_culture"),
    # whose data tests would read them, too
    *(
        f"stg_mimic__{table}"
        for table in ("chartevents", "labevents", "prescriptions", "outputevents", "microbiologyevents")
    ),
)
UPDATE = "update mimiciv_icu.inputevents set rate = %s, rateuom = %s, patientweight = %s where itemid = 225150"

pytestmark = pytest.mark.needs_half_an_hour


@pytest.fixture(scope="module")
def dbt(two_patients: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dbt]:
    with dbt_on(two_patients, tmp_path_factory.mktemp("dbt"), "dexsic") as run:
        assert run(*BUILD).success
        yield run


def chart(dsn: str, rate: float, unit: str | None, weight: float | None = 80) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(UPDATE, (rate, unit, weight))


def messages(run: dbtRunnerResult) -> dict[str, tuple[str, str]]:
    """Status and message of each model."""
    assert isinstance(run.result, RunExecutionResult)
    return {result.node.name: (str(result.status), result.message or "") for result in run.result.results}


def found(dsn: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(query.encode()).fetchall()


@pytest.mark.parametrize(
    ("rate", "unit", "n_converted"),
    [
        (0.5, "mcg/kg/hour", 0),
        (0.5, " MCG/KG/Hour", 0),
        (0.5, " MCG/KG/HR", 1),
        (0.5, "\N{MICRO SIGN}g/kg/h", 1),
        (0.5, "\N{GREEK SMALL LETTER MU}g/kg/h", 1),
        (0.5 / 60, "mcg/kg/min", 1),
        (40, "mcg/hour", 1),
    ],
)
def test_the_exposure_is_the_same_in_every_unit_that_is_known(
    rate: float, unit: str, n_converted: int, dbt: Dbt, two_patients: str
) -> None:
    chart(two_patients, rate, unit)
    chain = ("int_infusion", "int_running_infusion", "int_exposure_row", "int_exposure_run", "int_exposure_episode")
    select = (*chain, "int_exposure_unknown", "exposure", "int_quality_treatment")
    assert dbt(*BUILD, "--select", *select).success
    exposure = found(two_patients, "select stay_id, running_h, mean_rate_48h from dexsic.dexmedetomidine_exposure")
    assert exposure == [(102, 12.0, pytest.approx(0.5))]
    assert found(two_patients, "select * from dexsic.int_exposure_unknown") == []
    counted = "select n_affected from dexsic.int_quality_treatment where check_name = 'exposure_unit_converted'"
    assert found(two_patients, counted) == [(n_converted,)]


def test_without_the_weight_that_a_unit_asks_for_the_exposure_is_unknown(dbt: Dbt, two_patients: str) -> None:
    chart(two_patients, 40, "mcg/hour", None)
    views = ("int_running_infusion", "int_exposure_row", "int_exposure_unknown")
    assert dbt(*BUILD, "--select", "int_infusion", *views).success
    assert found(two_patients, "select stay_id from dexsic.int_exposure_row") == []
    assert found(two_patients, "select stay_id from dexsic.int_exposure_unknown") == [(102,)]


@pytest.mark.parametrize(
    ("unit", "said"),
    [("mL/hour", '"mL/hour" (1 of 1 rows)'), (None, "no unit (1 of 1 rows)"), ("of the patient's", "another text")],
)
def test_a_unit_that_cannot_be_converted_stops_before_a_big_table_is_read(
    unit: str | None, said: str, dbt: Dbt, two_patients: str
) -> None:
    chart(two_patients, 0.5, unit)
    run = dbt(*BUILD)
    assert not run.success
    told = messages(run)
    status, message = told["stg_mimic__admissions"]
    assert status == "error" and said in message
    assert "rates of dexmedetomidine in units that cannot be made mcg/kg/hour" in message
    assert "A unit of mass that seeds/rate_unit.csv lacks: say there what it is" in message
    assert "correct or delete these rows" in message
    assert {told[name][0] for name in BIG} == {"skipped"}


def test_the_wanted_unit_may_be_written_in_any_case(dbt: Dbt, two_patients: str) -> None:
    chart(two_patients, 0.5, "mcg/kg/hour")
    select = ("stg_mimic__admissions", "int_infusion", "int_running_infusion", "int_exposure_row")
    assert dbt(*BUILD, "--select", *select, "--vars", "{exposure_rate_unit: MCG/KG/HOUR}").success
    assert found(two_patients, "select rate, is_converted from dexsic.int_exposure_row") == [(0.5, False)]


def test_a_row_that_never_runs_stops_nothing(dbt: Dbt, two_patients: str) -> None:
    chart(two_patients, 0, "mL/hour")
    assert dbt(*BUILD).success
    assert found(two_patients, "select stay_id from dexsic.int_exposure_unknown") == [(102,)]


def test_the_units_of_another_exposure_are_its_own(dbt: Dbt, two_patients: str) -> None:
    chart(two_patients, 0.5, "mL/hour")
    # dexmedetomidine is not looked at
    variables = "{exposure_drug: propofol, exposure_rate_unit: mcg/kg/min}"
    assert dbt(*BUILD, "--select", "stg_mimic__admissions", "--vars", variables).success
