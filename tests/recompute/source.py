"""The raw tables of MIMIC-IV as data frames: from csv files or from a database."""

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Protocol

import pandas as pd
import psycopg
from psycopg import sql

from mimic_db.tables import OFFICIAL_SCHEMAS

TEXTS = (
    "icd_code",
    "value",
    "drug",
    "label",
    "route",
    "drug_type",
    "spec_type_desc",
    "org_name",
    "rateuom",
    "amountuom",
)
TIMES = {
    "admittime", "chartdate", "charttime", "deathtime", "dischtime", "endtime", "intime", "outtime", "starttime",
    "stoptime", "storetime",
}  # fmt: skip


class Source(Protocol):
    """Where raw tables come from."""

    def read(self, module: str, table: str, columns: Sequence[str], items: Sequence[int] | None = None) -> pd.DataFrame:
        """Columns of a table, times as datetime64, limited to some values of itemid."""


class CsvSource:
    """A folder of MIMIC-IV files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, module: str, table: str, columns: Sequence[str], items: Sequence[int] | None = None) -> pd.DataFrame:
        """See Source."""
        text: dict[Hashable, type[str]] = {column: str for column in TEXTS if column in columns}
        path = self.folder / module / f"{table}.csv.gz"
        wanted = {*columns, *(["itemid"] if items is not None else [])}
        # only an empty field is missing: "None" is an oxygen device
        data = pd.read_csv(path, usecols=lambda name: name in wanted, dtype=text, keep_default_na=False, na_values=[""])
        if items is not None:
            data = data[data["itemid"].isin(items)]
        return _with_times(data)


class DatabaseSource:
    """The schemas mimiciv_hosp and mimiciv_icu of a database."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    def read(self, module: str, table: str, columns: Sequence[str], items: Sequence[int] | None = None) -> pd.DataFrame:
        """See Source."""
        wanted = list(dict.fromkeys([*columns, *(["itemid"] if items is not None else [])]))
        query = sql.SQL("select {} from {}").format(
            sql.SQL(", ").join(map(sql.Identifier, wanted)), sql.Identifier(OFFICIAL_SCHEMAS[module], table)
        )
        if items is not None:
            query = query + sql.SQL(" where itemid = any({})").format(sql.Literal(list(items)))
        return _with_times(read_query(self.dsn, query))


def read_query(dsn: str, query: sql.Composed) -> pd.DataFrame:
    """The rows of a query."""
    with psycopg.connect(dsn) as connection:
        cursor = connection.execute(query)
        return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description or []])


def read_model(dsn: str, name: str, schema: str = "dexsic") -> pd.DataFrame:
    """One of our tables."""
    return read_query(dsn, sql.SQL("select * from {}").format(sql.Identifier(schema, name)))


def _with_times(data: pd.DataFrame) -> pd.DataFrame:
    return data.assign(**{name: pd.to_datetime(data[name]) for name in data.columns if name in TIMES})
