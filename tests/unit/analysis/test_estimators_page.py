"""The estimators as they are shown: what stands in table, figure, terminal and JSON, and which small counts do not."""

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from analysis_py.marts.build_record import NO_RECORD
from analysis_py.report.captions.shown import Shown
from analysis_py.report.estimators.tables import ABOUT, TITLES, estimators_table, forest_lines
from analysis_py.report.estimators.words import TABLE, estimators_alternative, sentences
from analysis_py.report.present import write_results
from analysis_py.report.terminal import show, summary
from analysis_py.study.estimators.names import (
    AALEN_JOHANSEN,
    ADJUSTED,
    AIPW,
    ANALYSIS,
    ESS,
    ESTIMATORS,
    EXTENDED,
    FINE_GRAY,
    HR,
    IPTW_ATE,
    IPTW_ATT,
    LARGEST_SMD,
    LARGEST_WEIGHT,
    MATCHED_1,
    MATCHED_2,
    MATCHED_EXACT,
    MEASURES,
    OR,
    OVERLAP,
    PAPER,
    RD,
    RR,
    SHR,
    STANDARDIZATION,
    WEIGHTS_ANALYSIS,
    cohort_of,
)
from analysis_py.study.estimators.suppression import suppress_estimators
from analysis_py.study.read_marts import type_cohort, type_extended
from analysis_py.study.readings import FOLLOW_UP_DISCHARGE
from analysis_py.study.results import Row
from analysis_py.study.study import Study, run_study
from analysis_py.study.suppression import HIDDEN
from analysis_py.study.trial.suppression import suppress_all
from analysis_py.study.variables import DEATH_28D, TREATMENT
from tests.unit.analysis.conftest import _extended

pytestmark = pytest.mark.needs_half_an_hour

MakeCohort = Callable[..., pd.DataFrame]
FLOW = pd.DataFrame({"step": [1], "rule": ["Sepsis-3"], "n_before": [900], "n_excluded": [500], "n_after": [400]})
BELOW = 10


def estimate(model: str, measure: str, value: float, n: int = 900, events: int = 150, level: str = PAPER) -> Row:
    place = Row(ANALYSIS, cohort_of(model), DEATH_28D, model, TREATMENT, level, measure)
    return replace(place, estimate=value, lower=value - 0.1, upper=value + 0.1, p_value=0.04, n=n, events=events)


def weights(model: str, treated: tuple[int, int], control: tuple[int, int], level: str = PAPER) -> list[Row]:
    place = Row(WEIGHTS_ANALYSIS, cohort_of(model), DEATH_28D, model, level=level)
    arms = [
        replace(place, cohort=f"{place.cohort} {group}", measure=ESS, estimate=n - 0.5, n=n, events=events)
        for group, (n, events) in (("control", control), ("treated", treated))
    ]
    total = treated[0] + control[0]
    return [
        *arms,
        replace(place, measure=LARGEST_WEIGHT, estimate=3.25, n=total),
        replace(place, measure=LARGEST_SMD, term="inr_ratio", estimate=0.1234, n=total),
    ]


# --- small counts -----------------------------------------------------------------------------------------------------


def shown(*rows: Row) -> list[Row]:
    return suppress_estimators(rows, BELOW)


def test_nothing_is_hidden_where_all_counts_are_large() -> None:
    rows = [estimate(IPTW_ATT, RD, -0.05), *weights(IPTW_ATT, (100, 10), (800, 140))]
    assert shown(*rows) == rows
    assert suppress_estimators([*weights(IPTW_ATT, (9, 3), (9, 3))], 0) == weights(IPTW_ATT, (9, 3), (9, 3))


