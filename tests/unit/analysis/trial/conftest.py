"""Simulated patients who may start a treatment that does nothing, at decision points, the sicker the rarer."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

Tables = tuple[pd.DataFrame, pd.DataFrame]
MakeTrial = Callable[..., Tables]


def _make_trial(patients: int = 400, seed: int = 5, leaves: float = 0.05) -> Tables:
    """Tables as statistics.trial takes them; some leave alive and cannot start any more, late starters occur.

    Times of death have the precision of an hour, so that they tie with each other and with the grid.
    """
    random = np.random.default_rng(seed)
    age, vent = random.normal(65, 12, patients), random.random(patients) < 0.5
    severity = random.normal(8, 2, patients)
    start, time = np.full(patients, np.nan), np.full(patients, 672.0)
    alive, inside = np.ones(patients, dtype=bool), np.ones(patients, dtype=bool)
    rows = []
    for k in range(112):
        severity = severity + random.normal(0, 0.4, patients)
        could = alive & inside & np.isnan(start) & (k < 12)
        starts = could & (random.random(patients) < 1 / (1 + np.exp(2.2 - 0.8 * vent + 0.4 * (severity - 8))))
        start[starts] = 6 * k + random.integers(0, 6, starts.sum())
        if k < 8:
            rows.append(pd.DataFrame({"id": np.flatnonzero(could), "k": k, "severity": severity[could]}))
        inside &= starts | ~(could & (random.random(patients) < leaves))
        hazard = np.exp(-5.2 + 0.35 * (severity - 8) - 0.6 * ~inside) if k < 8 else np.exp(-6 + 0.35 * (severity - 8))
        dies = alive & (random.random(patients) < 1 - np.exp(-hazard))
        time[dies] = 6 * k + random.integers(1, 7, dies.sum())
        alive &= ~dies
    start[start >= time] = np.nan  # death came before the start
    table = pd.DataFrame(
        {
            "id": np.arange(patients),
            "age": age.round(1),
            "vent": vent,
            "unit": random.choice(["medical", "surgical", "cardiac"], patients),
            "start_h": start,
            "time_h": time,
            "died": time < 672,
            "icu_end_h": np.minimum(time, random.integers(30, 300, patients)),
            "duration_h": np.where(np.isnan(start), np.nan, random.integers(1, 90, patients)),
        }
    )
    intervals = pd.concat(rows, ignore_index=True).merge(table[["id", "start_h", "time_h"]], on="id")
    seen = (intervals["time_h"] > 6 * intervals["k"]) & ~(intervals["start_h"] < 6 * intervals["k"])
    return table, intervals.loc[seen, ["id", "k", "severity"]].reset_index(drop=True)


@pytest.fixture(scope="session")
def make_trial() -> MakeTrial:
    """The maker of simulated trials, for tests that want another size."""
    return _make_trial


@pytest.fixture
def trial() -> Tables:
    return _make_trial()
