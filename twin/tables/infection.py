"""Antibiotics and cultures: prescriptions and microbiologyevents that do, or do not, add up to suspected infection."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from twin.plan.faults import of_another
from twin.plan.intent import Intent
from twin.plan.population import INFECTION_KINDS
from twin.rows import Columns, constant, moment, size, spread, stack, take, text
from twin.tables.charting import spelled

_KIND: Final = {name: number for number, name in enumerate(INFECTION_KINDS)}

# drug, strength, dose, unit, route
_ANTIBIOTICS: Final = (
    ("Vancomycin", "1g/200mL Bag", "1000", "mg", "IV"),
    ("Piperacillin-Tazobactam", "4.5g Vial", "4.5", "g", "IV"),
    ("CefePIME", "2g Vial", "2", "g", "IV"),
    ("CeftriaXONE", "1g/50mL Bag", "1", "gm", "IV"),
    ("MetroNIDAZOLE (FLagyl)", "500mg/100mL", "500", "mg", "IV"),
    ("Meropenem", "500mg Vial", "500", "mg", "IV"),
    ("Ciprofloxacin IV", "400mg/200mL", "400", "mg", "IV"),
    ("Azithromycin", "250mg Tablet", "500", "mg", "PO/NG"),
)
_CEFAZOLIN: Final = ("CeFAZolin", "1g Vial", "2", "g", "IV")
_TOPICAL: Final = (
    ("MetRONIDAZOLE Gel 0.75%-Vaginal", "70g Tube", "1", "Appl", "VG"),
    ("Mupirocin Cream 2%", "15g Tube", "1", "Appl", "TP"),
    ("Erythromycin 0.5% Ophth Oint", "3.5g Tube", "0.5", "in", "BOTH EYES"),
    ("Vancomycin Ophthalmic Drops", "5mL Bottle", "1", "DROP", "OU"),
)
_OTHERS: Final = (
    ("Heparin", "5,000 Units/mL Vial", "5000", "UNIT", "SC"),
    ("Pantoprazole", "40mg Vial", "40", "mg", "IV"),
    ("Acetaminophen", "325mg Tablet", "650", "mg", "PO/NG"),
    ("Insulin", "Dummy Package for Sliding Scale", "0", "UNIT", "SC"),
    ("Potassium Chloride", "20mEq/50mL Premix", "40", "mEq", "IV"),
    ("Furosemide", "40mg/4mL Vial", "20", "mg", "IV"),
    ("Metoprolol Tartrate", "25mg Tab", "25", "mg", "PO/NG"),
    ("Senna", "8.6 mg Tablet", "2", "TAB", "PO/NG"),
    ("Docusate Sodium", "100mg Capsule", "100", "mg", "PO"),
)
UNKNOWN_ROUTE: Final = b"NG/JT"  # in no list of the study
# what the study reads of the prescriptions
SYSTEMIC_OR_HEPARIN: Final = text([name for name, *_ in (*_ANTIBIOTICS, _CEFAZOLIN, _OTHERS[0])])
SCREEN, SCREEN_ITEM, SCREEN_TEST = "MRSA SCREEN", 70091, 90189  # for carriers
# specimen, its itemid, test, its itemid
_SPECIMENS: Final = (
    ("BLOOD CULTURE", 70012, "Blood Culture, Routine", 90201),
    ("URINE", 70079, "URINE CULTURE", 90039),
    ("SPUTUM", 70062, "RESPIRATORY CULTURE", 90055),
    ("BRONCHOALVEOLAR LAVAGE", 70021, "RESPIRATORY CULTURE", 90055),
    ("PERITONEAL FLUID", 70053, "FLUID CULTURE", 90258),
    ("SWAB", 70070, "WOUND CULTURE", 90046),
    (SCREEN, SCREEN_ITEM, SCREEN, SCREEN_TEST),
)
_SPECIMEN_SHARES: Final = (0.36, 0.28, 0.15, 0.05, 0.05, 0.05, 0.06)
_NO_GROWTH, _CANCELLED = 0, 2  # NEGATIVE and CANCELLED are entered as if they were organisms
_ORGANISMS: Final = (
    ("", 0),
    ("NEGATIVE", 90856),
    ("CANCELLED", 90760),
    ("ESCHERICHIA COLI", 80002),
    ("STAPH AUREUS COAG +", 80023),
    ("KLEBSIELLA PNEUMONIAE", 80004),
    ("PSEUDOMONAS AERUGINOSA", 80026),
    ("ENTEROCOCCUS SP.", 80053),
    ("YEAST", 80075),
)
_ORGANISM_SHARES: Final = (0.62, 0.02, 0.03, 0.10, 0.08, 0.05, 0.04, 0.03, 0.03)


def draw_suspicion(rng: np.random.Generator, plan: Columns) -> None:
    """Hours of the deciding antibiotic and culture, NaN for none, into `plan`."""
    count, los, kind = len(plan["los_h"]), plan["los_h"], plan["infection"]
    nothing = np.full(count, np.nan)
    within = np.minimum(10, 0.5 * los)
    culture_first = rng.random(count) < 0.72
    plan["culture_has_time"] = (rng.random(count) > 0.06) | (within < 9)
    culture = np.where(culture_first, rng.uniform(-12, 0.6 * within, count), nothing)
    antibiotic = np.where(
        culture_first,
        np.maximum(culture, 0) + rng.uniform(1.1, 0.4 * within + 1.2),
        rng.uniform(1.1, 0.6 * within + 1.2),
    )
    culture = np.where(culture_first, culture, antibiotic + rng.uniform(1.5, 20, count))
    # a date without a time becomes midnight, up to a day earlier
    culture = np.where(plan["culture_has_time"], culture, rng.uniform(6, 9, count))
    antibiotic = np.where(plan["culture_has_time"], antibiotic, culture + rng.uniform(1.5, 4, count))

    late = 80 + rng.uniform(0, 25, count)
    early_only = rng.uniform(1.1, 0.4 * los + 1.2)
    apart = np.where(
        rng.random(count) < 0.5, early_only - rng.uniform(76, 120, count), early_only + rng.uniform(28, 60, count)
    )
    choice = {
        "early": (antibiotic, culture),
        "late": (late + rng.uniform(2, 12, count), late),
        "apart": (early_only, apart),
        "culture_only": (nothing, culture),
        "antibiotic_only": (early_only, nothing),
        "before_icu": (-rng.uniform(2, 9, count), -rng.uniform(2, 12, count)),
        "topical": (early_only, early_only - rng.uniform(1, 10, count)),
        "none": (nothing, nothing),
    }
    plan["antibiotic_h"] = np.choose(kind, [choice[name][0] for name in INFECTION_KINDS])
    plan["culture_h"] = np.choose(kind, [choice[name][1] for name in INFECTION_KINDS])
    plan["culture_has_time"] |= kind != _KIND["early"]


def prescriptions(rng: np.random.Generator, plan: Columns, intent: Intent, without: Sequence[str] = ()) -> Columns:
    """Antibiotics and other drugs; orders start on the full hour; `pharmacy` numbers them within this part.

    Drugs that are named in `without` are left out.
    """
    kind, los = plan["infection"], plan["los_h"]
    systemic = np.flatnonzero(~np.isnan(plan["antibiotic_h"]) & (kind != _KIND["topical"]))
    cefazolin = kind[systemic] == _KIND["antibiotic_only"]
    first = np.where(cefazolin, len(_ANTIBIOTICS), rng.integers(0, 4, len(systemic)))
    # a second drug with the first, and a change on the third day or later
    second = systemic[(rng.random(len(systemic)) < 0.6) & ~cefazolin]
    third = np.flatnonzero(np.isin(kind, (_KIND["early"], _KIND["late"])) & (los > 140) & (rng.random(len(los)) < 0.5))
    topical = np.flatnonzero((kind == _KIND["topical"]) | (rng.random(len(los)) < 0.03))
    topical_hour = np.where(np.isnan(plan["antibiotic_h"]), 0.3 * los, plan["antibiotic_h"])[topical]
    other, _ = spread(rng.poisson(4, len(los)))
    everything = (*_ANTIBIOTICS, _CEFAZOLIN, *_TOPICAL, *_OTHERS)
    beyond = len(_ANTIBIOTICS) + 1
    parts = [
        (systemic, plan["antibiotic_h"][systemic], first),
        (second, plan["antibiotic_h"][second], rng.integers(0, 6, len(second))),
        (third, rng.uniform(124, 0.95 * los[third]), rng.integers(2, len(_ANTIBIOTICS), len(third))),
        (topical, topical_hour, beyond + rng.integers(0, len(_TOPICAL), len(topical))),
        (
            other,
            rng.random(len(other)) * los[other],
            beyond + len(_TOPICAL) + rng.integers(0, len(_OTHERS), len(other)),
        ),
    ]
    stay = np.concatenate([who for who, _, _ in parts])
    hours = np.concatenate([when for _, when, _ in parts])
    drug = np.concatenate([what for _, _, what in parts])
    count = len(stay)
    start = (moment(plan["intime"][stay], hours).astype(np.int64) // 3600 * 3600).astype("datetime64[s]")
    stop = start + rng.integers(1, 9, count) * 12 * np.timedelta64(3600, "s")
    name, strength, dose, unit, route = (text(column) for column in zip(*everything, strict=True))
    local = (drug >= beyond) & (drug < beyond + len(_TOPICAL))
    rows = {
        "subject_id": plan["subject_id"][stay],
        "hadm_id": plan["hadm_id"][stay],
        "pharmacy": np.arange(count),
        "starttime": start,
        "stoptime": np.where(rng.random(count) < 0.005, np.datetime64("NaT"), stop).astype("datetime64[s]"),
        "drug_type": constant("MAIN", count),
        "drug": name[drug],
        "prod_strength": strength[drug],
        "dose_val_rx": dose[drug],
        "dose_unit_rx": unit[drug],
        "route": spelled(plan, stay, np.where(plan["has_unknown_words"][stay] & ~local, UNKNOWN_ROUTE, route[drug])),
        "doses_per_24_hrs": rng.integers(1, 5, count).astype(np.float64),
    }
    kept = ~np.isin(rows["drug"], text(["", *without]))
    rows, stay, start, drug = take(rows, kept), stay[kept], start[kept], drug[kept]
    is_antibiotic, is_heparin = drug < beyond, rows["drug"] == _OTHERS[0][0].encode()
    intent.note("antibiotic", stay=stay[is_antibiotic], time=start[is_antibiotic])
    intent.note("heparin order", stay=stay[is_heparin], start=start[is_heparin], end=rows["stoptime"][is_heparin])
    intent.note("order", stay=stay, drug=rows["drug"], start=start, end=rows["stoptime"])
    # the fluid that a drug is dissolved in is a row of its own
    base = take(rows, drug < 2)
    base |= {
        "drug_type": constant("BASE", size(base)),
        "drug": np.where(base["drug"] == b"Vancomycin", b"Iso-Osmotic Dextrose", b"0.9% Sodium Chloride"),
    }
    return stack([rows, base, _anothers_antibiotic(plan, size(rows))])


def _anothers_antibiotic(plan: Columns, number: int) -> Columns:
    """Ordered for one patient, under another's admission; `number` is the first free one."""
    mine, theirs = of_another(plan)
    start = moment(plan["intime"][mine], np.ones(len(mine)))
    return {
        "subject_id": plan["subject_id"][theirs],
        "hadm_id": plan["hadm_id"][mine],
        "pharmacy": number + np.arange(len(mine)),
        "starttime": start,
        "stoptime": start + np.timedelta64(86_400, "s"),
        "drug_type": constant("MAIN", len(mine)),
        "drug": constant(_ANTIBIOTICS[0][0], len(mine)),
        "route": constant("IV", len(mine)),
    }


