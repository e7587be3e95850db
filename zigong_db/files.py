"""A folder of the Zigong database as PhysioNet ships it: seven .csv or .csv.gz files, also in its DataTables/."""

import gzip
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from mimic_db.errors import UserError
from mimic_db.load import csv_folder
from mimic_db.load.csv_folder import UNREADABLE, SourceFile, below, explain_unreadable, listed_sums, of_each
from zigong_db.csv_text import rows_of
from zigong_db.tables import DEFINITIONS, Definition

SUBFOLDER = "DataTables"
SUFFIXES = (".csv", ".csv.gz")

_LONGEST_NAME = 63  # bytes; PostgreSQL cuts a longer one
_LOOKED_FOR = f"the folder of the Zigong database, with {DEFINITIONS[0].file}.csv and its six sisters"


def find_files(folder: Path) -> list[SourceFile]:
    """The seven files of `folder`, each with a header that fits its table; nothing beyond the headers is read.

    Raises:
        UserError: not such a folder, or every fault of its files, one a line.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder: --zigong takes {_LOOKED_FOR}")
    found = _candidates(folder)
    if missing := [f"{table.file}.csv" for table in DEFINITIONS if not found.get(table.name)]:
        raise UserError(_missing_files(folder, missing))
    return of_each(folder, DEFINITIONS, lambda table: _source_file(table, found[table.name]))


def database_name(folder: Path) -> str:
    """A database name made of the folder's; that of DataTables is the one above."""
    folder = folder.resolve()
    return csv_folder.database_name(folder.parent if folder.name.lower() == SUBFOLDER.lower() else folder)


def column_names(path: Path, header: Sequence[str]) -> tuple[str, ...]:
    """The columns of a header, in lower case, without the row number, which has no name.

    Raises:
        UserError: another column without a name.
    """
    names = [_as_column(name) for name in header]
    names = names[1:] if names and not names[0] else names
    if "" in names:
        at = len(header) - len(names) + names.index("") + 1
        raise UserError(f"{path}: column {at} of the header has no name, line 1: only the first, the row number, may")
    return tuple(names)


def _as_column(name: str) -> str:
    return name.strip().lower().encode()[:_LONGEST_NAME].decode(errors="ignore")


def _candidates(folder: Path) -> Mapping[str, list[Path]]:
    """Table -> files with its name; one that is spelt twice is there twice."""
    names = {f"{table.name}{suffix}": table.name for table in DEFINITIONS for suffix in SUFFIXES}
    found: dict[str, list[Path]] = {}
    for path in _entries(folder):
        inside = _entries(path) if path.name.lower() == SUBFOLDER.lower() and path.is_dir() else [path]
        for candidate in inside:
            if table := names.get(candidate.name.lower()):
                found.setdefault(table, []).append(candidate)
    return found


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise UserError(f"{folder} cannot be read: {error.strerror}") from None


def _missing_files(folder: Path, missing: Sequence[str]) -> str:
    told = f"{len(missing)} of the seven files missing in {folder} and {folder / SUBFOLDER}: {', '.join(missing)}"
    if len(missing) < len(DEFINITIONS):
        return f"{told}. Nothing was loaded; download what is missing again (.csv or .csv.gz)"
    folder = folder.resolve()
    if better := [place for place in (folder.parent, *below(folder, depth=4)) if _is_complete(place)]:
        return f"{told}; did you mean {better[0]}?"
    if archives := [path for path in _entries(folder) if path.suffix.lower() == ".zip"]:
        return f"{told}; unzip {archives[0]} first"
    return f"{told}; --zigong takes {_LOOKED_FOR}"


def _is_complete(folder: Path) -> bool:
    try:
        return len(_candidates(folder)) == len(DEFINITIONS)
    except UserError:
        return False


def _source_file(table: Definition, candidates: Sequence[Path]) -> SourceFile:
    if len(candidates) > 1:
        raise UserError(f"{' and '.join(map(str, candidates))} are both there: remove one, they may differ")
    path = candidates[0]
    if not path.is_file():
        raise UserError(f"{path} is a folder or a link to nothing: put the table's file there")
    header = _read_header(path, table)
    return SourceFile(table.table(header), path, header, _listed_sum(path))


def _listed_sum(path: Path) -> str | None:
    """Its SHA-256 by PhysioNet's list, which lies beside it or one folder up."""
    beside, above = path.parent, path.parent.parent
    return listed_sums(beside).get(path.name) or listed_sums(above).get(f"{beside.name}/{path.name}")


def _read_header(path: Path, table: Definition) -> tuple[str, ...]:
    """The header, if it has all columns that the study needs.

    Raises:
        UserError: unreadable, empty, not UTF-8, a needed column is missing, a column is there twice.
    """
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as opened:
            _, fields = next(rows_of(path, opened.read), (0, []))
    except UNREADABLE as error:
        raise UserError(explain_unreadable(path, error)) from None
    if not any(fields):
        raise UserError(f"{path} is empty: even a table without rows has a header")
    found = {_as_column(name) for name in fields}
    missing = [name for name in table.needed if name not in found]
    if len(missing) == len(table.needed):
        # it may be a patient's row: nothing of it is told
        raise UserError(f"{path}: line 1 is not the header of {table.file}: it has none of {', '.join(missing)}")
    names = column_names(path, fields)
    repeated = [name for name, count in Counter(names).items() if count > 1]
    wrong = {"missing": missing, "twice": repeated}
    if any(wrong.values()):
        told = "; ".join(f"{what}: {', '.join(found)[:300]}" for what, found in wrong.items() if found)
        raise UserError(
            f"{path}: the header, line 1, does not fit {table.file} ({told}): take the file as PhysioNet ships it"
        )
    return names
