"""diagnoses_icd: comorbidities, pregnancy and the acute illness, in ICD-9 or ICD-10 by the admission's era."""

from typing import Final

import numpy as np

from twin.plan.population import COMORBIDITIES
from twin.rows import Array, Columns, size, stack, take, text

# condition -> version -> codes as MIMIC stores them (no dot), with titles for d_icd_diagnoses
CODES: Final[dict[str, dict[int, dict[str, str]]]] = {
    "hypertension": {
        9: {"4019": "Unspecified essential hypertension", "4011": "Benign essential hypertension"},
        10: {"I10": "Essential (primary) hypertension", "I161": "Hypertensive emergency"},
    },
    "congestive_heart_failure": {
        9: {"4280": "Congestive heart failure, unspecified", "42832": "Chronic diastolic heart failure"},
        10: {"I5022": "Chronic systolic (congestive) heart failure", "I509": "Heart failure, unspecified"},
    },
    "copd": {
        9: {"496": "Chronic airway obstruction, not elsewhere classified", "49390": "Asthma, unspecified type"},
        10: {
            "J449": "Chronic obstructive pulmonary disease, unspecified",
            "J45909": "Unspecified asthma, uncomplicated",
        },
    },
    "rheumatic_disease": {
        9: {"7140": "Rheumatoid arthritis", "7100": "Systemic lupus erythematosus"},
        10: {"M069": "Rheumatoid arthritis, unspecified", "M329": "Systemic lupus erythematosus, unspecified"},
    },
    "liver_disease": {
        9: {"5712": "Alcoholic cirrhosis of liver", "5722": "Hepatic encephalopathy", "07054": "Chronic hepatitis C"},
        10: {"K7030": "Alcoholic cirrhosis of liver without ascites", "K766": "Portal hypertension"},
    },
    "diabetes": {
        9: {
            "25000": "Diabetes mellitus without mention of complication",
            "25040": "Diabetes with renal manifestations",
        },
        10: {"E119": "Type 2 diabetes mellitus without complications", "E1122": "Type 2 diabetes mellitus with CKD"},
    },
    "renal_disease": {
        9: {"5859": "Chronic kidney disease, unspecified", "5856": "End stage renal disease"},
        10: {"N189": "Chronic kidney disease, unspecified", "N186": "End stage renal disease"},
    },
    "tumor": {
        9: {
            "1629": "Malignant neoplasm of bronchus and lung, unspecified",
            "1539": "Malignant neoplasm of colon, unspecified site",
        },
        10: {
            "C3490": "Malignant neoplasm of bronchus or lung",
            "C189": "Malignant neoplasm of colon, unspecified",
            "C4A9": "Merkel cell carcinoma, unspecified",  # a skin cancer, which mimic-code counts
        },
    },
    # malignant, and in no code range of mimic-code
    "neuroendocrine_tumor": {
        9: {},
        10: {"C7A8": "Other malignant neuroendocrine tumors", "C7B09": "Secondary carcinoid tumors of other sites"},
    },
    "pregnancy": {
        9: {"64893": "Other current conditions of mother, antepartum", "67002": "Major puerperal infection"},
        10: {"O9989": "Other diseases complicating pregnancy", "O85": "Puerperal sepsis"},
    },
    "sepsis": {
        9: {"0389": "Unspecified septicemia", "99592": "Severe sepsis"},
        10: {"A419": "Sepsis, unspecified organism", "R6521": "Severe sepsis with septic shock"},
    },
    "kidney_injury": {
        9: {"5849": "Acute kidney failure, unspecified"},
        10: {"N179": "Acute kidney failure, unspecified"},
    },
    "pneumonia": {9: {"486": "Pneumonia, organism unspecified"}, 10: {"J189": "Pneumonia, unspecified organism"}},
    "other": {
        9: {"2724": "Other and unspecified hyperlipidemia", "V5861": "Long-term use of anticoagulants"},
        10: {"E785": "Hyperlipidemia, unspecified", "Z7901": "Long term use of anticoagulants"},
    },
}


def diagnoses(rng: np.random.Generator, plan: Columns) -> Columns:
    """One row per admission and code, in a random order of importance."""
    admissions = np.unique(plan["admission"])
    count = len(admissions)
    has = {name: plan[name][admissions] for name in COMORBIDITIES} | {
        "pregnancy": plan["is_pregnant"][admissions],
        "sepsis": (plan["infection"] == 0)[admissions] & (rng.random(count) < 0.6),
        "kidney_injury": (plan["renal_level"] >= 2)[admissions] & (rng.random(count) < 0.8),
        "pneumonia": (plan["respiration_level"] >= 2)[admissions] & (rng.random(count) < 0.4),
        "neuroendocrine_tumor": rng.random(count) < 0.01,
        "other": rng.random(count) < 0.7,
    }
    parts = []
    for name, codes in CODES.items():
        for version, listed in codes.items():
            if not listed:
                continue
            stay = admissions[has[name] & (plan["icd_version"][admissions] == version)]
            parts.append(
                {
                    "stay": stay,
                    "icd_code": text(list(listed))[rng.integers(0, len(listed), len(stay))],
                    "icd_version": np.full(len(stay), version),
                }
            )
    rows = stack(parts)
    stay = rows["stay"]
    order = np.lexsort((rng.random(size(rows)), stay))
    rows, stay = take(rows, order), stay[order]
    del rows["stay"]
    return rows | {
        "subject_id": plan["subject_id"][stay],
        "hadm_id": plan["hadm_id"][stay],
        "seq_num": _rank(stay) + 1,
    }


def _rank(group: Array) -> Array:
    """Position within the group; groups are contiguous."""
    position = np.arange(len(group))
    starts = np.concatenate([[True], np.diff(group) != 0])
    return np.asarray(position - np.maximum.accumulate(np.where(starts, position, 0)))
