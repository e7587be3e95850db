"""What lies before the ICU stay, of the null outcomes (twin/trial/controls.py): admissions, codes, results, a screen.

Results are older than all that a score of the stay looks back to, and no culture is near enough to an antibiotic to be
a suspicion: the history changes nothing that the study reads. It is written for each patient's first stay.
"""

from typing import Final

import numpy as np

from twin.plan.intent import Intent
from twin.plan.population import FIRST
from twin.rows import Array, Columns, constant, moment, stack, take, text
from twin.tables.infection import SCREEN, SCREEN_ITEM, SCREEN_TEST
from twin.tables.labs import TESTS, Test, result_rows
from twin.trial.controls import OUTCOMES

LACTATE: Final = Test(50813, "Lactate", "Blood Gas", "", "mmol/L", 0.5, 2.0, 1, 0, 0)
HBA1C: Final = Test(50852, "% Hemoglobin A1c", "Chemistry", "", "%", 4.0, 6.0, 1, 0, 0)
MCV: Final = Test(51250, "MCV", "Hematology", "", "fL", 82, 98, 0, 0, 0)
LAB_ITEMS: Final = ((HBA1C.itemid, HBA1C.label, HBA1C.category), (MCV.itemid, MCV.label, MCV.category))
# test, outcome: values of those who have it, values of the others
_BEFORE_ICU: Final = (
    ("lactate", LACTATE, "lactate_before_icu", (2.6, 7.0), (0.8, 1.6)),
    ("creatinine", TESTS["creatinine"], "creatinine_before_icu", (2.4, 5.0), (0.6, 1.4)),
    ("hemoglobin", TESTS["hemoglobin"], "hemoglobin_before_icu", (6.8, 9.2), (10.6, 14.5)),
)
# condition -> version -> codes
CODES: Final[dict[str, dict[int, dict[str, str]]]] = {
    "osteoarthritis": {9: {"71590": "Osteoarthrosis, unspecified"}, 10: {"M1990": "Unspecified osteoarthritis"}},
    "cataract": {9: {"3669": "Unspecified cataract"}, 10: {"H269": "Unspecified cataract"}},
    "benign_prostate": {
        9: {"60000": "Hypertrophy (benign) of prostate without urinary obstruction"},
        10: {"N400": "Benign prostatic hyperplasia without lower urinary tract symptoms"},
    },
    "hypothyroidism": {9: {"2449": "Unspecified acquired hypothyroidism"}, 10: {"E039": "Hypothyroidism, unspecified"}},
    "gout": {9: {"2749": "Gout, unspecified"}, 10: {"M109": "Gout, unspecified"}},
    "hearing_loss": {9: {"3899": "Unspecified hearing loss"}, 10: {"H9190": "Unspecified hearing loss"}},
    "abdominal_hernia": {
        9: {"5531": "Umbilical hernia without mention of obstruction or gangrene"},
        10: {"K429": "Umbilical hernia without obstruction or gangrene"},
    },
    "hiatal_hernia": {
        9: {"5533": "Diaphragmatic hernia without mention of obstruction or gangrene"},
        10: {"K449": "Diaphragmatic hernia without obstruction or gangrene"},
    },
    "migraine": {9: {"34690": "Migraine, unspecified"}, 10: {"G43909": "Migraine, unspecified, not intractable"}},
    "psoriasis": {9: {"6961": "Other psoriasis"}, 10: {"L409": "Psoriasis, unspecified"}},
    "glaucoma": {9: {"3659": "Unspecified glaucoma"}, 10: {"H409": "Unspecified glaucoma"}},
    "macular_degeneration": {
        9: {"36250": "Macular degeneration (senile), unspecified"},
        10: {"H3530": "Unspecified macular degeneration"},
    },
    "osteoporosis": {
        9: {"73300": "Osteoporosis, unspecified"},
        10: {"M810": "Age-related osteoporosis without current pathological fracture"},
    },
    "diverticulosis": {
        9: {"56210": "Diverticulosis of colon (without mention of hemorrhage)"},
        10: {"K5730": "Diverticulosis of large intestine without perforation, abscess or bleeding"},
    },
    "hemorrhoids": {9: {"4550": "Internal hemorrhoids"}, 10: {"K648": "Other hemorrhoids"}},
    "allergic_rhinitis": {9: {"4779": "Allergic rhinitis, cause unspecified"}, 10: {"J309": "Allergic rhinitis"}},
    "spinal_stenosis": {
        9: {"72400": "Spinal stenosis, unspecified region"},
        10: {"M4800": "Spinal stenosis, site unspecified"},
    },
}
_MEASURED: Final = {"hba1c": 0.5, "mcv": 0.7}
_HBA1C_HIGH, _HBA1C = (7.0, 11.0), (5.0, 6.1)
_MCV_HIGH, _MCV, _MCV_LOW = (102, 115), (84, 97), (65, 78)
_SCREENED: Final = 0.5
_GROWN: Final = ("STAPH AUREUS COAG +", 80023)
_OLD_H: Final = 21.5  # before ICU admission: no window of 24 hours that ends after the fourth hour reaches so far
_NEAR_HOSPITAL_H: Final = 0.2
_DAY_H: Final = 24
_LONG_AGO_SHARE: Final = 0.12  # of those with no admission in the year before: one before that year
_ADMISSION_ROOM: Final = 40_000_000  # between identifiers of an admission and those of the ones before it
_SPECIMENS: Final = 50_000_000  # beyond those of the stay's own cultures and blood
_NUMBER: Final = {outcome.name: number for number, outcome in enumerate(OUTCOMES)}


