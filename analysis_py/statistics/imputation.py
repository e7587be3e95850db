"""Multiple imputation by chained equations, and Rubin's rules.

The method of R's mice (van Buuren and Groothuis-Oudshoorn 2011, doi:10.18637/jss.v045.i03) with its defaults:
predictive mean matching with five donors for numbers, Bayesian logistic regression for two levels and multinomial for
more. One thing differs: variables that a row lacks together are drawn one after the other, each from what the row has
and from those drawn before it in the same round (Rubin and Schafer 1990: the joint draw of a missing pattern as a
product of conditional ones). With every other variable as predictor, two that determine each other and are missing
together (INR and prothrombin time) would hand their random start to and fro for ever.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis_py.statistics.design import (
    Booleans,
    Floats,
    as_numbers,
    is_numeric,
    levels,
    require_columns,
    require_unique_index,
)
from analysis_py.statistics.draws import Regressions, draw_categories, nearest_donors
from analysis_py.statistics.efron import Integers
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.estimate import RATIO_MEASURES, Z_975, Estimate
from analysis_py.statistics.workers import in_parallel

_TOGETHER = 64  # regressions at a time: their predictions are kept in memory
_LARGEST_LOG = 700  # of a ratio that a number can hold

Progress = Callable[[int, int], None]
# as impute_with_trace(): data, m, iterations, seed, progress
Imputer = Callable[[pd.DataFrame, int, int, int, Progress | None], tuple[list[pd.DataFrame], pd.DataFrame]]


def impute(
    data: pd.DataFrame, m: int = 5, iterations: int = 5, seed: int = 1, progress: Progress | None = None
) -> list[pd.DataFrame]:
    """`m` completed copies of `data`, each after `iterations` rounds of chained equations.

    Every column predicts every other where a row has it or has it drawn already, so `data` holds the variables of the
    analysis with the outcome and no identifiers. Index, column order and values that were not missing stay as they
    are. Same seed, same result. `progress` is called with the copies done and `m`.

    Raises:
        NotEstimable: a column without any value, or an infinite value.
    """
    return impute_with_trace(data, m, iterations, seed, progress)[0]


def impute_with_trace(
    data: pd.DataFrame, m: int, iterations: int, seed: int, progress: Progress | None = None
) -> tuple[list[pd.DataFrame], pd.DataFrame]:
    """As impute(), with the mean of the imputed values by variable, copy and iteration, to judge convergence.

    The trace has columns variable, copy, iteration, mean (numeric variables only).

    Raises:
        NotEstimable: as impute().
    """
    if m < 1 or iterations < 1:
        raise ValueError("m and iterations must be at least 1")
    require_unique_index(data)
    require_columns(data, list(data.columns))
    columns = [_Column(data[name]) for name in data.columns]
    incomplete = sorted((column for column in columns if column.missing.any()), key=lambda c: c.missing.sum())
    patterns = [_patterns(column, incomplete[at + 1 :]) for at, column in enumerate(incomplete)]
    streams = list(enumerate(np.random.SeedSequence(seed).spawn(m), start=1))
    completed, trace = [], []
    for frame, means in in_parallel(_complete, (data, columns, incomplete, patterns, iterations), streams):
        completed.append(frame)
        trace += means
        if progress is not None:
            progress(len(completed), m)
    return completed, pd.DataFrame(trace, columns=["variable", "copy", "iteration", "mean"])


def _complete(
    data: pd.DataFrame,
    columns: "list[_Column]",
    incomplete: "list[_Column]",
    patterns: "list[list[_Pattern]]",
    iterations: int,
    stream: tuple[int, np.random.SeedSequence],
) -> tuple[pd.DataFrame, list[tuple[object, int, int, float]]]:
    """One copy, by its number and stream of random numbers, and its part of the trace."""
    copy, seeds = stream
    state = _State(columns, np.random.default_rng(seeds))
    means: list[tuple[object, int, int, float]] = []
    for iteration in range(iterations):
        for column, parts in zip(incomplete, patterns, strict=True):
            state.redraw(column, parts)
            if column.kind == "numeric":
                mean = float(state.values[column.name][column.missing].astype(float).mean())
                means.append((column.name, copy, iteration + 1, mean))
    return state.frame(data), means


class _Column:
    """One variable: its kind, levels, and where it is missing."""

    def __init__(self, values: pd.Series) -> None:
        self.name = values.name
        self.missing: Booleans = values.isna().to_numpy()
        if self.missing.all():
            raise NotEstimable(f"{self.name} has no value at all")
        boolean = pd.api.types.is_bool_dtype(values.dropna().infer_objects())
        self.kind = "numeric" if is_numeric(values) and not boolean else "category"
        self.levels: list[Any] = [] if self.kind == "numeric" else levels(values)
        if self.kind == "numeric":
            self.codes = as_numbers(values)
        else:
            positions = {level: float(code) for code, level in enumerate(self.levels)}
            self.codes = np.array([positions.get(value, np.nan) for value in values.astype(object)], dtype=float)
        observed = self.codes[~self.missing]
        self.constant = bool((observed == observed[0]).all())

    def predictors(self, codes: Floats) -> Floats:
        """The variable as predictor columns: itself, or level indicators without the first."""
        if self.kind == "numeric":
            return codes[:, None]
        return np.column_stack([codes == code for code in range(1, max(len(self.levels), 2))]).astype(float)


@dataclass(frozen=True)
class _Pattern:
    """Rows that lack a variable (positions among all that do) and, together with it, the `later` ones in the order."""

    rows: Integers
    later: tuple[_Column, ...]


def _patterns(column: _Column, later: Sequence[_Column]) -> list[_Pattern]:
    """The rows that lack `column`, by which of the `later` variables they lack too."""
    lacking = np.column_stack([np.zeros((int(column.missing.sum()), 0)), *(c.missing[column.missing] for c in later)])
    kinds, member = np.unique(lacking.astype(bool), axis=0, return_inverse=True)
    return [
        _Pattern(np.flatnonzero(member.ravel() == kind), tuple(c for c, gone in zip(later, lacks, strict=True) if gone))
        for kind, lacks in enumerate(kinds)
    ]


class _State:
    """One completed copy under way: current codes of each variable and the design matrix made of them."""

    def __init__(self, columns: list[_Column], random: np.random.Generator) -> None:
        self.random = random
        self.columns = columns
        self.values: dict[object, Floats] = {}
        self.place: dict[object, slice] = {}
        blocks = []
        width = 1
        for column in columns:
            codes = column.codes.copy()
            observed = codes[~column.missing]
            codes[column.missing] = random.choice(observed, size=int(column.missing.sum()))
            self.values[column.name] = codes
            block = column.predictors(codes)
            blocks.append(block)
            self.place[column.name] = slice(width, width + block.shape[1])
            width += block.shape[1]
        raw = np.column_stack([np.ones(len(columns[0].codes)), *blocks])
        self.centre, self.scale = raw.mean(axis=0), raw.std(axis=0)
        self.centre[0] = 0.0
        self.scale[(raw == raw[0]).all(axis=0)] = 1.0
        self.matrix = (raw - self.centre) / self.scale
        # kept up to date with each redraw, so that a regression costs a product with the few missing rows only
        self.gram = self.matrix.T @ self.matrix

    def redraw(self, column: _Column, patterns: Sequence[_Pattern]) -> None:
        """Draw the missing values of one variable given what each row has, or has drawn already in this round."""
        if column.constant:
            return
        place = self.place[column.name]
        before = self.matrix[column.missing]
        draw = self._numeric if column.kind == "numeric" else self._category
        drawn = draw(column, before, patterns)
        self.values[column.name][column.missing] = drawn
        after = before.copy()
        after[:, place] = (column.predictors(drawn) - self.centre[place]) / self.scale[place]
        self.matrix[column.missing] = after
        self.gram += after.T @ after - before.T @ before

    def _predictors(self, column: _Column, pattern: _Pattern) -> Integers:
        """Columns of the matrix that predict `column` in the rows of a pattern."""
        used = np.ones(self.matrix.shape[1], dtype=bool)
        for one in (column, *pattern.later):
            used[self.place[one.name]] = False
        return np.flatnonzero(used)

    def _category(self, column: _Column, before: Floats, patterns: Sequence[_Pattern]) -> Floats:
        """Levels by (multinomial) logistic regression; `before` holds the matrix's rows without the variable."""
        observed, known = self.matrix[~column.missing], column.codes[~column.missing]
        chance = self.random.standard_normal((len(column.levels) - 1, self.matrix.shape[1]))
        drawn = np.empty(len(before))
        for pattern in patterns:
            used = self._predictors(column, pattern)
            wanted = before[np.ix_(pattern.rows, used)]
            drawn[pattern.rows] = draw_categories(observed[:, used], known, wanted, chance[:, used], self.random)
        return drawn

    def _numeric(self, column: _Column, before: Floats, patterns: Sequence[_Pattern]) -> Floats:
        """Predictive mean matching on the standardized matrix; `before` holds its rows without the variable."""
        target = self.place[column.name].start
        others = np.delete(np.arange(len(self.gram)), target)
        observed = self.gram - before.T @ before
        rows = len(column.missing) - len(before)
        # the same chance in every pattern: what is not known of the coefficients must not average out over patterns
        chance = self.random.standard_normal(len(self.gram))
        widest = max(rows - len(self.gram) + 1, 1)
        luck = self.random.chisquare(widest) / widest
        regressions = Regressions(
            observed[np.ix_(others, others)], observed[others, target], float(observed[target, target]), rows
        )
        known = column.codes[~column.missing]
        drawn = np.empty(len(before))
        for first in range(0, len(patterns), _TOGETHER):
            part = patterns[first : first + _TOGETHER]
            estimates, draws = np.zeros((2, len(part), len(self.gram)))
            estimates[:, others], draws[:, others] = regressions.draw(
                [self._lacking(pattern, target) for pattern in part], chance[others], luck
            )
            rows_of = np.concatenate([pattern.rows for pattern in part])
            regression = np.repeat(np.arange(len(part)), [len(pattern.rows) for pattern in part])
            means = (before[rows_of] * draws[regression]).sum(axis=1)
            predicted = (estimates @ self.matrix.T)[:, ~column.missing]
            drawn[rows_of] = nearest_donors(predicted, known, means, regression, self.random)
        return drawn

    def _lacking(self, pattern: _Pattern, target: int) -> Integers:
        """Predictors that the rows of a pattern lack, by their places among all but the `target`."""
        places = [np.arange(self.place[one.name].start, self.place[one.name].stop) for one in pattern.later]
        lacking = np.concatenate([np.zeros(0, dtype=np.int64), *places])
        return np.asarray(lacking - (lacking > target))

    def frame(self, data: pd.DataFrame) -> pd.DataFrame:
        """The completed copy in `data`'s own types."""
        completed = data.copy()
        for column in self.columns:
            if not column.missing.any():
                continue
            codes = self.values[column.name]
            if column.kind == "numeric":
                completed[column.name] = pd.Series(codes, index=data.index)
                continue
            labels = [column.levels[int(code)] for code in codes]
            dtype = data[column.name].dtype
            if isinstance(dtype, pd.CategoricalDtype):
                completed[column.name] = pd.Series(pd.Categorical(labels, dtype=dtype), index=data.index)
            else:
                completed[column.name] = pd.Series(labels, index=data.index).infer_objects()
        return completed


