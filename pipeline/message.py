"""dbt's messages in one line: of a server's text the cause and the remedy, and no value of a row."""

import re
from collections.abc import Sequence

from analysis_py.marts.refusal import remedy

_AGAIN = "run the same command again"
_LOST = (
    r"server closed the connection|terminating connection|connection already closed|the database system is|SSL SYSCALL"
)
_MEANINGS = {
    r"due to lock timeout": f"another session holds a lock on a table that is needed: end that session, then {_AGAIN}",
    r"due to statement timeout|transaction timeout": (
        "a time limit of the role or database (statement_timeout, transaction_timeout) ended the query:"
        f" set it to 0 for this role, then {_AGAIN}"
    ),
    r"idle-(in-transaction|session) timeout": (
        "a time limit of the role or database (idle_in_transaction_session_timeout, idle_session_timeout) ended the"
        f" session: set it to 0 for this role, then {_AGAIN}"
    ),
    r"due to user request": f"somebody cancelled the query: {_AGAIN}",
    r"No space left on device|could not (extend|write to) (file|temporary file)|could not write block": (
        f"the server's disk is full: free space there, then {_AGAIN}"
    ),
    r"temporary file size exceeds": (
        f"the query needs more temporary disk than temp_file_limit allows: raise it for this role, then {_AGAIN}"
    ),
    r"deadlock detected": f"another session used the same tables at the same time: {_AGAIN}",
    r"read-only transaction": (
        "the role or database may only read (default_transaction_read_only):"
        f" set it to off for this role, then {_AGAIN}"
    ),
    r"could not serialize access": f"another session changed the same tables at the same time: {_AGAIN}",
    r"another build is using the schema": f"another build is using the schema: wait until it has ended, then {_AGAIN}",
    _LOST: f"the server closed the connection (stopped or crashed?): start it, then {_AGAIN}",
    r"permission denied for database": (
        "the role may not make a schema: ask the database's owner for `create schema dexsic authorization` this role"
    ),
}
_NOT_WRITABLE = r"\[Errno (13|30)\]"  # no permission, a read-only file system
_REFUSED = r"connection to server .* failed: (.*)"


def told(message: str) -> str:
    """What dbt's message means: cause and remedy where it tells of a fault outside, else itself in one line."""
    text = one_line(message)
    if refused := re.search(_REFUSED, text):
        return f"no connection to the server ({refused[1]}): {remedy(text)} Then {_AGAIN}"
    if re.match(_NOT_WRITABLE, text):
        return f"{text}: name other folders for dbt's files (DBT_LOG_PATH, DBT_TARGET_PATH), then {_AGAIN}"
    return next((meaning for pattern, meaning in _MEANINGS.items() if re.search(pattern, text)), text)


def each_once(failed: Sequence[tuple[str, str]]) -> list[str]:
    """A line for each thing that went wrong, of what failed and dbt's messages: one cause may end many a model."""
    of_cause: dict[str, list[str]] = {}
    for name, message in failed:
        of_cause.setdefault(told(message), []).append(name)
    return [
        names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else "") + f": {cause}"
        for cause, names in of_cause.items()
    ]


def one_line(message: str) -> str:
    """dbt's message without line breaks, and without what PostgreSQL or DuckDB quotes from a row."""
    message = re.sub(
        r"Original Line:.*?(?=\n\s*(Error when|Possible|Expected|file =)|\Z)", "", message, flags=re.DOTALL
    )
    message = re.sub(r'string ".*?" to', "a value to", message, flags=re.DOTALL)
    lines = [line.strip() for line in message.splitlines()]
    lines = [line for line in lines if line and not line.startswith(("compiled code", "> in macro", "> called by"))]
    return re.sub(r': ".*?"$', "", " ".join(lines[:3]))
