"""The estimators of the published cohort, from data frames of known copies to rows: against R, by hand, hostile."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from analysis_py.marts.types import Variable
from analysis_py.statistics.balance import standardized_mean_difference
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.estimate import Z_975, Estimate
from analysis_py.statistics.propensity import fit_propensity
from analysis_py.statistics.survival import cox
from analysis_py.statistics.weighting import entropy_weights
from analysis_py.study.analyses.cohorts import match_cohort
from analysis_py.study.analyses.effects import effect_clustered
from analysis_py.study.estimators.adjustments import Adjustment, adjustments_of
from analysis_py.study.estimators.comparisons import Comparison, compare_groups
from analysis_py.study.estimators.discharge import CAUSE, DIED, DISCHARGED, ENDED, STAYED, with_discharge
from analysis_py.study.estimators.estimates import estimate_all
from analysis_py.study.estimators.names import (
    AALEN_JOHANSEN,
    ADJUSTED,
    AIPW,
    ANALYSIS,
    CAUSE_SPECIFIC,
    COMPETING,
    ENTROPY,
    ESS,
    ESTIMATORS,
    FINE_GRAY,
    HR,
    IPTW_ATE,
    IPTW_ATT,
    LARGEST_SMD,
    LARGEST_WEIGHT,
    MATCHED,
    MATCHED_1,
    MATCHED_2,
    MATCHED_3,
    MATCHED_EXACT,
    MATCHING_WEIGHTS,
    MEASURES,
    OR,
    OVERLAP,
    PAPER,
    RD,
    RMSTD,
    RR,
    SHR,
    STANDARDIZATION,
    WEIGHTS_ANALYSIS,
    cohort_of,
)
from analysis_py.study.estimators.run import Answers, answer, answers_to_ask, estimator_rows
from analysis_py.study.read_marts import type_cohort
from analysis_py.study.results import Row
from analysis_py.study.variables import DEATH_28D, FOLLOW_UP, HORIZON_DAYS, PROPENSITY_COVARIATES, TREATMENT

REFERENCE = Path(__file__).parents[4] / "shared" / "reference" / "r-causal"
MakeCohort = Callable[..., pd.DataFrame]
WEIGHTS = {IPTW_ATE: "ate", IPTW_ATT: "att", OVERLAP: "ato", MATCHING_WEIGHTS: "atm", ENTROPY: "ebal_att"}


@dataclass(frozen=True)
class Told:
    """Rows by model and measure; of `estimator_weights` with the group, where they have one."""

    rows: list[Row]

    def row(self, model: str, measure: str, group: str = "") -> Row:
        (found,) = [
            row
            for row in self.rows
            if (row.model, row.measure) == (model, measure) and row.cohort.partition(" ")[2] == group
        ]
        return found

    def value(self, model: str, measure: str, group: str = "") -> float:
        found = self.row(model, measure, group).estimate
        assert found is not None, (model, measure, self.row(model, measure, group).note)
        return found

    def error(self, model: str, measure: str) -> float:
        row = self.row(model, measure)
        assert row.upper is not None and row.lower is not None
        if measure in (RD, RMSTD):
            return (row.upper - row.lower) / 2 / Z_975
        return math.log(row.upper / row.lower) / 2 / Z_975


# --- R's numbers, from R's data through a whole run on one copy -------------------------------------------------------


@dataclass(frozen=True)
class Reference:
    """A data set of R in the columns of the study: its horizon is day 28, one of its covariates the SIC score."""

    name: str
    columns: dict[str, str]
    horizon: float

    @cached_property
    def expected(self) -> dict[str, float]:
        values = pd.read_csv(REFERENCE / self.name / "expected_causal.csv").set_index("quantity")["value"]
        return pd.to_numeric(values, errors="coerce").to_dict()

    @cached_property
    def data(self) -> pd.DataFrame:
        raw = pd.read_csv(REFERENCE / self.name / "data.csv").set_index("row_id").rename(columns=self.columns)
        raw[FOLLOW_UP] *= HORIZON_DAYS / self.horizon
        return raw.astype({TREATMENT: bool, DEATH_28D: bool})

    @cached_property
    def adjustment(self) -> Adjustment:
        names = tuple(name for name in self.data if name not in (TREATMENT, DEATH_28D, FOLLOW_UP))
        return Adjustment(
            PAPER,
            names,
            tuple(Variable(n, n, "binary" if self.data[n].isin([0, 1]).all() else "continuous") for n in names),
        )

    @cached_property
    def told(self) -> Told:
        return Told(estimator_rows([answer(self.data, self.adjustment, None, True)]))


REFERENCES = {
    "colon": Reference(
        "colon", {"lev5fu": TREATMENT, "time": FOLLOW_UP, "status": DEATH_28D, "sex": "sic_score"}, 1825
    ),
    "lalonde": Reference(
        "lalonde", {"treat": TREATMENT, "days": FOLLOW_UP, "employed78": DEATH_28D, "married": "sic_score"}, 180
    ),
}


@pytest.fixture(params=sorted(REFERENCES))
def r(request: pytest.FixtureRequest) -> Reference:
    return REFERENCES[request.param]


@pytest.mark.needs_shared
@pytest.mark.parametrize("estimator", WEIGHTS)
def test_weighted_estimators_are_those_of_r(r: Reference, estimator: str) -> None:
    name, told = WEIGHTS[estimator], r.told
    assert told.value(estimator, HR) == pytest.approx(r.expected[f"cox.{name}.hr"], rel=1e-8)
    assert told.error(estimator, HR) == pytest.approx(r.expected[f"cox.{name}.robust_se"], rel=1e-8)
    for group in ("treated", "control"):
        wanted = r.expected[f"weights.{name}.ess.{group}"]
        assert told.value(estimator, ESS, group) == pytest.approx(wanted, rel=1e-9)
    sizes = {group: int((r.data[TREATMENT] == (group == "treated")).sum()) for group in ("treated", "control")}
    largest = max(
        r.expected[f"weights.{name}.max.{group}"] / r.expected[f"weights.{name}.sum.{group}"] * sizes[group]
        for group in sizes
    )
    assert told.value(estimator, LARGEST_WEIGHT) == pytest.approx(largest, rel=1e-9)
    if name not in ("ate", "att", "ato"):  # R has no curves of the others
        return
    place = f"t{r.horizon:g}"
    assert told.value(estimator, RD) == pytest.approx(r.expected[f"km.{name}.rd.{place}"], rel=1e-9)
    assert told.error(estimator, RD) == pytest.approx(r.expected[f"km.{name}.rd_se.{place}"], rel=1e-9)
    assert told.value(estimator, RR) == pytest.approx(r.expected[f"km.{name}.rr.{place}"], rel=1e-9)
    assert told.error(estimator, RR) == pytest.approx(r.expected[f"km.{name}.log_rr_se.{place}"], rel=1e-9)
    mean = r.expected[f"rmst.{name}.diff.tau{r.horizon:g}"] * HORIZON_DAYS / r.horizon
    assert told.value(estimator, RMSTD) == pytest.approx(mean, rel=1e-9)


@pytest.mark.needs_shared
@pytest.mark.parametrize(("estimator", "variant"), [(MATCHED_1, "ratio1_cal0.05"), (MATCHED_2, "ratio2_cal0.05")])
def test_matched_estimators_are_those_of_r(r: Reference, estimator: str, variant: str) -> None:
    told, place = r.told, f"match.{variant}"
    assert told.value(estimator, HR) == pytest.approx(r.expected[f"{place}.cox.hr"], rel=1e-8)
    assert told.error(estimator, HR) == pytest.approx(r.expected[f"{place}.cox.cluster_se"], rel=1e-8)
    for group in ("treated", "control"):
        assert told.row(estimator, ESS, group).n == r.expected[f"{place}.{group}"]
    assert told.value(estimator, ESS, "control") == pytest.approx(r.expected[f"{place}.ess_control"], rel=1e-9)
    assert told.row(estimator, HR).n == r.expected[f"{place}.treated"] + r.expected[f"{place}.control"]


@pytest.mark.needs_shared
def test_doubly_robust_estimators_are_those_of_r(r: Reference) -> None:
    for estimator, name in ((AIPW, "aipw_joint.ate"), (STANDARDIZATION, "gcomp_joint.ate")):
        assert r.told.value(estimator, RD) == pytest.approx(r.expected[f"{name}.rd"], rel=1e-9)
        assert r.told.error(estimator, RD) == pytest.approx(r.expected[f"{name}.se"], rel=1e-9)
        ratio = r.expected[f"{name}.risk1"] / r.expected[f"{name}.risk0"]
        assert r.told.value(estimator, RR) == pytest.approx(ratio, rel=1e-9)
    assert r.told.error(AIPW, RR) == pytest.approx(r.expected["aipw_joint.ate.log_rr_se"], rel=1e-9)


@pytest.mark.needs_shared
def test_balance_is_that_of_the_adjusted_rows(r: Reference) -> None:
    for estimator, name in ((OVERLAP, "ato"), (MATCHING_WEIGHTS, "atm")):
        largest = r.expected[f"smd.{name}.weighted.max_abs"]
        assert r.told.value(estimator, LARGEST_SMD) == pytest.approx(largest, rel=1e-9, abs=1e-11)
        worst = r.told.row(estimator, LARGEST_SMD).term
        raw = {new: old for old, new in r.columns.items()}.get(worst, worst)
        assert abs(r.expected[f"smd.{name}.weighted.{raw}"]) == pytest.approx(largest, rel=1e-9, abs=1e-11)


@pytest.mark.needs_shared
def test_competing_estimators_are_those_of_r() -> None:
    """A death of R's is a discharge here, progression a death: censored rows end where they end."""
    raw = pd.read_csv(REFERENCE / "mgus2_competing" / "data.csv").set_index("row_id")
    expected = pd.read_csv(REFERENCE / "mgus2_competing" / "expected_causal.csv").set_index("quantity")["value"]
    covariates = ("age", "hgb", "creat", "mspike")
    copy = raw.rename(columns={"male": TREATMENT}).astype({TREATMENT: bool})
    copy[DEATH_28D], copy[FOLLOW_UP] = copy["status"] == 1, copy["etime"] * HORIZON_DAYS / 240
    ended = copy.assign(**{ENDED: copy[FOLLOW_UP], CAUSE: copy["status"]})
    adjustment = Adjustment(PAPER, covariates, ())
    score = fit_propensity(copy, TREATMENT, covariates)
    comparisons = {name: NotEstimable("not asked") for name in ESTIMATORS} | {
        IPTW_ATE: compare_groups(copy.assign(sic_score=4), adjustment, score)[IPTW_ATE]
    }
    found = estimate_all(copy, adjustment, score, comparisons, ended)
    for place, name, value in ((FINE_GRAY, "finegray", "logshr"), (CAUSE_SPECIFIC, "causespecific", "loghr")):
        estimate = found[place, SHR if place == FINE_GRAY else HR]
        assert isinstance(estimate, Estimate)
        assert math.log(estimate.value) == pytest.approx(float(expected[f"{name}.cause1.adjusted.{value}"]), rel=1e-6)
        error = math.log(estimate.upper / estimate.lower) / 2 / Z_975
        assert error == pytest.approx(float(expected[f"{name}.cause1.adjusted.se"]), rel=1e-6)
        assert (estimate.n, estimate.events) == (len(copy), int((copy["status"] == 1).sum()))
    incidence = found[AALEN_JOHANSEN, RD]
    assert isinstance(incidence, Estimate)
    risks = [float(expected[f"cif_ate.arm{arm}.cause1.t240"]) for arm in (0, 1)]
    assert incidence.value == pytest.approx(risks[1] - risks[0], rel=1e-9)


