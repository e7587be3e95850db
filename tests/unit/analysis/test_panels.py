"""Values to point at: they are those that are drawn, and their axis lies where the figure has it."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis_py.report.figures.curves import panels_of
from analysis_py.report.figures.first import Side, side_by_side
from analysis_py.report.figures.style import DOUBLE, house_style, new_figure, save
from analysis_py.report.figures.survival import survival_curves
from analysis_py.report.figures.trial import risk_curves
from analysis_py.report.page import Panel
from analysis_py.report.pictures import curves_to_draw
from analysis_py.statistics.survival import kaplan_meier
from analysis_py.study.variables import DEATH_28D, FOLLOW_UP, TREATMENT

NAMES = {False: "No propofol", True: "Propofol"}
MOST = 120  # points of a curve


def drawn(folder: Path, kind: str, curves: pd.DataFrame) -> tuple[list[Panel], str]:
    """The panels of a figure of two axes, the second one empty, and its SVG."""
    with house_style():
        figure, axes = new_figure(DOUBLE, 3.0, 2)
        if kind == "survival":
            survival_curves(axes[0], curves, NAMES, "Before matching", "HR 0.7", 0)
        else:
            risk_curves(axes[0], curves, NAMES, "Death", "points", 28)
        axes[1].set_visible(False)
        files = save(figure, folder / "drawn")
    return panels_of(figure), files["drawn.svg"].decode()


@pytest.fixture
def survival(cohort: pd.DataFrame) -> pd.DataFrame:
    return kaplan_meier(cohort, FOLLOW_UP, DEATH_28D, TREATMENT)


@pytest.fixture
def risks() -> pd.DataFrame:
    days = np.arange(1.0, 29)
    groups = [
        pd.DataFrame(
            {"group": group, "day": days, "risk": slope * days, "lower": 0.5 * slope * days, "upper": 2 * slope * days}
        )
        for group, slope in ((False, 0.01), (True, 0.007))
    ]
    return pd.concat(groups, ignore_index=True)


def frame_of(svg: str) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the first axis' background in the SVG, as shares of the picture."""
    width, height = (float(number) for number in re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)[0])
    (corners,) = re.findall(r'<g id="axes_1">\s*<g id="patch_2">\s*<path d="([^"]+)"', svg)
    points = np.array(re.findall(r"[-\d.]+ [-\d.]+", corners))
    x, y = np.array([list(map(float, point.split())) for point in points]).T
    return x.min() / width, y.min() / height, x.max() / width, y.max() / height


@pytest.mark.parametrize("kind", ["survival", "risks"])
def test_a_panel_lies_where_its_axis_is_in_the_picture(
    tmp_path: Path, kind: str, survival: pd.DataFrame, risks: pd.DataFrame
) -> None:
    (panel,), svg = drawn(tmp_path, kind, survival if kind == "survival" else risks)
    assert (panel.left, panel.top, panel.right, panel.bottom) == pytest.approx(frame_of(svg), abs=1e-3)
    assert panel.left > 0.05 and panel.bottom < 0.95  # room for labels: else any figure would do
    assert panel.x_limits == (0, 28) and panel.x_label.startswith("Days after")


def test_the_values_of_survival_are_those_that_hold_at_each_time(
    tmp_path: Path, make_cohort: Callable[..., pd.DataFrame]
) -> None:
    survival = kaplan_meier(make_cohort(1500), FOLLOW_UP, DEATH_28D, TREATMENT)
    ((panel,), _) = drawn(tmp_path, "survival", survival)
    assert [curve.name for curve in panel.curves] == list(NAMES.values())
    for group, curve in zip(NAMES, panel.curves, strict=True):
        own = survival[survival["group"] == group]
        assert len(curve.x) <= MOST and len(curve.x) == len(curve.y) == len(curve.lower) == len(curve.upper)
        assert curve.x[0] == 0 and curve.x[-1] == pytest.approx(own["time"].max(), abs=0.01)
        for x, y, lower, upper in zip(curve.x[1:-1], curve.y[1:-1], curve.lower[1:-1], curve.upper[1:-1], strict=True):
            near = own[(own["time"] > x - 0.02) & (own["time"] < x + 0.02)]  # x is rounded
            before = own[own["time"] <= x].iloc[-1]
            assert any(
                (y, lower, upper) == pytest.approx((row["survival"], row["lower"], row["upper"]), abs=6e-5)
                for row in [before, *near.to_dict("records")]
            ), x
    assert len(survival[~survival["group"].astype(bool)]) > MOST  # or nothing was thinned


