"""Odd and damaged files: each is refused with its place, or loaded exactly as it is written.

One folder in MIMIC-IV's shape, loaded once; each trial changes one file, loads, compares, and puts the file back.
"""

import contextlib
import io
import os
import random
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

from mimic_db.__main__ import main
from mimic_db.database import connect
from mimic_db.progress import LoadProgress
from mimic_db.tables import OFFICIAL_SCHEMAS, TABLES
from torture import content as database_content
from torture import file_mutations
from torture.campaign import Outcome, Trial, Workshop
from torture.file_content import Content, encode, expected, found, plausible, write
from torture.file_mutations import Mutation

KIND = "input files"
ROWS = 6
SHORT = 60  # trials unless thorough
# beyond what the study needs: a table of one text, and types that no needed table has
_ALSO = ("provider", "pharmacy", "omr", "poe_detail")
_GROUPS: tuple[Callable[[Content, random.Random], Iterator[Mutation]], ...] = (
    file_mutations.of_fields,
    file_mutations.of_rows,
    file_mutations.of_header,
    file_mutations.of_encoding,
    file_mutations.of_file,
)


def left_out() -> list[str]:
    """What cannot be tried here."""
    return ["input files: a file without read permission (root may read it)"] if os.geteuid() == 0 else []


def trials(workshop: Workshop, thorough: bool, seed: int) -> Iterator[Trial]:
    """Every mutation of a few tables, or a sample of them."""
    chance = random.Random(seed)
    bench = _Bench.make(workshop, chance)
    tables = list(bench.contents)
    if thorough:
        # each mutation on a table of its own choice; the fields, which depend on the types, on several
        chosen = [
            mutation
            for group, times in zip(_GROUPS, (5, 3, 3, 2, 3), strict=True)
            for name in chance.sample(tables, times)
            for mutation in group(bench.contents[name], chance)
        ]
    else:
        every = [m for group in _GROUPS for m in group(bench.contents[chance.choice(tables)], chance)]
        chosen = chance.sample(every, SHORT)
    for mutation in chosen:
        yield Trial(KIND, mutation.name, *bench.judge(mutation))


@dataclass(frozen=True)
class _Ended:
    status: int | None
    output: str
    errors: str


