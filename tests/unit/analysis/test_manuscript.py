"""The tables for a manuscript: their shape in Word and LaTeX, and that they are the same bytes each time."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from docx import Document
from docx.oxml.ns import qn

from analysis_py.marts.build_record import DEXMEDETOMIDINE
from analysis_py.marts.generated import warning
from analysis_py.report.manuscript.latex import escaped
from analysis_py.report.manuscript.write import write_manuscript
from analysis_py.report.tables.cohort import balance_table, table_one, table_three
from analysis_py.report.tables.effects import screening_table, table_four, table_two
from analysis_py.study.analyses.exposure import exposures_of
from analysis_py.study.read_marts import type_cohort
from analysis_py.study.study import run_study
from tests.unit.analysis.conftest import _make_flow

PLANTED = "300 generated ICU stays, seed 7"


@pytest.fixture(scope="module")
def made(make_cohort: Callable[..., pd.DataFrame]) -> dict[str, pd.DataFrame]:
    cohort = type_cohort(make_cohort(300), "dexsic.analysis_cohort")
    study = run_study(cohort, _make_flow(), 1, 1, lambda _: None)
    rows, cohorts = study.rows, list(study.cohorts)
    return {
        "table1_baseline": table_one(rows, cohorts, DEXMEDETOMIDINE),
        "table2_models": table_two(rows),
        "table3_outcomes": table_three(rows, cohorts, DEXMEDETOMIDINE),
        "table4_exposure": table_four(rows, exposures_of(study.build)),
        "balance": balance_table(rows),
        "screening": screening_table(rows),
    }


@pytest.fixture
def written(made: dict[str, pd.DataFrame], tmp_path: Path) -> Path:
    write_manuscript(tmp_path, made, {"table2_models": "In 300 patients."}, PLANTED)
    return tmp_path / "manuscript"


def borders(cell: Any) -> dict[str, str]:
    found = cell._tc.findall(f".//{qn('w:tcBorders')}/*")
    return {line.tag.partition("}")[2]: line.get(qn("w:sz")) for line in found}


def test_tables_1_to_4_and_the_balance_are_printed_in_this_order(written: Path) -> None:
    document = Document(str(written / "tables.docx"))
    titles = [text for paragraph in document.paragraphs if re.match(r"(Table|Supp)", text := paragraph.text)]
    assert [title.partition(".")[0] for title in titles] == [
        *(f"Table {at}" for at in range(1, 5)),
        "Supplementary table",
    ]
    assert len(document.tables) == 5
    latex = (written / "tables.tex").read_text()
    assert latex.count(r"\begin{longtable}") == latex.count(r"\end{longtable}") == 5


def test_a_table_has_three_lines(written: Path) -> None:
    table = Document(str(written / "tables.docx")).tables[1]
    rows = [[borders(cell) for cell in row.cells] for row in table.rows]
    assert rows[0] == [{"top": "12", "bottom": "6"}] * 5
    assert rows[-1] == [{"bottom": "12"}] * 5
    assert all(cell == {} for row in rows[1:-1] for cell in row)
    latex = (written / "tables.tex").read_text()
    part = latex[latex.index("Table 2") : latex.index("Table 3")]
    rules = re.findall(r"\\(\w+rule)\b", part)
    # the head stands twice in a longtable: on the first page and on those that follow
    assert rules == ["toprule", "midrule", "toprule", "midrule", "bottomrule"]


def test_wide_tables_lie_on_their_side_below_shared_headings(written: Path) -> None:
    document = Document(str(written / "tables.docx"))
    assert [section.page_width > section.page_height for section in document.sections] == [
        True,
        False,
        True,
        False,
        True,
    ]
    head = [cell.text for cell in document.tables[0].rows[0].cells]
    assert head[1:5] == ["Before matching"] * 4 and head[5:9] == ["After matching"] * 4
    assert r"\multicolumn{4}{c}{Before matching}" in (written / "tables.tex").read_text()


def test_levels_are_indented_and_headings_span_the_table(written: Path) -> None:
    table = Document(str(written / "tables.docx")).tables[0]
    by_text = {row.cells[0].text: row.cells for row in table.rows}
    assert by_text["White"][0].paragraphs[0].paragraph_format.left_indent
    assert not by_text["Weight (kg)"][0].paragraphs[0].paragraph_format.left_indent
    assert {cell.text for cell in by_text["Comorbidities"]} == {"Comorbidities"}
    assert r"\hspace{1em}White &" in (written / "tables.tex").read_text()


def test_every_page_of_generated_patients_says_so(written: Path) -> None:
    document = Document(str(written / "tables.docx"))
    assert [section.header.paragraphs[0].text for section in document.sections] == [warning(PLANTED)] * 5
    assert escaped(warning(PLANTED)) in (written / "tables.tex").read_text()


def test_real_patients_are_not_called_generated(made: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    write_manuscript(tmp_path, made, {}, "")
    document = Document(str(tmp_path / "manuscript" / "tables.docx"))
    assert not any(section.header.paragraphs[0].text for section in document.sections)
    assert "generated" not in (tmp_path / "manuscript" / "tables.tex").read_text()


def test_notes_explain_abbreviations_tests_and_models(written: Path) -> None:
    text = "\n".join(paragraph.text for paragraph in Document(str(written / "tables.docx")).paragraphs)
    assert "In 300 patients." in text
    for part in (
        "SOFA, sequential organ failure",
        "Mann-Whitney",
        "Yates' correction",
        "Model 2: adjusted for age, sex and",
    ):
        assert part in text


def test_the_same_tables_are_the_same_bytes(written: Path, made: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    write_manuscript(other, made, {"table2_models": "In 300 patients."}, PLANTED)
    for name in ("tables.docx", "tables.tex"):
        assert (written / name).read_bytes() == (other / "manuscript" / name).read_bytes()
    core = Document(str(written / "tables.docx")).core_properties
    assert core.created is not None and core.created.year == 2000
    assert core.author == ""


def test_tables_that_could_not_be_made_are_left_out(made: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    write_manuscript(tmp_path, {"table2_models": made["table2_models"]}, {}, "", "propofol", ["tumor"])
    document = Document(str(tmp_path / "manuscript" / "tables.docx"))
    assert len(document.tables) == 1
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert "Propofol and death" in text and "tumor" not in text and "liver disease" in text


def test_latex_is_balanced_and_holds_no_bare_special_character(written: Path) -> None:
    latex = (written / "tables.tex").read_text()
    assert latex.isascii()
    environments: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", latex):
        if kind == "begin":
            environments.append(name)
        else:
            assert environments.pop() == name
    assert environments == []
    bare = re.sub(r"\\[{}\\%&_#$]", "", latex)
    assert bare.count("{") == bare.count("}")
    assert not re.search(r"[%#]", bare)
    columns = latex.index(r"\begin{longtable}")
    rows = [line for line in latex[columns : latex.index(r"\end{longtable}")].splitlines() if line.endswith(r"\\")]
    plain = [line for line in rows if "multicolumn" not in line and "caption" not in line]
    assert {line.replace(r"\&", "").count(" & ") for line in plain} == {9}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n (%) of died_28d & more", r"n (\%) of died\_28d \& more"),
        ("10⁹/L, µg, ≤3, 1–2", r"10\textsuperscript{9}/L, \textmu{}g, $\leq$3, 1--2"),
        ("<10 [1, 2]", r"\textless{}10 {[}1, 2{]}"),
        ("a\\b{c}~^#$", r"a\textbackslash{}b\{c\}\textasciitilde{}\textasciicircum{}\#\$"),
    ],
)
def test_special_characters_are_escaped(text: str, expected: str) -> None:
    assert escaped(text) == expected
