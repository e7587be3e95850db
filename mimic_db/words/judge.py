"""What follows for the study from each word of a database: its consequence, by the seeds and the vars."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mimic_db.words import drugs, units
from mimic_db.words.look import Rows
from mimic_db.words.seeds import Definitions, Row, known_unread, plain, seed

STOPS = "the build stops: a rate of the exposure that cannot be converted"
UNSEEN_DRUG = "counted as a control: an item of the exposure's drug that no seed has"
NO_TIME = "no time of infusion: an amount without a rate, in a unit that no seed has"
WRONG_RATE = "the number is read as if in the usual unit: SOFA's points are wrong"
WRONG_VALUE = "the number is read as if in the usual unit: scores and Table 1 are wrong"
NO_VENTILATION = "no hours of ventilation: SOFA's respiration and the ventilation hours are too low"
NO_SUPPORT = "begins and ends no respiratory support"
NO_SUSPICION = "makes no suspicion of infection: it resembles an antibiotic and is in no list"
LOCAL = "read as systemic: a local antibiotic would make a suspicion of infection"
NO_HEPARIN = "no heparin for var heparin any_order: it resembles the name"
CULTURE = "counted as a culture, whatever it is"
NOT_ARTERIAL = "counts for no PaO2/FiO2 ratio"
FULL_CODE = "limits no treatment: the patient counts as full code"
BY_ITS_NUMBER = "a verbal answer read by the number beside it: SOFA and SAPS II are too high if it means a tube"
OTHER_RACE = "counted as of another race"
UNSCHEDULED = "counted as not scheduled in SAPS II"
CONVERTED = "known, and converted by the seed rate_unit"
READ_OTHERWISE = "known, and read by another var alone"
KNOWN = "known, no consequence"
CONSEQUENCES = (
    STOPS,
    UNSEEN_DRUG,
    NO_TIME,
    WRONG_RATE,
    WRONG_VALUE,
    NO_VENTILATION,
    NO_SUPPORT,
    NO_SUSPICION,
    LOCAL,
    NO_HEPARIN,
    CULTURE,
    NOT_ARTERIAL,
    FULL_CODE,
    BY_ITS_NUMBER,
    OTHER_RACE,
    UNSCHEDULED,
    CONVERTED,
    READ_OTHERWISE,
    KNOWN,
)
_NUMBER = re.compile(r"[0-9]+([.][0-9]*)?")  # a verbal answer that is charted as its points
_SCREENS = ("ventilator_mode", "ventilator_mode_hamilton")


@dataclass(frozen=True)
class Word:
    """A word of the database with its rows. `place` says what it is a word of, `remark` which var reads it."""

    consequence: str
    place: str
    text: str
    rows: int
    remark: str = ""


def judge(found: Mapping[str, Rows], others: Mapping[int, str], chosen: Definitions) -> list[Word]:
    """Every word once, by consequence and then by its rows; spellings that differ in case or blanks are one word."""
    words = [
        *_inputs(found["inputs"], others, chosen),
        *_orders(found["orders"], chosen),
        *_cultures(found["cultures"]),
        *_admissions(found["admissions"], chosen),
        *_results(found["labs"], "lab_item"),
        *_results(found["charts"], "chart_item"),
        *_support(found["charts"], chosen),
        *_answers(found["charts"], chosen),
        *_specimens(found["labs"]),
    ]
    rows: Counter[tuple[str, str, str, str]] = Counter()
    spelled: dict[str, str] = {}
    for word in words:
        text, name = word.text.strip(" "), plain(word.text)
        spelled[name] = min(spelled.get(name, text), text)
        rows[word.consequence, word.place, name, word.remark] += word.rows
    order = {consequence: at for at, consequence in enumerate(CONSEQUENCES)}
    joined = [Word(group, place, spelled[name], n, remark) for (group, place, name, remark), n in rows.items() if n]
    return sorted(joined, key=lambda word: (order[word.consequence], -word.rows, word.place, word.text))


def _inputs(rows: Rows, others: Mapping[int, str], chosen: Definitions) -> Iterator[Word]:
    items = {int(row["itemid"]): row for row in seed("infusion_item")}
    exposure, wanted = chosen["exposure_drug"], chosen["exposure_rate_unit"]
    for itemid, unit, amount_unit, n_rated, n_by_amount in rows:
        if itemid in others:
            yield Word(UNSEEN_DRUG, "item", f"{itemid} {others[itemid]}", n_rated + n_by_amount)
            continue
        item = items[itemid]
        if item["reading"] == "extended" and chosen["vasoactive_items"] != "extended":
            continue
        place = f"rate unit of {item['drug']}"
        yield Word(_rate_consequence(item, unit, exposure, wanted), place, unit or "no unit", n_rated)
        follows = units.amount_follows(amount_unit, item["rate_unit"])
        amount_place = f"amount unit of {item['drug']}"
        yield Word(KNOWN if follows else NO_TIME, amount_place, amount_unit or "no unit", n_by_amount)


def _rate_consequence(item: Row, unit: str | None, exposure: str, wanted: str) -> str:
    if item["drug"] == exposure:
        if plain(unit) == plain(wanted):
            return KNOWN
        return CONVERTED if units.can_be_made(unit, wanted) else STOPS
    known = units.rate_unit(unit)
    if not item["rate_units"] or units.is_read(known["rate_unit"] if known else unit, item["rate_units"]):
        return KNOWN
    return CONVERTED if units.can_be_made(unit, item["rate_unit"]) else WRONG_RATE


def _orders(rows: Rows, chosen: Definitions) -> Iterator[Word]:
    for drug, route, n in rows:
        lists, heparin = drugs.lists_of(drug, route), drugs.heparin_readings(drug)
        if chosen["antibiotic_list"] in lists:
            yield Word(KNOWN, "drug", drug, n)
        elif lists:
            yield Word(READ_OTHERWISE, "drug", drug, n, f"antibiotic_list: {_first(lists, drugs.ANTIBIOTIC_LISTS)}")
        elif drugs.resembles_antibiotic(drug) and not _is_left_out(drug, route):
            yield Word(NO_SUSPICION, "drug", drug, n)
        elif heparin is None and drugs.resembles_heparin(drug):
            yield Word(NO_HEPARIN, "drug", drug, n)
        if heparin is not None and heparin == {"default"} and chosen["heparin_names"] == "default":
            yield Word(READ_OTHERWISE, "heparin", drug, n, "no dose with heparin_names: extended")
        if (chosen["antibiotic_list"] in lists or heparin) and plain(route):
            known = drugs.knows_route(route)
            yield Word(KNOWN if known else LOCAL, "route", route, n)


def _is_left_out(drug: str, route: str | None) -> bool:
    """Known by every list that has the name, and local: a cream, an eye."""
    return route is None or bool(drugs.lists_of(drug, "IV")) or drugs.is_excluded(drug)


def _first(found: Sequence[str] | frozenset[str], order: Sequence[str]) -> str:
    return next(name for name in order if name in found)


def _cultures(rows: Rows) -> Iterator[Word]:
    screens = {plain(row["specimen"]) for row in seed("culture_screening")}
    for specimen, n in rows:
        known = plain(specimen) in screens | known_unread("specimen")
        yield Word(KNOWN if known else CULTURE, "specimen", specimen or "no word", n)


def _admissions(rows: Rows, chosen: Definitions) -> Iterator[Word]:
    groups = {plain(row["race_prefix"]): row["ethnicity"] for row in seed("ethnicity_group")}
    for race, admission_type, n in rows:
        group = next((group for prefix, group in groups.items() if plain(race).startswith(prefix)), "")
        if group == "unknown" and chosen["ethnicity_unknown"] == "other":
            yield Word(READ_OTHERWISE, "race", race, n, "a level of its own with ethnicity_unknown: apart")
        elif plain(race):
            yield Word(KNOWN if group or plain(race) in known_unread("race") else OTHER_RACE, "race", race, n)
        if plain(admission_type):
            known = plain(admission_type) in known_unread("admission_type")
            yield Word(KNOWN if known else UNSCHEDULED, "kind of admission", admission_type, n)


def _results(rows: Rows, name: str) -> Iterator[Word]:
    """Units of numbers; of the items whose words are looked at there is none."""
    items = {int(row["itemid"]): row for row in seed(name)}
    for itemid, _, unit, n in rows:
        item = items[itemid]
        if plain(unit) and item["unit"] != "text":
            is_read = units.is_read(unit, item["unit"])
            yield Word(KNOWN if is_read else WRONG_VALUE, f"unit of {item['label']}", unit, n)


def _support(rows: Rows, chosen: Definitions) -> Iterator[Word]:
    """Modes and devices: a mode is known by whichever of the two items has it, as in data_quality."""
    concepts = {int(row["itemid"]): row["concept"] for row in seed("chart_item")}
    listed = {"mode": "ventilator_mode", "device": "oxygen_device"}
    for itemid, text, _, n in rows:
        concept = concepts[itemid]
        if concept not in (*_SCREENS, "oxygen_device") or not plain(text):
            continue
        place = "mode" if concept in _SCREENS else "device"
        own = [row for row in seed("ventilation_status") if plain(row["value_text"]) == plain(text)]
        own = [row for row in own if (row["concept"] in _SCREENS) == (place == "mode")]
        if any(row["reading"] in ("both", chosen["ventilation_words"]) for row in own):
            yield Word(KNOWN, place, text, n)
        elif own:
            yield Word(READ_OTHERWISE, place, text, n, f"{own[0]['status']} with ventilation_words: extended")
        elif plain(text) in known_unread(listed[place]):
            yield Word(KNOWN, place, text, n)
        else:
            yield Word(NO_VENTILATION if place == "mode" else NO_SUPPORT, place, text, n)


def _answers(rows: Rows, chosen: Definitions) -> Iterator[Word]:
    """Code status, and the verbal part of the coma scale, of which one word is read: that of an intubated patient."""
    concepts = {int(row["itemid"]): row["concept"] for row in seed("chart_item")}
    statuses = {plain(row["value_text"]) for row in seed("code_status")}
    answers = {plain(chosen["gcs_verbal_intubated_text"])} | known_unread("gcs_verbal")
    listed = {
        "code_status": ("code status", statuses, FULL_CODE),
        "gcs_verbal": ("verbal answer", answers, BY_ITS_NUMBER),
    }
    for itemid, text, _, n in rows:
        if concepts[itemid] in listed and plain(text):
            place, known, consequence = listed[concepts[itemid]]
            is_number = concepts[itemid] == "gcs_verbal" and _NUMBER.fullmatch(plain(text))
            yield Word(KNOWN if is_number or plain(text) in known else consequence, place, text, n)


def _specimens(rows: Rows) -> Iterator[Word]:
    kinds = {int(row["itemid"]) for row in seed("lab_item") if row["concept"] == "specimen"}
    for itemid, text, _, n in rows:
        if itemid in kinds and plain(text):
            known = plain(text) in known_unread("blood_gas_specimen")
            yield Word(KNOWN if known else NOT_ARTERIAL, "kind of blood gas", text, n)
