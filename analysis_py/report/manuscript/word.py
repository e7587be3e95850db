"""Three-line tables in one Word file."""

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from docx import Document
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph

from analysis_py.report.manuscript.printed import Printed

_EPOCH = datetime(2000, 1, 1)  # a time of writing would change the bytes


def word_document(printed: Sequence[Printed], head: str) -> bytes:
    """The file: a section per table, upright or on its side, and `head` at the top of every page."""
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
        _table(document, one, section.page_width - Mm(40))
    if head:  # later sections repeat the first one's header
        paragraph = document.sections[0].header.paragraphs[0]
        paragraph.add_run(head).bold = True
    buffer = BytesIO()
    document.save(buffer)
    return _same_bytes(buffer)


def _table(document: Any, one: Printed, width: int) -> None:
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
