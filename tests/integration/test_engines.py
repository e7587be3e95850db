"""The same models on DuckDB, from files, and on PostgreSQL: every cell of every mart, and macros by themselves."""

import gzip
import importlib
import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from analysis_py.marts.errors import StudyError
from analysis_py.marts.profile import Target
from analysis_py.study.read_marts import read_marts
from mimic_db import server
from mimic_db.tables import OFFICIAL_SCHEMAS, TABLES
from pipeline.message import one_line
from pipeline.place import release
from tests import engines
from tests.integration.conftest import BUILD, PROJECT, RunDbt
from twin.__main__ import main as twin

pytestmark = pytest.mark.needs_duckdb

# what real data hold in small numbers, and worse: column, value and how rare; {n} is a number that differs by row
DAMAGE = {
    "icu.chartevents": (
        ("valuenum", "(array['NaN', 'Infinity', '-Infinity', null, -1, 1e300]::float[])[1 + {n} % 6]", 900),
        ("value", "(array['', E'a,\"b\"\\nc', ' '])[1 + {n} % 3]", 700),
        ("valueuom", "(array['', ' ', '%', E'\\\\', ' MMHG ', 'µg', '_', null, E'\\t'])[1 + {n} % 9]", 500),
        ("charttime", "(array['1800-01-01', '2600-01-01', 'infinity', '-infinity']::timestamp[])[1 + {n} % 4]", 5000),
    ),
    "hosp.labevents": (
        ("valuenum", "(array['NaN', 'Infinity', null, -1, 1e300]::float[])[1 + {n} % 5]", 300),
        ("valueuom", "(array['', ' ', '%', E'\\\\', ' K/UL ', null])[1 + {n} % 6]", 200),
        ("charttime", "(array['1800-01-01', 'infinity', null]::timestamp[])[1 + {n} % 3]", 5000),
    ),
    "icu.inputevents": (
        ("rate", "(array['NaN', 'Infinity', '-Infinity', null, -1, 1e300]::float[])[1 + {n} % 6]", 70),
        ("endtime", "starttime - interval '1 hour'", 80),
        ("starttime", "(array['1800-01-01', '2600-01-01']::timestamp[])[1 + {n} % 2]", 900),
        ("patientweight", "(array[0, 'NaN']::float[])[1 + {n} % 2]", 90),
    ),
    "icu.outputevents": (("value", "(array['NaN', 'Infinity', -5, 1e12]::float[])[1 + {n} % 4]", 300),),
    "icu.icustays": (("outtime", "null", 60),),
    "hosp.prescriptions": (
        ("drug", "(array[replace(drug, 'i', 'İ'), upper(drug), drug || E'\\\\', drug || '%'])[1 + {n} % 4]", 5),
        ("route", "(array['', null, 'iv', ' IV', 'PO'])[1 + {n} % 5]", 7),
        ("starttime", "null", 40),
    ),
    "hosp.microbiologyevents": (
        ("org_name", "(array['', 'CANCELLED', null])[1 + {n} % 3]", 5),
        ("spec_type_desc", "(array['', 'é', 'Z', 'a'])[1 + {n} % 4]", 3),
    ),
    "hosp.admissions": (("race", "(array['white', 'WHITE%', E'BLACK\\\\', '', 'İ'])[1 + {n} % 5]", 4),),
    "hosp.diagnoses_icd": (("icd_code", "' ' || lower(left(icd_code, 5))", 20),),
}

