"""The run: profile, typing of the marts, hiding of small counts, the output folder, and what a run leaves behind."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from analysis_py import run as command
from analysis_py.marts.build_record import BuildRecord, TestOutcome
from analysis_py.marts.errors import StudyError
from analysis_py.marts.generated import PATIENTS, warning
from analysis_py.marts.one_build import UNCHECKED
from analysis_py.marts.profile import find_profiles, read_target
from analysis_py.report.figures.survival import shown_at_risk
from analysis_py.report.output_folder import MARKER, replaced
from analysis_py.report.present import write_results
from analysis_py.report.published import NOT_COMPARABLE, published_and_ours
from analysis_py.report.tables import build
from analysis_py.study.read_marts import type_cohort
from analysis_py.study.results import Row
from analysis_py.study.study import Study, run_study
from analysis_py.study.suppression import HIDDEN, suppress, suppress_flow
from analysis_py.study.variables import DEATH_28D
from tests.unit.analysis.conftest import _make_cohort, _make_flow

MakeCohort = Callable[..., pd.DataFrame]

PLANTED = "300 generated ICU stays, seed 7, hazard ratio 0.61, confounding on, missing 0.03"


def study_of(cohort: pd.DataFrame, flow: pd.DataFrame, imputations: int = 2) -> Study:
    return run_study(type_cohort(cohort, "dexsic.analysis_cohort"), flow, imputations, 1, lambda _: None)


def value(study: Study, analysis: str, cohort: str, **place: str) -> Row:
    found = [
        row
        for row in study.rows
        if (row.analysis, row.cohort) == (analysis, cohort)
        and all(getattr(row, name) == wanted for name, wanted in place.items())
    ]
    assert len(found) == 1, found
    return found[0]


# --- the study ---------------------------------------------------------------------------------------------------


def test_matching_removes_the_confounding_that_was_planted(make_cohort: MakeCohort, flow: pd.DataFrame) -> None:
    study = study_of(make_cohort(4000), flow, imputations=1)
    before = value(study, "outcome_models", "full", model="model 1", outcome="died_28d_hospital")
    after = value(study, "outcome_models", "matched", model="model 3", outcome="died_28d_hospital")
    assert before.estimate is not None and after.lower is not None and after.upper is not None
    assert before.estimate > 0.85
    assert after.lower < 0.61 < after.upper < 1
    smd = value(study, "balance", "matched", term="sofa_score", measure="SMD")
    assert smd.estimate is not None and smd.estimate < 0.1


def test_one_treated_patient_is_a_stated_reason_and_not_a_crash(
    make_cohort: MakeCohort, flow: pd.DataFrame, tmp_path: Path
) -> None:
    cohort = make_cohort(30)
    cohort["treated"] = [True] + [False] * 29
    study = study_of(cohort, flow)
    assert study.matched is None
    assert "too few treated rows" in study.not_matched
    assert value(study, "outcome_models", "matched").note == "not estimable: treated: too few treated rows"
    write_results(tmp_path, study, flow, 5, 1)
    assert "No matched cohort: treated: too few treated rows." in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize("treated", [0, 3, 30])
def test_small_and_one_sided_cohorts_get_a_full_report(
    make_cohort: MakeCohort, flow: pd.DataFrame, tmp_path: Path, treated: int
) -> None:
    cohort = make_cohort(30)
    cohort["treated"] = [True] * treated + [False] * (30 - treated)
    write_results(tmp_path, study_of(cohort, flow), flow, 5, 1)
    results = pd.read_csv(tmp_path / "results.csv")
    models = results[results["analysis"] == "outcome_models"]
    reasons = models["note"].str.match("not estimable: |a count below 5 is not shown")
    assert (models["estimate"].notna() | reasons.fillna(False)).all()
    assert not (models["estimate"] > 1e4).any()


@pytest.mark.parametrize("name", ["pt_sec", "creatinine_mg_dl"])
def test_a_variable_without_any_value_is_left_out_and_said(
    make_cohort: MakeCohort, flow: pd.DataFrame, name: str
) -> None:
    study = study_of(make_cohort(600).assign(**{name: None}), flow)
    assert study.remarks == [f"{name} has no value in this cohort and is in no model.", UNCHECKED]
    assert study.matched is not None
    for cohort in ("full", "matched"):
        assert value(study, "outcome_models", cohort, model="model 3", outcome="died_28d_hospital").estimate is not None


def test_nobody_in_the_cohort_is_an_error_that_names_the_step(make_cohort: MakeCohort, flow: pd.DataFrame) -> None:
    flow.loc[3:, ["n_excluded", "n_after"]] = [[253, 0], [0, 0]]
    with pytest.raises(StudyError, match=r"step 4 \(SIC score of 4 or more\) left nobody"):
        study_of(make_cohort(10).iloc[:0], flow)


def test_same_data_and_seed_give_the_same_bytes(make_cohort: MakeCohort, flow: pd.DataFrame, tmp_path: Path) -> None:
    files: list[dict[str, bytes]] = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        write_results(folder, replace(study_of(make_cohort(300), flow), generated=PLANTED), flow, 5, 1)
        files.append({str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()})
    assert files[0] == files[1]
    assert {"report.html", "results.csv", "figures/kaplan_meier.svg", "tables/table1_baseline.csv"} <= set(files[0])


def test_the_report_needs_nothing_beside_it(make_cohort: MakeCohort, flow: pd.DataFrame, tmp_path: Path) -> None:
    flow.loc[1, "rule"] = "<script>alert(1)</script>"
    write_results(tmp_path, study_of(make_cohort(300), flow), flow, 5, 1)
    page = (tmp_path / "report.html").read_text()
    assert 'src="data:image/svg+xml;base64,' in page
    words = re.sub(r"base64,[^\"]*", "", page)
    assert "<script>alert" not in words and "&lt;script&gt;alert(1)" in words
    assert not re.search(r"<(script|link|img|iframe)[^>]* (src|href)=\"(?!data:)", words)
    assert "http" not in words


# --- generated patients --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real_and_generated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The results of one study, once as of real and once as of generated patients."""
    flow = _make_flow()
    study = study_of(_make_cohort(300), flow)
    tmp_path = tmp_path_factory.mktemp("marked")
    folders = tmp_path / "real", tmp_path / "generated"
    for folder, generated in zip(folders, ("", PLANTED), strict=True):
        folder.mkdir()
        write_results(folder, replace(study, generated=generated), flow, 5, 1)
    return folders


