"""A full disk: a file system in memory, too small, under the database or the output folder. Only root may mount one."""

import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
from psycopg import sql

from torture import moment
from torture.campaign import Trial
from torture.disturb import Case, attempt, case
from torture.ground import NAME, Ground
from torture.process import Running

MIB = 1 << 20
SPACE = "too_small"
_WRITES = {"load": 60, "generate": 60, "build": 60}  # MB that a stage needs, about


def can_mount() -> bool:
    """Whether we may mount a file system; tried, because a container's root often may not."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    with _folder() as folder:
        return _mount(folder, MIB)


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="dexsic-torture-"))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False, capture_output=True)  # noqa: S603, S607
        shutil.rmtree(folder, ignore_errors=True)


def _mount(folder: Path, size: int) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0777", "tmpfs", str(folder)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603


@contextmanager
def small_disk(size: int) -> Iterator[Path]:
    """A folder on a file system of that size."""
    with _folder() as folder:
        if not _mount(folder, size):
            raise OSError("no file system can be mounted here")
        yield folder


def trials(ground: Ground, chance: random.Random) -> Iterator[Trial]:
    """Every stage on a disk that fills up; nothing where none can be mounted."""
    if not can_mount():
        return
    for size in (10_000, 200_000, 1_000_000):
        yield full_output(ground, size)
    for stage in _WRITES:
        for share in (0.05, chance.uniform(0.1, 0.9)):
            yield _full_database(ground, stage, share)


def full_output(ground: Ground, free: int) -> Trial:
    """The output folder's disk has room for the earlier results and `free` bytes more."""
    tried = case(ground, "statistics")
    used = sum(-(-path.stat().st_size // 4096) * 4096 for path in tried.output.rglob("*") if path.is_file())
    with small_disk(used + free) as folder:
        output = folder / "output"
        shutil.copytree(tried.output, output)
        command = tuple(str(output) if part == str(tried.output) else part for part in tried.command)

        @contextmanager
        def fault(tried: Case) -> Iterator[Callable[[Running], None]]:
            yield lambda running: None
            _remount(folder, 100 * MIB)

        moved = replace(tried, output=output, command=command)
        return attempt("disk full", f"statistics, {free:,} bytes free for output", moved, fault)


def _remount(folder: Path, size: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True, capture_output=True)  # noqa: S603, S607


def _full_database(ground: Ground, stage: str, share: float) -> Trial:
    """The database lies in a tablespace with room for what it holds and a share of what the command writes."""
    tried = case(ground, stage)
    with small_disk(2048 * MIB) as folder:
        owner = ground.shop.data_dir.stat()
        os.chown(folder, owner.st_uid, owner.st_gid)
        with moment.watcher(tried.dsn) as watching:
            watching.execute(
                sql.SQL("create tablespace {} location {}").format(sql.Identifier(SPACE), sql.Literal(str(folder)))
            )
            _move(watching, SPACE)
            watching.execute("checkpoint")
            try:
                return _fill_up(tried, folder, share)
            finally:
                watching.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(NAME)))
                watching.execute(sql.SQL("drop tablespace {}").format(sql.Identifier(SPACE)))


def _fill_up(tried: Case, folder: Path, share: float) -> Trial:
    room = int(_WRITES[tried.stage] * MIB * share)

    @contextmanager
    def fault(tried: Case) -> Iterator[Callable[[Running], None]]:
        _remount(folder, shutil.disk_usage(folder).used + room)
        try:
            yield lambda running: None
        finally:
            _remount(folder, 2048 * MIB)

    return attempt("disk full", f"{tried.stage}, {room / MIB:.0f} MB free for the database", tried, fault)


def _move(watching: psycopg.Connection[tuple[object, ...]], space: str) -> None:
    watching.execute(sql.SQL("alter database {} set tablespace {}").format(sql.Identifier(NAME), sql.Identifier(space)))
