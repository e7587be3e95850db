"""The export: what its files hold, whom it asks, and that R finds in them the numbers of a run."""

import io
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from analysis_py import export as command
from analysis_py.marts.build_record import BuildRecord
from analysis_py.marts.errors import StudyError
from analysis_py.marts.generated import PATIENTS
from analysis_py.marts.profile import Target
from analysis_py.marts.read import Marts
from analysis_py.marts.trial import type_trial
from analysis_py.report.export.dictionary import describe, unit_of
from analysis_py.report.export.folder import make_for_r, write_export
from analysis_py.report.export.part import Part
from analysis_py.report.export.tables import TABLES, write_table
from analysis_py.study.read_marts import TRIAL_NEEDED, type_cohort
from analysis_py.study.results import as_frame
from analysis_py.study.study import run_study, with_trial
from tests.unit.analysis.conftest import _make_cohort, _make_flow, _split
from tests.unit.analysis.trial.conftest import _make_marts

SEED = 3
STAMP = "300 generated ICU stays, seed 7, hazard ratio 0.61, confounding on, missing 0.03"
KEYS = ["analysis", "cohort", "outcome", "model", "measure"]
DEFINITIONS = {"trial_grace_h": "48", "trial_interval_h": "6", "death_horizon_days": "28", "sic_rule": "strict"}
BUILD = BuildRecord(
    "2150-01-01 00:00:00",
    {"dbt": "1.11.16"},
    DEFINITIONS,
    DEFINITIONS | {"sic_rule": "paper"},
    fingerprint="0123456789ab",
    status="complete",
)


@pytest.fixture(scope="module")
def marts() -> Marts:
    """What a build leaves of 900 stays and a trial of 700 patients."""
    raw, trial = _make_cohort(900), _make_marts(700)
    split = _split(raw)
    cohort, flow = type_cohort(raw, "dexsic.analysis_cohort"), _make_flow(900)
    whole = {"analysis_cohort": raw, "cohort_flow": flow, "baseline_extended": split["baseline_extended"]}
    whole |= {"outcomes": split["outcomes"], **trial}
    typed = type_trial(trial, "dexsic", TRIAL_NEEDED)
    for name, table in whole.items():  # the contracts' whole numbers
        numbers = [column.name for column in describe({name: table.columns}) if column.type == "integer"]
        whole[name] = table.assign(**{column: table[column].round() for column in numbers})
    return Marts(cohort, cohort, flow, "", BUILD, trial=typed, whole=whole)


@pytest.fixture(scope="module")
def for_r(marts: Marts) -> Part:
    return make_for_r(marts, SEED)


