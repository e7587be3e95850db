"""Words of the files: departments, drugs, laboratory items, texts of the charts, as the database spells them.

Patterns of the study occur in a name only where the drug or the department is meant.
"""

from typing import Final

ICU: Final = (
    "Intensive care unit (ICU)",
    "Intensive Care Unit",
    "ICU",
    "Neurosurgery NICU",
    "RICU of respiratory medicine",
    "EICU",
    "Emergency intensive care unit (eicu)",
)
ICU_SHARES: Final = (0.62, 0.06, 0.06, 0.08, 0.06, 0.06, 0.06)
WARDS: Final = (
    "Emergency department",
    "Neurosurgery",
    "Respiratory medicine",
    "General surgery",
    "Hepatobiliary surgery",
    "Cardiology",
    "Coronary care unit (CCU)",
    "Gastroenterology",
    "Infectious diseases",
    "Orthopedics",
    "Urology",
    "Nephrology, hemodialysis",
    "High dependency unit (HDU)",
    "Operating room",
)

# drug -> names; dose and form stand inside, and case is mixed
DRUGS: Final = {
    "dexmedetomidine": (
        "Dexmedetomidine hydrochloride injection 2ml:0.2mg",
        "dexmedetomidine Hydrochloride and sodium chloride injection 50ml:0.2mg",
        "DEXMEDETOMIDINE HYDROCHLORIDE INJECTION",
        "(Imported) Dexmedetomidine injection, 200ug/2ml",
    ),
    "propofol": (
        "Propofol medium / long chain fat emulsion injection 20ml:0.2g",
        "Propofol injectable emulsion (Diprivan) 50ml:500mg",
        "PROPOFOL injection",
    ),
    "midazolam": ("Midazolam injection 10ml:50mg", "midazolam Injection 2ml:10mg", "MIDAZOLAM"),
    "sufentanil": (
        "Sufentanil citrate injection 1ml:50ug",
        "Sufentanyl Citrate Injection 2ml:100µg",
        "sufentanyl citrate",
        "SUFENTANIL CITRATE INJECTION",
    ),
    "remifentanil": (
        "Remifentanil hydrochloride for injection 1mg",
        "Remifentanyl Hydrochloride for Injection 2mg",
        "REMIFENTANIL hydrochloride",
    ),
    "fentanyl": (
        "Fentanyl citrate injection 2ml:0.1mg",
        "FENTANYL CITRATE injection",
        "Fentanyl transdermal patch 4.2mg",
    ),
    "alfentanil": ("Alfentanil hydrochloride injection 2ml:1mg",),
    "norepinephrine": (
        "Norepinephrine bitartrate injection 1ml:2mg",
        "Noradrenaline bitartrate injection 2mg",
        "NOREPINEPHRINE Bitartrate",
    ),
    "epinephrine": ("Epinephrine hydrochloride injection 1ml:1mg", "Adrenaline hydrochloride injection", "EPINEPHRINE"),
    "dopamine": ("Dopamine hydrochloride injection 2ml:20mg", "dopamine HCl Injection"),
    "dobutamine": ("Dobutamine hydrochloride injection 2ml:20mg",),
    "vasopressin": ("Vasopressin injection 1ml:20u", "VASOPRESSIN for injection"),
    "heparin": (
        "Heparin sodium injection 2ml:12500u",
        "HEPARIN Sodium injection",
        "heparin sodium lock flush 5ml:500u",
    ),
    "lmwh": (
        "Low molecular weight heparin calcium injection 0.4ml:4100AXaIU",
        "LOW MOLECULAR WEIGHT HEPARIN sodium injection 5000u",
        "Nadroparin calcium injection (prefilled)",
        "Enoxaparin sodium injection 0.4ml:4000AXaIU",
        "Dalteparin Sodium injection 0.2ml:5000IU",
    ),
    "heparinoid": ("Mucopolysaccharide polysulfate cream (Heparinoid) 14g",),
    # near in name, or near in use
    "unused": (
        "Sodium chloride injection 0.9% 100ml:0.9g",
        "Imipenem and cilastatin sodium for injection 1g",
        "Piperacillin sodium and tazobactam sodium for injection, 4.5g",
        "Phenylephrine hydrochloride injection 1ml:10mg",
        "Ephedrine hydrochloride injection",
        "Desmopressin acetate injection",
        "Terlipressin for injection 1mg",
        'Compound amino acid injection "18AA"',
        "Butorphanol tartrate injection",
        "Isoproterenol hydrochloride injection",
    ),
}
FORMULAS: Final = ("ivgtt", "iv pump", "iv", "ih", "po", "external use, as needed")