def test_real_patients_are_not_called_generated(real_and_generated: tuple[Path, Path]) -> None:
    real, _ = real_and_generated
    texts = [path for path in real.rglob("*") if path.suffix in (".html", ".csv", ".svg")]
    assert len(texts) > 20
    assert [path.name for path in texts if "generated" in path.read_text().lower()] == []


def test_the_report_of_generated_patients_says_so_above_and_at_each_table_and_figure(
    real_and_generated: tuple[Path, Path],
) -> None:
    page = (real_and_generated[1] / "report.html").read_text()
    assert f'<header class="generated"><p>{warning(PLANTED)}</p></header>' in page
    assert PLANTED in page
    assert re.search(r'<p class="lead">\d+ generated patients were studied', page)
    named = r'<figcaption class="title">(.*?)</figcaption>|<span class="title">(.*?)</span>|<title>(.*?)</title>'
    captions = re.findall(named, page)
    pictures = re.findall(r'alt="(.*?)"', page)
    figures = list((real_and_generated[1] / "figures").glob("*.svg"))
    assert len(captions) > 20 and len(pictures) == len(figures) >= 8
    assert [words for words in (*map("".join, captions), *pictures) if not words.endswith(f" ({PATIENTS})")] == []


def test_figures_of_generated_patients_carry_their_mark_with_them(real_and_generated: tuple[Path, Path]) -> None:
    real, generated = real_and_generated
    figures = sorted((generated / "figures").iterdir())
    assert len(figures) >= 16
    for path in figures:
        # letters are drawn as paths, with the words beside them in a comment
        assert path.suffix == ".png" or "<!-- GENERATED DATA -->" in path.read_text()
        assert path.read_bytes() != (real / "figures" / path.name).read_bytes()


