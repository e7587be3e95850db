"""A result folder that is either complete or not there at all."""

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from analysis_py.interrupt import ENDS
from analysis_py.marts.errors import StudyError

MARKER = ".dexsic-output"
DBT_DOCS = "dbt_docs.html"
MULTIVERSE = "multiverse"
# of `python -m analysis_py.controls`, the table first
CONTROLS_FILES = ("controls.csv", "controls_funnel.svg", "controls_funnel.png")
_OURS = {MARKER, DBT_DOCS, MULTIVERSE, "report.html", "results.csv", "tables", "figures", "manuscript", *CONTROLS_FILES}
_MARK = "Written by dexsic; replaced by its next run.\n"
_SIGNALS = (signal.SIGINT, *ENDS)


@contextmanager
def replaced(target: Path, ours: Collection[str] = _OURS, option: str = "--output") -> Iterator[Path]:
    """A new folder beside `target` to write into; it takes the place of `target` only when all went well.

    `ours` are the names that an earlier one may hold, `option` chooses another.

    Raises:
        StudyError: `target` holds something that we did not write, or cannot be written.
    """
    target = Path(os.path.realpath(target))
    refuse_foreign(target, ours, option)
    aside = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        fresh = aside / "new"
        fresh.mkdir()
        (fresh / MARKER).write_text(_MARK, encoding="utf-8")
        yield fresh
        keep_private(fresh)
        refuse_foreign(target, ours, option)
        with _undisturbed():
            _swap(fresh, target, aside / "old")
    except OSError as error:
        reason = error.strerror or error
        raise StudyError(f"{target} cannot be written: {reason}; free space or choose another {option}") from error
    finally:
        if aside is not None:
            with _undisturbed():
                shutil.rmtree(aside, ignore_errors=True)


def claim(target: Path) -> Path:
    """`target` as a folder of ours that is written into as it is; made where it is not there.

    Raises:
        StudyError: as refuse_foreign().
        OSError: it cannot be written.
    """
    refuse_foreign(target)
    if not (target / MARKER).is_file():
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        (target / MARKER).write_text(_MARK, encoding="utf-8")
        (target / MARKER).chmod(0o600)
    return target


def keep_private(folder: Path) -> None:
    """Results of patients' data are for the account that made them: folders 700, files 600."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)


def _swap(fresh: Path, target: Path, old: Path) -> None:
    if target.exists():
        target.rename(old)
    try:
        fresh.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise


def refuse_foreign(target: Path, ours: Collection[str] = _OURS, option: str = "--output") -> None:
    """Raise StudyError if `target` is there and holds anything but an earlier result of ours."""
    if not target.exists():
        return
    if not target.is_dir():
        raise StudyError(f"{target} is a file: choose another {option}")
    names = {entry.name for entry in target.iterdir()}
    if names and (MARKER not in names or names - {MARKER, *ours}):
        foreign = sorted(names - {MARKER, *ours} or names)[0]
        raise StudyError(f"{target} holds {foreign}, which this program did not write: choose another {option}")


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No signal between two renames, or while clearing away: the moment is short, and half of it would be a loss."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = [signal.signal(number, signal.SIG_IGN) for number in _SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(_SIGNALS, before, strict=True):
            signal.signal(number, handler)
