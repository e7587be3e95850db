"""The gate, the hiding of small counts, and the summary by choice."""

from dataclasses import replace

import pandas as pd
import pytest

from analysis_py.study.multiverse.choices import SIC_RULES, Specification, specifications
from analysis_py.study.multiverse.found import Checks, Found
from analysis_py.study.multiverse.shown import BY_CHOICE, COLUMNS, by_choice, specification_table
from analysis_py.study.variables import DEATH_28D, DEATH_HOSPITAL

GOOD = Checks(smd=0.099, equipoise=0.2, effective=50.0, events=10.0)
COLUMNS_OF_MARTS = ["has_heparin_infusion", *(name for names in SIC_RULES.values() for name in names)]


def specification(estimator: str = "IPTW, ATE", outcome: str = DEATH_28D, **changed: str) -> Specification:
    follow_up = "day28" if outcome == DEATH_28D else ""
    place = (outcome, "paper", "four organs", "infusion", follow_up, "paper", estimator, "")
    return replace(Specification("published", *place), **changed)


def entry(one: Specification, estimate: float, n: int = 400, events: int = 90, **changed: object) -> Found:
    limits = (0.8 * estimate, 1.25 * estimate)
    return replace(Found(one, estimate, *limits, 0.5, n, events, GOOD, least_count=40), **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "verdict", "failed"),
    [
        ({}, "pass", ()),
        ({"smd": 0.1}, "fail", ("balance",)),
        ({"equipoise": 0.199}, "fail", ("equipoise",)),
        ({"effective": 49.9}, "fail", ("weights",)),
        ({"events": 9.99}, "caution", ()),
        ({"events": 5.0}, "caution", ()),
        ({"events": 4.99}, "fail", ("events per coefficient",)),
        ({"events": 4.99, "smd": 0.2}, "fail", ("balance", "events per coefficient")),
        ({"smd": None}, "not evaluated", ()),
        ({"smd": None, "events": 6.0}, "not evaluated", ()),
        ({"smd": None, "effective": 3.0}, "fail", ("weights",)),
    ],
)
def test_a_specification_passes_when_every_check_does(
    changed: dict[str, float | None], verdict: str, failed: tuple[str, ...]
) -> None:
    checks = replace(GOOD, **changed)
    assert (checks.verdict, checks.failed) == (verdict, failed)


def test_an_interval_without_bounds_is_no_estimate() -> None:
    one = entry(specification(), 0.7)
    assert Found(one.specification).refused("no", GOOD).note == "not estimable: no"


def test_the_table_tells_choices_numbers_and_checks() -> None:
    table = specification_table([entry(specification(), 0.7)], 10)
    assert tuple(table.columns) == COLUMNS
    (row,) = table.to_dict("records")
    assert (row["estimator"], row["measure"], row["n"], row["events"]) == ("IPTW, ATE", "HR", 400, 90)
    assert (row["largest_smd"], row["gate"], row["failed"], row["note"]) == (0.099, "pass", "", "")


def test_small_counts_are_hidden_with_what_gives_them_away() -> None:
    crude = entry(specification("matched 1:1, model 1", DEATH_HOSPITAL), 0.5, least_count=3)
    full = entry(specification("matched 1:1, model 3", DEATH_HOSPITAL), 0.6, least_count=3)
    table = specification_table([crude, full], 10)
    assert list(table["n"]) == list(table["events"]) == ["hidden", "hidden"]
    assert table[["events_per_coefficient", "effective_sample_size"]].isna().all(axis=None)
    assert pd.isna(table["estimate"][0]) and table["note"][0] == "a count below 10 is not shown"
    assert table["estimate"][1] == 0.6
    assert list(specification_table([crude, full], 0)["n"]) == [400, 400]


def test_sizes_that_differ_by_a_few_patients_are_hidden() -> None:
    sizes = (400, 409, 500, 510, 600)
    found = [entry(specification(sic=str(size)), 0.7, n=size, events=100 * at) for at, size in enumerate(sizes, 1)]
    assert list(specification_table(found, 10)["n"]) == ["hidden", "hidden", 500, 510, 600]
    found = [replace(one, events=events) for one, events in zip(found, (90, 91, 120, 150, 150), strict=True)]
    assert list(specification_table(found, 2)["events"]) == ["hidden", "hidden", 120, 150, 150]


def test_a_choice_is_summed_up_and_its_factor_holds_all_others() -> None:
    estimates = {("paper", "IPTW, ATE"): 0.5, ("strict", "IPTW, ATE"): 1.0, ("paper", "AIPW"): 0.8}
    estimates[("strict", "AIPW")] = 1.2
    found = [entry(specification(name, DEATH_HOSPITAL, sic=sic), value) for (sic, name), value in estimates.items()]
    found.append(Found(specification("adjusted", DEATH_HOSPITAL)).refused("no events"))
    table = by_choice(specification_table(found, 0))
    assert tuple(table.columns) == BY_CHOICE
    everything = table.iloc[0]
    assert (everything["value"], everything["specifications"], everything["estimable"]) == ("all", 5, 4)
    assert everything["median"] == pytest.approx(0.9)
    assert (everything["lower_quartile"], everything["upper_quartile"]) == pytest.approx((0.725, 1.05))
    assert (everything["percent_below_1"], everything["percent_pass"]) == pytest.approx((50, 80))
    paper = table[(table["choice"] == "sic") & (table["value"] == "paper")].iloc[0]
    assert paper["median"] == pytest.approx(0.65)
    # 1.0 / 0.5 by one estimator and 1.2 / 0.8 by the other
    assert paper["factor"] == pytest.approx((2.0 + 1.5) / 2)
    by_estimator = table[table["choice"] == "estimator"]
    assert by_estimator["factor"].iloc[0] == pytest.approx((0.8 / 0.5 + 1.2 / 1.0) / 2)
    assert table.loc[table["choice"] == "organs", "factor"].isna().all()


def test_matched_estimates_meet_weighted_ones_in_the_main_caliper() -> None:
    matched = [
        entry(specification("matched 1:1, model 3", caliper=caliper), value)
        for caliper, value in (("caliper 0.05 SD", 0.9), ("no caliper", 0.1))
    ]
    table = by_choice(specification_table([*matched, entry(specification(), 0.6)], 0))
    assert table.loc[table["choice"] == "estimator", "factor"].iloc[0] == pytest.approx(0.9 / 0.6)
    assert table.loc[table["choice"] == "caliper", "factor"].iloc[0] == pytest.approx(0.9 / 0.1)


def test_each_measure_is_summed_up_on_its_own() -> None:
    known = specifications(COLUMNS_OF_MARTS)
    table = by_choice(specification_table([entry(one, 0.7) for one in known], 0))
    assert list(table.loc[table["value"] == "all", "measure"]) == ["HR", "OR"]
    assert "follow_up" not in set(table.loc[table["measure"] == "OR", "choice"])
