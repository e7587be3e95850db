"""Who comes, and what makes time zero: the hour in which the last piece of SIC becomes known.

Three of four with SIC are suspected of infection first, and their first coagulation panel decides; of the others the
panel is known early, and the antibiotic decides. An organ fails from the start: the circulation, or by the panel's
creatinine. Nobody else reaches a score of 4 on the first day. All hours are since ICU admission.
"""

from typing import Final

import numpy as np

from twin.plan.design import Design
from twin.plan.population import FIRST, INFECTION_KINDS, SAME_ADMISSION, draw_population
from twin.rows import Array, Columns
from twin.trial.controls import draw_controls
from twin.trial.course import draw_course
from twin.trial.design import TrialDesign
from twin.trial.outcome import draw_outcome

_EARLY, _NONE, _CULTURE, _ANTIBIOTIC = (
    list(INFECTION_KINDS).index(kind) for kind in ("early", "none", "culture_only", "antibiotic_only")
)
_INFECTION_SHARES: Final = (0.92, 0.04, 0.02, 0.02)
_SIC_SHARE: Final = 0.92  # of those with an early infection
# points of platelets and INR
_PARTS: Final = np.array([(2, 0), (0, 2), (1, 1), (1, 2), (2, 1), (2, 2)])
_PART_SHARES: Final = (0.08, 0.42, 0.12, 0.14, 0.08, 0.16)
_EARLIEST_H: Final = 4.2  # an antibiotic in the stay and a result of the laboratory before it
_LATEST_H: Final = 23.9
_SHORT_COURSE_SHARE: Final = 0.12
# why a stay with SIC is not eligible
GONE, EXPOSED_BEFORE, HEPARIN_BEFORE = 1, 2, 3
_BAR_SHARES: Final = (0.02, 0.02, 0.04)


def draw_stays(rng: np.random.Generator, count: int, design: TrialDesign) -> Columns:
    """The plan of `count` ICU stays, before anybody is named (twin/plan/identity.py)."""
    plan = draw_population(rng, count, Design(missing=0.0))
    plan["infection"] = rng.choice((_EARLY, _NONE, _CULTURE, _ANTIBIOTIC), count, p=_INFECTION_SHARES)
    plan["has_sic"] = (plan["infection"] == _EARLY) & (rng.random(count) < _SIC_SHARE)
    plan["fails_by_pressor"] = plan["has_sic"] & (rng.random(count) < 0.7)
    _draw_time_zero(rng, plan)
    _draw_panel(rng, plan)
    draw_course(rng, plan)
    draw_outcome(rng, plan, design)
    bar = np.searchsorted(np.cumsum(_BAR_SHARES), rng.random(count), side="right") + 1
    plan["bar"] = np.where(bar <= len(_BAR_SHARES), bar, 0)
    _draw_duration(rng, plan)
    _nobody_returns(plan)
    draw_controls(rng.spawn(1)[0], plan, design)
    return plan


def eligible(plan: Columns) -> Array:
    """Whom the trial takes, as the plan has it."""
    return np.asarray(
        plan["has_sic"] & (plan["role"] == FIRST) & (plan["age"] >= 18) & ~plan["is_pregnant"] & (plan["bar"] == 0)
    )


def _draw_time_zero(rng: np.random.Generator, plan: Columns) -> None:
    """Hour of time zero, of the deciding antibiotic and culture, of the first blood and of its result.

    `zero_h` is put on the full hour of the clock when the stay has its place in the calendar (record.py).
    """
    count = len(plan["age"])
    plan["zero_h"] = _EARLIEST_H + np.minimum(rng.exponential(4.5, count), _LATEST_H - _EARLIEST_H)
    plan["antibiotic_decides"] = plan["has_sic"] & (rng.random(count) < 0.25)
    zero = plan["zero_h"]
    plan["antibiotic_before_zero_h"] = np.where(
        plan["antibiotic_decides"], 0.0, 1.05 + rng.random(count) * (zero - _EARLIEST_H + 0.2)
    )
    plan["culture_before_zero_h"] = plan["antibiotic_before_zero_h"] + 0.5 + rng.exponential(1.5, count)
    # known within the hour before time zero, or long before it
    late = 1 / 60 + rng.random(count) * 50 / 60
    plan["result_before_zero_h"] = np.where(plan["antibiotic_decides"], 1.2 + 0.6 * rng.random(count), late)
    plan["blood_before_zero_h"] = plan["result_before_zero_h"] + rng.uniform(0.4, 1.2, count)


def _draw_panel(rng: np.random.Generator, plan: Columns) -> None:
    """Platelets, INR and creatinine of the first day: enough for SIC, or far from it."""
    count = len(plan["age"])
    points = _PARTS[rng.choice(len(_PARTS), count, p=_PART_SHARES)] * plan["has_sic"][:, None]
    low = np.choose(
        points[:, 0], [rng.uniform(170, 330, count), rng.uniform(105, 145, count), rng.uniform(15, 95, count)]
    )
    plan["platelets_first"] = np.floor(low)
    high = np.choose(
        points[:, 1], [rng.uniform(0.9, 1.2, count), rng.uniform(1.3, 1.4, count), rng.uniform(1.5, 3, count)]
    )
    plan["inr_first"] = np.round(high, 1)
    kidneys = np.where(plan["fails_by_pressor"], rng.uniform(0.6, 1.9, count), rng.uniform(2.1, 4.5, count))
    plan["creatinine_first"] = np.round(np.where(plan["has_sic"], kidneys, rng.uniform(0.6, 1.1, count)), 1)


def _nobody_returns(plan: Columns) -> None:
    """A stay after a death is another patient's, and the second stay of an admission is survived."""
    died = ~np.isnan(plan["death_from_zero_h_natural"])
    plan["role"] = np.where(np.concatenate([[True], died[:-1]]), FIRST, plan["role"])
    second = plan["role"] == SAME_ADMISSION
    plan["death_from_zero_h_natural"] = np.where(second, np.nan, plan["death_from_zero_h_natural"])


def _draw_duration(rng: np.random.Generator, plan: Columns) -> None:
    """Hours for which dexmedetomidine runs, if nothing ends the stay before."""
    count = len(plan["age"])
    long = np.clip(np.exp(rng.normal(3.2, 1.1, count)), 4.3, 200)
    short = rng.uniform(0.4, 3.8, count)
    plan["planned_duration_h"] = np.round(np.where(rng.random(count) < _SHORT_COURSE_SHARE, short, long), 1)
