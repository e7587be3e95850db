"""The walks of docs/CHANGING.md, as the page prints them, in a copy of the project that is then built and analysed."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import psycopg
import pytest

from mimic_db import server
from tests.integration.conftest import BUILD, GENERATED, PROJECT
from twin.__main__ import main as twin

PAGE = (PROJECT / "docs" / "CHANGING.md").read_text(encoding="utf-8")
WALKS = dict(re.findall(r"### (.*)\n((?:(?!\n##).|\n(?!##))*)", PAGE))
LACTATE, ICU_FREE, CIRRHOSIS, REMIFENTANIL, CONTROL = list(WALKS)[:5]
(REMIFENTANIL_VARS,) = re.findall(r"VARS='(.*)'", WALKS[REMIFENTANIL])

# whose tests must still pass
CHANGED = ("lab_item", "icd_category", "infusion_item", "int_first_day_lab", "int_comorbidity", "baseline", "outcomes")
CHANGED += ("cohort_eligibility", "cohort_flow", "analysis_cohort")
# what the twin does not chart: lactate, a cirrhosis, remifentanil in the place of midazolam, a cream, varicose veins
UNCHARTED = """
insert into mimiciv_hosp.labevents
select * from jsonb_populate_recordset(null::mimiciv_hosp.labevents, (
    select jsonb_agg(to_jsonb(labs) || jsonb_build_object(
        'itemid', 50813, 'labevent_id', labevent_id + 100000000, 'valuenum', valuenum / 2 + 1, 'valueuom', 'mmol/L'))
    from mimiciv_hosp.labevents as labs
    where itemid = 50912
));
insert into mimiciv_hosp.diagnoses_icd (subject_id, hadm_id, seq_num, icd_code, icd_version)
select subject_id, hadm_id, 39, 'K7460', 10 from mimiciv_hosp.admissions where hadm_id % 5 = 0;
update mimiciv_icu.inputevents
set itemid = 299999, rate = 0.1, rateuom = 'mcg/kg/min'
where itemid = 221668 and rate > 0;
insert into mimiciv_hosp.prescriptions (subject_id, hadm_id, pharmacy_id, drug_type, drug, route, starttime, stoptime)
select subject_id, hadm_id, 0, 'MAIN', 'Hydrocortisone Cream 1%', 'TP', intime + interval '1 h', intime + interval '9 h'
from mimiciv_icu.icustays where hadm_id % 5 = 0;
insert into mimiciv_hosp.diagnoses_icd (subject_id, hadm_id, seq_num, icd_code, icd_version)
select subject_id, hadm_id, 40, 'I8390', 10 from mimiciv_hosp.admissions where hadm_id % 5 = 0;
"""


def edits_of(walk: str) -> list[tuple[str, str, str]]:
    """(file, lines that are there, lines that come in their place) of every block of a walk."""
    found = []
    for block in re.findall(r"```diff\n(.*?)```", walk, flags=re.DOTALL):
        for part in block.split("+++ ")[1:]:
            file, _, hunks = part.partition("\n")
            for hunk in hunks.split("@@\n"):
                lines = hunk.splitlines(keepends=True)
                before = "".join(line[1:] for line in lines if not line.startswith("+"))
                after = "".join(line[1:] for line in lines if not line.startswith("-"))
                found.append((file, before, after))
    return found


def apply(walk: str, project: Path) -> None:
    """Make the edits; each must find its place, and one only."""
    for file, before, after in edits_of(walk):
        text = (project / file).read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{file} has {text.count(before)} places like this:\n{before}"
        (project / file).write_text(text.replace(before, after), encoding="utf-8")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with every walk in it."""
    copy = tmp_path_factory.mktemp("changed") / "project"
    left_out = shutil.ignore_patterns(".*", "target", "logs", "output", "__pycache__")
    shutil.copytree(PROJECT, copy, ignore=left_out)
    shutil.copy(copy / "profiles.example.yml", copy / "profiles.yml")
    for walk in (LACTATE, ICU_FREE, CIRRHOSIS, REMIFENTANIL, CONTROL):
        apply(WALKS[walk], copy)
    return copy


@pytest.fixture(scope="module")
def database(make_database: Callable[[], str]) -> str:
    dsn = make_database()
    assert twin(["generate", *GENERATED, "--dsn", dsn]) == 0
    with psycopg.connect(dsn) as connection:
        connection.execute(UNCHARTED.encode())
    return dsn


