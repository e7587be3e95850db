"""The sections of the report's page, from the tables and figures that a study has."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from analysis_py.marts.build_record import DEXMEDETOMIDINE
from analysis_py.report.captions.shown import Shown
from analysis_py.report.captions.tables import table_caption
from analysis_py.report.captions.undrawn import undrawn
from analysis_py.report.controls.part import controls_part
from analysis_py.report.estimators.part import estimators_part
from analysis_py.report.gate.part import gate_part
from analysis_py.report.page import Caption, Download, Part, Picture, Table, plain_table
from analysis_py.report.published import RULE
from analysis_py.report.sensitivity.shown import FIGURE as TIPPING_FIGURE
from analysis_py.report.sensitivity.shown import SHIFTED_TABLE, TIPPING_TABLE, sensitivity_caption
from analysis_py.report.tables.build import tests_by_model
from analysis_py.report.tables.cells import COHORT_TITLES, FEW_MARK, FEW_WORDS
from analysis_py.report.tables.comparison import LEGEND, agreement_table, published_characteristics, published_table
from analysis_py.report.tables.published_count import RULE as COUNT_RULE
from analysis_py.report.tables.published_count import published_count_sentence
from analysis_py.report.tables.quality import faults_table
from analysis_py.report.trial.part import trial_part
from analysis_py.statistics.propensity import CALIPER
from analysis_py.study.study import Study
from analysis_py.study.variables import BY_NAME, MODEL_2, MODEL_3, TABLE_ONE

_NOT_RECORDED = "Not recorded: build with `dbt build`."


class Parts:
    """The sections of the page, from the tables and figures that this study has."""

    def __init__(
        self,
        made: Mapping[str, pd.DataFrame],
        files: Mapping[str, Download],
        pictures: Mapping[str, Picture],
        shown: Shown,
    ) -> None:
        self.made, self.files, self.pictures = made, files, pictures
        self.shown, self.study = shown, shown.study

    def all(self, seed: int) -> list[Part]:
        """In the order of the page."""
        none = [] if self.study.matched else [f"No matched cohort: {self.shown.unmatched()}."]
        return [
            *gate_part(self.shown, self.made, self.files),
            self._part("flow", "Cohort", figures=["flow"], tables=["flow"]),
            self._part("baseline", "Baseline", tables=["table1_baseline"]),
            self._part("balance", "Balance", none, ["love_plot", "propensity_overlap"], ["balance", "unmatched"]),
            self._part("survival", "Survival", none, ["kaplan_meier"]),
            self._part("models", "Models of death", none, tables=["table2_models"]),
            estimators_part(self.shown, self.made, self.files, self.pictures),
            trial_part(self.shown, self.made, self.files, self.pictures),
            controls_part(self.shown, self.made, self.files, self.pictures),
            self._part("outcomes", "Outcomes", none, tables=["table3_outcomes"]),
            self._part("exposure", "Duration and dose", none, ["exposure"], ["table4_exposure"]),
            self._part("subgroups", "Subgroups", none, ["subgroups"], ["subgroups"]),
            self._part("robustness", "Robustness", none, ["robustness"], ["robustness", "proportional_hazards"]),
            self._unmeasured(none),
            self._part("missing", "Missing values", figures=["imputation"], tables=["missing"]),
            self._part("screening", "Univariate screening", tables=["screening"]),
            self._published(),
            self._quality(),
            self._published_counts(),
            self._definitions(),
            Part("methods", "Methods", _methods(self.study, self.shown.below, seed)),
            self._versions(),
        ]

    def _unmeasured(self, text: Sequence[str]) -> Part:
        part = self._part("e-values", "What was not measured", text, [TIPPING_FIGURE], ["e_values"])
        tables = [
            self._table(sensitivity_caption(self.shown.rows, name, self.shown.drug), self.made[name], name)
            for name in (TIPPING_TABLE, SHIFTED_TABLE)
            if name in self.made
        ]
        return replace(part, tables=[*part.tables, *tables])

    def _part(
        self, anchor: str, title: str, text: Sequence[str] = (), figures: Sequence[str] = (), tables: Sequence[str] = ()
    ) -> Part:
        drawn = [self.pictures[name] for name in figures if name in self.pictures]
        shown = [
            self._table(table_caption(self.shown, name), self.made[name], name) for name in tables if name in self.made
        ]
        return Part(anchor, title, text, drawn, shown, undrawn(self.shown, figures, self.pictures))

    def _table(self, caption: Caption, frame: pd.DataFrame, file: str) -> Table:
        return plain_table(caption, frame, [self.files[file]])

    def _published(self) -> Part:
        if (drug := self.study.build.drug) != DEXMEDETOMIDINE:
            other = f"The paper is about {DEXMEDETOMIDINE}, this run about {drug}: there is nothing to compare."
            return Part("published", "Published and ours", [other])
        comparison, file = self.made["published_vs_ours"], "published_vs_ours"
        shown = [
            self._table(
                Caption("Agreement with the paper", "Numbers of Huang et al. 2024 and ours, by table and cohort."),
                agreement_table(comparison),
                file,
            ),
            self._table(
                Caption(
                    "Tables 2 and 4 and Figure 3, published and ours",
                    f"Ratios with 95 % confidence interval, shares of the classes, p for interaction. {LEGEND}.",
                ),
                published_table(comparison),
                file,
            ),
        ]
        for cohort, title in COHORT_TITLES.items():
            caption = Caption(
                f"Tables 1 and 3 {title.lower()}, published and ours",
                f"Median [quartiles] or n (%) as printed, ours as median or share; n/e: not estimable. {LEGEND}.",
            )
            shown.append(self._table(caption, published_characteristics(comparison, cohort), file))
        text = [RULE, "In Table 4 the paper prints the same odds ratios for duration and for dose."]
        return Part("published", "Published and ours", text, (), shown)

    def _quality(self) -> Part:
        checks, tests, sources = self.study.build.quality, self.made["data_tests"], self.made["source_tables"]
        shown, text = [], []
        if len(checks):
            found, tried = faults_table(checks, self.shown.below), len({check.name for check in checks})
            above = len({check.name for check in checks if check.above})
            text.append(
                f"{tried} checks of the source rows: {len(found) or 'none'} found faulty ones, {above or 'none'} "
                "of them more than the limit of warning. A build with more than the limit of error stops."
            )
            caption = Caption(
                "Faults of source rows",
                "What was found, above a limit first. Worst: the item or drug with the largest share, to which the "
                "limits of warning and of error apply. The file has every check and item.",
            )
            if len(found):
                shown.append(self._table(caption, found, "data_quality"))
        if len(tests):
            caption = Caption(
                "Tests", "Tests of data and of models by model, as dbt ran them in this build, and how they ended."
            )
            shown.append(self._table(caption, tests_by_model(tests), "data_tests"))
            found = tests[tests["Status"] != "pass"]
            if len(found):
                caption = Caption(
                    "Tests that did not pass",
                    "Rows: how many break the rule, or how many per million where the description says so.",
                )
                shown.append(self._table(caption, found, "data_tests"))
        if len(sources):
            caption = Caption("Source tables", "Rows of each table that the study reads, by the server's own estimate.")
            shown.append(self._table(caption, sources, "source_tables"))
        ended = ", ".join(f"{count} {status}" for status, count in tests["Status"].value_counts().items())
        text += [f"{len(tests)} tests: {ended}."] if len(tests) else [] if shown else [_NOT_RECORDED]
        return Part("quality", "Data quality", text, (), shown)

    def _published_counts(self) -> Part:
        told = published_count_sentence(self.study.build.published) or _NOT_RECORDED
        found, shown, text = self.made["published_counts"], [], [told]
        if len(found):
            text.append(COUNT_RULE)
            caption = Caption(
                "This database beside published counts",
                "What public sources count in this release, and the same here. ✓ agrees, ✗ differs: these stand first.",
            )
            shown.append(self._table(caption, found, "published_counts"))
        return Part("counts", "This database beside published counts", text, (), shown)

    def _definitions(self) -> Part:
        frame = self.made["definitions"]
        if frame.empty:
            return Part("definitions", "Definitions in force", [_NOT_RECORDED])
        changed = int((frame["Changed"] != "").sum())
        text = f"{changed or 'None'} of {len(frame)} differ{'s' if changed == 1 else ''} from the default."
        caption = Caption("Definitions in force", "Variables of dbt_project.yml; ≠: differs from the default.")
        return Part("definitions", "Definitions in force", [text], (), [self._table(caption, frame, "definitions")])

    def _versions(self) -> Part:
        text = [] if self.study.build.finished_at else [f"Versions, date and data fingerprint: {_NOT_RECORDED.lower()}"]
        caption = Caption("Versions, seed, date and data", "The same on another day give the same numbers.")
        return Part("versions", "Versions", text, (), [self._table(caption, self.made["versions"], "versions")])


def _methods(study: Study, below: int, seed: int) -> list[str]:
    copies, unusable = len(study.completed.copies), study.completed.unusable
    left_out = [variable.name for variable in TABLE_ONE if not variable.in_models or variable.name in unusable]
    adjusted = [_listed([name for name in names if name not in unusable]) for names in (MODEL_2, MODEL_3)]
    lines = [
        f"Missing values were filled by chained equations ({copies} imputed data sets, seed {seed}), what a patient "
        "lacks together one after the other. The main estimate is matched within each of them, its errors allow for "
        "the pairs, and it is pooled by Rubin's rules; what is given as published, and all else, is of the first one.",
        f"Propensity score: logistic regression on all variables of Table 1 except {_listed(left_out)}. Matching: 1:1 "
        f"nearest neighbor without replacement, caliper {CALIPER:g} standard deviations of the propensity score.",
        f"Model 1 is unadjusted. Model 2 adjusts for {adjusted[0]}. Model 3 adjusts for {adjusted[1]}. Cox "
        "regression with Efron's ties; logistic regression by maximum likelihood; Wald intervals.",
        f"{FEW_MARK} marks an estimate whose model has {FEW_WORDS}. No p-value is adjusted for the "
        "number of tests; at subgroups and classes stands how many there are.",
        "Tests in tables: Mann-Whitney without, chi-square with continuity correction in 2x2 tables.",
    ]
    if below > 1:
        lines.append(f"Counts from 1 to {below - 1} are not shown, nor those that would give them away.")
    return lines


def _listed(names: Sequence[str]) -> str:
    labels = [BY_NAME[name].label for name in names]
    return " and ".join(part for part in (", ".join(labels[:-1]), labels[-1]) if part)
