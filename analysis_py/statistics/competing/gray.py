"""Gray's test: is the incidence of a cause the same in all groups?"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis_py.statistics.competing.samples import Sample, position, read_samples, tied_share
from analysis_py.statistics.design import Floats
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.estimate import TestResult


def gray_test(data: pd.DataFrame, duration: str, cause: str, group: str, of: Hashable) -> TestResult:
    """Gray's test (1988, doi:10.1214/aos/1176350951) that the incidence of cause `of` is equal in all groups.

    As cmprsk's cuminc, rho = 0: levels of `group` less one are the degrees of freedom.

    Raises:
        NotEstimable: no event of the cause, fewer than two groups, groups never at risk together, or an unusable
            column.
    """
    samples, causes = read_samples(data, duration, cause, group, None)
    at = position(of, causes, cause)
    if len(samples) < 2:
        raise NotEstimable(f"{group} has fewer than two groups")
    distinct = np.unique(np.concatenate([sample.times for sample in samples]))
    states = [_Course.of(sample, at, distinct) for sample in samples]
    scores, covariance = _gray(states)
    scores, covariance = scores[:-1], covariance[:-1, :-1]
    spread = np.sqrt(np.diag(covariance).clip(min=0))
    alike = covariance / np.outer(spread, spread) if np.isfinite(spread).all() and (spread > 0).all() else None
    if alike is None or np.linalg.matrix_rank(alike, tol=1e-10) < len(spread):
        raise NotEstimable(f"{group}: the groups are never at risk of {of} together")
    statistic = float(scores @ np.linalg.solve(covariance, scores))
    return TestResult(statistic, float(stats.chi2.sf(statistic, len(scores))))


@dataclass(frozen=True)
class _Course:
    """A group at the distinct times of all: events of the cause and of others, at risk, free of any event before and
    after, incidence before."""

    own: Floats
    others: Floats
    at_risk: Floats
    before: Floats
    after: Floats
    incidence_before: Floats

    @classmethod
    def of(cls, sample: Sample, at: int, distinct: Floats) -> "_Course":
        """A sample laid out on `distinct`, which holds all of its times."""
        place = np.searchsorted(distinct, sample.times)
        own, others = np.zeros((2, len(distinct)))
        own[place] = sample.by_cause[at]
        others[place] = sample.by_cause.sum(axis=0) - sample.by_cause[at]
        # the group's own time at or after each of all: who is at risk there
        following = np.searchsorted(sample.times, distinct)
        at_risk = np.append(sample.at_risk, 0.0)[following]
        last = np.searchsorted(sample.times, distinct, side="right") - 1
        after = sample.survival[last]
        before = np.concatenate([[1.0], after[:-1]])
        incidence_before = np.concatenate([[0.0], sample.incidence[at][last][:-1]])
        return cls(own, others, at_risk, before, after, incidence_before)


def _gray(groups: Sequence[_Course]) -> tuple[Floats, Floats]:
    """Scores by group and their covariance (Gray 1988, section 3)."""
    own, others, at_risk, before, after, incidence_before = (
        np.array([getattr(group, name) for group in groups])
        for name in ("own", "others", "at_risk", "before", "after", "incidence_before")
    )
    # a group alone has nobody to be compared with
    used = ((own + others).sum(axis=0) > 0) & ((at_risk > 0).sum(axis=0) > 1)
    own, others, at_risk = own[:, used], others[:, used], at_risk[:, used]
    before, after, incidence_before = before[:, used], after[:, used], incidence_before[:, used]
    present = at_risk > 0
    adjusted = np.divide(at_risk, before, out=np.zeros_like(at_risk), where=present)
    total, events = adjusted.sum(axis=0), own.sum(axis=0)
    sub_risk = adjusted * (1 - incidence_before)
    sub_total = sub_risk.sum(axis=0)
    scores = (own - sub_risk * events / sub_total).sum(axis=1)

    common = np.cumsum(events / total)  # the incidence in all groups, were they equal
    common_before = np.concatenate([[0.0], common])[:-1]
    if not (common_before < 1).all():
        raise NotEstimable("the groups are too far apart for Gray's test: one has ended before the others begin")
    count = len(groups)
    # groups x groups x times
    influence = adjusted[:, None] * (np.eye(count)[:, :, None] - (adjusted / total)[None])
    grown = np.cumsum(influence * events / (total * (1 - common_before)), axis=2)
    left = grown.take([-1], axis=2) - grown if used.any() else grown
    ratio = np.divide(1 - common, after, out=np.zeros_like(after), where=after > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = total * before
        ties = np.where(events > 1, 1 - (events - 1) / (expected - 1), 1.0)
        of_cause = np.where(present, ties * before * events / (total * at_risk), 0.0)
        of_others = np.where(present & (after > 0), before**2 * tied_share(others, at_risk) * others / at_risk**2, 0.0)
    first = influence + (1 - ratio) * left
    second = ratio * left
    covariance = np.einsum("ikt,jkt,kt->ij", first, first, of_cause)
    covariance += np.einsum("ikt,jkt,kt->ij", second, second, of_others)
    return scores, covariance
