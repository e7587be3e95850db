"""Each check on both sides of its limit, and the verdicts on the two data sets of ../shared/reference/r-causal."""

from collections.abc import Mapping, Sequence
from itertools import product
from math import exp, inf, nan, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis_py.statistics.balance import standardized_mean_difference
from analysis_py.statistics.diagnostics import preference_equipoise
from analysis_py.statistics.propensity import fit_propensity, match_nearest
from analysis_py.statistics.weighting import balancing_weights, effective_sample_size
from analysis_py.study.gate import checks
from analysis_py.study.gate.checks import (
    BALANCE,
    CAUTION,
    CHECKS,
    EQUIPOISE,
    FAIL,
    NOT_EVALUATED,
    PASS,
    POWER,
    VERDICTS,
    WEIGHTS,
    Verdict,
    may_be_read,
    overall,
)
from analysis_py.study.gate.numbers import Arms, Difference, Ease, Numbers, distance_of_kept, judge

REFERENCE = Path(__file__).parents[5] / "shared" / "reference" / "r-causal"


# --- one check at a time ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("largest", "error", "covariates", "verdict"),
    [
        (0.0, 0.01, 40, PASS),
        (0.0999, 0.01, 40, PASS),
        (0.1, 0.01, 1, CAUTION),  # chance makes half of all true differences of 0.1 as large
        (0.1299, 0.01, 1, FAIL),  # three standard errors beyond
        (0.15, 0.05, 40, CAUTION),
        (0.1999, 0.05, 40, CAUTION),
        (0.2, 0.05, 40, FAIL),
        (0.2, 0.5, 40, FAIL),
        (0.15, 0.0, 40, FAIL),
        (0.15, nan, 40, FAIL),
        (nan, 0.01, 40, NOT_EVALUATED),
        (inf, 0.01, 40, NOT_EVALUATED),
    ],
)
def test_balance(largest: float, error: float, covariates: int, verdict: str) -> None:
    found = checks.balance(largest, error, covariates, "Age")
    assert (found.check, found.verdict) == (BALANCE, verdict)
    if verdict != NOT_EVALUATED:
        assert found.value == largest and "Age" in found.note


def test_chance_is_bonferroni_s_as_in_cohort_method() -> None:
    error = 0.03
    for covariates in (1, 10, 100):
        edge = 0.1 + stats.norm.isf(0.05 / covariates) * error
        assert checks.balance(min(edge - 1e-4, 0.1999), error, covariates).verdict == CAUTION
        if edge < 0.2:
            assert checks.balance(edge + 1e-4, error, covariates).verdict == FAIL


def test_a_difference_that_chance_makes_is_mended_by_more_patients() -> None:
    assert "more patients" in checks.balance(0.3, 0.2, 40).note
    assert "more patients" not in checks.balance(0.3, 0.01, 40).note


@pytest.mark.parametrize(
    ("check", "passing", "failing"),
    [
        (checks.equipoise, 0.2, 0.1999),
        (checks.kept, 0.8, 0.7999),
        (checks.weights, 50, 49.99),
    ],
)
def test_shares_and_sizes_pass_from_their_limit_on(check: object, passing: float, failing: float) -> None:
    assert callable(check)
    assert (check(passing).verdict, check(failing).verdict, check(nan).verdict) == (PASS, FAIL, NOT_EVALUATED)
    assert not check(passing).note and check(failing).note


@pytest.mark.parametrize(
    ("per_coefficient", "verdict"),
    [(4.99, FAIL), (5, CAUTION), (9.99, CAUTION), (10, PASS), (0, FAIL), (nan, NOT_EVALUATED)],
)
def test_events_per_coefficient(per_coefficient: float, verdict: str) -> None:
    assert checks.events(per_coefficient).verdict == verdict


def test_power_says_how_many_events_would_pass() -> None:
    assert checks.power(9.99, 0.5).verdict == PASS and checks.power(10.0, 0.5).verdict == FAIL
    needed = int(checks.power(12.0, 0.1).note.split()[2])
    z = stats.norm.ppf(0.8) + stats.norm.ppf(0.975)
    for events, passes in ((needed - 1, False), (needed + 1, True)):
        detectable = exp(z / sqrt(events * 0.1 * 0.9))
        assert (checks.power(detectable, 0.1).verdict == PASS) is passes