def pool(estimates: Sequence[Estimate], complete_freedom: int | None = None) -> Estimate:
    """One estimate from those of the completed copies: Rubin's rules, t reference with Barnard-Rubin (1999) df.

    Ratios are pooled on the log scale. `n` and `events` are those of the smallest copy. `complete_freedom` are the
    degrees of freedom without missing data, those of the smallest copy (Estimate.freedom) unless given.

    Raises:
        NotEstimable: fewer than two estimates, different measures, one without a finite standard error, or an interval
            without bounds (a few copies that disagree have hardly a degree of freedom).
    """
    if len(estimates) < 2:
        raise NotEstimable("pooling needs estimates from at least two imputed data sets")
    if len({estimate.measure for estimate in estimates}) > 1:
        raise NotEstimable("estimates of different measures cannot be pooled")
    measure = estimates[0].measure
    ratio = measure in RATIO_MEASURES
    with np.errstate(all="ignore"):
        limits = np.array([[e.value, e.lower, e.upper] for e in estimates], dtype=float)
        value, lower, upper = (np.log(limits) if ratio else limits).T
    standard_errors = (upper - lower) / (2 * Z_975)
    if not (np.isfinite(value).all() and np.isfinite(standard_errors).all() and (standard_errors > 0).all()):
        raise NotEstimable("an estimate without a finite standard error cannot be pooled")
    count = len(estimates)
    within, between = float((standard_errors**2).mean()), float(value.var(ddof=1))
    total = within + (1 + 1 / count) * between
    complete = min(estimate.freedom for estimate in estimates) if complete_freedom is None else complete_freedom
    freedom = _barnard_rubin(count, (1 + 1 / count) * between / total, complete)
    centre, error = float(value.mean()), float(np.sqrt(total))
    half = float(stats.t.ppf(0.975, freedom)) * error
    back: Callable[[float], float] = (lambda x: float(np.exp(x))) if ratio else float
    if ratio and abs(centre) + half > _LARGEST_LOG:
        raise NotEstimable("the imputed data sets disagree too much for an interval")
    return Estimate(
        measure=measure,
        value=back(centre),
        lower=back(centre - half),
        upper=back(centre + half),
        p_value=float(2 * stats.t.sf(abs(centre / error), freedom)),
        n=min(e.n for e in estimates),
        events=min(e.events for e in estimates),
        parameters=max(e.parameters for e in estimates),
    )


def _barnard_rubin(count: int, missing_share: float, complete_freedom: int) -> float:
    """Degrees of freedom from the share of variance due to missing data and the complete data's own df."""
    complete = max(complete_freedom, 1)
    observed = (complete + 1) / (complete + 3) * complete * (1 - missing_share)
    if missing_share < 1e-12:
        return observed
    old = (count - 1) / missing_share**2
    return old * observed / (old + observed)
