"""What the trial's marts must say of a block of stays, and what was planted in each.

Covariates are the last of the notes that had become known.
"""

from typing import Final

import numpy as np

from twin.arrays import extreme, hours_since
from twin.block import Block
from twin.plan.intent import Intent
from twin.plan.population import COMORBIDITIES, FIRST, RACES
from twin.rows import Array, Columns, take, text
from twin.tables.hospital import ERAS, care_unit
from twin.trial.controls import EXPOSURES
from twin.trial.frames import start_hours
from twin.trial.grid import BLOCK_H, DECISIONS, HORIZON_H
from twin.trial.outcome import STRATEGIES
from twin.trial.truth.hourly import first_hours, score_of, sic_hourly, sofa_of, time_zero, worst_by_hour
from twin.trial.truth.known import last_known, readings, running
from twin.trial.truth.outcomes import outcomes_of_trial
from twin.truth.controls import bradycardia, control_orders
from twin.truth.extended import CODES
from twin.truth.sepsis import suspicions
from twin.truth.truth import left_out, truth_of_marts

_HOUR: Final = np.timedelta64(3600, "s")
# in the order of trial_flow, and the column of trial_eligibility
TRIAL_REASONS: Final = {
    "not the first stay": "is_later_stay",
    "minor": "is_minor",
    "pregnant": "is_pregnant",
    "no SIC": "is_not_sic",
    "gone": "is_gone",
    "dexmedetomidine before": "has_exposure_before",
    "heparin before": "has_heparin_before",
}
_FACTORS: Final = {b"norepinephrine": 1.0, b"vasopressin": 2.5 / 60}
_SEDATIVES: Final = {
    "propofol_mcg_kg_min": b"propofol",
    "midazolam_mg_h": b"midazolam",
    "fentanyl_mcg_h": b"fentanyl",
}
# column -> subject of the notes
_SIGNS: Final = {"heart_rate_bpm": "heart_rate", "map_mmhg": "map", "rass": "rass", "gcs": "gcs"}
_BLOOD: Final = {
    "lactate_mmol_l": "lab lactate",
    "creatinine_mg_dl": "lab creatinine",
    "platelets_k_ul": "lab platelets",
    "inr_ratio": "lab inr",
    "pao2fio2_mmhg": "gas",
}
_AT_ZERO: Final = {
    "weight_kg": "weight",
    "resp_rate_bpm": "resp_rate",
    "spo2_pct": "spo2",
    "hematocrit_pct": "lab hematocrit",
    "hemoglobin_g_dl": "lab hemoglobin",
    "wbc_k_ul": "lab wbc",
    "anion_gap_meq_l": "lab anion_gap",
    "bicarbonate_meq_l": "lab bicarbonate",
    "bun_mg_dl": "lab bun",
    "sodium_meq_l": "lab sodium",
    "potassium_meq_l": "lab potassium",
    "pt_sec": "lab pt",
    "glucose_mg_dl": "glucose",
}


def trial_truth(block: Block) -> dict[str, Columns]:
    """Rows by table: what was planted, the marts of the study, and those of the trial."""
    plan, intent = block.plan, block.intent
    marts = truth_of_marts(plan, intent)
    worst = worst_by_hour(plan, intent)
    hourly = sic_hourly(plan, intent, worst, _suspected(plan, intent))
    hour = time_zero(plan, hourly)
    zero = np.where(hour < 0, np.datetime64("NaT", "s"), ((first_hours(plan) + hour) * 3600).astype("datetime64[s]"))
    eligibility = _eligibility(plan, intent, zero)
    chosen = eligibility["is_eligible"]
    start = _start(plan, intent)
    known = _known_at_decisions(plan, intent, worst, hour, zero)
    decision = _decision(plan, known, zero, start, chosen)
    outcomes = outcomes_of_trial(plan, intent, block.tables["patients"], zero, start)
    return {
        "planted": {
            "stay_id": plan["stay_id"],
            "left_out": left_out(marts["cohort_eligibility"]),
            "left_out_of_trial": _left_out_of_trial(eligibility),
        },
        "trial_planted": take(_planted(plan), chosen),
        **marts,
        "sic_hourly": {"stay_id": plan["stay_id"][hourly.pop("stay")]} | hourly,
        "trial_eligibility": eligibility,
        "trial_interval": _interval(decision, plan, start),
        "trial_decision": decision,
        "trial_control_exposure": _control_exposure(plan, intent, zero, chosen),
        "trial_positive_control": take(bradycardia(plan, intent, zero), chosen),
        "trial_baseline": take(_baseline(block, known, worst, hour, zero), chosen),
        "trial_outcomes": take(outcomes, chosen),
    }


def _suspected(plan: Columns, intent: Intent) -> Columns:
    """Each suspicion, known when antibiotic and culture are both there; every culture here has its time."""
    rows = [
        (stay, suspected, max(drug, culture))
        for stay, found in suspicions(plan, intent).items()
        for suspected, drug, culture in found
    ]
    stay, at, known = np.array(rows, np.int64).reshape(-1, 3).T
    return {"stay": stay, "at": at, "known": known}


