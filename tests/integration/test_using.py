"""The examples of docs/USING.md, as the page prints them, on generated patients; their numbers by another way."""

import csv
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import psycopg
import pytest
from lifelines import CoxPHFitter

from mimic_db import server
from tests.integration.conftest import PROJECT

PAGE = (PROJECT / "docs" / "USING.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"`([\w/.]+\.(?:yml|sql))`[^\n`]*:\n\n```\w+\n(.*?)```", PAGE, flags=re.DOTALL))
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, flags=re.DOTALL | re.MULTILINE))
PACKAGE, QUERY, FRAME, EXPORT = list(SECTIONS)
DEATHS_BY_UNIT = """
select care_unit, count(*), count(*) filter (where died_28d_hospital)
from {}.analysis_cohort join {}.baseline_extended using (stay_id) group by care_unit order by care_unit
"""
Run = Callable[..., str]


def examples(section: str, language: str) -> list[str]:
    """The code of a section that is to be run, without the files that it writes."""
    found = re.findall(rf"^```{language}\n(.*?)^```", SECTIONS[section], flags=re.DOTALL | re.MULTILINE)
    return [text for text in found if text not in FILES.values()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of the page, and the study beside it."""
    folder = tmp_path_factory.mktemp("using")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "dexsic").symlink_to(PROJECT)
    shutil.copy(PROJECT / "profiles.example.yml", folder / "profiles.yml")
    return folder


@pytest.fixture(scope="module")
def run(folder: Path, built_generated: str) -> Run:
    """Runs an example on the generated patients; gives what it prints."""

    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}:{Path(server.psql_program()).parent}"

    def run(language: str, text: str, place: str = ".", schema: str = "dexsic", fails: bool = False) -> str:
        programs = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-W", "error", "-c"]}
        done = subprocess.run(
            [*programs.get(language, ["Rscript", "-e"]), text],
            cwd=folder / place,
            env=os.environ
            | server.dbt_environment(built_generated)
            | {"PATH": path, "PYTHONPATH": str(PROJECT)}
            | {"DEXSIC_SCHEMA": schema, "DBT_PROFILES_DIR": str(folder)}
            # the study's own tests have their time elsewhere
            | {"DBT_EXCLUDE_RESOURCE_TYPES": "test unit_test", "DBT_QUIET": "true"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="module")
def by_treatment(built_generated: str) -> dict[bool, tuple[int, float]]:
    """Stays and share of deaths of each group, counted here."""
    with psycopg.connect(built_generated) as connection:
        rows = connection.execute("select treated, died_28d_hospital from dexsic.analysis_cohort").fetchall()
    died = {group: [dead for treated, dead in rows if treated == group] for group in (False, True)}
    assert all(died.values())
    return {group: (len(dead), sum(dead) / len(dead)) for group, dead in died.items()}


def read(text: str) -> dict[bool, tuple[int, float]]:
    """A printed table of three columns."""
    _, *lines = csv.reader(io.StringIO(text.strip()))
    return {group.lower() in ("t", "true"): (int(stays), float(share)) for group, stays, share in lines}


def approximately(found: dict[bool, tuple[int, float]]) -> dict[bool, object]:
    return {group: pytest.approx(numbers) for group, numbers in found.items()}


def test_no_example_of_the_page_is_left_out() -> None:
    assert len(FILES) == 4
    found = {section: [len(examples(section, of)) for of in ("sh", "python", "r")] for section in SECTIONS}
    assert found == {PACKAGE: [1, 0, 0], QUERY: [1, 2, 1], FRAME: [0, 2, 0], EXPORT: [1, 0, 0]}
    every = re.findall(r"^```\w", PAGE, flags=re.MULTILINE)
    assert len(every) == len(FILES) + sum(sum(counts) for counts in found.values())


# --- as a dbt package ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def package(run: Run) -> str:
    """The schema in which the example of the package is built; the study's own is that with _study."""
    (example,) = examples(PACKAGE, "sh")
    assert run("sh", example, "mine", schema="mine").strip() == "output/report.html"
    return "mine"


def rows_of(dsn: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(query.encode()).fetchall()


@pytest.mark.needs_half_an_hour
def test_a_model_of_another_project_reads_the_marts(package: str, built_generated: str) -> None:
    ours = DEATHS_BY_UNIT.format("mine_study", "mine_study")
    assert rows_of(built_generated, "select * from mine.deaths_by_unit order by care_unit") == rows_of(
        built_generated, ours
    )


@pytest.mark.needs_half_an_hour
def test_the_record_of_a_package_is_of_the_study_alone(package: str, built_generated: str) -> None:
    alone = rows_of(built_generated, "select models_in_project, data_tests_in_project, status from dexsic.build_run")
    record = "select models_in_project, data_tests_in_project, status from mine_study.build_run"
    assert rows_of(built_generated, record) == alone
    changed = "select name, value, default_value from mine_study.build_definition where value <> default_value"
    assert rows_of(built_generated, changed) == [("exposure_min_duration_h", "6", "4")]
    names = "select array_agg(name order by name) from {}.build_definition"
    assert rows_of(built_generated, names.format("mine_study")) == rows_of(built_generated, names.format("dexsic"))
    treated = rows_of(
        built_generated,
        "select min(exposure_duration_h) >= 6, count(*) > 0 from mine_study.analysis_cohort where treated",
    )
    assert treated == [(True, True)]


@pytest.mark.needs_half_an_hour
def test_the_statistics_of_a_package_know_its_vars(package: str, folder: Path) -> None:
    rows = pd.read_csv(folder / "mine" / "output" / "results.csv")
    treated = rows[rows["analysis"].eq("flow") & rows["measure"].eq("n_after")]
    assert len(treated) and "6 h" in " ".join(treated["term"].astype(str))


@pytest.mark.needs_half_an_hour
def test_a_model_of_theirs_alone_leaves_the_record_as_it_was(package: str, built_generated: str, run: Run) -> None:
    record = "select * from mine_study.build_run"
    before = rows_of(built_generated, record)
    run("sh", "dbt build --select deaths_by_unit", "mine", schema="mine")
    assert rows_of(built_generated, record) == before


@pytest.mark.needs_half_an_hour
def test_a_model_of_theirs_that_fails_is_not_a_failed_study(
    package: str, built_generated: str, run: Run, folder: Path
) -> None:
    broken = folder / "mine" / "models" / "broken.sql"
    config = "{{ config(materialized='table') }} "
    broken.write_text(config + "select 1 / (step - 1) as x from {{ ref('dexsic', 'cohort_flow') }}")
    try:
        said = run("sh", "dbt run --select cohort_flow broken", "mine", schema="mine", fails=True)
        assert "division by zero" in said
    finally:
        broken.unlink()
    assert rows_of(built_generated, "select status, command, models_built from mine_study.build_run") == [
        ("complete", "run", 1)
    ]


@pytest.mark.needs_half_an_hour
def test_a_var_that_the_study_does_not_have_is_refused(package: str, run: Run, folder: Path) -> None:
    project = folder / "mine" / "dbt_project.yml"
    text = project.read_text()
    project.write_text(text.replace("exposure_min_duration_h", "exposure_minimum_h"))
    try:
        said = run("sh", "dbt build --select deaths_by_unit", "mine", schema="mine", fails=True)
    finally:
        project.write_text(text)
    assert "no var is named exposure_minimum_h" in said


# --- a query over the marts ------------------------------------------------------------------------------------------


def test_psql(run: Run, by_treatment: dict[bool, tuple[int, float]]) -> None:
    (example,) = examples(QUERY, "sh")
    assert read(run("sh", example)) == approximately(by_treatment)


@pytest.mark.needs_duckdb
def test_duckdb(run: Run, folder: Path, built_generated: str, by_treatment: dict[bool, tuple[int, float]]) -> None:
    duckdb = pytest.importorskip("duckdb")
    rows = rows_of(built_generated, "select treated, died_28d_hospital from dexsic.analysis_cohort")
    with duckdb.connect(folder / "mimiciv.duckdb") as file:
        file.execute("create schema dexsic; create table dexsic.analysis_cohort (treated bool, died_28d_hospital bool)")
        file.executemany("insert into dexsic.analysis_cohort values (?, ?)", rows)
    assert read(run("python", examples(QUERY, "python")[0])) == approximately(by_treatment)


def test_pandas(run: Run, by_treatment: dict[bool, tuple[int, float]]) -> None:
    printed = run("python", examples(QUERY, "python")[1])
    table, last = printed.strip().rsplit("\n", 1)
    assert read(table) == approximately(by_treatment)
    assert re.fullmatch(r"4 [0-9a-f]{12}", last)


# --- the statistics on a data frame of one's own ---------------------------------------------------------------------


def test_matching_and_a_cox_model(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    printed = run("python", examples(FRAME, "python")[0])
    names: dict[str, pd.DataFrame] = {}
    exec(examples(FRAME, "python")[0], names)  # noqa: S102
    assert capsys.readouterr().out == printed
    pairs, matched = names["pairs"], names["matched"]
    assert len(pairs) > 100 and not pairs.stack().duplicated().any()
    by_group = matched.groupby("given")["age"]
    smd = abs(by_group.mean().diff().iloc[1]) / np.sqrt(by_group.var().mean())
    other = CoxPHFitter().fit(
        matched[["days", "died", "age", "given", "pair"]].astype(float), "days", "died", cluster_col="pair"
    )
    low, high = np.exp(other.confidence_intervals_.loc["given"])
    told = re.findall(r"[\d.]+", printed)
    assert [float(number) for number in told] == pytest.approx(
        [len(pairs), smd, other.hazard_ratios_["given"], low, high, matched["died"].sum()], abs=1e-4
    )


def test_a_trial_by_clone_censor_weight(run: Run) -> None:
    printed = run("python", examples(FRAME, "python")[1])
    risk1, risk0, difference, lower, upper, hazard_ratio = map(float, re.findall(r"-?\d+\.\d+", printed))
    assert difference == pytest.approx(risk1 - risk0, abs=2e-4)
    # the drug does nothing, and the sicker get it rarer: a comparison of starters with others would not hold 0
    assert lower < 0 < upper and lower < difference < upper
    names: dict[str, object] = {}
    without = examples(FRAME, "python")[1].replace("bootstrap(design", "None and (design").split("lower, upper")[0]
    exec(without, names)  # noqa: S102
    patients = pd.DataFrame(names["patients"])
    crude = patients.groupby(patients["start_h"].notna())["died"].mean()
    assert crude[True] - crude[False] < lower
    assert 0.8 < hazard_ratio < 1.25


# --- the cohort as files ---------------------------------------------------------------------------------------------


@pytest.mark.needs_r
def test_an_export_and_its_analysis_in_r(run: Run, by_treatment: dict[bool, tuple[int, float]]) -> None:
    (example,) = examples(EXPORT, "sh")
    printed = run("sh", example)
    assert float(re.findall(r"the largest relative difference is (\S+)", printed)[0]) < 1e-6
    (in_r,) = examples(QUERY, "r")
    assert read(run("r", in_r)) == approximately(by_treatment)
