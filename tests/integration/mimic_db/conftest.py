"""New databases to load into, and one that is loaded."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mimic_db.__main__ import main


@pytest.fixture
def dsn(make_database: Callable[[], str]) -> str:
    return make_database()


@pytest.fixture(scope="module")
def shared_dsn(make_database: Callable[[], str]) -> str:
    return make_database()


@pytest.fixture
def loaded_dsn(make_database: Callable[[], str], mimic_folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """A database with every table that the study needs."""
    created = make_database()
    assert main(["load", "--csv", str(mimic_folder), "--dsn", created]) == 0
    capsys.readouterr()
    return created
