"""Patients made by `python -m twin generate`: how they are told from real ones, and what marks their results.

Found in the database and not asked for, so that nobody can leave the marks out.
"""

import pandas as pd
from psycopg import sql

from analysis_py.marts.reader import Reader, attempt

PATIENTS = "generated patients"
WATERMARK = "GENERATED DATA\nno evidence"
_STAMPS = {"generated": ("stays", "seed", "design"), "zigong_generated": ("patients", "seed", "design")}


def read_stamp(connection: Reader, table: str = "generated") -> str:
    """What a generator says that it wrote into this database; empty where it wrote nothing or is not to be read."""
    return attempt(connection, _read_stamp, table) or ""


def _read_stamp(connection: Reader, table: str) -> str:
    names = sql.SQL(", ").join(map(sql.Identifier, _STAMPS[table]))
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
