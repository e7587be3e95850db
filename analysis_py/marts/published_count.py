"""What public sources count in a release of MIMIC-IV, and what this build has instead."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from analysis_py.marts.reader import Reader


@dataclass(frozen=True)
class PublishedCount:
    """One row of the mart published_count_comparison; `tolerance` in per cent of what is published.

    `applies` is False where this database is not of that `release`. `difference` is that of the definitions.
    """

    release: str
    quantity: str
    title: str
    measure: str
    model: str
    published: float
    ours: float
    tolerance: float
    applies: bool
    agrees: bool
    difference: str
    source: str


def read_published_counts(connection: Reader, schema: str) -> tuple[PublishedCount, ...]:
    """Every count, by release and quantity. Raises psycopg.ProgrammingError where the mart is absent."""
    query = sql.SQL(
        "select release, quantity, title, measure, model, published, ours, tolerance_percent, applies, agrees,"
        " difference, source from {} order by release, quantity, concept"
    ).format(sql.Identifier(schema, "published_count_comparison"))
    return tuple(PublishedCount(*row) for row in connection.execute(query))


def of_this_release(counts: Sequence[PublishedCount]) -> list[PublishedCount]:
    """Those of the release that this database is; none where it is no release of which counts are published."""
    return [count for count in counts if count.applies]
