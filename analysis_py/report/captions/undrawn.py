"""What is said in place of a figure, or of a panel of it, that cannot be drawn."""

from collections.abc import Collection, Iterator, Sequence

from analysis_py.report.captions.shown import Shown
from analysis_py.report.sensitivity.shown import FIGURE as TIPPING
from analysis_py.report.tables.cells import COHORT_TITLES
from analysis_py.statistics.errors import NotEstimable
from analysis_py.study.analyses.exposure import exposures_of, spline_curve
from analysis_py.study.study import groups
from analysis_py.study.suppression import is_small
from analysis_py.study.variables import DEATH_28D, TREATMENT

_FOREST = "No figure: there is no hazard ratio to draw."


def undrawn(shown: Shown, figures: Sequence[str], drawn: Collection[str]) -> list[str]:
    """A line for each of a part's `figures` that is not among the `drawn`, and for each panel that is missing."""
    return [line for name in figures for line in _lines(shown, name, name in drawn)]


def _lines(shown: Shown, name: str, is_drawn: bool) -> Iterator[str]:
    if name == "kaplan_meier":
        yield from _curves(shown, is_drawn)
    elif name == "imputation" and not is_drawn:
        yield "No figure of the imputation: no number had to be filled."
    elif name == TIPPING and not is_drawn:
        yield "No figure of tipping points: there is no estimate that a cause of such strengths would explain away."
    elif shown.study.matched is None:
        return  # said once for the part
    elif name == "exposure":
        yield from _exposures(shown)
    elif not is_drawn and name in ("love_plot", "propensity_overlap", "subgroups", "robustness"):
        told = {
            "love_plot": "No figure: no standardized mean difference can be estimated.",
            "propensity_overlap": f"No figure of the propensity score: no bar stands for {shown.below} patients.",
        }
        yield told.get(name, _FOREST)


def _curves(shown: Shown, is_drawn: bool) -> Iterator[str]:
    """Cohorts of which neither group may be drawn; all of them in one line where there is no figure."""
    few = f"each group has fewer than {shown.below} patients or deaths."
    if not is_drawn:
        yield f"No curves: {few}"
        return
    for name, data in shown.study.cohorts.items():
        deaths = data.groupby(TREATMENT)[DEATH_28D].sum()
        sizes = {group: (count, int(deaths.get(group, 0))) for group, count in groups(data).items() if count}
        if all(any(is_small(count, shown.below) for count in both) for both in sizes.values()):
            yield f"{COHORT_TITLES[name]}: no curves, {few}"


def _exposures(shown: Shown) -> Iterator[str]:
    matched, study = shown.study.matched, shown.study
    assert matched is not None
    for exposure in exposures_of(study.build):
        if exposure.smooth:
            try:
                spline_curve(matched.data, exposure.column, study.completed.unusable)
            except NotEstimable as reason:
                yield f"No curve over {exposure.title.lower()}: not estimable: {reason}."
