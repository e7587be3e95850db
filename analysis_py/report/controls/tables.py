"""The controls' tables, from their rows as they are shown."""

from collections.abc import Sequence
from math import exp

import pandas as pd

from analysis_py.report.tables.cells import equals, gate_mark, ratio
from analysis_py.study.controls.calibrate import (
    CALIBRATED,
    EASE,
    KINDS,
    LEFT_OUT,
    MEDIAN,
    NULL_MEAN,
    NULL_SD,
    USED,
)
from analysis_py.study.controls.found import (
    ANALYSIS,
    CALIBRATION,
    COHORT_OF,
    DRUG,
    EQUIPOISE_SHARE,
    EVENTS,
    EXPOSURE,
    LARGEST_SMD,
    OUTCOME,
    POSITIVE,
)
from analysis_py.study.gate.marks import without_mark
from analysis_py.study.results import Row, find
from analysis_py.study.trial.designs import PRIMARY, PUBLISHED_MATCHED

NO_NUMBER = "–"
DESIGN_TITLES = {PUBLISHED_MATCHED: "As published", PRIMARY: "As the trial"}
KIND_TITLES = {
    DRUG: "The drug",
    EXPOSURE: "Exposures without an effect on death: hazard ratio of 28-day death",
    OUTCOME: "Outcomes that the drug cannot cause: odds ratio",
    POSITIVE: "What the drug must do: odds ratio",
}
_WORDS = {"icu": "ICU", "hba1c": "HbA1c", "mcv": "MCV", "d": "D", "48h": "within 48 h"}


def control_tables(rows: Sequence[Row]) -> dict[str, pd.DataFrame]:
    """By the name of their file; empty where the build left the controls out."""
    if not any(row.analysis == ANALYSIS for row in rows):
        return {}
    return {"controls": controls_table(rows), "controls_calibration": calibration_table(rows)}


def name_of(term: str) -> str:
    """A control's name for people."""
    words = [_WORDS.get(word, word) for word in term.split("_")]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])


def designs_of(rows: Sequence[Row]) -> list[str]:
    """The designs that have controls."""
    return [design for design in COHORT_OF if any((row.analysis, row.model) == (ANALYSIS, design) for row in rows)]


def estimate_of(rows: Sequence[Row], design: str, kind: str, term: str) -> Row | None:
    """The estimate of a control by a design."""
    return next((row for row in estimates(rows, design, kind) if row.term == term), None)


def estimates(rows: Sequence[Row], design: str, kind: str) -> list[Row]:
    """The estimates of all controls of a kind by a design, those that are not estimable among them."""
    return [
        row
        for row in rows
        if (row.analysis, row.cohort, row.model, row.level) == (ANALYSIS, COHORT_OF[design], design, kind)
        and row.measure in ("HR", "OR")
    ]


def calibration_of(rows: Sequence[Row], design: str, kind: str, measure: str) -> Row | None:
    """One number of the calibration by a kind of control."""
    return find(rows, CALIBRATION, COHORT_OF[design], model=design, level=kind, measure=measure)


def controls_table(rows: Sequence[Row]) -> pd.DataFrame:
    """A line per control: by each design its estimate, balance and equipoise, and why it does not count."""
    lines = []
    for kind, title in KIND_TITLES.items():
        terms = dict.fromkeys(row.term for row in rows if (row.analysis, row.level) == (ANALYSIS, kind))
        for term in terms:
            line = {"section": title, "Control": name_of(term)}
            for design in designs_of(rows):
                line |= _cells(rows, design, kind, term)
            lines.append(line)
    return pd.DataFrame(lines)


def _cells(rows: Sequence[Row], design: str, kind: str, term: str) -> dict[str, str]:
    found = {
        (row.cohort, row.measure): row
        for row in rows
        if (row.analysis, row.model, row.level, row.term) == (ANALYSIS, design, kind, term)
    }
    cohort, title = COHORT_OF[design], DESIGN_TITLES[design]
    estimate = estimate_of(rows, design, kind, term)
    balance, equipoise = found.get((cohort, LARGEST_SMD)), found.get((cohort, EQUIPOISE_SHARE))
    return {
        f"{title}: ratio (95 % CI)": NO_NUMBER if estimate is None else ratio_text(estimate),
        f"{title}: events / n with it": _events(found.get((f"{cohort} treated", EVENTS))),
        f"{title}: without": _events(found.get((f"{cohort} control", EVENTS))),
        f"{title}: largest SMD": NO_NUMBER if balance is None else f"{balance.estimate:.2f}",
        f"{title}: equipoise": NO_NUMBER if equipoise is None else f"{equipoise.estimate:.2f}",
        f"{title}: note": "" if estimate is None else _reason(without_mark(estimate.note)),
    }


def _events(row: Row | None) -> str:
    return NO_NUMBER if row is None else f"{_count(row.events)} / {_count(row.n)}"


def _count(count: int | str | None) -> str:
    return f"{count:,}" if isinstance(count, int) else str(count)


def _reason(note: str) -> str:
    return note.removeprefix("left out: ")


def ratio_text(row: Row) -> str:
    """`0.71 (0.53–0.95)`, or a dash."""
    if row.estimate is None or row.lower is None or row.upper is None:
        return NO_NUMBER
    mark = gate_mark(row.note)
    return ratio(row.estimate, row.lower, row.upper) + (f" {mark}" if mark else "")


def calibration_table(rows: Sequence[Row]) -> pd.DataFrame:
    """A line per design and kind of control: those that count, what they show, the drug before and after."""
    lines = []
    for design in designs_of(rows):
        for kind in KINDS:
            row = {measure: calibration_of(rows, design, kind, measure) for measure in _MEASURES}
            drug = next(iter(estimates(rows, design, DRUG)), None)
            lines.append(
                {
                    "Design": DESIGN_TITLES[design],
                    "What": f"{kind}s",
                    "Controls that count": _whole(row[USED]),
                    "Left out": _whole(row[LEFT_OUT]),
                    "Why": _note(row[LEFT_OUT]),
                    "Median HR (quartiles)": _interval(row[MEDIAN]),
                    "Null: mean, as a ratio": _number(row[NULL_MEAN], as_ratio=True),
                    "Null: sd, log scale": _number(row[NULL_SD]),
                    "EASE (95 %)": _interval(row[EASE]),
                    "The drug: HR (95 % CI)": NO_NUMBER if drug is None else ratio_text(drug),
                    "The drug: p": _p(drug),
                    "The drug: calibrated HR": _interval(row[CALIBRATED]),
                    "The drug: calibrated p": _p(row[CALIBRATED]),
                }
            )
    return pd.DataFrame(lines)


_MEASURES = (USED, LEFT_OUT, MEDIAN, NULL_MEAN, NULL_SD, EASE, CALIBRATED)


def _whole(row: Row | None) -> str:
    return NO_NUMBER if row is None or row.estimate is None else f"{row.estimate:.0f}"


def _note(row: Row | None) -> str:
    return "" if row is None else row.note


def _interval(row: Row | None) -> str:
    if row is None:
        return NO_NUMBER
    if row.note.startswith("not evaluated"):
        return "not evaluated"
    return ratio_text(row)


def _number(row: Row | None, as_ratio: bool = False) -> str:
    if row is None or row.estimate is None:
        return NO_NUMBER
    return f"{exp(row.estimate) if as_ratio else row.estimate:.2f}"


def _p(row: Row | None) -> str:
    return NO_NUMBER if row is None or row.p_value is None else equals(row.p_value).removeprefix("= ")