@dataclass(frozen=True)
class _Bench:
    """The folder, the database that holds it, and what both hold when nothing is wrong."""

    folder: Path
    dsn: str
    contents: dict[str, Content]
    loaded: dict[str, str]

    @classmethod
    def make(cls, workshop: Workshop, chance: random.Random) -> "_Bench":
        """Write the folder and load it.

        Raises:
            RuntimeError: sound files do not load, so there is nothing to try.
        """
        contents = {
            table.name: plausible(table, ROWS, chance) for table in TABLES if table.needed or table.name in _ALSO
        }
        bench = cls(workshop.new_folder() / "mimic", workshop.database(), contents, {})
        for content in contents.values():
            bench.path(content).parent.mkdir(parents=True, exist_ok=True)
            bench.restore(content)
        ended = bench.load()
        if ended.status != 0:
            raise RuntimeError(f"sound files do not load: {ended.errors}")
        return replace(bench, loaded=bench.snapshot())

    def path(self, content: Content) -> Path:
        """Where the file of a table lies; every other one is compressed."""
        suffix = ".csv.gz" if len(content.table.name) % 2 else ".csv"
        return self.folder / content.table.module / f"{content.table.name}{suffix}"

    def clear(self, content: Content) -> None:
        """Take away whatever lies there in place of the table's file, and beside it."""
        keep = {self.path(other) for other in self.contents.values()} - {self.path(content)}
        for path in [*self.path(content).parent.iterdir(), self.folder / "SHA256SUMS.txt"]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path not in keep:
                path.unlink(missing_ok=True)

    def restore(self, content: Content) -> None:
        """Put the table's sound file back."""
        self.clear(content)
        write(self.path(content), encode(content.header, content.rows))

    def load(self, meddle: Callable[[], None] | None = None) -> _Ended:
        """Run the command line's load in this process; `meddle` is called once, in the middle of it."""
        output, errors = io.StringIO(), io.StringIO()
        calls = iter([meddle] if meddle else [])

        def update(*_: object) -> None:
            for call in calls:
                call()

        with (
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(errors),
            patch.object(LoadProgress, "update", update),
        ):
            try:
                status = main(["load", "--csv", str(self.folder), "--dsn", self.dsn])
            except Exception as error:
                return _Ended(None, output.getvalue(), f"{type(error).__name__}: {error}")
        return _Ended(status, output.getvalue(), errors.getvalue())

    def snapshot(self) -> dict[str, str]:
        """A hash of every table, and of what the database remembers of the files."""
        return database_content.tables(self.dsn, [*OFFICIAL_SCHEMAS.values(), "mimic_db"])

    def judge(self, mutation: Mutation) -> tuple[Outcome, str]:
        """Try one mutation; afterwards folder and database are sound again, or it says that they are not."""
        sound = self.contents[mutation.content.table.name]
        before = self.snapshot()
        self.clear(sound)
        mutation.place(self.path(sound))
        meddle = mutation.meddle
        path = next(iter(sorted(self.path(sound).parent.glob(f"{sound.table.name}.csv*"))), self.path(sound))
        ended = self.load((lambda: meddle(path)) if meddle else None)
        outcome, detail = self._outcome(mutation, ended, before)
        self.restore(sound)
        again = self.load()
        if again.status != 0 or not self._holds(sound):
            return "lost", f"the sound file does not load afterwards: {again.errors[-500:]}"
        return outcome, detail

    def _outcome(self, mutation: Mutation, ended: _Ended, before: dict[str, str]) -> tuple[Outcome, str]:
        if ended.status == 1:
            if self.snapshot() != before:
                return "lost", "the database is not as it was"
            return _refusal(mutation, ended.errors)
        if ended.status != 0:
            return "unclear", ended.errors
        if mutation.ending == "refused":
            return "wrong", "loaded, though it cannot be read faithfully"
        if mutation.ending == "warned" and f"{mutation.content.table}" not in _warnings(ended.errors):
            return "wrong", "loaded, and nothing says that the file is not the published one"
        if mutation.ending != "either" and not self._holds(mutation.content):
            return "wrong", "the table does not hold what the file means"
        return ("flagged" if mutation.ending == "warned" else "survived"), ""

    def _holds(self, content: Content) -> bool:
        with connect(self.dsn) as connection:
            return repr(found(connection, content.table)) == repr(expected(content))


def _warnings(errors: str) -> str:
    return "\n".join(line for line in errors.splitlines() if line.startswith("warning:") and "SHA-256" in line)


def _refusal(mutation: Mutation, errors: str) -> tuple[Outcome, str]:
    """Whether the message is of use, and tells nothing of a row."""
    message = errors[errors.find("error:") :]
    where = re.search(r", line (\d+)(?:, column (\w+))?", message)
    if mutation.ending in ("loaded", "warned"):
        return "unclear", f"refused, though it is sound: {message}"
    if "Traceback" in errors or message.count("error:") != 1 or "SQLSTATE" in message:
        return "unclear", errors[-1_000:]
    if mutation.content.table.name not in message:
        return "unclear", f"the file is not named: {message}"
    if mutation.lines and (where is None or int(where[1]) not in mutation.lines):
        return "unclear", f"not in lines {mutation.lines}: {message}"
    if mutation.column and (where is None or where[2] != mutation.column):
        return "unclear", f"not in column {mutation.column}: {message}"
    if _tells(message, mutation.hidden) or "own-words" in message:
        return "wrong", "the message repeats the field"
    return "refused", ""


def _tells(message: str, hidden: str) -> bool:
    """Whether `hidden` stands in the message; very short or very long fields cannot be told from other words."""
    words = hidden.strip()[:40]
    return len(words) > 2 and re.search(rf"(?<!\w){re.escape(words)}(?!\w)", message.partition(": ")[2]) is not None
