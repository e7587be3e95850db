"""Where a study is built: a PostgreSQL database, a DuckDB file beside MIMIC-IV's own files, or Spark's tables."""

import hashlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from psycopg import sql

from analysis_py.marts.reader import INSTALL
from mimic_db import server
from mimic_db.database import connect
from mimic_db.errors import UserError
from mimic_db.load import spark
from mimic_db.load.fingerprint import source_fingerprint
from mimic_db.tables import MODULES

FILES = Path(".duckdb")
SPARK = Path(".spark")
_ADAPTER = "dbt.adapters.duckdb.connections"


class Place(Protocol):
    """What the study asks of each."""

    @property
    def schema(self) -> str:
        """The schema of the marts."""

    @property
    def target(self) -> str:
        """The output of the profile in profiles.example.yml."""

    def environment(self) -> Mapping[str, str]:
        """What the profile takes from the environment."""

    def state(self) -> str:
        """A hash that changes with the source data."""

    def mark(self) -> str | None:
        """What `set_mark` has left; a build takes it away."""

    def set_mark(self, mark: str) -> None:
        """Say what the tables were made from."""

    def whereabouts(self) -> str:
        """Where the tables are, and how to look at them."""

    def session(self) -> AbstractContextManager[Any]:
        """What dbt, in this process, works within; nothing of it is left open afterwards."""


@dataclass(frozen=True)
class Database:
    """A PostgreSQL database; `sources` are the schemas that the models read."""

    dsn: str
    schema: str
    sources: Sequence[str]
    is_embedded: bool
    target = "dev"

    def environment(self) -> Mapping[str, str]:
        # a database or role may ask for another encoding, in which our texts cannot be written
        return server.dbt_environment(self.dsn) | {"DEXSIC_SCHEMA": self.schema, "PGCLIENTENCODING": "UTF8"}

    def state(self) -> str:
        with connect(self.dsn) as connection:
            return source_fingerprint(connection, self.sources)

    def mark(self) -> str | None:
        with connect(self.dsn) as connection:
            row = connection.execute(
                "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = %s", [self.schema]
            ).fetchone()
        return row[0] if row else None

    def set_mark(self, mark: str) -> None:
        with connect(self.dsn) as connection:
            connection.execute(
                sql.SQL("comment on schema {} is {}").format(sql.Identifier(self.schema), sql.Literal(mark))
            )

    def whereabouts(self) -> str:
        options = f"--database {self.dsn.rpartition('/')[2]}" if self.is_embedded else "--dsn ..."
        return f"database    schema {self.schema}: try  python -m mimic_db psql {options}"

    def session(self) -> AbstractContextManager[Any]:
        return nullcontext()


@dataclass(frozen=True)
class DuckDBFile:
    """A DuckDB file with the marts; `folder` holds hosp/ and icu/, which are read in place."""

    path: Path
    schema: str
    folder: Path
    target = "duckdb"

    def environment(self) -> Mapping[str, str]:
        return {"DEXSIC_DUCKDB": str(self.path), "DEXSIC_CSV": str(self.folder), "DEXSIC_SCHEMA": self.schema}

    def state(self) -> str:
        files = sorted(path for module in MODULES for path in (self.folder / module).glob("*") if path.is_file())
        found = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
        return hashlib.sha256(repr(found).encode()).hexdigest()

    def mark(self) -> str | None:
        if not self.path.exists():
            return None
        with self._open(read_only=True) as connection:
            row = connection.execute(
                "select comment from duckdb_tables() where schema_name = ? and table_name = 'build_run'", [self.schema]
            ).fetchone()
        return row[0] if row else None

    def set_mark(self, mark: str) -> None:
        table = sql.Identifier(self.schema, "build_run")
        with self._open() as connection:
            connection.execute(sql.SQL("comment on table {} is {}").format(table, sql.Literal(mark)).as_string(None))

    def whereabouts(self) -> str:
        return f"tables      schema {self.schema} of {self.path}: try  duckdb {self.path}"

    @contextmanager
    def session(self) -> Iterator[None]:
        try:
            yield
        finally:
            release()

    @contextmanager
    def _open(self, read_only: bool = False) -> Iterator[Any]:
        duckdb = importlib.import_module("duckdb")
        try:
            connection = duckdb.connect(str(self.path), read_only=read_only)
        except duckdb.Error as error:
            if "lock" in str(error):
                raise UserError(
                    f"another build or analysis is using the file {self.path}: wait until it has ended, or choose"
                    " another file (DEXSIC_DUCKDB)"
                ) from error
            raise UserError(f"the file {self.path} cannot be opened: {str(error).splitlines()[0]}") from error
        with connection:
            yield connection


@dataclass(frozen=True)
class SparkFolder:
    """A folder of Spark's tables: those of MIMIC-IV, which are written there beforehand, and the marts."""

    path: Path
    schema: str
    target = "spark"

    @property
    def marts(self) -> Path:
        """The folder that holds a folder of Parquet for each mart."""
        return spark.tables_of(self.path, self.schema)

    def environment(self) -> Mapping[str, str]:
        return {"DEXSIC_SPARK": str(self.path), "DEXSIC_SCHEMA": self.schema}

    def state(self) -> str:
        return spark.state_of_sources(self.path)

    def mark(self) -> str | None:
        return self._mark.read_text(encoding="utf-8") if self._mark.is_file() else None

    def set_mark(self, mark: str) -> None:
        self._mark.write_text(mark, encoding="utf-8")

    def whereabouts(self) -> str:
        return f"tables      in Parquet, a folder for each, in {self.marts}"

    @contextmanager
    def session(self) -> Iterator[None]:
        with spark.session(self.path) as opened:
            spark.clear(opened, self.path, self.schema)
            yield

    @property
    def _mark(self) -> Path:
        # Spark passes over the name, and removes it when a build writes its record anew
        return self.marts / "build_run" / "_mark"


def duckdb_file(folder: Path, name: str, schema: str) -> DuckDBFile:
    """The file for a folder of MIMIC-IV: DEXSIC_DUCKDB, or one of that name in .duckdb.

    Raises:
        UserError: DuckDB is not installed, or there is no such folder.
    """
    if any(importlib.util.find_spec(module) is None for module in ("duckdb", _ADAPTER.rpartition(".")[0])):
        raise UserError(f"DuckDB is not installed: {INSTALL}")
    if not all((folder / module).is_dir() for module in MODULES):
        raise UserError(f"{folder} is no folder with hosp/ and icu/, as PhysioNet ships MIMIC-IV")
    path = Path(os.environ.get("DEXSIC_DUCKDB") or FILES / f"{name}.duckdb").resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    return DuckDBFile(path, schema, folder.resolve())


def spark_folder(name: str, schema: str) -> SparkFolder:
    """The folder for Spark's tables: DEXSIC_SPARK, or one of that name in .spark.

    Raises:
        UserError: Spark, DuckDB or Java is not installed.
    """
    spark.require_spark()
    return SparkFolder(Path(os.environ.get("DEXSIC_SPARK") or SPARK / name).resolve(), schema)


def release() -> None:
    """Close the file that dbt leaves open in this process."""
    if _ADAPTER in sys.modules:
        sys.modules[_ADAPTER].DuckDBConnectionManager.close_all_connections()
