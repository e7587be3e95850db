"""Regression on the subdistribution hazard (Fine and Gray 1999)."""

from collections.abc import Hashable, Sequence
from math import nan

import pandas as pd

from analysis_py.statistics.competing import subdistribution
from analysis_py.statistics.competing.samples import position, read_causes
from analysis_py.statistics.curves import durations
from analysis_py.statistics.design import build_design, complete, sources
from analysis_py.statistics.estimate import Estimate, wald_ratio


def fine_gray(
    data: pd.DataFrame, duration: str, cause: str, covariates: Sequence[str], term: str, of: Hashable
) -> Estimate:
    """Subdistribution hazard ratio of `term` for cause `of` (Fine and Gray 1999, doi:10.1080/01621459.1999.10474144).

    Breslow ties, one censoring distribution for all rows, the authors' variance, which knows that the censoring
    weights are estimated: cmprsk's crr. (survival's finegray takes a row that is censored at the time of an event as
    censored after it; with times in whole months that moves the log ratio by up to 4e-4.) `covariates` may or may not
    name `term`; text becomes dummies, rows with missing values are left out.

    Raises:
        NotEstimable: no event of the cause, separation, or an unusable column.
    """
    rows = complete(data, [duration, cause, *covariates, *sources(data, [term])])
    codes, causes = read_causes(rows[cause])
    own = position(of, causes, cause) + 1
    times = durations(rows[duration])
    design = build_design(rows, covariates, [term])
    fitted = subdistribution.fit(design.matrix, times, codes == own, codes == 0)
    column = design.column(term)
    events = int((codes == own).sum())
    place = Estimate("SHR", nan, nan, nan, nan, len(rows), events, len(design.names))
    coefficient, scale = float(fitted.coefficients[column]), float(design.scale[column])
    infinite = bool(fitted.infinite[column])
    # the sandwich of a ratio that runs away is small: the likelihood's own error says so
    wald_ratio(place, term, coefficient, float(fitted.inverse_information[column, column]), scale, infinite)
    variance = float(fitted.covariance()[column, column])
    return wald_ratio(place, term, coefficient, variance, scale, infinite)
