"""What the lists of names make of an order: which of them takes it for an antibiotic or for heparin."""

import re
from collections.abc import Mapping
from functools import cache

from mimic_db.words.seeds import Row, known_unread, plain, seed

ANTIBIOTIC_LISTS = ("mimic_code", "extended", "extended_with_antifungals")
# stems of WHO's international nonproprietary names of antibacterial and antimycotic drugs
_STEMS = re.compile(
    r"\bcef|\bceph[ar]|cillin|penem|bactam|mycin|micin|oxacin|cycline|\bvanc|vancin|nidazole|zolid|colisti|polymyx"
    r"|nitrofur|\brifa|planin|pristin|conazole|fungin|\bsulfa(?!te|sal)|trimetho|aztreo|sulfameth"
)
_HEPARIN = re.compile(r"\bhepar|\bheprin|\bufh\b")


def resembles_antibiotic(drug: str) -> bool:
    """By the stems that such names have, unless the name is known to be of none."""
    name = plain(drug)
    return bool(_STEMS.search(name)) and not any(word in name for word in known_unread("drug_name"))


def resembles_heparin(drug: str) -> bool:
    """By its beginning."""
    return bool(_HEPARIN.search(plain(drug)))


@cache
def lists_of(drug: str, route: str | None) -> frozenset[str]:
    """The lists of antibiotics that have an order. The model int_drug says the same in SQL."""
    if route is None:
        return frozenset()
    names, routes = _held("drug", drug), _held("route", route)
    return frozenset(
        name
        for name in ANTIBIOTIC_LISTS
        if any(_is_in(row, name) for row in names if row["concept"] == "antibiotic")
        if not any(_is_in(row, name) for row in (*names, *routes) if row["concept"] == "excluded")
    )


def heparin_readings(drug: str) -> frozenset[str] | None:
    """The readings of var heparin_names by which the name is a dose of heparin; None where it is not heparin's."""
    held = _held("drug", drug)
    if not any(row["concept"] == "heparin" for row in held):
        return None
    not_given = [row for row in held if row["concept"] == "heparin_not_given"]
    return frozenset(
        reading for reading in ("default", "extended") if not any(_is_in(row, reading) for row in not_given)
    )


def is_excluded(drug: str) -> bool:
    """Whether some list knows the name for a local preparation, a test of allergy or no antibiotic."""
    return any(row["concept"] == "excluded" for row in _held("drug", drug))


def knows_route(route: str) -> bool:
    """Whether a list has it, as local or as known."""
    return bool(_held("route", route)) or plain(route) in known_unread("drug_route")


@cache
def _held(field: str, text: str) -> tuple[Row, ...]:
    """The rows of the seed drug_name that a name or a route meets."""
    return tuple(row for row in seed("drug_name") if row["field"] == field and _meets(row, text))


def _meets(row: Mapping[str, str], text: str) -> bool:
    pattern = plain(row["pattern"])
    return plain(text) == pattern if row["match"] == "equals" else pattern in plain(text)


def _is_in(row: Mapping[str, str], name: str) -> bool:
    return row["lists"] == "all" or name in row["lists"].split("|")
