"""dbt's unit tests, which `make study` leaves out: they are of the definitions, whatever the data."""

from tests.integration.conftest import RunDbt


def test_every_definition_is_what_its_unit_tests_say(built_generated: str, run_dbt: RunDbt) -> None:
    run_dbt(built_generated, "test", "--select", "test_type:unit")