# --- a cohort of the study ------------------------------------------------------------------------------------------


def completed(cohort: pd.DataFrame, seed: int) -> pd.DataFrame:
    """A copy whose gaps are filled with values that others have: what is true of it does not matter here."""
    random, copy = np.random.default_rng(seed), type_cohort(cohort, "mart")
    for name in copy.columns[copy.isna().any()]:
        known = copy[name].dropna().to_numpy()
        copy[name] = copy[name].where(copy[name].notna(), random.choice(known, len(copy)))
    copy[FOLLOW_UP] = copy[FOLLOW_UP].round(1).clip(lower=0.1)  # deaths are tied
    return copy


def days_of(copy: pd.DataFrame) -> pd.Series:
    """Until death or discharge, at most 28."""
    alive = copy["hospital_days"].clip(upper=HORIZON_DAYS)
    return alive.where(~copy[DEATH_28D], copy[FOLLOW_UP]).rename("followup_discharge_days")


@pytest.fixture(scope="module")
def copies(make_cohort: MakeCohort) -> list[pd.DataFrame]:
    return [completed(make_cohort(900), seed) for seed in (1, 2, 3)]


@pytest.fixture(scope="module")
def answers(copies: list[pd.DataFrame]) -> list[Answers]:
    asked = answers_to_ask(copies, ("pt_sec",), days_of(copies[0]))
    assert list(asked) == [f"estimators, {PAPER}, copy {number}" for number in (1, 2, 3)]
    return [ask() for ask in asked.values()]


