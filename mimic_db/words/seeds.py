"""The study's lists of words, read from the csv files of its seeds, and the definitions that choose between them."""

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mimic_db.errors import UserError

PROJECT = Path(__file__).parents[2]
_SMALL = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")

Row = Mapping[str, str]
Definitions = Mapping[str, Any]


@cache
def seed(name: str) -> tuple[Row, ...]:
    """The rows of seeds/<name>.csv."""
    with (PROJECT / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def plain(word: str | None) -> str:
    """As the models compare words: without the blanks around them, A to Z in small letters."""
    return (word or "").strip(" ").translate(_SMALL)


@cache
def known_unread(vocabulary: str) -> frozenset[str]:
    """Words that are known and not read."""
    return frozenset(plain(row["word"]) for row in seed("known_unread") if row["vocabulary"] == vocabulary)


def definitions(changed: str) -> Definitions:
    """The vars of dbt_project.yml with those that `changed` (YAML, as for `dbt --vars`) changes.

    Raises:
        UserError: not YAML, or a var that does not exist.
    """
    defaults: dict[str, Any] = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    try:
        given = yaml.safe_load(changed) or {}
    except yaml.YAMLError:
        given = None
    if not isinstance(given, dict):
        raise UserError("--vars wants YAML, as dbt does: '{exposure_drug: propofol}'")
    if unknown := sorted(set(given) - set(defaults)):
        raise UserError(f"no var is named {unknown[0]}: dbt_project.yml lists those that there are")
    return defaults | given
