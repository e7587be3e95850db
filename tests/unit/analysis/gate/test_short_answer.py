"""The first screen's answer: one sentence for every combination, by the same rules as the long one."""

from collections.abc import Sequence
from itertools import product

import pytest

from analysis_py.report.gate.reading import FOUND, NO_ESTIMATE, NOT_FOUND, OPPOSITE
from analysis_py.report.gate.sentence import answer, decide
from analysis_py.study.gate.checks import CAUTION, CHECKS, FAIL, NOT_EVALUATED, PASS, VERDICTS, Verdict
from analysis_py.study.results import Row
from analysis_py.study.variables import DEATH_28D

ASKED = "starting dexmedetomidine within 48 h lowers 28-day death in hospital"
LONGEST = 35  # words
VALUES = dict.fromkeys(CHECKS, 0.3)


def hazard(value: float, lower: float, upper: float) -> Row:
    return Row("trial", "trial", measure="HR", estimate=value, lower=lower, upper=upper)


ESTIMATES = {
    FOUND: hazard(0.71, 0.58, 0.87),
    NOT_FOUND: hazard(1.02, 0.85, 1.22),
    OPPOSITE: hazard(1.4, 1.1, 1.8),
    NO_ESTIMATE: Row("trial", "trial", measure="HR", note="not estimable: nobody starts within 48 h"),
}


def short(said: str, found: Sequence[Verdict]) -> str:
    return answer(ASKED, ESTIMATES[said], None, found).short


def all_but(verdict: str = PASS, *checks: str) -> list[Verdict]:
    return [Verdict(check, verdict if check in checks else PASS, VALUES[check]) for check in CHECKS]


def test_every_combination_is_one_short_sentence_that_agrees_with_the_long_one() -> None:
    for each in product(VERDICTS, repeat=len(CHECKS)):
        found = [Verdict(check, verdict, VALUES[check]) for check, verdict in zip(CHECKS, each, strict=True)]
        for said in ESTIMATES:
            given = answer(ASKED, ESTIMATES[said], None, found)
            text, where = given.short, (said, each)
            assert text.endswith(".") and ". " not in text and len(text.split()) <= LONGEST, where
            assert ("it may be read" in text and "open" not in text) == given.may_be_read, where
            assert ("may not be read" in text) == ("may not be read" in given.first), where
            assert ("stays open" in text) == ("stays open" in given.sentence), where
            assert ("with caution" in text) == ("with caution" in given.sentence), where
            assert text.startswith("No answer") == (said == NO_ESTIMATE), where


@pytest.mark.parametrize(
    ("said", "found", "expected"),
    [
        (
            FOUND,
            all_but(),
            "The trial finds fewer deaths (hazard ratio 0.71, 95 % CI 0.58 to 0.87), and it may be read as an effect "
            "of the drug: every check is passed.",
        ),
        (
            FOUND,
            all_but(CAUTION, "balance"),
            "The trial finds fewer deaths (hazard ratio 0.71, 95 % CI 0.58 to 0.87), and it may be read as an effect "
            "of the drug: every check is passed, balance with caution.",
        ),
        (
            NOT_FOUND,
            all_but(),
            "The trial finds no effect (hazard ratio 1.02, 95 % CI 0.85 to 1.22), and it may be read as the absence of "
            "a larger effect: every check is passed.",
        ),
        (
            OPPOSITE,
            all_but(FAIL, "EASE"),
            "The trial finds more deaths (hazard ratio 1.40, 95 % CI 1.10 to 1.80), which may not be read as harm by "
            "the drug: the negative controls show systematic error.",
        ),
        (
            NOT_FOUND,
            all_but(FAIL, "power", "EASE", "balance"),
            "The trial finds no effect (hazard ratio 1.02, 95 % CI 0.85 to 1.22), which may not be read as the absence "
            "of one: too few events; 2 more checks fail.",
        ),
        (
            FOUND,
            all_but(NOT_EVALUATED, "EASE"),
            "The trial finds fewer deaths (hazard ratio 0.71, 95 % CI 0.58 to 0.87); whether it may be read as an "
            "effect of the drug stays open: systematic error (EASE) is not evaluated.",
        ),
        (NO_ESTIMATE, all_but(), "No answer: nobody starts within 48 h."),
    ],
)
def test_the_words(said: str, found: Sequence[Verdict], expected: str) -> None:
    assert short(said, found) == expected


def test_patients_who_are_too_few_are_said_to_be() -> None:
    few = [*all_but(), Verdict("balance", FAIL, 0.3, "Age: more patients: chance alone makes such differences")]
    assert short(NOT_FOUND, few).endswith("the absence of one: too few patients.")


def test_a_huge_interval_has_no_sixty_digits() -> None:
    huge = answer(ASKED, hazard(1.17, 1e-60, 5e66), None, all_but())
    assert "hazard ratio 1.17, 95 % CI <0.01 to >999" in huge.short and "CI <0.01 to >999" in huge.first


@pytest.mark.parametrize(
    ("main", "expected"),
    [
        (
            hazard(0.7, 0.55, 0.89),
            "finds fewer deaths (hazard ratio 0.70, 95 % CI 0.55 to 0.89), which may not be read",
        ),
        (hazard(1.0, 0.8, 1.2), "finds no effect (hazard ratio 1.00, 95 % CI 0.80 to 1.20), which may not be read"),
        (hazard(1.5, 1.2, 1.9), "finds more deaths (hazard ratio 1.50, 95 % CI 1.20 to 1.90), which may not be read"),
        (None, "No answer: there is no estimate."),
        (Row("", "", note="not estimable: all rows in one group"), "No answer: all rows in one group."),
    ],
)
def test_without_the_trial_nothing_is_an_effect(main: Row | None, expected: str) -> None:
    rows = []
    if main is not None:
        place = Row("pooled_clustered", "matched", DEATH_28D, "model 3", "treated", measure="HR", note=main.note)
        rows = [place if main.estimate is None else Row(**vars(place) | {"note": ""} | numbers(main))]
    text = decide(rows, "dexmedetomidine", None).short
    assert expected in text and len(text.split()) <= LONGEST
    assert text.startswith(("The published design", "No answer"))
    assert ("it uses the future; the trial was left out" in text) == text.startswith("The published")


def numbers(row: Row) -> dict[str, object]:
    return {name: getattr(row, name) for name in ("estimate", "lower", "upper")}
