"""The steps of a flow against what was planted, where the study has as many rules as the twin knows, and where not."""

import pytest

from twin.flow import Counted, differing_steps

PLANTED = [
    ("no SIC", 81),
    ("not the first stay", 40),
    ("minor", 8),
    ("pregnant", 0),
    ("short stay", 128),
    ("heparin", 89),
]
STEPS = [
    ("SIC score of 4 or more", 81),
    ("first ICU stay", 40),
    ("age", 8),
    ("not pregnant", 0),
    ("48 h", 128),
    ("h", 89),
]
CIRRHOSIS = "no cirrhosis"
SIZES = "rules more than the twin knows:"


def with_rule(at: int, count: int) -> Counted:
    return [*STEPS[:at], (CIRRHOSIS, count), *STEPS[at:]]


def test_equal_flows_do_not_differ() -> None:
    assert differing_steps(STEPS, PLANTED) == {}


def test_a_step_is_held_to_its_own_reason() -> None:
    changed = [*STEPS[:2], ("age", 40), *STEPS[3:]]
    assert differing_steps(changed, PLANTED) == {"age": 1}


@pytest.mark.parametrize("at", range(len(STEPS) + 1))
@pytest.mark.parametrize("count", [3, 500])
def test_a_rule_that_the_twin_does_not_know_is_named_wherever_it_stands(at: int, count: int) -> None:
    assert differing_steps(with_rule(at, count), PLANTED) == {SIZES: 1, CIRRHOSIS: 1}


def test_what_a_new_rule_takes_from_the_others_is_told_too() -> None:
    fewer = [*STEPS[:4], (CIRRHOSIS, 30), ("48 h", 100), ("h", 89)]
    assert differing_steps(fewer, PLANTED) == {SIZES: 1, CIRRHOSIS: 1, "48 h": 1, "no step for: short stay": 1}


def test_a_rule_that_was_taken_out_is_named_by_its_reason() -> None:
    fewer = [*STEPS[:4], *STEPS[5:]]
    assert differing_steps(fewer, PLANTED) == {"rules fewer than the twin knows:": 1, "no step for: short stay": 1}
    assert len(differing_steps([], PLANTED)) == 7
