"""The marts of the controls equal their second computation from the raw tables, cell by cell, on the demo."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import BUILD, PERMISSIVE, RunDbt
from tests.recompute.controls import Controls
from tests.recompute.source import CsvSource
from tests.recompute.trial.choices import Choices
from tests.recompute.trial.compared import CONTROL_KEYS, differing, mart_of
from tests.recompute.trial.trial import Mart, Trial

pytestmark = pytest.mark.needs_shared

OTHERWISE = {
    "sic_min_score": 1,
    "antibiotic_list": "extended",
    "culture_screening": "ignore",
    "exposure_max_start_h": 6,
    "exposure_min_duration_h": 24,
    "control_exposure_min_orders": 3,
    "control_prior_days": 90,
    "first_day_before_h": 12,
    "positive_control_heart_rate_below": 70,
    "positive_control_window_h": 24,
    "trial_interval_h": 4,
}


def meant(folder: Path, choices: dict[str, Any]) -> dict[str, Mart]:
    """Every mart of the controls, recomputed."""
    source = CsvSource(folder)
    trial = Trial(source, Choices(choices))
    controls = Controls(source, trial)
    return {name: getattr(trial if name == "trial_decision" else controls, name) for name in CONTROL_KEYS}


def test_the_demo_holds_what_is_compared(demo_folder: Path) -> None:
    marts = meant(demo_folder, {})
    exposures = marts["negative_control_exposure"].values()
    assert len({row["exposure"] for row in exposures}) >= 24
    for name in ("is_prevalent", "is_late", "is_short", "is_exposed"):
        assert sum(row[name] for row in exposures) >= 10, name
    assert sum(row["start_offset_h"] is None for row in exposures) >= 5
    outcomes = marts["negative_control_outcome"].values()
    assert sum(row["occurred"] for row in outcomes) >= 50
    assert sum(not row["is_known"] for row in outcomes) >= 50
    assert sum(row["bradycardia_48h"] for row in marts["positive_control"].values()) >= 5
    assert len(marts["trial_control_exposure"]) >= 50


def test_every_cell_by_default(built_demo: str, demo_folder: Path) -> None:
    for name, mart in meant(demo_folder, {}).items():
        assert differing(mart_of(built_demo, name), mart) == [], name


@pytest.mark.needs_an_hour
def test_every_cell_where_more_are_eligible(built_demo: str, permissive_demo: str, demo_folder: Path) -> None:
    for name, mart in meant(demo_folder, PERMISSIVE).items():
        assert differing(mart_of(built_demo, name, permissive_demo), mart) == [], name


@pytest.mark.needs_an_hour
def test_every_cell_in_other_readings(built_demo: str, run_dbt: RunDbt, demo_folder: Path) -> None:
    run_dbt(built_demo, *BUILD, schema="controlled", variables=json.dumps(OTHERWISE))
    for name, mart in meant(demo_folder, OTHERWISE).items():
        assert differing(mart_of(built_demo, name, "controlled"), mart) == [], name
