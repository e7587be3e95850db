"""The risks of both strategies in a generated database: the truth that the trial is to find, in its schema of truth."""

from dataclasses import dataclass
from typing import Final

from psycopg import sql

from mimic_db.database import Connection

POTENTIAL: Final = "trial_planted"
RISKS: Final = "trial_risk"


@dataclass(frozen=True)
class Risks:
    """28-day death in hospital had everybody followed a strategy: A starts within 48 h, B does not."""

    patients: int
    risk_a: float
    risk_b: float
    difference: float
    ratio: float | None

    def __str__(self) -> str:
        ratio = "none" if self.ratio is None else f"{self.ratio:.3f}"
        return (
            f"planted in {self.patients:,} patients of the trial: 28-day death in hospital {self.risk_a:.2%} if all"
            f" start within 48 h, {self.risk_b:.2%} if nobody does;"
            f" difference {100 * self.difference:+.2f} points, ratio {ratio}"
        )


def write_risks(connection: Connection, schema: str) -> None:
    """Add the table of risks beside both potential outcomes of each patient, where there are any."""
    if not _is_there(connection, schema, POTENTIAL):
        return
    connection.execute(
        sql.SQL(
            "create table {} as select *, risk_a - risk_b as difference, risk_a / nullif(risk_b, 0) as ratio from"
            " (select count(*)::int as patients, avg(died_28d_a::int)::double precision as risk_a,"
            " avg(died_28d_b::int)::double precision as risk_b from {}) as risks"
        ).format(sql.Identifier(schema, RISKS), sql.Identifier(schema, POTENTIAL))
    )


def read_risks(connection: Connection, schema: str) -> Risks | None:
    """The risks that were planted; None in a database of another design, or without patients of the trial."""
    if not _is_there(connection, schema, RISKS):
        return None
    row = connection.execute(
        sql.SQL("select patients, risk_a, risk_b, difference, ratio from {} where patients > 0").format(
            sql.Identifier(schema, RISKS)
        )
    ).fetchone()
    return Risks(*row) if row else None


def _is_there(connection: Connection, schema: str, table: str) -> bool:
    name = sql.Identifier(schema, table).as_string(connection)
    return connection.execute("select to_regclass(%s) is not null", [name]).fetchone() == (True,)
