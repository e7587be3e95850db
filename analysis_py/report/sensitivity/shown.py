"""The tables, the figure and the words of what was not measured, from rows as they are shown."""

from collections.abc import Iterator, Sequence

import pandas as pd
from matplotlib.figure import Figure

from analysis_py.report.figures.empty import has_curves, say_instead
from analysis_py.report.figures.sensitivity import tipping_lines
from analysis_py.report.figures.style import DOUBLE, new_figure
from analysis_py.report.page import Caption
from analysis_py.report.tables.cells import told_interval
from analysis_py.study.analyses.not_at_random import ANALYSIS as NOT_AT_RANDOM
from analysis_py.study.analyses.pooling import main_row
from analysis_py.study.analyses.tipping import ANALYSIS as TIPPING
from analysis_py.study.analyses.tipping import LIMIT, POINT
from analysis_py.study.results import Row, find
from analysis_py.study.trial.definitions import COHORT as TRIAL
from analysis_py.study.trial.designs import PRIMARY
from analysis_py.study.trial.estimates import ANALYSIS as OF_TRIAL
from analysis_py.study.trial.estimates import HAZARD_RATIO
from analysis_py.study.variables import DEATH_28D

FIGURE = "tipping_point"
TIPPING_TABLE, SHIFTED_TABLE = "tipping_points", "not_at_random"
_TITLES = {TRIAL: "The trial", "matched": "The published design"}


def is_of_sensitivity(name: str) -> bool:
    """Whether a figure or table is of this section."""
    return name in (FIGURE, TIPPING_TABLE, SHIFTED_TABLE)


def estimates(rows: Sequence[Row]) -> dict[str, Row]:
    """The estimates that are asked about, by the title of their design, as far as they are shown."""
    trial = find(rows, OF_TRIAL, TRIAL, outcome=DEATH_28D, model=PRIMARY, measure=HAZARD_RATIO)
    both = {"matched": main_row(rows), TRIAL: trial}
    return {
        _TITLES[name]: row
        for name, row in both.items()
        if row is not None
        and row.estimate is not None
        and row.lower is not None
        and row.upper is not None
        and row.lower <= row.estimate <= row.upper
    }


def sensitivity_tables(rows: Sequence[Row]) -> dict[str, pd.DataFrame]:
    """Each by the name of its file; without one where there is nothing to say."""
    made = {TIPPING_TABLE: _tipping(rows), SHIFTED_TABLE: _shifted(rows)}
    return {name: frame for name, frame in made.items() if len(frame)}


def _tipping(rows: Sequence[Row]) -> pd.DataFrame:
    """A line per pair of shares: how strong the cause must be for the estimate and for its limit, by design."""
    lines: dict[str, dict[str, str]] = {}
    cohorts = [cohort for cohort in _TITLES if any(_is_point(row, cohort) for row in rows)]
    for row in rows:
        if row.analysis == TIPPING and row.estimate is not None:
            treated, _, others = row.level.partition(" and ")
            words = f"{100 * float(treated):g} % and {100 * float(others):g} %"
            line = lines.setdefault(words, {"Share with and without": words})
            line[f"{_TITLES[row.cohort]}: {row.measure}"] = f"{row.estimate:.2f}"
    columns = ["Share with and without", *(f"{_TITLES[name]}: {part}" for name in cohorts for part in (POINT, LIMIT))]
    return pd.DataFrame(list(lines.values()), columns=columns).fillna("–") if lines else pd.DataFrame()


def _is_point(row: Row, cohort: str) -> bool:
    return row.analysis == TIPPING and row.cohort == cohort and row.estimate is not None


def _shifted(rows: Sequence[Row]) -> pd.DataFrame:
    lines = [(row.level, told_interval(row)) for row in rows if row.analysis == NOT_AT_RANDOM]
    main = main_row(rows)
    if not lines or main is None:
        return pd.DataFrame()
    middle = len(lines) // 2
    lines = [*lines[:middle], ("as imputed", told_interval(main)), *lines[middle:]]
    return pd.DataFrame(lines, columns=["Choice", "Hazard ratio (95 % CI)"])


def sensitivity_figures(rows: Sequence[Row], drug: str) -> Iterator[tuple[str, Figure]]:
    """The strength of an unmeasured cause that explains away, by its shares; none where there is no curve."""
    found = estimates(rows)
    if not found:
        return
    figure, axes = new_figure(DOUBLE, 3.0, len(found))
    for axis, (title, row) in zip(axes, found.items(), strict=True):
        assert row.estimate is not None and row.lower is not None and row.upper is not None
        told = f"{title}: {row.estimate:.2f}"
        tipping_lines(axis, (row.estimate, row.lower, row.upper), told, drug, axis is axes[0])
    if not any(has_curves(axis) for axis in axes):
        return
    for axis in axes:
        if not has_curves(axis):
            say_instead(axis, axis.get_title(loc="left"), "No cause of the strengths and shares shown is enough.")
    yield FIGURE, figure


def sensitivity_caption(rows: Sequence[Row], name: str, drug: str) -> Caption:
    """What stands at the figure or table."""
    cause = (
        "an unmeasured cause of death, present or not, would need to move the hazard ratio to 1, by the share of the "
        f"patients with and without {drug} who have it (bias formula of a binary cause; ratios converted for a common "
        "outcome)"
    )
    told = {
        FIGURE: (
            "How strong an unmeasured cause must be",
            f"Risk ratio with death that {cause}. Solid: the estimate; dashed: its limit nearer to 1, none where the "
            f"interval holds 1. One line for each share among those {_fewer(rows, drug)}.",
        ),
        TIPPING_TABLE: (
            "Tipping points",
            f"Risk ratio with death that {cause}, for the estimate (point) and for its limit nearer to 1. –: no "
            "strength is enough, or nothing is to be explained away.",
        ),
        SHIFTED_TABLE: (
            "If values are missing because of what they are",
            "The main estimate with every imputed number of Table 1 moved by a share of its variable's standard "
            "deviation: worse is toward the mean of those who died. Matched anew within each imputed data set, errors "
            "by pair, pooled.",
        ),
    }
    return Caption(*told[name])


def _fewer(rows: Sequence[Row], drug: str) -> str:
    """In whom a harmful cause must be rarer to explain the estimates: both say the same, or each its own."""
    below = {float(row.estimate or 1) < 1 for row in estimates(rows).values()}
    if len(below) > 1:
        return "in whom it must be rarer"
    return f"{'with' if below == {True} else 'without'} {drug}"


def sensitivity_alternative(rows: Sequence[Row]) -> str:
    """What the figure shows, in numbers."""
    told = []
    for cohort, title in _TITLES.items():
        own = [row for row in rows if _is_point(row, cohort) and row.measure == POINT]
        if own:
            least = min(own, key=lambda row: float(row.estimate or 0))
            shares = " and ".join(f"{100 * float(share):g} %" for share in least.level.split(" and "))
            told.append(
                f"{title}: least of all {least.estimate:.2f}, where {shares} of the treated and the others have it"
            )
    most = "; ".join(told) or "None of the shares shown would be enough"
    return f"Curves of the strength that an unmeasured cause would need. {most}."
