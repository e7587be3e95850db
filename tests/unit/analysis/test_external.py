"""The external cohort: its numbers by lifelines, what is hidden, what it leaves behind alone and beside the other."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter
from lifelines.statistics import logrank_test

from analysis_py import run as command
from analysis_py.marts.build_record import NO_RECORD, BuildRecord
from analysis_py.marts.errors import StudyError
from analysis_py.marts.generated import PATIENTS
from analysis_py.marts.profile import Target
from analysis_py.marts.read import Marts
from analysis_py.report.present import write_results, write_validation
from analysis_py.statistics.survival import proportional_hazards
from analysis_py.study.external import NAME, ExternalMarts, Validation, validate
from analysis_py.study.read_marts import type_cohort, type_external
from analysis_py.study.results import Row, find
from analysis_py.study.study import run_study
from analysis_py.study.variables import DEATH_ANYWHERE, EXTERNAL_MODELS, FOLLOW_UP, TREATMENT

MakeCohort = Callable[..., pd.DataFrame]
FLOW = pd.DataFrame(
    {
        "step": [1, 2],
        "rule": ["an ICU stay", "SIC score of 4 or more"],
        "n_before": [2790, 2600],
        "n_excluded": [190, 2366],
        "n_after": [2600, 234],
    }
)
CONCEPTS = "platelets_k_ul inr_ratio pt_sec bilirubin_mg_dl creatinine_mg_dl bun_mg_dl albumin_g_dl lactate_mmol_l"
NUMBERS = f"{CONCEPTS} wbc_k_ul hemoglobin_g_dl"
DRUGS = "propofol_24h midazolam_24h sufentanil_24h remifentanil_24h fentanyl_24h vasopressor_24h"


def make_patients(patients: int = 234, seed: int = 5) -> pd.DataFrame:
    """A zigong_cohort as the mart delivers it: patients on propofol are treated more often and die more often."""
    random = np.random.default_rng(seed)
    age = random.integers(20, 95, patients).astype(float)
    propofol = random.random(patients) < 0.5
    treated = random.random(patients) < np.where(propofol, 0.5, 0.25)
    days = random.exponential(1 / (0.012 * np.exp(0.03 * (age - 65) + 0.5 * propofol - 0.7 * treated)))
    seen = random.uniform(10, 60, patients)
    died = (days <= 28) & (days <= seen)
    data = pd.DataFrame({"stay_id": [f"P{number}" for number in range(patients)], TREATMENT: treated})
    data["age_years"], data["is_female"] = age, random.random(patients) < 0.4
    for name in DRUGS.split():
        data[name] = random.random(patients) < 0.3
    data["propofol_24h"] = propofol
    data["heart_rate_bpm"] = data["map_mmhg"] = None
    for name in NUMBERS.split():
        values = random.gamma(4, 10, patients)
        data[name] = np.where(random.random(patients) < 0.05, np.nan, values)
    data["sofa_score"], data["sic_score"] = random.integers(2, 12, patients), random.integers(4, 7, patients)
    data[DEATH_ANYWHERE], data[FOLLOW_UP] = died, np.where(died, days, np.minimum(seen, 28))
    data["died_hospital"] = died & (random.random(patients) < 0.5)
    data["hospital_days"] = random.gamma(3, 6, patients)
    return data.assign(icu_days=0.4 * data["hospital_days"])


def found_in(data: pd.DataFrame, generated: str = "", build: BuildRecord = NO_RECORD) -> Validation:
    return validate(ExternalMarts(type_external(data, "dexsic.zigong_cohort"), FLOW, generated), build)


def hazard(rows: list[Row], model: str) -> Row:
    row = find(rows, "outcome_models", NAME, model=model)
    assert row is not None
    return row


# section 3.6 of the paper, written out once more
ADJUSTED_FOR: dict[str, list[str]] = {
    "model 1": [],
    "adjusted": ["age_years", "is_female", "propofol_24h", "sufentanil_24h"],
}


@pytest.mark.parametrize(("model", "covariates"), ADJUSTED_FOR.items())
def test_hazard_ratios_are_those_of_lifelines(model: str, covariates: list[str]) -> None:
    data = make_patients()
    row = hazard(found_in(data).rows, model)
    used = data[[FOLLOW_UP, DEATH_ANYWHERE, TREATMENT, *covariates]].astype(float)
    fitted = CoxPHFitter().fit(used, FOLLOW_UP, DEATH_ANYWHERE).summary.loc[TREATMENT]
    assert row.estimate == pytest.approx(fitted["exp(coef)"], rel=1e-5)
    assert row.upper == pytest.approx(fitted["exp(coef) upper 95%"], rel=1e-4)
    assert row.p_value == pytest.approx(fitted["p"], rel=1e-3)
    assert (row.n, row.events) == (len(data), int(data[DEATH_ANYWHERE].sum()))


def test_each_model_has_its_own_test_of_proportional_hazards() -> None:
    data = make_patients()
    rows = found_in(data).rows
    statistics = []
    for model, covariates in ADJUSTED_FOR.items():
        row = find(rows, "proportional_hazards", NAME, model=model)
        assert row is not None
        expected = proportional_hazards(data, FOLLOW_UP, DEATH_ANYWHERE, covariates, TREATMENT)
        assert (row.estimate, row.p_value) == pytest.approx((expected.statistic, expected.p_value))
        statistics.append(row.estimate)
    assert statistics[0] != pytest.approx(statistics[1], rel=1e-3)


def test_what_tells_the_exposure_is_in_no_model() -> None:
    data = make_patients()
    row = hazard(found_in(data, build=replace(NO_RECORD, drug="propofol")).rows, "adjusted")
    used = data[[FOLLOW_UP, DEATH_ANYWHERE, TREATMENT, "age_years", "is_female", "sufentanil_24h"]].astype(float)
    fitted = CoxPHFitter().fit(used, FOLLOW_UP, DEATH_ANYWHERE).summary.loc[TREATMENT]
    assert row.estimate == pytest.approx(fitted["exp(coef)"], rel=1e-5)


def test_log_rank_is_that_of_lifelines() -> None:
    data = make_patients()
    row = find(found_in(data).rows, "log_rank", NAME)
    groups = [data[data[TREATMENT]], data[~data[TREATMENT]]]
    ends = [group[column] for column in (FOLLOW_UP, DEATH_ANYWHERE) for group in groups]
    assert row is not None and row.p_value == pytest.approx(logrank_test(*ends).p_value, rel=1e-6)


def test_a_column_without_values_is_left_out_and_a_missing_sex_leaves_its_model_alone() -> None:
    data = make_patients().astype({"is_female": object})
    data.loc[3, "is_female"] = None
    found = found_in(data)
    assert "map_mmhg" not in {variable.name for variable in found.variables}
    assert hazard(found.rows, "model 1").n == 234
    assert hazard(found.rows, "adjusted").n == 233
    assert any("without a value" in remark for remark in found.remarks)


def test_nobody_is_an_error_and_nobody_treated_a_reason() -> None:
    with pytest.raises(StudyError, match="nobody is in zigong_cohort"):
        found_in(make_patients().iloc[:0])
    found = found_in(make_patients().assign(treated=False))
    assert hazard(found.rows, "model 1").note.startswith("not estimable")
    assert any("everybody is a control" in remark for remark in found.remarks)


def test_small_counts_are_hidden_everywhere(tmp_path: Path) -> None:
    data = make_patients(40)
    data[TREATMENT] = np.arange(40) < 7
    rows = write_validation(tmp_path, found_in(data), 10)
    shown = [row for row in rows if row.cohort == f"{NAME} treated"]
    assert shown and all(not isinstance(row.n, int) or row.n == 0 or row.n >= 10 for row in shown)
    page = (tmp_path / "report.html").read_text()
    text = re.sub(r"data:[^\"]+|<[^>]+>", " ", page)
    assert "group sizes hidden" in text and not re.search(r"\b(7|33) (with|without)\b", text)
    for path in (tmp_path / "tables").glob("*.csv"):
        assert not re.search(r"n = (7|33)\b", path.read_text()), path


@pytest.mark.parametrize("generated", ["", "2,790 generated patients, seed 1, hazard ratio 0.49"])
def test_alone_it_has_a_page_with_published_numbers_beside(tmp_path: Path, generated: str) -> None:
    found = found_in(make_patients(), generated)
    write_validation(tmp_path, found, 0)
    page = (tmp_path / "report.html").read_text()
    assert "0.49 (0.27 to 0.89), p = 0.019" in page and "0.492 (0.278 to 0.871)" in page
    assert (PATIENTS in page) == bool(generated)
    names = {path.name for path in (tmp_path / "tables").iterdir()}
    assert names == {f"{NAME}_{name}.csv" for name in ("flow", "baseline", "models", "outcomes")}
    assert {path.stem for path in (tmp_path / "figures").glob("*.svg")} == {f"{NAME}_kaplan_meier", f"{NAME}_forest"}
    results = pd.read_csv(tmp_path / "results.csv")
    assert set(results["cohort"].str.split(" ").str[0]) == {NAME}
    assert results["note"].fillna("").astype(str).str.contains(PATIENTS).all() == bool(generated)


@pytest.mark.needs_half_an_hour
def test_beside_the_main_study_both_are_in_one_plot_and_one_file(
    make_cohort: MakeCohort, flow: pd.DataFrame, tmp_path: Path
) -> None:
    study = run_study(type_cohort(make_cohort(300), "dexsic.analysis_cohort"), flow, 1, 1, lambda _: None)
    write_results(tmp_path, study, flow, 0, 1, found_in(make_patients()))
    page = (tmp_path / "report.html").read_text()
    assert 'id="external"' in page
    words = re.search(r'alt="(Forest plot of hazard ratios\. Model 1[^"]+)"', page)
    assert words and words[1].count("Model 1") == 2 and "Unadjusted" in words[1]
    cohorts = set(pd.read_csv(tmp_path / "results.csv")["cohort"].str.split(" ").str[0])
    assert cohorts == {"full", "matched", "unmatched", NAME}


def test_the_command_says_how_to_get_it_where_it_is_not_there(
    make_cohort: MakeCohort,
    flow: pd.DataFrame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    cohort = type_cohort(make_cohort(300), "dexsic.analysis_cohort")
    external = ExternalMarts(type_external(make_patients(), "dexsic.zigong_cohort"), FLOW)
    monkeypatch.setattr(command, "find_profiles", lambda _: Path())
    monkeypatch.setattr(command, "read_target", lambda *_: Target("dexsic", None, {}))
    monkeypatch.setattr(command, "read_marts", lambda _: Marts(cohort, cohort, flow, ""))
    arguments = ["--study", NAME, "--output", str(tmp_path / "out")]
    assert command.main(arguments) == 1
    assert "dbt build --vars '{zigong: true}'" in capsys.readouterr().err.replace("\n", " ")
    assert not (tmp_path / "out").exists()
    monkeypatch.setattr(command, "read_marts", lambda _: Marts(cohort, cohort, flow, "", external=external))
    assert command.main([*arguments, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [estimate["model"] for estimate in told["external"]["estimates"]] == list(EXTERNAL_MODELS)
    assert command.main([*arguments]) == 0
    assert "External cohort (Zigong)" in capsys.readouterr().out
