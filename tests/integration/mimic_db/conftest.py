"""A small database that several tests of the checks begin with."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mimic_db.__main__ import main


@pytest.fixture
def dsn(make_database: Callable[[], str], mimic_folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """A database with every table that the study needs."""
    created = make_database()
    assert main(["load", "--csv", str(mimic_folder), "--dsn", created]) == 0
    capsys.readouterr()
    return created
