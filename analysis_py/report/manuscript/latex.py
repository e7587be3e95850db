"""Three-line tables in one LaTeX file."""

from collections.abc import Sequence

from analysis_py.report.manuscript.printed import Printed
from analysis_py.report.page import Table

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


def latex_document(printed: Sequence[Printed], head: str) -> str:
    """The file: a page or more per table, and `head` at the top of each."""
    if head:
        top = rf"\fancyhead[L]{{\parbox{{\headwidth}}{{\raggedright\bfseries\footnotesize {escaped(head)}}}}}" + "\n"
    else:
        top = ""
    body = "\n\\clearpage\n".join(_table(one) for one in printed)
    return f"{_PREAMBLE}{top}\\pagestyle{{fancy}}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"


def _table(one: Printed) -> str:
    columns = len(one.table.columns)
    kinds = [r"\raggedright", *[r"\centering"] * (columns - 1)]
    width = [rf"p{{\dimexpr {share:.4f}\linewidth-2\tabcolsep\relax}}" for share in one.shares]
    layout = "".join(rf">{{{kind}\arraybackslash}}{size}" for kind, size in zip(kinds, width, strict=True))
    head = [*_spans(one.table), _row([rf"\textbf{{{escaped(name)}}}" for name in one.table.headings])]
    lines = []
    for line in one.table.lines:
        if line.section:
            # a heading does not stand alone at the end of a page
            lines.append(rf"\multicolumn{{{columns}}}{{l}}{{\textbf{{{escaped(line.section)}}}}} \\*")
            continue
        cells = [escaped(cell) for cell in line.cells]
        lines.append(_row([rf"\hspace{{1em}}{cells[0]}" if line.indent else cells[0], *cells[1:]]))
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


def _spans(table: Table) -> list[str]:
    if not table.spans:
        return []
    cells, rules, at = [], [], 1
    for over, span in table.spans:
        cells.append(rf"\multicolumn{{{span}}}{{c}}{{{escaped(over)}}}")
        if over:
            rules.append(rf"\cmidrule(lr){{{at}-{at + span - 1}}}")
        at += span
    return [_row(cells), "".join(rules)]


def _row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def escaped(text: str) -> str:
    """`text` as LaTeX prints it."""
    return "".join(_SPECIAL.get(character, character) for character in text)
