"""The rows of files that are read in place: of Parquet by its footer, of CSV where they are soon counted."""

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mimic_db.load.csv_folder import SourceFile
from mimic_db.release import TELLING, recognised
from mimic_db.tables import Table

_SOON = 64 << 20  # bytes of a CSV file that is read through for it, a second or two; the build reads all again


def rows_in(files: Sequence[SourceFile]) -> Mapping[Table, int]:
    """Rows by table, if those of patients, admissions and ICU stays are a release's; else of these three alone.

    Large CSV files are left out, and what cannot be read: the build says why. Needs DuckDB.
    """
    duckdb = importlib.import_module("duckdb")
    with duckdb.connect() as connection:
        rows = dict(_counted(connection, duckdb.Error, (file for file in files if file.table in TELLING)))
        if recognised(rows):
            rows |= _counted(connection, duckdb.Error, (file for file in files if file.table not in TELLING))
    return rows


def _counted(connection: Any, failure: type[Exception], files: Iterable[SourceFile]) -> Iterator[tuple[Table, int]]:
    for file in files:
        if file.path.suffix == ".parquet":
            query = "select sum(num_rows) from parquet_file_metadata(?)"
        elif file.path.stat().st_size <= _SOON:
            query = _count_of_csv(file.header)
        else:
            continue
        try:
            row = connection.execute(query, [str(file.path)]).fetchone()
        except failure:
            continue
        yield file.table, int(row[0])


def _count_of_csv(header: Sequence[str]) -> str:
    names = ", ".join("'{}': 'text'".format(name.replace("'", "''")) for name in header)
    options = "auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"'"
    return f"select count(*) from read_csv(?, {options}, columns = {{{names}}})"  # noqa: S608
