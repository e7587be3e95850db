"""The trial's tables, from its rows as they are shown."""

from collections.abc import Callable, Sequence

import pandas as pd

from analysis_py.report.tables.cells import equals, few, ratio
from analysis_py.report.tables.cohort import flow_table
from analysis_py.report.trial.protocol import protocol_table
from analysis_py.study.analyses.describe import GROUP_NAMES
from analysis_py.study.results import Row, find
from analysis_py.study.study import Study
from analysis_py.study.suppression import HIDDEN, suppress_flow
from analysis_py.study.trial.definitions import COHORT, Definitions
from analysis_py.study.trial.designs import PRIMARY, WAYS, Way
from analysis_py.study.trial.diagnose import (
    AT_END,
    BALANCE,
    CENSORED,
    CLONES,
    DAYS,
    FOLLOWED,
    POSITIVITY,
    SHARES,
    UNWEIGHTED,
    WEIGHTED,
    WEIGHTS,
)
from analysis_py.study.trial.estimates import (
    ANALYSIS,
    DIFFERENCE,
    EFFECTIVE,
    HAZARD_RATIO,
    LARGEST,
    MEAN_DAYS,
    RISK,
    RISK_RATIO,
)
from analysis_py.study.trial.frames import term_title
from analysis_py.study.variables import DEATH_28D, TRIAL_OUTCOME_TITLES, TRIAL_OUTCOMES

NO_NUMBER = "–"


def trial_tables(study: Study, rows: Sequence[Row], below: int) -> dict[str, pd.DataFrame]:
    """By the name of their file; empty where the build left the trial out. `rows` as they are shown."""
    trial = study.trial
    if trial is None:
        return {}
    made = {
        "trial_protocol": protocol_table(study.build, trial.definitions),
        "trial_flow": flow_table(suppress_flow(trial.marts.flow, below)),
        "trial_designs": designs_table(rows),
    }
    if find(rows, CLONES, f"{COHORT} treated") is not None:
        made["trial_clones"] = clones_table(rows, study.build.drug)
        made["trial_positivity"] = positivity_table(rows, trial.definitions)
        made["trial_balance"] = balance_table(rows, trial.definitions)
    return made


def strategies(drug: str, definitions: Definitions) -> dict[bool, str]:
    """Names of the strategies by group."""
    return {
        False: f"No {drug} within {definitions.grace_h:g} h",
        True: f"{drug.capitalize()} within {definitions.grace_h:g} h",
    }


def designs_table(rows: Sequence[Row]) -> pd.DataFrame:
    """A line per outcome and design: sizes, risks, contrasts with their intervals, weights."""
    lines = []
    for outcome, title in TRIAL_OUTCOME_TITLES.items():
        for way in WAYS:
            found = {
                (row.cohort, row.measure): row
                for row in rows
                if (row.analysis, row.outcome, row.model) == (ANALYSIS, outcome, way.name)
            }
            if found:
                lines.append({"section": title} | _design_line(way, found))
    return pd.DataFrame(lines)


def _design_line(way: Way, found: dict[tuple[str, str], Row]) -> dict[str, str]:
    hazard = found[COHORT, HAZARD_RATIO]
    treated, control = (
        {measure: row for (cohort, measure), row in found.items() if cohort == f"{COHORT} {GROUP_NAMES[group]}"}
        for group in (True, False)
    )
    effective = [count_text(group.get(EFFECTIVE)) for group in (treated, control)]
    return {
        "Design": way.title,
        "Deaths / n": f"{number(hazard.events)} / {number(hazard.n)}" if hazard.n is not None else "",
        "HR (95 % CI)": _marked(ratio_text, hazard),
        "Risk if started": percent_text(treated.get(RISK)),
        "Risk if not": percent_text(control.get(RISK)),
        "Risk difference, points (95 % CI)": _marked(points_text, found.get((COHORT, DIFFERENCE))),
        "Risk ratio (95 % CI)": _marked(ratio_text, found.get((COHORT, RISK_RATIO))),
        "Days alive to day 28, difference (95 % CI)": _marked(days_text, found.get((COHORT, MEAN_DAYS))),
        "Largest weight": count_text(
            max(
                (row for row in (treated.get(LARGEST), control.get(LARGEST)) if row is not None),
                key=lambda row: row.estimate or 0.0,
                default=None,
            )
        ),
        "Effective size": " / ".join(effective) if any(effective) else "",
    }


def _marked(text: Callable[[Row | None], str], row: Row | None) -> str:
    return text(row) + (few(row) if row is not None and row.estimate is not None else "")


def clones_table(rows: Sequence[Row], drug: str) -> pd.DataFrame:
    """What becomes of the clones of each strategy, and their weights beyond the grace period; a column per strategy."""
    titles = {True: f"Start {drug}", False: f"Do not start {drug}"}
    measures = [
        (CLONES, "clones", "Clones with time at risk, and their deaths"),
        (CLONES, CENSORED, "Censored when they leave the strategy"),
        (CLONES, DAYS, "Person-days"),
        (CLONES, FOLLOWED, "Followed beyond the grace period, with deaths there"),
        *((WEIGHTS, f"quantile {share:g}", f"Weight, {_quantile(share)}") for share in SHARES),
        (WEIGHTS, LARGEST, "Weight, largest"),
        (WEIGHTS, EFFECTIVE, "Effective sample size"),
    ]
    lines = []
    for outcome, title in TRIAL_OUTCOME_TITLES.items():
        for analysis, measure, label in measures:
            cells = {}
            for group, heading in titles.items():
                row = find(rows, analysis, f"{COHORT} {GROUP_NAMES[group]}", outcome=outcome, measure=measure)
                cells[heading] = _clone_cell(row)
            if any(cells.values()):
                lines.append({"section": title, "What": label} | cells)
    return pd.DataFrame(lines)


