"""The first screen of the page and of the terminal: question, answer, three numbers, one picture, the checks."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis_py.report.page import Picture


@dataclass(frozen=True)
class Number:
    """One of the three numbers: `18.2 %` with what it is, and with its interval or what it rests on."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Mark:
    """A check of the gate as a mark: its name, the sign and the word read for it, its number and where it passes."""

    title: str
    sign: str
    word: str
    value: str
    limit: str


@dataclass(frozen=True)
class First:
    """The first screen. `instead` says in one line why there is no picture, where there is none."""

    question: str
    answer: str
    numbers: Sequence[Number]
    picture: Picture | None
    instead: str
    marks: Sequence[Mark]
