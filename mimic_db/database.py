"""Connecting, and saying in one sentence what went wrong, without a value from a row."""

import logging
import re
from typing import Any

import psycopg

from analysis_py.marts.refusal import remedy
from mimic_db.errors import UserError

Connection = psycopg.Connection[tuple[Any, ...]]

# psycopg tells of every connection that it clears up after a loss; the one sentence of explain() is enough
logging.getLogger("psycopg").addHandler(logging.NullHandler())

# sqlstate -> what it means for somebody who reads or loads a table
_MEANINGS = {
    "22P02": "a value is not of the column's type",
    "22007": "a value is no date or time",
    "22008": "a date or time is out of range",
    "22003": "a number is out of range",
    "22001": "a text is longer than the column",
    "22P05": "a character does not exist in the database's encoding: load into a database with encoding UTF8",
    "22P04": "the row does not have as many values as the header has columns, or a quote is not closed",
    "22021": "the file is not UTF-8 text, or holds a zero byte",
    "23502": "a required value is missing",
    "25006": "the server or the session is read-only: connect to the primary server, as a role that may write",
    "25P03": "the server's idle_in_transaction_session_timeout ended the session: run the same command again",
    "25P04": "the server's transaction_timeout ended the session: set PGOPTIONS='-c transaction_timeout=0'",
    "40P01": "another session and this one waited for each other: end it and run the same command again",
    "53300": "the server takes no more sessions: end some and run the same command again",
    "42501": "the role lacks the privilege",
    "42P01": "a table does not exist",
    "53100": "the server's disk is full: free space there and run the same command again",
    "53200": "the server is out of memory",
    "55P03": "another session holds a lock on the table: end it and run the same command again",
    "57P03": "the server is starting or stopping: wait, and run the same command again",
    "57P04": "the database was dropped",
    "57P05": "the server's idle_session_timeout ended the session: run the same command again",
    "58030": "the server cannot read or write its disk: see its log",
}
_DATA_ERRORS = ("22", "23")
_GONE = "the server closed the connection (stopped or crashed?): start it and run the same command again"
_TIMED_OUT = (
    "the server's statement_timeout ended the query: set PGOPTIONS='-c statement_timeout=0' (or `alter role ... set"
    " statement_timeout = 0`) and run the same command again"
)
_CANCELED = "somebody canceled the query on the server: run the same command again"


def connect(dsn: str) -> Connection:
    """A connection in autocommit mode, UTF-8.

    Raises:
        UserError: no server, database or role of that name.
    """
    try:
        return psycopg.connect(
            dsn, autocommit=True, client_encoding="utf8", connect_timeout=10, application_name="mimic_db"
        )
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0].removeprefix("connection failed: ")
        raise UserError(f"cannot connect to the database: {reason}; {remedy(str(error))}") from None
    except psycopg.ProgrammingError:
        raise UserError("the DSN is no connection string: write postgresql://user@host:5432/dbname") from None


def explain(error: psycopg.Error) -> str:
    """What `error` means, with line and column of a COPY; the server's own text holds the row: it is not repeated."""
    state = error.sqlstate
    meaning = _MEANINGS.get(state or "")
    if state is None or (state.startswith(("08", "57P")) and not meaning):
        return _GONE
    if state == "57014":
        return _why_canceled(error.diag.message_primary or "")
    if state.startswith(_DATA_ERRORS):
        return (meaning or f"a row is not valid (SQLSTATE {state})") + _place(error)
    if meaning is None or state == "42501":
        # not about a value: the server's first line names the object and helps
        return f"{meaning or 'the server refused'}: {error.diag.message_primary}"
    return meaning


def _why_canceled(text: str) -> str:
    """Timeout and cancel have one state: only the server's text tells, and it may be in any language."""
    if "timeout" in text:
        return _TIMED_OUT
    return _CANCELED if "user request" in text else f"{_CANCELED}; or {_TIMED_OUT}"


def _place(error: psycopg.Error) -> str:
    """', line 3, column valuenum' where the error came from a COPY."""
    found = re.match(r"COPY [^,]+, line (\d+)(?:, column ([^:]+))?", error.diag.context or "")
    if not found:
        return ""
    column = found[2] or error.diag.column_name
    return f", line {found[1]}" + (f", column {column}" if column else "")
