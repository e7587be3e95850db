"""How long each stage takes: told when the study ends, kept, and told the next time before the stage begins."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pipeline.digest import PROJECT

FILE: Final = PROJECT / "target" / "pace.json"  # beside what dbt keeps; `make clean` removes it
_LEAST_S: Final = 1.0  # a stage that was skipped is no measurement


class Pace:
    """The clock of one run. `what` names what its length depends on: the data and the engine, no setting of theirs.

    Every second from its making to `told()` belongs to a stage: what lies between two stages goes to the next one.
    """

    def __init__(self, what: str, file: Path = FILE) -> None:
        self._what, self._file = what, file
        self._known = _read(file).get(what, {})
        self._seconds: dict[str, float] = {}
        self._reached = time.monotonic()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure a stage; what is broken off is not kept."""
        yield
        now = time.monotonic()
        self._seconds[name] = now - self._reached
        self._reached = now

    def before(self, name: str) -> str:
        """`, 41 s the last time`; empty where a stage was never measured."""
        return f", {_shown(self._known[name])} the last time" if name in self._known else ""

    def whole(self) -> str:
        """All stages of the last time together, as `95 s`; empty where they were never measured."""
        return _shown(sum(self._known.values())) if self._known else ""

    def told(self) -> str:
        """`done in 95.3 s: data 12.1, dbt build 41.0, ...`, whose parts add up; keeps what was measured."""
        tenths = {name: round(seconds, 1) for name, seconds in self._seconds.items()}
        worked = {name: seconds for name, seconds in tenths.items() if seconds >= _LEAST_S}
        _keep(self._file, self._what, self._known | worked)
        parts = ", ".join(f"{name} {seconds:.1f}" for name, seconds in tenths.items())
        return f"[bold]done[/bold] in {sum(tenths.values()):.1f} s: {parts}"


def _shown(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _read(file: Path) -> dict[str, dict[str, float]]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return {what: {name: float(seconds) for name, seconds in known.items()} for what, known in found.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}  # never measured, or cut short: nothing rests on it


def _keep(file: Path, what: str, known: dict[str, float]) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(_read(file) | {what: known}, indent=1), encoding="utf-8")
    except OSError:
        pass  # a folder that cannot be written is no reason to end
