"""The first screen on a terminal and for a program."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console

from analysis_py.report.first import First, Mark
from analysis_py.report.gate.words import LEGEND

_GAP = "  "


def show_first(console: Console, first: First) -> None:
    """Question, answer, three numbers, and the checks in a row."""
    console.print(first.question, markup=False, highlight=False, soft_wrap=True)
    console.print(first.answer, style="bold", markup=False, highlight=False, soft_wrap=True)
    wide = [max(len(getattr(number, name)) for number in first.numbers) for name in ("label", "value")]
    for number in first.numbers:
        line = f"  {number.label:<{wide[0]}}   {number.value:<{wide[1]}}   {number.note}"
        console.print(line.rstrip(), markup=False, highlight=False, soft_wrap=True)
    for line in _rows(first.marks, console.width):
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    if first.marks:
        console.print(f"  ({LEGEND})", markup=False, highlight=False, soft_wrap=True)
    console.print()


def _rows(marks: Sequence[Mark], width: int) -> Iterator[str]:
    """One row, or more where the terminal is narrow: a sign stays with its check."""
    line = ""
    for told in (f"{mark.sign} {mark.title}" for mark in marks):
        if line and len(line) + len(_GAP) + len(told) + 2 > width:
            yield line
            line = ""
        line += f"{_GAP if line else ''}{told}"
    if line:
        yield line


def first_summary(first: First) -> dict[str, Any]:
    """For a program: the words of the screen; the numbers as numbers are elsewhere."""
    return {
        "question": first.question,
        "answer": first.answer,
        "numbers": [asdict(number) for number in first.numbers],
        "marks": [asdict(mark) for mark in first.marks],
    }
