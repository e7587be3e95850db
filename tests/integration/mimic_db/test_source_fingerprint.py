from collections.abc import Callable

import psycopg

from mimic_db.load.fingerprint import source_fingerprint


def fingerprint(dsn: str) -> str:
    with psycopg.connect(dsn) as connection:
        return source_fingerprint(connection, ["source"])


def execute(dsn: str, statement: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(statement)


def test_it_changes_with_the_data_only_and_needs_no_privilege(make_database: Callable[[], str]) -> None:
    dsn = make_database()
    execute(dsn, "create schema source; create table source.rows as select generate_series(1, 10) as x")
    execute(dsn, "create schema other; create table other.rows (x int)")
    execute(dsn, "drop role if exists stranger; create role stranger login")
    first = fingerprint(dsn)
    execute(dsn, "insert into other.rows values (1)")
    execute(dsn, "analyze source.rows")
    assert fingerprint(dsn) == first
    assert fingerprint(dsn.replace("postgres@", "stranger@")) == first

    seen = {first}
    for change in (
        "update source.rows set x = 0 where x = 1",
        "truncate source.rows",
        "create table source.more (x int)",
    ):
        execute(dsn, change)
        assert fingerprint(dsn) not in seen
        seen.add(fingerprint(dsn))