def test_tables_of_generated_patients_say_so_in_each_line_and_change_nothing_else(
    real_and_generated: tuple[Path, Path],
) -> None:
    real, generated = real_and_generated
    files = [generated / "results.csv", *sorted((generated / "tables").iterdir())]
    assert len(files) == 24
    for path in files:
        marked = pd.read_csv(path, dtype=str, keep_default_na=False)
        plain = pd.read_csv(real / path.relative_to(generated), dtype=str, keep_default_na=False)
        assert marked["note"].str.endswith(PATIENTS).all()
        if path.stem == "checklist":  # says what the data are
            continue
        pd.testing.assert_frame_equal(marked.drop(columns="note"), plain.drop(columns="note", errors="ignore"))
        if "note" in plain:
            assert marked.columns.tolist() == plain.columns.tolist()
            assert marked["note"].str.removesuffix(PATIENTS).str.removesuffix("; ").tolist() == plain["note"].tolist()


# --- the page -------------------------------------------------------------------------------------------------------


def test_captions_tell_who_was_studied_and_figures_say_what_they_show(
    make_cohort: MakeCohort, flow: pd.DataFrame, tmp_path: Path
) -> None:
    study = study_of(make_cohort(600), flow)
    rows = write_results(tmp_path, study, flow, 0, 1)
    page = (tmp_path / "report.html").read_text()
    assert study.matched is not None
    pairs = len(study.matched.data) // 2
    assert page.count(f"after matching (n = {2 * pairs:,}: {pairs:,} without and {pairs:,} with dexmedetomidine)") > 8
    (survival,) = (row for row in rows if (row.analysis, row.cohort) == ("kaplan_meier", "matched treated"))
    assert survival.estimate is not None
    assert f"after matching, dexmedetomidine: {100 * survival.estimate:.1f} %" in page


@pytest.mark.needs_half_an_hour
def test_another_drug_is_named_on_the_page_and_not_compared_with_the_paper(
    make_cohort: MakeCohort, flow: pd.DataFrame, tmp_path: Path
) -> None:
    study = replace(study_of(make_cohort(300), flow), build=BuildRecord(drug="propofol"))
    write_results(tmp_path, study, flow, 5, 1)
    page = re.sub(r"base64,[^\"]*", "", (tmp_path / "report.html").read_text())
    assert "<h1>Propofol and death in sepsis-induced coagulopathy</h1>" in page
    assert re.findall(r"[^.<>]*[Dd]exmedetomidine[^.<>]*", page) == [
        "The paper is about dexmedetomidine, this run about propofol: there is nothing to compare"
    ]


@pytest.mark.parametrize(
    ("row", "verdicts"),
    [
        # published: HR 0.71 (0.53 to 0.95); age 65.92 [56.15, 76.44]; 188 (31.8 %) female; SMD 0.044, p 0.295 of age
        (Row("outcome_models", "matched", DEATH_28D, "model 3", "treated", measure="HR", estimate=0.95), ["agrees"]),
        (Row("outcome_models", "matched", DEATH_28D, "model 3", "treated", measure="HR", estimate=0.96), ["differs"]),
        (Row("table_one", "matched control", term="age_years", measure="median", estimate=56.1), ["differs"]),
        (Row("table_one", "matched control", term="is_female", measure="percent", estimate=33.7), ["agrees"] * 2),
        (Row("table_one", "matched control", term="is_female", measure="percent", estimate=33.9), ["differs"] * 2),
        (Row("balance", "matched", term="age_years", measure="SMD", estimate=0.099), ["agrees"]),
        (Row("balance", "matched", term="age_years", measure="SMD", estimate=0.1), ["differs"]),
        (Row("balance", "matched", term="age_years", measure="p", p_value=0.049), ["differs"]),
        (Row("balance", "matched", term="age_years", measure="p", note="not estimable: no"), []),
    ],
)
def test_agreement_with_the_paper_follows_the_rule_that_the_page_states(row: Row, verdicts: list[str]) -> None:
    comparison = published_and_ours([row])
    assert comparison.loc[comparison["agreement"] != NOT_COMPARABLE, "agreement"].tolist() == verdicts


