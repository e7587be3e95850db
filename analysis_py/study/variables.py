"""The variables of the study in the order, sections and units of the paper's Table 1: their one home.

Huang et al. 2024, doi:10.3389/fphar.2024.1414809.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis_py.marts.build_record import DEXMEDETOMIDINE
from analysis_py.marts.types import Variable

TREATMENT = "treated"


@dataclass(frozen=True)
class Subgroup:
    """A variable of Table 1 and its strata: by a cut-off (at most / above), by yes and no, or by its levels."""

    name: str
    title: str
    cut: float | None = None
    words: tuple[str, str] = ("Yes", "No")


def groups_of(drug: str) -> dict[bool, str]:
    """Names of the two groups."""
    return {False: f"No {drug}", True: drug.capitalize()}


_FIRST_DAY = "Interventions in the first 24 h"
_VASOPRESSORS = ("norepinephrine", "epinephrine", "vasopressin")
_COMORBIDITY = "Comorbidities"
_VITALS = "Vital signs in the first 24 h"
_LABS = "Laboratory tests in the first 24 h"

TABLE_ONE: tuple[Variable, ...] = (
    Variable("age_years", "Age", unit="years", from_model=2),
    Variable("is_female", "Female", "binary", from_model=2),
    Variable("urine_output_ml", "Urine output", unit="mL"),
    Variable("weight_kg", "Weight", unit="kg"),
    Variable("sofa_score", "SOFA score"),
    Variable("sapsii_score", "SAPS II score"),
    Variable(
        "ethnicity",
        "Ethnicity",
        "categorical",
        levels=("white", "black", "other", "unknown"),
        optional_levels=("unknown",),
        from_model=2,
    ),
    Variable("ventilation_24h", "Mechanical ventilation", "binary", section=_FIRST_DAY),
    Variable("vasopressor_24h", "Vasopressor use", "binary", section=_FIRST_DAY, drugs=_VASOPRESSORS, from_model=3),
    # the paper's 10 % of "vasopressor use" fits vasopressin alone: shown beside it, but in no model
    Variable(
        "vasopressin_24h", "Vasopressin use", "binary", section=_FIRST_DAY, in_models=False, drugs=("vasopressin",)
    ),
    Variable("crrt_24h", "CRRT", "binary", section=_FIRST_DAY, from_model=3),
    Variable("propofol_24h", "Propofol", "binary", section=_FIRST_DAY, drugs=("propofol",), from_model=3),
    Variable("midazolam_24h", "Midazolam", "binary", section=_FIRST_DAY, drugs=("midazolam",), from_model=3),
    Variable("fentanyl_24h", "Fentanyl", "binary", section=_FIRST_DAY, drugs=("fentanyl",), from_model=3),
    Variable("hypertension", "Hypertension", "binary", section=_COMORBIDITY),
    Variable("congestive_heart_failure", "Congestive heart failure", "binary", section=_COMORBIDITY),
    Variable("copd", "COPD", "binary", section=_COMORBIDITY),
    Variable("rheumatic_disease", "Rheumatic disease", "binary", section=_COMORBIDITY),
    Variable("liver_disease", "Liver disease", "binary", section=_COMORBIDITY, from_model=3),
    Variable("diabetes", "Diabetes", "binary", section=_COMORBIDITY),
    Variable("renal_disease", "Renal disease", "binary", section=_COMORBIDITY),
    Variable("tumor", "Tumor", "binary", section=_COMORBIDITY, from_model=3),
    Variable("heart_rate_bpm", "Heart rate", unit="bpm", section=_VITALS, from_model=3),
    Variable("map_mmhg", "Mean arterial pressure", unit="mmHg", section=_VITALS),
    Variable("resp_rate_bpm", "Respiratory rate", unit="bpm", section=_VITALS, from_model=3),
    Variable("spo2_pct", "SpO2", unit="%", section=_VITALS, from_model=3),
    Variable("hematocrit_pct", "Hematocrit", unit="%", section=_LABS),
    Variable("hemoglobin_g_dl", "Hemoglobin", unit="g/dL", section=_LABS),
    Variable("platelets_k_ul", "Platelets", unit="10⁹/L", section=_LABS),
    Variable("wbc_k_ul", "White blood cells", unit="10⁹/L", section=_LABS),
    Variable("anion_gap_meq_l", "Anion gap", unit="mEq/L", section=_LABS, from_model=3),
    Variable("bicarbonate_meq_l", "Bicarbonate", unit="mEq/L", section=_LABS, from_model=3),
    Variable("bun_mg_dl", "BUN", unit="mg/dL", section=_LABS, from_model=3),
    Variable("creatinine_mg_dl", "Creatinine", unit="mg/dL", section=_LABS, from_model=3),
    Variable("sodium_meq_l", "Sodium", unit="mEq/L", section=_LABS),
    Variable("potassium_meq_l", "Potassium", unit="mEq/L", section=_LABS),
    Variable("inr_ratio", "INR", unit="ratio", section=_LABS),
    Variable("pt_sec", "Prothrombin time", unit="s", section=_LABS),
    Variable("glucose_mg_dl", "Glucose", unit="mg/dL", section=_LABS),
    Variable("sic_score", "SIC score", "categorical", levels=(4, 5, 6), from_model=3),
)

# Figure 2 and Table 2 are about the first two, Table 3 about all.
DEATH_28D, FOLLOW_UP, DEATH_HOSPITAL = "died_28d_hospital", "followup_28d_days", "died_hospital"
HORIZON_DAYS = 28.0
OUTCOMES: tuple[Variable, ...] = (
    Variable(DEATH_28D, "28-day hospital mortality", "binary", is_complete=True),
    Variable(DEATH_HOSPITAL, "In-hospital mortality", "binary", is_complete=True),
    Variable("ventilation_h", "Mechanical ventilation", unit="h"),
    Variable("vasopressor_h", "Vasopressor use", unit="h"),
    Variable("hospital_days", "Hospital stay", unit="days"),
    Variable("icu_days", "ICU stay", unit="days"),
)
# durations of those who had it at all: a median of 38 h in a cohort of which half was ventilated cannot include zeros
AMONG_USERS = ("ventilation_h", "vasopressor_h")

EXPOSURE_DURATION, EXPOSURE_DOSE = "exposure_duration_h", "exposure_mean_rate_48h"
# results.csv and the seed published_results name them as the columns were once called: their keys are a contract
EXPOSURE_TERMS = {EXPOSURE_DURATION: "dex_duration_h", EXPOSURE_DOSE: "dex_mean_rate_48h"}

# Section 2.5 of the paper
MODEL_2, MODEL_3 = (
    tuple(variable.name for variable in TABLE_ONE if variable.from_model and variable.from_model <= model)
    for model in (2, 3)
)
MODELS: dict[str, tuple[str, ...]] = {"model 1": (), "model 2": MODEL_2, "model 3": MODEL_3}

# Figure 3
SUBGROUPS: tuple[Subgroup, ...] = (
    Subgroup("age_years", "Age (years)", cut=60),
    Subgroup("is_female", "Sex", words=("Female", "Male")),
    Subgroup("ethnicity", "Ethnicity"),
    Subgroup("ventilation_24h", "Mechanical ventilation"),
    Subgroup("vasopressor_24h", "Vasopressor use"),
    Subgroup("hypertension", "Hypertension"),
    Subgroup("diabetes", "Diabetes"),
    Subgroup("sofa_score", "SOFA score", cut=8),
    Subgroup("sic_score", "SIC score"),
)
SUBGROUP_TITLES = {subgroup.name: subgroup.title for subgroup in SUBGROUPS}

# --- the external cohort (section 2.6 of the paper): what its database tells ----------------------------------------

DEATH_ANYWHERE = "died_28d"
_ORDERED = "Ordered in the first 24 h"
_ANEW = {variable.name: variable for variable in TABLE_ONE}
EXTERNAL_TABLE_ONE: tuple[Variable, ...] = (
    _ANEW["age_years"],
    _ANEW["is_female"],
    Variable("sofa_score", "SOFA score of the parts that are known"),
    _ANEW["sic_score"],
    *(replace(_ANEW[name], section=_ORDERED) for name in ("vasopressor_24h", "propofol_24h", "midazolam_24h")),
    Variable("sufentanil_24h", "Sufentanil", "binary", section=_ORDERED, drugs=("sufentanil",)),
    Variable("remifentanil_24h", "Remifentanil", "binary", section=_ORDERED, drugs=("remifentanil",)),
    replace(_ANEW["fentanyl_24h"], section=_ORDERED),
    _ANEW["heart_rate_bpm"],
    _ANEW["map_mmhg"],
    *(_ANEW[name] for name in ("hemoglobin_g_dl", "platelets_k_ul", "wbc_k_ul", "bun_mg_dl", "creatinine_mg_dl")),
    *(_ANEW[name] for name in ("inr_ratio", "pt_sec")),
    Variable("bilirubin_mg_dl", "Bilirubin", unit="mg/dL", section=_LABS),
    Variable("albumin_g_dl", "Albumin", unit="g/dL", section=_LABS),
    Variable("lactate_mmol_l", "Lactate", unit="mmol/L", section=_LABS),
)
EXTERNAL_OUTCOMES: tuple[Variable, ...] = (
    Variable(DEATH_ANYWHERE, "28-day mortality", "binary", is_complete=True),
    *(variable for variable in OUTCOMES if variable.name in (DEATH_HOSPITAL, "hospital_days", "icu_days")),
)
EXTERNAL_MODELS: dict[str, tuple[str, ...]] = {
    "model 1": (),
    "adjusted": ("age_years", "is_female", "propofol_24h", "sufentanil_24h"),
}

# --- the trial: what is known at time zero and at each decision; labels and units are Table 1's where it has them ---

_CODE_STATUS = Variable("code_status", "Code status", "categorical", levels=("full", "limited", "comfort"))
_IN_THE_EQUIVALENT = (*_VASOPRESSORS, "phenylephrine", "dopamine")  # of the seed norepinephrine_equivalence
_RUNNING = "norepinephrine_equivalent_mcg_kg_min"
_LAST_VALUES: tuple[Variable, ...] = (
    Variable(_RUNNING, "Norepinephrine equivalent", unit="µg/kg/min", drugs=_IN_THE_EQUIVALENT),
    Variable("rass", "RASS"),
    Variable("gcs", "GCS"),
    Variable("pao2fio2_mmhg", "PaO2/FiO2", unit="mmHg"),
    Variable("lactate_mmol_l", "Lactate", unit="mmol/L"),
)
_HOURS_SINCE_ICU = Variable("hours_since_icu", "Time since ICU admission", unit="h")
_PLACE_AND_TIME: tuple[Variable, ...] = (
    Variable("admission_type", "Admission type", "categorical"),
    Variable("care_unit", "Care unit", "categorical"),
    Variable("year_group", "Years", "categorical"),
)


def _at_time_zero(*names: str) -> tuple[Variable, ...]:
    """Variables of Table 1 under their own name or, of interventions, that without its 24 hours."""
    return tuple(replace(_ANEW[name], name=name.removesuffix("_24h"), section="", from_model=0) for name in names)


TRIAL_BASELINE: tuple[Variable, ...] = (
    *_at_time_zero("age_years", "is_female", "ethnicity"),
    *_PLACE_AND_TIME,
    *_at_time_zero("weight_kg"),
    _HOURS_SINCE_ICU,
    *_at_time_zero("sofa_score", "sic_score", "ventilation_24h", "vasopressor_24h", "vasopressin_24h"),
    *_at_time_zero("propofol_24h", "midazolam_24h", "fentanyl_24h", "crrt_24h"),
    _CODE_STATUS,
    *_at_time_zero("hypertension", "congestive_heart_failure", "copd", "rheumatic_disease", "liver_disease"),
    *_at_time_zero("diabetes", "renal_disease", "tumor", "urine_output_ml"),
    *_LAST_VALUES,
    *_at_time_zero(
        *(variable.name for variable in TABLE_ONE if variable.section in (_VITALS, _LABS)),
    ),
)


@dataclass(frozen=True)
class TimeVarying:
    """A covariate of a decision point, and those of time zero whose place in the model of treatment it takes."""

    variable: Variable
    replaces: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its column in trial_interval."""
        return self.variable.name


