"""What the marts are read from: a PostgreSQL connection, or files that DuckDB reads and that answer in the same way."""

import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import psycopg
from psycopg import sql

from analysis_py.marts.errors import StudyError, first_line

INSTALL = "pip install --no-deps -r requirements/duckdb.txt"
_MARTS = "marts_of_the_file"  # the file's own name may be that of the schema, and then names neither
_Found = TypeVar("_Found")


class Reader(Protocol):
    """A psycopg.Connection, as far as the marts need one."""

    def execute(self, query: sql.Composed, /) -> Any:
        """The rows of a query, as a cursor."""

    def transaction(self) -> AbstractContextManager[Any]:
        """A block that may fail without an end to everything."""


def attempt(reader: Reader, read: Callable[..., _Found], *arguments: Any) -> _Found | None:
    """What `read` finds, or None; the transaction around it goes on as if nothing had been asked."""
    try:
        with reader.transaction():  # a savepoint within the reader's transaction
            return read(reader, *arguments)
    except (psycopg.ProgrammingError, ValueError, TypeError):  # not there, not to be read, not what this version writes
        return None


@dataclass(frozen=True)
class DuckDBReader:
    """DuckDB, on files. What goes wrong is raised as PostgreSQL would: one place explains both."""

    connection: Any

    def execute(self, query: sql.Composed, /) -> "_Rows":
        """The rows of a query, which is written like one for PostgreSQL."""
        duckdb = importlib.import_module("duckdb")
        try:
            return _Rows(self.connection.execute(query.as_string(None)))
        except duckdb.CatalogException as error:
            raise psycopg.errors.UndefinedTable(first_line(error)) from error
        except duckdb.BinderException as error:
            raise psycopg.errors.UndefinedColumn(first_line(error)) from error
        except duckdb.Error as error:
            raise psycopg.DatabaseError(first_line(error)) from error

    def transaction(self) -> AbstractContextManager[Any]:
        """Nothing to do: a query that fails leaves the file as it is."""
        return nullcontext()


@dataclass(frozen=True)
class _Rows:
    cursor: Any

    @property
    def description(self) -> list["_Column"]:
        return [_Column(column[0]) for column in self.cursor.description or ()]

    def fetchone(self) -> Any:
        return self.cursor.fetchone()

    def fetchall(self) -> list[Any]:
        found: list[Any] = self.cursor.fetchall()
        return found

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fetchall())


@dataclass(frozen=True)
class _Column:
    name: str


@contextmanager
def open_file(path: Path) -> Iterator[DuckDBReader]:
    """The marts in a DuckDB file, which nobody can write as long as it is open.

    Raises:
        StudyError: DuckDB or the file is not there, a build is running, or it is no such file.
    """
    duckdb = _duckdb(path)
    if not path.is_file():
        raise StudyError(f"there is no file {path}: run `dbt build` first, with the same profile and target")
    with duckdb.connect() as connection:
        try:
            connection.execute(
                sql.SQL("attach {} as {} (read_only)")
                .format(sql.Literal(str(path)), sql.Identifier(_MARTS))
                .as_string(None)
            )
        except duckdb.IOException as error:
            if "lock" in str(error):
                raise StudyError(
                    f"a dbt build is running in the file {path} (or another program holds it): wait until it has"
                    " ended, then run this again"
                ) from error
            raise StudyError(f"{path} cannot be read as a DuckDB file: {first_line(error)}") from error
        except duckdb.Error as error:
            raise StudyError(f"{path} cannot be read as a DuckDB file: {first_line(error)}") from error
        connection.execute(f"use {_MARTS}")
        yield DuckDBReader(connection)


@contextmanager
def open_parquet(folder: Path, schema: str) -> Iterator[DuckDBReader]:
    """The tables of Spark's `schema`, each a folder of Parquet files in `folder`; their times are UTC.

    Raises:
        StudyError: DuckDB or the folder is not there, or a build has begun while the tables were read.
    """
    duckdb = _duckdb(folder)
    if not folder.is_dir():
        raise StudyError(f"there is no folder {folder}: run `dbt build` first, with the same profile and target")
    before = _files(folder / "build_run")
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        reader = DuckDBReader(connection)
        try:
            reader.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
            for table in sorted(folder.iterdir()):
                if files := _files(table):
                    _show(reader, schema, table.name, files)
            yield reader
        except psycopg.Error:
            if _files(folder / "build_run") == before:
                raise
        # every build writes its record anew, first and last, and Spark gives each file a name of its own
        if _files(folder / "build_run") != before:
            raise StudyError(
                f"a dbt build has begun in {folder} while its tables were read: wait until it has ended, then run this"
                " again"
            )


def _show(reader: DuckDBReader, schema: str, table: str, files: Sequence[str]) -> None:
    """A view of that name on the files."""
    source = sql.SQL("read_parquet([{}])").format(sql.SQL(", ").join(map(sql.Literal, files)))
    cells = sql.SQL(", ").join(
        sql.SQL("cast({0} as timestamp) as {0}" if kind.startswith("TIMESTAMP") else "{0}").format(sql.Identifier(name))
        for name, kind, *_ in reader.execute(sql.SQL("describe select * from {}").format(source))
    )
    reader.execute(sql.SQL("create view {} as select {} from {}").format(sql.Identifier(schema, table), cells, source))


def _files(table: Path) -> list[str]:
    return sorted(map(str, table.glob("*.parquet")))


def _duckdb(marts: Path) -> Any:
    try:
        return importlib.import_module("duckdb")
    except ImportError:
        raise StudyError(f"DuckDB reads the marts in {marts}, and is not installed: {INSTALL}") from None
