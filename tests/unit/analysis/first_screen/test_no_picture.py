"""Where no curve can be drawn one line says why, and no empty axes stand in its place."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from analysis_py.report import present
from analysis_py.report.captions.shown import Shown
from analysis_py.report.first import First
from analysis_py.report.first_screen.picture import first_figure
from analysis_py.report.first_screen.screen import first_screen
from analysis_py.report.pictures import curves_to_draw
from analysis_py.study.gate.run import with_gate
from analysis_py.study.read_marts import type_cohort
from analysis_py.study.study import Study, run_study
from analysis_py.study.suppression import suppress_flow
from analysis_py.study.trial.suppression import suppress_all

MakeCohort = Callable[..., pd.DataFrame]


def study_of(cohort: pd.DataFrame, flow: pd.DataFrame) -> Study:
    return with_gate(run_study(type_cohort(cohort, "mart"), flow, 1, 1, lambda _: None))


def shown_as(study: Study, flow: pd.DataFrame, below: int) -> Shown:
    return Shown(study, suppress_all(study.rows, below), suppress_flow(flow, below), below)


def test_nobody_treated_has_no_picture_and_the_reason(make_cohort: MakeCohort, flow: pd.DataFrame) -> None:
    study = study_of(make_cohort(60).assign(treated=False), flow)
    shown = shown_as(study, flow, 10)
    assert first_figure(shown, study.cohorts.get("matched")) is None
    first = first_screen(shown, {})
    assert (first.picture, first.instead) == (None, "No curves: nobody in the cohort was given dexmedetomidine.")
    assert first.answer == "No answer: nobody in the cohort was given the drug."
    assert [number.value for number in first.numbers[1:]] == ["not estimable", "not estimable"]


def test_curves_of_few_are_not_drawn_and_their_number_is_not_told(make_cohort: MakeCohort, flow: pd.DataFrame) -> None:
    study = study_of(make_cohort(200), flow)
    below = 1000
    shown = shown_as(study, flow, below)
    assert first_figure(shown, curves_to_draw(study.cohorts["matched"], below)) is None
    instead = first_screen(shown, {}).instead
    assert instead == f"No curves: each group has fewer than {below} patients or deaths."
    drawn = first_figure(shown_as(study, flow, 0), curves_to_draw(study.cohorts["matched"], 0))
    assert drawn is not None and len(drawn.axes) == 1  # without the trial one side stands alone


def test_the_page_is_given_the_first_screen(
    make_cohort: MakeCohort, flow: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[First | None] = []

    def render(title: str, first: First | None, *rest: object) -> str:
        given.append(first)
        return "page"

    monkeypatch.setattr(present, "render_report", render)
    study = replace(study_of(make_cohort(200), flow), generated="200 generated ICU stays")
    present.write_results(tmp_path, study, flow, 0, 1)
    (first,) = given
    assert first is not None and first.question.endswith("given dexmedetomidine?")
    assert first.numbers[0].label == "Generated patients" and len(first.marks) == 7
    assert first.picture is not None and first.picture.source.startswith("data:image/svg+xml")
    assert [panel.x_label for panel in first.picture.panels] == ["Days after ICU admission"]
    assert "GENERATED DATA" in (tmp_path / "figures" / "first.svg").read_text(encoding="utf-8")
