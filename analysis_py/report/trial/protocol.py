"""The protocol: what the target trial would be, how it is emulated, and which var changes it."""

from collections.abc import Iterator

import pandas as pd

from analysis_py.marts.build_record import BuildRecord
from analysis_py.study.trial.definitions import HOURS, Definitions

COLUMNS = ("Component", "Target trial", "Emulation", "Var")
_ZERO = {
    "sic_met": "First full hour from ICU admission to {screening} h after it at which",
    "icu_admission": "First full hour from ICU admission on, if at it",
}
_HEPARIN = {
    "infusion": "no heparin infusion before",
    "any_icu": "no heparin in the ICU before",
    "any_order": "no heparin order before",
}
_FOLLOW_UP = {
    "day28": "discharged alive counts as alive to day {days}, as in the paper",
    "discharge": "discharged alive is censored at discharge",
}


def protocol_table(build: BuildRecord, definitions: Definitions) -> pd.DataFrame:
    """A line per component; values are those in force (their defaults where no build is recorded)."""
    return pd.DataFrame(list(_lines(build, definitions)), columns=list(COLUMNS))


def _lines(build: BuildRecord, definitions: Definitions) -> Iterator[tuple[str, str, str, str]]:
    drug, grace = build.drug, f"{definitions.grace_h:g} h"
    days = f"{definitions.horizon_h / HOURS:g}"
    zero = build.definitions.get("trial_time_zero", "sic_met")
    screening = build.definitions.get("trial_screening_h", "24")
    score = build.definitions.get("sic_min_score", "4")
    when = _ZERO.get(zero, _ZERO["sic_met"]).format(screening=screening)
    heparin = _HEPARIN.get(build.definitions.get("trial_heparin", "infusion"), _HEPARIN["infusion"])
    follow_up = _FOLLOW_UP.get(build.definitions.get("followup", "day28"), _FOLLOW_UP["day28"]).format(days=days)
    yield (
        "Time zero",
        "Sepsis-induced coagulopathy is found; eligibility is checked and a strategy is drawn in the same hour",
        f"{when} suspicion of infection, sepsis by SOFA and a SIC score of {score} or more are known, by values "
        "charted until then",
        f"trial_time_zero: {zero}",
    )
    yield (
        "Eligibility",
        f"Adults in the ICU with SIC, never on {drug} or heparin in this stay",
        f"Adult, first ICU stay, not pregnant, in the ICU and alive, no {drug} before, {heparin}; by the past of time "
        "zero alone, nothing about what comes later",
        "trial_heparin",
    )
    yield (
        "Strategies",
        f"A: start {drug} within {grace} of time zero. B: do not start it within {grace}; later starts are allowed",
        "The same; nothing is asked about dose or duration",
        f"trial_grace_h: {definitions.grace_h:g}",
    )
    yield (
        "Assignment",
        "At random, known to the clinicians",
        "Assumed random at each decision given what is known at it; each patient is cloned into both strategies",
        "",
    )
    yield (
        "Follow-up",
        f"From time zero to death or day {days}",
        f"The same; {follow_up}",
        f"followup: {build.definitions.get('followup', 'day28')}",
    )
    yield ("Outcomes", f"Death within {days} days", f"{days}-day death in hospital; {days}-day death anywhere", "")
    yield (
        "Contrast",
        "Per protocol of the start: risk difference and ratio, restricted mean survival difference, hazard ratio",
        "The same; no statement about how long the drug runs",
        "",
    )
    yield (
        "Analysis",
        "Risks by Kaplan-Meier in each arm",
        f"Clone, censor, weight on a grid of {definitions.interval_h:g} h; bootstrap over patients that fits every "
        "model anew",
        f"trial_interval_h: {definitions.interval_h:g}",
    )
