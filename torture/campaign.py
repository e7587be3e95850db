"""What a trial is, where trials run, and the table that sums them up."""

import itertools
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mimic_db import server

Outcome = Literal["refused", "flagged", "survived", "unclear", "wrong", "lost"]
# outcome -> heading of its column; the last three must stay at zero
OUTCOMES: dict[Outcome, str] = {
    "refused": "refused clearly",  # one message that names cause and remedy, exit code 1, nothing half-written
    "flagged": "flagged",  # a dbt test or the mart data_quality counts it
    "survived": "survived",  # the result is what it would be without the fault, if need be after a second run
    "unclear": "unclear",  # it ended without a usable message: a traceback, a raw server text, silence
    "wrong": "wrong",  # another result and nothing says so, or a row's value in a message or log
    "lost": "lost",  # something that was there before is gone, or a second run does not mend it
}
BAD: tuple[Outcome, ...] = ("unclear", "wrong", "lost")


@dataclass(frozen=True)
class Trial:
    """One fault: its kind (a line of the table), what was done, how it ended; `detail` is for those who must look."""

    kind: str
    name: str
    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True)
class Workshop:
    """A temporary folder and an embedded server of its own, running; both go at the end."""

    folder: Path
    data_dir: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count, repr=False)

    def database(self) -> str:
        """DSN of a new, empty database."""
        return server.ensure_database(f"torture_{next(self._numbers)}", self.data_dir)

    def new_folder(self) -> Path:
        """A new, empty folder."""
        return Path(tempfile.mkdtemp(dir=self.folder))


# what a module of this package offers as `trials`: (workshop, thorough, seed); few trials unless thorough
Campaign = Callable[[Workshop, bool, int], Iterator[Trial]]


@contextmanager
def workshop() -> Iterator[Workshop]:
    """A workshop for the length of a campaign."""
    folder = Path(tempfile.mkdtemp(prefix="dexsic-torture-"))
    data_dir = folder / "pg"
    try:
        server.start(data_dir)
        yield Workshop(folder, data_dir)
    finally:
        server.stop(data_dir)
        shutil.rmtree(folder, ignore_errors=True)


def is_clean(trials: Iterable[Trial]) -> bool:
    """Whether no trial ended badly."""
    return all(trial.outcome not in BAD for trial in trials)


def summary(trials: Iterable[Trial]) -> list[tuple[str, ...]]:
    """Heading, then one line per kind in the order of its first trial, then the total; all as text."""
    counts: dict[str, Counter[Outcome]] = {}
    for trial in trials:
        counts.setdefault(trial.kind, Counter())[trial.outcome] += 1
    total = sum(counts.values(), Counter[Outcome]())
    lines = [*counts.items(), ("total", total)]
    return [
        ("kind", "tried", *OUTCOMES.values()),
        *((kind, str(found.total()), *(str(found[outcome]) for outcome in OUTCOMES)) for kind, found in lines),
    ]
