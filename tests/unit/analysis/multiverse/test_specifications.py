"""Which specifications there are, and how some of them are asked for."""

from collections.abc import Callable

import pytest

from analysis_py.marts.read import Marts
from analysis_py.study.multiverse.choices import (
    ANY,
    CALIPER_WIDTHS,
    CHOICES,
    HEPARIN,
    MATCHINGS,
    SIC_RULES,
    TRIAL,
    chosen,
    parse_only,
    specifications,
)
from analysis_py.study.multiverse.run import known_specifications, plan
from analysis_py.study.trial.designs import WAYS
from analysis_py.study.variables import DEATH_28D, DEATH_HOSPITAL

COLUMNS = [*HEPARIN.values(), *(name for names in SIC_RULES.values() for name in names)]


def test_there_are_more_than_a_thousand_and_no_two_are_the_same() -> None:
    known = specifications(COLUMNS)
    assert len(known) == len({one.key for one in known}) > 1000
    assert len(specifications(COLUMNS, ("paper", "extended"))) == 2 * len(known)


def test_every_value_of_a_choice_meets_every_value_of_the_others() -> None:
    hazards = [one for one in specifications(COLUMNS) if one.outcome == DEATH_28D]
    matched = [one for one in hazards if one.estimator in MATCHINGS]
    assert len(matched) == 2 * 2 * 3 * 2 * len(MATCHINGS) * len(CALIPER_WIDTHS)
    places = {(one.sic, one.organs, one.heparin, one.follow_up) for one in hazards if one.estimator == "IPTW, ATE"}
    assert len(places) == 24
    assert set(CALIPER_WIDTHS) == {one.caliper for one in matched}


def test_a_choice_that_makes_no_difference_is_none() -> None:
    known = specifications(COLUMNS, has_trial=True)
    assert {one.follow_up for one in known if one.outcome == DEATH_HOSPITAL} == {ANY}
    assert {one.caliper for one in known if one.estimator not in MATCHINGS} == {ANY}
    assert all(one.estimator not in ("AIPW", "standardization") for one in known if one.measure == "HR")
    trial = [one for one in known if one.design == TRIAL]
    assert len(trial) == 2 * len(WAYS)
    assert all(getattr(one, name) == ANY for one in trial for name in ("sic", "heparin", "adjustment", "follow_up"))


def test_a_reading_that_the_marts_do_not_have_is_not_asked_for() -> None:
    without = [name for name in COLUMNS if name not in ("is_sic_total", "has_heparin_any_order")]
    known = specifications(without)
    assert ("paper", "six organs") not in {(one.sic, one.organs) for one in known}
    assert ("strict", "six organs") in {(one.sic, one.organs) for one in known}
    assert "any order" not in {one.heparin for one in known}


def test_readings_that_keep_the_same_patients_are_one_cohort(make_marts: Callable[..., Marts]) -> None:
    marts = make_marts(120)
    known = known_specifications(marts)
    planned = plan(marts, known)
    # infusions and orders exclude the same stay in these data, and what else got heparin has no strict SIC
    assert len(planned.cohorts) == len(planned.units) == 12
    assert sorted(one.key for unit in planned.units for one in unit.wanted) == sorted(one.key for one in known)
    sizes = {one.reading.label: len(planned.cohorts[unit.cohort]) for unit in planned.units for one in unit.wanted}  # type: ignore[index]
    assert sizes["paper, four organs, any in the ICU, day28"] == 120
    assert sizes["paper, four organs, infusion, day28"] == 121
    assert sizes["strict, four organs, any in the ICU, discharge"] == 60


def test_values_may_hold_commas_and_a_choice_may_come_twice() -> None:
    found = parse_only("design=published,estimator=IPTW, ATE,sic=paper,sic=strict,estimator=matched 1:1, model 3")
    assert found == {
        "design": ["published"],
        "estimator": ["IPTW, ATE", "matched 1:1, model 3"],
        "sic": ["paper", "strict"],
    }
    with pytest.raises(ValueError, match="'published' is not choice=value"):
        parse_only("published")


def test_only_what_was_asked_for_is_chosen() -> None:
    known = specifications(COLUMNS)
    found = chosen(known, {"sic": ["strict"], "estimator": ["AIPW", "IPTW, ATE"], "outcome": [DEATH_HOSPITAL]})
    assert {(one.sic, one.estimator, one.outcome) for one in found} == {
        ("strict", "AIPW", DEATH_HOSPITAL),
        ("strict", "IPTW, ATE", DEATH_HOSPITAL),
    }
    assert chosen(known, {}) == known


@pytest.mark.parametrize(
    ("only", "told"),
    [
        ({"organ": ["four organs"]}, f"there is no choice 'organ': {', '.join(CHOICES)}"),
        ({"heparin": ["some"]}, "heparin is never 'some' here: infusion · any in the ICU · any order"),
        ({"design": ["trial"]}, "design is never 'trial' here: published"),
        ({"estimator": ["AIPW"], "follow_up": ["day28"]}, "no specification has all of these choices"),
    ],
)
def test_what_cannot_be_chosen_is_said_with_what_there_is(only: dict[str, list[str]], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        chosen(specifications(COLUMNS), only)
