"""The study's lists of words, read from the csv files of its seeds, and the definitions that choose between them."""

import csv
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml
from jinja2 import Environment

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
        UserError: not YAML, a var that does not exist, or a value that the var cannot have.
    """
    defaults: dict[str, Any] = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    try:
        given = yaml.safe_load(changed) or {}
    except yaml.YAMLError:
        given = None
    if not isinstance(given, dict):
        raise UserError("--vars wants YAML, as dbt does: '{exposure_drug: propofol}'")
    if unknown := sorted(map(str, set(given) - set(defaults))):
        raise UserError(f"no var is named {unknown[0]}: dbt_project.yml lists those that there are")
    for name, value in given.items():
        if name in (choices := _choices()):
            if value not in choices[name]:
                allowed = ", ".join(_written(each) for each in choices[name])
                raise UserError(f"var {name} is {_written(value)}: choose one of {allowed}")
        elif (kind := _kind(defaults[name])) != _kind(value):
            raise UserError(f"var {name} is {_written(value)}: it wants {kind}, as {_written(defaults[name])} is")
    return defaults | given


@cache
def _choices() -> Mapping[str, Sequence[object]]:
    """The values of each var that chooses between readings: the list that a build reads, in macros/choices.sql."""
    macro = (PROJECT / "macros" / "choices.sql").read_text(encoding="utf-8")
    written = "".join(re.findall(r"set choices = (\{.*?\n\})", macro, re.DOTALL))
    values = Environment(autoescape=True).compile_expression(written)
    # as the macro exposure_drugs says it of the list to which a data test holds the seed
    drugs = dict.fromkeys(row["drug"] for row in seed("infusion_item") if row["drug"] != "heparin")
    return cast(Mapping[str, Sequence[object]], values(exposure_drugs=lambda: list(drugs)))


def _kind(value: object) -> str:
    """What kind of value it is, as one says it of a var."""
    kinds = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "a mapping",
    }
    return kinds.get(type(value), "nothing")


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
