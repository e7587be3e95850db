"""Controls of which the truth is no effect: drugs that do not touch death, and history that no drug can change.

A null exposure answers to illness as dexmedetomidine does, each in its own measure, and changes nothing. A null outcome
lies before the ICU and follows from age and comorbidity alone. Both answer to the unmeasured cause, if there is one: it
keeps away every drug, more or less, and is seen in the history. One exposure, CONFOUNDED, answers to how the patient
will do, which whoever orders it sees and no table holds: without any switch it looks as if it saved lives.

Their random numbers are their own: with controls or without, the patients stay the same. Numbers are assumed.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from twin.plan.distributions import chance
from twin.rows import Array, Columns
from twin.trial.design import TrialDesign
from twin.trial.grid import ALL_DECISIONS, DECISIONS, NEVER
from twin.trial.outcome import readiness

BEFORE_ICU, BEFORE_ZERO = 1, 2  # when a drug was ordered that is no start of the trial


@dataclass(frozen=True)
class Exposure:
    """A drug: how it is written in an order, and when it is ordered.

    `log_odds` of a start at a decision in a typical patient, `illness` as a multiple of how dexmedetomidine answers to
    it, `unmeasured` as a multiple of how dexmedetomidine answers to the unmeasured cause; `before`: the share that has
    it before time zero.
    """

    name: str
    drug: str
    strength: str
    dose: str
    unit: str
    route: str
    log_odds: float
    illness: float
    unmeasured: float
    before: float


EXPOSURES: Final = (
    Exposure("docusate", "Docusate Sodium", "100mg Capsule", "100", "mg", "PO", -2.8, 0.9, 0.9, 0.12),
    Exposure("senna", "Senna", "8.6 mg Tablet", "2", "TAB", "PO/NG", -2.9, 0.8, 1.0, 0.1),
    Exposure("bisacodyl", "Bisacodyl", "10mg Suppository", "10", "mg", "PR", -3.3, 0.7, 0.8, 0.06),
    Exposure("polyethylene_glycol", "Polyethylene Glycol", "17g Packet", "17", "g", "PO/NG", -3.3, 0.8, 1.1, 0.05),
    Exposure("milk_of_magnesia", "Milk of Magnesia", "30mL UDCup", "30", "mL", "PO/NG", -3.7, 0.9, 0.9, 0.04),
    Exposure("famotidine", "Famotidine", "20mg Tablet", "20", "mg", "PO/NG", -2.8, 0.5, 0.8, 0.08),
    Exposure("acetaminophen", "Acetaminophen", "325mg Tablet", "650", "mg", "PO/NG", -2.6, 0.6, 0.9, 0.15),
    Exposure("multivitamin", "Multivitamins", "1 Tablet", "1", "TAB", "PO", -3.1, 0.8, 1.0, 0.08),
    Exposure("thiamine", "Thiamine", "100mg Tablet", "100", "mg", "PO/NG", -3.4, 0.6, 0.7, 0.05),
    Exposure("folic_acid", "FoLIC Acid", "1mg Tablet", "1", "mg", "PO/NG", -3.3, 0.7, 0.9, 0.06),
    Exposure("cyanocobalamin", "Cyanocobalamin", "1000mcg Tablet", "1000", "mcg", "PO", -3.6, 0.8, 1.0, 0.04),
    Exposure("vitamin_d", "Vitamin D", "1000 Unit Tablet", "1000", "UNIT", "PO", -3.5, 0.7, 0.9, 0.05),
    Exposure("ascorbic_acid", "Ascorbic Acid", "500mg Tablet", "500", "mg", "PO", -3.6, 0.7, 0.9, 0.03),
    Exposure("zinc", "Zinc Sulfate", "220mg Capsule", "220", "mg", "PO", -3.7, 0.9, 1.0, 0.03),
    Exposure("iron_oral", "Ferrous Sulfate", "325mg Tablet", "325", "mg", "PO", -3.7, 0.8, 0.8, 0.05),
    Exposure("nystatin", "Nystatin Oral Suspension", "500,000 Units/5mL", "5", "mL", "PO", -3.5, 0.5, 0.8, 0.03),
    Exposure("miconazole_powder", "Miconazole Powder 2%", "85g Bottle", "1", "Appl", "TP", -3.3, 0.6, 0.7, 0.05),
    Exposure("lidocaine_patch", "Lidocaine 5% Patch", "5% Patch", "1", "PTCH", "TD", -3.5, 1.0, 1.1, 0.04),
    Exposure("melatonin", "Melatonin", "3mg Tablet", "3", "mg", "PO", -3.4, 1.1, 1.2, 0.03),
    Exposure("ramelteon", "Ramelteon", "8mg Tablet", "8", "mg", "PO", -3.5, 1.1, 1.1, 0.03),
    Exposure("nicotine_patch", "Nicotine Patch", "14mg/24hr Patch", "14", "mg", "TD", -3.6, 0.7, 0.8, 0.04),
    Exposure("artificial_tears", "Artificial Tears", "15mL Btl", "2", "DROP", "BOTH EYES", -3.4, 0.6, 0.9, 0.03),
    Exposure("phosphate", "Neutra-Phos", "1 Packet", "1", "PKT", "PO/NG", -3.0, 0.8, 1.0, 0.03),
    Exposure("simethicone", "Simethicone", "80mg Tablet", "80", "mg", "PO", -3.5, 0.9, 0.9, 0.04),
    Exposure("antacid", "Aluminum-Magnesium Hydrox.-Simethicone", "30mL UDCup", "30", "mL", "PO", -3.6, 0.8, 0.9, 0.03),
    Exposure("calcium_carbonate", "Calcium Carbonate", "500mg Tablet", "500", "mg", "PO", -3.4, 0.8, 1.0, 0.05),
    Exposure("guaifenesin", "Guaifenesin", "100mg/5mL", "10", "mL", "PO", -3.5, 0.9, 0.9, 0.03),
    Exposure("ondansetron", "Ondansetron", "4mg/2mL Vial", "4", "mg", "IV", -3.1, 1.0, 1.1, 0.06),
    Exposure("loratadine", "Loratadine", "10mg Tablet", "10", "mg", "PO", -3.7, 0.9, 0.9, 0.04),
    Exposure("diphenhydramine", "DiphenhydrAMINE", "25mg Capsule", "25", "mg", "PO/NG", -3.4, 0.8, 1.0, 0.04),
    Exposure("sarna_lotion", "Sarna Lotion", "222mL Bottle", "1", "Appl", "TP", -3.6, 0.8, 1.0, 0.03),
    Exposure("fluticasone_nasal", "Fluticasone Propionate NASAL", "16g", "1", "SPRY", "NU", -3.7, 0.9, 0.9, 0.05),
    Exposure("saline_nasal", "Sodium Chloride Nasal", "45mL Bottle", "1", "SPRY", "NU", -3.6, 0.7, 0.8, 0.03),
    Exposure("throat_lozenge", "Cepacol (Sore Throat Lozenge)", "1 Lozenge", "1", "LOZ", "PO", -3.5, 1.0, 1.0, 0.03),
)  # fmt: skip
CONFOUNDED: Final = "multivitamin"  # given to those who will eat again
NAMES: Final = tuple(exposure.name for exposure in EXPOSURES)
_RISE: Final = 0.8  # of the log odds over the grace period
_LATER: Final = -0.4  # after it
_SHORT_SHARE: Final = 0.12  # of orders, written for less than four hours
_PROGNOSIS: Final = 0.9  # log odds per standard deviation, of CONFOUNDED
_GUMBEL_MEAN, _GUMBEL_SD = -0.57721566, 1.28254983  # of the logarithm of a standard exponential variable


@dataclass(frozen=True)
class Outcome:
    """A piece of history: log odds at 68 years, per decade more, with the comorbidity, and per unit of the cause."""

    name: str
    log_odds: float
    age: float
    comorbidity: str
    with_it: float
    unmeasured: float


OUTCOMES: Final = (
    Outcome("osteoarthritis", -1.6, 0.4, "rheumatic_disease", 0.5, 0.7),
    Outcome("cataract", -2.2, 0.6, "diabetes", 0.4, 0.8),
    Outcome("benign_prostate", -2.2, 0.5, "hypertension", 0.2, 0.6),
    Outcome("hypothyroidism", -1.8, 0.2, "rheumatic_disease", 0.4, 0.8),
    Outcome("gout", -2.2, 0.1, "renal_disease", 0.8, 0.9),
    Outcome("hearing_loss", -2.4, 0.6, "diabetes", 0.1, 0.7),
    Outcome("abdominal_hernia", -2.4, 0.2, "copd", 0.3, 0.6),
    Outcome("hiatal_hernia", -2.4, 0.2, "copd", 0.1, 0.7),
    Outcome("migraine", -2.6, -0.4, "hypertension", 0.0, 0.8),
    Outcome("psoriasis", -2.7, 0.0, "rheumatic_disease", 0.6, 0.7),
    Outcome("glaucoma", -2.4, 0.4, "diabetes", 0.5, 0.8),
    Outcome("macular_degeneration", -2.6, 0.6, "hypertension", 0.1, 0.7),
    Outcome("osteoporosis", -1.9, 0.5, "rheumatic_disease", 0.7, 0.9),
    Outcome("diverticulosis", -1.9, 0.3, "liver_disease", -0.1, 0.7),
    Outcome("hemorrhoids", -2.4, 0.1, "liver_disease", 0.5, 0.6),
    Outcome("allergic_rhinitis", -2.5, -0.1, "copd", 0.5, 0.6),
    Outcome("spinal_stenosis", -2.3, 0.3, "rheumatic_disease", 0.3, 0.8),
    Outcome("prior_year_admission", -0.6, 0.1, "tumor", 0.6, 1.0),
    Outcome("prior_year_admissions_two", -0.6, 0.1, "renal_disease", 0.4, 1.0),
    Outcome("lactate_before_icu", -1.2, 0.1, "liver_disease", 0.6, 0.8),
    Outcome("creatinine_before_icu", -1.3, 0.1, "renal_disease", 1.5, 0.8),
    Outcome("hemoglobin_before_icu", -0.9, 0.1, "tumor", 0.5, 0.9),
    Outcome("hba1c_high", -1.3, 0.0, "diabetes", 2.2, 0.6),
    Outcome("mcv_high", -1.8, 0.1, "liver_disease", 0.8, 0.7),
    Outcome("mcv_low", -1.8, 0.0, "tumor", 0.4, 0.7),
    Outcome("screening_positive", -1.4, 0.1, "diabetes", 0.3, 0.8),
)


def draw_controls(rng: np.random.Generator, plan: Columns, design: TrialDesign) -> None:
    """Add the controls of each stay, one column for each.

    `control_block`: the first decision at which the drug would be ordered for whoever is there (NEVER: none);
    `control_hours`: for how long the first order is written; `control_before`: BEFORE_ICU, BEFORE_ZERO, or 0;
    `null_outcomes`: does the history have it?
    """
    count = len(plan["age"])
    when = _RISE * np.minimum(np.arange(ALL_DECISIONS), DECISIONS - 1) / (DECISIONS - 1)
    when[DECISIONS:] = _LATER
    ready = readiness(plan)
    first = np.empty((count, len(EXPOSURES)), np.int64)
    for number, exposure in enumerate(EXPOSURES):
        person = -exposure.unmeasured * design.unmeasured * plan["unmeasured"]
        if exposure.name == CONFOUNDED:
            person = person + _PROGNOSIS * prognosis(plan)
        odds = exposure.log_odds + when + exposure.illness * ready + person[:, None]
        chosen = rng.random((count, ALL_DECISIONS)) < chance(odds)
        first[:, number] = np.where(chosen.any(axis=1), chosen.argmax(axis=1), NEVER)
    plan["control_block"] = first
    short = rng.random(first.shape) < _SHORT_SHARE
    plan["control_hours"] = np.where(short, rng.integers(1, 4, first.shape), 12 * rng.integers(1, 9, first.shape))
    share = np.array([exposure.before for exposure in EXPOSURES])
    older = 0.02 * (plan["age"] - 68)[:, None]
    has = rng.random(first.shape) < chance(np.log(share / (1 - share)) + older)
    plan["control_before"] = np.where(has, rng.choice((BEFORE_ICU, BEFORE_ZERO), first.shape), 0)
    odds = np.column_stack(
        [
            outcome.log_odds
            + outcome.age * (plan["age"] - 68) / 10
            + outcome.with_it * plan[outcome.comorbidity]
            + outcome.unmeasured * design.unmeasured * plan["unmeasured"]
            for outcome in OUTCOMES
        ]
    )
    plan["null_outcomes"] = rng.random(odds.shape) < chance(odds)


def prognosis(plan: Columns) -> Array:
    """How well the patient will do, whatever is charted: of mean 0 and variance 1, higher is better."""
    return np.asarray((np.log(plan["harm_borne"]) - _GUMBEL_MEAN) / _GUMBEL_SD)
