"""Has the source data changed since the last build? Told from the catalog, without reading a table."""

import hashlib
from collections.abc import Iterable

from mimic_db.database import Connection


def source_fingerprint(connection: Connection, schemas: Iterable[str]) -> str:
    """A hash that changes when a table in `schemas` is loaded, written to, or replaced.

    Needs no privilege on the tables. Sizes do not count: vacuum gives back what a COPY reserved. It may change without
    need (a rewrite by VACUUM FULL, a crash that resets the statistics), so a rebuild may be needless but never missed.
    A session's own writes count once it has ended (or after a second of idling), because the server reports them then.
    """
    rows = connection.execute(
        """
        select n.nspname, c.relname, c.oid::bigint, c.relfilenode::bigint,
               s.n_tup_ins, s.n_tup_upd, s.n_tup_del
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        left join pg_stat_all_tables s on s.relid = c.oid
        where n.nspname = any(%s) and c.relkind in ('r', 'p', 'm', 'v', 'f')
        order by 1, 2
        """,
        [sorted(schemas)],
    )
    return hashlib.sha256(repr(rows.fetchall()).encode()).hexdigest()