# concept -> item, and the units that it comes in
ITEMS: Final = {
    "platelets": ("Platelet (PLT)", ("10^9/L",)),
    "inr": ("International normalized ratio (INR)", ("",)),
    "bilirubin": ("Total bilirubin (TBIL)", ("µmol/L", "μmol/L", "umol/L")),
    "creatinine": ("Creatinine (enzymatic method) (CRE)", ("µmol/L", "μmol/L", "umol/L")),
    "pt": ("Prothrombin time (PT)", ("s",)),
    "bun": ("Urea (urea)", ("mmol/L",)),
    "albumin": ("Albumin (ALB)", ("g/L",)),
    "lactate": ("Lactic acid (LAC)", ("mmol/L",)),
    "wbc": ("White blood cell (WBC)", ("10^9/L",)),
    "hemoglobin": ("Hemoglobin (Hgb)", ("g/L",)),
}
CATEGORIES: Final = {
    "platelets": "Blood routine",
    "wbc": "Blood routine",
    "hemoglobin": "Blood routine",
    "inr": "Coagulation",
    "pt": "Coagulation",
    "lactate": "Blood gas analysis",
}
REFERENCES: Final = {
    "platelets": "100--300",
    "inr": "0.8--1.2",
    "bilirubin": "3.4--20.5",
    "creatinine": "44--106",
    "pt": "9--14",
    "bun": "2.9--8.2",
    "albumin": "40--55",
    "lactate": "0.5--2.2",
    "wbc": "3.5--9.5",
    "hemoglobin": "115--150",
}
# item, unit, lowest and highest value: names that resemble the study's, and others
UNUSED_ITEMS: Final = (
    ("Direct bilirubin (DBIL)", "µmol/L", 1, 200),
    ("Creatinine clearance rate (CCR)", "ml/min", 5, 120),
    ("Platelet distribution width (PDW)", "fL", 9, 20),
    ("Mean platelet volume (MPV)", "fL", 7, 13),
    ("Urine white blood cell (WBC)", "/uL", 0, 900),
    ("Mean corpuscular hemoglobin (MCH)", "pg", 20, 40),
    ("Prothrombin time activity (PTA)", "%", 20, 130),
    ("Prealbumin (PA)", "mg/L", 30, 400),
    ("Oxygen partial pressure (PO2)", "mmHg", 40, 200),
    ("Procalcitonin (PCT)", "ng/ml", 0, 90),
)
NO_NUMBERS: Final = ("hemolysis", "+", "++", "-", "1+", "see report", "lipemia, repeat", "<", "12-14")
IMPLAUSIBLE: Final = ("0", "-5", "99999", "0.0", ">99999")

STATUS_ALIVE: Final = ("Cured", "Improved", "Not cured", "Others", "Improved ")
STATUS_DEAD: Final = ("Dead", "dead", "DEAD")
DIAGNOSES: Final = (
    ("A41.900x003", "脓毒性休克"),
    ("J18.900", "肺部感染"),
    ("J96.000x001", "急性呼吸衰竭"),
    ("I61.900", "脑出血"),
    ("N39.000", "泌尿道感染, 非特指"),
    ("K65.000x002", "急性弥漫性腹膜炎"),
    ("E11.900", '2型糖尿病 "血糖控制不佳"'),
    ("D65.x00", "弥散性血管内凝血"),
)
INFECTION_SITES: Final = ("Lung", "Abdominal cavity", "Urinary tract", "Blood", "Central nervous system", "")
TRANSFER_REASONS: Final = ("Admission", "Transfer in", "Surgery", "Discharge", "Transfer out")

SF36: Final = tuple(f"SF36_{number}" for number in range(1, 37))
SF36_ANSWERS: Final = ("Very good", "Good", "Fair", "Bad", "Yes, limited a lot", "No, not limited at all", "A bit")

EYES: Final = ("4→自动睁眼", "3→呼唤睁眼", "2→疼痛刺激睁眼", "1→无反应", "4", "â†’è‡ªåŠ¨ç\u009d\u0081çœ¼", "3â†’å‘¼å”¤")
MOTION: Final = ("6→遵嘱动作", "5→刺痛定位", "4→刺痛躲避", "3→异常屈曲", "1→无反应", "6", "6â†’é\u0081µå˜±åŠ¨ä½œ")
LANGUAGE: Final = ("5→回答正确", "4→回答错误", "1→无反应", "T→气管插管", "T", "S→镇静", "5â†’å›žç\u00adæ£ç¡®")
DAMAGED: Final = "â"
NURSING_NOTES: Final = (
    "患者神志清楚,\n呼吸机辅助呼吸",
    'Turned over, sputum suction.\nFamily says "no change"',
    "Blood drawn\r\nsent to laboratory",
    "镇静镇痛中; RASS -2",
    "Transferred from ward",
)
