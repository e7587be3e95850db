"""What the faults are tried on: small generated data, once as files, once raw and once built, and its results."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from mimic_db import server
from mimic_db.errors import UserError
from mimic_db.tables import OFFICIAL_SCHEMAS, TABLES
from torture import content
from torture.campaign import Workshop
from torture.content import Hashes
from torture.message import excerpt
from torture.process import PROJECT, run
from twin.name import database_name
from twin.trial.design import TrialDesign

STAYS, SEED = "300", "7"
NAME = database_name(int(STAYS), int(SEED), TrialDesign())  # the database that `python -m study` takes for these data
EMPTY, RAW, BUILT = "ground_empty", "ground_raw", "ground_built"
SCHEMA = "dexsic"
RESULTS = "results.csv"  # of the output folder, what does not tell when it was made


@dataclass(frozen=True)
class Ground:
    """Databases to copy from, files to load, earlier results; `marts`, `raw` and `results` are what must come out."""

    shop: Workshop
    environment: Mapping[str, str] = field(repr=False)
    csv: Path
    profiles: Path
    output: Path
    raw: Hashes
    marts: Hashes
    results: Hashes
    light: bool

    def database(self, template: str) -> str:
        """DSN of the database NAME, made anew from one of EMPTY, RAW, BUILT."""
        server.start(self.shop.data_dir)
        _copy(self.shop.data_dir, template, NAME)
        return server.url(NAME, self.shop.data_dir)


def make_ground(shop: Workshop, light: bool) -> Ground:
    """Generate, build and analyse once, undisturbed; `light` without `study` around dbt and the statistics.

    Raises:
        UserError: that does not work even without a fault.
    """
    csv, profiles, output = shop.folder / "csv", shop.folder / "profiles", shop.folder / "undisturbed"
    profiles.mkdir()
    shutil.copy(PROJECT / "profiles.example.yml", profiles / "profiles.yml")
    environment = {
        "DEXSIC_PGDATA": str(shop.data_dir),
        "DEXSIC_SCHEMA": SCHEMA,
        "DBT_TARGET_PATH": str(shop.folder / "target"),
        "DBT_LOG_PATH": str(shop.folder / "logs"),
        # what is tried here are faults, not the project's tests, which take most of a build's time
        "DBT_EXCLUDE_RESOURCE_TYPES": "test unit_test",
        "DEXSIC_LOCK_TIMEOUT": "2s",
    }
    server.ensure_database(EMPTY, shop.data_dir)
    dsn = server.ensure_database(NAME, shop.data_dir)
    environment |= {name: value for name, value in server.dbt_environment(dsn).items() if name.startswith("DEXSIC_")}
    _must_work(shop, environment, "twin", "generate", "--stays", STAYS, "--seed", SEED, "--database", NAME)
    _copy(shop.data_dir, NAME, RAW)
    _write_files(dsn, csv)
    if light:
        _must_work(shop, environment, *dbt_build(profiles))
        _must_work(shop, environment, *statistics(profiles, output))
    else:
        _must_work(shop, environment, "study", "--stays", STAYS, "--seed", SEED, "--output", str(output))
    _copy(shop.data_dir, NAME, BUILT)
    raw, marts = content.tables(dsn, content.RAW), content.tables(dsn, [SCHEMA])
    return Ground(shop, environment, csv, profiles, output, raw, marts, content.files(output), light)


def dbt_build(profiles: Path) -> tuple[str, ...]:
    """`dbt build` as a module and its arguments."""
    return ("dbt.cli.main", "build", "--quiet", "--project-dir", str(PROJECT), "--profiles-dir", str(profiles))


def statistics(profiles: Path, output: Path) -> tuple[str, ...]:
    """The statistics as `study` would run them."""
    places = ("--profiles-dir", str(profiles), "--output", str(output))
    return ("analysis_py.run", *places, "--seed", SEED, "--suppress-below", "0")


def _must_work(shop: Workshop, environment: Mapping[str, str], *arguments: str) -> None:
    ended = run(arguments, environment, shop.folder)
    if ended.code != 0:
        raise UserError(f"without any fault, `python -m {' '.join(arguments)}` fails: {excerpt(ended.text)}")


def _copy(data_dir: Path, template: str, name: str) -> None:
    with psycopg.connect(server.url("postgres", data_dir), autocommit=True) as connection:
        old, new = sql.Identifier(template), sql.Identifier(name)
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(new))
        connection.execute(sql.SQL("create database {} template {} strategy file_copy").format(new, old))


def _write_files(dsn: str, folder: Path) -> None:
    """The raw tables as files in MIMIC-IV's shape."""
    with psycopg.connect(dsn) as connection:
        for table in TABLES:
            path = folder / table.module / f"{table.name}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            name = sql.Identifier(OFFICIAL_SCHEMAS[table.module], table.name)
            copy = sql.SQL("copy {} to stdout with (format csv, header true)").format(name)
            with connection.cursor().copy(copy) as rows, path.open("wb") as opened:
                for piece in rows:
                    opened.write(piece)