@pytest.mark.parametrize("treated", [(100, 9), (100, 91), (9, 0)])
def test_few_deaths_survivors_or_patients_of_an_arm_hide_the_estimators_counts(treated: tuple[int, int]) -> None:
    rows = [estimate(IPTW_ATT, measure, 0.8) for measure in MEASURES[IPTW_ATT]]
    found = shown(*rows, *weights(IPTW_ATT, treated, (800, 140)), *weights(OVERLAP, (100, 40), (800, 140)))
    counts = {row.n for row in found if row.model == IPTW_ATT} | {row.events for row in found if row.model == IPTW_ATT}
    assert not any(isinstance(count, int) and count > 0 for count in counts)
    # weights of 1 make the risk of the treated a share, and a difference and a ratio give both risks
    kept = {row.measure for row in found if row.model == IPTW_ATT and row.estimate is not None}
    assert kept == {HR, LARGEST_WEIGHT, LARGEST_SMD} | ({ESS} if treated[0] > 9 else set())
    assert [row.n for row in found if row.model == OVERLAP] == [800, 100, 900, 900]


def test_matched_estimates_are_of_four_counts() -> None:
    rows = [estimate(MATCHED_1, HR, 0.8, 180, 30), estimate(ADJUSTED, HR, 0.8), estimate(AIPW, RD, -0.1)]
    small = [*weights(MATCHED_1, (90, 8), (90, 22)), *weights(ADJUSTED, (100, 9), (800, 141))]
    found = shown(*rows, *small)
    assert found[0].estimate is None and found[0].p_value is None
    assert found[0].note == "a count below 10 is not shown" and found[0].n == found[0].events == HIDDEN
    assert found[1].estimate == 0.8 and found[1].events == HIDDEN  # a model with covariates tells no count
    assert found[2] == rows[2]


def test_events_per_coefficient_go_with_the_events() -> None:
    row = replace(estimate(ADJUSTED, OR, 0.8), events_per_coefficient=3.0)
    (found, *_) = shown(row, *weights(ADJUSTED, (100, 9), (800, 141)))
    assert found.events_per_coefficient == "<5"


def test_a_way_of_matching_that_loses_a_few_treated_does_not_say_how_few() -> None:
    rows = [*weights(MATCHED_EXACT, (87, 20), (87, 20)), *weights(MATCHED_1, (90, 20), (90, 25))]
    rows.append(estimate(MATCHED_EXACT, HR, 0.8, 174, 40))
    found = shown(*rows)
    assert [row.n for row in found if row.model == MATCHED_1] == [90, 90, 180, 180]
    assert {row.n for row in found if row.model == MATCHED_EXACT} == {HIDDEN}
    assert found[-1].estimate == 0.8 and found[-1].events == HIDDEN
    assert {row.estimate for row in found if row.model == MATCHED_EXACT and row.measure == ESS} == {None}
    far = [*weights(MATCHED_EXACT, (80, 20), (80, 20)), *weights(MATCHED_1, (90, 20), (90, 25))]
    assert shown(*far) == far
    same = [*weights(MATCHED_2, (90, 20), (150, 25)), *weights(MATCHED_1, (90, 20), (90, 25))]
    assert shown(*same) == same


def test_the_estimators_are_hidden_with_all_other_rows() -> None:
    rows = [estimate(MATCHED_1, RR, 0.8, 180, 30), *weights(MATCHED_1, (90, 8), (90, 22))]
    assert suppress_all(rows, BELOW) == shown(*rows)


# --- tables and words -------------------------------------------------------------------------------------------------


def test_every_estimator_has_a_title_and_says_whom_it_is_about() -> None:
    assert list(TITLES) == list(ESTIMATORS) and set(ABOUT) == set(ESTIMATORS)
    assert ABOUT[IPTW_ATE] != ABOUT[IPTW_ATT] != ABOUT[OVERLAP]


