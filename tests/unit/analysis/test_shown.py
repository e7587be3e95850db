"""From rows to what a reader sees: the numbers stand in their cells, in their order, with their digits."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from analysis_py.report.present import _write_rows
from analysis_py.report.tables.cells import deaths_of, ratio, told_ratio
from analysis_py.report.tables.cohort import table_one
from analysis_py.report.tables.effects import e_value_table, subgroup_table, table_two
from analysis_py.report.terminal import _estimate
from analysis_py.study.analyses.describe import format_cell, format_p
from analysis_py.study.analyses.pooling import main_row
from analysis_py.study.results import Row, as_frame, largest_smd
from analysis_py.study.suppression import HIDDEN

HAZARD = Row("outcome_models", "full", "died_28d_hospital", "model 1", "treated", "", "HR", 0.714, 0.526, 0.949, 0.0204)
HAZARD = replace(HAZARD, n=428, events=70)


def one(row: Row) -> "pd.Series[object]":
    return as_frame([row]).iloc[0]


def test_a_cell_is_a_median_with_quartiles_or_a_count_with_its_share() -> None:
    median = Row("table_one", "full treated", term="x", measure="median", estimate=2.345, lower=1.2, upper=3.4, n=77)
    assert format_cell(one(median)) in ("2.35 [1.20, 3.40]", "2.34 [1.20, 3.40]")
    percent = Row("table_one", "full treated", term="x", measure="percent", estimate=12.34, n=12_000, events=1481)
    assert format_cell(one(percent)) == "1,481 (12.3)"
    assert format_cell(one(replace(percent, estimate=None, events="<10", note="small"))) == "<10"
    assert format_cell(one(replace(percent, estimate=None, events=None, note="small"))) == HIDDEN
    # of nobody there is nothing to hide
    assert format_cell(one(replace(median, estimate=None, n=0, note="no values"))) == "–"
    assert format_cell(one(replace(percent, estimate=None, n=0, events=0))) == "–"


def test_p_values_have_three_digits_and_none_is_zero() -> None:
    assert [format_p(p) for p in (0.0004, 0.00099, 0.001, 0.0204, 0.9996)] == [
        "<0.001",
        "<0.001",
        "0.001",
        "0.020",
        "1.000",
    ]


def test_a_ratio_stands_before_its_interval_and_p() -> None:
    assert told_ratio(HAZARD) == "0.71 (0.53–0.95), p = 0.020"
    assert told_ratio(replace(HAZARD, p_value=0.0002)) == "0.71 (0.53–0.95), p < 0.001"
    assert told_ratio(replace(HAZARD, estimate=None, note="not estimable: no events")) == "not estimable: no events"
    assert ratio(1234.0, 0.001, 0.0051) == ">999 (<0.01–0.01)"
    assert deaths_of(HAZARD) == "70 / 428"


def test_table_one_has_each_group_in_its_own_column() -> None:
    rows = [
        Row("table_one", f"full {group}", term="is_female", measure="percent", estimate=share, n=100, events=count)
        for group, share, count in (("control", 40.0, 40), ("treated", 25.0, 25))
    ]
    rows += [
        Row("balance", "full", term="is_female", measure="SMD", estimate=0.3237),
        Row("balance", "full", term="is_female", measure="p", p_value=0.034),
        Row("missing", "full", term="is_female", measure="percent", estimate=1.5, n=200, events=3),
        Row("outcomes", "full control", term="died_28d_hospital", measure="percent", n=100, events=1),
        Row("outcomes", "full treated", term="died_28d_hospital", measure="percent", n=200, events=1),
    ]
    table = table_one(rows, ["full"], "dexmedetomidine")
    line = table[table["Variable"].str.startswith("Female")].iloc[0]
    assert line["Before matching: control, n = 100"] == "40 (40.0)"
    assert line["Before matching: dexmedetomidine, n = 200"] == "25 (25.0)"
    assert (line["Before matching: SMD"], line["Before matching: p"]) == ("0.324", "0.034")
    assert line["Missing, n (%)"] == "3 (1.5)"


def test_table_two_keeps_outcomes_apart() -> None:
    odds = replace(HAZARD, outcome="died_hospital", measure="OR", estimate=0.6, lower=0.4, upper=0.9, p_value=0.011)
    table = table_two([HAZARD, odds])
    told = " | ".join(map(str, table.iloc[0]))
    assert told.index("0.71 (0.53–0.95)") < told.index("0.60 (0.40–0.90)")
    assert [cell for name, cell in table.iloc[0].items() if "HR (" in str(name)] == ["0.71 (0.53–0.95), p = 0.020"]
    assert [cell for name, cell in table.iloc[0].items() if "OR (" in str(name)] == ["0.60 (0.40–0.90), p = 0.011"]


def test_subgroups_show_deaths_of_patients_and_the_interaction() -> None:
    place = replace(HAZARD, analysis="subgroup", cohort="matched", term="is_female")
    rows = [
        replace(place, level="Female", n=100, events=11),
        replace(place, level="Male", n=328, events=59, estimate=0.5),
        replace(place, measure="interaction, chi-square", estimate=3.1, lower=None, upper=None, p_value=0.078),
    ]
    told = subgroup_table(rows).astype(str).agg(" | ".join, axis=1).tolist()
    (female,) = (line for line in told if "Female" in line)
    (male,) = (line for line in told if "| Male" in line or line.startswith("Male"))
    assert "11" in female and "100" in female and "0.71 (0.53–0.95)" in female
    assert "59" in male and "328" in male and "0.50 (" in male
    assert any("0.078" in line for line in told)


def test_e_values_stand_beside_their_estimate() -> None:
    place = Row("e_value", "full", "died_28d_hospital", "model 1", "treated", measure="E-value")
    rows = [HAZARD, replace(place, level="point", estimate=1.85), replace(place, level="limit", estimate=1.2)]
    told = " | ".join(map(str, e_value_table(rows).iloc[0]))
    assert told.index("1.85") < told.index("1.20")


def test_the_largest_difference_is_the_one_that_is_told() -> None:
    rows = [
        Row("balance", cohort, term=name, measure="SMD", estimate=value)
        for cohort, name, value in (("full", "a", 0.5), ("full", "b", 0.1), ("matched", "c", 0.9))
    ]
    rows.append(Row("balance", "full", term="d", measure="variance ratio", estimate=7.0))
    largest = largest_smd(rows, "full")
    assert largest is not None and (largest.term, largest.estimate) == ("a", 0.5)


def test_the_main_estimate_is_the_pooled_hazard_ratio_of_model_3() -> None:
    def row(analysis: str, outcome: str, model: str, level: str, estimate: float) -> Row:
        place = replace(HAZARD, analysis=analysis, cohort="matched", outcome=outcome, model=model, level=level)
        return replace(place, estimate=estimate)

    single = "standard error clustered on pair"
    rows = [
        row("outcome_models", "died_28d_hospital", "model 3", "", 0.1),
        row("robustness", "died_28d_hospital", "model 3", single, 0.2),
    ]
    alone = main_row(rows)
    assert alone is not None and alone.estimate == 0.2
    pooled = [
        row("pooled_clustered", outcome, model, "pooled over 5 imputations", estimate)
        for outcome, model, estimate in (
            ("died_28d_hospital", "model 1", 0.3),
            ("died_28d_hospital", "model 3", 0.4),
            ("died_hospital", "model 3", 0.5),
        )
    ]
    main = main_row([*rows, *pooled])
    assert main is not None and main.estimate == 0.4
    assert main_row([HAZARD]) is None


def test_results_csv_keeps_eight_digits_and_whole_counts(tmp_path: Path) -> None:
    row = replace(HAZARD, estimate=0.123456789, n=428, events="<10")
    _write_rows(tmp_path, [row], "", None)
    head, line = (tmp_path / "results.csv").read_text().splitlines()
    cells = dict(zip(head.split(","), line.split(","), strict=True))
    assert (cells["estimate"], cells["n"], cells["events"]) == ("0.12345679", "428", "<10")
    assert [cells[name] for name in ("lower", "upper", "p_value")] == ["0.526", "0.949", "0.0204"]


@pytest.mark.parametrize("name", ["estimate", "lower", "upper", "p_value", "n", "events"])
def test_the_json_of_an_estimate_holds_each_number_under_its_name(name: str) -> None:
    assert _estimate(HAZARD)[name] == getattr(HAZARD, name)
