"""The most memory and temporary disk that a command takes at any time."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from mimic_db import server
from mimic_db.database import connect

EVERY_S = 0.25


@dataclass
class Peaks:
    """The most at any time, bytes."""

    temporary: int = 0
    memory: int = 0

    def see(self, temporary: int, memory: int) -> None:
        """Keep what is more than before."""
        self.temporary, self.memory = max(self.temporary, temporary), max(self.memory, memory)


@contextmanager
def of_server(dsn: str) -> Iterator[Peaks]:
    """Temporary files and memory of the embedded server's processes besides shared_buffers (memory: on Linux only)."""
    running = server.status()
    with connect(dsn) as connection:

        def look() -> tuple[int, int]:
            row = connection.execute("select coalesce(sum(size), 0)::bigint from pg_ls_tmpdir()").fetchone()
            return row[0] if row else 0, _private_bytes(running.pid) if running else 0

        with _watched(look) as peaks:
            yield peaks


@contextmanager
def of_this_process(temporary: Path) -> Iterator[Peaks]:
    """Memory of this process and those that it starts, and what lies in the folder `temporary`."""
    with _watched(lambda: (size_of(temporary), _private_bytes(psutil.Process().pid))) as peaks:
        yield peaks


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder; 0 where there is none."""
    if path.is_file():
        return path.stat().st_size
    total = 0
    for file in path.rglob("*"):
        with suppress(FileNotFoundError):  # gone since it was listed
            total += file.stat().st_size if file.is_file() else 0
    return total


@contextmanager
def _watched(look: Callable[[], tuple[int, int]]) -> Iterator[Peaks]:
    peaks, finished = Peaks(), threading.Event()

    def watch() -> None:
        while not finished.wait(EVERY_S):
            peaks.see(*look())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peaks
    finally:
        finished.set()
        watcher.join()


def _private_bytes(parent: int) -> int:
    """Memory that a process and its children do not share, by the kernel's account."""
    total = 0
    process = psutil.Process(parent)
    for each in (process, *process.children(recursive=True)):
        with suppress(OSError):
            for line in Path(f"/proc/{each.pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss_Anon:"):
                    total += int(line.split()[1]) * 1024
    return total
