"""What is said about the multiverse: names of choices, sentences, caption, the figure in numbers."""

from collections.abc import Mapping

import pandas as pd

from analysis_py.report.multiverse.folder import Multiverse
from analysis_py.study.gate.checks import BALANCE, EQUIPOISE, EVENTS, LIMITS, PASS, WEIGHTS
from analysis_py.study.multiverse.choices import ANY, DAY_28, DISCHARGE, FOLLOW_UPS
from analysis_py.study.trial.designs import WAYS
from analysis_py.study.variables import DEATH_28D, DEATH_28D_ANYWHERE, DEATH_HOSPITAL

TITLE = "Every way to ask"
COMMAND = "python -m analysis_py.multiverse"
ABSENT = (
    f"Not computed for this build: `{COMMAND}` asks the question in every combination of its choices, more than a "
    "thousand, in about two minutes, and puts their curve here."
)
CHOICE_TITLES: Mapping[str, str] = {
    "design": "Design",
    "outcome": "Outcome",
    "sic": "SIC",
    "organs": "SOFA of SIC",
    "heparin": "Heparin excluded",
    "follow_up": "Follow-up",
    "adjustment": "Adjustment",
    "estimator": "Estimator",
    "caliper": "Caliper",
}
MEASURE_TITLES: Mapping[str, str] = {"HR": "Hazard ratio of 28-day death", "OR": "Odds ratio of hospital death"}
_VALUES: Mapping[str, str] = {
    DEATH_28D: "28-day death in hospital",
    DEATH_28D_ANYWHERE: "28-day death anywhere",
    DEATH_HOSPITAL: "death in hospital",
    DAY_28: "to day 28",
    DISCHARGE: "to discharge",
    **{way.name: way.title for way in WAYS},
}
_CHECKS = ", ".join(f"{name} {LIMITS[name]}" for name in (BALANCE, EQUIPOISE, WEIGHTS, EVENTS))


def value_title(value: str) -> str:
    """A value of a choice, for people."""
    return _VALUES.get(value, value)


def sentences(found: Multiverse) -> list[str]:
    """How many there are, what they say by measure, what moves them most, and what they are not."""
    table = found.table
    estimable = int(table["estimate"].notna().sum())
    only = f" (only {found.about.only})" if found.about.only else ""
    told = [f"{len(table):,} specifications of one question{only}, {estimable:,} of them estimable."]
    told += [_of_measure(table[table["measure"] == measure], measure) for measure in dict.fromkeys(table["measure"])]
    moved = _moved(found.by_choice)
    if moved:
        which = MEASURE_TITLES[str(table["measure"].iloc[0])].split(" of ")[0].lower()
        told.append(
            f"What moves the {which} most, among specifications that differ in nothing else: {', '.join(moved)}."
        )
    told.append(
        "They share their patients, so that how many point one way is no test: the curve shows how far choices alone "
        f"take the answer. Checks: {_CHECKS}; what was not evaluated has not passed."
    )
    return told


def _of_measure(rows: pd.DataFrame, measure: str) -> str:
    title, estimates = MEASURE_TITLES[measure], rows["estimate"].dropna()
    if estimates.empty:
        return f"{title}: no specification is estimable."
    low, middle, high = estimates.quantile([0.25, 0.5, 0.75])
    below, above = (rows["upper"] < 1).sum(), (rows["lower"] > 1).sum()
    passed = estimates[rows.loc[estimates.index, "gate"] == PASS]
    of_passed = f" with a median of {passed.median():.2f}" if len(passed) else ""
    return (
        f"{title}: median {middle:.2f} (quartiles {low:.2f} and {high:.2f}, from {estimates.min():.2f} to "
        f"{estimates.max():.2f}), {_percent((estimates < 1).mean())} below 1; the interval lies below 1 in "
        f"{_percent(below / len(estimates))} and above 1 in {_percent(above / len(estimates))}. "
        f"{_percent(len(passed) / len(rows))} pass all checks{of_passed}."
    )


def _moved(by_choice: pd.DataFrame) -> list[str]:
    """The three choices that move the first measure most, each with its factor."""
    own = by_choice[by_choice["measure"] == by_choice["measure"].iloc[0]] if len(by_choice) else by_choice
    factors = own.dropna(subset="factor").drop_duplicates("choice").sort_values("factor", ascending=False)
    told = zip(factors["choice"][:3], factors["factor"][:3], strict=True)
    return [f"{CHOICE_TITLES[choice].lower()} by a factor of {factor:.2f}" for choice, factor in told]


def curve_caption(drug: str, people: str) -> tuple[str, str]:
    """Title and text of the figure."""
    return (
        "Specification curve",
        f"{people.capitalize()} with and without {drug}. Above: each specification's ratio with its 95 % interval, in "
        "order, those that pass all checks dark blue with a dot, others grey. Below: the choices of each, a stroke "
        "where it has them. Follow-up makes no difference to an odds ratio; a trial's choices are those of the build. "
        "First imputed data set; intervals of 1:1 matching by the model, of weights and further controls robust.",
    )


def table_caption() -> tuple[str, str]:
    """Title and text of the table by choice."""
    return (
        "How much each choice moves the answer",
        "Specifications by the value of each choice, those that can be estimated: median, quartiles, share below 1, "
        "share that pass all checks and the median of these. Factor: the largest estimate divided by the smallest "
        "among specifications that differ in this choice alone, its median.",
    )


def curve_alternative(found: Multiverse) -> str:
    """What the curve shows, in numbers."""
    told = [_of_measure(rows, str(measure)) for measure, rows in found.table.groupby("measure", sort=False)]
    return f"Specification curve. {' '.join(told)}"


def _percent(share: float) -> str:
    """Rounded, but neither none nor all where it is not."""
    if 0 < share < 0.005 or 0.995 <= share < 1:
        return "less than 1 %" if share < 0.5 else "more than 99 %"
    return f"{100 * share:.0f} %"


def shown_values(table: pd.DataFrame, choice: str) -> list[str]:
    """The values that a choice has in these specifications, in their order."""
    values = [value for value in dict.fromkeys(table[choice]) if value != ANY]
    return [value for value in FOLLOW_UPS if value in values] if choice == "follow_up" else values
