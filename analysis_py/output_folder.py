"""A result folder that is either complete or not there at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from analysis_py.errors import StudyError

MARKER = ".dexsic-output"
_OURS = {MARKER, "report.html", "results.csv", "tables", "figures"}


@contextmanager
def replaced(target: Path) -> Iterator[Path]:
    """A new folder beside `target` to write into; it takes the place of `target` only when all went well.

    Raises:
        StudyError: `target` holds something that we did not write, or cannot be written.
    """
    target = Path(os.path.realpath(target))
    refuse_foreign(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise StudyError(f"{target} cannot be written: {error.strerror or error}") from error
    try:
        fresh, old = aside / "new", aside / "old"
        fresh.mkdir()
        (fresh / MARKER).write_text("Written by dexsic; replaced by its next run.\n", encoding="utf-8")
        yield fresh
        refuse_foreign(target)
        if target.exists():
            target.rename(old)
        try:
            fresh.rename(target)
        except OSError:
            if old.exists():
                old.rename(target)
            raise
    except OSError as error:
        raise StudyError(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def refuse_foreign(target: Path) -> None:
    """Raise StudyError if `target` is there and holds anything but an earlier result of ours."""
    if not target.exists():
        return
    if not target.is_dir():
        raise StudyError(f"{target} is a file: choose another --output")
    names = {entry.name for entry in target.iterdir()}
    if names and (MARKER not in names or names - _OURS):
        foreign = sorted(names - _OURS or names)[0]
        raise StudyError(f"{target} holds {foreign}, which this program did not write: choose another --output")
