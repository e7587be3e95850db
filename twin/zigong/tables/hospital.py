"""The files dtBaseline, dtTransfer, dtICD and dtOutCome: who, where, what, and how it ended."""

from typing import Final

import numpy as np

from twin.rows import Array, Columns, size, spread, stack, take, text
from twin.zigong.clock import TICK_H, between
from twin.zigong.outcome import DAY28_H, MIN_STAY_H
from twin.zigong.tables.laid import Laid
from twin.zigong.vocabulary import (
    DIAGNOSES,
    ICU,
    ICU_SHARES,
    INFECTION_SITES,
    SF36,
    SF36_ANSWERS,
    STATUS_ALIVE,
    STATUS_DEAD,
    TRANSFER_REASONS,
    WARDS,
)

_SEX: Final = ("Male", "Female", "")
_VITAL: Final = ("Alive", "Death")


def baseline(rng: np.random.Generator, plan: Columns, laid: Laid) -> Columns:
    """One row per patient."""
    count, stay_h = len(plan["anchor_h"]), plan["stay_end_h"]
    for age in (17, 18):
        laid.add(f"age {age} (patients)", plan["age"] == age)
    told = plan["has_icu"] & plan["has_icu_end"]
    for name, hours in (("47.9", 47.90625), ("48.0", MIN_STAY_H)):
        laid.add(f"ICU stay of {name} h (patients)", told & (stay_h == hours))
    laid.add("no ICU discharge (patients)", plan["has_icu"] & ~plan["has_icu_end"])
    laid.add("no hospital discharge (patients)", ~plan["has_hospital_end"])
    sex = np.where(np.isnan(plan["is_female"]), 2, plan["is_female"]).astype(np.int64)
    return {
        "patient_id": plan["patient_id"],
        "inp_no": plan["inp_no"],
        "age": plan["age"],
        "sex": text(_SEX)[sex],
        "admitdept": _picked(rng, WARDS, count),
        "infectionsite": _picked(rng, INFECTION_SITES, count),
        "icu_discharge_time": np.where(plan["has_icu_end"], plan["anchor_h"] + stay_h, np.nan),
        "discharge_date_time": np.where(plan["has_hospital_end"], plan["anchor_h"] + plan["hospital_end_h"], np.nan),
    }


def transfers(rng: np.random.Generator, plan: Columns, laid: Laid) -> Columns:
    """Wards before and after, the ICU, and for some the ICU again; in no order for some."""
    count, stay_h, end = len(plan["anchor_h"]), plan["stay_end_h"], plan["hospital_end_h"]
    icu = np.flatnonzero(plan["has_icu"])
    ward_first = np.flatnonzero((plan["anchor_h"] > 0) | ~plan["has_icu"])
    after = np.flatnonzero(end > stay_h)
    back = icu[(rng.random(len(icu)) < 0.08) & (end[icu] > stay_h[icu])]
    back_h = between(rng, stay_h[back], end[back], len(back))
    undated = icu[rng.random(len(icu)) < 0.006]
    laid.add("no transfer to an ICU (patients)", ~plan["has_icu"])
    laid.add("several transfers to an ICU (patients)", len(back))
    laid.add("transfer to an ICU without a time", len(undated))
    parts = [
        _transfer(rng, ward_first, -plan["anchor_h"][ward_first], 0 * ward_first, WARDS),
        _transfer(rng, icu, 0 * icu, stay_h[icu], ICU, ICU_SHARES),
        _transfer(rng, after, stay_h[after], end[after], WARDS),
        _transfer(rng, back, back_h, end[back], ICU, ICU_SHARES),
        _transfer(rng, undated, np.full(len(undated), np.nan), end[undated], ICU),
    ]
    rows = stack(parts)
    disordered = rng.random(count) < 0.15
    order = np.where(disordered[rows["stay"]], rng.random(size(rows)), 0)
    rows = take(rows, np.lexsort((rows["start"], order, rows["stay"])))
    stay = rows["stay"]
    is_icu = np.isin(rows["department"], text(ICU))
    icu_stay, icu_start = stay[is_icu], rows["start"][is_icu]
    turned = (icu_stay[1:] == icu_stay[:-1]) & (icu_start[1:] < icu_start[:-1])
    laid.add("several transfers to an ICU, out of order (patients)", len(np.unique(icu_stay[1:][turned])))
    laid.add("ICU under another name (NICU, RICU, EICU, ...)", is_icu & (rows["department"] != ICU[0].encode()))
    laid.add("department with no ICU", ~is_icu)
    return {
        "patient_id": plan["patient_id"][stay],
        "inp_no": plan["inp_no"][stay],
        "starttime": plan["anchor_h"][stay] + rows["start"],
        "stoptime": plan["anchor_h"][stay] + rows["stop"],
        "startreason": _picked(rng, TRANSFER_REASONS, len(stay)),
        "stopreason": _picked(rng, TRANSFER_REASONS, len(stay)),
        "transferdept": rows["department"],
    }


