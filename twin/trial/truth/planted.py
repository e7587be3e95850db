"""What was planted in each control, in the schema of truth: which answers to what, and which is off on purpose."""

from typing import Final

from psycopg import sql

from mimic_db.database import Connection
from twin.trial.controls import CONFOUNDED, EXPOSURES, OUTCOMES

CONTROLS: Final = "control_planted"


def write_controls(connection: Connection, schema: str) -> None:
    """A row per control.

    `illness`, `unmeasured`: of an exposure, multiples of dexmedetomidine's answer to both; of an outcome, log odds per
    standard deviation of the cause at strength 1.
    """
    table = sql.Identifier(schema, CONTROLS)
    connection.execute(
        sql.SQL(
            "create table {} (control text primary key, kind text, illness double precision,"
            " unmeasured double precision, is_confounded boolean)"
        ).format(table)
    )
    rows = [(each.name, "exposure", each.illness, each.unmeasured, each.name == CONFOUNDED) for each in EXPOSURES]
    rows += [(each.name, "outcome", 0.0, each.unmeasured, False) for each in OUTCOMES]
    with connection.cursor() as cursor:
        cursor.executemany(sql.SQL("insert into {} values (%s, %s, %s, %s, %s)").format(table), rows)
