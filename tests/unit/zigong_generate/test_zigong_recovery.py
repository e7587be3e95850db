"""The planted hazard ratio is what a Cox model finds in the included, and treatment depends on covariates."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from twin.rows import stack, take
from twin.zigong.block import blocks, make_plan
from twin.zigong.design import Design
from twin.zigong.outcome import MIN_STAY_H, log_hazard
from twin.zigong.truth import PATIENTS, PLANTED, truth

PATIENTS_DRAWN = 40_000


@cache
def included(hazard_ratio: float) -> pd.DataFrame:
    """The included of many patients; those ordered late, without effect, are left out."""
    parts = []
    for block in blocks(PATIENTS_DRAWN):
        plan = make_plan(1, *block, Design(hazard_ratio))[1]
        meant = truth(plan)
        late = plan["dexmedetomidine_h"] > MIN_STAY_H
        rows = meant[PATIENTS] | {"log_hazard": log_hazard(plan)}
        parts.append(take(rows, (meant[PLANTED]["reason"] == b"") & ~late))
    names = ["treated", "age_years", "is_female", "propofol_24h", "sufentanil_24h", "log_hazard"]
    rows = stack(parts)
    frame = pd.DataFrame({name: rows[name].astype(float) for name in (*names, "died_28d", "followup_28d_days")})
    return frame.dropna()


def fitted(data: pd.DataFrame, *covariates: str) -> tuple[float, float]:
    """Log hazard ratio of treatment and its standard error."""
    columns = ["treated", *covariates, "died_28d", "followup_28d_days"]
    model = CoxPHFitter().fit(data[columns], "followup_28d_days", "died_28d")
    return float(model.params_["treated"]), float(model.standard_errors_["treated"])


@pytest.mark.parametrize("hazard_ratio", [0.49, 1.0, 2.0])
def test_the_planted_hazard_ratio_lies_in_the_confidence_interval(hazard_ratio: float) -> None:
    effect, error = fitted(included(hazard_ratio), "log_hazard")
    assert error < 0.11
    assert abs(effect - np.log(hazard_ratio)) < 1.96 * error


def test_the_model_of_the_paper_finds_it_too() -> None:
    effect, error = fitted(included(0.49), "age_years", "is_female", "propofol_24h", "sufentanil_24h")
    assert abs(effect - np.log(0.49)) < 1.96 * error


def test_the_crude_ratio_differs_a_little() -> None:
    crude, _ = fitted(included(0.49))
    adjusted, _ = fitted(included(0.49), "age_years", "is_female", "propofol_24h", "sufentanil_24h")
    assert 0.02 < crude - adjusted < 0.25


def test_treatment_depends_on_age_propofol_and_sufentanil() -> None:
    data = included(1.0)
    groups = data.groupby("treated")[["age_years", "propofol_24h", "sufentanil_24h"]].mean()
    difference = groups.loc[1.0] - groups.loc[0.0]
    assert difference["age_years"] < -0.5
    assert difference["propofol_24h"] > 0.05 and difference["sufentanil_24h"] > 0.05
