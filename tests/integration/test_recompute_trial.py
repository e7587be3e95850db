"""The trial's marts equal their second computation from the raw tables, cell by cell, for every stay of the demo."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import BUILD, PERMISSIVE, RunDbt
from tests.recompute.source import CsvSource
from tests.recompute.trial.choices import Choices
from tests.recompute.trial.compared import KEYS, differing, mart_of, recomputed
from tests.recompute.trial.trial import Trial

pytestmark = pytest.mark.needs_shared

# the other reading of whatever the trial reads, as far as there is a second way of it
OTHERWISE = {
    "sic_min_score": 1,
    "antibiotic_list": "extended",
    "culture_screening": "ignore",
    "ethnicity_unknown": "apart",
    "exposure_duration": "longest_episode",
    "followup": "discharge",
    "gcs_intubated": "missing",
    "lab_key": "patient",
    "oxygen_device_needs_flow": False,
    "sic_sofa": "total",
    "sofa_pressor": "any_in_hour",
    "trial_heparin": "any_order",
    "trial_interval_h": 4,
    "urine_negative": "mimic_code",
    "vasoactive_items": "extended",
    "ventilation_words": "extended",
}
FROM_ADMISSION = {
    "sic_min_score": 1,
    "sepsis_sofa_min": 0,
    "trial_time_zero": "icu_admission",
    "trial_heparin": "any_icu",
}


@dataclass(frozen=True)
class Built:
    """A build of the demo and the same recomputed."""

    dsn: str
    schema: str
    trial: Trial

    def differing(self, mart: str) -> list[str]:
        return differing(mart_of(self.dsn, mart, self.schema), recomputed(self.trial, mart))


@pytest.fixture(scope="module")
def recompute(demo_folder: Path) -> Callable[[dict[str, Any]], Trial]:
    """The trial of the demo under some vars."""
    return lambda choices: Trial(CsvSource(demo_folder), Choices(choices))


@pytest.fixture(scope="module")
def default(built_demo: str, recompute: Callable[[dict[str, Any]], Trial]) -> Built:
    return Built(built_demo, "dexsic", recompute({}))


@pytest.fixture(scope="module")
def permissive(built_demo: str, permissive_demo: str, recompute: Callable[[dict[str, Any]], Trial]) -> Built:
    return Built(built_demo, permissive_demo, recompute(PERMISSIVE))


@pytest.fixture(scope="module", params=[OTHERWISE, FROM_ADMISSION], ids=["otherwise", "from_admission"])
def read_otherwise(
    request: pytest.FixtureRequest,
    built_demo: str,
    run_dbt: RunDbt,
    recompute: Callable[[dict[str, Any]], Trial],
) -> Built:
    run_dbt(built_demo, *BUILD, schema="otherwise", variables=json.dumps(request.param))
    return Built(built_demo, "otherwise", recompute(request.param))


def test_the_demo_holds_what_is_compared(default: Built) -> None:
    assert len(default.trial.trial_eligibility) == 140
    assert len(default.trial.trial_baseline) >= 10
    assert len(default.trial.trial_interval) >= 50


@pytest.mark.parametrize("mart", KEYS)
def test_every_cell_by_default(default: Built, mart: str) -> None:
    assert default.differing(mart) == []


@pytest.mark.needs_an_hour
@pytest.mark.parametrize("mart", KEYS)
def test_every_cell_where_more_are_eligible(permissive: Built, mart: str) -> None:
    assert len(permissive.trial.trial_baseline) >= 30
    assert permissive.differing(mart) == []


@pytest.mark.needs_an_hour
@pytest.mark.parametrize("mart", KEYS)
def test_every_cell_in_the_other_readings(read_otherwise: Built, mart: str) -> None:
    assert read_otherwise.trial.trial_baseline
    assert read_otherwise.differing(mart) == []
