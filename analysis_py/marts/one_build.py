"""The marts are read only as one finished build has left them."""

from typing import Any

import psycopg

from analysis_py.marts.build_record import BuildRecord
from analysis_py.marts.errors import StudyError

UNCHECKED = "The schema holds no record of a build: whether its tables are all of one build could not be checked."
_WHY = {
    "unfinished": "the last dbt build did not finish (interrupted, or the server went away): mend the cause",
    "failed": "the last dbt build failed: mend what it reported (logs/dbt.log)",
    "partial": "they are of different data (or data that changed meanwhile), definitions or project files",
    "cloned": "they are views on those of another schema (dbt clone), which a build there changes: read that schema",
}


def keep_builds_out(connection: psycopg.Connection[Any], schema: str) -> None:
    """No build begins in `schema` as long as `connection` is open (macros/build/lock.sql takes the same lock, alone).

    Call it outside a transaction: the first statement of a transaction fixes what it sees.

    Raises:
        StudyError: a build is running.
    """
    found = connection.execute(
        "select pg_try_advisory_lock_shared(hashtext('dexsic'), hashtext(%s))", [schema]
    ).fetchone()
    if found != (True,):
        raise StudyError(f"a dbt build is running in the schema {schema}: wait until it has ended, then run this again")


def require_one_build(build: BuildRecord, schema: str) -> None:
    """Raise StudyError unless all models are of one finished build; without a record nothing can be said."""
    if build.status in _WHY:
        raise StudyError(
            f"the tables in {schema} may not fit together: {_WHY[build.status]},"
            f" {'or' if build.status == 'cloned' else 'then'} run `dbt build` without a selection"
        )