def _transfer(
    rng: np.random.Generator,
    stay: Array,
    start: Array,
    stop: Array,
    names: tuple[str, ...],
    shares: tuple[float, ...] | None = None,
) -> Columns:
    which = rng.choice(len(names), len(stay), p=shares)
    return {"stay": stay, "start": start * 1.0, "stop": stop * 1.0, "department": text(names)[which]}


def diagnoses(rng: np.random.Generator, plan: Columns, laid: Laid) -> Columns:
    """Rows of dtICD; of some who died in hospital only one row says so."""
    stay, rank = spread(plan["icd_count"])
    which = rng.integers(0, len(DIAGNOSES), len(stay))
    code, words = (text(column)[which] for column in zip(*DIAGNOSES, strict=True))
    once = rng.random(len(plan["icd_count"])) < 0.2
    says_dead = plan["died_hospital"][stay] & ~(once[stay] & (rank > 0))
    dead, alive = _picked(rng, STATUS_DEAD, len(stay)), _picked(rng, STATUS_ALIVE, len(stay))
    laid.add("hospital death in one of several diagnoses only", plan["died_hospital"] & once & (plan["icd_count"] > 1))
    laid.add("ICD_desc in Chinese", len(stay))
    return {
        "inp_no": plan["inp_no"][stay],
        "patient_id": plan["patient_id"][stay],
        "icd_code": code,
        "icd_desc": words,
        "status_discharge": np.where(says_dead, dead, alive),
        "diagnosis_seq": rank + 1.0,
    }


def outcome(rng: np.random.Generator, plan: Columns, laid: Laid) -> Columns:
    """Rows of dtOutCome; a few patients have none."""
    told = np.flatnonzero(plan["has_outcome"])
    death, follow = plan["death_date_h"][told], plan["follow_date_h"][told]
    in_hospital, calls_dead = plan["died_hospital"][told], plan["follow_vital"][told] == 1
    end = np.where(plan["has_hospital_end"], plan["hospital_end_h"], np.nan)[told]
    laid.add("no row in dtOutCome (patients)", len(plan["has_outcome"]) - len(told))
    laid.add("hospital death that dtOutCome calls Alive (patients)", in_hospital & ~calls_dead)
    laid.add("death after discharge (patients)", death > end)
    laid.add("death without its date (patients)", calls_dead & np.isnan(death))
    laid.add("no Follow_Date (patients)", np.isnan(follow))
    laid.add("death at exactly 28 days (patients)", plan["has_icu"][told] & (death == DAY28_H))
    laid.add("death just after 28 days (patients)", plan["has_icu"][told] & (death == DAY28_H + TICK_H))
    asked = ~calls_dead & (rng.random(len(told)) < 0.7)
    answers = _picked(rng, SF36_ANSWERS, len(told) * len(SF36)).reshape(len(SF36), len(told))
    anchor = plan["anchor_h"][told]
    return (
        {
            "patient_id": plan["patient_id"][told],
            "follow_date": anchor + follow,
            "follow_vital": text(_VITAL)[calls_dead.astype(np.int64)],
            "death_date": anchor + death,
        }
        | {name.lower(): np.where(asked, answer, b"") for name, answer in zip(SF36, answers, strict=True)}
        | {"discharge_dept": _picked(rng, WARDS, len(told))}
    )


def _picked(rng: np.random.Generator, words: tuple[str, ...], count: int) -> Array:
    return text(words)[rng.integers(0, len(words), count)]
