"""Why a PostgreSQL server does not let us in, and what mends it, by the client's English text: it has no other sign."""

import re

_REMEDIES = {
    r"password authentication failed|no password supplied|authentication failed for user": (
        "is the password right (DEXSIC_PASSWORD in profiles.yml, PGPASSWORD or ~/.pgpass besides)?"
    ),
    r"no pg_hba\.conf entry|pg_hba\.conf rejects": (
        "the server admits no such user, database, address or encryption (its pg_hba.conf): try PGSSLMODE=require, or"
        " ask its owner for an entry"
    ),
    r"SSL|certificate": (
        "server and client do not agree on encryption: set PGSSLMODE (sslmode in the DSN or in profiles.yml) to what"
        " the server offers"
    ),
    r'database ".*" does not exist': "is the database's name right?",
    r'role ".*" does not exist': "is the user's name right?",
    r"permission denied for database": "ask the owner for `grant connect, create on database ... to` this role",
    r"too many clients|connection slots|too many connections": "end other sessions and run this again",
    r"could not translate host name": "is the host's name right?",
}
_OTHERWISE = "is the server running, and are host and port right?"


def remedy(text: str) -> str:
    """What to do about a connection that failed with `text`."""
    return next((told for pattern, told in _REMEDIES.items() if re.search(pattern, text)), _OTHERWISE)
