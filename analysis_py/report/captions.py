"""The words at tables and figures: captions that can stand alone, and alternative texts that say what a figure shows.

All numbers are taken from the rows as shown, with small counts hidden.
"""

from collections.abc import Sequence

import pandas as pd

from analysis_py.marts.generated import PATIENTS
from analysis_py.report.page import Caption
from analysis_py.report.tables.cells import COHORT_TITLES, FEW_MARK, FEW_WORDS, equals, few, in_words
from analysis_py.report.tables.cohort import smd_frame
from analysis_py.report.tables.effects import choices
from analysis_py.study.analyses.exposure import exposures_of
from analysis_py.study.analyses.multiplicity import CLASSES, INTERACTIONS, STRATA, sentence
from analysis_py.study.analyses.pooling import CLUSTERED, EVENT_FREEDOM, MAIN_MODEL, how, main_row
from analysis_py.study.analyses.unmatched import sentences
from analysis_py.study.results import HIDDEN, Row, find, is_small
from analysis_py.study.study import Study, groups
from analysis_py.study.variables import (
    BY_NAME,
    DEATH_28D,
    SUBGROUP_TITLES,
    groups_of,
)

_CELLS = "Cells: median [lower, upper quartile] or n (%)."
_OF_MODELS = ("outcome_models", "robustness", CLUSTERED, EVENT_FREEDOM)
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


def interval(row: Row) -> str:
    """`0.71 (95 % CI 0.53 to 0.95)`, or that there is none."""
    if row.estimate is None or row.lower is None or row.upper is None:
        return "not estimable"
    return in_words(row) + few(row)


def with_p(row: Row) -> str:
    """interval() with its p-value."""
    return f"{interval(row)}, p {equals(row.p_value or 0)}"


