"""From a data frame to the rows of results.csv: each number again by another library, by hand, or at its edge.

What the pieces do alone is tested elsewhere; here is what joins them: which outcome, which covariates, whose rows.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from lifelines import CoxPHFitter, KaplanMeierFitter
from scipy import stats
from threadpoolctl import threadpool_limits

from analysis_py.statistics.estimate import Estimate
from analysis_py.statistics.imputation import Progress, impute
from analysis_py.statistics.propensity import match_nearest
from analysis_py.study.analyses.cohorts import match_cohort
from analysis_py.study.analyses.effects import effect, effect_clustered, survival_rows
from analysis_py.study.analyses.exposure import spline_curve
from analysis_py.study.analyses.overlap import overlap_rows
from analysis_py.study.analyses.robustness import distinct_cohorts, of_cohort
from analysis_py.study.read_marts import type_cohort
from analysis_py.study.readings import READINGS, cohort_of
from analysis_py.study.results import Row
from analysis_py.study.study import Study, run_study
from analysis_py.study.variables import MODELS, OUTCOMES, TABLE_ONE
from tests.unit.analysis.conftest import _make_cohort, _make_flow

# section 2.5 of the paper, written out once more
AGE_SEX_ETHNICITY = ["age_years", "is_female", "ethnicity"]
FULLY = [
    *AGE_SEX_ETHNICITY,
    "vasopressor_24h",
    "crrt_24h",
    "sic_score",
    "propofol_24h",
    "midazolam_24h",
    "fentanyl_24h",
    "tumor",
    "liver_disease",
    "heart_rate_bpm",
    "resp_rate_bpm",
    "spo2_pct",
    "anion_gap_meq_l",
    "bicarbonate_meq_l",
    "bun_mg_dl",
    "creatinine_mg_dl",
]
ADJUSTED_FOR: dict[str, list[str]] = {"model 1": [], "model 2": AGE_SEX_ETHNICITY, "model 3": FULLY}
COPIES = 3
Z = 1.959963984540054


class Draws:
    """An imputer that draws from what is there, and remembers what it was given."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[str], int, int]] = []

    def __call__(
        self, data: pd.DataFrame, m: int, iterations: int, seed: int, progress: Progress | None
    ) -> tuple[list[pd.DataFrame], pd.DataFrame]:
        self.asked.append(([str(name) for name in data.columns], m, iterations))
        self.hazard = data["cumulative_hazard"]
        random = np.random.default_rng(seed)
        copies = []
        for _ in range(m):
            copy = data.copy()
            for name in data.columns[data.isna().any()]:
                gaps = data[name].isna()
                copy.loc[gaps, name] = random.choice(data.loc[~gaps, name].to_numpy(), int(gaps.sum()))
            copies.append(copy)
        return copies, pd.DataFrame()


@pytest.fixture(scope="module")
def raw() -> pd.DataFrame:
    return type_cohort(_make_cohort(700, 5), "mart")


@pytest.fixture(scope="module")
def imputer() -> Draws:
    return Draws()


@pytest.fixture(scope="module")
def study(raw: pd.DataFrame, imputer: Draws) -> Study:
    return run_study(raw, _make_flow(700), COPIES, 1, lambda _: None, impute=imputer)


@pytest.fixture(scope="module")
def matched(study: Study) -> pd.DataFrame:
    assert study.matched is not None
    return study.matched.data


def only(study: Study | Sequence[Row], analysis: str, cohort: str, **place: object) -> Row:
    rows = study.rows if isinstance(study, Study) else study
    found = [row for row in rows if (row.analysis, row.cohort) == (analysis, cohort)]
    found = [row for row in found if all(getattr(row, name) == value for name, value in place.items())]
    assert len(found) == 1, found
    return found[0]