def _quantile(share: float) -> str:
    names = {0.0: "smallest", 0.25: "lower quartile", 0.5: "median", 0.75: "upper quartile"}
    return names.get(share, f"{100 * share:g}th percentile")


def _clone_cell(row: Row | None) -> str:
    if row is None:
        return ""
    if row.estimate is not None:
        return f"{row.estimate:,.2f}" if row.analysis == WEIGHTS else f"{row.estimate:,.0f}"
    if row.note:
        return row.note
    deaths = f" ({number(row.events)} died)" if row.events is not None else ""
    return f"{number(row.n)}{deaths}"


def positivity_table(rows: Sequence[Row], definitions: Definitions) -> pd.DataFrame:
    """Each decision of the grace period: the treatment model is the same for all outcomes that last as long."""
    lines = []
    for row in rows:
        if (row.analysis, row.outcome) == (POSITIVITY, DEATH_28D):
            share = NO_NUMBER if row.estimate is None else f"{row.estimate:.1f} %"
            lines.append(
                {
                    "Hours from time zero": f"{definitions.moment(int(row.level)):g}",
                    "Could start": number(row.n),
                    "Started": number(row.events),
                    "Probability below 0.01": share,
                }
            )
    return pd.DataFrame(lines)


def balance_frame(rows: Sequence[Row]) -> pd.DataFrame:
    """Rows of balance as term, level, unweighted, weighted (28-day death in hospital; the absolute differences)."""
    found = [
        {"term": row.term, "level": row.level, "measure": row.measure.removeprefix("SMD, "), "smd": abs(row.estimate)}
        for row in rows
        if (row.analysis, row.outcome) == (BALANCE, DEATH_28D) and row.estimate is not None
    ]
    frame = pd.DataFrame(found, columns=["term", "level", "measure", "smd"])
    wide = frame.pivot(index=["term", "level"], columns="measure", values="smd").reset_index()
    return wide.reindex(columns=["term", "level", UNWEIGHTED, WEIGHTED])


def balance_table(rows: Sequence[Row], definitions: Definitions) -> pd.DataFrame:
    """Absolute differences: baseline covariates at the end of the grace period, others at their worst decision."""
    frame = balance_frame(rows)
    order = list(dict.fromkeys(row.term for row in rows if row.analysis == BALANCE))
    lines = []
    for section, chosen in (
        ("Clones still followed at the end of the grace period, baseline covariates", frame["level"] == AT_END),
        ("Who starts at a decision against who does not, largest over the decisions", frame["level"] != AT_END),
    ):
        here = frame[chosen]
        for term in (name for name in order if name in set(here["term"])):
            own = here[here["term"] == term]
            line = {"section": section, "Variable": term_title(term)}
            for measure in (UNWEIGHTED, WEIGHTED):
                worst = own.sort_values(measure, kind="stable").iloc[-1] if own[measure].notna().any() else None
                if worst is None:
                    line[f"SMD, {measure}"] = "n/e"
                    continue
                when = "" if worst["level"] == AT_END else f" (hour {definitions.moment(int(worst['level'])):g})"
                line[f"SMD, {measure}"] = f"{worst[measure]:.3f}{when}"
            lines.append(line)
    return pd.DataFrame(lines)


# --- numbers as cells -------------------------------------------------------------------------------------------------


def number(count: int | str | None) -> str:
    """A count with thousands, or the text that stands for it."""
    return f"{count:,}" if isinstance(count, int) else (count or HIDDEN)


def ratio_text(row: Row | None) -> str:
    """`0.95 (0.80–1.12)` with p where there is one, or why there is none."""
    if row is None:
        return NO_NUMBER
    if row.estimate is None:
        return row.note
    if row.lower is None or row.upper is None:
        return f"{row.estimate:.2f} (no interval)"
    p_value = "" if row.p_value is None else f", p {equals(row.p_value)}"
    return f"{ratio(row.estimate, row.lower, row.upper)}{p_value}"


def percent_text(row: Row | None) -> str:
    """A risk in percent."""
    return NO_NUMBER if row is None or row.estimate is None else f"{100 * row.estimate:.1f} %"


def points_text(row: Row | None) -> str:
    """A risk difference in points of percent with its interval."""
    return _signed(row, 100.0, 1)


def days_text(row: Row | None) -> str:
    """A difference in days with its interval."""
    return _signed(row, 1.0, 2)


def _signed(row: Row | None, unit: float, digits: int) -> str:
    if row is None or row.estimate is None:
        return NO_NUMBER if row is None or not row.note.startswith("not estimable") else "n/e"
    value = f"{unit * row.estimate:+.{digits}f}"
    if row.lower is None or row.upper is None:
        return f"{value} (no interval)"
    return f"{value} ({unit * row.lower:+.{digits}f} to {unit * row.upper:+.{digits}f})"


def count_text(row: Row | None) -> str:
    """A weight or an effective size."""
    if row is None or row.estimate is None:
        return ""
    return f"{row.estimate:,.0f}" if row.measure == EFFECTIVE else f"{row.estimate:,.1f}"


def primary_row(rows: Sequence[Row], measure: str, outcome: str = next(iter(TRIAL_OUTCOMES))) -> Row | None:
    """A contrast of the primary design."""
    return find(rows, ANALYSIS, COHORT, outcome=outcome, model=PRIMARY, measure=measure)
