"""Designs resampled together: what each gives alone, with the models that they share fitted once."""

import pandas as pd
import pytest

from analysis_py.statistics import trial as emulation
from analysis_py.statistics.trial import treatment as treatment_model

Tables = tuple[pd.DataFrame, pd.DataFrame]
BOTH = ["age", "vent", "unit", "severity"]


def test_each_design_gives_what_it_gives_alone(trial: Tables) -> None:
    patients, intervals = trial
    other = patients.assign(died=patients["died"] & (patients["id"] % 3 > 0))
    designs = {
        "pooled": emulation.clones(patients, intervals, covariates=BOTH, hours=[24]),
        "pooled, another outcome": emulation.clones(other, intervals, covariates=BOTH),
        "grace end": emulation.clones(patients, intervals, covariates=["age", "vent"], weights="grace_end"),
        "none": emulation.clones(patients, intervals, weights="none"),
        "sequential": emulation.sequential_trials(patients, intervals, covariates=BOTH),
        "landmark": emulation.landmark(patients, covariates=["age", "vent"], adjustment="weighted"),
        "cox": emulation.time_dependent_cox(patients, ["age"]),
        "crude": emulation.published(patients),
    }
    together = emulation.bootstrap_together(designs, 6, seed=2, processes=1)
    assert list(together) == list(designs)
    for name, design in designs.items():
        alone = emulation.bootstrap(design, 6, seed=2, processes=1)
        pd.testing.assert_frame_equal(together[name].draws, alone.draws)


def test_a_shared_model_is_fitted_once_a_resample(trial: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    patients, intervals = trial
    other = patients.assign(died=patients["died"] & (patients["id"] % 3 > 0))
    designs = {
        "one": emulation.clones(patients, intervals, covariates=BOTH),
        "another outcome": emulation.clones(other, intervals, covariates=BOTH),
        "sequential": emulation.sequential_trials(patients, intervals, covariates=BOTH),
    }
    fits, maximize = [], treatment_model.maximize
    monkeypatch.setattr(treatment_model, "maximize", lambda *given: fits.append(1) or maximize(*given))
    emulation.bootstrap_together(designs, 4, seed=2, processes=1)
    assert len(fits) == 4


def test_designs_of_other_patients_are_refused(trial: Tables) -> None:
    patients, _ = trial
    few = patients.iloc[:200]
    with pytest.raises(ValueError, match="not of the same patients"):
        emulation.bootstrap_together({"all": emulation.published(patients), "few": emulation.published(few)}, 2)
