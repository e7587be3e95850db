"""What has been found so far, kept in a file: an interrupted run loses what was being reckoned and nothing else.

A line says of what build and seed it is, each further one holds specifications that belong together. Lines are appended
whole by the processes that found them, in any order; of one that was torn nothing is taken. The counts in it are those
of the data: it is for its account alone and goes when all is found.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from analysis_py.study.multiverse.choices import Specification
from analysis_py.study.multiverse.found import Checks, Found

_PRIVATE = 0o600


class Record:
    """The file at `path`, about one build (its `fingerprint`) and `seed`."""

    def __init__(self, path: Path, fingerprint: str, seed: int) -> None:
        self.path = path
        self.head = {"fingerprint": fingerprint, "seed": seed}

    def is_ours(self) -> bool:
        """Whether the file is there and of this build and seed; without a fingerprint nothing is."""
        return bool(self.head["fingerprint"]) and next(iter(_lines(self.path)), None) == self.head

    def read(self, wanted: Sequence[Specification]) -> dict[str, Found]:
        """Those of `wanted` that are in the file, by key."""
        known = {one.key: one for one in wanted}
        return {
            key: _entry(known[key], values)
            for line in _lines(self.path)[1:]
            for key, values in line.items()
            if key in known
        }

    def begin(self, found: Mapping[str, Found]) -> None:
        """A file that holds `found` and nothing else takes the place of any before it."""
        fresh = self.path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_EXCL, _PRIVATE), "w", encoding="utf-8") as file:
            file.write(json.dumps(self.head) + "\n")
            if found:
                file.write(_line(list(found.values())))
        fresh.replace(self.path)

    def keep(self, found: Sequence[Found]) -> None:
        """Append what was found, in one piece."""
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(file, _line(found).encode())
        finally:
            os.close(file)

    def end(self) -> None:
        """All is found and written elsewhere."""
        self.path.unlink(missing_ok=True)


def _line(found: Sequence[Found]) -> str:
    values = {}
    for one in found:
        values[one.specification.key] = {
            name: value for name, value in asdict(one).items() if name != "specification" and value is not None
        }
    return json.dumps(values) + "\n"


def _entry(one: Specification, values: Mapping[str, Any]) -> Found:
    checks = Checks(**values["checks"])
    return Found(one, **{name: value for name, value in values.items() if name != "checks"}, checks=checks)


def _lines(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    found = []
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            line = json.loads(text)
        except ValueError:  # torn: the process ended in the middle of it
            continue
        if isinstance(line, dict):
            found.append(line)
    return found