def test_the_values_of_risk_are_percent_by_day_from_zero_on(tmp_path: Path, risks: pd.DataFrame) -> None:
    ((panel,), _) = drawn(tmp_path, "risks", risks)
    control, treated = panel.curves
    assert treated.x == list(range(29)) and treated.y[0] == 0
    assert treated.y[10] == pytest.approx(7.0) and control.y[10] == pytest.approx(10.0)
    assert (treated.lower[10], treated.upper[10]) == pytest.approx((3.5, 14.0))


def test_a_curve_without_a_band_has_values_all_the_same(tmp_path: Path, risks: pd.DataFrame) -> None:
    ((panel,), _) = drawn(tmp_path, "risks", risks.assign(lower=np.nan, upper=np.nan))
    for curve in panel.curves:
        assert len(curve.y) == 29 and (curve.lower, curve.upper) == ((), ())
        assert not np.isnan(curve.y).any()


def test_a_curve_that_is_hidden_has_no_values(tmp_path: Path, cohort: pd.DataFrame) -> None:
    deaths = cohort.groupby("treated")[DEATH_28D].sum()
    assert deaths[True] < deaths[False]
    shown = curves_to_draw(cohort, int(deaths[True]) + 1)
    ((panel,), _) = drawn(tmp_path, "survival", shown)
    assert [curve.name for curve in panel.curves] == ["No propofol"]
    none = curves_to_draw(cohort, len(cohort))
    assert drawn(tmp_path, "survival", none)[0] == []


def test_a_group_that_one_side_lacks_is_in_the_legend_and_a_scale_of_nothing_can_be_drawn(tmp_path: Path) -> None:
    flat = pd.DataFrame({"x": [0.0, 28.0], "y": 0.0, "lower": 0.0, "upper": 0.0})
    with house_style():
        figure = side_by_side(
            [Side("one", "Days", {False: flat}, "", True), Side("two", "Days", {True: flat}, "", True)], NAMES
        )
        svg = save(figure, tmp_path / "first")["first.svg"].decode()
    assert all(svg.count(f"<!-- {name} -->") == 1 for name in NAMES.values())
    assert all(panel.y_limits[1] > 1 for panel in panels_of(figure))


def test_both_designs_stand_on_one_scale(tmp_path: Path, risks: pd.DataFrame) -> None:
    def side(title: str, factor: float, *, steps: bool) -> Side:
        curves = {
            bool(group): pd.DataFrame(
                {"x": own["day"], "y": factor * own["risk"], "lower": own["lower"], "upper": factor * own["upper"]}
            )
            for group, own in risks.groupby("group")
        }
        return Side(title, "Days", curves, f"HR of {title}", steps)

    with house_style():
        figure = side_by_side([side("one", 100, steps=True), side("two", 50, steps=False)], NAMES)
        svg = save(figure, tmp_path / "first")["first.svg"].decode()
    one, two = panels_of(figure)
    assert one.y_limits == two.y_limits and one.y_limits[0] == 0 and one.y_limits[1] > 56
    assert one.right < two.left and (one.top, one.bottom) == pytest.approx((two.top, two.bottom))
    assert one.curves[0].y[-1] == pytest.approx(28) and two.curves[0].y[-1] == pytest.approx(14)
    for words in ("HR of one", "HR of two", "Risk of death (%)", "Propofol"):
        assert f"<!-- {words} -->" in svg
