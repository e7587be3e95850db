"""patients, admissions, icustays, transfers, services."""

from typing import Final

import numpy as np

from twin.plan.faults import BEFORE_ADMISSION, ON_NESTED_ADMISSION, OTHER_DATE, WITHOUT_FLAG, WITHOUT_TIME
from twin.plan.intent import Intent
from twin.plan.population import FIRST, RACES, SAME_ADMISSION
from twin.rows import Array, Columns, constant, moment, size, stack, take, text
from twin.tables.charting import spelled

_UNITS: Final = text(
    [
        "Medical Intensive Care Unit (MICU)",
        "Surgical Intensive Care Unit (SICU)",
        "Medical/Surgical Intensive Care Unit (MICU/SICU)",
        "Cardiac Vascular Intensive Care Unit (CVICU)",
        "Trauma SICU (TSICU)",
        "Coronary Care Unit (CCU)",
        "Neuro Surgical Intensive Care Unit (Neuro SICU)",
    ]
)
ERAS: Final = text(["2008 - 2010", "2011 - 2013", "2014 - 2016", "2017 - 2019"])
_ADMISSION_TYPES: Final = text(["EW EMER.", "OBSERVATION ADMIT", "URGENT", "SURGICAL SAME DAY ADMISSION", "ELECTIVE"])
_SERVICES: Final = text(["MED", "CMED", "SURG", "CSURG", "NMED", "TRAUM"])
_DISCHARGES: Final = text(["HOME", "HOME HEALTH CARE", "SKILLED NURSING FACILITY", "REHAB", "HOSPICE"])
_NOT_A_TIME: Final = np.datetime64("NaT", "s")
_HOUR: Final = np.timedelta64(3600, "s")
# of admissions that no ICU stay belongs to, beyond all others
_FURTHER_ADMISSION: Final = 20_000_000


def patients(rng: np.random.Generator, plan: Columns) -> Columns:
    """One row per patient; `dod` of deaths in hospital and of some within a year of the last discharge."""
    first = np.flatnonzero(plan["role"] == FIRST)
    last = np.append(first[1:], len(plan["role"])) - 1
    died = ~np.isnan(plan["death_h"][last])
    death = moment(plan["intime"][last], np.nan_to_num(plan["death_h"][last]))
    left = moment(plan["intime"][last], plan["discharge_h"][last])
    after = rng.random(len(first)) < 0.13
    later = left + rng.integers(1, 365, len(first)) * np.timedelta64(86_400, "s")
    # two kinds of dates that contradict the hospital's record, which decides
    death = np.where(plan["death_record"][last] == OTHER_DATE, death + 24 * 4 * _HOUR, death)
    early = plan["has_early_date_of_death"][last]
    return {
        "subject_id": plan["subject_id"][first],
        "gender": np.where(plan["is_female"][first], b"F", b"M"),
        "anchor_age": plan["anchor_age"][first],
        "anchor_year": plan["anchor_year"][first],
        "anchor_year_group": ERAS[plan["era"][first]],
        "dod": np.select([died, early, after], [death, plan["intime"][last], later], _NOT_A_TIME).astype(
            "datetime64[s]"
        ),
    }


def admissions(rng: np.random.Generator, plan: Columns, intent: Intent) -> Columns:
    """One row per admission; a death is sometimes entered minutes after the discharge."""
    first, last = _admission_ends(plan)
    count = len(first)
    died = ~np.isnan(plan["death_h"][last])
    left = moment(plan["intime"][last], plan["discharge_h"][last])
    record = plan["death_record"][last]
    early = died & (rng.random(count) < 0.05) & (record == 0)
    arrived = moment(plan["intime"][first], plan["admit_h"][first])
    emergency = rng.random(count) < 0.65
    kind = np.where(emergency, rng.choice([0, 1], count, p=[0.8, 0.2]), rng.choice([2, 3, 4], count))
    patient = plan["patient"][first]
    discharged = left - np.where(early, rng.integers(1, 40, count), 0) * np.timedelta64(60, "s")
    death = np.where(died, left, _NOT_A_TIME).astype("datetime64[s]")
    reversed_ = plan["has_reversed_discharge"][last]
    admission_type = spelled(plan, first, _ADMISSION_TYPES[kind])
    intent.note(
        "admission",
        stay=first,
        admitted=arrived,
        discharged=np.where(reversed_, _NOT_A_TIME, discharged).astype("datetime64[s]"),
        died=death,
        is_elective=_ADMISSION_TYPES[kind] == b"ELECTIVE",
        admission_type=admission_type,
    )
    told = np.isin(record, (ON_NESTED_ADMISSION, WITHOUT_TIME))
    flag = died & ~np.isin(record, (ON_NESTED_ADMISSION, WITHOUT_FLAG))
    rows = {
        "subject_id": plan["subject_id"][first],
        "hadm_id": plan["hadm_id"][first],
        "admittime": arrived,
        "dischtime": np.where(reversed_, arrived - 17 * _HOUR, discharged).astype("datetime64[s]"),
        "deathtime": np.where(told, _NOT_A_TIME, death).astype("datetime64[s]"),
        "admission_type": admission_type,
        "admission_location": np.where(emergency, b"EMERGENCY ROOM", b"PHYSICIAN REFERRAL"),
        "discharge_location": np.where(
            died & (record != ON_NESTED_ADMISSION), b"DIED", _DISCHARGES[rng.integers(0, len(_DISCHARGES), count)]
        ),
        "insurance": text(["Medicare", "Medicaid", "Other"])[rng.choice(3, count, p=[0.45, 0.08, 0.47])],
        "language": text(["ENGLISH", "?"])[(rng.random(count) < 0.1).astype(np.int64)],
        "marital_status": text(["MARRIED", "SINGLE", "WIDOWED", "DIVORCED", ""])[rng.integers(0, 5, count)],
        "race": text(RACES)[plan["race"][patient]],
        "edregtime": np.where(emergency, arrived - 4 * np.timedelta64(3600, "s"), _NOT_A_TIME).astype("datetime64[s]"),
        "edouttime": np.where(emergency, arrived + np.timedelta64(3600, "s"), _NOT_A_TIME).astype("datetime64[s]"),
        "hospital_expire_flag": flag.astype(np.int64),
    }
    return stack([rows, *_further_admissions(rows, record, left)])


