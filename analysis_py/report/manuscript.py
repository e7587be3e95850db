"""The tables as a manuscript wants them: three-line tables in one Word and one LaTeX file."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pandas as pd
from docx import Document
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph

from analysis_py.marts.build_record import DEXMEDETOMIDINE
from analysis_py.marts.generated import warning
from analysis_py.report.page import Caption, Table, plain_table
from analysis_py.report.tables.cells import FEW_MARK, FEW_WORDS
from analysis_py.study.variables import BY_NAME, MODEL_2, MODEL_3

_CELLS = (
    "Values are median [quartiles] or number (percent). P values: Mann-Whitney test without continuity correction; "
    "chi-square test, with Yates' correction in 2x2 tables."
)
# what is printed, in this order: title, and what stands below the table before the abbreviations
_PRINTED: Mapping[str, tuple[str, str]] = {
    "table1_baseline": ("Baseline characteristics before and after propensity score matching", _CELLS),
    "table2_models": (
        "{Drug} and death, before and after propensity score matching",
        "Model 1: unadjusted. Model 2: adjusted for {model_2}. Model 3: adjusted for {model_3}. Hazard ratios from Cox "
        "regression (Efron's ties), odds ratios from logistic regression, with Wald intervals. Ours: pooled over all "
        "imputed data sets by Rubin's rules; as published: of the first one.",
    ),
    "table3_outcomes": (
        "Outcomes before and after propensity score matching",
        f"{_CELLS} Hours of ventilation and of vasopressors are those of patients who had any.",
    ),
    "table4_exposure": (
        "Duration and dose of {drug} and death in the matched cohort",
        "Reference: matched patients without {drug}. Adjusted as model 3, for {model_3}. P values are not adjusted for "
        "the number of tests.",
    ),
    "balance": (
        "Balance of the covariates before and after propensity score matching",
        "SMD in units of the cohort's own standard deviation; SMD (original SD) in that of the cohort before matching.",
    ),
    "unmatched": ("Patients with {drug} who were not matched", ""),
}
_ABBREVIATIONS = {
    "BUN": "blood urea nitrogen",
    "CI": "confidence interval",
    "COPD": "chronic obstructive pulmonary disease",
    "CRRT": "continuous renal replacement therapy",
    "HR": "hazard ratio",
    "ICU": "intensive care unit",
    "INR": "international normalized ratio",
    "n/e": "not estimable",
    "OR": "odds ratio",
    "SAPS": "simplified acute physiology score",
    "SD": "standard deviation",
    "SIC": "sepsis-induced coagulopathy",
    "SMD": "standardized mean difference",
    "SOFA": "sequential organ failure assessment",
    "SpO2": "peripheral oxygen saturation",
}
_WIDE = 6  # columns that fit across an upright page
_EPOCH = datetime(2000, 1, 1)  # a time of writing would change the bytes


@dataclass(frozen=True)
class _Printed:
    """A table with its number or name, and the paragraphs below it."""

    label: str
    table: Table
    notes: tuple[str, ...]

    @property
    def is_wide(self) -> bool:
        return len(self.table.columns) > _WIDE

    @property
    def shares(self) -> list[float]:
        """Part of the page's width of each column, by its longest words; the first holds the names."""
        cells = [line.cells for line in self.table.lines if line.cells]
        longest = [
            max(len(name), *(len(row[at]) for row in cells)) if cells else len(name)
            for at, name in enumerate(self.table.headings)
        ]
        bounded = [min(max(length, 8), 30) + 4 for length in longest]  # and the space between columns
        return [length / sum(bounded) for length in bounded]


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
    words = {
        "drug": drug,
        "Drug": drug.capitalize(),
        "model_2": _listed([name for name in MODEL_2 if name not in unusable]),
        "model_3": _listed([name for name in MODEL_3 if name not in unusable]),
    }
    printed = _printed(tables, captions, words)
    head = warning(generated) if generated else ""
    (folder / "manuscript").mkdir()
    (folder / "manuscript" / "tables.docx").write_bytes(_word(printed, head))
    (folder / "manuscript" / "tables.tex").write_text(_latex(printed, head), encoding="utf-8", newline="\n")


def _listed(names: Sequence[str]) -> str:
    labels = ["sex" if name == "is_female" else BY_NAME[name].label for name in names]
    # a label begins a line of a table; abbreviations stay as they are
    words = [label[0].lower() + label[1:] if label[1:].islower() else label for label in labels]
    return " and ".join([", ".join(words[:-1]), *words[-1:]])


