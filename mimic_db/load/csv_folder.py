"""A folder of MIMIC-IV files: hosp/ and icu/ with one file per table, .csv or .csv.gz as PhysioNet ships them."""

import csv
import gzip
import importlib
import os
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from analysis_py.marts.errors import first_line
from analysis_py.marts.reader import INSTALL
from mimic_db.errors import UserError
from mimic_db.tables import MODULES, TABLES, Table

UNREADABLE = (OSError, EOFError, zlib.error)
SUMS = "SHA256SUMS.txt"
Definition = TypeVar("Definition")
Found = TypeVar("Found")
LONGEST_HEADER = 1 << 16  # bytes; a file without line breaks is not read whole


@dataclass(frozen=True)
class SourceFile:
    """The file of one table; `header` in the file's own order, in lower case; `sha256` if the folder lists it."""

    table: Table
    path: Path
    header: tuple[str, ...]
    sha256: str | None


def find_files(folder: Path) -> list[SourceFile]:
    """The files of `folder`, each with a header that fits its table; nothing beyond the headers is read.

    Tables that the study does not need may be missing.

    Raises:
        UserError: not such a folder, or every fault of its files, one a line.
    """
    return _found(folder, TABLES, (".csv", ".csv.gz"), _require_official_header)


def find_needed(folder: Path) -> list[SourceFile]:
    """The files of the tables that the study needs, each with the columns that it needs; .parquet will do too.

    Raises:
        UserError: as find_files(), or DuckDB, which reads the names in a Parquet file, is not installed.
    """
    needed = [table for table in TABLES if table.needed]
    return _found(folder, needed, (".csv", ".csv.gz", ".parquet"), _require_needed_columns)


def _found(
    folder: Path,
    tables: Iterable[Table],
    suffixes: Sequence[str],
    require: Callable[[Path, tuple[str, ...], Table], None],
) -> list[SourceFile]:
    _require_modules(folder)
    sums = listed_sums(folder)

    def source_file(table: Table) -> SourceFile | None:
        path = _find(folder, table, suffixes)
        if path is None:
            return None
        header = _parquet_names(path) if path.suffix == ".parquet" else _read_header(path)
        require(path, header, table)
        return SourceFile(table, path, header, sums.get(f"{table.module}/{path.name}"))

    return [found for found in of_each(folder, tables, source_file) if found]


def of_each(folder: Path, tables: Iterable[Definition], make: Callable[[Definition], Found]) -> list[Found]:
    """What `make` gives of each table.

    Raises:
        UserError: every fault that it told, one a line.
    """
    files, faults = [], []
    for table in tables:
        try:
            files.append(make(table))
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


def header_names(path: Path, line: bytes) -> tuple[str, ...]:
    """The names in a header, in lower case: the official files mix cases.

    Raises:
        UserError: no text, or no line of a CSV file.
    """
    try:
        header = next(csv.reader([line.decode("utf-8-sig")], strict=True), [])
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8 text: take the file as PhysioNet ships it") from None
    except csv.Error:
        raise UserError(f"{path}: the first line is no CSV header") from None
    return tuple(name.strip().lower() for name in header)


def _require_modules(folder: Path) -> None:
    looked_for = "a folder with the subfolders hosp/ and icu/ as PhysioNet ships them"
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder: --csv takes {looked_for}")
    if _is_release(folder):
        return
    folder = folder.resolve()
    better = [candidate for candidate in (folder.parent, *below(folder, depth=4)) if _is_release(candidate)]
    hint = f"; did you mean {better[0]}?" if better else ""
    raise UserError(f"{folder} has no hosp/ and icu/: --csv takes {looked_for}{hint}")


def _is_release(folder: Path) -> bool:
    return all((folder / module).is_dir() for module in MODULES)


def below(folder: Path, depth: int) -> Iterator[Path]:
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


def listed_sums(folder: Path) -> Mapping[str, str]:
    """File -> SHA-256, from the list that PhysioNet ships; empty without a list."""
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    pairs = [line.split(maxsplit=1) for line in lines]
    return {pair[1].removeprefix("*").strip(): pair[0].lower() for pair in pairs if len(pair) == 2}


def _find(folder: Path, table: Table, suffixes: Sequence[str]) -> Path | None:
    names = [f"{table.name}{suffix}" for suffix in suffixes]
    found = [path for name in names if os.path.lexists(path := folder / table.module / name)]
    if len(found) > 1:
        raise UserError(f"{table}: both {found[0].name} and {found[1].name} are there: remove one, they may differ")
    if not found and table.needed:
        raise UserError(f"{table}: neither {' nor '.join(names)} is there, and the study needs it")
    if found and not found[0].is_file():
        raise UserError(f"{found[0]} is a folder or a link to nothing: put the table's file there")
    return found[0] if found else None


def _first_line(path: Path) -> bytes:
    if path.suffix == ".gz":
        with gzip.open(path) as unpacked:
            return unpacked.readline(LONGEST_HEADER)
    with path.open("rb") as opened:
        return opened.readline(LONGEST_HEADER)


def _read_header(path: Path) -> tuple[str, ...]:
    try:
        names = header_names(path, _first_line(path))
    except UNREADABLE as error:
        raise UserError(explain_unreadable(path, error)) from None
    if not any(names):
        raise UserError(f"{path} is empty: even a table without rows has a header")
    return names


def _parquet_names(path: Path) -> tuple[str, ...]:
    try:
        duckdb = importlib.import_module("duckdb")
    except ImportError:
        raise UserError(f"{path} is read by DuckDB, which is not installed: {INSTALL}") from None
    with duckdb.connect() as connection:
        try:
            found = connection.execute("select name from parquet_schema(?) where type is not null", [str(path)])
            return tuple(name.lower() for (name,) in found.fetchall())
        except duckdb.Error as error:
            raise UserError(f"{path} is no Parquet file: {first_line(error)}") from None


def _require_needed_columns(path: Path, names: tuple[str, ...], table: Table) -> None:
    lacking = [column.name for column in table.columns if column.needed and column.name not in names]
    if lacking:
        raise UserError(f"{path} lacks the column(s) {', '.join(lacking)}")
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise UserError(f"{path} has the column(s) {', '.join(twice)[:300]} twice")


def _require_official_header(path: Path, names: tuple[str, ...], table: Table) -> None:
    if len(set(names) & set(table.column_names)) * 2 < len(table.columns):
        # it may be a patient's row: nothing of it is told
        raise UserError(f"{path}: the first line is not the header of {table}, names with commas between")
    wrong = {
        "missing": [name for name in table.column_names if name not in names],
        "unknown": [name for name in names if name not in table.column_names],
        "twice": [name for name, count in Counter(names).items() if count > 1],
    }
    if any(wrong.values()):
        told = "; ".join(f"{what}: {', '.join(found)[:300]}" for what, found in wrong.items() if found)
        raise UserError(f"{path}: the header does not fit {table} of MIMIC-IV 2.2 to 3.1 ({told})")
