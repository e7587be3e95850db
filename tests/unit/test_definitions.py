"""The defaults of dbt_project.yml are those of the published scores, windows and rules that they name."""

from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
DEFAULTS: dict[str, Any] = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
SOURCES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("definitions.yml").read_text(encoding="utf-8"))
PUBLISHED = {name: value for source in SOURCES for name, value in source.items() if name != "source"}


def test_each_definition_has_one_source_and_no_source_is_of_another_study() -> None:
    assert sum(len(source) - 1 for source in SOURCES) == len(PUBLISHED)
    assert PUBLISHED.keys() == DEFAULTS.keys()


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_default_is_as_its_source_has_it(name: str) -> None:
    assert (type(DEFAULTS.get(name)), DEFAULTS.get(name)) == (type(PUBLISHED[name]), PUBLISHED[name])
