"""Who is studied, and with which values: eligibility, baseline, and the cohort itself."""

import numpy as np

from twin.arrays import hours_since, shared
from twin.plan.intent import Intent
from twin.plan.population import COMORBIDITIES, FIRST, RACES
from twin.rows import Array, Columns, take, text
from twin.truth.course import PRESSORS
from twin.truth.first_day import LABS
from twin.truth.saps2 import saps2


def baseline_of(plan: Columns, intent: Intent, day: Columns, sic: Columns) -> Columns:
    """What Table 1 tells of each stay."""
    count = len(plan["stay_id"])
    infusion = intent.of("infusion")

    def on_first_day(spans: Columns) -> Array:
        admitted = plan["intime"][spans["stay"]]
        touches = (hours_since(spans["end"], admitted) >= 0) & (hours_since(spans["start"], admitted) <= 24)
        return np.bincount(spans["stay"][touches], minlength=count) > 0

    def given(*drugs: bytes) -> Array:
        return on_first_day(take(infusion, np.isin(infusion["drug"], drugs)))

    race = text(RACES)[plan["race"]]
    group = np.select([np.char.startswith(race, b"WHITE"), np.char.startswith(race, b"BLACK")], [0, 1], 2)
    return (
        {
            "stay_id": plan["stay_id"],
            "age_years": plan["age"],
            "is_female": plan["is_female"],
            "ethnicity": text(["white", "black", "other"])[group],
            "weight_kg": day["weight_kg"],
            "urine_output_ml": day["urine_ml"],
            "sofa_score": sic["sofa_total"],
            "sapsii_score": saps2(plan, intent),
            "sic_score": sic["sic_score"],
            "ventilation_24h": on_first_day(intent.of("ventilation")),
            "vasopressor_24h": given(*PRESSORS),
            "vasopressin_24h": given(b"vasopressin"),
            "crrt_24h": on_first_day(intent.of("crrt")),
            "propofol_24h": given(b"propofol"),
            "midazolam_24h": given(b"midazolam"),
            "fentanyl_24h": given(b"fentanyl"),
        }
        | {name: plan[name] for name in COMORBIDITIES}
        | {
            "heart_rate_bpm": day["heart_rate_mean"],
            "map_mmhg": day["map_mean"],
            "resp_rate_bpm": day["resp_rate_mean"],
            "spo2_pct": day["spo2_mean"],
            "glucose_mg_dl": day["glucose_mean"],
        }
        | {column: day[f"{test}_min"] for column, test in LABS.items()}
    )


def cohort_eligibility(plan: Columns, intent: Intent, sic: Columns, exposure: Columns) -> Columns:
    """Each rule by stay, and who keeps all of them."""
    count = len(plan["stay_id"])
    infusion = intent.of("infusion")
    heparin = take(infusion, infusion["drug"] == b"heparin")
    heparin = take(heparin, heparin["end"] > plan["intime"][heparin["stay"]])
    runs = np.bincount(heparin["stay"], heparin["rate"] > 0, minlength=count) > 0
    orders = shared(plan["admission"], intent.of("heparin order"))
    until = np.where(np.isnat(orders["end"]), orders["start"], orders["end"])
    counts = (orders["start"] < plan["outtime"][orders["stay"]]) & (until > plan["intime"][orders["stay"]])
    rules = {
        "is_later_stay": plan["role"] != FIRST,
        "is_minor": plan["age"] < 18,
        "is_pregnant": plan["is_pregnant"][plan["admission"]],
        "is_short_stay": hours_since(plan["outtime"], plan["intime"]) < 48,
        "has_heparin_infusion": runs,
        "has_heparin_any_icu": np.bincount(heparin["stay"], minlength=count) > 0,
        "has_heparin_any_order": np.bincount(orders["stay"][counts], minlength=count) > 0,
        "has_heparin": runs,
        "is_exposure_unknown": plan["dex_form"] > 0,
        "is_exposure_short_union": exposure["running_h"] < 4,
        "is_exposure_short_longest_episode": exposure["longest_episode_h"] < 4,
        "is_exposure_short": exposure["duration_h"] < 4,
        "is_exposure_late": exposure["start_offset_h"] > 48,
    }
    read_one_way = (
        "is_later_stay",
        "is_minor",
        "is_pregnant",
        "is_short_stay",
        "is_exposure_unknown",
        "is_exposure_short",
        "is_exposure_late",
    )
    but_for_exposure = sic["is_sic"] & ~np.logical_or.reduce(
        [rules[name] for name in (*read_one_way, "has_heparin") if not name.startswith("is_exposure")]
    )
    otherwise = ~np.logical_or.reduce([rules[name] for name in read_one_way])
    kept = ("has_early_sepsis", "is_sic", "is_sic_paper", "is_sic_total", "is_sic_strict", "is_sic_strict_total")
    return (
        {"stay_id": plan["stay_id"], "subject_id": plan["subject_id"], "hadm_id": plan["hadm_id"]}
        | {name: sic[name] for name in kept}
        | rules
        | {
            "treated": exposure["is_exposed"],
            "is_eligible": sic["is_sic"] & ~rules["has_heparin"] & otherwise,
            "is_eligible_otherwise": otherwise,
            "is_eligible_but_for_exposure": but_for_exposure,
        }
    )


def analysis_cohort(eligibility: Columns, baseline: Columns, outcomes: Columns, exposure: Columns) -> Columns:
    """The eligible stays with all that the statistics read."""
    identity = {name: eligibility[name] for name in ("stay_id", "subject_id", "hadm_id", "treated")}
    course = {f"exposure_{name}": exposure[name] for name in ("start_offset_h", "duration_h", "mean_rate_48h")}
    followed = {name: values for name, values in outcomes.items() if name != "followup_discharge_days"}
    return take(baseline | followed | identity | course, eligibility["is_eligible"])
