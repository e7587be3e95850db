"""Where a study is built: a PostgreSQL database, or a DuckDB file beside MIMIC-IV's own files."""

import hashlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from psycopg import sql

from mimic_db import server
from mimic_db.database import connect
from mimic_db.errors import UserError
from mimic_db.fingerprint import source_fingerprint
from mimic_db.tables import MODULES

FILES = Path(".duckdb")
_ADAPTER = "dbt.adapters.duckdb.connections"


class Place(Protocol):
    """What the study asks of either."""

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


@dataclass(frozen=True)
class Database:
    """A PostgreSQL database; `sources` are the schemas that the models read."""

    dsn: str
    schema: str
    sources: Sequence[str]
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


def duckdb_file(folder: Path, name: str, schema: str) -> DuckDBFile:
    """The file for a folder of MIMIC-IV: DEXSIC_DUCKDB, or one of that name in .duckdb.

    Raises:
        UserError: DuckDB is not installed, or there is no such folder.
    """
    if any(importlib.util.find_spec(module) is None for module in ("duckdb", _ADAPTER.rpartition(".")[0])):
        raise UserError("DuckDB is not installed: pip install --no-deps -r requirements-duckdb.txt")
    if not all((folder / module).is_dir() for module in MODULES):
        raise UserError(f"{folder} is no folder with hosp/ and icu/, as PhysioNet ships MIMIC-IV")
    path = Path(os.environ.get("DEXSIC_DUCKDB") or FILES / f"{name}.duckdb").resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    return DuckDBFile(path, schema, folder.resolve())


def release() -> None:
    """Close the file that dbt leaves open in this process."""
    if _ADAPTER in sys.modules:
        sys.modules[_ADAPTER].DuckDBConnectionManager.close_all_connections()