def _further_admissions(rows: Columns, record: Array, left: Array) -> list[Columns]:
    """One within another, which alone tells the death; and one that begins weeks after the patient died."""
    nested, after = np.flatnonzero(record == ON_NESTED_ADMISSION), np.flatnonzero(record == BEFORE_ADMISSION)
    hours = (left - rows["admittime"])[nested] // 4
    inner = take(rows, nested) | {
        "admittime": left[nested] - hours,
        "deathtime": left[nested],
        "hospital_expire_flag": np.ones(len(nested), np.int64),
    }
    afterwards = take(rows, after) | {
        "admittime": left[after] + 24 * 40 * _HOUR,
        "dischtime": left[after] + 24 * 43 * _HOUR,
        "deathtime": np.full(len(after), _NOT_A_TIME),
        "hospital_expire_flag": np.zeros(len(after), np.int64),
        "discharge_location": constant("HOME", len(after)),
    }
    emergency = {name: np.datetime64("NaT", "s") for name in ("edregtime", "edouttime")}
    return [
        part
        | {"hadm_id": part["hadm_id"] + _FURTHER_ADMISSION}
        | {name: np.full(size(part), value) for name, value in emergency.items()}
        for part in (inner, afterwards)
    ]


def care_unit(plan: Columns) -> Array:
    """The unit of each stay."""
    return np.asarray(_UNITS[plan["stay_id"] % len(_UNITS)])


def icustays(plan: Columns) -> Columns:
    """One row per ICU stay; `los` in days."""
    unit = care_unit(plan)
    return {
        "subject_id": plan["subject_id"],
        "hadm_id": plan["hadm_id"],
        "stay_id": plan["stay_id"],
        "first_careunit": unit,
        "last_careunit": unit,
        "intime": plan["intime"],
        "outtime": plan["outtime"],
        "los": (plan["outtime"] - plan["intime"]).astype(np.int64) / 86_400,
    }


def transfers(plan: Columns) -> Columns:
    """Arrival on a ward, each ICU stay, discharge; `transfer_id` of an ICU stay is its `stay_id`, as in MIMIC."""
    first, last = _admission_ends(plan)
    count, everyone = len(first), len(plan["role"])
    left = moment(plan["intime"][last], plan["discharge_h"][last])
    ward = {
        "stay": first,
        "transfer_id": plan["stay_id"][first] + 100_000_000,
        "eventtype": constant("admit", count),
        "careunit": constant("Emergency Department", count),
        "intime": moment(plan["intime"][first], plan["admit_h"][first]),
        "outtime": plan["intime"][first],
    }
    icu = {
        "stay": np.arange(everyone),
        "transfer_id": plan["stay_id"],
        "eventtype": constant("transfer", everyone),
        "careunit": care_unit(plan),
        "intime": plan["intime"],
        "outtime": plan["outtime"],
    }
    home = {
        "stay": last,
        "transfer_id": plan["stay_id"][last] + 200_000_000,
        "eventtype": constant("discharge", count),
        "intime": left,
    }
    rows = stack([ward, icu, home])
    stay = rows.pop("stay")
    return rows | {"subject_id": plan["subject_id"][stay], "hadm_id": plan["hadm_id"][stay].astype(np.float64)}


def services(rng: np.random.Generator, plan: Columns, intent: Intent) -> Columns:
    """The service on admission, and a later change in some."""
    first, _ = _admission_ends(plan)
    service = rng.choice(len(_SERVICES), len(first), p=(0.5, 0.15, 0.13, 0.1, 0.06, 0.06))
    intent.note("service", stay=first, is_surgical=np.isin(_SERVICES[service], (b"SURG", b"CSURG")))
    changed = np.flatnonzero(rng.random(len(first)) < 0.2)
    start = {
        "stay": first,
        "transfertime": moment(plan["intime"][first], plan["admit_h"][first] + 0.05),
        "curr_service": _SERVICES[service],
    }
    change = {
        "stay": first[changed],
        "transfertime": plan["outtime"][first[changed]],
        "curr_service": constant("MED", len(changed)),
        "prev_service": _SERVICES[service[changed]],
    }
    rows = stack([start, change])
    stay = rows.pop("stay")
    return rows | {"subject_id": plan["subject_id"][stay], "hadm_id": plan["hadm_id"][stay]}


def _admission_ends(plan: Columns) -> tuple[Array, Array]:
    """Positions of each admission's first and last ICU stay."""
    first = np.flatnonzero(plan["role"] != SAME_ADMISSION)
    return first, np.append(first[1:], len(plan["role"])) - 1