@pytest.fixture(scope="module")
def told(answers: list[Answers]) -> Told:
    return Told(estimator_rows(answers))


def test_every_estimator_has_its_rows_and_all_are_estimated(told: Told) -> None:
    own = [row for row in told.rows if row.analysis == ANALYSIS]
    assert [(row.model, row.measure) for row in own] == [(m, measure) for m in ESTIMATORS for measure in MEASURES[m]]
    for row in own:
        assert (row.outcome, row.term, row.level, row.cohort) == (DEATH_28D, TREATMENT, PAPER, cohort_of(row.model))
        assert row.note == "" and row.estimate is not None
        assert row.lower is not None and row.upper is not None and row.lower < row.estimate < row.upper
        assert row.p_value is not None and (row.p_value < 0.05) == (not row.lower < _no_effect(row) < row.upper)
    weights = [row for row in told.rows if row.analysis == WEIGHTS_ANALYSIS]
    assert len(weights) == 4 * len(ESTIMATORS)
    assert {row.cohort for row in own if row.model in MATCHED} == {"matched"}
    assert all(row.estimate is not None for row in weights)


def _no_effect(row: Row) -> float:
    return 0.0 if row.measure in (RD, RMSTD) else 1.0


def test_copies_are_pooled_by_rubins_rules_on_the_right_scale(answers: list[Answers], told: Told) -> None:
    for model, measure in (
        (OVERLAP, HR),
        (OVERLAP, RD),
        (MATCHED_2, RR),
        (IPTW_ATT, RMSTD),
        (FINE_GRAY, SHR),
        (ADJUSTED, OR),
    ):
        found = [one.estimates[model, measure] for one in answers]
        assert all(isinstance(one, Estimate) for one in found)
        is_ratio = measure not in (RD, RMSTD)
        limits = np.array([[one.value, one.lower, one.upper] for one in found])
        value, lower, upper = (np.log(limits) if is_ratio else limits).T
        within, between = (((upper - lower) / 2 / Z_975) ** 2).mean(), value.var(ddof=1)
        assert between > 0
        total = within + between * 4 / 3
        share = between * 4 / 3 / total
        known = min((one.events if measure in (HR, SHR) else one.n) - one.parameters for one in found)
        observed = (known + 1) / (known + 3) * known * (1 - share)
        freedom = 1 / (share**2 / 2 + 1 / observed)
        half = stats.t.ppf(0.975, freedom) * math.sqrt(total)
        wanted = np.array([value.mean(), value.mean() - half, value.mean() + half])
        row = told.row(model, measure)
        ours = np.array([row.estimate, row.lower, row.upper], dtype=float)
        assert ours == pytest.approx(np.exp(wanted) if is_ratio else wanted, rel=1e-9), (model, measure)
        assert row.n == min(one.n for one in found) and row.events == min(one.events for one in found)


