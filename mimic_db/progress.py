"""What a loading table shows: a bar on a terminal while it loads, and a line when it is done."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text


class _Rate(ProgressColumn):
    """Rows so far and rows per second."""

    def render(self, task: Task) -> Text:
        rows = task.fields["rows"]
        rate = rows / task.elapsed if task.elapsed else 0.0
        return Text(f"{rows:>13,} rows {rate:>11,.0f}/s")


class LoadProgress:
    """Progress of one table after the other; sizes in bytes of the file as it lies on disk."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description:<24}"), BarColumn(), _Rate(), TimeRemainingColumn(), console=self._console
        )
        self._task: TaskID | None = None
        self._label = ""
        self._started = 0.0

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._console.is_terminal:  # else it would print an empty line
            self._bars.stop()

    def begin(self, label: str, size: int) -> None:
        """A table of `size` bytes starts."""
        self._label, self._started = label, time.monotonic()
        if self._console.is_terminal:
            self._task = self._bars.add_task(label, total=size, rows=0)

    def update(self, done: int, rows: int) -> None:
        """`done` bytes are read, `rows` rows sent."""
        if self._task is not None:
            self._bars.update(self._task, completed=done, rows=rows)

    def end(self, rows: int) -> None:
        """The table is committed with `rows` rows: its bar gives way to a line."""
        if self._task is not None:
            self._bars.remove_task(self._task)
            self._task = None
        seconds = time.monotonic() - self._started
        self._console.print(
            f"{self._label}: {rows:,} rows in {seconds:.1f} s ({rows / max(seconds, 1e-3):,.0f}/s)", highlight=False
        )
