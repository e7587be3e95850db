"""Every estimate of ../shared/reference/r-causal/immortal_*: designs with and without clones, models and weights."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from analysis_py.statistics.survival import kaplan_meier
from analysis_py.statistics.trial import (
    TrialResult,
    clone_censor_weight,
    clones,
    landmark,
    published,
    time_dependent_cox,
)

pytestmark = pytest.mark.needs_shared

REFERENCE = Path(__file__).parents[5] / "shared" / "reference" / "r-causal"
BASELINE = ("age", "sofa", "vent")
FULL = (*BASELINE, "severity")
CLONES: dict[str, dict[str, object]] = {
    "ccw": {"covariates": FULL},
    "ccw_cap10": {"covariates": FULL, "cap": 10},
    "ccw_baseline": {"covariates": BASELINE},
    "ccw_unweighted": {"covariates": FULL, "weights": "none"},
    "ccw_grace_end": {"covariates": FULL, "weights": "grace_end"},
}


def risks(result: TrialResult) -> dict[str, float]:
    return {"risk1": result.risk1, "risk0": result.risk0, "rd": result.difference, "rr": result.ratio}


def hazard(result: TrialResult, error: str = "se") -> dict[str, float]:
    return {"hr": result.hazard_ratio, error: result.log_hazard_ratio_se}


def under(name: str, values: dict[str, float]) -> dict[str, float]:
    return {f"{name}.{key}": value for key, value in values.items()}


def groups(name: str, design: Callable[..., TrialResult]) -> dict[str, float]:
    crude = design(adjustment="crude")
    return {
        **under(name, risks(crude)),
        **under(f"{name}.unadjusted", hazard(crude)),
        **under(f"{name}.adjusted", hazard(design(adjustment="adjusted", covariates=BASELINE))),
        f"{name}.n1": crude.patients[True],
        f"{name}.n0": crude.patients[False],
    }


def cloned(name: str, patients: pd.DataFrame, severity: pd.DataFrame) -> dict[str, float]:
    result = clone_censor_weight(patients, severity, **CLONES[name])  # type: ignore[arg-type]
    rows = clones(patients, severity, **CLONES[name]).rows()  # type: ignore[arg-type]
    curves = kaplan_meier(rows, "stop", "died", "clone", weights="weight", start="start")
    values = {**risks(result), **hazard(result, "robust_se")}
    for arm in (0, 1):
        own, curve = rows[rows["clone"] == arm], curves[curves["group"] == arm]
        values[f"rows.arm{arm}"] = len(own)
        values[f"max_weight.arm{arm}"] = result.max_weight[bool(arm)]
        values[f"ess_after_48h.arm{arm}"] = result.ess[bool(arm)]
        values[f"mean_weight_after_48h.arm{arm}"] = own.loc[own["start"] == 48, "weight"].mean()
        for hour in (48, 168, 336):
            values[f"risk{arm}.h{hour}"] = 1 - curve.loc[curve["time"] <= hour, "survival"].iloc[-1]
    return under(name, values)


@pytest.mark.parametrize("scenario", ["immortal_null", "immortal_effect"])
def test_every_quantity(scenario: str) -> None:
    folder = REFERENCE / scenario
    patients, severity = pd.read_csv(folder / "patients.csv"), pd.read_csv(folder / "severity.csv")
    expected = pd.read_csv(folder / "expected_causal.csv").set_index("quantity")["value"].astype(float)
    expected = expected[~expected.index.str.startswith("truth.")]  # of the simulation, not of these data

    weighted = landmark(patients, covariates=BASELINE, adjustment="weighted").result()
    switching = time_dependent_cox(patients, BASELINE).result()
    coefficients = clones(patients, severity, covariates=FULL).weighting.model.natural
    ours = {
        **groups(
            "naive_from_admission",
            lambda **how: published(patients, minimum_stay_h=None, minimum_duration_h=None, **how).result(),
        ),
        **groups("huang_definition", lambda **how: published(patients, **how).result()),
        **groups("landmark48", lambda **how: landmark(patients, **how).result()),
        **under("landmark48.iptw", hazard(weighted, "robust_se")),
        **under("time_dependent_cox.adjusted", hazard(switching)),
        **under("ccw.treatment_model", {name.replace("k=", "factor(k)"): b for name, b in coefficients.items()}),
    }
    for name in CLONES:
        ours |= cloned(name, patients, severity)

    assert len(expected) == 104
    for name, value in expected.items():
        assert ours[name] == pytest.approx(value, rel=1e-8, abs=1e-9), name
