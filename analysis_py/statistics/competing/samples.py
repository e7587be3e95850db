"""Rows of competing risks by group: who is at risk, who ends by which cause, the curves that follow, their errors."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis_py.statistics.curves import durations
from analysis_py.statistics.design import Floats, as_numbers, as_weights, complete, is_numeric, levels, with_values
from analysis_py.statistics.efron import Integers
from analysis_py.statistics.errors import NotEstimable

_CENSORED = ("0", "censored")
_ROUNDING = 1e-12  # a share of the rows at risk that is nobody


@dataclass(frozen=True)
class Sample:
    """One group: `times` (0 and the distinct ones), sums of weight there, and rows (`own` place, code of the cause)."""

    level: object
    times: Floats
    at_risk: Floats
    by_cause: Floats  # causes x times
    own: Integers
    codes: Integers
    weight: Floats | None

    @property
    def survival(self) -> Floats:
        """Free of any event just after each time."""
        left = self.at_risk - self.by_cause.sum(axis=0)
        left[left <= _ROUNDING * self.at_risk] = 0.0  # what rounding leaves of sums of weights is nobody
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.cumprod(np.where(self.at_risk > 0, left / self.at_risk, 1.0)))

    @property
    def before(self) -> Floats:
        """Free of any event just before each time."""
        return np.concatenate([[1.0], self.survival[:-1]])

    @property
    def incidence(self) -> Floats:
        """Causes x times."""
        return np.asarray(np.cumsum(self.before * self.by_cause / self.at_risk, axis=1))

    def errors(self, at: int, places: Sequence[int]) -> list[float]:
        """Standard errors of the incidence of one cause at `places` of `times`."""
        if self.weight is not None:
            return self._jackknife(at, self.weight, places)
        own, others = self.by_cause[at], self.by_cause.sum(axis=0) - self.by_cause[at]
        incidence, survival = self.incidence[at], self.survival
        parts = [self.before**2 * tied_share(count, self.at_risk) * count / self.at_risk**2 for count in (own, others)]
        errors = []
        for place in places:
            still = incidence[place] - incidence[: place + 1]
            # where nobody is left nothing can follow
            share = np.divide(still, survival[: place + 1], out=np.zeros(place + 1), where=survival[: place + 1] > 0)
            variance = parts[0][: place + 1] @ (1 - share) ** 2 + parts[1][: place + 1] @ share**2
            errors.append(float(np.sqrt(variance)))
        return errors

    def _jackknife(self, at: int, weight: Floats, places: Sequence[int]) -> list[float]:
        """Square root of the squared influences of the rows, each times its weight, summed.

        A row's influence on the incidence by a time: the sum of before (dN_k - Y d_k/n) / n up to it, less that of
        (dN - Y d/n) / (n - d) times the incidence that still comes. N counts all events, N_k those of the cause.
        """
        own, count = self.by_cause[at], self.by_cause.sum(axis=0)
        left = self.at_risk - count
        some = left > _ROUNDING * self.at_risk  # where nobody is left nothing still comes
        inverse = np.divide(1.0, left, out=np.zeros(len(left)), where=some)
        before, incidence = self.before / self.at_risk, self.incidence[at]
        of_cause, of_any = self.codes == at + 1, self.codes > 0
        errors = []
        for place in places:
            coming = np.where(np.arange(len(left)) <= place, incidence[place] - incidence, 0.0) * inverse
            happening = np.where(np.arange(len(left)) <= place, before, 0.0)
            expected = np.cumsum((happening * own - coming * count) / self.at_risk)
            influence = of_cause * happening[self.own] - of_any * coming[self.own] - expected[self.own]
            errors.append(float(np.sqrt(((weight * influence) ** 2).sum())))
        return errors


def tied_share(count: Floats, at_risk: Floats) -> Floats:
    """The hypergeometric share of a binomial variance where several events are tied."""
    several = count > 1
    return np.asarray(1 - np.divide(count - 1, at_risk - 1, out=np.zeros_like(at_risk), where=several))


def read_samples(
    data: pd.DataFrame, duration: str, cause: str, group: str, weights: str | pd.Series | None
) -> tuple[list[Sample], list[object]]:
    """One sample per level of `group`, and the names of the causes."""
    data, weight = with_values(data, weights, "weights")
    rows = complete(data, [duration, cause, group, *weight])
    times = durations(rows[duration])
    codes, causes = read_causes(rows[cause])
    if weight:
        as_weights(rows[weight[0]])
    samples = []
    for level in levels(rows[group]):
        members = (rows[group] == level).to_numpy(dtype=bool)
        heavy = None
        if weight:
            heavy = as_numbers(rows[weight[0]])[members]
            members[members] = heavy > 0
            heavy = heavy[heavy > 0]
            if not len(heavy):
                raise NotEstimable(f"{weight[0]} is 0 in all rows of {group}={level}")
        samples.append(_sample(level, times[members], codes[members], len(causes), heavy))
    return samples, causes


def _sample(level: object, times: Floats, codes: Integers, causes: int, weight: Floats | None) -> Sample:
    distinct = np.unique(np.concatenate([[0.0], times]))
    own = np.asarray(np.searchsorted(distinct, times), dtype=np.int64)
    heavy = np.ones(len(times)) if weight is None else weight
    ended = np.asarray(np.bincount(own, heavy, len(distinct)), dtype=np.float64)
    at_risk = np.asarray(np.cumsum(ended[::-1])[::-1])
    by_cause = np.array(
        [np.bincount(own, heavy * (codes == code), len(distinct)) for code in range(1, causes + 1)], dtype=np.float64
    )
    return Sample(level, distinct, at_risk, by_cause, own, codes, weight)


def read_causes(values: pd.Series) -> tuple[Integers, list[object]]:
    """0 for censored rows and 1, 2, ... for the causes, which are named.

    Raises:
        NotEstimable: no events, numbers that are no codes, or text that does not say which rows are censored.
    """
    if is_numeric(values):
        numbers = as_numbers(values)
        if ((numbers < 0) | (numbers % 1 != 0)).any():
            raise NotEstimable(f"{values.name} must be 0 (censored) or the whole number of a cause")
        causes: list[object] = [int(number) for number in np.unique(numbers[numbers > 0])]
        codes = np.searchsorted(np.array(causes, dtype=float), numbers) + 1
        codes[numbers == 0] = 0
    else:
        present = levels(values)
        censored = [level for level in present if str(level).strip().lower() in _CENSORED]
        if len(censored) != 1:
            raise NotEstimable(f"{values.name}: exactly one level must be named 0 or censored, not {len(censored)}")
        causes = [level for level in present if level != censored[0]]
        codes = np.zeros(len(values), dtype=np.int64)
        for code, level in enumerate(causes, start=1):
            codes[(values == level).to_numpy(dtype=bool)] = code
    if not causes:
        raise NotEstimable(f"{values.name}: no events")
    return np.asarray(codes, dtype=np.int64), causes


def position(of: Hashable, causes: Sequence[object], cause: str) -> int:
    """Where cause `of` stands among the `causes` of a column.

    Raises:
        NotEstimable: it does not occur, or is none (0, censored).
    """
    if of not in causes:
        known = ", ".join(map(repr, causes))
        raise NotEstimable(f"{cause}: no events of {of!r}; there are {known}")
    return list(causes).index(of)


def place_of(sample: Sample, time: float, whose: str) -> int:
    """The place of the last distinct time up to `time`.

    Raises:
        ValueError: a time that is no number from 0 on.
        NotEstimable: the group ends before `time` with somebody left.
    """
    if not (np.isfinite(time) and time >= 0):
        raise ValueError(f"a time must be a number from 0 on, not {time!r}")
    if sample.times[-1] < time and sample.survival[-1] > 0:
        raise NotEstimable(f"{whose}: the last follow-up {sample.times[-1]:g} is before {time:g}")
    return int(np.searchsorted(sample.times, time, side="right")) - 1
