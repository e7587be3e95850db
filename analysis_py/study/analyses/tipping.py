"""How strong must one unmeasured cause be to explain an estimate away, by how common it is in either group?"""

from dataclasses import replace

from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.sensitivity import tipping_points
from analysis_py.study.results import Row

ANALYSIS = "tipping_point"
CAUSE = "unmeasured binary cause"
POINT, LIMIT = "point", "limit"
SHARES = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8)  # of a group who have the cause


def tipping_rows(row: Row) -> list[Row]:
    """For a hazard ratio: the risk ratio of the cause with death that would move the estimate, or its limit, to 1.

    `level` is the share who have the cause among the treated and among the others. Given are the causes that harm and
    would be enough at some strength; those that protect are their mirror.
    """
    place = Row(ANALYSIS, row.cohort, row.outcome, row.model, CAUSE)
    if row.estimate is None or row.lower is None or row.upper is None:
        return [replace(place, note=row.note)]
    try:
        found = tipping_points(row.estimate, row.lower, row.upper, SHARES, SHARES)
    except NotEstimable as reason:  # the percentiles of a few resamples need not hold the estimate
        return [replace(place, note=f"not estimable: {reason}")]
    rows = []
    for pair in found.itertuples():
        level = f"{pair.treated:g} and {pair.untreated:g}"
        for measure, strength in ((POINT, float(str(pair.estimate))), (LIMIT, float(str(pair.limit)))):
            if 1 < strength < float("inf"):
                rows.append(replace(place, level=level, measure=measure, estimate=strength))
    return rows
