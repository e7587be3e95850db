"""The mark of generated patients: a file beside the seven, and a row in the database that the report reads."""

import re
from pathlib import Path
from typing import Final

from mimic_db.database import Connection
from mimic_db.errors import UserError

MARK: Final = "GENERATED.txt"  # tells a folder of the generator's from one of real patients
TABLE: Final = "mimic_db.zigong_generated"
_DEFINITION: Final = """
create schema if not exists mimic_db;
create table if not exists mimic_db.zigong_generated (
    patients integer not null,
    seed bigint not null,
    design text not null,
    generator text not null,
    generated_at timestamptz not null default now()
);
-- whoever reads the marts must be able to see that no patient is real
grant usage on schema mimic_db to public;
grant select on mimic_db.zigong_generated to public;
"""


def mark_text(patients: int, seed: int, design: str) -> str:
    """What the file says."""
    return (
        "Every patient in these files is made up by a random number generator: nothing here is evidence.\n"
        f"{patients:,} generated patients, seed {seed}, {design}\n"
    )


def put_stamp(connection: Connection, patients: int, seed: int, design: str, generator: str) -> None:
    """From now on the patients in schema zigong are known to be generated."""
    connection.execute(_DEFINITION)
    connection.execute("delete from mimic_db.zigong_generated")
    connection.execute(
        "insert into mimic_db.zigong_generated (patients, seed, design, generator) values (%s, %s, %s, %s)",
        [patients, seed, design, generator],
    )


def put_stamp_of(connection: Connection, folder: Path) -> None:
    """The same for files that the generator has left in `folder`; nothing where its mark is not there.

    Raises:
        UserError: the mark does not say what it should.
    """
    path = folder / MARK
    if not path.is_file():
        return
    told = re.search(r"^([\d,]+) generated patients, seed (\d+), (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    if told is None:
        raise UserError(f"{path} does not say what was generated: make the folder anew with `generate --zigong`")
    put_stamp(connection, int(told[1].replace(",", "")), int(told[2]), told[3], "")


def take_back_stamp(connection: Connection) -> None:
    """Other rows than the generator's must not pass for generated ones."""
    if connection.execute("select to_regclass(%s) is not null", [TABLE]).fetchone() == (True,):
        connection.execute("delete from mimic_db.zigong_generated")