@pytest.mark.parametrize(
    ("value", "controls", "verdict"),
    [(0.2499, 5, PASS), (0.25, 5, FAIL), (0.01, 4, NOT_EVALUATED), (9.0, 4, NOT_EVALUATED), (nan, 5, NOT_EVALUATED)],
)
def test_ease_needs_five_controls(value: float, controls: int, verdict: str) -> None:
    assert checks.ease(value, controls).verdict == verdict


def test_who_is_kept_is_told_with_their_distance_from_all_treated() -> None:
    assert "0.31 SD" in checks.kept(0.5, 0.31).note
    assert checks.kept(0.9, 0.31).verdict == PASS  # the share decides
    assert not checks.kept(1.0, 0.0).note


def test_the_distance_of_the_kept_is_in_standard_deviations_of_all() -> None:
    random = np.random.default_rng(1)
    columns = np.column_stack([random.normal(5, 2, 300), random.random(300) < 0.3, np.ones(300)]).astype(float)
    kept = columns[:, 0] > 5
    expected = (columns[kept, 0].mean() - columns[:, 0].mean()) / columns[:, 0].std()
    assert distance_of_kept(columns, kept) == pytest.approx(expected)
    assert distance_of_kept(columns, np.ones(300, dtype=bool)) == pytest.approx(0, abs=1e-12)
    assert distance_of_kept(columns, np.zeros(300, dtype=bool)) is None


# --- all of them together ---------------------------------------------------------------------------------------------


def test_every_combination_is_read_only_where_nothing_fails_and_nothing_is_unknown() -> None:
    for each in product(VERDICTS, repeat=len(CHECKS)):
        found = [Verdict(check, verdict) for check, verdict in zip(CHECKS, each, strict=True)]
        assert may_be_read(found) == (set(each) <= {PASS, CAUTION})
        worst = (
            FAIL if FAIL in each else NOT_EVALUATED if NOT_EVALUATED in each else CAUTION if CAUTION in each else PASS
        )
        assert overall(found) == worst


def test_a_check_that_is_missing_is_not_passed() -> None:
    passed = [Verdict(check, PASS) for check in CHECKS]
    assert may_be_read(passed)
    for at in range(len(CHECKS)):
        assert not may_be_read(passed[:at] + passed[at + 1 :])
    assert not may_be_read([]) and overall([]) == NOT_EVALUATED


GOOD = Numbers(
    "full",
    "died",
    "design",
    Difference(0.05, 0.02, 40, "Age"),
    equipoise=0.5,
    arms=Arms.of({False: 900, True: 100}, {False: 200, True: 15}),
    per_coefficient=21.5,
    kept=0.9,
    kept_difference=0.1,
    effective=100.0,
    ease=Ease(0.1, 20),
)


def test_good_numbers_pass_every_check_in_their_order() -> None:
    found = judge(GOOD)
    assert [one.check for one in found] == list(CHECKS)
    assert {one.verdict for one in found} == {PASS}
    power = next(one for one in found if one.check == POWER)
    z = stats.norm.ppf(0.8) + stats.norm.ppf(0.975)
    assert power.value == pytest.approx(exp(z / sqrt(215 * 0.1 * 0.9)))


def test_numbers_that_are_not_there_are_not_evaluated_with_their_reason() -> None:
    reasons: Mapping[str, str] = {check: f"why {check}" for check in CHECKS}
    found = judge(Numbers("full", "died", "design", reasons=reasons))
    assert [(one.verdict, one.note) for one in found] == [(NOT_EVALUATED, f"why {check}") for check in CHECKS]
    assert all(one.note for one in judge(Numbers("full", "died", "design")))


@pytest.mark.parametrize(
    ("arms", "verdict"),
    [
        (Arms.of({False: 30, True: 20}, {False: 0, True: 0}), FAIL),  # nothing can be found
        (Arms.of({False: 30, True: 3}, {False: 6, True: 1}), FAIL),  # 7 events, 9 % treated
        (Arms.of({False: 0, True: 0}, {False: 0, True: 0}), NOT_EVALUATED),
        (Arms.of({False: 30, True: 0}, {False: 5, True: 0}), NOT_EVALUATED),
        (Arms.of({False: 300, True: 300}, {False: 50, True: 50}), PASS),
    ],
)
def test_power_of_small_groups(arms: Arms, verdict: str) -> None:
    found = judge(Numbers("full", "died", "design", arms=arms))
    assert next(one for one in found if one.check == POWER).verdict == verdict


