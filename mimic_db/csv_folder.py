"""A folder of MIMIC-IV files as PhysioNet ships them: hosp/ and icu/ with one .csv or .csv.gz per table."""

import csv
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mimic_db.errors import UserError
from mimic_db.tables import MODULES, TABLES, Table

UNREADABLE = (OSError, EOFError, zlib.error)
LONGEST_HEADER = 1 << 16  # bytes; a file without line breaks is not read whole


@dataclass(frozen=True)
class SourceFile:
    """The file of one table; `header` in the file's own order, in lower case."""

    table: Table
    path: Path
    header: tuple[str, ...]


def find_files(folder: Path) -> list[SourceFile]:
    """The files of `folder`, each with a header that fits its table; nothing beyond the headers is read.

    Tables that the study does not need may be missing.

    Raises:
        UserError: not such a folder, or every fault of its files, one a line.
    """
    _require_modules(folder)
    files, faults = [], []
    for table in TABLES:
        try:
            path = _find(folder, table)
            if path:
                files.append(SourceFile(table, path, _read_header(path, table)))
        except UserError as fault:
            faults.append(str(fault))
    if faults:
        raise UserError("\n  ".join([f"nothing was loaded: {folder} has {len(faults)} unusable file(s)", *faults]))
    return files


def database_name(folder: Path) -> str:
    """A database name made of the folder's: mimic-iv-demo -> mimic_iv_demo, mimiciv/3.1 -> mimiciv_3_1."""
    folder = folder.resolve()
    name = folder.name if folder.name[:1].isalpha() else f"{folder.parent.name}_{folder.name}"
    name = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return (name if name[:1].isalpha() else f"mimic_{name}")[:63]


def explain_unreadable(path: Path, error: Exception) -> str:
    """Why the file cannot be read, and what to do."""
    if isinstance(error, (EOFError, gzip.BadGzipFile, zlib.error)):
        return f"{path} is cut off or no gzip file: download it again and compare its SHA-256"
    reason = error.strerror if isinstance(error, OSError) else None
    return f"{path} cannot be read: {reason or 'damaged'}"


def _require_modules(folder: Path) -> None:
    looked_for = "a folder with the subfolders hosp/ and icu/ as PhysioNet ships them"
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder: --csv takes {looked_for}")
    if _is_release(folder):
        return
    folder = folder.resolve()
    better = [candidate for candidate in (folder.parent, *_below(folder, depth=4)) if _is_release(candidate)]
    hint = f"; did you mean {better[0]}?" if better else ""
    raise UserError(f"{folder} has no hosp/ and icu/: --csv takes {looked_for}{hint}")


def _is_release(folder: Path) -> bool:
    return all((folder / module).is_dir() for module in MODULES)


def _below(folder: Path, depth: int) -> Iterator[Path]:
    """Subfolders, nearest first."""
    level = [folder]
    for _ in range(depth):
        level = [child for parent in level for child in _subfolders(parent)]
        yield from level


def _subfolders(folder: Path) -> list[Path]:
    try:
        return sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))
    except OSError:
        return []


def _find(folder: Path, table: Table) -> Path | None:
    names = (f"{table.name}.csv", f"{table.name}.csv.gz")
    found = [path for name in names if (path := folder / table.module / name).is_file()]
    if len(found) > 1:
        raise UserError(f"{table}: both {names[0]} and {names[1]} are there: remove one, they may differ")
    if not found and table.needed:
        raise UserError(f"{table}: neither {names[0]} nor {names[1]} is there, and the study needs it")
    return found[0] if found else None


def _first_line(path: Path) -> bytes:
    if path.suffix == ".gz":
        with gzip.open(path) as unpacked:
            return unpacked.readline(LONGEST_HEADER)
    with path.open("rb") as opened:
        return opened.readline(LONGEST_HEADER)


def _read_header(path: Path, table: Table) -> tuple[str, ...]:
    """The header in lower case: the official files mix cases.

    Raises:
        UserError: unreadable, empty, or other columns than the table's.
    """
    try:
        header = next(csv.reader([_first_line(path).decode("utf-8-sig")]), [])
    except UNREADABLE as error:
        raise UserError(explain_unreadable(path, error)) from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8 text: take the file as PhysioNet ships it") from None
    except csv.Error:
        raise UserError(f"{path}: the first line is no CSV header") from None
    names = tuple(name.strip().lower() for name in header)
    if not any(names):
        raise UserError(f"{path} is empty: even a table without rows has a header")
    wrong = {
        "missing": [name for name in table.column_names if name not in names],
        "unknown": [name for name in names if name not in table.column_names],
        "twice": [name for name, count in Counter(names).items() if count > 1],
    }
    if any(wrong.values()):
        told = "; ".join(f"{what}: {', '.join(found)[:300]}" for what, found in wrong.items() if found)
        raise UserError(f"{path}: the header does not fit {table} of MIMIC-IV 2.2 to 3.1 ({told})")
    return names
