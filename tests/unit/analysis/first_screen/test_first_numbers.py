"""The first screen's numbers and marks, from rows: with and without the trial, with numbers, without, and hidden."""

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from analysis_py.report.first import First
from analysis_py.report.first_screen.screen import first_words
from analysis_py.study.gate.checks import BALANCE, CAUTION, CHECKS, EASE, FAIL, KEPT, NOT_EVALUATED, PASS
from analysis_py.study.gate.rows import ANALYSIS as DIAGNOSTICS
from analysis_py.study.gate.rows import PUBLISHED
from analysis_py.study.results import Row
from analysis_py.study.trial.designs import PRIMARY
from analysis_py.study.trial.suppression import suppress_all
from analysis_py.study.variables import DEATH_28D

TRIAL = SimpleNamespace(definitions=SimpleNamespace(grace_h=24.0))


def study(*, trial: bool, generated: str = "") -> Any:
    return SimpleNamespace(
        build=SimpleNamespace(drug="propofol"), trial=TRIAL if trial else None, generated=generated, not_matched=""
    )


def flow(cohort: str, *left: int) -> list[Row]:
    """Steps 1 to 10 and more: the last is not the last by its text."""
    return [Row("flow", cohort, level=str(at), measure="n_after", n=n) for at, n in enumerate(left, start=1)]