def test_one_copy_alone_is_told_as_it_is(answers: list[Answers]) -> None:
    alone = Told(estimator_rows(answers[:1]))
    for place, estimate in answers[0].estimates.items():
        row = alone.row(*place)
        assert isinstance(estimate, Estimate)
        assert (row.estimate, row.lower, row.upper, row.p_value) == (
            estimate.value,
            estimate.lower,
            estimate.upper,
            estimate.p_value,
        )


def test_the_estimands_weights_are_those_of_their_formulas(copies: list[pd.DataFrame], answers: list[Answers]) -> None:
    copy = copies[0]
    names = [name for name in PROPENSITY_COVARIATES if name != "pt_sec"]
    design = pd.get_dummies(copy[names].astype({"sic_score": str}), columns=["ethnicity", "sic_score"], drop_first=True)
    design = (design - design.mean()) / design.astype(float).std()
    fitted = sm.Logit(copy[TREATMENT].astype(float), sm.add_constant(design.astype(float))).fit(disp=0, maxiter=200)
    p, treated = fitted.predict(), copy[TREATMENT].to_numpy()
    weights = {
        IPTW_ATE: np.where(treated, 1 / p, 1 / (1 - p)),
        IPTW_ATT: np.where(treated, 1, p / (1 - p)),
        OVERLAP: np.where(treated, 1 - p, p),
        MATCHING_WEIGHTS: np.minimum(p, 1 - p) / np.where(treated, p, 1 - p),
        ENTROPY: entropy_weights(copy, TREATMENT, names).to_numpy(),
    }
    died = copy[DEATH_28D].to_numpy()
    for estimator, weight in weights.items():
        risk1, risk0 = (np.average(died[arm], weights=weight[arm]) for arm in (treated, ~treated))
        values = {measure: answers[0].estimates[estimator, measure] for measure in MEASURES[estimator]}
        assert all(isinstance(value, Estimate) for value in values.values())
        assert values[RD].value == pytest.approx(risk1 - risk0, rel=1e-5), estimator
        assert values[RR].value == pytest.approx(risk1 / risk0, rel=1e-5), estimator
        mean1, mean0 = (np.average(copy[FOLLOW_UP][arm], weights=weight[arm]) for arm in (treated, ~treated))
        assert values[RMSTD].value == pytest.approx(mean1 - mean0, rel=1e-4), estimator
        assert (values[HR].value < 1) == (risk1 < risk0)


