"""The table of designs and checks, from the rows `diagnostics` as they are shown."""

from collections.abc import Mapping, Sequence

import pandas as pd

from analysis_py.study.gate import checks
from analysis_py.study.gate.checks import Verdict, may_be_read
from analysis_py.study.gate.published import FULL, MATCHED
from analysis_py.study.gate.rows import PUBLISHED, Place, verdicts
from analysis_py.study.results import Row
from analysis_py.study.trial.definitions import COHORT
from analysis_py.study.trial.designs import PUBLISHED_ADJUSTED, PUBLISHED_CRUDE, WAYS
from analysis_py.study.variables import BY_NAME, DEATH_28D, TRIAL_OUTCOME_TITLES

# how a verdict ends a cell, and what is read for it
SIGNS: Mapping[str, str] = {checks.PASS: "✓", checks.CAUTION: "~", checks.FAIL: "✗", checks.NOT_EVALUATED: "–"}
_READ = {checks.PASS: "passes", checks.CAUTION: "caution", checks.FAIL: "fails", checks.NOT_EVALUATED: "not evaluated"}
SIGN_WORDS = {SIGNS[verdict]: word for verdict, word in _READ.items()}
TITLES = {
    checks.BALANCE: "Balance, largest SMD",
    checks.EQUIPOISE: "In equipoise",
    checks.POWER: "Detectable HR",
    checks.EVENTS: "Events per coefficient",
    checks.KEPT: "Treated kept",
    checks.WEIGHTS: "Smaller arm, effective size",
    checks.EASE: "EASE",
}
_DESIGNS = {
    PUBLISHED: "Matched, model 3 (main estimate)",
    PUBLISHED_CRUDE: "Before matching, model 1",
    PUBLISHED_ADJUSTED: "Before matching, model 3",
}
_WAYS = {way.name: way.title for way in WAYS}
_MEANS = {
    checks.BALANCE: "largest absolute standardized mean difference of all covariates after adjustment",
    checks.EQUIPOISE: "share of all whose preference score lies between 0.3 and 0.7: they could have got either",
    checks.POWER: "least hazard ratio above 1 that so many events find with 80 % power",
    checks.EVENTS: "events by coefficients of the outcome model (1 where it is weighted)",
    checks.KEPT: "share of the treated whom the analysis still describes",
    checks.WEIGHTS: "Kish's effective sample size of the smaller arm",
    checks.EASE: "expected absolute systematic error, log scale, by negative controls",
}
READ_AS_EFFECT = "May be read as an effect"


def checks_table(rows: Sequence[Row]) -> pd.DataFrame:
    """A line per design: each check's number with its sign, and whether all of them let it be read as an effect."""
    lines = []
    for place, found in verdicts(rows).items():
        by_check = {verdict.check: verdict for verdict in found}
        cells = {TITLES[check]: cell(by_check[check]) for check in checks.CHECKS if check in by_check}
        answer = {READ_AS_EFFECT: f"{'yes' if may_be_read(found) else 'no'}"}
        lines.append({"section": _section(place), "Design": design_title(place)} | cells | answer)
    columns = ["section", "Design", *TITLES.values(), READ_AS_EFFECT]
    return pd.DataFrame(lines, columns=columns).sort_values("section", key=_in_order, kind="stable")


def _section(place: Place) -> str:
    cohort, outcome, _ = place
    if cohort == COHORT:
        return f"The trial: {TRIAL_OUTCOME_TITLES[outcome]}"
    return f"The published cohort: {TRIAL_OUTCOME_TITLES.get(outcome) or BY_NAME[outcome].label}"


def _in_order(sections: pd.Series) -> pd.Series:
    """The trial's answer first."""
    order = [
        f"The trial: {TRIAL_OUTCOME_TITLES[DEATH_28D]}",
        f"The published cohort: {TRIAL_OUTCOME_TITLES[DEATH_28D]}",
    ]
    return sections.map(lambda section: order.index(section) if section in order else len(order))


def design_title(place: Place) -> str:
    """A design in words."""
    cohort, _, model = place
    if cohort == COHORT:
        return _WAYS.get(model, model)
    return _DESIGNS.get(model, model[:1].upper() + model[1:]) if cohort in (FULL, MATCHED) else model


def cell(verdict: Verdict) -> str:
    """`0.083 ✓`, or the sign alone."""
    sign = SIGNS[verdict.verdict]
    return sign if verdict.value is None else f"{number(verdict)} {sign}"


def number(verdict: Verdict) -> str:
    """The number of a check with as many digits as matter."""
    value = verdict.value or 0.0
    if verdict.check in (checks.EQUIPOISE, checks.KEPT):
        return f"{100 * value:.0f} %"
    if verdict.check == checks.WEIGHTS:
        return f"{value:,.0f}"
    if verdict.check == checks.EVENTS:
        return f"{value:,.1f}"
    return f"{value:.2f}" if verdict.check in (checks.POWER, checks.EASE) else f"{value:.3f}"


def reasons_table(rows: Sequence[Row]) -> pd.DataFrame:
    """What does not pass, with why or what would mend it."""
    lines = [
        {
            "section": _section(place),
            "Design": design_title(place),
            "Check": TITLES[verdict.check],
            "Value": cell(verdict),
            "What it means": verdict.note,
        }
        for place, found in verdicts(rows).items()
        for verdict in found
        if verdict.verdict in (checks.FAIL, checks.CAUTION)
    ]
    columns = ["section", "Design", "Check", "Value", "What it means"]
    return pd.DataFrame(lines, columns=columns).sort_values("section", key=_in_order, kind="stable")


def limits_table() -> pd.DataFrame:
    """Each check with what its number is and where it passes."""
    return pd.DataFrame(
        [
            {"Check": TITLES[check], "What it means": _MEANS[check], "Passes": checks.LIMITS[check]}
            for check in checks.CHECKS
        ]
    )


def gate_tables(rows: Sequence[Row]) -> dict[str, pd.DataFrame]:
    """By the name of their file; none where the rows did not go through the gate."""
    if not verdicts(rows):
        return {}
    return {"gate_checks": checks_table(rows), "gate_limits": limits_table(), "gate_reasons": reasons_table(rows)}
