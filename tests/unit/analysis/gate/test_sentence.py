"""The first sentence for every combination of verdicts and findings, and the four readings that twins are to give."""

from collections.abc import Sequence
from itertools import product

import pytest

from analysis_py.report.gate.faults import fault
from analysis_py.report.gate.reading import FOUND, NO_ESTIMATE, NOT_FOUND, OPPOSITE, reading
from analysis_py.report.gate.sentence import Answer, answer, differs
from analysis_py.study.gate.checks import (
    BALANCE,
    CAUTION,
    CHECKS,
    EASE,
    EQUIPOISE,
    EVENTS,
    FAIL,
    KEPT,
    NOT_EVALUATED,
    PASS,
    POWER,
    VERDICTS,
    WEIGHTS,
    Verdict,
)
from analysis_py.study.results import Row

ASKED = "starting dexmedetomidine within 48 h lowers 28-day death in hospital"
VALUES = {BALANCE: 0.3, EQUIPOISE: 0.12, POWER: 12.3, EVENTS: 3.4, KEPT: 0.5, WEIGHTS: 31.0, EASE: 0.41}
# words that say what fails, and that stand in no other failure
TOLD = {
    BALANCE: "not alike",
    EQUIPOISE: "in equipoise",
    POWER: "nothing short of a hazard ratio of 12.3",
    EVENTS: "3.4 per coefficient",
    KEPT: "50 % of the treated alone",
    WEIGHTS: "no more than 31 patients",
    EASE: "EASE 0.41",
}


def hazard(value: float, lower: float, upper: float, note: str = "") -> Row:
    return Row("trial", "trial", measure="HR", estimate=value, lower=lower, upper=upper, note=note)


ESTIMATES = {
    FOUND: hazard(0.7, 0.55, 0.89),
    NOT_FOUND: hazard(1.02, 0.85, 1.22),
    OPPOSITE: hazard(1.4, 1.1, 1.8),
    NO_ESTIMATE: Row("trial", "trial", measure="HR", note="not estimable: nobody starts at the last decision"),
}
PUBLISHED = hazard(0.8, 0.66, 0.97)


def all_but(**changed: str) -> list[Verdict]:
    """Every check passed, but those by their name without blanks."""
    by_name = {check.replace(" ", "_"): verdict for check, verdict in zip(CHECKS, [PASS] * len(CHECKS), strict=True)}
    by_name |= changed
    return [Verdict(check, by_name[check.replace(" ", "_")], VALUES[check], f"mend {check}") for check in CHECKS]


def told(said: str, found: Sequence[Verdict], published: Row | None = PUBLISHED) -> Answer:
    return answer(ASKED, ESTIMATES[said], published, found)


def test_every_combination_of_verdicts_and_findings() -> None:
    """4 verdicts of 7 checks, and what the interval says: 16,384 times 4."""
    for each in product(VERDICTS, repeat=len(CHECKS)):
        found = [
            Verdict(check, verdict, VALUES[check], f"mend {check}") for check, verdict in zip(CHECKS, each, strict=True)
        ]
        failed = tuple(one.check for one in found if one.verdict == FAIL)
        unknown = tuple(one.check for one in found if one.verdict == NOT_EVALUATED)
        for said in ESTIMATES:
            given = told(said, found)
            text = given.sentence
            where = (said, each)
            assert (given.failed, given.not_evaluated) == (failed, unknown), where
            assert given.may_be_read == (not failed and not unknown and said != NO_ESTIMATE), where
            assert given.first.startswith(f"Asked whether {ASKED}, the trial "), where
            assert given.first.endswith(".") and "0.80 (95 % CI 0.66 to 0.97)" in given.first, where
            # it is read as something, it is refused, or it stays open: one of these, and said as such
            assert ("This may be read" in text) == given.may_be_read, where
            assert ("may not be read" in given.first) == (bool(failed) and said != NO_ESTIMATE), where
            assert ("stays open" in text) == (not failed and bool(unknown) and said != NO_ESTIMATE), where
            assert ("with caution" in text) == (given.may_be_read and CAUTION in each), where
            for check in CHECKS:
                assert (TOLD[check] in given.first) == (check in failed), where
                assert (f"mend {check}" in text) == (check in (*failed, *unknown)), where


@pytest.mark.parametrize(
    ("said", "words", "no_words"),
    [
        (FOUND, ["fewer deaths", "0.70, 95 % CI 0.55 to 0.89"], ["no effect", "more deaths"]),
        (NOT_FOUND, ["no effect", "1.02, 95 % CI 0.85 to 1.22"], ["fewer deaths", "more deaths"]),
        (OPPOSITE, ["more deaths", "1.40, 95 % CI 1.10 to 1.80"], ["no effect", "fewer deaths"]),
        (NO_ESTIMATE, ["has no answer (nobody starts at the last decision)"], ["finds"]),
    ],
)
@pytest.mark.parametrize("verdict", VERDICTS)
def test_what_was_found_is_said_whatever_the_gate_says(
    said: str, words: list[str], no_words: list[str], verdict: str
) -> None:
    first = told(said, all_but(EASE=verdict)).first
    assert all(word in first for word in words)
    assert not any(word in first for word in no_words)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (hazard(0.9, 0.8, 0.999), FOUND),
        (hazard(0.9, 0.8, 1.0), NOT_FOUND),
        (hazard(1.1, 1.0, 1.2), NOT_FOUND),
        (hazard(1.1, 1.001, 1.2), OPPOSITE),
        (Row("trial", "trial", estimate=0.7), NO_ESTIMATE),
        (Row("trial", "trial", note="not estimable: x"), NO_ESTIMATE),
        (None, NO_ESTIMATE),
    ],
)
def test_the_interval_decides(row: Row | None, expected: str) -> None:
    assert reading(row) == expected