def test_matched_one_to_one_is_the_main_cohort_with_its_pairs(
    copies: list[pd.DataFrame], answers: list[Answers]
) -> None:
    for copy, one in zip(copies, answers, strict=True):
        matched = match_cohort(copy, ("pt_sec",)).data
        main, ours = effect_clustered(matched, DEATH_28D, []), one.estimates[MATCHED_1, HR]
        assert isinstance(ours, Estimate)
        assert (ours.n, ours.events) == (main.n, main.events)
        for part in ("value", "lower", "upper"):
            assert getattr(ours, part) == pytest.approx(getattr(main, part), rel=1e-9)
        died = matched.groupby(TREATMENT)[DEATH_28D].mean()
        difference = one.estimates[MATCHED_1, RD]
        assert isinstance(difference, Estimate)
        assert difference.value == pytest.approx(died[True] - died[False], rel=1e-9)
        by_pair = matched.pivot(index="pair", columns=TREATMENT, values=DEATH_28D).astype(float)
        apart = (by_pair[True] - by_pair[False]).to_numpy()
        error = math.sqrt(((apart - apart.mean()) ** 2).sum()) / len(apart)
        assert (difference.upper - difference.lower) / 2 / Z_975 == pytest.approx(error, rel=1e-9)


def test_sets_hold_one_treated_and_as_many_controls_as_were_asked(copies: list[pd.DataFrame]) -> None:
    copy = copies[0]
    (adjustment,) = adjustments_of(copy, ())
    found = compare_groups(copy, adjustment, fit_propensity(copy, TREATMENT, adjustment.covariates))
    for name, ratio in ((MATCHED_1, 1), (MATCHED_2, 2), (MATCHED_3, 3), (MATCHED_EXACT, 1)):
        one = found[name]
        assert isinstance(one, Comparison) and one.sets is not None
        used = copy[one.weights > 0]
        sizes = used.groupby(one.sets[used.index])[TREATMENT].agg(["sum", "size"])
        assert (sizes["sum"] == 1).all() and sizes["size"].max() == ratio + 1
        scores = used.groupby(one.sets[used.index])["sic_score"].nunique()
        assert (scores == 1).all() == (name == MATCHED_EXACT)