BUILD = BuildRecord(
    finished_at="2026-01-02 03:04:05",
    definitions={"sic_rule": "paper", "heparin": "any_icu"},
    defaults={"sic_rule": "paper", "heparin": "infusion"},
    tests=(
        TestOutcome("unique", "stg_mimic__patients", "pass", 0, "one row per patient"),
        TestOutcome("mostly_ordered", "stg_mimic__inputevents", "warn", 3, "rows end after their start"),
    ),
    sources={"mimiciv_icu.icustays": 73181, "mimiciv_icu.outputevents": 4},
)


def test_the_build_is_shown_with_changed_definitions_first_and_small_counts_hidden() -> None:
    assert build.definition_table(BUILD)["Variable"].tolist() == ["heparin", "sic_rule"]
    assert build.definition_table(BUILD)["Changed"].tolist() == ["≠ changed", ""]
    assert build.test_table(BUILD, 5)["Rows"].tolist() == ["0", "<5"]
    assert build.source_table(BUILD, 5)["Rows, about"].tolist() == ["73,181", "<5"]
    assert build.tests_by_model(build.test_table(BUILD, 5)).to_dict("list") == {
        "Model": ["stg_mimic__inputevents", "stg_mimic__patients"],
        "Tests": ["1", "1"],
        "Pass": ["0", "1"],
        "Warn": ["1", "0"],
    }


# --- small counts ------------------------------------------------------------------------------------------------


def percent(level: str, events: int, n: int = 50) -> Row:
    return Row(
        "table_one", "full treated", term="x", level=level, measure="percent", estimate=2.0 * events, n=n, events=events
    )


def test_small_counts_and_their_complements_are_hidden() -> None:
    small, many, plain = suppress([percent("", 4), percent("", 47), replace(percent("", 5), term="y")], 5)
    assert (small.events, small.estimate) == ("<5", None)
    assert (many.events, many.estimate) == (HIDDEN, None)
    assert (plain.events, plain.estimate) == (5, 10.0)


def test_a_single_hidden_level_takes_the_next_smallest_with_it() -> None:
    rows = suppress([percent("4", 30), percent("5", 17), percent("6", 3)], 5)
    assert [row.events for row in rows] == [30, HIDDEN, "<5"]


def test_a_group_below_the_limit_is_not_described_nor_can_it_be_told_from_the_other() -> None:
    other = Row("table_one", "full control", term="x", measure="percent", estimate=50.0, n=20, events=10)
    rows = suppress([percent("", 1, n=3), other], 5)
    assert [(row.n, row.events) for row in rows] == [("<5", HIDDEN), (HIDDEN, HIDDEN)]


def test_numbers_at_risk_do_not_tell_small_losses() -> None:
    assert shown_at_risk([50, 48, 44, 44, 3], 5) == ["50", "…", "44", "44", "<5"]
    assert shown_at_risk([50, 48, 44, 44, 3], 0) == ["50", "48", "44", "44", "3"]


def test_nothing_is_hidden_at_zero() -> None:
    assert suppress([percent("", 1, n=3)], 0) == [percent("", 1, n=3)]


def test_small_exclusions_cannot_be_computed_from_their_neighbours(flow: pd.DataFrame) -> None:
    shown = suppress_flow(flow, 5)
    assert shown["n_excluded"].tolist() == [900, 400, "<5", HIDDEN, 250]
    assert shown["n_after"].tolist()[2:4] == [HIDDEN, flow["n_after"][3]]
    assert shown["n_before"].tolist()[2:4] == [flow["n_before"][2], HIDDEN]


