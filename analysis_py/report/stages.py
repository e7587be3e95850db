"""Progress on a terminal or in a log: what was begun, and how long it took."""

import time
from typing import Self

from rich.console import Console
from rich.status import Status

_UNLISTED = 0.05  # seconds that need no line


class Stages:
    """Progress: call it with what begins. A stage ends with a line that says how long it took, all with their total.

    `stage: detail` is a step within a stage. A terminal shows it in a live line; a log, which has no line that could be
    written over, gets the lines of the stages alone. `loading` are the seconds that the libraries took before.
    """

    def __init__(self, console: Console, quiet: bool, loading: float = 0.0) -> None:
        self._console, self._quiet = console, quiet
        self._live: Status | None = None
        self._stage = ""
        self._loading = loading
        self._began = self._entered = time.monotonic()

    def __enter__(self) -> Self:
        if self._loading > _UNLISTED:
            self._line("loading libraries", self._loading)
        if self._console.is_terminal and not self._quiet:
            self._live = self._console.status("")
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            self._end()
            self._line("total", time.monotonic() - self._entered + self._loading)
        if self._live is not None:
            self._live.stop()

    def __call__(self, text: str) -> None:
        stage, _, detail = text.partition(": ")
        if stage != self._stage:
            self._end()
            self._stage = stage
        if self._live is not None:
            seconds = time.monotonic() - self._began
            self._live.update(f"{stage}{f': {detail}, {seconds:.0f} s so far' if detail else ''}")

    def _end(self) -> None:
        """Each stage begins where the one before ended, so that they add up to the total."""
        now = time.monotonic()
        if self._stage:
            self._line(self._stage, now - self._began)
            self._began = now
            self._stage = ""

    def _line(self, stage: str, seconds: float) -> None:
        if not self._quiet:
            self._console.print(f"  {stage:<42}{seconds:>7.1f} s", markup=False)