@pytest.fixture(scope="module")
def folder(marts: Marts, for_r: Part, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "export"
    write_export(folder, marts, for_r, "csv", SEED)
    return folder


@pytest.fixture(scope="module")
def results(marts: Marts) -> pd.DataFrame:
    """results.csv of a run on the same marts, with more than one imputed copy."""
    study = run_study(marts.cohort, marts.flow, 2, SEED, lambda _: None, build=marts.build, processes=1)
    assert marts.trial is not None
    study = with_trial(study, marts.trial, SEED, lambda _: None, resamples=2)
    rows = as_frame(study.rows)
    wanted = rows["analysis"].eq("outcome_models") | (
        rows["analysis"].eq("trial")
        & rows["model"].eq("clone-censor-weight")
        & rows["outcome"].eq("died_28d_hospital")
        & rows["measure"].isin(["HR", "risk difference", "risk"])
    )
    found = rows[wanted].set_index(KEYS)[["estimate", "lower", "upper"]].astype(float)
    assert len(found) == 16 and found["estimate"].notna().all()
    return found


# --- the numbers -----------------------------------------------------------------------------------------------------


@pytest.mark.needs_half_an_hour
def test_our_numbers_in_it_are_those_of_results_csv(folder: Path, results: pd.DataFrame) -> None:
    ours = pd.read_csv(folder / "estimates.csv", float_precision="round_trip").set_index(KEYS)
    assert set(ours.index) == set(results.index)
    assert ours["estimate"].reindex(results.index).tolist() == results["estimate"].tolist()


def test_another_seed_gives_other_numbers(marts: Marts, for_r: Part) -> None:
    assert make_for_r(marts, SEED + 1).estimates()["estimate"].tolist() != for_r.estimates()["estimate"].tolist()


@pytest.mark.needs_half_an_hour
@pytest.mark.needs_r
def test_r_finds_the_numbers_of_results_csv(folder: Path, results: pd.DataFrame) -> None:
    done = subprocess.run(["Rscript", folder / "analysis.R"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    by_r = pd.read_csv(folder / "estimates_r.csv").set_index(KEYS)
    assert set(by_r.index) == set(results.index)
    by_r = by_r.reindex(results.index)
    assert by_r["estimate"].tolist() == pytest.approx(results["estimate"].tolist(), rel=1e-6)
    models = results.index.get_level_values("analysis") == "outcome_models"
    for end in ("lower", "upper"):  # the trial's are the bootstrap's; glm takes errors from the step before its last
        assert by_r.loc[models, end].tolist() == pytest.approx(results.loc[models, end].tolist(), rel=1e-5)
    assert "16 numbers, the largest relative difference is" in done.stdout
    by_matchit = re.search(
        r"MatchIt .*: (\d+) pairs, (\d+) of them ours \(of (\d+)\), hazard ratio ([\d.]+)", done.stdout
    )
    if by_matchit and "does not keep to the caliper" not in done.stdout:  # as Debian's 4.5.1
        assert len(set(by_matchit.groups()[:3])) == 1
        (crude,) = results.loc[("outcome_models", "matched", "died_28d_hospital", "model 1"), "estimate"]
        assert float(by_matchit[4]) == pytest.approx(crude, abs=1e-6)
    assert (folder / "estimates_r.csv").stat().st_mode & 0o777 == 0o600


@pytest.mark.needs_r
def test_r_has_nothing_to_say_of_a_cohort_without_controls(marts: Marts, tmp_path: Path) -> None:
    treated = marts.cohort[marts.cohort["treated"]]
    alone = replace(marts, cohort=treated, trial=None)
    made = make_for_r(alone, SEED)
    assert [remark.partition(":")[0] for remark in made.remarks] == ["No matched cohort"]
    write_export(tmp_path / "export", alone, made, "csv", SEED)
    assert "Not here: No matched cohort" in (tmp_path / "export" / "README.txt").read_text()
    done = subprocess.run(["Rscript", tmp_path / "export" / "analysis.R"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "nothing can be estimated" in done.stdout


# --- the files -------------------------------------------------------------------------------------------------------


def test_the_marts_are_in_it_cell_by_cell(folder: Path, marts: Marts) -> None:
    for name in TABLES:
        read = pd.read_csv(folder / f"{name}.csv", float_precision="round_trip")
        expected = pd.read_csv(io.StringIO(marts.whole[name].to_csv(index=False)), float_precision="round_trip")
        pd.testing.assert_frame_equal(read, expected, check_dtype=False)
    written = pd.read_csv(folder / "analysis_cohort.csv", dtype=str)
    assert set(written["treated"]) == {"TRUE", "FALSE"}  # R takes true and false for words
    assert set(written["sofa_score"]) <= {str(points) for points in range(25)}


def test_every_column_of_every_table_is_described(folder: Path) -> None:
    dictionary = pd.read_csv(folder / "data_dictionary.csv", keep_default_na=False)
    tables = [*TABLES, "completed", "trial_patients", "trial_decisions"]
    for name in tables:
        columns = pd.read_csv(folder / f"{name}.csv", nrows=1).columns.tolist()
        described = dictionary[dictionary["table"].eq(name)]
        assert described["column"].tolist() == columns, name
        assert (described["description"] != "").all() and (described["type"] != "").all(), name
    assert set(dictionary["table"]) == set(tables)
    age = dictionary[dictionary["table"].eq("analysis_cohort") & dictionary["column"].eq("creatinine_mg_dl")]
    assert age[["type", "unit"]].values.tolist() == [["double precision", "mg/dL"]]


def test_units_are_those_of_the_study_or_of_the_name() -> None:
    assert [unit_of(name) for name in ("platelets_k_ul", "start_h", "followup_28d_days", "sofa_score")] == [
        "10⁹/L",
        "h",
        "days",
        "",
    ]


def test_a_column_that_no_yml_describes_is_of_another_version() -> None:
    with pytest.raises(StudyError, match=r"outcomes.died_of_boredom is described nowhere.*run `dbt build` again"):
        describe({"outcomes": ["stay_id", "died_of_boredom"]})


def test_definitions_and_readme_say_what_it_was_made_from(folder: Path) -> None:
    definitions = pd.read_csv(folder / "definitions.csv").set_index("var")
    assert definitions.loc["sic_rule"].tolist() == ["strict", "paper"]
    text = (folder / "README.txt").read_text()
    for told in ("sic_rule: strict", "0123456789ab", "dexmedetomidine", "credentialed", "must stay where MIMIC-IV"):
        assert told in " ".join(text.split())
    told = {line.split()[0] for line in text.splitlines() if line.split() and line.split()[0].endswith((".csv", ".R"))}
    there = {path.name for path in folder.iterdir() if not path.name.startswith((".", "README"))}
    assert told == there - {"estimates_r.csv"}


@pytest.mark.needs_duckdb
def test_parquet_has_the_cells_of_csv_and_the_types_of_the_dictionary(
    folder: Path, marts: Marts, for_r: Part, tmp_path: Path
) -> None:
    duckdb = pytest.importorskip("duckdb")
    write_export(tmp_path / "export", marts, for_r, "parquet", SEED)
    dictionary = pd.read_csv(folder / "data_dictionary.csv", keep_default_na=False)
    names = {"integer": "INTEGER", "bigint": "BIGINT", "double precision": "DOUBLE", "boolean": "BOOLEAN"}
    names |= {"text": "VARCHAR", "timestamp": "TIMESTAMP"}
    for name in TABLES:
        path = tmp_path / "export" / f"{name}.parquet"
        kinds = duckdb.sql(f"describe select * from '{path}'").fetchall()
        described = dictionary[dictionary["table"].eq(name)]
        expected = zip(described["column"], described["type"].map(names), strict=True)
        assert [kind[:2] for kind in kinds] == list(expected)
        columns = {column: kind for column, kind, *_ in kinds}
        cells = duckdb.read_csv(str(folder / f"{name}.csv"), dtype=columns).fetchall()
        assert duckdb.read_parquet(str(path)).fetchall() == cells
    # analysis.R reads no Parquet
    assert (tmp_path / "export" / "completed.csv").read_bytes() == (folder / "completed.csv").read_bytes()


def test_it_is_for_its_owner_alone(folder: Path) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_a_second_export_takes_the_place_of_the_first_and_a_failed_one_does_not(
    marts: Marts, for_r: Part, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "export"
    write_export(target, marts, for_r, "csv", SEED)
    (target / "estimates_r.csv").write_text("by R")
    before = (target / "README.txt").read_text()

    def full(path: Path, *_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("analysis_py.report.export.folder.write_table", full)
        with pytest.raises(StudyError, match="No space left on device; free space or choose another --to"):
            write_export(target, marts, for_r, "csv", SEED + 1)
    assert (target / "README.txt").read_text() == before
    assert [path.name for path in tmp_path.iterdir()] == ["export"]
    write_export(target, replace(marts, trial=None), for_r, "csv", SEED + 1)
    assert not (target / "estimates_r.csv").exists()


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def main(marts: Marts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    """The command on these marts, with `generated` and what is typed; without it there is no terminal."""
    small = replace(marts, cohort=marts.cohort.head(0), trial=None)  # tables alone

    def run(*arguments: str, generated: str = "", typed: str | None = None) -> int:
        def read(target: Target, whole: object) -> Marts:
            assert whole == TABLES
            return replace(small, generated=generated)

        terminal = io.StringIO(typed or "")
        monkeypatch.setattr(terminal, "isatty", lambda: typed is not None)
        monkeypatch.setattr(sys, "stdin", terminal)
        monkeypatch.setattr(command, "find_profiles", lambda _: Path("profiles.yml"))
        monkeypatch.setattr(command, "read_target", lambda *_: Target("dexsic", None, {}))
        monkeypatch.setattr(command, "read_marts", read)
        return command.main(["--to", str(tmp_path / "export"), *arguments])

    return run


def test_rows_of_patients_are_not_written_unasked(
    main: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main() == 1
    assert "there is no terminal to ask: say --yes" in capsys.readouterr().err
    for answer in ("", "\n", "y\n", "no\n"):
        assert main(typed=answer) == 1
        told = capsys.readouterr().err
        assert "Each row is a patient of MIMIC-IV" in told and str(tmp_path / "export") in told.replace("\n", "")
        assert "nothing was written" in told
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("arguments", "typed"), [(["--yes"], None), ([], "yes\n")])
def test_they_are_where_it_is_meant(
    main: Callable[..., int], tmp_path: Path, arguments: list[str], typed: str | None
) -> None:
    assert main(*arguments, typed=typed) == 0
    assert "credentialed" in (tmp_path / "export" / "README.txt").read_text()


def test_of_generated_patients_nobody_is_asked_and_everything_says_so(
    main: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main("--quiet", generated=STAMP) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "export")
    text = " ".join((tmp_path / "export" / "README.txt").read_text().split())
    assert "The patients are generated" in text and "credentialed" not in text
    for name in ("data_dictionary", "definitions"):
        assert set(pd.read_csv(tmp_path / "export" / f"{name}.csv")["note"]) == {PATIENTS}


def test_a_folder_of_somebody_elses_is_not_touched(
    main: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "thesis.R").write_text("years of work")
    assert main("--yes") == 1
    assert "holds thesis.R, which this program did not write: choose another --to" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "export").iterdir()] == ["thesis.R"]


def test_parquet_without_duckdb_says_what_to_install(
    main: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert main("--yes", "--format", "parquet") == 1
    assert "requirements/duckdb.txt; or choose --format csv" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_table_without_a_row_keeps_its_types(tmp_path: Path) -> None:
    table = pd.DataFrame({"n": [pd.NA, 3], "yes": [None, True], "word": [None, "a"]}, dtype=object)
    write_table(tmp_path / "table", table, {"n": "integer", "yes": "boolean", "word": "text"})
    assert (tmp_path / "table.csv").read_text() == "n,yes,word\n,,\n3,TRUE,a\n"