def has(plan: Columns, outcome: str) -> Array:
    """Whose history is planned to have it."""
    return np.asarray(plan["null_outcomes"][:, _NUMBER[outcome]])


def earlier_admissions(rng: np.random.Generator, plan: Columns, intent: Intent) -> Columns:
    """One in the year before, or two; in a few one that is longer ago. None has an ICU stay, nobody dies in it."""
    first = plan["role"] == FIRST
    count = len(first)
    one, two = has(plan, "prior_year_admission"), has(plan, "prior_year_admissions_two")
    long_ago = ~one & (rng.random(count) < _LONG_AGO_SHARE)
    admitted = moment(plan["intime"], plan["admit_h"])
    lots = (
        (one, rng.uniform(25, 150, count)),
        (one & two, rng.uniform(190, 340, count)),
        (long_ago, rng.uniform(400, 900, count)),
    )
    parts = []
    for number, (who, days) in enumerate(lots, start=1):
        stay = np.flatnonzero(first & who)
        left = moment(admitted, -_DAY_H * days)[stay]
        came = moment(left, -_DAY_H * rng.uniform(1, 12, count)[stay])
        hadm_id = plan["hadm_id"][stay] + number * _ADMISSION_ROOM
        parts.append({"stay": stay, "hadm_id": hadm_id, "admittime": came, "dischtime": left})
    rows = stack(parts)
    stay = rows.pop("stay")
    number = len(stay)
    intent.note("earlier admission", stay=stay, admitted=rows["admittime"], discharged=rows["dischtime"])
    return rows | {
        "subject_id": plan["subject_id"][stay],
        "admission_type": constant("EW EMER.", number),
        "admission_location": constant("EMERGENCY ROOM", number),
        "discharge_location": constant("HOME", number),
        "insurance": constant("Other", number),
        "language": constant("ENGLISH", number),
        "race": constant("UNKNOWN", number),
        "hospital_expire_flag": np.zeros(number, np.int64),
    }


def old_diagnoses(plan: Columns, coded: Columns, intent: Intent) -> Columns:
    """Rows of diagnoses_icd behind those that are `coded` of the same admissions."""
    first = plan["role"] == FIRST
    parts = []
    for name, versions in CODES.items():
        for version, listed in versions.items():
            stay = np.flatnonzero(first & has(plan, name) & (plan["icd_version"] == version))
            (code,) = listed
            number = len(stay)
            parts.append({"stay": stay, "icd_code": constant(code, number), "icd_version": np.full(number, version)})
            intent.note(f"old {name}", stay=stay)
    rows = stack(parts)
    rows = take(rows, np.argsort(rows["stay"], kind="stable"))
    stay = rows.pop("stay")
    listed_before = np.searchsorted(np.sort(coded["hadm_id"]), [plan["hadm_id"][stay], plan["hadm_id"][stay] + 1])
    rank = np.arange(len(stay)) - np.searchsorted(stay, stay)
    return rows | {
        "subject_id": plan["subject_id"][stay],
        "hadm_id": plan["hadm_id"][stay],
        "seq_num": listed_before[1] - listed_before[0] + rank + 1,
    }


def old_results(rng: np.random.Generator, plan: Columns, intent: Intent) -> list[Columns]:
    """Parts of labevents, specimens numbered from 0 within each, with the `delay` in seconds from drawing to result."""
    return [_before_icu(rng, plan, intent), _of_the_year(rng, plan, intent)]