@pytest.fixture(scope="module")
def run(project: Path, database: str) -> Callable[..., None]:
    """Runs a command in the changed project, on the generated data."""

    def command(schema: str, *arguments: str | Path) -> None:
        done = subprocess.run(
            [Path(arguments[0]), *arguments[1:]],
            cwd=project,
            env=os.environ | server.dbt_environment(database) | {"DEXSIC_SCHEMA": schema, "PYTHONPATH": str(project)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    return command


@pytest.fixture(scope="module")
def results(run: Callable[..., None], project: Path) -> pd.DataFrame:
    """results.csv of the study with the covariate, the outcome and the rule."""
    dbt = Path(sys.executable).with_name("dbt")
    run("changed", dbt, *BUILD, "--profiles-dir", ".", "--quiet")
    run("changed", dbt, "test", "--profiles-dir", ".", "--quiet", "--select", *CHANGED)
    run("changed", sys.executable, "-m", "analysis_py.run", "--profiles-dir", ".", "--suppress-below", "1")
    return pd.read_csv(project / "output" / "results.csv")


@pytest.mark.parametrize("walk", [LACTATE, ICU_FREE, CIRRHOSIS, REMIFENTANIL, CONTROL])
def test_a_walk_has_three_places_at_most(walk: str) -> None:
    places = re.findall(r"^\d\. ", WALKS[walk], flags=re.MULTILINE)
    assert 1 <= len(places) <= 3
    assert len(places) == len(re.findall("```diff", WALKS[walk]))


@pytest.mark.needs_an_hour
def test_lactate_is_adjusted_for(results: pd.DataFrame, database: str) -> None:
    with psycopg.connect(database) as connection:
        expected = connection.execute(
            """
            select percentile_cont(0.5) within group (order by highest)
            from (
                select max(labs.valuenum) as highest
                from changed.analysis_cohort as cohort
                inner join mimiciv_icu.icustays as icu using (stay_id)
                inner join mimiciv_hosp.labevents as labs
                    on
                        icu.subject_id = labs.subject_id
                        and labs.itemid = 50813
                        and labs.charttime between icu.intime - interval '6 h' and icu.intime + interval '1 day'
                where cohort.treated
                group by stay_id
            ) as of_stay
            """
        ).fetchone()
    table = results[results["analysis"].eq("table_one") & results["term"].eq("lactate_mmol_l")]
    median = table[table["cohort"].eq("full treated") & table["measure"].eq("median")]
    assert expected is not None
    assert median["estimate"].tolist() == pytest.approx([expected[0]])
    assert "lactate_mmol_l" in set(results.loc[results["analysis"].eq("balance"), "term"])


@pytest.mark.needs_an_hour
def test_icu_free_days_are_compared(results: pd.DataFrame, database: str) -> None:
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "select icu_free_days, icu_days, died_28d_hospital, treated from changed.analysis_cohort"
        ).fetchall()
    days = pd.DataFrame(rows, columns=["icu_free_days", "icu_days", "died_28d_hospital", "treated"])
    by_hand = (28 - days["icu_days"]).clip(lower=0).where(~days["died_28d_hospital"], 0)
    assert days["icu_free_days"].tolist() == pytest.approx(by_hand.tolist())
    table = results[results["analysis"].eq("outcomes") & results["term"].eq("icu_free_days")]
    median = table[table["cohort"].eq("full treated") & table["measure"].eq("median")]
    assert median["estimate"].tolist() == pytest.approx([by_hand[days["treated"]].median()])


@pytest.mark.needs_an_hour
def test_nobody_with_cirrhosis_is_in_the_cohort(results: pd.DataFrame, database: str) -> None:
    assert len(results)
    with psycopg.connect(database) as connection:
        cohort = connection.execute("select hadm_id % 5 from changed.analysis_cohort").fetchall()
        flow = connection.execute("select n_excluded from changed.cohort_flow where rule = 'no cirrhosis'").fetchall()
        # the other readings of the study keep to the rule, too
        others = connection.execute(
            "select count(*) from changed.cohort_eligibility where is_cirrhotic and is_eligible_otherwise"
        ).fetchall()
    assert cohort and all(remainder != 0 for (remainder,) in cohort)
    assert flow[0][0] > 0
    assert others == [(0,)]


@pytest.mark.needs_an_hour
def test_the_new_controls_are_in_the_marts(results: pd.DataFrame, database: str) -> None:
    assert len(results)
    with psycopg.connect(database) as connection:
        exposed = connection.execute(
            """
            select bool_and(hadm_id % 5 = 0 and is_exposed), count(*)
            from changed.negative_control_exposure
            inner join mimiciv_icu.icustays using (stay_id)
            where exposure = 'hydrocortisone_cream' and outtime > intime + interval '5 h'
            """
        ).fetchone()
        occurred = connection.execute(
            """
            select bool_and(hadm_id % 5 <> 0 or occurred), sum(cast(occurred as integer))
            from changed.negative_control_outcome
            inner join mimiciv_icu.icustays using (stay_id)
            where outcome = 'varicose_veins'
            """
        ).fetchone()
    assert exposed is not None and exposed[0] and exposed[1] > 0
    assert occurred is not None and occurred[0] and occurred[1] > 0


@pytest.mark.needs_an_hour
def test_remifentanil_is_studied(run: Callable[..., None], project: Path, database: str) -> None:
    dbt = Path(sys.executable).with_name("dbt")
    run("remifentanil", dbt, *BUILD, "--profiles-dir", ".", "--quiet", "--vars", REMIFENTANIL_VARS)
    output = project / "remifentanil"
    run("remifentanil", sys.executable, "-m", "analysis_py.run", "--profiles-dir", ".", "--output", output, "--json")
    with psycopg.connect(database) as connection:
        exposed = connection.execute(
            """
            select count(distinct stay_id)
            from remifentanil.analysis_cohort
            inner join mimiciv_icu.inputevents using (stay_id)
            where treated and itemid = 299999
            """
        ).fetchone()
        treated = connection.execute("select count(*) from remifentanil.analysis_cohort where treated").fetchone()
    assert exposed == treated and treated is not None and treated[0] > 0
    assert "remifentanil" in (output / "report.html").read_text(encoding="utf-8").lower()
