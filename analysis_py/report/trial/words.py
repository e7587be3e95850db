"""What is said about the trial: the sentences of its section, captions, and what figures show in numbers."""

from collections.abc import Sequence

from analysis_py.report.captions.shown import Shown
from analysis_py.report.page import Caption
from analysis_py.report.tables.cells import told_interval
from analysis_py.report.trial.tables import (
    balance_frame,
    number,
    percent_text,
    points_text,
    primary_row,
    strategies,
)
from analysis_py.study.analyses.describe import GROUP_NAMES
from analysis_py.study.results import Row, find
from analysis_py.study.suppression import suppress_flow
from analysis_py.study.trial.definitions import COHORT
from analysis_py.study.trial.designs import PRIMARY, PUBLISHED_MATCHED, WAYS
from analysis_py.study.trial.diagnose import AT_END, CENSORED, CLONES, CURVE, FOLLOWED, UNWEIGHTED, WEIGHTED
from analysis_py.study.trial.estimates import ANALYSIS, DIFFERENCE, HAZARD_RATIO, RISK
from analysis_py.study.trial.run import Trial
from analysis_py.study.variables import DEATH_28D, HORIZON_DAYS, TRIAL_OUTCOME_TITLES

TITLE = "As the trial it stands for"
ABSENT = "The build left the trial out (tag trial): `dbt build` without `--exclude tag:trial` brings it back."
_FROM_ONE = "The first imputed data set; intervals: percentiles of"


_WITH_EFFECTS = ("trial_designs", "trial_forest", "trial_curves")


def is_of_trial(name: str) -> bool:
    """Whether a figure or table is of this section."""
    return name.startswith("trial_")


def size(rows: Sequence[Row], drug: str) -> str:
    """Who was emulated, in words: patients, each of them two clones."""
    row = find(rows, CLONES, f"{COHORT} treated", outcome=DEATH_28D, measure="clones")
    if row is None:
        return "No trial could be emulated"
    return f"{number(row.n)} trial patients, each cloned into starting {drug} and not starting it"


def clone_lines(shown: Shown) -> list[str]:
    """Each strategy with its clones: how many have time at risk, are censored, and are followed to the end of grace."""
    told = []
    for group, words in ((True, f"Start {shown.drug}"), (False, f"Do not start {shown.drug}")):
        found = {
            measure: find(shown.rows, CLONES, f"{COHORT} {GROUP_NAMES[group]}", outcome=DEATH_28D, measure=measure)
            for measure in ("clones", CENSORED, FOLLOWED)
        }
        counts = [number(row.n) for row in found.values() if row is not None]
        if len(counts) < len(found):
            return ["No clones: the trial cannot be emulated"]
        told.append(f"{words}: {counts[0]} clones with time at risk, {counts[1]} censored, {counts[2]} beyond grace")
    return told


def sentences(rows: Sequence[Row], drug: str, trial: Trial | None) -> list[str]:
    """What was found in words; the second one says what the difference between the rows means."""
    if trial is None:
        return [ABSENT]
    hazard = primary_row(rows, HAZARD_RATIO)
    if hazard is None or hazard.estimate is None:
        reason = "no estimate" if hazard is None else hazard.note.removeprefix("not estimable: ")
        return [f"The trial's primary analysis cannot be estimated: {reason}."]
    treated, control = (
        find(rows, ANALYSIS, f"{COHORT} {GROUP_NAMES[group]}", outcome=DEATH_28D, model=PRIMARY, measure=RISK)
        for group in (True, False)
    )
    found = (
        f"{size(rows, drug)}: {percent_text(treated)} would die in hospital within 28 days if all started within "
        f"{trial.definitions.grace_h:g} h, {percent_text(control)} if nobody did, a difference of "
        f"{points_text(primary_row(rows, DIFFERENCE))} points; hazard ratio {told_interval(hazard)}."
    )
    return [found, _meaning(rows, hazard)]


def _meaning(rows: Sequence[Row], hazard: Row) -> str:
    """One sentence for the difference between the rows."""
    published = find(rows, ANALYSIS, COHORT, outcome=DEATH_28D, model=PUBLISHED_MATCHED, measure=HAZARD_RATIO)
    told = "" if published is None or published.estimate is None else f" ({told_interval(published)} when matched)"
    gap = ""
    if published is not None and published.estimate is not None and hazard.estimate is not None:
        gap = f", here a factor of {published.estimate / hazard.estimate:.2f},"
    return (
        f"All rows are of the same patients: the published definition{told} compares groups that the future makes, "
        "since who dies early can neither start late nor run the drug for hours nor stay for two days, and the trial "
        f"({hazard.estimate:.2f}) does not; so the distance between both rows{gap} is what the design alone can make "
        "and no effect of the drug, within the intervals and as far as what drives the choice was charted."
    )


