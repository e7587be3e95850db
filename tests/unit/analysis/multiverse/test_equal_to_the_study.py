"""Specifications against the study's own rows, and against the same by other means."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from lifelines import CoxPHFitter

from analysis_py.marts.read import Marts
from analysis_py.statistics.balance import standardized_mean_difference
from analysis_py.statistics.design import encode
from analysis_py.statistics.doubly_robust import standardize
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.imbalance import imbalance
from analysis_py.statistics.weighting import entropy_weights
from analysis_py.study.analyses.cohorts import ITERATIONS, complete_cohort, match_cohort
from analysis_py.study.multiverse.choices import Specification
from analysis_py.study.multiverse.cohorts import Prepared, of_adjustment, prepare
from analysis_py.study.multiverse.found import Found
from analysis_py.study.multiverse.run import find_all, known_specifications
from analysis_py.study.readings import cohort_of
from analysis_py.study.results import Row
from analysis_py.study.study import run_study
from analysis_py.study.variables import (
    DEATH_28D,
    DEATH_HOSPITAL,
    EXTENDED,
    FOLLOW_UP,
    MODELS,
    PROPENSITY_COVARIATES,
    TABLE_ONE,
    TREATMENT,
)

pytestmark = pytest.mark.needs_half_an_hour

NUMBERS = ("estimate", "lower", "upper", "p_value", "n", "events")
# a reading of the study with the choices that are the same
SAME = {
    "SIC: score of 4 or more (paper)": ("paper", "four organs", "any in the ICU", "day28"),
    "SIC: paper, SOFA of six organs": ("paper", "six organs", "any in the ICU", "day28"),
    "SIC: strict": ("strict", "four organs", "any in the ICU", "day28"),
    "SIC: strict, SOFA of six organs": ("strict", "six organs", "any in the ICU", "day28"),
    "no heparin infusion in the ICU": ("paper", "four organs", "infusion", "day28"),
    "no heparin order": ("paper", "four organs", "any order", "day28"),
    "follow-up to discharge": ("paper", "four organs", "any in the ICU", "discharge"),
}
MAIN = ("paper", "four organs", "any in the ICU", "day28")


@pytest.fixture(scope="module")
def rows(all_marts: Marts) -> list[Row]:
    study = run_study(all_marts.cohort, all_marts.flow, 1, 1, lambda _: None, all_marts.stays, processes=1)
    return [row for row in study.rows if row.analysis == "robustness" and row.cohort == "matched"]


@pytest.fixture(scope="module")
def found(all_marts: Marts) -> dict[tuple[str, ...], Found]:
    """By outcome, SIC, organs, heparin, follow-up, estimator, caliper; of matched pairs alone."""
    wanted = [one for one in known_specifications(all_marts) if "matched 1:1" in one.estimator]
    wanted = [one for one in wanted if one.caliper == "caliper 0.05 SD" or _place(one)[1:5] == MAIN]
    done = find_all(all_marts, wanted, 1, lambda _: None, processes=1)
    return {_place(entry.specification): entry for entry in done}


def _place(one: Specification) -> tuple[str, ...]:
    follow_up = one.follow_up or "day28"
    return (one.outcome, one.sic, one.organs, one.heparin, follow_up, one.estimator, one.caliper)


@pytest.mark.parametrize("label", SAME)
def test_a_reading_has_the_numbers_of_the_rows_robustness(
    label: str, rows: Sequence[Row], found: dict[tuple[str, ...], Found]
) -> None:
    own = [row for row in rows if row.level == label]
    assert len(own) == 6
    for row in own:
        if row.outcome == DEATH_HOSPITAL and SAME[label][-1] == "discharge":
            continue  # no choice of an odds ratio, whose gaps are filled as to day 28
        entry = found[row.outcome, *SAME[label], f"matched 1:1, {row.model}", "caliper 0.05 SD"]
        assert {name: getattr(entry, name) for name in NUMBERS} == {name: getattr(row, name) for name in NUMBERS}
        assert row.estimate is not None or entry.note == row.note


def test_calipers_have_the_numbers_of_the_rows_robustness(
    rows: Sequence[Row], found: dict[tuple[str, ...], Found]
) -> None:
    own = [row for row in rows if row.level.startswith("caliper ")]
    assert len(own) == 24
    for row in own:
        entry = found[row.outcome, *MAIN, f"matched 1:1, {row.model}", row.level]
        assert [getattr(entry, name) for name in NUMBERS] == [getattr(row, name) for name in NUMBERS]


# --- by other means -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def prepared(all_marts: Marts) -> Prepared:
    (one, *_) = [one for one in known_specifications(all_marts) if one.outcome == DEATH_28D]
    return prepare(complete_cohort(cohort_of(all_marts.stays, one.reading), 1, ITERATIONS, 1), "paper")


@pytest.fixture(scope="module")
def own(all_marts: Marts) -> dict[tuple[str, str, str], Found]:
    """All of the first cohort, by outcome, estimator and caliper."""
    known = [one for one in known_specifications(all_marts) if one.follow_up in ("", "day28")]
    wanted = [one for one in known if (one.sic, one.organs, one.heparin) == ("paper", "four organs", "infusion")]
    completed = complete_cohort(cohort_of(all_marts.stays, wanted[0].reading), 1, ITERATIONS, 1)
    done = of_adjustment(completed, "paper", wanted)
    return {
        (entry.specification.outcome, entry.specification.estimator, entry.specification.caliper): entry
        for entry in done
    }


def _weights(prepared: Prepared) -> dict[str, pd.Series]:
    """By hand from a propensity score by statsmodels."""
    numbers = encode(prepared.data, PROPENSITY_COVARIATES)
    design = sm.add_constant((numbers - numbers.mean()) / numbers.std())
    treated = prepared.data[TREATMENT].astype(float)
    score = sm.Logit(treated, design).fit(disp=0, method="newton", tol=1e-12).predict(design)
    given, lesser = treated == 1, np.minimum(score, 1 - score)
    chance = score.where(given, 1 - score)
    return {
        "IPTW, ATE": 1 / chance,
        "IPTW, ATT": (score / chance).where(~given, 1.0),
        "overlap weights": 1 - chance,
        "matching weights": lesser / chance,
    }


@pytest.mark.parametrize("estimator", ["IPTW, ATE", "IPTW, ATT", "overlap weights", "matching weights"])
def test_weights_give_the_ratios_of_weighted_tables_and_hazards(
    estimator: str, prepared: Prepared, own: dict[tuple[str, str, str], Found]
) -> None:
    weights = _weights(prepared)[estimator]
    data = prepared.data
    cells = weights.groupby([data[TREATMENT], data[DEATH_HOSPITAL].astype(bool)]).sum()
    odds = cells[True, True] * cells[False, False] / (cells[True, False] * cells[False, True])
    assert own[DEATH_HOSPITAL, estimator, ""].estimate == pytest.approx(odds, rel=1e-6)
    frame = pd.DataFrame(
        {
            "days": data[FOLLOW_UP],
            "died": data[DEATH_28D].astype(int),
            "treated": data[TREATMENT].astype(int),
            "weight": weights,
        }
    )
    fitted = CoxPHFitter().fit(frame, "days", "died", weights_col="weight", robust=True)
    entry = own[DEATH_28D, estimator, ""]
    assert entry.estimate == pytest.approx(fitted.hazard_ratios_["treated"], rel=1e-4)
    assert entry.lower == pytest.approx(np.exp(fitted.confidence_intervals_.loc["treated"].iloc[0]), rel=2e-3)
    assert entry.checks.effective == pytest.approx(
        min((weights[arm].sum() ** 2 / (weights[arm] ** 2).sum()) for arm in (data[TREATMENT], ~data[TREATMENT]))
    )


def test_entropy_balancing_leaves_a_difference_in_what_is_in_no_model_alone(
    prepared: Prepared, own: dict[tuple[str, str, str], Found]
) -> None:
    weights = entropy_weights(prepared.data, TREATMENT, PROPENSITY_COVARIATES)
    left = standardized_mean_difference(
        prepared.data, "vasopressin_24h", TREATMENT, "binary", weights=weights, denominator="adjusted"
    )
    assert own[DEATH_28D, "entropy balancing", ""].checks.smd == pytest.approx(abs(left))
    unweighted = own[DEATH_28D, "adjusted", ""].checks.smd
    assert unweighted is not None and unweighted > 0.2


@pytest.mark.parametrize("estimator", ["AIPW", "standardization"])
def test_doubly_robust_odds_lie_near_the_adjusted_ones(estimator: str, own: dict[tuple[str, str, str], Found]) -> None:
    entry, adjusted = own[DEATH_HOSPITAL, estimator, ""], own[DEATH_HOSPITAL, "adjusted", ""]
    assert None not in (entry.estimate, entry.lower, entry.upper, adjusted.estimate)
    assert entry.estimate == pytest.approx(adjusted.estimate, rel=0.25)  # type: ignore[arg-type]
    assert entry.lower < entry.estimate < entry.upper  # type: ignore[operator]


def test_standardized_odds_without_covariates_are_those_of_the_table() -> None:
    counts = {(1, 1): 30, (1, 0): 70, (0, 1): 60, (0, 0): 90}
    data = pd.DataFrame([pair for pair, count in counts.items() for _ in range(count)], columns=["treated", "died"])
    risks = standardize(data, "died", "treated", [])
    assert risks.odds_ratio == pytest.approx(30 * 90 / (70 * 60))
    assert risks.log_odds_ratio_se == pytest.approx(np.sqrt(sum(1 / count for count in counts.values())), rel=1e-6)


def test_further_controls_share_the_weight_of_one(prepared: Prepared, own: dict[tuple[str, str, str], Found]) -> None:
    pairs, triples = (own[DEATH_28D, f"matched 1:{k}, model 3", "no caliper"] for k in (1, 3))
    treated = int(prepared.data[TREATMENT].sum())
    assert (pairs.n, triples.n) == (2 * treated, min(4 * treated, len(prepared.data)))
    assert pairs.checks.effective == pytest.approx(treated)
    assert own[DEATH_28D, "matched 1:3, model 3", "caliper 0.02 SD"].n < triples.n  # type: ignore[operator]


def test_the_largest_difference_is_that_of_the_worst_covariate(prepared: Prepared) -> None:
    data = prepared.data.copy()
    data["never"] = 3.0
    kinds = {variable.name: variable.kind for variable in prepared.adjustment.shown} | {"never": "continuous"}
    made = imbalance(data, kinds, TREATMENT)  # type: ignore[arg-type]
    random = np.random.default_rng(3)
    matched = match_cohort(data).data.index
    for weights in (
        pd.Series(1.0, index=data.index),
        pd.Series(random.random(len(data)), index=data.index),
        pd.Series(data.index.isin(matched).astype(float), index=data.index),
    ):
        expected = [
            abs(standardized_mean_difference(data, name, TREATMENT, kind, weights=weights, denominator="adjusted"))  # type: ignore[arg-type]
            for name, kind in kinds.items()
        ]
        assert made.largest(weights) == pytest.approx(max(expected), rel=1e-9)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda weights: weights.iloc[1:], "not about the same rows"),
        (lambda weights: -weights, "negative"),
        (lambda weights: weights * [1, 0, 0, 0], "untreated are 0"),
        (lambda weights: weights * np.nan, "missing"),
    ],
)
def test_weights_that_are_none_are_refused(change: object, told: str) -> None:
    data = pd.DataFrame({"treated": [True, False, False, True], "age": [1.0, 2.0, 4.0, 3.0]})
    made = imbalance(data, {"age": "continuous"}, "treated")
    with pytest.raises(NotEstimable, match=told):
        made.largest(change(pd.Series(1.0, index=data.index)))  # type: ignore[operator]


def test_models_of_matched_pairs_are_those_of_the_paper(prepared: Prepared) -> None:
    assert prepared.model("model 1") == []
    assert prepared.model("model 2") == list(MODELS["model 2"])
    assert prepared.model("model 3") == list(MODELS["model 3"])


def test_the_extended_adjustment_has_more_covariates_and_leaves_the_papers_numbers(
    make_marts: Callable[..., Marts],
) -> None:
    marts = make_marts(400, with_extended=True)
    known = known_specifications(marts)
    assert {one.adjustment for one in known} == {"paper", "extended"}
    wanted = [
        one
        for one in known
        if (one.sic, one.organs, one.heparin) == ("paper", "four organs", "infusion")
        and one.estimator in ("overlap weights", "adjusted")
        and one.follow_up == "day28"
    ]
    both = find_all(marts, wanted, 1, lambda _: None, processes=1)
    alone = find_all(replace(marts, extended=None), wanted[:2], 1, lambda _: None, processes=1)
    assert both[:2] == alone
    by_place = {(one.specification.estimator, one.specification.adjustment): one for one in both}
    assert all(one.estimate is not None for one in both)
    events = {name: by_place["adjusted", name].checks.events or 0.0 for name in ("paper", "extended")}
    assert events["extended"] < events["paper"]
    assert by_place["overlap weights", "extended"].estimate != by_place["overlap weights", "paper"].estimate
    assert by_place["overlap weights", "extended"].checks.covariates == len(TABLE_ONE) + len(EXTENDED)
