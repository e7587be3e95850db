"""`dbt test` finds a fault of each kind that is planted in a small database, and nothing where none is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from dbt.artifacts.schemas.results import NodeStatus
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunnerResult

from tests.integration.conftest import Dbt, dbt_on

PROJECT = Path(__file__).parents[2]

# the test that must find it -> what is planted
STAY = "insert into mimiciv_icu.icustays (subject_id, hadm_id, stay_id, intime, outtime) values "
INPUT = (
    "insert into mimiciv_icu.inputevents (subject_id, stay_id, hadm_id, itemid, orderid, rate, starttime, endtime) "
    "values "
)
FAULTS = {
    # in the source
    "stg_mimic__icustays.stay_id unique": "insert into mimiciv_icu.icustays select * from mimiciv_icu.icustays",
    "stg_mimic__icustays.icu_discharged_at in_order": STAY + "(1, 11, 103, '2150-01-08', '2150-01-07')",
    "stg_mimic__icustays.hadm_id relationships": STAY + "(1, 99, 104, '2150-01-07', '2150-01-08')",
    "stg_mimic__icustays.subject_id relationships": STAY + "(99, 11, 105, '2150-01-07', '2150-01-08')",
    "stg_mimic__chartevents.stay_id relationships": (
        "insert into mimiciv_icu.chartevents (subject_id, hadm_id, stay_id, charttime, itemid) "
        "values (1, 11, 999, '2150-01-01', 1)"
    ),
    "stg_mimic__labevents.subject_id relationships": (
        "insert into mimiciv_hosp.labevents (labevent_id, subject_id, specimen_id, itemid) values (9, 99, 9, 1)"
    ),
    "stg_mimic__diagnoses_icd.hadm_id relationships": (
        "insert into mimiciv_hosp.diagnoses_icd (subject_id, hadm_id, seq_num, icd_code, icd_version) "
        "values (1, 99, 1, 'I10', 10)"
    ),
    "stg_mimic__inputevents.stay_id relationships": INPUT + "(1, 999, 11, 1, 1, 1, '2150-01-02', '2150-01-03')",
    "stg_mimic__inputevents.ended_at mostly_in_order": INPUT + "(1, 101, 11, 1, 1, 1, '2150-01-03', '2150-01-02')",
    "stg_mimic__inputevents.rate mostly_between": INPUT + "(1, 101, 11, 1, 1, -1, '2150-01-02', '2150-01-03')",
    "stg_mimic__outputevents.volume_ml mostly_between": (
        "insert into mimiciv_icu.outputevents (subject_id, hadm_id, stay_id, charttime, storetime, itemid, value) "
        "values (1, 11, 101, '2150-01-02', '2150-01-02', 1, -50)"
    ),
    "stg_mimic__patients.anchor_age accepted_between": "update mimiciv_hosp.patients set anchor_age = 300",
    # in a table
    "sic_score.stay_id unique": "insert into dexsic.sic_score select * from dexsic.sic_score",
    "int_icu_stay.icu_stay_h accepted_between": "update dexsic.int_icu_stay set icu_stay_h = -1",
    "int_icu_stay.hadm_id not_null": "update dexsic.int_icu_stay set hadm_id = null where stay_id = 102",
    "outcomes.ventilation_h accepted_between": "update dexsic.outcomes set ventilation_h = -1 where stay_id = 101",
    "outcomes.stay_id relationships": "update dexsic.outcomes set stay_id = 999 where stay_id = 102",
    "int_first_day_lab columns_between": "update dexsic.int_first_day_lab set platelets_min = -5 where stay_id = 101",
    "int_first_day_lab.inr_max mostly_between": "update dexsic.int_first_day_lab set inr_max = 900 where stay_id = 102",
    "sofa_is_the_sum_of_its_six_organs": "update dexsic.sofa_hourly set renal_24h = 3 where stay_id = 101 and hr = 0",
    "every_hour_of_the_grid_has_a_sofa": "delete from dexsic.sofa_hourly where stay_id = 101 and hr = 1",
    "data_are_within_the_limits_of_error": (
        "update dexsic.data_quality set percent_affected = error_above_percent + 1 where check_name = 'urine_negative'"
    ),
    "cohort_flow_adds_up": "update dexsic.cohort_flow set n_after = n_after + 1 where step = 2",
    "exposure.running_h accepted_between": "update dexsic.dexmedetomidine_exposure set running_h = -1",
}
TESTED = "staging data_quality sic_score int_icu_stay outcomes int_first_day_lab sofa_hourly cohort_flow exposure"


@pytest.fixture(scope="module")
def dbt(two_patients: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dbt]:
    """Runs a dbt command on that database; the project is parsed once."""
    with dbt_on(two_patients, tmp_path_factory.mktemp("dbt"), "dexsic") as run:
        yield run


@pytest.fixture(scope="module")
def built(dbt: Dbt) -> Dbt:
    """dbt on the database with everything built from faultless data."""
    done = dbt("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    assert done.success, done.exception
    return dbt


@pytest.fixture(scope="module")
def found(built: Dbt, two_patients: str) -> set[str]:
    """The tests that fail when every fault is planted, after none has failed without."""
    command = ["test", "--exclude", "test_type:unit", "--select", TESTED]
    assert not failed(built(*command))
    with psycopg.connect(two_patients) as connection:
        for fault in FAULTS.values():
            connection.execute(fault)
    return failed(built(*command))


def outcomes(run: dbtRunnerResult) -> list[Any]:
    """The results of a finished run, one per node."""
    assert isinstance(run.result, RunExecutionResult), run.exception
    return list(run.result.results)


def failed(run: dbtRunnerResult) -> set[str]:
    """Failed tests as `table.column test`, `table test`, or the file's name of a singular test."""
    names = set()
    for result in outcomes(run):
        if result.status not in (NodeStatus.Fail, NodeStatus.Error):
            continue
        generic = getattr(result.node, "test_metadata", None)
        if generic:
            table = result.node.attached_node.rsplit(".", 1)[-1]
            column = f".{result.node.column_name}" if result.node.column_name else ""
            names.add(f"{table}{column} {generic.name}")
        else:
            names.add(result.node.name)
    return names


@pytest.mark.parametrize("test", FAULTS)
def test_a_planted_fault_is_found(test: str, found: set[str]) -> None:
    assert test in found


def test_an_unexpected_unit_of_the_rate_stops_the_exposure(built: Dbt, two_patients: str) -> None:
    with psycopg.connect(two_patients) as connection:
        connection.execute("update mimiciv_icu.inputevents set rateuom = 'mL/hour' where itemid = 225150")
    chain = "int_infusion int_running_infusion int_exposure_row exposure"
    run = built("build", "--exclude-resource-type", "unit_test", "--select", chain)
    assert "int_exposure_row.rate_unit accepted_values" in failed(run)
    assert "exposure" in {result.node.name for result in outcomes(run) if result.status == NodeStatus.Skipped}
