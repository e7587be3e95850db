"""All of it compiles for BigQuery and parses as its dialect; that check can fail."""

import shutil
from pathlib import Path

import pytest

from tests import bigquery
from tests.integration.conftest import PROJECT

pytestmark = [pytest.mark.needs_bigquery, pytest.mark.needs_half_an_hour]


@pytest.fixture(scope="module", params=bigquery.READINGS, ids=("defaults", "other readings"))
def compiled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return bigquery.compile_all(tmp_path_factory.mktemp("bigquery"), request.param)


def test_every_model_and_test_is_bigquerys_sql(compiled: list[Path]) -> None:
    models = {path.stem for path in (PROJECT / "models").rglob("*.sql")}
    assert models <= {path.stem for path in compiled}
    found = {path.stem: faults for path in compiled if (faults := bigquery.faults(path.read_text()))}
    assert found == {}


def test_every_name_is_there_and_every_type_fits(compiled: list[Path]) -> None:
    target = next(parent for parent in compiled[0].parents if parent.name == "target")
    assert bigquery.faults_of_types(target) == []


def test_a_name_or_a_type_that_does_not_fit_is_found() -> None:
    columns = {"`a`.`b`.`stays`": {"stay_id": "int64", "at": "datetime", "unit": "string", "on_day": "date"}}

    def faults(condition: str) -> list[str]:
        return bigquery.typed(f"select stays.stay_id from `a`.`b`.`stays` as stays where {condition}", columns)[1]

    assert faults("stay_id > 1.5 and at >= on_day and coalesce(unit, '') = 'mg'") == []
    assert "could not be resolved" in faults("hadm_id = 1")[0]
    for condition in (
        "unit > 1",
        "at > stay_id",
        "coalesce(unit, 0) = 'a'",
        "case when true then unit else at end = 'a'",
    ):
        assert " and " in faults(condition)[0], condition


def test_mimic_is_read_where_physionet_hosts_it(compiled: list[Path]) -> None:
    (staging,) = (path.read_text() for path in compiled if path.stem == "stg_mimic__chartevents")
    assert "from `physionet-data`.`mimiciv_icu`.`chartevents`" in staging


@pytest.mark.parametrize(
    ("planted", "fault"),
    [
        ("cast(stay_id as double precision)", "double precision"),
        ("cast(stay_id as text)", "the type text"),
        ("cast(icu_admitted_at as timestamp)", "the type timestamp"),
        ("stay_id::bigint", "::"),
        ("icu_admitted_at + interval '1 hour'", "interval '"),
        ("date_part('epoch', icu_admitted_at)", "the function date_part"),
        ("sum(stay_id) filter (where true)", "filter ("),
        ("stay_id % 2", "%"),
        ('"stay_id"', '"'),
        ("'it''s'", "Adjacent string literals"),
        ("'C:\\\\'", "the text"),
        ("1 from b union select 2", "Expected DISTINCT or ALL"),
        ("d from b as c (d) cross join e union all select d", "names of columns with the alias c"),
        ("least(stay_id, 1)", "least without least_of"),
        ("stay_id as groups", "the reserved word groups"),
        ("(stay_id", "Expecting )"),
    ],
)
def test_what_bigquery_does_not_know_is_found(planted: str, fault: str) -> None:
    found = bigquery.faults(f"select {planted} from stays")
    assert any(each.startswith(fault) for each in found), found


def test_an_outer_join_needs_an_equality_of_both_sides() -> None:
    join = "select a.x from a left join b on "
    assert bigquery.faults(join + "a.x = b.x and a.y > b.y") == []
    for condition in ("a.x like b.x || '%'", "a.x > b.x", "b.x = 1", "a.x = 1 and a.y < b.y", "a.x = b.x or a.y = b.y"):
        assert bigquery.faults(join + condition) == ["a left join to b without an equality"], condition


def test_an_expression_of_postgresql_in_a_model_is_found(tmp_path: Path) -> None:
    project = tmp_path / "project"
    for part in ("models", "macros", "seeds", "tests/generic", "tests/data"):
        shutil.copytree(PROJECT / part, project / part)
    for name in ("dbt_project.yml", "profiles.example.yml"):
        shutil.copy(PROJECT / name, project)
    model = project / "models" / "marts" / "sofa_hourly.sql"
    model.write_text(
        model.read_text().replace("select * from final", "select * from final where date_part('day', hr) > 1")
    )
    compiled = bigquery.compile_all(tmp_path, project=project, select="sofa_hourly")
    found = {path.stem: bigquery.faults(path.read_text()) for path in compiled}
    assert {name: faults for name, faults in found.items() if faults} == {"sofa_hourly": ["the function date_part"]}
