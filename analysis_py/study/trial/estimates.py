"""Each design's numbers as rows, with the bootstrap's intervals or, of models without risks, Wald's."""

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite

from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.trial import Bootstrap, TrialResult
from analysis_py.study.analyses.describe import GROUP_NAMES
from analysis_py.study.results import Row
from analysis_py.study.trial.definitions import COHORT, HOURS
from analysis_py.study.trial.designs import Way
from analysis_py.study.variables import TREATMENT

ANALYSIS = "trial"
RISK, DIFFERENCE, RISK_RATIO, MEAN_DAYS = "risk", "risk difference", "RR", "restricted mean difference, days"
LARGEST, EFFECTIVE = "largest weight", "effective sample size"
HAZARD_RATIO = "HR"
# measure of a contrast with its name among the quantities of statistics.trial and the size of its unit there
_CONTRASTS: Mapping[str, tuple[str, float]] = {
    HAZARD_RATIO: ("hazard_ratio", 1.0),
    DIFFERENCE: ("difference", 1.0),
    RISK_RATIO: ("ratio", 1.0),
    MEAN_DAYS: ("restricted_mean_difference", HOURS),
}


def place_of(way: Way, outcome: str, measure: str, group: bool | None = None) -> Row:
    """Where a number of a design goes: of both groups, or of one."""
    cohort = COHORT if group is None else f"{COHORT} {GROUP_NAMES[group]}"
    return Row(ANALYSIS, cohort, outcome, way.name, TREATMENT, measure=measure)


def refused(way: Way, outcome: str, reason: NotEstimable) -> list[Row]:
    """The rows of a design that cannot be estimated."""
    measures = _CONTRASTS if way.is_resampled else (HAZARD_RATIO,)
    return [replace(place_of(way, outcome, measure), note=f"not estimable: {reason}") for measure in measures]


def design_rows(way: Way, outcome: str, result: TrialResult, draws: Bootstrap | None) -> list[Row]:
    """Contrasts with intervals, then of each group its risk, size, deaths, largest weight and effective size.

    Without `draws` there are no risks, and the interval of the hazard ratio is Wald's.
    """
    n, events = sum(result.patients.values()), sum(result.events.values())
    rows = []
    for measure, (quantity, unit) in _CONTRASTS.items():
        if draws is None and measure != HAZARD_RATIO:
            continue
        place = replace(place_of(way, outcome, measure), n=n, events=events)
        value = float(getattr(result, quantity)) / unit
        if not isfinite(value):
            reason = "one arm has no deaths" if measure in (HAZARD_RATIO, RISK_RATIO) else "no risks"
            rows.append(replace(place, note=f"not estimable: {reason}"))
        elif draws is None:
            hazard = result.hazard
            rows.append(replace(place, estimate=value, lower=hazard.lower, upper=hazard.upper, p_value=hazard.p_value))
        else:
            rows.append(_with_interval(replace(place, estimate=value), draws, quantity, unit))
    for group in GROUP_NAMES:
        n, events = result.patients[group], result.events[group]
        if draws is not None:
            risk = result.risk1 if group else result.risk0
            place = replace(place_of(way, outcome, RISK, group), n=n, events=events, estimate=risk)
            rows.append(_with_interval(place, draws, f"risk{int(group)}", 1.0))
        for measure, by_group in ((LARGEST, result.max_weight), (EFFECTIVE, result.ess)):
            rows.append(replace(place_of(way, outcome, measure, group), n=n, events=events, estimate=by_group[group]))
    return rows


def _with_interval(row: Row, draws: Bootstrap, quantity: str, unit: float) -> Row:
    """`row` with the percentile interval, or the reason why there is none; a note tells resamples without a number."""
    resamples = len(draws.draws)
    note = f"{draws.failed} of {resamples} resamples not estimable" if draws.failed else ""
    try:
        lower, upper = draws.interval(quantity)
    except NotEstimable as reason:
        return replace(row, note=f"no interval: {reason}")
    return replace(row, lower=lower / unit, upper=upper / unit, note=note)
