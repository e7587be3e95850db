"""Release 3.1's own form: the demo in it is loaded, checked and built, and its marts are those of the demo."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from mimic_db.__main__ import main as mimic_db
from tests.integration.conftest import BUILD, RunDbt
from tests.marts import differing
from tests.release_3_1 import YEARS, write_as_3_1

pytestmark = [pytest.mark.needs_shared, pytest.mark.needs_half_an_hour]


@pytest.fixture(scope="module")
def built_3_1(
    demo_folder: Path, make_database: Callable[[], str], run_dbt: RunDbt, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """DSN of the demo in 3.1's form with our tables."""
    folder, dsn = tmp_path_factory.mktemp("as_3_1"), make_database()
    write_as_3_1(demo_folder, folder)
    assert mimic_db(["load", "--csv", str(folder), "--dsn", dsn]) == 0
    run_dbt(dsn, *BUILD)
    return dsn


def apart_from_years(found: dict[str, list[str]]) -> dict[str, list[str]]:
    """What differs but for the years of release 3, which the trial's patients tell of themselves."""
    kept = {
        mart: [one for one in wrong if not (one.startswith("year_group of") and one.endswith(f"and {YEARS}"))]
        for mart, wrong in found.items()
    }
    assert len(found.get("trial_baseline", [])) > len(kept.get("trial_baseline", []))
    return {mart: wrong for mart, wrong in kept.items() if wrong}


def test_its_marts_are_those_of_the_demo(built_demo: str, built_3_1: str) -> None:
    assert apart_from_years(differing(built_demo, built_3_1)) == {}


def test_it_is_told_from_2_2(built_3_1: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert mimic_db(["check", "--dsn", built_3_1]) == 0
    assert f"release: MIMIC-IV 3.x, by its latest years {YEARS}; 100 patients" in capsys.readouterr().out
    with psycopg.connect(built_3_1) as connection:
        assert connection.execute("select latest_years from dexsic.build_run").fetchone() == (YEARS,)


def test_the_form_is_another(built_3_1: str) -> None:
    """What is planted did arrive: else nothing would be tried."""
    with psycopg.connect(built_3_1) as connection:

        def ask(query: str) -> tuple[object, ...] | None:
            return connection.execute(query.encode()).fetchone()

        assert ask("select max(length(language)), count(admit_provider_id) from mimiciv_hosp.admissions") == (25, 275)
        assert ask("select max(length(last_careunit)) from mimiciv_icu.icustays") == (255,)
        assert ask("select max(length(comments)) from mimiciv_hosp.labevents") == (20_000,)
        assert ask("select count(*) from mimiciv_icu.chartevents where caregiver_id is null") == (0,)


def test_a_cell_or_a_row_that_differs_is_found(built_demo: str, built_3_1: str) -> None:
    """Last, for it changes the marts."""
    first = "where stay_id = (select min(stay_id) from dexsic.outcomes)"
    with psycopg.connect(built_3_1) as connection:
        for change in (
            "update dexsic.outcomes set icu_days = icu_days * 1.00000001",
            "delete from dexsic.sepsis3",
        ):
            connection.execute(f"{change} {first}".encode())
    found = apart_from_years(differing(built_demo, built_3_1))
    assert {mart: len(wrong) for mart, wrong in found.items()} == {"outcomes": 1, "sepsis3": 1}
