"""`python -m bench.before COMMIT`: did a change of the house change a number?

Builds the marts of 2,000 generated ICU stays (or of --dsn) with the project as it was at COMMIT and as it is (files
that git does not know are left out), compares every table that both have, cell by cell and to the last digit, then runs
the statistics of both and compares results.csv byte by byte. Exit code 0 if all is the same, 1 if not or after an
error. About five minutes on two cores.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from rich.box import SIMPLE
from rich.table import Table

from bench.builds import PROJECT, run
from mimic_db import server
from mimic_db.database import Connection, connect, explain
from mimic_db.errors import UserError
from twin.__main__ import main as twin
from twin.differences import console

BEFORE, AFTER = "before", "after"
MODELS = ("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test", "--profiles-dir", ".")
RECORD = "build_"  # what a build says of itself: versions and times


@dataclass(frozen=True)
class Compared:
    """A table of both: its rows and columns after, rows that only one of them has, columns that only one has."""

    name: str
    rows: int
    columns: int
    differing: int
    one_sided: tuple[str, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, compare and print; gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.before", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("commit", help="the commit to compare with")
    parser.add_argument("--dsn", help="a database with MIMIC-IV; schemas before and after are written there")
    text = "words of names that were others at the commit, as dex=exposure; can be repeated"
    parser.add_argument("--renamed", action="append", default=[], metavar="OLD=NEW", help=text)
    options = parser.parse_args(arguments)
    renamed = dict(pair.split("=", 1) for pair in options.renamed)
    try:
        return 0 if _same(options.commit, options.dsn or _generated(), renamed) else 1
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
    except psycopg.Error as error:
        print(f"error: {explain(error)}", file=sys.stderr)
    return 1


def _generated() -> str:
    dsn = server.ensure_database("equal_generated")
    if twin(["generate", "--stays", "2000", "--seed", "1", "--dsn", dsn]):
        raise UserError("stopped at the generating: see the message above")
    return dsn


def _same(commit: str, dsn: str, renamed: Mapping[str, str]) -> bool:
    with tempfile.TemporaryDirectory(prefix="dexsic-before-") as folder:
        old, new = Path(folder) / BEFORE, Path(folder) / AFTER
        _unpack(commit, old)
        _unpack(_working_tree(), new)
        for schema, project in ((BEFORE, old), (AFTER, new)):
            (project / "profiles.yml").write_bytes((project / "profiles.example.yml").read_bytes())
            _run(project, dsn, schema, "-m", "dbt.cli.main", *MODELS)
        with connect(dsn) as connection:
            tables = compare(connection, renamed)
        console().print(_listing(tables))
        for schema, project in ((BEFORE, old), (AFTER, new)):
            _run(project, dsn, schema, "-m", "analysis_py.run", "--profiles-dir", ".", "--quiet")
        results = [(project / "output" / "results.csv").read_bytes() for project in (old, new)]
    same_results = results[0] == results[1]
    console().print(f"results.csv: {len(results[1]):,} bytes, {'the same' if same_results else 'NOT the same'}")
    same_tables = not any(table.differing for table in tables)
    return same_tables and same_results


def _working_tree() -> str:
    """A commit of what is in the tree, changes that are not committed with it; HEAD if there are none."""
    made = _git("stash", "create").decode().strip()
    return made or "HEAD"


def _unpack(commit: str, folder: Path) -> None:
    folder.mkdir()
    archive = _git("archive", commit)
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)  # noqa: S603, S607


def _git(*arguments: str) -> bytes:
    done = subprocess.run(["git", *arguments], cwd=PROJECT, capture_output=True, check=False)  # noqa: S603, S607
    if done.returncode:
        raise UserError(f"git {arguments[0]}: {done.stderr.decode().strip()}")
    return done.stdout


def _run(project: Path, dsn: str, schema: str, *command: str) -> None:
    environment = server.dbt_environment(dsn) | {"DEXSIC_SCHEMA": schema, "PYTHONPATH": str(project)}
    console().print(f"{schema}: {command[1].partition('.')[0]}")
    run(command, environment, project)


def compare(connection: Connection, renamed: Mapping[str, str]) -> list[Compared]:
    """Every table and view that the schemas before and after both have, but the build's record of itself.

    Raises:
        UserError: a table of before is not there after.
    """
    old, new = _columns(connection, BEFORE), _columns(connection, AFTER)
    found = []
    for name, columns in old.items():
        now = _now(name, renamed)
        if now.startswith(RECORD):
            continue
        if now not in new:
            raise UserError(f"the table {name} is no more: is it called otherwise (--renamed OLD=NEW)?")
        shared = [(column, _now(column, renamed)) for column in columns if _now(column, renamed) in new[now]]
        gone = [column for column in columns if _now(column, renamed) not in new[now]]
        come = [column for column in new[now] if column not in [after for _, after in shared]]
        rows, differing = _count(connection, name, now, shared)
        found.append(Compared(now, rows, len(shared), differing, (*gone, *come)))
    return found


def _now(name: str, renamed: Mapping[str, str]) -> str:
    for old, new in renamed.items():
        name = re.sub(rf"(?<![a-z0-9]){re.escape(old)}(?![a-z0-9])", new, name)
    return name


def _columns(connection: Connection, schema: str) -> dict[str, list[str]]:
    rows = connection.execute(
        "select table_name, column_name from information_schema.columns where table_schema = %s"
        " order by table_name, ordinal_position",
        [schema],
    ).fetchall()
    found: dict[str, list[str]] = {}
    for table, column in rows:
        found.setdefault(table, []).append(column)
    return found


def _count(connection: Connection, old: str, new: str, columns: Sequence[tuple[str, str]]) -> tuple[int, int]:
    """Rows after, and rows that one side alone has."""
    before = sql.SQL("select {} from {}").format(
        sql.SQL(", ").join(sql.Identifier(column) for column, _ in columns), sql.Identifier(BEFORE, old)
    )
    after = sql.SQL("select {} from {}").format(
        sql.SQL(", ").join(sql.Identifier(column) for _, column in columns), sql.Identifier(AFTER, new)
    )
    query = sql.SQL(
        "with old as materialized ({before}), new as materialized ({after}) select (select count(*) from new),"
        " (select count(*) from (select * from old except all select * from new) as gone)"
        " + (select count(*) from (select * from new except all select * from old) as come)"
    ).format(before=before, after=after)
    row = connection.execute(query).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def _listing(tables: Sequence[Compared]) -> Table:
    listing = Table("table", "rows", "cells", "differing rows", "columns of one side alone", box=SIMPLE)
    for table in tables:
        cells = f"{table.rows * table.columns:,}"
        listing.add_row(table.name, f"{table.rows:,}", cells, f"{table.differing:,}", ", ".join(table.one_sided))
    every = sum(table.rows * table.columns for table in tables)
    listing.add_row("all", "", f"{every:,}", f"{sum(table.differing for table in tables):,}", "")
    return listing


if __name__ == "__main__":
    sys.exit(main())
