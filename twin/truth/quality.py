"""What the mart data_quality must count of the faults that were laid: the generator's own count of its rows.

Keys are the mart's: name of the check and, where it is about items or words, the concept. A check that is named here is
counted as a whole; whatever the mart counts beyond is wrong.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from twin.arrays import hours_since, shared
from twin.rows import Array, Columns, take
from twin.tables.elimination import CRRT, IRRIGANT_IN
from twin.tables.infection import SYSTEMIC_OR_HEPARIN, UNKNOWN_ROUTE
from twin.tables.infusions.drugs import DRUGS, FENTANYL_PUSH, HEPARIN_PROPHYLAXIS
from twin.tables.labs import SECOND_PLATELETS, TESTS
from twin.tables.respiration import UNKNOWN_DEVICE, UNKNOWN_MODE

Counts = dict[tuple[str, str], int]

_DAY: Final = np.timedelta64(86_400, "s")
_BOLUS_MAX_H: Final = 0.25
_MODE, _DEVICE = 223849, 226732
# items by the study's names; of the charts those of strays
_CHARTS: Final = {
    220045: "heart_rate",
    220052: "map",
    220210: "resp_rate",
    220277: "spo2",
    223761: "temperature_f",
    223835: "fio2",
    223834: "oxygen_flow",
    220739: "gcs_eyes",
    223900: "gcs_verbal",
    223901: "gcs_motor",
    224639: "weight_daily",
    _MODE: "ventilator_mode",
    _DEVICE: "oxygen_device",
}
_NUMBERS: Final = frozenset(_CHARTS.values()) - {"ventilator_mode", "oxygen_device"}
_INFUSIONS: Final = {FENTANYL_PUSH: "fentanyl", HEPARIN_PROPHYLAXIS: "heparin"} | {
    drug.itemid: name.partition("_")[0]
    for name, drug in DRUGS.items()
    # by default the study reads neither further items of phenylephrine nor fluids
    if name != "saline" and not name.startswith("phenylephrine_")
}
_LABS: Final = {test.itemid: name for name, test in TESTS.items() if name != "chloride"} | {
    50821: "po2",
    50816: "fio2",
    52033: "specimen",
}


def quality_counts(plan: Columns, tables: dict[str, Columns]) -> Counts:
    """How many rows of a block each check must count; 0 where the block has none."""
    found: Counts = {}
    for part in (
        _charts(plan, tables["chartevents"]),
        _infusions(plan, tables["inputevents"]),
        _urine(plan, tables["outputevents"]),
        _procedures(plan, tables["procedureevents"]),
        _labs(plan, tables["labevents"], tables["admissions"]),
        _orders(tables["prescriptions"], tables["microbiologyevents"], tables["admissions"]),
        _deaths(tables["admissions"], tables["patients"], tables["icustays"]),
    ):
        for check, concepts, names, affected in part:
            counted = dict.fromkeys(concepts, 0)
            kinds, counts = np.unique(names[affected], return_counts=True)
            counted |= dict(zip(kinds.tolist(), counts.tolist(), strict=True))
            found |= {(check, concept): count for concept, count in counted.items()}
    found["exposure_unknown", ""] = int(np.count_nonzero(plan["dex_form"]))
    return found


# a check, the concepts that are listed whether they occur or not, each row's concept, and which rows are affected
Checks = Iterator[tuple[str, tuple[str, ...], Array, Array]]


def _charts(plan: Columns, rows: Columns) -> Checks:
    for check, itemid, word in (
        ("ventilator_mode_unknown", _MODE, UNKNOWN_MODE),
        ("oxygen_device_unknown", _DEVICE, UNKNOWN_DEVICE),
    ):
        words = rows["value"][rows["itemid"] == itemid]
        yield check, (word.decode(),), np.full(len(words), word.decode()), words == word
    rows = _of_odd_stays(plan, rows)
    _, anothers, outside = _misplaced(plan, rows, rows["charttime"], rows["charttime"])
    astray = np.flatnonzero(anothers | outside)
    concepts = _named(rows["itemid"][astray], _CHARTS)
    yield "chart_of_another_patient", tuple(sorted(_NUMBERS)), concepts, anothers[astray]
    yield "chart_outside_stay", tuple(sorted(_CHARTS.values())), concepts, outside[astray]


def _infusions(plan: Columns, rows: Columns) -> Checks:
    names = ("subject_id", "stay_id", "itemid", "starttime", "endtime", "rate", "amount", "amountuom")
    rows = _read(rows, names, np.isin(rows["itemid"], list(_INFUSIONS)))
    drug, start, end = _named(rows["itemid"], _INFUSIONS), rows["starttime"], rows["endtime"]
    stay, anothers, outside = _misplaced(plan, rows, start, end)
    back = (end < start) & ~anothers
    outside &= ~back
    sound = ~(anothers | back | outside)
    cut = sound & ((start < plan["intime"][stay] - _DAY) | (end > plan["outtime"][stay] + _DAY))
    long = hours_since(end, start) > _BOLUS_MAX_H
    rateless = sound & np.isnan(rows["rate"])
    # a volume is no amount of the drug
    follows = rateless & long & (rows["amount"] > 0) & (rows["amountuom"] != b"ml")
    three = ("dexmedetomidine", "heparin", "norepinephrine")
    yield "infusion_of_another_patient", ("norepinephrine",), drug, anothers
    yield "infusion_outside_stay", ("norepinephrine",), drug, outside
    yield "infusion_cut", ("dexmedetomidine", "norepinephrine", "propofol"), drug, cut
    yield "infusion_reversed", three, drug, back
    yield "infusion_empty", three, drug, sound & (start == end) & (rows["rate"] > 0)
    yield "infusion_rate_from_amount", three, drug, follows
    yield "infusion_without_rate", ("dexmedetomidine",), drug, rateless & long & ~follows
    yield "infusion_bolus", ("dexmedetomidine", "fentanyl", "heparin"), drug, rateless & ~long & (rows["amount"] > 0)


def _urine(plan: Columns, rows: Columns) -> Checks:
    stay, anothers, outside = _misplaced(plan, rows, rows["charttime"], rows["charttime"])
    nothing = np.full(len(stay), "")
    yield "urine_of_another_patient", ("",), nothing, anothers
    yield "urine_outside_stay", ("",), nothing, outside
    hours = hours_since(rows["charttime"], plan["intime"][stay])
    day = ~(anothers | outside) & (hours >= 0) & (hours <= 24)
    volume = np.where(rows["itemid"] == IRRIGANT_IN, -rows["value"], rows["value"])
    total = np.bincount(stay[day], volume[day], minlength=len(plan["stay_id"]))
    yield "urine_first_day_negative", ("",), np.full(len(total), ""), total < 0


def _procedures(plan: Columns, rows: Columns) -> Checks:
    rows = _read(rows, ("subject_id", "stay_id", "starttime", "endtime"), rows["itemid"] == CRRT)
    stay, anothers, outside = _misplaced(plan, rows, rows["starttime"], rows["endtime"])
    crrt = np.full(len(stay), "crrt")
    yield "procedure_of_another_patient", ("crrt",), crrt, anothers
    yield "procedure_outside_stay", ("crrt",), crrt, outside


def _labs(plan: Columns, rows: Columns, admissions: Columns) -> Checks:
    second = rows["itemid"] == SECOND_PLATELETS
    yield "lab_item_unknown", ("platelets",), np.full(len(second), "platelets"), second
    anothers = np.flatnonzero(_under_another(rows, admissions) & ~second)
    yield "lab_of_another_patient", ("creatinine", "platelets"), _named(rows["itemid"][anothers], _LABS), _all(anothers)
    # without an admission, in the first day of one of the patient's stays
    unkeyed = np.flatnonzero(np.isnan(rows["hadm_id"]) & (rows["valuenum"] > 0) & (rows["valuenum"] < 900_000))
    unkeyed = unkeyed[np.isin(rows["itemid"][unkeyed], list(_LABS))]
    owner, _ = _first_of(plan["subject_id"], rows["subject_id"][unkeyed])
    notes = shared(plan["patient"], {"stay": owner, "time": rows["charttime"][unkeyed], "row": unkeyed})
    hours = hours_since(notes["time"], plan["intime"][notes["stay"]])
    concept = _named(rows["itemid"][notes["row"]], _LABS)
    day = (hours >= -6) & (hours <= 24)
    yield "lab_without_admission", ("bilirubin", "creatinine", "platelets"), concept, day


def _orders(prescriptions: Columns, cultures: Columns, admissions: Columns) -> Checks:
    read = _read(prescriptions, ("subject_id", "hadm_id", "route"), np.isin(prescriptions["drug"], SYSTEMIC_OR_HEPARIN))
    nothing = np.full(len(read["route"]), "")
    yield "prescription_of_another_patient", ("",), nothing, _under_another(read, admissions)
    word = UNKNOWN_ROUTE.decode()
    yield "drug_route_unknown", (word,), np.full(len(nothing), word), read["route"] == UNKNOWN_ROUTE
    _, first = np.unique(cultures["micro_specimen_id"], return_index=True)
    specimens = _read(cultures, ("subject_id", "hadm_id", "spec_type_desc"), first)
    nothing = np.full(len(first), "")
    yield "culture_of_another_patient", ("",), nothing, _under_another(specimens, admissions)
    yield "culture_screening", ("",), nothing, is_screen(specimens)


def _deaths(admissions: Columns, patients: Columns, stays: Columns) -> Checks:
    nothing = np.full(len(admissions["hadm_id"]), "")
    flagged, timed = admissions["hospital_expire_flag"] == 1, ~np.isnat(admissions["deathtime"])
    dead = flagged | timed
    end = np.where(timed, admissions["deathtime"], admissions["dischtime"])
    row, _ = _first_of(patients["subject_id"], admissions["subject_id"])
    dod = patients["dod"][row].astype("datetime64[D]")
    last = np.full(len(patients["dod"]), np.datetime64(0, "s"))
    np.maximum.at(last, row, admissions["admittime"])
    yield "death_without_flag", ("",), nothing, timed & ~flagged
    yield "death_without_time", ("",), nothing, flagged & ~timed
    yield "death_in_another_admission", ("",), nothing, dead & ~np.isin(admissions["hadm_id"], stays["hadm_id"])
    yield "death_before_later_admission", ("",), nothing, dead & (last[row] > end)
    days = np.abs((dod - end.astype("datetime64[D]")).astype(np.int64))
    yield "death_date_disagrees", ("",), nothing, dead & ~np.isnat(dod) & (days > 1)
    begin, leave = (admissions[name].astype("datetime64[D]") for name in ("admittime", "dischtime"))
    yield "death_date_in_stay", ("",), nothing, ~dead & (dod >= begin) & (dod < leave)
    yield "discharge_before_admission", ("",), nothing, admissions["dischtime"] < admissions["admittime"]
    early = patients["dod"].astype("datetime64[D]") < last.astype("datetime64[D]")
    yield "death_date_before_admission", ("",), np.full(len(early), ""), early


def _read(rows: Columns, names: tuple[str, ...], which: Array) -> Columns:
    return take({name: rows[name] for name in names}, which)


def _all(rows: Array) -> Array:
    return np.ones(len(rows), np.bool_)


def is_screen(cultures: Columns) -> Array:
    """Which cultures look for carriers."""
    return np.asarray(np.char.upper(np.char.strip(cultures["spec_type_desc"])) == b"MRSA SCREEN")


def _of_odd_stays(plan: Columns, rows: Columns) -> Columns:
    """Charted rows of the stays that have any misplaced: told by the extremes of each, the rows being far too many."""
    opens = np.flatnonzero(np.append(True, rows["stay_id"][1:] != rows["stay_id"][:-1]))
    stay, _ = _first_of(plan["stay_id"], rows["stay_id"][opens])
    low, high = (
        {name: choose.reduceat(rows[name].astype(np.int64), opens) for name in ("subject_id", "charttime")}
        for choose in (np.minimum, np.maximum)
    )
    earliest, latest = (time.astype(np.int64)[stay] for time in (plan["intime"] - _DAY, plan["outtime"] + _DAY))
    odd = (low["subject_id"] != high["subject_id"]) | (low["charttime"] < earliest) | (high["charttime"] > latest)
    which = np.flatnonzero(np.repeat(odd, np.diff(np.append(opens, len(rows["stay_id"])))))
    return _read(rows, ("subject_id", "stay_id", "itemid", "charttime"), which)


def _misplaced(plan: Columns, rows: Columns, start: Array, end: Array) -> tuple[Array, Array, Array]:
    """Each row's stay; is it another patient's; or does it lie more than a day away from its stay?"""
    stay, _ = _first_of(plan["stay_id"], rows["stay_id"])
    anothers = rows["subject_id"] != plan["subject_id"][stay]
    outside = (end < (plan["intime"] - _DAY)[stay]) | (start > (plan["outtime"] + _DAY)[stay])
    return stay, anothers, outside & ~anothers


def _under_another(rows: Columns, admissions: Columns) -> Array:
    """Which rows name an admission that is another patient's."""
    row, known = _first_of(admissions["hadm_id"], rows["hadm_id"])
    return np.asarray(known & (admissions["subject_id"][row] != rows["subject_id"]))


def _first_of(keys: Array, wanted: Array) -> tuple[Array, Array]:
    """Position of the first key that equals each wanted one, and whether there is one."""
    order = np.argsort(keys, kind="stable")
    where = np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)
    return order[where], keys[order[where]] == wanted


def _named(itemid: Array, names: dict[int, str]) -> Array:
    """Concepts of items, all of which have one."""
    items = np.array(sorted(names))
    return np.array([names[item] for item in items.tolist()])[np.searchsorted(items, itemid)]
