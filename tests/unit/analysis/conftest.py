"""A synthetic analysis cohort with known confounding and effect."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits


def _make_cohort(stays: int = 1500, seed: int = 7, log_hazard_ratio: float = -0.5) -> pd.DataFrame:
    """An analysis_cohort as the mart delivers it: sicker and ventilated patients are treated more often.

    Death within 28 days follows an exponential hazard on severity and age, times exp(log_hazard_ratio) if treated.
    """
    random = np.random.default_rng(seed)
    severity = random.normal(size=stays)
    age = random.normal(66, 14, stays).clip(18, 100)
    ventilated = random.random(stays) < 1 / (1 + np.exp(-severity))
    treated = random.random(stays) < 1 / (1 + np.exp(-(-2.2 + 0.7 * severity + 0.8 * ventilated)))
    hazard = 0.006 * np.exp(0.6 * severity + 0.02 * (age - 66) + log_hazard_ratio * treated)
    death_days = random.exponential(1 / hazard)
    died = death_days <= 28
    hospital_days = random.gamma(2, 6, stays) + 2

    def flag(share: float) -> np.ndarray:
        return random.random(stays) < share

    def around(mean: float, spread: float, weight: float = 0.0) -> np.ndarray:
        values = mean + spread * (weight * severity + random.normal(size=stays))
        return np.where(random.random(stays) < 0.03, np.nan, np.round(np.maximum(values, 0.1), 1))

    vasopressin = flag(0.1)
    dex_hours = np.where(treated, random.gamma(2, 15, stays) + 4, np.nan)
    return pd.DataFrame(
        {
            "stay_id": 30_000_000 + np.arange(stays),
            "subject_id": 10_000_000 + np.arange(stays),
            "hadm_id": 20_000_000 + np.arange(stays),
            "treated": treated,
            "age_years": age.round(2),
            "is_female": flag(0.4),
            "ethnicity": random.choice(["white", "black", "other"], size=stays, p=[0.69, 0.11, 0.2]),
            "weight_kg": around(81, 18),
            "urine_output_ml": around(1500, 700, -0.3),
            "sofa_score": np.clip(np.round(8 + 3 * severity), 2, 20),
            "sapsii_score": np.clip(np.round(43 + 10 * severity), 6, 110),
            "sic_score": random.choice([4, 5, 6], size=stays, p=[0.5, 0.26, 0.24]),
            "ventilation_24h": ventilated,
            "vasopressor_24h": vasopressin | flag(0.4),
            "vasopressin_24h": vasopressin,
            "crrt_24h": flag(0.08),
            "propofol_24h": ventilated & flag(0.9),
            "midazolam_24h": flag(0.3),
            "fentanyl_24h": flag(0.35),
            "hypertension": flag(0.37),
            "congestive_heart_failure": flag(0.4),
            "copd": flag(0.27),
            "rheumatic_disease": flag(0.04),
            "liver_disease": flag(0.25),
            "diabetes": flag(0.32),
            "renal_disease": flag(0.29),
            "tumor": flag(0.14),
            "heart_rate_bpm": around(87, 16, 0.2),
            "map_mmhg": around(74, 8, -0.2),
            "resp_rate_bpm": around(19, 4, 0.2),
            "spo2_pct": around(97, 2).clip(50, 100),
            "hematocrit_pct": around(27, 6),
            "hemoglobin_g_dl": around(9, 2),
            "platelets_k_ul": around(125, 60, -0.2),
            "wbc_k_ul": around(10, 5),
            "anion_gap_meq_l": around(13, 3, 0.3),
            "bicarbonate_meq_l": around(21, 4, -0.3),
            "bun_mg_dl": around(27, 18, 0.3),
            "creatinine_mg_dl": around(1.4, 1, 0.3),
            "sodium_meq_l": around(137, 4),
            "potassium_meq_l": around(3.9, 0.5),
            "inr_ratio": around(1.5, 0.4),
            "pt_sec": around(16, 4),
            "glucose_mg_dl": around(140, 35),
            "died_28d_hospital": died,
            "followup_28d_days": np.minimum(death_days, 28.0),
            "died_hospital": died | flag(0.02),
            "ventilation_h": np.where(ventilated, random.gamma(1.2, 40, stays), 0),
            "vasopressor_h": np.where(flag(0.5), random.gamma(1.2, 40, stays), 0),
            "hospital_days": hospital_days,
            "icu_days": hospital_days * random.uniform(0.2, 0.8, stays) + 2,
            "exposure_start_offset_h": np.where(treated, random.uniform(0, 48, stays), np.nan),
            "exposure_duration_h": dex_hours,
            "exposure_mean_rate_48h": np.where(treated, random.gamma(5, 0.12, stays), np.nan),
        }
    )


def _split(cohort: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The marts behind an analysis_cohort, with stays more that a reading or a rule leaves out.

    Every other stay has strict SIC by four organs, every fourth by six. Stay 1 has SIC by six organs only, 2 got
    heparin that is no infusion, 3 an infusion, 4 to 10 break a rule of one reading, 11 has no early sepsis.
    """
    other = cohort.iloc[:11].assign(stay_id=range(1, 12))
    stays = pd.concat([cohort, other], ignore_index=True)
    number = len(cohort)
    position = stays.index.to_numpy()
    septic = position != number + 10
    eligibility = stays[["stay_id", "treated"]].assign(
        has_early_sepsis=septic,
        **dict.fromkeys(SIC_BY_DEFAULT, septic & (position != number)),
        is_sic_strict=septic & (position % 2 == 0) & (position != number),
        is_sic_strict_total=septic & (position % 4 == 0) & (position != number),
        is_sic_total=septic,
        is_sic_labs_by_patient=septic & (position % 5 != 0) & (position != number),
        is_sic_screening_ignored=septic & (position % 3 != 0) & (position != number),
        is_sic_antibiotics_extended=septic & (position % 7 != 0) & (position != number),
        **dict.fromkeys(["has_heparin", "has_heparin_any_icu"], (position == number + 1) | (position == number + 2)),
        has_heparin_infusion=position == number + 2,
        has_heparin_any_order=position == number + 2,
        is_eligible_otherwise=(position < number + 3) | (position >= number + 10),
    )
    scores = stays[["stay_id"]].assign(
        sic_score_four=np.where(position == number, 3, stays["sic_score"]), sic_score_total=stays["sic_score"]
    )
    outcomes = ["died_28d_hospital", "followup_28d_days", "died_hospital", "ventilation_h", "vasopressor_h"]
    first, last = stays.columns.get_loc("age_years"), stays.columns.get_loc("died_28d_hospital")
    baseline = stays[["stay_id", *stays.columns[first:last]]].assign(sic_score=scores["sic_score_four"])
    ends = np.where(stays["died_28d_hospital"], stays["followup_28d_days"], stays["hospital_days"].clip(upper=28))
    return {
        "cohort_eligibility": eligibility,
        "sic_score": scores,
        "baseline": baseline,
        "outcomes": stays[["stay_id", *outcomes, "hospital_days", "icu_days"]].assign(followup_discharge_days=ends),
        "baseline_extended": _extended(stays),
    }


