"""The files of a reference study: marts, imputed copies, and what R found in them."""

import csv
import gzip
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis_py.marts.types import type_stays
from analysis_py.study.read_marts import ELIGIBLE, type_cohort
from analysis_py.study.readings import SIC_READINGS
from analysis_py.study.variables import EXPOSURE_TERMS, TABLE_ONE

_TRUTH = {"t": True, "f": False, "True": True, "False": False, "TRUE": True, "FALSE": False}
Record = dict[str, str]
# columns of the exposure's as folders call them that were made before they were named after its role
FORMER = {term: column for column, term in EXPOSURE_TERMS.items()}


class FolderError(Exception):
    """The folder is not a whole reference study; the message says what is wrong with which file."""


@dataclass(frozen=True)
class Reference:
    """`copies` are the completed TABLE_ONE columns by number, `reading_copies` by the label of the reading.

    The last six are what R found, one record per line, every cell as text.
    """

    cohort: pd.DataFrame
    stays: pd.DataFrame
    flow: pd.DataFrame
    copies: list[pd.DataFrame]
    reading_copies: dict[str, pd.DataFrame]
    expected: list[Record]
    pairs: list[Record]
    propensity: list[Record]
    pooled_details: list[Record]
    curves: list[Record]
    splines: list[Record]
    checks: list[Record]


def read_reference(folder: Path) -> Reference:
    """Everything in the folder.

    Raises:
        FolderError: a file that is missing, cut short or not what it should be.
    """
    if not folder.is_dir():
        raise FolderError(f"{folder} is not a folder")
    found = {
        "expected": _records(folder, "expected.csv", ("analysis", "cohort", "estimate", "tolerance", "how")),
        "pairs": _records(folder, "pairs.csv.gz", ("cohort", "treated", "control")),
        "propensity": _records(folder, "propensity.csv.gz", ("stay_id", "propensity")),
        "pooled_details": _records(folder, "pooled_details.csv", ("cohort", "outcome", "model", "standard_error")),
        "curves": _records(folder, "kaplan_meier_curves.csv", ("cohort", "day", "survival", "lower", "at_risk")),
        "splines": _records(folder, "spline_curves.csv", ("column", "value", "hazard_ratio", "lower", "upper")),
        "checks": _records(folder, "checks.csv", ("check", "stays", "treated")),
    }
    readings = _records(folder, "readings.csv", ("number", "label"))
    present = len(list(folder.glob("completed_[0-9]*.csv.gz")))
    return Reference(
        cohort=type_cohort(_frame(folder, "analysis_cohort.csv.gz"), "analysis_cohort.csv.gz"),
        stays=_stays(folder, "stays.csv.gz"),
        flow=_frame(folder, "cohort_flow.csv.gz"),
        # one that is missing in between leaves a number without a file
        copies=[_copy(folder, f"completed_{number}.csv.gz") for number in range(1, max(present, 2) + 1)],
        reading_copies={
            record["label"]: _copy(folder, f"completed_reading_{record['number']}.csv.gz") for record in readings
        },
        **found,
    )


def _records(folder: Path, name: str, columns: Iterable[str]) -> list[Record]:
    """Every line of a file as text by column."""
    path = folder / name
    if not path.is_file():
        raise FolderError(f"{name} is not in {folder}")
    try:
        content = path.read_bytes()
        text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    except (EOFError, OSError, UnicodeDecodeError) as error:
        raise FolderError(f"{name} is cut short or damaged: {error}") from error
    if not text.endswith("\n"):
        raise FolderError(f"{name} is cut short: its last line has no end")
    head, *lines = csv.reader(io.StringIO(text))
    lacking = [column for column in columns if column not in head]
    if lacking:
        raise FolderError(f"{name} lacks the column {lacking[0]}")
    for number, line in enumerate(lines, start=2):
        if len(line) != len(head):
            raise FolderError(f"{name} is cut short or damaged: line {number} has {len(line)} of {len(head)} cells")
    if not lines:
        raise FolderError(f"{name} has no line below its head")
    return [dict(zip(head, line, strict=True)) for line in lines]


def _stays(folder: Path, name: str) -> pd.DataFrame:
    """The stays that a reading keeps; a folder that was made before a reading existed lacks its rule, and its rows."""
    stays = _frame(folder, name)
    return type_stays(stays, name, [item for item in ELIGIBLE if item.name in stays or item.name not in SIC_READINGS])


def _frame(folder: Path, name: str) -> pd.DataFrame:
    """A mart as a database gives it: numbers to the last bit, truth values, None where there is no value."""
    records = _records(folder, name, ())
    return pd.DataFrame(
        {FORMER.get(column, column): _values([record[column] for record in records]) for column in records[0]}
    )


def _values(cells: list[str]) -> pd.Series:
    present = {cell for cell in cells if cell not in ("", "NA")}
    if present and present <= _TRUTH.keys():
        return pd.Series([_TRUTH.get(cell) for cell in cells], dtype=object)
    if all(cell.removeprefix("-").isdigit() for cell in cells):
        return pd.Series([int(cell) for cell in cells])
    try:
        return pd.Series([float(cell) if cell in present else None for cell in cells], dtype=float)
    except ValueError:
        return pd.Series([cell if cell in present else None for cell in cells], dtype=object)


def _copy(folder: Path, name: str) -> pd.DataFrame:
    return type_stays(_frame(folder, name), name, TABLE_ONE)
