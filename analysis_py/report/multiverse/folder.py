"""The folder of the multiverse among the results: complete and of one build, or not taken notice of."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from analysis_py.report.output_folder import keep_private

SPECIFICATIONS, BY_CHOICE, CURVE, ABOUT = "specifications.csv", "by_choice.csv", "curve", "about.json"
UNFINISHED = "unfinished.jsonl"
FILES = (SPECIFICATIONS, BY_CHOICE, f"{CURVE}.svg", f"{CURVE}.png", ABOUT)


@dataclass(frozen=True)
class About:
    """What the results are of: the build's fingerprint, the seed, counts hidden below, the choices asked for (all)."""

    fingerprint: str
    seed: int
    below: int
    only: str = ""


@dataclass(frozen=True)
class Multiverse:
    """Results as they were written: specifications, their summary by choice, and files by name."""

    about: About
    table: pd.DataFrame
    by_choice: pd.DataFrame
    files: Mapping[str, bytes]


def write_multiverse(folder: Path, about: About, files: Mapping[str, bytes]) -> None:
    """Files take the place of earlier ones one by one; while they do, no earlier result counts.

    Raises:
        OSError: the folder cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as aside:
        fresh = Path(aside)
        for name, content in files.items():
            (fresh / name).write_bytes(content)
        (fresh / ABOUT).write_text(json.dumps(asdict(about), indent=2) + "\n", encoding="utf-8")
        keep_private(fresh)
        (folder / ABOUT).unlink(missing_ok=True)
        for name in files:
            (fresh / name).replace(folder / name)
        (fresh / ABOUT).replace(folder / ABOUT)
    keep_private(folder)


def read_multiverse(folder: Path, fingerprint: str, below: int) -> Multiverse | None:
    """The results of a build that hide counts below `below` at least; None where there are none."""
    about = _about(folder)
    if about is None or not _is_of(about, fingerprint, below):
        return None
    files = {name: (folder / name).read_bytes() for name in FILES if name != ABOUT}
    table, summary = (
        pd.read_csv(folder / name, keep_default_na=False, na_values={name: [""] for name in numbers})
        for name, numbers in ((SPECIFICATIONS, _NUMBERS), (BY_CHOICE, _MEDIANS))
    )
    return Multiverse(about, table, summary, files)


_NUMBERS = ("estimate", "lower", "upper", "p_value")
_MEDIANS = ("median", "lower_quartile", "upper_quartile", "percent_below_1", "median_of_those", "factor")


def keep_multiverse(before: Path, after: Path, fingerprint: str, below: int) -> None:
    """A run's new results keep the multiverse of the same build, and one that is to be resumed.

    What is of another build, or shows counts that the run hides, is not kept.
    """
    about = _about(before)
    if about is not None and _is_of(about, fingerprint, below):
        after.mkdir()
        for name in FILES:
            shutil.copy(before / name, after / name)
    if (before / UNFINISHED).is_file():
        after.mkdir(exist_ok=True)
        shutil.copy(before / UNFINISHED, after / UNFINISHED)


def _about(folder: Path) -> About | None:
    if not all((folder / name).is_file() for name in FILES):
        return None
    try:
        return About(**json.loads((folder / ABOUT).read_text(encoding="utf-8")))
    except (ValueError, TypeError):  # of another version, or edited
        return None


def _is_of(about: About, fingerprint: str, below: int) -> bool:
    return bool(fingerprint) and about.fingerprint == fingerprint and about.below >= below
