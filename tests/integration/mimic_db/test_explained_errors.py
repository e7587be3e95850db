"""What the server says is told as cause and remedy."""

import threading
from collections.abc import Callable, Iterator

import psycopg
import pytest

from mimic_db.database import Connection, connect, explain


@pytest.fixture
def connection(make_database: Callable[[], str]) -> Iterator[Connection]:
    with connect(make_database()) as connected:
        yield connected


def told(connection: Connection, statement: str) -> str:
    with pytest.raises(psycopg.Error) as raised:
        connection.execute(statement.encode())
    return explain(raised.value)


def test_a_statement_timeout_names_its_setting(connection: Connection) -> None:
    connection.execute("set statement_timeout = 20")
    assert "PGOPTIONS='-c statement_timeout=0'" in told(connection, "select pg_sleep(9)")


def test_a_query_that_somebody_cancels(connection: Connection) -> None:
    timer = threading.Timer(0.2, connection.cancel)
    timer.start()
    assert "somebody canceled the query" in told(connection, "select pg_sleep(9)")
    timer.join()


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("53100", "disk is full"),
        ("53200", "out of memory"),
        ("53300", "no more sessions"),
        ("55P03", "holds a lock"),
        ("57P01", "the server closed the connection"),
        ("57P02", "the server closed the connection"),
        ("57P03", "starting or stopping: wait"),
        ("08006", "the server closed the connection"),
        ("40P01", "waited for each other"),
        ("22P05", "encoding UTF8"),
    ],
)
def test_each_state_has_its_words(state: str, word: str, connection: Connection) -> None:
    raise_it = f"do $$ begin raise exception 'own words' using errcode = '{state}'; end $$"
    message = told(connection, raise_it)
    assert word in message
    assert "own words" not in message


def test_an_idle_session_that_the_server_ended(connection: Connection) -> None:
    connection.execute("set idle_session_timeout = 20")
    threading.Event().wait(0.2)
    assert "again" in told(connection, "select 1")
