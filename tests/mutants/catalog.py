"""The mutants as they are written down, one TOML file per part of the project."""

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
_KEYS = {"name", "file", "old", "new", "reason", "tests", "equivalent"}
_NEEDED = {"name", "file", "old", "new", "reason"}


class MutantError(Exception):
    """The catalog cannot be used as it stands."""


@dataclass(frozen=True)
class Mutant:
    """`old` becomes `new` in `file`; `steps` are the tests that may see it, cheapest first.

    `equivalent` says why none can, where that is so.
    """

    name: str
    file: str
    old: str
    new: str
    reason: str
    steps: tuple[str, ...]
    equivalent: str = ""

    @property
    def model(self) -> str:
        """The model whose unit tests are its first step, which see no other model's faults; empty if it has none."""
        stem = Path(self.file).stem
        return stem if self.steps[0] == unit_tests_of(stem) else ""

    def applied_to(self, text: str) -> str:
        """The file's text with the fault.

        Raises:
            MutantError: `old` is not there exactly once, or nothing would change.
        """
        found = text.count(self.old)
        if found != 1:
            raise MutantError(f"{self.name}: its text is {found} times in {self.file}")
        if self.old == self.new:
            raise MutantError(f"{self.name} changes nothing")
        return text.replace(self.old, self.new)


def unit_tests_of(model: str) -> str:
    """The step that runs dbt's unit tests of a model."""
    return f"dbt test --select {model},test_type:unit"


def read_catalog(folder: Path = FOLDER) -> list[Mutant]:
    """Every mutant of every file, in order.

    Raises:
        MutantError: a key that is missing or unknown, a name used twice, a file that no rule gives tests.
    """
    mutants = [mutant for path in sorted(folder.glob("*.toml")) for mutant in _read(path)]
    names = [mutant.name for mutant in mutants]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise MutantError(f"name used twice: {', '.join(twice)}")
    return mutants


def _read(path: Path) -> list[Mutant]:
    content = tomllib.loads(path.read_text())
    rules: dict[str, list[str]] = content.get("tests", {})
    return [_mutant(record, rules, path.name) for record in content.get("mutant", [])]


def _mutant(record: dict[str, Any], rules: dict[str, list[str]], where: str) -> Mutant:
    name = record.get("name", "a mutant without a name")
    if wrong := (_NEEDED - record.keys()) | (record.keys() - _KEYS):
        raise MutantError(f"{where}, {name}: {', '.join(sorted(wrong))} missing or unknown")
    steps = record.get("tests") or next((steps for rule, steps in rules.items() if fnmatch(record["file"], rule)), None)
    if not steps:
        raise MutantError(f"{where}, {name}: no rule says which tests see {record['file']}")
    stem = Path(record["file"]).stem
    filled = tuple(step.replace("{stem}", stem) for step in steps)
    return Mutant(
        name, record["file"], record["old"], record["new"], record["reason"], filled, record.get("equivalent", "")
    )
