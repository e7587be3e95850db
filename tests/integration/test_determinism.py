"""Two builds give the same marts, whatever the order of the source's rows, the server and its locale."""

import psycopg
import pytest

from mimic_db import server
from mimic_db.tables import OFFICIAL_SCHEMAS, TABLES
from tests import engines
from tests.integration.conftest import BUILD, GENERATED, RunDbt
from twin.__main__ import main as twin

pytestmark = pytest.mark.needs_an_hour

# the external cohort has a test of its own
MARTS = [mart for mart in engines.MARTS if "zigong" not in mart]


def fingerprints(dsn: str, schema: str = "dexsic") -> dict[str, str]:
    """A hash of each mart's rows, in an order of their own."""
    with psycopg.connect(dsn) as connection:
        return {mart: fingerprint(connection, f"{schema}.{mart}") for mart in MARTS}


def fingerprint(connection: psycopg.Connection[tuple[str]], table: str) -> str:
    rows = f'select cast(mart as text) collate "C" as line from {table} as mart'
    found = connection.execute(f"select md5(string_agg(line, '\n' order by line)) from ({rows}) as lines".encode())
    (value,) = found.fetchone() or ("",)
    return value


def shuffle(dsn: str, prefix: str) -> None:
    """Copies of the tables that the study needs, rows in random order, in schemas of their own."""
    with psycopg.connect(dsn) as connection:
        for module, schema in OFFICIAL_SCHEMAS.items():
            connection.execute(f"create schema {prefix}_{module}".encode())
            for table in TABLES:
                if table.needed and table.module == module:
                    copy = f"create table {prefix}_{module}.{table.name} as select * from {schema}.{table.name}"
                    connection.execute(f"{copy} order by random()".encode())


def build_shuffled(dsn: str, run_dbt: RunDbt) -> None:
    shuffle(dsn, "shuffled")
    variables = "{mimic_hosp_schema: shuffled_hosp, mimic_icu_schema: shuffled_icu}"
    run_dbt(dsn, *BUILD, schema="dexsic_shuffled", variables=variables)


def test_the_order_of_generated_rows_is_irrelevant(built_generated: str, run_dbt: RunDbt) -> None:
    build_shuffled(built_generated, run_dbt)
    assert fingerprints(built_generated, "dexsic_shuffled") == fingerprints(built_generated)


@pytest.mark.needs_shared
def test_the_order_of_the_demos_rows_is_irrelevant(built_demo: str, run_dbt: RunDbt) -> None:
    build_shuffled(built_demo, run_dbt)
    assert fingerprints(built_demo, "dexsic_shuffled") == fingerprints(built_demo)


@pytest.mark.needs_debian_postgres
def test_another_server_with_another_locale_gives_the_same(
    built_generated: str, debian_postgres: str, run_dbt: RunDbt
) -> None:
    with psycopg.connect(debian_postgres, autocommit=True) as connection:
        # the embedded server sorts text by bytes, this one as a dictionary
        connection.execute("create database english template template0 locale_provider icu icu_locale 'en-US'")
    dsn = server.with_database(debian_postgres, "english")
    assert twin(["generate", *GENERATED, "--dsn", dsn]) == 0
    run_dbt(dsn, *BUILD)
    assert fingerprints(dsn) == fingerprints(built_generated)
