"""Which database the options --dsn and --database name."""

import argparse

from mimic_db import server
from mimic_db.errors import UserError


def named(args: argparse.Namespace) -> str:
    """The DSN that the options name: somebody's server, or a database of the embedded one.

    Raises:
        UserError: the embedded server has no such database, or several and none is named.
    """
    if args.dsn:
        return server.with_database(args.dsn, args.database)
    if name := there(args.database):
        return server.url(name)
    names = server.databases()
    if len(names) == 1:
        return server.url(names[0])
    raise UserError(
        f"which data set? --database {' | '.join(names)}" if names else "the embedded server holds no data set yet"
    )


def there(name: str | None) -> str | None:
    """A name that the embedded server has: a database of a misspelt one would be empty.

    Raises:
        UserError: it has none of that name.
    """
    if name and name != "postgres" and name not in (names := server.databases()):
        others = f"it has {', '.join(names)}" if names else "it holds no data set yet"
        raise UserError(f"the embedded server has no database {name}: {others}")
    return name