def _last(*names: str) -> tuple[TimeVarying, ...]:
    """Those that are known at time zero under the same name."""
    known = {variable.name: variable for variable in TRIAL_BASELINE}
    return tuple(TimeVarying(known[name], (name,)) for name in names)


TRIAL_INTERVAL: tuple[TimeVarying, ...] = (
    TimeVarying(replace(_ANEW["ventilation_24h"], name="is_ventilated", section=""), ("ventilation",)),
    TimeVarying(_LAST_VALUES[0], (_RUNNING, "vasopressor")),
    TimeVarying(Variable("propofol_mcg_kg_min", "Propofol", unit="µg/kg/min", drugs=("propofol",)), ("propofol",)),
    TimeVarying(Variable("midazolam_mg_h", "Midazolam", unit="mg/h", drugs=("midazolam",)), ("midazolam",)),
    TimeVarying(Variable("fentanyl_mcg_h", "Fentanyl", unit="µg/h", drugs=("fentanyl",)), ("fentanyl",)),
    *_last("heart_rate_bpm", "map_mmhg", "rass", "gcs", "pao2fio2_mmhg", "lactate_mmol_l"),
    *_last("creatinine_mg_dl", "platelets_k_ul", "inr_ratio"),
    TimeVarying(replace(_ANEW["sofa_score"], name="sofa_24h", label="SOFA of the last 24 h"), ("sofa_score",)),
    *_last("hours_since_icu", "code_status"),
)

