"""What is said at each table: captions that can stand alone."""

from analysis_py.report.captions.shown import OF_MODELS, Shown
from analysis_py.report.page import Caption
from analysis_py.study.analyses.multiplicity import CLASSES, INTERACTIONS, STRATA, sentence
from analysis_py.study.analyses.unmatched import sentences

_CELLS = "Cells: median [lower, upper quartile] or n (%)."
_REASONS = 3  # that a caption names
_TESTS = (
    "SMD: standardized mean difference in units of the cohort's own standard deviation. p: Mann-Whitney test for "
    "numbers, chi-square test (2x2 with continuity correction) for shares."
)
_MODELS = (
    "Model 1 is unadjusted, model 2 adjusts for demography, model 3 for all covariates named under Methods. Hazard "
    "ratios (HR) by Cox regression, odds ratios (OR) by logistic regression, each of the treated against the others. "
    "Events per coefficient: of those with and those without the event the fewer, by coefficient of the model."
)


def table_caption(shown: Shown, name: str) -> Caption:
    """The caption of a table of output/tables."""
    before = f"{shown.people.capitalize()} with sepsis-induced coagulopathy before matching ({shown.size('full')})."
    copies = len(shown.study.completed.copies)
    told = {
        "flow": (
            "Steps of the cohort",
            "ICU stays before and after each rule, in the order in which the rules are applied.",
        ),
        "table1_baseline": (
            "Table 1. Baseline characteristics",
            f"{shown.cohorts()} {_CELLS} {_TESTS} Missing: share without a value before imputation."
            f"{_reasons(shown, 'balance')}",
        ),
        "balance": (
            "Balance of the covariates",
            f"{shown.cohorts()} SMD: standardized mean difference, in units of the cohort's own standard deviation "
            "or of the one before matching (original SD). Variance ratio and Kolmogorov-Smirnov distance of "
            f"numbers.{_reasons(shown, 'balance')}",
        ),
        "table2_models": (
            f"Table 2. {shown.drug.capitalize()} and death",
            f"{shown.cohorts()} Ours: all imputed data sets count, errors allow for the pairs; as published: the "
            f"first imputed data set alone. {_MODELS}{shown.few(*OF_MODELS)}",
        ),
        "table3_outcomes": (
            "Table 3. Outcomes",
            f"{shown.cohorts()} {_CELLS} Hours of ventilation and of vasopressors are of those who had them. "
            f"{_TESTS}{_reasons(shown, 'outcomes')}",
        ),
        "subgroups": (
            "Subgroups",
            f"{shown.matched()} Hazard ratio (HR) of 28-day hospital death, unadjusted Cox regression in each "
            "stratum, one coefficient each: its events are the deaths. p for interaction by likelihood ratio."
            f"{sentence(shown.rows, STRATA, INTERACTIONS)}{shown.few('subgroup')}{_reasons(shown, 'subgroup')}",
        ),
        "table4_exposure": (
            "Table 4. Duration and dose",
            f"{shown.matched()} Each class of {shown.drug} against matched patients without it, adjusted by "
            "model 3; hazard ratio (HR) by Cox, odds ratio (OR) by logistic regression."
            f"{sentence(shown.rows, CLASSES)}{shown.few(*shown.exposures())}",
        ),
        "robustness": (
            "Models of death under other choices",
            f"{shown.cohorts()} One choice of the published analysis is changed at a time. A reading that it uses "
            f"itself gives its numbers again. {_MODELS}{shown.few(*OF_MODELS)}",
        ),
        "e_values": (
            "E-values",
            f"{shown.cohorts()} The risk ratio that an unmeasured confounder would need with both treatment and "
            "death to explain the published estimate of Table 2 away (point), or to move its limit to 1 (limit); "
            f"conversion for common outcomes.{_reasons(shown, 'e_value')}",
        ),
        "proportional_hazards": (
            "Proportional hazards",
            f"{shown.cohorts()} Test of whether the hazard ratio of {shown.drug} is the same on all 28 days, by "
            "Cox model; a small p speaks against it.",
        ),
        "missing": (
            "Missing values",
            f"{before} Stays without a value before imputation, the largest share first; {copies} imputed data "
            f"set{'s' if copies > 1 else ''}.",
        ),
        "screening": (
            "Univariate screening",
            f"{before} Hazard ratio (HR) of 28-day hospital death, Cox regression on one variable at a time."
            f"{shown.few('screening')}",
        ),
        "unmatched": (
            "Treated who were not matched",
            f"{' '.join(sentences(shown.rows, shown.drug))} {_CELLS}",
        ),
    }
    return Caption(*told[name])


def _reasons(shown: Shown, analysis: str) -> str:
    """Why cells of a table say n/e; empty where none does."""
    told = dict.fromkeys(
        row.note.removeprefix("not estimable: ")
        for row in shown.rows
        if row.analysis == analysis and row.note.startswith("not estimable: ")
    )
    if not told:
        return ""
    more = f"; and {len(told) - _REASONS} more in results.csv" if len(told) > _REASONS else ""
    return f" n/e: not estimable ({'; '.join(list(told)[:_REASONS])}{more})."
