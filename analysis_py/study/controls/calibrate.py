"""What the controls say of a design: its systematic error, and what the drug's estimate means once that is known."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from analysis_py.statistics.calibration import Null, calibrated_interval, fit_null, null_posterior
from analysis_py.statistics.errors import NotEstimable
from analysis_py.study.controls.found import (
    CALIBRATION,
    COHORT_OF,
    DRUG,
    EXPOSURE,
    NOT_ESTIMABLE,
    OUTCOME,
    Found,
)
from analysis_py.study.gate.thresholds import LEAST_CONTROLS
from analysis_py.study.results import Row
from analysis_py.study.variables import DEATH_28D

USED, LEFT_OUT = "controls used", "controls left out"
NULL_MEAN, NULL_SD, EASE, MEDIAN = "null mean", "null sd", "EASE", "median HR"
CALIBRATED = "HR, calibrated"
KINDS = (EXPOSURE, OUTCOME)


def calibration_rows(found: Sequence[Found]) -> list[Row]:
    """Of each design and kind of control: how many count and why others do not, the null, EASE, the drug calibrated.

    Numbers of controls stand in `estimate`: they are no counts of patients.
    """
    rows = []
    for design in dict.fromkeys(one.design for one in found):
        own = [one for one in found if one.design == design]
        drug = next((one for one in own if one.kind == DRUG), None)
        for kind in KINDS:
            rows += _of_kind(
                [one for one in own if one.kind == kind],
                drug,
                Row(CALIBRATION, COHORT_OF[design], "", design, level=kind),
            )
    return rows


def _of_kind(controls: Sequence[Found], drug: Found | None, place: Row) -> list[Row]:
    used = [one for one in controls if not one.left_out]
    rows = [
        replace(place, measure=USED, estimate=float(len(used))),
        replace(place, measure=LEFT_OUT, estimate=float(len(controls) - len(used)), note=_why(controls)),
    ]
    measures = [NULL_MEAN, NULL_SD, EASE, *([MEDIAN] if place.level == EXPOSURE else []), CALIBRATED]
    if len(used) < LEAST_CONTROLS:
        reason = f"not evaluated: {len(used)} of {len(controls)} controls count, {LEAST_CONTROLS} are needed"
        return rows + [_drugs(replace(place, measure=measure, note=reason), drug) for measure in measures]
    logs, errors = [one.log_ratio for one in used], [one.error for one in used]
    null, posterior = fit_null(logs, errors), null_posterior(logs, errors)
    rows += [
        replace(place, measure=NULL_MEAN, estimate=null.mean),
        replace(place, measure=NULL_SD, estimate=null.sd),
        # the median of the posterior, as its interval: the likelihood's own best sd is often 0
        replace(place, measure=EASE, estimate=posterior.ease, lower=posterior.ease_lower, upper=posterior.ease_upper),
    ]
    if place.level == EXPOSURE:
        low, middle, high = np.exp(np.quantile(logs, [0.25, 0.5, 0.75])).tolist()
        rows.append(replace(place, measure=MEDIAN, estimate=middle, lower=low, upper=high, note="interval: quartiles"))
    return [*rows, _calibrated(null, drug, _drugs(replace(place, measure=CALIBRATED), drug))]


def _drugs(row: Row, drug: Found | None) -> Row:
    """`row` with the drug as its term, where it is about the drug."""
    if row.measure != CALIBRATED or drug is None:
        return row
    return replace(row, outcome=DEATH_28D, term=drug.name)


def _calibrated(null: Null, drug: Found | None, place: Row) -> Row:
    if drug is None or drug.estimate is None:
        return replace(place, note=f"{NOT_ESTIMABLE}: {drug.reason if drug else 'the drug was not analysed'}")
    try:
        found = calibrated_interval(null, drug.log_ratio, drug.error)
    except NotEstimable as reason:
        return replace(place, note=f"{NOT_ESTIMABLE}: {reason}")
    return replace(place, estimate=found.value, lower=found.lower, upper=found.upper, p_value=found.p_value)


def _why(controls: Sequence[Found]) -> str:
    """`3 not balanced, 1 not estimable`; empty where all count."""
    reasons = Counter(_short(one.left_out) for one in controls if one.left_out)
    return ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())


def _short(reason: str) -> str:
    first, _, rest = reason.partition(": ")
    return first if first == NOT_ESTIMABLE else rest
