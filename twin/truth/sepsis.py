"""Sepsis-3 and the SIC score."""

import numpy as np

from twin.arrays import hours_since
from twin.plan.intent import Intent
from twin.rows import Array, Columns, take
from twin.truth.sofa import below


def sepsis3(plan: Columns, intent: Intent, hourly: Columns, grid_start: Array) -> Columns:
    """Each stay's earliest suspicion with a SOFA of 2 or more around it; drugs and cultures are paired one by one."""
    count = len(plan["stay_id"])
    failing = take(hourly, hourly["sofa_24h"] >= 2)
    at = grid_start[failing["stay_id"]].astype(np.int64) + failing["hr"] * 3600
    bounds = np.searchsorted(failing["stay_id"], np.arange(count + 1))
    found = np.full((4, count), -1)
    score = np.full(count, np.nan)
    for stay, candidates in suspicions(plan, intent).items():
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


def suspicions(plan: Columns, intent: Intent) -> dict[int, list[tuple[int, int, int]]]:
    """Of each stay (position) that has any: times of suspicion, antibiotic and culture, in seconds."""
    cultures: dict[int, list[tuple[int, bool]]] = {}
    notes = intent.of("culture")
    patients = plan["patient"][notes["stay"]].tolist()
    for patient, time, timed in zip(
        patients, notes["time"].astype(np.int64).tolist(), notes["is_timed"].tolist(), strict=True
    ):
        cultures.setdefault(patient, []).append((time, timed))
    found: dict[int, list[tuple[int, int, int]]] = {}
    drugs = intent.of("antibiotic")
    for owner, time in zip(drugs["stay"].tolist(), drugs["time"].astype(np.int64).tolist(), strict=True):
        stay = _stay_at(plan, owner, time)
        pair = _pair(time, cultures.get(int(plan["patient"][owner]), []))
        if stay is not None and pair is not None:
            suspected, culture = pair
            found.setdefault(stay, []).append((suspected, time, culture))
    return found


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


def sic_score(plan: Columns, day: Columns, sepsis: Columns) -> Columns:
    """The score of the first day, and who has SIC in each reading."""
    sofa_four = day["respiration"] + day["cardiovascular"] + day["liver"] + day["renal"]
    sofa_total = sofa_four + day["coagulation"] + day["cns"]
    platelets = below(day["platelets_min"], np.array([150, 100]))
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