def trial_caption(shown: Shown, name: str) -> Caption:
    """The caption of a table or figure of the trial."""
    trial = shown.study.trial
    assert trial is not None
    grace, drug = f"{trial.definitions.grace_h:g} h", shown.drug
    who = f"{size(shown.rows, drug)}{' (' + shown.people + ')' if shown.study.generated else ''}."
    resampled = f"{_FROM_ONE} {trial.resamples} resamples of patients, every model fitted anew"
    told = {
        "trial_protocol": (
            "Protocol of the target trial and its emulation",
            "Components of Hernán and Robins 2016, and the variable of dbt_project.yml that changes each.",
        ),
        "trial_flow": (
            "Steps of the trial's cohort",
            "ICU stays before and after each rule, each by what is known at time zero.",
        ),
        "trial_clones": (
            "What becomes of the clones",
            f"{who} A clone is censored when the patient leaves its strategy; who leaves the ICU without a start fits "
            f"both. Weights: inverse probability of the decisions so far, of those followed beyond {grace}.",
        ),
        "trial_positivity": (
            "Positivity by decision",
            "Those in the ICU who have not started before, those who start there, and the share to whom the model of "
            "treatment gives less than 1 in 100.",
        ),
        "trial_balance": (
            "Balance over time",
            "Absolute standardized mean difference (SMD) in units of the unweighted standard deviation. Above: clones "
            f"of both strategies followed beyond {grace}. Below: who starts at a decision against who could and does "
            "not, by what is known there, weighted by the inverse probability of the decision.",
        ),
        "trial_designs": (
            "One question, one set of patients, eleven designs",
            f"{who} Published definition: started within {grace} and ran it for "
            f"{trial.definitions.minimum_duration_h:g} h against never, among those who stayed "
            f"{trial.definitions.minimum_stay_h:g} h. n of clones, of sequential trials and of the time-dependent "
            f"model counts a patient more than once. {resampled}; adjusted and time-dependent models: Wald, with p. "
            "Effective size: started / not.",
        ),
        "trial_curves": (
            "Risk of death under both strategies",
            f"{who} Clone, censor, weight: 1 - weighted Kaplan-Meier by day, with pointwise 95 % bands. {resampled}."
            f"{_left_out(shown.below)}",
        ),
        "trial_clone_flow": (
            "From ICU stays to clones",
            "ICU stays left by each rule, and those that it excludes (right); below, both strategies of all who are "
            f"left. A clone without time at risk starts in the first hour. Beyond grace: followed beyond {grace}.",
        ),
        "trial_forest": (
            "The same patients by eleven designs",
            f"{who} Hazard ratio of death with 95 % interval. {resampled}, but for adjusted and time-dependent models "
            "(Wald). n of clones, of sequential trials and of the time-dependent model counts a patient more than "
            "once.",
        ),
        "trial_balance_over_time": (
            "Balance of the trial before and after weighting",
            "Absolute standardized mean difference of each covariate. Left: baseline covariates of the clones that are "
            f"followed beyond {grace}. Right: what is known at each decision, who starts there against who does not.",
        ),
        "trial_weights": (
            "Weights beyond the grace period",
            f"Clones followed beyond {grace}, by strategy, weights on a log scale. Who started before the last "
            "decision stands for himself alone: 1."
            + (f" Bars of fewer than {shown.below} clones are not drawn." if shown.below > 1 else ""),
        ),
    }
    title, text = told[name]
    return Caption(title, text + (shown.few(ANALYSIS) if name in _WITH_EFFECTS else ""))


def _left_out(below: int) -> str:
    return f" Days are left out from which on fewer than {below} die by the next." if below > 1 else ""


def trial_alternative(shown: Shown, name: str) -> str:
    """What a figure of the trial shows, in numbers."""
    trial = shown.study.trial
    assert trial is not None
    names = strategies(shown.drug, trial.definitions)
    if name == "trial_clone_flow":
        flow = suppress_flow(trial.marts.flow, shown.below)
        steps = [f"{step.rule}: {step.n_excluded} excluded, {step.n_after} left" for step in flow.itertuples()]
        return f"Flow chart. {'; '.join([*steps, *clone_lines(shown)])}."
    if name == "trial_curves":
        told = []
        for outcome, title in TRIAL_OUTCOME_TITLES.items():
            for group in (True, False):
                row = find(
                    shown.rows, CURVE, f"{COHORT} {GROUP_NAMES[group]}", outcome=outcome, level=f"{HORIZON_DAYS:g}"
                )
                told.append(f"{title}, {names[group].lower()}: {percent_text(row)}")
        return f"Curves of risk. At day 28: {'; '.join(told)}."
    if name == "trial_forest":
        told = []
        for outcome, title in TRIAL_OUTCOME_TITLES.items():
            for way in WAYS:
                row = find(shown.rows, ANALYSIS, COHORT, outcome=outcome, model=way.name, measure=HAZARD_RATIO)
                told.append(f"{title}, {way.title.lower()}: {told_interval(row) if row else 'not estimable'}")
        return f"Forest plot of hazard ratios. {'; '.join(told)}."
    if name == "trial_balance_over_time":
        frame = balance_frame(shown.rows)
        told = []
        for words, chosen in (("clones", frame["level"] == AT_END), ("decisions", frame["level"] != AT_END)):
            for measure in (UNWEIGHTED, WEIGHTED):
                told.append(f"{words}, {measure}: largest {frame.loc[chosen, measure].max():.2f}")
        return f"Dot plots of standardized differences. {'; '.join(told)}."
    weights = trial.weights
    told = [
        f"{names[group].lower()}: median {own.median():.2f}"
        for group in (True, False)
        if len(own := weights.loc[weights["clone"] == int(group), "weight"])
    ]
    return f"Histograms of weights. {'; '.join(told)}."
