"""The definitions of the external cohort read off the files with pandas, patient by patient, as plainly as told.

Nothing of the generator is used: a cell that differs from its truth is an error of one of the two.
"""

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

DRUG_OF_PATTERN = {
    "dexmedetomidine": "dexmedetomidine",
    "propofol": "propofol",
    "midazolam": "midazolam",
    "sufentanil": "sufentanil",
    "sufentanyl": "sufentanil",
    "remifentanil": "remifentanil",
    "remifentanyl": "remifentanil",
    "alfentanil": "other",
    "fentanyl": "fentanyl",
    "norepinephrine": "norepinephrine",
    "noradrenaline": "norepinephrine",
    "epinephrine": "epinephrine",
    "adrenaline": "epinephrine",
    "dopamine": "dopamine",
    "dobutamine": "dobutamine",
    "vasopressin": "vasopressin",
    "low molecular weight heparin": "low_molecular_weight_heparin",
    "nadroparin": "low_molecular_weight_heparin",
    "enoxaparin": "low_molecular_weight_heparin",
    "dalteparin": "low_molecular_weight_heparin",
    "heparin": "heparin",
    "heparinoid": "other",
}
MICROMOLES = ("µmol/L", "μmol/L", "umol/L")
# item -> concept, highest plausible value, units, factor
ITEMS = {
    "platelet (plt)": ("platelets", 10_000, ("10^9/L",), 1.0),
    "international normalized ratio (inr)": ("inr", 150, ("",), 1.0),
    "prothrombin time (pt)": ("pt", 150, ("s",), 1.0),
    "total bilirubin (tbil)": ("bilirubin", 150, MICROMOLES, 1 / 17.1),
    "creatinine (enzymatic method) (cre)": ("creatinine", 150, MICROMOLES, 1 / 88.4),
    "urea (urea)": ("bun", 300, ("mmol/L",), 2.8),
    "albumin (alb)": ("albumin", 10, ("g/L",), 0.1),
    "lactic acid (lac)": ("lactate", 50, ("mmol/L",), 1.0),
    "white blood cell (wbc)": ("wbc", 1000, ("10^9/L",), 1.0),
    "hemoglobin (hgb)": ("hemoglobin", 50, ("g/L",), 0.1),
}
LABORATORY = (
    "platelets_k_ul inr_ratio pt_sec bilirubin_mg_dl creatinine_mg_dl bun_mg_dl albumin_g_dl lactate_mmol_l wbc_k_ul"
    " hemoglobin_g_dl"
)
MINIMUM = {column: column.split("_")[0] for column in LABORATORY.split()}
HOURS = ("Time", "_Date", "_time", "_TIME")


def read(folder: Path, name: str) -> pd.DataFrame:
    """One file: texts as they are, hours and age as numbers."""
    rows = pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False, na_values=["NA", ""])
    for column in rows:
        if column == "Age" or column.endswith(HOURS):
            rows[column] = rows[column].astype(float)
    return rows


def drug_of(name: str) -> str | None:
    found = [pattern for pattern in DRUG_OF_PATTERN if pattern in name.lower()]
    return DRUG_OF_PATTERN[max(found, key=len)] if found else None


def lab_value(concept: str, limit: float, factor: float, text: object) -> float:
    if not isinstance(text, str):
        return math.nan
    rest = re.sub(r"[?<>=\s]", "", text)
    if not re.fullmatch(r"[+-]?\d+(\.\d+)?", rest):
        return math.nan
    value = round(float(rest) * factor, 9)
    return value if 0 < value <= limit else math.nan


def labs(folder: Path) -> pd.DataFrame:
    rows = read(folder, "dtLab")
    rows["item"] = rows["Item"].str.lower().str.strip()
    rows = rows[rows["item"].isin(ITEMS)].copy()
    for item, unit in zip(rows["item"], rows["Unit"].fillna(""), strict=True):
        assert unit in ITEMS[item][2]
    rows["concept"] = [ITEMS[item][0] for item in rows["item"]]
    rows["value"] = [
        lab_value(ITEMS[item][0], ITEMS[item][1], ITEMS[item][3], text)
        for item, text in zip(rows["item"], rows["LabValue"], strict=True)
    ]
    return rows.dropna(subset=["value"])


def at_least(value: float, bounds: tuple[float, ...]) -> int:
    return sum(value >= bound for bound in bounds)


def below(value: float, bounds: tuple[float, ...]) -> int:
    return sum(value < bound for bound in bounds)


def coalesce(*values: float) -> float:
    return next((value for value in values if not math.isnan(value)), math.nan)


def patients(folder: Path) -> pd.DataFrame:
    """A row per patient in the columns of int_zigong_patient, by stay_id."""
    base, moves, icd = read(folder, "dtBaseline"), read(folder, "dtTransfer"), read(folder, "dtICD")
    department = moves["TransferDept"].str.lower()
    icu_moves = moves[department.str.contains("icu", regex=False) | department.str.contains("intensive care")]
    start = icu_moves.groupby("PATIENT_ID")["StartTime"].min()
    dead_ids = set(icd.loc[icd["Status_Discharge"].str.lower() == "dead", "PATIENT_ID"])
    outcome = read(folder, "dtOutCome").set_index("PATIENT_ID")
    lab_groups = dict(list(labs(folder).groupby("INP_NO")))
    drugs = read(folder, "dtDrugs").dropna(subset=["Drug_time"])
    drugs["drug"] = drugs["DrugName"].map({name: drug_of(name) for name in drugs["DrugName"].unique()})
    drug_groups = dict(list(drugs.dropna(subset=["drug"]).groupby("PATIENT_ID")))
    rows = []
    for patient in base.to_dict("records"):
        key = patient["PATIENT_ID"]
        rows.append(
            one_patient(
                patient,
                start.get(key, math.nan),
                lab_groups.get(patient["INP_NO"]),
                drug_groups.get(key),
                key in dead_ids,
                outcome.loc[key] if key in outcome.index else None,
            )
        )
    return pd.DataFrame(rows).set_index("stay_id")


