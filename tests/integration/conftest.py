"""Databases with our tables built in them, one build per session for all tests that read it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mimic_db import server
from mimic_db.__main__ import main as mimic_db

PROJECT = Path(__file__).parents[2]
GENERATED = ("--stays", "300", "--seed", "7")
# seeds and models, without tests
BUILD = ("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")

RunDbt = Callable[..., Path]


@pytest.fixture(scope="session")
def run_dbt(tmp_path_factory: pytest.TempPathFactory) -> RunDbt:
    """Call it with a DSN and dbt's arguments, and `schema` and `variables` (YAML) as wanted, for the target folder."""
    folder = tmp_path_factory.mktemp("dbt")
    shutil.copy(PROJECT / "profiles.example.yml", folder / "profiles.yml")

    def run(dsn: str, *command: str, schema: str = "dexsic", variables: str = "{}") -> Path:
        options = ["--project-dir", str(PROJECT), "--profiles-dir", str(folder), "--vars", variables, "--quiet"]
        options += ["--target-path", str(folder / "target"), "--log-path", str(folder)]
        done = subprocess.run(
            [Path(sys.executable).with_name("dbt"), *command, *options],
            env=os.environ | server.dbt_environment(dsn) | {"DEXSIC_SCHEMA": schema},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return folder / "target"

    return run


@pytest.fixture(scope="session")
def built_demo(demo_folder: Path, make_database: Callable[[], str], run_dbt: RunDbt) -> str:
    """DSN of the MIMIC-IV demo with our tables in the schema dexsic; for tests marked needs_shared."""
    dsn = make_database()
    assert mimic_db(["load", "--csv", str(demo_folder), "--dsn", dsn]) == 0
    run_dbt(dsn, *BUILD)
    return dsn


@pytest.fixture(scope="session")
def built_generated(make_database: Callable[[], str], run_dbt: RunDbt) -> str:
    """DSN of generated data with our tables in the schema dexsic."""
    dsn = make_database()
    assert mimic_db(["generate", *GENERATED, "--dsn", dsn]) == 0
    run_dbt(dsn, *BUILD)
    return dsn
