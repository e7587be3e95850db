"""Every row of every seed has patients of its own, and works through the models as its source means it.

What is expected stands in tests/integration/seeds, written from the sources and not from the seeds: a code, a word, a
sign, a range or a unit that is wrong in a seed is seen here, and so is a row that is missing or too many. One build.
"""

import csv
import functools
import gzip
import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg import sql

from mimic_db.tables import OFFICIAL_SCHEMAS, TABLES, create_table
from mimic_db.words.drugs import lists_of
from tests.integration.conftest import dbt_on, fill
from zigong_db.tables import DEFINITIONS, SCHEMA

ON = "{zigong: true, zigong_nursing: true}"
# a second build: words that only another reading knows
OTHERWISE = (
    "{antibiotic_list: extended_with_antifungals, heparin_names: extended, ventilation_words: extended,"
    " ethnicity_unknown: apart}"
)
PROJECT = Path(__file__).parents[2]
EXPECTED = Path(__file__).parent / "seeds"
EXPOSURE = "dexmedetomidine"
ADMITTED = datetime(2150, 1, 2)
HOUR = timedelta(hours=1)
STEP = 0.0001  # the nearest value inside or outside a bound
MODELS = (
    "+int_comorbidity",
    "+int_culture",
    "+int_crrt",
    "+int_exposure_row",
    "+int_infusion",
    "+int_lab_row",
    "+int_prescription",
    "+int_urine_output",
    "+int_vasoactive_infusion",
    "+int_ventilation",
    "+int_zigong_lab",
    "+int_zigong_nursing",
    "+int_zigong_order",
    "+int_zigong_stay",
    "quality_check",
)
# two digits and a letter in the order of bytes
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

Row = dict[str, Any]
Expected = dict[str, Any]


def read(name: str) -> Any:
    return yaml.safe_load((EXPECTED / name).read_text(encoding="utf-8"))