def one_patient(
    patient: dict[Any, Any],
    start: float,
    lab: pd.DataFrame | None,
    drug: pd.DataFrame | None,
    died_hospital: bool,
    outcome: pd.Series | None,
) -> dict[str, object]:
    discharge = float(patient["DISCHARGE_DATE_TIME"])
    stay = coalesce(float(patient["ICU_discharge_time"]), discharge) - start
    age = float(patient["Age"])
    sex = str(patient["SEX"]).lower()
    has_icu = not math.isnan(start)

    values: dict[str, list[float]] = {item[0]: [] for item in ITEMS.values()}
    if has_icu and lab is not None:
        for concept, when, value in zip(lab["concept"], lab["LabTime"], lab["value"], strict=True):
            if start - 6 <= when <= start + 24:
                values[concept].append(value)
    low = {concept: min(found, default=math.nan) for concept, found in values.items()}
    high = {concept: max(found, default=math.nan) for concept, found in values.items()}

    after: set[str] = set()
    first_day: set[str] = set()
    if has_icu and drug is not None:
        for name, when in zip(drug["drug"], drug["Drug_time"], strict=True):
            if when >= start:
                after.add(name)
            if start <= when <= start + 24:
                first_day.add(name)

    coagulation = below(low["platelets"], (20, 50, 100, 150))
    liver = at_least(high["bilirubin"], (1.2, 2, 6, 12))
    renal = at_least(high["creatinine"], (1.2, 2, 3.5, 5))
    circulation = 3 if first_day & {"norepinephrine", "epinephrine"} else 0
    if not circulation and first_day & {"dopamine", "dobutamine"}:
        circulation = 2
    sic = below(low["platelets"], (100, 150)) + (high["inr"] > 1.2) + (high["inr"] > 1.4)
    sic += min(liver + circulation + renal, 2)

    follow_date, death_date, vital = math.nan, math.nan, ""
    if outcome is not None:
        follow_date, death_date = outcome["Follow_Date"], outcome["Death_Date"]
        vital = str(outcome["Follow_Vital"]).lower()
    death_days = math.nan
    if vital == "death" or died_hospital:
        time = coalesce(death_date, discharge if died_hospital else math.nan, follow_date)
        death_days = (time - start) / 24
    known = [time for time in (follow_date, discharge) if not math.isnan(time)]
    if death_days <= 28:
        followed = max(0.0, death_days)
    elif death_days > 28:
        followed = 28.0
    elif known and has_icu:
        followed = min(28.0, max(0.0, (max(known) - start) / 24))
    else:
        followed = 0.0
    return {
        "stay_id": patient["PATIENT_ID"],
        "age_years": age,
        "is_female": {"female": 1.0, "male": 0.0}.get(sex, math.nan),
        "icu_start_h": start,
        "icu_stay_h": stay,
        "has_no_icu_stay": not has_icu,
        "is_minor": not age >= 18,
        "is_short_stay": not stay >= 48,
        "has_heparin": "heparin" in after,
        "is_sic": sic >= 4,
        "sic_score": int(sic),
        "sofa_score": coagulation + liver + circulation + renal,
        "treated": "dexmedetomidine" in after,
        "propofol_24h": "propofol" in first_day,
        "midazolam_24h": "midazolam" in first_day,
        "sufentanil_24h": "sufentanil" in first_day,
        "remifentanil_24h": "remifentanil" in first_day,
        "fentanyl_24h": "fentanyl" in first_day,
        "vasopressor_24h": bool(first_day & {"norepinephrine", "epinephrine", "vasopressin"}),
        **{column: low[concept] for column, concept in MINIMUM.items()},
        "inr_max": high["inr"],
        "bilirubin_max": high["bilirubin"],
        "creatinine_max": high["creatinine"],
        "died_28d": death_days <= 28,
        "followup_28d_days": followed,
        "died_hospital": died_hospital,
        "hospital_days": discharge / 24,
        "icu_days": stay / 24,
    }


def first_rule(row: pd.Series) -> str | None:
    """The rule that leaves a patient out, of those in the order of the flow."""
    rules = {
        "no ICU stay": row["has_no_icu_stay"],
        "minor": row["is_minor"],
        "short stay": row["is_short_stay"],
        "heparin": row["has_heparin"],
        "no SIC": not row["is_sic"],
    }
    return next((name for name, excludes in rules.items() if excludes), None)


def equal(meant: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Where two columns say the same; missing equals missing."""
    if meant.dtype.kind == "f" or found.dtype.kind == "f":
        close = np.isclose(meant.astype(float), found.astype(float), rtol=1e-9, atol=1e-9, equal_nan=True)
        return np.asarray(close)
    return np.asarray(meant == found)
