"""Every quantity of ../shared/reference/r, by the public names of DESIGN.md section 5."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lifelines.datasets import load_lung

from analysis_py.statistics.balance import compare_groups, standardized_mean_difference
from analysis_py.statistics.estimate import Estimate
from analysis_py.statistics.outcome import logistic
from analysis_py.statistics.propensity import fit_propensity, match_nearest
from analysis_py.statistics.survival import cox, kaplan_meier, log_rank, proportional_hazards

pytestmark = pytest.mark.needs_shared

REFERENCE = Path(__file__).parents[4] / "shared" / "reference" / "r"


@dataclass(frozen=True)
class Reference:
    data: pd.DataFrame
    propensity: pd.Series
    pairs: dict[str, pd.DataFrame]
    expected: dict[str, float]
    treatment: str
    duration: str
    event: str

    @property
    def covariates(self) -> list[str]:
        return [name for name in self.data.columns if name not in (self.treatment, self.duration, self.event)]


COLUMNS = {"lalonde": ("treat", "days", "employed78"), "colon": ("lev5fu", "time", "status")}


@pytest.fixture(scope="module", params=sorted(COLUMNS))
def reference(request: pytest.FixtureRequest) -> Reference:
    folder = REFERENCE / request.param
    return Reference(
        pd.read_csv(folder / "data.csv").set_index("row_id"),
        pd.read_csv(folder / "propensity.csv").set_index("row_id")["propensity"],
        {scale: pd.read_csv(folder / f"pairs_caliper_{scale}.csv") for scale in ("sd", "raw")},
        pd.read_csv(folder / "expected.csv").set_index("quantity")["value"].to_dict(),
        *COLUMNS[request.param],
    )


def test_propensity(reference: Reference) -> None:
    ours = fit_propensity(reference.data, reference.treatment, reference.covariates)
    pd.testing.assert_series_equal(ours, reference.propensity, rtol=1e-7)


@pytest.mark.parametrize("scale", ["sd", "raw"])
def test_pairs_are_those_of_matchit_one_by_one(reference: Reference, scale: str) -> None:
    propensity = fit_propensity(reference.data, reference.treatment, reference.covariates)
    ours = match_nearest(propensity, reference.data[reference.treatment], 0.05, scale)
    pd.testing.assert_frame_equal(ours, reference.pairs[scale])
    assert len(ours) == reference.expected[f"matched_pairs_caliper_{scale}"]


def test_every_expected_quantity(reference: Reference) -> None:
    pairs = reference.pairs["sd"]
    matched = reference.data.loc[[*pairs["treated"], *pairs["control"]]]
    compared = 0
    for cohort, data in (("all", reference.data), ("matched", matched)):
        for quantity, value in _quantities(data, reference, cohort).items():
            ours, tolerance = value
            assert ours == pytest.approx(reference.expected[quantity], rel=tolerance), quantity
            compared += 1
    assert compared == len(reference.expected) - 2  # the two counts of pairs


def _quantities(data: pd.DataFrame, reference: Reference, cohort: str) -> dict[str, tuple[float, float]]:
    treatment, duration, event = reference.treatment, reference.duration, reference.event
    found: dict[str, tuple[float, float]] = {}

    def add(name: str, letters: str, estimate: Estimate) -> None:
        for suffix, value in ((letters, estimate.value), ("lo", estimate.lower), ("hi", estimate.upper)):
            found[f"{cohort}.{name}.{suffix}"] = value, 1e-3
        found[f"{cohort}.{name}.p"] = estimate.p_value, 1e-2

    for model, covariates in ((1, [treatment]), (2, [treatment, *reference.covariates])):
        add(f"cox_model{model}", "hr", cox(data, duration, event, covariates, treatment))
        add(f"logit_model{model}", "or", logistic(data, event, covariates, treatment))
    test = log_rank(data, duration, event, treatment)
    found[f"{cohort}.logrank.chisq"] = test.statistic, 1e-4
    found[f"{cohort}.logrank.p"] = test.p_value, 1e-2
    curves = kaplan_meier(data, duration, event, treatment)
    for quantity in reference.expected:
        place, kind, detail = quantity.split(".", 2) if quantity.count(".") >= 2 else ("", "", "")
        if place != cohort:
            continue
        if kind == "km":
            level, time = detail.split("=")[1].split(".t")
            until = curves[(curves["group"] == int(level)) & (curves["time"] <= float(time))]
            found[quantity] = until["survival"].iloc[-1], 1e-4
        elif kind in ("smd", "mannwhitney_p", "chisq_p"):
            binary = set(np.unique(reference.data[detail])) == {0, 1}
            measure = standardized_mean_difference if kind == "smd" else compare_groups
            value = measure(data, detail, treatment, "binary" if binary else "continuous")
            found[quantity] = value, 1e-4 if kind == "smd" else 1e-2
    return found


def test_proportional_hazards_is_cox_zph() -> None:
    # cox.zph(coxph(Surv(time, status) ~ age + sex + wt.loss, lung)) of survival 3
    lung = load_lung()
    lung["died"] = lung["status"] == lung["status"].max()
    covariates = ["age", "sex", "wt.loss"]
    found = [proportional_hazards(lung, "time", "died", covariates, term).statistic for term in covariates]
    assert found == pytest.approx([0.5077, 2.5489, 0.0144], abs=5e-5)
