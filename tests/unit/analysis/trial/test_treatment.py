"""The treatment model on resamples: what Newton's method chases in vain has its limit at once."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.trial.treatment import fit_treatment


@pytest.fixture
def covariates() -> pd.DataFrame:
    random = np.random.default_rng(1)
    size = 600
    return pd.DataFrame(
        {"score": random.normal(size=size), "is_rare": np.arange(size) < 40, "is_common": random.random(size) < 0.7}
    )


def _starts(covariates: pd.DataFrame) -> np.ndarray:
    odds = -1 + 0.8 * covariates["score"] + 0.3 * covariates["is_common"]
    starts = np.random.default_rng(2).random(len(covariates)) < 1 / (1 + np.exp(-odds))
    starts[:40] = False
    starts[3] = True  # one of the rare: whether a resample has it decides whether their coefficient has a maximum
    return np.asarray(starts)


@pytest.mark.parametrize("drawn", [0, 2], ids=["a level in which nobody starts", "a level in which somebody does"])
def test_a_resample_gives_what_statsmodels_gives_of_its_rows(covariates: pd.DataFrame, drawn: int) -> None:
    starts = _starts(covariates)
    counts = np.random.default_rng(3).poisson(1, len(starts)).astype(float)
    counts[3] = drawn
    model = fit_treatment(covariates, None, starts)
    rows = np.repeat(np.arange(len(starts)), counts.astype(int))
    if drawn == 0:
        rows = rows[~covariates["is_rare"].to_numpy()[rows]]
    numbers = sm.add_constant(covariates.loc[rows].astype(float).reset_index(drop=True))
    numbers = numbers.drop(columns=[] if drawn else "is_rare")
    expected = sm.Logit(starts[rows].astype(float), numbers).fit(disp=0, tol=1e-13).predict()
    found = model.probabilities(counts)
    np.testing.assert_allclose(found[rows], expected, rtol=1e-7)
    if drawn == 0:
        assert not found[covariates["is_rare"]].any()


def test_only_a_level_starts(covariates: pd.DataFrame) -> None:
    starts = _starts(covariates) & covariates["is_common"].to_numpy()
    starts[np.flatnonzero(~covariates["is_common"])[0]] = True
    counts = np.ones(len(starts))
    counts[~covariates["is_common"] & starts] = 0
    found = fit_treatment(covariates, None, starts).probabilities(counts)
    assert not found[~covariates["is_common"]].any()
    assert found[covariates["is_common"]].sum() == pytest.approx((counts * starts).sum())


def test_nobody_starts_in_a_resample(covariates: pd.DataFrame) -> None:
    starts = _starts(covariates)
    with pytest.raises(NotEstimable, match="nobody starts"):
        fit_treatment(covariates, None, starts).probabilities((~starts).astype(float))