def _printed(
    tables: Mapping[str, pd.DataFrame], captions: Mapping[str, str], words: Mapping[str, str]
) -> list[_Printed]:
    printed = []
    for name, (title, note) in _PRINTED.items():
        if name not in tables or tables[name].empty:
            continue
        title, note = title.format(**words), note.format(**words)
        label = f"Table {name[5]}" if name.startswith("table") else "Supplementary table"
        table = plain_table(Caption(title, note), tables[name].map(_brief))
        texts = [*table.columns, *(text for line in table.lines for text in (line.section, *line.cells))]
        used = set(re.findall(r"n/e|\w+", " ".join((*texts, title, note))))
        explained = [f"{short}, {long}" for short, long in _ABBREVIATIONS.items() if short in used]
        marked = f"{FEW_MARK} {FEW_WORDS}." if any(text.endswith(FEW_MARK) for text in texts) else ""
        notes = (captions.get(name, ""), note, marked, f"Abbreviations: {'; '.join(explained)}." if explained else "")
        printed.append(_Printed(label, table, tuple(filter(None, notes))))
    return printed


def _brief(text: object) -> str:
    """A cell without the reason for its gap, which the report gives."""
    return "n/e" if str(text).startswith("not estimable") else str(text)


# --- Word ----------------------------------------------------------------------------------------------------------


def _word(printed: Sequence[_Printed], head: str) -> bytes:
    document = Document()
    font = document.styles["Normal"].font
    font.name, font.size = "Times New Roman", Pt(10)
    document.core_properties.author = document.core_properties.comments = ""
    document.core_properties.title = "Tables"
    document.core_properties.created = document.core_properties.modified = _EPOCH
    for at, one in enumerate(printed):
        section = document.sections[0] if at == 0 else document.add_section(WD_SECTION.NEW_PAGE)
        short, long = Mm(210), Mm(297)
        section.orientation = WD_ORIENT.LANDSCAPE if one.is_wide else WD_ORIENT.PORTRAIT
        section.page_width, section.page_height = (long, short) if one.is_wide else (short, long)
        section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Mm(20)
        _word_table(document, one, section.page_width - Mm(40))
    if head:  # later sections repeat the first one's header
        paragraph = document.sections[0].header.paragraphs[0]
        paragraph.add_run(head).bold = True
    buffer = BytesIO()
    document.save(buffer)
    return _same_bytes(buffer)


def _word_table(document: Any, one: _Printed, width: int) -> None:
    title = document.add_paragraph()
    title.add_run(f"{one.label}. ").bold = True
    title.add_run(one.table.caption.title)
    title.paragraph_format.keep_with_next = True
    size = Pt(8 if one.is_wide else 9)
    heads, columns = (2 if one.table.spans else 1), len(one.table.columns)
    grid = document.add_table(rows=heads + len(one.table.lines), cols=columns)
    grid.alignment, grid.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    # python-docx finds a row's cells anew each time they are asked for
    rows = [list(row.cells) for row in grid.rows]
    for column, share in zip(grid.columns, one.shares, strict=True):
        column.width = int(width * share)
    if one.table.spans:
        at = 0
        for over, span in one.table.spans:
            merged = rows[0][at].merge(rows[0][at + span - 1])
            _fill(merged.paragraphs[0], over, size, WD_ALIGN_PARAGRAPH.CENTER)
            if over:
                _rule(merged, "bottom", 4)
            at += span
    for cell, name, at in zip(rows[heads - 1], one.table.headings, range(columns), strict=True):
        _fill(cell.paragraphs[0], name, size, _aligned(at), bold=True)
        _rule(cell, "bottom", 6)
    for cells, line in zip(rows[heads:], one.table.lines, strict=True):
        if line.section:
            _fill(cells[0].merge(cells[-1]).paragraphs[0], line.section, size, _aligned(0), bold=True)
            cells[0].paragraphs[0].paragraph_format.keep_with_next = True
            continue
        for at, (cell, text) in enumerate(zip(cells, line.cells, strict=True)):
            _fill(cell.paragraphs[0], text, size, _aligned(at))
        if line.indent:
            cells[0].paragraphs[0].paragraph_format.left_indent = Mm(3)
    for cell in rows[0]:
        _rule(cell, "top", 12)
    for cell in rows[-1]:
        _rule(cell, "bottom", 12)
    for at, row in enumerate(grid.rows):
        properties = row._tr.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if at < heads:  # again on every page
            properties.append(OxmlElement("w:tblHeader"))
    for note in one.notes:
        _fill(document.add_paragraph(), note, Pt(8), WD_ALIGN_PARAGRAPH.LEFT)


def _aligned(column: int) -> WD_ALIGN_PARAGRAPH:
    return WD_ALIGN_PARAGRAPH.CENTER if column else WD_ALIGN_PARAGRAPH.LEFT


def _fill(paragraph: Paragraph, text: str, size: int, alignment: WD_ALIGN_PARAGRAPH, bold: bool = False) -> None:
    run = paragraph.add_run(text)
    run.font.size, run.bold = size, bold or None
    paragraph.alignment = alignment
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(1)