DEATH_28D_ANYWHERE = "died_28d_any"
# each outcome of the trial with the column of its follow-up in hours; the first is the paper's
TRIAL_OUTCOMES: dict[str, str] = {DEATH_28D: "followup_28d_h", DEATH_28D_ANYWHERE: "followup_28d_any_h"}
TRIAL_OUTCOME_TITLES = {DEATH_28D: "28-day death in hospital", DEATH_28D_ANYWHERE: "28-day death anywhere"}

PROPENSITY_COVARIATES = tuple(variable.name for variable in TABLE_ONE if variable.in_models)

# What the trial knows of a patient and Table 1 does not, as of the first day (mart baseline_extended): the adjustment
# of the published cohort that is named `extended` has both. What a study has put into Table 1 itself is of the paper's.
EXTENDED: tuple[Variable, ...] = tuple(
    variable for variable in (*_PLACE_AND_TIME, _CODE_STATUS, *_LAST_VALUES) if variable.name not in _ANEW
)
EXTENDED_COVARIATES = (*PROPENSITY_COVARIATES, *(variable.name for variable in EXTENDED if variable.in_models))


def exposure_variables(drug: str, rate_unit: str) -> tuple[Variable, Variable]:
    """Duration and dose of the exposure, named after its drug."""
    name = drug.capitalize()
    return Variable(EXPOSURE_DURATION, f"{name} duration", unit="h"), Variable(
        EXPOSURE_DOSE, f"{name} dose", unit=rate_unit
    )


def variables_by_name(drug: str, rate_unit: str) -> dict[str, Variable]:
    """Every variable of the study by its column, and by its term in results.csv where that is another."""
    every = (*TABLE_ONE, *EXTENDED, *OUTCOMES, *exposure_variables(drug, rate_unit))
    by_column = {variable.name: variable for variable in every}
    return by_column | {term: by_column[column] for column, term in EXPOSURE_TERMS.items()}


def tells_exposure(drug: str, variables: Sequence[Variable] = TABLE_ONE) -> tuple[str, ...]:
    """Those of `variables` that tell whether `drug` was given: as exposure it must not be adjusted for itself."""
    return tuple(variable.name for variable in variables if drug in variable.drugs)


# of the trial, by its column in trial_baseline or trial_interval
TRIAL_BY_NAME = {variable.name: variable for variable in (*TRIAL_BASELINE, *(now.variable for now in TRIAL_INTERVAL))}
BY_NAME = variables_by_name(DEXMEDETOMIDINE, "µg/kg/h")