def test_models_of_death_and_of_discharge_hold_all_covariates(
    copies: list[pd.DataFrame], answers: list[Answers]
) -> None:
    copy, names = copies[0], [name for name in PROPENSITY_COVARIATES if name != "pt_sec"]
    found = answers[0].estimates
    for place in ((AIPW, RD), (STANDARDIZATION, RR), (ADJUSTED, OR)):
        # two categories of three levels; treatment and intercept
        assert found[place].parameters == len(names) + 2 + 2
    assert found[ADJUSTED, HR] == cox(copy, FOLLOW_UP, DEATH_28D, names, TREATMENT)
    ended = copy.assign(days=days_of(copy))
    assert found[CAUSE_SPECIFIC, HR] == cox(ended, "days", DEATH_28D, names, TREATMENT)
    # nobody is censored before day 28, so the discharged stay at risk as they do in the published model
    subdistribution, published = found[FINE_GRAY, SHR], found[ADJUSTED, HR]
    assert isinstance(subdistribution, Estimate) and isinstance(published, Estimate)
    assert subdistribution.value == pytest.approx(published.value, rel=2e-2)  # Breslow's ties against Efron's
    assert abs(math.log(found[CAUSE_SPECIFIC, HR].value / published.value)) > 1e-3
    incidence, weighted = found[AALEN_JOHANSEN, RD], found[IPTW_ATE, RD]
    assert isinstance(incidence, Estimate) and isinstance(weighted, Estimate)
    assert incidence.value == pytest.approx(weighted.value, rel=1e-9)
    assert incidence.upper == pytest.approx(weighted.upper, rel=1e-9)


def test_what_an_estimator_rests_on_is_counted_on_the_first_copy(copies: list[pd.DataFrame], told: Told) -> None:
    copy = copies[0]
    died = copy.groupby(TREATMENT)[DEATH_28D].agg(["size", "sum"])
    for model in ESTIMATORS:
        if model in MATCHED:
            continue
        for group, arm in (("treated", True), ("control", False)):
            row = told.row(model, ESS, group)
            assert (row.n, row.events) == (died.loc[arm, "size"], died.loc[arm, "sum"])
    for model in (STANDARDIZATION, ADJUSTED, FINE_GRAY, CAUSE_SPECIFIC):
        assert told.value(model, ESS, "treated") == died.loc[True, "size"]
        assert told.value(model, LARGEST_WEIGHT) == 1
    for model in (AIPW, AALEN_JOHANSEN):
        assert told.value(model, ESS, "treated") == told.value(IPTW_ATE, ESS, "treated") < died.loc[True, "size"]
    (adjustment,) = adjustments_of(copy, ("pt_sec",))
    score = fit_propensity(copy, TREATMENT, adjustment.covariates)[copy[TREATMENT]]
    effective = (1 / score).sum() ** 2 / (1 / score**2).sum()  # of no other copy
    assert told.value(IPTW_ATE, ESS, "treated") == pytest.approx(effective, rel=1e-9)
    assert "vasopressin_24h" in [variable.name for variable in adjustment.shown]  # in no model, yet to be balanced
    plain = {
        variable.name: abs(
            standardized_mean_difference(copy, variable.name, TREATMENT, variable.kind, denominator="adjusted")
        )
        for variable in adjustment.shown
    }
    worst = max(plain, key=plain.__getitem__)
    row = told.row(ADJUSTED, LARGEST_SMD)
    assert (row.term, row.estimate) == (worst, pytest.approx(plain[worst], rel=1e-9))
    assert told.value(OVERLAP, LARGEST_SMD) < plain[worst]