# --- R's verdicts -----------------------------------------------------------------------------------------------------


def expected(name: str) -> dict[str, float]:
    table = pd.read_csv(REFERENCE / name / "expected_causal.csv")
    return dict(zip(table["quantity"], pd.to_numeric(table["value"], errors="coerce"), strict=True))


def colon(weights: pd.Series | None, pairs: pd.DataFrame | None) -> Numbers:
    """The colon trial's patients as a design: weighted, or matched."""
    data = pd.read_csv(REFERENCE / "colon" / "data.csv")
    covariates, treated = covariates_of(data, "colon"), data["lev5fu"].astype(bool)
    used = data if pairs is None else data.loc[[*pairs["treated"], *pairs["control"]]]
    groups = {arm: used[used["lev5fu"] == arm] for arm in (False, True)}
    patients = {arm: len(rows) for arm, rows in groups.items()}
    sizes = patients if weights is None else effective_sample_size(weights, treated)
    smd = [
        abs(standardized_mean_difference(used, one, "lev5fu", weights=weights, denominator="adjusted"))
        for one in covariates
    ]
    return Numbers(
        "full",
        "status",
        "colon",
        Difference(max(smd), sqrt(sum(1 / size for size in sizes.values())), len(smd)),
        preference_equipoise(fit_propensity(data, "lev5fu", covariates), treated),
        Arms.of(patients, {arm: int(rows["status"].sum()) for arm, rows in groups.items()}),
        effective=float(min(sizes.values())),
    )


def covariates_of(data: pd.DataFrame, name: str) -> list[str]:
    table = pd.read_csv(REFERENCE / name / "expected_causal.csv")["quantity"]
    prefix = "smd.unweighted.pooled."
    found = [text.removeprefix(prefix) for text in table if text.startswith(prefix)]
    return [column for column in found if column in data.columns]


def by_check(found: Sequence[Verdict]) -> dict[str, Verdict]:
    return {one.check: one for one in found}


@pytest.mark.needs_shared
@pytest.mark.parametrize("how", ["weights", "pairs"])
def test_colon_passes_balance_equipoise_and_power(how: str) -> None:
    data = pd.read_csv(REFERENCE / "colon" / "data.csv")
    treated = data["lev5fu"].astype(bool)
    propensity = fit_propensity(data, "lev5fu", covariates_of(data, "colon"))
    weights = balancing_weights(propensity, treated, "ATE") if how == "weights" else None
    pairs = match_nearest(propensity, treated) if how == "pairs" else None
    found = by_check(judge(colon(weights, pairs)))
    assert {found[check].verdict for check in (BALANCE, EQUIPOISE, POWER, WEIGHTS)} == {PASS}
    r = expected("colon")
    assert found[EQUIPOISE].value == pytest.approx(r["equipoise.all"])
    if how == "weights":
        assert found[POWER].value == pytest.approx(r["mdrr.cox"])
        assert found[WEIGHTS].value == pytest.approx(r["weights.ate.ess.treated"], rel=1e-6)


@pytest.mark.needs_shared
def test_lalonde_fails_equipoise() -> None:
    r = expected("lalonde")
    data = pd.read_csv(REFERENCE / "lalonde" / "data.csv")
    propensity = fit_propensity(data, "treat", covariates_of(data, "lalonde"))
    share = preference_equipoise(propensity, data["treat"].astype(bool))
    assert share == pytest.approx(r["equipoise.all"]) == pytest.approx(0.1189, abs=1e-4)
    assert checks.equipoise(share).verdict == FAIL
    # unweighted it is far from balanced, and by inverse probability of treatment too
    sizes = r["weights.ate.ess.treated"], r["weights.ate.ess.control"]
    error = sqrt(sum(1 / size for size in sizes))
    for name, verdict in (("smd.unweighted.pooled.max_abs", FAIL), ("smd.ate.pooled.max_abs", FAIL)):
        assert checks.balance(r[name], error, 8).verdict == verdict
    assert checks.weights(min(sizes)).verdict == PASS
