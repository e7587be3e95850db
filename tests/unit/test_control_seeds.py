"""The seeds of the negative controls mean what their sources say (tests/integration/seeds/controls.yml)."""

import csv
import gzip
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import SHARED

PROJECT = Path(__file__).parents[2]
EXPECTED: dict[str, Any] = yaml.safe_load(
    (PROJECT / "tests/integration/seeds/controls.yml").read_text(encoding="utf-8")
)
ORDERS = [(drug, route, {name}) for name, orders in EXPECTED["exposures"].items() for drug, route in orders]
ORDERS += [(drug, route, set()) for drug, route in EXPECTED["neither"]]
# words that the titles of an old disease's codes have
TITLES = {
    "osteoarthritis": "osteo.?arthr|nodes|multiple arthritis",
    "cataract": "cataract|lens|opacit|soemmering|flecks|nuclear sclerosis",
    "benign_prostate": "prostat",
    "hypothyroidism": "thyroid|myxedema",
    "gout": "gout|uric acid|tophi",
    "hearing_loss": "hear|deaf|presbycusis|ototoxic",
    "abdominal_hernia": "hernia",
    "hiatal_hernia": "diaphragmatic hernia",
    "migraine": "migraine|cyclical vomiting|ophthalmoplegic|headache",
    "psoriasis": "psoria|pustulosis|acrodermatitis",
    "glaucoma": "glaucoma|ocular hypertension|steroid responder|anterior chamber|angle|intraocular|aqueous|secretion",
    "macular_degeneration": "macul|drusen|angioid",
    "osteoporosis": "osteoporosis",
    "diverticulosis": "diverticulosis",
    "hemorrhoids": "hemorrhoid|perianal",
    "allergic_rhinitis": "rhinitis",
    "spinal_stenosis": "spinal stenosis",
}


def seed(name: str) -> list[dict[str, str]]:
    with (PROJECT / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def exposures_of(drug: str, route: str, listed: list[dict[str, str]]) -> set[str]:
    """As macros/names.sql reads the seed."""
    name = drug.lower()
    return {
        row["exposure"]
        for row in listed
        if (row["pattern"] in name if row["match"] == "contains" else row["pattern"] == name.strip(" "))
        and row["route"].lower() in ("", route.strip(" ").lower())
    }


def codes_of(published: str) -> set[tuple[str, str]]:
    """(first, last) of each range, without dots."""
    ranges = [part.strip().replace(".", "").split("-") for part in published.split(",")]
    return {(part[0], part[-1]) for part in ranges}


@pytest.mark.parametrize(("drug", "route", "meant"), ORDERS)
def test_an_order_is_of_the_exposure_that_is_meant(drug: str, route: str, meant: set[str]) -> None:
    assert exposures_of(drug, route, seed("negative_control_exposure")) == meant


def test_every_row_decides_some_order_and_there_are_enough_exposures() -> None:
    listed = seed("negative_control_exposure")
    assert {row["exposure"] for row in listed} == EXPECTED["exposures"].keys()
    assert len(EXPECTED["exposures"]) >= 24
    for row in listed:
        without = [other for other in listed if other is not row]
        assert any(exposures_of(drug, route, without) != meant for drug, route, meant in ORDERS), row


def test_a_pattern_is_read_by_like_as_it_stands() -> None:
    rows = [row for row in seed("negative_control_exposure") if row["match"] == "contains"]
    assert not [row["pattern"] for row in rows if re.search(r"[%_\\]", row["pattern"])]
    assert not [row["pattern"] for row in seed("negative_control_exposure") if row["pattern"] != row["pattern"].lower()]


def test_an_old_disease_has_the_codes_that_are_published() -> None:
    rows = [row for row in seed("negative_control_outcome") if row["kind"] == "diagnosis"]
    assert all(len(row["code_from"]) == len(row["code_to"]) == int(row["prefix_length"]) for row in rows)
    found = {(row["outcome"], int(row["icd_version"]), row["code_from"], row["code_to"]) for row in rows}
    assert len(found) == len(rows)
    assert found == {
        (disease, version, first, last)
        for disease, versions in EXPECTED["diseases"].items()
        for version, published in versions.items()
        for first, last in codes_of(str(published))
    }


def test_every_other_outcome_has_its_number() -> None:
    rows = [row for row in seed("negative_control_outcome") if row["kind"] != "diagnosis"]
    columns = ("kind", "concept", "statistic", "direction")
    assert {
        row["outcome"]: [*(row[column] for column in columns), float(row["threshold"]) if row["threshold"] else None]
        for row in rows
    } == EXPECTED["numbers"]
    units = {row["concept"]: row["unit"] for row in seed("lab_item")}
    assert all(row["unit"] == units[row["concept"]] for row in rows if row["concept"])


@pytest.mark.needs_shared
def test_the_titles_of_the_codes_are_of_the_disease() -> None:
    rows = [row for row in seed("negative_control_outcome") if row["kind"] == "diagnosis"]
    with gzip.open(SHARED / "mimic-iv-demo/hosp/d_icd_diagnoses.csv.gz", "rt", encoding="utf-8") as file:
        rows_of_titles = list(csv.DictReader(file))
    titles = [(row["icd_version"], row["icd_code"].strip(), row["long_title"].lower()) for row in rows_of_titles]
    met = set()
    for row in rows:
        held = [
            title
            for version, code, title in titles
            if version == row["icd_version"] and row["code_from"] <= code[: int(row["prefix_length"])] <= row["code_to"]
        ]
        assert held, row
        assert [title for title in held if not re.search(TITLES[row["outcome"]], title)] == [], row["outcome"]
        met.add(row["outcome"])
    assert met == TITLES.keys()