# --- discharge --------------------------------------------------------------------------------------------------------


def test_who_leaves_alive_before_day_28_is_discharged() -> None:
    cohort = pd.DataFrame({DEATH_28D: [True, False, False, True]}, index=[4, 3, 2, 1])
    days = pd.Series({1: 28.0, 2: 28.0, 3: 27.9, 4: 0.0, 9: 5.0})
    found = with_discharge(cohort, days)
    assert found[CAUSE].tolist() == [DIED, DISCHARGED, STAYED, DIED]
    assert found[ENDED].tolist() == [0.0, 27.9, 28.0, 28.0]
    for unknown in (None, days.drop(2)):
        with pytest.raises(NotEstimable, match="discharge is not known of every stay"):
            with_discharge(cohort, unknown)


def test_without_the_time_of_discharge_all_else_is_told(copies: list[pd.DataFrame]) -> None:
    (ask,) = answers_to_ask(copies[:1], ("pt_sec",), None).values()
    told = Told(estimator_rows([ask()]))
    for row in told.rows:
        if row.analysis == ANALYSIS and row.model in COMPETING:
            assert row.estimate is None and "time of discharge is not known" in row.note
        else:
            assert row.estimate is not None


# --- what cannot be estimated -----------------------------------------------------------------------------------------


def test_what_one_copy_refuses_is_refused_with_its_reason(answers: list[Answers]) -> None:
    broken = replace(
        answers[1], estimates={**answers[1].estimates, (ENTROPY, HR): NotEstimable("no weights of an arm")}
    )
    told = Told(estimator_rows([answers[0], broken, answers[2]]))
    assert told.row(ENTROPY, HR).estimate is None
    assert told.row(ENTROPY, HR).note == "not estimable: no weights of an arm"
    assert told.value(ENTROPY, RD) is not None


@pytest.mark.parametrize("fault", ["nobody treated", "nobody dies", "told apart", "gap"])
def test_hostile_cohorts_get_reasons_and_no_numbers(copies: list[pd.DataFrame], fault: str) -> None:
    copy = copies[0].iloc[:200].copy()
    if fault == "nobody treated":
        copy[TREATMENT] = False
    elif fault == "nobody dies":
        copy[DEATH_28D] = False
    elif fault == "told apart":
        copy["age_years"] = np.where(copy[TREATMENT], 80.0, 40.0)
    else:
        copy.loc[copy.index[0], "bun_mg_dl"] = np.nan
    (adjustment,) = adjustments_of(copy, ())
    rows = estimator_rows([answer(copy, adjustment, days_of(copy), True)])
    assert len(rows) == sum(map(len, MEASURES.values())) + 4 * len(ESTIMATORS)
    for row in rows:
        if row.estimate is None:
            assert row.note.startswith("not estimable: ") and len(row.note) > 20
        else:
            assert math.isfinite(row.estimate)
    refused = {(row.model, row.measure) for row in rows if row.analysis == ANALYSIS and row.estimate is None}
    if fault in ("nobody treated", "nobody dies"):
        assert len(refused) == sum(map(len, MEASURES.values()))
    elif fault == "told apart":
        assert {(IPTW_ATE, HR), (AIPW, RD), (MATCHED_1, HR), (ENTROPY, RD), (ADJUSTED, HR)} <= refused
    else:
        assert {(IPTW_ATE, HR), (ENTROPY, HR), (AIPW, RD), (MATCHED_3, RR)} <= refused


def test_an_adjustment_without_its_columns_is_not_made(copies: list[pd.DataFrame]) -> None:
    assert adjustments_of(copies[0].drop(columns="bun_mg_dl"), ()) == []
    (found,) = adjustments_of(copies[0], ("bun_mg_dl", "inr_ratio"))
    assert set(PROPENSITY_COVARIATES) - set(found.covariates) == {"bun_mg_dl", "inr_ratio"}
    assert not {"bun_mg_dl", "inr_ratio"} & {variable.name for variable in found.shown}
