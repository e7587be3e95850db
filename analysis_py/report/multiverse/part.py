"""The section of the page, made of the folder's files: the same by the run and by the command."""

from pathlib import Path
from typing import Any

import pandas as pd

from analysis_py.marts.generated import PATIENTS
from analysis_py.report.multiverse.folder import BY_CHOICE, CURVE, SPECIFICATIONS, Multiverse, read_multiverse
from analysis_py.report.multiverse.words import (
    ABSENT,
    CHOICE_TITLES,
    MEASURE_TITLES,
    TITLE,
    curve_alternative,
    curve_caption,
    sentences,
    table_caption,
    value_title,
)
from analysis_py.report.output_folder import MULTIVERSE
from analysis_py.report.page import Caption, Part, download, picture, plain_table

ANCHOR = MULTIVERSE


def multiverse_part(found: Multiverse | None, drug: str, generated: str) -> Part:
    """What was found, the curve and the table by choice; one line where there is nothing of this build."""
    if found is None:
        return Part(ANCHOR, TITLE, [ABSENT])
    people = PATIENTS if generated else "patients"
    named = {f"{ANCHOR}_{name}": found.files[name] for name in (f"{CURVE}.svg", f"{CURVE}.png")}
    drawn = picture(Caption(*curve_caption(drug, people)), curve_alternative(found), named, True)
    files = [download(f"{ANCHOR}_{name}", found.files[name]) for name in (BY_CHOICE, SPECIFICATIONS)]
    table = plain_table(Caption(*table_caption()), choice_table(found.by_choice), files[:1])
    if not found.table["estimate"].notna().any():
        return Part(ANCHOR, TITLE, sentences(found), (), [table], ["No curve: no specification can be estimated."])
    return Part(ANCHOR, TITLE, sentences(found), [drawn], [table])


def part_of(folder: Path, fingerprint: str, below: int, drug: str, generated: str) -> Part:
    """The section from the folder of the multiverse, as far as it is of this build."""
    return multiverse_part(read_multiverse(folder, fingerprint, below), drug, generated)


def choice_table(by_choice: pd.DataFrame) -> pd.DataFrame:
    """by_choice.csv for people: a section per measure."""
    lines, before = [], ("", "")
    for row in by_choice.itertuples():
        place = (str(row.measure), str(row.choice))
        first = place != before
        before = place
        factor = "" if not first or pd.isna(row.factor) else f"{float(str(row.factor)):.2f}"
        lines.append(
            {
                "section": MEASURE_TITLES[str(row.measure)],
                "Choice": (CHOICE_TITLES.get(str(row.choice), "All") if first else ""),
                "Value": "" if not row.choice else value_title(str(row.value)),
                "Specifications": f"{row.specifications:,}",
                "Median [quartiles]": _median(row),
                "Below 1 (%)": _number(row.percent_below_1, 0),
                "Pass (%)": _number(row.percent_pass, 0),
                "Median of these": _number(row.median_of_those),
                "Factor": factor,
            }
        )
    return pd.DataFrame(lines)


def _median(row: Any) -> str:
    if pd.isna(row.median):
        return "not estimable"
    return f"{row.median:.2f} [{row.lower_quartile:.2f}–{row.upper_quartile:.2f}]"


def _number(value: Any, digits: int = 2) -> str:
    return "" if pd.isna(value) else f"{float(value):.{digits}f}"
