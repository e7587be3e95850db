"""The tables as a manuscript wants them: three-line tables in one Word and one LaTeX file."""

from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

from analysis_py.marts.build_record import DEXMEDETOMIDINE
from analysis_py.marts.generated import warning
from analysis_py.report.manuscript.latex import latex_document
from analysis_py.report.manuscript.printed import printed_tables
from analysis_py.report.manuscript.word import word_document


def write_manuscript(
    folder: Path,
    tables: Mapping[str, pd.DataFrame],
    captions: Mapping[str, str],
    generated: str,
    drug: str = DEXMEDETOMIDINE,
    unusable: Collection[str] = (),
) -> None:
    """Write manuscript/tables.docx and manuscript/tables.tex into `folder`: Tables 1 to 4 and the balance.

    `tables` as they go to tables/*.csv, by name, small counts hidden; those that are not there are left out.
    `captions` by name: what stands first below a table, such as who was studied. `generated` as read_marts() gives it:
    a warning at the head of every page. Covariates that are `unusable` are in no model.
    """
    printed = printed_tables(tables, captions, drug, unusable)
    head = warning(generated) if generated else ""
    (folder / "manuscript").mkdir()
    (folder / "manuscript" / "tables.docx").write_bytes(word_document(printed, head))
    (folder / "manuscript" / "tables.tex").write_text(latex_document(printed, head), encoding="utf-8", newline="\n")
