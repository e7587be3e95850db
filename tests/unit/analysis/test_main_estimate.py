"""What a reader is told first, and what stands beside it: pooled, whom it leaves out, on how many events, how often."""

import gzip
import io
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from docx import Document
from rich.console import Console

from analysis_py.report.present import write_results
from analysis_py.report.published import published_and_ours
from analysis_py.report.tables.cells import FEW_MARK, few
from analysis_py.report.terminal import show, summary
from analysis_py.statistics.imputation import pool
from analysis_py.study.analyses.cohorts import match_cohort
from analysis_py.study.analyses.effects import effect_clustered
from analysis_py.study.analyses.multiplicity import holm
from analysis_py.study.analyses.pooling import CLUSTERED, COHORTS, main_row, pooled
from analysis_py.study.analyses.unmatched import sentences, unmatched_rows
from analysis_py.study.read_marts import type_cohort
from analysis_py.study.results import Row, find
from analysis_py.study.study import Study, run_study
from analysis_py.study.suppression import suppress
from analysis_py.study.variables import DEATH_28D, MODEL_3
from tests.golden.folder import FORMER
from tests.unit.analysis.conftest import _make_cohort, _make_flow

REFERENCE = Path(__file__).parents[4] / "shared" / "reference" / "study"
KEY = ["analysis", "cohort", "outcome", "model", "term", "level", "measure"]
NUMBERS = ["estimate", "lower", "upper", "p_value", "n", "events"]


