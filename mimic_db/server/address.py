"""Connection strings: of the embedded server, of another database, and as environment variables."""

import getpass
import re
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Conninfo

from mimic_db.errors import UserError
from mimic_db.server.folder import SUPERUSER
from mimic_db.server.process import status
from mimic_db.server.tuning import PORT


def url(database: str = "postgres", data_dir: Path | None = None) -> str:
    """The connection URI of a database on the running server.

    Raises:
        UserError: the server is not running.
    """
    running = status(data_dir)
    if running is None:
        raise UserError("the embedded server is not running: start it with `python -m mimic_db start`")
    host = str(running.socket_dir).replace("%", "%25").replace("/", "%2F")
    return f"postgresql://{SUPERUSER}@{host}:{PORT}/{database}"


def with_database(dsn: str, database: str | None) -> str:
    """`dsn` with its database replaced, unless `database` is None.

    Raises:
        UserError: `dsn` is no connection string.
    """
    try:
        whole = make_conninfo(dsn, dbname=database) if database else make_conninfo(dsn)
    except psycopg.ProgrammingError:
        # the string may hold a password: do not repeat it
        raise UserError(
            "the DSN is no connection string: write postgresql://user@host:5432/dbname or 'host=... dbname=...'"
        ) from None
    parts = conninfo_to_dict(whole)
    # what follows a bare @ or / of a password is read as host or port, and the server's message would repeat it
    if "@" in str(parts.get("host", "")) or not re.fullmatch(r"[\d,]*", str(parts.get("port", ""))):
        raise UserError("the DSN cannot be read: in a password write %40 for @, %2F for / and %3A for :")
    return whole


def libpq_environment(dsn: str) -> dict[str, str]:
    """The PG* environment variables that say the same as `dsn`, so that no password shows in a command line."""
    given = conninfo_to_dict(dsn)
    variables = {option.keyword.decode(): option.envvar for option in Conninfo.get_defaults()}
    return {
        variable.decode(): str(given[keyword])
        for keyword, variable in variables.items()
        if variable and given.get(keyword) is not None
    }


def dbt_environment(dsn: str) -> dict[str, str]:
    """What profiles.example.yml reads: DEXSIC_HOST, _PORT, _USER, _PASSWORD, _DBNAME; and PG* for the rest (PGSSLMODE).

    What `dsn` leaves open is filled as libpq would, from PGHOST and its like.
    """
    defaults = {option.keyword.decode(): option.val.decode() for option in Conninfo.get_defaults() if option.val}
    given = {key: str(value) for key, value in conninfo_to_dict(dsn).items() if value is not None}
    chosen = defaults | given
    user = chosen.get("user") or getpass.getuser()
    local = "/var/run/postgresql" if Path("/var/run/postgresql").is_dir() else "localhost"
    dexsic = {
        "DEXSIC_HOST": chosen.get("host") or chosen.get("hostaddr") or local,
        "DEXSIC_PORT": chosen.get("port", "5432"),
        "DEXSIC_USER": user,
        "DEXSIC_PASSWORD": chosen.get("password", ""),
        "DEXSIC_DBNAME": chosen.get("dbname") or user,
    }
    return libpq_environment(dsn) | dexsic