# --- marts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stay_id": 1}, "holds a stay_id more than once"),
        ({"age_years": float("inf")}, "age_years holds an infinite value"),
        ({"ethnicity": "martian"}, "ethnicity holds 'martian'"),
        ({"age_years": "old"}, "age_years is not numeric"),
        ({"treated": None}, "treated has missing values"),
        ({"died_28d_hospital": None}, "died_28d_hospital has missing values"),
        ({"died_hospital": None}, "died_hospital has missing values"),
        ({"followup_28d_days": None}, "followup_28d_days has missing values"),
        ({"followup_28d_days": -1.0}, "followup_28d_days is negative"),
    ],
)
def test_marts_that_cannot_be_ours_are_refused(cohort: pd.DataFrame, change: dict[str, object], message: str) -> None:
    with pytest.raises(StudyError, match=message):
        type_cohort(cohort.assign(**change), "dexsic.analysis_cohort")


def test_a_missing_column_is_named_with_the_remedy(cohort: pd.DataFrame) -> None:
    with pytest.raises(StudyError, match=r"dexsic.analysis_cohort lacks weight_kg: .*run `dbt build` again"):
        type_cohort(cohort.drop(columns="weight_kg"), "dexsic.analysis_cohort")


# --- profile -----------------------------------------------------------------------------------------------------

