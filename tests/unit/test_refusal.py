"""A server that does not let us in: the remedy is of the cause. Texts as libpq 15 to 18 and the server write them."""

import pytest

from analysis_py.marts.refusal import remedy
from mimic_db.database import connect
from mimic_db.errors import UserError
from pipeline.message import each_once, told

_AT = 'connection to server at "db" (10.0.0.1), port 5432 failed: '


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('FATAL:  password authentication failed for user "me"', "is the password right"),
        ("fe_sendauth: no password supplied", "is the password right"),
        (
            'FATAL:  no pg_hba.conf entry for host "10.0.0.2", user "me", database "mimic", no encryption',
            "PGSSLMODE=require",
        ),
        ("server does not support SSL, but SSL was required", "set PGSSLMODE"),
        ('root certificate file "/home/me/.postgresql/root.crt" does not exist', "set PGSSLMODE"),
        ('FATAL:  database "mimc" does not exist', "is the database's name right"),
        ('FATAL:  role "me" does not exist', "is the user's name right"),
        ("FATAL:  sorry, too many clients already", "end other sessions"),
        ("Connection refused", "is the server running"),
    ],
)
def test_the_remedy_is_of_the_cause(text: str, wanted: str) -> None:
    assert wanted in remedy(_AT + text)
    assert wanted in told(f"Database Error\n  {_AT}{text}")
    if wanted != "is the server running":
        assert "running" not in remedy(_AT + text)


def test_a_role_that_may_make_no_schema_is_told_so_after_a_build() -> None:
    assert "create schema dexsic authorization" in told("Database Error\n  permission denied for database mimiciv")


def test_a_server_that_is_away_is_said_so() -> None:
    with pytest.raises(UserError, match="is the server running, and are host and port right"):
        connect("postgresql://nobody@127.0.0.1:1/nowhere")


def test_one_cause_is_said_once_however_many_models_it_ends() -> None:
    overtaken = (
        "Database Error in model {0} (models/{0}.sql)\n  another build is using the schema: wait\n  CONTEXT:  RAISE"
    )
    failed = [(f"model {name}", overtaken.format(name)) for name in ("a", "b", "c")]
    first, second = each_once([*failed, ("test d", "Got 2 results, configured to fail if != 0")])
    assert first.startswith("model a and 2 more: another build is using the schema: wait until it has ended, then run")
    assert "CONTEXT" not in first
    assert second == "test d: Got 2 results, configured to fail if != 0"


def test_a_project_folder_that_cannot_be_written_is_told_with_the_settings_that_name_others() -> None:
    text = told("[Errno 30] Read-only file system: '/srv/dexsic/logs'")
    assert "'/srv/dexsic/logs': name other folders for dbt's files (DBT_LOG_PATH, DBT_TARGET_PATH)" in text