def seed(name: str) -> list[dict[str, str]]:
    with (PROJECT / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def dictionary() -> dict[tuple[str, str], list[int]]:
    """(dictionary, label) -> the items of that label."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    with (EXPECTED / "dictionary.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["dictionary"], row["label"]].append(int(row["itemid"]))
    return dict(found)


ITEMS, WORDS, ICD, ZIGONG = (read(name) for name in ("items.yml", "words.yml", "icd.yml", "zigong.yml"))
ITEMIDS = dictionary()


def items_of(where: str, labels: Iterable[str]) -> list[int]:
    return [itemid for label in labels for itemid in ITEMIDS[where, label]]


class Source:
    """Rows of the source tables and what must become of each: a patient, an admission and a stay of one number."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.meant: dict[str, dict[int, Any]] = defaultdict(dict)
        self.last = 0
        self._numbers = itertools.count(1)

    def patient(self, kind: str, meant: Any, race: str = "WHITE") -> int:
        """A new patient, of whom the models must say `meant`."""
        number = next(self._numbers)
        keys = {"subject_id": number, "hadm_id": number}
        days = {"admittime": ADMITTED, "dischtime": ADMITTED + 240 * HOUR}
        self.rows["mimiciv_hosp.patients"].append(
            {"subject_id": number, "gender": "F", "anchor_age": 60, "anchor_year": 2150}
        )
        self.rows["mimiciv_hosp.admissions"].append(keys | days | {"admission_type": "EW EMER.", "race": race})
        self.rows["mimiciv_icu.icustays"].append(
            keys | {"stay_id": number, "intime": ADMITTED, "outtime": ADMITTED + 120 * HOUR}
        )
        self.meant[kind][number] = meant
        self.last = number
        return number

    def add(self, table: str, number: int, **values: Any) -> None:
        """A row of that patient."""
        keys = {"subject_id": number, "hadm_id": number, "stay_id": number}
        self.rows[table].append(keys | values)

    def write(self, connection: psycopg.Connection[Any]) -> None:
        """The rows, by the columns that a table has."""
        for table, rows in self.rows.items():
            schema, name = table.split(".")
            names = connection.execute(
                "select column_name from information_schema.columns where table_schema = %s and table_name = %s",
                (schema, name),
            ).fetchall()
            columns = [column for (column,) in names if any(column in row for row in rows)]
            target = sql.SQL("copy {} ({}) from stdin").format(
                sql.Identifier(schema, name), sql.SQL(", ").join(map(sql.Identifier, columns))
            )
            with connection.cursor() as cursor, cursor.copy(target) as copy:
                for row in rows:
                    copy.write_row([row.get(column) for column in columns])


def values_of(expected: Expected) -> list[tuple[float, bool]]:
    """Values on both sides of each bound, and whether each is plausible; without a bound, a value beyond any."""
    above, below, at_most = (expected.get(bound) for bound in ("above", "below", "at_most"))
    low = [(-12345.0, True)] if above is None else [(float(above), False), (above + STEP, True)]
    if below is not None:
        return [*low, (below - STEP, True), (float(below), False)]
    if at_most is not None:
        return [*low, (float(at_most), True), (at_most + STEP, False)]
    return [*low, (1e8, True)]


def chart_and_lab(source: Source) -> None:
    """A patient per item and value, unit, text or lack of a value."""
    places = {
        "chart_item": ("mimiciv_icu.chartevents", "d_items"),
        "lab_item": ("mimiciv_hosp.labevents", "d_labitems"),
    }
    numbers = itertools.count(1)
    for name, (table, labels) in places.items():
        for concept, expected in ITEMS[name].items():
            is_text = expected.get("text", False)
            for itemid in items_of(labels, expected["labels"]):
                cases: list[tuple[Row, tuple[Any, ...]]] = []
                for value, plausible in [] if is_text and "at_most" not in expected else values_of(expected):
                    cases.append(({"valuenum": value}, (concept, value if plausible else None, None, False)))
                for unit in expected.get("units", ()):
                    inside = {"valuenum": _inside(expected), "valueuom": unit.upper()}
                    cases.append((inside, (concept, inside["valuenum"], None, False)))
                other = {"valuenum": _inside(expected), "valueuom": "furlong"}
                number = None if name == "lab_item" and is_text else other["valuenum"]
                cases.append((other, (concept, number, None, not is_text)))
                cases.append(({"value": "words"}, (concept, None, "words" if is_text else None, False)))
                for given, meant in cases:
                    key = source.patient(name, meant)
                    keys = {"labevent_id": next(numbers), "specimen_id": key, "itemid": itemid}
                    source.add(table, key, charttime=ADMITTED + HOUR, **keys, **given)
                if name == "chart_item":
                    key = source.patient("chart_row_without_value", expected.get("without_value", False))
                    source.add(table, key, charttime=ADMITTED + HOUR, itemid=itemid)
    # items beside those of the study: diastolic pressures, chloride, ...
    known = {label for name in places for expected in ITEMS[name].values() for label in expected["labels"]}
    for (where, label), (itemid, *_) in ITEMIDS.items():
        if where == "d_labitems" and label not in known:
            key = source.patient("lab_item", None)
            source.add(
                "mimiciv_hosp.labevents", key, labevent_id=next(numbers), specimen_id=key, itemid=itemid, valuenum=5
            )


def _inside(expected: Expected) -> float:
    high = expected.get("below", expected.get("at_most"))
    return (expected.get("above", 0) + (high if high is not None else 10)) / 2


def infusions(source: Source) -> None:
    for drug, expected in ITEMS["infusion_item"].items():
        units = expected.get("units", ["anything"])
        others = [("furlong/h", "units" in expected)]
        if drug == EXPOSURE:  # of which a unit that nobody knows stops the build
            units, others = [expected["usual"]], []
        for reading in ("default", "other_heparin", "extended"):
            for itemid in items_of("d_items", expected.get(reading, ())):
                for unit, is_other in [(unit, False) for unit in units] + others:
                    meant = None if reading == "extended" else (drug, reading, is_other)
                    key = source.patient("infusion_item", meant)
                    ends = {"starttime": ADMITTED + HOUR, "endtime": ADMITTED + 3 * HOUR}
                    source.add(
                        "mimiciv_icu.inputevents", key, itemid=itemid, orderid=key, rate=1.0,
                        rateuom=unit, amount=2.0, amountuom="mg", patientweight=80.0, **ends,
                    )  # fmt: skip


def rates(source: Source) -> None:
    """A stretch at 1 of each spelling of a unit: of the exposure where it is a mass, else of vasopressin."""
    for measure, drug in (("mass", EXPOSURE), ("units", "vasopressin")):
        (itemid, *_) = items_of("d_items", ITEMS["infusion_item"][drug]["default"])
        for rate, spellings in ITEMS["rate_unit"][measure].items():
            for spelling in spellings:
                key = source.patient(f"rate_unit_{measure}", float(rate))
                row = {"rate": 1.0, "rateuom": f" {spelling.upper() if spelling.isascii() else spelling}"}
                row |= {"patientweight": 80.0, "itemid": itemid, "orderid": key}
                times = {"starttime": ADMITTED + HOUR, "endtime": ADMITTED + 3 * HOUR}
                source.add("mimiciv_icu.inputevents", key, **row, **times)


def amounts(source: Source) -> None:
    """A stretch without a rate for each unit of an amount and of the rate that is made of it."""
    usual: dict[str, str] = {}
    for drug, expected in ITEMS["infusion_item"].items():
        usual.setdefault(expected["usual"], drug)
    for rate_unit, of_amount in ITEMS["infusion_amount"].items():
        for amount_unit, rate in (*of_amount.items(), ("furlong", None)):
            (itemid, *_) = items_of("d_items", ITEMS["infusion_item"][usual[rate_unit]]["default"])
            key = source.patient("infusion_amount", rate)
            row = {"amount": 6.0, "amountuom": amount_unit, "patientweight": 80.0, "itemid": itemid, "orderid": key}
            times = {"starttime": ADMITTED + HOUR, "endtime": ADMITTED + 3 * HOUR}
            source.add("mimiciv_icu.inputevents", key, **row, **times)


def outputs_and_procedures(source: Source) -> None:
    for urine_ml, labels in ITEMS["output_item"].items():
        for itemid in items_of("d_items", labels):
            key = source.patient("output_item", float(urine_ml))
            source.add("mimiciv_icu.outputevents", key, itemid=itemid, charttime=ADMITTED + HOUR, value=100)
    for concept, labels in ITEMS["procedure_item"].items():
        for label in [*labels, "Hemodialysis"]:
            key = source.patient("procedure_item", concept == "crrt" and label in labels)
            times = {"starttime": ADMITTED + HOUR, "endtime": ADMITTED + 3 * HOUR}
            (itemid,) = ITEMIDS["d_items", label]
            source.add("mimiciv_icu.procedureevents", key, itemid=itemid, **times)


def support(source: Source) -> None:
    """Two hours of each word of support; a device as the first and as the second of two; the more invasive wins."""
    labels = {concept: expected["labels"][0] for concept, expected in ITEMS["chart_item"].items()}

    def stay(meant: str | None, *charted: tuple[str, str, int]) -> None:
        key = source.patient("ventilation_status", meant)
        for hour in (1, 2, 3):
            time = ADMITTED + hour * HOUR
            for concept, text, stored in charted:
                row = {
                    "itemid": ITEMIDS["d_items", labels[concept]][0],
                    "value": text,
                    "storetime": time + stored * HOUR,
                }
                source.add("mimiciv_icu.chartevents", key, charttime=time, **row)

    flow = ("oxygen_flow", "4", 0)
    for status, words in WORDS["ventilation_status"].items():
        for concept in ("oxygen_device", "ventilator_mode", "ventilator_mode_hamilton"):
            for text in words.get(concept, ()):
                stay(str(status), (concept, str(text), 0), flow)
        for text in words.get("oxygen_device", ()):
            second = str(status) if text in words.get("seconds", ()) else None
            stay(second, ("oxygen_device", "Other", 1), ("oxygen_device", str(text), 0), flow)
    stay("InvasiveVent", ("ventilator_mode", "CMV/ASSIST", 0), ("oxygen_device", "CPAP mask ", 0), flow)
    stay(
        "NonInvasiveVent", ("ventilator_mode_hamilton", "NIV", 0), ("oxygen_device", "High flow nasal cannula", 0), flow
    )
    stay("NonInvasiveVent", ("oxygen_device", "High flow nasal cannula", 1), ("oxygen_device", "Bipap mask ", 0), flow)
    stay(None, ("ventilator_mode", "Standby", 0), flow)
    for status, words in WORDS["ventilation_status_extended"].items():
        for concept, texts in words.items():
            for text in texts:
                stay(None, (concept, text, 0), flow)
                source.meant["ventilation_status_extended"][source.last] = status


MIMIC_CODE, EXTENDED, ANTIFUNGALS = "mimic_code", "extended", "extended_with_antifungals"
EVERY_LIST = frozenset({MIMIC_CODE, EXTENDED, ANTIFUNGALS})


def orders() -> Iterator[tuple[str, str, frozenset[str]]]:
    """(drug, route, lists of antibiotics that have it) of every order but those of heparin."""
    beside = {drug: {MIMIC_CODE} for drug in WORDS["local_drugs"]}
    beside |= {drug: {MIMIC_CODE, ANTIFUNGALS} for drug in WORDS["antifungals_of_mimic_code"]}
    for drug in WORDS["antibiotic"]:
        lists = frozenset(beside.get(drug, EVERY_LIST))
        yield drug, "IV", lists
        yield f"*NF* {drug.upper()}", "PO", lists
    for drug in WORDS["antibiotic_extended"]:
        yield drug, "IV", EVERY_LIST - {MIMIC_CODE}
    for drug in WORDS["antifungal"]:
        yield drug, "IV", frozenset({ANTIFUNGALS})
    for drug in WORDS["local_by_extended"]:
        yield drug, "IV", frozenset({MIMIC_CODE})
    for route in WORDS["local_routes_by_extended"]:
        yield "Piperacillin-Tazobactam", route.lower(), frozenset({MIMIC_CODE})
    for route in WORDS["systemic_routes"]:
        yield "Piperacillin-Tazobactam", route, EVERY_LIST
    for row in WORDS["local"]:
        yield row["drug"], row["route"], frozenset()
    for drug in (*WORDS["neither"], *WORDS["local_in_no_list"]):
        yield drug, "IV", frozenset()


def prescriptions(source: Source) -> None:
    def order(
        drug: str, route: str, lists: frozenset[str], heparin: Iterable[str] = (), drug_type: str = "MAIN"
    ) -> None:
        found = (MIMIC_CODE in lists, EXTENDED in lists, "default" in heparin)
        key = source.patient("drug_name", found if any(found) else None)
        # of the build with the other vars, whose other list is mimic-code's
        found = (ANTIFUNGALS in lists, MIMIC_CODE in lists, "extended" in heparin)
        source.meant["drug_name_extended"][key] = found if any(found) else None
        source.add("mimiciv_hosp.prescriptions", key, drug=drug, route=route, drug_type=drug_type, starttime=ADMITTED)

    for drug, route, lists in orders():
        order(drug, route, lists)
    order("Vancomycin in saline", "IV", frozenset(), drug_type="BASE")
    for drug in WORDS["heparin"]:
        order(drug, "SC", frozenset(), ("default", "extended"))
    for drug in WORDS["heparin_not_given_extended"]:
        order(drug, "IV", frozenset(), ("default",))
    for drug in WORDS["heparin_not_given"]:
        order(drug, "IV", frozenset())


def is_antibiotic(rows: Iterable[Mapping[str, str]], drug: str, route: str, list_name: str) -> bool:
    """By those rows of the seed drug_name that are in the list."""
    texts = {"drug": drug.lower(), "route": route.lower()}
    held = {
        row["concept"]
        for row in rows
        if row["lists"] == "all" or list_name in row["lists"].split("|")
        if (
            row["pattern"].lower() == texts[row["field"]].strip()
            if row["match"] == "equals"
            else row["pattern"].lower() in texts[row["field"]]
        )
    }
    return "antibiotic" in held and "excluded" not in held


def people_and_cultures(source: Source) -> None:
    for group, races in WORDS["ethnicity_group"].items():
        for race in races:
            key = source.patient("ethnicity_group", group, race)
            source.meant["ethnicity_unknown"][key] = "unknown" if race in WORDS["ethnicity_unknown"] else group
    for row in WORDS["culture_negative_organism"]:
        key = source.patient("culture_negative_organism", row["is_positive"])
        columns = {"org_itemid": row["org_itemid"], "org_name": row["org_name"], "spec_type_desc": "BLOOD CULTURE"}
        source.add(
            "mimiciv_hosp.microbiologyevents",
            key,
            micro_specimen_id=key,
            chartdate=ADMITTED,
            charttime=ADMITTED,
            **columns,
        )

    for kind, is_screening in (("screens", 1), ("others", 0)):
        for specimen in WORDS["culture_screening"][kind]:
            key = source.patient("culture_screening", is_screening)
            times = {"chartdate": ADMITTED, "charttime": ADMITTED}
            table = "mimiciv_hosp.microbiologyevents"
            source.add(table, key, micro_specimen_id=key, spec_type_desc=f" {specimen.lower()}", **times)


@functools.cache
def ranges(published: str) -> list[tuple[str, str]]:
    """(first, last) of each range of a list of codes, without dots."""
    parts = [part.strip().replace(".", "").split("-") for part in published.split(",")]
    return [(part[0], part[-1]) for part in parts]


def categories_of(version: int, code: str) -> frozenset[str]:
    """The categories of a code, as published."""
    return frozenset(
        category
        for category, versions in ICD.items()
        if any(first <= code[: len(first)] <= last for first, last in ranges(versions[version]))
    )


def probes(first: str, last: str) -> Iterator[str]:
    """A range's ends, codes that begin with them, and the nearest codes on both sides of it."""
    yield from (first, last, first[:-1], f"{first}0", f"{last}9", f"{last}ZZ")
    before, after = _ALPHABET.find(first[-1]) - 1, _ALPHABET.find(last[-1]) + 1
    if before >= 0:
        yield from (first[:-1] + _ALPHABET[before], first[:-1] + _ALPHABET[before] + "9")
    if after < len(_ALPHABET):
        yield from (last[:-1] + _ALPHABET[after], last[:-1] + _ALPHABET[after] + "0")


def diagnoses(source: Source) -> None:
    """An admission for every code on or beside an end of a range, of the seed or as published."""
    listed = [(int(row["icd_version"]), row["code_from"], row["code_to"]) for row in seed("icd_category")]
    listed += [
        (version, first, last)
        for versions in ICD.values()
        for version, published in versions.items()
        for first, last in ranges(published)
    ]
    codes = {(version, code) for version, first, last in listed for code in probes(first, last) if code}
    # what means something in one version means nothing of it in the other
    for version, code in sorted(codes | {(19 - version, code) for version, code in codes}):
        key = source.patient("icd_category", (version, code))
        source.add("mimiciv_hosp.diagnoses_icd", key, seq_num=1, icd_code=f"{code} ", icd_version=version)


def zigong(source: Source) -> None:
    rows, meant = source.rows, source.meant
    numbers = itertools.count(1)

    def patient(kind: str, what: Any) -> str:
        number = next(numbers)
        rows[f"{SCHEMA}.dtbaseline"].append({"patient_id": f"p{number}", "inp_no": f"p{number}", "age": 60.0})
        meant[kind][number] = what
        return f"p{number}"

    for concept, expected in ZIGONG["lab"].items():
        for unit, of_one in expected["of_one"].items():
            top = expected["at_most"] / of_one
            for text, value in (
                ("7", 7 * of_one),
                ("0", None),
                (f"{top * 1.001:.5f}", None),
                (f"{top * 0.999:.5f}", top * 0.999 * of_one),
            ):
                key = patient("zigong_lab", (concept, value))
                row = {
                    "inp_no": key,
                    "labtime": 5.0,
                    "item": f" {expected['item'].upper()}",
                    "labvalue": text,
                    "unit": unit,
                }
                rows[f"{SCHEMA}.dtlab"].append(row)
    for row in ZIGONG["drug"]:
        key = patient("zigong_drug", (row["drug"], row["points"]))
        rows[f"{SCHEMA}.dtdrugs"].append({"patient_id": key, "drugname": row["order"], "drug_time": 5.0})
    for departments, is_icu in ((ZIGONG["intensive_care"], True), (ZIGONG["other_department"], False)):
        for department in departments:
            key = patient("zigong_department", is_icu)
            rows[f"{SCHEMA}.dttransfer"].append({"patient_id": key, "starttime": 5.0, "transferdept": department})


@pytest.mark.parametrize("name", ["chart_item", "lab_item", "output_item", "procedure_item"])
def test_an_item_list_holds_what_is_expected_and_no_more(name: str) -> None:
    where = "d_labitems" if name == "lab_item" else "d_items"
    expected = {
        (itemid, label)
        for labels in ITEMS[name].values()
        for label in (labels["labels"] if isinstance(labels, dict) else labels)
        for itemid in ITEMIDS[where, label]
    }
    assert {(int(row["itemid"]), row["label"]) for row in seed(name)} == expected


def test_the_infusions_are_those_expected_in_each_reading() -> None:
    expected = {
        (itemid, label, drug, reading)
        for drug, readings in ITEMS["infusion_item"].items()
        for reading in ("default", "extended", "other_heparin")
        for label in readings.get(reading, ())
        for itemid in ITEMIDS["d_items", label]
    }
    columns = ("label", "drug", "reading")
    usual = {drug: expected["usual"] for drug, expected in ITEMS["infusion_item"].items()}
    assert {(row["drug"], row["rate_unit"]) for row in seed("infusion_item")} == set(usual.items())
    listed = {row["amount_unit"] for row in seed("infusion_amount")}
    assert listed == {amount for units in ITEMS["infusion_amount"].values() for amount in units}
    spellings = [
        (measure, name) for measure, rates in ITEMS["rate_unit"].items() for names in rates.values() for name in names
    ]
    assert sorted((row["measure"], row["spelling"]) for row in seed("rate_unit")) == sorted(spellings)
    assert {(int(row["itemid"]), *(row[column] for column in columns)) for row in seed("infusion_item")} == expected


def test_every_name_of_a_drug_is_needed_by_some_prescription_but_for_those_within_another() -> None:
    patterns = [
        row["pattern"]
        for row in seed("drug_name")
        if row["concept"] == "antibiotic" and (row["lists"] == "all" or MIMIC_CODE in row["lists"].split("|"))
    ]
    needed = set()
    for drug in WORDS["antibiotic"]:
        held = [pattern for pattern in patterns if pattern in drug.lower()]
        if len(held) == 1:
            needed.update(held)
    within = {pattern for pattern in patterns if any(other in pattern for other in patterns if other != pattern)}
    assert set(patterns) - needed == within


def test_every_row_of_a_list_of_antibiotics_decides_some_order() -> None:
    listed, cases = seed("drug_name"), list(orders())
    for drug, route, lists in cases:
        assert {name for name in EVERY_LIST if is_antibiotic(listed, drug, route, name)} == lists, (drug, route)
        assert lists_of(drug, route) == lists, "the check of words says otherwise"
    for row in listed:
        if row["lists"] != "all" and row["concept"] in ("antibiotic", "excluded"):
            without = [other for other in listed if other is not row]
            assert any(
                is_antibiotic(without, drug, route, name) != (name in lists)
                for drug, route, lists in cases
                for name in row["lists"].split("|")
            ), row["pattern"]
    named = {name for row in listed for name in row["lists"].split("|")}
    assert named == {"all", *EVERY_LIST}


def test_every_word_of_support_is_expected_and_a_status_has_one_priority() -> None:
    expected = {
        (concept, str(text).strip(), str(status), reading)
        for reading, name in (("both", "ventilation_status"), ("extended", "ventilation_status_extended"))
        for status, words in WORDS[name].items()
        for concept in ("oxygen_device", "ventilator_mode", "ventilator_mode_hamilton")
        for text in words.get(concept, ())
    }
    listed = seed("ventilation_status")
    found = {(row["concept"], row["value_text"].strip(), row["status"], row["reading"]) for row in listed}
    assert found == expected
    priorities = dict(sorted({(int(row["priority"]), row["status"]) for row in listed}))
    assert list(priorities.values()) == [str(status) for status in WORDS["ventilation_status"]]


def test_what_is_left_unread_on_purpose_is_read_by_no_other_seed() -> None:
    """A word on the list of those known is counted as unknown no more: it must not be one that the study reads."""
    unread: dict[str, set[str]] = defaultdict(set)
    for row in seed("known_unread"):
        unread[row["vocabulary"]].add(row["word"].lower())
    assert not unread["lab_item"] & {row["itemid"] for row in seed("lab_item")}
    for concept in ("ventilator_mode", "oxygen_device"):
        read_words = {row["value_text"].strip().lower() for row in seed("ventilation_status")}
        assert not unread[concept] & read_words
    assert "no response-ett" not in unread["gcs_verbal"]
    equal = {row["pattern"].lower() for row in seed("drug_name") if row["match"] == "equals"}
    assert not unread["drug_route"] & equal


def test_every_check_of_data_quality_is_counted_and_its_limits_are_in_order() -> None:
    models = (PROJECT / "models/intermediate/quality").glob("*.sql")
    counts = "".join(model.read_text(encoding="utf-8") for model in models)
    for row in seed("quality_check"):
        name = row["check_name"]  # those of words are named by their vocabulary
        assert f"'{name}'" in counts or f"'{name.removesuffix('_unknown')}'" in counts, name
        warn = float(row["warn_above_percent"] or 0)  # a check of words has its limit of warning in a var
        assert 0 <= warn <= float(row["error_above_percent"]) <= 100, row["check_name"]
        assert float(row["error_above_percent"]) > 0, f"{row['check_name']}: a single row would stop every study"


def test_a_misspelt_drug_of_zigong_holds_a_stem_and_no_pattern() -> None:
    listed = seed("zigong_drug")
    met = set()
    for word in ZIGONG["misspelt"]:
        assert not [row for row in listed if row["pattern"] in word.lower()], word
        stems = {row["stem"] for row in listed if row["stem"] in word.lower()}
        assert stems, f"{word} would be read past"
        met |= stems
    assert met == {row["stem"] for row in listed}
    assert len(listed) == len(ZIGONG["drug"])


def test_the_nursing_chart_has_the_ranges_of_the_same_measurements_in_mimic() -> None:
    charted = {row["concept"]: row for row in seed("chart_item")}
    scale = {"gcs_eyes": 5, "gcs_motor": 7, "gcs_verbal": 6}
    same = {
        "heart_rate": "heart_rate",
        "map": "map",
        "dbp_invasive": "map",
        "dbp_cuff": "map",
        "sbp_invasive": "sbp",
        "sbp_cuff": "sbp",
    }
    ranges_found = {
        row["concept"]: (float(row["value_above"]), float(row["value_below"])) for row in seed("zigong_nursing_item")
    }
    expected = {
        name: (float(charted[of]["value_above"]), float(charted[of]["value_below"])) for name, of in same.items()
    }
    assert ranges_found == expected | {name: (0, below) for name, below in scale.items()}


# without the drugs that serve as negative controls, of which the seed of their own tells
_DRUGS = (
    "select subject_id, is_antibiotic, is_antibiotic_otherwise, is_heparin from {}.int_prescription"
    " where is_antibiotic or is_antibiotic_otherwise or is_heparin"
)
CHECKS: Mapping[str, str] = {
    "chart_item": "select subject_id, concept, value, value_text, is_other_unit from dexsic.int_chart_row",
    "lab_item": "select subject_id, concept, value, value_text, is_other_unit from dexsic.int_lab_row",
    "infusion_item": "select stay_id, drug, reading, is_other_unit from dexsic.int_infusion",
    "infusion_amount": "select stay_id, rate from dexsic.int_infusion",
    "rate_unit_mass": "select stay_id, rate from dexsic.int_exposure_row",
    "rate_unit_units": "select stay_id, rate from dexsic.int_vasoactive_infusion",
    "output_item": "select stay_id, urine_ml from dexsic.int_urine_output",
    "ventilation_status": "select stay_id, status from dexsic.int_ventilation",
    "drug_name": _DRUGS.format("dexsic"),
    "ethnicity_group": "select subject_id, ethnicity from dexsic.int_icu_stay",
    "culture_screening": "select subject_id, is_screening from dexsic.int_culture",
    "culture_negative_organism": "select subject_id, is_positive from dexsic.int_culture",
    "drug_name_extended": _DRUGS.format("extended"),
    "ventilation_status_extended": "select stay_id, status from extended.int_ventilation",
    "ethnicity_unknown": "select subject_id, ethnicity from extended.int_icu_stay",
    "zigong_lab": "select cast(substring(admission_id, 2) as integer), concept, value from dexsic.int_zigong_lab",
    "zigong_drug": "select cast(substring(patient_id, 2) as integer), drug, sofa_points from dexsic.int_zigong_order",
    "zigong_department": (
        "select cast(substring(patient_id, 2) as integer), icu_start_h is not null from dexsic.int_zigong_stay"
    ),
}


@pytest.fixture(scope="module")
def source() -> Source:
    made = Source()
    for make in (
        chart_and_lab,
        infusions,
        rates,
        amounts,
        outputs_and_procedures,
        support,
        prescriptions,
        people_and_cultures,
        diagnoses,
        zigong,
    ):
        make(made)
    return made


@pytest.fixture(scope="module")
def built(source: Source, make_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """DSN of the database in which every row of every seed has worked."""
    dsn = fill(make_database(), "")
    with psycopg.connect(dsn) as connection:
        connection.execute(f"create schema {SCHEMA}".encode())
        for definition in DEFINITIONS:
            connection.execute(create_table(definition.table([column.name for column in definition.columns]), SCHEMA))
        for table in TABLES:
            for column in table.columns if table.needed else ():
                if not column.nullable:
                    connection.execute(
                        sql.SQL("alter table {} alter column {} drop not null").format(
                            sql.Identifier(OFFICIAL_SCHEMAS[table.module], table.name), sql.Identifier(column.name)
                        )
                    )
        source.write(connection)
    with dbt_on(dsn, tmp_path_factory.mktemp("dbt"), "dexsic", "--vars", ON) as dbt:
        done = dbt(
            "build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test", "--select", *MODELS
        )
        assert done.success, done.exception
    with dbt_on(dsn, tmp_path_factory.mktemp("dbt"), "extended", "--vars", OTHERWISE) as dbt:
        assert dbt("seed").success
        assert dbt("run", "--select", "+int_prescription", "+int_ventilation").success
    return dsn


def select(dsn: str, query: str) -> dict[int, Any]:
    """The first column -> the others, of a query whose first column is unique among those asked for."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(query.encode()).fetchall()
    return {row[0]: row[1] if len(row) == 2 else tuple(row[1:]) for row in rows}


@pytest.mark.parametrize("kind", CHECKS)
def test_each_row_of_a_seed_does_what_its_source_means(kind: str, built: str, source: Source) -> None:
    found = select(built, CHECKS[kind])
    meant = {number: found.get(number) for number in source.meant[kind]}
    assert {number: _near(what) for number, what in source.meant[kind].items()} == meant


def _near(what: Any) -> Any:
    """Numbers are compared to four digits: the factor of a unit is told by as many."""
    if isinstance(what, tuple):
        return tuple(pytest.approx(part, rel=2e-4) if isinstance(part, float) else part for part in what)
    return pytest.approx(what, rel=2e-4) if isinstance(what, float) else what


def test_a_row_without_a_value_is_kept_where_its_time_matters(built: str, source: Source) -> None:
    found = select(
        built, "select subject_id, is_used from dexsic.int_chart_row where value is null and value_text is null"
    )
    assert {number: found[number] for number in source.meant["chart_row_without_value"]} == source.meant[
        "chart_row_without_value"
    ]


def test_each_procedure_of_the_seed_is_renal_replacement_and_no_other(built: str, source: Source) -> None:
    found = select(built, "select stay_id, true from dexsic.int_crrt")
    assert {number: number in found for number in source.meant["procedure_item"]} == source.meant["procedure_item"]


def test_each_diagnosis_code_has_its_categories_as_published_and_no_other(built: str, source: Source) -> None:
    found = select(built, f"select hadm_id, {', '.join(ICD)} from dexsic.int_comorbidity")
    none = (0,) * len(ICD)
    wrong = {}
    for number, (version, code) in source.meant["icd_category"].items():
        has = {name for name, value in zip(ICD, found.get(number, none), strict=True) if value}
        if has != categories_of(version, code):
            wrong[version, code] = (has, categories_of(version, code))
    assert not wrong


@pytest.mark.needs_shared
def test_the_labels_are_those_of_the_dictionaries_of_mimic(demo_folder: Path) -> None:
    found: dict[tuple[str, str], set[int]] = defaultdict(set)
    for path in demo_folder.rglob("d_*items.csv.gz"):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                found[path.name.split(".")[0], row["label"]].add(int(row["itemid"]))
    assert {key: items for key, items in ITEMIDS.items() if not set(items) <= found[key]} == {}


@pytest.mark.needs_shared
def test_the_titles_of_a_categorys_codes_speak_of_it(demo_folder: Path) -> None:
    with gzip.open(demo_folder / "hosp" / "d_icd_diagnoses.csv.gz", "rt", encoding="utf-8", newline="") as file:
        titles = [
            (int(row["icd_version"]), row["icd_code"].strip(), row["long_title"].lower())
            for row in csv.DictReader(file)
        ]
    words = read("icd_titles.yml")
    strange = [
        (category, version, code, title)
        for version, code, title in titles
        for category in categories_of(version, code) & words.keys()
        if not re.search(words[category], title)
    ]
    assert strange == []


def test_a_code_status_limits_as_far_as_its_words_say() -> None:
    expected = {
        (word, status, str(order))
        for order, (status, words) in enumerate(WORDS["code_status"].items())
        for word in words
    }
    assert {(row["value_text"], row["status"], row["limitation"]) for row in seed("code_status")} == expected


def test_a_vasopressor_is_worth_what_is_published() -> None:
    factors = {row["drug"]: float(row["factor"]) for row in seed("norepinephrine_equivalence")}
    assert factors == pytest.approx(WORDS["norepinephrine_equivalence"])