OnFile = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def on_file(tmp_path_factory: pytest.TempPathFactory) -> OnFile:
    """Call it with a folder of MIMIC-IV, a DuckDB file and a dbt command."""
    folder = tmp_path_factory.mktemp("dbt_duckdb")
    shutil.copy(PROJECT / "profiles.example.yml", folder / "profiles.yml")

    def run(mimic: Path, file: Path, *command: str, variables: str = "{}") -> subprocess.CompletedProcess[str]:
        options = ["--project-dir", str(PROJECT), "--profiles-dir", str(folder), "--target", "duckdb", "--quiet"]
        options += ["--target-path", str(folder / "target"), "--log-path", str(folder), "--vars", variables]
        return subprocess.run(
            [Path(sys.executable).with_name("dbt"), *command, *options],
            env=os.environ | {"DEXSIC_CSV": str(mimic), "DEXSIC_DUCKDB": str(file), "DEXSIC_SCHEMA": "dexsic"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def study(demo: Path, file: Path) -> subprocess.CompletedProcess[str]:
    """`make study ENGINE=duckdb CSV=...`; the results go beside the file."""
    options = ["--engine", "duckdb", "--csv", str(demo), "--output", str(file.parent / "output")]
    return subprocess.run(
        [sys.executable, "-m", "study", *options],
        cwd=PROJECT,
        env=os.environ | {"DEXSIC_DUCKDB": str(file)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def demo_file(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DuckDB file in which the study was run on the demo, every test of dbt included."""
    file = tmp_path_factory.mktemp("demo") / "demo.duckdb"
    done = study(demo_folder, file)
    assert done.returncode == 0, done.stdout + done.stderr
    return file


@pytest.fixture(scope="module")
def damaged(make_database: Callable[[], str], run_dbt: RunDbt) -> str:
    """DSN of generated data of which many rows are damaged, with our tables."""
    dsn = make_database()
    assert twin(["generate", "--stays", "150", "--seed", "5", "--dsn", dsn]) == 0
    number = "abs(hashtext({salt} || cast(ctid as text)))"
    with psycopg.connect(dsn) as connection:
        for table, columns in DAMAGE.items():
            for column, value, every in columns:
                chosen, which = number.format(salt=f"'{column}'"), number.format(salt="'value'")
                damage = f"{column} = {value.format(n=which)} where {chosen} % {every} = 0"
                assert connection.execute(f"update mimiciv_{table} set {damage}".encode()).rowcount > 0, (table, column)
    run_dbt(dsn, *BUILD)
    return dsn


@pytest.fixture(scope="module")
def damaged_folder(damaged: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same tables as files: gzip, plain with DOS line ends, Parquet; columns in another order and one more."""
    duckdb = importlib.import_module("duckdb")
    folder = tmp_path_factory.mktemp("damaged")
    with psycopg.connect(damaged) as connection:
        for number, table in enumerate(table for table in TABLES if table.needed):
            stem = folder / table.module / table.name
            stem.parent.mkdir(exist_ok=True)
            names = ", ".join(reversed(table.column_names))
            query = f"select {names}, 'of no use' as remark from {OFFICIAL_SCHEMAS[table.module]}.{table.name}"
            with connection.cursor().copy(f"copy ({query}) to stdout (format csv, header)".encode()) as copy:
                rows = b"".join(bytes(block) for block in copy)
            if number % 3 == 0:
                stem.with_suffix(".csv.gz").write_bytes(gzip.compress(rows, 1))
                continue
            plain = stem.with_suffix(".csv")
            # a line end within a text is part of it
            plain.write_bytes(rows.replace(b"\n", b"\r\n").replace(b'b""\r\nc', b'b""\nc'))
            if number % 3 == 1:
                source = f"read_csv('{plain}', header = true, all_varchar = true, allow_quoted_nulls = false)"
                duckdb.sql(f"copy (select * from {source}) to '{stem}.parquet' (format parquet)")
                plain.unlink()
    return folder


@pytest.mark.needs_shared
def test_the_demo_is_the_same_on_both(built_demo: str, demo_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert engines.main(["--dsn", built_demo, "--duckdb", str(demo_file)]) == 0
    assert re.search(r"sofa_hourly +12,209 +97,672 +none", capsys.readouterr().out)


@pytest.mark.needs_shared
def test_the_study_is_run_once(demo_file: Path, demo_folder: Path) -> None:
    assert (demo_file.parent / "output" / "report.html").is_file()
    again = study(demo_folder, demo_file)
    assert again.returncode == 0 and again.stdout.count("skipped") == 2, again.stdout + again.stderr


@pytest.mark.needs_shared
def test_a_cell_that_differs_is_found(built_demo: str, demo_file: Path, tmp_path: Path) -> None:
    changed = shutil.copy(demo_file, tmp_path / "changed.duckdb")
    with importlib.import_module("duckdb").connect(str(changed)) as connection:
        connection.execute("use changed.dexsic")
        connection.execute(
            "update outcomes set icu_days = icu_days * 1.00000001 where stay_id = (select min(stay_id) from outcomes)"
        )
        connection.execute("delete from sepsis3 where stay_id = (select min(stay_id) from sepsis3)")
        connection.execute("update data_quality set meaning = null where check_name like 'chart_%'")
    found = {each.mart: each for each in engines.compare(built_demo, Path(changed), "dexsic")}
    assert found["outcomes"].differing == {"icu_days": 1}
    assert found["sepsis3"].one_sided == 1
    assert set(found["data_quality"].differing) == {"meaning"}
    assert found["baseline"].is_equal


@pytest.mark.needs_shared
def test_the_statistics_read_the_file(built_demo: str, demo_file: Path) -> None:
    ours = read_marts(Target("dexsic", None, {}, demo_file))
    theirs = read_marts(Target("dexsic", None, psycopg.conninfo.conninfo_to_dict(built_demo)))
    assert ours.cohort.equals(theirs.cohort) and ours.stays.equals(theirs.stays) and ours.flow.equals(theirs.flow)
    assert ours.build.quality == theirs.build.quality
    assert ours.build.status == "complete" and ours.build.versions["adapter"] == "duckdb"
    assert len(ours.build.tests) > 500 and len(ours.build.fingerprint) == len(theirs.build.fingerprint)
    assert ours.generated == ""


@pytest.mark.needs_shared
def test_what_keeps_the_statistics_from_the_file_is_said(demo_file: Path, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="there is no file"):
        read_marts(Target("dexsic", None, {}, tmp_path / "absent.duckdb"))
    (tmp_path / "text.duckdb").write_text("no database")
    with pytest.raises(StudyError, match="cannot be read as a DuckDB file"):
        read_marts(Target("dexsic", None, {}, tmp_path / "text.duckdb"))
    with pytest.raises(StudyError, match="run `dbt build` first"):
        read_marts(Target("other", None, {}, demo_file))
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(demo_file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout and holder.stdout.readline() == "held\n"
        with pytest.raises(StudyError, match="a dbt build is running in the file"):
            read_marts(Target("dexsic", None, {}, demo_file))
        holder.communicate()


@pytest.mark.needs_an_hour
@pytest.mark.needs_shared
def test_a_model_that_fails_leaves_the_table_of_before(
    demo_file: Path, demo_folder: Path, on_file: OnFile, tmp_path: Path
) -> None:
    duckdb = importlib.import_module("duckdb")
    file = Path(shutil.copy(demo_file, tmp_path / "demo.db"))

    def ask(*statements: str) -> Any:
        with duckdb.connect(str(file)) as connection:
            for statement in statements:
                found = connection.execute(statement).fetchall()
        return found

    before = ask("select * from dexsic.sepsis3 order by stay_id")
    source = "dexsic.int_suspected_infection"
    ask(f"alter table {source} rename suspected_infection_at to gone")
    done = on_file(demo_folder, file, "run", "--select", "sepsis3")
    assert done.returncode != 0 and "suspected_infection_at" in done.stdout
    assert ask("select * from dexsic.sepsis3 order by stay_id") == before
    # what stands under the name of a table may be a view
    ask(f"alter table {source} rename gone to suspected_infection_at", "drop table dexsic.sepsis3")
    ask("create view dexsic.sepsis3 as select 1 as stay_id")
    done = on_file(demo_folder, file, "run", "--select", "sepsis3")
    assert done.returncode == 0, done.stdout
    assert ask("select * from dexsic.sepsis3 order by stay_id") == before


@pytest.mark.needs_an_hour
def test_damaged_data_are_the_same_on_both(damaged: str, damaged_folder: Path, on_file: OnFile, tmp_path: Path) -> None:
    file = tmp_path / "damaged.duckdb"
    done = on_file(damaged_folder, file, *BUILD)
    assert done.returncode == 0, done.stdout
    comparisons = engines.compare(damaged, file, "dexsic")
    assert len(comparisons) == 24
    assert [each for each in comparisons if not each.is_equal] == []


@pytest.mark.needs_an_hour
def test_what_is_missing_is_named_at_once(damaged_folder: Path, on_file: OnFile, tmp_path: Path) -> None:
    folder = shutil.copytree(damaged_folder, tmp_path / "mimic")
    (folder / "icu" / "icustays.csv").write_text("subject_id,hadm_id,stay_id,intime,los\n")
    for other in (".csv.gz", ".parquet"):
        (folder / "icu" / f"icustays{other}").unlink(missing_ok=True)
    for file in (folder / "hosp").glob("services*"):
        file.unlink()
    (folder / "hosp" / "patients.csv").write_text("subject_id\n")
    (folder / "hosp" / "patients.csv.gz").touch()
    done = on_file(folder, tmp_path / "dexsic.duckdb", "run")
    assert done.returncode != 0 and "the file is named like the schema dexsic" in done.stdout
    done = on_file(folder, tmp_path / "faulty.duckdb", "run", "--select", "stg_mimic__patients")
    assert done.returncode != 0
    assert "icustays.csv lacks the column outtime" in done.stdout
    assert re.search(r"services.csv.gz \(or .csv, .parquet\) is not there", done.stdout)
    assert re.search(r"patients.csv and .*patients.csv.gz .*are both there", done.stdout)


@pytest.mark.needs_an_hour
def test_a_value_that_does_not_fit_is_told_without_the_row(
    damaged_folder: Path, on_file: OnFile, tmp_path: Path
) -> None:
    folder = shutil.copytree(damaged_folder, tmp_path / "mimic")
    for file in (folder / "hosp").glob("services*"):
        file.unlink()
    header = "subject_id,hadm_id,transfertime,prev_service,curr_service"
    rows = f"{header}\n1,2,2150-01-01,,MED\n1,SECRET,2150-01-01,,MED\n"
    (folder / "hosp" / "services.csv").write_text(rows)
    done = on_file(folder, tmp_path / "faulty.duckdb", "build", "--select", "stg_mimic__services")
    assert done.returncode != 0 and "Original Line" in done.stdout
    # tests run beside each other: which fails first is chance
    said = [one_line(message) for message in done.stdout.split("Runtime Error in")[1:]]
    assert any('converting column "hadm_id"' in message and "Line: 3" in message for message in said)
    assert "SECRET" not in "".join(said)


# ---- macros

TIMES = "'2150-01-02 03:04:05'", "'2150-01-02 03:59:59.6'", "'2149-12-31 23:00:00'", "'1969-07-20 20:17:40'", "null"
NUMBERS = "0.5", "1.5", "2.5", "-0.5", "36.945", "36.9449999", "70.0005", "0.0005", "1e-7", "1499.9995", "-7", "null"
TEXTS = (
    "'>5.25'",
    "'< 7 '",
    "'1e5'",
    "'12.'",
    "'.5'",
    "'+3'",
    "' İIıi ÄÖ'",
    "''",
    "' x\t'",
    "'5\n'",
    "'\u00a0a\u00a0'",
    "null",
)
# at the bounds of SOFA, and one step of a 4-byte float above each: full MIMIC-IV has such rates in 24 stays
RATES = "0.1", "0.10000000149011612", "5", "5.000000476837158", "15", "15.000000953674316", "0", "null"
POINTS = {
    "dopamine": [2, 2, 2, 3, 3, 4, 0, None],
    "epinephrine": [3, 4, 4, 4, 4, 4, 3, None],
    "norepinephrine": [3, 4, 4, 4, 4, 4, 3, None],
}
NO_RATE = "'nullif(cases.value, cases.value)'"
MACROS = {
    **{
        f"sofa_cardiovascular by {drug}": (
            "double precision",
            "{{ sofa_cardiovascular("
            + ", ".join("'cases.value'" if each == drug else NO_RATE for each in ("map", *POINTS, "dobutamine"))
            + ") }}",
            RATES,
        )
        for drug in POINTS
    },
    "epoch_seconds": ("timestamp", "{{ epoch_seconds('value') }}", TIMES),
    "add_hours": ("timestamp", "{{ add_hours('value', -36) }}", TIMES),
    "add_hours of a part": ("timestamp", "{{ add_hours('value', 0.5) }}", TIMES),
    "add_hours to a date": ("date", "{{ add_hours('value', 25) }}", ("'2150-02-28'", "null")),
    "truncate_time hour": ("timestamp", "{{ truncate_time('hour', 'value') }}", TIMES),
    "truncate_time minute": ("timestamp", "{{ truncate_time('minute', 'value') }}", TIMES),
    "truncate_time day": ("timestamp", "{{ truncate_time('day', 'value') }}", TIMES),
    "year_of": ("timestamp", "{{ year_of('value') }}", TIMES),
    "whole_hours_between": (
        "timestamp",
        "{{ whole_hours_between('value', \"cast('2150-01-02 00:30:00' as timestamp)\") }}",
        TIMES,
    ),
    "whole_minutes_between": (
        "timestamp",
        "{{ whole_minutes_between('value', \"cast('2150-01-02 00:30:00' as timestamp)\") }}",
        TIMES,
    ),
    "clock_hour": ("timestamp", "{{ clock_hour('value') }}", TIMES),
    "whole_quotient": ("integer", "{{ whole_quotient('value', 4) }}", ("7", "-7", "0", "null")),
    "rounded": ("double precision", "{{ rounded('value', 2) }}", NUMBERS),
    "rounded to thousandths": ("double precision", "{{ rounded('value', 3) }}", NUMBERS),
    "rounded_quotient": (
        "bigint",
        "cast({{ rounded_quotient('value', 60, 2) }} as double precision)",
        (*map(str, range(0, 100, 7)), "1319", "1320", "null"),
    ),
    "nearest_whole": ("double precision", "{{ nearest_whole('value') }}", NUMBERS),
    "is_finite": ("double precision", "{{ is_finite('value') }}", (*NUMBERS, "'NaN'", "'Infinity'", "'-Infinity'")),
    "exact_sum": ("double precision", "{{ exact_sum('value') }}", ("0.1", "0.2", "null")),
    "exact_mean": ("double precision", "{{ exact_mean('value') }}", ("0.1", "0.2", "null")),
    "exact_large_sum": ("double precision", "{{ exact_large_sum('value') }}", ("9e9", "'NaN'", "0.0000000015", "null")),
    "number_in": ("text", "{{ number_in('value') }}", TEXTS),
    "lower_case": ("text", "{{ lower_case('value') }}", TEXTS),
    "trimmed": ("text", "{{ trimmed('value') }}", TEXTS),
    "byte_order": ("text", "max({{ byte_order('value') }})", ("'B'", "'a'", "'Ä'", "'ä'", "null")),
    "is_other_unit": (
        "text",
        "{{ is_other_unit('value', \"'mL|%'\") }}",
        ("'ML'", "' % '", "'l'", "'m_'", "''", "null"),
    ),
    "later_of": ("double precision", "{{ later_of('value', '1') }}", ("0", "2", "null")),
    "cross_join_integers": ("integer", "hours.hr", ("3", "0", "-1")),
    "least_of": ("double precision", "{{ least_of('value', '1') }}", ("0", "2", "null")),
    "greatest_of": ("double precision", "{{ greatest_of('value', '1') }}", ("0", "2", "null")),
    "sum_of_integers": (
        "bigint",
        "cast({{ sum_of_integers('value') }} as double precision)",
        ("9000000000000000000", "9000000000000000000", "null"),
    ),
    "holds": (
        "text",
        "{{ holds(\"'1 % a_b' || chr(92)\", 'value') }}",
        ("'%'", "'1%'", "'a_'", "'_b' || chr(92)", "'a'", "'c'", "null"),
    ),
    "outer_like": ("text", "{{ outer_like(\"'abc'\", 'value') }}", ("'a%'", "'%d'", "null")),
    "nulls_last": (
        "integer",
        "row_number() over (order by cases.value{{ nulls_last() }}, cases.number)",
        ("2", "null", "1"),
    ),
}


@pytest.fixture(scope="module")
def answer(
    make_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], list[Any]]]:
    """Call it with the name of a case: the rows on either engine."""
    runner = importlib.import_module("dbt.cli.main").dbtRunner
    folder = tmp_path_factory.mktemp("macros")
    shutil.copy(PROJECT / "profiles.example.yml", folder / "profiles.yml")
    dsn, duckdb = make_database(), importlib.import_module("duckdb")
    options = ["--quiet", "--project-dir", str(PROJECT), "--profiles-dir", str(folder), "--log-path", str(folder)]
    compiled: dict[str, list[str]] = {}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (server.dbt_environment(dsn) | {"DEXSIC_DUCKDB": str(folder / "macros.duckdb")}).items():
            patch.setenv(name, value)
        # one compilation for all: each takes seconds
        template = "\n-- case\n".join(_query(*case, name=name) for name, case in MACROS.items())
        for target in ("dev", "duckdb"):
            place = ["--target", target, "--target-path", str(folder / target)]
            done = runner().invoke(["compile", "--inline", template, *place, *options])
            assert done.success, done.exception
            compiled[target] = done.result.results[0].node.compiled_code.split("-- case\n")
    release()
    with psycopg.connect(dsn, autocommit=True) as theirs, duckdb.connect() as ours:

        def ask(name: str) -> list[Any]:
            number = list(MACROS).index(name)
            answers = (
                theirs.execute(compiled["dev"][number].encode()).fetchall(),
                ours.execute(compiled["duckdb"][number]).fetchall(),
            )
            return [[tuple("NaN" if _is_nan(cell) else cell for cell in row) for row in rows] for rows in answers]

        yield ask


def _query(kind: str, expression: str, values: tuple[str, ...], name: str) -> str:
    rows = " union all ".join(
        f"select {number} as number, cast({value} as {kind}) as value" for number, value in enumerate(values)
    )
    if "sum" in name or "_mean" in name or "max(" in expression:
        return f"select {expression} as found from ({rows}) as cases"
    join = "{{ cross_join_integers('-1', 'cases.value', 'hours', 'hr') }}" if name == "cross_join_integers" else ""
    return f"select cases.number, {expression} as found from ({rows}) as cases {join} order by 1, 2"


def _is_nan(cell: Any) -> bool:
    return isinstance(cell, float) and math.isnan(cell)


@pytest.mark.parametrize("name", MACROS)
def test_a_macro_means_the_same_on_both(answer: Callable[[str], list[Any]], name: str) -> None:
    theirs, ours = answer(name)
    assert theirs and ours == theirs


@pytest.mark.parametrize("drug", POINTS)
def test_a_rate_one_float_step_above_a_bound_is_above_it(answer: Callable[[str], list[Any]], drug: str) -> None:
    """As in mimic-code, whose rates are doubles too: docs/DECISIONS.md, scores."""
    for found in answer(f"sofa_cardiovascular by {drug}"):
        assert [points for _, points in found] == POINTS[drug]


def test_a_float_of_four_bytes_in_parquet_is_the_number_that_was_meant(on_file: OnFile, tmp_path: Path) -> None:
    """0.1 as such a float is 0.10000000149 as a double, and would be above the bound of 0.1."""
    floats_in_parquet(tmp_path)
    file = tmp_path / "float.duckdb"
    done = on_file(tmp_path, file, "run", "--select", "stg_mimic__inputevents")
    assert done.returncode == 0, done.stdout
    with importlib.import_module("duckdb").connect(str(file)) as connection:
        found = connection.execute("select rate, rate > 0.1, amount from dexsic.stg_mimic__inputevents").fetchall()
    assert found == [(0.1, False, 5.000000476837158)]


def floats_in_parquet(folder: Path) -> None:
    """The tables that the study needs with one row each, of inputevents the rate a float of 4 bytes."""
    duckdb = importlib.import_module("duckdb")
    values = {"rate": "cast(0.1 as float)", "amount": "cast('5.000000476837158' as double)"}
    for table in (table for table in TABLES if table.needed):
        cells = {column.name: f"cast(null as {column.type.partition('(')[0]})" for column in table.columns}
        if table.name == "inputevents":
            cells |= values
        row = ", ".join(f"{cell} as {name}" for name, cell in cells.items())
        (folder / table.module).mkdir(exist_ok=True)
        place = folder / table.module / f"{table.name}.parquet"
        duckdb.sql(f"copy (select {row}) to '{place}' (format parquet)")


def test_every_dispatched_expression_is_among_the_cases() -> None:
    text = "".join(
        (PROJECT / "macros" / f"{name}.sql").read_text()
        for name in ("aggregate", "intervals", "number", "text", "time")
    )
    used = " ".join(expression for _, expression, _ in MACROS.values()) + " ".join(MACROS)
    assert [name for name in re.findall(r"adapter\.dispatch\('(\w+)'\)", text) if name not in used] == []