@dataclass(frozen=True)
class Told:
    """One study and all that is told of it."""

    study: Study
    rows: list[Row]
    folder: Path
    page: str
    terminal: str
    summary: dict[str, object]

    @property
    def results(self) -> pd.DataFrame:
        return pd.read_csv(self.folder / "results.csv")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Few deaths for 21 coefficients after matching; a few treated with a propensity that nobody else has."""
    cohort = type_cohort(_make_cohort(700), "dexsic.analysis_cohort")
    study = run_study(cohort, _make_flow(700), 3, 1, lambda _: None)
    return tell(study, tmp_path_factory.mktemp("told"), 0)


def tell(study: Study, folder: Path, below: int) -> Told:
    rows = write_results(folder, study, _make_flow(700), below, 1)
    written = io.StringIO()
    show(Console(file=written, width=200), study, rows)
    page = re.sub(r"<[^>]+>", "", re.sub(r"base64,[^\"]*", "", (folder / "report.html").read_text()))
    return Told(study, rows, folder, page, written.getvalue(), summary(study, rows, folder, below))


def by_hand(study: Study) -> Row:
    copies = [match_cohort(copy).data for copy in study.completed.copies]
    estimate = pool([effect_clustered(copy, DEATH_28D, MODEL_3) for copy in copies])
    return Row(CLUSTERED, "matched", DEATH_28D, "model 3", "treated", "pooled over 3 imputations").holding(estimate)


# --- the number at the top ---------------------------------------------------------------------------------------


def test_the_first_number_is_pooled_over_all_copies_each_matched_anew(told: Told) -> None:
    expected = by_hand(told.study)
    single = find(told.rows, "outcome_models", "matched", model="model 3", outcome=DEATH_28D)
    assert single is not None and expected.estimate is not None
    assert abs(np.log(expected.estimate / (single.estimate or 0))) > 0.01  # or this test could not tell them apart
    assert main_row(told.rows) == expected
    top = f"{expected.estimate:.2f} (95 % CI {expected.lower:.2f} to {expected.upper:.2f})"
    assert told.page.index(f"The fully adjusted hazard ratio is {top}") < told.page.index("As published, from one")
    short = f"{expected.estimate:.2f} ({expected.lower:.2f}–{expected.upper:.2f})"
    assert told.terminal.index(short) < told.terminal.index("as published")
    headline = told.summary["headline"]
    assert isinstance(headline, dict)
    assert (headline["estimate"], headline["upper"]) == (expected.estimate, expected.upper)
    line = told.results.query("analysis == 'pooled_clustered' and outcome == @DEATH_28D and model == 'model 3'")
    assert line["upper"].item() == pytest.approx(expected.upper, rel=1e-7)
    first = pd.read_csv(told.folder / "tables" / "table2_models.csv")
    assert first["section"].iloc[0].startswith("Ours: matched within each imputed data set")
    assert first.iloc[2, 2].startswith(short)
    document = Document(str(told.folder / "manuscript" / "tables.docx"))
    assert any(short in cell.text for table in document.tables for cell in table._cells)


def test_one_copy_alone_is_clustered_and_said_to_be_one(told: Told) -> None:
    rows = [row for row in told.rows if row.analysis != CLUSTERED]
    main = main_row(rows)
    assert main is not None and main.analysis == "robustness"
    assert main == find(rows, "robustness", "matched", outcome=DEATH_28D, model="model 3", level=main.level)
    assert "clustered on pair" in main.level


def test_a_copy_that_cannot_be_matched_is_a_reason_and_no_number(told: Told) -> None:
    copies = told.study.completed.copies
    matched = pooled([copies[0], copies[1].assign(treated=False)], "matched", ())
    assert len(matched) == 18 and all(row.estimate is None for row in matched)
    assert {row.note for row in matched} == {"not estimable: treated has no treated rows"}


@pytest.mark.needs_shared
def test_every_pooled_row_is_that_of_mice_and_sandwich() -> None:
    copies = [_typed(f"completed_{at}") for at in range(1, 6)]
    expected = pd.read_csv(REFERENCE / "expected.csv", keep_default_na=False).set_index(KEY)
    chosen = expected[["pooled" in " ".join(key) for key in expected.index]]
    rows = [row for cohort in COHORTS for row in pooled(copies, cohort, ())]
    ours = {tuple(str(getattr(row, name)) for name in KEY): row for row in rows}
    assert set(ours) == set(chosen.index) and len(chosen) == 30
    for key, row in ours.items():
        line = chosen.loc[key]
        for name in NUMBERS:
            allowed = 0 if name in ("n", "events") else float(line["tolerance"]) * abs(float(line[name])) + 1e-9
            assert float(getattr(row, name)) == pytest.approx(float(line[name]), abs=allowed, rel=0), (key, name)


def _typed(name: str) -> pd.DataFrame:
    with gzip.open(REFERENCE / f"{name}.csv.gz", "rt") as file:
        return type_cohort(pd.read_csv(file, float_precision="round_trip").rename(columns=FORMER), name)


# --- the treated without a partner -------------------------------------------------------------------------------


def test_the_treated_who_were_not_matched_are_told_of_everywhere(told: Told) -> None:
    assert told.study.matched is not None
    full, propensity = told.study.full, told.study.matched.propensity
    left = full[full["treated"] & ~full.index.isin(told.study.matched.data.index)]
    assert len(left) > 2
    words = f"{len(left)} of {int(full['treated'].sum())} patients with dexmedetomidine were not matched"
    means = propensity[left.index].mean(), propensity[full.index[full["treated"]].difference(left.index)].mean()
    words += f" (mean propensity {means[0]:.2f}, of the matched {means[1]:.2f})"
    assert means[0] > means[1] + 0.1
    checklist = (told.folder / "tables" / "checklist.csv").read_text()
    printed = "\n".join(each.text for each in Document(str(told.folder / "manuscript" / "tables.docx")).paragraphs)
    latex = (told.folder / "manuscript" / "tables.tex").read_text()
    for place in (told.page, told.terminal, checklist, printed, latex):
        assert words in place and "no longer about all who were treated" in place
    assert told.summary["unmatched_treated"] == {
        "n": len(left),
        "of": int(full["treated"].sum()),
        "mean_propensity": pytest.approx(means[0]),
    }
    table = pd.read_csv(told.folder / "tables" / "unmatched.csv").set_index("Variable")
    age = left["age_years"].quantile([0.5, 0.25, 0.75]).tolist()
    assert table.loc["Age (years)", f"Not matched, n = {len(left)}"] == "{:.2f} [{:.2f}, {:.2f}]".format(*age)
    share = f"{int(left['ventilation_24h'].sum())} ({100 * left['ventilation_24h'].mean():.1f})"
    assert table.loc["Mechanical ventilation, n (%)", f"Not matched, n = {len(left)}"] == share


def test_few_who_were_not_matched_are_hidden(told: Told) -> None:
    assert told.study.matched is not None
    full, matched = told.study.full, told.study.matched
    spared = full.index[full["treated"] & ~full.index.isin(matched.data.index)][3:]
    rows = suppress(unmatched_rows(full.drop(spared), matched), 10)
    assert rows[0].events == "<10" and rows[0].estimate is None
    described = [row for row in rows if row.cohort == "unmatched treated"]
    assert described and all(row.estimate is None and row.n == "<10" for row in described)
    assert not re.search(r"\b3\b", " ".join(sentences(rows, "dexmedetomidine")))
    nobody = unmatched_rows(full.drop(full.index[full["treated"] & ~full.index.isin(matched.data.index)]), matched)
    assert nobody[0].events == 0
    assert sentences(nobody, "dexmedetomidine")[0].startswith("Every patient with dexmedetomidine was matched")


# --- events per coefficient --------------------------------------------------------------------------------------


def test_estimates_on_few_events_are_marked_wherever_they_are_shown(told: Told) -> None:
    single = find(told.rows, "outcome_models", "matched", model="model 3", outcome=DEATH_28D)
    crude = find(told.rows, "outcome_models", "matched", model="model 1", outcome=DEATH_28D)
    main = main_row(told.rows)
    assert single is not None and crude is not None and main is not None
    assert isinstance(single.events, int) and single.is_few and main.is_few and not crude.is_few
    assert single.events_per_coefficient == pytest.approx(single.events / 21, abs=0.005)
    line = told.results.query("analysis == 'outcome_models' and cohort == 'matched' and outcome == @DEATH_28D")
    assert line["events_per_coefficient"].tolist()[2] == single.events_per_coefficient
    assert told.results.columns[-1] == "events_per_coefficient"
    table = pd.read_csv(told.folder / "tables" / "table2_models.csv")
    own = table[table["section"] == "After matching, as published"]
    assert own.iloc[2, 2].endswith(f" {FEW_MARK}") and not own.iloc[0, 2].endswith(FEW_MARK)
    assert own.iloc[2, 3] == pytest.approx(single.events / 21, abs=0.051)
    short = f"{single.estimate:.2f} ({single.lower:.2f}–{single.upper:.2f}) {FEW_MARK}"
    assert short in told.terminal and f"{FEW_MARK} fewer than 5 events per coefficient" in told.terminal
    assert told.page.count("fewer than 5 events per coefficient") > 5
    estimates = told.summary["estimates"]
    assert isinstance(estimates, list)
    assert [each["few_events"] for each in estimates if each["cohort"] == "matched"][2] is True
    assert json.dumps(told.summary)
    for name in ("robustness", "table4_exposure"):
        frame = pd.read_csv(told.folder / "tables" / f"{name}.csv")
        assert any(str(cell).endswith(FEW_MARK) for cell in frame.to_numpy().ravel())
        assert any("events per coefficient" in column for column in frame.columns)
    assert "events per coefficient" in (told.folder / "tables" / "screening.csv").read_text().lower()
    latex = (told.folder / "manuscript" / "tables.tex").read_text()
    assert r"\textdagger{} fewer than 5 events per coefficient" in latex
    comparison = published_and_ours(told.rows)
    of_model = comparison[(comparison["model"] == "model 3") & (comparison["cohort"] == "matched")]
    assert of_model.loc[of_model["statistic"] == "HR", "our_few_events"].all()


@pytest.mark.parametrize(
    ("events", "ratio", "shown"),
    [(8, 8.0, None), (3, 3.0, None), (8, 0.38, "<5"), (40, 2.0, 2.0)],
)
def test_a_hidden_count_of_events_is_not_told_by_their_share(
    events: int, ratio: float, shown: float | str | None
) -> None:
    row = Row("outcome_models", "full", DEATH_28D, "model 3", "treated", measure="HR", estimate=0.5, n=200)
    found = suppress([replace(row, events=events, events_per_coefficient=ratio)], 10)[0]
    assert found.events_per_coefficient == shown
    assert bool(few(found)) == (shown is not None)


# --- how many tests ----------------------------------------------------------------------------------------------


def test_holm_is_that_of_r() -> None:
    # p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.6, 0.7])) == pytest.approx([1, 1])


def test_families_of_tests_say_how_many_they_are(told: Told) -> None:
    frame = told.results
    tests = frame[(frame["analysis"] == "subgroup") & frame["measure"].str.startswith("interaction")][
        "p_value"
    ].dropna()
    line = frame[(frame["analysis"] == "multiplicity") & (frame["term"] == "interactions")]
    assert line["estimate"].item() == len(tests) >= 8
    assert line["p_value"].item() == pytest.approx(min(1, len(tests) * tests.min()))
    assert f"{len(tests)} tests of interactions" in told.page
    classes = frame[frame["analysis"].str.startswith("exposure") & (frame["model"] == "model 3")]["p_value"].dropna()
    assert f"{len(classes)} tests of duration and dose" in told.page
