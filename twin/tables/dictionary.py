"""d_items, d_labitems, d_icd_diagnoses, caregiver: the names of what the generator uses."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from twin.rows import Columns, constant, text
from twin.tables.diagnoses import CODES
from twin.tables.infusions.drugs import DRUGS, FENTANYL_PUSH, HEPARIN_PROPHYLAXIS
from twin.tables.labs import SECOND_PLATELETS, TESTS

ChartItem = tuple[int, str, str, str, str, str]
LabItem = tuple[int, str, str]
# itemid, label, abbreviation, category, unit, type
_CHART: Final = (
    (220045, "Heart Rate", "HR", "Routine Vital Signs", "bpm", "Numeric"),
    (220050, "Arterial Blood Pressure systolic", "ABPs", "Routine Vital Signs", "mmHg", "Numeric"),
    (220051, "Arterial Blood Pressure diastolic", "ABPd", "Routine Vital Signs", "mmHg", "Numeric"),
    (220052, "Arterial Blood Pressure mean", "ABPm", "Routine Vital Signs", "mmHg", "Numeric"),
    (220179, "Non Invasive Blood Pressure systolic", "NBPs", "Routine Vital Signs", "mmHg", "Numeric"),
    (220180, "Non Invasive Blood Pressure diastolic", "NBPd", "Routine Vital Signs", "mmHg", "Numeric"),
    (220181, "Non Invasive Blood Pressure mean", "NBPm", "Routine Vital Signs", "mmHg", "Numeric"),
    (220210, "Respiratory Rate", "RR", "Respiratory", "insp/min", "Numeric"),
    (220277, "O2 saturation pulseoxymetry", "SpO2", "Respiratory", "%", "Numeric"),
    (223761, "Temperature Fahrenheit", "Temperature F", "Routine Vital Signs", "°F", "Numeric"),
    (223762, "Temperature Celsius", "Temperature C", "Routine Vital Signs", "°C", "Numeric"),
    (224642, "Temperature Site", "Temp Site", "Routine Vital Signs", "", "Text"),
    (220739, "GCS - Eye Opening", "Eye Opening", "Neurological", "", "Text"),
    (223900, "GCS - Verbal Response", "Verbal Response", "Neurological", "", "Text"),
    (223901, "GCS - Motor Response", "Motor Response", "Neurological", "", "Text"),
    (226732, "O2 Delivery Device(s)", "O2 Delivery Device(s)", "Respiratory", "", "Text"),
    (223834, "O2 Flow", "O2 Flow", "Respiratory", "L/min", "Numeric"),
    (223849, "Ventilator Mode", "Ventilator Mode", "Respiratory", "", "Text"),
    (229314, "Ventilator Mode (Hamilton)", "Ventilator Mode (Hamilton)", "Respiratory", "", "Text"),
    (223835, "Inspired O2 Fraction", "FiO2", "Respiratory", "", "Numeric"),
    (220339, "PEEP set", "PEEP set", "Respiratory", "cmH2O", "Numeric"),
    (224684, "Tidal Volume (set)", "Tidal Volume (set)", "Respiratory", "mL", "Numeric"),
    (224685, "Tidal Volume (observed)", "Tidal Volume (observed)", "Respiratory", "mL", "Numeric"),
    (224687, "Minute Volume", "Minute Volume", "Respiratory", "L/min", "Numeric"),
    (224688, "Respiratory Rate (Set)", "Respiratory Rate (Set)", "Respiratory", "insp/min", "Numeric"),
    (224696, "Plateau Pressure", "Plateau Pressure", "Respiratory", "cmH2O", "Numeric"),
    (225664, "Glucose finger stick (range 70-100)", "Glucose FS (range 70 -100)", "Labs", "", "Numeric"),
    (226537, "Glucose (whole blood)", "Glucose (whole blood)", "Labs", "", "Numeric"),
    (226512, "Admission Weight (Kg)", "Admission Weight (Kg)", "General", "kg", "Numeric"),
    (224639, "Daily Weight", "Daily Weight", "General", "kg", "Numeric"),
    (227290, "CRRT mode", "CRRT mode", "Dialysis", "", "Text"),
    (224144, "Blood Flow (ml/min)", "Blood Flow (ml/min)", "Dialysis", "ml/min", "Numeric"),
    (224146, "System Integrity", "System Integrity", "Dialysis", "", "Text"),
)
_OUTPUT: Final = (
    (226559, "Foley", "Foley", "Output", "mL", "Numeric"),
    (226560, "Void", "Void", "Output", "mL", "Numeric"),
    (226561, "Condom Cath", "Condom Cath", "Output", "mL", "Numeric"),
    (227488, "GU Irrigant Volume In", "GU Irrigant Volume In", "Output", "mL", "Numeric"),
    (227489, "GU Irrigant/Urine Volume Out", "GU Irrigant/Urine Volume Out", "Output", "mL", "Numeric"),
)
_PROCEDURE: Final = (
    (225792, "Invasive Ventilation", "Invasive Ventilation", "2-Ventilation", "", "Processes"),
    (225802, "Dialysis - CRRT", "Dialysis - CRRT", "Dialysis", "", "Processes"),
    (225441, "Hemodialysis", "Hemodialysis", "4-Procedures", "", "Processes"),
)
_INPUT: Final = (
    *((drug.itemid, drug.label, drug.label, "Medications", drug.amount_unit, "Solution") for drug in DRUGS.values()),
    (FENTANYL_PUSH, "Fentanyl", "Fentanyl", "Medications", "mg", "Solution"),
    (
        HEPARIN_PROPHYLAXIS,
        "Heparin Sodium (Prophylaxis)",
        "Heparin Sodium (Prophylaxis)",
        "Medications",
        "dose",
        "Solution",
    ),
)
_GASES: Final = (
    (52033, "Specimen Type"),
    (50821, "pO2"),
    (50818, "pCO2"),
    (50820, "pH"),
    (50802, "Base Excess"),
    (50813, "Lactate"),
    (50816, "Oxygen"),
)


def dictionaries(
    charted: Sequence[ChartItem] = (),
    measured: Sequence[LabItem] = (),
    coded: Mapping[str, Mapping[int, Mapping[str, str]]] | None = None,
) -> dict[str, Columns]:
    """Rows of the dictionary tables, by table name.

    `charted` are further items of chartevents, `measured` of labevents, `coded` further codes of diagnoses_icd.
    """
    groups = {
        "chartevents": (*_CHART, *charted),
        "outputevents": _OUTPUT,
        "procedureevents": _PROCEDURE,
        "inputevents": _INPUT,
    }
    items = [
        (itemid, label, short, table, *rest)
        for table, listed in groups.items()
        for itemid, label, short, *rest in listed
    ]
    itemid, label, short, table, category, unit, kind = zip(*items, strict=True)
    labs = [(test.itemid, test.label, test.category) for test in TESTS.values()]
    labs += [(number, name, "Blood Gas") for number, name in _GASES]
    labs += measured
    labs.append((SECOND_PLATELETS, TESTS["platelets"].label, TESTS["platelets"].category))
    lab_id, lab_label, lab_category = zip(*labs, strict=True)
    codes = sorted(
        {
            (code, version, title)
            for by in (*CODES.values(), *(coded or {}).values())
            for version, listed in by.items()
            for code, title in listed.items()
        }
    )
    code, version, title = zip(*codes, strict=True)
    return {
        "d_items": {
            "itemid": np.array(itemid),
            "label": text(label),
            "abbreviation": text(short),
            "linksto": text(table),
            "category": text(category),
            "unitname": text(unit),
            "param_type": text(kind),
        },
        "d_labitems": {
            "itemid": np.array(lab_id),
            "label": text(lab_label),
            "fluid": constant("Blood", len(labs)),
            "category": text(lab_category),
        },
        "d_icd_diagnoses": {"icd_code": text(code), "icd_version": np.array(version), "long_title": text(title)},
        "caregiver": {"caregiver_id": 10_000 + np.arange(877)},
    }
