"""MIMIC-IV as somebody would have it for whom the time after a moment of each patient had gone otherwise."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from tests.recompute.trial.choices import seed
from tests.recompute.trial.derived import PARTS
from tests.recompute.trial.patient import GASES
from tests.recompute.trial.ventilation import KINDS

Tables = dict[str, pd.DataFrame]
Change = Callable[[pd.DataFrame, pd.Series], pd.DataFrame]
TIME = "%Y-%m-%d %H:%M:%S"
BY = pd.Timedelta(hours=7)
# tables of rows that are known when they are stored, tables of acts that are known when they begin
STORED = ("icu/chartevents", "icu/outputevents", "hosp/labevents")
ACTS = ("icu/inputevents", "icu/procedureevents", "hosp/prescriptions")
CULTURES = "hosp/microbiologyevents"
# times of the end of stays and lives, which must not have been read before they came
ENDS = {"icu/icustays": ["outtime"], "hosp/admissions": ["dischtime", "deathtime"], "hosp/patients": ["dod"]}
OTHERS = ("hosp/diagnoses_icd", "hosp/d_labitems", "hosp/services", "icu/d_items")
ITEMS = {
    "icu/chartevents": "chart_item",
    "hosp/labevents": "lab_item",
    "icu/outputevents": "output_item",
    "icu/inputevents": "infusion_item",
    "icu/procedureevents": "procedure_item",
}
# what is composed is known when the last of its rows is: these rows of one time go together
TOGETHER = dict.fromkeys(PARTS, "gcs") | dict.fromkeys(KINDS, "ventilation") | dict.fromkeys(GASES, "gas")
WORDS = {
    "226732": "Endotracheal tube",
    "223849": "CMV/ASSIST/AutoFlow",
    "229314": "ASV",
    "223758": "Comfort measures only",
    "52033": "ART.",
}
ANTIBIOTIC = "Vancomycin"


def tables_of(folder: Path) -> Tables:
    """What the study reads of a folder of MIMIC-IV files, every field as its text."""
    found = {}
    for name in (*STORED, *ACTS, CULTURES, *ENDS, *OTHERS):
        data = pd.read_csv(folder / f"{name}.csv.gz", dtype=str, keep_default_na=False)
        if name in ITEMS:
            data = data[data["itemid"].isin({item["itemid"] for item in seed(ITEMS[name])})]
        found[name] = data
    return found


def otherwise(tables: Tables, moments: Mapping[int, pd.Timestamp]) -> Tables:
    """The tables with everything after each patient's moment deleted, moved or changed; other patients as they are."""
    for place, change in enumerate((_deleted, _moved, _changed)):
        tables = _by_one_way(tables, dict(list(moments.items())[place::3]), change)
    return tables


def _by_one_way(tables: Tables, moments: Mapping[int, pd.Timestamp], change: Change) -> Tables:
    moment_of = {str(patient): moment for patient, moment in moments.items()}
    changed = dict(tables)
    for name in (*STORED, *ACTS, CULTURES):
        is_theirs = tables[name]["subject_id"].isin(moment_of.keys())
        theirs = tables[name][is_theirs]
        is_later = _known(name, theirs) > theirs["subject_id"].map(moment_of)
        changed[name] = pd.concat([tables[name][~is_theirs], change(theirs, is_later)])
    for name, columns in ENDS.items():
        data = tables[name].copy()
        moment = pd.to_datetime(data["subject_id"].map(moment_of))
        for column in columns:
            times = pd.to_datetime(data[column])
            later = times > moment
            data.loc[later, column] = (times[later] + 10 * BY).dt.strftime("%Y-%m-%d" if column == "dod" else TIME)
        changed[name] = data
    return changed


def write(tables: Tables, folder: Path) -> Path:
    """A folder of MIMIC-IV files."""
    for name, data in tables.items():
        path = folder / f"{name}.csv.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        data.to_csv(path, index=False, compression={"method": "gzip", "compresslevel": 1})
    return folder


def _known(name: str, data: pd.DataFrame) -> pd.Series:
    """When each row is known: stored, begun, or, for a culture of a day, when the day is over."""
    if name in STORED:
        stored = pd.concat([pd.to_datetime(data["charttime"]), pd.to_datetime(data["storetime"])], axis=1).max(axis=1)
        kinds = {item["itemid"]: TOGETHER.get(item["concept"]) for item in seed(ITEMS[name])}
        kind = data["itemid"].map(kinds)
        whole = stored.groupby([data["subject_id"], data["charttime"], kind]).transform("max")
        return whole.where(kind.notna(), stored)
    if name in ACTS:
        return pd.to_datetime(data["starttime"])
    days = pd.to_datetime(data["chartdate"]).dt.normalize() + pd.Timedelta(days=1)
    return pd.to_datetime(data["charttime"]).fillna(days)


def _deleted(data: pd.DataFrame, is_later: pd.Series) -> pd.DataFrame:
    return data[~is_later]


def _moved(data: pd.DataFrame, is_later: pd.Series) -> pd.DataFrame:
    """Later by some hours."""
    data = data.copy()
    for column in ("charttime", "storetime", "starttime", "endtime", "stoptime"):
        if column in data:
            times = pd.to_datetime(data[column])
            moved = is_later & times.notna()
            data.loc[moved, column] = (times[moved] + BY).dt.strftime(TIME)
    return data


def _changed(data: pd.DataFrame, is_later: pd.Series) -> pd.DataFrame:
    """Other values at the same time: as ill as can be, on other drugs."""
    data = data.copy()
    if "itemid" in data and "value" in data:
        data.loc[is_later, "value"] = data.loc[is_later, "itemid"].map(WORDS).fillna("1")
    for column, value in (("valuenum", "1"), ("rate", "9"), ("amount", "99")):
        if column in data:
            data.loc[is_later & (data[column] != ""), column] = value
    for column, value in (("drug", ANTIBIOTIC), ("route", "IV"), ("spec_type_desc", "BLOOD CULTURE")):
        if column in data:
            data.loc[is_later, column] = value
    return data