def _extended(stays: pd.DataFrame) -> pd.DataFrame:
    """A baseline_extended of the stays; who is sicker by SOFA has more lactate and less oxygen."""
    random = np.random.default_rng(len(stays))
    count, sick = len(stays), stays["sofa_score"].to_numpy() - 8

    def gaps(values: np.ndarray, share: float) -> np.ndarray:
        return np.where(random.random(count) < share, np.nan, values)

    limited = random.random(count) < 0.03
    return pd.DataFrame(
        {
            "stay_id": stays["stay_id"],
            "care_unit": random.choice(["MICU", "SICU", "CVICU"], count, p=[0.6, 0.395, 0.005]),
            "year_group": random.choice(["2008 - 2010", "2011 - 2013"], count),
            "admission_type": random.choice(["URGENT", "EW EMER."], count),
            "code_status": np.where(limited, random.choice(["limited", "comfort"], count, p=[0.9, 0.1]), "full"),
            "norepinephrine_equivalent_mcg_kg_min": np.maximum(
                np.round(0.03 * sick + 0.1 * random.random(count), 3), 0
            ),
            "rass": gaps(np.clip(np.round(-1 - 0.2 * sick + random.normal(size=count)), -5, 4), 0.1),
            "gcs": gaps(np.clip(np.round(13 - 0.5 * sick + random.normal(size=count)), 3, 15), 0.02),
            "pao2fio2_mmhg": gaps(np.round(np.maximum(250 - 15 * sick + 60 * random.normal(size=count), 40)), 0.4),
            "lactate_mmol_l": gaps(np.round(np.exp(0.6 + 0.08 * sick + 0.4 * random.normal(size=count)), 1), 0.2),
        }
    )


def _make_flow(stays: int = 1500) -> pd.DataFrame:
    """A cohort_flow that ends at `stays`."""
    excluded = [900, 400, 3, 700, 250]
    rules = ["Sepsis-3", "first ICU stay", "age of 18 years or more", "SIC score of 4 or more", "no heparin"]
    after = [stays + sum(excluded[step + 1 :]) for step in range(len(excluded))]
    return pd.DataFrame(
        {
            "step": range(1, len(excluded) + 1),
            "rule": rules,
            "n_before": [n + out for n, out in zip(after, excluded, strict=True)],
            "n_excluded": excluded,
            "n_after": after,
        }
    )


# the readings that are the main cohort where the vars are the defaults
SIC_BY_DEFAULT = (
    "is_sic",
    "is_sic_paper",
    "is_sic_labs_by_admission",
    "is_sic_screening_counted",
    "is_sic_antibiotics_mimic_code",
)


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Small matrices on several threads take longer than on one, above all on a busy machine."""
    with threadpool_limits(1, user_api="blas"):
        yield


@pytest.fixture(scope="session")
def make_cohort() -> Callable[..., pd.DataFrame]:
    """The maker of synthetic cohorts, for tests that want another size."""
    return _make_cohort


@pytest.fixture
def cohort() -> pd.DataFrame:
    return _make_cohort(300)


@pytest.fixture
def marts(cohort: pd.DataFrame, flow: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Every mart that a run reads, by name."""
    return {"analysis_cohort": cohort, "cohort_flow": flow, **_split(cohort)}


@pytest.fixture
def flow() -> pd.DataFrame:
    return _make_flow()
