"""A figure, or a panel of one, that cannot be drawn is a line of text in its place; so is a part without anything."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis_py.report.figures.empty import has_bars, has_curves, has_estimate, say_instead
from analysis_py.report.page import Part
from analysis_py.report.present import write_results
from analysis_py.report.render import render_report
from analysis_py.study.read_marts import type_cohort
from analysis_py.study.study import Study, run_study
from analysis_py.study.suppression import HIDDEN

MakeCohort = Callable[..., pd.DataFrame]
NOBODY = "nobody in the cohort was given dexmedetomidine"


def study_of(cohort: pd.DataFrame, flow: pd.DataFrame) -> Study:
    return run_study(type_cohort(cohort, "dexsic.analysis_cohort"), flow, 1, 1, lambda _: None)


def section(page: str, anchor: str) -> str:
    found = re.search(rf'<section id="{anchor}".*?</section>', page, re.DOTALL)
    assert found is not None, anchor
    return re.sub(r"base64,[^\"]*", "", found.group())


def drawn(folder: Path) -> set[str]:
    return {path.stem for path in (folder / "figures").glob("*.svg")}


def test_where_nobody_is_treated_there_is_no_empty_figure_and_each_reason_once(
    make_cohort: MakeCohort, flow: pd.DataFrame, tmp_path: Path
) -> None:
    study = study_of(make_cohort(60).assign(treated=False), flow)
    write_results(tmp_path, study, flow, 0, 1)
    assert drawn(tmp_path) == {"flow", "kaplan_meier", "imputation"}
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    robustness = section(page, "robustness")
    assert re.search(rf"None of \d+ lines can be estimated: {NOBODY}\.", robustness)
    assert "not estimable" not in robustness and robustness.count(NOBODY) <= 3
    # the file keeps every line
    table = pd.read_csv(tmp_path / "tables" / "robustness.csv")
    ratios = table.filter(like="HR").iloc[:, 0]
    assert len(table) == 3 and ratios.str.startswith("not estimable: ").all()
    # a zero is a zero, in the heading and in the cells
    baseline = section(page, "baseline")
    assert "dexmedetomidine, n = 0" in baseline and HIDDEN not in baseline


def test_what_is_too_small_to_be_drawn_is_said(make_cohort: MakeCohort, flow: pd.DataFrame, tmp_path: Path) -> None:
    write_results(tmp_path, study_of(make_cohort(400), flow), flow, 1000, 1)
    assert not {"kaplan_meier", "propensity_overlap"} & drawn(tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert '<p class="undrawn">No curves: each group has fewer than 1000 patients or deaths.</p>' in page
    assert "No figure of the propensity score: no bar stands for 1000 patients." in section(page, "balance")


def test_a_panel_without_curves_is_left_out_and_named(
    make_cohort: MakeCohort, flow: pd.DataFrame, tmp_path: Path
) -> None:
    study = study_of(make_cohort(400), flow)
    assert study.matched is not None
    deaths = [frame.groupby("treated")["died_28d_hospital"].sum() for frame in study.cohorts.values()]
    between = int(deaths[1].max()) + 1  # after matching both groups have fewer deaths than this
    assert deaths[0].max() >= between
    write_results(tmp_path, study, flow, between, 1)
    survival = section((tmp_path / "report.html").read_text(encoding="utf-8"), "survival")
    assert f"After matching: no curves, each group has fewer than {between} patients or deaths." in survival
    figure = (tmp_path / "figures" / "kaplan_meier.svg").read_text(encoding="utf-8")
    assert "<!-- Before matching -->" in figure and "<!-- After matching -->" not in figure


def test_a_part_without_anything_is_not_shown() -> None:
    page = render_report("A title", None, [], [], [Part("empty", "Empty"), Part("full", "Full", ["a"])], {}, "", {})
    assert 'id="full"' in page and "Empty" not in page and "#empty" not in page


@pytest.mark.parametrize(("bars", "is_drawn"), [([0.0, 0.0], False), ([0.0, 2.0], True), ([0.0, -2.0], True)])
def test_a_histogram_is_empty_without_a_bar(bars: list[float], is_drawn: bool) -> None:
    axis = Figure().subplots()
    axis.stairs(bars, [0.0, 0.5, 1.0], fill=True)
    assert has_bars(axis) == is_drawn


def test_a_forest_needs_an_estimate_and_an_axis_a_curve() -> None:
    assert not has_estimate(pd.DataFrame()) and not has_estimate(pd.DataFrame({"estimate": [np.nan]}))
    assert has_estimate(pd.DataFrame({"estimate": [np.nan, 1.0]}))
    axis = Figure().subplots()
    axis.plot([], [])
    assert not has_curves(axis)
    axis.plot([1], [1])
    assert has_curves(axis)
    say_instead(axis, "A title", "and why")
    assert [text.get_text() for text in axis.texts] == ["and why"] and not axis.axison and not axis.lines
