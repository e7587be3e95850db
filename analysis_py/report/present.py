"""From the study's rows to files: results.csv, tables, figures and the report."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from analysis_py.marts.build_record import DEXMEDETOMIDINE
from analysis_py.marts.generated import marked
from analysis_py.report import tables
from analysis_py.report.captions import Captions
from analysis_py.report.checklist import checklist
from analysis_py.report.external_report import ExternalResults, write_external
from analysis_py.report.manuscript import write_manuscript
from analysis_py.report.output_folder import DBT_DOCS
from analysis_py.report.page import Caption, Download, Part, Picture, Table, download, plain_table, render_report
from analysis_py.report.pictures import draw
from analysis_py.report.published import RULE, published_and_ours
from analysis_py.report.quality import faults_table, quality_table
from analysis_py.statistics.propensity import CALIPER
from analysis_py.study.analyses.exposure import exposures_of
from analysis_py.study.external import Validation
from analysis_py.study.results import Row, as_frame, hide_flow, suppress, suppress_flow
from analysis_py.study.study import Study
from analysis_py.study.variables import BY_NAME, MODEL_2, MODEL_3, TABLE_ONE

# signs that end a cell, with the word that is read for each
_SIGNS = {sign: word for word, sign in tables.MARKS.items()} | {tables.FEW_MARK: tables.FEW_WORDS}
_NOT_RECORDED = "Not recorded: build with `dbt build`."
# files that a reader of the page looks for
_BESIDE = {
    "manuscript/tables.docx": "tables for a manuscript (Word)",
    "manuscript/tables.tex": "the same for LaTeX",
    "tables/checklist.csv": "STROBE and RECORD checklist",
    "results.csv": "every number in long form",
    DBT_DOCS: "models, definitions and lineage (dbt docs)",
}


def write_results(
    folder: Path, study: Study, flow: pd.DataFrame, below: int, seed: int, validation: Validation | None = None
) -> list[Row]:
    """Fill `folder` with everything a run leaves behind; gives the rows as written, small counts hidden."""
    external: ExternalResults | None = None
    rows = suppress(study.rows, below)
    shown_flow = suppress_flow(flow, below)
    rows = hide_flow(rows, shown_flow)
    (folder / "tables").mkdir()
    (folder / "figures").mkdir()
    made = _tables(rows, shown_flow, study, below, seed)
    files = {name: _write(frame, folder / "tables" / f"{name}.csv", study) for name, frame in made.items()}
    captions = Captions(study, rows, shown_flow, below)
    sizes = {"table4_exposure": captions.matched(), "unmatched": captions.table("unmatched").text}
    who = {name: sizes.get(name, captions.cohorts()) for name in made}
    write_manuscript(folder, made, who, study.generated, study.build.drug, study.completed.unusable)
    pictures = draw(folder / "figures", captions)
    parts = _Parts(made, files, pictures, captions, study).all(below, seed)
    if validation is not None:
        external = write_external(folder, validation, below, rows)
        parts.insert([part.anchor for part in parts].index("missing"), external.part)
    _write_rows(folder, rows, study.generated, external)
    title = f"{study.build.drug.capitalize()} and death in sepsis-induced coagulopathy"
    beside = {path: text for path, text in _BESIDE.items() if (folder / path).is_file()}
    remarks = [*study.remarks, *(validation.remarks if validation else ())]
    page = render_report(title, captions.headline(), remarks, parts, _SIGNS, study.generated, beside)
    (folder / "report.html").write_text(page, encoding="utf-8", newline="\n")
    return [*rows, *(external.rows if external else ())]


def write_validation(folder: Path, validation: Validation, below: int) -> list[Row]:
    """As write_results(), of the external cohort alone."""
    (folder / "tables").mkdir()
    (folder / "figures").mkdir()
    external = write_external(folder, validation, below, [])
    _write_rows(folder, [], "", external)
    title = f"{validation.build.drug.capitalize()} and death in sepsis-induced coagulopathy: {external.part.title}"
    beside = {"results.csv": _BESIDE["results.csv"]}
    generated = validation.marts.generated
    page = render_report(title, external.headline, validation.remarks, [external.part], _SIGNS, generated, beside)
    (folder / "report.html").write_text(page, encoding="utf-8", newline="\n")
    return external.rows


def _write_rows(folder: Path, rows: list[Row], generated: str, external: ExternalResults | None) -> None:
    """results.csv: the rows of both cohorts, each with the mark of its own data."""
    frames = [marked(as_frame(rows)) if generated else as_frame(rows)] if rows else []
    if external is not None:
        frames.append(external.frame)
    pd.concat(frames).to_csv(folder / "results.csv", index=False, float_format="%.8g", lineterminator="\n")


def _write(table: pd.DataFrame, path: Path, study: Study) -> Download:
    """Write a table; gives it as the page offers it, the same text."""
    shown = marked(table) if study.generated else table
    shown.to_csv(path, index=False, float_format="%.8g", lineterminator="\n")
    return download(path.name, path.read_bytes())


def _tables(rows: list[Row], flow: pd.DataFrame, study: Study, below: int, seed: int) -> dict[str, pd.DataFrame]:
    cohorts = list(study.cohorts)
    made = {
        "flow": tables.flow_table(flow),
        "missing": tables.missing_table(rows),
        "table1_baseline": tables.table_one(rows, cohorts, study.build.drug),
        "table2_models": tables.table_two(rows),
        "table3_outcomes": tables.table_three(rows, cohorts, study.build.drug),
        "balance": tables.balance_table(rows),
        "screening": tables.screening_table(rows),
        "robustness": tables.robustness_table(rows),
        "e_values": tables.e_value_table(rows),
        "proportional_hazards": tables.proportionality_table(rows),
    }
    if study.matched is not None:
        made["table4_exposure"] = tables.table_four(rows, exposures_of(study.build))
        made["subgroups"] = tables.subgroup_table(rows)
        made["unmatched"] = tables.unmatched_table(rows)
    made["published_vs_ours"] = published_and_ours(rows)
    made["checklist"] = checklist(study, rows, flow, below)
    made["data_quality"] = quality_table(study.build.quality, below)
    made["data_tests"] = tables.test_table(study.build, below)
    made["source_tables"] = tables.source_table(study.build, below)
    made["definitions"] = tables.definition_table(study.build)
    made["versions"] = tables.version_table(study.build, seed)
    return made


class _Parts:
    """The sections of the page, from the tables and figures that this study has."""

    def __init__(
        self,
        made: Mapping[str, pd.DataFrame],
        files: Mapping[str, Download],
        pictures: Mapping[str, Picture],
        captions: Captions,
        study: Study,
    ) -> None:
        self.made, self.files, self.pictures, self.captions, self.study = made, files, pictures, captions, study

    def all(self, below: int, seed: int) -> list[Part]:
        """In the order of the page."""
        none = [] if self.study.matched else [f"No matched cohort: {self.captions.unmatched()}."]
        return [
            self._part("flow", "Cohort", figures=["flow"], tables=["flow"]),
            self._part("baseline", "Baseline", tables=["table1_baseline"]),
            self._part("balance", "Balance", none, ["love_plot", "propensity_overlap"], ["balance", "unmatched"]),
            self._part("survival", "Survival", none + self._undrawn(below), ["kaplan_meier"]),
            self._part("models", "Models of death", none, tables=["table2_models"]),
            self._part("outcomes", "Outcomes", none, tables=["table3_outcomes"]),
            self._part("exposure", "Duration and dose", none, ["exposure"], ["table4_exposure"]),
            self._part("subgroups", "Subgroups", none, ["subgroups"], ["subgroups"]),
            self._part("robustness", "Robustness", none, ["robustness"], ["robustness", "proportional_hazards"]),
            self._part("e-values", "E-values", none, tables=["e_values"]),
            self._part("missing", "Missing values", figures=["imputation"], tables=["missing"]),
            self._part("screening", "Univariate screening", tables=["screening"]),
            self._published(),
            self._quality(below),
            self._definitions(),
            Part("methods", "Methods", _methods(self.study, below, seed)),
            self._versions(),
        ]

    def _undrawn(self, below: int) -> list[str]:
        few = f"No curves: each group has fewer than {below} patients or deaths."
        return [] if "kaplan_meier" in self.pictures else [few]

    def _part(
        self, anchor: str, title: str, text: Sequence[str] = (), figures: Sequence[str] = (), tables: Sequence[str] = ()
    ) -> Part:
        drawn = [self.pictures[name] for name in figures if name in self.pictures]
        shown = [self._table(self.captions.table(name), self.made[name], name) for name in tables if name in self.made]
        return Part(anchor, title, text, drawn, shown)

    def _table(self, caption: Caption, frame: pd.DataFrame, file: str) -> Table:
        return plain_table(caption, frame, [self.files[file]])

    def _published(self) -> Part:
        if (drug := self.study.build.drug) != DEXMEDETOMIDINE:
            other = f"The paper is about {DEXMEDETOMIDINE}, this run about {drug}: there is nothing to compare."
            return Part("published", "Published and ours", [other])
        comparison, file = self.made["published_vs_ours"], "published_vs_ours"
        signs = ", ".join(f"{sign} {word}" for word, sign in tables.MARKS.items())
        shown = [
            self._table(
                Caption("Agreement with the paper", "Numbers of Huang et al. 2024 and ours, by table and cohort."),
                tables.agreement_table(comparison),
                file,
            ),
            self._table(
                Caption(
                    "Tables 2 and 4 and Figure 3, published and ours",
                    f"Ratios with 95 % confidence interval, shares of the classes, p for interaction. {signs}.",
                ),
                tables.published_table(comparison),
                file,
            ),
        ]
        for cohort, title in tables.COHORT_TITLES.items():
            caption = Caption(
                f"Tables 1 and 3 {title.lower()}, published and ours",
                f"Median [quartiles] or n (%) as printed, ours as median or share; n/e: not estimable. {signs}.",
            )
            shown.append(self._table(caption, tables.published_characteristics(comparison, cohort), file))
        text = [RULE, "In Table 4 the paper prints the same odds ratios for duration and for dose."]
        return Part("published", "Published and ours", text, (), shown)

    def _quality(self, below: int) -> Part:
        checks, tests, sources = self.study.build.quality, self.made["data_tests"], self.made["source_tables"]
        shown, text = [], []
        if len(checks):
            found, tried = faults_table(checks, below), len({check.name for check in checks})
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
            shown.append(self._table(caption, tables.tests_by_model(tests), "data_tests"))
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
        f"{tables.FEW_MARK} marks an estimate whose model has {tables.FEW_WORDS}. No p-value is adjusted for the "
        "number of tests; at subgroups and classes stands how many there are.",
        "Tests in tables: Mann-Whitney without, chi-square with continuity correction in 2x2 tables.",
    ]
    if below > 1:
        lines.append(f"Counts from 1 to {below - 1} are not shown, nor those that would give them away.")
    return lines


def _listed(names: Sequence[str]) -> str:
    labels = [BY_NAME[name].label for name in names]
    return " and ".join(part for part in (", ".join(labels[:-1]), labels[-1]) if part)