def _rule(cell: Any, edge: str, eighths: int) -> None:
    """A line at one edge of a cell, in eighths of a point."""
    properties = cell._tc.get_or_add_tcPr()
    borders = properties.find(qn("w:tcBorders"))
    if borders is None:
        borders = OxmlElement("w:tcBorders")
        properties.append(borders)
    line = borders.find(qn(f"w:{edge}"))
    if line is None:
        line = OxmlElement(f"w:{edge}")
        # the schema wants top before bottom
        borders.insert(0, line) if edge == "top" else borders.append(line)
    line.set(qn("w:val"), "single")
    line.set(qn("w:sz"), str(eighths))
    line.set(qn("w:space"), "0")
    line.set(qn("w:color"), "000000")


def _same_bytes(document: BytesIO) -> bytes:
    """The zip again, without the time at which each part was written."""
    fixed = BytesIO()
    with ZipFile(document) as source, ZipFile(fixed, "w", ZIP_DEFLATED) as target:
        for name in sorted(source.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            target.writestr(ZipInfo(name, _EPOCH.timetuple()[:6]), source.read(name), ZIP_DEFLATED)
    return fixed.getvalue()


# --- LaTeX ---------------------------------------------------------------------------------------------------------

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",  # after \\ a bracket would be a length
    "]": "{]}",
    "–": "--",
    "µ": r"\textmu{}",
    "†": r"\textdagger{}",
    "⁹": r"\textsuperscript{9}",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "±": r"$\pm$",
    "×": r"$\times$",
    **{character: rf"\{character}" for character in "#$%&_"},
}
_PREAMBLE = r"""\documentclass[10pt]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{textcomp}
\usepackage[a4paper,landscape,margin=2cm,headheight=2\baselineskip]{geometry}
\usepackage{array,booktabs,longtable,fancyhdr}
\setlength{\parindent}{0pt}
\setlength{\tabcolsep}{3pt}
\setlength{\LTcapwidth}{\linewidth}
\fancyhf{}
\fancyfoot[C]{\thepage}
\renewcommand{\headrulewidth}{0pt}
"""


def _latex(printed: Sequence[_Printed], head: str) -> str:
    if head:
        top = rf"\fancyhead[L]{{\parbox{{\headwidth}}{{\raggedright\bfseries\footnotesize {escaped(head)}}}}}" + "\n"
    else:
        top = ""
    body = "\n\\clearpage\n".join(_latex_table(one) for one in printed)
    return f"{_PREAMBLE}{top}\\pagestyle{{fancy}}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"


def _latex_table(one: _Printed) -> str:
    columns = len(one.table.columns)
    kinds = [r"\raggedright", *[r"\centering"] * (columns - 1)]
    width = [rf"p{{\dimexpr {share:.4f}\linewidth-2\tabcolsep\relax}}" for share in one.shares]
    layout = "".join(rf">{{{kind}\arraybackslash}}{size}" for kind, size in zip(kinds, width, strict=True))
    head = [*_latex_spans(one.table), _latex_row([rf"\textbf{{{escaped(name)}}}" for name in one.table.headings])]
    lines = []
    for line in one.table.lines:
        if line.section:
            # a heading does not stand alone at the end of a page
            lines.append(rf"\multicolumn{{{columns}}}{{l}}{{\textbf{{{escaped(line.section)}}}}} \\*")
            continue
        cells = [escaped(cell) for cell in line.cells]
        lines.append(_latex_row([rf"\hspace{{1em}}{cells[0]}" if line.indent else cells[0], *cells[1:]]))
    return "\n".join(
        [
            r"\begingroup\scriptsize" if one.is_wide else r"\begingroup\footnotesize",
            rf"\begin{{longtable}}{{{layout}}}",
            rf"\caption*{{\textbf{{{one.label}.}} {escaped(one.table.caption.title)}}} \\",
            *(r"\toprule", *head, r"\midrule", r"\endfirsthead"),
            *(r"\toprule", *head, r"\midrule", r"\endhead"),
            *(r"\bottomrule", r"\endfoot"),
            *lines,
            r"\end{longtable}",
            *(rf"{escaped(note)}\par" for note in one.notes),
            r"\endgroup",
        ]
    )


def _latex_spans(table: Table) -> list[str]:
    if not table.spans:
        return []
    cells, rules, at = [], [], 1
    for over, span in table.spans:
        cells.append(rf"\multicolumn{{{span}}}{{c}}{{{escaped(over)}}}")
        if over:
            rules.append(rf"\cmidrule(lr){{{at}-{at + span - 1}}}")
        at += span
    return [_latex_row(cells), "".join(rules)]


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def escaped(text: str) -> str:
    """`text` as LaTeX prints it."""
    return "".join(_SPECIAL.get(character, character) for character in text)
