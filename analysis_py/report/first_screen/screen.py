"""The first screen, for the page with its picture, for the terminal and for programs without."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from analysis_py.marts.generated import PATIENTS
from analysis_py.report.captions.shown import Shown
from analysis_py.report.first import First
from analysis_py.report.first_screen.marks import marks
from analysis_py.report.first_screen.numbers import NOT_ESTIMABLE, numbers
from analysis_py.report.first_screen.picture import NAME, why_undrawn
from analysis_py.report.gate.sentence import decide, question
from analysis_py.report.page import Picture
from analysis_py.study.results import Row
from analysis_py.study.study import Study


def first_words(study: Study, rows: Sequence[Row]) -> First:
    """All but the picture. `rows` as they are shown."""
    drug, trial = study.build.drug, study.trial
    people = PATIENTS if study.generated else "patients"
    answer = decide(rows, drug, trial, study.not_matched).short
    # a reason that the answer gives is not said again
    told = [
        replace(one, note="") if one.value == NOT_ESTIMABLE and one.note in answer else one
        for one in numbers(rows, trial, people)
    ]
    return First(question(drug, trial), answer, told, None, "", marks(rows, trial))


def first_screen(shown: Shown, pictures: Mapping[str, Picture]) -> First:
    """With the picture, or one line that says why there is none."""
    words, picture = first_words(shown.study, shown.rows), pictures.get(NAME)
    instead = "" if picture is not None else why_undrawn(shown)
    return First(words.question, words.answer, words.numbers, picture, instead, words.marks)