def test_a_line_holds_the_numbers_of_its_rows() -> None:
    rows = [
        estimate(OVERLAP, HR, 0.7),
        estimate(OVERLAP, RD, -0.051),
        replace(estimate(FINE_GRAY, SHR, 0.75), events_per_coefficient=4.9),
        replace(estimate(ADJUSTED, OR, 0.6), events_per_coefficient=5.0),
        replace(estimate(AIPW, RD, 0.0), estimate=None, note="not estimable: a reason"),
        *weights(OVERLAP, (269, 39), (1231, 176)),
    ]
    table = estimators_table(rows).set_index("Estimator")
    assert list(table.index) == [TITLES[name] for name in (OVERLAP, AIPW, ADJUSTED, FINE_GRAY)]
    line = table.loc[TITLES[OVERLAP]]
    assert line["section"] == "Adjusted for the paper's covariates"
    assert line["Deaths / n"] == "150 / 900"
    assert line["Hazard ratio (95 % CI)"] == "0.70 (0.60–0.80), p = 0.040"
    assert line["Risk difference, points (95 % CI)"] == "-5.1 (-15.1 to +4.9)"
    assert line["Effective size"] == "268 / 1,230"  # treated first
    assert line["Largest weight"] == "3.2"
    assert line["Largest SMD"] == "0.123, INR"
    assert table.loc[TITLES[FINE_GRAY], "Hazard ratio (95 % CI)"].endswith("†")
    assert not table.loc[TITLES[ADJUSTED], "Odds ratio (95 % CI)"].endswith("†")
    assert table.loc[TITLES[AIPW], "Risk difference, points (95 % CI)"] == "n/e"


def test_the_figure_has_every_ratio_of_hazards_and_nothing_else() -> None:
    rows = [
        estimate(OVERLAP, HR, 0.7),
        estimate(OVERLAP, RR, 0.9),
        estimate(FINE_GRAY, SHR, 0.75),
        estimate(ADJUSTED, OR, 0.6),
        estimate(OVERLAP, HR, 0.65, level=EXTENDED),
    ]
    lines = forest_lines(rows)
    assert lines["label"].tolist() == [
        "Adjusted for the paper's covariates",
        TITLES[OVERLAP],
        TITLES[FINE_GRAY],
        "Adjusted for the extended covariates",
        TITLES[OVERLAP],
    ]
    assert lines["estimate"].dropna().tolist() == [0.7, 0.75, 0.65]


def test_the_sentence_names_the_extremes_and_counts_the_unbalanced() -> None:
    rows = [
        estimate(OVERLAP, HR, 0.7),
        estimate(FINE_GRAY, SHR, 0.75),
        estimate(IPTW_ATE, HR, 0.81),
        estimate(ADJUSTED, OR, 0.1),
        estimate(AIPW, RD, -0.05),
        estimate(AALEN_JOHANSEN, RD, 0.012),
        *weights(OVERLAP, (269, 39), (1231, 176)),
        replace(weights(IPTW_ATE, (269, 39), (1231, 176))[3], estimate=0.0999),
        *weights(ADJUSTED, (269, 39), (1231, 176)),
    ]
    first, last = sentences(rows)
    assert "lies between 0.70 (overlap weights) and 0.81 (inverse probability weights, ATE) by 3 estimators" in first
    assert "between -5.0 and +1.2 points" in first
    assert "Of 2 that weight or match 1 leave a covariate with a difference of 0.1 or more" in first
    assert "no weight and no match takes that away" in last
    assert sentences([]) == []
    assert "no estimator gives a hazard ratio" in sentences([replace(rows[0], estimate=None)])[0]


# --- a whole study ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def study(make_cohort: MakeCohort) -> Study:
    raw = make_cohort(400)
    cohort = type_cohort(raw, "mart")
    ends = np.where(cohort[DEATH_28D], cohort["followup_28d_days"], cohort["hospital_days"].clip(upper=28))
    stays = pd.DataFrame({FOLLOW_UP_DISCHARGE: ends}, index=cohort.index)  # without the columns of other readings
    return run_study(cohort, FLOW, 2, 1, lambda _: None, stays)


@pytest.fixture(scope="module")
def written(study: Study, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Row]]:
    folder = tmp_path_factory.mktemp("estimators")
    return folder, write_results(folder, study, FLOW, BELOW, 1)


