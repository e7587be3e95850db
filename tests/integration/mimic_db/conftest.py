"""New databases to load into."""

from collections.abc import Callable

import pytest


@pytest.fixture
def dsn(make_database: Callable[[], str]) -> str:
    return make_database()


@pytest.fixture(scope="module")
def shared_dsn(make_database: Callable[[], str]) -> str:
    return make_database()
