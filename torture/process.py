"""A command of the project in a process of its own, which may be disturbed, and what it said."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Ended:
    """How a command ended; `code` is None for one that had to be killed because it did not end."""

    code: int | None
    text: str


class Running:
    """A running command with its own process group, as a terminal gives it one."""

    def __init__(self, arguments: tuple[str, ...], environment: Mapping[str, str], folder: Path) -> None:
        if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as a shell starts us in the background: it is inherited
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self._said = folder / f"said_{time.monotonic_ns()}"
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", *arguments],
                cwd=PROJECT,
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def signal(self, number: int) -> None:
        """Send a signal to its process group, as Ctrl-C does."""
        if not self.is_over:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def wait(self, seconds: float) -> Ended:
        """Wait for its end; after `seconds` it is killed."""
        code: int | None
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.end()
            code = None
        return Ended(code, self._said.read_text(encoding="utf-8", errors="replace"))

    def end(self) -> None:
        """Kill it if it still runs."""
        self.signal(signal.SIGKILL)
        self._process.wait()


def run(arguments: tuple[str, ...], environment: Mapping[str, str], folder: Path, seconds: float = 300) -> Ended:
    """Run a command undisturbed."""
    running = Running(arguments, environment, folder)
    try:
        return running.wait(seconds)
    finally:
        running.end()