# --- beside the published design --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (hazard(1.0, 0.8, 1.2), hazard(0.8, 0.7, 0.95), True),  # found there, not here
        (hazard(0.8, 0.7, 0.95), hazard(0.78, 0.68, 0.9), False),
        (hazard(0.8, 0.7, 0.95), hazard(0.6, 0.5, 0.8), True),  # the same finding, another size
        (hazard(1.0, 0.8, 1.2), hazard(0.92, 0.8, 1.1), False),
        (hazard(1.0, 0.8, 1.2), hazard(0.9, 0.8, 1.1), True),
        (hazard(0.9, 0.8, 1.1), hazard(1.0, 0.8, 1.2), True),
    ],
)
def test_designs_that_differ_are_said_to(ours: Row, theirs: Row, expected: bool) -> None:
    assert differs(ours, theirs) is expected
    first = answer(ASKED, ours, theirs, all_but()).first
    assert ("although the published design" in first) is expected
    assert (" too." in first) is not expected


def test_what_the_published_design_fails_is_said_with_its_number() -> None:
    marked = hazard(0.8, 0.66, 0.97, "fails the gate: kept, EASE")
    first = told(NOT_FOUND, all_but(), marked).first
    assert "although the published design, which fails kept, EASE, shows 0.80" in first
    assert told(NOT_FOUND, all_but(), None).first.endswith("(hazard ratio 1.02, 95 % CI 0.85 to 1.22).")


# --- the four readings of the twins -----------------------------------------------------------------------------------


def test_no_effect_is_told_first_although_the_published_design_shows_one() -> None:
    given = told(NOT_FOUND, all_but())
    assert given.may_be_read
    assert given.first == (
        f"Asked whether {ASKED}, the trial finds no effect (hazard ratio 1.02, 95 % CI 0.85 to 1.22), although the "
        "published design shows 0.80 (95 % CI 0.66 to 0.97)."
    )
    # and what could have been found: nothing is not the same as no power
    assert "a hazard ratio of 0.08 or less, or of 12.30 or more, would have been found with 80 % power" in given.rest[0]
    # what the interval holds is not ruled out
    assert given.rest[0].startswith(
        "This may be read as the absence of a hazard ratio below 0.85 or above 1.22, as far as"
    )


def test_an_effect_is_found() -> None:
    given = told(FOUND, all_but(balance=CAUTION))
    assert given.may_be_read and "finds fewer deaths" in given.first
    assert given.rest[0].startswith("This may be read as an effect of the drug")
    assert "with caution (balance 0.30, asked for is less than 0.1)" in given.rest[0]


def test_an_unmeasured_cause_is_refused() -> None:
    given = told(FOUND, all_but(EASE=FAIL))
    assert not given.may_be_read and given.failed == (EASE,)
    assert (
        "which may not be read as an effect of the drug: the negative controls show systematic error (EASE 0.41), "
        "asked for is less than 0.25" in given.first
    )
    assert given.rest == ("What would mend it: mend EASE.",)


def test_too_few_events_come_before_every_other_fault() -> None:
    given = told(NOT_FOUND, all_but(power=FAIL, balance=FAIL, EASE=FAIL))
    assert "which may not be read as the absence of one: too few events" in given.first
    assert given.first.index("too few events") < given.first.index("EASE") < given.first.index("not alike")


def test_few_patients_are_said_to_be_few() -> None:
    few = [Verdict(WEIGHTS, FAIL, 31.0, "more patients in the smaller arm")]
    assert fault(few[0]).startswith("too few patients and events")
    assert fault(Verdict(WEIGHTS, FAIL, 31.0, "less extreme weights")).startswith("the smaller arm")
    assert fault(Verdict(BALANCE, FAIL, 0.31, "Age: more patients: chance")).startswith("too few patients")


def test_a_number_that_is_hidden_is_left_out_and_the_failure_is_not() -> None:
    for check in CHECKS:
        words = fault(Verdict(check, FAIL, None, "hidden"))
        assert words and not any(sign.isdigit() for sign in words)


def test_a_reason_that_checks_share_is_said_once() -> None:
    nobody = "nobody starts in the treatment model"
    found = [Verdict(check, NOT_EVALUATED, None, "3 controls count" if check == EASE else nobody) for check in CHECKS]
    (told,) = answer(ASKED, ESTIMATES[NO_ESTIMATE], None, found).rest
    assert told.count("nobody") == 1 and "(nobody in the trial was given the drug in time)" in told
    assert "systematic error (EASE) (3 controls count)" in told and "power, events per coefficient" in told


def test_without_any_verdict_nothing_is_passed() -> None:
    given = told(FOUND, [])
    assert not given.may_be_read and given.not_evaluated == CHECKS
    assert "stays open" in given.sentence
