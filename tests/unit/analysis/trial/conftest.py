"""Simulated patients who may start a treatment that does nothing, at decision points, the sicker the rarer."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

Tables = tuple[pd.DataFrame, pd.DataFrame]
MakeTrial = Callable[..., Tables]


def _make_trial(patients: int = 400, seed: int = 5, leaves: float = 0.05) -> Tables:
    """Tables as statistics.trial takes them; some leave alive and cannot start any more, late starters occur.

    Times of death have the precision of an hour, so that they tie with each other and with the grid.
    """
    random = np.random.default_rng(seed)
    age, vent = random.normal(65, 12, patients), random.random(patients) < 0.5
    severity = random.normal(8, 2, patients)
    start, time = np.full(patients, np.nan), np.full(patients, 672.0)
    alive, inside = np.ones(patients, dtype=bool), np.ones(patients, dtype=bool)
    rows = []
    for k in range(112):
        severity = severity + random.normal(0, 0.4, patients)
        could = alive & inside & np.isnan(start) & (k < 12)
        starts = could & (random.random(patients) < 1 / (1 + np.exp(2.2 - 0.8 * vent + 0.4 * (severity - 8))))
        start[starts] = 6 * k + random.integers(0, 6, starts.sum())
        if k < 8:
            rows.append(pd.DataFrame({"id": np.flatnonzero(could), "k": k, "severity": severity[could]}))
        inside &= starts | ~(could & (random.random(patients) < leaves))
        hazard = np.exp(-5.2 + 0.35 * (severity - 8) - 0.6 * ~inside) if k < 8 else np.exp(-6 + 0.35 * (severity - 8))
        dies = alive & (random.random(patients) < 1 - np.exp(-hazard))
        time[dies] = 6 * k + random.integers(1, 7, dies.sum())
        alive &= ~dies
    start[start >= time] = np.nan  # death came before the start
    table = pd.DataFrame(
        {
            "id": np.arange(patients),
            "age": age.round(1),
            "vent": vent,
            "unit": random.choice(["medical", "surgical", "cardiac"], patients),
            "start_h": start,
            "time_h": time,
            "died": time < 672,
            "icu_end_h": np.minimum(time, random.integers(30, 300, patients)),
            "duration_h": np.where(np.isnan(start), np.nan, random.integers(1, 90, patients)),
        }
    )
    intervals = pd.concat(rows, ignore_index=True).merge(table[["id", "start_h", "time_h"]], on="id")
    seen = (intervals["time_h"] > 6 * intervals["k"]) & ~(intervals["start_h"] < 6 * intervals["k"])
    return table, intervals.loc[seen, ["id", "k", "severity"]].reset_index(drop=True)


@pytest.fixture(scope="session")
def make_trial() -> MakeTrial:
    """The maker of simulated trials, for tests that want another size."""
    return _make_trial


@pytest.fixture
def trial() -> Tables:
    return _make_trial()


def _make_marts(patients: int = 400, seed: int = 5, ineligible: int = 30, **changed: float) -> dict[str, pd.DataFrame]:
    """The five marts of the trial as a build leaves them, about the patients of make_trial().

    Severity shows in pressors, lactate, SOFA and heart rate of the moment; some things are never measured.
    """
    table, intervals = _make_trial(patients, seed, **changed)
    random = np.random.default_rng(seed + 1)
    stays = 30_000_000 + table["id"]
    size = len(table)

    def flag(share: float) -> np.ndarray:
        return random.random(size) < share

    def around(mean: float, spread: float, gaps: float = 0.03) -> np.ndarray:
        return np.where(random.random(size) < gaps, np.nan, np.round(random.normal(mean, spread, size).clip(0.1), 1))

    def shown(severity: pd.Series, vent: pd.Series, noise: np.random.Generator) -> dict[str, object]:
        rows = len(severity)
        return {
            "norepinephrine_equivalent_mcg_kg_min": (0.02 * (severity - 6)).clip(lower=0).round(3),
            "heart_rate_bpm": (60 + 4 * severity + noise.normal(0, 5, rows)).round(),
            "map_mmhg": (80 - severity + noise.normal(0, 5, rows)).round(),
            "rass": noise.integers(-5, 2, rows).astype(float),
            "gcs": noise.integers(3, 16, rows).astype(float),
            "pao2fio2_mmhg": noise.normal(250, 60, rows).round(),
            "lactate_mmol_l": (severity / 3 + noise.normal(0, 0.3, rows)).clip(lower=0.3).round(1),
            "creatinine_mg_dl": noise.normal(1.5, 0.4, rows).clip(0.2).round(1),
            "platelets_k_ul": noise.normal(110, 30, rows).clip(5).round(),
            "inr_ratio": noise.normal(1.6, 0.2, rows).clip(0.8).round(1),
            "is_ventilated": vent,
        }

    wide = intervals.merge(table[["id", "vent", "start_h"]], on="id")
    hours = random.integers(1, 24, size).astype(float)
    unmeasured = random.random(size) < 0.2  # never had an arterial gas
    now = shown(wide["severity"], wide["vent"], random)
    now["pao2fio2_mmhg"] = np.where(unmeasured[wide["id"]], np.nan, now["pao2fio2_mmhg"])
    interval = pd.DataFrame(
        {
            "stay_id": 30_000_000 + wide["id"],
            "k": wide["k"],
            "starts": np.floor(wide["start_h"] / 6) == wide["k"],
            **now,
            "propofol_mcg_kg_min": np.where(wide["vent"], 20.0, 0.0),
            "midazolam_mg_h": random.choice([0.0, 2.0], len(wide), p=[0.9, 0.1]),
            "fentanyl_mcg_h": random.choice([0.0, 50.0], len(wide), p=[0.6, 0.4]),
            "sofa_24h": wide["severity"].round().clip(2, 24),
            "hours_since_icu": hours[wide["id"]] + 6 * wide["k"],
            "code_status": random.choice(["full", "limited"], len(wide), p=[0.9, 0.1]),
        }
    )
    first = interval[interval["k"] == 0].reset_index(drop=True)
    baseline = pd.DataFrame(
        {
            "stay_id": stays,
            "age_years": table["age"],
            "is_female": flag(0.4),
            "ethnicity": random.choice(["white", "black", "other"], size, p=[0.7, 0.1, 0.2]),
            "admission_type": random.choice(["EW EMER.", "URGENT", "ELECTIVE"], size, p=[0.7, 0.295, 0.005]),
            "care_unit": table["unit"],
            "year_group": random.choice(["2008 - 2010", "2011 - 2013", "2014 - 2016"], size),
            "weight_kg": around(80, 15),
            "hours_since_icu": hours,
            "sofa_score": first["sofa_24h"],
            "sic_score": random.choice([4, 5, 6], size),
            "ventilation": table["vent"],
            "vasopressor": first["norepinephrine_equivalent_mcg_kg_min"] > 0,
            "vasopressin": flag(0.1),
            "propofol": first["propofol_mcg_kg_min"] > 0,
            "midazolam": first["midazolam_mg_h"] > 0,
            "fentanyl": first["fentanyl_mcg_h"] > 0,
            "crrt": flag(0.06),
            "code_status": first["code_status"],
            **{name: flag(0.2) for name in COMORBIDITIES},
            "urine_output_ml": around(1500, 400),
            **{name: first[name] for name in SHARED},
            "resp_rate_bpm": around(20, 4),
            "spo2_pct": around(96, 2),
            "hematocrit_pct": around(28, 4),
            "hemoglobin_g_dl": around(9, 1),
            "wbc_k_ul": around(12, 4),
            "anion_gap_meq_l": around(14, 3),
            "bicarbonate_meq_l": around(21, 3),
            "bun_mg_dl": around(30, 10),
            "sodium_meq_l": around(138, 4),
            "potassium_meq_l": around(4, 0.4),
            "pt_sec": around(16, 2),
            "glucose_mg_dl": around(140, 30),
        }
    )
    later = ~table["died"] & flag(0.1)
    outcomes = pd.DataFrame(
        {
            "stay_id": stays,
            "start_h": table["start_h"],
            "duration_h": table["duration_h"],
            "icu_end_h": table["icu_end_h"].astype(float),
            "discharge_h": table["icu_end_h"] + 24.0,
            "died_28d_hospital": table["died"],
            "followup_28d_h": table["time_h"].astype(float),
            "died_28d_any": table["died"] | later,
            "followup_28d_any_h": np.where(later, 600.0, table["time_h"]),
            "ventilator_free_days": 10.0,
            "vasopressor_free_days": 12.0,
        }
    )
    eligibility = pd.DataFrame({"stay_id": [*stays, *range(1, ineligible + 1)]})
    eligibility["is_eligible"] = eligibility.index < size
    after = [size + ineligible - 20, size]
    flow = pd.DataFrame(
        {
            "step": [1, 2],
            "rule": ["SIC at some full hour of the first day", "no dexmedetomidine before"],
            "n_before": [size + ineligible, after[0]],
            "n_excluded": [20, ineligible - 20],
            "n_after": after,
        }
    )
    return {
        "trial_eligibility": eligibility,
        "trial_flow": flow,
        "trial_baseline": baseline,
        "trial_interval": interval,
        "trial_outcomes": outcomes,
    }


WORDS = "hypertension congestive_heart_failure copd rheumatic_disease liver_disease diabetes renal_disease tumor"
COMORBIDITIES = tuple(WORDS.split())
SHARED = (
    "norepinephrine_equivalent_mcg_kg_min",
    "heart_rate_bpm",
    "map_mmhg",
    "rass",
    "gcs",
    "pao2fio2_mmhg",
    "lactate_mmol_l",
    "creatinine_mg_dl",
    "platelets_k_ul",
    "inr_ratio",
)


@pytest.fixture(scope="session")
def make_marts() -> Callable[..., dict[str, pd.DataFrame]]:
    """The maker of the five marts."""
    return _make_marts