def numbers(data: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Columns as floats, levels as indicators without the first."""
    chosen = data[["treated", *columns]]
    levels = [name for name in columns if isinstance(chosen[name].dtype, pd.CategoricalDtype)]
    return pd.get_dummies(chosen, columns=levels, drop_first=True).astype(float)


def cox_of(data: pd.DataFrame, columns: list[str], **options: str) -> "pd.Series[float]":
    used = numbers(data, columns).assign(time=data["followup_28d_days"], died=data["died_28d_hospital"].astype(float))
    fitter = CoxPHFitter().fit(used, "time", "died", fit_options={"precision": 1e-12}, **options)
    return fitter.summary.loc["treated"]


# --- Table 2 -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cohort", ["full", "matched"])
@pytest.mark.parametrize("model", ADJUSTED_FOR)
def test_hazard_ratios_of_28_day_death_are_those_of_lifelines(study: Study, cohort: str, model: str) -> None:
    row = only(study, "outcome_models", cohort, model=model, outcome="died_28d_hospital")
    theirs = cox_of(study.cohorts[cohort], ADJUSTED_FOR[model])
    found = [row.estimate, row.lower, row.upper]
    assert found == pytest.approx([theirs[f"exp(coef){end}"] for end in ("", " lower 95%", " upper 95%")], rel=1e-4)
    assert row.p_value == pytest.approx(theirs["p"], rel=1e-3)


@pytest.mark.parametrize("cohort", ["full", "matched"])
@pytest.mark.parametrize("model", ADJUSTED_FOR)
def test_odds_ratios_are_of_death_in_hospital(study: Study, cohort: str, model: str) -> None:
    data = study.cohorts[cohort]
    assert (data["died_hospital"] != data["died_28d_hospital"]).any()
    row = only(study, "outcome_models", cohort, model=model, outcome="died_hospital")
    design = sm.add_constant(numbers(data, ADJUSTED_FOR[model]))
    theirs = sm.Logit(data["died_hospital"].astype(float), design).fit(disp=0)
    assert row.estimate == pytest.approx(np.exp(theirs.params["treated"]), rel=1e-5)
    assert row.p_value == pytest.approx(theirs.pvalues["treated"], rel=1e-4)
    assert (row.n, row.events) == (len(data), int(data["died_hospital"].sum()))


@pytest.mark.parametrize("model", ADJUSTED_FOR)
def test_clustered_errors_allow_for_pairs(study: Study, matched: pd.DataFrame, model: str) -> None:
    level = "standard error clustered on pair"
    row = only(study, "robustness", "matched", level=level, model=model, outcome="died_28d_hospital")
    used = numbers(matched, ADJUSTED_FOR[model]).assign(
        time=matched["followup_28d_days"], died=matched["died_28d_hospital"].astype(float), pair=matched["pair"]
    )
    theirs = CoxPHFitter().fit(used, "time", "died", cluster_col="pair").summary.loc["treated"]
    own = only(study, "outcome_models", "matched", model=model, outcome="died_28d_hospital")
    assert row.lower is not None and row.upper is not None and own.upper is not None
    assert np.log(row.upper / row.lower) / (2 * Z) == pytest.approx(theirs["se(coef)"], rel=5e-3)
    assert row.estimate == own.estimate and row.upper != own.upper

    odds = only(study, "robustness", "matched", level=level, model=model, outcome="died_hospital")
    design = sm.add_constant(numbers(matched, ADJUSTED_FOR[model]))
    family = sm.families.Binomial()
    groups = {"groups": matched["pair"].to_numpy(), "use_correction": False}
    fitted = sm.GLM(matched["died_hospital"].astype(float), design, family=family).fit(
        cov_type="cluster", cov_kwds=groups
    )
    pairs = matched["pair"].nunique()
    assert odds.lower is not None and odds.upper is not None
    error = fitted.bse["treated"] * np.sqrt(pairs / (pairs - 1))
    assert np.log(odds.upper / odds.lower) / (2 * Z) == pytest.approx(error, rel=1e-4)


def rubin(estimates: list[Estimate]) -> tuple[float, float, float]:
    """Pooled ratio, standard error of its logarithm, fraction of variance between copies (with its 1 + 1/m)."""
    logs = np.log([estimate.value for estimate in estimates])
    errors = [np.log(estimate.upper / estimate.lower) / (2 * Z) for estimate in estimates]
    between = (1 + 1 / len(logs)) * logs.var(ddof=1)
    total = np.mean(np.square(errors)) + between
    return float(np.exp(logs.mean())), float(np.sqrt(total)), float(between / total)


@pytest.mark.parametrize("outcome", ["died_28d_hospital", "died_hospital"])
@pytest.mark.parametrize("model", ADJUSTED_FOR)
def test_pooled_estimates_match_anew_in_each_copy_and_add_what_differs(study: Study, outcome: str, model: str) -> None:
    copies = study.completed.copies
    sets = [match_cohort(copy, study.completed.unusable).data for copy in copies]
    assert len({tuple(data.index) for data in sets}) == COPIES
    for cohort, analysis, compute, data_sets in (
        ("matched", "pooled_clustered", effect_clustered, sets),
        ("matched", "pooled_event_df", effect, sets),
        ("full", "pooled_event_df", effect, copies),
        ("full", "robustness", effect, copies),
    ):
        level = f"pooled over {COPIES} imputations"
        row = only(study, analysis, cohort, outcome=outcome, model=model, level=level)
        estimates = [compute(data, outcome, ADJUSTED_FOR[model]) for data in data_sets]
        value, error, share = rubin(estimates)
        assert row.lower is not None and row.upper is not None and row.estimate == pytest.approx(value)
        known = min(e.events if e.measure == "HR" and analysis != "robustness" else e.n for e in estimates)
        complete = known - estimates[0].parameters
        freedom = (complete + 1) / (complete + 3) * complete * (1 - share)
        if share > 1e-12:
            old = (COPIES - 1) / share**2
            freedom = old * freedom / (old + freedom)
        half = np.log(row.upper / row.lower) / 2
        assert half == pytest.approx(stats.t.ppf(0.975, freedom) * error, rel=1e-6)
        assert row.p_value == pytest.approx(2 * stats.t.sf(abs(np.log(value)) / error, freedom), rel=1e-6)


def test_e_values_convert_each_kind_of_ratio_in_its_own_way(study: Study) -> None:
    def away(ratio: float) -> float:
        ratio = max(ratio, 1 / ratio)
        return ratio + float(np.sqrt(ratio * (ratio - 1)))

    for outcome, convert in (
        ("died_28d_hospital", lambda hr: (1 - 0.5 ** np.sqrt(hr)) / (1 - 0.5 ** np.sqrt(1 / hr))),
        ("died_hospital", np.sqrt),
    ):
        for cohort in ("full", "matched"):
            for model in ADJUSTED_FOR:
                ratio = only(study, "outcome_models", cohort, outcome=outcome, model=model)
                assert ratio.estimate and ratio.lower and ratio.upper
                point = only(study, "e_value", cohort, outcome=outcome, model=model, level="point")
                assert point.estimate == pytest.approx(away(convert(ratio.estimate)))
                limit = only(study, "e_value", cohort, outcome=outcome, model=model, level="limit")
                crosses = ratio.lower <= 1 <= ratio.upper
                nearer = ratio.lower if ratio.lower > 1 else ratio.upper
                assert limit.estimate == pytest.approx(1 if crosses else away(convert(nearer)))


def test_survival_at_day_28_is_that_of_lifelines(study: Study) -> None:
    for cohort, data in study.cohorts.items():
        for treated, group in ((False, "control"), (True, "treated")):
            members = data[data["treated"] == treated]
            row = only(study, "kaplan_meier", f"{cohort} {group}")
            curve = KaplanMeierFitter().fit(members["followup_28d_days"], members["died_28d_hospital"])
            assert row.estimate == pytest.approx(float(curve.survival_function_.iloc[-1, 0]))
            assert (row.n, row.events) == (len(members), int(members["died_28d_hospital"].sum()))
            deaths = row.events
            error = np.sqrt(deaths / len(members) / (len(members) - deaths))  # nobody is censored before day 28
            assert row.lower == pytest.approx(row.estimate * np.exp(-Z * error))
            assert row.upper == pytest.approx(min(row.estimate * np.exp(Z * error), 1))


def test_a_death_in_the_last_moment_of_day_28_is_one_of_day_28() -> None:
    days = pd.DataFrame(
        {"followup_28d_days": [3.0, 28.0, 28.0, 28.0], "died_28d_hospital": [True, True, False, False], "treated": True}
    )
    treated = next(row for row in survival_rows(days, "full") if row.cohort == "full treated")
    assert treated.estimate == pytest.approx(3 / 4 * 2 / 3)


# --- Tables 1 and 3 ------------------------------------------------------------------------------------------------


def test_tables_hold_quartiles_shares_and_durations_of_those_who_had_it(study: Study) -> None:
    for cohort, data in study.cohorts.items():
        for treated, group in ((False, "control"), (True, "treated")):
            members = data[data["treated"] == treated]
            for analysis, name in (("table_one", "age_years"), ("outcomes", "hospital_days")):
                row = only(study, analysis, f"{cohort} {group}", term=name)
                wanted = members[name].quantile([0.5, 0.25, 0.75]).tolist()
                assert [row.estimate, row.lower, row.upper] == pytest.approx(wanted)
            for name in ("ventilation_h", "vasopressor_h"):
                had = members.loc[members[name] > 0, name]
                assert 0 < len(had) < len(members)
                row = only(study, "outcomes", f"{cohort} {group}", term=name)
                assert (row.estimate, row.n) == (pytest.approx(had.median()), len(had))
            female = only(study, "table_one", f"{cohort} {group}", term="is_female")
            assert female.estimate == pytest.approx(100 * members["is_female"].astype(float).mean())
            black = only(study, "table_one", f"{cohort} {group}", term="ethnicity", level="black")
            assert black.events == int((members["ethnicity"] == "black").sum())


def test_balance_divides_by_the_deviation_of_both_groups_or_of_the_original_cohort(
    study: Study, matched: pd.DataFrame
) -> None:
    def by_hand(data: pd.DataFrame, spread: pd.DataFrame, name: str) -> float:
        means = data.groupby("treated")[name].mean()
        return float(abs(means[True] - means[False]) / np.sqrt(spread.groupby("treated")[name].var().mean()))

    full = study.full
    row = only(study, "balance", "matched", term="sofa_score", measure="SMD")
    assert row.estimate == pytest.approx(by_hand(matched, matched, "sofa_score"))
    row = only(study, "balance", "matched", term="sofa_score", measure="SMD (original SD)")
    assert row.estimate == pytest.approx(by_hand(matched, full, "sofa_score"))
    assert not [row for row in study.rows if row.cohort == "full" and row.measure == "SMD (original SD)"]
    used = full[full["vasopressor_h"] > 0]
    row = only(study, "outcomes", "full", term="vasopressor_h", measure="SMD")
    assert (row.estimate, row.n) == (pytest.approx(by_hand(used, used, "vasopressor_h")), len(used))
    groups = [full.loc[full["treated"] == treated, "sofa_score"] for treated in (True, False)]
    row = only(study, "balance", "full", term="sofa_score", measure="p")
    assert row.p_value == pytest.approx(stats.mannwhitneyu(*groups, use_continuity=False).pvalue)
    row = only(study, "balance", "full", term="sofa_score", measure="variance ratio")
    assert row.estimate == pytest.approx(groups[0].var() / groups[1].var())
    row = only(study, "balance", "full", term="sofa_score", measure="Kolmogorov-Smirnov")
    assert row.estimate == pytest.approx(stats.ks_2samp(*groups).statistic)


def test_the_share_missing_is_that_before_imputation(study: Study, raw: pd.DataFrame) -> None:
    gaps = raw["weight_kg"].isna()
    row = only(study, "missing", "full", term="weight_kg")
    assert gaps.sum() > 0
    assert (row.estimate, row.n, row.events) == (pytest.approx(100 * gaps.mean()), len(raw), int(gaps.sum()))


# --- imputation ----------------------------------------------------------------------------------------------------


def test_the_imputation_model_holds_treatment_outcomes_and_hazard(
    study: Study, imputer: Draws, raw: pd.DataFrame
) -> None:
    ((columns, m, iterations),) = imputer.asked
    outcomes = ["treated", "died_28d_hospital", "died_hospital"]
    assert columns == [*outcomes, *(variable.name for variable in TABLE_ONE), "cumulative_hazard"]
    assert (m, iterations) == (COPIES, 5)
    times, died = raw["followup_28d_days"].to_numpy(), raw["died_28d_hospital"].to_numpy()
    steps = [died[times == time].sum() / (times >= time).sum() for time in np.unique(times)]
    wanted = pd.Series(np.cumsum(steps), index=np.unique(times)).loc[times].to_numpy()
    assert imputer.hazard.to_numpy() == pytest.approx(wanted)
    assert study.full is study.completed.copies[0]


def test_a_gap_is_filled_by_one_of_the_five_nearest_donors() -> None:
    x = np.arange(2001.0)
    data = pd.DataFrame({"x": x, "y": np.where(x == 1000, np.nan, x)})
    drawn = [copy.loc[1000, "y"] for copy in impute(data, 60, 1, 3)]
    # its own row gives nothing: the two on each side, and one of the two that follow
    assert {998, 999, 1001, 1002} <= set(drawn) <= {997, 998, 999, 1001, 1002, 1003}


def test_copies_differ_and_hold_the_uncertainty_of_the_coefficients() -> None:
    # 30 known values: the line's end is known to 0.4, which a draw must show; donors are dense there
    random = np.random.default_rng(0)
    x = np.concatenate([random.normal(size=30), np.full(1, 3.0)])
    y = np.concatenate([random.normal(size=30), [np.nan]])
    data = pd.DataFrame({"x": x, "y": y})
    drawn = [float(copy.loc[30, "y"]) for copy in impute(data, 200, 1, 1)]
    assert len(set(drawn)) > 10


# --- subgroups, exposure, screening --------------------------------------------------------------------------------


def test_strata_have_their_own_sizes_and_an_interaction_by_likelihood(study: Study, matched: pd.DataFrame) -> None:
    mild, severe = matched[matched["sofa_score"] <= 8], matched[matched["sofa_score"] > 8]
    for level, members in (("≤8", mild), (">8", severe)):
        row = only(study, "subgroup", "matched", term="sofa_score", level=level)
        assert (row.n, row.events) == (len(members), int(members["died_28d_hospital"].sum()))
        assert row.estimate == pytest.approx(cox_of(members, [])["exp(coef)"], rel=1e-4)
    used = pd.DataFrame(
        {
            "time": matched["followup_28d_days"],
            "died": matched["died_28d_hospital"].astype(float),
            "treated": matched["treated"].astype(float),
            "severe": (matched["sofa_score"] > 8).astype(float),
        }
    )
    without = CoxPHFitter().fit(used, "time", "died").log_likelihood_
    product = used.assign(both=used["treated"] * used["severe"])
    statistic = 2 * (CoxPHFitter().fit(product, "time", "died").log_likelihood_ - without)
    row = only(study, "subgroup", "matched", term="sofa_score", measure="interaction, chi-square")
    assert row.estimate == pytest.approx(statistic, abs=1e-4)
    assert row.p_value == pytest.approx(stats.chi2.sf(statistic, 1), abs=1e-4)
    ethnicity = only(study, "subgroup", "matched", term="ethnicity", measure="interaction, chi-square")
    assert ethnicity.p_value == pytest.approx(stats.chi2.sf(ethnicity.estimate, 2))


@pytest.mark.parametrize("outcome", ["died_28d_hospital", "died_hospital"])
def test_classes_of_exposure_count_deaths_of_their_outcome_and_trends_know_users(
    study: Study, matched: pd.DataFrame, outcome: str
) -> None:
    hours = matched["exposure_duration_h"]
    classes = {"4–24": hours <= 24, "24–48": (hours > 24) & (hours <= 48), ">48": hours > 48}
    score = sum(at * members.astype(float) for at, members in enumerate(classes.values(), start=1))
    for level, members in classes.items():
        for model in ("model 1", "model 3"):
            row = only(study, "exposure_duration", "matched", outcome=outcome, model=model, level=level)
            assert (row.n, row.events) == (int(members.sum()), int(matched.loc[members, outcome].sum()))
    for level, data, values in (
        ("trend, non-users as 0", matched, score),
        ("trend among users", matched[matched["treated"]], score[matched["treated"]]),
    ):
        row = only(study, "exposure_duration", "matched", outcome=outcome, model="model 1", level=level)
        used = pd.DataFrame({"score": values, "died": data[outcome].astype(float), "time": data["followup_28d_days"]})
        if outcome == "died_28d_hospital":
            ratio = CoxPHFitter().fit(used, "time", "died").summary.loc["score", "exp(coef)"]
        else:
            fitted = sm.Logit(used["died"], sm.add_constant(used[["score"]])).fit(disp=0)
            ratio = np.exp(fitted.params["score"])
        assert row.estimate == pytest.approx(ratio, rel=1e-4)


def test_the_curve_stands_at_one_at_the_median_and_bends_at_the_knots(matched: pd.DataFrame) -> None:
    users = matched[matched["treated"]]
    dose = users["exposure_mean_rate_48h"]
    low, middle, high = dose.quantile([0.1, 0.5, 0.9])

    def basis(values: "pd.Series[float]") -> "pd.Series[float]":
        def cube(knot: float) -> "pd.Series[float]":
            return (values - knot).clip(lower=0) ** 3

        part = (cube(middle) * (high - low) - cube(high) * (middle - low)) / (high - middle)
        return (cube(low) - part) / (high - low) ** 2

    curve = spline_curve(matched, "exposure_mean_rate_48h", list(FULLY))
    used = pd.DataFrame({"dose": dose, "bend": basis(dose), "time": users["followup_28d_days"]})
    fitted = CoxPHFitter().fit(used.assign(died=users["died_28d_hospital"].astype(float)), "time", "died")
    coefficients, variance = fitted.params_, fitted.variance_matrix_
    assert [curve["value"].iloc[0], curve["value"].iloc[-1]] == pytest.approx(dose.quantile([0.05, 0.95]).tolist())
    at = curve["value"]
    centre = basis(pd.Series([middle]))[0]
    contrast = pd.DataFrame({"dose": at - middle, "bend": basis(at) - centre})
    logs = contrast @ coefficients
    error = np.sqrt(((contrast @ variance) * contrast).sum(axis=1))
    assert curve["hazard_ratio"].tolist() == pytest.approx(np.exp(logs).tolist(), rel=1e-3)
    assert curve["lower"].tolist() == pytest.approx(np.exp(logs - Z * error).tolist(), rel=1e-3)
    assert curve["upper"].tolist() == pytest.approx(np.exp(logs + Z * error).tolist(), rel=1e-3)


def test_screening_tests_all_levels_together(study: Study) -> None:
    full = study.full
    used = pd.DataFrame({"time": full["followup_28d_days"], "died": full["died_28d_hospital"].astype(float)})
    for name in ("ethnicity", "sic_score"):
        design = pd.get_dummies(full[name], drop_first=True).astype(float).add_prefix("level_")
        test = CoxPHFitter().fit(used.join(design), "time", "died").log_likelihood_ratio_test()
        row = only(study, "screening", "full", term=name, measure="all levels, chi-square")
        assert row.estimate == pytest.approx(test.test_statistic, abs=1e-4)
        assert row.p_value == pytest.approx(test.p_value, abs=1e-4)


def test_equipoise_holds_both_its_ends() -> None:
    # half are treated: the preference score is the propensity
    propensity = pd.Series([0.3, 0.7, 0.29, 0.71, 0.3, 0.5, 0.7, 0.9])
    treated = pd.Series([False] * 4 + [True] * 4)
    rows = overlap_rows(pd.DataFrame({"treated": treated}), propensity)
    assert [(row.cohort, row.events, row.n, row.estimate) for row in rows] == [
        ("full control", 2, 4, 50.0),
        ("full treated", 3, 4, 75.0),
    ]


def test_overlap_is_that_of_everybody(study: Study) -> None:
    treated = study.full["treated"]
    assert only(study, "overlap", "full treated").n == int(treated.sum())
    assert only(study, "overlap", "full control").n == int((~treated).sum())


def test_a_control_exactly_at_the_caliper_is_taken() -> None:
    pairs = match_nearest(pd.Series([0.5, 0.25, 0.0]), pd.Series([True, False, False]), 0.25, "raw")
    assert pairs["control"].tolist() == [1]
    assert match_nearest(pd.Series([0.5, 0.25]), pd.Series([True, False]), 0.2499, "raw").empty


def test_the_caliper_is_in_deviations_of_all_rows_unless_it_is_raw(study: Study) -> None:
    full = study.full
    for level, width in (("0.02 SD", 0.02), ("0.2 SD", 0.2), ("0.05 of probability", None)):
        row = only(study, "robustness", "matched", level=f"caliper {level}", model="model 1", outcome="died_hospital")
        assert study.matched is not None
        score = study.matched.propensity
        pairs = match_nearest(score, full["treated"], 0.05 if width is None else width * score.std(), "raw")
        assert row.n == 2 * len(pairs)
        gaps = score[pairs["treated"]].to_numpy() - score[pairs["control"]].to_numpy()
        assert np.abs(gaps).max() <= (0.05 if width is None else width * score.std())


# --- readings ------------------------------------------------------------------------------------------------------

FLAGS = [
    "is_sic",
    "is_sic_paper",
    "is_sic_total",
    "is_sic_strict",
    "is_sic_strict_total",
    "is_sic_labs_by_admission",
    "is_sic_labs_by_patient",
    "is_sic_screening_counted",
    "is_sic_screening_ignored",
    "is_sic_antibiotics_mimic_code",
    "is_sic_antibiotics_extended",
]
HEPARIN = ["has_heparin", "has_heparin_infusion", "has_heparin_any_icu", "has_heparin_any_order"]


def one_stay_for_each(flags: list[str], heparin: list[str]) -> pd.DataFrame:
    """Stays that only one flag of SIC keeps, then stays that have SIC by all and heparin by one flag only."""
    size = len(flags) + len(heparin)
    stays = type_cohort(_make_cohort(size, 1), "mart").reset_index(drop=True)
    for at, name in enumerate(flags):
        stays[name] = (stays.index == at) | (stays.index >= len(flags))
    for at, name in enumerate(heparin):
        stays[name] = stays.index == len(flags) + at
    followup = np.arange(size, dtype=float)
    return stays.assign(
        sic_score=6.0, sic_score_four=4.0, sic_score_total=5.0, followup_discharge_days=followup
    ).assign(followup_28d_days=20.0, died_28d_hospital=stays.index % 2 == 0)


@pytest.mark.parametrize(
    ("label", "flag", "heparin", "score"),
    [
        ("SIC: score of 4 or more (paper)", "is_sic_paper", "has_heparin", 4),
        ("SIC: paper, SOFA of six organs", "is_sic_total", "has_heparin", 5),
        ("SIC: strict", "is_sic_strict", "has_heparin", 4),
        ("SIC: strict, SOFA of six organs", "is_sic_strict_total", "has_heparin", 5),
        ("no heparin infusion in the ICU", "is_sic", "has_heparin_infusion", 6),
        ("no heparin given in the ICU", "is_sic", "has_heparin_any_icu", 6),
        ("no heparin order", "is_sic", "has_heparin_any_order", 6),
        ("follow-up to day 28", "is_sic", "has_heparin", 6),
        ("follow-up to discharge", "is_sic", "has_heparin", 6),
    ],
)
def test_a_reading_reads_its_own_columns(label: str, flag: str, heparin: str, score: int) -> None:
    stays = one_stay_for_each(FLAGS, HEPARIN)
    (reading,) = (reading for reading in READINGS if reading.label == label)
    found = cohort_of(stays, reading)
    others = [len(FLAGS) + at for at, name in enumerate(HEPARIN) if name != heparin]
    assert found.index.tolist() == [FLAGS.index(flag), *others]
    assert set(found["sic_score"].astype(int)) == {score}
    died, ends = found["died_28d_hospital"].to_numpy(dtype=bool), found.index.to_numpy(dtype=float)
    assert died.any() and not died.all()
    wanted = {"follow-up to discharge": ends, "follow-up to day 28": np.where(died, ends, 28)}
    assert found["followup_28d_days"].tolist() == wanted.get(label, np.full(len(found), 20)).tolist()


def test_a_reading_is_imputed_matched_and_modelled_as_the_main_cohort(raw: pd.DataFrame) -> None:
    stays = raw.assign(
        **dict.fromkeys(FLAGS, True),
        **dict.fromkeys(HEPARIN, False),
        **dict.fromkeys(("sic_score", "sic_score_four", "sic_score_total"), raw["sic_score"].astype(float)),
        followup_discharge_days=raw["followup_28d_days"],
    )
    imputer = Draws()
    with threadpool_limits(1, user_api="blas"):
        # all readings but two of the follow-up keep the same stays: those are imputed once
        cohorts, kept_by = distinct_cohorts(stays)
        assert {kept_by[reading.label] for reading in READINGS if not reading.follow_up} == {0}
        rows = [replace(row, level=READINGS[0].label) for row in of_cohort(cohorts[0], 4, impute=imputer)]
        assert imputer.asked == [([*imputer.asked[0][0]], 1, 5)]
        (copy,), _ = imputer(raw.assign(cumulative_hazard=0.0), 1, 5, 4, None)
        filled = raw.assign(**{variable.name: copy[variable.name] for variable in (*TABLE_ONE, *OUTCOMES)})
        for cohort, data in (("full", filled), ("matched", match_cohort(filled).data)):
            for model, covariates in MODELS.items():
                level = "SIC: score of 4 or more (paper)"
                row = only(rows, "robustness", cohort, level=level, model=model, outcome="died_hospital")
                wanted = effect(data, "died_hospital", covariates)
                assert (row.estimate, row.p_value, row.n) == (wanted.value, wanted.p_value, wanted.n)


# --- who was left out, how much was asked --------------------------------------------------------------------------


def test_the_treated_without_a_partner_are_counted_and_described(study: Study, matched: pd.DataFrame) -> None:
    treated = study.full[study.full["treated"]]
    left = treated.loc[treated.index.difference(matched.index)]
    assert 0 < len(left) < len(treated)
    share = only(study, "unmatched", "full treated", term="treated")
    assert (share.events, share.n, share.estimate) == (len(left), len(treated), 100 * len(left) / len(treated))
    age = only(study, "unmatched", "unmatched treated", term="age_years")
    assert (age.estimate, age.n) == (pytest.approx(left["age_years"].median()), len(left))
    assert study.matched is not None
    for cohort, members in (("matched treated", treated.drop(left.index)), ("unmatched treated", left)):
        mean = only(study, "unmatched", cohort, term="propensity")
        assert mean.estimate == pytest.approx(study.matched.propensity[members.index].mean())


def test_families_of_tests_are_counted_and_their_smallest_p_is_adjusted(study: Study) -> None:
    strata = [row for row in study.rows if row.analysis == "subgroup" and row.level != "Overall"]
    for name, family in (
        ("subgroups", [row for row in strata if row.measure == "HR"]),
        ("interactions", [row for row in strata if row.measure.startswith("interaction")]),
        ("duration and dose", [r for r in study.rows if r.analysis.startswith("exposure") and r.model == "model 3"]),
    ):
        p_values = [row.p_value for row in family if row.p_value is not None]
        row = only(study, "multiplicity", "matched", term=name)
        assert (row.estimate, row.p_value) == (len(p_values), pytest.approx(min(1, len(p_values) * min(p_values))))