def _eligibility(plan: Columns, intent: Intent, zero: Array) -> Columns:
    """Each rule by stay, NaT compares as False."""
    count = len(zero)
    runs = intent.of("infusion")

    def before(drug: bytes) -> Array:
        mine = (runs["drug"] == drug) & (runs["start"] < zero[runs["stay"]])
        return np.bincount(runs["stay"][mine], minlength=count) > 0

    rules = {
        "is_later_stay": plan["role"] != FIRST,
        "is_minor": plan["age"] < 18,
        "is_pregnant": plan["is_pregnant"][plan["admission"]],
        "is_not_sic": np.isnat(zero),
        "is_gone": (plan["outtime"] <= zero) | (_hospital_death(plan, intent) <= zero),
        "has_exposure_before": before(b"dexmedetomidine"),
        "has_heparin_before": before(b"heparin"),
    }
    return (
        {name: plan[name] for name in ("stay_id", "subject_id", "hadm_id")}
        | {"time_zero_at": zero}
        | rules
        | {"is_eligible": ~np.logical_or.reduce(list(rules.values()))}
    )


def _left_out_of_trial(eligibility: Columns) -> Array:
    """The first of TRIAL_REASONS that leaves a stay out, as text; empty for the eligible."""
    step = np.select([eligibility[rule] for rule in TRIAL_REASONS.values()], list(range(1, 1 + len(TRIAL_REASONS))), 0)
    return np.asarray(text(["", *TRIAL_REASONS])[step])


def _hospital_death(plan: Columns, intent: Intent) -> Array:
    notes = intent.of("admission")
    return np.asarray(notes["died"][np.searchsorted(notes["stay"], plan["admission"])])


def _start(plan: Columns, intent: Intent) -> Array:
    """First start of dexmedetomidine, NaT where there is none."""
    runs = intent.of("infusion")
    mine = np.flatnonzero(runs["drug"] == b"dexmedetomidine")
    first = np.full(len(plan["stay_id"]), np.iinfo(np.int64).max)
    np.minimum.at(first, runs["stay"][mine], runs["start"][mine].astype(np.int64))
    never = first == np.iinfo(np.int64).max
    return np.where(never, np.datetime64("NaT", "s"), np.where(never, 0, first).astype("datetime64[s]"))


def _known_at_decisions(plan: Columns, intent: Intent, worst: dict[str, Array], hour: Array, zero: Array) -> Columns:
    """Stays x decisions, whether the patient is still there or not."""
    moments = zero[:, None] + BLOCK_H * np.arange(DECISIONS) * _HOUR
    # of those without a time zero no row is shown
    moments = np.where(np.isnat(moments), np.datetime64("1900-01-01", "s"), moments)
    grid = np.maximum(hour, 0)[:, None] + BLOCK_H * np.arange(DECISIONS)
    known = {
        "decided_at": moments,
        "hours_since_icu": (moments - plan["intime"][:, None]) / _HOUR,
        "sofa_24h": np.take_along_axis(sofa_of(worst), grid, axis=1),
        "is_ventilated": plan["tube"][:, :DECISIONS],
        "norepinephrine_equivalent_mcg_kg_min": np.asarray(
            sum(factor * running(intent, drug, moments) for drug, factor in _FACTORS.items())
        ),
        "has_vasopressin": running(intent, b"vasopressin", moments) > 0,
    }
    known |= {column: running(intent, drug, moments) for column, drug in _SEDATIVES.items()}
    for column, subject in (_SIGNS | _BLOOD | _AT_ZERO).items():
        known[column] = last_known(readings(plan, intent, subject), moments)
    status = last_known(readings(plan, intent, "code status"), moments)
    known["code_status"] = text(CODES)[np.nan_to_num(status).astype(np.int64)]
    return known


def _decision(plan: Columns, known: Columns, zero: Array, start: Array, chosen: Array) -> Columns:
    """Every decision at which a patient of the trial is alive and in the ICU."""
    moments = known["decided_at"]
    death = plan["death_h"][:, None]
    alive = np.isnan(death) | (death > known["hours_since_icu"])
    there = chosen[:, None] & (plan["outtime"][:, None] > moments) & alive
    before = np.isnat(start)[:, None] | (start[:, None] >= moments)
    stay, k = np.nonzero(there)
    columns = ("decided_at", "hours_since_icu", "sofa_24h", "is_ventilated", "norepinephrine_equivalent_mcg_kg_min")
    shown = (*columns, *_SEDATIVES, *_SIGNS, *_BLOOD, "code_status")
    return {"stay_id": plan["stay_id"][stay], "k": k, "is_before_start": before[stay, k]} | {
        name: known[name][stay, k] for name in shown
    }


