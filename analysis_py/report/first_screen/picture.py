"""The picture of the first screen: what the published design and the trial make of the same question."""

import pandas as pd
from matplotlib.figure import Figure

from analysis_py.report.captions.shown import Shown
from analysis_py.report.figures.first import Side, side_by_side
from analysis_py.report.figures.trial import from_zero
from analysis_py.report.first_screen.numbers import numbers
from analysis_py.report.gate.faults import KNOWN_AS
from analysis_py.report.gate.reading import why_none
from analysis_py.report.page import Caption
from analysis_py.report.tables.cells import few, ratio, told_interval, warnings
from analysis_py.report.trial.pictures import curves_frame
from analysis_py.report.trial.tables import primary_row
from analysis_py.study.analyses.describe import GROUP_NAMES
from analysis_py.study.analyses.pooling import main_row
from analysis_py.study.gate import checks
from analysis_py.study.gate.published import MATCHED
from analysis_py.study.gate.rows import PUBLISHED, verdicts_of
from analysis_py.study.results import Row
from analysis_py.study.trial.definitions import COHORT
from analysis_py.study.trial.designs import PRIMARY
from analysis_py.study.trial.estimates import HAZARD_RATIO
from analysis_py.study.variables import DEATH_28D

NAME = "first"
AS_PUBLISHED, AS_THE_TRIAL = "As published", "As the trial"


def first_figure(shown: Shown, matched: pd.DataFrame | None) -> Figure | None:
    """Both designs, or the one that can be drawn; `matched` are the survival curves that may be shown, if any."""
    sides = [side for side in (_published(shown, matched), _trial(shown)) if side is not None]
    if not sides:
        return None
    return side_by_side(sides, {True: f"With {shown.drug}", False: "Without"})


def first_caption(shown: Shown) -> Caption:
    """What each side is, and what its hazard ratio is of."""
    told = [f"{shown.people.capitalize()}, risk of death in hospital by day 28 with its 95 % band."]
    told.append(
        f"{AS_PUBLISHED}: pairs matched in one imputed data set, 1 - Kaplan-Meier; hazard ratio (HR) fully adjusted, "
        "our main estimate of that design."
    )
    if shown.study.trial is not None:
        told.append(
            f"{AS_THE_TRIAL}: all start within {shown.study.trial.definitions.grace_h:g} h, or nobody does; clones, "
            "censored and weighted. What passes and fails are the checks of each design."
        )
    if shown.below > 1:
        told.append(f"Curves of fewer than {shown.below} patients or deaths are not drawn.")
    marked = warnings(row for row in (_main(shown), _hazard(shown)) if row is not None)
    return Caption("One question by two designs", " ".join([*told, *(f"{meaning}." for meaning in marked)]))


def first_alternative(shown: Shown) -> str:
    """Both hazard ratios, and the risks where the curves end."""
    told = [
        f"{title}: hazard ratio {told_interval(row)}{f', {word}' if (word := _word(shown, row)) else ''}"
        for title, row in ((AS_PUBLISHED, _main(shown)), (AS_THE_TRIAL, _hazard(shown)))
        if row is not None
    ]
    _, risks, _ = numbers(shown.rows, shown.study.trial, shown.people)
    return f"Two designs side by side, curves of risk. {'; '.join(told)}. {risks.label}, {risks.note}: {risks.value}."


def why_undrawn(shown: Shown) -> str:
    """In place of the picture."""
    hazard = _hazard(shown)
    if hazard is not None and hazard.estimate is None and hazard.note:
        return f"No curves: {why_none(hazard)}."
    if shown.study.matched is None:
        return f"No curves: {shown.unmatched()}."
    return f"No curves: each group has fewer than {shown.below} patients or deaths."


def _published(shown: Shown, matched: pd.DataFrame | None) -> Side | None:
    if matched is None or matched.empty:
        return None
    curves = {}
    for treated in GROUP_NAMES:
        own = matched[matched["group"] == treated]
        if len(own):
            # what is above in survival is below in risk
            names = {"y": "survival", "lower": "upper", "upper": "lower"}
            columns = {name: 100 * (1 - own[column]) for name, column in names.items()}
            curves[treated] = pd.DataFrame({"x": own["time"]} | columns)
    return Side(AS_PUBLISHED, "Days after ICU admission", curves, _note(shown, _main(shown)), steps=True)


def _trial(shown: Shown) -> Side | None:
    found = curves_frame(shown)
    found = found[found["outcome"] == DEATH_28D]
    if found.empty:
        return None
    curves = {group: from_zero(own) for group in GROUP_NAMES if len(own := found[found["group"] == group])}
    return Side(AS_THE_TRIAL, "Days after time zero", curves, _note(shown, _hazard(shown)), steps=False)


def _main(shown: Shown) -> Row | None:
    return main_row(shown.rows)


def _hazard(shown: Shown) -> Row | None:
    return None if shown.study.trial is None else primary_row(shown.rows, HAZARD_RATIO)


def _note(shown: Shown, row: Row | None) -> str:
    if row is None or row.estimate is None:
        return "HR not estimable"
    if row.lower is None or row.upper is None:
        return f"HR {row.estimate:.2f} (no interval)"
    return "\n".join(filter(None, (f"HR {ratio(row.estimate, row.lower, row.upper)}{few(row)}", _word(shown, row))))


def _word(shown: Shown, row: Row) -> str:
    """What the gate says of a design; empty where its rows did not go through it."""
    place = (COHORT, DEATH_28D, PRIMARY) if row.cohort == COHORT else (MATCHED, DEATH_28D, PUBLISHED)
    found = verdicts_of(shown.rows, *place)
    failed, unknown, careful = (
        [one for one in found if one.verdict == kind] for kind in (checks.FAIL, checks.NOT_EVALUATED, checks.CAUTION)
    )
    if not found:
        return ""
    if failed:
        return f"fails {KNOWN_AS[failed[0].check] if len(failed) == 1 else f'{len(failed)} checks'}"
    if unknown:
        return f"{len(unknown)} check{'s' if len(unknown) > 1 else ''} not evaluated"
    return "passes with caution" if careful else "passes every check"
