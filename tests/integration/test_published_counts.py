"""Published counts on a database made to hold them: agree, differ and does not apply, from the mart to the page."""

import csv
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from mimic_db import server
from tests.integration.conftest import BUILD, PROJECT, RunDbt

SCHEMA = "counted"
MART = f"{SCHEMA}.published_count_comparison"

Ask = Callable[[str], list[tuple[object, ...]]]

pytestmark = pytest.mark.needs_half_an_hour


@pytest.fixture(scope="module")
def ask(built_generated: str, run_dbt: RunDbt) -> Ask:
    """Asks generated data that are built in a schema of their own."""
    run_dbt(built_generated, *BUILD, schema=SCHEMA)

    def asked(query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(built_generated) as connection:
            found = connection.execute(query.encode())
            return found.fetchall() if found.description else []

    return asked


@pytest.fixture(scope="module")
def report(built_generated: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], tuple[str, Path]]:
    """Call it for what the statistics say, and the folder of their results."""

    def run() -> tuple[str, Path]:
        folder = tmp_path_factory.mktemp("report")
        shutil.copy(PROJECT / "profiles.example.yml", folder / "profiles.yml")
        options = ["--profiles-dir", str(folder), "--output", str(folder / "output"), "--imputations", "1"]
        done = subprocess.run(
            [sys.executable, "-m", "analysis_py.run", *options],
            cwd=PROJECT,
            env=os.environ | server.dbt_environment(built_generated) | {"DEXSIC_SCHEMA": SCHEMA},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout, folder / "output"

    return run


def test_a_database_that_is_no_release_is_told_so_in_one_line(ask: Ask, report: Callable[[], tuple[str, Path]]) -> None:
    assert ask(f"select count(*), sum(applies::int) from {MART}") == [(65, 0)]
    sentence = "Published counts do not apply: this database is no release of which there are any (2.0, 2.1, 2.2, 3.1)."
    told, folder = report()
    assert told.count(sentence) == 1
    page = (folder / "report.html").read_text()
    assert page.count(sentence) == 1
    assert "<b>This database beside published counts.</b>" not in page
    assert (folder / "tables" / "published_counts.csv").read_text().count("\n") == 1


def test_every_quantity_is_what_the_tables_hold(ask: Ask) -> None:
    """A second way: one query for each, over the tables as anybody would ask them."""
    ours = {
        (quantity, concept): value
        for quantity, concept, value in ask(f"select distinct quantity, concept, ours from {MART}")
    }
    asked = {
        "patients": "count(*) from mimiciv_hosp.patients",
        "admissions": "count(*) from mimiciv_hosp.admissions",
        "icu_stays": "count(*) from mimiciv_icu.icustays",
        "icu_patients": "count(distinct subject_id) from mimiciv_icu.icustays",
        "icu_admissions": "count(distinct hadm_id) from mimiciv_icu.icustays",
        "heart_rate_stays": "count(distinct stay_id) from counted.sofa_hourly",
        "sepsis3_stays": "count(*) from counted.sepsis3 where is_sepsis3",
        "sofa_hours": "count(*) from counted.sofa_hourly",
        "first_day_sofa_mean": "avg(sofa_total) from counted.sic_score",
        "first_day_sofa_median": "percentile_disc(0.5) within group (order by sofa_total) from counted.sic_score",
        "first_day_sofa_p75": "percentile_disc(0.75) within group (order by sofa_total) from counted.sic_score",
        "first_day_sofa_p95": "percentile_disc(0.95) within group (order by sofa_total) from counted.sic_score",
        "first_day_sofa_max": "max(sofa_total) from counted.sic_score",
        "first_day_sofa_zero_stays": "count(*) from counted.sic_score where sofa_total = 0",
        "hospital_death_percent": "100 * avg(died_hospital::int) from counted.outcomes",
        "icu_days_mean": "avg(icu_days) from counted.outcomes",
        "gcs_stays": "count(distinct stay_id) from counted.int_gcs",
    }
    for quantity, query in asked.items():
        assert ours[quantity, ""] == pytest.approx(float(str(ask(f"select {query}")[0][0])), rel=1e-9), quantity
    for drug, items in (("norepinephrine", "221906"), ("dexmedetomidine", "225150, 229420"), ("dopamine", "221662")):
        if (found := ours.get(("infusion_rows", drug))) is not None:
            rows = ask(f"select count(*) from mimiciv_icu.inputevents where itemid in ({items})")
            assert found == rows[0][0], drug
    in_mg = ask("select avg((amountuom = 'mg')::int) from mimiciv_icu.inputevents where itemid in (225150, 229420)")
    assert ours["infusion_unit_percent", "dexmedetomidine mg"] == pytest.approx(100 * float(str(in_mg[0][0])))
    assert 0 < float(str(in_mg[0][0])) < 1


def test_a_release_whose_counts_it_has_agrees_where_it_should_and_differs_where_it_must(
    ask: Ask, report: Callable[[], tuple[str, Path]], built_generated: str, run_dbt: RunDbt
) -> None:
    # release 2.2 as these data would have it, one of the telling counts cut short
    seed, released = f"{SCHEMA}.published_count", "release = '2.2'"
    ask(
        f"update {seed} as seed set published = mart.ours from {MART} as mart where seed.{released} and mart.{released}"
        " and mart.quantity = seed.quantity and mart.concept = coalesce(seed.concept, '')"
    )
    for quantity, value in (
        ("icu_stays", "published + 1"),
        ("ventilation_episodes", "published * 1.01"),
        ("sofa_hours", "published * 1.01"),
    ):
        ask(f"update {seed} set published = {value} where {released} and quantity = '{quantity}'")
    run_dbt(built_generated, "run", "--select", "published_count_comparison", schema=SCHEMA)
    assert ask(f"select distinct release from {MART} where applies") == [("2.2",)]
    differing = ask(f"select quantity from {MART} where applies and not agrees order by 1")
    assert differing == [("icu_stays",), ("sofa_hours",)]

    told, folder = report()
    (here,) = ask(f"select count(*) from {MART} where applies")[0]
    sentence = (
        f"{int(str(here)) - 2} of {here} published counts of MIMIC-IV 2.2 agree; 2 do not: ICU stays; hours with a SOFA"
        " score."
    )
    assert told.count(sentence) == 1
    page = (folder / "report.html").read_text()
    assert sentence in page and "<b>This database beside published counts.</b>" in page
    with (folder / "tables" / "published_counts.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["What"] for line in lines[:2]] == ["ICU stays", "hours with a SOFA score"]
    assert {line["Ours"][-1] for line in lines[:2]} == {"✗"}
    assert {line["Ours"][-1] for line in lines[2:]} == {"✓"}
    assert lines[1]["Off by"] == "-0.99 %" and lines[1]["Rule"] == "within 0.5 %"
    assert re.search("charting further than stay_margin_h", lines[1]["Definition"])