class Captions:
    """What is said at each table and figure of one study."""

    def __init__(self, study: Study, rows: Sequence[Row], flow: pd.DataFrame, below: int) -> None:
        self.study, self.rows, self.flow, self.below = study, rows, flow, below
        self.people = PATIENTS if study.generated else "patients"
        self.drug = study.build.drug
        self.groups = groups_of(self.drug)

    def size(self, cohort: str) -> str:
        """`n = 1,184: 592 without and 592 with dexmedetomidine`, as far as it may be told."""
        counts = groups(self.study.cohorts[cohort])
        total = sum(counts.values())
        if is_small(total, self.below):
            return f"n < {self.below}"
        if any(is_small(count, self.below) for count in counts.values()):
            return f"n = {total:,}, group sizes {HIDDEN}"
        return f"n = {total:,}: {counts[False]:,} without and {counts[True]:,} with {self.drug}"

    def cohorts(self) -> str:
        """Every cohort with its size."""
        told = [f"{COHORT_TITLES[name].lower()} ({self.size(name)})" for name in self.study.cohorts]
        return f"{self.people.capitalize()} with sepsis-induced coagulopathy, {' and '.join(told)}."

    def unmatched(self) -> str:
        """Why there is no matched cohort."""
        counts = groups(self.study.full)
        if 0 in counts.values():
            return f"{'everybody' if counts[True] else 'nobody'} in the cohort was given {self.drug}"
        return self.study.not_matched

    def matched(self) -> str:
        """The matched cohort with its size."""
        if self.study.matched is None:
            return f"No matched cohort: {self.unmatched()}."
        return f"{self.people.capitalize()} with sepsis-induced coagulopathy after matching ({self.size('matched')})."

    def reasons(self, analysis: str) -> str:
        """Why cells of a table say n/e; empty where none does."""
        told = dict.fromkeys(
            row.note.removeprefix("not estimable: ")
            for row in self.rows
            if row.analysis == analysis and row.note.startswith("not estimable: ")
        )
        if not told:
            return ""
        more = f"; and {len(told) - _REASONS} more in results.csv" if len(told) > _REASONS else ""
        return f" n/e: not estimable ({'; '.join(list(told)[:_REASONS])}{more})."

    def few(self, *analyses: str) -> str:
        """What the mark of estimates with few events means; empty where there is none."""
        marked = any(row.is_few for row in self.rows if row.analysis in analyses)
        return f" {FEW_MARK} {FEW_WORDS}: hardly to be relied on." if marked else ""

    def table(self, name: str) -> Caption:
        """The caption of a table of output/tables."""
        before = f"{self.people.capitalize()} with sepsis-induced coagulopathy before matching ({self.size('full')})."
        copies = len(self.study.completed.copies)
        told = {
            "flow": (
                "Steps of the cohort",
                "ICU stays before and after each rule, in the order in which the rules are applied.",
            ),
            "table1_baseline": (
                "Table 1. Baseline characteristics",
                f"{self.cohorts()} {_CELLS} {_TESTS} Missing: share without a value before imputation."
                f"{self.reasons('balance')}",
            ),
            "balance": (
                "Balance of the covariates",
                f"{self.cohorts()} SMD: standardized mean difference, in units of the cohort's own standard deviation "
                "or of the one before matching (original SD). Variance ratio and Kolmogorov-Smirnov distance of "
                f"numbers.{self.reasons('balance')}",
            ),
            "table2_models": (
                f"Table 2. {self.drug.capitalize()} and death",
                f"{self.cohorts()} Ours: all imputed data sets count, errors allow for the pairs; as published: the "
                f"first imputed data set alone. {_MODELS}{self.few(*_OF_MODELS)}",
            ),
            "table3_outcomes": (
                "Table 3. Outcomes",
                f"{self.cohorts()} {_CELLS} Hours of ventilation and of vasopressors are of those who had them. "
                f"{_TESTS}{self.reasons('outcomes')}",
            ),
            "subgroups": (
                "Subgroups",
                f"{self.matched()} Hazard ratio (HR) of 28-day hospital death, unadjusted Cox regression in each "
                "stratum, one coefficient each: its events are the deaths. p for interaction by likelihood ratio."
                f"{sentence(self.rows, STRATA, INTERACTIONS)}{self.few('subgroup')}{self.reasons('subgroup')}",
            ),
            "table4_exposure": (
                "Table 4. Duration and dose",
                f"{self.matched()} Each class of {self.drug} against matched patients without it, adjusted by "
                "model 3; hazard ratio (HR) by Cox, odds ratio (OR) by logistic regression."
                f"{sentence(self.rows, CLASSES)}{self.few(*self._exposures())}",
            ),
            "robustness": (
                "Models of death under other choices",
                f"{self.cohorts()} One choice of the published analysis is changed at a time. A reading that it uses "
                f"itself gives its numbers again. {_MODELS}{self.few(*_OF_MODELS)}",
            ),
            "e_values": (
                "E-values",
                f"{self.cohorts()} The risk ratio that an unmeasured confounder would need with both treatment and "
                "death to explain the published estimate of Table 2 away (point), or to move its limit to 1 (limit); "
                f"conversion for common outcomes.{self.reasons('e_value')}",
            ),
            "proportional_hazards": (
                "Proportional hazards",
                f"{self.cohorts()} Test of whether the hazard ratio of {self.drug} is the same on all 28 days, by "
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
                f"{self.few('screening')}",
            ),
            "unmatched": (
                "Treated who were not matched",
                f"{' '.join(sentences(self.rows, self.drug))} {_CELLS}",
            ),
        }
        return Caption(*told[name])

    # --- figures: caption, and alternative text ---------------------------------------------------------------------

    def figure(self, name: str) -> Caption:
        """The caption of a figure of output/figures."""
        hidden = f" Bars of fewer than {self.below} patients are not drawn." if self.below > 1 else ""
        left_out = (
            f" Curves of fewer than {self.below} patients or deaths are not drawn; …: fewer than {self.below} fewer "
            "than the number before."
            if self.below > 1
            else ""
        )
        told = {
            "flow": (
                "How the cohort came about",
                "ICU stays left by each rule, and those that it excludes (right); below, the groups that are compared.",
            ),
            "kaplan_meier": (
                "Survival to day 28",
                f"{self.cohorts()} Kaplan-Meier curves of hospital death within 28 days of ICU admission, 95 % "
                f"confidence band, number at risk; HR: unadjusted hazard ratio (95 % CI).{left_out}",
            ),
            "love_plot": (
                "Balance before and after matching",
                f"{self.cohorts()} Absolute standardized mean difference of each covariate between the groups, in "
                "units of the standard deviation of that cohort.",
            ),
            "propensity_overlap": (
                "Overlap of the groups",
                f"{self.cohorts()} Propensity score before and after matching, and preference score before it: "
                f"{self.drug} above the line, no {self.drug} below. Shaded: equipoise, 0.3 to 0.7."
                f"{hidden}",
            ),
            "subgroups": (
                f"{self.drug.capitalize()} and 28-day hospital death in subgroups",
                f"{self.matched()} Unadjusted hazard ratio with 95 % confidence interval (Cox regression) in each "
                f"stratum, with p for interaction.{sentence(self.rows, INTERACTIONS)}{self.few('subgroup')}",
            ),
            "exposure": (
                f"Duration and dose of {self.drug} and 28-day hospital death",
                f"{self.matched()} Hazard ratio among treated patients against the median exposure, restricted cubic "
                "spline with three knots, model 3, 95 % confidence band. Patients who die early cannot be treated for "
                "long: the curve for duration is not causal.",
            ),
            "robustness": (
                "The fully adjusted hazard ratio under other choices",
                f"{self.cohorts()} Hazard ratio of 28-day hospital death with 95 % confidence interval (Cox "
                f"regression, model 3), one choice changed at a time.{self.few(*_OF_MODELS)}",
            ),
            "imputation": (
                "Convergence of the imputation",
                "Mean of the imputed values by iteration, one line per imputed data set: they should mix, without "
                "trend. What a patient lacks together is drawn one after the other.",
            ),
        }
        return Caption(*told[name])

    def alternative(self, name: str) -> str:
        """What a figure shows, in numbers."""
        told = {
            "flow": self._flow,
            "kaplan_meier": self._survival,
            "love_plot": self._balance,
            "propensity_overlap": self._overlap,
            "subgroups": self._subgroups,
            "exposure": self._exposure,
            "robustness": self._robustness,
            "imputation": self._imputation,
        }
        return told[name]()

    def _flow(self) -> str:
        steps = [f"{step.rule}: {step.n_excluded} excluded, {step.n_after} left" for step in self.flow.itertuples()]
        return f"Flow chart. {self.flow['n_before'].iloc[0]} ICU stays. {'; '.join(steps)}. {self.cohorts()}"

    def _survival(self) -> str:
        told = []
        for cohort in self.study.cohorts:
            for treated, group in ((False, "control"), (True, "treated")):
                row = find(self.rows, "kaplan_meier", f"{cohort} {group}")
                place = f"{COHORT_TITLES[cohort].lower()}, {self.groups[treated].lower()}"
                if row is None or row.estimate is None or row.lower is None or row.upper is None:
                    told.append(f"{place}: not shown")
                elif isinstance(row.n, str) or isinstance(row.events, str):
                    told.append(f"{place}: {HIDDEN}")
                else:
                    share, low, high = (f"{100 * number:.1f}" for number in (row.estimate, row.lower, row.upper))
                    told.append(f"{place}: {share} % (95 % CI {low} to {high})")
        return f"Survival curves. Alive at day 28: {'; '.join(told)}."

    def _balance(self) -> str:
        smd = smd_frame(self.rows)
        told = []
        for cohort, title in COHORT_TITLES.items():
            known = smd[["term", cohort]].dropna()
            if len(known):
                worst = known.sort_values(cohort, kind="stable").to_dict("records")[-1]
                told.append(
                    f"{title}: {(known[cohort] > 0.1).sum()} of {len(known)} covariates differ by more than "
                    f"0.1, most of all {BY_NAME[str(worst['term'])].label} ({worst[cohort]:.2f})"
                )
        return f"Dot plot. {'; '.join(told)}."

    def _overlap(self) -> str:
        told = []
        for treated, group in ((False, "control"), (True, "treated")):
            row = find(self.rows, "overlap", f"full {group}")
            share = HIDDEN if row is None or row.estimate is None else f"{row.estimate:.0f} %"
            told.append(f"{share} of those with {self.groups[treated].lower()}")
        return f"Mirrored histograms. Before matching, {' and '.join(told)} have a preference score from 0.3 to 0.7."

    def _subgroups(self) -> str:
        told = []
        for row in self.rows:
            if row.analysis == "subgroup" and row.term and not row.measure.startswith("interaction"):
                name = ", ".join(part for part in (SUBGROUP_TITLES.get(row.term, ""), row.level) if part)
                told.append(f"{name}: {interval(row)}")
        return f"Forest plot of hazard ratios. {'; '.join(told)}."

    def _robustness(self) -> str:
        told = []
        for cohort, title in COHORT_TITLES.items():
            ratios = [
                row.estimate
                for row in choices(self.rows, cohort)
                if (row.outcome, row.model) == (DEATH_28D, "model 3") and row.estimate is not None
            ]
            if ratios:
                told.append(f"{title.lower()}, from {min(ratios):.2f} to {max(ratios):.2f} under {len(ratios)} choices")
        return f"Forest plot. Hazard ratios {'; '.join(told) or 'not estimable'}."

    def _exposure(self) -> str:
        told = []
        for exposure in exposures_of(self.study.build):
            classes = [
                f"{row.level}: {interval(row)}"
                for row in self.rows
                if (row.analysis, row.measure, row.model) == (exposure.analysis, "HR", "model 3")
                and "trend" not in row.level
            ]
            if exposure.smooth and classes:
                told.append(f"{exposure.title} in {exposure.unit}, {', '.join(classes)}")
        return (
            "Curves of the hazard ratio over duration and over dose. Hazard ratios of the classes against none: "
            f"{'; '.join(told) or 'not estimable'}."
        )

    def _imputation(self) -> str:
        trace = self.study.completed.trace
        last = trace[trace["iteration"] == trace["iteration"].max()]
        told = []
        for name, ends in last.groupby("variable", sort=False)["mean"]:
            title = BY_NAME[str(name)].title
            told.append(f"{title}, from {ends.min():.4g} to {ends.max():.4g}")
        return f"Line plots by variable. Means of the imputed data sets after the last iteration: {'; '.join(told)}."

    # --- the page's head --------------------------------------------------------------------------------------------

    def headline(self) -> list[str]:
        """What was asked, in whom, what was found by us and as published, and whom the answer is not about."""
        asked = (
            "Do patients with sepsis-induced coagulopathy die less often in hospital within 28 days of ICU admission "
            f"when they are given {self.drug}?"
        )
        counts = groups(self.study.full)
        who = f"{self._count(sum(counts.values())).capitalize()} {self.people} were studied"
        if not any(is_small(count, self.below) for count in counts.values()):
            who += f", {counts[True]:,} of them given {self.drug}"
        if self.study.matched is None:
            return [
                asked,
                f"{who}; no pairs could be matched.",
                f"No effect can be estimated: {self.unmatched()}.",
            ]
        pairs = self._count(len(self.study.matched.data) // 2)
        who += f"; {pairs} pairs of a treated and an untreated patient were matched by propensity score."
        return [asked, who, self._ours(), self._published(), *sentences(self.rows, self.drug)]

    def _ours(self) -> str:
        main = main_row(self.rows)
        if main is None or main.estimate is None:
            reason = main.note.removeprefix("not estimable: ") if main is not None else "no model"
            return f"The effect after matching cannot be estimated: {reason}."
        doubt = f" ({FEW_MARK} {FEW_WORDS}: hardly to be relied on)" if main.is_few else ""
        return f"The fully adjusted hazard ratio is {with_p(main)}: {how(main)}{doubt}."

    def _published(self) -> str:
        """The same as the paper did it, on the first imputed copy."""
        shares = [self._died(group) for group in ("treated", "control")]
        died = ""
        if None not in shares:
            died = f" Of its matched, {shares[0]:.1f} % died with and {shares[1]:.1f} % without {self.drug}."
        main = find(self.rows, "outcome_models", "matched", model=MAIN_MODEL, outcome=DEATH_28D)
        if main is None or main.estimate is None:
            return f"As published, from one imputed data set, it cannot be estimated.{died}"
        return f"As published, from one imputed data set, it is {with_p(main)}.{died}"

    def _exposures(self) -> list[str]:
        return [exposure.analysis for exposure in exposures_of(self.study.build)]

    def _count(self, count: int) -> str:
        return f"fewer than {self.below}" if is_small(count, self.below) else f"{count:,}"

    def _died(self, group: str) -> float | None:
        """Percent dead within 28 days after matching, where it may be shown."""
        row = find(self.rows, "outcomes", f"matched {group}", term=DEATH_28D)
        return row.estimate if row is not None else None
