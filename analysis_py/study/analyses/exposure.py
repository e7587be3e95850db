"""Does more of the drug do more? Table 4 of the paper, a trend test and a smooth curve."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis_py.marts.build_record import DEXMEDETOMIDINE, BuildRecord
from analysis_py.statistics.design import Floats
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.estimate import Z_975, TestResult
from analysis_py.statistics.survival import CoxModel, fit_cox, likelihood_ratio
from analysis_py.study.analyses.effects import effect, usable
from analysis_py.study.results import Row, estimated, tested
from analysis_py.study.variables import (
    DEATH_28D,
    DEATH_HOSPITAL,
    EXPOSURE_DOSE,
    EXPOSURE_DURATION,
    EXPOSURE_TERMS,
    FOLLOW_UP,
    MODEL_3,
    TREATMENT,
)

NON_USERS = "none"
_CLASS, _SCORE = "exposure_class", "exposure_score"


@dataclass(frozen=True)
class Exposure:
    """Three classes of a measure of the exposure; without `cuts`, tertiles of the treated.

    The middle class holds its upper cut, and its lower one unless `right` says that the class below does. `smooth` asks
    for the curve too.
    """

    analysis: str
    title: str
    column: str
    unit: str
    cuts: tuple[float, float] | None = None
    labels: tuple[str, ...] = ()
    right: bool = False
    smooth: bool = True

    @property
    def term(self) -> str:
        """Its name in results.csv."""
        return EXPOSURE_TERMS[self.column]

    def classes(self, data: pd.DataFrame) -> pd.Series:
        """Class of each stay: `none`, then ascending.

        Raises:
            NotEstimable: treated stays without a value, or without three different values.
        """
        treated = data[TREATMENT].astype(bool)
        values = data.loc[treated, self.column]
        if values.isna().any():
            raise NotEstimable(f"{self.column} is missing in treated stays")
        low, high = self.cuts or (float(cut) for cut in np.quantile(values, [1 / 3, 2 / 3]))
        if not low < high:
            raise NotEstimable(f"{self.column} has no tertiles")
        labels = self.labels or (f"<{low:.3f}", f"{low:.3f}–{high:.3f}", f">{high:.3f}")
        upper = values > high
        lower = values <= low if self.right else values < low
        position = np.where(upper, 2, np.where(lower, 0, 1))
        chosen = pd.Series(NON_USERS, index=data.index, dtype=object)
        chosen[treated] = np.array(labels, dtype=object)[position]
        return pd.Series(pd.Categorical(chosen, categories=[NON_USERS, *labels]), index=data.index)


EXPOSURES = (
    Exposure("exposure_duration", "Duration", EXPOSURE_DURATION, "h", (24, 48), ("4–24", "24–48", ">48"), right=True),
    Exposure(
        "exposure_dose",
        "Mean dose in the first 48 h",
        EXPOSURE_DOSE,
        "µg/kg/h",
        (0.474, 0.710),
        ("<0.474", "0.474–0.710", ">0.710"),
    ),
    Exposure("exposure_dose_tertiles", "Mean dose, tertiles of the treated", EXPOSURE_DOSE, "µg/kg/h", smooth=False),
)


def exposures_of(build: BuildRecord) -> tuple[Exposure, ...]:
    """The exposure's measures under the definitions in force: the paper's classes of dose hold for its drug only."""
    duration, dose, tertiles = EXPOSURES
    low, high = 24, 48
    first = f"{build.min_duration_h:g}–{low}" if build.min_duration_h < low else f"≤{low}"
    duration = replace(duration, labels=(first, f"{low}–{high}", f">{high}"))
    if (build.drug, build.rate_unit) == (DEXMEDETOMIDINE, dose.unit):
        return duration, dose, tertiles
    return duration, replace(tertiles, unit=build.rate_unit, smooth=True)


def exposure_rows(
    data: pd.DataFrame, cohort: str, unusable: Sequence[str], exposures: Sequence[Exposure] = EXPOSURES
) -> list[Row]:
    """Each class against the non-users, unadjusted and by model 3, with trends over the classes."""
    rows = []
    for exposure in exposures:
        try:
            classes = exposure.classes(data)
        except NotEstimable as reason:
            rows.append(Row(exposure.analysis, cohort, term=exposure.term, note=f"not estimable: {reason}"))
            continue
        scored = data.assign(**{_CLASS: classes, _SCORE: classes.cat.codes.astype(float)})
        rows += _sizes(Row(exposure.analysis, cohort, term=exposure.term, measure="percent"), classes)
        for outcome in (DEATH_28D, DEATH_HOSPITAL):
            for model, covariates in (("model 1", []), ("model 3", usable(MODEL_3, unusable))):
                place = Row(exposure.analysis, cohort, outcome, model, exposure.term)
                rows += _against_non_users(place, scored, outcome, covariates)
                everybody = replace(place, level="trend, non-users as 0")
                users = replace(place, level="trend among users")
                rows.append(estimated(everybody, effect, scored, outcome, covariates, _SCORE))
                rows.append(estimated(users, effect, scored[scored[_SCORE] > 0], outcome, covariates, _SCORE))
        if exposure.smooth:
            place = Row(exposure.analysis, cohort, DEATH_28D, "model 3", exposure.term, measure="chi-square")
            chosen = usable(MODEL_3, unusable)
            rows.append(tested(replace(place, level="not linear"), not_linear, data, exposure.column, chosen))
    return rows


def _sizes(place: Row, classes: pd.Series) -> list[Row]:
    counts = classes.value_counts(sort=False)
    total = int(counts.sum())
    return [
        replace(place, level=str(level), n=total, events=int(count), estimate=100 * count / total)
        for level, count in counts.items()
    ]


def _against_non_users(place: Row, data: pd.DataFrame, outcome: str, covariates: Sequence[str]) -> list[Row]:
    rows = []
    for level in data[_CLASS].cat.categories[1:]:
        members = data[data[_CLASS] == level]
        here = replace(place, level=str(level))
        if members.empty:
            rows.append(replace(here, note="not estimable: no patients", n=0, events=0))
            continue
        found = estimated(here, effect, data, outcome, covariates, f"{_CLASS}={level}")
        rows.append(replace(found, n=len(members), events=int(members[outcome].sum())))
    return rows


# --- smooth curve -------------------------------------------------------------------------------------------------


def bend(values: Floats, knots: Floats) -> Floats:
    """The one nonlinear column of a restricted cubic spline with three knots (Harrell 2015, section 2.4.5)."""
    low, middle, high = knots

    def cube(distance: Floats) -> Floats:
        return np.asarray(np.clip(distance, 0, None) ** 3)

    lower = cube(values - middle) * (high - low) / (high - middle)
    upper = cube(values - high) * (middle - low) / (high - middle)
    return np.asarray((cube(values - low) - lower + upper) / (high - low) ** 2)


def _spline_model(data: pd.DataFrame, column: str, covariates: Sequence[str]) -> tuple[CoxModel, CoxModel, Floats]:
    users = data[data[TREATMENT].astype(bool)]
    values = users[column].to_numpy(dtype=float)
    if len(users) == 0 or np.isnan(values).any():
        raise NotEstimable(f"{column} is missing in treated stays")
    knots = np.quantile(values, [0.1, 0.5, 0.9])
    if not (knots[0] < knots[1] < knots[2]):
        raise NotEstimable(f"{column} has too few different values for a spline")
    users = users.assign(bend=bend(values, knots))
    linear = fit_cox(users, FOLLOW_UP, DEATH_28D, covariates, [column])
    curved = fit_cox(users, FOLLOW_UP, DEATH_28D, covariates, [column, "bend"])
    curved.estimate("bend")
    return linear, curved, knots


def not_linear(data: pd.DataFrame, column: str, covariates: Sequence[str]) -> TestResult:
    """Likelihood-ratio test that the log hazard among users is not linear in `column`.

    Raises:
        NotEstimable: as survival.cox(), or too few different values.
    """
    linear, curved, _ = _spline_model(data, column, covariates)
    return likelihood_ratio(curved, linear)


def spline_curve(data: pd.DataFrame, column: str, unusable: Sequence[str]) -> pd.DataFrame:
    """Hazard ratio of 28-day death among users over `column`, against its median, by model 3 with 95 % band.

    Returns value, hazard_ratio, lower, upper at 60 values between the 5th and the 95th percentile.

    Raises:
        NotEstimable: as not_linear().
    """
    _, curved, knots = _spline_model(data, column, usable(MODEL_3, unusable))
    observed = data.loc[data[TREATMENT].astype(bool), column].to_numpy(dtype=float)
    first, last = np.quantile(observed, [0.05, 0.95]).tolist()
    grid = np.linspace(first, last, 60)
    contrast = np.column_stack([grid - knots[1], bend(grid, knots) - bend(knots[1:2], knots)])
    places = [curved.design.column(column), curved.design.column("bend")]
    scale = curved.design.scale[places]
    coefficients = curved.fit.coefficients[places] / scale
    covariance = curved.fit.covariance[np.ix_(places, places)] / np.outer(scale, scale)
    log_ratio = contrast @ coefficients
    error = np.sqrt(np.einsum("ij,jk,ik->i", contrast, covariance, contrast))
    return pd.DataFrame(
        {
            "value": grid,
            "hazard_ratio": np.exp(log_ratio),
            "lower": np.exp(log_ratio - Z_975 * error),
            "upper": np.exp(log_ratio + Z_975 * error),
        }
    )
