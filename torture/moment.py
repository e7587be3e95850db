"""Waiting for the moment at which a fault is to strike: while a command waits at a closed gate, or as it connects."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg import sql

from mimic_db import server
from torture.ground import NAME
from torture.process import Running

PATIENCE = 60.0
_WAITING = "select 1 from pg_stat_activity where datname = %s and wait_event_type = 'Lock'"
_SESSIONS = (
    "select pid from pg_stat_activity where datname = %s and application_name <> 'torture' and pid <> pg_backend_pid()"
)

Connection = psycopg.Connection[tuple[object, ...]]


@contextmanager
def watcher(dsn: str) -> Iterator[Connection]:
    """A session in another database of the same server, to look on; a server that dies is no error."""
    aside = server.with_database(dsn, "postgres")
    with psycopg.connect(aside, autocommit=True, application_name="torture") as connection:
        try:
            yield connection
        finally:
            with suppress(psycopg.Error):
                connection.close()


@contextmanager
def lock(dsn: str, table: str, mode: str = "access exclusive") -> Iterator[None]:
    """Another session that holds a lock on a table and says nothing: a gate at which a command stops."""
    with psycopg.connect(dsn, application_name="torture") as connection:
        schema, _, name = table.partition(".")
        connection.execute(sql.SQL("lock table {} in {} mode").format(sql.Identifier(schema, name), sql.SQL(mode)))
        try:
            yield
        finally:
            with suppress(psycopg.Error):
                connection.close()


def at_the_gate(watching: Connection, running: Running) -> bool:
    """Wait until a session of the command waits for a lock; False if the command is over before."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and not running.is_over:
        if watching.execute(_WAITING, [NAME]).fetchone():
            return True
        time.sleep(0.01)
    return False


def connected(watching: Connection, running: Running) -> bool:
    """Wait until the command has a session; False if it is over before."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and not running.is_over:
        if sessions(watching):
            return True
        time.sleep(0.01)
    return False


def sessions(watching: Connection) -> list[int]:
    """Process numbers of the command's sessions."""
    return [int(str(pid)) for (pid,) in watching.execute(_SESSIONS, [NAME]).fetchall()]
