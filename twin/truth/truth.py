"""What the study must find in a block of stays: a table for each mart, in its columns, and what was planted.

Reckoned from the plan and from its makers' notes (intent.py) by the study's default definitions, on arrays and by other
means than the models': grids of hours filled by position, intervals summed where they cannot overlap, cultures and
antibiotics paired one by one. No model reads it.
"""

from typing import Final

import numpy as np

from twin.arrays import extreme, hours_since, mean_by_time, shared
from twin.plan.intent import Intent
from twin.plan.population import COMORBIDITIES, FIRST, RACES
from twin.rows import Array, Columns, spread, take, text
from twin.truth.truth_saps2 import saps2

LABS: Final = {
    "hematocrit_pct": "hematocrit",
    "hemoglobin_g_dl": "hemoglobin",
    "platelets_k_ul": "platelets",
    "wbc_k_ul": "wbc",
    "anion_gap_meq_l": "anion_gap",
    "bicarbonate_meq_l": "bicarbonate",
    "bun_mg_dl": "bun",
    "creatinine_mg_dl": "creatinine",
    "sodium_meq_l": "sodium",
    "potassium_meq_l": "potassium",
    "inr_ratio": "inr",
    "pt_sec": "pt",
}
# in the order of cohort_flow
REASONS: Final = (
    "no early sepsis",
    "no SIC",
    "not the first stay",
    "minor",
    "pregnant",
    "short stay",
    "heparin",
    "dexmedetomidine unknown",
    "dexmedetomidine too short",
    "dexmedetomidine too late",
)
ORGANS: Final = ("respiration", "coagulation", "liver", "cardiovascular", "cns", "renal")
_LEAD_H: Final = 24
_WINDOW_H: Final = 24
_DAY28: Final = 28.0
_PRESSORS: Final = (b"norepinephrine", b"epinephrine", b"vasopressin")
# bounds of 1, 2, 3 and 4 points (Vincent 1996)
_PLATELETS: Final = np.array([150, 100, 50, 20])
_BILIRUBIN: Final = np.array([1.2, 2.0, 6.0, 12.0])
_CREATININE: Final = np.array([1.2, 2.0, 3.5, 5.0])
_COMA: Final = np.array([14, 12, 9, 5])


def truth(plan: Columns, intent: Intent) -> dict[str, Columns]:
    """Rows by table: `planted`, then one for each mart about stays."""
    hourly, grid_start = _sofa_hourly(plan, intent)
    first_day = _first_day(plan, intent)
    exposure = _exposure(plan, intent)
    sepsis = _sepsis(plan, intent, hourly, grid_start)
    sic = _sic_score(plan, first_day, sepsis)
    eligibility = _eligibility(plan, intent, sic, exposure)
    outcomes, baseline = _outcomes(plan, intent), _baseline(plan, intent, first_day, sic)
    ran = ~np.isnan(exposure["start_offset_h"])
    return {
        "planted": _planted(plan, eligibility),
        "sofa_hourly": hourly | {"stay_id": plan["stay_id"][hourly["stay_id"]]},
        "sepsis3": sepsis,
        "sic_score": sic,
        "dexmedetomidine_exposure": take(exposure, ran),
        "outcomes": outcomes,
        "baseline": baseline,
        "cohort_eligibility": eligibility,
        "analysis_cohort": _cohort(eligibility, baseline, outcomes, exposure),
    }


def _planted(plan: Columns, eligibility: Columns) -> Columns:
    """Cause and effect: propensity, both potential times of death in days; the first rule that leaves a stay out."""
    excludes = [
        ~eligibility["has_early_sepsis"],
        ~eligibility["is_sic"],
        *(eligibility[name] for name in ("is_later_stay", "is_minor", "is_pregnant", "is_short_stay", "has_heparin")),
        eligibility["is_exposure_unknown"],
        eligibility["is_exposure_short"],
        eligibility["is_exposure_late"],
    ]
    step = np.select(excludes, list(range(1, len(excludes) + 1)), 0)
    return {
        "stay_id": plan["stay_id"],
        "propensity": plan["propensity"],
        "log_hazard": plan["death_predictor"],
        "death_days_untreated": plan["death_d_untreated"],
        "death_days_treated": plan["death_d_treated"],
        "treated": eligibility["treated"],
        "left_out": text(["", *REASONS])[step],
    }