def test_a_run_tells_every_estimator_in_every_place(study: Study, written: tuple[Path, list[Row]]) -> None:
    folder, rows = written
    own = [row for row in rows if row.analysis == ANALYSIS]
    assert len(own) == sum(map(len, MEASURES.values()))
    results = pd.read_csv(folder / "results.csv")
    assert (results["analysis"] == ANALYSIS).sum() == len(own)
    table = pd.read_csv(folder / "tables" / f"{TABLE}.csv")
    assert table["Estimator"].tolist() == list(TITLES.values())
    assert (folder / "figures" / "estimators_forest.svg").is_file()
    page = (folder / "report.html").read_text(encoding="utf-8")
    section = re.search(r'<section[^>]*id="estimators".*?</section>', page, re.S)
    assert section is not None
    for title in TITLES.values():
        assert title in section.group()
    order = [page.index(f'id="{anchor}"') for anchor in ("models", "estimators", "trial")]
    assert order == sorted(order)
    hazard = next(row for row in own if (row.model, row.measure) == (OVERLAP, HR))
    assert f"{hazard.estimate:.2f} ({hazard.lower:.2f}–{hazard.upper:.2f})" in section.group()
    assert f"{hazard.estimate:.2f}" in estimators_alternative(Shown(study, rows, FLOW, BELOW))


def test_terminal_and_json_tell_them_too(study: Study, written: tuple[Path, list[Row]]) -> None:
    folder, rows = written
    out = io.StringIO()
    show(Console(file=out, width=300), study, rows)
    told = [line for line in out.getvalue().splitlines() if line.startswith("estimators: ")]
    assert told == [f"estimators: {sentence}" for sentence in sentences(rows)] and len(told) == 2
    found = json.loads(json.dumps(summary(study, rows, folder, BELOW)))["estimators"]
    assert len(found["estimates"]) == sum(map(len, MEASURES.values()))
    assert len(found["weights"]) == 4 * len(ESTIMATORS)
    first, wanted = found["estimates"][0], next(row for row in rows if row.analysis == ANALYSIS)
    assert (first["estimator"], first["adjustment"], first["measure"]) == (IPTW_ATE, PAPER, HR)
    assert (first["estimate"], first["events"]) == (wanted.estimate, wanted.events)
    groups = [line["group"] for line in found["weights"] if line["estimator"] == STANDARDIZATION]
    assert groups == ["control", "treated", None, None]


def own_rows(study: Study) -> list[Row]:
    return [row for row in study.rows if row.analysis in (ANALYSIS, WEIGHTS_ANALYSIS)]


def test_the_extended_adjustment_leaves_the_papers_as_it_is(
    make_cohort: MakeCohort,
) -> None:
    raw = make_cohort(250)
    cohort = type_cohort(raw, "mart")
    extended = type_extended(_extended(raw), "mart")
    alone, both = (run_study(cohort, FLOW, 1, 1, lambda _: None, None, NO_RECORD, one) for one in (None, extended))
    rows = own_rows(both)
    assert [row for row in rows if row.level == PAPER] == own_rows(alone)
    assert len(rows) == 2 * len(own_rows(alone))
    hazards = [row.estimate for row in rows if (row.model, row.measure) == (OVERLAP, HR)]
    assert len(set(hazards)) == 2
    coefficients = [row.events_per_coefficient for row in rows if (row.model, row.measure) == (ADJUSTED, HR)]
    assert coefficients[1] < coefficients[0]
    assert both.remarks == alone.remarks
    some = run_study(cohort, FLOW, 1, 1, lambda _: None, None, NO_RECORD, extended.iloc[1:])
    assert {row.level for row in own_rows(some)} == {PAPER}
    assert "No extended adjustment: 1 stays of the cohort have no row" in some.remarks[-1]
    empty = run_study(cohort, FLOW, 1, 1, lambda _: None, None, NO_RECORD, extended.assign(rass=np.nan))
    assert {row.level for row in own_rows(empty)} == {PAPER, EXTENDED}
    assert "in no model: RASS" in empty.remarks[-1]


def test_the_numbers_do_not_depend_on_how_many_processes_there_are(study: Study) -> None:
    stays = pd.DataFrame({FOLLOW_UP_DISCHARGE: 28.0}, index=study.full.index)
    one, two = (run_study(study.full, FLOW, 1, 1, lambda _: None, stays, processes=count) for count in (1, 2))
    assert own_rows(one) == own_rows(two)
    assert len(own_rows(one)) == sum(map(len, MEASURES.values())) + 4 * len(ESTIMATORS)
