"""Write a generated data set as the seven files of the database into a folder."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mimic_db.errors import UserError
from mimic_db.progress import LoadProgress
from twin.rows import Columns, size, stack
from twin.zigong import csv_file
from twin.zigong.block import blocks, make_block
from twin.zigong.design import Design
from twin.zigong.tables.laid import Laid
from twin.zigong.truth import truth
from twin.zigong.vocabulary import SF36
from zigong_db.stamp import MARK, mark_text

FILES: Final[dict[str, tuple[str, ...]]] = {
    "dtBaseline": (
        "PATIENT_ID",
        "INP_NO",
        "Age",
        "SEX",
        "AdmitDept",
        "InfectionSite",
        "ICU_discharge_time",
        "DISCHARGE_DATE_TIME",
    ),
    "dtTransfer": ("PATIENT_ID", "INP_NO", "StartTime", "StopTime", "StartReason", "StopReason", "TransferDept"),
    "dtICD": ("INP_NO", "PATIENT_ID", "ICD_Code", "ICD_desc", "Status_Discharge", "Diagnosis_seq"),
    "dtOutCome": ("PATIENT_ID", "Follow_Date", "Follow_Vital", "Death_Date", *SF36, "Discharge_Dept"),
    "dtLab": ("INP_NO", "LabTime", "Category", "Item", "LabValue", "Unit", "Ref"),
    "dtDrugs": ("PATIENT_ID", "DrugName", "Drug_time", "Formula"),
    "dtNursingChart": (
        "INP_NO",
        "temperature",
        "heart_rate",
        "breathing",
        "Blood_oxygen_saturation",
        "Blood_pressure_high",
        "Blood_pressure_low",
        "Invasive_SBP",
        "Invasive_diastolic_blood_pressure",
        "Central_venous_pressure",
        "blood_sugar",
        "MAP",
        "Oxygen_inhalation_mode",
        "Oxygen_flow",
        "Breathing_pattern",
        "F",
        "Vt_setting",
        "FIO2",
        "Vt_Supervisor",
        "consciousness",
        "open_one's_eyes",
        "motion",
        "language",
        "Endotracheal_intubation",
        "Hemodialysis_tube",
        "Extubation",
        "Urine_volume",
        "RASS_sedation_score",
        "NURSING_DESC",
        "ChartTime",
        "turn_over",
        "oral_care",
        "skin_care",
    ),
}


@dataclass(frozen=True)
class DataSet:
    """What makes a generated data set: same values, same bytes. `generator` is a hash of the package's code."""

    patients: int
    seed: int
    design: Design
    generator: str


@dataclass(frozen=True)
class Written:
    """What the study must find, by table, and how many traps were laid."""

    truth: dict[str, Columns]
    laid: Laid


def data_set(patients: int, seed: int, design: Design) -> DataSet:
    """The data set of that size, seed and design by the code as it is now."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return DataSet(patients, seed, design, digest.hexdigest())


def write(folder: Path, wanted: DataSet, progress: LoadProgress) -> Written:
    """Fill `folder` with the seven files, and a note that no patient is real.

    Raises:
        UserError: the folder holds files of the database that `generate` did not write.
    """
    _refuse_foreign_files(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text(mark_text(wanted.patients, wanted.seed, str(wanted.design)), encoding="utf-8")
    progress.begin("generated patients", wanted.patients)
    counts, laid, meant, done = dict.fromkeys(FILES, 0), Laid(), [], 0
    opened = {name: (folder / f"{name}.csv").open("wb") for name in FILES}
    try:
        for name, names in FILES.items():
            opened[name].write(csv_file.header(names))
        for number, patients in blocks(wanted.patients):
            block = make_block(wanted.seed, number, patients, wanted.design)
            for name, rows in block.files.items():
                opened[name].write(csv_file.lines(rows, FILES[name], counts[name] + 1))
                counts[name] += size(rows)
            meant.append(truth(block.plan))
            laid.counts.update(block.laid.counts)
            done += patients
            progress.update(done, sum(counts.values()))
    finally:
        for file in opened.values():
            file.close()
    progress.end(sum(counts.values()))
    return Written({table: stack([part[table] for part in meant]) for table in meant[0]}, laid)


def _refuse_foreign_files(folder: Path) -> None:
    """Never write over real patients."""
    if not folder.exists() or (folder / MARK).exists():
        return
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder: --folder takes one, which is made if it is not there")
    known = {name.lower() for name in FILES}
    for path in sorted(folder.iterdir()):
        if path.name.lower().split(".")[0] in known or path.name.lower() == "datatables":
            raise UserError(
                f"{path} is there and `generate` did not write it: nothing was changed. Take another --folder"
            )
