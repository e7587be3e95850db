"""What a trial is emulated from: patients, and the decision points at which each could have started."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis_py.statistics.curves import durations
from analysis_py.statistics.design import Booleans, Floats, as_events, as_numbers, require_columns
from analysis_py.statistics.efron import Integers
from analysis_py.statistics.errors import NotEstimable

_RESERVED = ("id", "k", "start_h", "time_h", "died")
_ROUNDING = 1e-9  # of an interval


@dataclass(frozen=True)
class Grid:
    """Hours from time zero: the grace period, its intervals, and the end of follow-up.

    Raises:
        ValueError: lengths that are not above 0, a grace period that is no multiple of the interval or not within the
            follow-up.
    """

    grace_h: float = 48
    interval_h: float = 6
    horizon_h: float = 672

    def __post_init__(self) -> None:
        if not 0 < self.interval_h <= self.grace_h < self.horizon_h < float("inf"):
            raise ValueError("0 < interval_h <= grace_h < horizon_h does not hold")
        if abs(self.grace_h / self.interval_h - self.decisions) > _ROUNDING:
            raise ValueError(f"a grace period of {self.grace_h:g} h is no multiple of {self.interval_h:g} h")

    @property
    def decisions(self) -> int:
        """Decision points: k = 0, 1, ... at hour k * interval_h."""
        return round(self.grace_h / self.interval_h)

    @property
    def last_h(self) -> float:
        """The hour of the last decision."""
        return (self.decisions - 1) * self.interval_h


@dataclass(frozen=True)
class Table:
    """Patients in the order of their ids, and their decision points in the order of patient and k.

    `time` is the hour of death or of the end of follow-up. `started` is the k at which the patient starts, `decisions`
    of the grid where he does not start within the grace period. `patient` and `point` place the decision points:
    position in `patients`, k. `left`: alive at the last decision and not started, but without a row there.
    """

    grid: Grid
    patients: pd.DataFrame
    time: Floats
    died: Booleans
    started: Integers
    patient: Integers
    point: Integers
    rows: pd.DataFrame
    left: Booleans

    @property
    def starts(self) -> Booleans:
        """Whether the patient starts, for each decision point."""
        return np.asarray(self.started[self.patient] == self.point)

    @property
    def declined(self) -> Booleans:
        """Patients who could have started at the last decision and had not by then, nor did."""
        at_last = np.zeros(len(self.time), dtype=bool)
        at_last[self.patient[self.point == self.grid.decisions - 1]] = True
        return np.asarray(at_last & (self.started == self.grid.decisions))

    def baseline(self, covariates: Sequence[str]) -> list[str]:
        """Those of `covariates` that are known of patients, not of decision points."""
        return [name for name in covariates if name in self.patients.columns]

    def covariates(self, names: Sequence[str], patients: Booleans | None = None) -> pd.DataFrame:
        """A row for each decision point, or for each of some patients (then `names` are baseline covariates).

        Raises:
            NotEstimable: an unknown or ambiguous covariate, one that tells the future, or one with missing values.
        """
        own = self.patients if patients is None else self.patients[patients]
        columns = {}
        for name in dict.fromkeys(names):
            _require_covariate(name, self.patients, self.rows)
            if name in self.patients.columns:
                values = own[name].iloc[self.patient] if patients is None else own[name]
            else:
                values = self.rows[name]
            if values.isna().any():
                raise NotEstimable(f"{name} has missing values; impute them first")
            columns[name] = values.reset_index(drop=True)
        count = len(self.patient) if patients is None else len(own)
        return pd.DataFrame(columns, index=pd.RangeIndex(count))


def read_table(patients: pd.DataFrame, intervals: pd.DataFrame | None, grid: Grid) -> Table:
    """Check and order what is given; without `intervals` there are no decision points.

    A start counts at the decision of the interval in which it falls: where starts lie between the points, what the
    patient survived from there to his start is immortal time, less than an interval. Follow-up is cut at the horizon.
    Rows of `intervals` after the start, the death, or the grace period are not used, nor those of other patients. Who
    has no row any more though he is alive and has not started has left (the ICU): he cannot start.

    Raises:
        NotEstimable: a missing column or value, a repeated id or (id, k), a time not above 0, a start outside the
            follow-up or without a row, a patient without a row at hour 0, or a gap in his rows.
    """
    require_columns(patients, ["id", "start_h", "time_h", "died"])
    if patients.empty:
        raise NotEstimable("there are no patients")
    patients = by_id(patients)
    raw_time, died = as_numbers(patients["time_h"]), as_events(patients["died"])
    _forbid(np.isnan(raw_time), patients, "no time_h")
    _forbid(raw_time <= 0, patients, "a time_h that is not above 0")
    start = as_numbers(patients["start_h"])
    _forbid(start < 0, patients, "a negative start_h")
    _forbid(start >= raw_time, patients, "a start_h that is not before time_h")
    with np.errstate(invalid="ignore"):
        decision = np.floor(start / grid.interval_h + _ROUNDING)
    started = np.where(decision < grid.decisions, decision, grid.decisions).astype(np.int64)  # NaN is not below
    time, died = _followed(raw_time, died, grid)
    rows = pd.DataFrame({"id": [], "k": []}) if intervals is None else intervals
    patient, point, rows = _decision_points(patients, rows, time, started, grid)
    if intervals is not None:
        _check_sequence(patients, patient, point, started, grid)
    seen = np.zeros(len(time), dtype=bool)
    seen[patient[point == grid.decisions - 1]] = True
    left = ~seen & (started == grid.decisions) & (time > grid.last_h)
    return Table(grid, patients, time, died, started, patient, point, rows, left)


def by_id(patients: pd.DataFrame) -> pd.DataFrame:
    """Sorted as designs number them, so that neither sums nor resamples depend on the order in which rows came."""
    if patients["id"].isna().any():
        raise NotEstimable("id has missing values")
    if patients["id"].duplicated().any():
        raise NotEstimable(f"id {patients.loc[patients['id'].duplicated(), 'id'].iloc[0]} occurs more than once")
    order = np.argsort(patients["id"].astype(str).to_numpy(dtype=str), kind="stable")
    return patients.iloc[order].reset_index(drop=True)


def _forbid(wrong: Booleans, patients: pd.DataFrame, what: str) -> None:
    if wrong.any():
        first = patients["id"].to_numpy()[wrong][0]
        raise NotEstimable(f"{int(wrong.sum())} patients have {what}, the first is {first}")


def _followed(time: Floats, died: Booleans, grid: Grid) -> tuple[Floats, Booleans]:
    """Times cut at the horizon, equal to each other and to the grid where they differ by rounding only."""
    hours = np.append(np.arange(grid.decisions + 1) * grid.interval_h, grid.horizon_h)
    alike = durations(pd.Series(np.concatenate([hours, time])))
    nearest = dict(zip(alike[: len(hours)].tolist(), hours.tolist(), strict=True))
    rounded = np.array([nearest.get(value, value) for value in alike[len(hours) :].tolist()])
    return np.minimum(rounded, grid.horizon_h), died & (rounded <= grid.horizon_h)


def _decision_points(
    patients: pd.DataFrame, intervals: pd.DataFrame, time: Floats, started: Integers, grid: Grid
) -> tuple[Integers, Integers, pd.DataFrame]:
    require_columns(intervals, ["id", "k"])
    found = np.asarray(pd.Index(patients["id"]).get_indexer(pd.Index(intervals["id"])), dtype=np.int64)
    intervals, patient = intervals[found >= 0], found[found >= 0]
    number = as_numbers(intervals["k"])
    if np.isnan(number).any() or (number < 0).any() or (number != np.floor(number)).any():
        raise NotEstimable("k must be 0, 1, 2, ...")
    point = number.astype(np.int64)
    used = (point < grid.decisions) & (point <= started[patient]) & (time[patient] > point * grid.interval_h)
    order = np.flatnonzero(used)[np.lexsort((point[used], patient[used]))]
    patient, point = patient[order], point[order]
    again = (np.diff(patient, prepend=-1) == 0) & (np.diff(point, prepend=-1) == 0)
    if again.any():
        raise NotEstimable(f"id {patients['id'].iloc[patient[again][0]]} has k = {point[again][0]} more than once")
    return patient, point, intervals.iloc[order].reset_index(drop=True)


def _check_sequence(patients: pd.DataFrame, patient: Integers, point: Integers, started: Integers, grid: Grid) -> None:
    rows = np.bincount(patient, minlength=len(patients))
    last = np.full(len(patients), -1)
    last[patient] = point  # ascending within a patient
    _forbid(rows == 0, patients, "no interval row")
    _forbid(rows != last + 1, patients, "a gap in their interval rows")
    _forbid((started < grid.decisions) & (last != started), patients, "no interval row for the decision to start")


def _require_covariate(name: str, patients: pd.DataFrame, rows: pd.DataFrame) -> None:
    if name in _RESERVED:
        raise NotEstimable(f"{name} cannot be a covariate")
    found = [frame for frame in (patients, rows) if name in frame.columns]
    if len(found) > 1:
        raise NotEstimable(f"column {name} is in both patients and intervals")
    require_columns(found[0] if found else patients, [name])
