"""Small counts of real patients: each way in which one could be reckoned from what is shown is closed, and no more."""

from dataclasses import replace

import pandas as pd
import pytest

from analysis_py.study.results import Row, flow_rows
from analysis_py.study.suppression import HIDDEN, SUPPRESS_BELOW, hide_flow, is_small, suppress, suppress_flow

BELOW = 10


def share(group: str, events: int, n: int = 100, level: str = "", term: str = "x", analysis: str = "table_one") -> Row:
    place = Row(analysis, f"full {group}", term=term, level=level, measure="percent", n=n, events=events)
    return replace(place, estimate=100 * events / n)


def shown(*rows: Row) -> list[int | str | None]:
    return [row.events for row in suppress(rows, BELOW)]


def test_ten_is_the_first_count_that_is_shown() -> None:
    assert SUPPRESS_BELOW == BELOW
    assert [is_small(count, BELOW) for count in (0, 1, 9, 10, None, "<10")] == [False, True, True, False, False, False]
    assert shown(share("control", 10), share("treated", 50)) == [10, 50]
    assert shown(share("control", 0), share("treated", 50)) == [0, 50]


def test_a_small_count_or_rest_takes_the_other_group_with_it() -> None:
    assert shown(share("control", 50), share("treated", 9)) == [HIDDEN, "<10"]
    assert shown(share("control", 91), share("treated", 50)) == [HIDDEN, HIDDEN]
    assert shown(share("control", 90), share("treated", 50)) == [90, 50]
    hidden = suppress([share("control", 50), share("treated", 9)], BELOW)
    assert [row.estimate for row in hidden] == [None, None]
    # another variable stays as it is
    assert shown(share("treated", 9), share("control", 50, term="y")) == ["<10", 50]


def test_a_group_of_nobody_is_a_zero_and_a_small_group_beside_it_stays_hidden() -> None:
    nobody = Row("table_one", "full treated", term="age", measure="median", n=0, note="no values")
    none = Row("outcomes", "full treated", term="died", measure="percent", n=0, events=0)
    nine = Row("table_one", "full control", term="age", measure="median", estimate=66.0, n=9)
    died = replace(share("control", 3, 9, term="died", analysis="outcomes"), cohort="full control")
    found = suppress([nobody, none, nine, died], BELOW)
    assert [(row.n, row.events) for row in found] == [(0, None), (0, 0), ("<10", None), ("<10", HIDDEN)]
    assert [row.estimate for row in found] == [None] * 4
    # a group in which nobody has a value is not one of nobody
    some = replace(none, term="died_hospital", n=50, events=20, estimate=40.0)
    (hidden, *_) = suppress([nobody, some, nine], BELOW)
    assert hidden.n == HIDDEN


def test_of_several_levels_the_next_smallest_goes_too() -> None:
    levels = [share("treated", events, level=level) for level, events in (("4", 60), ("5", 31), ("6", 9))]
    assert shown(*levels) == [60, HIDDEN, "<10"]
    two = [share("treated", events, level=level) for level, events in (("4", 84), ("5", 8), ("6", 8))]
    assert shown(*two) == [84, "<10", "<10"]


def test_survival_and_crude_estimates_do_not_tell_a_hidden_death() -> None:
    deaths = [
        share(group, events, term="died", analysis="outcomes") for group, events in (("control", 40), ("treated", 4))
    ]
    survival = [
        Row(
            "kaplan_meier", f"full {group}", "died", measure="survival at day 28", estimate=1 - e / 100, n=100, events=e
        )
        for group, e in (("control", 40), ("treated", 4))
    ]
    crude = Row("outcome_models", "full", "died", "model 1", measure="HR", estimate=0.5, p_value=0.1, n=200, events=44)
    adjusted, robust = replace(crude, model="model 3"), replace(crude, analysis="robustness", level="a reading", n=200)
    smd = Row("outcomes", "full", term="died", measure="SMD", estimate=0.9)
    found = suppress([*deaths, *survival, crude, adjusted, robust, smd], BELOW)
    assert [(row.events, row.estimate) for row in found[:4]] == [(HIDDEN, None), ("<10", None)] * 2
    assert [row.estimate for row in found[4:]] == [None, 0.5, None, None]
    assert found[4].note == "a count below 10 is not shown"
    # one group's deaths are many: their sum tells nothing but what may be known
    assert found[5].events == 44


def test_the_sum_of_two_small_counts_is_hidden() -> None:
    deaths = [share(group, 6, term="died", analysis="outcomes") for group in ("control", "treated")]
    total = Row("outcome_models", "full", "died", "model 3", measure="HR", estimate=0.5, n=200, events=12)
    assert suppress([*deaths, total], BELOW)[2].events == HIDDEN
    assert suppress([share("control", 60, term="died", analysis="outcomes"), deaths[1], total], BELOW)[2].events == 12


