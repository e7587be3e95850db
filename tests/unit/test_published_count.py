"""The published counts that this database is held against: the seed, and how they are shown."""

import csv
import re
from dataclasses import replace
from pathlib import Path

import pytest

from analysis_py.marts.published_count import PublishedCount
from analysis_py.report.tables.published_count import published_count_sentence, published_count_table
from mimic_db.release import RELEASES, TELLING

PROJECT = Path(__file__).parents[2]
MODEL = (PROJECT / "models/marts/published_count_comparison.sql").read_text()
with (PROJECT / "seeds/published_count.csv").open(encoding="utf-8", newline="") as file:
    SEED = list(csv.DictReader(file))
TOLD = {"icu_stays": "icu/icustays", "patients": "hosp/patients", "admissions": "hosp/admissions"}


def test_every_quantity_is_counted_by_the_model_in_the_table_that_is_named() -> None:
    counted = set(re.findall(r"'(\w+)': ", MODEL)) | set(re.findall(r"'(\w+)' as quantity", MODEL))
    assert {row["quantity"] for row in SEED} <= counted
    assert {row["model"] for row in SEED} == set(re.findall(r"ref\('(\w+)'\)", MODEL)) - {"published_count"}


def test_telling_counts_are_those_of_the_check_before_a_build() -> None:
    for release in RELEASES:
        told = {row["quantity"]: int(row["published"]) for row in SEED if row["release"] == release.name
                and row["is_telling"] == "true"}  # fmt: skip
        assert told == {quantity: release.rows[table] for quantity, table in TOLD.items()}
    assert {str(table) for table in TELLING} == set(TOLD.values())


def test_what_is_defined_alike_must_be_equal_and_what_is_not_says_why() -> None:
    for row in SEED:
        assert (row["tolerance_percent"] == "0") == (row["difference"] == "none"), row
        assert float(row["tolerance_percent"]) <= 10
        assert row["source"]


def test_published_counts_of_a_release_that_must_be_there() -> None:
    found = {(row["release"], row["quantity"], row["concept"]): float(row["published"]) for row in SEED}
    assert found["2.2", "sepsis3_stays", ""] == 32_971
    assert found["3.1", "sepsis3_stays", ""] == 41_296
    assert found["2.2", "sofa_hours", ""] == 6_043_902
    assert found["2.2", "suspicions", ""] == 735_462
    assert found["3.1", "suspicions", ""] == 949_901
    assert found["2.2", "ventilation_episodes", ""] == 111_172
    assert found["3.1", "ventilation_episodes", ""] == 144_812
    quantiles = [found["3.1", f"first_day_sofa_{name}", ""] for name in ("median", "p75", "zero_stays")]
    assert quantiles == [4, 6, 5_128]


COUNT = PublishedCount(
    "2.2", "icu_stays", "ICU stays", "count", "int_icu_stay", 73181.0, 73181.0, 0, True, True, "none", "validate.sql"
)
OFF = replace(COUNT, quantity="sofa_hours", title="hours with a SOFA score", published=1000.0, ours=1012.0,
              agrees=False, tolerance=0.5, difference="charting outside the stay")  # fmt: skip
OTHER = replace(COUNT, release="3.1", applies=False, agrees=False)


def test_what_differs_stands_first_with_rule_and_reason() -> None:
    table = published_count_table([COUNT, OFF, OTHER], 10)
    assert table["What"].tolist() == ["hours with a SOFA score", "ICU stays"]
    assert table["Ours"].tolist() == ["1,012 ✗", "73,181 ✓"]
    assert table["Off by"].tolist() == ["+1.20 %", "0"]
    assert table["Rule"].tolist() == ["within 0.5 %", "equal"]
    assert table["Definition"].tolist() == ["charting outside the stay", ""]


def test_a_small_count_is_hidden_and_how_far_it_is_off_with_it() -> None:
    table = published_count_table([replace(OFF, ours=9.0), replace(OFF, ours=10.0), replace(OFF, ours=0.0)], 10)
    assert table["Ours"].tolist() == ["<10 ✗", "10 ✗", "0 ✗"]
    assert table["Off by"].tolist() == ["", "-99.00 %", "-100.00 %"]
    median = replace(OFF, measure="quantile", published=4.0, ours=4.0, agrees=True)
    assert published_count_table([median], 10)["Ours"].tolist() == ["4 ✓"]


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ([], ""),
        ([OTHER, replace(OTHER, release="2.2")],
         "Published counts do not apply: this database is no release of which there are any (3.1, 2.2)."),
        ([COUNT, OTHER], "1 of 1 published counts of MIMIC-IV 2.2 agree."),
        ([COUNT, OFF], "1 of 2 published counts of MIMIC-IV 2.2 agree; 1 does not: hours with a SOFA score."),
        ([COUNT, *[replace(OFF, title=f"t{n}") for n in range(5)]],
         "1 of 6 published counts of MIMIC-IV 2.2 agree; 5 do not: t0; t1; t2 and 2 more."),
    ],
)  # fmt: skip
def test_one_sentence_says_how_many_agree(counts: list[PublishedCount], told: str) -> None:
    assert published_count_sentence(counts) == told
