"""Weighted models and curves against ../shared/reference/r-causal (lalonde, colon), the weights being R's own."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis_py.statistics.curves import area
from analysis_py.statistics.estimate import Z_975, Estimate
from analysis_py.statistics.outcome import logistic
from analysis_py.statistics.survival import cox, kaplan_meier, restricted_mean

pytestmark = pytest.mark.needs_shared

REFERENCE = Path(__file__).parents[4] / "shared" / "reference" / "r-causal"
COLUMNS = {"lalonde": ("treat", "days", "employed78"), "colon": ("lev5fu", "time", "status")}
WEIGHTS = ("ate", "att", "ato", "atm", "ate_stab", "ebal_att")


@pytest.fixture(scope="module", params=sorted(COLUMNS))
def study(request: pytest.FixtureRequest) -> tuple[pd.DataFrame, dict[str, float], tuple[str, str, str]]:
    folder = REFERENCE / request.param
    data = pd.read_csv(folder / "data.csv").merge(pd.read_csv(folder / "weights.csv"), on="row_id")
    values = pd.read_csv(folder / "expected_causal.csv").set_index("quantity")["value"]
    return data, pd.to_numeric(values, errors="coerce").to_dict(), COLUMNS[request.param]


def figures(estimate: Estimate) -> dict[str, float]:
    error = np.log(estimate.upper / estimate.lower) / 2 / Z_975
    return {
        "hr": estimate.value,
        "or": estimate.value,
        "loghr": np.log(estimate.value),
        "logor": np.log(estimate.value),
        "robust_se": error,
        "se_hc0": error,
        "lo": estimate.lower,
        "hi": estimate.upper,
    }


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("model", ["cox", "logit"])
def test_models(study: tuple, model: str, weights: str) -> None:
    data, expected, (treatment, time, event) = study
    weight = f"w_{weights}"
    if model == "cox":
        ours = figures(cox(data, time, event, [], treatment, weights=weight))
    else:
        ours = figures(logistic(data, event, [], treatment, weights=weight))
    names = ("loghr", "hr", "robust_se", "lo", "hi") if model == "cox" else ("logor", "or", "se_hc0", "lo", "hi")
    for name in names:
        assert ours[name] == pytest.approx(expected[f"{model}.{weights}.{name}"], rel=1e-8), name


def test_curves_with_their_errors_and_the_areas_below(study: tuple) -> None:
    data, expected, (treatment, time, event) = study
    compared = 0
    for name, value in expected.items():
        kind, *place = name.split(".")
        if kind not in ("km", "rmst") or not any(part in ("arm0", "arm1") for part in place):
            continue
        weights, arm, at = place[:3]
        curves = kaplan_meier(data, time, event, treatment, None if weights == "unweighted" else f"w_{weights}")
        curve = curves[curves["group"] == int(arm[-1])]
        if kind == "rmst":
            ours = area(curve["time"].to_numpy(), curve["survival"].to_numpy(), float(at[3:]), arm)
        else:
            last = curve[curve["time"] <= float(at[1:])].iloc[-1]
            ours = last["survival"]
            if name.endswith(".se"):
                ours *= np.log(last["survival"] / last["lower"]) / Z_975
        assert ours == pytest.approx(value, rel=1e-10), name
        compared += 1
    assert compared == 4 * (2 * 2 * 2 + 2)


def test_restricted_mean_equals_survrm2(study: tuple) -> None:
    data, expected, columns = study
    treatment, time, event = columns
    ours = restricted_mean(data, time, event, treatment, 180 if columns == COLUMNS["lalonde"] else 1825)
    for name, value in {"": ours.value, ".lo": ours.lower, ".hi": ours.upper, ".p": ours.p_value}.items():
        assert value == pytest.approx(expected[f"rmst2.diff{name}"], rel=1e-9)
