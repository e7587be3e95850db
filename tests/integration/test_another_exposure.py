"""The worked example of docs/CHANGING.md: propofol within 24 h for at least 6 h, by vars alone."""

import re

import psycopg
import pytest
import yaml

from analysis_py.marts.profile import Target
from analysis_py.marts.read import Marts
from analysis_py.study.analyses.exposure import exposures_of
from analysis_py.study.read_marts import read_marts
from analysis_py.study.study import Study, run_study
from analysis_py.study.variables import EXPOSURE_DURATION, EXPOSURE_TERMS, SUBGROUPS
from tests.integration.conftest import BUILD, PROJECT, RunDbt

pytestmark = pytest.mark.needs_an_hour

SCHEMA = "propofol"
# as the page prints it
VARIABLES, *_ = re.findall(r"make study VARS='(.*)'", (PROJECT / "docs" / "CHANGING.md").read_text())

# not as the models do it: the server's own union of ranges, cut a day before and after the stay, and the item's number
PROPOFOL = """
with spans as (
    select
        stay_id,
        unnest(range_agg(
            tsrange(starttime, endtime) * tsrange(intime - interval '1 day', outtime + interval '1 day')
        )) as span
    from mimiciv_icu.inputevents
    inner join mimiciv_icu.icustays using (stay_id)
    where itemid = 222168 and rate > 0 and endtime > starttime
    group by stay_id
)

select
    stay_id,
    extract(epoch from min(lower(span)) - min(icu.intime)) / 3600 as start_h,
    extract(epoch from sum(upper(span) - lower(span))) / 3600 as running_h
from spans
inner join mimiciv_icu.icustays as icu using (stay_id)
group by stay_id
"""


@pytest.fixture(scope="module")
def database(built_generated: str, run_dbt: RunDbt) -> str:
    """DSN of generated data with the marts about propofol in a schema of their own."""
    run_dbt(built_generated, *BUILD, schema=SCHEMA, variables=VARIABLES)
    run_dbt(built_generated, "test", "--select", "test_type:data", schema=SCHEMA, variables=VARIABLES)
    return built_generated


@pytest.fixture(scope="module")
def marts(database: str) -> Marts:
    connection = psycopg.conninfo.conninfo_to_dict(database)
    return read_marts(Target(SCHEMA, None, connection))


@pytest.fixture(scope="module")
def study(marts: Marts) -> Study:
    return run_study(marts.cohort, marts.flow, 1, 1, lambda _: None, marts.stays, marts.build)


def test_the_exposed_are_those_of_inputevents(database: str) -> None:
    with psycopg.connect(database) as connection:
        expected = {stay: (float(start), float(hours)) for stay, start, hours in connection.execute(PROPOFOL)}
        columns = "stay_id, start_offset_h, duration_h, is_exposed"
        found = connection.execute(f"select {columns} from {SCHEMA}.dexmedetomidine_exposure".encode()).fetchall()
        treated = connection.execute(f"select stay_id from {SCHEMA}.analysis_cohort where treated".encode()).fetchall()
    exposed = {stay for stay, (start, hours) in expected.items() if start <= 24 and hours >= 6}
    assert 20 < len(exposed) < len(expected)
    assert {stay: (start, hours) for stay, start, hours, _ in found} == {
        stay: pytest.approx(values) for stay, values in expected.items()
    }
    assert {stay for stay, *_, is_exposed in found if is_exposed} == exposed
    assert treated and {stay for (stay,) in treated} <= exposed


def test_the_record_names_the_drug_and_marks_what_was_changed(marts: Marts) -> None:
    assert marts.build.drug == "propofol"
    assert marts.build.rate_unit == "µg/kg/min"
    assert marts.build.changed == {name: str(value) for name, value in yaml.safe_load(VARIABLES).items()}
    assert {test.status for test in marts.build.tests} <= {"pass", "warn"}
    rules = marts.flow["rule"].tolist()
    assert rules[-2:] == [
        "propofol for 6 h or more, or none",
        "propofol started within 24 h of ICU admission, or none",
    ]


def test_propofol_is_not_adjusted_for_itself(study: Study) -> None:
    assert study.completed.unusable == ("propofol_24h",)
    adjusted = {"balance", "screening", "subgroup", "outcome_models"}
    assert not [row for row in study.rows if row.analysis in adjusted and row.term == "propofol_24h"]
    assert "propofol_24h" in {row.term for row in study.rows if row.analysis == "table_one"}
    assert any("tells the exposure, propofol" in remark for remark in study.remarks)
    effects = [row for row in study.rows if row.analysis in ("outcome_models", "robustness")]
    assert effects and all(row.estimate is not None or row.note for row in effects)
    # not only unadjusted: the rest of the covariates does
    full = {row.model: row.estimate for row in effects if row.cohort == "full" and row.outcome == "died_28d_hospital"}
    assert full["model 3"] is not None


def test_classes_are_those_of_the_definitions(marts: Marts, study: Study) -> None:
    duration, dose = exposures_of(marts.build)
    assert duration.labels == ("6–24", "24–48", ">48")
    assert (dose.cuts, dose.unit) == (None, "µg/kg/min")
    assert {row.term for row in study.rows if row.analysis == "exposure_duration"} <= {
        EXPOSURE_TERMS[EXPOSURE_DURATION],
        "",
    }
    # the paper's classes of dexmedetomidine's dose say nothing about propofol's
    assert "exposure_dose" not in {row.analysis for row in study.rows if row.note == "" and row.estimate is not None}
    assert "propofol_24h" not in {subgroup.name for subgroup in SUBGROUPS}
