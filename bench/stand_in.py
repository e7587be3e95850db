"""The MIMIC-IV demo many times over as files, without a database: what a full release weighs, with nobody's data.

Every copy has patients, admissions, stays and specimens of its own. So that no two copies are alike, and compression
gains nothing by their number, each patient's times are moved by whole days (a year at most, all alike, so that nothing
comes before what it followed) and each measured number is less by up to 2 %, so that no share exceeds 100 %. Small
whole numbers stay, for they are scores.
"""

# ruff: noqa: S608 (every name in a query is one of our own lists)
import gzip
import importlib
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import multiply
from mimic_db.errors import UserError
from mimic_db.load.csv_folder import SourceFile, find_files
from mimic_db.tables import MODULES

IDENTIFIERS = (*multiply.IDENTIFIERS, "labevent_id")  # numbered anew
NUMBERS = ("valuenum", "rate", "amount")
_DAYS, _PERCENT, _SCORES_BELOW = 365, 2, 20
_MEMORY = "4GB"
_ROWS_AT_ONCE = 10_000_000  # DuckDB keeps what it compresses in memory


def write_parquet(demo: Path, times: int, folder: Path) -> None:
    """Write the tables that the study needs, `times` over, into `folder`, one Parquet file each.

    Raises:
        UserError: the demo's files are not as they should be, or the disk is full.
    """
    files = [file for file in find_files(demo) if file.table.needed]
    with _engine(folder) as engine:
        for file in files:
            engine.execute(f"create table {file.table.name} as {_read(file)}")
        for name in IDENTIFIERS:
            having = [file.table.name for file in files if name in file.header]
            union = " union ".join(
                f"select distinct {name} as id from {table} where {name} is not null" for table in having
            )
            engine.execute(f"create table new_{name} as select id, row_number() over (order by id) as n from ({union})")
        for file in files:
            path = folder / file.table.module / f"{file.table.name}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            print(f"writing {path}", file=sys.stderr)
            engine.execute(f"copy ({_copies(file, times)}) to '{path}' (format parquet, compression zstd)")


def write_csv(parquet: Path, folder: Path) -> None:
    """The same tables as PhysioNet ships them, .csv.gz; two processors compress a table in parts, which are joined.

    Raises:
        UserError: the disk is full.
    """
    with _engine(folder) as engine:
        for module in MODULES:
            (folder / module).mkdir(parents=True, exist_ok=True)
            for source in sorted((parquet / module).glob("*.parquet")):
                path, parts = folder / module / f"{source.stem}.csv.gz", folder / f"{source.stem}.parts"
                print(f"writing {path}", file=sys.stderr)
                names = [row[0] for row in engine.execute(f"describe from read_parquet('{source}')").fetchall()]
                rows = engine.execute(f"select count(*) from read_parquet('{source}')").fetchone()[0]
                with path.open("wb") as joined:
                    joined.write(gzip.compress((",".join(names) + "\n").encode()))
                    for first in range(0, rows, _ROWS_AT_ONCE):
                        engine.execute(
                            f"copy (select {', '.join(names)} from read_parquet('{source}', file_row_number = true)"
                            f" where file_row_number >= {first} and file_row_number < {first + _ROWS_AT_ONCE})"
                            f" to '{parts}' (format csv, header false, compression gzip, per_thread_output true,"
                            " timestampformat '%Y-%m-%d %H:%M:%S', overwrite true)"
                        )
                        for part in sorted(parts.iterdir()):
                            with part.open("rb") as opened:
                                shutil.copyfileobj(opened, joined, 1 << 24)
                        shutil.rmtree(parts)


@contextmanager
def _engine(folder: Path) -> Iterator[Any]:
    duckdb = importlib.import_module("duckdb")
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"memory_limit": _MEMORY, "temp_directory": str(folder / "aside"), "preserve_insertion_order": False}
    try:
        with duckdb.connect(config=settings) as engine:
            engine.execute("set enable_progress_bar = false")
            yield engine
    except duckdb.Error as error:
        raise UserError(f"{folder}: {str(error).splitlines()[0]}") from None


def _read(file: SourceFile) -> str:
    types = {column.name: column.type.partition("(")[0] for column in file.table.columns}
    columns = ", ".join(f"'{name}': '{types.get(name, 'text')}'" for name in file.header)
    return (
        f"select * from read_csv('{file.path}', auto_detect = false, header = true, delim = ',', quote = '\"',"
        f" escape = '\"', nullstr = '', allow_quoted_nulls = false, columns = {{{columns}}})"
    )


def _copies(file: SourceFile, times: int) -> str:
    """The rows of one table, `times` over; a dictionary, which tells of no patient, once."""
    columns = [column for column in file.table.columns if column.name in file.header]
    if "subject_id" not in file.header:
        return f"select * from {file.table.name}"
    names = [column.name for column in columns]
    values = [f"{_value(column.name, column.type, names)} as {column.name}" for column in columns]
    joins = [f"left join new_{name} on rows.{name} = new_{name}.id" for name in names if name in IDENTIFIERS]
    return (
        f"select {', '.join(values)} from range({times}) as copies (k)"
        f" cross join (select *, row_number() over () as row_n from {file.table.name}) as rows {' '.join(joins)}"
    )


def _value(name: str, kind: str, names: Sequence[str]) -> str:
    value = f"rows.{name}"
    if name in IDENTIFIERS:
        return f"cast(k * (select max(n) from new_{name}) + new_{name}.n as integer)"
    if kind.startswith(("timestamp", "date")):
        moved = f"{value} + to_days(cast(hash(k, rows.subject_id) % {_DAYS} as integer) * least(k, 1)::integer)"
        return f"cast({moved} as {kind})"
    if name in NUMBERS:
        return _moved(value)
    if name == "value" and "valuenum" in names:
        # what is charted as a number says the same as the number beside it
        number = _moved("rows.valuenum")
        text = f"regexp_replace(cast({number} as text), '\\.0$', '')"
        return f"case when try_cast({value} as double) = rows.valuenum then {text} else {value} end"
    return value


def _moved(value: str) -> str:
    factor = f"(1 - {_PERCENT / 100} * cast(hash(k, rows.row_n) % 1001 as double) / 1000 * least(k, 1))"
    whole = f"case when abs({value}) < {_SCORES_BELOW} then {value} else round({value} * {factor}) end"
    return f"case when {value} = floor({value}) then {whole} else round({value} * {factor}, 2) end"