def trial_row(measure: str, value: float, lower: float, upper: float, group: str = "", n: int = 900) -> Row:
    place = Row("trial", f"trial {group}".strip(), DEATH_28D, PRIMARY, "treated", measure=measure)
    return replace(place, estimate=value, lower=lower, upper=upper, n=n, events=n // 5)


FLOW = flow("full", *range(190, 181, -1), 167) + flow("trial", *range(1450, 1441, -1), 1438)
TRIAL_ROWS = [
    trial_row("HR", 0.71, 0.58, 0.87),
    trial_row("risk difference", -0.0372, -0.061, -0.012),
    trial_row("risk", 0.1823, 0.16, 0.2, "treated", 450),
    trial_row("risk", 0.2194, 0.2, 0.24, "control", 450),
]
MATCHED = [
    Row("outcomes", "matched treated", term=DEATH_28D, measure="percent", estimate=18.04, n=37, events=13),
    Row("outcomes", "matched control", term=DEATH_28D, measure="percent", estimate=29.73, n=37, events=15),
    Row("pooled_clustered", "matched", DEATH_28D, "model 3", "treated", "pooled", "HR", 0.6, 0.4, 0.9, n=74, events=28),
    Row("estimators", "matched", DEATH_28D, "matched 1:1", "treated", "extended", "RD", -0.2, -0.4, 0.1, n=74),
    Row("estimators", "matched", DEATH_28D, "matched 1:1", "treated", "paper", "RD", -0.117, -0.21, -0.02, n=74),
]


def screen(rows: Sequence[Row], *, trial: bool = True, generated: str = "") -> First:
    return first_words(study(trial=trial, generated=generated), rows)


def told(first: First) -> list[tuple[str, str, str]]:
    return [(number.label, number.value, number.note) for number in first.numbers]


def test_the_trial_s_numbers() -> None:
    first = screen([*FLOW, *MATCHED, *TRIAL_ROWS])
    assert first.question == (
        "Does starting propofol within 24 h lower 28-day death in hospital in patients with sepsis-induced "
        "coagulopathy?"
    )
    assert told(first) == [
        ("Patients", "1,438", "eligible for the trial; 167 in the published cohort"),
        ("Dead in hospital by day 28", "18.2 % with, 21.9 % without", "if all started within 24 h, and if nobody did"),
        ("Difference", "-3.7 points", "95 % CI -6.1 to -1.2"),
    ]
    assert first.answer.startswith("The trial finds fewer deaths (hazard ratio 0.71, 95 % CI 0.58 to 0.87)")
    assert (first.picture, first.instead, first.marks) == (None, "", [])


def test_without_the_trial_they_are_the_matched_cohort_s() -> None:
    first = screen([*FLOW, *MATCHED], trial=False)
    assert first.question.startswith("Do patients with sepsis-induced coagulopathy die less often in hospital")
    assert told(first) == [
        ("Patients", "167", "in the published cohort; 37 pairs of them matched"),
        ("Dead in hospital by day 28", "18.0 % with, 29.7 % without", "of the matched pairs, in one imputed data set"),
        (
            "Difference",
            "-11.7 points",
            "95 % CI -21.0 to -2.0, of the matched pairs, pooled over the imputed data sets",
        ),
    ]
    assert first.answer.startswith("The published design finds fewer deaths (hazard ratio 0.60")


def test_generated_patients_are_said_to_be() -> None:
    for trial in (True, False):
        assert screen(FLOW, trial=trial, generated="600 stays").numbers[0].label == "Generated patients"


def test_what_cannot_be_estimated_says_so_in_its_place() -> None:
    reason = "nobody starts within 24 h"
    none = [
        Row("trial", "trial", DEATH_28D, PRIMARY, measure=measure, note=f"not estimable: {reason}")
        for measure in ("HR", "risk difference")
    ]
    first = screen([*FLOW, *none])
    assert first.answer == f"No answer: {reason}."
    assert [number.value for number in first.numbers] == ["1,438", "not estimable", "not estimable"]
    assert [number.note for number in first.numbers[1:]] == ["", ""]  # the answer has said it


def test_no_pairs_is_a_reason() -> None:
    first = screen(FLOW, trial=False)
    assert told(first)[0] == ("Patients", "167", "in the published cohort; no pairs could be matched")
    assert told(first)[1][1:] == ("not estimable", "no pairs could be matched")
    assert first.answer == "No answer: there is no estimate."


def test_an_estimate_without_interval_is_told_with_the_reason() -> None:
    rows = [replace(row, lower=None, upper=None, note="no interval: 3 of 4 failed") for row in TRIAL_ROWS]
    first = screen([*FLOW, *rows])
    assert told(first)[2] == ("Difference", "-3.7 points", "no interval: 3 of 4 failed")
    assert first.answer.startswith("No answer: ")


@pytest.mark.parametrize("trial", [True, False])
def test_a_small_count_is_in_no_number(trial: bool) -> None:
    """Seven deaths of the treated: their share is not told, and no number of patients from 1 to 9 is."""
    few = [replace(row, events=7) if row.cohort.endswith("treated") else row for row in MATCHED]
    small = flow("full", 20, 9) + flow("trial", 20, 8)
    first = screen(suppress_all([*few, *small, *TRIAL_ROWS], 10), trial=trial)
    texts = [text for number in told(first) for text in number]
    assert first.numbers[0].value == "fewer than 10"
    assert not any(text.split()[0] in ("7", "8", "9") for text in texts if text)
    if trial:
        assert first.numbers[0].note == "eligible for the trial; fewer than 10 in the published cohort"
        assert first.numbers[1].value == "18.2 % with, 21.9 % without"  # weighted: no count can be solved for
    else:
        assert (first.numbers[1].value, first.numbers[1].note) == ("not shown", "a count below 10 is not shown")


# --- marks ------------------------------------------------------------------------------------------------------------


def verdict(check: str, found: str, value: float | None, note: str = "", **place: str) -> Row:
    where = {"cohort": "trial", "model": PRIMARY} | place
    return Row(DIAGNOSTICS, where["cohort"], DEATH_28D, where["model"], check, found, check, value, note=note)


def test_the_marks_are_the_primary_design_s_checks_in_order() -> None:
    found = {BALANCE: FAIL, KEPT: CAUTION, EASE: NOT_EVALUATED}
    rows = [verdict(check, found.get(check, PASS), None if check == EASE else 0.62, "2 count") for check in CHECKS]
    other = [verdict(check, FAIL, 9.0, cohort="matched", model=PUBLISHED) for check in CHECKS]
    first = screen([*other, *FLOW, *TRIAL_ROWS, *rows])
    assert [mark.title for mark in first.marks] == [
        "Balance",
        "Equipoise",
        "Power",
        "Events",
        "Treated kept",
        "Weights",
        "Systematic error",
    ]
    assert [mark.sign for mark in first.marks] == ["✗", "✓", "✓", "✓", "~", "✓", "–"]
    assert [mark.word for mark in first.marks if mark.sign != "✓"] == ["fails", "caution", "not evaluated"]
    assert {mark.title: (mark.value, mark.limit) for mark in first.marks} == {
        "Balance": ("largest |SMD| 0.620", "less than 0.1"),
        "Equipoise": ("share in equipoise 62 %", "at least 20 %"),
        "Power": ("minimum detectable HR 0.62", "less than 10"),
        "Events": ("events per coefficient 0.6", "at least 10"),
        "Treated kept": ("share of the treated 62 %", "at least 80 %"),
        "Weights": ("smaller effective sample size 1", "at least 50"),
        "Systematic error": ("2 count", "less than 0.25"),
    }
    assert "too few" not in first.answer and "the groups are not alike" in first.answer
    published = screen([*rows, *other, *MATCHED], trial=False)
    assert [mark.sign for mark in published.marks] == ["✗"] * len(CHECKS)