@pytest.mark.parametrize("with_a_value", [95, 7])
def test_a_few_with_or_without_a_value_hide_the_sizes_of_both_groups(with_a_value: int) -> None:
    size = Row("kaplan_meier", "full treated", "died", measure="survival at day 28", estimate=0.8, n=100, events=20)
    median = Row("table_one", "full treated", term="lactate", measure="median", estimate=2.0, n=with_a_value)
    other = replace(median, cohort="full control", n=60)
    found = suppress([size, replace(size, cohort="full control"), median, other], BELOW)
    assert [row.n for row in found[2:]] == [HIDDEN if with_a_value == 95 else "<10", HIDDEN]
    whole = suppress([size, replace(median, n=100)], BELOW)
    assert whole[1].n == 100


@pytest.mark.parametrize("analysis", ["robustness", "pooled_clustered", "pooled_event_df"])
def test_sizes_that_differ_by_a_few_from_another_reading_are_hidden(analysis: str) -> None:
    main = Row("outcome_models", "matched", "died", "model 3", measure="HR", estimate=0.7, n=428, events=70)
    near, far = replace(main, analysis=analysis, n=430), replace(main, analysis=analysis, n=438)
    assert [row.n for row in suppress([main, near], BELOW)] == [428, HIDDEN]
    assert [row.n for row in suppress([main, far], BELOW)] == [428, 438]
    # seen from both sides: nine more, nine fewer
    assert [row.n for row in suppress([main, replace(near, n=419)], BELOW)] == [428, HIDDEN]
    # pooled sizes hide those of readings near them
    reading = replace(main, analysis="robustness", n=440, level="a reading")
    assert suppress([main, replace(main, analysis=analysis, n=445), reading], BELOW)[2].n == HIDDEN


def test_a_small_stratum_hides_the_next_one_for_their_sum_is_known() -> None:
    def stratum(level: str, n: int, events: int) -> Row:
        place = Row("subgroup", "matched", "died", "model 1", "age_years", level, "HR", estimate=0.7)
        return replace(place, n=n, events=events)

    small, large = suppress([stratum("≤60", 60, 4), stratum(">60", 300, 90)], BELOW)
    assert (small.events, large.events, large.n) == ("<10", HIDDEN, HIDDEN)
    # an estimate is no count
    assert (small.estimate, large.estimate) == (0.7, 0.7)


def flow(*excluded: int, last: int = 500) -> pd.DataFrame:
    after = [last + sum(excluded[step + 1 :]) for step in range(len(excluded))]
    before = [n + out for n, out in zip(after, excluded, strict=True)]
    rules = [f"rule {step}" for step in range(1, len(excluded) + 1)]
    steps = range(1, len(excluded) + 1)
    return pd.DataFrame({"step": steps, "rule": rules, "n_before": before, "n_excluded": excluded, "n_after": after})


def test_a_small_exclusion_hides_the_nearest_larger_one_and_what_lies_between() -> None:
    found = suppress_flow(flow(100, 3, 0, 50, 20), BELOW)
    assert found["n_excluded"].tolist() == [HIDDEN, "<10", 0, 50, 20]
    assert found["n_after"].tolist() == [HIDDEN, 570, 570, 520, 500]
    assert found["n_before"].tolist() == [673, HIDDEN, 570, 570, 520]
    far = suppress_flow(flow(3, 0, 0, 50), BELOW)
    assert far["n_excluded"].tolist() == ["<10", 0, 0, HIDDEN]
    assert far["n_after"].tolist() == [HIDDEN, HIDDEN, HIDDEN, 500]


def test_a_small_rest_hides_what_the_step_before_took() -> None:
    found = suppress_flow(flow(100, 50, last=4), BELOW)
    assert found["n_excluded"].tolist() == [100, HIDDEN]
    assert found["n_after"].tolist() == [54, "<10"]


def test_results_hide_what_the_flow_hides() -> None:
    steps = flow(100, 3, 50)
    rows = hide_flow(flow_rows(steps), suppress_flow(steps, BELOW))
    counts = {(row.level, row.measure): row.n for row in rows}
    assert counts["2", "n_excluded"] == "<10" and counts["3", "n_excluded"] == HIDDEN
    assert counts["2", "n_after"] == HIDDEN and counts["3", "n_after"] == 500
    plain = {(row.level, row.measure): row.n for row in flow_rows(steps)}
    assert plain["1", "n_after"] == 553 and plain["1", "n_excluded"] == 100
