"""What the mart data_quality found in the source rows."""

from dataclasses import dataclass

from psycopg import sql

from analysis_py.marts.reader import Reader


@dataclass(frozen=True)
class QualityCheck:
    """One row of the mart: `affected` of `rows` source rows are faulty; limits in per cent of the rows.

    Where the check is about words, `concept` is an unknown one and `rows` are those of the whole vocabulary.
    """

    name: str
    source: str
    concept: str
    rows: int
    affected: int
    warn_above: float
    error_above: float
    handling: str
    meaning: str
    about_words: bool

    @property
    def percent(self) -> float:
        """Share of the rows that are faulty."""
        return 100 * self.affected / self.rows if self.rows else 0.0

    @property
    def above(self) -> str:
        """The limit that is exceeded, in a word; empty when none is."""
        if self.percent > self.error_above:
            return "✕ error"
        return "▲ warning" if self.percent > self.warn_above else ""


def read_quality(connection: Reader, schema: str) -> tuple[QualityCheck, ...]:
    """Every check, in the order of its name. Raises psycopg.ProgrammingError where the mart is absent."""
    query = sql.SQL(
        "select check_name, source_table, concept, n_rows, n_affected, warn_above_percent, error_above_percent,"
        " handling, meaning, is_about_words from {} order by check_name, concept"
    ).format(sql.Identifier(schema, "data_quality"))
    return tuple(QualityCheck(*row) for row in connection.execute(query))