# ---- SOFA


def _sofa_hourly(plan: Columns, intent: Intent) -> tuple[Columns, Array]:
    """One row per position in the plan (as stay_id) and hour, and the time at which each stay's hour 0 ends."""
    count = len(plan["stay_id"])
    charting = intent.of("charting")
    seconds = charting["time"].astype(np.int64)
    first = extreme(count, charting["stay"], seconds, np.minimum).astype(np.int64)
    last = extreme(count, charting["stay"], seconds, np.maximum).astype(np.int64)
    start = -(-first // 3600) * 3600
    last_hr = last // 3600 - first // 3600
    length = last_hr + 1 + _LEAD_H
    offset = np.cumsum(length) - length
    points = np.zeros((len(ORGANS), int(length.sum())), np.int64)

    def put(organ: str, stay: Array, hour: Array, level: Array) -> None:
        inside = (hour >= -_LEAD_H) & (hour <= last_hr[stay])
        where = offset[stay[inside]] + _LEAD_H + hour[inside]
        np.maximum.at(points[ORGANS.index(organ)], where, level[inside])

    def hour_of(notes: Columns) -> Array:
        return np.asarray(-(-(notes["time"].astype(np.int64) - start[notes["stay"]]) // 3600))

    def measured(organ: str, notes: Columns, level: Array) -> None:
        put(organ, notes["stay"], hour_of(notes), level)

    gas = shared(plan["patient"], intent.of("gas"))
    measured("respiration", gas, _lung_points(gas, full_scale=True))
    for organ, test, bounds in (("liver", "bilirubin", _BILIRUBIN), ("renal", "creatinine", _CREATININE)):
        labs = _admission_labs(plan, intent, test)
        measured(organ, labs, _at_least(labs["value"], bounds))
    labs = _admission_labs(plan, intent, "platelets")
    measured("coagulation", labs, _below(labs["value"], _PLATELETS))
    coma = intent.of("gcs")
    measured("cns", coma, _at_most(coma["value"], _COMA))
    pressure = mean_by_time(intent.of("map"))
    measured("cardiovascular", pressure, (pressure["value"] < 70).astype(np.int64))
    runs = take(intent.of("infusion"), _catecholamine_points(intent.of("infusion")) > 0)
    # every full hour in (start, end]
    begin, end = ((runs[name].astype(np.int64) - start[runs["stay"]]) // 3600 for name in ("start", "end"))
    owner, rank = spread(end - begin)
    put("cardiovascular", runs["stay"][owner], begin[owner] + 1 + rank, _catecholamine_points(runs)[owner])
    day = _urine_days(intent.of("urine"), first)
    # of two chartings in an hour mimic-code takes the one with more urine
    keys, where = np.unique(day["stay"] * 2**40 + hour_of(day), return_inverse=True)
    most = extreme(len(keys), where, day["value"], np.maximum)
    put("renal", keys // 2**40, keys % 2**40, _dry_points(most))

    stay, hour = spread(length)
    worst = points.copy()
    for back in range(1, _WINDOW_H):
        earlier = points[:, :-back] * (hour[back:] >= back)
        np.maximum(worst[:, back:], earlier, out=worst[:, back:])
    shown = hour >= _LEAD_H
    rows = {"stay_id": stay[shown], "hr": hour[shown] - _LEAD_H}
    rows |= {f"{organ}_24h": worst[number][shown] for number, organ in enumerate(ORGANS)}
    rows["sofa_24h"] = worst.sum(axis=0)[shown]
    return rows, start.astype("datetime64[s]")


def _first_day(plan: Columns, intent: Intent) -> Columns:
    """Extremes and SOFA points of the window from 6 h before to 24 h after ICU admission."""
    count = len(plan["stay_id"])

    def window(notes: Columns, before: float = 6) -> Columns:
        hours = hours_since(notes["time"], plan["intime"][notes["stay"]])
        return take(notes, (hours >= -before) & (hours <= 24))

    day: Columns = {}
    for test in ("bilirubin", *LABS.values()):
        labs = window(shared(plan["patient"], intent.of(f"lab {test}")))
        day[f"{test}_min"] = extreme(count, labs["stay"], labs["value"], np.minimum)
        day[f"{test}_max"] = extreme(count, labs["stay"], labs["value"], np.maximum)
    for vital in ("heart_rate", "map", "resp_rate", "spo2", "glucose"):
        signs = window(mean_by_time(intent.of(vital)))
        day[f"{vital}_mean"] = _mean(count, signs["stay"], signs["value"])
        day[f"{vital}_min"] = extreme(count, signs["stay"], signs["value"], np.minimum)
    weights = intent.of("weight")
    weights = take(weights, hours_since(weights["time"], plan["intime"][weights["stay"]]) <= 24)
    day["weight_kg"] = _mean(count, weights["stay"], weights["value"])
    urine = window(intent.of("urine"), before=0)
    # more irrigant in than out is no urine, not less than none
    day["urine_ml"] = np.maximum(np.bincount(urine["stay"], urine["value"], minlength=count), 0)
    day["urine_ml"][np.bincount(urine["stay"], minlength=count) == 0] = np.nan
    coma = window(intent.of("gcs"))
    day["gcs_min"] = extreme(count, coma["stay"], coma["value"], np.minimum)

    gas = window(shared(plan["patient"], intent.of("gas")))
    day["respiration"] = _most(count, gas["stay"], _lung_points(gas, full_scale=False))
    day["coagulation"] = _below(day["platelets_min"], _PLATELETS)
    day["liver"] = _at_least(day["bilirubin_max"], _BILIRUBIN)
    infusion = intent.of("infusion")
    started = window(infusion | {"time": infusion["start"]})
    day["cardiovascular"] = np.maximum(
        _most(count, started["stay"], _catecholamine_points(started)), day["map_min"] < 70
    )
    day["cns"] = _at_most(day["gcs_min"], _COMA)
    day["renal"] = np.maximum(_at_least(day["creatinine_max"], _CREATININE), _dry_points(day["urine_ml"]))
    return day


def _lung_points(gas: Columns, full_scale: bool) -> Array:
    """Points of a planned level: without a ventilator at most 2; on mimic-code's first day a ventilated 1 or 2 is 0."""
    ventilated = gas["level"] if full_scale else np.where(gas["level"] >= 3, gas["level"], 0)
    return np.where(gas["is_ventilated"] & gas["own"], ventilated, np.minimum(gas["level"], 2))


def _catecholamine_points(runs: Columns) -> Array:
    """0 where the drug is not in the score. The twin's dopamine stays at 5 mcg/kg/min or below."""
    strong = np.isin(runs["drug"], (b"norepinephrine", b"epinephrine"))
    weak = np.isin(runs["drug"], (b"dopamine", b"dobutamine"))
    return np.where(strong, np.where(runs["rate"] > 0.1, 4, 3), np.where(weak, 2, 0))


def _dry_points(urine_ml_day: Array) -> Array:
    return np.select([urine_ml_day < 200, urine_ml_day < 500], [4, 3], 0)


def _urine_days(urine: Columns, first_beat: Array) -> Columns:
    """Urine in mL a day at each charting whose last 23 h are covered by 22 to 30 h of charting, as in mimic-code."""
    seconds = urine["time"].astype(np.int64)
    keys, where = np.unique(urine["stay"] * 2**40 + seconds, return_inverse=True)
    volume = np.bincount(where, urine["value"], minlength=len(keys))
    stay, at = keys // 2**40, keys % 2**40
    starts = np.concatenate([[True], np.diff(stay) > 0])
    before = np.where(starts, first_beat[stay], np.concatenate([[0], at[:-1]]))
    minutes = at // 60 - before // 60
    since = np.searchsorted(keys, keys - 23 * 3600, side="left")  # a day back never reaches the stay before
    since = np.maximum(since, np.maximum.accumulate(np.where(starts, np.arange(len(keys)), 0)))
    sums = [np.concatenate([[0], np.cumsum(part)]) for part in (volume, minutes)]
    total, covered = (part[1:] - part[since] for part in sums)
    full = (covered >= 22 * 60) & (covered <= 30 * 60)
    covered_h = np.round(covered / 60, 2)
    rows = {
        "stay": stay,
        "time": at.astype("datetime64[s]"),
        "value": total / np.where(full, covered_h, 1) * 24,
    }
    return take(rows, full)


# ---- sepsis and SIC


def _sepsis(plan: Columns, intent: Intent, hourly: Columns, grid_start: Array) -> Columns:
    """Each stay's earliest suspicion with a SOFA of 2 or more around it; drugs and cultures are paired one by one."""
    count = len(plan["stay_id"])
    failing = take(hourly, hourly["sofa_24h"] >= 2)
    at = grid_start[failing["stay_id"]].astype(np.int64) + failing["hr"] * 3600
    bounds = np.searchsorted(failing["stay_id"], np.arange(count + 1))
    cultures: dict[int, list[tuple[int, bool]]] = {}
    notes = intent.of("culture")
    patients = plan["patient"][notes["stay"]].tolist()
    for patient, time, timed in zip(
        patients, notes["time"].astype(np.int64).tolist(), notes["is_timed"].tolist(), strict=True
    ):
        cultures.setdefault(patient, []).append((time, timed))
    suspicions: dict[int, list[tuple[int, int, int]]] = {}
    drugs = intent.of("antibiotic")
    for owner, time in zip(drugs["stay"].tolist(), drugs["time"].astype(np.int64).tolist(), strict=True):
        stay = _stay_at(plan, owner, time)
        pair = _pair(time, cultures.get(int(plan["patient"][owner]), []))
        if stay is not None and pair is not None:
            suspected, culture = pair
            suspicions.setdefault(stay, []).append((suspected, time, culture))
    found = np.full((4, count), -1)
    score = np.full(count, np.nan)
    for stay, candidates in suspicions.items():
        hours = at[bounds[stay] : bounds[stay + 1]]
        for suspected, drug, culture in sorted(candidates):
            first = int(np.searchsorted(hours, suspected - 48 * 3600))
            if first < len(hours) and hours[first] <= suspected + 24 * 3600:
                found[:, stay] = suspected, drug, culture, hours[first]
                score[stay] = failing["sofa_24h"][bounds[stay] + first]
                break
    times = np.where(found < 0, np.datetime64("NaT"), found.astype("datetime64[s]"))
    names = ("suspected_infection_at", "antibiotic_at", "culture_at", "sofa_at")
    return (
        {"stay_id": plan["stay_id"]}
        | dict(zip(names, times, strict=True))
        | {"sofa_score": score, "is_sepsis3": ~np.isnan(score)}
    )


def _stay_at(plan: Columns, owner: int, time: int) -> int | None:
    """The stay of the owner's admission in which a drug starts."""
    stay = int(plan["admission"][owner])
    while stay < len(plan["stay_id"]) and plan["admission"][stay] == plan["admission"][owner]:
        if plan["intime"][stay].astype(np.int64) <= time < plan["outtime"][stay].astype(np.int64):
            return stay
        stay += 1
    return None


def _pair(drug: int, cultures: list[tuple[int, bool]]) -> tuple[int, int] | None:
    """Time of suspicion and of the culture: of the cultures before the drug the earliest, else of those after it."""
    before, after = [], []
    for time, timed in cultures:
        start = drug if timed else drug // 86_400 * 86_400  # a culture without a time is compared by date
        if (time < start or (not timed and time == start)) and start <= time + 72 * 3600:
            before.append((time // 86_400, not timed, time))
        if (time > start or (not timed and time == start)) and start >= time - 24 * 3600:
            after.append((time // 86_400, not timed, time))
    if before:
        return min(before)[2], min(before)[2]
    return (drug, min(after)[2]) if after else None


def _sic_score(plan: Columns, day: Columns, sepsis: Columns) -> Columns:
    sofa_four = day["respiration"] + day["cardiovascular"] + day["liver"] + day["renal"]
    sofa_total = sofa_four + day["coagulation"] + day["cns"]
    platelets = _below(day["platelets_min"], np.array([150, 100]))
    inr = (day["inr_max"] > 1.2).astype(np.int64) + (day["inr_max"] > 1.4)
    four, total = (platelets + inr + np.minimum(sofa, 2) for sofa in (sofa_four, sofa_total))
    early = sepsis["is_sepsis3"] & ~(hours_since(sepsis["sofa_at"], plan["intime"]) > 24)
    strict = platelets + inr > 2
    return {
        "stay_id": plan["stay_id"],
        "platelets_min": day["platelets_min"],
        "inr_max": day["inr_max"],
        "sofa_four": sofa_four,
        "sofa_total": sofa_total,
        "platelets_points": platelets,
        "inr_points": inr,
        "sofa_points": np.minimum(sofa_four, 2),
        "sic_score": four,
        "sic_score_four": four,
        "sic_score_total": total,
        "has_early_sepsis": early,
        "is_sic_paper": early & (four >= 4),
        "is_sic_total": early & (total >= 4),
        "is_sic_strict": early & (four >= 4) & strict,
        "is_sic_strict_total": early & (total >= 4) & strict,
        "is_sic": early & (four >= 4),
    }


# ---- exposure, outcomes, the rest


def _exposure(plan: Columns, intent: Intent) -> Columns:
    """Every stay, NaN where dexmedetomidine never ran. The pieces of a course never overlap."""
    count = len(plan["stay_id"])
    runs = intent.of("infusion")
    runs = take(runs, runs["drug"] == b"dexmedetomidine")
    runs = take(runs, np.lexsort((runs["start"], runs["stay"])))
    stay, admitted = runs["stay"], plan["intime"][runs["stay"]]
    begin, end = hours_since(runs["start"], admitted), hours_since(runs["end"], admitted)
    offset = extreme(count, stay, begin, np.minimum)
    running = np.bincount(stay, _whole(end - begin), minlength=count) / 3600
    # a pause of more than an hour ends an episode
    opens = np.concatenate([[True], (np.diff(stay) > 0) | (_whole(begin[1:] - end[:-1]) > 3600)])[: len(stay)]
    episode = np.cumsum(opens) - 1
    first = np.flatnonzero(opens)
    reach = np.maximum.reduceat(end, first) if len(first) else end
    longest = extreme(count, stay[first], reach - begin[first], np.maximum) if len(episode) else offset
    inside = _whole(np.clip(end, 0, 48) - np.clip(begin, 0, 48))
    seconds = np.bincount(stay, inside, minlength=count)
    dose = np.bincount(stay, runs["rate"] * inside, minlength=count)
    ran = ~np.isnan(offset)
    with np.errstate(invalid="ignore"):
        rate = np.where(seconds > 0, dose / seconds, np.nan)
    running = np.where(ran, running, np.nan)
    return {
        "stay_id": plan["stay_id"],
        "start_offset_h": offset,
        "duration_h": running,
        "running_h": running,
        "longest_episode_h": longest,
        "mean_rate_48h": rate,
        "is_exposed": ran & (offset <= 48) & (running >= 4),
    }


def _outcomes(plan: Columns, intent: Intent) -> Columns:
    count = len(plan["stay_id"])
    notes = intent.of("admission")
    row = np.searchsorted(notes["stay"], plan["admission"])
    # NaT where the discharge is not to be believed
    discharged, died = notes["discharged"][row], ~np.isnat(notes["died"][row])
    death = np.where(died, hours_since(notes["died"][row], plan["intime"]) / 24, np.inf)
    died_28d = death <= _DAY28
    leave = hours_since(discharged, plan["intime"]) / 24
    tubes = intent.of("ventilation")
    drugs = intent.of("infusion")
    return {
        "stay_id": plan["stay_id"],
        "died_28d_hospital": died_28d,
        "followup_28d_days": np.clip(np.where(died_28d, death, _DAY28), 0, _DAY28),
        "followup_discharge_days": np.clip(np.where(died_28d, death, np.nan_to_num(leave, nan=_DAY28)), 0, _DAY28),
        "died_hospital": died,
        "ventilation_h": np.bincount(tubes["stay"], hours_since(tubes["end"], tubes["start"]), minlength=count),
        "vasopressor_h": _union_hours(count, take(drugs, np.isin(drugs["drug"], _PRESSORS))),
        "hospital_days": hours_since(discharged, notes["admitted"][row]) / 24,
        "icu_days": hours_since(plan["outtime"], plan["intime"]) / 24,
    }


def _union_hours(count: int, runs: Columns) -> Array:
    """Hours in which any of the runs goes on: what each adds beyond the latest end so far."""
    runs = take(runs, np.lexsort((runs["end"], runs["start"], runs["stay"])))
    base = runs["stay"] * 2**40  # so that the latest end of one stay never reaches into the next
    start, end = (base + runs[name].astype(np.int64) for name in ("start", "end"))
    reached = np.concatenate([[0], np.maximum.accumulate(end)[:-1]]) if len(end) else end
    return np.bincount(runs["stay"], np.maximum(end - np.maximum(start, reached), 0), minlength=count) / 3600


def _baseline(plan: Columns, intent: Intent, day: Columns, sic: Columns) -> Columns:
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
            "vasopressor_24h": given(*_PRESSORS),
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


def _eligibility(plan: Columns, intent: Intent, sic: Columns, exposure: Columns) -> Columns:
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
    excluding = (
        "is_later_stay",
        "is_minor",
        "is_pregnant",
        "is_short_stay",
        "has_heparin",
        "is_exposure_unknown",
        "is_exposure_short",
        "is_exposure_late",
    )
    excluded = np.logical_or.reduce([rules[name] for name in excluding])
    kept = ("has_early_sepsis", "is_sic", "is_sic_paper", "is_sic_total", "is_sic_strict", "is_sic_strict_total")
    return (
        {"stay_id": plan["stay_id"], "subject_id": plan["subject_id"], "hadm_id": plan["hadm_id"]}
        | {name: sic[name] for name in kept}
        | rules
        | {"treated": exposure["is_exposed"], "is_eligible": sic["is_sic"] & ~excluded}
    )


def _cohort(eligibility: Columns, baseline: Columns, outcomes: Columns, exposure: Columns) -> Columns:
    """The eligible stays with all that the statistics read."""
    identity = {name: eligibility[name] for name in ("stay_id", "subject_id", "hadm_id", "treated")}
    course = {f"exposure_{name}": exposure[name] for name in ("start_offset_h", "duration_h", "mean_rate_48h")}
    followed = {name: values for name, values in outcomes.items() if name != "followup_discharge_days"}
    return take(baseline | followed | identity | course, eligibility["is_eligible"])


# ---- by stay


def _admission_labs(plan: Columns, intent: Intent, test: str) -> Columns:
    labs = intent.of(f"lab {test}")
    return shared(plan["admission"], take(labs, labs["in_admission"]))


def _whole(hours: Array) -> Array:
    """Seconds, whole."""
    return np.round(hours * 3600)


def _most(count: int, stay: Array, points: Array) -> Array:
    """Highest points by stay, 0 where there are none."""
    return np.nan_to_num(extreme(count, stay, points, np.maximum)).astype(np.int64)


def _mean(count: int, stay: Array, value: Array) -> Array:
    number = np.bincount(stay, minlength=count)
    return np.where(number > 0, np.bincount(stay, value, minlength=count) / np.maximum(number, 1), np.nan)


def _below(value: Array, bounds: Array) -> Array:
    """How many of the bounds lie above the value; 0 for NaN."""
    return np.asarray((value[:, None] < bounds).sum(axis=1))


def _at_least(value: Array, bounds: Array) -> Array:
    return np.asarray((value[:, None] >= bounds).sum(axis=1))


def _at_most(value: Array, bounds: Array) -> Array:
    return np.asarray((value[:, None] <= bounds).sum(axis=1))
