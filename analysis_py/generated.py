"""Patients made by `python -m mimic_db generate`: how they are told from real ones, and what marks their results.

Found in the database and not asked for, so that nobody can leave the marks out.
"""

from typing import Any

import pandas as pd
import psycopg
from psycopg import sql

PATIENTS = "generated patients"
WATERMARK = "GENERATED DATA\nno evidence"
_STAMPS = {"generated": ("stays", "seed", "design"), "zigong_generated": ("patients", "seed", "design")}


def read_stamp(connection: psycopg.Connection[Any], table: str = "generated") -> str:
    """What a generator says that it wrote into this database; empty where it wrote nothing or is not to be read."""
    columns = _STAMPS[table]
    # asked of the catalog first: a refused query would end the transaction that reads the marts
    readable = connection.execute(
        """
        select count(*)
        from pg_namespace n
        join pg_class c on c.relnamespace = n.oid
        join pg_attribute a on a.attrelid = c.oid
        where n.nspname = 'mimic_db' and c.relname = %s and a.attname = any(%s)
          and has_schema_privilege(n.oid, 'usage') and has_column_privilege(c.oid, a.attnum, 'select')
        """,
        [table, list(columns)],
    ).fetchone()
    if readable != (len(columns),):
        return ""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    row = connection.execute(sql.SQL("select {} from {}").format(names, sql.Identifier("mimic_db", table))).fetchone()
    if row is None:
        return ""
    size, seed, design = row
    people = "ICU stays" if table == "generated" else "patients"
    return f"{size:,} generated {people}, seed {seed}, {design or 'design unknown'}"


def warning(generated: str) -> str:
    """What every reader of the results has to know; `generated` as read_stamp() gives it."""
    return (
        "The patients are generated: nothing here is evidence about the drug. The numbers show that the study runs, "
        f"and whether it finds what was planted: {generated}."
    )


def marked(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with the mark in the note of each line, which goes where the line is copied to."""
    notes = table["note"] if "note" in table else pd.Series("", index=table.index)
    return table.assign(note=[f"{note}; {PATIENTS}" if note else PATIENTS for note in notes])
