"""Connecting, and saying in one sentence what went wrong, without a value from a row."""

import re
from typing import Any

import psycopg

from mimic_db.errors import UserError

Connection = psycopg.Connection[tuple[Any, ...]]

# sqlstate -> what it means for somebody who reads or loads a table
_MEANINGS = {
    "22P02": "a value is not of the column's type",
    "22007": "a value is no date or time",
    "22008": "a date or time is out of range",
    "22003": "a number is out of range",
    "22001": "a text is longer than the column",
    "22P04": "the row does not have as many values as the header has columns, or a quote is not closed",
    "22021": "the file is not UTF-8 text",
    "23502": "a required value is missing",
    "25006": "the server is read-only",
    "42501": "the role lacks the privilege",
    "42P01": "a table does not exist",
    "53100": "the server's disk is full: free space there and run the same command again",
    "53200": "the server is out of memory",
    "55P03": "another session holds a lock on the table: end it and run the same command again",
    "57014": "the query was canceled",
}
_DATA_ERRORS = ("22", "23")


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
        reason = str(error).strip().splitlines()[-1].strip()
        raise UserError(f"cannot connect to the database: {reason}; is the server running and the DSN right?") from None
    except psycopg.ProgrammingError:
        raise UserError("the DSN is no connection string: write postgresql://user@host:5432/dbname") from None


def explain(error: psycopg.Error) -> str:
    """What `error` means, with line and column of a COPY; the server's own text holds the row: it is not repeated."""
    state = error.sqlstate
    if state is None or state.startswith(("08", "57P")):
        return "the server closed the connection (stopped or crashed?): start it and run the same command again"
    meaning = _MEANINGS.get(state)
    if state.startswith(_DATA_ERRORS):
        return (meaning or f"a row is not valid (SQLSTATE {state})") + _place(error)
    if meaning is None or state == "42501":
        # not about a value: the server's first line names the object and helps
        return f"{meaning or 'the server refused'}: {error.diag.message_primary}"
    return meaning


def _place(error: psycopg.Error) -> str:
    """', line 3, column valuenum' where the error came from a COPY."""
    found = re.match(r"COPY [^,]+, line (\d+)(?:, column ([^:]+))?", error.diag.context or "")
    if not found:
        return ""
    column = found[2] or error.diag.column_name
    return f", line {found[1]}" + (f", column {column}" if column else "")