def cultures(rng: np.random.Generator, plan: Columns, intent: Intent) -> Columns:
    """Rows of microbiologyevents; `specimen` numbers specimens within this part."""
    kind, los = plan["infection"], plan["los_h"]
    deciding = np.flatnonzero(~np.isnan(plan["culture_h"]))
    # drawn together with the first, and again days later
    with_it = deciding[plan["culture_has_time"][deciding] & (rng.random(len(deciding)) < 0.5)]
    again = np.flatnonzero(np.isin(kind, (_KIND["early"], _KIND["late"])) & (los > 130) & (rng.random(len(los)) < 0.4))
    stay = np.concatenate([deciding, with_it, again])
    hours = np.concatenate([plan["culture_h"][deciding], plan["culture_h"][with_it], rng.uniform(115, los[again])])
    timed = np.concatenate([plan["culture_has_time"][deciding], np.ones(len(with_it) + len(again), np.bool_)])
    count = len(stay)
    when = moment(plan["intime"][stay], hours)
    what = rng.choice(len(_SPECIMENS), count, p=_SPECIMEN_SHARES)
    grown = rng.choice(len(_ORGANISMS), count, p=_ORGANISM_SHARES)
    unnumbered = (grown > _CANCELLED) & (rng.random(count) < 0.05)  # grown, but without an item number
    specimen, specimen_id, test, test_id = zip(*_SPECIMENS, strict=True)
    organism, organism_id = zip(*_ORGANISMS, strict=True)
    rows = {
        "subject_id": plan["subject_id"][stay],
        "hadm_id": np.where(hours < plan["admit_h"][stay], np.nan, plan["hadm_id"][stay]),
        "specimen": np.arange(count),
        "chartdate": when.astype("datetime64[D]").astype("datetime64[s]"),
        "charttime": np.where(timed, when, np.datetime64("NaT")).astype("datetime64[s]"),
        "spec_itemid": np.array(specimen_id)[what],
        "spec_type_desc": spelled(plan, stay, text(specimen)[what]),
        "test_seq": np.ones(count, np.int64),
        "storedate": when.astype("datetime64[D]").astype("datetime64[s]") + np.timedelta64(2 * 86_400, "s"),
        "storetime": when + np.timedelta64(2 * 86_400, "s"),
        "test_itemid": np.array(test_id)[what],
        "test_name": text(test)[what],
        "org_itemid": np.where((grown == _NO_GROWTH) | unnumbered, np.nan, np.array(organism_id)[grown]),
        "org_name": spelled(plan, stay, text(organism)[grown]),
        "isolate_num": np.where(grown > _CANCELLED, 1.0, np.nan),
        "comments": np.where(grown == _NO_GROWTH, b"NO GROWTH.", b""),
    }
    # a date without a time is read as midnight
    intent.note("culture", stay=stay, time=np.where(timed, when, rows["chartdate"]), is_timed=timed)
    screens = np.flatnonzero(text(specimen)[what] == SCREEN.encode())
    intent.note(
        "screen",
        stay=stay[screens],
        time=np.where(timed, when, rows["chartdate"] + np.timedelta64(86_400, "s"))[screens],
        is_positive=((grown > _CANCELLED) & ~unnumbered)[screens],
    )
    # one row per antibiotic that the organism was tested against
    tested = np.flatnonzero((grown > _CANCELLED) & (rng.random(count) < 0.8))
    owner, rank = spread(np.full(len(tested), 3))
    sensitivity = take(rows, tested[owner]) | {
        "ab_itemid": np.array([90011, 90015, 90019])[rank],
        "ab_name": text(["CEFTAZIDIME", "VANCOMYCIN", "GENTAMICIN"])[rank],
        "interpretation": text(["S", "R", "I"])[rng.choice(3, len(rank), p=[0.7, 0.25, 0.05])],
    }
    return stack([rows, sensitivity, _anothers_culture(plan)])


def _anothers_culture(plan: Columns) -> Columns:
    """Taken from one patient two days before an antibiotic, under another's admission."""
    mine, theirs = of_another(plan)
    treated = ~np.isnan(plan["antibiotic_h"][mine])
    mine, theirs = mine[treated], theirs[treated]
    when = moment(plan["intime"][mine], plan["antibiotic_h"][mine] - 50)
    specimen, specimen_id, test, test_id = _SPECIMENS[0]
    return {
        "subject_id": plan["subject_id"][mine],
        "hadm_id": plan["hadm_id"][theirs].astype(np.float64),
        "specimen": 10_000_000 + mine,
        "chartdate": when.astype("datetime64[D]").astype("datetime64[s]"),
        "charttime": when,
        "spec_itemid": np.full(len(mine), specimen_id),
        "spec_type_desc": constant(specimen, len(mine)),
        "test_seq": np.ones(len(mine), np.int64),
        "test_itemid": np.full(len(mine), test_id),
        "test_name": constant(test, len(mine)),
    }