def _before_icu(rng: np.random.Generator, plan: Columns, intent: Intent) -> Columns:
    """Drawn once in the admission, by who was in hospital long enough before the ICU."""
    room = plan["hours_before_icu"] - _OLD_H - _NEAR_HOSPITAL_H
    stay = np.flatnonzero((plan["role"] == FIRST) & (room > 0))
    hours = -_OLD_H - rng.random(len(stay)) * room[stay]
    parts = []
    for name, test, outcome, high, other in _BEFORE_ICU:
        bounds = np.where(has(plan, outcome)[stay][:, None], high, other)
        rows = result_rows(rng, plan, test, stay, hours, rng.uniform(bounds[:, 0], bounds[:, 1]))
        rows |= {"specimen": np.arange(len(stay)), "delay": np.full(len(stay), 30 * 60)}
        parts.append(rows)
        notes = {
            "stay": stay,
            "time": rows["charttime"],
            "value": rows["valuenum"],
            "known": rows["charttime"] + rows["delay"] * np.timedelta64(1, "s"),
        }
        if name in TESTS:
            notes["in_admission"] = np.ones(len(stay), np.bool_)
        intent.note(f"lab {name}", **notes)
    return stack(parts)


def _of_the_year(rng: np.random.Generator, plan: Columns, intent: Intent) -> Columns:
    """By a practice outside, under no admission: one in the months before, in some an older one on the other side."""
    count = len(plan["role"])
    values = {
        "hba1c": (HBA1C, np.where(has(plan, "hba1c_high")[:, None], _HBA1C_HIGH, _HBA1C)),
        "mcv": (
            MCV,
            np.where(
                has(plan, "mcv_high")[:, None], _MCV_HIGH, np.where(has(plan, "mcv_low")[:, None], _MCV_LOW, _MCV)
            ),
        ),
    }
    parts: list[Columns] = []
    for name, (test, bounds) in values.items():
        measured = (plan["role"] == FIRST) & (rng.random(count) < _MEASURED[name])
        last, older = np.flatnonzero(measured), np.flatnonzero(measured & (rng.random(count) < 0.3))
        stay = np.concatenate([last, older])
        days = np.concatenate([rng.uniform(10, 150, len(last)), rng.uniform(160, 330, len(older))])
        low, high = np.concatenate([bounds[last], rng.permutation(bounds[older])]).T
        rows = result_rows(rng, plan, test, stay, plan["admit_h"][stay] - _DAY_H * days, rng.uniform(low, high))
        rows |= {
            "hadm_id": np.full(len(stay), np.nan),
            "specimen": len(parts) * 1_000_000 + np.arange(len(stay)),
            "delay": np.full(len(stay), 3 * 3600),
        }
        parts.append(rows)
        intent.note(f"old {name}", stay=stay, time=rows["charttime"], value=rows["valuenum"])
    return stack(parts)


def screens(rng: np.random.Generator, plan: Columns, intent: Intent) -> Columns:
    """A screen for carriers, days to weeks before the admission: rows of microbiologyevents."""
    count = len(plan["role"])
    stay = np.flatnonzero((plan["role"] == FIRST) & (rng.random(count) < _SCREENED))
    number = len(stay)
    when = moment(plan["intime"][stay], plan["admit_h"][stay] - _DAY_H * rng.uniform(5, 60, number))
    positive = has(plan, "screening_positive")[stay]
    intent.note("screen", stay=stay, time=when, is_positive=positive)
    intent.note("culture", stay=stay, time=when, is_timed=np.ones(number, np.bool_))
    day = when.astype("datetime64[D]").astype("datetime64[s]")
    return {
        "subject_id": plan["subject_id"][stay],
        "hadm_id": np.full(number, np.nan),
        "specimen": _SPECIMENS + np.arange(number),
        "chartdate": day,
        "charttime": when,
        "spec_itemid": np.full(number, SCREEN_ITEM),
        "spec_type_desc": constant(SCREEN, number),
        "test_seq": np.ones(number, np.int64),
        "storedate": day + np.timedelta64(2 * 86_400, "s"),
        "storetime": when + np.timedelta64(2 * 86_400, "s"),
        "test_itemid": np.full(number, SCREEN_TEST),
        "test_name": constant(SCREEN, number),
        "org_itemid": np.where(positive, _GROWN[1], np.nan),
        "org_name": text(["", _GROWN[0]])[positive.astype(np.int64)],
        "isolate_num": np.where(positive, 1.0, np.nan),
        "comments": np.where(positive, b"", b"No MRSA isolated."),
    }
