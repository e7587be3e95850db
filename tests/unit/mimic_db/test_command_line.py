import argparse
import sys
from types import ModuleType

import pytest

from mimic_db.__main__ import main


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(
        f"    {name} " in shown for name in ["start", "stop", "status", "url", "psql", "load", "check", "generate"]
    )


def test_wrong_usage_is_status_2() -> None:
    with pytest.raises(SystemExit) as raised:
        main(["load"])
    assert raised.value.code == 2


def test_generate_hands_its_options_to_the_generator(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[argparse.Namespace] = []
    generator = ModuleType("mimic_db.generate")
    generator.__dict__["add_arguments"] = lambda parser: parser.add_argument("--stays", type=int)
    generator.__dict__["main"] = seen.append
    monkeypatch.setitem(sys.modules, "mimic_db.generate", generator)
    assert main(["generate", "--stays", "9", "--dsn", "dbname=a", "--database", "b"]) == 0
    assert (seen[0].stays, seen[0].dsn, seen[0].database) == (9, "dbname=a", "b")
