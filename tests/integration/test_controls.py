"""The controls on generated patients: they see what the design makes of nothing, and a cause that no table holds."""

import shutil
from collections.abc import Callable

import pandas as pd
import pytest

from analysis_py.controls import main as controls
from mimic_db import server
from tests.integration.conftest import BUILD, PROJECT, RunDbt
from twin.__main__ import main as twin
from twin.trial.controls import CONFOUNDED

pytestmark = pytest.mark.needs_an_hour

PUBLISHED, TRIAL = "published, matched", "clone-censor-weight"
OPTIONS = ("--design", "trial", "--hazard-ratio", "1", "--stays", "2500", "--seed", "5")
LIMIT = 0.25


@pytest.fixture(scope="module")
def found_by(
    make_database: Callable[[], str], run_dbt: RunDbt, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[float], pd.DataFrame]:
    """controls.csv of a data set without any effect of the drug, by the strength of an unmeasured cause."""

    def found(strength: float) -> pd.DataFrame:
        dsn = make_database()
        assert twin(["generate", *OPTIONS, "--unmeasured-cause", str(strength), "--dsn", dsn]) == 0
        run_dbt(dsn, *BUILD)
        folder = tmp_path_factory.mktemp("controls")
        shutil.copy(PROJECT / "profiles.example.yml", folder / "profiles.yml")
        with pytest.MonkeyPatch.context() as environment:
            for name, value in server.dbt_environment(dsn).items():
                environment.setenv(name, value)
            arguments = ["--profiles-dir", str(folder), "--output", str(folder / "output"), "--quiet"]
            assert controls([*arguments, "--suppress-below", "0"]) == 0
        return pd.read_csv(folder / "output" / "controls.csv", comment=None)

    return found


def number(found: pd.DataFrame, design: str, kind: str, measure: str) -> float:
    rows = found[(found["model"] == design) & (found["level"] == kind) & (found["measure"] == measure)]
    (value,) = rows.loc[rows["cohort"].isin(["full", "trial"]), "estimate"]
    return float(value)


def test_without_any_effect_the_published_design_makes_one_and_the_trial_does_not(
    found_by: Callable[[float], pd.DataFrame],
) -> None:
    found = found_by(0)
    assert number(found, PUBLISHED, "exposure", "controls used") >= 15
    assert number(found, TRIAL, "exposure", "controls used") >= 5
    assert number(found, PUBLISHED, "exposure", "median HR") < 0.9
    assert 0.93 < number(found, TRIAL, "exposure", "median HR") < 1.07
    assert number(found, TRIAL, "exposure", "EASE") < LIMIT
    assert number(found, PUBLISHED, "exposure", "null mean") < number(found, TRIAL, "exposure", "null mean") - 0.05
    for design in (PUBLISHED, TRIAL):
        assert number(found, design, "outcome", "EASE") < LIMIT
        assert number(found, design, "positive", "OR") > 1.5
        one = found[(found["term"] == CONFOUNDED) & (found["model"] == design) & (found["measure"] == "HR")]
        assert float(one["upper"].iloc[0]) < 0.8  # it goes to those who will do well, on purpose
    drug = found[(found["model"] == TRIAL) & (found["measure"] == "HR, calibrated") & (found["level"] == "exposure")]
    assert float(drug["lower"].iloc[0]) < 1 < float(drug["upper"].iloc[0])


def test_a_cause_that_no_table_holds_is_seen(found_by: Callable[[float], pd.DataFrame]) -> None:
    found = found_by(1.5)
    for design in (PUBLISHED, TRIAL):
        for kind in ("exposure", "outcome"):
            assert number(found, design, kind, "EASE") > LIMIT
