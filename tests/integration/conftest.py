"""Databases with our tables built in them, one build per session for all tests that read it."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mimic_db import server
from mimic_db.__main__ import main as mimic_db

PROJECT = Path(__file__).parents[2]
GENERATED_STAYS = 300

BuildMarts = Callable[..., None]


@pytest.fixture(scope="session")
def build_marts(tmp_path_factory: pytest.TempPathFactory) -> BuildMarts:
    """Call it with a DSN: seeds and models, without tests; `schema` and `variables` (YAML) as wanted."""
    folder = tmp_path_factory.mktemp("dbt")
    shutil.copy(PROJECT / "profiles.example.yml", folder / "profiles.yml")

    def build(dsn: str, schema: str = "dexsic", variables: str = "{}") -> None:
        command = ["build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test", "--quiet"]
        command += ["--project-dir", str(PROJECT), "--profiles-dir", str(folder), "--vars", variables]
        command += ["--target-path", str(folder / "target"), "--log-path", str(folder)]
        environment = server.dbt_environment(dsn) | {"DEXSIC_SCHEMA": schema, "PATH": "/usr/bin:/bin"}
        done = subprocess.run(
            [Path(sys.executable).with_name("dbt"), *command],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout

    return build


@pytest.fixture(scope="session")
def built_demo(demo_folder: Path, make_database: Callable[[], str], build_marts: BuildMarts) -> str:
    """DSN of the MIMIC-IV demo with our tables in the schema dexsic; for tests marked needs_shared."""
    dsn = make_database()
    assert mimic_db(["load", "--csv", str(demo_folder), "--dsn", dsn]) == 0
    build_marts(dsn)
    return dsn


@pytest.fixture(scope="session")
def built_generated(make_database: Callable[[], str], build_marts: BuildMarts) -> str:
    """DSN of generated data with our tables in the schema dexsic."""
    dsn = make_database()
    assert mimic_db(["generate", "--stays", str(GENERATED_STAYS), "--seed", "7", "--dsn", dsn]) == 0
    build_marts(dsn)
    return dsn
