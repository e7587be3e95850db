"""What is said at each figure: captions that can stand alone."""

from analysis_py.report.captions.shown import OF_MODELS, Shown
from analysis_py.report.page import Caption
from analysis_py.study.analyses.multiplicity import INTERACTIONS, sentence


def figure_caption(shown: Shown, name: str) -> Caption:
    """The caption of a figure of output/figures."""
    hidden = f" Bars of fewer than {shown.below} patients are not drawn." if shown.below > 1 else ""
    told = {
        "flow": (
            "How the cohort came about",
            "ICU stays left by each rule, and those that it excludes (right); below, the groups that are compared.",
        ),
        "kaplan_meier": (
            "Survival to day 28",
            f"{shown.cohorts()} Kaplan-Meier curves of hospital death within 28 days of ICU admission, 95 % "
            f"confidence band, number at risk; HR: unadjusted hazard ratio (95 % CI).{shown.few('outcome_models')}"
            f"{curves_left_out(shown.below)}",
        ),
        "love_plot": (
            "Balance before and after matching",
            f"{shown.cohorts()} Absolute standardized mean difference of each covariate between the groups, in "
            "units of the standard deviation of that cohort.",
        ),
        "propensity_overlap": (
            "Overlap of the groups",
            f"{shown.cohorts()} Propensity score before and after matching, and preference score before it: "
            f"{shown.drug} above the line, no {shown.drug} below. Shaded: equipoise, 0.3 to 0.7."
            f"{hidden}",
        ),
        "subgroups": (
            f"{shown.drug.capitalize()} and 28-day hospital death in subgroups",
            f"{shown.matched()} Unadjusted hazard ratio with 95 % confidence interval (Cox regression) in each "
            f"stratum, with p for interaction.{sentence(shown.rows, INTERACTIONS)}{shown.few('subgroup')}",
        ),
        "exposure": (
            f"Duration and dose of {shown.drug} and 28-day hospital death",
            f"{shown.matched()} Hazard ratio among treated patients against the median exposure, restricted cubic "
            "spline with three knots, model 3, 95 % confidence band. Patients who die early cannot be treated for "
            "long: the curve for duration is not causal.",
        ),
        "robustness": (
            "The fully adjusted hazard ratio under other choices",
            f"{shown.cohorts()} Hazard ratio of 28-day hospital death with 95 % confidence interval (Cox "
            f"regression, model 3), one choice changed at a time.{shown.few(*OF_MODELS)}",
        ),
        "imputation": (
            "Convergence of the imputation",
            "Mean of the imputed values by iteration, one line per imputed data set: they should mix, without "
            "trend. What a patient lacks together is drawn one after the other.",
        ),
    }
    return Caption(*told[name])


def curves_left_out(below: int) -> str:
    """What is not drawn of survival curves, nor told of the numbers at risk."""
    if below <= 1:
        return ""
    return (
        f" Curves of fewer than {below} patients or deaths are not drawn; …: fewer than {below} fewer "
        "than the number before."
    )
