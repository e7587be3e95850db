"""Two arms of weighted rows: risks by Kaplan-Meier, the hazard ratio, and what they rest on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis_py.statistics import efron
from analysis_py.statistics.design import Booleans, Floats
from analysis_py.statistics.efron import Integers
from analysis_py.statistics.errors import NotEstimable

_LARGEST_LOG = 25.0  # of a hazard ratio: beyond it an arm's deaths weigh nothing


@dataclass(frozen=True)
class Arms:
    """Rows at risk in (start, stop] hours; `patient` from 0 on, `arm` True for the strategy "start".

    Built once, summed for each set of weights: `deaths` are the distinct death times, `enters` and `leaves` the first
    of them at which a row is at risk and no longer is (with the second arm's behind the first's), `dies` the rows that
    end in death.
    """

    names: tuple[str, str]
    patient: Integers
    arm: Booleans
    start: Floats
    stop: Floats
    died: Booleans
    deaths: Floats
    enters: Integers
    leaves: Integers
    dies: Integers

    @classmethod
    def of(
        cls, names: tuple[str, str], patient: Integers, arm: Booleans, start: Floats, stop: Floats, died: Booleans
    ) -> "Arms":
        """`names` are of arm 0 and arm 1, as messages call them."""
        deaths = np.unique(stop[died])
        offset = arm * (len(deaths) + 1)
        enters = offset + np.searchsorted(deaths, start, side="right")
        leaves = offset + np.searchsorted(deaths, stop, side="right")
        return cls(names, patient, arm, start, stop, died, deaths, enters, leaves, np.flatnonzero(died))

    def _sums(self, weights: Floats) -> tuple[Floats, Floats]:
        """Weight at risk and weight of the deaths, by arm and death time."""
        size = len(self.deaths) + 1
        change = np.bincount(self.enters, weights, 2 * size) - np.bincount(self.leaves, weights, 2 * size)
        at_risk = np.cumsum(change.reshape(2, size), axis=1, dtype=np.float64)[:, :-1]
        dead = np.bincount(self.leaves[self.dies] - 1, weights[self.dies], 2 * size).reshape(2, size)[:, :-1]
        return at_risk, dead.astype(np.float64)

    def _survival(self, weights: Floats) -> Floats:
        """Kaplan-Meier of each arm from hour 0 on and after each death time."""
        at_risk, dead = self._sums(weights)
        left = at_risk - dead
        left[left <= 1e-12 * at_risk] = 0.0  # what rounding leaves of sums of weights is nobody
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.column_stack([[1.0, 1.0], np.cumprod(np.where(dead > 0, left / at_risk, 1.0), axis=1)])

    def restricted_means(self, weights: Floats, horizon: float) -> Floats:
        """Hours alive up to `horizon` in arm 0 and arm 1, where both are followed to it (risks() says so)."""
        edges = np.concatenate([[0.0], self.deaths, [np.inf]]).clip(max=horizon)
        return np.asarray(self._survival(weights) @ np.diff(edges))

    def risks(self, weights: Floats, hours: Sequence[float]) -> Floats:
        """Risk of death by each hour (columns) in arm 0 and arm 1 (rows): 1 - weighted Kaplan-Meier.

        Raises:
            NotEstimable: an arm is not followed to the last hour.
        """
        survival = self._survival(weights)
        wanted = survival[:, np.searchsorted(self.deaths, np.asarray(hours, dtype=float), side="right")]
        for number, name in enumerate(self.names):
            stops = self.stop[(self.arm == bool(number)) & (weights > 0)]
            if not len(stops):
                raise NotEstimable(f"nobody follows {name}")
            if stops.max() < max(hours) and wanted[number].min() > 0:
                raise NotEstimable(f"nobody who follows {name} is followed beyond hour {stops.max():g}")
        return np.asarray(1 - wanted)

    def log_hazard_ratio(self, weights: Floats, counts: Floats | None = None) -> float:
        """Of a weighted Cox model on the arm with Efron's ties. `counts` of each row stand for as many equal rows.

        One covariate with two values: sums by arm and death time are all that the likelihood asks for.

        Raises:
            NotEstimable: no deaths in an arm while the other is at risk.
        """
        at_risk, dead = self._sums(weights if counts is None else weights * counts)
        ones = np.ones(len(self.dies)) if counts is None else counts[self.dies]
        times = (self.leaves[self.dies] - 1) % (len(self.deaths) + 1)
        tied = np.bincount(times, ones, len(self.deaths)).astype(np.int64)
        step = np.repeat(np.arange(len(tied)), tied)
        taken = (np.arange(len(step)) - np.repeat(np.cumsum(tied) - tied, tied)) / tied[step]
        weight = dead.sum(axis=0)[step] / tied[step]
        risk = (at_risk[:, step] - taken * dead[:, step]).clip(min=0)
        both = (risk > 1e-12 * risk.sum(axis=0)).all(axis=0)  # where one arm is at risk nothing is compared
        weight, share = weight[both], risk[1, both] / risk[0, both]
        total = weight.sum()
        hits = float(dead[1].sum() - (dead.sum(axis=0)[step] / tied[step] * (risk[1] > risk[0]))[~both].sum())
        if not 1e-12 * total < hits < (1 - 1e-12) * total:
            raise NotEstimable("one arm has no deaths while the other is at risk")
        value = 0.0
        for _ in range(100):
            part = share * np.exp(value)
            part = part / (1 + part)
            move = (hits - float(weight @ part)) / float(weight @ (part * (1 - part)))
            value += float(np.clip(move, -1, 1))
            if abs(value) > _LARGEST_LOG:
                break
            if abs(move) < 1e-9:
                return value
        raise NotEstimable("the hazard ratio does not settle")

    def standard_error(self, weights: Floats, robust: bool = True) -> float:
        """Of the log hazard ratio: sandwich by patient, weights taken as known (Lin and Wei 1989), or the model's."""
        used = weights > 0
        scaled = weights[used] / weights[used].mean()
        start = self.start[used] if self.start.any() else None
        fitted = efron.fit(self.arm[used, None].astype(float), self.stop[used], self.died[used], scaled, start)
        if not robust:
            return float(np.sqrt(fitted.covariance[0, 0]))
        _, cluster = np.unique(self.patient[used], return_inverse=True)
        return float(np.sqrt(efron.clustered_covariance(fitted, cluster.astype(np.int64))[0, 0]))
