"""From the study's rows to files: results.csv, tables, figures and the report."""

from pathlib import Path

import pandas as pd

from analysis_py.marts.generated import marked
from analysis_py.report.captions.headline import headline
from analysis_py.report.captions.shown import Shown
from analysis_py.report.captions.tables import table_caption
from analysis_py.report.controls.words import controls_caption, is_of_controls
from analysis_py.report.external_report import ExternalResults, write_external
from analysis_py.report.gate.words import gate_caption, is_of_gate
from analysis_py.report.manuscript.write import write_manuscript
from analysis_py.report.multiverse.part import part_of
from analysis_py.report.output_folder import DBT_DOCS, MULTIVERSE
from analysis_py.report.parts import Parts
from analysis_py.report.pictures import draw
from analysis_py.report.render import render_report
from analysis_py.report.said_once import said_once
from analysis_py.report.tables.cells import ESTIMATE_MARKS
from analysis_py.report.tables.comparison import MARKS
from analysis_py.report.tables.made import make_tables, write_table
from analysis_py.report.trial.words import is_of_trial, trial_caption
from analysis_py.study.external import Validation
from analysis_py.study.results import Row, as_frame
from analysis_py.study.study import Study
from analysis_py.study.suppression import hide_flow, suppress_flow
from analysis_py.study.trial.definitions import COHORT as TRIAL
from analysis_py.study.trial.suppression import suppress_all

# signs that end a cell, with the word that is read for each
_SIGNS = {sign: word for word, sign in MARKS.items()} | ESTIMATE_MARKS
# files that a reader of the page looks for
_BESIDE = {
    "manuscript/tables.docx": "tables for a manuscript (Word)",
    "manuscript/tables.tex": "the same for LaTeX",
    "tables/checklist.csv": "STROBE, RECORD and TARGET checklist",
    "results.csv": "every number in long form",
    DBT_DOCS: "models, definitions and lineage (dbt docs)",
}


def write_results(
    folder: Path, study: Study, flow: pd.DataFrame, below: int, seed: int, validation: Validation | None = None
) -> list[Row]:
    """Fill `folder` with everything a run leaves behind; gives the rows as written, small counts hidden."""
    external: ExternalResults | None = None
    rows = suppress_all(study.rows, below)
    shown_flow = suppress_flow(flow, below)
    rows = hide_flow(rows, shown_flow)
    if study.trial is not None:
        rows = hide_flow(rows, suppress_flow(study.trial.marts.flow, below), TRIAL)
    (folder / "tables").mkdir()
    (folder / "figures").mkdir()
    made = make_tables(rows, shown_flow, study, below, seed)
    files = {
        name: write_table(frame, folder / "tables" / f"{name}.csv", study.generated) for name, frame in made.items()
    }
    shown = Shown(study, rows, shown_flow, below)
    sizes = {"table4_exposure": shown.matched(), "unmatched": table_caption(shown, "unmatched").text}
    sizes |= {name: trial_caption(shown, name).text for name in made if is_of_trial(name)}
    sizes |= {name: controls_caption(shown, name).text for name in made if is_of_controls(name)}
    sizes |= {name: gate_caption(name).text for name in made if is_of_gate(name)}
    who = {name: sizes.get(name, shown.cohorts()) for name in made}
    write_manuscript(folder, made, who, study.generated, study.build.drug, study.completed.unusable)
    pictures = draw(folder / "figures", shown)
    parts = Parts(made, files, pictures, shown).all(seed)
    multiverse = part_of(folder / MULTIVERSE, study.build.fingerprint, below, study.build.drug, study.generated)
    parts.insert([part.anchor for part in parts].index("outcomes"), multiverse)
    if validation is not None:
        external = write_external(folder, validation, below, rows)
        parts.insert([part.anchor for part in parts].index("missing"), external.part)
    parts = [said_once(part, shown.empty_arm()) for part in parts]
    _write_rows(folder, rows, study.generated, external)
    title = f"{study.build.drug.capitalize()} and death in sepsis-induced coagulopathy"
    beside = {path: text for path, text in _BESIDE.items() if (folder / path).is_file()}
    remarks = [*study.remarks, *(validation.remarks if validation else ())]
    page = render_report(title, None, headline(shown), remarks, parts, _SIGNS, study.generated, beside)
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
    page = render_report(title, None, external.headline, validation.remarks, [external.part], _SIGNS, generated, beside)
    (folder / "report.html").write_text(page, encoding="utf-8", newline="\n")
    return external.rows


def _write_rows(folder: Path, rows: list[Row], generated: str, external: ExternalResults | None) -> None:
    """results.csv: the rows of both cohorts, each with the mark of its own data."""
    frames = [marked(as_frame(rows)) if generated else as_frame(rows)] if rows else []
    if external is not None:
        frames.append(external.frame)
    pd.concat(frames).to_csv(folder / "results.csv", index=False, float_format="%.8g", lineterminator="\n")
