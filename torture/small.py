"""A small machine: the whole study at its default size, with no more memory than that."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from torture.campaign import Trial, Workshop
from torture.message import excerpt
from torture.process import run
from twin.trial.design import STAYS

KIND = "small machine"
LIMIT = 2 * 1024**3
_MOUNT = Path("/sys/fs/cgroup")


def trials(workshop: Workshop, thorough: bool, seed: int) -> Iterator[Trial]:
    """One, and only where a control group can be made: `python -m study` within 2 GB, its server among it."""
    if not thorough:
        return
    with _group() as folder:
        if folder is None:
            print(f"left out: {KIND}, which needs the right to make a control group")
            return
        environment = {
            "DEXSIC_PGDATA": str(workshop.folder / "small"),
            "DBT_TARGET_PATH": str(workshop.folder / "target"),
            "DBT_LOG_PATH": str(workshop.folder / "logs"),
        }
        own = str(os.getpid())
        (folder / "cgroup.procs").write_text(own)  # what we start from here on is in it too
        try:
            output = workshop.folder / "small_output"
            ended = run(("study", "--seed", str(seed), "--output", str(output)), environment, workshop.folder, 900)
        finally:
            run(("mimic_db", "stop"), environment, workshop.folder)
            (folder.parent / "cgroup.procs").write_text(own)
        peak = _most_used(folder) / 1024**2
    name = f"{STAYS:,} stays in {LIMIT // 1024**2} MB"
    survived = ended.code == 0 and (output / "report.html").is_file()
    detail = f"at most {peak:.0f} MB with the files in the page cache" if survived else excerpt(ended.text)
    yield Trial(KIND, name, "survived" if survived else "lost", detail)


@contextmanager
def _group() -> Iterator[Path | None]:
    """A control group below our own with the limit, of either version; None where none can be made."""
    made = None
    for line in Path("/proc/self/cgroup").read_text().splitlines() if Path("/proc/self/cgroup").exists() else []:
        _, controllers, path = line.split(":", 2)
        root, limit = (_MOUNT / "memory", "memory.limit_in_bytes") if controllers else (_MOUNT, "memory.max")
        if controllers not in ("memory", ""):
            continue
        folder = root / path.lstrip("/") / f"dexsic_{os.getpid()}"
        with suppress(OSError):
            folder.mkdir()
            try:
                (folder / limit).write_text(str(LIMIT))
                made = folder
                break
            except OSError:
                folder.rmdir()
    try:
        yield made
    finally:
        if made is not None:
            with suppress(OSError):
                made.rmdir()


def _most_used(folder: Path) -> int:
    for name in ("memory.max_usage_in_bytes", "memory.peak"):
        with suppress(OSError):
            return int((folder / name).read_text())
    return 0
