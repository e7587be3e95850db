"""The known traps of MIMIC-IV, counted in what was generated: one that never occurs there is not tested by it.

Those that the mart data_quality counts as well stand in quality.py, by its names.
"""

from typing import Final

import numpy as np

from twin.arrays import hours_since, shared
from twin.plan.intent import Intent
from twin.plan.population import INFECTION_KINDS
from twin.rows import Array, Columns
from twin.tables.charting import WEIGHTS
from twin.tables.elimination import IRRIGANT_IN
from twin.tables.infusions.drugs import DRUGS
from twin.truth.quality import is_screen

_HEAVIEST_KG: Final = 300
_FIRST_DAY_H: Final = (-6, 24)


def traps(plan: Columns, intent: Intent, tables: dict[str, Columns]) -> dict[str, int]:
    """Rows of a block, or stays where it says so, that lead a careless query astray."""
    infusion, chart, culture = tables["inputevents"], tables["chartevents"], tables["microbiologyevents"]
    admission, patient = tables["admissions"], tables["patients"]

    def drug(name: str) -> Array:
        items = [item.itemid for key, item in DRUGS.items() if key.partition("_")[0] == name]
        return np.isin(infusion["itemid"], items)

    phenylephrine = drug("phenylephrine") & (infusion["itemid"] != DRUGS["phenylephrine"].itemid)
    icd = tables["diagnoses_icd"]["icd_code"]
    tumor = np.logical_or.reduce([np.char.startswith(icd, code) for code in (b"C4A", b"C7A", b"C7B")])
    died = (admission["hospital_expire_flag"] == 1) | ~np.isnat(admission["deathtime"])
    stopped = np.isin(plan["infection"], list(INFECTION_KINDS).index("before_icu"))
    found = {
        "dexmedetomidine in mg": drug("dexmedetomidine") & (infusion["amountuom"] == b"mg"),
        "dexmedetomidine paused, the order going on": drug("dexmedetomidine")
        & (infusion["statusdescription"] == b"Paused"),
        "coma score with a tube (No Response-ETT)": chart["value"] == b"No Response-ETT",
        "no bilirubin on the first day (stays)": np.isnan(plan["bilirubin_high"]),
        "pressor between two full hours (stays)": plan["has_brief_pressor"],
        "vasopressin per minute": drug("vasopressin") & (infusion["rateuom"] == b"units/min"),
        "phenylephrine under four further items": phenylephrine,
        "organism without an item number": np.isnan(culture["org_itemid"]) & (culture["org_name"] != b""),
        "culture with a date only": np.isnat(culture["charttime"]),
        "culture cancelled": culture["org_name"] == b"CANCELLED",
        "antibiotic started before the ICU (stays)": stopped,
        "ventilator charted only once (stays)": plan["has_brief_tube"],
        "ventilator silent for over 14 h (stays)": plan["has_silent_tube"],
        f"weight over {_HEAVIEST_KG} kg": np.isin(chart["itemid"], WEIGHTS) & (chart["valuenum"] > _HEAVIEST_KG),
        "tumor codes C4A, C7A, C7B": tumor,
        "irrigant charted as urine": tables["outputevents"]["itemid"] == IRRIGANT_IN,
        "death after discharge, from dod (patients)": ~np.isnat(patient["dod"])
        & ~np.isin(patient["subject_id"], admission["subject_id"][died]),
        "hospital death recorded after discharge": admission["deathtime"] > admission["dischtime"],
        "first day with another stay's values (stays)": _borrowing(plan, intent),
        "words in other case or with other blanks (stays)": plan["spelling"],
        "tracheostomy tube beside a ventilator mode (stays)": plan["has_tracheostomy"],
        "laboratory result without an admission": np.isnan(tables["labevents"]["hadm_id"]),
        "screen for carriers as the only culture (patients)": _screened_alone(culture),
    }
    return {name: int(np.count_nonzero(rows)) for name, rows in found.items()}


def _borrowing(plan: Columns, intent: Intent) -> Array:
    """Which stays have values of the patient's other stays in their first-day window."""
    labs = shared(plan["patient"], intent.of("lab platelets"))
    hours = hours_since(labs["time"], plan["intime"][labs["stay"]])
    inside = ~labs["own"] & (hours >= _FIRST_DAY_H[0]) & (hours <= _FIRST_DAY_H[1])
    return np.asarray(np.bincount(labs["stay"][inside], minlength=len(plan["stay_id"])) > 0)


def _screened_alone(culture: Columns) -> Array:
    """Which patients had no culture but screens."""
    subject, where = np.unique(culture["subject_id"], return_inverse=True)
    return np.asarray(np.bincount(where[~is_screen(culture)], minlength=len(subject)) == 0)