def _interval(decision: Columns, plan: Columns, start: Array) -> Columns:
    """Those of the decisions at which dexmedetomidine has not started before."""
    rows = take(decision, decision["is_before_start"])
    del rows["is_before_start"]
    order = np.argsort(plan["stay_id"])
    stay = order[np.searchsorted(plan["stay_id"], rows["stay_id"], sorter=order)]
    return rows | {"starts": start[stay] < rows["decided_at"] + BLOCK_H * _HOUR}


def _control_exposure(plan: Columns, intent: Intent, zero: Array, chosen: Array) -> Columns:
    """A row per patient of the trial and null exposure that was ordered before time zero, or starts in the ICU."""
    orders, drugs = control_orders(plan, intent), len(EXPOSURES)
    at, ends = zero[orders["stay"]], np.fmin(plan["outtime"], _hospital_death(plan, intent))[orders["stay"]]
    key, count = orders["stay"] * drugs + orders["drug"], drugs * len(zero)
    before = (orders["start"] < at) & (orders["start"] < ends)
    after = (orders["start"] >= at) & (orders["start"] < ends)
    first = extreme(count, key[after], hours_since(orders["start"], at)[after], np.minimum)
    prevalent = np.bincount(key[before], minlength=count) > 0
    rows = {
        "stay_id": np.repeat(plan["stay_id"], drugs),
        "exposure": np.tile(text([exposure.name for exposure in EXPOSURES]), len(zero)),
        "start_h": first,
        "is_prevalent": prevalent,
    }
    return take(rows, np.repeat(chosen, drugs) & (prevalent | ~np.isnan(first)))


def _baseline(block: Block, known: Columns, worst: dict[str, Array], hour: Array, zero: Array) -> Columns:
    plan, tables = block.plan, block.tables
    admissions = tables["admissions"]
    order = np.argsort(admissions["hadm_id"])
    admitted = order[np.searchsorted(admissions["hadm_id"], plan["hadm_id"], sorter=order)]
    at = np.maximum(hour, 0)[:, None]
    race = text(RACES)[plan["race"]]
    group = np.select([np.char.startswith(race, b"WHITE"), np.char.startswith(race, b"BLACK")], [0, 1], 2)
    now = {name: values[:, 0] for name, values in known.items()}
    shown = ("hours_since_icu", "norepinephrine_equivalent_mcg_kg_min", "code_status", *_SIGNS, *_BLOOD, *_AT_ZERO)
    return (
        {
            "stay_id": plan["stay_id"],
            "time_zero_at": zero,
            "age_years": plan["age"],
            "is_female": plan["is_female"],
            "ethnicity": text(["white", "black", "other"])[group],
            "admission_type": admissions["admission_type"][admitted],
            "care_unit": care_unit(plan),
            "year_group": ERAS[plan["era"]],
            "sofa_score": now["sofa_24h"],
            "sic_score": np.take_along_axis(score_of(worst), at, axis=1)[:, 0],
            "ventilation": now["is_ventilated"],
            "vasopressor": now["norepinephrine_equivalent_mcg_kg_min"] > 0,
            "vasopressin": now["has_vasopressin"],
            "crrt": _replaced(block.intent, zero),
            "urine_output_ml": _urine(plan, tables["outputevents"], zero),
        }
        | {drug.decode(): now[column] > 0 for column, drug in _SEDATIVES.items()}
        | {name: plan[name] for name in COMORBIDITIES}
        | {name: now[name] for name in shown}
    )


def _urine(plan: Columns, rows: Columns, zero: Array) -> Array:
    """mL of the 24 hours before time zero, as far as it is entered, NaN for none. Rinsing begins on the third day."""
    order = np.argsort(plan["stay_id"])
    stay = order[np.searchsorted(plan["stay_id"], rows["stay_id"], sorter=order)]
    mine = (rows["charttime"] >= zero[stay] - 24 * _HOUR) & (rows["storetime"] <= zero[stay])
    volume = np.bincount(stay[mine], rows["value"][mine], minlength=len(zero))
    return np.where(np.bincount(stay[mine], minlength=len(zero)) > 0, volume, np.nan)


def _replaced(intent: Intent, zero: Array) -> Array:
    """Continuous renal replacement in the 24 hours before time zero."""
    runs = intent.of("crrt")
    at = zero[runs["stay"]]
    mine = (runs["start"] <= at) & (runs["end"] > at - 24 * _HOUR)
    return np.asarray(np.bincount(runs["stay"][mine], minlength=len(zero)) > 0)


def _planted(plan: Columns) -> Columns:
    """Starts and deaths by strategy in hours from time zero, NaN for none; risks count `died_28d_a` and `_b`."""
    found: Columns = {"stay_id": plan["stay_id"], "unmeasured": plan["unmeasured"]}
    for name in STRATEGIES:
        death = plan[f"death_from_zero_h_{name}"]
        found[f"start_h_{name}"] = start_hours(plan, name)
        found[f"death_h_{name}"] = death
        found[f"died_28d_{name}"] = death < HORIZON_H
    return found