PROFILE = """
dexsic:
  target: dev
  outputs:
    dev:
      type: postgres
      host: "{{ env_var('DEXSIC_HOST', 'localhost') }}"
      port: "{{ env_var('DEXSIC_PORT', '5432') | int }}"
      user: reader
      password: "{{ env_var('DEXSIC_PASSWORD') }}"
      dbname: mimiciv
      schema: study
    other: {type: snowflake, schema: study}
    file: {type: duckdb, schema: study, path: "{{ env_var('DEXSIC_DUCKDB', 'study.duckdb') }}"}
    nowhere: {type: duckdb, schema: study}
    folder:
      type: spark
      method: session
      schema: Study
      server_side_parameters: {spark.sql.warehouse.dir: "{{ env_var('DEXSIC_SPARK', '.spark') }}/warehouse"}
    cluster: {type: spark, method: thrift, host: there, schema: study}
"""


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "profiles.yml").write_text(PROFILE)
    for name in ("DEXSIC_HOST", "DEXSIC_PORT", "DEXSIC_PASSWORD", "DBT_PROFILES_DIR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_the_profile_is_rendered_and_does_not_show_its_password(
    profiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEXSIC_PASSWORD", "s3cret {{ 1 }}")
    monkeypatch.setenv("DBT_PROFILES_DIR", str(profiles))
    target = read_target(find_profiles(None), None)
    assert target.schema == "study"
    assert dict(target.connection) == {
        "host": "localhost",
        "port": "5432",
        "user": "reader",
        "password": "s3cret {{ 1 }}",
        "dbname": "mimiciv",
    }
    assert "s3cret" not in repr(target)


def test_a_target_may_be_a_file(profiles: Path) -> None:
    target = read_target(profiles / "profiles.yml", "file")
    assert (target.schema, target.file, target.connection) == ("study", Path("study.duckdb"), {})


def test_a_target_may_be_a_folder_of_spark(profiles: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEXSIC_SPARK", "/tables")
    target = read_target(profiles / "profiles.yml", "folder")
    # Spark writes the names of schemas in lower case
    assert (target.schema, target.folder, target.file) == ("Study", Path("/tables/warehouse/study.db"), None)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (None, "environment variable DEXSIC_PASSWORD, which is not set"),
        ("cluster", "is a cluster: the statistics read files. Copy the folders of the marts"),
        ("prod", "no target 'prod'"),
        ("other", "of type 'snowflake'"),
        ("nowhere", "names no path"),
    ],
)
def test_an_unusable_profile_says_why(
    profiles: Path, target: str | None, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    extra = ["--target", target] if target else []
    code = command.main(["--profiles-dir", str(profiles), "--output", str(tmp_path / "out"), *extra])
    assert code == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_no_profile_names_the_places_searched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--profiles-dir", str(tmp_path), "--output", str(tmp_path / "out")]) == 1
    assert f"no profiles.yml in {tmp_path}" in capsys.readouterr().err


# --- the output folder -------------------------------------------------------------------------------------------


def test_a_failed_run_leaves_the_old_results_as_they_were(tmp_path: Path) -> None:
    target = tmp_path / "output"
    with replaced(target) as folder:
        (folder / "results.csv").write_text("old")
    with pytest.raises(RuntimeError), replaced(target) as folder:
        (folder / "results.csv").write_text("half")
        raise RuntimeError
    assert (target / "results.csv").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["output"]


def test_a_finished_run_replaces_the_old_results(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "output"
    for text in ("old", "new"):
        with replaced(target) as folder:
            (folder / "results.csv").write_text(text)
    assert (target / "results.csv").read_text() == "new"


@pytest.mark.parametrize("marker", [True, False])
def test_a_folder_with_somebody_elses_files_is_not_replaced(tmp_path: Path, marker: bool) -> None:
    (tmp_path / "thesis.docx").write_text("years of work")
    if marker:
        (tmp_path / MARKER).touch()
    with pytest.raises(StudyError, match=r"holds thesis.docx, which this program did not write"), replaced(tmp_path):
        pass
    assert (tmp_path / "thesis.docx").exists()


def test_an_estimate_that_could_be_solved_for_a_hidden_count_is_withheld() -> None:
    died = Row("outcomes", "full treated", term="died_28d_hospital", measure="percent", estimate=6.0, n=50, events=3)
    others = replace(died, cohort="full control", estimate=20.0, n=100, events=20)
    compared = Row("outcomes", "full", term="died_28d_hospital", measure="SMD", estimate=0.42)
    crude = Row("outcome_models", "full", outcome="died_28d_hospital", model="model 1", measure="OR", estimate=0.255319)
    adjusted = replace(crude, model="model 3")
    another = replace(crude, outcome="died_hospital")
    shown = suppress([died, others, compared, crude, adjusted, another], 10)
    assert [row.estimate for row in shown] == [None, None, None, None, 0.255319, 0.255319]
    assert shown[3].note == "a count below 10 is not shown"
    assert suppress([died, others, compared, crude], 0) == [died, others, compared, crude]


def test_sizes_of_readings_that_differ_by_a_few_patients_are_hidden() -> None:
    main = Row("outcome_models", "full", model="model 3", measure="HR", estimate=0.7, n=1500, events=200)
    near = replace(main, analysis="robustness", level="sic_total", n=1503, events=201)
    same, far = replace(near, level="main", n=1500), replace(near, level="any heparin", n=1600)
    shown = suppress([main, near, same, far], 10)
    assert [row.n for row in shown] == [1500, HIDDEN, HIDDEN, 1600]
    assert shown[1].events == HIDDEN
    assert [row.estimate for row in shown] == [0.7] * 4
    assert [row.n for row in suppress([main, near], 0)] == [1500, 1503]


def test_results_csv_holds_no_small_count(make_cohort: MakeCohort, flow: pd.DataFrame, tmp_path: Path) -> None:
    study = study_of(make_cohort(120), flow)
    assert sum(isinstance(row.events, int) and 0 < row.events < 10 for row in study.rows) > 20
    write_results(tmp_path, study, flow, 10, 1)
    written = pd.read_csv(tmp_path / "results.csv")
    for column in ("n", "events"):
        assert not pd.to_numeric(written[column], errors="coerce").between(1, 9).any()
    excluded = written[written["analysis"].eq("flow") & written["measure"].eq("n_excluded")].set_index("term")["n"]
    # three minors, whom the step after them would tell
    assert excluded.tolist() == ["900", "400", "<10", "hidden", "250"]
