import pytest

from mimic_db.__main__ import main


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(
        f"    {name} " in shown for name in ["start", "stop", "status", "url", "psql", "load", "check", "parquet"]
    )


def test_wrong_usage_is_status_2() -> None:
    with pytest.raises(SystemExit) as raised:
        main(["load"])
    assert raised.value.code == 2
