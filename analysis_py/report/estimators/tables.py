"""The estimators side by side, from their rows as they are shown."""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from analysis_py.report.tables.cells import few
from analysis_py.report.tables.forest import forest_line, forest_row
from analysis_py.report.trial.tables import NO_NUMBER, count_text, days_text, number, points_text, ratio_text
from analysis_py.study.analyses.describe import GROUP_NAMES
from analysis_py.study.analyses.pooling import main_row
from analysis_py.study.estimators.names import (
    AALEN_JOHANSEN,
    ADJUSTED,
    AIPW,
    ANALYSIS,
    CAUSE_SPECIFIC,
    ENTROPY,
    ESS,
    ESTIMATORS,
    EXTENDED,
    FINE_GRAY,
    HR,
    IPTW_ATE,
    IPTW_ATT,
    LARGEST_SMD,
    LARGEST_WEIGHT,
    MATCHED,
    MATCHED_1,
    MATCHED_2,
    MATCHED_3,
    MATCHED_EXACT,
    MATCHING_WEIGHTS,
    OR,
    OVERLAP,
    PAPER,
    RD,
    RMSTD,
    RR,
    SHR,
    STANDARDIZATION,
    WEIGHTS_ANALYSIS,
    cohort_of,
)
from analysis_py.study.results import Row
from analysis_py.study.variables import BY_NAME

TITLES: Mapping[str, str] = {
    IPTW_ATE: "Inverse probability weights, ATE",
    IPTW_ATT: "Inverse probability weights, ATT",
    OVERLAP: "Overlap weights",
    MATCHING_WEIGHTS: "Matching weights",
    ENTROPY: "Entropy balancing",
    AIPW: "Augmented inverse probability weights",
    STANDARDIZATION: "Standardization",
    MATCHED_1: "Matched 1:1",
    MATCHED_2: "Matched 1:2",
    MATCHED_3: "Matched 1:3",
    MATCHED_EXACT: "Matched 1:1, exact on the SIC score",
    ADJUSTED: "Adjusted model",
    FINE_GRAY: "Discharge competes: Fine and Gray",
    CAUSE_SPECIFIC: "Discharge competes: cause-specific",
    AALEN_JOHANSEN: "Discharge competes: Aalen and Johansen",
}
_EVERYBODY, _TREATED, _ALIKE = "all patients", "the treated", "patients of equal covariates"
# of whom an estimate speaks: they differ where the effect differs between patients
ABOUT: Mapping[str, str] = {
    **dict.fromkeys((IPTW_ATE, AIPW, STANDARDIZATION, AALEN_JOHANSEN), _EVERYBODY),
    **dict.fromkeys((IPTW_ATT, ENTROPY), _TREATED),
    OVERLAP: "those who might get either",
    MATCHING_WEIGHTS: "those who could be matched",
    **dict.fromkeys(MATCHED, "the treated who are matched"),
    **dict.fromkeys((ADJUSTED, FINE_GRAY, CAUSE_SPECIFIC), _ALIKE),
}
ADJUSTMENT_TITLES: Mapping[str, str] = {
    PAPER: "Adjusted for the paper's covariates",
    EXTENDED: "Adjusted for the extended covariates",
}

Found = Mapping[tuple[str, str], Row]  # by cohort and measure


def levels_of(rows: Sequence[Row]) -> list[str]:
    """The adjustments that were made."""
    return list(dict.fromkeys(row.level for row in rows if row.analysis == ANALYSIS))


def found_of(rows: Sequence[Row], estimator: str, level: str) -> dict[tuple[str, str], Row]:
    """Every row of an estimator under an adjustment by its cohort and measure."""
    return {
        (row.cohort, row.measure): row
        for row in rows
        if row.analysis in (ANALYSIS, WEIGHTS_ANALYSIS) and (row.model, row.level) == (estimator, level)
    }


def hazard_ratio(found: Found, estimator: str) -> Row | None:
    """The ratio of hazards, be they of the subdistribution, of an estimator that gives one."""
    cohort = cohort_of(estimator)
    return found.get((cohort, HR)) or found.get((cohort, SHR))


def estimators_table(rows: Sequence[Row]) -> pd.DataFrame:
    """A line per adjustment and estimator: what it is about, its numbers, and what they rest on."""
    lines = []
    for level in levels_of(rows):
        for estimator in ESTIMATORS:
            found = found_of(rows, estimator, level)
            if found:
                lines.append({"section": ADJUSTMENT_TITLES[level]} | _line(estimator, found))
    return pd.DataFrame(lines)


def _line(estimator: str, found: Found) -> dict[str, str]:
    cohort = cohort_of(estimator)
    first = next(row for row in found.values() if row.analysis == ANALYSIS)
    arms = [count_text(found.get((f"{cohort} {GROUP_NAMES[arm]}", ESS))) for arm in (True, False)]
    return {
        "Estimator": TITLES[estimator],
        "About": ABOUT[estimator],
        "Deaths / n": f"{number(first.events)} / {number(first.n)}" if first.n is not None else "",
        "Hazard ratio (95 % CI)": _marked(ratio_text, hazard_ratio(found, estimator)),
        "Odds ratio (95 % CI)": _marked(ratio_text, found.get((cohort, OR))),
        "Risk difference, points (95 % CI)": _marked(points_text, found.get((cohort, RD))),
        "Risk ratio (95 % CI)": _marked(ratio_text, found.get((cohort, RR))),
        "Days alive to day 28, difference (95 % CI)": _marked(days_text, found.get((cohort, RMSTD))),
        "Effective size": " / ".join(arms) if any(arms) else "",
        "Largest weight": count_text(found.get((cohort, LARGEST_WEIGHT))),
        "Largest SMD": _difference(found.get((cohort, LARGEST_SMD))),
    }


def _marked(text: Callable[[Row | None], str], row: Row | None) -> str:
    return text(row) + (few(row) if row is not None and row.estimate is not None else "")


def _difference(row: Row | None) -> str:
    """`0.076, INR`."""
    if row is None or row.estimate is None:
        return NO_NUMBER if row is not None else ""
    return f"{row.estimate:.3f}, {BY_NAME[row.term].label if row.term in BY_NAME else row.term}"


def forest_lines(rows: Sequence[Row]) -> pd.DataFrame:
    """The main estimate, then under each adjustment a line per estimator that gives a ratio of hazards."""
    lines = []
    main = main_row(rows)
    if main is not None:
        lines.append(forest_row(main, "Main estimate: matched 1:1, model 3") | {"heading": True})
    for level in levels_of(rows):
        lines.append(forest_line("", ADJUSTMENT_TITLES[level], None, "", "", heading=True))
        for estimator in ESTIMATORS:
            row = hazard_ratio(found_of(rows, estimator, level), estimator)
            if row is not None:
                lines.append(forest_row(row, TITLES[estimator]))
    return pd.DataFrame(lines)
